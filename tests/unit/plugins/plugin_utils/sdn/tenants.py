# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cluster of tenant VMs, as hosts, Network Controller and ledger tell of it: for tests of the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._nc_interface import interface_as_result
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Claim, Identity
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.tenant_entries import read_tenants
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.tenant_vm import Goal, Plan, make_plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.tenant_world import read_world
from tests.unit.plugins.plugin_utils.observation import documents

Json = dict[str, Any]
SUBNET = "/virtualNetworks/tenant/subnets/web"
IP = {"name": "ip1", "ip_address": "192.0.2.5", "subnet": SUBNET}
PRESENT, ABSENT = Goal("present"), Goal("absent", stop=True, remove=True)


@dataclass
class TenantVm:
    """A VM with one adapter."""

    id: str
    name: str
    host: str = "hv1"
    mac: str = "000000000000"
    dynamic: bool = False
    bound_to: str = ""
    state: str = "Running"
    adapter: str = "Network Adapter"
    profile_data: int = 1

    @property
    def adapter_id(self) -> str:
        """The id of its adapter."""
        return f"Microsoft:{self.id}\\a"


@dataclass
class Nic:
    """An interface of the Network Controller."""

    id: str
    mac: str
    ip: Json = field(default_factory=lambda: dict(IP))


def entry(name: str = "web01", **changes: Any) -> Json:
    """An entry of the list."""
    source = {} if {"dynamic", "mac_address", "keep_address", "adapters"} & changes.keys() else {"pool": "tenant"}
    base = {"name": name, "host": "hv1", "memory": "4GB", "ip_configurations": [dict(IP)]}
    if "adapters" in changes:
        base.pop("ip_configurations")
    return {**base, **source, **changes}


@dataclass
class Cluster:
    """What exists."""

    vms: list[TenantVm] = field(default_factory=list)
    nics: dict[str, Nic] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    hosts: tuple[str, ...] = ("hv1", "hv2", "hv3")
    silent: set[str] = field(default_factory=set)
    made: int = 0
    shape: Callable[[str, Json], object] = lambda _host, _document: None
    """Changes the document of a host."""

    def new_id(self, kind: str) -> str:
        """Return an id that nothing had before."""
        self.made += 1
        return documents.guid(f"{kind} {self.made}")

    def tenant(self, name: str = "web01", host: str = "hv1", mac: str | None = None) -> TenantVm:
        """Make a VM whose three records and claim agree."""
        address = mac or f"221DD8{self.made:06X}"
        nic = Nic(self.new_id("nic"), address)
        vm = TenantVm(self.new_id("vm"), name, host, address, bound_to=nic.id)
        self.vms.append(vm)
        self.nics[f"{name}_Eth1"] = nic
        self.claim(f"{name}/{vm.adapter}", address, vm)
        return vm

    def claim(self, owner: str, mac: str, vm: TenantVm | None = None, **changes: Any) -> None:
        """Promise an address."""
        identity = Identity(vm.id, vm.adapter_id) if vm else None
        claim = Claim(int(mac, 16), owner, "tenant", "applied", 1, 0, identity=identity)
        self.claims[owner] = claim._replace(**changes)

    def document(self, host: str) -> Json:
        """What a host shows."""
        vms = []
        for vm in self.vms:
            if vm.host == host:
                profile = {"profile_id": f"{{{vm.bound_to.upper()}}}", "profile_data": vm.profile_data}
                adapter = documents.adapter(
                    vm.mac, vm.dynamic, vm.adapter, vm.adapter_id, port_profile=profile if vm.bound_to else None
                )
                vms.append(documents.vm(vm.name, adapter, id=vm.id, state=vm.state))
        document = documents.host(host, vms=vms)
        self.shape(host, document)
        return document

    def rows(self) -> list[Json]:
        """What nc_network_interface_info shows."""
        return [interface_as_result(self.resource(name)) for name in self.nics]

    def resource(self, name: str) -> Json:
        """An interface as the Network Controller shows it."""
        nic = self.nics[name]
        found = documents.interface(name, nic.mac)
        properties = {
            "privateIPAddress": nic.ip.get("ip_address"),
            "privateIPAllocationMethod": str(nic.ip.get("allocation", "static")).capitalize(),
            "subnet": {"resourceRef": nic.ip["subnet"]},
        }
        found["properties"]["ipConfigurations"] = [{"resourceId": nic.ip["name"], "properties": properties}]
        return {**found, "instanceId": nic.id}

    def plan(self, *entries: Json, goal: Goal = PRESENT, planned: tuple[str, ...] = (), **changes: Any) -> Plan:
        """Return the plan for a list."""
        results: dict[str, Json] = {
            host: {"unreachable": True, "msg": "no answer from it"}
            if host in self.silent
            else {"observation": self.document(host)}
            for host in self.hosts
        }
        goal = replace(goal, **changes)
        tenants = read_tenants(entries, sources=not goal.absent)
        return make_plan(read_world(results, self.rows(), self.claims.values(), planned), tenants, goal)
