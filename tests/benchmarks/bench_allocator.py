# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast an address is chosen: nearly full, full, and against first-fit with netaddr."""

from __future__ import annotations

import random
import time

import netaddr

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import IntervalSet
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.allocator import Runs, candidate, choose

START = 0x221DD8000000
SIZE = 1_000_000
USED_BY_NETADDR = 10_000


def run() -> list[str]:
    """Return the lines of the report."""
    land = IntervalSet([(START, START + SIZE - 1)])
    free = random.Random(1).sample(range(START, START + SIZE), SIZE // 1000)
    holes = set(free)
    began = time.perf_counter()
    taken = Runs(address for address in range(START, START + SIZE) if address not in holes)
    load = time.perf_counter() - began

    began = time.perf_counter()
    for number in range(len(free)):
        rank = candidate("hashed", land.size, "west", "tenant", f"vm{number}/eth0", "")
        address = choose(land, taken, rank)
        assert address in holes
        taken.add(address)
    nearly_full = (time.perf_counter() - began) / len(free)

    began = time.perf_counter()
    for number in range(1000):
        assert choose(land, taken, number) is None
    full = (time.perf_counter() - began) / 1000

    taken.discard(START + SIZE // 2)
    began = time.perf_counter()
    for number in range(1000):
        assert choose(land, taken, number * 997) == START + SIZE // 2
    last = (time.perf_counter() - began) / 1000

    first_fit = _netaddr_first_fit(USED_BY_NETADDR)
    return [
        (
            f"pool of {SIZE:,}: 99.9 % full, mean of the last {len(free):,} claims {nearly_full * 1e6:.1f} us "
            f"(the oracle: every one of them lies in a hole); reading what is taken once {load * 1e3:.0f} ms"
        ),
        f"said to be full in {full * 1e6:.1f} us; the one free address found in {last * 1e6:.1f} us",
        (
            f"netaddr first-fit, {USED_BY_NETADDR:,} used: {first_fit * 1e3:.1f} ms a claim, "
            f"{first_fit / nearly_full:,.0f} times as long, in a pool a hundredth as full of work"
        ),
    ]


def _netaddr_first_fit(used: int) -> float:
    """Return the seconds that a loop over EUI objects takes to the first free address."""
    taken = {netaddr.EUI(START + number) for number in range(used)}
    began = time.perf_counter()
    tries = 3
    for _number in range(tries):
        value = START
        while netaddr.EUI(value) in taken:
            value += 1
        assert value == START + used
    return (time.perf_counter() - began) / tries
