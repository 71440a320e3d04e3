#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_port_profile
short_description: Bind the adapters of VMs to interfaces of the Network Controller
description:
  - Sets the port profiles by which a Network Controller identifies the adapters of VMs, any number on one host in one call, and
    reads them back. It needs no plan and no ledger, and does not contact the Network Controller.
  - Three records must agree, or the SDN drops the traffic of a VM - the static address of the adapter, the address of the
    interface, and the port profile, which contains the instance id of the interface. This task checks the address if
    O(profiles[].mac_address) is given.
  - Errors of the request are found before anything is changed, and all of them are reported together.
options:
  profiles:
    description: The adapters, each with exactly one of O(profiles[].interface_id), O(profiles[].null_profile) and
      O(profiles[].absent).
    type: list
    elements: dict
    required: true
    suboptions:
      vm:
        description: The name or the id of the VM. Letter case does not matter. Give the id if two VMs of the host have the same
          name.
        type: str
        required: true
      name:
        description: The name or the id of the adapter. You may omit it if the VM has one adapter.
        type: str
      interface_id:
        description: Bind the adapter to this interface. Give the instance id of the interface (a GUID, with or without braces, in
          upper or lower case), not its name.
        type: str
      null_profile:
        description: Give the adapter the null profile. With it a VM without an interface keeps its traffic on a host with SDN.
        type: bool
        default: false
      absent:
        description: Remove the port profile.
        type: bool
        default: false
      profile_data:
        description:
          - The setting of the Virtual Filtering Platform of the switch. V(1) enables it, V(2) disables it, V(6)
            enables it for an interface of a logical network whose IP address is unmanaged.
          - The default is V(1) with O(profiles[].interface_id) and V(2) with O(profiles[].null_profile).
        type: int
        choices: [1, 2, 6]
      mac_address:
        description: The address of the interface. An adapter that does not have it as its static address is refused, even if it
          already has the profile. All forms that M(macpool.hyperv.vm_network_adapter) accepts are allowed. Quote it.
        type: raw
      allow_dynamic:
        description: With O(profiles[].interface_id), also bind an adapter with a dynamic address. Otherwise it is refused,
          because its address may change while that of the interface does not.
        type: bool
        default: false
      replaces:
        description:
          - The instance id of an interface that no Network Controller has any more. An adapter that is still bound to this id may
            be bound to O(profiles[].interface_id) without O(rebind).
        type: str
  when_missing:
    description:
      - What to do with an adapter whose VM is not on this host. V(skip) ignores it and lists the VM in RV(missing). Use it in
        plays over all hosts of a cluster. A VM that the host has only as a replica is skipped too.
      - If the VM exists but the adapter does not, the task always fails.
    type: str
    choices: [fail, skip]
    default: fail
  rebind:
    description: Whether to bind adapters again that are bound to another interface. Otherwise they are refused.
    type: bool
    default: false
attributes:
  check_mode:
    details: The host checks every expectation and changes nothing.
notes:
  - The profile of a running VM can be changed. Bind a new VM before its first start, so that its policy is never missing.
  - A VLAN on the adapter conflicts with the policy of its interface. It is reported in RV(adapters[].warnings) and not
    changed.
  - It never changes a replica, because its settings belong to the primary VM.
  - 'To undo: run it again with the values in RV(adapters[].before) and O(rebind=true).'
seealso:
  - module: macpool.hyperv.vm
  - module: macpool.hyperv.vm_network_adapter
  - module: macpool.hyperv.nc_network_interface
  - module: macpool.hyperv.host_info
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._attributes.host
  - macpool.hyperv._attributes.actiongroup_host
"""

EXAMPLES = r"""
- name: Bind an adapter to its interface, and check that both have the same address
  macpool.hyperv.vm_port_profile:
    profiles:
      - vm: web01
        name: Network Adapter
        interface_id: 0b1c2d3e-0000-4000-8000-000000000001
        mac_address: "22-1D-D8-00-01-00"

- name: Let a VM without an interface keep its traffic on a host with SDN
  macpool.hyperv.vm_port_profile:
    profiles:
      - vm: jump01
        null_profile: true

- name: Bind an adapter to another interface than now
  macpool.hyperv.vm_port_profile:
    profiles:
      - vm: web02
        interface_id: 0b1c2d3e-0000-4000-8000-000000000002
        profile_data: 6
    rebind: true

- name: Unbind an adapter, in a play over all hosts
  macpool.hyperv.vm_port_profile:
    profiles:
      - vm: web01
        absent: true
    when_missing: skip
"""

RETURN = r"""
adapters:
  description: The adapters, in the order of O(profiles), without those of VMs that are not on this host.
  returned: success
  type: list
  elements: dict
  contains:
    vm:
      description: The name of the VM.
      type: str
      sample: web01
    vm_id:
      description: The id of the VM.
      type: str
      sample: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
    name:
      description: The name of the adapter.
      type: str
      sample: Network Adapter
    adapter_id:
      description: The id of the adapter.
      type: str
      sample: Microsoft:6F1D6C1E-8A38-4E0D-9A53-3D8F1B9D2A10\0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D
    mac_address:
      description: The address of the adapter, 12 upper-case hexadecimal digits.
      type: str
      sample: 221DD8000100
    dynamic:
      description: Whether Hyper-V chooses the address.
      type: bool
    status:
      description: V(unchanged) or V(changed). If the task failed, also V(refused) or V(failed).
      type: str
      sample: changed
    reason:
      description: What went wrong. Otherwise empty.
      type: str
    warnings:
      description: Reasons why the profile may not work, such as a VLAN on the adapter.
      type: list
      elements: str
    before:
      description: The port profile that was found. V(null) if the adapter had none.
      type: dict
      contains:
        profile_id:
          description: The instance id of the interface, in braces. Zeros for the null profile.
          type: str
          sample: "{00000000-0000-0000-0000-000000000000}"
        profile_data:
          description: The setting of the Virtual Filtering Platform in the profile.
          type: int
          sample: 2
    after:
      description: The port profile that was read back, or that would be set. V(null) if the adapter has none.
      type: dict
      sample:
        profile_id: "{0b1c2d3e-0000-4000-8000-000000000001}"
        profile_data: 1
missing:
  description: The VMs that are not on this host.
  returned: success
  type: list
  elements: str
errors:
  description: What is wrong, in parts that a machine can read, as M(macpool.hyperv.plan_info) describes it.
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import VM_PORT_PROFILE
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(VM_PORT_PROFILE)


if __name__ == "__main__":
    main()
