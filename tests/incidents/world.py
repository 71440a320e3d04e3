# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cluster as it is, how it is written down, and what a reader has to find in it.

The oracle below knows nothing of the collection: it looks at every address, every pair and every host, one by one. What
it says is the text of the findings, not the way the rules compute them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

PREFIXES = (0x00155D010000, 0x00155DFEFF00, 0x221DD8000000, 0xFE0000000000, 0x0A000000FF00)
LAND = 48
"""Addresses of the little space in which everything happens, counted from the prefix."""
SEVERITIES = ("info", "low", "medium", "high", "critical")


@dataclass(frozen=True)
class Nic:
    """An adapter: ``at`` counts from the prefix; None shows zeros."""

    id: str
    at: int | None
    dynamic: bool
    vlan: int = 0
    switch: str = "tenant"
    port: tuple[str, int] | None = None
    """Id and data of its port profile."""


@dataclass(frozen=True)
class Machine:
    """A VM or a replica."""

    id: str
    name: str
    state: str
    nics: tuple[Nic, ...]
    clustered: bool = False
    replica: bool = False
    checkpoints: tuple[tuple[str, tuple[Nic, ...]], ...] = ()

    @property
    def up(self) -> bool:
        """Whether it holds its address."""
        return self.state != "Off"


@dataclass(frozen=True)
class Node:
    """A host; ``range`` counts from the prefix, both ends included."""

    name: str
    range: tuple[int, int]
    cluster: str | None
    machines: tuple[Machine, ...] = ()
    uplink: int | None = None
    vnic: int | None = None


@dataclass(frozen=True)
class World:
    """Everything there is."""

    prefix: int
    nodes: tuple[Node, ...]

    def with_machines(self, **machines: tuple[Machine, ...]) -> World:
        """Return the same world with other VMs on some hosts."""
        return replace(self, nodes=tuple(replace(n, machines=machines.get(n.name, n.machines)) for n in self.nodes))

    def seen(self) -> Iterator[tuple[Node, Machine, Nic]]:
        """Yield every adapter with its VM and host."""
        for node in self.nodes:
            for machine in node.machines:
                for nic in machine.nics:
                    yield node, machine, nic

    def mac(self, at: int | None) -> str:
        """Return an address as reports write it."""
        return "000000000000" if at is None else f"{self.prefix + at:012X}"


# --- writing it down -------------------------------------------------------------------------------------------------


def documents(world: World, draw: random.Random) -> list[dict[str, Any]]:
    """Return the observation documents of a world, each in a spelling of its own, in any order."""
    written = [_document(world, node, draw) for node in world.nodes]
    draw.shuffle(written)
    return written


def spell_mac(value: str, draw: random.Random) -> str:
    """Write an address in one of the ways people do."""
    pairs = [value[at : at + 2] for at in range(0, 12, 2)]
    text = draw.choice(["".join(pairs), "-".join(pairs), ":".join(pairs), f"{value[:4]}.{value[4:8]}.{value[8:]}"])
    return draw.choice([text, text.lower()])


def spell_host(name: str, draw: random.Random) -> str:
    """Write a host's name short or full, in any case."""
    return draw.choice([name, name.upper(), f"{name}.corp.example", f"{name.upper()}.Corp.Example"])


def spell_id(value: str, draw: random.Random) -> str:
    """Write an id in any case."""
    return draw.choice([value, value.upper()])


def _document(world: World, node: Node, draw: random.Random) -> dict[str, Any]:
    mates = [other for other in world.nodes if node.cluster and other.cluster == node.cluster]
    document: dict[str, Any] = {
        "schema": 1,
        "kind": "hyperv_host",
        "observed_at": f"2026-11-20T12:00:{draw.randrange(60):02}Z",
        "host": {"name": spell_host(node.name, draw), "hyperv": True, "os_version": "10.0.20348", "ipv4": []},
        "mac_range": {
            "start": spell_mac(world.mac(node.range[0]), draw),
            "end": spell_mac(world.mac(node.range[1]), draw),
            "source": "cmdlet",
        },
        "cluster": {
            "name": draw.choice([node.cluster, node.cluster.upper()]),
            "nodes": [{"name": spell_host(mate.name, draw), "state": "Up"} for mate in mates],
            "groups": [
                {
                    "name": machine.name,
                    "vm_id": spell_id(machine.id, draw),
                    "owner_node": spell_host(mate.name, draw),
                    "state": "Online",
                }
                for mate in mates
                for machine in mate.machines
                if machine.clustered
            ],
        }
        if node.cluster
        else None,
        "vms": [_machine(world, machine, draw) for machine in node.machines],
        "host_adapters": [],
        "physical_adapters": [],
        "switches": [],
        "container_networks": [],
        "warnings": [],
    }
    if node.vnic is not None:
        address = spell_mac(world.mac(node.vnic), draw)
        document["host_adapters"] = [{"id": "v", "name": "Management", "mac": address, "switch": "tenant"}]
    if node.uplink is not None:
        address = spell_mac(world.mac(node.uplink), draw)
        card = {"name": "NIC1", "mac": address, "permanent_mac": address, "status": "Up", "team": None}
        document["physical_adapters"] = [card]
    draw.shuffle(document["vms"])
    keys = list(document)
    draw.shuffle(keys)
    return {key: document[key] for key in keys}


def _machine(world: World, machine: Machine, draw: random.Random) -> dict[str, Any]:
    return {
        "id": spell_id(machine.id, draw),
        "name": machine.name,
        "state": machine.state,
        "generation": 2,
        "clustered": machine.clustered,
        "replication_mode": "Replica" if machine.replica else "None",
        "adapters": [_nic(world, nic, draw) for nic in machine.nics],
        "checkpoints": [
            {"id": f"{machine.id}-{name}", "name": name, "adapters": [_nic(world, nic, draw) for nic in nics]}
            for name, nics in machine.checkpoints
        ],
    }


def _nic(world: World, nic: Nic, draw: random.Random) -> dict[str, Any]:
    return {
        "id": spell_id(nic.id, draw),
        "name": "Network Adapter",
        "mac": spell_mac(world.mac(nic.at), draw),
        "dynamic": nic.dynamic,
        "legacy": False,
        "switch": nic.switch,
        "connected": True,
        "spoofing": False,
        "vlan": {"mode": "Access" if nic.vlan else "Untagged", "access": nic.vlan, "trunk": []},
        "port_profile": {
            "profile_id": draw.choice(["{%s}", "%s"]) % spell_id(nic.port[0], draw),
            "profile_data": nic.port[1],
        }
        if nic.port
        else None,
    }


# --- what there is to find -------------------------------------------------------------------------------------------


def overlaps(world: World) -> Counter[tuple[str, str, frozenset[str]]]:
    """Walk the land address by address."""
    found: Counter[tuple[str, str, frozenset[str]]] = Counter()
    run_start, run_hosts = 0, frozenset[str]()
    for at in range(LAND + 1):
        hosts = frozenset(node.name for node in world.nodes if node.range[0] <= at <= node.range[1])
        if hosts != run_hosts:
            if len(run_hosts) > 1:
                found[world.mac(run_start), world.mac(at - 1), run_hosts] += 1
            run_start, run_hosts = at, hosts
    return found


def outside(world: World) -> Iterator[tuple[Node, Machine, Nic]]:
    """Yield the dynamic adapters that are not in their own host's range."""
    for node, machine, nic in world.seen():
        if nic.dynamic and nic.at is not None and not node.range[0] <= nic.at <= node.range[1]:
            yield node, machine, nic


def stranded(world: World) -> Counter[tuple[str, str, str]]:
    """Address, VM and host of each."""
    return Counter((world.mac(nic.at), machine.id, node.name) for node, machine, nic in outside(world))


def departed(world: World) -> Counter[tuple[str, str, frozenset[str]]]:
    """Address, VM, and all hosts that it is about."""
    found: Counter[tuple[str, str, frozenset[str]]] = Counter()
    for node, machine, nic in outside(world):
        assert nic.at is not None
        owners = [other.name for other in world.nodes if other.range[0] <= nic.at <= other.range[1]]
        if owners:
            found[world.mac(nic.at), machine.id, frozenset([*owners, node.name])] += 1
    return found


def static_in_range(world: World) -> Counter[tuple[str, str, str]]:
    """Address, VM and severity."""
    found: Counter[tuple[str, str, str]] = Counter()
    for node, machine, nic in world.seen():
        if nic.dynamic or nic.at is None:
            continue
        covering = [other.name for other in world.nodes if other.range[0] <= nic.at <= other.range[1]]
        if covering:
            severity = "high" if set(covering) - {node.name} else "medium"
            found[world.mac(nic.at), machine.id, severity] += 1
    return found


def usage(world: World) -> Counter[tuple[str, str]]:
    """First and last address of the ranges that are at least 80 percent full."""
    found: Counter[tuple[str, str]] = Counter()
    carried = {nic.at for _node, _machine, nic in world.seen()}
    carried |= {nic.at for node in world.nodes for m in node.machines for _n, nics in m.checkpoints for nic in nics}
    carried |= {node.uplink for node in world.nodes} | {node.vnic for node in world.nodes}
    for start, end in {node.range for node in world.nodes}:
        used = sum(1 for at in range(start, end + 1) if at in carried)
        if used / (end - start + 1) >= 0.8:
            found[world.mac(start), world.mac(end)] += 1
    return found


@dataclass(frozen=True)
class _Carrier:
    node: Node
    machine: Machine | None
    nic: Nic | None
    kind: str

    @property
    def up(self) -> bool:
        return self.machine is None or (self.machine.up and self.kind != "checkpoint")


def duplicates(world: World) -> dict[str, str]:
    """Severity of each address that is carried twice, by comparing all pairs."""
    carriers: dict[int, list[_Carrier]] = {}
    for node, machine, nic in world.seen():
        if nic.at is not None:
            carriers.setdefault(nic.at, []).append(_Carrier(node, machine, nic, "replica" if machine.replica else "vm"))
    for node in world.nodes:
        for machine in node.machines:
            for _name, nics in machine.checkpoints:
                for nic in nics:
                    if nic.at is not None:
                        carriers.setdefault(nic.at, []).append(_Carrier(node, machine, nic, "checkpoint"))
        for kind, at in (("physical", node.uplink), ("host", node.vnic)):
            if at is not None:
                carriers.setdefault(at, []).append(_Carrier(node, None, None, kind))
    found = {}
    for at, group in carriers.items():
        verdicts = [v for first, second in combinations(group, 2) if (v := _verdict(first, second)) is not None]
        if verdicts:
            found[world.mac(at)] = SEVERITIES[max(verdicts)]
    return found


def _verdict(first: _Carrier, second: _Carrier) -> int | None:
    one, two = first.machine, second.machine
    same_vm = one is not None and two is not None and one.id == two.id
    if same_vm and "checkpoint" in (first.kind, second.kind):
        return None
    if same_vm and first.kind == second.kind and first.node != second.node:
        return None
    ups = first.up + second.up
    verdict = (2, 3, 4)[ups] if _reach(first, second) else (0, 1, 1)[ups]
    if same_vm and first.kind != second.kind:
        verdict = min(verdict, 1)
    if one is None and two is None and first.node == second.node:
        verdict = min(verdict, 1)
    checkpoints = (first.kind, second.kind).count("checkpoint")
    return min(verdict, (4, 2, 1)[checkpoints])


def _reach(first: _Carrier, second: _Carrier) -> bool:
    together = first.node == second.node or (first.node.cluster and first.node.cluster == second.node.cluster)
    vlans = {carrier.nic.vlan if carrier.nic else 0 for carrier in (first, second)}
    return not (together and 0 not in vlans and len(vlans) == 2)


# --- drawing one at random -------------------------------------------------------------------------------------------

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=6).map(lambda text: f"h{text}")
places = st.none() | st.integers(0, LAND - 1)


@st.composite
def nics(draw: st.DrawFn, id: str) -> Nic:
    """Draw an adapter."""
    return Nic(id, draw(places), draw(st.booleans()), draw(st.sampled_from([0, 10, 20])))


@st.composite
def machines(draw: st.DrawFn, number: int) -> Machine:
    """Draw a VM, or a replica of the VM with the same number."""
    vm_id = f"{draw(st.integers(0, number)):08x}-0000-4000-8000-000000000000"
    own = tuple(draw(nics(f"microsoft:{vm_id}\\{slot}")) for slot in range(draw(st.integers(1, 2))))
    points = tuple(
        (f"point{at}", tuple(draw(nics(nic.id)) for nic in own)) for at in range(draw(st.sampled_from([0, 0, 1, 2])))
    )
    return Machine(
        vm_id,
        draw(st.sampled_from(["web", "db", f"vm{number}"])),
        draw(st.sampled_from(["Running", "Off", "Saved", "Paused"])),
        own,
        clustered=draw(st.booleans()),
        checkpoints=points,
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a cluster or two with everything wrong that can be."""
    nodes = []
    used: set[tuple[str, bool]] = set()
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        start = draw(st.integers(0, LAND - 1))
        end = draw(st.integers(start, min(LAND - 1, start + 12)))
        placed = []
        for number in range(draw(st.integers(0, 4))):
            machine = draw(machines(number))
            if (machine.id, False) in used:
                machine = replace(machine, replica=True, clustered=False)
            if (machine.id, machine.replica) not in used:
                used.add((machine.id, machine.replica))
                placed.append(machine)
        nodes.append(
            Node(
                name, (start, end), draw(st.sampled_from([None, "c1", "c2"])), tuple(placed), draw(places), draw(places)
            )
        )
    return World(draw(st.sampled_from(PREFIXES)), tuple(nodes))
