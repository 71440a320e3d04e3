# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plan is in force, and what a new one must not touch."""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils._errors import raise_all
from .._plan.model import ADOPTED, HOST_POOL_PREFIX, Plan
from .._text import iso, quoted
from .errors import LedgerForeign, PlanConflict, PlanOutdated
from .model import Claim, Job, PlanGeneration, describe
from .sqlite.session import Session


def accept(session: Session, plan: Plan, job: Job, *, force: bool = False) -> PlanGeneration:
    """Make a plan the one in force, if it is not already (``Ledger.accept_plan``)."""
    current = session.current_plan()
    if current is not None and current.digest == plan.digest:
        return current
    if plan.scope != session.scope:
        wanted = f"the plan of scope {quoted(session.scope)}, which the ledger belongs to"
        remedy = "Correct macpool_ledger, or the scope in macpool_plan."
        raise LedgerForeign("the plan", wanted, f"the plan of scope {quoted(plan.scope)}", remedy)
    earlier = next((old for old in session.plans() if old.digest == plan.digest), None)
    if current is not None and earlier is not None and not force:
        raise PlanOutdated(
            "the plan",
            f"generation {current.generation}, accepted {iso(current.since)} by job {quoted(current.job)}",
            f"generation {earlier.generation}, accepted {iso(earlier.since)} by job {quoted(earlier.job)}",
            "Update the checkout that this job works with. If going back is meant, run macpool.hyperv.ledger with "
            "accept_plan: true.",
        )
    raise_all("the plan", list(_conflicts(session, plan)))
    generation = PlanGeneration((current.generation if current else 0) + 1, plan.digest, session.now, job.name)
    session.add_plan(generation)
    session.log("plan", "accepted", job, generation._asdict(), None, "")
    return generation


def _conflicts(session: Session, plan: Plan) -> Iterator[PlanConflict]:
    """Yield why a plan cannot be accepted: a range with claims or leases on it never changes its kind."""
    for place in plan.places():
        for start, end in place.ranges:
            for lease in session.leases_between(start, end) if place.kind != "host_ranges" else ():
                found = f"{lease.block}, leased to host {quoted(lease.host)} ({lease.state})"
                remedy = "Leave that range to host_ranges, or retire the lease and observe until no adapter carries it."
                yield PlanConflict(str(place), "ranges without leases on them", found, remedy)
            wrong = [claim for claim in session.claims_between(start, end) if _changes_kind(claim, place.kind)]
            if wrong:
                more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
                wanted = "ranges without claims on them that were made when they were ranges of another kind"
                found = f"{describe(wrong[0])}, from pool {quoted(wrong[0].pool)}{more}"
                remedy = "Leave that range as it was, or release those claims first."
                yield PlanConflict(str(place), wanted, found, remedy)


def _changes_kind(claim: Claim, kind: str) -> bool:
    if claim.state not in ("reserved", "applied", "releasing") or claim.pool in (ADOPTED, ""):
        return False
    return kind != ("host_ranges" if claim.pool.startswith(HOST_POOL_PREFIX) else "pool")
