# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Incident 12, the Network Controller: a drifted interface, its twin, and clusters with everything wrong at once."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.audits import audit
from tests.incidents import sdn as oracle
from tests.incidents.sdn import NULL, Port, Sdn, document, sdns
from tests.incidents.test_observed import NOW, Cast, casts, copy_of, of, short
from tests.incidents.world import Machine, documents, names

SDN_RULES = ("sdn-mismatch", "sdn-orphan", "sdn-dynamic")


def dashed(mac: str) -> str:
    """Return an address as people read it."""
    return "-".join(mac[at : at + 2] for at in range(0, 12, 2))


def read(sdn: Sdn, draw: random.Random) -> dict[str, Any]:
    """Write a cluster and its controller down, and audit both."""
    written = [*documents(sdn.world, draw), document(sdn.world, sdn.ports, draw)]
    draw.shuffle(written)
    return audit(written, now=NOW)


def bound_to(cast: Cast, port_id: str, data: int = 1) -> Machine:
    """Return the cast's VM with a static adapter that is bound to an interface."""
    return replace(cast.vm, nics=(replace(cast.vm.nics[0], dynamic=False, vlan=0, port=(port_id, data)),))


class TestIncident12DriftedInterface:
    """An interface that drifted from its adapter."""

    @given(casts(), st.uuids(), names, st.integers(1, 20), st.booleans())
    def test_all_three_records_are_named(self, cast: Cast, id: Any, name: str, drift: int, over_there: bool) -> None:
        vm, port = bound_to(cast, str(id)), Port(str(id), name, cast.at + drift)
        world = cast.world(on_b=(vm,)) if over_there else cast.world(on_a=(vm,))
        report = read(Sdn(world, (port,)), cast.draw)
        (finding,) = of(report, "sdn-mismatch")
        assert finding["severity"] == ("critical" if vm.up else "medium")
        assert finding["addresses"] == sorted([world.mac(cast.at), world.mac(port.at)])
        assert [item["id"] for item in finding["vms"]] == [vm.id]
        assert short(finding["hosts"]) == {cast.b.name if over_there else cast.a.name}
        for part in (
            vm.name,
            "static",
            dashed(world.mac(cast.at)),
            "data 1",
            name,
            str(id),
            dashed(world.mac(port.at)),
        ):
            assert part in finding["evidence"]
        assert finding["evidence"].count(str(id)) == 2
        assert "macpool.hyperv.mac_interfaces" in finding["remedy"]
        assert not of(report, "duplicate-address")

    @given(casts(), st.uuids(), names)
    def test_twin_agreeing_records_are_silent(self, cast: Cast, id: Any, name: str) -> None:
        report = read(Sdn(cast.world(on_a=(bound_to(cast, str(id)),)), (Port(str(id), name, cast.at),)), cast.draw)
        assert not [
            item for item in report["findings"] if item["rule"] in (*SDN_RULES, "duplicate-address", "nc-state")
        ]

    @given(casts(), st.uuids(), names)
    def test_twin_the_null_profile_is_not_sdn(self, cast: Cast, id: Any, name: str) -> None:
        vm = bound_to(cast, *NULL)
        assert not [
            item for item in read(Sdn(cast.world((vm,)), ()), cast.draw)["findings"] if item["rule"] in SDN_RULES
        ]

    @given(casts(), st.uuids(), names)
    def test_a_clone_of_a_bound_vm(self, cast: Cast, id: Any, name: str) -> None:
        vm = bound_to(cast, str(id))
        clone = copy_of(vm, 1)
        report = read(Sdn(cast.world((vm,), (clone,)), (Port(str(id), name, cast.at),)), cast.draw)
        assert {item["vms"][0]["id"] for item in of(report, "sdn-mismatch")} == {vm.id, clone.id}

    @given(casts(), st.uuids(), names)
    def test_without_the_controllers_document_nothing_is_absent(self, cast: Cast, id: Any, name: str) -> None:
        vm = bound_to(cast, str(id))
        report = cast.audit(cast.world(on_a=(vm,)))
        assert not [item for item in report["findings"] if item["rule"] in SDN_RULES]


@given(sdns(), st.integers(0, 999))
def test_the_rules_agree_with_a_patient_reader(sdn: Sdn, seed: int) -> None:
    report = read(sdn, random.Random(seed))
    assert report["complete"] is True
    assert Counter(
        (item["vms"][0]["id"], item["severity"], tuple(item["addresses"])) for item in of(report, "sdn-mismatch")
    ) == oracle.mismatches(sdn)
    alone: list[dict[str, Any]] = []
    lost: list[dict[str, Any]] = []
    for item in of(report, "sdn-orphan"):
        (lost if "no Network Controller has" in item["evidence"] else alone).append(item)
    assert Counter(("".join(item["addresses"]), item["severity"]) for item in alone) == oracle.orphans(sdn)
    assert Counter(
        (tuple(sorted({vm["id"] for vm in item["vms"]})), item["severity"]) for item in lost
    ) == oracle.lost_profiles(sdn)
    assert Counter(item["vms"][0]["id"] for item in of(report, "sdn-dynamic")) == oracle.dynamic(sdn)


@given(sdns(), st.integers(0, 999), st.integers(0, 999))
def test_spelling_and_order_change_no_finding(sdn: Sdn, first: int, second: int) -> None:
    def essence(seed: int) -> str:
        findings = read(sdn, random.Random(seed))["findings"]
        kept = [
            (
                item["rule"],
                item["severity"],
                item["addresses"],
                sorted(short(item["hosts"])),
                sorted(vm["id"] for vm in item["vms"]),
            )
            for item in findings
            if item["rule"] in SDN_RULES
        ]
        return json.dumps(sorted(kept))

    assert essence(first) == essence(second)


@given(sdns(), st.integers(0, 999), st.data())
def test_a_removed_host_makes_no_interface_an_orphan_for_certain(sdn: Sdn, seed: int, data: st.DataObject) -> None:
    draw = random.Random(seed)
    written = documents(sdn.world, draw)
    gone = data.draw(st.sampled_from(written))
    kept = [item for item in written if item is not gone]
    lost = [{"name": gone["host"]["name"], "reason": "down"}]
    report = audit([*kept, document(sdn.world, sdn.ports, draw)], now=NOW, expected_hosts=lost)
    assert report["complete"] is False
    for item in of(report, "sdn-orphan"):
        if not item["vms"]:
            assert item["severity"] == "info"
