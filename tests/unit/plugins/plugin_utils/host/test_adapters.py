# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted and what was observed become operations, or an error that says what to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, ManyErrors
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host import adapters as _host
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.adapters import Target, Wish
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.observed import ObservedHost, find_adapters
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.run import result_error
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.model import NULL_PROFILE
from tests.unit.plugins.plugin_utils.observation import documents

A, B = 0x221DD8000A01, 0x221DD8000B02
VM_ID = "11111111-2222-3333-4444-555555555555"


def adapter(
    name: str = "eth0", mac: str = "000000000000", dynamic: bool = True, number: int = 0, profile: Any = None
) -> dict[str, Any]:
    identity = f"Microsoft:{VM_ID}\\{number}"
    return documents.adapter(mac, dynamic, name=name, id=identity, port_profile=profile)


def vm(
    name: str = "web01", state: str = "Off", vm_id: str = VM_ID, adapters: Any = None, **more: Any
) -> dict[str, Any]:
    listed = [adapter()] if adapters is None else adapters
    return documents.vm(name, *listed, id=vm_id, state=state, **more)


def observed(*vms: dict[str, Any]) -> dict[str, Any]:
    return documents.host("hv1", vms=vms, cluster="hci1")


def targets(observation: dict[str, Any], *wishes: Wish, skip_missing_vms: bool = False) -> list[Target]:
    return [Target(*pair) for pair in find_adapters(ObservedHost.read(observation), wishes, skip_missing_vms)]


def decide(
    observation: dict[str, Any], address: int | None, when: str = "fail", bound: str = "fail", **wish: Any
) -> _host.AdapterDecision:
    goal = wish.pop("goal", "static" if address is not None else "dynamic")
    (target,) = targets(observation, Wish("web01", "eth0", goal, address, **wish))
    (item,) = _host.decide_adapters([(target, address)], when, bound)
    return item


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        ({"mac_address": "22-1D-D8-00-0A-01"}, "static"),
        ({"pool": "p"}, "static"),
        ({"pin": True}, "pin"),
        ({"dynamic": True}, "dynamic"),
    ],
)
def test_each_way_to_get_an_address_is_a_wish(given: dict[str, Any], goal: str) -> None:
    (wish,) = _host.read_wishes([{"vm": "web01", "name": "eth0", **given}])
    assert (wish.goal, wish.address, wish.pool) == (goal, A if "mac_address" in given else None, given.get("pool"))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"mac_address": 0}, "mac_address: expected a MAC address .* found 0. Quote it"),
        ({"mac_address": 0, "pool": "tenant"}, "found mac_address and pool"),
        ({"pool": "tenant", "owner": "web01/eth0\n"}, "blanks"),
    ],
)
def test_what_yaml_made_of_a_value_is_not_taken_for_another_wish(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(MacPoolError, match=words):
        _host.read_wishes([{"vm": "web01", **entry}])


@pytest.mark.parametrize(
    "given", [{}, {"pin": False}, {"pool": "p", "pin": True}, {"mac_address": "22-1D-D8-00-0A-01", "pool": "p"}]
)
def test_no_way_or_two_ways_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(MacPoolError, match=r'adapters\[0\], VM "web01": expected exactly one of'):
        _host.read_wishes([{"vm": "web01", **given}])


def test_every_bad_entry_is_named_at_once() -> None:
    entries: list[dict[str, Any]] = [
        {"vm": "a"},
        {"vm": "b", "mac_address": 9783981296},
        {"vm": "c", "pin": True},
        {"vm": "d", "mac_address": "23-1D-D8-00-0A-01"},
    ]
    with pytest.raises(ManyErrors) as caught:
        _host.read_wishes(entries)
    text = str(caught.value)
    assert 'adapters[0], VM "a"' in text
    assert "Quote it" in text
    assert "multicast" in text
    assert 'VM "c"' not in text


def test_a_vm_is_found_by_name_without_case_and_by_id() -> None:
    observation = observed(vm())
    for name in ("WEB01", VM_ID, VM_ID.upper(), f"{{{VM_ID}}}"):
        assert targets(observation, Wish(name, "ETH0", "dynamic"))[0].adapter.vm.name == "web01"


def test_vms_and_adapters_whose_names_differ_in_a_letter_are_two() -> None:
    pair = [adapter("größe"), adapter("grösse", number=1)]
    both = observed(vm("straße", adapters=pair), vm("strasse", vm_id="b" * 36))
    for name, other in (("STRASSE", "strasse"), ("STRAßE", "straße")):
        assert targets(both, Wish(name, None if other == "strasse" else "GRÖSSE", "pin"))[0].adapter.vm.name == other
    assert targets(both, Wish("straße", "GRÖßE", "pin"))[0].adapter.name == "größe"


def test_ids_are_sent_as_the_host_gave_them() -> None:
    shouted = vm(vm_id=VM_ID.upper(), adapters=[{**adapter(), "id": "Microsoft:ABC\\dEf"}])
    (operation,) = _host.adapter_operations([decide(observed(shouted), A)], 300, False)
    assert (operation["vm_id"], operation["adapters"][0]["adapter_id"]) == (VM_ID.upper(), "Microsoft:ABC\\dEf")


def test_the_only_adapter_needs_no_name_but_two_do() -> None:
    assert targets(observed(vm()), Wish("web01", None, "pin"))[0].adapter.name == "eth0"
    two = observed(vm(adapters=[adapter("eth0"), adapter("eth1", number=1)]))
    with pytest.raises(MacPoolError, match=r'expected the name of an adapter, but found "eth0" .* "eth1"'):
        targets(two, Wish("web01", None, "pin"))


def test_a_missing_vm_a_missing_adapter_and_twins_are_all_named() -> None:
    twins = [
        vm("twin", vm_id="a" * 36),
        vm("twin", vm_id="b" * 36),
        vm(adapters=[adapter("same"), adapter("same", number=1)]),
    ]
    with pytest.raises(ManyErrors) as caught:
        targets(
            observed(*twins),
            Wish("nowhere", "eth0", "pin"),
            Wish("web01", "eth7", "pin"),
            Wish("web01", "same", "pin"),
            Wish("twin", "eth0", "pin"),
        )
    text = str(caught.value)
    assert 'VM "nowhere": expected a VM of that name or id on host "hv1"' in text
    assert 'an adapter of name or id "eth7"' in text
    assert 'one adapter of name "same"' in text
    assert "a" * 36 in text
    assert "b" * 36 in text


def test_an_adapter_of_a_shared_name_is_found_by_id() -> None:
    observation = observed(vm(adapters=[adapter("same"), adapter("same", number=1)]))
    wish = Wish("web01", adapter("same", number=1)["id"].upper(), "pin")
    assert targets(observation, wish)[0].adapter.id.endswith("1")


def test_two_wishes_for_one_adapter_are_refused() -> None:
    with pytest.raises(MacPoolError, match="two entries that mean this one"):
        targets(observed(vm()), Wish("web01", "eth0", "pin"), Wish(VM_ID, None, "dynamic"))


@pytest.mark.parametrize("mode", ["Replica", "ExtendedReplica"])
def test_a_replica_is_left_to_the_host_of_its_primary_where_vms_may_be_missing(mode: str) -> None:
    observation = observed(vm(replication_mode=mode))
    assert targets(observation, Wish("web01", "eth0", "pin"), skip_missing_vms=True) == []
    assert len(targets(observation, Wish("web01", "eth0", "pin"))) == 1
    primary = observed(vm(replication_mode="Primary"))
    assert len(targets(primary, Wish("web01", "eth0", "pin"), skip_missing_vms=True)) == 1


def test_missing_vms_can_be_left_out_and_nothing_else() -> None:
    observation = observed(vm())
    assert targets(observation, Wish("other", "eth0", "pin"), skip_missing_vms=True) == []
    with pytest.raises(MacPoolError, match="eth9"):
        targets(observation, Wish("web01", "eth9", "pin"), skip_missing_vms=True)


def test_vms_that_could_not_be_read_are_not_no_vms() -> None:
    unreadable = {**observed(), "vms": None, "warnings": ["vms: access denied"]}
    with pytest.raises(MacPoolError, match='Cannot read the VMs of host "hv1": vms: access denied'):
        targets(unreadable, Wish("web01", None, "pin"), skip_missing_vms=True)


@pytest.mark.parametrize("state", ["Off", "Running", "Saved", "Paused", "Stopping", "FastSavedCritical"])
@pytest.mark.parametrize("when", ["fail", "pending", "restart"])
def test_what_is_as_wanted_stays_whatever_the_vm_does(state: str, when: str) -> None:
    carrying = observed(
        vm(state=state, replication_mode="Replica", adapters=[adapter(mac="221DD8000A01", dynamic=False)])
    )
    item = decide(carrying, A, when)
    assert item.status == "unchanged"
    assert _host.adapter_operations([item], 300, False) == []


@pytest.mark.parametrize(("mac", "dynamic"), [("000000000000", True), ("221DD8000A01", True), ("221DD8000B02", False)])
def test_an_off_vm_is_changed_with_what_was_seen_as_expectation(mac: str, dynamic: bool) -> None:
    item = decide(observed(vm(adapters=[adapter(mac=mac, dynamic=dynamic)])), A)
    (operation,) = _host.adapter_operations([item], 60, True)
    assert operation == {
        "op": "set_vm_macs",
        "id": f"set_vm_macs {VM_ID}",
        "vm_id": VM_ID,
        "power": "require_off",
        "shutdown_timeout": 60,
        "force_off": True,
        "adapters": [
            {"adapter_id": adapter()["id"], "mac": "221DD8000A01", "expect": {"mac": mac, "dynamic": dynamic}}
        ],
    }
    assert item.after == {"mac_address": "221DD8000A01", "dynamic": False}


def test_an_adapter_that_becomes_dynamic_has_no_predictable_address() -> None:
    item = decide(observed(vm(adapters=[adapter(mac="221DD8000A01", dynamic=False)])), None)
    assert item.after == {"mac_address": None, "dynamic": True}
    (operation,) = _host.adapter_operations([item], 1, False)
    assert operation["adapters"][0]["dynamic"] is True
    assert "mac" not in operation["adapters"][0]


@pytest.mark.parametrize(
    ("state", "when", "outcome"),
    [
        ("Running", "fail", "running"),
        ("Paused", "fail", "Paused"),
        ("Saved", "fail", "never discarded"),
        ("Starting", "fail", "Wait until it is Off"),
        ("Saved", "restart", "never discarded"),
        ("Stopping", "restart", "Wait until it is Off"),
    ],
)
def test_a_vm_that_is_not_off_is_refused_with_a_way_out(state: str, when: str, outcome: str) -> None:
    with pytest.raises(MacPoolError, match=f'(?i)adapter "eth0" of VM "web01" on host "hv1".*{outcome}'):
        decide(observed(vm(state=state)), A, when)


@pytest.mark.parametrize("state", ["Running", "Paused", "Saved", "Starting", "Hibernated"])
def test_pending_leaves_a_vm_that_is_not_off_and_says_why(state: str) -> None:
    item = decide(observed(vm(state=state)), A, "pending")
    assert (item.status, state in item.reason, item.after == item.before) == ("pending", True, True)
    assert _host.adapter_operations([item], 300, False) == []


@pytest.mark.parametrize("when", ["fail", "pending", "restart"])
@pytest.mark.parametrize("mode", ["Replica", "ExtendedReplica"])
def test_a_replica_is_refused_in_any_mode(mode: str, when: str) -> None:
    with pytest.raises(MacPoolError, match="a replica"):
        decide(observed(vm(replication_mode=mode)), A, when)


def test_one_running_vm_stops_the_whole_task_before_anything_is_done() -> None:
    observation = observed(vm(), vm("web02", "Running", vm_id="b" * 36))
    both = targets(observation, Wish("web01", "eth0", "static"), Wish("web02", "eth0", "static"))
    with pytest.raises(MacPoolError, match='VM "web02"'):
        _host.decide_adapters([(both[0], A), (both[1], B)], "fail")


@given(st.lists(st.sampled_from(["eth0", "eth1", "eth2"]), unique=True, min_size=1), st.booleans())
def test_all_adapters_of_a_vm_are_one_operation(names: list[str], running: bool) -> None:
    adapters = [adapter(name, number=number) for number, name in enumerate(["eth0", "eth1", "eth2"])]
    observation = observed(vm(state="Running" if running else "Off", adapters=adapters))
    found = targets(observation, *(Wish("web01", name, "static") for name in names))
    items = _host.decide_adapters([(target, A + number) for number, target in enumerate(found)], "restart")
    (operation,) = _host.adapter_operations(items, 300, False)
    assert len(operation["adapters"]) == len(names)
    assert operation["power"] == ("restart" if running else "require_off")


def test_nothing_can_be_pinned_before_the_first_start_and_no_multicast_ever() -> None:
    item = decide(observed(vm()), None, goal="pin")
    assert (item.status, "never started" in item.reason) == ("pending", True)
    (odd,) = targets(observed(vm(adapters=[adapter(mac="231DD8000A01")])), Wish("web01", None, "pin"))
    with pytest.raises(MacPoolError, match="multicast"):
        _host.check_pin(odd)


@pytest.mark.parametrize(
    ("mac", "dynamic", "found"),
    [
        (None, True, "found no address"),
        ("", False, "found no address"),
        ("no mac", True, 'found "no mac", which is no address'),
        ("221DD8000B02", None, "not known whether it is dynamic"),
    ],
)
def test_an_adapter_that_could_not_be_read_is_refused_when_it_is_to_be_changed_or_pinned(
    mac: str | None, dynamic: Any, found: str
) -> None:
    odd = observed(vm(adapters=[{**adapter(), "mac": mac, "dynamic": dynamic}]))
    label = 'adapter "eth0" of VM "web01" on host "hv1"'
    with pytest.raises(MacPoolError, match=f"{label}: .*{found}"):
        decide(odd, A, "pending")
    (target,) = targets(odd, Wish("web01", None, "pin"))
    with pytest.raises(MacPoolError, match=f"{label}: .*{found}"):
        _host.check_pin(target)
    if dynamic:
        assert decide(odd, None).status == "unchanged", "what is dynamic already needs no reading"


@pytest.mark.parametrize(
    ("row", "carried"),
    [
        ({"mac": "221DD8000A01", "dynamic": False}, True),
        ({"mac": "22-1d-d8-00-0a-01", "dynamic": False}, True),
        ({"mac": "221DD8000A01", "dynamic": True}, False),
        ({"mac": "221DD8000A02", "dynamic": False}, False),
        ({"mac": None, "dynamic": False}, False),
    ],
)
def test_only_the_read_back_proves_that_an_address_arrived(row: dict[str, Any], carried: bool) -> None:
    item = decide(observed(vm()), A)
    result = {"after": {"state": "Off", "adapters": [{"adapter_id": adapter()["id"].upper(), **row}]}}
    assert _host.is_carried(item, result) is carried
    assert not _host.is_carried(item, {"after": {"adapters": []}})
    assert not _host.is_carried(item, {"after": None})


@pytest.mark.parametrize("status", ["refused", "failed"])
def test_what_is_not_done_is_an_error_with_the_host_own_words(status: str) -> None:
    error = result_error("VM x", "y", {"status": status, "reason": "shutdown_action", "message": "ShutdownAction is 1"})
    assert error is not None
    assert "ShutdownAction is 1" in str(error)
    assert "set the VM resource's ShutdownAction to 0" in error.remedy
    assert result_error("VM x", "y", {"status": "done"}) is None
    assert result_error("VM x", "y", {"status": "unchanged"}) is None


BOUND = {"profile_id": "{0B1C2D3E-0000-4000-8000-000000000001}", "profile_data": 1}


@pytest.mark.parametrize("when", ["fail", "pending", "restart"])
@pytest.mark.parametrize("state", ["Off", "Running"])
@pytest.mark.parametrize(("mac", "dynamic", "address"), [("221DD8000B02", False, A), ("221DD8000B02", True, A)])
def test_a_bound_adapter_is_not_changed_alone(state: str, when: str, mac: str, dynamic: bool, address: int) -> None:
    """Incident 12: the SDN would drop the VM, and nobody would know why."""
    observation = observed(vm(state=state, adapters=[adapter(mac=mac, dynamic=dynamic, profile=BOUND)]))
    with pytest.raises(MacPoolError) as caught:
        decide(observation, address, when)
    text = str(caught.value)
    for word in ('adapter "eth0" of VM "web01"', "22-1D-D8-00-0A-01", mac, "{0b1c2d3e-", "mac_interfaces"):
        assert word in text
    assert decide(observation, address, "restart", bound="change").status == "change"


def test_a_bound_adapter_is_not_made_dynamic_alone() -> None:
    with pytest.raises(MacPoolError, match=r"expected a dynamic address.*only together with its interface"):
        decide(observed(vm(adapters=[adapter(mac="221DD8000A01", dynamic=False, profile=BOUND)])), None)


def test_a_bound_adapter_may_be_pinned_as_it_is() -> None:
    """What the SDN needs of a dynamic adapter: the address stays, so adapter and interface stay in step."""
    dynamic = adapter(mac="221DD8000A01", dynamic=True, profile=BOUND)
    assert decide(observed(vm(adapters=[dynamic])), A).status == "change"


def test_what_is_as_wanted_is_not_refused_for_being_bound() -> None:
    carrying = adapter(mac="221DD8000A01", dynamic=False, profile=BOUND)
    assert decide(observed(vm(adapters=[carrying])), A).status == "unchanged"
    del carrying["port_profile"]
    assert decide(observed(vm(adapters=[carrying])), A).status == "unchanged"


def test_the_null_profile_binds_nobody_and_an_unread_one_may() -> None:
    null = adapter(profile={"profile_id": NULL_PROFILE, "profile_data": 2})
    assert decide(observed(vm(adapters=[null])), A).status == "change"
    del null["port_profile"]
    with pytest.raises(MacPoolError, match="a port profile that could not be read"):
        decide(observed(vm(adapters=[null])), A)
    assert decide(observed(vm(adapters=[null])), A, bound="change").status == "change"
