#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_range_lease
short_description: Lease disjoint blocks of addresses to hosts
description:
  - Each Hyper-V host generates dynamic addresses by itself, from a range of 256 addresses that it derives from an IP address.
    Copies of an image share this range. A lease gives each host of the plan its own block.
  - A host keeps its block as long as the plan and the ledger exist, even if other hosts are added or removed.
  - The lower part of the block is for Hyper-V. The upper part (C(static_per_host) of the plan) is the pool C(host/) plus
    the name of the host, from which you can claim static addresses.
  - This task changes the ledger only. M(macpool.hyperv.host_range) sets the range on the host.
options:
  state:
    description:
      - V(present) leases a block to each host that has none.
      - V(retired) ends the leases of O(hosts). A retired block is not leased again until a complete observation of all
        hosts proves that none of its addresses is in use and that no host has it as its range. A host that never had a
        lease is an error.
    type: str
    choices: [present, retired]
    default: present
  hosts:
    description:
      - The hosts, by their names in the plan. The default with O(state=present) is the list C(hosts) of the
        plan, independent of C(--limit). A host that is not in the plan is an error.
      - Required with O(state=retired).
    type: list
    elements: str
notes:
  - It never moves a block, and never takes back a block that is in use. A changed C(size_per_host) of the plan
    applies to new leases only.
  - It refuses a block that contains the default range of another known host.
  - 'To undo: O(state=retired), after the host got another range or no longer has VMs.'
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_operations
    description: From the first observation to leased ranges, step by step.
  - ref: ansible_collections.macpool.hyperv.docsite.guide_plan
    description: How to size the blocks.
  - module: macpool.hyperv.host_range
  - module: macpool.hyperv.plan_info
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
"""

EXAMPLES = r"""
- name: Lease a block to each host of the plan
  macpool.hyperv.host_range_lease:
  run_once: true
  register: leased

- name: Show the ranges that Hyper-V gets
  ansible.builtin.debug:
    msg: "{{ item.host }} gets {{ item.start }} to {{ item.end }}"
  loop: "{{ leased.leases }}"
  run_once: true

- name: Set them
  macpool.hyperv.host_range:

- name: End the lease of a host that was removed
  macpool.hyperv.host_range_lease:
    state: retired
    hosts: [hv4]
  run_once: true
"""

RETURN = r"""
leases:
  description: The leases of O(hosts).
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: The host.
      type: str
      sample: hv1
    start:
      description: The first address of the range that Hyper-V gets.
      type: str
      sample: 00155DE00000
    end:
      description: The last address of the range that Hyper-V gets.
      type: str
      sample: 00155DE0037F
    static_start:
      description: The first address of the pool V(host/<name>). V(null) without C(static_per_host).
      type: str
      sample: 00155DE00380
    static_end:
      description: The last address of the pool V(host/<name>). V(null) without C(static_per_host).
      type: str
      sample: 00155DE003FF
    state:
      description: V(active) or V(retired).
      type: str
      sample: active
    changed:
      description: Whether this lease changed.
      type: bool
    remark:
      description: A remark, for example that the host keeps a block with a size that is no longer in the plan.
      type: str
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import HOST_RANGE_LEASE
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(HOST_RANGE_LEASE)


if __name__ == "__main__":
    main()
