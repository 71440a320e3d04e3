# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new plan must not touch: ranges with claims or leases on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import Interval, IntervalSet
from .._plan.model import ADOPTED, HOST_POOL_PREFIX, Plan
from .._text import quoted
from .errors import PlanConflict
from .model import Claim, describe

if TYPE_CHECKING:
    from .backend import Session


def conflicts(session: Session, plan: Plan) -> list[MacPoolError]:
    """Return why a plan cannot be accepted: a range with claims or leases on it never changes its kind."""
    errors: list[MacPoolError] = []
    places: list[tuple[str, str, IntervalSet]] = [
        ("pool", f'pool "{pool.name}"', pool.ranges) for pool in plan.pools.values()
    ]
    if plan.host_ranges is not None:
        places.append(("host_ranges", "host_ranges", plan.host_ranges.ranges))
    places += [
        ("other", f'other allocator "{other.name}"', IntervalSet([other.interval])) for other in plan.other_allocators
    ]
    for kind, name, ranges in places:
        for start, end in ranges:
            errors += [
                PlanConflict(
                    name,
                    "ranges without leases on them",
                    f"{Interval(lease.start, lease.end)}, leased to host {quoted(lease.host)} ({lease.state})",
                    "Leave that range to host_ranges, or retire the lease and observe until no adapter carries it.",
                )
                for lease in session.leases_between(start, end)
                if kind != "host_ranges"
            ]
            wrong = [claim for claim in session.claims_between(start, end) if _changes_kind(claim, kind)]
            if wrong:
                more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
                errors.append(
                    PlanConflict(
                        name,
                        "ranges without claims on them that were made when they were ranges of another kind",
                        f"{describe(wrong[0])}, from pool {quoted(wrong[0].pool)}{more}",
                        "Leave that range as it was, or release those claims first.",
                    )
                )
    return errors


def _changes_kind(claim: Claim, kind: str) -> bool:
    if claim.state not in ("reserved", "applied", "releasing") or claim.pool in (ADOPTED, ""):
        return False
    return kind != ("host_ranges" if claim.pool.startswith(HOST_POOL_PREFIX) else "pool")
