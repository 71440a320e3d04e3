#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm
short_description: Create, start, stop and remove tenant VMs
description:
  - Creates VMs with one network adapter and, if wanted, a cluster role, any number on one host in one call. Starts
    them, shuts them down, and removes them.
  - It never changes the settings of an existing VM. If they differ from the wanted ones, RV(vms[].differences) lists the
    differences.
  - A new VM is off and its adapter is dynamic, without an address. Give it a static address with
    M(macpool.hyperv.vm_network_adapter) before the first start, so that the ledger has promised it. For this reason this task
    has no option for an address.
  - Errors of the request are found before anything is changed, and all of them are reported together.
options:
  vms:
    description: The VMs.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the VM. Letter case does not matter. Two VMs with this name on the host are an error.
        type: str
        required: true
      host:
        description:
          - The host on which the VM is created, by its Windows name or its inventory name. In a play over several hosts
            the other hosts ignore the VM, unless they already have it.
          - Without it, each host of the play that does not have the VM creates one. Name the host, or run the task on one
            host.
        type: str
      generation:
        description: The generation of a new VM.
        type: int
        choices: [1, 2]
        default: 2
      memory:
        description:
          - The startup memory of a new VM, such as V(4GB) or V(512MB), with units of 1024, or as a number of bytes.
            Required if the VM does not exist yet.
          - Not compared with an existing VM.
        type: str
      path:
        description:
          - The folder on the host for the files of a new VM. For a clustered VM it must be on shared storage. The default is
            that of the host.
          - Not compared with an existing VM.
        type: str
      vhd_path:
        description:
          - An existing virtual disk for a new VM. Without it the VM has no disk.
          - Not compared with an existing VM.
        type: str
      switch:
        description: The virtual switch to which the adapter of a new VM is connected. Without it the adapter is not
          connected.
        type: str
      adapter_name:
        description: The name of the adapter of a new VM.
        type: str
        default: Network Adapter
      clustered:
        description:
          - Whether the VM must be a role of the host's failover cluster. V(false) does not remove a VM from the cluster.
          - The role is added before the VM is started. It may need CredSSP or C(become).
        type: bool
        default: false
      role_name:
        description: The name of the cluster role. The default is the name of the VM.
        type: str
  state:
    description:
      - V(present) creates what is missing, and does not start or stop VMs.
      - V(started) also starts VMs that are off. A VM that is neither off nor running is an error.
      - V(stopped) shuts VMs down through their guests. It creates nothing. A saved VM is an error, because its state would
        be lost.
      - V(absent) removes VMs that are off, with their cluster roles. B(The virtual disks stay). The claim in the
        ledger and the interface of the Network Controller stay too.
    type: str
    choices: [present, started, stopped, absent]
    default: present
  when_missing:
    description:
      - What to do with a VM that is not on this host. V(create) creates it, unless its cluster has it on another node.
      - V(skip) ignores it and lists it in RV(missing). Use it in plays over all hosts of a cluster, in which each host handles
        the VMs that it has at that time.
    type: str
    choices: [create, skip]
    default: create
  stop:
    description: With O(state=absent), shut running VMs down first. Otherwise a running VM is an error.
    type: bool
    default: false
  shutdown_timeout:
    description: How many seconds to wait for a guest to shut down, from 0 to 86400.
    type: int
    default: 300
  force_off:
    description: Turn a VM off if its guest does not shut down in time or cannot be asked. The guest loses unsaved data.
    type: bool
    default: false
attributes:
  check_mode:
    details: The host checks every expectation and changes nothing. The ids of a VM that would be created, and the address of a
      dynamic adapter after a start, are unknown and therefore C(null).
notes:
  - A VM that the cluster has on another node is not created again. The task recognises it by the name of its cluster role, which must be
    the name of the VM, O(vms[].role_name), or the name that Virtual Machine Manager derives from it. A VM of another host that is
    not clustered cannot be seen from here.
  - A replica counts as an existing VM, and is never changed.
  - If a VM was created only in part, or the connection was lost, run the task again. It continues from the current state.
  - A clustered VM is stopped by shutting its guest down and never through the cluster, because the cluster would save it instead.
  - 'To undo: use O(state=absent) for what was created. A removed VM can be created again with its virtual disk as
    O(vms[].vhd_path). It then has another id.'
seealso:
  - module: macpool.hyperv.vm_network_adapter
  - module: macpool.hyperv.vm_port_profile
  - module: macpool.hyperv.host_info
  - ref: ansible_collections.macpool.hyperv.docsite.guide_operations
    description: Running VMs, lost connections and required rights, step by step.
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._attributes.host
  - macpool.hyperv._attributes.actiongroup_host
"""

EXAMPLES = r"""
- name: Create two VMs on this host, off and without an address
  macpool.hyperv.vm:
    vms:
      - name: web01
        memory: 4GB
        switch: tenant
        path: C:\ClusterStorage\Volume1\VMs
        vhd_path: C:\ClusterStorage\Volume1\VMs\web01.vhdx
      - name: web02
        generation: 1
        memory: 512MB
        switch: tenant
        adapter_name: eth0

- name: Give them static addresses before they run for the first time
  macpool.hyperv.vm_network_adapter:
    adapters:
      - vm: web01
        pool: tenant
      - vm: web02
        pool: tenant

- name: Make them cluster roles and start them
  macpool.hyperv.vm:
    vms:
      - name: web01
        clustered: true
      - name: web02
        clustered: true
        role_name: web02-tenant-a
        adapter_name: eth0
        generation: 1
    state: started

- name: Let each host of the cluster create the VMs that are meant for it
  macpool.hyperv.vm:
    vms: "{{ tenant_vms }}"
  register: created

- name: Show differences between existing VMs and the list
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.differences }}"
  loop: "{{ created.vms | selectattr('differences') }}"

- name: Shut a VM down wherever it runs
  macpool.hyperv.vm:
    vms:
      - name: web01
    state: stopped
    when_missing: skip

- name: Remove it with its cluster role and keep its virtual disk
  macpool.hyperv.vm:
    vms:
      - name: web01
    state: absent
    stop: true
    when_missing: skip
"""

RETURN = r"""
vms:
  description: The VMs, in the order of O(vms), without those in RV(missing).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the VM.
      type: str
      sample: web01
    vm_id:
      description: The id of the VM. V(null) for a VM that does not exist, or would be created.
      type: str
      sample: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
    adapter_id:
      description: The id of the adapter with the name O(vms[].adapter_name), or of the only adapter. V(null) if it does not exist.
      type: str
      sample: Microsoft:6F1D6C1E-8A38-4E0D-9A53-3D8F1B9D2A10\0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D
    adapter_name:
      description: The name of this adapter.
      type: str
      sample: Network Adapter
    host:
      description: The host that has the VM, or had it.
      type: str
      sample: hv1
    state:
      description: The power state of the VM, as Hyper-V names it. V(null) for a VM that is not on this host.
      type: str
      sample: 'Off'
    clustered:
      description: Whether the VM is a role of the cluster.
      type: bool
    mac_address:
      description: The address of the adapter, 12 upper-case hexadecimal digits. Zeros if the VM never started.
      type: str
      sample: "000000000000"
    dynamic:
      description: Whether Hyper-V chooses the address.
      type: bool
    port_profile:
      description: The port profile of the adapter, as in RV(macpool.hyperv.vm_port_profile#module:adapters[].before). V(null) if it has none.
      type: dict
      sample:
        profile_id: "{0b1c2d3e-0000-4000-8000-000000000001}"
        profile_data: 1
    status:
      description:
        - V(unchanged), V(created), V(changed) (its role or power), V(removed), or V(elsewhere) when the cluster has it on
          another node. If the task failed, also V(refused) or V(failed).
      type: str
      sample: created
    reason:
      description: What went wrong, or why nothing was done. Otherwise empty.
      type: str
    differences:
      description: Settings of the VM that differ from the wanted ones - V(generation), V(switch) or V(adapter_name). They are not changed.
      type: list
      elements: dict
      sample:
        - key: generation
          wanted: 2
          found: 1
missing:
  description: The VMs that are not on this host and that this host does not have to create.
  returned: success
  type: list
  elements: str
errors:
  description: What is wrong, in parts that a machine can read, as M(macpool.hyperv.plan_info) describes it.
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import VM
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(VM)


if __name__ == "__main__":
    main()
