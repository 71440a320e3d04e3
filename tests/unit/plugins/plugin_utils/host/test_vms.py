# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of VMs, by what is wanted and what is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, ManyErrors
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host import vms as _vm
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.observed import ObservedHost
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.vms import (
    CREATE,
    REMOVE,
    ROLE,
    START,
    STOP,
    Goal,
    VmWish,
)
from tests.unit.plugins.plugin_utils.observation import documents

VM_ID, OTHER_ID = "11111111-2222-3333-4444-555555555555", "66666666-2222-3333-4444-555555555555"
WISH = VmWish("web01", memory=4 << 30, switch="tenant", adapter_name="eth0")
PRESENT, STARTED, STOPPED, ABSENT = (Goal(state) for state in ("present", "started", "stopped", "absent"))


def vm(name: str = "web01", state: str = "Off", vm_id: str = VM_ID, **more: Any) -> dict[str, Any]:
    adapter = documents.adapter("000000000000", name="eth0", id=f"Microsoft:{vm_id}\\0")
    return {**documents.vm(name, adapter, id=vm_id, state=state), **more}


def group(name: str = "web01", vm_id: str = VM_ID, node: str = "hv2") -> dict[str, Any]:
    return documents.group(vm_id, node, name)


def observed(*vms: dict[str, Any], groups: Any = (), lone: bool = False, **more: Any) -> dict[str, Any]:
    return {**documents.host("hv1", vms=vms, cluster=None if lone else "hci1", groups=groups), **more}


def decide(observation: dict[str, Any], wish: VmWish = WISH, goal: Goal = PRESENT) -> _vm.VmDecision:
    items, missing = _vm.decide_vms(ObservedHost.read(observation), [wish], goal, "hv1.inventory")
    assert missing == []
    return items[0]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4 << 30),
        ("512MB", 512 << 20),
        ("4 gib", 4 << 30),
        ("2T", 2 << 40),
        (4294967296, 4 << 30),
        ("33554432B", 32 << 20),
        ("1.5 GB", 3 << 29),
    ],
)
def test_memory_is_counted_in_powers_of_1024(text: object, size: int) -> None:
    assert _vm.parse_memory(text, "x") == size


@pytest.mark.parametrize("text", ["", "GB", "4.5.1GB", "-4GB", "4XB", "4GB5", "4 Gbit", "four", 4096, "16MB", True])
def test_memory_that_cannot_be_meant_is_refused(text: object) -> None:
    with pytest.raises(MacPoolError, match=r"x: expected .*4GB"):
        _vm.parse_memory(text, "x")


def test_every_bad_entry_is_named_at_once() -> None:
    entry = {"generation": 2, "adapter_name": "eth0", "clustered": False}
    with pytest.raises(ManyErrors) as caught:
        _vm.read_vm_wishes(
            [
                {**entry, "name": "a", "memory": "lots"},
                {**entry, "name": "b"},
                {**entry, "name": "B"},
                {**entry, "name": "c "},
                {**entry, "name": "d", "adapter_name": ""},
            ]
        )
    text = str(caught.value)
    for words in ("vms[0]", 'vms[2], VM "B": expected one entry', "vms[3]", "vms[4]"):
        assert words in text
    assert "vms[1]" not in text


def test_a_new_vm_is_created_then_clustered_then_started() -> None:
    assert decide(observed()).steps == (CREATE,)
    assert decide(observed(), goal=STARTED).steps == (CREATE, START)
    assert decide(observed(), replace(WISH, clustered=True), STARTED).steps == (CREATE, ROLE, START)


def test_a_new_vm_never_gets_an_address_that_the_ledger_did_not_promise() -> None:
    operation = _vm.vm_operation(CREATE, decide(observed()), "", 300, False)
    assert operation == {
        "op": "create_vm",
        "id": "create_vm web01",
        "name": "web01",
        "generation": 2,
        "memory_bytes": 4 << 30,
        "path": None,
        "vhd_path": None,
        "switch": "tenant",
        "adapter_name": "eth0",
        "mac": None,
    }


@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "a\tb"])
def test_no_new_vm_gets_a_name_that_the_ledger_refuses_and_one_that_is_there_can_be_removed(name: str) -> None:
    with pytest.raises(MacPoolError, match="control characters"):
        decide(observed(), replace(WISH, name=name))
    assert decide(observed(vm(name)), replace(WISH, name=name), ABSENT).steps == (REMOVE,)


def test_a_new_vm_needs_memory_and_one_that_is_there_does_not() -> None:
    with pytest.raises(MacPoolError, match="memory for the new VM"):
        decide(observed(), replace(WISH, memory=None))
    assert decide(observed(vm("WEB01")), replace(WISH, memory=None)).steps == ()


@pytest.mark.parametrize(
    ("goal", "state", "clustered", "steps"),
    [
        (PRESENT, "Running", False, ()),
        (PRESENT, "Saved", True, (ROLE,)),
        (STARTED, "Off", False, (START,)),
        (STARTED, "Off", True, (ROLE, START)),
        (STARTED, "Running", False, ()),
        (STARTED, "Running", True, (ROLE,)),
        (STOPPED, "Off", False, ()),
        (STOPPED, "Running", False, (STOP,)),
        (STOPPED, "Paused", False, (STOP,)),
        (ABSENT, "Off", True, (REMOVE,)),
        (Goal("absent", stop=True), "Running", True, (STOP, REMOVE)),
        (Goal("absent", stop=True), "Off", True, (REMOVE,)),
    ],
)
def test_what_is_there_takes_only_the_steps_that_are_missing(
    goal: Goal, state: str, clustered: bool, steps: tuple[str, ...]
) -> None:
    assert decide(observed(vm(state=state)), replace(WISH, clustered=clustered), goal).steps == steps


@pytest.mark.parametrize(
    ("goal", "state", "words"),
    [
        (STARTED, "Saved", "Resume it"),
        (STARTED, "Paused", "Resume it"),
        (STARTED, "Stopping", "Wait until"),
        (STOPPED, "Saved", "never discarded"),
        (STOPPED, "Starting", "Wait until"),
        (ABSENT, "Running", "stop: true"),
        (ABSENT, "Saved", "never discarded"),
        (Goal("absent", stop=True), "Saved", "never discarded"),
    ],
)
def test_a_power_state_in_the_way_is_refused_with_a_way_out(goal: Goal, state: str, words: str) -> None:
    with pytest.raises(MacPoolError, match=f'VM "web01" on host "hv1": .*{state}.*{words}'):
        decide(observed(vm(state=state)), goal=goal)


@pytest.mark.parametrize("goal", [STARTED, STOPPED, ABSENT, Goal("absent", stop=True)])
@pytest.mark.parametrize("mode", ["Replica", "ExtendedReplica"])
def test_a_replica_counts_as_there_and_is_left_alone(mode: str, goal: Goal) -> None:
    item = decide(observed(vm(replication_mode=mode)), replace(WISH, clustered=True), goal)
    assert (item.steps, "replica" in item.reason) == ((), True)


def test_what_differs_is_told_and_not_changed() -> None:
    other = vm(generation=1)
    other["adapters"][0].update(name="Network Adapter", switch="mgmt")
    item = decide(observed(other))
    assert item.steps == ()
    assert list(item.differences) == [
        {"key": "generation", "wanted": 2, "found": 1},
        {"key": "adapter_name", "wanted": "eth0", "found": "Network Adapter"},
        {"key": "switch", "wanted": "tenant", "found": "mgmt"},
    ]
    same = decide(observed(vm()), replace(WISH, switch="TENANT", adapter_name="ETH0"))
    assert same.differences == ()


def test_two_vms_of_one_name_are_an_error_that_names_both() -> None:
    with pytest.raises(MacPoolError, match=f"{VM_ID}, {OTHER_ID}"):
        decide(observed(vm(), vm("Web01", vm_id=OTHER_ID)))


@pytest.mark.parametrize("goal", [PRESENT, STARTED, STOPPED, ABSENT])
@pytest.mark.parametrize("name", ["WEB01", "role-of-web01", "SCVMM web01 Resources"])
def test_a_vm_that_the_cluster_has_elsewhere_is_not_made_twice(name: str, goal: Goal) -> None:
    wish = replace(WISH, clustered=True, role_name="role-of-web01")
    item = decide(observed(groups=[group(name)]), wish, goal)
    assert (item.steps, item.node, item.vm_id) == ((), "hv2", VM_ID)


def test_a_role_whose_vm_could_not_be_read_is_not_taken_for_no_role() -> None:
    """Law 5: the VM may be this one, and would be made twice."""
    unread = {**group(), "vm_id": None}
    item = decide(observed(groups=[unread]))
    assert (item.steps, item.node) == ((), "hv2")
    with pytest.raises(MacPoolError, match=r'the role of VM of an id that could not be read on node "hv1"'):
        decide(observed(groups=[{**unread, "owner_node": "hv1"}]))


def test_names_that_differ_in_a_letter_are_two_vms() -> None:
    """A host can have both, and each is found by its own name."""
    both = observed(vm("straße", "Running"), vm("strasse", vm_id=OTHER_ID))
    assert decide(both, replace(WISH, name="STRASSE"), STARTED).vm_id == OTHER_ID
    assert decide(both, replace(WISH, name="STRAßE"), STARTED).vm_id == VM_ID
    assert decide(observed(vm("strasse")), replace(WISH, name="straße")).steps == (CREATE,)


def test_a_role_that_belongs_to_another_vm_is_not_taken() -> None:
    taken = [group("web01", OTHER_ID, "hv1")]
    with pytest.raises(MacPoolError, match=f'cluster role "web01".*{OTHER_ID}.*"hv1"'):
        decide(observed(groups=taken))
    with pytest.raises(MacPoolError, match=OTHER_ID):
        decide(observed(vm(), groups=taken), replace(WISH, clustered=True))
    assert decide(observed(vm(), groups=taken)).steps == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"warnings": ["vms: the adapters of VM 'x' could not be read: denied"]},
        {"cluster": {"name": "hci1"}, "warnings": ["cluster: access denied"]},
    ],
)
@pytest.mark.parametrize("goal", [PRESENT, ABSENT])
def test_absence_must_be_proven(broken: dict[str, Any], goal: Goal) -> None:
    """Law 5: a VM that could not be seen would be created twice, or reported as gone."""
    with pytest.raises(MacPoolError, match=r"proof that no VM of that name exists.*(denied)"):
        decide(observed(**broken), goal=goal)
    unread = observed()
    del unread["cluster"]
    with pytest.raises(MacPoolError, match="proof"):
        decide(unread, goal=goal)


def test_a_role_needs_a_cluster_that_can_be_read() -> None:
    wish = replace(WISH, clustered=True)
    with pytest.raises(MacPoolError, match="in no cluster"):
        decide(observed(lone=True), wish)
    with pytest.raises(MacPoolError, match="in no cluster"):
        decide(observed(vm(), lone=True), wish)
    unread = observed(vm())
    del unread["cluster"]
    with pytest.raises(MacPoolError, match="a cluster that was not read"):
        decide(unread, wish)


def test_what_the_cluster_knows_before_the_vm_does_counts() -> None:
    assert decide(observed(vm(), groups=[group(node="hv1")]), replace(WISH, clustered=True)).steps == ()


@pytest.mark.parametrize("host", ["hv1", "HV1.example.com", "hv1.inventory", None])
def test_a_vm_is_created_on_the_host_that_it_names(host: str | None) -> None:
    assert decide(observed(), replace(WISH, host=host)).steps == (CREATE,)


def test_other_hosts_leave_it_out_unless_they_have_it() -> None:
    wish = replace(WISH, host="hv2")
    assert _vm.decide_vms(ObservedHost.read(observed()), [wish], PRESENT, "hv1") == ([], [wish])
    assert _vm.decide_vms(ObservedHost.read(observed()), [WISH], Goal("present", create=False), "hv1") == ([], [WISH])
    assert decide(observed(vm()), wish, STARTED).steps == (START,)


@pytest.mark.parametrize("goal", [STOPPED, ABSENT])
def test_what_is_nowhere_needs_no_stopping_and_no_removing(goal: Goal) -> None:
    item = decide(observed(), replace(WISH, clustered=True), goal)
    assert (item.steps, item.vm) == ((), None)


def test_one_bad_wish_stops_all_of_them() -> None:
    seen = ObservedHost.read(observed(vm(state="Saved"), vm("web02", "Paused", OTHER_ID)))
    with pytest.raises(ManyErrors):
        _vm.decide_vms(seen, [WISH, VmWish("web02")], STARTED, "hv1")
