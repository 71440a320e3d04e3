# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that the Network Controller gives from its pools: in order, pool after pool, none ever twice."""

from __future__ import annotations

from ..macs import to_hex, to_int
from .resources import Resource


class Allocator:
    """Not even a deleted interface's address is given again (fact 59); the order of hand-out is the lab's choice (fact 72)."""

    def __init__(self) -> None:
        self._given: set[int] = set()

    def mark(self, first: int, count: int) -> None:
        self._given.update(range(first, first + count))

    def allocated(self, pool: Resource) -> int:
        start, end = bounds(pool)
        return sum(1 for number in self._given if start <= number <= end)

    def next(self, pools: list[Resource]) -> str | None:
        """None: every pool is exhausted, or there is none."""
        for pool in pools:
            start, end = bounds(pool)
            number = start
            while number in self._given:
                number += 1
            if number <= end:
                self._given.add(number)
                return to_hex(number)
        return None

    def gave(self, pool: Resource, mac: str) -> bool:
        start, end = bounds(pool)
        return to_int(mac) in self._given and start <= to_int(mac) <= end


def bounds(pool: Resource) -> tuple[int, int]:
    return to_int(pool.properties["startMacAddress"]), to_int(pool.properties["endMacAddress"])
