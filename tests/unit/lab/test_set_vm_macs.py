# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""set_vm_macs, sentence by sentence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.bench import Bench

MAC = "22AAAAAAAAAA"


def test_a_vm_that_never_started_gets_a_static_address(bench: Bench) -> None:
    vm = bench.vm()
    result = bench.one(bench.macs(vm, MAC))
    adapter = bench.adapter_id(vm)
    assert result["status"] == "done"
    assert result["before"] == {
        "state": "Off",
        "adapters": [{"adapter_id": adapter, "mac": "000000000000", "dynamic": True}],
    }
    assert result["after"] == {"state": "Off", "adapters": [{"adapter_id": adapter, "mac": MAC, "dynamic": False}]}
    assert bench.mac(vm) == MAC


def test_adapter_ids_are_compared_without_case(bench: Bench) -> None:
    vm = bench.vm()
    operation = bench.macs(vm, MAC)
    operation["adapters"][0]["adapter_id"] = operation["adapters"][0]["adapter_id"].lower()
    assert bench.one(operation)["after"]["adapters"][0]["adapter_id"] == bench.adapter_id(vm)


def test_already_as_wanted_comes_before_everything(bench: Bench) -> None:
    vm = bench.running(mac=MAC)
    operation = bench.macs(vm, MAC, expect={"state": "Off"})
    operation["adapters"][0]["expect"] = {"mac": "221111111111", "dynamic": True}
    result = bench.one(operation)
    assert result["status"] == "unchanged"
    assert result["before"] == result["after"]


def test_pinning_makes_a_dynamic_address_static(bench: Bench) -> None:  # fact 103
    vm = bench.running()
    bench.world.stop(vm)
    result = bench.one(bench.macs(vm, "00155D0A0A00"))
    assert result["status"] == "done"
    assert result["after"]["adapters"][0]["dynamic"] is False


def test_dynamic_is_as_wanted_whatever_the_address(bench: Bench) -> None:
    assert bench.one(bench.macs(bench.running(), None))["status"] == "unchanged"


def test_an_adapter_that_is_not_as_expected_stops_the_whole_vm(bench: Bench, untouched: Any) -> None:
    vm = bench.vm()
    second = bench.world.add_adapter(vm, "Second", mac="221111111111")
    operation = bench.macs(vm, MAC)
    operation["adapters"].append(
        {"adapter_id": second, "mac": "22AAAAAAAAAB", "expect": {"mac": "222222222222", "dynamic": False}}
    )
    check = untouched(bench)
    result = bench.one(operation)
    assert (result["status"], result["reason"], result["after"]) == ("refused", "changed", None)
    assert result["before"]["adapters"][1]["mac"] == "221111111111"
    check()


def test_a_half_done_operation_is_finished_by_running_it_again(bench: Bench) -> None:
    vm = bench.vm()
    second = bench.world.add_adapter(vm, "Second", mac="221111111111")
    operation = bench.macs(vm, MAC)
    operation["adapters"].append(
        {"adapter_id": second, "mac": "22AAAAAAAAAB", "expect": {"mac": "221111111111", "dynamic": False}}
    )
    bench.faults.add("fail_op", at="after_set")
    broken = bench.one(operation)
    assert [a["mac"] for a in broken["after"]["adapters"]] == [MAC, "221111111111"]
    assert bench.one(operation)["status"] == "done"
    assert bench.one(operation)["status"] == "unchanged"


def test_a_missing_adapter(bench: Bench) -> None:
    vm = bench.vm()
    operation = bench.macs(vm, MAC)
    bench.world.recreate_adapter(vm)
    result = bench.one(operation)
    assert (result["status"], result["reason"]) == ("refused", "not_found")
    assert result["before"] == {"state": "Off", "adapters": []}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("Running", "running"),
        ("Paused", "running"),
        ("Saved", "saved"),
        ("FastSaved", "saved"),
        ("Hibernated", "saved"),
        ("Starting", "transition"),
        ("Stopping", "transition"),
        ("Saving", "transition"),
    ],
)
def test_states_that_refuse(bench: Bench, untouched: Any, state: str, reason: str) -> None:
    vm = bench.vm()
    bench.world.set_state(vm, state)
    check = untouched(bench)
    result = bench.one(bench.macs(vm, MAC))
    assert (result["status"], result["reason"]) == ("refused", reason)
    check()


@pytest.mark.parametrize(("state", "reason"), [("Saved", "saved"), ("Merging", "transition")])
def test_restart_discards_no_saved_state(bench: Bench, state: str, reason: str) -> None:
    vm = bench.vm()
    bench.world.set_state(vm, state)
    assert bench.one(bench.macs(vm, MAC, power="restart"))["reason"] == reason


def test_a_replica_is_refused(bench: Bench) -> None:
    vm = bench.vm()
    bench.world.replicate(vm, "hv2")
    assert bench.one(bench.macs(vm, MAC, host="hv2"), host="hv2")["reason"] == "replica"
    bench.world.host("hv2").vms[vm].replication_mode = "ExtendedReplica"
    assert bench.one(bench.macs(vm, MAC, host="hv2"), host="hv2")["reason"] == "replica"


def test_an_expected_state(bench: Bench) -> None:
    vm = bench.running()
    result = bench.one(bench.macs(vm, MAC, power="restart", expect={"state": "Off"}))
    assert (result["reason"], result["before"]["state"]) == ("changed", "Running")


@pytest.mark.parametrize("role", [False, True])
def test_restart_shuts_down_sets_and_starts(bench: Bench, role: bool) -> None:
    vm = bench.running(role=role)
    result = bench.one(bench.macs(vm, MAC, power="restart"))
    assert result["status"] == "done"
    assert (result["before"]["state"], result["after"]["state"]) == ("Running", "Running")
    assert result["after"]["adapters"][0]["mac"] == MAC
    assert bench.state(vm) == "Running"


def test_restart_leaves_an_off_vm_off(bench: Bench) -> None:
    vm = bench.vm()
    assert bench.one(bench.macs(vm, MAC, power="restart"))["after"]["state"] == "Off"


def test_shutdown_action_1_is_refused(bench: Bench, untouched: Any) -> None:  # facts 106, 117
    vm = bench.running(role=True)
    bench.world.set_role(vm, shutdown_action=1)
    check = untouched(bench)
    for force_off in (False, True):
        result = bench.one(bench.macs(vm, MAC, power="restart", force_off=force_off))
        assert (result["status"], result["reason"]) == ("refused", "shutdown_action")
        assert "ShutdownAction" in result["message"]
    check()
    bench.world.turn_off(vm)
    assert bench.one(bench.macs(vm, MAC, power="restart"))["status"] == "done"


@pytest.mark.parametrize("offline_action", [0, 1, 2, 3])
def test_offline_action_does_not_matter(bench: Bench, offline_action: int) -> None:
    vm = bench.running(role=True)
    bench.world.set_role(vm, offline_action=offline_action)
    assert bench.one(bench.macs(vm, MAC, power="restart"))["status"] == "done"


def test_a_guest_that_does_not_go_off_in_time(bench: Bench) -> None:
    vm = bench.running()
    bench.world.set_guest(vm, shutdown_seconds=301)
    answer = bench.apply(bench.macs(vm, MAC, power="restart"))
    result = answer["results"][0]
    assert answer["failed"]
    assert answer["changed"] is True
    assert (result["status"], result["reason"], result["after"]["state"]) == ("failed", "shutdown_timeout", "Stopping")
    assert "may still go off" in result["message"]
    bench.world.advance(1)
    assert (bench.state(vm), bench.mac(vm)) == ("Off", "00155D0A0A00")


def test_force_off_turns_it_off_instead(bench: Bench) -> None:
    vm = bench.running()
    bench.world.set_guest(vm, shutdown_seconds=None)
    result = bench.one(bench.macs(vm, MAC, power="restart", force_off=True))
    assert (result["status"], result["after"]["state"]) == ("done", "Running")


@pytest.mark.parametrize("paused", [False, True])
def test_a_guest_that_cannot_be_asked(bench: Bench, untouched: Any, paused: bool) -> None:
    vm = bench.running()
    if paused:
        bench.world.pause(vm)
    else:
        bench.world.set_guest(vm, integration_services=False)
    check = untouched(bench)
    assert bench.one(bench.macs(vm, MAC, power="restart"), check=True)["status"] == "done"
    assert bench.one(bench.macs(vm, MAC, power="restart"))["reason"] == "shutdown_unavailable"
    check()
    assert bench.one(bench.macs(vm, MAC, power="restart", force_off=True))["after"]["state"] == "Running"


def test_a_failure_in_between_leaves_it_running(bench: Bench) -> None:
    vm = bench.running()
    bench.faults.add("fail_op", at="before_set", message="No.")
    result = bench.one(bench.macs(vm, MAC, power="restart"))
    assert (result["status"], result["reason"], result["message"]) == ("failed", "cmdlet", "No.")
    assert result["after"]["state"] == bench.state(vm) == "Running"


def test_a_failure_after_the_shutdown_sets_nothing_and_starts_again(bench: Bench) -> None:
    vm = bench.running()
    bench.faults.add("fail_op", at="stopped")
    result = bench.one(bench.macs(vm, MAC, power="restart"))
    assert (result["status"], result["after"]["state"]) == ("failed", "Running")
    assert bench.mac(vm) == "00155D0A0A00"


def test_a_script_that_dies_leaves_it_off(bench: Bench) -> None:
    vm = bench.running()
    bench.faults.add("die", at="after_set")
    assert bench.answer("host_apply", schema=1, operations=[bench.macs(vm, MAC, power="restart")]).died
    assert (bench.state(vm), bench.mac(vm)) == ("Off", MAC)


def test_set_and_not_applied_is_seen(bench: Bench) -> None:
    vm = bench.vm()
    bench.faults.add("ignore_set")
    result = bench.one(bench.macs(vm, MAC))
    assert (result["status"], result["reason"]) == ("failed", "readback")
    assert result["after"]["adapters"][0]["mac"] == "000000000000"


def test_what_hyper_v_refuses_is_a_cmdlets_failure(bench: Bench) -> None:  # fact 38
    result = bench.one(bench.macs(bench.vm(), "25B684178C63"))
    assert (result["status"], result["reason"]) == ("failed", "cmdlet")
    assert "Failed to modify device" in result["message"]


@pytest.mark.parametrize(("running", "state"), [(False, "Off"), (True, "Running")])
def test_check_mode_predicts_and_touches_nothing(bench: Bench, untouched: Any, running: bool, state: str) -> None:
    vm = bench.running() if running else bench.vm()
    bench.world.add_adapter(vm, "Second") if not running else None
    check = untouched(bench)
    operation = bench.macs(vm, MAC, power="restart")
    answer = bench.apply(operation, check=True)
    predicted = answer["results"][0]
    assert answer["changed"] is True
    check()
    real = bench.one(operation)
    assert predicted == real
    assert real["after"]["state"] == state


def test_check_mode_cannot_know_a_dynamic_address(bench: Bench) -> None:
    vm = bench.vm(mac=MAC)
    result = bench.one(bench.macs(vm, None), check=True)
    assert result["after"]["adapters"][0] == {"adapter_id": bench.adapter_id(vm), "mac": None, "dynamic": True}
    assert bench.one(bench.macs(vm, None))["after"]["adapters"][0]["dynamic"] is True
