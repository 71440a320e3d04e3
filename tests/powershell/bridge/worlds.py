# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in's state to the lab's world and back, and both to one form that can be compared."""

from __future__ import annotations

import copy
import hashlib
import time
import uuid
from collections import Counter
from typing import Any

from tests.lab.macs import ZERO
from tests.lab.model import VM, Clock, Host, MacRange, PortProfile, World
from tests.lab.model.objects import (
    Adapter,
    Checkpoint,
    Cluster,
    ContainerNetwork,
    Group,
    Guest,
    HostAdapter,
    Pending,
    PhysicalAdapter,
    Switch,
    Vlan,
)

Json = dict[str, Any]
KEY = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Virtualization"
_WINDOWS = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
_VALUES = ("MinimumMacAddress", "MaximumMacAddress")
_FEATURE = "9940cd46-8b06-43bb-b9d5-93d50381fd56"
FAR = 100000.0  # seconds: longer than any case runs


def complete(state: Json) -> Json:
    """The ids that the stand-in would make up, so that both engines have the same ones and a renamed VM keeps its own."""
    out = copy.deepcopy(state)
    for name, node in out["nodes"].items():
        for switch in node.get("switches", []):
            switch.setdefault("id", _derive("switch", name, switch["name"]))
        _number(node.get("host_adapters", []), "Microsoft:" + _derive("host", name) + "\\")
    for place, vm in enumerate(out.setdefault("vms", [])):
        vm.setdefault("node", next(iter(out["nodes"])))
        vm.setdefault("id", _derive("vm", vm["name"], str(place)))
        _number(vm.setdefault("adapters", []), f"Microsoft:{vm['id'].upper()}\\")
        for checkpoint in vm.get("checkpoints", []):
            checkpoint.setdefault("id", _derive("checkpoint", vm["id"], checkpoint["name"]))
            _number(checkpoint.setdefault("adapters", []), f"Microsoft:{checkpoint['id'].upper()}\\")
    return out


def _number(adapters: list[Json], prefix: str) -> None:
    for place, adapter in enumerate(adapters):
        name = adapter.setdefault("name", "Network Adapter")
        adapter.setdefault("id", prefix + _derive(prefix, name, str(place)).upper())


def _derive(*parts: str) -> str:
    return str(uuid.UUID(bytes_le=hashlib.md5("|".join(parts).encode(), usedforsecurity=False).digest()))


def to_lab(state: Json) -> World:
    """A complete state as the lab's world, with a clock that stands still."""
    world = World(seed=7, clock=Clock(frozen=True))
    world.mac_delay = float(state.get("delay", 0))
    members = []
    for name, node in state["nodes"].items():
        world.hosts[name] = _host(name, node)
        if state.get("cluster") and node.get("cluster_member", True):
            members.append(name)
    if members:
        cluster = Cluster(state["cluster"]["name"], members)
        cluster.paused = {name for name in members if state["nodes"][name].get("state") == "Paused"}
        world.clusters[cluster.name] = cluster
    for row in state["vms"]:
        vm = _vm(row, world, float(state.get("stop_delay", 0)))
        world.hosts[row["node"]].vms[vm.id] = vm
        if vm.clustered:
            group = _group(row, vm)
            held = state["cluster"].get("resources", [])
            group.resources = [resource["name"] for resource in held if resource["group"] == group.name]
            cluster.groups.append(group)
        if vm.pending or vm.off_at is not None:
            world.waiting.append(vm)
    return world


def _host(name: str, node: Json) -> Host:
    hyperv = node.get("hyperv", True)
    ip = node.get("ip", "192.0.2.1")
    host = Host(name=name, ipv4=list(node.get("ips", [ip])), hyperv=hyperv)
    host.os_version = node.get("os_version", host.os_version)
    host.up = node.get("state", "Up") != "Down"
    octets = ip.split(".")
    stem = f"00155D{int(octets[2]):02X}{int(octets[3]):02X}"
    active = MacRange(*node.get("range", [stem + "00", stem + "FF"]))
    host.active = active if hyperv else None
    if "registry" in node:
        host.registry = _registry(node["registry"])
    elif hyperv:
        host.registry = MacRange(active.start, active.end)
    host.cursor = int(node["next_mac"], 16) if node.get("next_mac") else 0
    teams = {nic: team["name"] for team in node.get("lbfo_teams", []) for nic in team["members"]}
    for switch in node.get("switches", []):
        host.switches.append(
            Switch(switch["id"], switch["name"], switch.get("type", "External"), list(switch.get("nics", [])))
        )
        if switch.get("teaming"):
            teams.update(dict.fromkeys(switch["nics"], switch["name"]))
    for nic in node.get("nics", []):
        permanent = nic.get("permanent_mac") or nic["mac"]
        host.physical_adapters.append(
            PhysicalAdapter(nic["name"], nic["mac"], permanent, nic.get("status", "Up"), teams.get(nic["name"]))
        )
    for adapter in node.get("host_adapters", []):
        host.host_adapters.append(
            HostAdapter(adapter["id"], adapter["name"], adapter.get("mac", ZERO), adapter.get("switch"))
        )
    for network in node.get("hns_networks", []):
        pools = network.get("mac_pools") or [network["mac_pool"]] * bool(network.get("mac_pool"))
        host.container_networks.append(
            ContainerNetwork(network["id"], network["name"], network["type"], [MacRange(*pool) for pool in pools])
        )
    return host


def _registry(registry: Json) -> MacRange | None:
    """Only bytes are a range."""
    values = [registry.get(KEY, {}).get(name) for name in _VALUES]
    if any(value is None or value["kind"] != "Binary" or len(value["data"]) != 12 for value in values):
        return None
    return MacRange(*(value["data"] for value in values))


def _vm(row: Json, world: World, stop_delay: float) -> VM:
    seconds = row.get("stop_seconds", stop_delay)
    vm = VM(
        id=row["id"],
        name=row["name"],
        state=row.get("state", "Off"),
        generation=row.get("generation", 2),
        clustered=row.get("clustered", False),
        replication_mode=row.get("replication", {}).get("mode", "None"),
        adapters=[_adapter(adapter) for adapter in row["adapters"]],
        checkpoints=[
            Checkpoint(
                taken["id"], taken["name"], [_adapter(adapter, _owner(adapter, row)) for adapter in taken["adapters"]]
            )
            for taken in row.get("checkpoints", [])
        ],
        guest=Guest(None if seconds >= FAR else seconds, row.get("shutdown_component", True)),
    )
    pending = {adapter["id"]: adapter["pending_mac"] for adapter in row["adapters"] if adapter.get("pending_mac")}
    if pending:
        vm.pending = Pending(world.clock.now() + FAR, pending)
    if row.get("off_at"):
        vm.off_at = world.clock.now() + row["off_at"] - time.time()
    return vm


def _owner(adapter: Json, row: Json) -> str:
    """An adapter in a checkpoint is shown with the id of the VM adapter it belongs to."""
    return f"Microsoft:{row['id'].upper()}\\{adapter['id'].rsplit(chr(92), 1)[1]}"


def _adapter(row: Json, shown: str | None = None) -> Adapter:
    vlan = row.get("vlan", {})
    adapter = Adapter(
        shown or row["id"],
        row["name"],
        mac=row.get("mac", ZERO),
        dynamic=row.get("dynamic", True),
        legacy=row.get("legacy", False),
        switch=row.get("switch"),
        spoofing=row.get("spoofing", False),
        vlan=Vlan(vlan.get("mode", "Untagged"), vlan.get("access", 0), list(vlan.get("allowed", []))),
    )
    profile = _profile(row)
    if profile:
        adapter.profile = PortProfile(profile["profile_id"], profile["profile_data"])
    return adapter


def _profile(row: Json) -> Json | None:
    setting = next((f["setting"] for f in row.get("features", []) if f["feature_id"] == _FEATURE), None)
    return {"profile_id": setting["ProfileId"], "profile_data": int(setting["ProfileData"])} if setting else None


def _group(row: Json, vm: VM) -> Group:
    group = Group(row.get("group") or row["name"], row.get("cluster_vm_id") or vm.id, row["node"])
    group.shutdown_action = row.get("shutdown_action", 0)
    group.offline_action = row.get("offline_action", 1)
    group.failed = row.get("group_state") == "Failed"
    return group


def from_lab(world: World) -> Json:
    """The lab's world in the stand-in's notation; what waits for the lab's clock waits for the whole run there."""
    now = time.time()
    state: Json = {"delay": world.mac_delay, "stop_delay": 0, "nodes": {}, "vms": []}
    cluster = next(iter(world.clusters.values()), None)
    if cluster:
        held = {(name, group.name) for group in cluster.groups for name in group.resources}
        state["cluster"] = {"name": cluster.name}
        if held:
            state["cluster"]["resources"] = [{"name": name, "group": group} for name, group in sorted(held)]
    for host in world.hosts.values():
        member = bool(cluster) and host.name in cluster.nodes if cluster else False
        paused = bool(cluster and host.name in cluster.paused)
        state["nodes"][host.name] = _node(host, member, paused)
        for vm in host.vms.values():
            group = world.group_of(host, vm.id)
            state["vms"].append(_row(vm, host, group if vm.clustered else None, now))
    return state


def _node(host: Host, member: bool, paused: bool) -> Json:
    node: Json = {"hyperv": host.hyperv, "os_version": host.os_version, "ip": host.ipv4[0], "cluster_member": member}
    if len(host.ipv4) > 1:
        node["ips"] = list(host.ipv4)
    node["state"] = "Down" if not host.up else "Paused" if paused else "Up"
    if host.active:
        node["range"] = [host.active.start, host.active.end]
    if host.cursor:
        node["next_mac"] = f"{host.cursor:012X}"
    node["registry"] = {
        _WINDOWS: {
            "ProductName": {"kind": "String", "data": "Microsoft Windows Server 2022 Datacenter"},
            "CurrentBuild": {"kind": "String", "data": host.os_version.split(".")[2]},
        }
    }
    if host.hyperv or host.registry:
        node["registry"][KEY] = {}
    if host.registry:
        for name, mac in zip(_VALUES, (host.registry.start, host.registry.end), strict=True):
            node["registry"][KEY][name] = {"kind": "Binary", "data": mac}
    teams = {card.team for card in host.physical_adapters if card.team}
    embedded = {switch.name for switch in host.switches}
    node["nics"] = [
        {"name": card.name, "mac": card.mac, "permanent_mac": card.permanent_mac, "status": card.status}
        for card in host.physical_adapters
    ]
    node["switches"] = [
        {"id": s.id, "name": s.name, "type": s.type, "nics": list(s.uplinks), "teaming": s.name in teams}
        for s in host.switches
    ]
    node["lbfo_teams"] = [
        {"name": team, "members": [card.name for card in host.physical_adapters if card.team == team]}
        for team in sorted(teams - embedded)
    ]
    node["host_adapters"] = [
        {"id": a.id, "name": a.name, "mac": a.mac, "switch": a.switch, "dynamic": False} for a in host.host_adapters
    ]
    node["hns_networks"] = [
        {
            "id": network.id,
            "name": network.name,
            "type": network.type,
            "mac_pools": [[pool.start, pool.end] for pool in network.mac_pools],
        }
        for network in host.container_networks
    ]
    return node


def _row(vm: VM, host: Host, group: Group | None, now: float) -> Json:
    seconds = vm.guest.shutdown_seconds
    row: Json = {
        "id": vm.id,
        "name": vm.name,
        "node": host.name,
        "state": vm.state,
        "generation": vm.generation,
        "clustered": vm.clustered,
        "shutdown_component": vm.guest.integration_services,
        "stop_seconds": FAR if seconds is None else seconds,
        "replication": {"mode": vm.replication_mode},
        "adapters": [_adapter_row(adapter, vm.pending, now) for adapter in vm.adapters],
        "checkpoints": [
            {"id": c.id, "name": c.name, "adapters": [_adapter_row(a, None, now, c.id) for a in c.adapters]}
            for c in vm.checkpoints
        ],
    }
    if group:
        row |= {"group": group.name, "shutdown_action": group.shutdown_action, "offline_action": group.offline_action}
        if group.vm_id != vm.id:
            row["cluster_vm_id"] = group.vm_id
        shown = _group_state(vm, group)
        if shown:
            row["group_state"] = shown
    if vm.off_at is not None and vm.state == "Stopping":
        row["off_at"] = now + FAR
    return row


def _group_state(vm: VM, group: Group) -> str | None:
    """What the stand-in does not derive from the VM's state."""
    if group.failed:
        return "Failed"
    if vm.state in ("Running", "Off", "Saved", "FastSaved", "Hibernated"):
        return None
    return "Online" if vm.state == "Paused" else "Pending"


def _adapter_row(adapter: Adapter, pending: Pending | None, now: float, checkpoint: str | None = None) -> Json:
    row: Json = {
        "id": adapter.id,
        "name": adapter.name,
        "mac": adapter.mac,
        "dynamic": adapter.dynamic,
        "legacy": adapter.legacy,
        "switch": adapter.switch,
        "spoofing": adapter.spoofing,
        "vlan": {"mode": adapter.vlan.mode, "access": adapter.vlan.access, "allowed": list(adapter.vlan.trunk)},
    }
    if checkpoint:
        row["id"] = f"Microsoft:{checkpoint.upper()}\\" + adapter.id.rsplit("\\", 1)[1]
    if adapter.profile:
        setting = {"ProfileId": adapter.profile.profile_id, "ProfileData": str(adapter.profile.profile_data)}
        row["features"] = [{"feature_id": _FEATURE, "setting": setting}]
    if pending and adapter.id in pending.macs:
        row |= {"pending_mac": pending.macs[adapter.id], "pending_at": now + FAR}
    return row


def for_node(state: Json, node: str) -> Json:
    """A state in which every VM has an id of its own, as the stand-in needs it: a replica has its primary's.

    The VM on `node` keeps the id, or else the one that is a cluster role.
    """
    out = copy.deepcopy(state)
    keepers: dict[str, Json] = {}
    for vm in sorted(out["vms"], key=lambda vm: (vm["node"] != node, not vm.get("clustered", False))):
        if keepers.setdefault(vm["id"], vm) is vm:
            continue
        old, new = vm["id"], _derive(vm["id"], vm["node"])
        vm |= {"id": new, "cluster_vm_id": vm.get("cluster_vm_id", old)}
        for adapter in vm["adapters"]:
            adapter["id"] = adapter["id"].replace(old.upper(), new.upper())
    return out


def comparable(state: Json) -> Json:
    """What both engines know of a world, in the form of a case's `after`: nodes and VMs by name."""
    held = (state.get("cluster") or {}).get("resources", [])
    out: Json = {"nodes": {}, "vms": {}, "resources": sorted([one["name"], one["group"]] for one in held)}
    for name, node in state["nodes"].items():
        hyperv = node.get("hyperv", True)
        found = _registry(node["registry"]) if "registry" in node else None
        if "registry" not in node and hyperv:
            found = _host(name, node).registry
        out["nodes"][name] = {
            "range": node.get("range") or _range(name, node) if hyperv else None,
            "registry": [found.start, found.end] if found else None,
            "next_mac": _next(node),
            "host_adapters": {a["name"]: [a.get("mac", ZERO), a.get("switch")] for a in node.get("host_adapters", [])},
        }
    names = Counter(vm["name"].lower() for vm in state["vms"])
    places = Counter((vm["name"].lower(), vm["node"]) for vm in state["vms"])
    for vm in state["vms"]:
        key = vm["name"]
        if names[key.lower()] > 1:
            key += f"@{vm['node']}" if places[key.lower(), vm["node"]] == 1 else f"@{vm['id']}"
        out["vms"][key] = _comparable_vm(vm)
    return out


def _next(node: Json) -> str | None:
    """Where the range goes on. One that lies outside of a new range begins at its start, however that is written down."""
    following: str | None = node.get("next_mac")
    start, end = node.get("range") or ("", "")
    return following if following and start <= following <= end else None


def _range(name: str, node: Json) -> list[str] | None:
    active = _host(name, node).active
    return [active.start, active.end] if active else None


def _comparable_vm(vm: Json) -> Json:
    return {
        "id": vm["id"].lower(),
        "node": vm["node"],
        "state": vm.get("state", "Off"),
        "generation": vm.get("generation", 2),
        "clustered": vm.get("clustered", False),
        "group": (vm.get("group") or vm["name"]) if vm.get("clustered") else None,
        "replication": (vm.get("replication") or {}).get("mode", "None"),
        "adapters": [_comparable_adapter(adapter) for adapter in vm.get("adapters", [])],
        "checkpoints": [
            [(adapter.get("mac", ZERO), adapter.get("dynamic", True)) for adapter in taken.get("adapters", [])]
            for taken in vm.get("checkpoints", [])
        ],
    }


def _comparable_adapter(adapter: Json) -> Json:
    profile = _profile(adapter)
    if profile:
        profile["profile_id"] = profile["profile_id"].lower()
    vlan = adapter.get("vlan") or {}
    return {
        "id": adapter["id"].lower(),
        "name": adapter["name"],
        "mac": adapter.get("mac", ZERO),
        "dynamic": adapter.get("dynamic", True),
        "pending": adapter.get("pending_mac"),
        "switch": adapter.get("switch"),
        "legacy": adapter.get("legacy", False),
        "spoofing": adapter.get("spoofing", False),
        "vlan": [vlan.get("mode", "Untagged"), vlan.get("access", 0), vlan.get("allowed", [])],
        "profile": profile,
    }
