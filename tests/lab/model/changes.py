# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What administrators and scripts change: VMs, adapters, ranges, roles."""

from __future__ import annotations

from ..macs import is_mac, refused_by_hyper_v, to_int
from .base import Base
from .errors import WorldError
from .objects import (
    VM,
    Adapter,
    Cluster,
    Group,
    Host,
    HostAdapter,
    MacRange,
    PortProfile,
    Switch,
    Vlan,
)
from .pool import carried_on, default_range, take_next


class Changes(Base):
    # -- hosts

    def add_host(
        self, name: str, ipv4: str, *, hyperv: bool = True, start: str | None = None, end: str | None = None
    ) -> Host:
        """A new host; without a range of its own Hyper-V derives one from the address (fact 11)."""
        host = Host(name=name, ipv4=[ipv4], hyperv=hyperv)
        if start and end:
            host.registry = MacRange(start, end)
        elif hyperv:
            host.registry = default_range(ipv4)
        host.active = host.registry if hyperv else None
        self.hosts[name] = host
        return host

    def set_range(self, host: str, start: str, end: str) -> None:
        """As Set-VMHost does: stored and used at once; addresses already given stay (facts 8, 21)."""
        place = self.host(host)
        self.write_registry(place, MacRange(start, end))
        if place.hyperv:
            place.active = place.registry

    def write_registry(self, host: Host, wanted: MacRange | None) -> None:
        if wanted and not (is_mac(wanted.start) and is_mac(wanted.end) and to_int(wanted.start) <= to_int(wanted.end)):
            raise WorldError(f"{wanted.start}..{wanted.end} is no range")
        host.registry = wanted

    def clear_range(self, host: str) -> None:
        self.write_registry(self.host(host), None)

    def restart_vmms(self, host: str) -> None:
        """VMMS reads the registry when it starts and makes values where there are none (fact 8)."""
        place = self.host(host)
        if place.hyperv:
            place.registry = place.registry or default_range(place.ipv4[0])
            place.active = place.registry

    def add_switch(self, host: str, name: str, type: str = "External", uplinks: list[str] | None = None) -> None:
        self.host(host).switches.append(Switch(self.new_id(), name, type, list(uplinks or [])))

    def add_host_adapter(self, host: str, name: str, switch: str) -> str:
        """The first on an external switch may inherit the uplink's address (fact 111); others draw from the pool (fact 13)."""
        place = self.host(host)
        found = next((s for s in place.switches if s.name == switch), None)
        if found is None:
            raise WorldError(f"{place.name} has no switch {switch!r}")
        first = all(a.switch != switch for a in place.host_adapters)
        uplink = next((p for p in place.physical_adapters if p.name in found.uplinks), None)
        mac = uplink.mac if uplink and first else take_next(place, carried_on(place))
        place.host_adapters.append(HostAdapter(self.new_id(), name, mac, switch))
        return mac

    # -- VMs and adapters

    def create_vm(self, host: str, name: str, generation: int = 2, memory_bytes: int = 2 << 30) -> str:
        place = self.host(host)
        vm = VM(id=self.new_id(), name=name, generation=generation, memory_bytes=memory_bytes)
        place.vms[vm.id] = vm
        return vm.id

    def delete_vm(self, vm: str, host: str | None = None) -> None:
        place, found = self.find(vm, host)
        cluster = self.cluster_of(place)
        if cluster and not found.is_replica:
            cluster.groups = [g for g in cluster.groups if g.vm_id != found.id]
        del place.vms[found.id]

    def rename_vm(self, vm: str, name: str, host: str | None = None) -> None:
        self.find(vm, host)[1].name = name

    def add_adapter(
        self,
        vm: str,
        name: str = "Network Adapter",
        switch: str | None = "tenant",
        mac: str | None = None,
        vlan: int = 0,
        legacy: bool = False,
        host: str | None = None,
    ) -> str:
        found = self.find(vm, host)[1]
        adapter = Adapter(self.new_adapter_id(found.id), name, switch=switch, legacy=legacy)
        if vlan:
            adapter.vlan = Vlan("Access", vlan)
        if mac is not None:
            self.write_static(found, adapter, mac)
        found.adapters.append(adapter)
        return adapter.id

    def remove_adapter(self, vm: str, adapter: str | None = None, host: str | None = None) -> None:
        found = self.find(vm, host)[1]
        found.adapters.remove(self.adapter(found, adapter))

    def recreate_adapter(self, vm: str, adapter: str | None = None, host: str | None = None) -> str:
        """Removed and added again under the living VM: same name and address, another id."""
        found = self.find(vm, host)[1]
        chosen = self.adapter(found, adapter)
        chosen.id = self.new_adapter_id(found.id)
        return chosen.id

    def write_static(self, vm: VM, adapter: Adapter, mac: str) -> None:
        """As Set-VMNetworkAdapter does: only while off (fact 36), no multicast (fact 38), duplicates unseen (fact 41)."""
        if vm.state != "Off":
            raise WorldError(f"{vm.name!r} is {vm.state}: the address can be changed only while the VM is off")
        if not is_mac(mac):
            raise WorldError('"StaticMacAddress" is not in the correct format.')  # fact 37
        if refused_by_hyper_v(mac):
            raise WorldError("Failed to modify device 'Synthetic Ethernet Port'.")  # fact 38
        adapter.mac, adapter.dynamic = mac, False

    def write_dynamic(self, vm: VM, adapter: Adapter) -> None:
        """The address stays until the next start decides (facts 18, 103)."""
        if vm.state != "Off":
            raise WorldError(f"{vm.name!r} is {vm.state}: the address can be changed only while the VM is off")
        adapter.dynamic = True

    def set_mac(self, vm: str, mac: str, adapter: str | None = None, host: str | None = None) -> None:
        found = self.find(vm, host)[1]
        self.write_static(found, self.adapter(found, adapter), mac)

    def set_dynamic(self, vm: str, adapter: str | None = None, host: str | None = None) -> None:
        found = self.find(vm, host)[1]
        self.write_dynamic(found, self.adapter(found, adapter))

    def set_vlan(self, vm: str, access: int, adapter: str | None = None, host: str | None = None) -> None:
        found = self.find(vm, host)[1]
        self.adapter(found, adapter).vlan = Vlan("Access", access) if access else Vlan()

    def set_spoofing(self, vm: str, on: bool, adapter: str | None = None, host: str | None = None) -> None:
        found = self.find(vm, host)[1]
        self.adapter(found, adapter).spoofing = on

    def set_profile(
        self,
        vm: str,
        profile_id: str | None,
        profile_data: int = 1,
        adapter: str | None = None,
        host: str | None = None,
    ) -> None:
        found = self.find(vm, host)[1]
        chosen = self.adapter(found, adapter)
        chosen.profile = None if profile_id is None else PortProfile(profile_id, profile_data)

    # -- the cluster

    def add_cluster(self, name: str, nodes: list[str]) -> Cluster:
        cluster = Cluster(name, [self.host(node).name for node in nodes])
        self.clusters[name] = cluster
        return cluster

    def add_role(self, vm: str, name: str | None = None, host: str | None = None, shutdown_action: int = 0) -> None:
        place, found = self.find(vm, host)
        cluster = self.cluster_of(place)
        if cluster is None:
            raise WorldError(f"{place.name} is in no cluster")
        if found.is_replica:
            raise WorldError(f"{found.name!r} on {place.name} is a replica")
        title = name or found.name
        if any(g.name.lower() == title.lower() for g in cluster.groups):
            raise WorldError(f"{cluster.name} already has a role {title!r}")
        cluster.groups.append(Group(title, found.id, place.name, shutdown_action))
        found.clustered = True

    def join_role(self, vm: str, other: str, host: str | None = None) -> None:
        """A second VM in the role of another one on the same host."""
        place, found = self.find(vm, host)
        group = self.group_of(place, self.find(other, place.name)[1].id)
        cluster = self.cluster_of(place)
        if cluster is None or group is None:
            raise WorldError(f"{other!r} is no cluster role")
        if found.clustered:
            raise WorldError(f"{found.name!r} is already a cluster role")
        cluster.groups.append(Group(group.name, found.id, place.name))
        found.clustered = True

    def remove_role(self, vm: str, host: str | None = None) -> None:
        place, found = self.find(vm, host)
        cluster = self.cluster_of(place)
        if cluster:
            cluster.groups = [g for g in cluster.groups if g.vm_id != found.id]
        found.clustered = False

    def set_role(
        self,
        vm: str,
        host: str | None = None,
        shutdown_action: int | None = None,
        offline_action: int | None = None,
        anti_affinity: list[str] | None = None,
        resources: list[str] | None = None,
    ) -> None:
        place, found = self.find(vm, host)
        group = self.group_of(place, found.id)
        if group is None:
            raise WorldError(f"{found.name!r} is no cluster role")
        if shutdown_action is not None:
            group.shutdown_action = shutdown_action
        if offline_action is not None:
            group.offline_action = offline_action
        if anti_affinity is not None:
            group.anti_affinity = anti_affinity
        if resources is not None:
            group.resources = resources
