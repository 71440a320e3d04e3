#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: allocation_info
short_description: Show who has, and who had, which address
description: Reads claims from the ledger, of now or of a time in the past, and the events that led to them.
options:
  owners:
    description: Only claims of these owners. Letter case does not matter. Earlier names of an owner are found too.
    type: list
    elements: str
  mac_addresses:
    description: Only claims on these addresses, in any of the forms V(22-1D-D8-00-01-00), V(22:1D:D8:00:01:00), V(221D.D800.0100)
      and V(221DD8000100). Quote them.
    type: list
    elements: raw
  pools:
    description: Only claims of these pools.
    type: list
    elements: str
  states:
    description: Only claims in one of these states.
    type: list
    elements: str
    choices: [reserved, applied, releasing, quarantined, held]
  at:
    description: A time in the past, such as V(2026-11-01T08:00:00Z). The claims are returned as they were then. A time without a
      time zone is UTC.
    type: str
  history:
    description: Also return the events of the claims of O(owners) and O(mac_addresses), or of all claims. O(pools) and O(states) do
      not filter events.
    type: bool
    default: false
notes:
  - A claim must match all given filters. Without a filter all claims are returned.
  - A claim tells to whom an address is promised. It does not tell which adapter uses it now - for that, observe with
    M(macpool.hyperv.host_info).
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_ledger
    description: States of a claim, and how to ask who had an address.
  - module: macpool.hyperv.allocation
  - module: macpool.hyperv.plan_info
  - module: macpool.hyperv.ledger
  - plugin: macpool.hyperv.mac
    plugin_type: lookup
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.info
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
"""

EXAMPLES = r"""
- name: Read the claims of one VM's adapter
  macpool.hyperv.allocation_info:
    owners: [web01/eth0]
  run_once: true
  register: found

- name: Show its address
  ansible.builtin.debug:
    msg: "{{ found.claims | map(attribute='mac_address') }}"

- name: Ask who had an address when the incident happened, and what happened afterwards
  macpool.hyperv.allocation_info:
    mac_addresses: ["22-1D-D8-00-01-00"]
    at: "2026-11-01T08:00:00Z"
    history: true
  run_once: true

- name: List all addresses of a pool that are being released
  macpool.hyperv.allocation_info:
    pools: [tenant]
    states: [releasing, quarantined]
  run_once: true
"""

RETURN = r"""
claims:
  description: The claims, sorted by address. Empty if no claim matches.
  returned: success
  type: list
  elements: dict
  contains:
    owner:
      description: The owner to whom the address is promised. V(null) for an address that was set aside.
      type: str
      sample: web01/eth0
    pool:
      description: The pool of the address. V(null) for an address that is in no pool.
      type: str
      sample: tenant
    mac_address:
      description: The address, 12 upper-case hexadecimal digits as Hyper-V shows it.
      type: str
      sample: 221DD8000100
    formats:
      description: The same address in all formats. V(dot) is how Cisco writes it, and V(linux) is what udev and netplan need.
      type: dict
      sample:
        hyperv: 221DD8000100
        dash: 22-1D-D8-00-01-00
        colon: 22:1D:D8:00:01:00
        dot: 221d.d800.0100
        linux: 22:1d:d8:00:01:00
    state:
      description: The state of the claim.
      type: str
      sample: applied
    since:
      description: Since when the claim has been in this state, UTC.
      type: str
      sample: "2026-11-20T12:00:00.000Z"
    until:
      description: The end of the reservation or the quarantine, UTC. V(null) if it has no end.
      type: str
    generation:
      description: A counter of changes to the claim. A job with an older number can no longer change it.
      type: int
      sample: 2
    note:
      description: The text that is stored with the claim.
      type: str
      sample: CHG-1042
    vm_id:
      description: The id of the VM. V(null) until the owner's name is bound to the ids.
      type: str
      sample: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
    adapter_id:
      description: The id of the VM's adapter. V(null) until the owner's name is bound to the ids.
      type: str
    cluster:
      description: The cluster of the VM. V(null) until the owner's name is bound to the ids.
      type: str
      sample: hci1
    aliases:
      description: Other names that the owner had.
      type: list
      elements: str
      sample: [web01-old/eth0]
    job:
      description: Which job changed the claim last.
      type: str
      sample: awx/4711
    evidence:
      description: The proof that the owner uses the address. Empty before that.
      type: str
      sample: seen on "web01/eth0" on "hv1"
    out_of_plan:
      description: Whether the address is outside the pool from which it was claimed, because the pool has shrunk since then.
      type: bool
    unsure:
      description: Whether the connection was lost while the address was being set, so that the result is unknown.
      type: bool
history:
  description: The events, oldest first. Empty without O(history=true). With O(at), only events up to that time.
  returned: success
  type: list
  elements: dict
  contains:
    sequence:
      description: The number of the event in the history of the ledger.
      type: int
      sample: 17
    at:
      description: When it happened, UTC by the clock of the ledger.
      type: str
      sample: "2026-11-20T12:00:00.000Z"
    job:
      description: The job that did it - the AWX job, or the name of the controller and the number of the process.
      type: str
      sample: awx/4711
    user:
      description: The user who started the job.
      type: str
      sample: admin
    kind:
      description: The kind of the entry. Always V(claim) here.
      type: str
      sample: claim
    event:
      description: What was done.
      type: str
      sample: claimed
    owner:
      description: The owner. V(null) for an address that was set aside.
      type: str
      sample: web01/eth0
    mac_address:
      description: The address.
      type: str
      sample: 221DD8000100
    after:
      description: The whole claim after the event, as the ledger stores it.
      type: dict
      sample:
        address: 221DD8000100
        owner: web01/eth0
        pool: tenant
        state: reserved
        since: "2026-11-20T12:00:00.000Z"
        generation: 1
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import ALLOCATION_INFO
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(ALLOCATION_INFO)


if __name__ == "__main__":
    main()
