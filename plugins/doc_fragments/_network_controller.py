# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task reaches a Network Controller. For internal use by this collection only."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of every task that talks to a Network Controller, so that one set of defaults fits all of them."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The REST interface of the Network Controller, such as V(https://nc.example.com). C(Get-NetworkController) shows its
        name as C(RestName). Always C(https).
    type: str
    required: true
  auth:
    description:
      - How to log on, which is what the Network Controller was installed with (C(ClientAuthentication)).
      - V(certificate) sends O(client_cert). V(kerberos) needs the Python library C(gssapi) where the task runs, and a ticket,
        or O(username) and O(password). V(basic) sends O(username) and O(password), V(none) nothing.
      - The default is V(certificate) with O(client_cert), V(basic) with O(username), else V(none).
    type: str
    choices: [none, basic, certificate, kerberos]
  username:
    description: The user for V(basic) and V(kerberos).
    type: str
  password:
    description: The password for V(basic) and V(kerberos). Keep it in a vault.
    type: str
  client_cert:
    description: The client certificate as a PEM file on the machine where the task runs, or certificate and key in one.
    type: path
  client_key:
    description: The key of O(client_cert) as a PEM file, when it is not in the same one.
    type: path
  ca_path:
    description:
      - The certificate of the authority that signed the Network Controller's certificate, as a PEM file on the machine where the
        task runs. For a self-signed certificate, that certificate itself. The default is what that machine trusts.
    type: path
  validate_certs:
    description: Whether the certificate must be valid. Without it anybody on the way can pose as the Network Controller.
    type: bool
    default: true
  use_proxy:
    description: Whether a proxy that the environment names is used.
    type: bool
    default: true
  timeout:
    description: How many seconds one request may take.
    type: int
    default: 30
  retries:
    description:
      - How often a request is made again when the server is busy (429, 503) or the connection breaks. A request that changes
        something is never repeated blindly - the resource is read first, and what was done already is kept.
    type: int
    default: 5
  managed_by:
    description:
      - Who manages this SDN. An SDN that Azure Arc manages must not be changed by other tools and is refused. Tasks that only read
        take no notice.
      - V(auto) refuses when a logical network, a virtual network or an interface names Azure's resource provider
        C(Microsoft.AzureStackHCI) in its metadata or tags, and when these cannot be read. It cannot see an SDN in which Azure
        made nothing yet.
      - V(administrator) says that you know that Azure does not manage it. V(azure_arc) says that it does - everything that
        would change is refused.
    type: str
    choices: [auto, administrator, azure_arc]
    default: auto
  wait_timeout:
    description:
      - How many seconds to wait for the outcome of one change, which the Network Controller makes after its answer. A busy server that
        asks for a longer pause than this ends the task.
    type: int
    default: 300
"""

    # What a task is that is a plain module: it runs where it is sent to, usually localhost.
    MODULE = r"""
options: {}
attributes:
  platform:
    support: full
    platforms: posix
    details:
      - The task runs on the controller (C(delegate_to=localhost)), or on any POSIX machine with Python 3.10 or newer that reaches the Network
        Controller.
  action:
    support: none
  async:
    support: full
  become:
    support: full
  connection:
    support: full
  delegation:
    support: full
"""

    # A module with an action plugin before it, which decides on the controller.
    ACTION = r"""
options: {}
attributes:
  platform:
    support: full
    platforms: posix
    details:
      - The requests come from the controller (C(delegate_to=localhost)), or from any POSIX machine with Python 3.10 or newer that reaches the
        Network Controller. The plan, the ledger and files are those of the controller.
  action:
    support: full
  async:
    support: none
  become:
    support: full
  connection:
    support: full
  delegation:
    support: full
"""
