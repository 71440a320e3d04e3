#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nc_network_interface_info
short_description: Show the network interfaces of the Network Controller
description:
  - Reads the interfaces with their addresses, their state and their hosts.
  - It only reads, so it also works if Azure Arc manages the SDN.
options:
  names:
    description: The interfaces to show, by resource id. The default is all interfaces. An interface that does not exist is not in the result.
    type: list
    elements: str
seealso:
  - module: macpool.hyperv.nc_network_interface
  - module: macpool.hyperv.nc_info
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.info
  - macpool.hyperv._network_controller.module
  - macpool.hyperv._attributes.actiongroup_network_controller
  - macpool.hyperv._network_controller
"""

EXAMPLES = r"""
- name: Read an interface
  macpool.hyperv.nc_network_interface_info:
    url: https://nc.example.com
    client_cert: /etc/macpool/client.pem
    ca_path: /etc/macpool/nc-ca.pem
    names: [web01_eth0]
  register: found
  delegate_to: localhost
  run_once: true

- name: Show its state in the SDN
  ansible.builtin.debug:
    msg: "{{ item.name }} {{ item.mac_address }} {{ item.configuration_state.status }}"
  loop: "{{ found.interfaces }}"
  run_once: true
"""

RETURN = r"""
interfaces:
  description: The interfaces, sorted by name, each as in RV(macpool.hyperv.nc_network_interface#module:interfaces), without the
    keys that describe a change (from C(owner) on).
  returned: success
  type: list
  elements: dict
  sample:
    - name: web01_eth0
      instance_id: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
      mac_address: 221DD8000100
      formats:
        hyperv: 221DD8000100
        dash: 22-1D-D8-00-01-00
        colon: 22:1D:D8:00:01:00
        dot: 221d.d800.0100
        linux: 22:1d:d8:00:01:00
      allocation: static
      provisioning_state: Succeeded
      configuration_state:
        status: Success
        problems: []
      primary: true
      host_interface: false
      protected: null
      ip_configurations:
        - name: ip1
          ip_address: 192.0.2.5
          allocation: static
          subnet: /virtualNetworks/tenant/subnets/web
          access_control_list:
      dns_servers: [192.0.2.53]
      port_settings:
        mac_spoofing: Disabled
      server: /servers/hv1
      etag: W/"5d3c1f3a-0c55-4d26-9b0e-1e2f3a4b5c6d"
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._nc_interface import COLLECTION, interface_as_result
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_module import Result, run
from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import Client, named
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.network_controller import NC_NETWORK_INTERFACE_INFO


def work(client: Client, options: Mapping[str, Any], _preview: bool) -> Result:
    """Read the interfaces."""
    interfaces = named(client.all_of(COLLECTION), options["names"])
    return {"interfaces": [interface_as_result(interface) for interface in interfaces]}


def main() -> None:
    run(NC_NETWORK_INTERFACE_INFO, work)


if __name__ == "__main__":
    main()
