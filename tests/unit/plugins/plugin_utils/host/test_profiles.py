# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An adapter and its interface: bound only where the three records agree (facts 85 to 89)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, ManyErrors
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.observed import ObservedHost
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.profile_run import ProfileRow, ProfileRun
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.profiles import decide_profiles, read_profile_wishes
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.run import Report
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.model import NULL_PROFILE
from tests.lab.bench import Bench
from tests.unit.plugins.plugin_utils.host.lab_host import LabHost

ONE, TWO = "0b1c2d3e-0000-4000-8000-000000000001", "0b1c2d3e-0000-4000-8000-000000000002"
MAC = "221DD8000A01"
BOUND = {"profile_id": f"{{{ONE}}}", "profile_data": 1}


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.vm(mac=MAC)
    return bench


def bind(bench: Bench, *entries: dict[str, Any], **more: Any) -> Report[ProfileRow]:
    host = LabHost(bench, more.pop("host", "hv1"), more.pop("check", False), more.pop("meanwhile", None))
    return ProfileRun(host, **more).run(read_profile_wishes([{"vm": "web01", **entry} for entry in entries]))


def profile(bench: Bench, vm: str = "web01") -> tuple[str, int] | None:
    found = bench.world.find(vm)[1].adapters[0].profile
    return (found.profile_id, found.profile_data) if found else None


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({}, "found none of them"),
        ({"interface_id": ONE, "absent": True}, "interface_id and absent"),
        ({"interface_id": "web01_eth0"}, "not the interface's name"),
        ({"interface_id": ONE + "0"}, "a GUID"),
        ({"interface_id": "{" + "00000000-0000-0000-0000-000000000000" + "}"}, "null_profile: true"),
        ({"null_profile": True, "profile_data": 1}, "profile_data 2"),
        ({"absent": True, "profile_data": 2}, "no profile_data"),
        ({"interface_id": ONE, "mac_address": 9783981296}, "Quote it"),
    ],
)
def test_what_cannot_be_meant_is_refused(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(MacPoolError, match=f'profiles\\[0\\], VM "web01".*{words}'):
        read_profile_wishes([{"vm": "web01", **entry}])


def test_one_interface_is_not_bound_twice(bench: Bench) -> None:
    with pytest.raises(MacPoolError, match="has one adapter"):
        read_profile_wishes([{"vm": "a", "interface_id": ONE}, {"vm": "b", "interface_id": f"{{{ONE.upper()}}}"}])
    second = bench.world.add_adapter("web01", "second", mac="221DD8000A02")
    bench.world.set_profile("web01", f"{{{ONE}}}", adapter=second)
    with pytest.raises(MacPoolError, match=r'adapter "second" of VM "web01".*bound to it'):
        bind(bench, {"name": "Network Adapter", "interface_id": ONE})


@pytest.mark.parametrize("text", [ONE, ONE.upper(), f"{{{ONE}}}", f" {{{ONE.upper()}}} "])
def test_an_id_is_taken_in_any_form_and_the_second_run_changes_nothing(bench: Bench, text: str) -> None:
    report = bind(bench, {"interface_id": text, "mac_address": "22-1d-d8-00-0a-01"})
    assert report.as_result()["changed"]
    assert profile(bench) == (f"{{{ONE}}}", 1)
    row = report.as_result()["adapters"][0]
    assert (row["status"], row["before"], row["after"]) == ("changed", None, BOUND)
    assert not bind(bench, {"interface_id": ONE}).as_result()["changed"]
    bench.world.set_profile("web01", f"{{{ONE.upper()}}}")
    assert not bind(bench, {"interface_id": ONE}).as_result()["changed"], "letter case is no difference"


def test_profile_data_and_the_null_profile(bench: Bench) -> None:
    bind(bench, {"interface_id": ONE, "profile_data": 6})
    assert profile(bench) == (f"{{{ONE}}}", 6)
    bind(bench, {"interface_id": ONE})
    assert profile(bench) == (f"{{{ONE}}}", 1)
    bind(bench, {"null_profile": True})
    assert profile(bench) == (NULL_PROFILE, 2)
    bind(bench, {"interface_id": ONE})
    assert profile(bench) == (f"{{{ONE}}}", 1), "the null profile is nobody's interface"
    assert bind(bench, {"absent": True}).diff()[0] == {
        f"web01/Network Adapter ({bench.world.find('web01')[1].id})": {"port_profile": BOUND}
    }
    assert profile(bench) is None
    assert not bind(bench, {"absent": True}).as_result()["changed"]


def test_an_adapter_of_another_interface_is_taken_only_when_told(bench: Bench) -> None:
    bench.world.set_profile("web01", f"{{{TWO}}}")
    with pytest.raises(MacPoolError, match=f"{TWO}.*another interface.*rebind: true"):
        bind(bench, {"interface_id": ONE})
    assert profile(bench) == (f"{{{TWO}}}", 1)
    bind(bench, {"interface_id": ONE}, rebind=True)
    assert profile(bench) == (f"{{{ONE}}}", 1)


def test_a_deleted_interface_is_replaced_by_its_id_alone(bench: Bench) -> None:
    bench.world.set_profile("web01", f"{{{TWO}}}")
    with pytest.raises(MacPoolError, match=f"{TWO}.*set replaces to this id"):
        bind(bench, {"interface_id": ONE, "replaces": "0b1c2d3e-0000-4000-8000-000000000003"})
    with pytest.raises(MacPoolError, match=r"web01.*replaces.*a GUID"):
        bind(bench, {"interface_id": ONE, "replaces": "web01_Eth1"})
    assert profile(bench) == (f"{{{TWO}}}", 1)
    bind(bench, {"interface_id": ONE, "replaces": f"{{{TWO.upper()}}}"})
    assert profile(bench) == (f"{{{ONE}}}", 1)


@pytest.mark.parametrize("already", [False, True])
def test_an_address_that_is_not_the_interfaces_is_refused(bench: Bench, already: bool) -> None:
    """Also when it is bound already: that is what fact 89 is about."""
    if already:
        bench.world.set_profile("web01", f"{{{ONE}}}")
    with pytest.raises(MacPoolError, match=f"expected the static address 22-1D-D8-00-0A-02 .*found {MAC}"):
        bind(bench, {"interface_id": ONE, "mac_address": "22-1D-D8-00-0A-02"})
    bench.world.set_dynamic("web01")
    with pytest.raises(MacPoolError, match=rf"found {MAC} \(dynamic\)"):
        bind(bench, {"interface_id": ONE, "mac_address": MAC, "allow_dynamic": True})


def test_a_dynamic_adapter_is_bound_only_when_told(bench: Bench) -> None:
    bench.world.set_dynamic("web01")
    with pytest.raises(MacPoolError, match="allow_dynamic: true"):
        bind(bench, {"interface_id": ONE})
    assert not bind(bench, {"null_profile": True}).as_result().get("failed")
    bind(bench, {"interface_id": ONE, "allow_dynamic": True})
    assert profile(bench) == (f"{{{ONE}}}", 1)


@pytest.mark.parametrize(("data", "warns"), [(1, True), (6, True), (2, False)])
def test_a_vlan_under_a_policy_is_told(bench: Bench, data: int, warns: bool) -> None:
    bench.world.set_vlan("web01", 100)
    report = bind(bench, {"interface_id": ONE, "profile_data": data})
    (row,) = report.as_result()["adapters"]
    assert ["Access 100" in warning for warning in row["warnings"]] == [True] * warns
    assert bind(bench, {"absent": True}).as_result()["adapters"][0]["warnings"] == []


def test_a_check_predicts_and_touches_nothing(bench: Bench) -> None:
    before = bench.world.to_dict()
    predicted = bind(bench, {"interface_id": ONE}, check=True).as_result()
    assert bench.world.to_dict() == before
    assert bind(bench, {"interface_id": ONE}).as_result() == predicted


def test_missing_vms_and_replicas(bench: Bench) -> None:
    bench.world.replicate("web01", "hv2")
    with pytest.raises(MacPoolError, match="a replica"):
        bind(bench, {"interface_id": ONE}, host="hv2")
    assert bind(bench, {"interface_id": ONE}, host="hv2", skip_missing_vms=True).missing == ["web01"]
    with pytest.raises(ManyErrors):
        bind(bench, {"vm": "a", "absent": True}, {"vm": "b", "absent": True})


def test_a_profile_that_is_taken_and_not_set_has_failed(bench: Bench) -> None:
    bench.faults.add("ignore_set")
    result = bind(bench, {"interface_id": ONE}).as_result()
    assert (result["failed"], result["changed"], result["adapters"][0]["status"]) == (True, False, "failed")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(bench: Bench) -> None:
    result = bind(
        bench, {"interface_id": ONE}, meanwhile=lambda: bench.world.set_profile("web01", f"{{{TWO}}}")
    ).as_result()
    assert (result["failed"], result["changed"], result["adapters"][0]["status"]) == (True, False, "refused")
    assert profile(bench) == (f"{{{TWO}}}", 1)


def test_a_vm_that_comes_back_is_found_again(bench: Bench) -> None:
    vm = bench.vm("db01", mac="221DD8000A09", role=True)
    host = LabHost(bench, before_apply=lambda: bench.world.migrate(vm, "hv2"))
    genuine = host.observe

    def coming(gather: Sequence[str], vms: Sequence[str] | None = None) -> dict[str, Any]:
        if host.calls:
            bench.world.migrate(vm, "hv1")
        return genuine(gather, vms)

    host.observe = coming  # type: ignore[method-assign]
    report = ProfileRun(host).run(read_profile_wishes([{"vm": "db01", "interface_id": ONE}]))
    assert [row.status for row in report.rows] == ["changed"]
    assert profile(bench, vm) == (f"{{{ONE}}}", 1)


def test_a_profile_that_could_not_be_read_is_not_none(bench: Bench) -> None:
    observation = bench.observe()
    del observation["vms"][0]["adapters"][0]["port_profile"]
    wishes = read_profile_wishes([{"vm": "web01", "absent": True}])
    with pytest.raises(MacPoolError, match="could not be read"):
        decide_profiles(ObservedHost.read(observation), wishes, skip_missing_vms=False, rebind=False)
