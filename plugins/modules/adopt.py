#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt
short_description: Take over a cluster as it is, or rebuild a lost ledger
description:
  - Proposes a plan from observations. The plan keeps the range of each host that shares it with no other host, and the ranges
    that static addresses already use. For every other host it advises what to do.
  - If a plan and a ledger exist, it records the observations in the ledger and promises each static address to the
    adapter that uses it, as an applied claim with the ids of the VM and the adapter.
  - Nothing is decided silently. An address that several adapters use, that no adapter can use, or that is in a range of another
    allocator is not promised. It is listed in RV(conflicts) with the reason and a remedy.
  - Addresses of dynamic adapters, checkpoints, replicas and the hosts themselves get no claim, but the ledger records them
    and never hands them out.
  - It changes nothing on any host.
options:
  missing:
    description:
      - What to do when one of O(expected_hosts) or O(host_results), or a Network Controller of O(controller_results), was not
        observed. Each of them may carry any address.
      - V(fail) promises nothing, and fails when everything else is done. V(report) names them in RV(missing) and promises what the
        others carry.
    type: str
    choices: [fail, report]
    default: fail
  claim:
    description: V(true) needs a plan and a ledger, and fails without them. V(false) proposes a plan and does not use the ledger.
      Without this option, addresses are claimed if a plan and a ledger exist.
    type: bool
  plan_file:
    description:
      - A file on the controller to which the proposed plan is written, as YAML with the advice as comments.
      - A proposal that you edited is not overwritten; the task fails instead.
      - Not written in check mode.
    type: str
  scope:
    description: The scope of the proposed plan. Without it, the name of the cluster.
    type: str
    default: ""
attributes:
  check_mode:
    details: Returns what would be claimed and what would be refused. Nothing is written.
notes:
  - To rebuild a lost ledger, create an empty one (M(macpool.hyperv.ledger)), run this task, lease the hosts their blocks
    (M(macpool.hyperv.host_range_lease)), and compare RV(conflicts) with the last text export, if you have one.
  - Owners are named C(vm/adapter). If adapters have the same name, their ids distinguish them.
  - To undo, release the claims (M(macpool.hyperv.allocation) with O(macpool.hyperv.allocation#module:state=released)), or delete
    the ledger if it was created for a test.
seealso:
  - module: macpool.hyperv.audit
  - module: macpool.hyperv.host_info
  - module: macpool.hyperv.allocation
  - module: macpool.hyperv.ledger
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
  - macpool.hyperv._observations
"""

EXAMPLES = r"""
- name: Propose a plan from observations
  macpool.hyperv.adopt:
    observations_dir: observations
    plan_file: macpool_plan.proposed.yml
    claim: false
  run_once: true

- name: Promise the current static addresses to the adapters that use them
  macpool.hyperv.adopt:
    observations_dir: observations
    claim: true
  run_once: true
  register: adopted

- name: Fail as long as a person must decide about an address
  ansible.builtin.assert:
    that: adopted.conflicts | length == 0
    fail_msg: "{{ adopted.conflicts }}"
"""

RETURN = r"""
proposal:
  description: The proposed plan, a value for C(macpool_plan). It is valid.
  type: dict
  returned: success
hosts:
  description: What happens to the range of each host.
  type: list
  elements: dict
  returned: success
  contains:
    host:
      description: The host.
      type: str
      sample: hv1
    range:
      description: Its current range, first and last address. V(null) if it is not known.
      type: dict
      sample:
        start: 00155D010A00
        end: 00155D010AFF
    keeps:
      description: Whether the proposed plan keeps it.
      type: bool
    advice:
      description: The reason, and what to do.
      type: str
left_out:
  description: Ranges in use that the proposed plan does not contain, with the reason.
  type: list
  elements: str
  returned: success
plan_file:
  description: The path of the file with the proposal.
  type: str
  returned: when O(plan_file) is given
in_ledger:
  description: Whether a plan and a ledger existed, so that addresses could be claimed.
  type: bool
  returned: success
adoptable:
  description: How many static addresses could be promised to the adapters that use them.
  type: int
  returned: success
already:
  description: How many static addresses were already promised to the adapters that use them.
  type: int
  returned: success
claims:
  description: The claims that were made or changed.
  type: list
  elements: dict
  returned: success
  contains:
    owner:
      description: The owner to whom the address is promised. V(null) for an adapter that is known only by its ids.
      type: str
      sample: web01/Network Adapter
    mac_address:
      description: The address, 12 upper-case hexadecimal digits.
      type: str
      sample: 221DD8000100
    pool:
      description: The pool of the plan that has the address, or V(adopted).
      type: str
      sample: static
    state:
      description: The state of the claim.
      type: str
      sample: applied
    how:
      description: What happened, such as V(adopted), V(bound) or V(confirmed).
      type: str
      sample: adopted
conflicts:
  description: Static addresses that are not promised, or not promised to the adapter that uses them.
  type: list
  elements: dict
  returned: success
  contains:
    mac_address:
      description: The address, or the text that was found instead of an address.
      type: str
      sample: 221DD8000101
    carriers:
      description: The adapters that use it.
      type: list
      elements: str
      sample: ['adapter "Network Adapter" of VM "web01" on hv1', 'adapter "Network Adapter" of VM "web02" on hv2']
    reason:
      description: Why it is not claimed.
      type: str
      sample: 2 adapters use it
    remedy:
      description: What to do.
      type: str
complete:
  description: Whether everything that is known to exist could be read.
  type: bool
  returned: success
incomplete:
  description: What was not read, as sentences. What was not read cannot be adopted.
  type: list
  elements: str
  returned: success
missing:
  description: Hosts that were to be observed and were not, and the Network Controller if that is so for it.
  type: list
  elements: str
  returned: success
  sample: [hv3]
misread:
  description: Files that could not be understood, each with the reason.
  type: list
  elements: str
  returned: success
errors:
  description: What is wrong with the request, as M(macpool.hyperv.plan_info) describes it.
  type: list
  elements: dict
  returned: when the request itself cannot be fulfilled, or hosts were not observed
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import ADOPT
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(ADOPT)


if __name__ == "__main__":
    main()
