#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nc_info
short_description: Observe a Network Controller
description:
  - Reads the MAC pools and the network interfaces of a Network Controller into one document. M(macpool.hyperv.audit) and
    M(macpool.hyperv.adopt) compare it with the documents of the hosts.
  - It only reads, so it also works if Azure Arc manages the SDN.
options:
  name:
    description: The name of the Network Controller in reports, and the name of the file. Give each Network Controller its own name.
    type: str
    default: network_controller
  save_dir:
    description: Save the document as C(<name>.json) in this directory on the controller.
    type: str
  record:
    description:
      - Record the addresses of the interfaces in the ledger, so that they are never chosen for another owner. From then on, no address
        is proven free without a complete observation of this Network Controller.
      - C(ansible-playbook macpool.hyperv.observe) does this for the Network Controller in C(macpool_network_controller). If a Network Controller no longer
        exists, remove it with M(macpool.hyperv.ledger), as V(NAME (Network Controller\)) in C(forget_hosts).
    type: bool
    default: false
  return_observation:
    description: Whether to return the document.
    type: bool
    default: true
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_audit
    description: How the audit reads it.
  - module: macpool.hyperv.host_info
  - module: macpool.hyperv.nc_network_interface_info
  - module: macpool.hyperv.nc_mac_pool_info
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.info
  - macpool.hyperv._network_controller.action
  - macpool.hyperv._attributes.actiongroup_network_controller
  - macpool.hyperv._network_controller
  - macpool.hyperv._ledger
"""

EXAMPLES = r"""
- name: Save the document of the Network Controller with the observations of the hosts
  macpool.hyperv.nc_info:
    url: https://nc.example.com
    client_cert: /etc/macpool/client.pem
    ca_path: /etc/macpool/nc-ca.pem
    save_dir: observations
    return_observation: false
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
observation:
  description: The document, with C(schema), C(kind), C(name), C(observed_at), C(mac_pools) and C(network_interfaces) as they were read.
  returned: with O(return_observation=true)
  type: dict
  sample:
    schema: 1
    kind: network_controller
    name: network_controller
    observed_at: "2026-11-26T12:00:00Z"
    mac_pools: []
    network_interfaces: []
summary:
  description: A few numbers from the document.
  returned: success
  type: dict
  sample:
    name: network_controller
    observed_at: "2026-11-26T12:00:00Z"
    mac_pools: 1
    network_interfaces: 4
path:
  description: The path of the saved file.
  returned: with O(save_dir), not in check mode
  type: str
  sample: observations/network_controller.json
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils import _nc_interface, _nc_pool
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_module import Result, run
from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import Client
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.network_controller import NC_INFO


def work(client: Client, options: Mapping[str, Any], _preview: bool) -> Result:
    """Read pools and interfaces."""
    began = dt.datetime.now(dt.timezone.utc)
    return {
        "observation": {
            "schema": 1,
            "kind": "network_controller",
            "name": options["name"],
            "observed_at": f"{began:%Y-%m-%dT%H:%M:%SZ}",
            "mac_pools": client.all_of(_nc_pool.COLLECTION),
            "network_interfaces": client.all_of(_nc_interface.COLLECTION),
        }
    }


def main() -> None:
    run(NC_INFO, work)


if __name__ == "__main__":
    main()
