# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would happen if a host were drained, failed, got another range, or joined."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_A,
    RANGE_B,
    RANGE_C,
    adapter,
    found,
    host,
    report,
    vm,
)

NODES = ["hv1", "hv2", "hv3"]


def ask(*documents: dict[str, Any], **question: Any) -> dict[str, Any]:
    """Ask a what-if question."""
    return report(*documents, what_if=question)


def changed(result: dict[str, Any], kind: str) -> list[str]:
    """Return the addresses of the changes of a kind."""
    return [item["address"] for item in result["changes"] if item["kind"] == kind]


def cluster(*vms: dict[str, Any], others: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """Return a cluster of three nodes with VMs on hv1 and on hv2."""
    return [
        host("hv1", RANGE_A, cluster="c", nodes=NODES, vms=vms),
        host("hv2", RANGE_B, cluster="c", nodes=NODES, vms=others or []),
        host("hv3", RANGE_C, cluster="c", nodes=NODES),
    ]


class TestSetRange:
    def test_lists_exactly_what_it_strands(self) -> None:
        machines = [
            vm("inside", adapter("00155DE00005")),
            vm("stays", adapter("00155DE00085")),
            vm("static", adapter("00155DE00006", False)),
            vm("new", adapter("000000000000")),
            vm("stranded before", adapter("00155DFF0005")),
        ]
        vnics = [{"id": "v", "name": "Management", "mac": "00155DE00007", "switch": "t"}]
        document = host("hv1", RANGE_A, vms=machines, host_adapters=vnics)
        result = ask(document, action="set_range", host="HV1", range={"start": "00155DE00080", "end": "00155DE0017F"})
        assert changed(result, "new_address") == ["00155DE00005", "00155DE00007"]
        assert {
            address for item in result["findings"] if item["rule"] == "stranded" for address in item["addresses"]
        } == {
            "00155DE00005",
            "00155DFF0005",
        }
        assert result["summary"]["usage"][0]["size"] == 256

    def test_a_superset_strands_nobody(self) -> None:
        document = host("hv1", RANGE_A, vms=[vm("a", adapter("00155DE00005")), vm("b", adapter("00155DFF0005"))])
        result = ask(document, action="set_range", host="hv1", range={"start": RANGE_A[0], "end": RANGE_B[1]})
        assert result["changes"] == []

    def test_names_those_that_could_collide(self) -> None:
        far = host("hv2", RANGE_B, vms=[vm("far", adapter("221DD8000005", False))])
        question = {"action": "set_range", "host": "hv1", "range": {"start": "221DD8000000", "size": 256}}
        result = ask(host("hv1", RANGE_A), far, **question)
        assert changed(result, "may_collide") == ["221DD8000005"]
        assert [item["hosts"] for item in result["findings"] if item["rule"] == "static-in-dynamic-range"] == [
            ["hv1", "hv2"]
        ]

    def test_those_that_it_could_meet_already_are_no_change(self) -> None:
        far = host("hv2", RANGE_C, vms=[vm("far", adapter("00155DE00005", False))])
        question = {"action": "set_range", "host": "hv1", "range": {"start": RANGE_A[0], "end": RANGE_B[1]}}
        assert ask(host("hv1", RANGE_A), far, **question)["changes"] == []

    def test_the_question_touches_nothing(self) -> None:
        document = host("hv1", RANGE_A, vms=[vm("a", adapter("00155DE00005"))])
        before = report(document)
        ask(document, action="set_range", host="hv1", range={"start": RANGE_B[0], "size": 16})
        assert report(document) == before


class TestDrain:
    def test_clustered_dynamic_addresses_change_later_and_can_be_handed_out_again(self) -> None:
        documents = cluster(
            vm("roams", adapter("00155DE00005"), clustered=True),
            vm("pinned", adapter("221DD8000005", False), clustered=True),
            vm("local", adapter("00155DE00006")),
        )
        result = ask(*documents, action="drain", host="hv1")
        (change,) = [item for item in result["changes"] if item["kind"] == "new_address"]
        assert (change["address"], change["hosts"], change["when"]) == ("00155DE00005", ["hv2", "hv3"], "next start")
        assert changed(result, "may_collide") == ["00155DE00005"]
        departed = [item for item in result["findings"] if item["rule"] == "departed"]
        assert [item["vms"][0]["name"] for item in departed] == ["roams"]
        assert departed[0]["vms"][0]["host"] in ("hv2", "hv3")
        assert "1 VM cannot leave" in result["advice"]
        assert not found("departed", *documents)

    def test_a_node_whose_range_covers_the_address_is_not_named(self) -> None:
        documents = cluster(vm("roams", adapter("00155DE00005"), clustered=True))
        documents[2]["mac_range"] = documents[0]["mac_range"]
        (change,) = [
            item for item in ask(*documents, action="drain", host="hv1")["changes"] if item["kind"] == "new_address"
        ]
        assert change["hosts"] == ["hv2"]

    def test_an_address_that_was_stranded_before_is_no_change(self) -> None:
        documents = cluster(vm("stranded", adapter("00155DFF0005"), clustered=True))
        assert ask(*documents, action="drain", host="hv1")["changes"] == []
        assert changed(ask(*documents, action="fail", host="hv1"), "new_address") == ["00155DFF0005"]

    def test_a_lone_host_has_nowhere_to_go(self) -> None:
        document = host("hv1", RANGE_A, vms=[vm("a", adapter("00155DE00005"), clustered=True)])
        result = ask(document, action="drain", host="hv1")
        assert result["changes"] == []
        assert "cannot leave" in result["advice"]

    def test_vms_spread_over_the_nodes(self) -> None:
        machines = [vm(f"vm{number}", adapter(f"221DD80000{number:02X}", False), clustered=True) for number in range(6)]
        documents = cluster(*machines, others=[vm("here", adapter("221DD8000100", False), clustered=True)])
        for document in documents:
            document["mac_range"] = {"start": "221DD8000000", "end": "221DD80000FF"}
        result = ask(*documents, action="drain", host="hv1")
        places = [
            machine["host"]
            for item in result["findings"]
            if item["rule"] == "static-in-dynamic-range"
            for machine in item["vms"]
        ]
        assert (places.count("hv1"), places.count("hv2"), places.count("hv3")) == (0, 3, 3)


class TestFail:
    def test_running_vms_change_at_once(self) -> None:
        documents = cluster(
            vm("runs", adapter("00155DE00005"), clustered=True),
            vm("off", adapter("00155DE00006"), clustered=True, state="Off"),
            vm("local", adapter("00155DE00007")),
        )
        result = ask(*documents, action="fail", host="hv1")
        assert [(item["address"], item["when"]) for item in result["changes"] if item["kind"] == "new_address"] == [
            ("00155DE00005", "when it starts after the failure"),
            ("00155DE00006", "next start"),
        ]
        assert changed(result, "may_collide") == ["00155DE00006"]
        assert result["complete"] is False
        assert [item["hosts"] for item in result["findings"] if item["rule"] == "incomplete"] == [["hv1"]]

    def test_new_addresses_can_meet_those_that_the_node_does_not_know(self) -> None:
        away = vm("away", adapter("00155DE00205"))
        documents = cluster(vm("runs", adapter("00155DE00005"), clustered=True), others=[away])
        result = ask(*documents, action="fail", host="hv1")
        assert changed(result, "may_collide") == ["00155DE00205"]

    def test_static_addresses_do_not_change(self) -> None:
        documents = cluster(vm("pinned", adapter("221DD8000005", False), clustered=True))
        assert ask(*documents, action="fail", host="hv1")["changes"] == []

    def test_a_lone_host(self) -> None:
        result = ask(
            host("hv1", vms=[vm("a", adapter("00155DE00005"))]), host("hv2", RANGE_B), action="fail", host="hv1"
        )
        assert result["complete"] is False


class TestAddHost:
    def test_with_its_default_range(self) -> None:
        documents = [host("hv1", ("00155D010A00", "00155D010AFF"), vms=[vm("a", adapter("00155D010A05"))])]
        result = ask(*documents, action="add_host", host="hv9", ipv4="10.9.1.10")
        rules = {item["rule"]: item["hosts"] for item in result["findings"]}
        assert rules["range-overlap"] == ["hv1", "hv9"]
        assert changed(result, "may_collide") == ["00155D010A05"]

    def test_in_free_land(self) -> None:
        result = ask(host("hv1", cluster="c"), action="add_host", host="hv9", ipv4="10.9.1.10", cluster="C")
        assert result["changes"] == []
        assert {item["rule"] for item in result["findings"]} == {"default-range"}
        assert result["complete"] is True


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"action": "explode", "host": "hv1"}, "drain"),
        ({"action": "drain"}, "name of a host"),
        ({"action": "drain", "host": "hv9"}, "hv1"),
        ({"action": "set_range", "host": "hv1"}, "range"),
        ({"action": "set_range", "host": "hv1", "range": {"start": "hello", "size": 1}}, "hello"),
        ({"action": "add_host", "host": "hv9"}, "IPv4"),
        ({"action": "add_host", "host": "hv9", "ipv4": "10.0.0.256"}, "IPv4"),
        ({"action": "add_host", "host": "HV1", "ipv4": "10.0.0.1"}, "does not exist yet"),
    ],
)
def test_questions_that_cannot_be_answered(question: dict[str, Any], words: str) -> None:
    with pytest.raises(MacPoolError, match=words):
        ask(host("hv1"), **question)
