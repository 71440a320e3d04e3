# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proposed plan is one that the check accepts, and keeps today's ranges and addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import format_mac, parse_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._adopt.plan import (
    Proposal,
    propose,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._adopt.proposal import check_own_work, proposal_text
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.sightings import all_sightings
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.unit.plugins.plugin_utils.observation.documents import RANGE_A, RANGE_B, adapter, guid, host, vm

Document = dict[str, Any]


def proposed(*documents: Document, scope: str = "") -> Proposal:
    """Return the proposal for documents."""
    return propose(read_documents(documents), scope)


def advice(proposal: Proposal) -> dict[str, tuple[bool, str]]:
    """Return what is said of each host."""
    return {item.host: (item.keeps, item.words) for item in proposal.hosts}


MACS = st.one_of(
    st.integers(0x221DD8000000, 0x221DD80003FF),
    st.integers(0x00155DE00000, 0x00155DE0FFFF),
    st.integers(0, (1 << 48) - 1),
).map(format_mac)


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, str]:
    """Return a range, often of 256 addresses."""
    start = draw(st.sampled_from([0x00155DE00000, 0x00155DE00100, 0x00155D010A00, 0x220000000000, 0x001DD8000000]))
    return format_mac(start), format_mac(start + draw(st.sampled_from([255, 255, 127, 511, 65535, 1 << 20])))


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    """Return hosts, containers and a Network Controller that get in each other's way."""
    found: list[Document] = []
    for index in range(draw(st.integers(0, 4))):
        machines = [
            vm(f"vm{number}", adapter(draw(MACS), draw(st.booleans())), id=guid(f"{index}.{number}"))
            for number in range(draw(st.integers(0, 3)))
        ]
        network = {
            "name": draw(st.text(max_size=4)),
            "mac_pools": [dict(zip(("start", "end"), draw(spans()), strict=True))],
        }
        document = host(
            draw(st.sampled_from([f"hv{index}", f"HV{index}.example.com", f"h\x1b{index}"])),
            draw(st.none() | spans()),
            machines,
            container_networks=[network] * draw(st.integers(0, 1)),
        )
        document["host"]["ipv4"] = draw(st.lists(st.sampled_from(["10.0.10.10", "10.0.224.1", "x"]), max_size=1))
        found.append(document)
    if draw(st.booleans()):
        start, end = draw(spans())
        pool = {"resourceId": draw(st.text(max_size=3)), "properties": {"startMacAddress": start, "endMacAddress": end}}
        found.append({"schema": 1, "kind": "network_controller", "mac_pools": [pool] * draw(st.integers(1, 2))})
    return found


@given(documents(), st.randoms())
def test_every_proposal_is_a_plan_and_never_depends_on_the_order(found: list[Document], random: Any) -> None:
    proposal = proposed(*found)
    plan = parse_plan(proposal.plan)
    text = proposal_text(proposal)
    assert parse_plan(yaml.safe_load(text)["macpool_plan"]).digest == plan.digest
    assert proposal_text(proposed(*random.sample(found, len(found)))) == text
    assert all(line.isprintable() for line in text.splitlines())
    check_own_work(text, "plan.yml")


@given(documents())
def test_static_addresses_of_the_administrators_quadrant_stay_in_the_pool_or_in_land_of_others(
    found: list[Document],
) -> None:
    proposal = proposed(*found)
    plan = parse_plan(proposal.plan)
    ranges = [item.range for item in proposal.hosts if item.range]
    for machine in (item for document in found for item in document.get("vms", ())):
        for item in machine["adapters"]:
            address = parse_mac(item["mac"])
            if item["dynamic"] or address >> 40 != 0x22:
                continue
            hosts = any(span.start <= address <= span.end for span in ranges)
            unnamed = any("\x1b" in document.get("host", {}).get("name", "") for document in found)
            assert plan.kind_at(address) or hosts or unnamed


def test_disjoint_ranges_are_kept_and_leases_give_every_host_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    found = [
        host("hv2", RANGE_A, [vm("a", adapter("00155DE00005"))], cluster="HCI 1", nodes=["hv1", "hv2"]),
        host("hv1", RANGE_B, cluster="HCI 1", nodes=["hv1", "hv2"]),
    ]
    proposal = proposed(*found)
    assert proposal.plan["scope"] == "hci-1"
    assert advice(proposal) == {
        "hv1": (True, "keeps its range 00-15-5D-E0-01-00..00-15-5D-E0-01-FF."),
        "hv2": (True, "keeps its range 00-15-5D-E0-00-00..00-15-5D-E0-00-FF."),
    }
    plan = parse_plan(proposal.plan)
    with Ledger.create(str(tmp_path / "x.sqlite3"), plan.scope, Job("t"), plan) as ledger:
        ledger.observe(all_sightings(read_documents(found)), Job("t"))
        leases = {item.lease.host: format_mac(item.lease.start) for item in ledger.lease(Job("t"))}
    assert leases == {"hv1": RANGE_B[0], "hv2": RANGE_A[0]}


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ([host("hv2", RANGE_A)], "overlaps with that of hv2"),
        ([host("hv2", RANGE_B), host("hv3", ("00155DF00000", "00155DF007FF"))], ""),
        ([host("hv2", RANGE_B, [vm("moved", adapter("00155DE00007"))])], "other adapters than its own dynamic ones"),
        (
            [host("hv2", RANGE_B, [vm("typed", adapter("00155DE00007", False))])],
            "other adapters than its own dynamic ones",
        ),
    ],
)
def test_what_is_not_disjoint_gets_new_land_and_is_told_why(others: list[Document], reason: str) -> None:
    proposal = proposed(host("hv1", RANGE_A), *others)
    keeps, words = advice(proposal)["hv1"]
    assert keeps is not bool(reason)
    assert reason in words
    if reason:
        assert "Pin its dynamic adapters first" in words
    plan = parse_plan(proposal.plan)
    assert plan.host_ranges is not None
    assert plan.host_ranges.block_count >= len(plan.host_ranges.hosts)


def test_a_range_of_another_size_cannot_be_kept() -> None:
    proposal = proposed(host("hv1"), host("hv2", RANGE_B), host("hv3", ("00155DF00000", "00155DF007FF")))
    assert "all blocks of a plan have one size" in advice(proposal)["hv3"][1]
    assert advice(proposal)["hv1"][0] is True


def test_land_of_others_and_land_that_is_no_pool_is_named() -> None:
    machines = [
        vm("a", adapter("00155DAA0001", False)),
        vm("b", adapter("005056000001", False), id=guid("b")),
        vm("c", adapter("221DD8000305", False), id=guid("c")),
    ]
    controller = {
        "schema": 1,
        "kind": "network_controller",
        "mac_pools": [
            {
                "resourceId": "default",
                "properties": {"startMacAddress": "00-1D-D8-B7-1C-00", "endMacAddress": "00-1D-D8-B7-1F-FF"},
            }
        ],
    }
    proposal = proposed(host("hv1", vms=machines), controller, scope="north")
    assert proposal.plan["scope"] == "north"
    assert proposal.plan["other_allocators"][0]["name"] == "default"
    assert proposal.plan["pools"]["static"]["ranges"] == [{"start": "22-1D-D8-00-03-00", "size": 256}]
    assert [note[:8] for note in proposal.notes] == ["00-15-5D", "00-50-56"]


def test_what_was_not_seen_stands_in_the_file() -> None:
    text = proposal_text(proposed(host("hv1")), ["hv4 was not seen\n- evil: true"])
    assert "#   hv4 was not seen\\n- evil: true\n" in text
    assert yaml.safe_load(text).keys() == {"macpool_plan"}
    check_own_work(text, "plan.yml")


def test_text_of_ansibles_own_kind_is_written_as_text() -> None:
    class Unsafe(str):
        __slots__ = ()

    assert "- hv1\n" in proposal_text(proposed(host(Unsafe("hv1"), cluster=Unsafe("c"))))


def test_a_proposal_that_somebody_edited_is_not_replaced() -> None:
    text = proposal_text(proposed(host("hv1")))
    check_own_work(text, "plan.yml")
    for edited in (text.replace("static:", "tenant:"), text + "# mine\n", "", "macpool_plan: {}\n"):
        with pytest.raises(MacPoolError, match=r"plan\.yml.*edited"):
            check_own_work(edited, "plan.yml")
