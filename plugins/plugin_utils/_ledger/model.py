# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger and its backends agree on: the things kept, what is asked for and what became of it. Pure data.

These are NamedTuples: every forked worker of ansible-core makes the classes again, and a dataclass takes seven times as long
to make. For the same reason the annotations are no text, which would be compiled once more. ``_replace`` gives a changed
copy.

Times are whole milliseconds since 1970 in UTC by the database's own clock; ``iso`` prints them. Addresses are ints.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ...module_utils._mac import Interval, format_mac
from .._text import iso, quoted
from .claim import LIVE, Claim, Fence, Identity, Push, State

__all__ = ["LIVE", "Claim", "Fence", "Identity", "Push", "State"]

SightingKind = Literal["vm", "checkpoint", "replica", "host", "physical", "interface"]
"""An interface of a Network Controller keeps its address from being chosen; whose it is, its records do not tell."""
LeaseState = Literal["active", "retired", "gone"]


class Job(NamedTuple):
    """Who writes: goes into the history."""

    name: str
    user: str = ""


class Request(NamedTuple):
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


class Lease(NamedTuple):
    """A block of addresses for one host. Hyper-V hands out ``start``..``dynamic_end``; the rest is its static part."""

    host: str
    start: int
    end: int
    dynamic_end: int
    state: LeaseState
    generation: int
    since: int

    @property
    def block(self) -> Interval:
        """The whole block."""
        return Interval(self.start, self.end)

    @property
    def dynamic_part(self) -> Interval:
        """The part that Hyper-V hands out."""
        return Interval(self.start, self.dynamic_end)

    @property
    def static_part(self) -> Interval | None:
        """The upper part that Hyper-V never sees; None when there is none."""
        return Interval(self.dynamic_end + 1, self.end) if self.dynamic_end < self.end else None


class LeaseOutcome(NamedTuple):
    """What became of a host's lease; ``remark`` says what a reader should know of it, or is empty."""

    lease: Lease
    before: Lease | None
    changed: bool
    remark: str = ""


class Sighting(NamedTuple):
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


class HostSightings(NamedTuple):
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


class KnownHost(NamedTuple):
    """What the ledger keeps of a host: its newest observation, without the sightings.

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

    @property
    def range(self) -> Interval | None:
        """The range from which Hyper-V on this host hands out addresses, as far as is known."""
        if self.range_start is None or self.range_end is None:
            return None
        return Interval(self.range_start, self.range_end)


class Outcome(NamedTuple):
    """What became of a claim.

    ``how``: ``claimed``, ``revived``, ``kept``, ``bound`` (ids learnt), ``renamed`` (a name learnt), ``noted``,
    ``refreshed`` (its reservation had run out), ``renewed``, ``confirmed``, ``released``, ``quarantined``, ``held``,
    ``unheld``, ``rebound``, ``adopted``, ``imported``, ``gone``.
    """

    claim: Claim
    before: Claim | None
    changed: bool
    how: str


class Renewal(NamedTuple):
    """Ask for a claim again right before it is applied."""

    fence: Fence
    pushing: Push | None = None


class Confirmation(NamedTuple):
    """An address was read back from the adapter it was promised to."""

    fence: Fence
    evidence: str
    identity: Identity | None = None


class ClaimName(NamedTuple):
    """A claim named by its owner, its address, or both."""

    owner: str = ""
    address: int | None = None


class Intent(NamedTuple):
    """Something begun on a host that must be finished even when the job dies, such as a VM to start again."""

    id: int
    host: str
    vm_id: str
    kind: str
    note: str
    since: int
    job: str


class PlanGeneration(NamedTuple):
    """A plan that the ledger accepted."""

    generation: int
    digest: str
    since: int
    job: str


class Entry(NamedTuple):
    """One line of history: what a job did, and how the thing looked afterwards."""

    sequence: int
    at: int
    kind: str
    action: str
    address: int | None
    owner: str
    job: str
    user: str
    after: Mapping[str, Any]


class Observed(NamedTuple):
    """What an observation changed."""

    outcomes: tuple[Outcome, ...]
    leases: tuple[LeaseOutcome, ...]


class LedgerInfo(NamedTuple):
    """What a ledger is."""

    url: str
    scope: str
    id: str
    created: int
    sequence: int
    generation: int
    """Of the plan that is in force."""
    claims: int
    leases: int
    hosts: int


def describe(claim: Claim) -> str:
    """Return a claim as words for a message."""
    until = f" until {iso(claim.until)}" if claim.until is not None else ""
    if claim.state == "quarantined" and claim.until is None:
        until = ", never handed out again"
    whose = f" by {quoted(claim.owner)}" if claim.owner else ""
    verb = {"held": "set aside", "quarantined": "in quarantine, last used"}.get(claim.state, claim.state)
    why = f" ({claim.note})" if claim.state == "held" and claim.note else ""
    return f"{format_mac(claim.address, 'dash')} {verb}{whose} since {iso(claim.since)}{until}{why}"
