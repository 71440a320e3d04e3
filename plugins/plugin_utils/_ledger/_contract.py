# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger and its backends agree on: the things kept, the errors, and what a backend must do.

Times are whole milliseconds since 1970 in UTC by the database's own clock; ``iso`` prints them. Addresses are ints.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import format_mac

State = Literal["reserved", "applied", "releasing", "quarantined", "held", "gone"]
LIVE: tuple[State, ...] = ("reserved", "applied")
"""States in which the address is promised to its owner, who has at most one such claim."""
SightingKind = Literal["vm", "checkpoint", "replica", "host", "physical", "interface"]
"""An interface of a Network Controller keeps its address from being chosen; whose it is, its records do not tell."""
LeaseState = Literal["active", "retired", "gone"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """Who writes: goes into the history."""

    name: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """A VM's adapter for good. The cluster is information: a VM keeps its ids when it moves to another one."""

    vm_id: str
    adapter_id: str
    cluster: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vm_id", self.vm_id.lower())
        object.__setattr__(self, "adapter_id", self.adapter_id.lower())


@dataclass(frozen=True, slots=True)
class Push:
    """An address on its way to an adapter: until confirmed or seen, nobody knows whether it arrived."""

    host: str
    vm_id: str
    adapter_id: str


@dataclass(frozen=True, slots=True)
class Request:
    """One wish for an address.

    ``owner`` is ``<vm>/<adapter>``, or empty when only the identity is known. ``pool`` may be empty when an address is
    given, or when the plan has one pool only. ``adopt`` takes an address as it is found on the owner's adapter,
    wherever it lies.
    """

    owner: str
    pool: str = ""
    address: int | None = None
    identity: Identity | None = None
    note: str = ""
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """An address and to whom it is promised.

    ``generation`` counts what a waiting job must know of; evidence that the owner carries the address does not count.
    ``pushing`` is set while nobody knows whether the address reached the adapter.
    """

    address: int
    owner: str
    pool: str
    state: State
    generation: int
    since: int
    until: int | None = None
    job: str = ""
    evidence: str = ""
    note: str = ""
    identity: Identity | None = None
    aliases: tuple[str, ...] = ()
    pushing: Push | None = None

    @property
    def live(self) -> bool:
        """Whether the address is promised to its owner now."""
        return self.state in LIVE

    @property
    def unsure(self) -> bool:
        """Whether the address was being pushed and nobody knows whether it arrived."""
        return self.pushing is not None


@dataclass(frozen=True, slots=True)
class Lease:
    """A block of addresses for one host. Hyper-V hands out ``start``..``dynamic_end``; the rest is static land."""

    host: str
    start: int
    end: int
    dynamic_end: int
    state: LeaseState
    generation: int
    since: int


@dataclass(frozen=True, slots=True)
class LeaseOutcome:
    """What became of a host's lease; ``remark`` says what a reader should know of it, or is empty."""

    lease: Lease
    before: Lease | None
    changed: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Who carries an address. The address 0 belongs to an adapter that never started; it tells that the VM exists."""

    address: int
    kind: SightingKind
    vm_id: str = ""
    vm_name: str = ""
    adapter_id: str = ""
    adapter_name: str = ""
    dynamic: bool | None = None
    running: bool | None = None
    host: str = ""
    """Filled in by the ledger."""


@dataclass(frozen=True, slots=True)
class HostPicture:
    """What one host was seen to carry.

    ``observed_at`` is when the observation began, by the ledger's clock (``Ledger.now()`` taken before observing), or
    what a saved document says; it counts as now when it lies in the future.
    """

    host: str
    observed_at: int
    complete: bool
    sightings: tuple[Sighting, ...] = ()
    why_incomplete: str = ""
    range_start: int | None = None
    range_end: int | None = None
    ipv4: tuple[str, ...] = ()
    cluster: str = ""
    cluster_nodes: tuple[str, ...] = ()
    owners: str = ""
    """A digest of the cluster's map of which node owns which VM, as this host's document has it."""


@dataclass(frozen=True, slots=True)
class KnownHost:
    """What the ledger keeps of a host: its newest picture, without the sightings.

    ``observed_at`` is None for a host that was only named, as a cluster node, and never observed.
    """

    host: str
    observed_at: int | None
    complete: bool
    complete_at: int | None
    why_incomplete: str = ""
    range_start: int | None = None
    range_end: int | None = None
    ipv4: tuple[str, ...] = ()
    cluster: str = ""
    cluster_nodes: tuple[str, ...] = ()
    owners: str = ""
    facts_at: int | None = None
    """When the range, the addresses and the cluster were read last."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim.

    ``how``: ``claimed``, ``revived``, ``kept``, ``bound`` (ids learnt), ``renamed`` (a name learnt), ``noted``,
    ``refreshed`` (its reservation had run out), ``renewed``, ``confirmed``, ``released``, ``quarantined``, ``held``,
    ``unheld``, ``rebound``, ``adopted``, ``imported``, ``gone``.
    """

    claim: Claim
    before: Claim | None
    changed: bool
    how: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A claim as a job last saw it; anything else by now is a stale claim."""

    address: int
    owner: str
    generation: int


@dataclass(frozen=True, slots=True)
class Renewal:
    """Ask for a claim again right before it is applied."""

    fence: Fence
    pushing: Push | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """An address was read back from the adapter it was promised to."""

    fence: Fence
    evidence: str
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A claim named by its owner, its address, or both; with a generation, only if nothing happened since."""

    owner: str = ""
    address: int | None = None
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """Something begun on a host that must be finished even when the job dies, such as a VM to start again."""

    id: int
    host: str
    vm_id: str
    kind: str
    note: str
    since: int
    job: str


@dataclass(frozen=True, slots=True)
class PlanGeneration:
    """A plan that the ledger accepted."""

    generation: int
    digest: str
    since: int
    job: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of history: what somebody did, and how the thing looked afterwards."""

    sequence: int
    at: int
    kind: str
    action: str
    address: int | None
    owner: str
    job: str
    user: str
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a range is."""

    pool: str
    size: int
    by_state: Mapping[str, int]
    carried: int
    """Addresses last seen on somebody without a claim."""
    free: int
    percent: float
    warn_at: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observation changed, and which hosts keep absence from being proven, with the reason of each."""

    outcomes: tuple[Outcome, ...]
    leases: tuple[LeaseOutcome, ...]
    unproven: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Everything the ledger knows of an address, now or at a time."""

    address: int
    claim: Claim | None
    lease: Lease | None
    sightings: tuple[Sighting, ...]
    """Who was last seen with it; only of now."""
    entries: tuple[Entry, ...]
    """Its history, up to that time."""


@dataclass(frozen=True, slots=True)
class LedgerInfo:
    """What a ledger is."""

    location: str
    id: str
    scope: str
    created: int
    sequence: int
    plan_generation: int
    claims: int
    leases: int
    hosts: int
    warnings: tuple[str, ...]


def iso(time: int) -> str:
    """Return a time of the ledger as text."""
    moment = dt.datetime.fromtimestamp(time // 1000, dt.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time % 1000:03d}Z"


def from_iso(text: str) -> int:
    """Return the time that a document spells; a time without a zone is UTC."""
    moment = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.timezone.utc)
    return int(moment.timestamp() * 1000)


def quoted(text: str) -> str:
    """Return a name for a message: hostile characters are spelt out."""
    return f'"{text}"' if text.isprintable() else ascii(text)


def describe(claim: Claim) -> str:
    """Return a claim as words for a message."""
    until = f" until {iso(claim.until)}" if claim.until is not None else ""
    if claim.state == "quarantined" and claim.until is None:
        until = " for good"
    whose = f" by {quoted(claim.owner)}" if claim.owner else ""
    verb = {"held": "set aside", "quarantined": "in quarantine, last used"}.get(claim.state, claim.state)
    why = f" ({claim.note})" if claim.state == "held" and claim.note else ""
    return f"{format_mac(claim.address, 'dash')} {verb}{whose} since {iso(claim.since)}{until}{why}"


# --- errors -----------------------------------------------------------------------------------------------------------


class LedgerError(MacPoolError):
    """The ledger itself cannot be used."""


class LedgerMissing(LedgerError):
    """There is nothing where the ledger should be."""


class LedgerExists(LedgerError):
    """There is something where a new ledger should be made."""


class LedgerForeign(LedgerError):
    """Not a ledger, or the ledger of another scope."""


class LedgerNewer(LedgerError):
    """Written by a newer version of the collection."""


class LedgerRolledBack(LedgerError):
    """Operations that were acknowledged are missing: a backup or a snapshot was put back."""


class LedgerOnNetworkFileSystem(LedgerError):
    """On a file system whose locks and shared memory cannot be trusted."""


class LedgerEphemeral(LedgerError):
    """In a place that vanishes with the container."""


class LedgerDamaged(LedgerError):
    """The database or its history contradicts itself."""


class LedgerLocked(LedgerError):
    """Somebody else kept the ledger busy for too long."""


class LedgerReadOnly(LedgerError):
    """The file or its directory cannot be written."""


class PlanOutdated(MacPoolError):
    """The job works with an earlier plan than the one that the ledger last accepted."""


class PlanConflict(MacPoolError):
    """The plan gives land with claims or leases on it to somebody else."""


class OwnerConflict(MacPoolError):
    """The address is promised to, or carried by, somebody else."""


class OwnerHasOther(MacPoolError):
    """The owner already has another address."""


class BadOwner(MacPoolError):
    """No usable name of an owner."""


class NotInPool(MacPoolError):
    """The address is not one that the pool hands out."""


class PoolFull(MacPoolError):
    """No address, or no block, is left."""


class StaleClaim(MacPoolError):
    """The claim has moved on since the job last saw it."""


class RebindNeeded(MacPoolError):
    """The name comes with other ids than those it is bound to, and somebody has to say that this is right."""


class PictureTooOld(MacPoolError):
    """The plan asks for a newer or more complete observation before addresses are handed out."""


class NoLease(MacPoolError):
    """The host has no lease."""


# --- backends ---------------------------------------------------------------------------------------------------------


class Session(Protocol):
    """One transaction. Reads see what the same session wrote."""

    now: int
    """The database's clock when the transaction began; never before the newest entry of the history."""
    ledger_id: str
    scope: str

    @property
    def sequence(self) -> int:
        """The number of the newest entry of the history."""

    def claim_at(self, address: int) -> Claim | None:
        """Return the claim on an address."""

    def claims_named(self, key: str) -> list[Claim]:
        """Return the claims whose owner or alias has this key (``name_key``), the newest first; none that is held."""

    def claims_of_adapter(self, identity: Identity) -> list[Claim]:
        """Return the claims bound to these ids, the newest first."""

    def claims_between(self, start: int, end: int) -> Iterable[Claim]:
        """Return the claims on a stretch of addresses, by address."""

    def unsettled_claims(self) -> list[Claim]:
        """Return the claims that an observation may change: all but those held, and those applied, bound and sure."""

    def insert_claim(self, claim: Claim) -> None:
        """Add a claim on an address that has none."""

    def update_claim(self, claim: Claim, generation: int) -> None:
        """Replace the claim on this address, if it still has that generation; delete it when it is now gone.

        :raises StaleClaim: when it has another one
        """

    def count_claims(self, start: int, end: int) -> dict[str, int]:
        """Return the number of claims on a stretch of addresses, by state."""

    def taken(self, start: int, end: int, limit: int) -> list[int]:
        """Return the addresses of a stretch with a claim of any state or a sighting: sorted, at most ``limit``."""

    def count_carried(self, start: int, end: int) -> int:
        """Return how many addresses of a stretch were seen and have no claim."""

    def leases(self) -> list[Lease]:
        """Return all leases, by start."""

    def leases_between(self, start: int, end: int) -> list[Lease]:
        """Return the leases that share an address with a stretch."""

    def save_lease(self, lease: Lease) -> None:
        """Add or replace the lease that starts there; delete it when it is gone."""

    def hosts(self) -> list[KnownHost]:
        """Return all hosts ever recorded and not forgotten, by name."""

    def save_host(self, host: KnownHost, instead_of: str) -> None:
        """Add what is known of a host, or put it in the place of what is known under a name (it may be another)."""

    def delete_host(self, host: str) -> None:
        """Forget a host and its sightings."""

    def add_sightings(self, host: str, observed_at: int, sightings: Iterable[Sighting]) -> None:
        """Add what was seen at a time to a host's sightings; what is there already gets the newer time."""

    def drop_sightings(self, host: str, before: int) -> None:
        """Delete a host's sightings that are older than a time."""

    def sightings_at(self, address: int) -> list[Sighting]:
        """Return who was seen with an address."""

    def sightings_between(self, start: int, end: int) -> Iterable[Sighting]:
        """Return who was seen with an address of a stretch, by address."""

    def sightings_of_vm(self, vm_id: str) -> list[Sighting]:
        """Return what was seen of a VM, on any host, with any address."""

    def plans(self) -> list[PlanGeneration]:
        """Return the generations of the plan, the newest first."""

    def add_plan(self, plan: PlanGeneration) -> None:
        """Add a generation of the plan."""

    def current_plan(self) -> PlanGeneration | None:
        """Return the newest generation of the plan."""

    def intents(self) -> list[Intent]:
        """Return the open intents, the oldest first."""

    def add_intent(self, intent: Intent) -> None:
        """Add an intent under its id."""

    def delete_intent(self, intent_id: int) -> None:
        """Delete an intent."""

    def log(self, kind: str, action: str, job: Job, after: Mapping[str, Any], address: int | None, owner: str) -> int:
        """Add an entry to the history and return its number."""

    def history(self, address: int | None, key: str | None, kind: str | None, newest: int | None) -> list[Entry]:
        """Return entries in order: of an address, of an owner's key, of a kind; only the newest so many."""

    def entry(self, sequence: int) -> Entry | None:
        """Return one entry of the history."""

    def entries(self) -> Iterable[Entry]:
        """Return the whole history in order, for replaying it."""

    def entry_at(self, address: int, at: int) -> Entry | None:
        """Return the newest entry on a claim of an address that is not newer than a time."""


class Store(Protocol):
    """A backend: it keeps and decides nothing."""

    location: str
    """Where it is, without any secret."""

    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of this ledger should know, such as that it was rolled back."""

    def open(self, scope: str | None = None) -> None:
        """Open the ledger now, so that what is wrong with it is said now.

        :param scope: refuse the ledger of another scope
        """

    def rolled_back(self) -> str:
        """Return what is missing of that which was acknowledged here before; empty when nothing is."""

    def read(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` on one consistent state."""

    def write(self, work: Callable[[Session], T], *, preview: bool = False, acknowledge: bool = False) -> T:
        """Run ``work`` in one transaction and make it durable; with ``preview``, undo it.

        ``work`` may run more than once, each time from the start. Nothing else writes meanwhile, or the database
        notices and everything is run again.

        :param acknowledge: write although the ledger was rolled back, and take its present state as the truth
        """

    def replace_with(self, backup: str) -> None:
        """Put a backup in the place of the ledger."""

    def verify(self) -> list[str]:
        """Return what is wrong with the database and with the chain of its history."""

    def backup(self, destination: str, *, preview: bool = False) -> None:
        """Copy the ledger as it is at this moment."""

    def close(self) -> None:
        """Let go of the database; the next call opens it again."""
