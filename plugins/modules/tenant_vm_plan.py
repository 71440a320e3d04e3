#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_vm_plan
short_description: Decide what becomes of tenant VMs (internal)
description:
  - B(For internal use by the role) P(macpool.hyperv.mac_tenant_vm#role). Options and results may change from one release to the next.
  - It writes nothing. It compares the list of tenant VMs with what the hosts, the Network Controller and the ledger say, refuses what
    would be taken from another VM, and tells the next task of the role what to do.
options:
  step:
    description:
      - V(decide) makes the plan. V(bind) and V(release) tell what follows from the results of the steps before. V(show) returns the lines
        at the end.
    type: str
    choices: [decide, bind, release, show]
    required: true
  state:
    description: The wanted state of all VMs.
    type: str
    choices: [present, absent]
    default: present
  start:
    description: Whether VMs are started at the end.
    type: bool
    default: true
  stop:
    description: Whether running VMs may be shut down.
    type: bool
    default: false
  remove:
    description: Whether the VMs are removed.
    type: bool
    default: false
  unread_hosts:
    description: What to do with entries whose VM, interface or claim exists while hosts were not read.
    type: str
    choices: [refuse, allow]
    default: refuse
  wanted:
    description: The tenant VMs, as the role takes them. Required with O(step=decide).
    type: list
    elements: dict
    suboptions:
      host:
        description: As in the role.
        type: str
        required: true
      adapter_name:
        description: As in the role.
        type: str
      generation:
        description: As in the role.
        type: int
        choices: [1, 2]
        default: 2
      memory:
        description: As in the role.
        type: str
      path:
        description: As in the role.
        type: str
      vhd_path:
        description: As in the role.
        type: str
      switch:
        description: As in the role.
        type: str
      clustered:
        description: As in the role.
        type: bool
        default: true
      role_name:
        description: As in the role.
        type: str
      adapters:
        description: Several adapters of an existing VM.
        type: list
        elements: dict
        suboptions: &adapter
          name:
            description: The name of the VM, or of the adapter.
            type: str
            required: true
          interface:
            description: As in the role.
            type: str
          owner:
            description: As in the role.
            type: str
          keep_address:
            description: Keep the address that the adapter of an existing VM has.
            type: bool
            default: false
          profile_data:
            description: As in the role.
            type: int
            choices: [1, 2, 6]
          pool:
            description: As in the role.
            type: str
          mac_address:
            description: As in the role.
            type: raw
          dynamic:
            description: As in the role.
            type: bool
            default: false
          dns_servers:
            description: As in the role.
            type: list
            elements: str
          ip_configurations:
            description: As in the role.
            type: list
            elements: dict
            suboptions:
              name:
                description: The name of the VM, or of the adapter.
                type: str
                required: true
              ip_address:
                description: As in the role.
                type: str
              allocation:
                description: As in the role.
                type: str
                choices: [static, dynamic, unmanaged]
              subnet:
                description: As in the role.
                type: str
              access_control_list:
                description: As in the role.
                type: str
          port_settings:
            description: As in the role.
            type: dict
            suboptions:
              mac_spoofing:
                description: As in the role.
                type: bool
              arp_guard:
                description: As in the role.
                type: bool
              dhcp_guard:
                description: As in the role.
                type: bool
              storm_limit:
                description: As in the role.
                type: int
              port_flow_limit:
                description: As in the role.
                type: int
              vmq_weight:
                description: As in the role.
                type: int
              iov_weight:
                description: As in the role.
                type: int
              iov_interrupt_moderation:
                description: As in the role.
                type: str
              iov_queue_pairs:
                description: As in the role.
                type: int
          change_protected:
            description: Whether a protected interface may be changed.
            type: bool
            default: false
      # An entry with one adapter has its options.
      <<: *adapter
  host_results:
    description:
      - What M(macpool.hyperv.host_info) returned for each host, by its name in the inventory. Required with O(step=decide).
    type: dict
  listed:
    description:
      - All interfaces, as M(macpool.hyperv.nc_network_interface_info) returned them. Required with O(step=decide).
    type: list
    elements: dict
  rows:
    description: RV(rows) of the plan.
    type: list
    elements: dict
    default: []
  made:
    description: What M(macpool.hyperv.nc_network_interface) returned.
    type: list
    elements: dict
    default: []
  results:
    description: What the hosts returned of the VMs.
    type: list
    elements: dict
    default: []
  claims:
    description: What M(macpool.hyperv.allocation) returned.
    type: list
    elements: dict
    default: []
seealso:
  - module: macpool.hyperv.nc_network_interface
  - module: macpool.hyperv.vm
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.info
  - macpool.hyperv._ledger
"""

EXAMPLES = r"""
- name: Observe the host
  macpool.hyperv.host_info:
    gather: [vms, port_profiles, cluster, cluster_groups]
  register: observed

- name: Read all interfaces
  macpool.hyperv.nc_network_interface_info:
    url: https://nc.example.com
  register: listed
  delegate_to: localhost
  run_once: true

- name: Decide what becomes of the tenant VMs
  macpool.hyperv.tenant_vm_plan:
    step: decide
    wanted:
      - {name: web01, host: hv1, memory: 4GB, switch: tenant, pool: tenant}
    host_results: "{{ dict(ansible_play_hosts_all | zip(ansible_play_hosts_all | map('extract', hostvars, 'observed'))) }}"
    listed: "{{ listed.interfaces }}"
  register: planned
  run_once: true
"""

RETURN = r"""
rows:
  description: One row for each adapter, with the ids that were found.
  returned: with O(step=decide)
  type: list
  elements: dict
  sample: []
interfaces:
  description: What M(macpool.hyperv.nc_network_interface) is asked. Empty if every interface is as wanted.
  returned: with O(step=decide)
  type: list
  elements: dict
  sample: []
settled:
  description: Whether every adapter, interface and claim is as wanted already.
  returned: with O(step=decide)
  type: bool
  sample: true
hosts:
  description: What the tasks of each host are asked, by the name of the host in the inventory.
  returned: with O(step=decide) and O(step=bind)
  type: dict
  sample: {}
releases:
  description: The claims to release, each group with C(gone) and C(claims).
  returned: with O(step=release)
  type: list
  elements: dict
  sample: []
shown:
  description: One line for each adapter.
  returned: with O(step=show)
  type: list
  elements: str
  sample: ["web01: 22-1D-D8-00-74-E9, interface web01_Eth1 unchanged, on hv1 Running, configuration_state Success"]
errors:
  description: What is wrong, as M(macpool.hyperv.plan_info) describes it.
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.network_controller import TENANT_VM_PLAN
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    """Say that the task runs on the controller."""
    run_as_action(TENANT_VM_PLAN)


if __name__ == "__main__":
    main()
