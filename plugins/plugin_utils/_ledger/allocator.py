# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address? Pure: what may be handed out and what is taken go in, the choice comes out.

A candidate is computed (see :func:`candidate`) and, where it is taken, the next free address is chosen,
going round at the end. What is taken is known as runs of consecutive addresses, so that a step leaps over a whole run:
a pool that is full, or has one free address left, is answered without looking at each address.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Protocol

from ...module_utils._mac import IntervalSet

# Part of every hash: a later algorithm gets a number of its own. Kept claims never move, whatever this says.
ALGORITHM = "macpool-1"


class Taken(Protocol):
    """What cannot be handed out."""

    def run_end(self, address: int) -> int | None:
        """Return the last address of the taken run that ``address`` is in; None when ``address`` is free.

        An answer short of the true end of the run is allowed: the caller asks on from there.
        """


def candidate(strategy: str, size: int, scope: str, pool: str, owner: str, draw: str) -> int:
    """Return the rank, among ``size`` addresses, at which to look first.

    :param strategy: ``hashed``: the same for the same scope, pool and owner, whatever else exists.
        ``random``: differs with each ``draw``. ``sequential``: the lowest.
    :param draw: what makes one draw differ from another and a preview equal to the real run: the ledger's id and
        sequence
    """
    if strategy == "sequential" or not size:
        return 0
    parts = [ALGORITHM, strategy, scope, pool, owner]
    if strategy == "random":
        parts.append(draw)
    # The length in front of each part keeps ("a", "bc") apart from ("ab", "c").
    digest = hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in map(_encoded, parts)))
    return int.from_bytes(digest.digest(), "big") % size


def _encoded(text: str) -> bytes:
    # Windows lets a name hold half a surrogate pair, and JSON carries it here.
    return text.encode("utf-8", "surrogatepass")


def choose(usable: IntervalSet, taken: Taken, rank: int) -> int | None:
    """Return the first usable address that is free, at or after the one of that rank, going round; None when full.

    :param usable: what may be handed out: the pool's ranges without what is excluded
    :param rank: where to look first, from :func:`candidate`
    """
    if not usable.size:
        return None
    first = address = usable.kth(rank)
    wrapped = False
    while (end := taken.run_end(address)) is not None:
        following = usable.at_or_after(end + 1)
        if following is None and not wrapped:
            wrapped = True
            following = usable.kth(0)
        if following is None or (wrapped and following >= first):
            return None
        address = following
    return address


class Runs:
    """Taken addresses kept in memory as sorted runs of consecutive ones."""

    def __init__(self, addresses: Iterable[int] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for address in sorted(set(addresses)):
            if self._ends and self._ends[-1] == address - 1:
                self._ends[-1] = address
            else:
                self._starts.append(address)
                self._ends.append(address)

    def run_end(self, address: int) -> int | None:
        """Return the last address of the run that ``address`` is in; None when ``address`` is free."""
        at = bisect_right(self._starts, address) - 1
        return self._ends[at] if at >= 0 and address <= self._ends[at] else None

    def add(self, address: int) -> None:
        """Take an address; taking it twice changes nothing."""
        at = bisect_right(self._starts, address)
        if at and address <= self._ends[at - 1]:
            return
        joins_left = at > 0 and self._ends[at - 1] == address - 1
        joins_right = at < len(self._starts) and self._starts[at] == address + 1
        if joins_left and joins_right:
            self._ends[at - 1] = self._ends.pop(at)
            del self._starts[at]
        elif joins_left:
            self._ends[at - 1] = address
        elif joins_right:
            self._starts[at] = address
        else:
            self._starts.insert(at, address)
            self._ends.insert(at, address)

    def discard(self, address: int) -> None:
        """Give an address back; giving back a free one changes nothing."""
        at = bisect_left(self._ends, address)
        if at == len(self._ends) or address < self._starts[at]:
            return
        start, end = self._starts[at], self._ends[at]
        rest = [part for part in ((start, address - 1), (address + 1, end)) if part[0] <= part[1]]
        self._starts[at : at + 1] = [part[0] for part in rest]
        self._ends[at : at + 1] = [part[1] for part in rest]
