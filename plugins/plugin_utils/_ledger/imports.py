# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over claims and leases from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from ...module_utils._errors import collected
from ...module_utils._mac import Interval, format_mac
from .._names import host_key, name_key
from .._plan.model import ADOPTED, HOST_POOL_PREFIX
from .._text import quoted
from .errors import OwnerConflict
from .journal import add, keep_lease
from .leases import active_lease
from .model import Claim, Job, Lease, LeaseOutcome, Outcome, describe
from .sqlite.session import Session


def import_all(
    session: Session, claims: Iterable[Claim], leases: Iterable[Lease], job: Job
) -> list[Outcome | LeaseOutcome]:
    """Take over claims and leases. What exists already stays.

    :raises MacPoolError: for each that contradicts what exists; then nothing is written
    """

    items: list[Claim | Lease] = [*claims, *leases]

    def take(item: Claim | Lease) -> Outcome | LeaseOutcome:
        return import_claim(session, item, job) if isinstance(item, Claim) else import_lease(session, item, job)

    return collected("import", items, take)


def import_claim(session: Session, claim: Claim, job: Job) -> Outcome:
    subject = f"{format_mac(claim.address, 'dash')} of owner {quoted(claim.owner)}"
    if present := session.claim_at(claim.address):
        if _same_promise(present, claim):
            return Outcome(present, present, changed=False, how="kept")
        raise OwnerConflict(
            subject, f"what the text says: {describe(claim)}", describe(present), "Correct the text, or the ledger."
        )
    others = session.claims_named(name_key(claim.owner)) if claim.live else []
    if claim.live and claim.identity:
        others += session.claims_of_adapter(claim.identity)
    for other in others:
        if other.live:
            raise OwnerConflict(
                subject,
                "an owner that has no other address",
                f"{describe(other)} in the ledger",
                "Release one of the two first.",
            )
    for lease in session.leases_between(claim.address, claim.address):
        own = claim.pool.removeprefix(HOST_POOL_PREFIX)
        if claim.live and claim.pool != ADOPTED and host_key(own) != host_key(lease.host):
            raise OwnerConflict(
                subject,
                "an address that is not leased to a host",
                f"a lease of host {quoted(lease.host)}",
                "Correct the text.",
            )
    return add(session, claim._replace(generation=1, job=job.name), "imported", job)


def _same_promise(one: Claim, other: Claim) -> bool:
    return claim_promise(one) == claim_promise(other)


def claim_promise(claim: Claim) -> tuple[object, ...]:
    """Return what two claims must share to promise the same."""
    return (claim.address, claim.owner, claim.pool, claim.state, claim.until, claim.identity, frozenset(claim.aliases))


def import_lease(session: Session, lease: Lease, job: Job) -> LeaseOutcome:
    present = session.leases_between(lease.start, lease.end)
    block = (host_key(lease.host), lease.start, lease.end, lease.dynamic_end, lease.state)
    for other in present:
        if (host_key(other.host), other.start, other.end, other.dynamic_end, other.state) == block:
            return LeaseOutcome(other, other, changed=False)
    if lease.state == "active" and (own := active_lease(session.leases(), lease.host)):
        present = [*present, own]
    if present:
        other = present[0]
        raise OwnerConflict(
            f"block {Interval(lease.start, lease.end)} of host {quoted(lease.host)}",
            "a block that overlaps no other, for a host that has none",
            f"{Interval(other.start, other.end)} of host {quoted(other.host)} in the ledger",
            "Correct the text, or the ledger.",
        )
    return keep_lease(session, None, lease, "imported", job)
