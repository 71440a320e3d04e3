# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""host_info: one observation of one host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..faults import Faults
from ..model import VM, Adapter, Host, World
from ..payload import Call
from .arguments import ModuleFailure, only, strings

PARTS = (
    "range",
    "cluster",
    "cluster_groups",
    "vms",
    "checkpoints",
    "port_profiles",
    "host_adapters",
    "physical_adapters",
    "switches",
    "container_networks",
)
Json = dict[str, Any]


class Unreadable(Exception):
    """A part that is there and cannot be read."""


class Reading:
    """One run of the script: which faults hit it, which parts could be read."""

    def __init__(self, world: World, faults: Faults, host: Host, call: Call) -> None:
        self.world, self.faults, self.host, self.call = world, faults, host, call
        self.denied = faults.take("access_denied", host.name, call.name, call.check_mode, part="*")
        self.warnings: list[str] = []
        self.read = 0

    def fault(self, part: str) -> str | None:
        """Why this part cannot be read now."""
        where = (self.host.name, self.call.name, self.call.check_mode)
        if self.denied or self.faults.take("access_denied", *where, part=part):
            return "access denied: Access is denied."
        broken = self.faults.take("unreadable", *where, part=part, vm=None)
        return str(broken.details.get("message", "The operation failed.")) if broken else None

    def vm_fault(self, vm: VM) -> str | None:
        broken = self.faults.take(
            "unreadable", self.host.name, self.call.name, self.call.check_mode, part=None, vm=vm.id
        )
        return str(broken.details.get("message", "The operation failed.")) if broken else None

    def part(self, name: str, read: Callable[[], Any], into: Json, key: str) -> None:
        """Read one part; what fails is a warning and its key is absent, the rest goes on."""
        cause = self.fault(name)
        try:
            if cause:
                raise Unreadable(cause)
            into[key] = read()
        except Unreadable as problem:
            self.warn(name, str(problem))
        else:
            self.read += 1

    def warn(self, part: str, cause: str, subject: str = "") -> None:
        self.warnings.append(f"{part}: {subject + ' ' if subject else ''}could not be read: {cause}")


def host_info(world: World, faults: Faults, host: Host, call: Call) -> Json:
    options = call.options
    only("host_info", options, ("gather", "vms"))
    gather = [part.lower() for part in strings(options, "gather") or []] if "gather" in options else list(PARTS)
    unknown = [part for part in gather if part not in PARTS]
    if unknown:
        raise ModuleFailure(
            f"value of gather must be one or more of: {', '.join(PARTS)}. Got no match for: {', '.join(unknown)}"
        )
    asked = strings(options, "vms")
    reading = Reading(world, faults, host, call)
    observation = _observe(reading, set(gather), asked)
    if reading.warnings and not reading.read:
        raise ModuleFailure(f"nothing could be read on {host.name}: {'; '.join(reading.warnings)}")
    return {"changed": False, "observation": observation}


def _observe(reading: Reading, gather: set[str], asked: list[str] | None) -> Json:
    world, host = reading.world, reading.host
    out: Json = {
        "schema": 1,
        "kind": "hyperv_host",
        "observed_at": world.clock.utc(),
        "host": {
            "name": host.name,
            "hyperv": host.hyperv,
            "os_version": host.os_version,
            "ipv4": [ip for ip in host.ipv4 if not ip.startswith(("127.", "169.254."))],
        },
    }
    if "range" in gather:
        reading.part("range", lambda: _range(host), out, "mac_range")
    if gather & {"cluster", "cluster_groups"}:
        reading.part("cluster", lambda: _cluster(reading, "cluster_groups" in gather), out, "cluster")
    if gather & {"vms", "checkpoints", "port_profiles"}:
        reading.part("vms", lambda: _vms(reading, gather, asked), out, "vms")
    lists: dict[str, Callable[[], list[Json]]] = {
        "host_adapters": lambda: _host_adapters(host),
        "physical_adapters": lambda: _physical_adapters(host),
        "switches": lambda: _switches(host),
        "container_networks": lambda: _container_networks(host),
    }
    for name, read in lists.items():
        if name in gather:
            reading.part(name, read, out, name)
    out["warnings"] = reading.warnings
    return out


def _range(host: Host) -> Json | None:
    if host.hyperv:
        return {"start": host.active.start, "end": host.active.end, "source": "cmdlet"} if host.active else None
    if host.registry:
        return {"start": host.registry.start, "end": host.registry.end, "source": "registry"}
    return None


def node_state(world: World, name: str) -> str:
    host = world.hosts[name]
    cluster = world.cluster_of(host)
    if not host.up:
        return "Down"
    return "Paused" if cluster and name in cluster.paused else "Up"


def group_state(world: World, owner: str, vm_id: str, failed: bool) -> str:
    vm = world.hosts[owner].vms.get(vm_id)
    if failed:
        return "Failed"
    if vm is None or vm.state in ("Off", "Saved", "FastSaved", "Hibernated"):
        return "Offline"
    return "Online" if vm.state in ("Running", "Paused") else "Pending"


def _cluster(reading: Reading, with_groups: bool) -> Json | None:
    world, cluster = reading.world, reading.world.cluster_of(reading.host)
    if cluster is None:
        return None
    out: Json = {
        "name": cluster.name,
        "nodes": [{"name": name, "state": node_state(world, name)} for name in cluster.nodes],
    }
    cause = reading.fault("cluster_groups") if with_groups else None
    if cause:
        reading.warn("cluster_groups", cause)
    elif with_groups:
        out["groups"] = [
            {
                "name": group.name,
                "vm_id": group.vm_id,
                "owner_node": group.owner_node,
                "state": group_state(world, group.owner_node, group.vm_id, group.failed),
            }
            for group in cluster.groups
        ]
    return out


def _vms(reading: Reading, gather: set[str], asked: list[str] | None) -> list[Json]:
    if not reading.host.hyperv:
        return []
    out = []
    broken = 0
    no_checkpoints = reading.fault("checkpoints") if "checkpoints" in gather else None
    no_profiles = reading.fault("port_profiles") if "port_profiles" in gather else None
    for vm in reading.host.vms.values():
        if asked is not None and not _is_asked(vm, asked):
            continue
        cause = reading.vm_fault(vm)
        if cause:
            broken += 1
            reading.warn("vms", cause, f"the adapters of VM '{vm.name}' ({vm.id})")
            continue
        if no_checkpoints:
            reading.warn("checkpoints", no_checkpoints, f"VM '{vm.name}' ({vm.id})")
        unread = {"checkpoints" if no_checkpoints else "", "port_profiles" if no_profiles else ""}
        out.append(_vm(vm, gather - unread))
    if no_profiles and any(vm["adapters"] for vm in out):
        reading.warn("port_profiles", no_profiles)
    if broken and not out:
        raise Unreadable("none of the VMs could be read")
    return out


def _is_asked(vm: VM, asked: list[str]) -> bool:
    """Names are compared, never matched as patterns; ids may come in braces or upper case."""
    return any(vm.name.lower() == ref.lower() or vm.id == ref.strip("{}").lower() for ref in asked)


def _vm(vm: VM, gather: set[str]) -> Json:
    out: Json = {
        "id": vm.id,
        "name": vm.name,
        "state": vm.state,
        "generation": vm.generation,
        "clustered": vm.clustered,
        "replication_mode": vm.replication_mode,
        "adapters": [_adapter(adapter, with_profile="port_profiles" in gather) for adapter in vm.adapters],
    }
    if "checkpoints" in gather:
        out["checkpoints"] = [
            {
                "id": taken.id,
                "name": taken.name,
                "adapters": [_adapter(adapter, with_profile=False) for adapter in taken.adapters],
            }
            for taken in vm.checkpoints
        ]
    return out


def _adapter(adapter: Adapter, *, with_profile: bool) -> Json:
    out: Json = {
        "id": adapter.id,
        "name": adapter.name,
        "mac": adapter.mac,
        "dynamic": adapter.dynamic,
        "legacy": adapter.legacy,
        "switch": adapter.switch,
        "connected": adapter.switch is not None,
        "spoofing": adapter.spoofing,
        "vlan": {"mode": adapter.vlan.mode, "access": adapter.vlan.access, "trunk": list(adapter.vlan.trunk)},
    }
    if with_profile:
        profile = adapter.profile
        out["port_profile"] = (
            {"profile_id": profile.profile_id, "profile_data": profile.profile_data} if profile else None
        )
    return out


def _host_adapters(host: Host) -> list[Json]:
    if not host.hyperv:
        return []
    return [{"id": a.id, "name": a.name, "mac": a.mac, "switch": a.switch} for a in host.host_adapters]


def _physical_adapters(host: Host) -> list[Json]:
    return [
        {"name": a.name, "mac": a.mac, "permanent_mac": a.permanent_mac, "status": a.status, "team": a.team}
        for a in host.physical_adapters
    ]


def _switches(host: Host) -> list[Json]:
    if not host.hyperv:
        return []
    return [{"id": s.id, "name": s.name, "type": s.type, "uplinks": list(s.uplinks)} for s in host.switches]


def _container_networks(host: Host) -> list[Json]:
    return [
        {
            "id": network.id,
            "name": network.name,
            "type": network.type,
            "mac_pools": [{"start": pool.start, "end": pool.end} for pool in network.mac_pools],
        }
        for network in host.container_networks
    ]
