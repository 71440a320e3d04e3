# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: who was promised which address. One set of rules for every backend.

    with Ledger.open(settings.ledger_url(), plan.scope, plan) as ledger:
        began = ledger.now()                                # before observing
        ledger.observe([observation(observation, began)], job)    # _observation.sightings makes it from an observation
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

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._errors import MacPoolError, collected
from .._plan.model import ADOPTED, HOST_POOL_PREFIX, Plan
from .._text import quoted
from .changes import confirm, declare_gone, hold, rebind, release, renew, unhold
from .ensure import Ensuring, ensure
from .errors import LedgerForeign, LedgerMissing
from .journal import change, claim_from, intent_record, keep_lease
from .leases import lease, retire
from .model import (
    Claim,
    ClaimName,
    Confirmation,
    Entry,
    HostSightings,
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
)
from .observe import forget_hosts, observe, unknown_host
from .places import sqlite_path
from .plans import accept
from .reader import Reader
from .restore import replay_problems, restore
from .sqlite import care
from .sqlite.database import DEFAULT_TIMEOUT
from .sqlite.session import SKEW, Session
from .sqlite.store import SqliteStore
from .text import export_lines, import_all, parse_text
from .usage import Usage, pool_usage, pools

DAY = 24 * 3600


class Ledger(Reader):
    """A ledger, and the plan that it is used with."""

    store: SqliteStore

    def __init__(self, store: SqliteStore, scope: str, plan: Plan | None = None) -> None:
        """Use a store that is open.

        :param plan: needed by whatever hands out, leases, observes or counts
        """
        super().__init__(store, scope)
        self.plan = plan

    # --- life ---------------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        location: str | None,
        scope: str,
        job: Job,
        plan: Plan | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        *,
        witness: str = "",
    ) -> Ledger:
        """Make an empty ledger. Nothing else ever makes one.

        :param location: ``sqlite:///path``, a path, or None for the default place of the scope
        :param witness: a directory for a second witness; empty for none
        :raises LedgerExists: when something is at that place
        """
        _check_scope(scope, plan)
        path = sqlite_path(location, scope)
        return cls(SqliteStore.create(path, scope, job, timeout=timeout, witness=witness), scope, plan)

    @classmethod
    def open(
        cls,
        location: str | None,
        scope: str,
        plan: Plan | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        *,
        witness: str = "",
    ) -> Ledger:
        """Open a ledger.

        :param timeout: seconds to wait for a turn to write
        :param witness: a directory for a second witness; empty for none
        :raises LedgerError: when there is none, or not the right one, or a damaged one
        """
        _check_scope(scope, plan)
        store = SqliteStore.at(location, scope, timeout)
        store.witness_place = witness
        store.open(scope)
        return cls(store, scope, plan)

    @staticmethod
    def place(location: str | None, scope: str) -> str:
        """Return where a ledger is, or would be."""
        return str(sqlite_path(location, scope))

    @property
    def location(self) -> str:
        """Where the ledger is."""
        return self.store.location

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know, such as that the ledger was put back to an earlier state."""
        return self.store.warnings()

    def info(self) -> LedgerInfo:
        """Return what the ledger is and how much is in it."""

        def work(session: Session) -> LedgerInfo:
            plan = session.current_plan()
            first = session.entry(1)
            return LedgerInfo(
                url=self.location,
                scope=session.scope,
                id=session.ledger_id,
                created=first.at if first else 0,
                sequence=session.sequence,
                generation=plan.generation if plan else 0,
                claims=sum(session.count_claims(0, (1 << 48) - 1).values()),
                leases=len(session.leases()),
                hosts=len(session.hosts()),
            )

        return self.store.read(work)

    def now(self) -> int:
        """Return the ledger's clock: to be asked before an observation begins."""
        return self.store.read(lambda session: session.clock)

    # --- the plan -----------------------------------------------------------------------------------------------------

    def accept_plan(self, job: Job, *, force: bool = False, preview: bool = False) -> PlanGeneration:
        """Make the plan the one that is in force, as every task that hands something out does by itself.

        :param force: go back to an earlier plan
        :raises PlanOutdated: for an earlier plan without ``force``
        :raises PlanConflict: when a range with claims or leases on it would change its kind
        """
        plan = self._plan()
        return self.store.write(lambda session: accept(session, plan, job, force=force), preview=preview)

    def plan_generation(self) -> PlanGeneration | None:
        """Return the plan that is in force; None before the first."""
        return self.store.read(lambda session: session.current_plan())

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
        self, requests: Sequence[Request], job: Job, *, reserve_for: int | None = DAY, preview: bool = False
    ) -> list[Outcome]:
        """Give each owner its address: the one it has, or had, or a new one.

        :param reserve_for: seconds until a new reservation must be shown to be used, or becomes suspect; None: never
        """
        plan = self._plan()
        return self.store.write(lambda session: ensure(session, plan, requests, job, reserve_for), preview=preview)

    def renew(
        self, renewals: Sequence[Renewal], job: Job, *, reserve_for: int | None = DAY, preview: bool = False
    ) -> list[Outcome]:
        """Ask for claims again right before they are applied, and mark them as unsure until confirmed.

        :raises StaleClaim: when one has moved on; then nothing is written
        """
        return self.store.write(
            lambda session: [renew(session, renewal, job, reserve_for) for renewal in renewals], preview=preview
        )

    def confirm(self, confirmations: Sequence[Confirmation], job: Job, *, preview: bool = False) -> list[Outcome]:
        """Note that addresses were read back from the adapters they were promised to.

        :raises StaleClaim: when a claim has moved on, unless it is known to be applied already
        """
        return self.store.write(
            lambda session: [confirm(session, confirmation, job) for confirmation in confirmations], preview=preview
        )

    def release(
        self, targets: Sequence[ClaimName], job: Job, *, declared_gone: bool = False, preview: bool = False
    ) -> list[Outcome | None]:
        """Take addresses back: first they are looked for (``releasing``), then kept from others for a while.

        :param declared_gone: the caller knows that no adapter carries them any more; the history says so
        :return: one item a target; None where there is nothing to release
        """
        if not declared_gone:
            return self.store.write(
                lambda session: [release(session, target, job) for target in targets], preview=preview
            )
        plan = self._plan()

        def work(session: Session) -> list[Outcome | None]:
            accept(session, plan, job)
            return [declare_gone(session, plan, target, job) for target in targets]

        return self.store.write(work, preview=preview)

    def hold(self, requests: Sequence[Request], job: Job, *, preview: bool = False) -> list[Outcome]:
        """Set addresses aside, each with its note: they are not handed out until they are unheld.

        :raises OwnerConflict: for an address that is promised to an owner; then nothing is written
        """
        return self.store.write(
            lambda session: collected("claims", requests, lambda request: hold(session, self.plan, request, job)),
            preview=preview,
        )

    def unhold(self, addresses: Sequence[int], job: Job, *, preview: bool = False) -> list[Outcome | None]:
        """Let go of addresses that were set aside; None where there is nothing to let go of."""
        return self.store.write(
            lambda session: [unhold(session, address, job) for address in addresses], preview=preview
        )

    def rebind(self, requests: Sequence[Request], job: Job, *, preview: bool = False) -> list[Outcome]:
        """Bind claims to other ids: VMs were replaced, or adapters re-created.

        :raises MacPoolError: for a claim that does not exist, or ids of another one; then nothing is written
        """
        return self.store.write(
            lambda session: collected("claims", requests, lambda request: rebind(session, request, job)),
            preview=preview,
        )

    # --- leases -------------------------------------------------------------------------------------------------------

    def lease(self, job: Job, hosts: Sequence[str] | None = None, *, preview: bool = False) -> list[LeaseOutcome]:
        """Give each host its block: the one it has, or the first that it may have.

        :param hosts: of the plan's hosts; default all of them
        :raises PoolFull: when no block is left for one of them
        """
        plan = self._plan()
        return self.store.write(lambda session: lease(session, plan, hosts, job), preview=preview)

    def retire(self, hosts: Sequence[str], job: Job, *, preview: bool = False) -> list[LeaseOutcome]:
        """Retire the blocks of hosts: no longer theirs, and no other host's while an adapter carries an address of it."""
        return self.store.write(lambda session: [retire(session, host, job) for host in hosts], preview=preview)

    # --- observation --------------------------------------------------------------------------------------------------

    def observe(self, observations: Iterable[HostSightings], job: Job, *, preview: bool = False) -> Observed:
        """Keep the newest sightings of hosts, and settle what they prove: what is used, what is gone."""
        plan, observations = self._plan(), list(observations)
        return self.store.write(lambda session: observe(session, plan, observations, job), preview=preview)

    def adopt(
        self,
        observations: Iterable[HostSightings],
        adoptions: Sequence[tuple[Request, str]],
        job: Job,
        *,
        preview: bool = False,
    ) -> tuple[Observed, list[Outcome | MacPoolError]]:
        """Observe, then promise addresses to those who were seen with them, as applied claims: all in one transaction.

        :param adoptions: requests with an address, each with the evidence that its owner carries it
        :return: what the observation changed, and for each adoption its outcome, or why the ledger refuses it
        """
        plan, observations = self._plan(), list(observations)

        def work(session: Session) -> tuple[Observed, list[Outcome | MacPoolError]]:
            observed = observe(session, plan, observations, job)
            found = Ensuring(session, plan, job, None).each([request for request, _evidence in adoptions])
            for number, (request, evidence) in enumerate(adoptions):
                if isinstance(outcome := found[number], Outcome):
                    confirmed = confirm(session, Confirmation(outcome.claim.fence, evidence, request.identity), job)
                    changed = outcome.changed or confirmed.changed
                    found[number] = outcome._replace(claim=confirmed.claim, changed=changed)
            return observed, found

        return self.store.write(work, preview=preview)

    def forget_hosts(self, hosts: Sequence[str], job: Job, *, preview: bool = False) -> list[KnownHost]:
        """Forget hosts that no longer exist, with all that was last seen on them, and return those that were known.

        :raises UnknownHost: when the ledger never knew one of them; then none is forgotten
        """
        return self.store.write(lambda session: forget_hosts(session, hosts, job), preview=preview)

    # --- audits -------------------------------------------------------------------------------------------------------

    def note_audit(self, counts: Mapping[str, Any], job: Job, *, preview: bool = False) -> int:
        """Keep the counts of an audit in the history, for the trend, and return the number of the entry."""
        return self.store.write(lambda session: session.log("audit", "counted", job, counts, None, ""), preview=preview)

    def audits(self, newest: int) -> list[Mapping[str, Any]]:
        """Return the counts of the newest audits, the oldest first."""
        return [entry.after for entry in self.history(kind="audit", newest=newest)]

    # --- intents ------------------------------------------------------------------------------------------------------

    def intend(self, host: str, vm_id: str, job: Job, *, kind: str = "restart") -> Intent:
        """Note, before it is begun, what must be finished even when this job dies, such as a VM to start again."""

        def work(session: Session) -> Intent:
            intent = Intent(session.sequence + 1, host, vm_id.lower(), kind, "", session.now, job.name)
            session.add_intent(intent)
            session.log("intent", "begun", job, intent_record(intent, is_open=True), None, "")
            return intent

        return self.store.write(work)

    def open_intents(self) -> list[Intent]:
        """Return what was begun and not finished, the oldest first."""
        return self.store.read(lambda session: session.intents())

    def finish_intent(self, intent_id: int, job: Job) -> bool:
        """Note that it is finished; False when it was already."""

        def work(session: Session) -> bool:
            found = [intent for intent in session.intents() if intent.id == intent_id]
            for intent in found:
                session.delete_intent(intent_id)
                session.log("intent", "finished", job, intent_record(intent, is_open=False), None, "")
            return bool(found)

        return self.store.write(work)

    # --- questions ----------------------------------------------------------------------------------------------------

    def claims_at(self, when: int) -> list[Claim]:
        """Return the claims as they were at a time, by address."""
        claims = (claim_from(entry.after) for entry in self.store.read(lambda session: session.claim_entries(when)))
        return [claim for claim in claims if claim.state != "gone"]

    def leases(self) -> list[Lease]:
        """Return the leases, active and retired, by address."""
        return self.store.read(lambda session: session.leases())

    def hosts(self) -> list[KnownHost]:
        """Return what is known of the hosts."""
        return self.store.read(lambda session: session.hosts())

    def last_seen(self) -> list[int]:
        """Return the addresses that were last seen on anything."""
        return self.store.read(lambda session: [item.address for item in session.sightings_between(1, (1 << 48) - 1)])

    def history(self, *, kind: str = "", newest: int | None = None) -> list[Entry]:
        """Return entries of the history in order."""
        return self.store.read(lambda session: session.history(kind, newest))

    def usage(self) -> list[Usage]:
        """Return how full each pool of the plan is, and the static part of each host's block."""
        plan = self._plan()

        def work(session: Session) -> list[Usage]:
            kept = pools(plan, session.leases())
            stretches = [stretch for pool in kept for stretch in pool.addresses]
            claims = (claim for stretch in stretches for claim in session.claims_between(*stretch))
            seen = (item.address for stretch in stretches for item in session.sightings_between(*stretch))
            return pool_usage(kept, claims, seen, session.clock)

        return self.store.read(work)

    # --- care ---------------------------------------------------------------------------------------------------------

    def verify(self) -> list[str]:
        """Return what is wrong: with the database, with the chain of the history, between history and state."""
        problems = care.verify(self.store)
        return problems or self.store.read(replay_problems)

    def backup(self, destination: str, *, preview: bool = False) -> str:
        """Copy the ledger into a new file, and return its path."""
        return care.backup(self.store, destination, preview=preview)

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
        witness: str = "",
        preview: bool = False,
    ) -> Ledger | None:
        """Put a backup in the place of the ledger, which may be missing or damaged, and say so in the history.

        What was promised since the backup is lost: observe all hosts afterwards and adopt what they carry.

        :return: the restored ledger; None from a preview
        """
        store = SqliteStore.at(location, scope, timeout)
        store.witness_place = witness
        restore(store, scope, backup, job, timeout, preview=preview)
        return None if preview else cls(store, scope, plan)

    def accept_rollback(self, job: Job, *, preview: bool = False) -> bool:
        """Take a ledger that was put back as the truth, so that it can be written again; False when it was not."""
        gap = self.store.rolled_back()
        if not gap:
            return False
        self.store.write(
            lambda session: session.log("ledger", "rollback accepted", job, {"found": gap}, None, ""),
            preview=preview,
            acknowledge=True,
        )
        return True

    def correct_times(self, job: Job, *, preview: bool = False) -> int:
        """Bring what lies in the future, because a clock was wrong, back to now; return how many claims and leases changed.

        Terms keep their length. Observations of that time count as never made.
        """

        def work(session: Session) -> int:
            if not session.future():
                return 0
            limit, count = session.clock + SKEW, 0
            session.now = session.clock
            for claim in [item for item in session.claims_between(0, (1 << 48) - 1) if item.since > limit]:
                until = None if claim.until is None else session.now + max(claim.until - claim.since, 0)
                after = claim._replace(generation=claim.generation + 1, since=session.now, until=until)
                change(session, claim, after, "time corrected", job)
                count += 1
            for block in [item for item in session.leases() if item.since > limit]:
                after_block = block._replace(generation=block.generation + 1, since=session.now)
                keep_lease(session, block, after_block, "time corrected", job)
                count += 1
            session.forget_future()
            session.log("ledger", "times corrected", job, {"changed": count}, None, "")
            return count + 1

        return self.store.write(work, preview=preview)

    # --- text ---------------------------------------------------------------------------------------------------------

    def export_text(self) -> str:
        """Return all claims and leases as sorted lines: the same text for the same promises."""

        def work(session: Session) -> str:
            claims = session.claims_between(0, (1 << 48) - 1)
            return export_lines(session.scope, claims, session.leases())

        return self.store.read(work)

    def import_text(self, text: str, job: Job, *, preview: bool = False) -> list[Outcome | LeaseOutcome]:
        """Take over what an export holds. What exists already stays; what contradicts it is refused.

        :raises MacPoolError: naming every line that is wrong, or both owners where two disagree; then nothing is written
        """
        claims, leases = parse_text(text, self.scope)

        return self.store.write(lambda session: import_all(session, claims, leases, job), preview=preview)

    def _plan(self) -> Plan:
        if self.plan is None:
            raise MacPoolError("the plan", "a plan", "none", "Give macpool_plan, or the option plan of the task.")
        return self.plan


def _check_scope(scope: str, plan: Plan | None) -> None:
    if not scope:
        raise MacPoolError("the ledger", "a scope", "none", "Give macpool_plan, or the option scope of the task.")
    if plan is not None and plan.scope != scope:
        raise LedgerForeign(
            "the plan", f"scope {quoted(scope)}", f"scope {quoted(plan.scope)}", "Use the plan of that scope."
        )


class Present(NamedTuple):
    """What became of it; no ledger when a preview found none."""

    ledger: Ledger | None
    changed: bool


def bring_present(
    opened: Callable[[], Ledger],
    created: Callable[[], Ledger],
    job: Job,
    *,
    accept_rollback: bool = False,
    forget_hosts: Sequence[str] = (),
    accept_plan: bool = False,
    correct_times: bool = False,
    preview: bool = False,
) -> Present:
    """Create the ledger if it is missing, then do what is asked for, in the order of the parameters.

    :param opened: opens the ledger
    :param created: creates it
    :param accept_rollback: take a ledger that was put back to an earlier state as the truth
    :param accept_plan: accept the plan even if it is an earlier one
    :param correct_times: bring what lies in the future back to now
    """
    changed = False
    try:
        ledger = opened()
    except LedgerMissing:
        if forget_hosts:
            raise unknown_host(forget_hosts[0], ()) from None
        if preview:
            return Present(None, changed=True)
        ledger, changed = created(), True
    if accept_rollback and ledger.accept_rollback(job, preview=preview):
        changed = True
        if preview:  # the ledger still refuses to be written, so that nothing else can be predicted
            return Present(ledger, changed)
    if correct_times:
        changed |= ledger.correct_times(job, preview=preview) > 0
    if forget_hosts:
        changed |= bool(ledger.forget_hosts(forget_hosts, job, preview=preview))
    before = ledger.plan_generation()
    after = ledger.accept_plan(job, force=accept_plan, preview=preview)
    return Present(ledger, changed or before is None or before.generation != after.generation)
