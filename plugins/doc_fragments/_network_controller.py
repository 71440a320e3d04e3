# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task reaches a Network Controller. For internal use by this collection only."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of every task that talks to a Network Controller, so that one set of defaults fits all of them."""

    DOCUMENTATION = r"""
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_network_controller
    description: Logging on, what is refused and why, what each step prints.
options:
  url:
    description: The URL of the REST interface of the Network Controller, such as V(https://nc.example.com).
      C(Get-NetworkController) shows its name as C(RestName). Always use C(https).
    type: str
    required: true
  auth:
    description:
      - How to log on. It must be the method with which the Network Controller was installed (C(ClientAuthentication)).
      - V(certificate) sends O(client_cert). V(kerberos) needs the Python library C(gssapi) on the machine that runs the task, and a
        ticket or O(username) and O(password). V(basic) sends O(username) and O(password). V(none) sends nothing.
      - The default is V(certificate) with O(client_cert), V(basic) with O(username), and otherwise V(none).
    type: str
    choices: [none, basic, certificate, kerberos]
  username:
    description: The user for V(basic) and V(kerberos).
    type: str
  password:
    description: The password for V(basic) and V(kerberos). Keep it in a vault.
    type: str
  client_cert:
    description: The client certificate as a PEM file on the machine that runs the task. The file may also contain the key.
    type: path
  client_key:
    description: The key of O(client_cert) as a PEM file, if it is in a separate file.
    type: path
  ca_path:
    description:
      - The certificate of the authority that signed the certificate of the Network Controller, as a PEM file on the machine that
        runs the task. If that certificate is self-signed, use the certificate itself. The default is the trust store of that machine.
    type: path
  validate_certs:
    description: Whether the certificate must be valid. V(false) allows a man-in-the-middle to impersonate the Network Controller.
    type: bool
    default: true
  use_proxy:
    description: Whether to use a proxy from the environment variables.
    type: bool
    default: true
  timeout:
    description: How many seconds one request may take, from 1 to 3600.
    type: int
    default: 30
  retries:
    description:
      - How often a request is repeated if the server is busy (429, 503), if a read fails (500), if a proxy has no answer (502, 504), or if
        the connection is lost. The pauses are 1, 2, 4 and 8 seconds, then 15 seconds each, unless the server names another pause.
        Seven retries therefore take one minute, in which the Network Controller can move its primary to another node. The error
        after the last attempt shows how many there were and how long they took.
      - From 0 to 100. With V(0) nothing is repeated.
      - A request that changes something is never simply repeated - the resource is read first, and what was already done is kept.
    type: int
    default: 7
  managed_by:
    description:
      - Who manages this SDN. Other tools must not change an SDN that Azure Arc manages, so tasks refuse it. Tasks that only read
        ignore this option.
      - V(auto) refuses a change if a logical network, a virtual network or an interface has Azure's resource provider
        C(Microsoft.AzureStackHCI) in its metadata or tags, or if these cannot be read. It cannot recognise an SDN in which Azure
        has created nothing yet.
      - V(administrator) - you know that Azure does not manage the SDN. V(azure_arc) - Azure manages it, and every change is
        refused.
    type: str
    choices: [auto, administrator, azure_arc]
    default: auto
  wait_timeout:
    description: How many seconds to wait for the result of one change, from 1 to 86400, because the Network Controller makes it
      after its answer. If a busy server asks for a longer pause than this, the task fails.
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
    details: The task runs on the controller (C(delegate_to=localhost)), or on any POSIX machine with Python 3.10 or newer that can
      reach the Network Controller.
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
    details: The requests come from the controller (C(delegate_to=localhost)), or from any POSIX machine with Python 3.10 or newer
      that can reach the Network Controller. The plan, the ledger and files are on the controller.
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
