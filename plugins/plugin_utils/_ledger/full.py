# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool that is full, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...module_utils._mac import IntervalSet
from .._plan.model import Pool
from .errors import PoolFull

if TYPE_CHECKING:
    from .backend import Session


def pool_full(session: Session, pool: Pool, usable: IntervalSet) -> PoolFull:
    """Return the error for a pool without a free address, with what uses it up."""
    counts: dict[str, int] = {}
    carried = 0
    for start, end in usable:
        for state, count in session.count_claims(start, end).items():
            counts[state] = counts.get(state, 0) + count
        carried += session.count_carried(start, end)
    parts = [f"{count} {state}" for state, count in sorted(counts.items())]
    if carried:
        parts.append(f"{carried} carried without a claim")
    if pool.ranges.size > usable.size:
        parts.append(f"{pool.ranges.size - usable.size} more excluded or leased to hosts")
    return PoolFull(
        f'pool "{pool.name}"',
        "a free address",
        f"none among {usable.size} ({', '.join(parts)})",
        "Give the pool another range, release what is no longer used, or observe all hosts so that what was "
        "released can be reused.",
    )
