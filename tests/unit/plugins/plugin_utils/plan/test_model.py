# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as data: blocks, pools, whose land, digest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import Interval, IntervalSet, parse_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import (
    Exclusion,
    HostRanges,
    Pool,
    default_range,
    nearest,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan

BASE = 0x221DD8000000


def test_the_land_of_a_pool_is_its_ranges_without_what_is_excluded() -> None:
    pool = Pool(
        "tenant",
        IntervalSet([(BASE, BASE + 9), (BASE + 20, BASE + 29)]),
        (Exclusion(Interval(BASE + 8, BASE + 21), "across the gap"), Exclusion(Interval(BASE, BASE), "first")),
    )
    assert pool.usable == IntervalSet([(BASE + 1, BASE + 7), (BASE + 22, BASE + 29)])


@given(st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(1, 20))
def test_blocks_are_whole_disjoint_and_inside_one_range(sizes: list[int], per_host: int) -> None:
    intervals = []
    start = BASE
    for size in sizes:
        intervals.append(Interval(start, start + size))
        start += size + 5
    ranges = HostRanges(IntervalSet(intervals), tuple(intervals), per_host, 0, 80, ())
    blocks = list(ranges.blocks())
    assert len(blocks) == ranges.block_count == sum((size + 1) // per_host for size in sizes)
    assert all(block.size == per_host for block in blocks)
    assert all(any(inside.start <= block.start and block.end <= inside.end for inside in intervals) for block in blocks)
    assert IntervalSet(blocks).size == len(blocks) * per_host
    assert blocks == sorted(blocks)
    assert all(list(ranges.blocks(skip)) == blocks[skip:] for skip in range(len(blocks) + 2))


def test_blocks_come_in_the_order_in_which_the_ranges_are_written() -> None:
    later, sooner = Interval(BASE + 100, BASE + 109), Interval(BASE, BASE + 9)
    ranges = HostRanges(IntervalSet([later, sooner]), (later, sooner), 10, 0, 80, ())
    assert list(ranges.blocks()) == [later, sooner]


def test_blocks_of_a_huge_range_are_not_listed_beforehand() -> None:
    whole = Interval(0x220000000000, 0x22FFFFFFFFFF)
    ranges = HostRanges(IntervalSet([whole]), (whole,), 256, 0, 80, ())
    assert ranges.block_count == 1 << 32
    assert next(ranges.blocks()) == Interval(0x220000000000, 0x2200000000FF)


@pytest.mark.parametrize(
    ("ipv4", "start"),
    [("10.0.10.5", "00-15-5D-0A-05-00"), ("192.0.2.255", "00-15-5D-02-FF-00"), ("10.0.0.0", "00-15-5D-00-00-00")],
)
def test_a_host_makes_its_default_range_of_its_address(ipv4: str, start: str) -> None:
    assert default_range(ipv4) == Interval(parse_mac(start), parse_mac(start) + 255)  # fact 11


PLAN = parse_plan(
    {
        "scope": "west",
        "host_ranges": {
            "ranges": [{"start": "00-15-5D-E0-00-00", "size": 1024}],
            "size_per_host": 512,
            "hosts": ["hv1", "hv2"],
        },
        "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 256}]}},
        "other_allocators": [
            {"name": "vmm", "kind": "scvmm", "start": "00-1D-D8-C0-00-00", "end": "00-1D-D8-F4-1F-FF"}
        ],
    }
)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("22-1D-D8-00-00-FF", 'pool "tenant"'),
        ("00-15-5D-E0-03-FF", "host_ranges"),
        ("00-1D-D8-F4-1F-FF", 'other allocator "vmm"'),
        ("22-1D-D8-00-01-00", None),
        ("00-15-5D-E0-04-00", None),
        ("00-1D-D8-F4-20-00", None),
    ],
)
def test_each_address_has_at_most_one_kind_of_land(address: str, words: str | None) -> None:
    assert PLAN.kind_at(parse_mac(address)) == words


def test_a_pool_is_found_by_name() -> None:
    assert PLAN.pool("tenant").name == "tenant"


def test_an_unknown_pool_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(MacPoolError) as caught:
        PLAN.pool("tennant")
    assert caught.value.subject == 'pool "tennant"'
    assert "a plan that has: tenant" in caught.value.found
    assert 'did you mean "tenant"?' in caught.value.remedy


def test_a_plan_without_pools_says_so() -> None:
    with pytest.raises(MacPoolError, match="a plan that has: no pool"):
        parse_plan({"scope": "west"}).pool("tenant")


def test_no_hint_is_better_than_a_wild_one() -> None:
    assert nearest("tenant", ["load-balancers", "x"]) == ""
