# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incidents that observations alone decide, each with its near-miss twin.

The numbers are those of the product's list of twelve incidents. Names, prefixes, sizes, places, notation and the order of
files vary from case to case.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Claim, Identity
from tests.audits import audit
from tests.incidents.world import LAND, PREFIXES, Machine, Nic, Node, World, documents, duplicates, names, spell_mac

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.timezone.utc)


@dataclass
class Cast:
    """What varies: two hosts side by side, a VM, an address of the first host."""

    draw: random.Random
    prefix: int
    a: Node
    b: Node
    at: int
    """An address of A's range, not of B's."""
    vm: Machine

    def world(self, on_a: tuple[Machine, ...] = (), on_b: tuple[Machine, ...] = ()) -> World:
        """Return both hosts with VMs."""
        return World(self.prefix, (replace(self.a, machines=on_a), replace(self.b, machines=on_b)))

    def audit(self, world: World, **options: Any) -> dict[str, Any]:
        """Write the world down in some spelling and order, and audit it."""
        return audit(documents(world, self.draw), now=NOW, **options)


@st.composite
def casts(draw: st.DrawFn) -> Cast:
    """Draw a cast: ranges of different sizes that touch or leave a gap, in either order."""
    first, second = draw(st.lists(names, min_size=2, max_size=2, unique=True))
    start = draw(st.integers(0, 8))
    size, gap, other = draw(st.integers(1, 12)), draw(st.integers(0, 3)), draw(st.integers(1, 12))
    low, high = (start, start + size - 1), (start + size + gap, start + size + gap + other - 1)
    if draw(st.booleans()):
        low, high = high, low
    cluster = draw(st.sampled_from([None, "c1", "west"]))
    at = draw(st.integers(*low))
    vm_id = str(draw(st.uuids()))
    nic = Nic(f"microsoft:{vm_id}\\0", at, dynamic=True, vlan=draw(st.sampled_from([0, 7, 100])))
    vm = Machine(vm_id, draw(names), draw(st.sampled_from(["Running", "Off", "Saved"])), (nic,))
    return Cast(
        random.Random(draw(st.integers(0, 9999))),
        draw(st.sampled_from(PREFIXES)),
        Node(first, low, cluster),
        Node(second, high, cluster),
        at,
        vm,
    )


def of(report: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    """Return the findings of a rule."""
    return [finding for finding in report["findings"] if finding["rule"] == rule]


def short(names_found: list[str]) -> set[str]:
    """Return host names without domain and case."""
    return {name.casefold().partition(".")[0] for name in names_found}


def copy_of(machine: Machine, number: int, **changes: Any) -> Machine:
    """Return another VM with the same adapters."""
    vm_id = f"{number:08d}-0000-4000-8000-000000000000"
    nics = tuple(replace(nic, id=f"microsoft:{vm_id}\\{slot}") for slot, nic in enumerate(machine.nics))
    return replace(machine, **{"id": vm_id, "name": f"{machine.name}-{number}", "nics": nics, **changes})


class TestIncident1MovedDynamicVm:
    """A dynamic VM started on A and live-migrated to B; A's pool wraps."""

    @given(casts())
    def test_before_the_wrap(self, cast: Cast) -> None:
        report = cast.audit(cast.world(on_b=(cast.vm,)))
        (finding,) = of(report, "departed")
        assert short(finding["hosts"]) == {cast.a.name, cast.b.name}
        assert finding["addresses"] == [f"{cast.prefix + cast.at:012X}"]
        assert finding["vms"][0]["id"] == cast.vm.id
        assert not of(report, "duplicate-address")

    @given(casts())
    def test_after_the_wrap(self, cast: Cast) -> None:
        world = cast.world(on_a=(copy_of(cast.vm, 1),), on_b=(cast.vm,))
        (finding,) = of(cast.audit(world), "duplicate-address")
        assert {finding["addresses"][0]: finding["severity"]} == duplicates(world)
        assert short(finding["hosts"]) == {cast.a.name, cast.b.name}

    @given(casts())
    def test_twin_it_came_back(self, cast: Cast) -> None:
        report = cast.audit(cast.world(on_a=(cast.vm,)))
        assert not of(report, "departed")
        assert not of(report, "stranded")
        assert not of(report, "duplicate-address")


class TestIncident2OverlappingRanges:
    """Two host ranges overlap by k addresses with different minima."""

    @given(casts(), st.integers(1, 6), st.integers(0, 6), st.integers(0, 6), st.data())
    def test_exact_intersection_and_its_carriers(
        self, cast: Cast, k: int, before: int, after: int, data: st.DataObject
    ) -> None:
        first, second = (10, 10 + before + k), (11 + before, 11 + before + k - 1 + after)
        world = cast.world(
            on_a=(replace(cast.vm, nics=(replace(cast.vm.nics[0], at=data.draw(st.integers(*second))),)),),
            on_b=(copy_of(replace(cast.vm, nics=(replace(cast.vm.nics[0], at=10),)), 1),),
        )
        world = replace(world, nodes=(replace(world.nodes[0], range=first), replace(world.nodes[1], range=second)))
        (finding,) = of(cast.audit(world), "range-overlap")
        assert finding["addresses"] == [f"{cast.prefix + 11 + before:012X}", f"{cast.prefix + 10 + before + k:012X}"]
        assert short(finding["hosts"]) == {cast.a.name, cast.b.name}
        inside = (world.nodes[0].machines[0].nics[0].at or 0) <= 10 + before + k
        assert [carrier["name"] for carrier in finding["carriers"]] == ([cast.vm.name] if inside else [])

    @given(casts())
    def test_twin_adjacent_ranges(self, cast: Cast) -> None:
        end = cast.a.range[1]
        beside = replace(cast.b, range=(end + 1, end + 7))
        assert not of(cast.audit(World(cast.prefix, (cast.a, beside))), "range-overlap")


class TestIncident3RangeChangeStrands:
    """A range change would strand s of d dynamic adapters and host adapters."""

    @staticmethod
    def change(cast: Cast, world: World, new: tuple[int, int]) -> list[str]:
        start, end = (spell_mac(f"{cast.prefix + at:012X}", cast.draw) for at in new)
        question = {"action": "set_range", "host": cast.a.name, "range": {"start": start, "end": end}}
        report = cast.audit(world, what_if=question)
        return [change["address"] for change in report["changes"] if change["kind"] == "new_address"]

    @given(casts(), st.data())
    def test_exactly_those_are_listed(self, cast: Cast, data: st.DataObject) -> None:
        places = data.draw(st.lists(st.none() | st.integers(0, LAND - 1), max_size=8))
        flags = data.draw(st.lists(st.booleans(), min_size=len(places), max_size=len(places)))
        machines = tuple(
            copy_of(replace(cast.vm, nics=(Nic("x", at, dynamic),)), number)
            for number, (at, dynamic) in enumerate(zip(places, flags, strict=True))
        )
        vnic = data.draw(st.none() | st.integers(0, LAND - 1))
        new = data.draw(
            st.tuples(st.integers(0, LAND - 1), st.integers(0, LAND - 1)).map(lambda pair: (min(pair), max(pair)))
        )
        world = World(cast.prefix, (replace(cast.a, machines=machines, vnic=vnic), cast.b))
        low, high = cast.a.range
        losing = [at for at, dynamic in zip(places, flags, strict=True) if dynamic] + [vnic]
        expected = [at for at in losing if at is not None and low <= at <= high and not new[0] <= at <= new[1]]
        assert self.change(cast, world, new) == sorted(f"{cast.prefix + at:012X}" for at in expected)

    @given(casts(), st.integers(0, 5), st.integers(0, 5))
    def test_twin_a_superset_strands_nobody(self, cast: Cast, before: int, after: int) -> None:
        low, high = cast.a.range
        wider = (max(0, low - before), high + after)
        assert self.change(cast, cast.world(on_a=(cast.vm,)), wider) == []


class TestIncident5CheckpointUnderPinnedVm:
    """A pinned VM has a checkpoint from before, with a dynamic adapter."""

    @given(casts(), names)
    def test_residual_and_what_applying_it_does(self, cast: Cast, name: str) -> None:
        pinned = replace(cast.vm, nics=(replace(cast.vm.nics[0], dynamic=False),), checkpoints=((name, cast.vm.nics),))
        (finding,) = of(cast.audit(cast.world(on_a=(pinned,))), "dynamic-checkpoint")
        assert finding["vms"][0]["id"] == cast.vm.id
        assert name in finding["evidence"]
        applied = replace(pinned, nics=cast.vm.nics, state="Off")
        (change,) = of(cast.audit(cast.world(on_b=(applied,))), "stranded")
        assert change["addresses"] == [f"{cast.prefix + cast.at:012X}"]

    @given(casts(), names)
    def test_twin_a_checkpoint_from_after(self, cast: Cast, name: str) -> None:
        static = (replace(cast.vm.nics[0], dynamic=False),)
        pinned = replace(cast.vm, nics=static, checkpoints=((name, static),))
        assert not of(cast.audit(cast.world(on_a=(pinned,))), "dynamic-checkpoint")


class TestIncident7MovedBetweenReads:
    """A VM migrates between the reads of two hosts: seen twice, or not at all."""

    @given(casts(), st.booleans())
    def test_seen_twice(self, cast: Cast, clustered: bool) -> None:
        vm = replace(cast.vm, clustered=clustered)
        report = cast.audit(cast.world(on_a=(vm,), on_b=(vm,)))
        assert not of(report, "duplicate-address")
        assert report["complete"] is False
        assert any(cast.vm.id in [item["id"] for item in finding["vms"]] for finding in of(report, "incomplete"))

    @given(casts(), st.booleans())
    def test_not_seen_at_all(self, cast: Cast, promised: bool) -> None:
        world = cast.world(on_a=(replace(cast.vm, clustered=True),))
        world = replace(world, nodes=tuple(replace(node, cluster="c1") for node in world.nodes))
        written = documents(world, cast.draw)
        for document in written:
            document["vms"] = []
        identity = Identity(cast.vm.id, cast.vm.nics[0].id)
        claims = [Claim(cast.prefix + cast.at, "x", "p", "applied", 1, 0, identity=identity)]
        report = audit(written, now=NOW, claims=claims if promised else None)
        assert report["complete"] is False
        assert any(cast.vm.id in [item["id"] for item in finding["vms"]] for finding in of(report, "incomplete"))
        assert [finding["severity"] for finding in of(report, "promise-not-carried")] == (["info"] if promised else [])

    @given(casts())
    def test_twin_two_vms_are_two_vms(self, cast: Cast) -> None:
        report = cast.audit(cast.world(on_a=(cast.vm,), on_b=(copy_of(cast.vm, 1, name=cast.vm.name),)))
        assert of(report, "duplicate-address")
        assert report["complete"] is True


class TestIncident9ClonesAndRenames:
    """A clone while the original exists; an import whose original is gone; a rename; a re-created adapter."""

    @staticmethod
    def rules(cast: Cast, world: World) -> dict[str, list[str]]:
        """Return the VM ids that the rules about promises name."""
        identity = Identity(cast.vm.id, cast.vm.nics[0].id)
        owner = f"{cast.vm.name}/Network Adapter"
        claim = Claim(cast.prefix + cast.at, owner, "p", "applied", 1, 0, identity=identity)
        report = cast.audit(world, claims=[claim])
        rules = ("carried-without-promise", "promise-not-carried", "wrong-address", "duplicate-address")
        return {
            rule: [vm["id"] for item in of(report, rule) for vm in item["vms"]] for rule in rules if of(report, rule)
        }

    @given(casts())
    def test_clone(self, cast: Cast) -> None:
        clone = copy_of(cast.vm, 1)
        found = self.rules(cast, cast.world(on_a=(cast.vm,), on_b=(clone,)))
        assert found["carried-without-promise"] == [clone.id]
        assert set(found["duplicate-address"]) == {cast.vm.id, clone.id}

    @given(casts())
    def test_import_whose_original_is_gone(self, cast: Cast) -> None:
        copy = copy_of(cast.vm, 1, name=cast.vm.name)
        assert self.rules(cast, cast.world(on_a=(copy,))) == {"carried-without-promise": [copy.id]}

    @given(casts(), names)
    def test_twin_a_rename_changes_nothing(self, cast: Cast, name: str) -> None:
        assert self.rules(cast, cast.world(on_a=(replace(cast.vm, name=name),))) == {}

    @given(casts())
    def test_recreated_adapter(self, cast: Cast) -> None:
        new = replace(cast.vm.nics[0], id="microsoft:new\\0")
        assert self.rules(cast, cast.world(on_a=(replace(cast.vm, nics=(new,)),))) == {
            "carried-without-promise": [cast.vm.id]
        }


class TestIncident12EqualAddresses:
    """Equal addresses across VLANs, switches, clusters and power states."""

    @given(casts(), st.data())
    def test_severity_follows_the_domains(self, cast: Cast, data: st.DataObject) -> None:
        vlans, states = st.sampled_from([0, 7, 100]), st.sampled_from(["Running", "Off", "Saved", "Paused"])
        machines = [
            copy_of(cast.vm, number, state=data.draw(states), nics=(replace(cast.vm.nics[0], vlan=data.draw(vlans)),))
            for number in range(data.draw(st.integers(2, 4)))
        ]
        if data.draw(st.booleans()):
            machines.append(replace(machines[0], replica=True, state="Off"))
        split = data.draw(st.integers(0, len(machines) - 1))
        world = cast.world(on_a=tuple(machines[:split]), on_b=tuple(machines[split:]))
        world = replace(
            world,
            nodes=tuple(replace(node, cluster=data.draw(st.sampled_from([None, "c1", "c2"]))) for node in world.nodes),
        )
        (finding,) = of(cast.audit(world), "duplicate-address")
        assert {finding["addresses"][0]: finding["severity"]} == duplicates(world)

    @given(casts())
    def test_twin_replica_and_inherited_uplink_are_low(self, cast: Cast) -> None:
        replica = replace(cast.vm, replica=True, state="Off")
        report = cast.audit(cast.world(on_a=(cast.vm,), on_b=(replica,)))
        assert [finding["severity"] for finding in of(report, "duplicate-address")] == ["low"]
        world = World(cast.prefix, (replace(cast.a, uplink=40, vnic=40), cast.b))
        assert [finding["severity"] for finding in of(cast.audit(world), "duplicate-address")] == ["low"]
        moved = World(cast.prefix, (replace(cast.a, uplink=40), replace(cast.b, vnic=40)))
        assert [finding["severity"] for finding in of(cast.audit(moved), "duplicate-address")] == ["critical"]
