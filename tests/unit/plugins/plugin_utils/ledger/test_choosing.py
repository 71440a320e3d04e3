# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing without reading the whole pool chooses as if it had been read."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import IntervalSet
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.allocator import Runs, choose
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.chooser import Occupancy
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.session import Session
from ansible_collections.macpool.hyperv.plugins.plugin_utils._names import (
    BadOwner,
    checked_owner,
    find_host,
    name_key,
    readable,
)

START = 0x221DD8000000


class Database:
    """What a session says is taken, and how often it was asked."""

    def __init__(self, taken: set[int]) -> None:
        self.addresses = sorted(taken)
        self.rows = 0

    def taken(self, start: int, end: int, limit: int) -> list[int]:
        found = [address for address in self.addresses if start <= address <= end]
        found = found if limit < 0 else found[:limit]
        self.rows += len(found)
        return found


@given(
    intervals=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 200)), min_size=1, max_size=4),
    free=st.sets(st.integers(0, 800), max_size=20),
    ranks=st.lists(st.integers(0, 10_000), min_size=1, max_size=12),
)
def test_windows_choose_what_the_whole_observation_would(
    intervals: list[tuple[int, int]], free: set[int], ranks: list[int]
) -> None:
    land = IntervalSet((START + start, START + start + length) for start, length in intervals)
    taken = {START + number for number in range(801)} - {START + number for number in free}
    occupancy = Occupancy(cast(Session, Database(taken)), land)
    whole = Runs(taken)
    for rank in ranks:
        address = choose(land, occupancy, rank % land.size)
        assert address == choose(land, whole, rank % land.size)
        if address is not None and rank % 2:
            cast(Any, occupancy)._session.addresses = sorted({*cast(Any, occupancy)._session.addresses, address})
            occupancy.take(address)
            whole.add(address)


def test_one_claim_in_a_nearly_full_pool_reads_little_of_it() -> None:
    size = 100_000
    database = Database({START + number for number in range(size)} - {START + 3000})
    land = IntervalSet([(START, START + size - 1)])
    assert choose(land, Occupancy(cast(Session, database), land), 0) == START + 3000
    assert database.rows < 15_000


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("web01/eth0", "WEB01/Eth0", True),
        ("größe/e", "GRÖSSE/E", False),
        ("größe/e", "GRÖßE/E", True),
        ("ıstanbul", "istanbul", False),
        ("\u212a", "k", False),
        ("é", "e\u0301", False),
    ],
)
def test_names_compare_letter_by_letter_without_case(one: str, other: str, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same


@given(st.text())
def test_a_names_key_is_its_own_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("hv1", ["hv1", "hv2"], "hv1"),
        ("HV1.", ["hv1"], "hv1"),
        ("hv1", ["hv1.a.example", "hv2"], "hv1.a.example"),
        ("hv1.a.example", ["hv1"], "hv1"),
        ("hv1", ["hv1.a.example", "hv1.b.example"], None),
        ("hv1.b.example", ["hv1.a.example"], None),
        ("hv10", ["hv1"], None),
    ],
)
def test_a_short_name_is_the_full_one_where_that_is_unambiguous(name: str, known: list[str], found: str | None) -> None:
    assert find_host(name, known) == found


def test_what_a_host_sends_can_always_be_kept() -> None:
    assert readable("a\ud800b") == "a\\ud800b"
    assert len(readable("x" * 5000)) == 1024
    with pytest.raises(BadOwner, match=r"5 \(a int\)"):
        checked_owner(5)


@pytest.mark.parametrize("owner", ["/", "//", "e/", "/e", " / ", "e/ ", "\t/e"])
def test_an_owner_has_a_name_on_both_sides_of_the_slash(owner: str) -> None:
    with pytest.raises(BadOwner, match="expected a name on both sides of the slash"):
        checked_owner(owner)


@pytest.mark.parametrize("owner", ["e", "e/f", "/e/f", "e/f/", "e//f"])
def test_a_slash_can_be_part_of_the_name_of_a_vm_or_an_adapter(owner: str) -> None:
    assert checked_owner(owner) == owner
