# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random clusters with everything wrong that can be: the rules find what a patient reader finds, and nothing else."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Claim, Lease
from tests.audits import audit
from tests.incidents import world as oracle
from tests.incidents.world import World, documents, worlds

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.timezone.utc)


def read(world: World, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Audit a world as it was written down, and return the findings by rule."""
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in audit(documents(world, random.Random(seed)), now=NOW)["findings"]:
        found.setdefault(finding["rule"], []).append(finding)
    return found


def short(names: list[str]) -> frozenset[str]:
    """Return host names as the oracle writes them."""
    return frozenset(name.casefold().partition(".")[0] for name in names)


def handing_out(world: World, finding: dict[str, Any]) -> frozenset[str]:
    """Return the hosts of an overlap without those that only run a carrier."""
    first = int(finding["addresses"][0], 16) - world.prefix
    covering = {node.name for node in world.nodes if node.range[0] <= first <= node.range[1]}
    return short(finding["hosts"]) & covering


def adapters(findings: list[dict[str, Any]], key: str) -> Counter[tuple[Any, ...]]:
    """Return address, VM and one more thing of findings about one adapter."""
    return Counter(
        (
            *item["addresses"],
            item["vms"][0]["id"],
            short(item["hosts"]) if key == "hosts" else short([item["vms"][0]["host"]]) if key == "host" else item[key],
        )
        for item in findings
    )


@given(worlds(), st.integers(0, 999))
def test_the_rules_agree_with_a_patient_reader(world: World, seed: int) -> None:
    found = read(world, seed)

    def of(rule: str) -> list[dict[str, Any]]:
        return found.get(rule, [])

    assert {item["addresses"][0]: item["severity"] for item in of("duplicate-address")} == oracle.duplicates(world)
    assert Counter((*item["addresses"], handing_out(world, item)) for item in of("range-overlap")) == oracle.overlaps(
        world
    )
    assert adapters(of("departed"), "hosts") == oracle.departed(world)
    assert adapters(of("stranded"), "host") == Counter(
        {(mac, vm, frozenset([host])): count for (mac, vm, host), count in oracle.stranded(world).items()}
    )
    assert adapters(of("static-in-dynamic-range"), "severity") == oracle.static_in_range(world)
    assert Counter(tuple(item["addresses"]) for item in of("range-usage")) == oracle.usage(world)
    zeros = [(machine.id, nic.dynamic) for _node, machine, nic in world.seen() if nic.at is None]
    assert Counter((item["vms"][0]["id"], True) for item in of("never-started")) + Counter(
        (item["vms"][0]["id"], False) for item in of("invalid-address")
    ) == Counter(zeros)
    roles = {(node.cluster, machine.id) for node in world.nodes for machine in node.machines if machine.clustered}
    roaming = [
        machine.id
        for node, machine, nic in world.seen()
        if nic.dynamic and (machine.clustered or (node.cluster and (node.cluster, machine.id) in roles))
    ]
    assert Counter(item["vms"][0]["id"] for item in of("dynamic-clustered")) == Counter(roaming)
    residual = [
        machine.id
        for node in world.nodes
        for machine in node.machines
        for _name, before in machine.checkpoints
        if any(old.dynamic and not new.dynamic for old in before for new in machine.nics if old.id == new.id)
    ]
    assert Counter(item["vms"][0]["id"] for item in of("dynamic-checkpoint")) == Counter(residual)
    assert not of("incomplete")


@given(worlds(), st.integers(0, 999), st.integers(0, 999))
def test_spelling_and_order_of_files_change_no_finding(world: World, first: int, second: int) -> None:
    def essence(seed: int) -> str:
        kept = [
            (
                item["rule"],
                item["severity"],
                item["addresses"],
                sorted(short(item["hosts"])),
                sorted((vm["id"], vm["name"]) for vm in item["vms"]),
            )
            for findings in read(world, seed).values()
            for item in findings
        ]
        return json.dumps(sorted(kept))

    assert essence(first) == essence(second)


@given(worlds(), st.integers(0, 999), st.data())
def test_a_removed_host_frees_nothing(world: World, seed: int, data: st.DataObject) -> None:
    """What is missing makes the observation incomplete, and adds no finding about what is still seen."""
    written = documents(world, random.Random(seed))
    gone = data.draw(st.sampled_from(written))
    kept = [document for document in written if document is not gone]
    claims = [
        Claim(int(world.mac(nic.at), 16), f"{machine.id}/{nic.id}", "x", "applied", 1, 0)
        for _node, machine, nic in world.seen()
        if nic.at is not None
    ]
    unique = list({claim.address: claim for claim in claims}.values())
    at = 0x22FF00000000
    leases = [Lease(document["host"]["name"], at, at, at, "active", 1, 0) for document in written]
    report = audit(kept, now=NOW, claims=unique, leases=leases)
    assert report["complete"] is False
    for finding in report["findings"]:
        if finding["rule"] == "promise-not-carried":
            assert finding["severity"] == "info"
