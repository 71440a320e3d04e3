# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule incomplete: what was not seen is said, and absence is never taken for proof."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_A,
    RANGE_B,
    RANGE_C,
    adapter,
    found,
    group,
    guid,
    host,
    lease,
    one,
    plan,
    report,
    vm,
)

NODES = ["hv1", "hv2", "hv3"]


def cluster(**groups_of: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return three nodes that saw everything."""
    ranges = dict(zip(NODES, (RANGE_A, RANGE_B, RANGE_C), strict=True))
    return [host(name, ranges[name], cluster="c", nodes=NODES, groups=groups_of.get(name, [])) for name in NODES]


def test_everything_seen_is_complete() -> None:
    result = report(*cluster())
    assert result["complete"] is True
    assert not result["findings"]


@given(st.sets(st.sampled_from(NODES), min_size=1))
def test_removing_hosts_makes_it_incomplete(gone: set[str]) -> None:
    kept = [document for document in cluster() if document["host"]["name"] not in gone]
    result = report(*kept)
    assert result["complete"] is False
    named = {name for item in result["findings"] if item["rule"] == "incomplete" for name in item["hosts"]}
    assert named >= gone or not kept


def test_nothing_at_all_is_incomplete() -> None:
    assert report()["complete"] is False


@pytest.mark.parametrize(("state", "complete"), [("Up", True), ("Paused", True), ("Down", False)])
def test_states_of_a_node_that_was_read(state: str, complete: bool) -> None:
    nodes = {"hv1": "Up", "hv2": state}
    documents = [host("hv1", cluster="c", nodes=nodes), host("hv2", RANGE_B, cluster="c", nodes=nodes)]
    assert report(*documents)["complete"] is complete


def test_a_node_that_was_not_read_is_named_once() -> None:
    finding = one("incomplete", *cluster()[:2])
    assert finding["hosts"] == ["hv3"]


@pytest.mark.parametrize(
    "parts",
    [
        {"warnings": ["checkpoints: access denied"]},
        {"mac_range": None},
        {"vms": None},
        {"cluster": None},
        {"host_adapters": None},
        {"physical_adapters": None},
        {"schema": 2},
        {"kind": "esx_host"},
        {"host": {}},
    ],
)
def test_a_document_that_does_not_tell_everything(parts: dict[str, Any]) -> None:
    document = host()
    for part, value in parts.items():
        if value is None:
            del document[part]
        else:
            document[part] = value
    assert report(document, host("hv2", RANGE_B))["complete"] is False


def test_a_null_range_counts_only_where_hyper_v_is() -> None:
    assert report(host("hv1", None))["complete"] is False
    assert report(host("hv1", None, host={"name": "hv1", "hyperv": False, "ipv4": []}))["complete"] is True


def test_age_is_measured_against_the_newest() -> None:
    old, new = host("hv1", observed_at="2026-11-20T11:00:00Z"), host("hv2", RANGE_B)
    assert one("incomplete", old, new, plan=plan(max_observation_age="24h"))["hosts"] == ["hv1"]
    assert not found("incomplete", old, new, plan=plan(max_observation_age="2d"))
    assert not found("incomplete", old, new)
    assert not found("incomplete", old, plan=plan(max_observation_age="24h"))


def test_hosts_of_plan_and_leases_are_expected() -> None:
    keys = {
        "host_ranges": {
            "ranges": [{"start": "22-15-5D-E0-00-00", "size": 4096}],
            "size_per_host": 256,
            "hosts": ["HV1.corp.example", "hv2"],
        }
    }
    assert one("incomplete", host("hv1"), plan=plan(**keys))["hosts"] == ["hv2"]
    assert one("incomplete", host("hv1"), leases=[lease("hv3", *RANGE_C)])["hosts"] == ["hv3"]
    assert not found("incomplete", host("hv1"), leases=[lease("hv3", *RANGE_C, state="retired")])


class TestMoves:
    ID = guid("web01")

    def test_two_maps_disagree(self) -> None:
        documents = cluster(hv1=[group(self.ID, "hv1")], hv2=[group(self.ID, "hv2")])
        documents[1]["vms"] = [vm("web01", adapter("00155DE00105"))]
        finding = one("incomplete", *documents)
        assert finding["vms"][0]["id"] == self.ID
        assert set(finding["hosts"]) == {"hv1", "hv2"}

    def test_seen_nowhere(self) -> None:
        finding = one("incomplete", *cluster(hv1=[group(self.ID, "hv2", "web01")]))
        assert finding["vms"] == [{"id": self.ID, "name": "web01", "host": "hv2"}]

    def test_seen_twice(self) -> None:
        documents = cluster()
        for document in documents[:2]:
            document["vms"] = [vm("web01", adapter("00155DE00005"))]
        assert one("incomplete", *documents)["hosts"] == ["hv1", "hv2"]
        assert not found("duplicate-address", *documents)

    def test_maps_that_agree_in_other_words(self) -> None:
        documents = cluster(hv1=[group(self.ID, "HV2.corp.example")], hv2=[group("{" + self.ID.upper() + "}", "hv2")])
        documents[1]["vms"] = [vm("web01", adapter("00155DE00105"))]
        assert not found("incomplete", *documents)

    def test_a_replica_beside_its_primary_is_not_seen_twice(self) -> None:
        documents = cluster()
        documents[0]["vms"] = [vm("web01", adapter("00155DE00005"))]
        documents[1]["vms"] = [vm("web01", adapter("00155DE00005"), replication_mode="Replica", state="Off")]
        assert not found("incomplete", *documents)


def test_a_lone_host_that_was_to_be_observed_is_named_with_the_reason() -> None:
    expected = [{"name": "hv9", "reason": "ntlm: refused\n\x1b[2J"}, {"name": "HV1.example.com"}]
    finding = one("incomplete", host("hv1"), expected_hosts=expected)
    assert finding["hosts"] == ["hv9"]
    assert "hv9 was expected (ntlm: refused" in finding["evidence"]
    assert finding["evidence"].isprintable()
    assert report(host("hv1"), expected_hosts=expected)["complete"] is False


def test_a_node_that_was_to_be_observed_is_named_once() -> None:
    assert one("incomplete", *cluster()[:2], expected_hosts=[{"name": "HV3"}])["hosts"] == ["hv3"]


def test_expected_hosts_are_missed_in_what_if_too() -> None:
    asked = {"action": "drain", "host": "hv1"}
    assert one("incomplete", *cluster(), expected_hosts=[{"name": "hv9"}], what_if=asked)["hosts"] == ["hv9"]
