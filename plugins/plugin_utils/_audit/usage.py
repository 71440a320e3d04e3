# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full each range is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ...module_utils._mac import Interval
from .._observation.model import NcPool
from .._plan.model import DEFAULT_WARN_AT, HOST_POOL_PREFIX
from .situation import Lease, Situation


@dataclass(frozen=True, slots=True)
class Usage:
    """How many addresses of a range or pool are in use."""

    kind: str
    """host_range, pool or nc_pool."""
    name: str
    hosts: tuple[str, ...]
    extent: Interval
    """First and last address."""
    size: int
    used: int
    """Distinct addresses that anybody carries; of an nc_pool what the Network Controller says it gave out."""
    promised: int
    """Addresses with a claim in the ledger, whether carried or not."""
    warn_at: int

    @property
    def percent(self) -> int:
        """Whole percent, rounded down, so that 100 means full."""
        return self.used * 100 // self.size

    @property
    def nearly_full(self) -> bool:
        """Whether it is at or above its threshold."""
        return self.used > 0 and self.used * 100 >= self.warn_at * self.size


def usage(situation: Situation) -> Iterator[Usage]:
    """Yield the usage of each host range, each pool, each host's static block and each pool of a Network Controller."""
    plan = situation.plan
    host_warn_at = plan.host_ranges.warn_at if plan and plan.host_ranges else DEFAULT_WARN_AT
    for interval, hosts in situation.ranges:
        names = tuple(sorted((host.name for host in hosts), key=str.casefold))
        yield Usage(
            kind="host_range",
            name=", ".join(names),
            hosts=names,
            extent=interval,
            size=interval.size,
            used=len(situation.carried_in(interval)),
            promised=0,
            warn_at=host_warn_at,
        )
    promised = Counter(claim.pool for claim in situation.claims)
    for pool in sorted(plan.pools.values(), key=lambda pool: pool.name) if plan else ():
        intervals = list(pool.land)
        if intervals:
            yield Usage(
                kind="pool",
                name=pool.name,
                hosts=(),
                extent=Interval(intervals[0].start, intervals[-1].end),
                size=pool.land.size,
                used=sum(len(situation.carried_in(interval)) for interval in intervals),
                promised=promised[pool.name],
                warn_at=pool.warn_at,
            )
    for lease in situation.leases:
        if lease.active and lease.static_part:
            yield _static_block(situation, lease, lease.static_part, promised, host_warn_at)
    for _pool, item in nc_usage(situation):
        yield item


def nc_usage(situation: Situation) -> Iterator[tuple[NcPool, Usage]]:
    """Yield each pool of a Network Controller that counts what it gives out, with its usage."""
    taken: set[str] = set()
    several = len(situation.picture.controllers) > 1
    for controller in situation.picture.controllers:
        for pool in controller.pools:
            name = pool.name or str(pool.interval)
            if several and controller.name:
                name = f"{controller.name}/{name}"
            if pool.allocated is None:
                continue
            if name in taken:
                name = f"{name} {pool.interval}"  # Whoever watches a range knows it by its name alone.
            if name in taken:
                continue
            taken.add(name)
            yield (
                pool,
                Usage(
                    kind="nc_pool",
                    name=name,
                    hosts=(),
                    extent=pool.interval,
                    size=pool.size,
                    used=pool.allocated,
                    promised=0,
                    warn_at=DEFAULT_WARN_AT,
                ),
            )


def _static_block(situation: Situation, lease: Lease, block: Interval, promised: Counter[str], warn_at: int) -> Usage:
    name = f"{HOST_POOL_PREFIX}{lease.name}"
    return Usage(
        kind="pool",
        name=name,
        hosts=(lease.name,),
        extent=block,
        size=block.size,
        used=len(situation.carried_in(block)),
        promised=promised[name],
        warn_at=warn_at,
    )
