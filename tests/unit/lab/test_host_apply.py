# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of host_apply: validation, order, what counts as changed and as failed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.bench import Bench

START = {"op": "start_vm", "id": "s"}
RANGE = {"op": "set_host_range", "id": "r", "start": "00155DE00000", "end": "00155DE000FF", "expect": None}


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ({"op": "format_disk"}, "the op 'format_disk' is unknown"),
        ({}, "the op None is unknown"),
        ({"op": "start_vm"}, "the field 'vm_id' is missing"),
        ({"op": "start_vm", "vm_id": "web01"}, "expected a GUID"),
        ({"op": "start_vm", "vm_id": "{0b1c2d3e-0000-4000-8000-000000000001}"}, "expected a GUID"),
        ({**RANGE, "start": "00-15-5D-E0-00-00"}, "12 upper-case hex digits"),
        ({**RANGE, "start": "00155de00000"}, "12 upper-case hex digits"),
        ({**RANGE, "start": "00155DE00100"}, "above 'end'"),
        ({**RANGE, "method": "guess"}, "expected one of: auto, cmdlet, registry"),
        ({key: RANGE[key] for key in ("op", "start", "end")}, "the field 'expect' is missing"),
        ({**RANGE, "colour": "red"}, "the field 'colour' is unknown"),
        ({"op": "clear_host_range"}, "the field 'expect' is missing"),
        ({"op": "set_vm_macs", "vm_id": "0b1c2d3e-0000-4000-8000-000000000001", "adapters": []}, "adapters"),
        (
            {"op": "set_port_profile", "vm_id": "0b1c2d3e-0000-4000-8000-000000000001", "adapter_id": "a"},
            "the field 'profile_id' is missing",
        ),
        ({"op": "create_vm", "name": "x"}, "is missing"),
        ({"op": "add_cluster_role", "vm_id": "0b1c2d3e-0000-4000-8000-000000000001"}, "the field 'name' is missing"),
    ],
)
def test_nothing_is_touched_when_one_operation_is_wrong(
    bench: Bench, untouched: Any, operation: dict[str, Any], words: str
) -> None:
    vm = bench.vm()
    check = untouched(bench)
    answer = bench.apply({**START, "vm_id": vm}, operation)
    assert answer["failed"]
    assert "operation 2" in answer["msg"]
    assert words in answer["msg"]
    assert "results" not in answer
    check()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"mac": "22AAAAAAAAAA", "dynamic": True}, "not exactly one"),
        ({}, "not exactly one"),
        ({"dynamic": False}, "not exactly one"),
        ({"mac": "22AAAAAAAA"}, "12 upper-case"),
    ],
)
def test_an_adapter_is_static_or_dynamic(bench: Bench, entry: dict[str, Any], words: str) -> None:
    vm = bench.vm()
    expect = {"mac": "000000000000", "dynamic": True}
    adapter = {"adapter_id": bench.adapter_id(vm), "expect": expect, **entry}
    answer = bench.apply({"op": "set_vm_macs", "vm_id": vm, "adapters": [adapter]})
    assert answer["failed"]
    assert words in answer["msg"]


def test_an_adapter_twice_is_refused(bench: Bench) -> None:
    vm = bench.vm()
    operation = bench.macs(vm, "22AAAAAAAAAA")
    operation["adapters"] *= 2
    assert "named twice" in bench.apply(operation)["msg"]


def test_another_schema_is_refused(bench: Bench) -> None:
    answer = bench.run("host_apply", schema=2, operations=[])
    assert answer["failed"]
    assert "schema is 2" in answer["msg"]
    assert bench.run("host_apply", operations=[])["msg"] == "missing required arguments: schema"


def test_numbers_may_come_as_text(bench: Bench) -> None:
    vm = bench.running()
    result = bench.one({"op": "stop_vm", "id": "1", "vm_id": vm, "shutdown_timeout": "60", "force_off": "yes"})
    assert result["status"] == "done"


def test_results_keep_the_order_and_the_ids(bench: Bench) -> None:
    vms = [bench.vm(f"vm{n}") for n in range(3)]
    answer = bench.apply(*({"op": "start_vm", "id": f"op {n}", "vm_id": vm} for n, vm in enumerate(vms)))
    assert [(r["id"], r["op"], r["status"]) for r in answer["results"]] == [
        (f"op {n}", "start_vm", "done") for n in range(3)
    ]
    assert set(answer["results"][0]) == {"id", "op", "status", "reason", "before", "after", "message"}
    assert answer["changed"] is True
    assert "failed" not in answer


def test_a_refusal_fails_nothing_and_stops_nothing(bench: Bench) -> None:
    missing = "0b1c2d3e-0000-4000-8000-000000000001"
    vm = bench.vm()
    answer = bench.apply(
        {"op": "start_vm", "id": "a", "vm_id": missing},
        {"op": "start_vm", "id": "b", "vm_id": vm},
        continue_on_error=False,
    )
    assert "failed" not in answer
    assert [r["status"] for r in answer["results"]] == ["refused", "done"]
    assert answer["results"][0]["reason"] == "not_found"


@pytest.mark.parametrize(("go_on", "last"), [(True, "done"), (False, "skipped")])
def test_after_a_failure_the_rest_is_skipped_when_asked(bench: Bench, go_on: bool, last: str) -> None:
    first, second = bench.vm("a"), bench.vm("b")
    bench.faults.add("fail_op", index=0, message="Out of paper.")
    answer = bench.apply(
        {"op": "start_vm", "id": "a", "vm_id": first},
        {"op": "start_vm", "id": "b", "vm_id": second},
        continue_on_error=go_on,
    )
    assert answer["failed"]
    assert "Out of paper." in answer["msg"]
    assert [r["status"] for r in answer["results"]] == ["failed", last]
    assert answer["results"][0]["reason"] == "cmdlet"
    assert answer["changed"] is (last == "done")
    assert bench.state(second) == ("Running" if go_on else "Off")


def test_changed_counts_a_failure_that_touched_something(bench: Bench) -> None:
    vm = bench.vm()
    bench.faults.add("fail_op", at="after_set")
    answer = bench.apply(bench.macs(vm, "22AAAAAAAAAA"))
    assert answer["failed"]
    assert answer["changed"] is True
    assert answer["results"][0]["after"]["adapters"][0]["mac"] == "22AAAAAAAAAA"
    bench.faults.add("fail_op", at="before_set")
    assert bench.apply(bench.macs(vm, "22AAAAAAAAAB"))["changed"] is False


def test_nothing_to_do_is_not_changed(bench: Bench) -> None:
    vm = bench.running()
    answer = bench.apply({"op": "start_vm", "id": "1", "vm_id": vm})
    assert answer["changed"] is False
    assert bench.apply()["results"] == []


def test_access_denied_is_a_failure(bench: Bench) -> None:
    vm = bench.vm()
    bench.faults.add("access_denied", script="host_apply")
    answer = bench.apply({"op": "start_vm", "id": "1", "vm_id": vm})
    assert answer["failed"]
    assert answer["results"][0]["reason"] == "access_denied"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "start_vm"},
        {"op": "stop_vm"},
        {"op": "add_cluster_role", "name": "x"},
        {
            "op": "set_vm_macs",
            "adapters": [{"adapter_id": "a", "dynamic": True, "expect": {"mac": "000000000000", "dynamic": False}}],
        },
        {"op": "set_port_profile", "adapter_id": "a", "profile_id": None, "expect": None},
    ],
)
def test_a_vm_may_be_missing_moved_or_on_no_hypervisor(bench: Bench, operation: dict[str, Any]) -> None:
    there = bench.vm("there", "hv2", role=True)
    local = bench.vm("local", "hv2")
    reasons = [
        bench.one({"id": "1", **operation, "vm_id": there})["reason"],
        bench.one({"id": "1", **operation, "vm_id": local})["reason"],
        bench.one({"id": "1", **operation, "vm_id": there}, host="lone")["reason"],
        bench.one({"id": "1", **operation, "vm_id": there}, host="plain")["reason"],
    ]
    assert reasons == ["moved", "not_found", "not_found", "unsupported"]
