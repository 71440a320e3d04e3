# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of claims that tasks ask for: the methods of ``Ledger`` with these names say more."""

from __future__ import annotations

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import format_mac, is_multicast
from .._names import checked_owner, name_key
from .._plan.model import Plan
from .._text import quoted
from .claim import gone, later, moved, quarantine
from .errors import NotInPool, OwnerConflict, RebindNeeded, StaleClaim
from .journal import add, change
from .model import Claim, ClaimName, Confirmation, Fence, Job, Outcome, Renewal, Request, describe
from .owners import resolve_name
from .sqlite.session import Session


def renew(session: Session, renewal: Renewal, job: Job, reserve_for: int | None) -> Outcome:
    """Ask for a claim again right before it is applied, and mark it as unsure until it is confirmed."""
    before = _check_fence(session.claim_at(renewal.fence.address), renewal.fence)
    until = None if before.state == "applied" else later(session.clock, reserve_for)
    generation = before.generation + 1
    after = before._replace(generation=generation, until=until, job=job.name, pushing=renewal.pushing)
    return change(session, before, after, "renewed", job)


def confirm(session: Session, confirmation: Confirmation, job: Job) -> Outcome:
    """Note that an address was read back from the adapter it was promised to."""
    fence, identity = confirmation.fence, confirmation.identity
    before = session.claim_at(fence.address)
    if before is None or not before.live or name_key(fence.owner) not in before.names:
        raise _stale(before, fence)
    if before.generation != fence.generation:
        if before.state == "applied" and not before.unsure:
            return Outcome(before, before, changed=False, how="kept")
        raise _stale(before, fence)
    if identity and before.identity and before.identity != identity:
        wanted = f"VM {before.identity.vm_id}, adapter {before.identity.adapter_id}, to which the claim is bound"
        found = f"VM {identity.vm_id}, adapter {identity.adapter_id}"
        remedy = "Rebind the claim first (allocation with state: rebound)."
        raise RebindNeeded(f"owner {quoted(before.owner)}", wanted, found, remedy)
    learns = before.identity is None and identity is not None
    if before.state == "applied" and not before.unsure and not learns:
        return Outcome(before, before, changed=False, how="kept")
    after = before._replace(
        state="applied",
        since=session.now if before.state != "applied" else before.since,
        until=None,
        job=job.name,
        evidence=confirmation.evidence,
        identity=before.identity or identity,
        pushing=None,
    )
    return change(session, before, after, "confirmed", job)


def find(session: Session, target: ClaimName) -> Claim | None:
    """Return the claim that a target names: a live one, or else the newest on its way out.

    :raises OwnerConflict: when the address is another owner's, or the name means several
    """
    claim: Claim | None
    if target.address is not None:
        claim = session.claim_at(target.address)
        if claim and target.owner and name_key(target.owner) not in claim.names:
            subject = f"{format_mac(target.address, 'dash')} of owner {quoted(target.owner)}"
            remedy = "Give the owner or the address, whichever is right."
            raise OwnerConflict(subject, f"a claim of owner {quoted(target.owner)}", describe(claim), remedy)
    else:
        resolution = resolve_name(target.owner, session.claims_named(name_key(target.owner)))
        claim = resolution.live or next(iter(resolution.past), None)
    return claim


def release(session: Session, target: ClaimName, job: Job) -> Outcome | None:
    """Take an address back; None where there is nothing to release."""
    before = find(session, target)
    if before is None:
        return None
    if not before.live:
        return Outcome(before, before, changed=False, how="kept")
    return change(session, before, moved(before, "releasing", session.now, None), "released", job)


def declare_gone(session: Session, plan: Plan, target: ClaimName, job: Job) -> Outcome | None:
    """Take back an address that no adapter carries any more, as the caller knows: it goes into quarantine at once."""
    before = find(session, target)
    if before is None:
        return None
    if not before.live and before.state != "releasing":
        return Outcome(before, before, changed=False, how="kept")
    after = quarantine(before, session.clock, plan.reuse_after(before.pool))
    if before.owner:
        # What is gone has no ids any more: an owner of that name that comes back is another adapter.
        after = after._replace(identity=None)
    return change(session, before, after, "declared gone", job, how="quarantined")


def hold(session: Session, plan: Plan | None, request: Request, job: Job) -> Outcome:
    """Set an address aside, unless it is promised to an owner."""
    address, reason = request.address or 0, request.note
    subject = format_mac(address, "dash")
    if address == 0 or is_multicast(address):
        raise NotInPool(subject, "a unicast address", subject, "Give an address that an adapter can carry.")
    before = session.claim_at(address)
    if before is None:
        pools = plan.pools.values() if plan is not None else ()
        pool = next((pool.name for pool in pools if address in pool.ranges), "")
        claim = Claim(address, "", pool, "held", 1, session.now, job=job.name, note=reason)
        return add(session, claim, "held", job)
    if before.state == "held":
        if not reason or before.note == reason:
            return Outcome(before, before, changed=False, how="kept")
        return change(session, before, before._replace(note=reason), "noted", job)
    if before.state != "quarantined":
        wanted = "an address to set aside that is not promised to an owner"
        raise OwnerConflict(subject, wanted, describe(before), "Release the claim first, or hold another address.")
    # It keeps its owner and its time, so that letting go of it frees nothing early.
    generation = before.generation + 1
    after = before._replace(state="held", generation=generation, since=session.now, job=job.name, note=reason)
    return change(session, before, after, "held", job)


def unhold(session: Session, address: int, job: Job) -> Outcome | None:
    """Let go of an address that was set aside; None where there is none."""
    before = session.claim_at(address)
    if before is None:
        return None
    if before.state != "held":
        return Outcome(before, before, changed=False, how="kept")
    after = moved(before, "quarantined", session.now, before.until) if before.owner else gone(before, session.now)
    return change(session, before, after._replace(job=job.name), "unheld", job)


def rebind(session: Session, request: Request, job: Job) -> Outcome:
    """Bind a claim to other ids, unless they belong to another one."""
    owner, identity = checked_owner(request.owner), request.identity
    if identity is None:
        raise MacPoolError(f"owner {quoted(owner)}", "the ids of VM and adapter", "none", "Say which adapter it is.")
    before = find(session, ClaimName(owner))
    if before is None or not before.live:
        found = describe(before) if before else "none"
        raise MacPoolError(
            f"owner {quoted(owner)}", "a claim to rebind", found, "Check the owner's name (allocation_info)."
        )
    if before.identity == identity:
        return Outcome(before, before, changed=False, how="kept")
    for other in session.claims_of_adapter(identity):
        if other.live:
            wanted = f"ids that no other claim is bound to (VM {identity.vm_id}, adapter {identity.adapter_id})"
            remedy = "Release that claim first, or give other ids."
            raise OwnerConflict(f"owner {quoted(owner)}", wanted, describe(other), remedy)
    generation = before.generation + 1
    after = before._replace(identity=identity, generation=generation, job=job.name, pushing=None, evidence="")
    return change(session, before, after, "rebound", job)


def _check_fence(claim: Claim | None, fence: Fence) -> Claim:
    """Return the claim if it is as the job last saw it."""
    if (
        claim is None
        or claim.generation != fence.generation
        or not claim.live
        or name_key(fence.owner) not in claim.names
    ):
        raise _stale(claim, fence)
    return claim


def _stale(claim: Claim | None, fence: Fence) -> MacPoolError:
    """Return the error for a claim that has moved on."""
    found = f"{describe(claim)}, generation {claim.generation}" if claim else "no claim on it any more"
    wanted = f"generation {fence.generation} of the claim, as this job last saw it"
    remedy = "Another job works on it. This job wrote nothing to the ledger: run its task again."
    return StaleClaim(f"{format_mac(fence.address, 'dash')} of owner {quoted(fence.owner)}", wanted, found, remedy)
