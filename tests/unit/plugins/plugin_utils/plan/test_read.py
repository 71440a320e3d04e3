# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a plan: what is read, what is refused and with which words, the digest, the warnings."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, ManyErrors
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import FORMATS, Interval, format_mac, parse_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.info import warnings_of
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import Plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import (
    OTHER_KINDS,
    parse_duration,
    parse_plan,
    parse_subject,
)

TODAY = dt.date(2026, 11, 21)
EXAMPLE = """
scope: west
host_ranges:
  ranges: [{start: "00-15-5D-E0-00-00", size: 1048576}]
  size_per_host: 1024
  static_per_host: 128
  warn_at: 70
  hosts: [hv1, hv2, hv3, hv4]
pools:
  tenant:
    ranges: [{start: "22-1D-D8-00-00-00", size: 1048576}]
    exclude: [{start: "22-1D-D8-00-00-00", size: 256, reason: "load balancers"}]
    strategy: random
    reuse_after: 7d
    warn_at: 90
  infra:
    ranges:
      - {start: "22-1D-D9-00-00-00", size: 16}
      - {start: "22-1D-DA-00-00-00", end: "22-1D-DA-00-00-0F"}
other_allocators:
  - {name: nc-default, kind: network_controller, start: "00-1D-D8-B7-1C-00", end: "00-1D-D8-B7-1F-FF"}
  - {name: vmm-default, kind: scvmm, start: "00-1D-D8-C0-00-00", end: "00-1D-D8-F4-1F-FF"}
l2_domains:
  - {name: prod, cluster: hci1, switch: tenant, vlan: 100}
  - {name: sdn, vsid: 5001}
max_observation_age: 24h
waivers:
  - {rule: departed, subject: web01, reason: "moves on Sunday", owner: ops, until: 2027-01-31}
"""


def example() -> dict[str, Any]:
    plan: dict[str, Any] = yaml.safe_load(EXAMPLE)
    return plan


def read(plan: object) -> Plan:
    return parse_plan(plan, TODAY)


def errors_of(plan: object) -> tuple[MacPoolError, ...]:
    with pytest.raises(MacPoolError) as caught:
        read(plan)
    return caught.value.errors if isinstance(caught.value, ManyErrors) else (caught.value,)


def one_error_of(plan: object) -> MacPoolError:
    errors = errors_of(plan)
    assert len(errors) == 1, [str(error) for error in errors]
    return errors[0]


def put(plan: Any, path: str, value: Any) -> Any:
    """Change one place of a plan: ``pools.tenant.ranges.0.start``."""
    *parents, last = (int(key) if key.isdigit() else key for key in path.split("."))
    place = plan
    for key in parents:
        place = place[key]
    place[last] = value
    return plan


# What is read


def test_every_key_is_read() -> None:
    plan = read(example())
    assert plan.scope == "west"
    hosts = plan.host_ranges
    assert hosts is not None
    assert hosts.intervals == (Interval(0x00155DE00000, 0x00155DEFFFFF),)
    assert (hosts.size_per_host, hosts.static_per_host, hosts.warn_at) == (1024, 128, 70)
    assert hosts.hosts == ("hv1", "hv2", "hv3", "hv4")
    assert list(plan.pools) == ["infra", "tenant"]
    tenant = plan.pool("tenant")
    assert (tenant.strategy, tenant.reuse_after, tenant.warn_at) == ("random", 7 * 86400, 90)
    assert tenant.usable.size == 1048576 - 256
    assert tenant.exclude[0].reason == "load balancers"
    assert plan.pool("infra").usable.size == 32
    assert [(other.name, other.kind) for other in plan.other_allocators] == [
        ("nc-default", "network_controller"),
        ("vmm-default", "scvmm"),
    ]
    assert [dict(domain) for domain in plan.l2_domains] == [
        {"name": "prod", "cluster": "hci1", "switch": "tenant", "vlan": 100},
        {"name": "sdn", "vsid": 5001},
    ]
    assert plan.max_observation_age == 86400
    (waiver,) = plan.waivers
    assert (waiver.rule, waiver.subject, waiver.owner, waiver.until) == (
        "departed",
        "web01",
        "ops",
        dt.date(2027, 1, 31),
    )


def test_the_defaults_are_these() -> None:
    plan = read({"scope": "west", "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 1}]}}})
    tenant = plan.pool("tenant")
    assert (tenant.strategy, tenant.reuse_after, tenant.warn_at, tenant.exclude) == ("hashed", 4 * 3600, 80, ())
    assert (plan.host_ranges, plan.other_allocators, plan.l2_domains, plan.max_observation_age, plan.waivers) == (
        None,
        (),
        (),
        None,
        (),
    )


def test_a_key_without_a_value_is_a_key_that_is_not_there() -> None:
    empty = {"scope": "west", "host_ranges": None, "pools": None, "waivers": None, "max_observation_age": None}
    assert read(empty) == read({"scope": "west"})
    plan = put(example(), "pools.tenant.ranges.0", {"start": "22-1D-D8-00-00-00", "size": 1048576, "end": None})
    assert read(plan) == read(example())


def test_ansibles_own_strings_lists_and_numbers_are_read_alike() -> None:
    """Values of an inventory are subclasses of Python's own (2.19: tagged; before: AnsibleUnicode)."""
    from ansible.parsing.dataloader import DataLoader

    loaded = DataLoader().load(EXAMPLE, file_name="/inventory/group_vars/all.yml")
    plan = read(loaded)
    assert plan == read(example())
    assert plan.digest == read(example()).digest
    assert {type(plan.scope)} == {str}
    assert plan.host_ranges is not None
    assert {type(plan.host_ranges.size_per_host)} == {int}
    assert {type(host) for host in plan.host_ranges.hosts} == {str}
    assert {type(name) for name in plan.pools} == {str}
    assert {type(plan.waivers[0].until)} == {dt.date}


def test_a_reason_may_be_a_folded_block_of_yaml() -> None:
    plan = example()
    plan["waivers"][0]["reason"] = yaml.safe_load("reason: >\n  moves on\n  Sunday\n")["reason"]
    assert read(plan).waivers[0].reason == "moves on Sunday"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("4h", 14400),
        ("7d", 604800),
        ("2w", 1209600),
        (0, 0),
        ("0", 0),
        ("15", 15),
        (60, 60),
    ],
)
def test_durations_are_read(value: object, seconds: int) -> None:
    assert parse_duration(value, "reuse_after") == seconds


@pytest.mark.parametrize(
    "value", ["", "4 h", "4H", "h", "-4h", "1.5h", "4h30m", "٤h", -1, 1.5, True, None, [], "999999999w", "9" * 5000]
)
def test_other_durations_are_refused(value: object) -> None:
    with pytest.raises(MacPoolError, match="a time such as 90s, 30m, 4h, 7d or 2w"):
        parse_duration(value, "reuse_after")


@pytest.mark.parametrize("until", ["2027-01-31", dt.date(2027, 1, 31), dt.datetime(2027, 1, 31, 12, 0)])  # noqa: DTZ001
def test_a_day_is_read_from_text_and_from_what_yaml_makes_of_it(until: object) -> None:
    assert read(put(example(), "waivers.0.until", until)).waivers[0].until == dt.date(2027, 1, 31)


# What is refused

NO_ADDRESS = "a MAC address as"
ONE_FAULT: list[tuple[str, Any, str, str]] = [
    # where, what is put there, the place that the error names, words of the error
    ("scope", None, "macpool_plan.scope", "Add scope:"),
    ("scope", "we st", "macpool_plan.scope", "a name of at most 64"),
    ("scope", "x" * 65, "macpool_plan.scope", "a name of at most 64"),
    ("scope", 7, "macpool_plan.scope", "a name of at most 64"),
    ("scpoe", "west", "macpool_plan.scpoe", 'did you mean "scope"?'),
    ("pools", [], "macpool_plan.pools", "a mapping of pools by name"),
    ("pools.adopted", {"ranges": [{"start": "22-00-00-00-00-00", "size": 1}]}, "macpool_plan.pools.adopted", "Rename"),
    ("pools.host/x", {"ranges": [{"start": "22-00-00-00-00-00", "size": 1}]}, "macpool_plan.pools.host/x", "a name of"),
    ("pools.tenant", "22-1D-D8", "macpool_plan.pools.tenant", "a mapping with ranges"),
    ("pools.tenant.ranges", [], "macpool_plan.pools.tenant.ranges", "a list of at least 1"),
    ("pools.tenant.ranges", None, "macpool_plan.pools.tenant.ranges", "Add ranges:"),
    ("pools.tenant.ranges", "22-1D-D8", "macpool_plan.pools.tenant.ranges", "a list"),
    ("pools.tenant.ranges", {"start": "22-1D-D8-00-00-00", "size": 1}, "macpool_plan.pools.tenant.ranges", "a list"),
    ("pools.tenant.ranges.0.start", 228589568, "macpool_plan.pools.tenant.ranges[0].start", "Quote it"),
    ("pools.tenant.ranges.0.start", "22-1D-D8-00-00", "macpool_plan.pools.tenant.ranges[0].start", NO_ADDRESS),
    ("pools.tenant.ranges.0.start", None, "macpool_plan.pools.tenant.ranges[0].start", "Add start:"),
    ("pools.tenant.ranges.0.start", "23-1D-D8-00-00-00", "macpool_plan.pools.tenant.ranges[0].start", "octet is odd"),
    ("pools.tenant.ranges.0.size", 0, "macpool_plan.pools.tenant.ranges[0].size", "a whole number from 1"),
    ("pools.tenant.ranges.0.size", None, "macpool_plan.pools.tenant.ranges[0]", "either end or size"),
    ("pools.tenant.ranges.0.end", "22-1D-D8-00-00-0F", "macpool_plan.pools.tenant.ranges[0]", "either end or size"),
    ("pools.tenant.ranges.0.note", "x", "macpool_plan.pools.tenant.ranges[0].note", "the keys are start, end, size"),
    ("pools.tenant.strategy", "hash", "macpool_plan.pools.tenant.strategy", 'did you mean "hashed"?'),
    ("pools.tenant.strategy", ["random"], "macpool_plan.pools.tenant.strategy", "one of hashed, random, sequential"),
    ("pools.tenant.reuse_after", "four hours", "macpool_plan.pools.tenant.reuse_after", "a time such as"),
    ("pools.tenant.warn_at", "80%", "macpool_plan.pools.tenant.warn_at", "a whole number from 1 to 100"),
    ("pools.tenant.warn_at", 0, "macpool_plan.pools.tenant.warn_at", "a whole number from 1 to 100"),
    ("pools.tenant.exclude", "none", "macpool_plan.pools.tenant.exclude", "a list"),
    (
        "pools.tenant.exclude.0.start",
        "22-1D-E8-00-00-00",
        "macpool_plan.pools.tenant.exclude[0]",
        "addresses of the pool's own ranges",
    ),
    ("pools.tenant.exclude.0.start", "nonsense", "macpool_plan.pools.tenant.exclude[0].start", NO_ADDRESS),
    ("pools.tenant.exclude.0.size", 1048576, "macpool_plan.pools.tenant", "an address to hand out"),
    ("pools.tenant.exclude.0.reason", 5, "macpool_plan.pools.tenant.exclude[0].reason", "a line of text"),
    ("host_ranges", [], "macpool_plan.host_ranges", "a mapping with ranges, size_per_host, hosts"),
    ("host_ranges.ranges", None, "macpool_plan.host_ranges.ranges", "Add ranges:"),
    ("host_ranges.ranges.0.size", 4095, "macpool_plan.host_ranges", "room for 4 hosts, but found 3 blocks of 1024"),
    ("host_ranges.size_per_host", None, "macpool_plan.host_ranges.size_per_host", "Add size_per_host:"),
    ("host_ranges.size_per_host", "1k", "macpool_plan.host_ranges.size_per_host", "a whole number"),
    ("host_ranges.size_per_host", 128, "macpool_plan.host_ranges.static_per_host", "less than size_per_host"),
    ("host_ranges.static_per_host", -1, "macpool_plan.host_ranges.static_per_host", "a whole number from 0"),
    ("host_ranges.static_per_host", 1024, "macpool_plan.host_ranges.static_per_host", "less than size_per_host"),
    ("host_ranges.hosts", "hv1", "macpool_plan.host_ranges.hosts", "a list"),
    ("host_ranges.hosts.3", "HV1", "macpool_plan.host_ranges.hosts[3]", "each host once"),
    ("host_ranges.hosts.3", " hv1 ", "macpool_plan.host_ranges.hosts[3]", "each host once"),
    ("host_ranges.hosts.3", "hv1.example.com", "macpool_plan.host_ranges.hosts[3]", "which means hv1 too"),
    ("host_ranges.hosts.3", "", "macpool_plan.host_ranges.hosts[3]", "a line of text"),
    ("host_ranges.hosts.3", {"name": "hv4"}, "macpool_plan.host_ranges.hosts[3]", "a line of text"),
    ("other_allocators", {"vmm": {}}, "macpool_plan.other_allocators", "a list"),
    ("other_allocators.1.name", "nc-default", "macpool_plan.other_allocators[1].name", "each name once"),
    ("other_allocators.1.kind", "vmm", "macpool_plan.other_allocators[1].kind", 'did you mean "scvmm"?'),
    ("other_allocators.1.kind", None, "macpool_plan.other_allocators[1].kind", "Add kind:"),
    ("other_allocators.1.end", "00-1D-D8-B0-00-00", "macpool_plan.other_allocators[1]", "start that is not above"),
    ("l2_domains", "prod", "macpool_plan.l2_domains", "a list"),
    ("l2_domains.0.name", None, "macpool_plan.l2_domains[0].name", "Add name:"),
    ("l2_domains.0.vlan", 4095, "macpool_plan.l2_domains[0].vlan", "a whole number from 0 to 4094"),
    ("l2_domains.1.vsid", 1 << 24, "macpool_plan.l2_domains[1].vsid", "a whole number from 0 to 16777215"),
    ("l2_domains.0.switch", 5, "macpool_plan.l2_domains[0].switch", "a line of text"),
    ("l2_domains.0.vlna", 5, "macpool_plan.l2_domains[0].vlna", 'did you mean "vlan"?'),
    ("max_observation_age", "one day", "macpool_plan.max_observation_age", "a time such as"),
    ("waivers", {"a": 1}, "macpool_plan.waivers", "a list"),
    ("waivers.0.rule", "departd", "macpool_plan.waivers[0].rule", 'did you mean "departed"?'),
    ("waivers.0.owner", None, "macpool_plan.waivers[0].owner", "Add owner:"),
    ("waivers.0.reason", " ", "macpool_plan.waivers[0].reason", "a line of text"),
    ("waivers.0.subject", "web\x1b[31m01", "macpool_plan.waivers[0].subject", "a line of text"),
    ("waivers.0.until", "2027-02-30", "macpool_plan.waivers[0].until", "a day such as 2027-01-31"),
    ("waivers.0.until", "31.01.2027", "macpool_plan.waivers[0].until", "a day such as 2027-01-31"),
    ("waivers.0.until", "2027-W05-1", "macpool_plan.waivers[0].until", "a day such as 2027-01-31"),
    ("waivers.0.until", 20270131, "macpool_plan.waivers[0].until", "a day such as 2027-01-31"),
]


@pytest.mark.parametrize(("path", "value", "place", "words"), ONE_FAULT)
def test_each_fault_is_one_error_that_names_its_place(path: str, value: Any, place: str, words: str) -> None:
    error = one_error_of(put(example(), path, value))
    assert error.subject == place
    assert words in str(error)
    assert error.remedy.endswith(".")


@given(st.sets(st.integers(0, len(ONE_FAULT) - 1), min_size=2, max_size=6))
def test_all_faults_are_reported_in_one_go(chosen: set[int]) -> None:
    """Faults in different top-level keys do not hide each other."""
    plan = example()
    faults = {ONE_FAULT[number][0].split(".")[0]: ONE_FAULT[number] for number in sorted(chosen)}
    for path, value, _place, _words in faults.values():
        put(plan, path, value)
    found = errors_of(plan)
    assert {error.subject for error in found} == {place for _path, _value, place, _words in faults.values()}


@pytest.mark.parametrize("raw", [None, "", "west", [], 5, {}])
def test_what_is_no_plan_is_refused(raw: object) -> None:
    assert errors_of(raw)[0].subject.startswith("macpool_plan")


def test_every_range_key_of_a_broken_entry_is_reported() -> None:
    plan = example()
    plan["other_allocators"][0] = {"kind": "x", "start": 1, "end": 2, "colour": "red"}
    assert [error.subject for error in errors_of(plan)] == [
        "macpool_plan.other_allocators[0].colour",
        "macpool_plan.other_allocators[0].name",
        "macpool_plan.other_allocators[0].kind",
        "macpool_plan.other_allocators[0].start",
    ]


def test_the_message_of_many_errors_is_one_numbered_list() -> None:
    with pytest.raises(ManyErrors) as caught:
        read({"scope": "west", "pools": {"a": {}, "b": {}}})
    lines = str(caught.value).splitlines()
    assert lines[0] == "macpool_plan: 2 errors"
    assert lines[1].startswith("  1. macpool_plan.pools.a.ranges: ")
    assert lines[2].startswith("  2. macpool_plan.pools.b.ranges: ")


HOSTILE = [
    "<script>alert(1)</script>",
    "a'; DROP TABLE claims; --",
    "../../etc/passwd",
    "{{ 7 * 7 }}",
    "x\ny",
    "\u202egnp",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pool_name_is_refused(name: str) -> None:
    land = {"ranges": [{"start": "22-00-00-00-00-00", "size": 1}]}
    assert "Rename it." in one_error_of({"scope": "west", "pools": {name: land}}).remedy


@pytest.mark.parametrize("name", [100, 1.5, 0x10, True, False, dt.date(2027, 1, 31)])
def test_what_yaml_made_something_else_of_is_to_be_quoted(name: Any) -> None:
    """Pools and scopes are named by VLAN, by on or off; hosts and waivers by number, by time, by an address."""
    land = {"ranges": [{"start": "22-00-00-00-00-00", "size": 1}]}
    lease = {"ranges": [{"start": "22-00-00-10-00-00", "size": 64}], "size_per_host": 4, "hosts": [name]}
    other = {"name": name, "kind": "other", "start": "22-00-00-00-00-00", "size": 1}
    waiver = {"rule": "stranded", "reason": "x", "owner": "me", "until": "2999-01-01"}
    for plan, place in (
        ({"scope": "west", "pools": {name: land}}, f"macpool_plan.pools.{name}"),
        ({"scope": name}, "macpool_plan.scope"),
        ({"scope": "west", "host_ranges": lease}, "macpool_plan.host_ranges.hosts[0]"),
        ({"scope": "west", "other_allocators": [other]}, "macpool_plan.other_allocators[0].name"),
        ({"scope": "west", "l2_domains": [{"name": name}]}, "macpool_plan.l2_domains[0].name"),
        ({"scope": "west", "waivers": [{**waiver, "subject": name}]}, "macpool_plan.waivers[0].subject"),
    ):
        error = one_error_of(plan)
        assert error.subject == place
        assert error.remedy.startswith("Quote it: without quotes, YAML reads ")


def test_what_a_remedy_to_quote_names_is_what_yaml_reads() -> None:
    read_by_yaml = yaml.safe_load("[on, off, yes, no, true, 100, 1.5, 12:34:56:12:34:56, 2027-01-31]")
    assert {type(value) for value in read_by_yaml} == {bool, int, float, dt.date}


# Nobody's land is anybody else's

BASE = 0x221DD8000000
ROOM = 64


def plan_of(lands: list[tuple[str, int, int]]) -> dict[str, Any]:
    """Put each land, of a kind and with offsets of start and end, into a plan."""
    plan: dict[str, Any] = {"scope": "west", "pools": {}, "other_allocators": []}
    for number, (kind, start, end) in enumerate(lands):
        land = {"start": format_mac(BASE + start, "dash"), "end": format_mac(BASE + end, "colon")}
        if kind == "pool":
            plan["pools"][f"p{number}"] = {"ranges": [land]}
        elif kind == "same pool":
            plan["pools"].setdefault("same", {"ranges": []})["ranges"].append(land)
        elif kind == "host":
            hosts = plan.setdefault("host_ranges", {"ranges": [], "size_per_host": 1, "hosts": []})
            hosts["ranges"].append(land)
        else:
            plan["other_allocators"].append({"name": f"o{number}", "kind": "other", **land})
    return plan


def places_of(lands: list[tuple[str, int, int]]) -> list[str]:
    """Return how the plan above calls the place of each land."""
    counts = {"same pool": 0, "host": 0, "other": 0}
    places = []
    for number, (kind, _start, _end) in enumerate(lands):
        if kind == "pool":
            places.append(f"macpool_plan.pools.p{number}.ranges[0]")
            continue
        at = counts[kind]
        counts[kind] += 1
        places.append(
            {
                "same pool": f"macpool_plan.pools.same.ranges[{at}]",
                "host": f"macpool_plan.host_ranges.ranges[{at}]",
                "other": f'macpool_plan.other_allocators[{at}] ("o{number}")',
            }[kind]
        )
    return places


offsets = st.integers(0, ROOM - 1)
lands = st.lists(
    st.tuples(st.sampled_from(["pool", "same pool", "host", "other"]), offsets, offsets).map(
        lambda drawn: (drawn[0], min(drawn[1:]), max(drawn[1:]))
    ),
    max_size=6,
)


@given(lands)
def test_a_plan_is_read_exactly_when_all_its_land_is_disjoint(drawn: list[tuple[str, int, int]]) -> None:
    owners = [[at for at, (_kind, start, end) in enumerate(drawn) if start <= n <= end] for n in range(ROOM)]
    contested = {n for n, found in enumerate(owners) if len(found) > 1}
    if not contested:
        assert read(plan_of(drawn)).scope == "west"
        return
    names = places_of(drawn)
    named = set()
    for error in errors_of(plan_of(drawn)):
        assert error.wanted == "ranges that do not overlap"
        first, last = (parse_mac(text) - BASE for text in error.found.split(" ")[0].split(".."))
        stretch = set(range(first, last + 1))
        assert stretch <= contested
        named |= stretch
        claimants = owners[first]
        shown = [names[at] for at in claimants if names[at] in error.subject]
        assert len(shown) >= 2, "both places are named"
        if len(claimants) > 2:
            assert f"(and {len(claimants) - 2} more)" in error.subject
    assert named == contested


def test_an_overlap_reads_like_this() -> None:
    plan = put(example(), "other_allocators.0.start", "221DD8000000")
    plan["other_allocators"][0]["end"] = "221DD80000FF"
    assert str(one_error_of(plan)) == (
        "macpool_plan.pools.tenant.ranges[0] and"
        ' macpool_plan.other_allocators[0] ("nc-default"): expected ranges that do not overlap, but found'
        " 22-1D-D8-00-00-00..22-1D-D8-00-00-FF in both. Give each address to one of them."
    )


# Hyper-V's own prefix in a pool


def pool_in(start: str, size: int, *waivers: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scope": "west",
        "pools": {"legacy": {"ranges": [{"start": start, "size": size}]}},
        "waivers": [
            {"rule": "risky-address", "reason": "old servers", "owner": "ops", "until": "2027-01-31", **waiver}
            for waiver in waivers
        ],
    }


def test_a_pool_in_hyperv_land_is_refused_with_the_waiver_that_it_needs() -> None:
    error = one_error_of(pool_in("00-15-5D-01-00-00", 256))
    assert error.subject == "macpool_plan.pools.legacy.ranges"
    assert error.found == "00-15-5D-01-00-00..00-15-5D-01-00-FF"
    assert 'subject "00-15-5D-01-00-00..00-15-5D-01-00-FF"' in error.remedy


def test_the_waiver_that_the_error_proposes_is_accepted() -> None:
    proposed = one_error_of(pool_in("00-15-5D-01-00-00", 256)).remedy.split('"')[1]
    assert read(pool_in("00-15-5D-01-00-00", 256, {"subject": proposed})).pool("legacy").usable.size == 256


@pytest.mark.parametrize(
    "waivers",
    [
        [{"subject": "00-15-5D-00-00-00..00-15-5D-FF-FF-FF"}],
        [{"subject": "00155D010000..00155D01007F"}, {"subject": "0015.5d01.0080 .. 0015.5d01.00ff"}],
        [{"subject": "00155D010000..00155D0100FF", "until": "2026-11-21"}],
    ],
    ids=["wider", "two halves", "today is its last day"],
)
def test_a_waiver_covers_the_land_it_names(waivers: list[dict[str, Any]]) -> None:
    assert read(pool_in("00-15-5D-01-00-00", 256, *waivers)).pool("legacy").usable.size == 256


@pytest.mark.parametrize(
    ("waiver", "left"),
    [
        ({"subject": "00155D010000..00155D0100FE"}, "00-15-5D-01-00-FF..00-15-5D-01-00-FF"),
        ({"subject": "00155D010080"}, "00-15-5D-01-00-00..00-15-5D-01-00-7F"),
        ({"subject": "00155D0100FF..00155D010000"}, "00-15-5D-01-00-00..00-15-5D-01-00-FF"),
        ({"subject": "web01"}, "00-15-5D-01-00-00..00-15-5D-01-00-FF"),
        ({"subject": "00155D010000..00155D0100FF", "rule": "departed"}, "00-15-5D-01-00-00..00-15-5D-01-00-FF"),
    ],
)
def test_a_waiver_covers_nothing_else(waiver: dict[str, Any], left: str) -> None:
    assert errors_of(pool_in("00-15-5D-01-00-00", 256, waiver))[0].found == left


def test_an_ended_waiver_is_named() -> None:
    waiver = {"subject": "00155D010000..00155D0100FF", "until": "2026-11-20"}
    assert "whose waiver ended on 2026-11-20" in one_error_of(pool_in("00-15-5D-01-00-00", 256, waiver)).found


def test_only_the_part_in_hyperv_land_needs_a_waiver() -> None:
    error = one_error_of(pool_in("00-15-5C-FF-FF-00", 512))
    assert error.found == "00-15-5D-00-00-00..00-15-5D-00-00-FF"


@pytest.mark.parametrize(
    ("subject", "interval"),
    [
        ("00-15-5D-01-00-05", Interval(0x00155D010005, 0x00155D010005)),
        ("0015.5d01.0000..0015.5d01.00ff", Interval(0x00155D010000, 0x00155D0100FF)),
        ("00155D010000 .. 00155D0100FF", Interval(0x00155D010000, 0x00155D0100FF)),
        ("00155D0100FF..00155D010000", None),
        ("web01", None),
        ("..", None),
        ("", None),
    ],
)
def test_the_subject_of_a_waiver(subject: str, interval: Interval | None) -> None:
    assert parse_subject(subject) == interval


# Warnings


def warned(start: str, size: int = 256, kind: str = "pool") -> list[str]:
    land = {"start": start, "size": size}
    if kind == "pool":
        return list(warnings_of(read({"scope": "west", "pools": {"tenant": {"ranges": [land]}}})))
    hosts = {"ranges": [land], "size_per_host": 16, "hosts": ["hv1"]}
    return list(warnings_of(read({"scope": "west", "host_ranges": hosts})))


@pytest.mark.parametrize("kind", ["pool", "host"])
def test_an_x2_prefix_is_silent(kind: str) -> None:
    assert warned("22-1D-D8-00-00-00", 1 << 20, kind) == []
    assert warned("52-54-00-00-00-00", 1 << 20, kind) == []


@pytest.mark.parametrize("kind", ["pool", "host"])
@pytest.mark.parametrize("start", ["02-01-0A-00-00-00", "02-20-0A-00-00-00", "02-BF-0A-00-00-00"])
def test_land_of_nlb_is_named(start: str, kind: str) -> None:
    (warning,) = warned(start, kind=kind)
    assert "Windows NLB" in warning


@pytest.mark.parametrize("start", ["02-00-FF-FF-FF-00", "02-21-00-00-00-00", "02-BE-FF-FF-FF-00", "02-C0-00-00-00-00"])
def test_land_beside_that_of_nlb_is_silent(start: str) -> None:
    assert warned(start) == []


@pytest.mark.parametrize("kind", ["pool", "host"])
@pytest.mark.parametrize("octet", ["06", "2A", "FE"])
def test_local_land_that_is_not_the_administrators_is_named(octet: str, kind: str) -> None:
    (warning,) = warned(f"{octet}-1D-D8-00-00-00", kind=kind)
    assert f"begins with {octet}" in warning
    assert "x2" in warning


@pytest.mark.parametrize("kind", ["pool", "host"])
def test_a_registered_prefix_is_named_with_its_owner(kind: str) -> None:
    (warning,) = warned("00-50-56-00-00-00", kind=kind)
    assert "VMware" in warning


def test_every_registered_prefix_of_a_wide_range_counts() -> None:
    (warning,) = warned("00-50-55-00-00-00", 3 << 24)
    assert "and 2 more prefixes to others" in warning


@pytest.mark.parametrize(
    ("start", "size", "first", "last"),
    [
        ("00-15-5D-E0-00-00", 1 << 20, "x.x.224.0", "x.x.239.255"),
        ("00-15-5D-0A-05-80", 256, "x.x.10.5", "x.x.10.6"),
        ("00-15-5C-FF-FF-00", 512, "x.x.0.0", "x.x.0.0"),
    ],
)
def test_leased_land_of_hyperv_names_the_hosts_that_make_it_too(start: str, size: int, first: str, last: str) -> None:
    assert any(f"from {first} to {last}" in warning for warning in warned(start, size, "host"))


# The digest

HOW_IT_IS_WRITTEN: list[Callable[[dict[str, Any]], Any]] = [
    lambda plan: put(plan, "pools", dict(reversed(plan["pools"].items()))),
    lambda plan: put(plan, "pools.tenant.ranges.0", {"start": "221d.d800.0000", "end": "22:1d:d8:0f:ff:ff"}),
    lambda plan: put(plan, "pools.tenant.exclude.0.size", "256"),
    lambda plan: put(
        plan,
        "pools.tenant.ranges",
        [{"start": "22-1D-D8-08-00-00", "size": 524288}, {"start": "22-1D-D8-00-00-00", "size": 524288}],
    ),
    lambda plan: put(plan, "pools.tenant.reuse_after", "1w"),
    lambda plan: put(plan, "pools.tenant.reuse_after", 604800),
    lambda plan: put(plan, "pools.infra.strategy", "hashed"),
    lambda plan: put(plan, "pools.infra.exclude", []),
    lambda plan: put(plan, "max_observation_age", "1d"),
    lambda plan: put(plan, "waivers.0.until", "2027-01-31"),
    lambda plan: plan["other_allocators"].reverse(),
    lambda plan: plan["l2_domains"].reverse(),
    lambda plan: put(plan, "l2_domains.0", dict(reversed(plan["l2_domains"][0].items()))),
]


@given(st.sets(st.integers(0, len(HOW_IT_IS_WRITTEN) - 1)), st.sampled_from(sorted(FORMATS)))
def test_the_digest_does_not_see_how_a_plan_is_written(changes: set[int], form: str) -> None:
    plan = example()
    for number in sorted(changes):
        HOW_IT_IS_WRITTEN[number](plan)
    for other in plan["other_allocators"]:
        other["start"] = format_mac(parse_mac(other["start"]), form)
    assert read(dict(reversed(plan.items()))).digest == read(example()).digest


def test_the_digest_ignores_the_order_of_exclusions_and_waivers() -> None:
    plan = example()
    plan["pools"]["tenant"]["exclude"].append({"start": "22-1D-D8-0F-00-00", "size": 16, "reason": "printers"})
    plan["waivers"].append({**plan["waivers"][0], "subject": "web02"})
    other = copy.deepcopy(plan)
    other["pools"]["tenant"]["exclude"].reverse()
    other["waivers"].reverse()
    assert read(plan).digest == read(other).digest


WHAT_IT_MEANS: list[tuple[str, Any]] = [
    ("scope", "east"),
    ("pools.tenant.ranges.0.size", 1048575),
    ("pools.tenant.exclude.0.size", 255),
    ("pools.tenant.exclude.0.reason", "printers"),
    ("pools.tenant.exclude", []),
    ("pools.tenant.strategy", "hashed"),
    ("pools.tenant.reuse_after", "never"),
    ("pools.tenant.reuse_after", "8d"),
    ("pools.tenant.warn_at", 91),
    ("pools.other", {"ranges": [{"start": "22-1D-DB-00-00-00", "size": 1}]}),
    ("host_ranges", None),
    ("host_ranges.ranges.0.size", 1048575),
    ("host_ranges.size_per_host", 512),
    ("host_ranges.static_per_host", 0),
    ("host_ranges.warn_at", 71),
    ("host_ranges.hosts", ["hv1", "hv2", "hv3"]),
    ("host_ranges.hosts", ["hv2", "hv1", "hv3", "hv4"]),  # who gets which block
    ("other_allocators.0.name", "nc"),
    ("other_allocators.0.kind", "other"),
    ("other_allocators.0.end", "00-1D-D8-B7-1F-FE"),
    ("l2_domains.0.vlan", 101),
    ("l2_domains", []),
    ("max_observation_age", None),
    ("waivers.0.until", "2027-02-01"),
    ("waivers.0.subject", "web02"),
    ("waivers", []),
]


def test_the_digest_of_a_plan_is_for_ever() -> None:
    """Ledgers keep it: with another one, the plan in force would be taken for a new plan."""
    plan = {
        "scope": "west",
        "host_ranges": {
            "ranges": [{"start": "00-15-5D-E0-00-00", "size": 4096}],
            "size_per_host": 256,
            "static_per_host": 32,
            "hosts": ["hv2", "hv1"],
            "warn_at": 70,
        },
        "pools": {
            "tenant": {
                "ranges": [
                    {"start": "22-1D-D8-00-00-00", "size": 4096},
                    {"start": "22-1D-D9-00-00-00", "end": "22-1D-D9-00-00-FF"},
                ],
                "exclude": [
                    {"start": "22-1D-D8-00-01-00", "size": 16, "reason": "load balancers"},
                    {"start": "22-1D-D8-00-00-00", "size": 1},
                ],
                "strategy": "random",
                "reuse_after": "never",
                "warn_at": 90,
            },
            "infra": {"ranges": [{"start": "26-00-00-00-00-00", "size": 16}], "reuse_after": "2d"},
        },
        "other_allocators": [
            {"name": "vmm", "kind": "scvmm", "start": "00-1D-D8-C0-00-00", "end": "00-1D-D8-F4-1F-FF"},
            {"name": "nc", "kind": "network_controller", "start": "00-1D-D8-B7-1C-00", "size": 1024},
        ],
        "l2_domains": [{"name": "prod", "cluster": "hci1", "switch": "tenant", "vlan": 100}, {"name": "test"}],
        "max_observation_age": "24h",
        "waivers": [
            {
                "rule": "never-started",
                "subject": "web01",
                "reason": "spare",
                "owner": "me",
                "until": "2027-01-31",
            }
        ],
    }
    assert read(plan).digest == "31d48969d2bda5d8ddac429052635c5546aa480b6a48bf82d5dc039697ad3000"
    assert read({"scope": "x"}).digest == "45b166fb70d92e72591d0ee9d044cbb72c6838753ba1cffaaea0aec715092557"


def test_the_digest_changes_with_each_thing_that_a_plan_means() -> None:
    digests = [read(example()).digest] + [read(put(example(), path, value)).digest for path, value in WHAT_IT_MEANS]
    assert len(set(digests)) == len(digests)


def test_the_digest_is_the_same_on_every_machine_and_in_every_version() -> None:
    """The ledger keeps it: a release that changed it would make every plan a changed plan."""
    assert read(example()).digest == "3c55730f4942079b53db61bd895d73c7b0e0a11e411a78bce0c52a47f504810d"


def test_host_ranges_in_another_order_are_another_plan() -> None:
    ranges = [{"start": "00-15-5D-E0-00-00", "size": 4096}, {"start": "00-15-5D-D0-00-00", "size": 4096}]
    one, other = (
        read(put(example(), "host_ranges.ranges", listed)).digest for listed in (ranges, list(reversed(ranges)))
    )
    assert one != other


def test_every_kind_of_other_allocator_is_accepted() -> None:
    for kind in OTHER_KINDS:
        assert read(put(example(), "other_allocators.0.kind", kind)).other_allocators[0].kind == kind
