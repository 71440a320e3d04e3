# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing an address, against a search of the whole land on small universes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import IntervalSet
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.allocator import (
    Runs,
    Taken,
    candidate,
    choose,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import STRATEGIES

UNIVERSE = 40
numbers = st.integers(0, UNIVERSE - 1)
intervals = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))
lands = st.lists(intervals, max_size=5).map(IntervalSet)
names = st.text(max_size=8)


class Spy:
    """Counts what is asked of it."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        self.asked: list[int] = []

    def run_end(self, address: int) -> int | None:
        self.asked.append(address)
        return self.taken.run_end(address)


class Piecemeal:
    """Knows only one address at a time: the shortest answer that the protocol allows."""

    def __init__(self, taken: set[int]) -> None:
        self.taken = taken

    def run_end(self, address: int) -> int | None:
        return address if address in self.taken else None


def members(land: IntervalSet) -> list[int]:
    return [number for start, end in land for number in range(start, end + 1)]


# The choice


@given(lands, st.sets(numbers), st.data())
def test_the_choice_is_the_first_free_address_from_the_rank_on_going_round(
    land: IntervalSet, taken: set[int], data: st.DataObject
) -> None:
    """So it is free, in the land, found whenever there is one, and None exactly when the land is full."""
    listed = members(land)
    rank = data.draw(st.integers(0, max(0, len(listed) - 1)))
    expected = next((address for address in listed[rank:] + listed[:rank] if address not in taken), None)
    assert choose(land, Runs(taken), rank) == expected
    assert choose(land, Piecemeal(taken), rank) == expected


@given(lands, st.sets(numbers), st.data())
def test_the_number_of_questions_follows_the_runs_and_not_the_addresses(
    land: IntervalSet, taken: set[int], data: st.DataObject
) -> None:
    rank = data.draw(st.integers(0, max(0, land.size - 1)))
    spy = Spy(Runs(taken))
    choose(land, spy, rank)
    runs = [number for number in taken if number - 1 not in taken]
    # One question for each run, one for the free address, and one for the run that the search began within.
    assert len(spy.asked) <= len(runs) + 2


MILLION = IntervalSet([(0x221DD8000000, 0x221DD80FFFFF)])


@pytest.fixture(scope="module")
def a_million_taken() -> Runs:
    """A million addresses, all taken."""
    return Runs(range(0x221DD8000000, 0x221DD8100000))


@pytest.mark.parametrize("rank", [0, 1, 524_288, (1 << 20) - 1])
def test_a_full_pool_of_a_million_is_told_by_two_questions(rank: int, a_million_taken: Runs) -> None:
    spy = Spy(a_million_taken)
    assert choose(MILLION, spy, rank) is None
    assert len(spy.asked) <= 2


@pytest.mark.parametrize("free", [0, 1, 524_288, (1 << 20) - 1])
@pytest.mark.parametrize("rank", [0, 1, 524_287, 524_289, (1 << 20) - 1])
def test_the_last_free_address_of_a_million_is_found_by_three_questions(
    free: int, rank: int, a_million_taken: Runs
) -> None:
    address = MILLION.kth(free)
    a_million_taken.discard(address)
    spy = Spy(a_million_taken)
    assert choose(MILLION, spy, rank) == address
    assert len(spy.asked) <= 3
    a_million_taken.add(address)


def test_a_land_of_2_to_the_46_is_filled_without_looking_at_it() -> None:
    land = IntervalSet((octet << 40, (octet << 40) + (1 << 40) - 1) for octet in range(2, 256, 4))
    taken = Runs()
    for number in range(50):
        rank = candidate("hashed", land.size, "west", "tenant", f"web{number}/eth0", "")
        address = choose(land, taken, rank)
        assert address is not None
        assert address in land
        taken.add(address)
    last = land.kth(land.size - 1)
    taken.add(last)
    assert choose(land, taken, land.size - 1) == land.kth(0)


def test_an_empty_land_is_full() -> None:
    land = IntervalSet()
    assert choose(land, Runs(), candidate("hashed", land.size, "west", "tenant", "web01/eth0", "")) is None


@given(st.sampled_from(STRATEGIES), st.lists(numbers, max_size=4, unique=True), st.lists(names, max_size=60))
def test_a_pool_is_handed_out_to_the_last_address_without_a_repetition(
    strategy: str, excluded: list[int], owners: list[str]
) -> None:
    land = IntervalSet([(100, 119), (200, 219)]) - IntervalSet((100 + number, 100 + number) for number in excluded)
    taken = Runs()
    given_out: list[int] = []
    for draw, owner in enumerate([*owners, *map(str, range(land.size))]):
        rank = candidate(strategy, land.size, "west", "tenant", owner, f"ledger/{draw}")
        address = choose(land, taken, rank)
        if address is None:
            assert len(given_out) == land.size
            break
        given_out.append(address)
        taken.add(address)
    assert sorted(given_out) == members(land)[: len(given_out)] or strategy != "sequential"
    assert len(set(given_out)) == len(given_out)
    assert set(given_out) <= set(members(land))


# The candidate

sizes = st.integers(1, 1 << 46)


@given(sizes, names, names, names, names, names)
def test_hashed_is_the_same_whatever_else_exists(
    size: int, scope: str, pool: str, owner: str, draw: str, other_draw: str
) -> None:
    first = candidate("hashed", size, scope, pool, owner, draw)
    assert first == candidate("hashed", size, scope, pool, owner, other_draw)
    assert 0 <= first < size


def test_hashed_is_the_same_on_every_machine_and_in_every_version() -> None:
    """Kept claims never move, but previews and rebuilds rest on this: another algorithm needs a number of its own.

    Expected: sha256 of ``9:macpool-16:hashed4:west6:tenant10:web01/eth0``, modulo the size.
    """
    assert candidate("hashed", 1 << 20, "west", "tenant", "web01/eth0", "") == 659864


@given(sizes, names, names, names, names)
def test_sequential_begins_at_the_lowest(size: int, scope: str, pool: str, owner: str, draw: str) -> None:
    assert candidate("sequential", size, scope, pool, owner, draw) == 0


@given(names, names, names)
def test_random_differs_by_draw_and_is_the_same_for_one_draw(scope: str, pool: str, owner: str) -> None:
    drawn = [candidate("random", 1 << 46, scope, pool, owner, f"ledger/{number}") for number in range(20)]
    assert len(set(drawn)) == 20
    assert drawn == [candidate("random", 1 << 46, scope, pool, owner, f"ledger/{number}") for number in range(20)]


@pytest.mark.parametrize("strategy", ["hashed", "random"])
def test_each_part_matters_and_parts_do_not_run_into_each_other(strategy: str) -> None:
    parts = [("a", "bc", "d"), ("ab", "c", "d"), ("a", "b", "cd"), ("", "abc", "d"), ("a", "bc", "e"), ("abcd", "", "")]
    ranks = [candidate(strategy, 1 << 46, *three, "draw") for three in parts]
    assert len(set(ranks)) == len(parts)


def test_hashed_and_random_spread_over_the_whole_land() -> None:
    for strategy in ("hashed", "random"):
        quarters = Counter(
            candidate(strategy, 1 << 20, "west", "tenant", f"vm{number}/eth0", "draw") >> 18 for number in range(2000)
        )
        assert all(400 < quarters[quarter] < 600 for quarter in range(4)), quarters


@pytest.mark.parametrize("owner", ["web01/eth0\ud800", "\udcff", "", "x" * 100_000, "'; DROP TABLE claims; --"])
def test_any_owner_has_a_rank(owner: str) -> None:
    assert 0 <= candidate("hashed", 1000, "west", "tenant", owner, "") < 1000


# What is taken, in memory


@given(
    st.sets(numbers),
    st.lists(st.tuples(st.sampled_from(["add", "discard"]), numbers), max_size=60),
)
def test_runs_are_a_set_under_random_changes(start: set[int], changes: list[tuple[str, int]]) -> None:
    runs, expected = Runs(start), set(start)
    for change, address in changes:
        getattr(runs, change)(address)
        getattr(expected, change)(address)
    for address in range(-1, UNIVERSE + 1):
        end = runs.run_end(address)
        if address not in expected:
            assert end is None
        else:
            assert end is not None
            assert set(range(address, end + 1)) <= expected
            assert end + 1 not in expected


def test_addresses_given_twice_and_in_any_order_are_one_run() -> None:
    assert Runs([3, 1, 2, 2, 3]).run_end(1) == 3
