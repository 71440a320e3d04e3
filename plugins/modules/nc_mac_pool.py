#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nc_mac_pool
short_description: Create or remove a MAC pool of the Network Controller
description:
  - A Network Controller gives dynamic interfaces addresses from its own MAC pools. This task creates such a pool, waits for the result
    and reads it back.
  - A Network Controller cannot extend, shrink or move an existing pool, and never hands out an address twice. If a pool is nearly
    used up, add a second one. This task refuses another range for an existing pool and explains why.
  - Declare the range in C(macpool_plan.other_allocators), so that this collection never hands out its addresses and the audit knows it.
options:
  name:
    description: The resource id of the pool. Letter case does not matter.
    type: str
    required: true
  state:
    description:
      - V(present) creates the pool if it does not exist. V(absent) removes it, and refuses this while an interface has one of its addresses.
    type: str
    choices: [present, absent]
    default: present
  start:
    description: The first address, in any notation. Quote it.
    type: raw
  end:
    description: The last address. Give this or O(size).
    type: raw
  size:
    description: The number of addresses, from 1 to 1099511627776, instead of O(end).
    type: int
notes:
  - 'To undo: run it with O(state=absent) as long as no interface has an address of the pool. The pool then forgets which addresses it
    handed out, so do not use its range again.'
  - Errors of the server are reported with its code, message and details.
seealso:
  - module: macpool.hyperv.nc_mac_pool_info
  - module: macpool.hyperv.nc_network_interface
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._network_controller.module
  - macpool.hyperv._attributes.actiongroup_network_controller
  - macpool.hyperv._network_controller
"""

EXAMPLES = r"""
- name: Create the pool from which dynamic interfaces get their addresses
  macpool.hyperv.nc_mac_pool:
    url: https://nc.example.com
    client_cert: /etc/macpool/client.pem
    ca_path: /etc/macpool/nc-ca.pem
    name: DefaultMacPool
    start: "00-1D-D8-B7-1C-00"
    end: "00-1D-D8-B7-1F-FF"
  delegate_to: localhost
  run_once: true

- name: Add a second pool, because the first is nearly used up and cannot grow
  macpool.hyperv.nc_mac_pool:
    url: https://nc.example.com
    client_cert: /etc/macpool/client.pem
    ca_path: /etc/macpool/nc-ca.pem
    name: SecondMacPool
    start: "00-1D-D8-B8-00-00"
    size: 4096
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
mac_pool:
  description: The pool after the task, or as it would be. V(null) if it does not exist.
  returned: success
  type: dict
  contains:
    name:
      description: The resource id.
      type: str
      sample: DefaultMacPool
    start:
      description: The first address.
      type: str
      sample: 00-1D-D8-B7-1C-00
    end:
      description: The last address.
      type: str
      sample: 00-1D-D8-B7-1F-FF
    size:
      description: How many addresses the pool has.
      type: int
      sample: 1024
    allocated:
      description: How many addresses the Network Controller ever handed out. It never takes one back.
      type: int
      sample: 128
    free:
      description: How many are left.
      type: int
      sample: 896
    percent:
      description: How full it is, in whole percent, rounded down.
      type: int
      sample: 12
    provisioning_state:
      description: The provisioning state that the Network Controller reports, such as V(Succeeded).
      type: str
      sample: Succeeded
    instance_id:
      description: The id from the Network Controller. V(null) for a pool that would be created.
      type: str
      sample: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
    etag:
      description: The version of the resource.
      type: str
      sample: W/"5d3c1f3a-0c55-4d26-9b0e-1e2f3a4b5c6d"
errors:
  description: What is wrong, in parts that a machine can read, as M(macpool.hyperv.plan_info) describes it.
  returned: on failure
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils import _nc_pool as rules
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_arc import check_writable
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_change import ResourceGoal, bring, remove
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_interface import COLLECTION as INTERFACES
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_module import Result, run
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_pool import COLLECTION
from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import (
    Client,
    Resource,
    checked_name,
    name_of,
    path_of,
)
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.network_controller import NC_MAC_POOL


def work(client: Client, options: Mapping[str, Any], preview: bool) -> Result:
    """Bring the pool into the wanted state."""
    name = checked_name(options["name"], "name")
    pools = client.all_of(COLLECTION)
    found = next((pool for pool in pools if name_of(pool).casefold() == name.casefold()), None)
    if options["state"] == "absent":
        return _absent(client, options, found, preview)
    wanted = rules.wanted_range(options["start"], options["end"], options["size"])
    rules.check_pool(name, wanted, found, pools)
    body = rules.wanted_body(name, wanted, found)
    if body is None:
        return {"changed": False, "mac_pool": rules.pool_as_result(found or {})}
    check_writable(client, options["managed_by"], pools)
    before = rules.pool_for_diff(rules.range_of(found) if found else None)
    after = rules.pool_for_diff(wanted)
    if preview:
        return {"changed": True, "mac_pool": rules.pool_as_result(body), "before": before, "after": after}

    def decide(there: Resource | None) -> Resource | None:
        rules.check_pool(name, wanted, there, ())
        return rules.wanted_body(name, wanted, there)

    goal = ResourceGoal(decide, managed=lambda pool: rules.pool_for_diff(rules.range_of(pool)))
    change = bring(client, path_of(COLLECTION, name), found, goal)
    shown = rules.pool_as_result(change.resource or {})
    return {"changed": change.touched, "mac_pool": shown, "before": before, "after": after}


def _absent(client: Client, options: Mapping[str, Any], found: Resource | None, preview: bool) -> Result:
    if found is None:
        return {"changed": False, "mac_pool": None}
    rules.check_unused(found, client.all_of(INTERFACES))
    check_writable(client, options["managed_by"], [found])
    if not preview:
        remove(client, path_of(COLLECTION, name_of(found)), found)
    return {"changed": True, "mac_pool": None, "before": rules.pool_for_diff(rules.range_of(found)), "after": {}}


def main() -> None:
    run(NC_MAC_POOL, work)


if __name__ == "__main__":
    main()
