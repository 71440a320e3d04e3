#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: allocation
short_description: Claim addresses for owners, and confirm, release, hold or rebind claims
description:
  - A claim promises one MAC address to one owner. Two owners are never promised one address in the scope of a plan - the
    ledger holds that as a constraint, however many jobs run at once.
  - The same owner gets the same address each time, whatever else is in the plan or the inventory, until the claim is
    released.
  - New claims of a task are made together or not at all, and everything that is wrong with them is reported together.
  - This task changes the ledger only. M(macpool.hyperv.vm_network_adapter) sets the address on a VM's adapter.
options:
  claims:
    description:
      - What to do, one entry for each owner or address. Two entries that say different things of one are refused.
    type: list
    elements: dict
    required: true
    suboptions:
      owner:
        description:
          - Who the address is for, a name of at most 1024 characters. Use the name of the VM and of its adapter, such as
            V(web01/eth0). Letter case does not count. Blanks around the name and control characters are refused.
          - The name is bound to the ids of VM and adapter at first sight. Renaming the VM later keeps the claim.
          - Required with O(state=present) and O(state=rebound). With O(state=confirmed) and O(state=released), it or
            O(claims[].mac_address). Left out with O(state=held) and O(state=unheld).
        type: str
      pool:
        description:
          - The pool of the plan that the address comes from, or V(host/) and the name of a host for the static part of
            that host's lease.
          - Not needed when the owner has a claim already, when O(pool) is set, or when the plan has one pool only. A pool
            that the plan does not know is an error, as is one in which no address is left.
        type: str
      mac_address:
        description:
          - With O(state=present), this very address instead of any of the pool. It must lie in the pool and be promised
            to nobody else, last seen on nobody else, and not in quarantine.
          - With O(state=held) and O(state=unheld), the address to set aside or to give back. With O(state=confirmed) and
            O(state=released), the address of the claim, instead of O(claims[].owner).
          - Accepted are V(22-1D-D8-00-01-00), V(22:1D:D8:00:01:00), V(221D.D800.0100) and V(221DD8000100), in any case.
            Quote it. YAML reads some unquoted addresses as numbers, and those are refused.
        type: raw
      note:
        description:
          - Words to keep with the claim, such as a ticket. With O(state=held), the reason. With O(state=confirmed), the
            evidence.
        type: str
        default: ""
      cluster:
        description: The cluster of the VM, kept for information.
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
          - Claim O(claims[].mac_address) although it lies in no pool of the plan, because the owner carries it already.
            The claim belongs to the pool V(adopted).
          - Only used with O(state=present).
        type: bool
        default: false
  state:
    description:
      - What shall be true of O(claims) afterwards.
      - V(present) - each owner has a claim. One that it has is kept, else an address is chosen and reserved for
        O(reserve_for).
      - V(confirmed) - the owner carries its address. This is evidence given by hand, where no host can be read. An owner
        without a claim is an error.
      - V(released) - the owner gives its address back. The claim is first V(releasing), and goes to quarantine when a
        complete and newer observation proves that nobody carries the address any more. With O(gone=true) it goes to
        quarantine at once. An owner without a claim is fine.
      - V(held) - the address is set aside. It is handed out to nobody. An address that is promised to somebody is an error.
      - V(unheld) - the address is no longer set aside.
      - V(rebound) - the owner's name means the adapter with these O(claims[].vm_id) and O(claims[].adapter_id) from now
        on, because the VM was made anew.
    type: str
    choices: [present, confirmed, released, held, unheld, rebound]
    default: present
  pool:
    description: The pool for all O(claims) that do not name one.
    type: str
  reserve_for:
    description:
      - How long an address is kept for an owner that has not been seen with it, as a number and one of V(s), V(m), V(h),
        V(d) or V(w), or as seconds.
      - A reservation that has run out is suspect, not free. Only a complete and newer observation that shows nobody with
        the address turns it into quarantine.
    type: str
    default: 4h
  gone:
    description:
      - With O(state=released), declare that the owner and its adapter are gone and will not come back with this address,
        so that no observation is needed. Say it only of VMs that were deleted.
      - The ids of the adapter are forgotten with it - an owner of the same name that comes back may be another adapter.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    details:
      - The addresses that would be claimed are returned. Nothing is written, so another job may be given them first.
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - It refuses when the plan is an earlier generation than the ledger last accepted, and when C(max_observation_age) of
    the plan asks for a newer or more complete observation than there is.
  - It does not look at hosts. What they were last seen to carry is in the ledger, from M(macpool.hyperv.host_info).
  - 'To undo: O(state=released) undoes V(present), V(unheld) undoes V(held). An address that was released and is not yet
    handed out again comes back to the same owner with V(present).'
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
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
author:
  - the macpool.hyperv contributors (@macpool)
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

- name: Show them the way a Linux guest writes them
  ansible.builtin.debug:
    msg: "{{ item.owner }} has {{ item.formats.linux }}"
  loop: "{{ claimed.claims }}"

- name: Claim one address for a VM that a firewall knows already
  macpool.hyperv.allocation:
    pool: tenant
    claims:
      - owner: mail01/eth0
        mac_address: "22-1D-D8-00-01-00"
  run_once: true

- name: Keep an address that was typed by hand years ago and lies in no pool
  macpool.hyperv.allocation:
    claims:
      - owner: legacy01/eth0
        mac_address: "00-00-5E-00-53-17"
        adopt: true
  run_once: true

- name: Set two addresses aside for an appliance that nobody can observe
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

- name: Let the name mean the adapter of the VM that was made anew
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
  description: The claims, in the order of O(claims), without those for which there was nothing to release or give back.
  returned: success
  type: list
  elements: dict
  contains:
    owner:
      description: Who the address is promised to. V(null) for an address that was set aside.
      type: str
      sample: web01/eth0
    pool:
      description: The pool that the address comes from. V(null) for an address of no pool.
      type: str
      sample: tenant
    mac_address:
      description: The address, 12 upper-case hexadecimal digits as Hyper-V shows it.
      type: str
      sample: 221DD8000100
    formats:
      description: The same address in all formats.
      type: dict
      contains:
        hyperv:
          description: 12 upper-case digits.
          type: str
          sample: 221DD8000100
        dash:
          description: Upper case with dashes.
          type: str
          sample: 22-1D-D8-00-01-00
        colon:
          description: Upper case with colons.
          type: str
          sample: 22:1D:D8:00:01:00
        dot:
          description: Lower case with dots, as Cisco writes it.
          type: str
          sample: 221d.d800.0100
        linux:
          description: Lower case with colons, as udev and netplan want it.
          type: str
          sample: 22:1d:d8:00:01:00
    state:
      description: The state of the claim afterwards. V(gone) after O(state=unheld).
      type: str
      sample: reserved
    since:
      description: Since when the claim has been in this state, UTC.
      type: str
      sample: "2026-11-20T12:00:00.000Z"
    until:
      description: Until when the reservation or the quarantine counts, UTC. V(null) for no end.
      type: str
      sample: "2026-11-20T16:00:00.000Z"
    generation:
      description: Counts the changes of the claim that a waiting job must know of.
      type: int
      sample: 1
    note:
      description: The words that are kept with the claim.
      type: str
      sample: CHG-1042
    changed:
      description: Whether this claim changed.
      type: bool
      sample: true
mac_address:
  description: The address, 12 upper-case hexadecimal digits.
  returned: when RV(claims) has exactly one entry
  type: str
  sample: 221DD8000100
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
  sample:
    - subject: pool "tenant"
      wanted: a free address
      found: none among 1048320 (1048300 applied, 20 quarantined, 256 more excluded or leased to hosts)
      remedy: >-
        Give the pool another range, release what is no longer used, or observe all hosts so that what was released can be
        reused.
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import ALLOCATION
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    """Say that the task runs on the controller."""
    run_as_action(ALLOCATION)


if __name__ == "__main__":
    main()
