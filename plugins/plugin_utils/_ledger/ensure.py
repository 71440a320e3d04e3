# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving each owner its address: the one it has, or had, or a new one."""

from __future__ import annotations

from collections.abc import Sequence

from ...module_utils._errors import MacPoolError, raise_all
from ...module_utils._formats import format_mac
from .._names import checked_owner, name_key
from .._plan.model import ADOPTED, Plan
from .._text import quoted
from .chooser import Pools
from .claim import gone, is_suspect, later, moved
from .errors import NotInPool, ObservationTooOld, OwnerConflict, OwnerHasOther, PoolFull, RebindNeeded
from .journal import add, change
from .model import Claim, Identity, Job, Outcome, Request, describe
from .owners import Knowledge, Resolution, own_name, resolve, resolve_name
from .plans import accept
from .sqlite.session import Session

_OF_ONE_REQUEST = (OwnerConflict, OwnerHasOther, RebindNeeded, NotInPool)


def ensure(
    session: Session, plan: Plan, requests: Sequence[Request], job: Job, reserve_for: int | None
) -> list[Outcome]:
    """Give each owner its address (``Ledger.ensure``)."""
    for request in requests:
        if request.owner or request.identity is None:
            checked_owner(request.owner)
    accept(session, plan, job)
    return Ensuring(session, plan, job, reserve_for).all(requests)


class Ensuring:
    """One call of ``ensure`` in one transaction."""

    def __init__(self, session: Session, plan: Plan, job: Job, reserve_for: int | None) -> None:
        self._session = session
        self._plan = plan
        self._job = job
        self._until = later(session.clock, reserve_for)
        self._pools = Pools(session, plan)
        self._observations_checked = plan.max_observation_age is None

    def all(self, requests: Sequence[Request]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        errors: list[MacPoolError] = []
        full: set[str] = set()
        for request in requests:
            try:
                outcomes.append(self._one(request))
            except ObservationTooOld:
                raise  # it is about the whole call
            except PoolFull as error:
                # A thousand owners of one full pool are one message.
                if error.subject not in full:
                    errors.append(error)
                full.add(error.subject)
            except MacPoolError as error:
                errors.append(error)
        raise_all("claims", errors)
        return outcomes

    def each(self, requests: Sequence[Request]) -> list[Outcome | MacPoolError]:
        """Do what can be done for each request, and return the errors that are about one request only."""
        found: list[Outcome | MacPoolError] = []
        for request in requests:
            try:
                found.append(self._one(request))
            except _OF_ONE_REQUEST as error:
                found.append(error)
        return found

    def _one(self, request: Request) -> Outcome:
        resolution = self._resolve(request)
        if resolution.live is not None:
            return self._keep(request, resolution.live, resolution)
        pool = self._pools.pool_of(request)
        if revived := self._revive(request, resolution, pool):
            return revived
        owner = resolution.owner
        if not self._observations_checked and not request.adopt:
            from .absence import check_observations

            check_observations(self._session, self._plan, f"a new address for owner {quoted(owner)}")
            self._observations_checked = True
        if request.address is not None:
            there = self._session.claim_at(request.address)
            if there is not None and self._pools.is_over(there):
                self._end(pool, there)
            self._pools.check_given(pool, request, owner, request.address)
            address = request.address
        else:
            address = self._free_address(pool, owner, request.identity)
        claim = Claim(address, owner, pool, "reserved", 1, self._session.now, self._until, self._job.name)
        claim = claim._replace(note=request.note, identity=request.identity)
        self._pools.occupancy(pool).take(address)
        return add(self._session, claim, "adopted" if request.adopt else "claimed", self._job)

    def _resolve(self, request: Request) -> Resolution:
        session, owner, identity = self._session, request.owner, request.identity
        by_name = session.claims_named(name_key(owner)) if owner else []
        if identity is None:
            return resolve_name(owner, by_name)

        def gone_since() -> int | None:
            from .absence import absence_proof

            return absence_proof(session.hosts(), self._plan)

        by_own_name = session.claims_named(name_key(own_name(owner, identity))) if owner else []
        knowledge = Knowledge(session.sightings_of_vm, gone_since)
        return resolve(owner, identity, session.claims_of_adapter(identity), by_name, by_own_name, knowledge)

    def _keep(self, request: Request, before: Claim, resolution: Resolution) -> Outcome:
        subject = f"owner {quoted(before.owner)}"
        if request.address is not None and request.address != before.address:
            remedy = "Release that claim first (allocation with state: released), then claim the other address."
            raise OwnerHasOther(subject, format_mac(request.address, "dash"), describe(before), remedy)
        if request.pool and not self._pools.is_of(request.pool, before):
            found = f"{describe(before)}, of pool {quoted(before.pool)}"
            remedy = "An owner has one address. Name that pool, or release the claim first (allocation with state: released)."
            raise OwnerHasOther(subject, f"an address of pool {quoted(request.pool)}", found, remedy)
        after, how = before, "kept"
        if request.note and request.note != before.note:
            after, how = after._replace(note=request.note), "noted"
        if resolution.alias:
            after, how = after._replace(aliases=(*after.aliases, resolution.alias)), "renamed"
        if resolution.bind:
            after, how = after._replace(identity=request.identity), "bound"
        if after is not before:
            return change(self._session, before, after, how, self._job)
        if is_suspect(before, self._session.clock):
            # It is still wanted: an observation that comes between this and the push must not take it away.
            after = before._replace(generation=before.generation + 1, until=self._until, job=self._job.name)
            return change(self._session, before, after, "refreshed", self._job)._replace(changed=False)
        return Outcome(before, before, changed=False, how="kept")

    def _revive(self, request: Request, resolution: Resolution, pool: str) -> Outcome | None:
        for before in resolution.past:
            if request.address not in (None, before.address):
                continue
            in_pool = before.pool == pool and (pool == ADOPTED or self._pools.fits(pool, before.address))
            if not in_pool and not (request.adopt and request.address == before.address):
                continue
            # An address in quarantine was proven absent: the adapter that comes back under the owner's name may be another one.
            identity = request.identity or (None if before.state == "quarantined" else before.identity)
            if self._pools.carried_by_others(before.address, resolution.owner, identity):
                continue
            after = moved(before, "reserved", self._session.now, self._until)._replace(
                owner=resolution.owner,
                identity=identity,
                job=self._job.name,
                note=request.note or before.note,
                evidence="",
            )
            return change(self._session, before, after, "revived", self._job)
        return None

    def _free_address(self, pool: str, owner: str, identity: Identity | None) -> int:
        try:
            return self._pools.find(pool, owner, identity)
        except PoolFull:
            expired = self._pools.expired(pool)
            if not expired:
                raise
        for claim in expired:
            self._end(pool, claim)
        return self._pools.find(pool, owner, identity)

    def _end(self, pool: str, claim: Claim) -> None:
        change(self._session, claim, gone(claim, self._session.now), "quarantine over", self._job, how="gone")
        self._pools.occupancy(pool).free(claim.address)
