# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address on its way to an adapter, through everything that can break: incidents 6, 8 and 9, laws 1, 2 and 4."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import format_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.adapter_run import AdapterReport, AdapterRun
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.adapters import read_wishes
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.power import Power
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Fence, Job, Renewal, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.sightings import host_sightings
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.lab.bench import Bench
from tests.unit.plugins.plugin_utils.host.lab_host import LabHost

JOB = Job("job-1", "tester")
PLAN = parse_plan(
    {
        "scope": "west",
        "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 65536}]}},
    }
)


class Scene:
    """The lab, a ledger, and tasks on them."""

    def __init__(self, directory: Path) -> None:
        self.bench = Bench()
        self.place = str(directory / "ledger.sqlite3")
        self.ledger = Ledger.create(self.place, "west", JOB, PLAN)

    def push(
        self,
        *entries: dict[str, Any],
        host: str = "hv1",
        check: bool = False,
        when: str = "fail",
        skip: bool = False,
        force_off: bool = False,
        bound: str = "fail",
    ) -> AdapterReport:
        self.last = LabHost(self.bench, host, check)
        pusher = AdapterRun(
            ledger=self.ledger,
            job=JOB,
            connection=self.last,
            preview=check,
            reserve_for=3600,
            power=Power(when, 300, force_off),
            skip_missing_vms=skip,
            bound=bound,
        )
        return pusher.run(read_wishes(entries))

    def observe_all(self) -> None:
        began = self.ledger.now()
        found = [self.bench.observe(host) for host in ("hv1", "hv2", "lone")]
        self.ledger.observe([host_sightings(document, began) for document in found], JOB)

    def addresses(self) -> list[int]:
        return [claim.address for claim in self.ledger.claims()]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Scene(tmp_path)


WISH = {"vm": "web01", "pool": "tenant"}


def test_a_new_vm_gets_an_address_and_the_second_run_changes_nothing(scene: Scene) -> None:
    vm = scene.bench.vm()
    report = scene.push(WISH)
    (claim,) = scene.ledger.claims()
    assert scene.bench.mac(vm) == format_mac(claim.address)
    assert (claim.state, claim.unsure, claim.owner) == ("applied", False, "web01/Network Adapter")
    assert claim.identity is not None
    assert claim.identity.vm_id == vm
    assert report.as_result()["changed"]
    sequence = scene.ledger.info().sequence
    again = scene.push(WISH)
    assert not again.as_result()["changed"]
    assert [row.status for row in again.rows] == ["unchanged"]
    assert scene.last.calls == ["host_info"], "one call when nothing changes"
    assert scene.ledger.info().sequence == sequence


def test_a_check_predicts_the_very_result_and_writes_nothing(scene: Scene) -> None:
    scene.bench.vm()
    scene.bench.running("web02")
    wishes = [WISH, {"vm": "web02", "pool": "tenant"}]
    before = scene.bench.world.to_dict()
    sequence = scene.ledger.info().sequence
    predicted = scene.push(*wishes, check=True, when="pending").as_result()
    assert scene.bench.world.to_dict() == before
    assert scene.ledger.info().sequence == sequence
    assert scene.push(*wishes, when="pending").as_result() == predicted


def test_a_check_sees_what_only_the_host_can_refuse(scene: Scene) -> None:
    vm = scene.bench.running(role=True)
    scene.bench.world.set_role(vm, shutdown_action=1)
    result = scene.push(WISH, check=True, when="restart").as_result()
    assert result["failed"]
    assert "ShutdownAction" in result["msg"]


def test_a_running_vm_is_left_alone_and_nothing_is_claimed(scene: Scene) -> None:
    vm = scene.bench.running()
    mac = scene.bench.mac(vm)
    with pytest.raises(MacPoolError, match=r'VM "web01" on host "hv1".*a VM that is Running'):
        scene.push(WISH)
    assert (scene.bench.mac(vm), scene.ledger.claims()) == (mac, [])
    report = scene.push(WISH, when="pending")
    assert [row.status for row in report.rows] == ["pending"]
    assert (scene.bench.mac(vm), scene.ledger.claims(), report.as_result()["changed"]) == (mac, [], False)


def test_a_restart_shuts_the_guest_down_sets_and_starts_again(scene: Scene) -> None:
    """Incident 6: never saved."""
    vm = scene.bench.running(role=True)
    scene.push(WISH, when="restart")
    assert scene.bench.state(vm) == "Running"
    assert scene.bench.mac(vm) == format_mac(scene.addresses()[0])
    assert scene.ledger.open_intents() == []


def test_a_shutdown_action_is_refused_and_named(scene: Scene) -> None:
    """The twin of incident 6: nothing is touched, nothing stays under way."""
    vm = scene.bench.running(role=True)
    scene.bench.world.set_role(vm, shutdown_action=1)
    mac = scene.bench.mac(vm)
    result = scene.push(WISH, when="restart").as_result()
    assert result["failed"]
    assert "ShutdownAction" in result["msg"]
    assert (scene.bench.state(vm), scene.bench.mac(vm)) == ("Running", mac)
    assert (scene.ledger.open_intents(), [claim.unsure for claim in scene.ledger.claims()]) == ([], [False])


def test_an_address_nobody_promised_is_refused(scene: Scene) -> None:
    vm = scene.bench.vm()
    with pytest.raises(MacPoolError, match="no claim on it"):
        scene.push({"vm": "web01", "mac_address": "22-1D-D8-00-00-07"})
    assert scene.bench.mac(vm) == "000000000000"
    scene.ledger.ensure([Request("web01/Network Adapter", "tenant", 0x221DD8000007)], JOB)
    scene.push({"vm": "web01", "mac_address": "22-1D-D8-00-00-07"})
    assert scene.bench.mac(vm) == "221DD8000007"


def test_an_address_promised_to_somebody_else_is_refused_with_both_names(scene: Scene) -> None:
    scene.bench.vm()
    scene.ledger.ensure([Request("db01/eth0", "tenant", 0x221DD8000007)], JOB)
    with pytest.raises(MacPoolError, match="db01/eth0") as caught:
        scene.push({"vm": "web01", "mac_address": "22-1D-D8-00-00-07"})
    assert "web01" in str(caught.value)


def test_one_bad_wish_stops_all_of_them_before_anything_is_done(scene: Scene) -> None:
    scene.bench.vm()
    with pytest.raises(MacPoolError, match='VM "nowhere"'):
        scene.push(WISH, {"vm": "nowhere", "pool": "tenant"})
    with pytest.raises(MacPoolError, match=r'pool "tenat".*did you mean "tenant"'):
        scene.push({"vm": "web01", "pool": "tenat"})
    assert scene.ledger.claims() == []


def test_vms_of_other_hosts_can_be_skipped_and_are_named(scene: Scene) -> None:
    scene.bench.vm("web02", "hv2")
    scene.bench.vm()
    report = scene.push(WISH, {"vm": "web02", "pool": "tenant"}, skip=True)
    assert (report.missing, len(report.rows)) == (["web02"], 1)


def test_a_pin_keeps_the_address_and_promises_it(scene: Scene) -> None:
    vm = scene.bench.running()
    mac = scene.bench.mac(vm)
    scene.bench.world.stop(vm)
    scene.push({"vm": "web01", "pin": True})
    (adapter,) = scene.bench.world.find(vm)[1].adapters
    assert (adapter.mac, adapter.dynamic) == (mac, False)
    assert [format_mac(address) for address in scene.addresses()] == [mac]
    assert not scene.push({"vm": "web01", "pin": True}).as_result()["changed"]


def test_hyperv_that_takes_an_address_and_does_not_set_it_has_failed(scene: Scene) -> None:
    """Law 4: unverified is failed, and nothing is confirmed."""
    scene.bench.vm()
    scene.bench.faults.add("ignore_set")
    result = scene.push(WISH).as_result()
    assert result["failed"]
    assert [claim.state for claim in scene.ledger.claims()] == ["reserved"]
    assert not scene.push(WISH).as_result().get("failed")


STAGES = ["begin", "stopped", "before_set", "after_set", "before_start", "started"]


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", *STAGES])
@pytest.mark.parametrize("role", [False, True])
def test_a_lost_connection_heals_with_the_next_run(scene: Scene, fault: str, role: bool) -> None:
    """Incident 8: the VM runs again, the claim matches the adapter, no second address was taken."""
    vm = scene.bench.running(role=role)
    if fault.startswith("cut"):
        scene.bench.faults.add(fault, script="host_apply")
    else:
        scene.bench.faults.add("die", at=fault)
    with pytest.raises(AnsibleConnectionFailure, match="Run the same task once more"):
        scene.push(WISH, when="restart")
    (claim,) = scene.ledger.claims()
    assert (claim.state, claim.unsure) == ("reserved", True)
    assert [intent.vm_id for intent in scene.ledger.open_intents()] == [vm]
    result = scene.push(WISH, when="restart").as_result()
    assert not result.get("failed")
    scene.bench.world.settle()
    assert scene.bench.state(vm) == "Running"
    assert scene.addresses() == [claim.address]
    assert scene.bench.mac(vm) == format_mac(claim.address)
    assert [(item.state, item.unsure) for item in scene.ledger.claims()] == [("applied", False)]
    assert scene.ledger.open_intents() == []
    assert not scene.push(WISH, when="restart").as_result()["changed"]


def test_a_vm_left_off_is_started_even_by_a_task_for_others(scene: Scene) -> None:
    left = scene.bench.running()
    scene.bench.vm("web02")
    scene.bench.faults.add("die", at="stopped")
    with pytest.raises(AnsibleConnectionFailure):
        scene.push(WISH, when="restart")
    assert scene.bench.state(left) == "Off"
    report = scene.push({"vm": "web02", "pool": "tenant"})
    assert (report.recovered, scene.bench.state(left)) == ([left], "Running")
    assert scene.ledger.open_intents() == []


def test_a_vm_that_somebody_started_meanwhile_needs_no_help(scene: Scene) -> None:
    vm = scene.bench.running()
    scene.bench.faults.add("die", at="stopped")
    with pytest.raises(AnsibleConnectionFailure):
        scene.push(WISH, when="restart")
    scene.bench.world.start(vm)
    report = scene.push(WISH, when="pending")
    assert (report.recovered, scene.ledger.open_intents()) == ([], [])


def test_a_vm_that_moves_away_between_two_reads_is_named_with_its_new_host(scene: Scene) -> None:
    vm, other = scene.bench.vm(role=True), scene.bench.vm("web02")
    host = LabHost(scene.bench)
    genuine = host.apply

    def moving(operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        scene.bench.world.migrate(vm, "hv2")
        return genuine(operations)

    host.apply = moving  # type: ignore[method-assign]
    pusher = AdapterRun(scene.ledger, JOB, host, False, 3600, Power("fail", 1, False))
    result = pusher.run(read_wishes([WISH, {"vm": "web02", "pool": "tenant"}])).as_result()
    assert (result["failed"], result["changed"]) == (True, True)
    assert 'VM "web01": expected a VM of that name or id on host "hv1"' in result["msg"]
    # What was done for the other one before is told all the same.
    assert [(row["vm"], row["status"]) for row in result["adapters"]] == [("web02", "changed")]
    claim, kept = (scene.ledger.claims(owner=f"{name}/Network Adapter")[0] for name in ("web01", "web02"))
    assert scene.bench.mac(other) == format_mac(kept.address)
    assert scene.bench.mac(vm) == "000000000000"
    assert not scene.push(WISH, host="hv2").as_result().get("failed")
    assert scene.bench.mac(vm) == format_mac(claim.address)
    assert sorted(scene.addresses()) == sorted([claim.address, kept.address])


def test_a_vm_that_comes_back_is_found_again(scene: Scene) -> None:
    vm = scene.bench.vm(role=True)
    host = LabHost(scene.bench)
    genuine = host.apply
    journeys = iter([True])

    def moving(operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        away = next(journeys, False)
        if away:
            scene.bench.world.migrate(vm, "hv2")
        results = genuine(operations)
        if away:
            scene.bench.world.migrate(vm, "hv1")
        return results

    host.apply = moving  # type: ignore[method-assign]
    report = AdapterRun(scene.ledger, JOB, host, False, 3600, Power("fail", 1, False)).run(read_wishes([WISH]))
    assert not report.as_result().get("failed")
    assert scene.bench.mac(vm) == format_mac(scene.addresses()[0])


def test_a_renamed_vm_keeps_its_address_and_a_clone_gets_its_own(scene: Scene) -> None:
    """Incident 9."""
    vm = scene.bench.vm()
    scene.push(WISH)
    mac = scene.bench.mac(vm)
    scene.bench.world.rename_vm(vm, "shop01")
    assert not scene.push({"vm": "shop01", "pool": "tenant"}).as_result().get("failed")
    assert scene.bench.mac(vm) == mac
    clone = scene.bench.world.clone(vm, "shop01-copy")
    assert scene.bench.mac(clone) == mac
    scene.observe_all()
    scene.push({"vm": "shop01-copy", "pool": "tenant"})
    assert scene.bench.mac(clone) != mac
    assert scene.bench.mac(vm) == mac
    assert len(set(scene.addresses())) == 2


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["cut_before", "cut_after", *STAGES, "ignore_set", "fail"]),
            st.integers(0, 2),
        ),
        max_size=4,
    ),
    st.lists(st.booleans(), min_size=1, max_size=3),
)
def test_whatever_breaks_every_vm_ends_running_with_its_one_address(
    faults: list[tuple[str, int]], running: list[bool]
) -> None:
    """Any series of faults, then runs until one is clean: laws 1, 2 and 4."""
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", directory)
        scene = Scene(Path(directory))
        vms = [(scene.bench.running if runs else scene.bench.vm)(f"vm{number}") for number, runs in enumerate(running)]
        wishes = [{"vm": f"vm{number}", "pool": "tenant"} for number in range(len(vms))]
        promised: dict[str, int] = {}
        for kind, skip in faults:
            if kind in STAGES:
                scene.bench.faults.add("die", at=kind, skip=skip)
            elif kind == "fail":
                scene.bench.faults.add("fail_op", at="after_set", skip=skip)
            elif kind == "ignore_set":
                scene.bench.faults.add("ignore_set", skip=skip)
            else:
                scene.bench.faults.add(kind, script="host_apply", skip=skip)
            with contextlib.suppress(AnsibleConnectionFailure):
                scene.push(*wishes, when="restart")
            for claim in scene.ledger.claims():
                assert promised.setdefault(claim.owner, claim.address) == claim.address
        scene.bench.faults.clear()
        scene.push(*wishes, when="restart")
        last = scene.push(*wishes, when="restart").as_result()
        assert (last["changed"], last.get("failed")) == (False, None)
        for vm, runs in zip(vms, running, strict=True):
            assert scene.bench.state(vm) == ("Running" if runs else "Off")
        macs = [scene.bench.mac(vm) for vm in vms]
        assert len(set(macs)) == len(macs)
        assert sorted(macs) == [format_mac(address) for address in sorted(scene.addresses())]
        assert scene.ledger.open_intents() == []
        assert scene.ledger.verify() == []
        scene.ledger.close()


def test_a_check_trusts_an_earlier_task_of_the_same_play_to_claim(scene: Scene) -> None:
    scene.bench.vm()
    wish = {"vm": "web01", "mac_address": "22-1D-D8-00-00-07"}
    assert scene.push(wish, check=True).as_result()["changed"]
    with pytest.raises(MacPoolError, match="pool"):
        scene.push({**wish, "mac_address": "22-1D-D9-00-00-07"}, check=True)
    scene.ledger.ensure([Request("db01/eth0", "tenant", 0x221DD8000007)], JOB)
    with pytest.raises(MacPoolError, match="db01/eth0"):
        scene.push(wish, check=True)
    assert len(scene.ledger.claims()) == 1


def test_a_job_that_another_one_overtook_tells_what_it_did_to_the_host_and_confirms_nothing(scene: Scene) -> None:
    vm = scene.bench.vm()
    host = LabHost(scene.bench)
    genuine = host.apply

    def overtaken(operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        results = genuine(operations)
        (claim,) = scene.ledger.claims()
        scene.ledger.renew([Renewal(Fence(claim.address, claim.owner, claim.generation))], JOB)
        return results

    host.apply = overtaken  # type: ignore[method-assign]
    result = (
        AdapterRun(scene.ledger, JOB, host, False, 3600, Power("fail", 1, False)).run(read_wishes([WISH])).as_result()
    )
    assert (result["failed"], result["changed"]) == (True, True)
    assert "Another job works on it" in result["msg"]
    assert [row["status"] for row in result["adapters"]] == ["changed"]
    (claim,) = scene.ledger.claims()
    assert (claim.state, scene.bench.mac(vm)) == ("reserved", format_mac(claim.address))
    assert not scene.push(WISH).as_result().get("failed")
    assert scene.ledger.claims()[0].state == "applied"


def test_a_bound_adapter_is_refused_before_anything_is_claimed(scene: Scene) -> None:
    """Incident 12, and what the role that changes the interface as well may do."""
    vm = scene.bench.vm(mac="221DD8000B02")
    scene.bench.world.set_profile(vm, "{0B1C2D3E-0000-4000-8000-000000000001}")
    with pytest.raises(MacPoolError, match=r"\{0b1c2d3e-0000-4000-8000-000000000001\}.*mac_interfaces"):
        scene.push(WISH)
    assert (scene.bench.mac(vm), scene.ledger.claims(), scene.last.calls) == ("221DD8000B02", [], ["host_info"])
    assert not scene.push(WISH, bound="change").as_result().get("failed")
    assert scene.bench.mac(vm) == format_mac(scene.addresses()[0])
    assert not scene.push(WISH).as_result()["changed"]
