#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: allocation
short_description: Claim addresses for owners, and confirm, release, hold or rebind claims
description:
  - A claim promises one MAC address to one owner. Two owners are never promised the same address in the scope of a plan - a
    constraint of the ledger guarantees this, even if many jobs run at the same time.
  - The same owner always gets the same address until the claim is released, whatever else changes in the plan or the
    inventory.
  - A task makes all its new claims or none of them, and reports all errors together.
  - This task changes the ledger only. M(macpool.hyperv.vm_network_adapter) sets the address on a VM's adapter.
options:
  claims:
    description: What to do, one entry for each owner or address. Two entries that contradict each other are refused.
    type: list
    elements: dict
    required: true
    suboptions:
      owner:
        description:
          - The owner of the address, a name of at most 1024 characters. Use the name of the VM and of its adapter, such as
            V(web01/eth0). Letter case does not matter. Blanks around the name and control characters are refused.
          - When the adapter is first seen, the name is bound to the ids of VM and adapter. Renaming the VM later keeps the claim.
          - Required with O(state=present) and O(state=rebound). With O(state=confirmed) and O(state=released), give this or
            O(claims[].mac_address). Omit it with O(state=held) and O(state=unheld).
        type: str
      pool:
        description:
          - The pool of the plan from which the address is taken, or V(host/) and the name of a host for the static part of
            that host's lease.
          - Not needed if the owner already has a claim, if O(pool) is set, or if the plan has only one pool. A pool
            that is not in the plan is an error, and so is a pool without a free address.
        type: str
      mac_address:
        description:
          - With O(state=present), claim exactly this address. It must be in the pool, not promised to
            another owner, not last seen on another adapter, and not in quarantine.
          - With O(state=held) and O(state=unheld), the address to set aside or to give back. With O(state=confirmed) and
            O(state=released), the address of the claim, instead of O(claims[].owner).
          - Accepted are V(22-1D-D8-00-01-00), V(22:1D:D8:00:01:00), V(221D.D800.0100) and V(221DD8000100), in upper or lower
            case. Quote it. YAML reads some unquoted addresses as numbers, and those are refused.
        type: raw
      note:
        description: A text to store with the claim, such as a ticket. With O(state=held), the reason. With O(state=confirmed), the
          evidence.
        type: str
        default: ""
      cluster:
        description: The cluster of the VM, stored for information.
        type: str
        default: ""
      vm_id:
        description: The id of the VM, a GUID as C(Get-VM) shows it, in braces or not. Needs O(claims[].adapter_id).
        type: str
      adapter_id:
        description: The id of the VM's adapter, as C(Get-VMNetworkAdapter) shows it. Needs O(claims[].vm_id).
        type: str
      adopt:
        description:
          - Claim O(claims[].mac_address) although it is in no pool of the plan, because the owner already uses it.
            The claim belongs to the pool V(adopted).
          - Only used with O(state=present).
        type: bool
        default: false
  state:
    description:
      - The wanted state of O(claims).
      - V(present) - each owner has a claim. An existing claim is kept. Otherwise an address is chosen and reserved for
        O(reserve_for).
      - V(confirmed) - the owner uses its address. Use it as manual evidence if a host cannot be read. An owner
        without a claim is an error.
      - V(released) - the owner gives its address back. The claim is first V(releasing). It goes to quarantine when a
        complete and newer observation proves that the address is no longer in use. With O(gone=true) it goes to
        quarantine immediately. An owner without a claim is not an error.
      - V(held) - the address is set aside and never handed out. An address that is promised to an owner is an error.
      - V(unheld) - the address is no longer set aside.
      - V(rebound) - from now on the owner's name means the adapter with these O(claims[].vm_id) and
        O(claims[].adapter_id), because the VM was created again.
    type: str
    choices: [present, confirmed, released, held, unheld, rebound]
    default: present
  pool:
    description: The pool for all O(claims) that do not name one.
    type: str
  gone:
    description:
      - With O(state=released), declare that the owner and its adapter no longer exist and will not come back with this
        address, so that no observation is needed. Use it only for VMs that were deleted.
      - The ids of the adapter are forgotten too, because an owner with the same name may later be another adapter.
    type: bool
    default: false
attributes:
  check_mode:
    details: The addresses that would be claimed are returned. Nothing is written, so another job may get them first.
notes:
  - The task fails if the plan is older than the plan that the ledger last accepted, or if C(max_observation_age) of
    the plan requires newer or more complete observations than the ledger has.
  - The task does not contact hosts. The ledger knows the addresses that were last seen there, from
    M(macpool.hyperv.host_info).
  - 'To undo: O(state=released) undoes V(present), V(unheld) undoes V(held). If a released address has not been
    handed out again, the same owner gets it back with V(present).'
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_ledger
    description: States of a claim, quarantine, each refusal and what to do.
  - ref: ansible_collections.macpool.hyperv.docsite.guide_lookup
    description: When to use the lookup, and when this task.
  - module: macpool.hyperv.allocation_info
  - module: macpool.hyperv.vm_network_adapter
  - module: macpool.hyperv.ledger
  - plugin: macpool.hyperv.mac
    plugin_type: lookup
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
  - macpool.hyperv._ledger.reserve
"""

EXAMPLES = r"""
- name: Claim an address for each adapter of the new VMs
  macpool.hyperv.allocation:
    pool: tenant
    claims:
      - owner: web01/eth0
      - owner: web02/eth0
        note: CHG-1042
  run_once: true
  register: claimed

- name: Show them in the format of a Linux guest
  ansible.builtin.debug:
    msg: "{{ item.owner }} has {{ item.formats.linux }}"
  loop: "{{ claimed.claims }}"

- name: Claim a given address for a VM, because a firewall already knows it
  macpool.hyperv.allocation:
    pool: tenant
    claims:
      - owner: mail01/eth0
        mac_address: "22-1D-D8-00-01-00"
  run_once: true

- name: Keep an address that was typed by hand years ago and is in no pool
  macpool.hyperv.allocation:
    claims:
      - owner: legacy01/eth0
        mac_address: "00-00-5E-00-53-17"
        adopt: true
  run_once: true

- name: Set two addresses aside for an appliance that cannot be observed
  macpool.hyperv.allocation:
    state: held
    claims:
      - mac_address: "22-1D-D8-00-02-00"
        note: load balancer, first unit
      - mac_address: "22-1D-D8-00-02-01"
        note: load balancer, second unit
  run_once: true

- name: Take back the address of a VM that was deleted
  macpool.hyperv.allocation:
    state: released
    gone: true
    claims:
      - owner: web02/eth0
  run_once: true

- name: Rebind the name to the adapter of the VM that was created again
  macpool.hyperv.allocation:
    state: rebound
    claims:
      - owner: web01/eth0
        vm_id: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
        adapter_id: 'Microsoft:6F1D6C1E-8A38-4E0D-9A53-3D8F1B9D2A10\0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D'
  run_once: true
"""

RETURN = r"""
claims:
  description:
    - The claims as they are afterwards, in the order of O(claims), without entries for which nothing had to be released or given back.
    - Each is described in RV(macpool.hyperv.allocation_info#module:claims), from C(owner) to C(note). In addition, C(changed) tells whether
      this claim changed. After O(state=unheld) the state is V(gone).
  returned: success
  type: list
  elements: dict
  sample:
    - owner: web01/eth0
      pool: tenant
      mac_address: 221DD8000100
      formats:
        hyperv: 221DD8000100
        dash: 22-1D-D8-00-01-00
        colon: 22:1D:D8:00:01:00
        dot: 221d.d800.0100
        linux: 22:1d:d8:00:01:00
      state: reserved
      since: "2026-11-20T12:00:00.000Z"
      until: "2026-11-20T16:00:00.000Z"
      generation: 1
      note: CHG-1042
      changed: true
mac_address:
  description: The address, 12 upper-case hexadecimal digits.
  returned: when RV(claims) has exactly one entry
  type: str
  sample: 221DD8000100
errors:
  description: What is wrong, in parts that a machine can read, as M(macpool.hyperv.plan_info) describes it.
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import ALLOCATION
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(ALLOCATION)


if __name__ == "__main__":
    main()
