#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_range
short_description: Set or clear the range from which a Hyper-V host makes dynamic addresses
description:
  - Sets the lowest and highest MAC address that the host gives to dynamic adapters, to the host's lease or to addresses
    that are given here, and reads them back.
  - A change of the range touches no adapter that has an address. But an adapter whose dynamic address lies outside the
    new range gets another one the next time its VM starts cold. Such adapters are listed, and the change is refused
    unless O(stranded=allow).
options:
  state:
    description:
      - V(present) sets the range.
      - V(absent) deletes the values, so that the host makes a range of its own when its Virtual Machine Management service
        starts next. Do this to a machine that will be imaged, so that no copy inherits its range.
    type: str
    choices: [present, absent]
    default: present
  start:
    description:
      - The first address, in any of the forms V(00-15-5D-E0-00-00), V(00:15:5D:E0:00:00), V(0015.5DE0.0000) and
        V(00155DE00000). Quote it. Needs O(end).
      - Without O(start) and O(end), the lease of the host counts. A host without an active lease is an error.
      - Where there is a plan, the range given must not reach into a pool, the static part of the host's own lease, the land
        of another allocator, the lease of another host, or land of C(host_ranges) that is not leased yet.
    type: raw
  end:
    description: The last address, in the same forms. Needs O(start).
    type: raw
  host:
    description:
      - The name of the host in the plan, where it differs from C(inventory_hostname), which is the default.
      - With O(state=present), a machine that calls itself by the name of another host with a lease is refused, so that no
        mistake in the inventory gives two machines one range.
    type: str
  stranded:
    description:
      - What to do when adapters would change address at their next start - dynamic adapters of VMs with an address that
        is in the range now and would be outside it afterwards, and adapters of the host itself.
      - V(fail) lists them and changes nothing, also when not all adapters could be read. V(allow) lists them and goes on.
    type: str
    choices: [fail, allow]
    default: fail
  method:
    description:
      - How to set the range. V(cmdlet) uses C(Set-VMHost), which takes effect at once. V(registry) writes the values
        C(MinimumMacAddress) and C(MaximumMacAddress), which are read when the Virtual Machine Management service starts.
      - V(auto) uses the cmdlet where Hyper-V is installed and the registry where it is not yet.
    type: str
    choices: [auto, cmdlet, registry]
    default: auto
attributes:
  check_mode:
    support: full
    details:
      - The host is asked to check everything and touch nothing.
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - It restarts neither a VM nor a service, and it changes no address.
  - Plan and ledger are not needed with O(state=absent). With O(start) and O(end), a plan is used where there is one, and
    the ledger with it.
  - Disjoint ranges alone do not make dynamic addresses unique. A dynamic VM that was moved keeps its address while its
    old host may hand it out again. Give clustered VMs static addresses with M(macpool.hyperv.vm_network_adapter).
  - 'To undo: run it again with RV(before) as O(start) and O(end).'
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_operations
    description: From the first observation to leased ranges, step by step, with the rights that are needed.
  - module: macpool.hyperv.host_range_lease
  - module: macpool.hyperv.host_info
  - module: macpool.hyperv.vm_network_adapter
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.host
  - macpool.hyperv._attributes.actiongroup_host
  - macpool.hyperv._ledger
author:
  - the macpool.hyperv contributors (@macpool)
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

- name: Let each copy of this machine make a range of its own
  macpool.hyperv.host_range:
    state: absent
"""

RETURN = r"""
before:
  description: The range that was found. V(null) when the host had none.
  returned: success
  type: dict
  contains:
    start:
      description: The first address.
      type: str
      sample: 00155D010A00
    end:
      description: The last address.
      type: str
      sample: 00155D010AFF
after:
  description: The range that was read back, or would be there. V(null) after O(state=absent).
  returned: success
  type: dict
  contains:
    start:
      description: The first address.
      type: str
      sample: 00155DE00000
    end:
      description: The last address.
      type: str
      sample: 00155DE0037F
stranded:
  description:
    - The adapters that change address at their next start because of this change. When it was refused because of them,
      RV(errors) names them.
  returned: success
  type: list
  elements: str
  sample:
    - adapter "eth0" of VM "web01" on host "hv1" (00155D010A05)
message:
  description: What the host had to say, such as that the change takes effect when a service starts. Empty otherwise.
  returned: success
  type: str
  sample: ""
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import HOST_RANGE
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    """Say that the task runs on the controller."""
    run_as_action(HOST_RANGE)


if __name__ == "__main__":
    main()
