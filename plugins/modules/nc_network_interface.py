#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nc_network_interface
short_description: Create, change or remove network interfaces of the Network Controller
description:
  - Brings any number of interfaces to the wanted state - reads all of them once, decides, claims in the ledger, writes the differences,
    waits for the result, and reads back.
  - The MAC address comes from a pool of the plan, is given, or is chosen by the Network Controller (O(interfaces[].dynamic)). The task
    waits until a dynamic interface has its address.
  - Settings that an entry does not name do not change. Addresses, references and words are compared by meaning, not by spelling.
  - With O(observations) it keeps interfaces in sync with the adapters that are bound to them, like the role
    P(macpool.hyperv.mac_interfaces#role).
options:
  interfaces:
    description: The interfaces. Errors of the request are found before anything is changed, and all of them are reported together.
    type: list
    elements: dict
    suboptions:
      name:
        description: The resource id. Letter case does not matter. Give this or O(interfaces[].instance_id).
        type: str
      instance_id:
        description: The instance id of an existing interface, with or without braces, as in a port profile.
        type: str
      mac_address:
        description: This static address, in any notation. Quote it. With O(interfaces[].owner), the ledger must have promised it to
          that owner. The task refuses an address that another interface has; the Network Controller itself would accept it.
        type: raw
      pool:
        description:
          - A static address of this pool of the plan, or of V(host/) and the name of a host, claimed for O(interfaces[].owner).
        type: str
      dynamic:
        description:
          - Let the Network Controller choose the address of a new interface from its own MAC pools. It never takes an address
            back, not even if the interface is removed.
          - With O(interfaces[].owner), the ledger claims the chosen address for that owner.
          - An existing static interface is refused.
        type: bool
        default: false
      owner:
        description: The owner in the ledger, for example V(web01/Network Adapter) - the name of the VM, a slash, and the name of
          the adapter. Required with O(interfaces[].pool). Without it the ledger is not used.
        type: str
      adopt:
        description:
          - Claim O(interfaces[].mac_address) for O(interfaces[].owner) as it is, because the adapter of the owner already has this address,
            wherever it lies. Otherwise the ledger must already have promised it.
        type: bool
        default: false
      primary:
        description: Whether it is the primary interface of its VM. A new interface is primary unless this is V(false).
        type: bool
      dns_servers:
        description: Its DNS servers, in this order. An empty list removes them.
        type: list
        elements: str
      ip_configurations:
        description: The wanted IP configurations. A new interface needs at least one. Other existing ones stay, unless
          O(interfaces[].purge_ip_configurations) is V(true).
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
            description: How it gets its address. V(unmanaged) is for logical networks with addresses from another source. The
              default is V(static) with O(interfaces[].ip_configurations[].ip_address).
            type: str
            choices: [static, dynamic, unmanaged]
          subnet:
            description: The subnet, as V(/virtualNetworks/NAME/subnets/NAME) or V(/logicalNetworks/NAME/subnets/NAME). Required for
              a new IP configuration.
            type: str
          access_control_list:
            description: The access control list, as V(/accessControlLists/NAME).
            type: str
      purge_ip_configurations:
        description: Whether IP configurations that are not in O(interfaces[].ip_configurations) are removed.
        type: bool
        default: false
      port_settings:
        description: Settings of the port. Settings that are not named do not change.
        type: dict
        suboptions:
          mac_spoofing:
            description: Whether the VM may send from other MAC addresses.
            type: bool
          arp_guard:
            description: Whether ARP guard is on.
            type: bool
          dhcp_guard:
            description: Whether DHCP guard is on.
            type: bool
          storm_limit:
            description: Broadcast, multicast and unknown unicast packets per second, from 0 to 4294967295; V(0) for no limit.
            type: int
          port_flow_limit:
            description: How many flows the port may have, from 0 to 4294967295; V(0) for no limit.
            type: int
          vmq_weight:
            description: Weight for virtual machine queues, from 0 to 100.
            type: int
          iov_weight:
            description: Weight for SR-IOV, from 0 to 100.
            type: int
          iov_interrupt_moderation:
            description: Interrupt moderation of SR-IOV, in the words of the Network Controller.
            type: str
          iov_queue_pairs:
            description: Requested queue pairs of SR-IOV, from 0 to 4294967295.
            type: int
      change_protected:
        description:
          - Whether to change or remove this interface even if it is not a tenant's - it belongs to a gateway, a load balancer
            multiplexer or a host, or its C(resourceMetadata) names another manager. Without it, such an interface is refused
            before anything is written. RV(interfaces[].protected) shows the reason.
        type: bool
        default: false
  observations:
    description:
      - Observations of hosts, as M(macpool.hyperv.host_info) returns them with C(vms) and C(port_profiles). Use it instead of
        O(interfaces), and not with O(state=absent).
      - Each interface to which a static adapter is bound gets the address of that adapter. Adapters that are dynamic, have no
        address, share an interface, or whose port profile was not read are listed in RV(left_out), each with the reason.
    type: list
    elements: dict
  observations_dir:
    description:
      - A directory with saved observations of hosts, as M(macpool.hyperv.host_info) and the playbook C(macpool.hyperv.observe) save them.
        The task contacts no host. With this option it refuses to remove an interface to which an adapter is bound, and to give an
        interface another address than that of the adapter that is bound to it.
      - RV(bindings) shows what was known.
    type: str
  state:
    description: V(present) creates or changes the interfaces, V(absent) removes them. A VM that is bound to a removed interface has
      no network. Claims stay in the ledger until they are released (M(macpool.hyperv.allocation)).
    type: str
    choices: [present, absent]
    default: present
  parallel:
    description: How many interfaces are written at the same time, from 1 to 100.
    type: int
    default: 4
attributes:
  check_mode:
    details: The addresses that would be claimed are returned, but not claimed. An address that the Network Controller would choose
      is V(null).
notes:
  - If the answer to a write is lost, the interface is read again first. Nothing is created twice.
  - If the task has more than 100 interfaces, it checks all of them first and then writes 100 at a time. After each hundred, a line shows
    the progress.
  - If another program changes an interface between reading and writing (412), the task reads it again and decides once more. After that it
    fails.
  - 'To undo: run it again with the values in RV(interfaces[].before). If the interface was created, use O(state=absent), then release its claim.'
seealso:
  - module: macpool.hyperv.nc_network_interface_info
  - module: macpool.hyperv.nc_mac_pool
  - module: macpool.hyperv.vm_port_profile
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.change
  - macpool.hyperv._network_controller.action
  - macpool.hyperv._attributes.actiongroup_network_controller
  - macpool.hyperv._network_controller
  - macpool.hyperv._ledger
  - macpool.hyperv._ledger.reserve
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
    - name: Create interfaces with addresses from the ledger
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

    - name: Let the Network Controller choose the address, and claim it in the ledger
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

    - name: Turn on DHCP guard for an existing interface
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
      description: The id from the Network Controller, to which the adapter of a VM is bound. V(null) for an interface that would be created.
      type: str
      sample: 6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10
    mac_address:
      description: Its MAC address, 12 upper-case hexadecimal digits. V(null) as long as it has none.
      type: str
      sample: 221DD8000100
    formats:
      description: The address in every format. V(null) as long as it has none.
      type: dict
      sample:
        hyperv: 221DD8000100
        dash: 22-1D-D8-00-01-00
        colon: 22:1D:D8:00:01:00
        dot: 221d.d800.0100
        linux: 22:1d:d8:00:01:00
    allocation:
      description: V(static), or V(dynamic) if the Network Controller chose the address.
      type: str
      sample: static
    provisioning_state:
      description: The provisioning state that the Network Controller reports.
      type: str
      sample: Succeeded
    configuration_state:
      description: RV(ignore:status) shows whether the hosts have the policy, RV(ignore:problems) lists what is wrong. A status
        other than V(Success) is normal until a VM is bound to the interface and runs.
      type: dict
      sample:
        status: Success
        problems: []
    primary:
      description: Whether it is the primary interface of its VM.
      type: bool
    host_interface:
      description: Whether it belongs to a host and not to a VM.
      type: bool
    protected:
      description: Why it is not a tenant's interface to change, such as a gateway that it belongs to. V(null) if nothing speaks against it.
      type: str
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
      description: Its port settings, with the names of the options and the values of the Network Controller.
      type: dict
      sample:
        mac_spoofing: Disabled
    server:
      description: The host that runs its VM, with the name that the Network Controller uses.
      type: str
      sample: /servers/hv1
    etag:
      description: The version of the resource.
      type: str
      sample: W/"5d3c1f3a-0c55-4d26-9b0e-1e2f3a4b5c6d"
    owner:
      description: The owner in the ledger. V(null) if the ledger was not used.
      type: str
      sample: web01/Network Adapter
    status:
      description: V(unchanged), V(created), V(changed) or V(removed). If the task failed, also V(failed).
      type: str
      sample: created
    reason:
      description: What went wrong.
      type: str
      returned: when it failed
    before:
      description: The managed keys before the task. Empty if the interface did not exist.
      type: dict
    after:
      description: The managed keys that were read back, or that would be set.
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
bindings:
  description: What the task knew of the adapters that are bound to the interfaces, in one sentence.
  returned: success
  type: str
  sample: Checked with saved observations of hv1 and hv2, the oldest of 2026-11-20T12:00:00Z.
errors:
  description: What is wrong, in parts that a machine can read, as M(macpool.hyperv.plan_info) describes it.
  returned: on failure
  type: list
  elements: dict
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
    run(NC_NETWORK_INTERFACE, work)


if __name__ == "__main__":
    main()
