# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taken addresses in memory: read when a pool is so crowded that asking address by address takes longer. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable


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
