#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan_info
short_description: Validate the plan, and show its ranges, how full they are, and what leasing would do
description:
  - Checks the whole plan and proves that no address belongs to two parts of it. Each error names its place
    and a remedy.
  - With the ledger, it also shows how full each pool and the static part of each lease is, and which hosts have which lease.
options:
  with_ledger:
    description: Whether to use the ledger too. With V(false) only the plan is checked, for example in continuous integration
      without a ledger.
    type: bool
    default: true
notes:
  - It never writes anything. RV(leases) with the state V(planned) are the leases that M(macpool.hyperv.host_range_lease)
    would make now.
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_plan
    description: Every key of the plan, and how to choose the ranges.
  - module: macpool.hyperv.host_range_lease
  - module: macpool.hyperv.allocation_info
  - module: macpool.hyperv.ledger
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.info
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
"""

EXAMPLES = r"""
- name: Check the plan of a pull request
  macpool.hyperv.plan_info:
    with_ledger: false
  run_once: true

- name: Check a plan before it is put into the inventory
  macpool.hyperv.plan_info:
    with_ledger: false
    plan:
      scope: west
      host_ranges:
        ranges:
          - start: "00-15-5D-E0-00-00"
            size: 1048576
        size_per_host: 1024
        static_per_host: 128
        hosts: [hv1, hv2, hv3, hv4]
      pools:
        tenant:
          ranges:
            - start: "22-1D-D8-00-00-00"
              size: 1048576
  run_once: true

- name: Read how full the pools and leases are
  macpool.hyperv.plan_info:
  run_once: true
  register: plan

- name: Fail if a range has reached its warning threshold
  ansible.builtin.assert:
    that: plan.usage | selectattr("over") | length == 0
    fail_msg: "Nearly full: {{ plan.usage | selectattr('over') | map(attribute='name') | join(', ') }}"
"""

RETURN = r"""
scope:
  description: The scope of the plan. No address is promised twice within a scope.
  returned: success
  type: str
  sample: west
digest:
  description: A digest of the plan. Two plans with the same meaning have the same digest, even if they are written differently.
  returned: success
  type: str
  sample: 5b1b1c3d0f7e4c55d0d7a1f4b0f6f1f9c1d5f5d0e4d3a7b9e2c6f8a0b1c2d3e4
generation:
  description: The generation of this plan in the ledger, or the one that it would get at its first use. V(null) with
    O(with_ledger=false).
  returned: success
  type: int
  sample: 3
plan_warnings:
  description: Warnings about parts of the plan that are allowed, for example a range in which other software may generate addresses.
  returned: success
  type: list
  elements: str
land:
  description: All ranges of the plan, sorted by address.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(host_ranges), V(pool), or the kind of another allocator, such as V(network_controller) or V(scvmm).
      type: str
      sample: pool
    name:
      description: The name of the pool or of the other allocator. V(host_ranges) for ranges that are leased to hosts.
      type: str
      sample: tenant
    start:
      description: The first address.
      type: str
      sample: 221DD8000000
    end:
      description: The last address.
      type: str
      sample: 221DD80FFFFF
    size:
      description: The number of addresses.
      type: int
      sample: 1048576
usage:
  description: How full each pool and each host's static part is. Empty with O(with_ledger=false).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the pool, or V(host/) and the name of a host for the static part of its lease.
      type: str
      sample: tenant
    size:
      description: How many addresses can be handed out.
      type: int
      sample: 1048320
    used:
      description: How many addresses cannot be handed out now, because they are claimed in any state or were last seen in use.
      type: int
      sample: 208
    claimed:
      description: How many addresses are promised to an owner or held. Addresses in quarantine are not counted here.
      type: int
      sample: 204
    carried:
      description: How many addresses were last seen in use, with or without a claim.
      type: int
      sample: 202
    quarantined:
      description: How many addresses are in quarantine after a release.
      type: int
    excluded:
      description: How many addresses of the ranges are excluded, or leased to hosts. They are not part of RV(usage[].size).
      type: int
      sample: 256
    free:
      description: How many addresses can be handed out now.
      type: int
      sample: 1048112
    percent:
      description: How full it is, in percent, rounded down to one decimal. V(100.0) means that no address is left.
      type: float
      sample: 0.0
    warn_at:
      description: The percentage at which the plan asks for a warning.
      type: int
      sample: 80
    over:
      description: Whether this percentage is reached, or no address is left.
      type: bool
    by_state:
      description: The number of claims in each state that occurs.
      type: dict
      sample:
        applied: 200
        reserved: 4
    carried_without_claim:
      description: How many addresses were last seen in use and have no claim.
      type: int
      sample: 4
leases:
  description: The leases, each as in RV(macpool.hyperv.host_range_lease#module:leases), without the keys that describe a change.
    The state is V(active), or V(planned) for those that M(macpool.hyperv.host_range_lease) would make now.
  returned: success
  type: list
  elements: dict
  sample:
    - host: hv1
      start: 00155DE00000
      end: 00155DE0037F
      static_start: 00155DE00380
      static_end: 00155DE003FF
      state: active
lease_problem:
  description: The reason why M(macpool.hyperv.host_range_lease) could not lease now, for example hosts that were not observed
    recently, or ranges without a free block. RV(leases) then has only the active leases. V(null) if it could lease.
  returned: success
  type: str
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
  sample:
    - subject: macpool_plan.pools.tenant.ranges[0] and macpool_plan.other_allocators[0] ("vmm-default")
      wanted: ranges that do not overlap
      found: both with 00-1D-D8-C0-00-00..00-1D-D8-C0-FF-FF
      remedy: Give each address to one of them.
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import PLAN_INFO
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(PLAN_INFO)


if __name__ == "__main__":
    main()
