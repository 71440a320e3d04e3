# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges, power, profiles, creation and cluster roles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.bench import Bench

OLD = {"start": "00155D0A0A00", "end": "00155D0A0AFF"}
NEW = {"start": "00155DE00000", "end": "00155DE003FF"}
PROFILE: dict[str, Any] = {"profile_id": "{0B1C2D3E-0000-4000-8000-000000000001}", "profile_data": 1}


def set_range(expect: Any = "old", method: str = "auto", **values: Any) -> dict[str, Any]:
    return {
        "op": "set_host_range",
        "id": "r",
        "method": method,
        "expect": OLD if expect == "old" else expect,
        **(values or NEW),
    }


def test_a_range_is_set_by_the_cmdlet_where_hyper_v_is(bench: Bench) -> None:
    result = bench.one(set_range())
    assert result["status"] == "done"
    assert result["before"] == {**OLD, "source": "cmdlet"}
    assert result["after"] == {**NEW, "source": "cmdlet"} == bench.observe()["mac_range"]
    assert bench.one(set_range())["status"] == "unchanged"


def test_another_range_than_expected_is_refused(bench: Bench, untouched: Any) -> None:
    check = untouched(bench)
    for expect in (NEW, None):
        other = {"start": "00155DE00400", "end": "00155DE007FF"}
        result = bench.one(set_range(expect, **other))
        assert (result["status"], result["reason"], result["after"]) == ("refused", "changed", None)
        assert result["before"] == {**OLD, "source": "cmdlet"}
    check()


def test_without_hyper_v_the_registry_is_written(bench: Bench) -> None:
    assert bench.one(set_range(None, "cmdlet"), host="plain")["reason"] == "unsupported"
    result = bench.one(set_range(None), host="plain")
    assert (result["before"], result["after"]) == (None, {**NEW, "source": "registry"})
    assert result["message"] is None
    assert bench.observe("plain")["mac_range"] == {**NEW, "source": "registry"}


def test_the_registry_beside_hyper_v_waits_for_vmms(bench: Bench) -> None:
    result = bench.one(set_range(OLD, "registry"))
    assert result["status"] == "done"
    assert "VMMS" in result["message"]
    assert bench.observe()["mac_range"] == {**OLD, "source": "cmdlet"}
    bench.world.restart_vmms("hv1")
    assert bench.observe()["mac_range"] == {**NEW, "source": "cmdlet"}


def test_a_range_is_cleared(bench: Bench) -> None:
    refused = bench.one({"op": "clear_host_range", "id": "c", "expect": NEW})
    assert refused["reason"] == "changed"
    result = bench.one({"op": "clear_host_range", "id": "c", "expect": OLD})
    assert result["status"] == "done"
    assert (result["before"]["start"], result["after"]) == (OLD["start"], None)
    assert bench.one({"op": "clear_host_range", "id": "c", "expect": OLD})["status"] == "unchanged"


def test_a_range_that_is_not_applied_is_seen(bench: Bench) -> None:
    bench.faults.add("ignore_set", times=2)
    result = bench.one(set_range())
    assert (result["status"], result["reason"], result["after"]["start"]) == ("failed", "readback", OLD["start"])
    assert bench.one({"op": "clear_host_range", "id": "c", "expect": OLD})["reason"] == "readback"


@pytest.mark.parametrize("operation", [set_range(), set_range(OLD, "registry")])
def test_ranges_in_check_mode(bench: Bench, untouched: Any, operation: dict[str, Any]) -> None:
    check = untouched(bench)
    predicted = bench.one(operation, check=True)
    check()
    assert predicted == bench.one(operation)
    clear = {"op": "clear_host_range", "id": "c", "expect": NEW}
    assert bench.one(clear, check=True) == bench.one(clear)


def test_stopping(bench: Bench) -> None:
    vm = bench.running(role=True)
    operation = {"op": "stop_vm", "id": "1", "vm_id": vm}
    assert bench.one(operation, check=True)["after"] == {"state": "Off"}
    result = bench.one(operation)
    assert (result["status"], result["before"], result["after"]) == ("done", {"state": "Running"}, {"state": "Off"})
    assert bench.one({**operation, "expect": {"state": "Running"}})["status"] == "unchanged"


def test_what_is_not_stopped(bench: Bench) -> None:
    vm = bench.running(role=True)
    operation = {"op": "stop_vm", "id": "1", "vm_id": vm}
    assert bench.one({**operation, "expect": {"state": "Paused"}})["reason"] == "changed"
    bench.world.set_role(vm, shutdown_action=1)
    assert bench.one(operation)["reason"] == "shutdown_action"
    bench.world.set_role(vm, shutdown_action=0)
    bench.world.set_guest(vm, integration_services=False)
    assert bench.one(operation)["reason"] == "shutdown_unavailable"
    bench.world.save(vm)
    assert bench.one(operation)["reason"] == "saved"
    bench.world.set_state(vm, "Merging")
    assert bench.one(operation)["reason"] == "transition"


def test_a_stop_that_takes_too_long(bench: Bench) -> None:
    vm = bench.running()
    bench.faults.add("guest_hangs", vm_id=vm)
    result = bench.one({"op": "stop_vm", "id": "1", "vm_id": vm})
    assert (result["status"], result["reason"], result["after"]) == (
        "failed",
        "shutdown_timeout",
        {"state": "Stopping"},
    )


def test_starting(bench: Bench) -> None:
    vm = bench.vm()
    operation = {"op": "start_vm", "id": "1", "vm_id": vm}
    assert bench.one(operation, check=True)["after"] == {"state": "Running"}
    assert bench.one({**operation, "expect": {"state": "Saved"}})["reason"] == "changed"
    assert bench.one(operation)["after"] == {"state": "Running"}
    assert bench.one(operation)["status"] == "unchanged"
    bench.world.set_state(vm, "Stopping")
    assert bench.one(operation)["reason"] == "transition"


def test_a_start_without_a_free_address_fails(bench: Bench) -> None:  # fact 16
    bench.world.set_range("hv1", "00155D0A0A00", "00155D0A0A00")
    bench.running("first")
    result = bench.one({"op": "start_vm", "id": "1", "vm_id": bench.vm("second")})
    assert (result["status"], result["reason"], result["after"]) == ("failed", "cmdlet", {"state": "Off"})
    assert "Attempt to access invalid address" in result["message"]


def test_a_replica_is_not_started(bench: Bench) -> None:
    vm = bench.vm()
    bench.world.replicate(vm, "hv2")
    assert bench.one({"op": "start_vm", "id": "1", "vm_id": vm}, host="hv2")["reason"] == "replica"


def test_port_profiles(bench: Bench) -> None:
    vm = bench.running()
    operation = {"op": "set_port_profile", "id": "p", "vm_id": vm, "adapter_id": bench.adapter_id(vm)}
    bind = {**operation, **PROFILE, "expect": None}
    predicted = bench.one(bind, check=True)
    result = bench.one(bind)
    assert predicted == result
    assert (result["status"], result["before"], result["after"]) == ("done", None, PROFILE)
    assert bench.observe()["vms"][0]["adapters"][0]["port_profile"] == PROFILE
    assert bench.one({**bind, "profile_id": PROFILE["profile_id"].lower()})["status"] == "unchanged"
    assert bench.one({**bind, "profile_data": 2})["reason"] == "changed"
    gone = bench.one({**operation, "profile_id": None, "profile_data": None, "expect": PROFILE})
    assert (gone["status"], gone["after"]) == ("done", None)
    assert bench.one({**bind, "adapter_id": "nobody"})["reason"] == "not_found"


def create(**more: Any) -> dict[str, Any]:
    return {
        "op": "create_vm",
        "id": "n",
        "name": "tenant01",
        "generation": 2,
        "memory_bytes": 4 << 30,
        "path": "C:\\VMs",
        "vhd_path": None,
        "switch": "tenant",
        "adapter_name": "eth0",
        "mac": "22AAAAAAAAAA",
        **more,
    }


def test_creating_a_vm(bench: Bench) -> None:
    predicted = bench.one(create(), check=True)
    result = bench.one(create())
    vm = bench.world.find("tenant01")[1]
    assert result["after"] == {
        "vm_id": vm.id,
        "adapter_id": vm.adapters[0].id,
        "mac": "22AAAAAAAAAA",
        "dynamic": False,
        "state": "Off",
    }
    assert predicted["after"] == {**result["after"], "vm_id": None, "adapter_id": None}
    again = bench.one(create(name="TENANT01"))
    assert (again["status"], again["reason"], again["before"]) == ("refused", "changed", {"vm_id": vm.id})


def test_creating_a_dynamic_vm(bench: Bench) -> None:
    assert bench.one(create(mac=None), check=True)["after"]["dynamic"] is True
    after = bench.one(create(mac=None))["after"]
    assert (after["mac"], after["dynamic"]) == ("000000000000", True)


def test_a_vm_that_is_half_made_stays_and_is_told(bench: Bench) -> None:
    result = bench.one(create(mac="25B684178C63"))
    assert (result["status"], result["reason"]) == ("failed", "cmdlet")
    assert result["after"]["vm_id"] == bench.world.find("tenant01")[1].id
    assert result["after"]["dynamic"] is True


def test_a_missing_switch(bench: Bench) -> None:
    for check in (True, False):
        result = bench.one(create(switch="nowhere"), check=check)
        assert (result["status"], result["reason"], result["after"]) == ("failed", "cmdlet", None)


def test_cluster_roles(bench: Bench) -> None:
    vm = bench.vm()
    operation = {"op": "add_cluster_role", "id": "c", "vm_id": vm, "name": "web01"}
    predicted = bench.one(operation, check=True)
    result = bench.one(operation)
    assert predicted == result
    assert (result["before"], result["after"]) == ({"clustered": False}, {"clustered": True})
    assert bench.one(operation)["status"] == "unchanged"
    assert bench.observe()["cluster"]["groups"][0]["vm_id"] == vm
    other = {**operation, "vm_id": bench.vm("other")}
    assert bench.one(other)["reason"] == "cmdlet"
    lone = bench.vm("lone01", "lone")
    assert bench.one({**operation, "vm_id": lone}, host="lone")["reason"] == "not_clustered"


def test_removing_a_vm(bench: Bench, untouched: Any) -> None:
    vm = bench.vm(role=True)
    operation = {"op": "remove_vm", "id": "x", "vm_id": vm, "expect": {"state": "Off"}}
    check = untouched(bench)
    predicted = bench.one(operation, check=True)
    check()
    result = bench.one(operation)
    assert predicted == result
    assert result["before"] == {"vm_id": vm, "name": "web01", "clustered": True, "state": "Off"}
    assert (result["status"], result["after"]) == ("done", None)
    observation = bench.observe()
    assert (observation["vms"], observation["cluster"]["groups"]) == ([], [])
    again = bench.one(operation)
    assert (again["status"], again["before"], again["after"]) == ("unchanged", None, None)


def test_what_is_not_removed(bench: Bench, untouched: Any) -> None:
    vm = bench.running(role=True)
    operation = {"op": "remove_vm", "id": "x", "vm_id": vm}
    assert bench.one(operation)["reason"] == "running"
    assert bench.one({**operation, "expect": {"state": "Off"}})["reason"] == "changed"
    assert bench.one(operation, host="hv2")["reason"] == "moved"
    bench.world.save(vm)
    assert bench.one(operation)["reason"] == "saved"
    bench.world.set_state(vm, "Stopping")
    assert bench.one(operation)["reason"] == "transition"
    other = bench.vm("db01")
    bench.world.replicate(other, "hv2")
    check = untouched(bench)
    assert bench.one({**operation, "vm_id": other}, host="hv2")["reason"] == "replica"
    assert bench.one({**operation, "vm_id": other}, host="plain")["reason"] == "unsupported"
    check()


def test_a_vm_that_is_half_removed_is_told_and_the_next_run_goes_on(bench: Bench) -> None:
    vm = bench.vm(role=True)
    operation = {"op": "remove_vm", "id": "x", "vm_id": vm}
    bench.faults.add("fail_op", at="stopped")
    result = bench.one(operation)
    assert (result["status"], result["reason"]) == ("failed", "cmdlet")
    assert (result["before"]["clustered"], result["after"]["clustered"]) == (True, False)
    bench.faults.add("ignore_set")
    assert bench.one(operation)["reason"] == "readback"
    assert bench.one(operation)["status"] == "done"
