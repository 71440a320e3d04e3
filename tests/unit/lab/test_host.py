# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's hosts do beyond one call in one world: that is in tests/powershell/cases, for both engines."""

from __future__ import annotations

import datetime

import pytest

from tests.lab.bench import Bench
from tests.lab.model import WorldError

MAC = "22AAAAAAAAAA"


def test_the_time_is_utc_and_moves(bench: Bench) -> None:
    first = bench.observe(gather=[])["observed_at"]
    bench.world.advance(3600)
    second = bench.observe(gather=[])["observed_at"]
    assert first < second
    assert first.endswith("Z")


def test_malformed_text_comes_as_it_is(bench: Bench) -> None:
    vm = bench.vm()
    bench.world.find(vm)[1].adapters[0].mac = "no address"
    assert bench.observe()["vms"][0]["adapters"][0]["mac"] == "no address"


def test_unknown_scripts_fail_clearly(bench: Bench) -> None:
    for script, words in (("scvmm_info", "scvmm_info"), ("setup", "gather_facts: false")):
        answer = bench.run(script)
        assert answer["failed"]
        assert words in answer["msg"]
    assert bench.run("win_ping")["ping"] == "pong"


def test_a_fault_of_a_part_is_used_up(bench: Bench) -> None:
    bench.faults.add("unreadable", part="cluster", message="The RPC server is unavailable.")
    assert "cluster" not in bench.observe()
    assert bench.observe()["warnings"] == []


def test_a_script_that_dies_leaves_the_vm_off(bench: Bench) -> None:
    vm = bench.running()
    bench.faults.add("die", at="after_set")
    assert bench.answer("host_apply", schema=1, operations=[bench.macs(vm, MAC, power="restart")]).died
    assert (bench.state(vm), bench.mac(vm)) == ("Off", MAC)


def test_a_guest_that_is_late_goes_off_later(bench: Bench) -> None:
    vm = bench.running()
    bench.world.set_guest(vm, shutdown_seconds=301)
    result = bench.one(bench.macs(vm, MAC, power="restart"))
    assert (result["reason"], result["after"]["state"]) == ("shutdown_timeout", "Stopping")
    bench.world.advance(1)
    assert (bench.state(vm), bench.mac(vm)) == ("Off", "00155D0A0A00")


def test_a_guest_hangs_on_demand(bench: Bench) -> None:
    vm = bench.running()
    bench.faults.add("guest_hangs", vm_id=vm)
    stop = {"op": "stop_vm", "id": "1", "vm_id": vm}
    assert bench.one(stop)["reason"] == "shutdown_timeout"


def test_a_half_done_operation_is_finished_by_running_it_again(bench: Bench) -> None:
    vm = bench.vm()
    second = bench.world.add_adapter(vm, "Second", mac="221111111111")
    operation = bench.macs(vm, MAC)
    operation["adapters"].append(
        {"adapter_id": second, "mac": "22AAAAAAAAAB", "expect": {"mac": "221111111111", "dynamic": False}}
    )
    bench.faults.add("fail_op", at="after_set")
    broken = bench.one(operation)
    assert [adapter["mac"] for adapter in broken["after"]["adapters"]] == [MAC, "221111111111"]
    assert [bench.one(operation)["status"] for _run in range(2)] == ["done", "unchanged"]


def test_a_half_removed_vm_is_removed_by_the_next_run(bench: Bench) -> None:
    vm = bench.vm(role=True)
    operation = {"op": "remove_vm", "id": "x", "vm_id": vm}
    bench.faults.add("fail_op", at="stopped")
    assert bench.one(operation)["after"]["clustered"] is False
    assert bench.one(operation)["status"] == "done"


def test_the_registry_beside_hyper_v_waits_for_vmms(bench: Bench) -> None:
    new = {"start": "00155DE00000", "end": "00155DE003FF"}
    old = {"start": "00155D0A0A00", "end": "00155D0A0AFF"}
    assert bench.one({"op": "set_host_range", "method": "registry", "expect": old, **new})["status"] == "done"
    assert bench.observe()["mac_range"] == {**old, "source": "cmdlet"}
    bench.world.restart_vmms("hv1")
    assert bench.observe()["mac_range"] == {**new, "source": "cmdlet"}


def test_a_deadline_passes_while_the_guest_shuts_down(bench: Bench) -> None:
    vm = bench.running()
    in_a_minute = bench.world.clock.moment() + datetime.timedelta(seconds=60)
    bench.world.set_guest(vm, shutdown_seconds=120)
    operation = bench.macs(vm, MAC, power="restart", not_after=in_a_minute.strftime("%Y-%m-%dT%H:%M:%SZ"))
    result = bench.one(operation)
    assert (result["status"], result["reason"], result["after"]["state"]) == ("failed", "expired", "Running")
    assert bench.mac(vm) == "00155D0A0A00"


def test_something_happens_in_the_middle_of_an_operation(bench: Bench) -> None:
    vm = bench.vm(role=True)
    bench.faults.add("verb_during", at="before_set", verb="migrate", arguments={"vm": vm, "to": "hv2"})
    result = bench.one(bench.macs(vm, MAC))
    assert (result["status"], result["reason"], result["after"]) == ("failed", "cmdlet", None)
    assert bench.mac(vm) == "000000000000"


def test_vms_of_one_role_move_together(bench: Bench) -> None:
    first, second = bench.vm("a", role=True), bench.vm("b")
    bench.world.join_role(second, first)
    bench.world.fail_host("hv1")
    assert [bench.world.find(vm)[0].name for vm in (first, second)] == ["hv2", "hv2"]
    with pytest.raises(WorldError, match="already a cluster role"):
        bench.world.join_role(second, first)


def test_a_state_that_hyper_v_does_not_have_is_refused(bench: Bench) -> None:
    vm = bench.vm()
    with pytest.raises(WorldError, match="Merging"):
        bench.world.set_state(vm, "Merging")
