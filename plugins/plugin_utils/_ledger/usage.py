# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full a range is: one meaning for the ledger, plan_info, the audit and its reports. Pure.

In a pool an address is used when it cannot be handed out now: it is claimed, in quarantine, or carried. In a host's
dynamic range, where Hyper-V chooses, only the carried addresses are used (facts 14, 16).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ...module_utils._mac import Interval, IntervalSet
from .._plan.model import DEFAULT_WARN_AT, HOST_POOL_PREFIX, Plan
from .claim import is_reusable
from .model import Claim, Lease

UsageKind = Literal["pool", "host_range", "nc_pool"]


@dataclass(frozen=True, slots=True)
class Usage:
    """How many addresses of a range or pool are in use. Excluded addresses are not part of its size."""

    kind: UsageKind
    name: str
    size: int
    used: int
    """Distinct addresses that cannot be handed out now; of an nc_pool those that its Network Controller gave out."""
    warn_at: int
    """Percent used from which it is worth a warning."""
    extent: Interval
    """First and last address."""
    hosts: tuple[str, ...] = ()
    by_state: Mapping[str, int] = field(default_factory=dict)
    """Claims by state, without quarantines that are over."""
    carried: int = 0
    excluded: int = 0

    @property
    def claimed(self) -> int:
        """How many are promised to an owner or held; without those in quarantine."""
        return sum(self.by_state.values()) - self.quarantined

    @property
    def quarantined(self) -> int:
        """How many rest after a release."""
        return self.by_state.get("quarantined", 0)

    @property
    def free(self) -> int:
        """How many can be handed out now."""
        return max(0, self.size - self.used)

    @property
    def percent(self) -> float:
        """Percent used, rounded down to one decimal, so that 100 means full."""
        return self.used * 1000 // self.size / 10 if self.size else 100.0

    @property
    def nearly_full(self) -> bool:
        """Whether it is at or above its threshold, or has nothing left."""
        return self.free == 0 or (self.used > 0 and self.used * 100 >= self.warn_at * self.size)


@dataclass(frozen=True, slots=True)
class PoolAddresses:
    """The addresses that a pool can hand out at all."""

    name: str
    addresses: IntervalSet
    excluded: int
    """How many of its ranges are excluded or leased to hosts."""
    warn_at: int
    hosts: tuple[str, ...] = ()


def pools(plan: Plan | None, leases: Iterable[Lease]) -> list[PoolAddresses]:
    """Return the pools of a plan, by name, and the static part of each host's block."""
    kept = list(leases)
    leased = IntervalSet(lease.block for lease in kept)
    found = []
    for pool in sorted(plan.pools.values() if plan else (), key=lambda pool: pool.name):
        addresses = pool.usable - leased
        found.append(PoolAddresses(pool.name, addresses, pool.ranges.size - addresses.size, pool.warn_at))
    warn_at = plan.host_ranges.warn_at if plan and plan.host_ranges else DEFAULT_WARN_AT
    for lease in kept:
        if lease.state == "active" and lease.static_part:
            name, block = f"{HOST_POOL_PREFIX}{lease.host}", IntervalSet([lease.static_part])
            found.append(PoolAddresses(name, block, 0, warn_at, (lease.host,)))
    return found


def pool_usage(
    pools: Iterable[PoolAddresses], claims: Iterable[Claim], carried: Iterable[int], now: int | None
) -> list[Usage]:
    """Return how full pools are.

    :param claims: all claims of the ledger
    :param carried: all addresses that anything carries, as far as is known
    :param now: the ledger's time, by which a quarantine is over; None: none is
    """
    kept = list(pools)
    everything = IntervalSet(interval for pool in kept for interval in pool.addresses)
    seen = {address for address in carried if address in everything}
    by_state: dict[str, set[int]] = defaultdict(set)
    for claim in claims:
        is_over = now is not None and is_reusable(claim, now, seen=claim.address in seen)
        if claim.state != "gone" and not is_over and claim.address in everything:
            by_state[claim.state].add(claim.address)
    lists = {state: sorted(addresses) for state, addresses in sorted(by_state.items())}
    sorted_seen, used = sorted(seen), sorted(seen.union(*by_state.values()))
    return [
        Usage(
            kind="pool",
            name=pool.name,
            size=pool.addresses.size,
            used=_count(used, pool.addresses),
            warn_at=pool.warn_at,
            extent=pool.addresses.extent,
            hosts=pool.hosts,
            by_state={state: found for state, items in lists.items() if (found := _count(items, pool.addresses))},
            carried=_count(sorted_seen, pool.addresses),
            excluded=pool.excluded,
        )
        for pool in kept
    ]


def _count(items: Sequence[int], addresses: IntervalSet) -> int:
    """Return how many of sorted addresses lie in a set."""
    return sum(bisect_right(items, end) - bisect_left(items, start) for start, end in addresses)


def counts_as_result(usage: Usage) -> dict[str, Any]:
    """Return the counts as every result and report shows them."""
    counts = ("used", "claimed", "carried", "quarantined", "excluded", "free", "percent", "warn_at")
    return {name: getattr(usage, name) for name in counts}


def usage_as_result(usage: Iterable[Usage]) -> list[dict[str, Any]]:
    """Return how full each pool is."""
    return [
        {
            "name": item.name,
            "size": item.size,
            **counts_as_result(item),
            "over": item.nearly_full,
            "by_state": dict(item.by_state),
            "carried_without_claim": item.used - item.claimed - item.quarantined,
        }
        for item in usage
    ]
