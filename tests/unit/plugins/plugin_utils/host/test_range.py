# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A range changes only when nobody is stranded, or when that was allowed; incident 3 and its twin."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import Interval, format_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host import range as _host_range
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.observed import ObservedHost
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Lease
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.unit.plugins.plugin_utils.observation import documents

OLD = Interval(0x00155D010A00, 0x00155D010AFF)
NEW = Interval(0x00155DE00000, 0x00155DE003FF)


def spec(interval: Interval | None) -> dict[str, str] | None:
    return {"start": format_mac(interval.start), "end": format_mac(interval.end)} if interval else None


def observed(
    mac_range: Interval | None = OLD, adapters: Any = (), host_adapters: Any = (), **more: Any
) -> dict[str, Any]:
    ends = (format_mac(mac_range.start), format_mac(mac_range.end)) if mac_range else None
    vms = [
        documents.vm(f"vm{number}", documents.adapter(format_mac(address), dynamic, name="eth0", id=f"a{number}"))
        for number, (address, dynamic) in enumerate(adapters)
    ]
    own = [{"id": "", "name": f"vEthernet {format_mac(mac)}", "mac": format_mac(mac)} for mac in host_adapters]
    return {**documents.host("hv1", ends, vms, host_adapters=own), **more}


def decide(observation: dict[str, Any], wanted: Interval | None, method: str) -> _host_range.RangeDecision:
    return _host_range.decide_range(ObservedHost.read(observation), wanted, method)


def test_a_change_expects_what_was_seen() -> None:
    decision = decide(observed(), NEW, "auto")
    assert decision.operation == {
        "op": "set_host_range",
        "id": "set_host_range",
        "method": "auto",
        "expect": spec(OLD),
        **(spec(NEW) or {}),
    }


def test_a_host_without_values_expects_none() -> None:
    operation = decide(observed(None), NEW, "registry").operation
    assert operation is not None
    assert operation["expect"] is None


@pytest.mark.parametrize("wanted", [OLD, None])
def test_what_is_as_wanted_needs_no_operation(wanted: Interval | None) -> None:
    decision = decide(observed(wanted, adapters=[(OLD.start, True)]), wanted, "auto")
    assert (decision.operation, decision.stranded) == (None, ())


def test_clearing_may_strand_every_dynamic_adapter_of_the_range() -> None:
    decision = decide(observed(adapters=[(OLD.start, True), (OLD.start + 1, False)]), None, "auto")
    assert decision.operation is not None
    assert decision.operation["op"] == "clear_host_range"
    assert len(decision.stranded) == 1


addresses = st.integers(OLD.start - 0x200, OLD.end + 0x200)


@given(
    st.lists(st.tuples(addresses, st.booleans()), max_size=12),
    st.lists(addresses, max_size=4),
    st.integers(-0x180, 0x180),
    st.integers(0, 0x300),
)
def test_exactly_those_are_stranded_that_leave_the_range(
    adapters: list[tuple[int, bool]], host_adapters: list[int], shift: int, size: int
) -> None:
    """Incident 3: exactly s of d dynamic adapters, and the host adapters of the old range."""
    wanted = Interval(OLD.start + shift, OLD.start + shift + size)
    expected = set()
    if wanted != OLD:
        old, new = set(range(OLD.start, OLD.end + 1)), set(range(wanted.start, wanted.end + 1))
        expected = {f"vm{number}" for number, (mac, dynamic) in enumerate(adapters) if dynamic and mac in old - new}
        expected |= {f"vEthernet {format_mac(mac)}" for mac in host_adapters if mac in old - new}
    decision = decide(observed(adapters=adapters, host_adapters=host_adapters), wanted, "auto")
    named = {name for name in expected if any(f'"{name}"' in line for line in decision.stranded)}
    assert named == expected
    assert len(decision.stranded) == sum(
        1
        for name in [
            *(f"vm{number}" for number in range(len(adapters))),
            *(f"vEthernet {format_mac(mac)}" for mac in host_adapters),
        ]
        if name in expected
    )
    if expected:
        with pytest.raises(MacPoolError, match="set stranded: allow") as caught:
            _host_range.check_stranded("hv1", decision)
        assert all(f'"{name}"' in str(caught.value) for name in expected)
    else:
        _host_range.check_stranded("hv1", decision)


@given(st.lists(st.tuples(addresses, st.booleans()), max_size=12), st.integers(0, 0x300), st.integers(0, 0x300))
def test_a_superset_strands_nobody(adapters: list[tuple[int, bool]], before: int, after: int) -> None:
    wanted = Interval(OLD.start - before, OLD.end + after)
    assert decide(observed(adapters=adapters), wanted, "auto").stranded == ()


def test_a_range_that_could_not_be_read_is_not_no_range() -> None:
    unreadable = observed(warnings=["range: access denied"])
    del unreadable["mac_range"]
    with pytest.raises(MacPoolError, match=r'host "hv1".*range: access denied'):
        decide(unreadable, NEW, "auto")


@pytest.mark.parametrize(
    "gap", [{"vms": None}, {"host_adapters": None}, {"warnings": ['vms: VM "broken01" could not be read: no access']}]
)
def test_adapters_that_could_not_be_read_may_be_stranded(gap: dict[str, Any]) -> None:
    decision = decide({**observed(), **gap}, NEW, "auto")
    with pytest.raises(MacPoolError, match=r"Cannot read all adapters.*: (vms|host_adapters)"):
        _host_range.check_stranded("hv1", decision)
    assert decide({**observed(NEW), **gap}, NEW, "auto").unread == ""


def lease(host: str, start: int, state: Any = "active") -> Lease:
    return Lease(host, start, start + 1023, start + 895, state, 1, 0)


@pytest.mark.parametrize("name", ["hv1", "HV1", "hv1.example.com"])
def test_a_host_finds_its_lease_by_any_of_its_names(name: str) -> None:
    leases = [lease("hv2", NEW.start + 1024), lease("hv1", NEW.start)]
    assert _host_range.leased_range(name, leases) == (NEW.start, NEW.start + 895)


def test_a_retired_block_is_no_lease_and_the_error_names_those_that_are() -> None:
    with pytest.raises(MacPoolError, match=r'host "hv1": expected an active lease.*found leases of hv2'):
        _host_range.leased_range("hv1", [lease("hv1", NEW.start, "retired"), lease("hv2", NEW.start + 1024)])


PLAN = parse_plan(
    {
        "scope": "west",
        "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 256}]}},
        "other_allocators": [{"name": "nc", "kind": "network_controller", "start": "00-1D-D8-B7-1C-00", "size": 1024}],
    }
)


@pytest.mark.parametrize(
    ("start", "owner"),
    [(0x221DD80000FF, 'pool "tenant"'), (0x001DD8B71FFF, 'other allocator "nc"'), (NEW.start + 2047, 'host "hv2"')],
)
def test_a_range_of_others_is_refused_by_its_last_address(start: int, owner: str) -> None:
    leases = [lease("hv1", NEW.start), lease("hv2", NEW.start + 1024)]
    with pytest.raises(MacPoolError, match=owner):
        _host_range.check_range("hv1", Interval(start, start), PLAN, leases)
    _host_range.check_range("hv1", Interval(start + 1, start + 256), PLAN, leases)


def test_a_host_may_have_the_dynamic_part_of_its_own_lease_and_no_more() -> None:
    leases = [lease("hv1", NEW.start)]
    _host_range.check_range("HV1", Interval(NEW.start, NEW.start + 895), PLAN, leases)
    with pytest.raises(MacPoolError, match='pool "host/hv1" has 00-15-5D-E0-03-80'):
        _host_range.check_range("HV1", NEW, PLAN, leases)


def test_a_range_that_will_be_leased_is_refused() -> None:
    land = {"ranges": [{"start": "00-15-5D-E0-00-00", "size": 4096}], "size_per_host": 1024, "hosts": ["hv1"]}
    plan = parse_plan({"scope": "west", "host_ranges": land})
    with pytest.raises(MacPoolError, match="host_ranges of the plan, for leases to come, has 00-15-5D-E0-04-00"):
        _host_range.check_range("hv1", Interval(NEW.start + 2048, NEW.start + 2303), plan, [lease("hv1", NEW.start)])


@pytest.mark.parametrize("name", ["hv1", "HV1.example.com", "unmanaged"])
def test_the_host_that_answers_is_the_one_that_is_meant(name: str) -> None:
    seen = ObservedHost.read({**observed(), "host": {"name": name}})
    _host_range.check_is_host("hv1", seen, [lease("hv1", NEW.start), lease("hv2", NEW.start + 1024)])


@pytest.mark.parametrize("meant", ["hv1", "without-lease"])
def test_a_host_that_answers_for_another_gets_no_range(meant: str) -> None:
    leases = [lease("hv1", NEW.start), lease("hv2", NEW.start + 1024)]
    with pytest.raises(MacPoolError, match=rf'host "{meant}".*found one from "HV2".*ansible_host'):
        _host_range.check_is_host(meant, ObservedHost.read({**observed(), "host": {"name": "HV2"}}), leases)
