#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_range
short_description: Set or clear the range from which a Hyper-V host takes dynamic addresses
description:
  - Sets the lowest and highest MAC address that the host gives to dynamic adapters. The values come from the host's lease or
    from O(start) and O(end). Then it reads them back.
  - A new range does not change adapters that already have an address. But an adapter whose dynamic address is outside the
    new range gets another one the next time its VM is started from off. The task lists such adapters and refuses the change
    unless O(stranded=allow).
options:
  state:
    description:
      - V(present) sets the range.
      - V(absent) deletes the values, so that the host generates its own range when its Virtual Machine Management service
        starts the next time. Do this before a machine is imaged, so that no copy inherits its range.
    type: str
    choices: [present, absent]
    default: present
  start:
    description:
      - The first address, in any of the forms V(00-15-5D-E0-00-00), V(00:15:5D:E0:00:00), V(0015.5DE0.0000) and
        V(00155DE00000). Quote it. Needs O(end).
      - Without O(start) and O(end), the lease of the host is used. A host without an active lease is an error.
      - If a plan exists, the given range must not overlap a pool, the static part of the host's own lease, a range
        of another allocator, the lease of another host, or a part of C(host_ranges) that is not leased yet.
    type: raw
  end:
    description: The last address, in the same forms. Needs O(start).
    type: raw
  host:
    description:
      - The name of the host in the plan, if it differs from C(inventory_hostname), which is the default.
      - With O(state=present), the task refuses a machine whose own name is that of another host with a lease, so that a
        mistake in the inventory cannot give two machines the same range.
    type: str
  stranded:
    description:
      - What to do if adapters would change their address at their next start. These are dynamic adapters of VMs whose address
        is inside the current range and outside the new one, and adapters of the host itself.
      - V(fail) lists them and changes nothing, also if not all adapters could be read. V(allow) lists them and continues.
    type: str
    choices: [fail, allow]
    default: fail
  method:
    description:
      - How to set the range. V(cmdlet) uses C(Set-VMHost), which takes effect immediately. V(registry) writes the values
        C(MinimumMacAddress) and C(MaximumMacAddress), which are read when the Virtual Machine Management service starts.
      - V(auto) uses the cmdlet if Hyper-V is installed, and the registry if it is not installed yet.
    type: str
    choices: [auto, cmdlet, registry]
    default: auto
attributes:
  check_mode:
    details: The host checks everything and changes nothing.
notes:
  - It restarts no VM and no service, and it changes no address.
  - O(state=absent) needs neither a plan nor a ledger. With O(start) and O(end), the plan and the ledger are used if a plan
    exists.
  - Separate ranges alone do not make dynamic addresses unique. A dynamic VM that was moved keeps its address, while its
    old host may hand it out again. Give clustered VMs static addresses with M(macpool.hyperv.vm_network_adapter).
  - 'To undo: run it again with RV(before) as O(start) and O(end).'
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_operations
    description: From the first observation to leased ranges, step by step, with the required rights.
  - ref: ansible_collections.macpool.hyperv.docsite.facts
    description: When Hyper-V changes an address, and how this is known.
  - module: macpool.hyperv.host_range_lease
  - module: macpool.hyperv.host_info
  - module: macpool.hyperv.vm_network_adapter
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._attributes.host
  - macpool.hyperv._attributes.actiongroup_host
  - macpool.hyperv._ledger
"""

EXAMPLES = r"""
- name: Show which adapters would change address, and change nothing
  macpool.hyperv.host_range:
    stranded: allow
  check_mode: true
  register: preview

- name: List them
  ansible.builtin.debug:
    var: preview.stranded

- name: Give the host the range of its lease
  macpool.hyperv.host_range:

- name: Give a host a range by hand
  macpool.hyperv.host_range:
    start: "00-15-5D-E0-10-00"
    end: "00-15-5D-E0-13-FF"

- name: Let each copy of this machine generate its own range
  macpool.hyperv.host_range:
    state: absent
"""

RETURN = r"""
before:
  description: The range that was found, first and last address. V(null) if the host had none.
  returned: success
  type: dict
  sample:
    start: 00155D010A00
    end: 00155D010AFF
after:
  description: The range that was read back, or that would be set. V(null) after O(state=absent).
  returned: success
  type: dict
  sample:
    start: 00155DE00000
    end: 00155DE0037F
stranded:
  description: The adapters that will change their address at their next start because of this change. If the task refused the
    change, RV(errors) names them.
  returned: success
  type: list
  elements: str
  sample:
    - adapter "eth0" of VM "web01" on host "hv1" (00155D010A05)
message:
  description: A message of the host, for example that the change takes effect when a service starts. Empty if it has none.
  returned: success
  type: str
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import HOST_RANGE
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(HOST_RANGE)


if __name__ == "__main__":
    main()
