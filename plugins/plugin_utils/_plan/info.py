# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plan_info returns about a plan: its ranges, and what is allowed and still unwise. Pure.

Only the task that shows the plan asks for it: the registry of the IEEE takes longer to load than all else here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...module_utils._mac import Interval, IntervalSet, format_mac, is_administrators_own, is_local
from .model import HYPERV_RANGE, NLB_RANGES, Plan


def ranges_as_result(plan: Plan) -> list[dict[str, Any]]:
    """Return every range that the plan names, by address."""
    pieces = [(place, interval) for place in plan.places() for interval in place.ranges]
    return [
        {
            "kind": place.kind,
            "name": place.name,
            "start": format_mac(interval.start),
            "end": format_mac(interval.end),
            "size": interval.size,
        }
        for place, interval in sorted(pieces, key=lambda piece: piece[1])
    ]


def warnings_of(plan: Plan) -> Iterator[str]:
    """Yield a sentence for each range that another device may use."""
    if plan.host_ranges is not None:
        for index, interval in enumerate(plan.host_ranges.intervals):
            place = f"macpool_plan.host_ranges.ranges[{index}]"
            yield from _judged(IntervalSet([interval]), place)
            yield from _default_ranges(interval, place)
    for pool in plan.pools.values():
        yield from _judged(pool.ranges, f"macpool_plan.pools.{pool.name}.ranges")


def _judged(ranges: IntervalSet, place: str) -> Iterator[str]:
    """Warn of addresses that another organisation or program may own."""
    for interval in ranges & NLB_RANGES:
        yield f"{place}: {interval} is what Windows NLB clusters make: use an x2 prefix such as 22."
    for interval in ranges:
        if is_local(interval.start) and not is_administrators_own(interval.start):
            yield (
                f"{place}: {interval} begins with {format_mac(interval.start)[:2]}, and IEEE 802c leaves only x2 to"
                " the administrator (x6, xA and xE are given to others): use an x2 prefix such as 22."
            )
        elif remark := _registration(interval):
            yield f"{place}: {interval} {remark}."


def _default_ranges(interval: Interval, place: str) -> Iterator[str]:
    """Name the hosts whose default range lies in leased addresses of Hyper-V's own prefix."""
    for start, end in IntervalSet([interval]) & IntervalSet([HYPERV_RANGE]):
        first, last = (f"x.x.{address >> 8 & 0xFF}.{address & 0xFF}" for address in (start >> 8, end >> 8))
        yield (
            f"{place}: {Interval(start, end)} is what Hyper-V makes itself on hosts with an IPv4 address from"
            f" {first} to {last}: no host outside this plan may have such an address."
        )


def _registration(interval: Interval) -> str:
    """Return words on whom the IEEE gave addresses of an interval to; empty for local ones and Hyper-V's own prefix."""
    if is_local(interval.start):
        return ""
    try:
        import netaddr
        from netaddr.eui.ieee import OUI_INDEX
    except ImportError:
        return "may be registered: install the Python package netaddr to know"
    first, last, hyperv = (address >> 24 for address in (*interval, HYPERV_RANGE.start))
    prefixes = sorted(prefix for prefix in OUI_INDEX if first <= prefix <= last and prefix != hyperv)
    if not prefixes:
        return ""
    more = f", and {len(prefixes) - 1} more prefixes to others" if len(prefixes) > 1 else ""
    return f"is registered to {netaddr.OUI(prefixes[0]).registration().org}{more}: their devices may carry it"
