# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of addresses against sets of ints, on a small universe that is shifted anywhere into the 48 bits."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import (
    MAX_ADDRESS,
    Interval,
    IntervalSet,
    Overlap,
    overlaps,
)

UNIVERSE = 48
bases = st.sampled_from([0, 1, 0x00155D000000, 0x221DD8FFFFF0, (1 << 47) - 20, MAX_ADDRESS - UNIVERSE])


class Case(NamedTuple):
    """The same set twice: as intervals, and as plain ints."""

    intervals: IntervalSet
    members: frozenset[int]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[int, Case, Case]:
    base = draw(bases)
    ends = st.tuples(st.integers(0, UNIVERSE - 1), st.integers(0, UNIVERSE - 1)).map(sorted)
    cases = []
    for given_ends in draw(st.tuples(st.lists(ends, max_size=8), st.lists(ends, max_size=8))):
        shifted = [(base + start, base + end) for start, end in given_ends]
        members = frozenset(number for start, end in shifted for number in range(start, end + 1))
        cases.append(Case(IntervalSet(shifted), members))
    return base, cases[0], cases[1]


def as_set(intervals: IntervalSet) -> frozenset[int]:
    return frozenset(number for start, end in intervals for number in range(start, end + 1))


def is_normal(intervals: IntervalSet) -> bool:
    listed = list(intervals)
    return all(start <= end for start, end in listed) and all(
        left.end + 1 < right.start for left, right in pairwise(listed)
    )


@given(pairs())
def test_the_operations_are_those_of_sets(drawn: tuple[int, Case, Case]) -> None:
    _base, left, right = drawn
    for result, expected in (
        (left.intervals | right.intervals, left.members | right.members),
        (left.intervals & right.intervals, left.members & right.members),
        (left.intervals - right.intervals, left.members - right.members),
    ):
        assert as_set(result) == expected
        assert is_normal(result)
        assert result.size == len(expected)
        assert bool(result) == bool(expected)


@given(pairs())
def test_equal_sets_are_equal_and_hash_alike(drawn: tuple[int, Case, Case]) -> None:
    _base, left, right = drawn
    assert (left.intervals == right.intervals) == (left.members == right.members)
    again = IntervalSet((number, number) for number in left.members)
    assert again == left.intervals
    assert hash(again) == hash(left.intervals)


@given(pairs())
def test_questions_about_one_address(drawn: tuple[int, Case, Case]) -> None:
    base, case, _other = drawn
    listed = sorted(case.members)
    for address in range(max(0, base - 2), base + UNIVERSE + 2):
        assert (address in case.intervals) == (address in case.members)
        assert case.intervals.at_or_after(address) == next((member for member in listed if member >= address), None)


@given(pairs())
def test_kth_counts_the_members_in_order(drawn: tuple[int, Case, Case]) -> None:
    _base, case, _other = drawn
    assert [case.intervals.kth(k) for k in range(case.intervals.size)] == sorted(case.members)
    for k in (-1, case.intervals.size):
        with pytest.raises(IndexError):
            case.intervals.kth(k)


@given(pairs(), st.integers(0, UNIVERSE), st.integers(0, UNIVERSE))
def test_overlapping_yields_whole_intervals_in_order(drawn: tuple[int, Case, Case], one: int, other: int) -> None:
    base, case, _other = drawn
    start, end = base + min(one, other), base + max(one, other)
    expected = [piece for piece in case.intervals if piece.start <= end and start <= piece.end]
    assert list(case.intervals.overlapping(start, end)) == expected


def test_neighbours_become_one_and_gaps_stay() -> None:
    assert list(IntervalSet([(4, 5), (1, 3), (7, 9)])) == [Interval(1, 5), Interval(7, 9)]


def test_an_empty_set_answers_everything() -> None:
    empty = IntervalSet()
    assert not empty
    assert len(empty) == 0
    assert empty.size == 0
    assert 0 not in empty
    assert empty.at_or_after(0) is None
    assert (empty | IntervalSet([(1, 2)])) - IntervalSet([(1, 2)]) == empty


def test_a_set_is_no_other_thing() -> None:
    assert IntervalSet([(1, 2)]) != [(1, 2)]
    assert repr(IntervalSet([(1, 2)])) == "IntervalSet(00-00-00-00-00-01..00-00-00-00-00-02)"


def test_a_land_of_2_to_the_46_is_sparse() -> None:
    """64 whole octets, as x2, x6, xA and xE give them: the cost follows the number of intervals."""
    octets = [octet << 40 for octet in range(256) if octet & 0x03 == 0x02]
    land = IntervalSet((start, start + (1 << 40) - 1) for start in octets)
    assert land.size == 1 << 46
    assert len(land) == 64
    assert land.kth((1 << 46) - 1) == 0xFEFFFFFFFFFF
    holes = IntervalSet((start + 5, start + 5) for start in octets)
    assert (land - holes).size == (1 << 46) - 64
    assert len(land - holes) == 128
    assert (land & holes) == holes


# The sweep

small = st.integers(0, 14)
claims = st.lists(st.tuples(small, small).map(sorted).map(tuple), max_size=8)


def by_brute_force(listed: list[tuple[int, int, str]]) -> list[Overlap]:
    """Ask each address who claims it, then join neighbours with the same claimants."""
    found: list[Overlap] = []
    for address in range(20):
        labels = tuple(label for start, end, label in listed if start <= address <= end)
        if len(labels) < 2:
            continue
        if found and found[-1].end == address - 1 and found[-1].labels == labels:
            found[-1] = found[-1]._replace(end=address)
        else:
            found.append(Overlap(address, address, labels))
    return found


@given(claims)
def test_the_sweep_finds_what_asking_each_address_finds(ends: list[tuple[int, int]]) -> None:
    listed = [(start, end, f"claim {number}") for number, (start, end) in enumerate(ends)]
    assert overlaps(listed) == by_brute_force(listed)


@given(claims, st.integers(1, 3))
def test_labels_may_repeat(ends: list[tuple[int, int]], kinds: int) -> None:
    listed = [(start, end, f"owner {number % kinds}") for number, (start, end) in enumerate(ends)]
    assert overlaps(listed) == by_brute_force(listed)


@given(claims)
def test_the_sweep_and_pairwise_comparison_agree_on_who_overlaps(ends: list[tuple[int, int]]) -> None:
    listed = [(start, end, number) for number, (start, end) in enumerate(ends)]
    pairwise = {
        (left[2], right[2]) for left, right in combinations(listed, 2) if left[0] <= right[1] and right[0] <= left[1]
    }
    swept = {pair for overlap in overlaps(listed) for pair in combinations(overlap.labels, 2)}
    assert swept == pairwise


def test_identical_ranges_are_one_overlap_and_not_one_a_pair() -> None:
    assert overlaps([(10, 19, host) for host in "abcde"]) == [Overlap(10, 19, tuple("abcde"))]


def test_adjacent_ranges_do_not_overlap() -> None:
    assert overlaps([(0, 9, "a"), (10, 19, "b")]) == []


def test_the_sweep_reaches_both_ends_of_the_space() -> None:
    whole = (0, MAX_ADDRESS, "all")
    assert overlaps([whole, (MAX_ADDRESS, MAX_ADDRESS, "last"), (0, 0, "first")]) == [
        Overlap(0, 0, ("all", "first")),
        Overlap(MAX_ADDRESS, MAX_ADDRESS, ("all", "last")),
    ]
