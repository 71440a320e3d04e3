# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs on their way into being and out of it, through what can break."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.vm_run import VmReport, VmRun
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.vms import Goal, read_vm_wishes
from tests.lab.bench import Bench
from tests.unit.plugins.plugin_utils.host.lab_host import LabHost

DEFAULTS = {"generation": 2, "memory": "4GB", "switch": "tenant", "adapter_name": "eth0", "clustered": True}


class Scene:
    """The lab and tasks on it."""

    def __init__(self) -> None:
        self.bench = Bench()

    def run(
        self,
        *names: str,
        state: str = "started",
        host: str = "hv1",
        check: bool = False,
        create: bool = True,
        stop: bool = False,
        meanwhile: Callable[[], object] | None = None,
        **more: Any,
    ) -> VmReport:
        self.last = LabHost(self.bench, host, check, meanwhile)
        run = VmRun(self.last, host, Goal(state, create, stop), check, 300, False)
        return run.run(read_vm_wishes([{**DEFAULTS, "name": name, **more} for name in names or ("web01",)]))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def statuses(report: VmReport) -> list[str]:
    return [row["status"] for row in report.as_result()["vms"]]


def test_a_vm_is_created_clustered_and_started_and_the_second_run_changes_nothing(scene: Scene) -> None:
    result = scene.run().as_result()
    vm = scene.bench.world.find("web01")[1]
    assert (vm.state, vm.clustered, vm.memory_bytes, vm.adapters[0].name) == ("Running", True, 4 << 30, "eth0")
    (row,) = result["vms"]
    assert (row["status"], row["vm_id"], row["adapter_id"]) == ("created", vm.id, vm.adapters[0].id)
    assert (row["state"], row["clustered"], row["host"], row["differences"]) == ("Running", True, "hv1", [])
    again = scene.run().as_result()
    assert (again["changed"], again["vms"][0]["status"]) == (False, "unchanged")
    assert scene.last.calls == ["host_info"], "one call when nothing changes"


def test_a_new_vm_is_off_dynamic_and_without_an_address(scene: Scene) -> None:
    (row,) = scene.run(state="present").as_result()["vms"]
    assert (row["state"], row["mac_address"], row["dynamic"]) == ("Off", "000000000000", True)


@pytest.mark.parametrize("state", ["present", "started"])
def test_a_check_predicts_the_real_run_but_for_what_nobody_knows(scene: Scene, state: str) -> None:
    scene.bench.vm("db01")
    before = scene.bench.world.to_dict()
    report = scene.run("web01", "db01", check=True, state=state)
    assert scene.bench.world.to_dict() == before
    predicted = report.as_result()
    real = scene.run("web01", "db01", state=state)
    done = real.as_result()
    unknown = {"vm_id", "adapter_id", "mac_address"}
    for one, other in zip(predicted["vms"], done["vms"], strict=True):
        assert {key for key in one if one[key] != other[key]} <= unknown
        assert all(one[key] in (None, other[key]) for key in unknown)
    assert predicted["changed"] is done["changed"] is True
    assert report.diff() == real.diff()


def test_many_vms_need_as_many_calls_as_one(scene: Scene) -> None:
    assert statuses(scene.run(*(f"vm{number}" for number in range(20)))) == ["created"] * 20
    assert scene.last.calls == ["host_info", "host_apply", "host_apply", "host_apply", "host_info"]


def test_a_vm_without_its_role_is_not_started_and_the_next_run_goes_on(scene: Scene) -> None:
    scene.bench.faults.add("fail_op", at="before_set", op="add_cluster_role")
    report = scene.run("web01", "web02")
    result = report.as_result()
    assert (result["failed"], result["changed"], statuses(report)) == (True, True, ["failed", "created"])
    assert (scene.bench.state("web01"), scene.bench.state("web02")) == ("Off", "Running")
    vm = scene.bench.world.find("web01")[1].id
    assert result["vms"][0]["vm_id"] == vm, "what is there is told"
    again = scene.run("web01", "web02")
    assert (again.as_result().get("failed"), statuses(again)) == (None, ["changed", "unchanged"])
    assert scene.bench.state(vm) == "Running"


def test_a_vm_that_is_half_made_is_named_with_its_id(scene: Scene) -> None:
    scene.bench.faults.add("fail_op", at="created")
    result = scene.run().as_result()
    vm = scene.bench.world.find("web01")[1].id
    assert (result["failed"], result["changed"], result["vms"][0]["vm_id"]) == (True, True, vm)
    assert f"the VM exists now, with the id {vm}" in result["msg"]
    assert not scene.run().as_result().get("failed")
    assert scene.bench.world.find("web01")[1].id == vm


@pytest.mark.parametrize("at", ["begin", "created", "before_set", "before_start", "started"])
def test_a_lost_connection_heals_with_the_next_run(scene: Scene, at: str) -> None:
    scene.bench.faults.add("die", at=at)
    with pytest.raises(AnsibleConnectionFailure):
        scene.run()
    assert not scene.run().as_result().get("failed")
    assert [vm.name for _host, vm in scene.bench.world.sightings()] == ["web01"], "never a second one"
    assert scene.bench.state("web01") == "Running"
    assert not scene.run().as_result()["changed"]


def test_a_vm_that_somebody_made_meanwhile_is_taken_as_it_is(scene: Scene) -> None:
    report = scene.run(meanwhile=lambda: scene.bench.world.create_vm("hv1", "WEB01", generation=1))
    (row,) = report.as_result()["vms"]
    assert row["status"] == "changed"
    assert [difference["key"] for difference in row["differences"]] == ["generation", "adapter_name"]
    assert len(list(scene.bench.world.sightings())) == 1


def test_a_vm_that_moves_away_meanwhile_is_found_elsewhere(scene: Scene) -> None:
    vm = scene.bench.vm(role=True)
    report = scene.run(meanwhile=lambda: scene.bench.world.migrate(vm, "hv2"))
    (row,) = report.as_result()["vms"]
    assert (row["status"], row["host"], row["vm_id"]) == ("elsewhere", "hv2", vm)
    assert not report.as_result().get("failed")
    assert statuses(scene.run(host="hv2")) == ["changed"]


def test_hosts_that_do_not_have_it_list_it_as_missing(scene: Scene) -> None:
    scene.bench.vm("web01", "hv2", role=True)
    report = scene.run("web01", "other", create=False)
    assert (report.missing, report.rows) == (["web01", "other"], [])
    report = scene.run("web01", "other", host="hv2", create=False)
    assert (report.missing, statuses(report)) == (["other"], ["changed"])


def test_a_vm_is_stopped_by_its_guest(scene: Scene) -> None:
    vm = scene.bench.running(role=True)
    assert statuses(scene.run(state="stopped")) == ["changed"]
    assert scene.bench.state(vm) == "Off"
    assert statuses(scene.run(state="stopped")) == ["unchanged"]


def test_a_vm_that_does_not_go_off_is_not_removed(scene: Scene) -> None:
    vm = scene.bench.running(role=True)
    scene.bench.faults.add("guest_hangs")
    result = scene.run(state="absent", stop=True).as_result()
    assert (result["failed"], result["changed"], result["vms"][0]["state"]) == (True, True, "Stopping")
    assert "shutdown_timeout" in result["msg"]
    assert scene.bench.world.find(vm)[1].name == "web01"


def test_absent_removes_the_role_and_the_vm_and_again_nothing(scene: Scene) -> None:
    scene.bench.running(role=True)
    with pytest.raises(MacPoolError, match="stop: true"):
        scene.run(state="absent")
    predicted = scene.run(state="absent", stop=True, check=True).as_result()
    result = scene.run(state="absent", stop=True).as_result()
    assert predicted == result
    assert (result["vms"][0]["status"], result["vms"][0]["state"]) == ("removed", None)
    assert (list(scene.bench.world.sightings()), scene.bench.world.clusters["hci1"].groups) == ([], [])
    again = scene.run(state="absent", stop=True).as_result()
    assert (again["changed"], again["vms"][0]["status"], again["vms"][0]["vm_id"]) == (False, "unchanged", None)


@pytest.mark.parametrize("fault", ["stopped", "before_set", "after_set"])
def test_removing_heals_too(scene: Scene, fault: str) -> None:
    scene.bench.running(role=True)
    scene.bench.faults.add("die", at=fault)
    with contextlib.suppress(AnsibleConnectionFailure):
        scene.run(state="absent", stop=True)
    assert not scene.run(state="absent", stop=True).as_result().get("failed")
    assert (list(scene.bench.world.sightings()), scene.bench.world.clusters["hci1"].groups) == ([], [])


def test_a_role_that_is_accepted_and_not_there_has_failed(scene: Scene) -> None:
    scene.bench.faults.add("ignore_set", op="add_cluster_role")
    result = scene.run().as_result()
    assert (result["failed"], result["vms"][0]["clustered"], result["vms"][0]["state"]) == (True, False, "Off")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["die", "fail_op"]),
            st.sampled_from(["begin", "stopped", "created", "before_set", "after_set", "before_start", "started"]),
            st.integers(0, 4),
            st.booleans(),
        ),
        max_size=5,
    )
)
def test_whatever_breaks_there_is_one_vm_of_each_name_and_in_the_end_what_was_wanted(
    faults: list[tuple[str, str, int, bool]],
) -> None:
    scene = Scene()
    names = ["vm0", "vm1", "vm2"]
    ways: list[dict[str, Any]] = [{"state": "started"}, {"state": "absent", "stop": True}]
    for kind, at, skip, away in faults:
        scene.bench.faults.clear()
        scene.bench.faults.add(kind, at=at, skip=skip)
        with contextlib.suppress(AnsibleConnectionFailure, MacPoolError):
            scene.run(*names, **ways[away])
        found = [vm.name for _host, vm in scene.bench.world.sightings()]
        assert len(found) == len(set(found))
    scene.bench.faults.clear()
    assert not scene.run(*names).as_result().get("failed")
    assert {scene.bench.state(name) for name in names} == {"Running"}
    assert len(scene.bench.world.clusters["hci1"].groups) == len(names)
    assert not scene.run(*names).as_result()["changed"]
