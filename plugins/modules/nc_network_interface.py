#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nc_network_interface
short_description: Make, change or remove network interfaces of the Network Controller
description:
  - Brings any number of interfaces to what is wanted - lists all of them once, decides, claims in the ledger, writes what differs,
    waits for the outcome, reads back.
  - The MAC address comes from a pool of the plan, is given, or is chosen by the Network Controller (O(interfaces[].dynamic)). A
    dynamic interface is waited for until it has its address.
  - What an entry does not name is left as it is. Addresses, references and words are compared by meaning, not by spelling.
  - With O(observations) it keeps interfaces in step with the adapters that are bound to them, as role
    P(macpool.hyperv.mac_interfaces#role) does.
options:
  interfaces:
    description:
      - The interfaces. Errors of the request are found before anything is changed, and all of them are reported together.
    type: list
    elements: dict
    suboptions:
      name:
        description: The resource id. Letter case does not count. Give this or O(interfaces[].instance_id).
        type: str
      instance_id:
        description: The instance id of an interface that exists, with or without braces, as a port profile has it.
        type: str
      mac_address:
        description:
          - This static address, in any notation. Quote it. With O(interfaces[].owner), the ledger must have promised it to that
            owner. One that another interface has is refused, which the Network Controller itself would accept.
        type: raw
      pool:
        description:
          - A static address of this pool of the plan, or of V(host/) and the name of a host, claimed for O(interfaces[].owner).
        type: str
      dynamic:
        description:
          - Let the Network Controller choose the address of a new interface, from its own MAC pools. It never takes an address
            back, also not when the interface is removed.
          - With O(interfaces[].owner), the address is claimed in the ledger for that owner as it was given.
          - An interface that exists and is static is refused.
        type: bool
        default: false
      owner:
        description:
          - Who the address is promised to in the ledger, such as V(web01/Network Adapter), the name of the VM, a slash, and the
            name of the adapter. Required with O(interfaces[].pool). Without it the ledger is not asked.
        type: str
      primary:
        description: Whether it is the primary interface of its VM. A new one is, unless this says otherwise.
        type: bool
      dns_servers:
        description: Its DNS servers, in this order. An empty list removes them.
        type: list
        elements: str
      ip_configurations:
        description:
          - IP configurations that it shall have. A new interface needs at least one. Others that it has stay, unless
            O(interfaces[].purge_ip_configurations) says otherwise.
        type: list
        elements: dict
        suboptions:
          name:
            description: The resource id of the IP configuration.
            type: str
            required: true
          ip_address:
            description: The address, without prefix length.
            type: str
          allocation:
            description:
              - How it gets its address. V(unmanaged) is for logical networks whose addresses come from elsewhere. The default is
                V(static) with O(interfaces[].ip_configurations[].ip_address).
            type: str
            choices: [static, dynamic, unmanaged]
          subnet:
            description:
              - The subnet, as V(/virtualNetworks/NAME/subnets/NAME) or V(/logicalNetworks/NAME/subnets/NAME). Required for a
                new IP configuration.
            type: str
          access_control_list:
            description: The access control list, as V(/accessControlLists/NAME).
            type: str
      purge_ip_configurations:
        description: Whether IP configurations that are not in O(interfaces[].ip_configurations) are removed.
        type: bool
        default: false
      port_settings:
        description: Settings of the port. What is not named stays as it is.
        type: dict
        suboptions:
          mac_spoofing:
            description: Whether the VM may send with other MAC addresses.
            type: bool
          arp_guard:
            description: Whether ARP guard is on.
            type: bool
          dhcp_guard:
            description: Whether DHCP guard is on.
            type: bool
          storm_limit:
            description: Broadcast, multicast and unknown unicast packets a second; V(0) for no limit.
            type: int
          port_flow_limit:
            description: How many flows the port may have; V(0) for no limit.
            type: int
          vmq_weight:
            description: Weight for virtual machine queues, V(0) to V(100).
            type: int
          iov_weight:
            description: Weight for SR-IOV, V(0) to V(100).
            type: int
          iov_interrupt_moderation:
            description: Interrupt moderation of SR-IOV, in the words of the Network Controller.
            type: str
          iov_queue_pairs:
            description: Requested queue pairs of SR-IOV.
            type: int
  observations:
    description:
      - Observations of hosts, as M(macpool.hyperv.host_info) returns them with C(vms) and C(port_profiles). In place of O(interfaces),
        and not with O(state=absent).
      - Each interface to which a static adapter is bound gets the address of that adapter. Adapters that are dynamic, carry no
        address, share an interface, or whose port profile was not read are left out and listed in RV(left_out), each with the reason.
    type: list
    elements: dict
  state:
    description:
      - V(present) makes or changes, V(absent) removes the interfaces. A VM that is bound to a removed interface has no network.
        Claims stay in the ledger until they are released (M(macpool.hyperv.allocation)).
    type: str
    choices: [present, absent]
    default: present
  parallel:
    description: How many interfaces are written at the same time.
    type: int
    default: 4
  reserve_for:
    description:
      - How long a new claim is kept until the owner is seen with the address, as a number and one of V(s), V(m), V(h), V(d) or
        V(w), or as seconds.
    type: str
    default: 4h
attributes:
  check_mode:
    support: full
    details:
      - The addresses that would be claimed are returned, and not claimed. An address that the Network Controller is going to choose
        is V(null).
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - When the answer to a write is lost, the interface is read again before anything else is done. Nothing is made twice.
  - More than 100 interfaces are checked all together first, then written 100 at a time, and after each hundred a line says how far
    the task is.
  - A change of somebody else between reading and writing (412) leads to one more reading and a new decision, then to an error.
  - 'To undo: run it again with what RV(interfaces[].before) says. An interface that was made: O(state=absent), then release its claim.'
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_network_controller
    description: Logging on, what is refused and why, what each step prints.
  - module: macpool.hyperv.nc_network_interface_info
  - module: macpool.hyperv.nc_mac_pool
  - module: macpool.hyperv.vm_port_profile
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._network_controller.action
  - macpool.hyperv._attributes.actiongroup_network_controller
  - macpool.hyperv._network_controller
  - macpool.hyperv._ledger
author:
  - the macpool.hyperv contributors (@macpool)
"""

EXAMPLES = r"""
- name: Work on the Network Controller
  delegate_to: localhost
  run_once: true
  module_defaults:
    group/macpool.hyperv.network_controller:
      url: https://nc.example.com
      client_cert: /etc/macpool/client.pem
      ca_path: /etc/macpool/nc-ca.pem
  block:
    - name: Make interfaces with addresses that the ledger gives their adapters
      macpool.hyperv.nc_network_interface:
        interfaces:
          - name: web01_eth0
            owner: web01/Network Adapter
            pool: tenant
            dns_servers: [192.0.2.53]
            ip_configurations:
              - name: ip1
                ip_address: 192.0.2.5
                subnet: /virtualNetworks/tenant/subnets/web

    - name: Let the Network Controller choose, and have the address in the ledger
      macpool.hyperv.nc_network_interface:
        interfaces:
          - name: web02_eth0
            owner: web02/Network Adapter
            dynamic: true
            ip_configurations:
              - name: ip1
                ip_address: 192.0.2.6
                subnet: /virtualNetworks/tenant/subnets/web
      register: made

    - name: Show its address
      ansible.builtin.debug:
        msg: "{{ made.interfaces[0].formats.dash }}"

    - name: Guard an interface that exists
      macpool.hyperv.nc_network_interface:
        interfaces:
          - name: web01_eth0
            port_settings:
              dhcp_guard: true

    - name: Remove an interface
      macpool.hyperv.nc_network_interface:
        state: absent
        interfaces:
          - name: web02_eth0
"""

RETURN = r"""
interfaces:
  description: The interfaces, in the order of O(interfaces).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The resource id.
      type: str
      sample: web01_eth0
    instance_id:
      description: The id that the Network Controller gave it, to which a VM's adapter is bound. V(null) for one that would be made.
      type: str
      sample: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
    mac_address:
      description: Its MAC address, 12 upper-case hexadecimal digits. V(null) while it has none.
      type: str
      sample: 221DD8000100
    formats:
      description: The address in every format, by its name. V(null) while it has none.
      type: dict
      sample:
        hyperv: 221DD8000100
        dash: 22-1D-D8-00-01-00
        colon: 22:1D:D8:00:01:00
        dot: 221d.d800.0100
        linux: 22:1d:d8:00:01:00
    allocation:
      description: V(static), or V(dynamic) where the Network Controller chose the address.
      type: str
      sample: static
    provisioning_state:
      description: What the Network Controller says of the resource.
      type: str
      sample: Succeeded
    configuration_state:
      description:
        - RV(ignore:status) says whether the hosts have the policy, RV(ignore:problems) what is wrong in words. Anything but
          V(Success) is to be expected before a VM is bound to it and runs.
      type: dict
      sample:
        status: Success
        problems: []
    primary:
      description: Whether it is the primary interface of its VM.
      type: bool
      sample: true
    host_interface:
      description: Whether it belongs to a host and not to a VM.
      type: bool
      sample: false
    ip_configurations:
      description: Each with C(name), C(ip_address), C(allocation), C(subnet) and C(access_control_list).
      type: list
      elements: dict
      sample:
        - name: ip1
          ip_address: 192.0.2.5
          allocation: static
          subnet: /virtualNetworks/tenant/subnets/web
          access_control_list:
    dns_servers:
      description: Its DNS servers.
      type: list
      elements: str
      sample: [192.0.2.53]
    port_settings:
      description: Its port settings as the Network Controller spells their values, by the names of the options.
      type: dict
      sample:
        mac_spoofing: Disabled
    server:
      description: The host that runs its VM, as the Network Controller names it.
      type: str
      sample: /servers/hv1
    etag:
      description: The version of the resource.
      type: str
      sample: W/"5d3c1f3a-0c55-4d26-9b0e-1e2f3a4b5c6d"
    owner:
      description: Who the address is promised to in the ledger. V(null) where the ledger was not asked.
      type: str
      sample: web01/Network Adapter
    status:
      description: V(unchanged), V(created), V(changed) or V(removed). When the task failed, also V(failed).
      type: str
      sample: created
    reason:
      description: What went wrong.
      type: str
      returned: when it failed
      sample: ""
    before:
      description: The managed keys as they were found. Empty for an interface that was not there.
      type: dict
      sample: {}
    after:
      description: The managed keys as they were read back, or would be.
      type: dict
      sample:
        mac_address: 221DD8000100
        allocation: static
left_out:
  description: The adapters of O(observations) that were left out, each with C(vm), C(name), C(host) and C(reason).
  returned: with O(observations)
  type: list
  elements: dict
  sample:
    - vm: web07
      name: eth0
      host: hv2
      reason: its address is dynamic, and the SDN needs a static one
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
  sample:
    - subject: interface "web03_eth0" of the Network Controller
      wanted: the address 22-1D-D8-00-01-02
      found: that interface "old03" has it (the Network Controller itself would not notice)
      remedy: Give one of the two another address.
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._nc_module import Result, run
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_reconcile import absent, ensure, read, report
from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import Client
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.network_controller import NC_NETWORK_INTERFACE


def work(client: Client, options: Mapping[str, Any], preview: bool) -> Result:
    """Bring the interfaces into the wanted state."""
    change = absent if options["state"] == "absent" else ensure
    return report(change(client, read(options), options["managed_by"], options["parallel"], preview))


def main() -> None:
    """Run the module."""
    run(NC_NETWORK_INTERFACE, work)


if __name__ == "__main__":
    main()
