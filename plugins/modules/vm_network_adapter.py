#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_network_adapter
short_description: Give the adapters of VMs static or dynamic MAC addresses
description:
  - Sets the addresses of any number of adapters on one host in one call - observes the VMs, decides, claims or renews in
    the ledger, sets, reads back, confirms.
  - An address that the ledger has not promised to the owner of the adapter is refused. Every address is read
    back from the adapter after it was set. If it differs from the wanted one, the task fails.
  - Errors of the request (a missing VM, two adapters with the same name, a running VM) are found before anything is changed, and
    all of them are reported together.
options:
  adapters:
    description: The adapters, each with exactly one of O(adapters[].mac_address), O(adapters[].pool), O(adapters[].pin) and
      O(adapters[].dynamic).
    type: list
    elements: dict
    required: true
    suboptions:
      vm:
        description:
          - The name or the id of the VM. Letter case does not matter. Give the id if two VMs of the host have the same name.
        type: str
        required: true
      name:
        description: The name or the id of the adapter. You may omit it if the VM has one adapter. Give the id if the VM has two
          adapters with the same name.
        type: str
      mac_address:
        description:
          - This static address. It must already be promised to the owner, by M(macpool.hyperv.allocation) or the lookup
            P(macpool.hyperv.mac#lookup).
          - Accepted are V(22-1D-D8-00-01-00), V(22:1D:D8:00:01:00), V(221D.D800.0100) and V(221DD8000100), in upper or lower
            case. Quote it.
        type: raw
      pool:
        description: A static address of this pool of the plan, or of V(host/) and the name of a host. If the owner already has a
          claim, it is kept. Otherwise an address is claimed.
        type: str
      pin:
        description: Make the current dynamic address of the adapter static, and claim it. An adapter that never started has no
          address yet and stays pending.
        type: bool
        default: false
      dynamic:
        description:
          - Let Hyper-V choose the address. Hyper-V keeps the current address as long as it is in the range of the host.
          - The owner's claim, if any, stays in the ledger. Release it with M(macpool.hyperv.allocation).
        type: bool
        default: false
      owner:
        description: The owner in the ledger. The default is the name of the VM, a slash, and the name of the adapter, such as
          V(web01/Network Adapter).
        type: str
  when_running:
    description:
      - What to do with an adapter that needs a change while its VM is not off. Hyper-V changes the address of a VM only
        while the VM is off.
      - V(fail) fails before anything is changed.
      - V(pending) leaves the adapter for another run and reports it with the status V(pending). Nothing is claimed for it
        before that run.
      - V(restart) shuts the guest down, sets the address, reads it back and starts the VM again. The ledger first records
        that the VM must be started, so that the next run starts it if the connection is lost in between.
      - A saved VM is never restarted, because its state would be lost.
    type: str
    choices: [fail, pending, restart]
    default: fail
  when_missing:
    description:
      - What to do with an adapter whose VM is not on this host. V(skip) is for plays over all hosts of a cluster, in which
        each host changes the VMs that it has at that time. A VM that the host has only as a replica is skipped too.
      - If the VM exists but the adapter does not, the task always fails.
    type: str
    choices: [fail, skip]
    default: fail
  bound:
    description:
      - What to do with an adapter that needs a change while its port profile binds it to an interface of the Network
        Controller. The three must agree - the adapter, the interface and the profile - or the SDN drops the traffic of
        the VM.
      - V(fail) fails before anything is changed, also if the port profile could not be read. Use the role
        P(macpool.hyperv.mac_interfaces#role), which changes the interface and the adapter together.
      - V(change) changes only the adapter. Use it only if you also change the interface, for example with the role
        P(macpool.hyperv.mac_interfaces#role).
      - This option has no effect on an adapter that already has the wanted address, that only becomes static with its
        current address, that has no profile, or that has the null profile.
    type: str
    choices: [fail, change]
    default: fail
  shutdown_timeout:
    description: With O(when_running=restart), how many seconds to wait for the guest to shut down, from 0 to 86400.
    type: int
    default: 300
  force_off:
    description: With O(when_running=restart), turn the VM off if its guest does not shut down in time or cannot be asked. The guest
      loses unsaved data.
    type: bool
    default: false
attributes:
  check_mode:
    details: The host checks every expectation and changes nothing. The addresses that would be claimed are returned, but not
      claimed. If another task of the same check run only predicted an address, it is not promised yet and is refused as
      O(adapters[].mac_address). Use O(adapters[].pool) in this case.
notes:
  - If the connection is lost after the host got its orders, the task ends as unreachable and the claims stay marked as unsure.
    The next run reads the adapters and continues from there. It never claims a second address.
  - It never changes a replica (its settings belong to the primary VM), a checkpoint, or an adapter of the host itself. A
    checkpoint that was taken while an adapter was dynamic makes it dynamic again when it is applied.
  - A clustered VM is stopped by shutting its guest down and never through the cluster, because the cluster would save it instead.
    If its cluster resource counts the shutdown as a failure (C(ShutdownAction) is 1), the task refuses to stop it.
  - 'To undo: run it again with the values in RV(adapters[].before) - O(adapters[].dynamic), or O(adapters[].mac_address) after
    you released the new claim and claimed the old address again with M(macpool.hyperv.allocation).'
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_operations
    description: Running VMs, lost connections and required rights, step by step.
  - ref: ansible_collections.macpool.hyperv.docsite.guide_ledger
    description: States of a claim, each refusal and what to do.
  - module: macpool.hyperv.allocation
  - module: macpool.hyperv.host_info
  - module: macpool.hyperv.host_range
  - module: macpool.hyperv.vm
  - module: macpool.hyperv.vm_port_profile
  - plugin: macpool.hyperv.mac
    plugin_type: lookup
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._attributes.host
  - macpool.hyperv._attributes.actiongroup_host
  - macpool.hyperv._ledger
  - macpool.hyperv._ledger.reserve
"""

EXAMPLES = r"""
- name: Give two VMs that are off a static address of the pool
  macpool.hyperv.vm_network_adapter:
    adapters:
      - vm: web01
        pool: tenant
      - vm: web02
        name: eth0
        pool: tenant

- name: Set an address that was claimed before
  macpool.hyperv.vm_network_adapter:
    adapters:
      - vm: mail01
        name: eth0
        owner: mail01/eth0
        mac_address: "{{ lookup('macpool.hyperv.mac', 'mail01/eth0', pool='tenant') }}"

- name: Make the current dynamic addresses static, if the VMs are off
  macpool.hyperv.vm_network_adapter:
    adapters:
      - vm: db01
        name: eth0
        pin: true
      - vm: db02
        name: eth0
        pin: true
    when_running: pending

- name: Change a running VM by shutting its guest down and starting it again
  macpool.hyperv.vm_network_adapter:
    adapters:
      - vm: web03
        pool: tenant
    when_running: restart
    shutdown_timeout: 600

- name: Let each host of the cluster change the VMs that it has now
  macpool.hyperv.vm_network_adapter:
    adapters: "{{ tenant_adapters }}"
    when_missing: skip
    when_running: pending
  register: pushed

- name: Show what is still open
  ansible.builtin.debug:
    msg: "{{ item.vm }}: {{ item.reason }}"
  loop: "{{ pushed.adapters | selectattr('status', 'eq', 'pending') }}"

- name: Let Hyper-V choose the address of an adapter again
  macpool.hyperv.vm_network_adapter:
    adapters:
      - vm: test01
        dynamic: true
"""

RETURN = r"""
adapters:
  description: The adapters, in the order of O(adapters), without those of VMs that are not on this host.
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
      sample: eth0
    adapter_id:
      description: The id of the adapter.
      type: str
      sample: Microsoft:6F1D6C1E-8A38-4E0D-9A53-3D8F1B9D2A10\0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D
    owner:
      description: The owner in the ledger.
      type: str
      sample: web01/eth0
    pool:
      description: The pool that the request named, if any.
      type: str
      sample: tenant
    port_profile:
      description: The port profile that binds the adapter to an interface of the Network Controller, as in
        RV(macpool.hyperv.vm_port_profile#module:adapters[].before). V(null) if it has none.
      type: dict
      sample:
        profile_id: "{0b1c2d3e-0000-4000-8000-000000000001}"
        profile_data: 1
    mac_address:
      description: The address of the adapter, or the one that it would have, 12 upper-case hexadecimal digits. V(null) if it became
        dynamic, because Hyper-V may change the address when the VM starts.
      type: str
      sample: 221DD8000100
    dynamic:
      description: Whether Hyper-V chooses the address.
      type: bool
    status:
      description:
        - V(unchanged), V(changed) or V(pending). If the task failed, also V(refused) or V(failed).
      type: str
      sample: changed
    reason:
      description: Why it is pending, or what went wrong. V(restart) if the VM was restarted for it. Otherwise empty.
      type: str
    before:
      description: C(mac_address) and C(dynamic) before the task.
      type: dict
      sample:
        mac_address: "000000000000"
        dynamic: true
    after:
      description: C(mac_address) and C(dynamic) that were read back, or that would be set.
      type: dict
      sample:
        mac_address: 221DD8000100
        dynamic: false
pending:
  description: How many adapters are pending.
  returned: success
  type: int
missing:
  description: The VMs that are not on this host.
  returned: success
  type: list
  elements: str
recovered:
  description: The ids of VMs that an earlier run shut down and left off, and that this run started again.
  returned: success
  type: list
  elements: str
errors:
  description: What is wrong, in parts that a machine can read, as M(macpool.hyperv.plan_info) describes it.
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import VM_NETWORK_ADAPTER
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(VM_NETWORK_ADAPTER)


if __name__ == "__main__":
    main()
