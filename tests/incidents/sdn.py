# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Network Controller over a small cluster, how it is written down, and what a reader has to find.

As in ``world``, the oracle shares nothing with the collection: it looks for every partner by comparing with all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.incidents.world import Machine, Nic, World, names, places, spell_id, spell_mac, worlds

NULL = ("00000000-0000-0000-0000-000000000000", 2)


@dataclass(frozen=True)
class Port:
    """An interface: ``at`` counts from the world's prefix; None has no address yet."""

    id: str
    name: str
    at: int | None
    of_host: bool = False


@dataclass(frozen=True)
class Sdn:
    """A cluster with the interfaces of its Network Controller."""

    world: World
    ports: tuple[Port, ...]


# --- writing it down -------------------------------------------------------------------------------------------------


def document(world: World, ports: tuple[Port, ...], draw: random.Random) -> dict[str, Any]:
    """Return the document of the controller in some spelling and order."""
    written: list[dict[str, Any]] = [_interface(world, port, draw) for port in ports]
    draw.shuffle(written)
    return {
        "schema": 1,
        "kind": "network_controller",
        "observed_at": "2026-11-20T12:00:30Z",
        "mac_pools": [],
        # PowerShell writes a list of one as its only element.
        "network_interfaces": written[0] if len(written) == 1 and draw.random() < 0.5 else written,
    }


def _key(name: str, draw: random.Random) -> str:
    return draw.choice([name, name, name.lower(), name[0].upper() + name[1:]])


def _interface(world: World, port: Port, draw: random.Random) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "privateMacAllocationMethod": draw.choice(["Static", "Dynamic"]),
        "isHostVirtualNetworkInterface": port.of_host,
        "configurationState": {"status": "Success", "detailedInfo": draw.choice([None, [], {"code": "Success"}])},
        "ipConfigurations": [{"resourceId": f"ip{number}", "properties": {}} for number in range(draw.randrange(3))],
    }
    if port.at is not None:
        properties["privateMacAddress"] = spell_mac(world.mac(port.at), draw)
    elif draw.random() < 0.5:
        properties["privateMacAddress"] = draw.choice([None, ""])
    envelope = {
        "resourceId": port.name,
        "resourceRef": f"/networkInterfaces/{port.name}",
        "instanceId": draw.choice(["{%s}", "%s"]) % spell_id(port.id, draw),
        "etag": 'W/"1"',
        "properties": {_key(name, draw): value for name, value in properties.items()},
    }
    return {_key(name, draw): value for name, value in envelope.items()}


# --- what there is to find -------------------------------------------------------------------------------------------


def _bound(sdn: Sdn) -> Iterator[tuple[Machine, Nic, str]]:
    for _node, machine, nic in sdn.world.seen():
        if nic.port and nic.port[0] != NULL[0]:
            yield machine, nic, nic.port[0]


def mismatches(sdn: Sdn) -> Counter[tuple[str, str, tuple[str, ...]]]:
    """VM, severity and both addresses of each adapter whose records disagree."""
    found: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    for machine, nic, target in _bound(sdn):
        for port in sdn.ports:
            if port.id == target and not machine.replica:
                grade = _grade(sdn, machine, nic, port)
                if grade:
                    both = {sdn.world.mac(at) for at in (nic.at, port.at) if at is not None}
                    found[machine.id, ("", "medium", "high", "critical")[grade], tuple(sorted(both))] += 1
    return found


def _grade(sdn: Sdn, machine: Machine, nic: Nic, port: Port) -> int:
    grades = [0]
    if nic.at != port.at:
        grades.append(3)
    if nic.port and nic.port[1] == 2:
        grades.append(2)
    if nic.vlan:
        grades.append(2)
    for other, second, target in _bound(sdn):
        if target == port.id and second is not nic and not other.replica:
            grades.append(3 if other.up else 1)
    grades += [1 for other in sdn.ports if other is not port and port.at is not None and other.at == port.at]
    return max(grades) if machine.up else min(max(grades), 1)


def orphans(sdn: Sdn) -> Counter[tuple[str, str]]:
    """Address and severity of each interface without adapter; None of one without address."""
    found: Counter[tuple[str, str]] = Counter()
    targets = [target for _machine, _nic, target in _bound(sdn)]
    for port in sdn.ports:
        if port.of_host or port.id in targets:
            continue
        bare = [
            machine.up
            for _node, machine, nic in sdn.world.seen()
            if nic.at is not None and nic.at == port.at and (nic.port is None or nic.port[0] == NULL[0])
        ]
        severity = "low" if not bare else "high" if any(bare) else "medium"
        found["" if port.at is None else sdn.world.mac(port.at), severity] += 1
    return found


def lost_profiles(sdn: Sdn) -> Counter[tuple[tuple[str, ...], str]]:
    """VMs and severity of each profile that names no interface."""
    lost: dict[str, list[Machine]] = {}
    for machine, _nic, target in _bound(sdn):
        if target not in [port.id for port in sdn.ports]:
            lost.setdefault(target, []).append(machine)
    return Counter(
        (tuple(sorted({item.id for item in machines})), "high" if any(item.up for item in machines) else "medium")
        for machines in lost.values()
    )


def dynamic(sdn: Sdn) -> Counter[str]:
    """VM of each bound adapter that is dynamic."""
    return Counter(machine.id for machine, nic, _target in _bound(sdn) if nic.dynamic and not machine.replica)


# --- drawing one at random -------------------------------------------------------------------------------------------


@st.composite
def sdns(draw: st.DrawFn) -> Sdn:
    """Draw a cluster and a Network Controller that know too much, too little and the wrong things of each other."""
    world = draw(worlds())
    ids = [str(item) for item in draw(st.lists(st.uuids(version=4), min_size=1, max_size=7, unique=True))]
    known = draw(st.integers(0, len(ids)))
    ports = tuple(
        Port(id, f"{draw(names)}-{number}", draw(places), draw(st.sampled_from([False, False, False, True])))
        for number, id in enumerate(ids[:known])
    )
    some = st.none() | st.just(NULL) | st.tuples(st.sampled_from(ids), st.sampled_from([1, 1, 2, 6]))

    def wire(machine: Machine) -> Machine:
        nics = []
        for nic in machine.nics:
            port = draw(some)
            # Most pairs agree, or no finding would ever be about a single fault.
            agreed = next((item.at for item in ports if port and item.id == port[0]), None)
            nics.append(replace(nic, port=port, at=agreed if agreed is not None and draw(st.booleans()) else nic.at))
        return replace(machine, nics=tuple(nics))

    machines = {node.name: tuple(map(wire, node.machines)) for node in world.nodes}
    return Sdn(world.with_machines(**machines), ports)
