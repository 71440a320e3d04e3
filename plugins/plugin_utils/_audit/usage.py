# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full ranges are: the pools as the ledger counts them, host ranges and a Network Controller's pools. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._ledger.usage import Usage, pool_usage, pools
from .._names import host_key
from .._observation.model import NcPool
from .._plan.model import DEFAULT_WARN_AT
from .situation import Situation


def usage(situation: Situation) -> Iterator[Usage]:
    """Yield the usage of each host range, each pool, each host's static block and each pool of a Network Controller."""
    plan = situation.plan
    host_warn_at = plan.host_ranges.warn_at if plan and plan.host_ranges else DEFAULT_WARN_AT
    for interval, hosts in situation.ranges:
        names = tuple(sorted((host.name for host in hosts), key=host_key))
        carried = len(situation.carried_in(interval))
        name = ", ".join(names)
        yield Usage("host_range", name, interval.size, carried, host_warn_at, interval, names, carried=carried)
    seen = situation.last_seen.union(situation.carried)
    now = int(situation.now.timestamp() * 1000)
    yield from pool_usage(pools(plan, situation.leases), situation.claims, seen, now)
    yield from (item for _pool, item in nc_usage(situation))


def nc_usage(situation: Situation) -> Iterator[tuple[NcPool, Usage]]:
    """Yield each pool of a Network Controller that counts the addresses it gave out, with its usage."""
    taken: set[str] = set()
    several = len(situation.observation.controllers) > 1
    for controller in situation.observation.controllers:
        for pool in controller.pools:
            name = pool.name or str(pool.interval)
            if several and controller.name:
                name = f"{controller.name}/{name}"
            if pool.allocated is None:
                continue
            if name in taken:
                name = f"{name} {pool.interval}"  # Monitoring identifies a range only by its name.
            if name in taken:
                continue
            taken.add(name)
            yield pool, Usage("nc_pool", name, pool.size, pool.allocated, DEFAULT_WARN_AT, pool.interval)
