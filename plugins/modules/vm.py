#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm
short_description: Create, start, stop and remove tenant VMs
description:
  - Creates VMs with one network adapter and, where wanted, a cluster role, any number on one host in one call. Starts
    them, shuts them down, and removes them.
  - It is create-only - a VM that is there is never changed otherwise. What it has of another kind than was wanted is
    returned in RV(vms[].differences).
  - A new VM is off and its adapter dynamic, without an address. Give it a static one with
    M(macpool.hyperv.vm_network_adapter) before the first start, so that the ledger has promised it. That is why this task
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
        description: The name of the VM. Letter case does not count. Two VMs of this name on the host are an error.
        type: str
        required: true
      host:
        description:
          - The host on which the VM is created, by its own name or its name in the inventory. In a play over several hosts
            the others leave the VM out, unless they have it already.
          - Without it, each host of the play that does not find the VM creates one. Name the host, or run the task on one
            host.
        type: str
      generation:
        description: The generation of a new VM.
        type: int
        choices: [1, 2]
        default: 2
      memory:
        description:
          - The memory of a new VM at its start, such as V(4GB) or V(512MB), with units of 1024, or as a number of bytes.
            Needed when the VM is not there yet.
          - Not compared with a VM that is there.
        type: str
      path:
        description:
          - The folder on the host for the files of a new VM. For a clustered VM it must be on shared storage. The default is
            that of the host.
          - Not compared with a VM that is there.
        type: str
      vhd_path:
        description:
          - A virtual disk that is there already, which a new VM gets. Without it the VM has no disk.
          - Not compared with a VM that is there.
        type: str
      switch:
        description: The virtual switch to which the adapter of a new VM is connected. Without it the adapter is connected to
          none.
        type: str
      adapter_name:
        description: The name of the adapter of a new VM.
        type: str
        default: Network Adapter
      clustered:
        description:
          - Whether the VM must be a role of the host's failover cluster. V(false) takes no VM out of the cluster.
          - The role is added before the VM is started. It may need CredSSP or C(become).
        type: bool
        default: false
      role_name:
        description: The name of the cluster role. The default is the name of the VM.
        type: str
  state:
    description:
      - V(present) creates what is missing, and leaves the power alone.
      - V(started) also starts VMs that are off. A VM that is neither off nor running is an error.
      - V(stopped) shuts VMs down through their guests. It creates nothing. A saved VM is an error, because its state would
        have to be discarded.
      - V(absent) removes VMs that are off, with their cluster roles. B(The virtual disks stay), and so do the claim in the
        ledger and the interface of the Network Controller.
    type: str
    choices: [present, started, stopped, absent]
    default: present
  when_missing:
    description:
      - What to do with a VM that is not on this host. V(create) creates it, unless its cluster has it elsewhere.
      - V(skip) leaves it out and lists it in RV(missing), for plays over all hosts of a cluster, in which each host deals
        with the VMs that it has at that time.
    type: str
    choices: [create, skip]
    default: create
  stop:
    description: With O(state=absent), shut VMs that run down first. Otherwise they are an error.
    type: bool
    default: false
  shutdown_timeout:
    description: How many seconds to wait for a guest to shut down.
    type: int
    default: 300
  force_off:
    description:
      - Turn a VM off when its guest does not shut down in time or cannot be asked. The guest loses what it has not written.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    details:
      - The host is asked to check every expectation and touch nothing. The ids of a VM that would be created, and the address
        of a dynamic adapter after a start, are not known and C(null).
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - A VM that the cluster has on another node is not created again. It is known by the name of its role there, which must be
    the name of the VM, O(vms[].role_name), or what Virtual Machine Manager makes of the name. A VM of another host that is
    not clustered cannot be seen from here.
  - A replica counts as a VM that is there, and is never touched.
  - When a VM was created by halves or the connection broke, run the task again. It goes on from what is there.
  - A clustered VM is stopped by shutting its guest down, never through the cluster, which would save it instead.
  - 'To undo: O(state=absent) for what was created. A VM that was removed can be created again with its virtual disk as
    O(vms[].vhd_path), and has another id then.'
seealso:
  - module: macpool.hyperv.vm_network_adapter
  - module: macpool.hyperv.vm_port_profile
  - module: macpool.hyperv.host_info
  - ref: ansible_collections.macpool.hyperv.docsite.guide_operations
    description: Running VMs, lost connections, needed rights, step by step.
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.host
  - macpool.hyperv._attributes.actiongroup_host
author:
  - the macpool.hyperv contributors (@macpool)
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

- name: Show what is otherwise than wanted
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
      description: The id of the VM. V(null) for one that is nowhere, or would be created.
      type: str
      sample: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
    adapter_id:
      description: The id of the adapter of the name O(vms[].adapter_name), or of the only one. V(null) when there is none.
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
      description: The power state of the VM, as Hyper-V names it. V(null) for one that is not on this host.
      type: str
      sample: 'Off'
    clustered:
      description: Whether the VM is a role of the cluster.
      type: bool
      sample: true
    mac_address:
      description: The address of the adapter, 12 upper-case hexadecimal digits. Zeros for one that never started.
      type: str
      sample: "000000000000"
    dynamic:
      description: Whether Hyper-V gives the address.
      type: bool
      sample: true
    port_profile:
      description: The port profile of the adapter. V(null) for none.
      type: dict
      contains:
        profile_id:
          description: The instance id of the interface, in braces.
          type: str
          sample: "{0b1c2d3e-0000-4000-8000-000000000001}"
        profile_data:
          description: What the profile says about the Virtual Filtering Platform.
          type: int
          sample: 1
    status:
      description:
        - V(unchanged), V(created), V(changed) (its role or power), V(removed), or V(elsewhere) when the cluster has it on
          another node. When the task failed, also V(refused), V(failed) or V(skipped).
      type: str
      sample: created
    reason:
      description: What went wrong, or why nothing was done. Empty otherwise.
      type: str
      sample: ""
    differences:
      description: What the VM has otherwise than wanted, and keeps.
      type: list
      elements: dict
      contains:
        key:
          description: V(generation), V(switch) or V(adapter_name).
          type: str
          sample: generation
        wanted:
          description: What was wanted.
          type: raw
          sample: 2
        found:
          description: What is there.
          type: raw
          sample: 1
missing:
  description: The VMs that are not on this host and not for it to create.
  returned: success
  type: list
  elements: str
  sample: []
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
  sample:
    - subject: VM "web01" on host "hv1"
      wanted: a VM that is Off
      found: one that is Running
      remedy: "Shut it down, or set stop: true."
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import VM
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    """Say that the task runs on the controller."""
    run_as_action(VM)


if __name__ == "__main__":
    main()
