# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: who was promised which address. One set of rules for every backend.

    with Ledger.open(settings.ledger_url(), plan.scope, plan) as ledger:
        began = ledger.now()                                # before observing
        ledger.observe([picture(observation, began)], job)    # _observation.sightings makes it from an observation
        outcome, = ledger.ensure([Request("web01/eth0", "tenant", identity=Identity(vm_id, adapter_id))], job)
        claim = outcome.claim                               # the same address every time
        claim = ledger.renew([Renewal(claim.fence, Push(host, vm_id, adapter_id))], job)[0].claim
        ...                                                 # apply and read back
        ledger.confirm([Confirmation(claim.fence, f"read back on {host}")], job)

Every writing method takes the job, does all or nothing in one transaction, and with ``preview=True`` does the same work
and undoes it: the result is what the real run would give at this moment. Times are milliseconds (``iso`` prints them),
durations are seconds, addresses are ints.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from ...module_utils._errors import MacPoolError, collected, raise_all
from ...module_utils._mac import IntervalSet
from .._names import checked_owner, find_host, host_key, name_key
from .._plan.model import ADOPTED, HOST_POOL_PREFIX, Plan
from .._text import quoted
from .backend import Session, Store
from .changes import change, confirm, find, hold, later, rebind, unhold
from .claims import check_fence, moved, quarantine
from .ensure import Ensuring
from .errors import LedgerDamaged, LedgerExists, LedgerForeign, LedgerMissing, NoLease
from .history import replay_problems
from .imports import import_claim, import_lease
from .leases import Blocks, active_lease, remark
from .model import (
    Claim,
    Confirmation,
    Entry,
    HostPicture,
    Intent,
    Job,
    KnownHost,
    Lease,
    LeaseOutcome,
    LedgerInfo,
    Observed,
    Outcome,
    PlanGeneration,
    Renewal,
    Request,
    Target,
    Usage,
)
from .observe import check_picture, ended_leases, reuse_after, settled, take_in, unproven
from .plans import accept
from .records import claim_from, intent_record, lease_record
from .stores import DEFAULT_TIMEOUT, create_store, store_at
from .text import export_lines, parse_text
from .usage import usage_of

DEFAULT_RESERVATION = 24 * 3600
"""Seconds that an address is kept for its owner before somebody has to show that it is used."""


class Ledger:
    """A ledger, and the plan that it is used with."""

    def __init__(self, store: Store, scope: str, plan: Plan | None = None) -> None:
        """Use a store that is open.

        :param plan: needed by whatever hands out, leases, observes or counts
        """
        self._store = store
        self.scope = scope
        self.plan = plan

    # --- life ---------------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls, location: str | None, scope: str, job: Job, plan: Plan | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> Ledger:
        """Make an empty ledger. Nothing else ever makes one.

        :param location: ``sqlite:///path``, a path, or None for the default place of the scope
        :raises LedgerExists: when something is there already
        """
        _check_scope(scope, plan)
        return cls(create_store(location, scope, job, timeout), scope, plan)

    @classmethod
    def open(
        cls, location: str | None, scope: str, plan: Plan | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> Ledger:
        """Open a ledger.

        :param timeout: seconds to wait for a turn to write
        :raises LedgerError: when there is none, or not the right one, or not in order
        """
        _check_scope(scope, plan)
        store = store_at(location, scope, timeout)
        store.open(scope)
        return cls(store, scope, plan)

    @staticmethod
    def place(location: str | None, scope: str) -> str:
        """Return where a ledger is, or would be."""
        return store_at(location, scope).location

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def location(self) -> str:
        """Where the ledger is."""
        return self._store.location

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know, such as that the ledger was put back to an earlier state."""
        return self._store.warnings()

    def info(self) -> LedgerInfo:
        """Return what the ledger is and how much is in it."""

        def work(session: Session) -> LedgerInfo:
            plan = session.current_plan()
            first = session.entry(1)
            return LedgerInfo(
                location=self._store.location,
                id=session.ledger_id,
                scope=session.scope,
                created=first.at if first else 0,
                sequence=session.sequence,
                plan_generation=plan.generation if plan else 0,
                claims=sum(session.count_claims(0, (1 << 48) - 1).values()),
                leases=len(session.leases()),
                hosts=len(session.hosts()),
                warnings=(),
            )

        return replace(self._store.read(work), warnings=self.warnings)

    def now(self) -> int:
        """Return the ledger's clock: to be asked before an observation begins."""
        return self._store.read(lambda session: session.now)

    # --- the plan -----------------------------------------------------------------------------------------------------

    def accept_plan(self, job: Job, *, force: bool = False, preview: bool = False) -> PlanGeneration:
        """Make the plan the one that is in force, as every task that hands something out does by itself.

        :param force: go back to an earlier plan
        :raises PlanOutdated: for an earlier plan without ``force``
        :raises PlanConflict: when land with claims or leases on it would change its kind
        """
        plan = self._plan()
        return self._store.write(lambda session: accept(session, plan, job, force=force), preview=preview)

    def plan_generation(self) -> PlanGeneration | None:
        """Return the plan that is in force; None before the first."""
        return self._store.read(lambda session: session.current_plan())

    def out_of_plan(self, claim: Claim) -> bool:
        """Tell whether a claim lies outside of the plan's pool that it was made in. It stays valid."""
        if claim.state == "held" or claim.pool == ADOPTED:
            return False
        plan = self._plan()
        if claim.pool.startswith(HOST_POOL_PREFIX):
            return plan.host_ranges is None or claim.address not in plan.host_ranges.ranges
        return claim.pool not in plan.pools or claim.address not in plan.pools[claim.pool].ranges

    # --- claims -------------------------------------------------------------------------------------------------------

    def ensure(
        self,
        requests: Sequence[Request],
        job: Job,
        *,
        reserve_for: int | None = DEFAULT_RESERVATION,
        preview: bool = False,
    ) -> list[Outcome]:
        """Give each owner its address: the one it has, or had, or a new one.

        :param reserve_for: seconds until a new reservation becomes suspect; None: never
        """
        plan = self._plan()
        wanted = [request if _is_nameless(request) else _with_checked_owner(request) for request in requests]

        def work(session: Session) -> list[Outcome]:
            accept(session, plan, job)
            return Ensuring(session, plan, job, reserve_for).all(wanted)

        return self._store.write(work, preview=preview)

    def renew(
        self,
        renewals: Sequence[Renewal],
        job: Job,
        *,
        reserve_for: int | None = DEFAULT_RESERVATION,
        preview: bool = False,
    ) -> list[Outcome]:
        """Ask for claims again right before they are applied, and mark them as unsure until confirmed.

        :raises StaleClaim: when one has moved on; then nothing is written
        """

        def work(session: Session) -> list[Outcome]:
            outcomes = []
            for renewal in renewals:
                before = check_fence(session.claim_at(renewal.fence.address), renewal.fence)
                until = None if before.state == "applied" else later(session.now, reserve_for)
                after = replace(
                    before, generation=before.generation + 1, until=until, job=job.name, pushing=renewal.pushing
                )
                outcomes.append(change(session, before, after, "renewed", job))
            return outcomes

        return self._store.write(work, preview=preview)

    def confirm(self, confirmations: Sequence[Confirmation], job: Job, *, preview: bool = False) -> list[Outcome]:
        """Note that addresses were read back from the adapters they were promised to.

        :raises StaleClaim: when a claim has moved on, unless it is known to be applied already
        """

        def work(session: Session) -> list[Outcome]:
            return [confirm(session, confirmation, job) for confirmation in confirmations]

        return self._store.write(work, preview=preview)

    def release(
        self, targets: Sequence[Target], job: Job, *, declared_gone: bool = False, preview: bool = False
    ) -> list[Outcome | None]:
        """Take addresses back: first they are looked for (``releasing``), then kept from others for a while.

        :param declared_gone: the caller knows that nobody carries them any more; the history says so
        :return: one item a target; None where there is nothing to release
        """
        plan = self.plan if not declared_gone else self._plan()

        def work(session: Session) -> list[Outcome | None]:
            if plan is not None and declared_gone:
                accept(session, plan, job)
            outcomes: list[Outcome | None] = []
            for target in targets:
                before = find(session, target)
                if before is None:
                    outcomes.append(None)
                elif declared_gone and plan is not None and (before.live or before.state == "releasing"):
                    after = quarantine(before, session.now, reuse_after(plan, before.pool))
                    if before.owner:
                        # What is gone has no ids any more: an owner of that name that comes back is another adapter.
                        after = replace(after, identity=None)
                    outcomes.append(change(session, before, after, "declared gone", job, how="quarantined"))
                elif before.live:
                    after = moved(before, "releasing", session.now, None)
                    outcomes.append(change(session, before, after, "released", job))
                else:
                    outcomes.append(Outcome(before, before, changed=False, how="kept"))
            return outcomes

        return self._store.write(work, preview=preview)

    def hold(self, requests: Sequence[Request], job: Job, *, preview: bool = False) -> list[Outcome]:
        """Set addresses aside, each with its note: they are handed out to nobody until somebody unholds them.

        :raises OwnerConflict: for an address that is promised to somebody; then nothing is written
        """

        def work(session: Session) -> list[Outcome]:
            return collected("claims", requests, lambda request: hold(session, self.plan, request, job))

        return self._store.write(work, preview=preview)

    def unhold(self, addresses: Sequence[int], job: Job, *, preview: bool = False) -> list[Outcome | None]:
        """Let go of addresses that were set aside; None where there is nothing to let go of."""

        def work(session: Session) -> list[Outcome | None]:
            return [unhold(session, address, job) for address in addresses]

        return self._store.write(work, preview=preview)

    def rebind(self, requests: Sequence[Request], job: Job, *, preview: bool = False) -> list[Outcome]:
        """Say that claims belong to other ids from now on: VMs were replaced, or adapters re-created.

        :raises MacPoolError: for a claim that is not there, or ids of another one; then nothing is written
        """

        def work(session: Session) -> list[Outcome]:
            return collected("claims", requests, lambda request: rebind(session, request, job))

        return self._store.write(work, preview=preview)

    # --- leases -------------------------------------------------------------------------------------------------------

    def lease(self, job: Job, hosts: Sequence[str] | None = None, *, preview: bool = False) -> list[LeaseOutcome]:
        """Give each host its block: the one it has, or the first that it may have.

        :param hosts: of the plan's hosts; default all of them
        :raises PoolFull: when no block is left for one of them
        """
        plan = self._plan()
        ranges = plan.host_ranges
        if ranges is None:
            raise MacPoolError(
                "host_ranges of the plan", "land to lease to hosts", "none", "Add host_ranges to macpool_plan."
            )
        planned = {host_key(host): host for host in ranges.hosts}
        names = []
        for host in hosts if hosts is not None else ranges.hosts:
            key = find_host(host, planned)
            if key is None:
                raise MacPoolError(
                    f"host {quoted(host)}",
                    "a host of host_ranges.hosts in the plan",
                    f"a plan that has: {', '.join(ranges.hosts) or 'none'}",
                    "Add the host to the plan: leases follow the plan, never the inventory of one run.",
                )
            names.append(planned[key])

        def work(session: Session) -> list[LeaseOutcome]:
            accept(session, plan, job)
            blocks: Blocks | None = None
            outcomes, errors = [], []
            for host in names:
                before = active_lease(session.leases(), host)
                if before is not None:
                    outcomes.append(LeaseOutcome(before, before, changed=False, remark=remark(before, ranges)))
                    continue
                if blocks is None:
                    check_picture(session, plan, f"a block for host {quoted(host)}")
                    blocks = Blocks(session, ranges)
                try:
                    lease = blocks.lease(host, session.now)
                except MacPoolError as error:
                    errors.append(error)
                    continue
                session.save_lease(lease)
                session.log("lease", "leased", job, lease_record(lease), None, host)
                outcomes.append(LeaseOutcome(lease, None, changed=True))
            raise_all("host leases", errors)
            return outcomes

        return self._store.write(work, preview=preview)

    def retire(self, hosts: Sequence[str], job: Job, *, preview: bool = False) -> list[LeaseOutcome]:
        """Retire the blocks of hosts: no longer theirs, and nobody else's while anybody carries an address of them."""

        def work(session: Session) -> list[LeaseOutcome]:
            outcomes = []
            for host in hosts:
                before = active_lease(session.leases(), host)
                if before is None:
                    old = [lease for lease in session.leases() if host_key(lease.host) == host_key(host)]
                    if not old:
                        raise NoLease(f"host {quoted(host)}", "a lease to retire", "none", "Check the host's name.")
                    outcomes.append(LeaseOutcome(old[-1], old[-1], changed=False))
                    continue
                after = replace(before, state="retired", generation=before.generation + 1, since=session.now)
                session.save_lease(after)
                session.log("lease", "retired", job, lease_record(after), None, after.host)
                outcomes.append(LeaseOutcome(after, before, changed=True))
            return outcomes

        return self._store.write(work, preview=preview)

    # --- observation --------------------------------------------------------------------------------------------------

    def observe(self, pictures: Iterable[HostPicture], job: Job, *, preview: bool = False) -> Observed:
        """Keep the newest sightings of hosts, and settle what they prove: what is used, what is gone."""
        plan = self._plan()
        pictures = list(pictures)
        return self._store.write(lambda session: _observe(session, plan, pictures, job), preview=preview)

    def adopt(
        self,
        pictures: Iterable[HostPicture],
        adoptions: Sequence[tuple[Request, str]],
        job: Job,
        *,
        preview: bool = False,
    ) -> tuple[Observed, list[Outcome | MacPoolError]]:
        """Observe, then promise addresses to those who were seen with them, as applied claims: all in one transaction.

        :param adoptions: requests with an address, each with the evidence that its owner carries it
        :return: what the observation changed, and for each adoption its outcome, or why the ledger refuses it
        """
        plan = self._plan()
        pictures = list(pictures)

        def work(session: Session) -> tuple[Observed, list[Outcome | MacPoolError]]:
            observed = _observe(session, plan, pictures, job)
            found: list[Outcome | MacPoolError] = []
            ensuring = Ensuring(session, plan, job, None)
            for outcome, (request, evidence) in zip(
                ensuring.each([request for request, _evidence in adoptions]), adoptions, strict=True
            ):
                if isinstance(outcome, MacPoolError):
                    found.append(outcome)
                    continue
                confirmed = confirm(session, Confirmation(outcome.claim.fence, evidence, request.identity), job)
                changed = outcome.changed or confirmed.changed
                found.append(Outcome(confirmed.claim, outcome.before, changed, outcome.how))
            return observed, found

        return self._store.write(work, preview=preview)

    def forget_host(self, host: str, job: Job, *, preview: bool = False) -> KnownHost | None:
        """Forget a host that is gone for good, with all that was last seen on it; None when it is not known."""

        def work(session: Session) -> KnownHost | None:
            known = {host_key(item.host): item for item in session.hosts()}
            key = find_host(host, known)
            if key is None:
                return None
            session.delete_host(known[key].host)
            session.log("host", "forgotten", job, {"host": known[key].host}, None, "")
            return known[key]

        return self._store.write(work, preview=preview)

    # --- audits -------------------------------------------------------------------------------------------------------

    def note_audit(self, counts: Mapping[str, Any], job: Job, *, preview: bool = False) -> int:
        """Keep the counts of an audit in the history, for the trend, and return the number of the entry."""
        return self._store.write(
            lambda session: session.log("audit", "counted", job, counts, None, ""), preview=preview
        )

    def audits(self, newest: int) -> list[Mapping[str, Any]]:
        """Return the counts of the newest audits, the oldest first."""
        return [entry.after for entry in self.history(kind="audit", newest=newest)]

    # --- intents ------------------------------------------------------------------------------------------------------

    def intend(self, host: str, vm_id: str, job: Job, *, kind: str = "restart", note: str = "") -> Intent:
        """Note, before it is begun, what must be finished even when this job dies."""

        def work(session: Session) -> Intent:
            intent = Intent(session.sequence + 1, host, vm_id.lower(), kind, note, session.now, job.name)
            session.add_intent(intent)
            session.log("intent", "begun", job, intent_record(intent, is_open=True), None, "")
            return intent

        return self._store.write(work)

    def open_intents(self, host: str | None = None, vm_id: str | None = None) -> list[Intent]:
        """Return what was begun and not finished, the oldest first."""

        def wanted(intent: Intent) -> bool:
            is_host = host is None or find_host(host, [host_key(intent.host)]) is not None
            return is_host and (vm_id is None or intent.vm_id == vm_id.lower())

        return self._store.read(lambda session: [intent for intent in session.intents() if wanted(intent)])

    def finish_intent(self, intent_id: int, job: Job) -> bool:
        """Note that it is finished; False when it was already."""

        def work(session: Session) -> bool:
            intent = next((intent for intent in session.intents() if intent.id == intent_id), None)
            if intent is None:
                return False
            session.delete_intent(intent_id)
            session.log("intent", "finished", job, intent_record(intent, is_open=False), None, "")
            return True

        return self._store.write(work)

    # --- questions ----------------------------------------------------------------------------------------------------

    def claims(
        self, *, owner: str = "", pool: str = "", states: Sequence[str] = (), address: int | None = None
    ) -> list[Claim]:
        """Return claims, by address; ``owner`` may be an alias."""

        def work(session: Session) -> list[Claim]:
            if owner:
                found: Iterable[Claim] = sorted(session.claims_named(name_key(owner)), key=lambda claim: claim.address)
            elif address is not None:
                found = session.claims_between(address, address)
            else:
                found = session.claims_between(0, (1 << 48) - 1)
            return [
                claim
                for claim in found
                if (not pool or claim.pool == pool)
                and (not states or claim.state in states)
                and (address is None or claim.address == address)
            ]

        return self._store.read(work)

    def claims_at(self, when: int) -> list[Claim]:
        """Return the claims as they were at a time, by address."""
        claims = (claim_from(entry.after) for entry in self._store.read(lambda session: session.claim_entries(when)))
        return [claim for claim in claims if claim.state != "gone"]

    def leases(self) -> list[Lease]:
        """Return the leases, active and retired, by address."""
        return self._store.read(lambda session: session.leases())

    def hosts(self) -> list[KnownHost]:
        """Return what is known of the hosts."""
        return self._store.read(lambda session: session.hosts())

    def history(
        self, *, address: int | None = None, owner: str = "", kind: str = "", newest: int | None = None
    ) -> list[Entry]:
        """Return entries of the history in order."""
        key = name_key(owner) if owner else None
        return self._store.read(lambda session: session.history(address, key, kind or None, newest))

    def usage(self) -> list[Usage]:
        """Return how full each pool of the plan is, and the static part of each host's block."""
        plan = self._plan()

        def work(session: Session) -> list[Usage]:
            lands = [(pool.name, pool.land, pool.warn_at) for pool in plan.pools.values()]
            if plan.host_ranges is not None:
                lands += [
                    (
                        f"{HOST_POOL_PREFIX}{lease.host}",
                        IntervalSet([(lease.dynamic_end + 1, lease.end)]),
                        plan.host_ranges.warn_at,
                    )
                    for lease in session.leases()
                    if lease.state == "active" and lease.dynamic_end < lease.end
                ]
            return [usage_of(session, name, land, warn_at) for name, land, warn_at in lands]

        return self._store.read(work)

    # --- care ---------------------------------------------------------------------------------------------------------

    def verify(self) -> list[str]:
        """Return what is wrong: with the database, with the chain of the history, between history and state."""
        problems = self._store.verify()
        return problems or self._store.read(replay_problems)

    def backup(self, destination: str, *, preview: bool = False) -> str:
        """Copy the ledger into a new file, and return its path."""
        target = str(Path(destination).expanduser().absolute())
        self._store.backup(target, preview=preview)
        return target

    @classmethod
    def restore(
        cls,
        location: str | None,
        scope: str,
        backup: str,
        job: Job,
        plan: Plan | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        *,
        preview: bool = False,
    ) -> Ledger | None:
        """Put a backup in the place of the ledger, which may be missing or damaged, and say so in the history.

        What was promised since the backup is lost: observe all hosts afterwards and adopt what they carry.

        :return: the restored ledger; None from a preview
        """
        origin = Path(backup).expanduser().absolute()
        store = store_at(location, scope, timeout)
        with tempfile.TemporaryDirectory(prefix="macpool-") as folder:
            # A copy: the backup may lie on a network file system, or where nothing can be written beside it.
            copy = Path(folder) / "backup"
            _copy_database(origin, copy)
            restored_id = _checked_backup(origin, copy, scope, timeout)
            lost = _newest_known(store)
            if lost is not None and lost[0] != restored_id:
                raise LedgerExists(
                    f'ledger "{store.location}"',
                    f"the ledger that the backup is of (id {restored_id}), or none",
                    f"another ledger (id {lost[0]})",
                    "Move it away first, if it really shall be replaced.",
                )
            if preview:
                return None
            store.replace_with(str(copy))
        ledger = cls(store, scope, plan)
        store.open(scope)
        ledger._acknowledge(job, "restored", {"from": str(origin), "lost_sequence": lost[1] if lost else None})
        return ledger

    def accept_rollback(self, job: Job, *, preview: bool = False) -> bool:
        """Take a ledger that was put back as the truth, so that it can be written again; False when it was not."""
        gap = self._store.rolled_back()
        if not gap:
            return False
        self._acknowledge(job, "rollback accepted", {"found": gap}, preview)
        return True

    def _acknowledge(self, job: Job, action: str, after: Mapping[str, Any], preview: bool = False) -> None:
        self._store.write(
            lambda session: session.log("ledger", action, job, after, None, ""), preview=preview, acknowledge=True
        )

    # --- text ---------------------------------------------------------------------------------------------------------

    def export_text(self) -> str:
        """Return all claims and leases as sorted lines: the same text for the same promises."""

        def work(session: Session) -> str:
            claims = session.claims_between(0, (1 << 48) - 1)
            return export_lines(session.scope, claims, session.leases())

        return self._store.read(work)

    def import_text(self, text: str, job: Job, *, preview: bool = False) -> list[Outcome | LeaseOutcome]:
        """Take over what an export holds. What is there already stays; what contradicts it is refused.

        :raises MacPoolError: naming every line that is wrong, or both owners where two disagree; then nothing is written
        """
        claims, leases = parse_text(text, self.scope)

        def work(session: Session) -> list[Outcome | LeaseOutcome]:
            outcomes: list[Outcome | LeaseOutcome] = []
            errors: list[MacPoolError] = []
            for claim in claims:
                try:
                    outcomes.append(import_claim(session, claim, job))
                except MacPoolError as error:
                    errors.append(error)
            for lease in leases:
                try:
                    outcomes.append(import_lease(session, lease, job))
                except MacPoolError as error:
                    errors.append(error)
            raise_all("import", errors)
            return outcomes

        return self._store.write(work, preview=preview)

    def _plan(self) -> Plan:
        if self.plan is None:
            raise MacPoolError("the plan", "a plan", "none", "Give macpool_plan, or the option plan of the task.")
        return self.plan


def _observe(session: Session, plan: Plan, pictures: Sequence[HostPicture], job: Job) -> Observed:
    accept(session, plan, job)
    take_in(session, pictures)
    outcomes = []
    for before, after in settled(session, plan):
        how = {"applied": "confirmed", "quarantined": "quarantined", "gone": "gone"}[after.state]
        outcomes.append(change(session, before, after, f"observed: {how}", job, how=how))
    leases = []
    for lease in ended_leases(session, plan):
        ended = replace(lease, state="gone", generation=lease.generation + 1, since=session.now)
        session.save_lease(ended)
        session.log("lease", "observed: gone", job, lease_record(ended), None, ended.host)
        leases.append(LeaseOutcome(ended, lease, changed=True))
    return Observed(tuple(outcomes), tuple(leases), unproven(session, plan))


def _copy_database(origin: Path, copy: Path) -> None:
    """Copy a database file, with its write-ahead log where somebody copied that too."""
    try:
        shutil.copyfile(origin, copy)
        if Path(f"{origin}-wal").exists():
            shutil.copyfile(f"{origin}-wal", f"{copy}-wal")
    except OSError as error:
        raise LedgerMissing(f'backup "{origin}"', "a backup", str(error.strerror), "Give the path of one.") from error


def _checked_backup(origin: Path, copy: Path, scope: str, timeout: float) -> str:
    """Return the id of the ledger that a backup is of."""
    subject = f'backup "{origin}"'
    try:
        with Ledger.open(str(copy), scope, timeout=timeout) as ledger:
            problems = ledger.verify()
            ledger_id = ledger.info().id
    except LedgerForeign as error:
        # The remedies for a ledger, such as making one, are none for a backup.
        wanted = f"a backup of the ledger of scope {quoted(scope)}"
        raise LedgerForeign(subject, wanted, error.found, "Give the path of one.") from error
    if problems:
        raise LedgerDamaged(subject, "a backup in order", "; ".join(problems[:3]), "Restore another backup.")
    return ledger_id


def _newest_known(store: Store) -> tuple[str, int] | None:
    """Return id and sequence of the ledger that is to be replaced, as far as it can be read."""
    try:
        return store.read(lambda session: (session.ledger_id, session.sequence))
    except MacPoolError:
        return None
    finally:
        store.close()


def _check_scope(scope: str, plan: Plan | None) -> None:
    if not scope:
        raise MacPoolError("the ledger", "a scope", "none", "Give macpool_plan, or the option scope of the task.")
    if plan is not None and plan.scope != scope:
        raise LedgerForeign(
            "the plan", f"scope {quoted(scope)}", f"scope {quoted(plan.scope)}", "Use the plan of that scope."
        )


def _is_nameless(request: Request) -> bool:
    return not request.owner and request.identity is not None


def _with_checked_owner(request: Request) -> Request:
    checked_owner(request.owner)
    return request
