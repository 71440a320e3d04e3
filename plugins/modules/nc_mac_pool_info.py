#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nc_mac_pool_info
short_description: Show the MAC pools of the Network Controller and how full they are
description:
  - Reads the MAC pools with their counters. A Network Controller never hands out an address twice, so the number of free addresses only
    decreases. The audit (M(macpool.hyperv.audit)) shows how many days it will last.
  - It only reads, so it also works if Azure Arc manages the SDN.
options:
  names:
    description: The pools to show, by resource id. The default is all pools. A pool that does not exist is not in the result.
    type: list
    elements: str
seealso:
  - module: macpool.hyperv.nc_mac_pool
  - module: macpool.hyperv.nc_info
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.info
  - macpool.hyperv._network_controller.module
  - macpool.hyperv._attributes.actiongroup_network_controller
  - macpool.hyperv._network_controller
"""

EXAMPLES = r"""
- name: Read the pools
  macpool.hyperv.nc_mac_pool_info:
    url: https://nc.example.com
    client_cert: /etc/macpool/client.pem
    ca_path: /etc/macpool/nc-ca.pem
  register: pools
  delegate_to: localhost
  run_once: true

- name: Show how full they are
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.allocated }} of {{ item.size }} given out"
  loop: "{{ pools.mac_pools }}"
  run_once: true
"""

RETURN = r"""
mac_pools:
  description: The pools, sorted by name, each as in RV(macpool.hyperv.nc_mac_pool#module:mac_pool).
  returned: success
  type: list
  elements: dict
  sample:
    - name: DefaultMacPool
      start: 00-1D-D8-B7-1C-00
      end: 00-1D-D8-B7-1F-FF
      size: 1024
      allocated: 128
      free: 896
      percent: 12
      provisioning_state: Succeeded
      instance_id: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
      etag: W/"5d3c1f3a-0c55-4d26-9b0e-1e2f3a4b5c6d"
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._nc_module import Result, run
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_pool import COLLECTION, pool_as_result
from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import Client, named
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.network_controller import NC_MAC_POOL_INFO


def work(client: Client, options: Mapping[str, Any], _preview: bool) -> Result:
    """Read the pools."""
    pools = named(client.all_of(COLLECTION), options["names"])
    return {"mac_pools": [pool_as_result(pool) for pool in pools]}


def main() -> None:
    run(NC_MAC_POOL_INFO, work)


if __name__ == "__main__":
    main()
