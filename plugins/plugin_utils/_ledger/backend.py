# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend of the ledger must do. It keeps and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from .model import Claim, Entry, Identity, Intent, Job, KnownHost, Lease, PlanGeneration, Sighting

T = TypeVar("T")


class Claims(Protocol):
    """One transaction that only asks about claims."""

    def claims_named(self, key: str) -> list[Claim]:
        """Return the claims whose owner or alias has this key (``name_key``), the newest first; none that is held."""

    def claims_between(self, start: int, end: int) -> Iterable[Claim]:
        """Return the claims on a stretch of addresses, by address."""


class Session(Claims, Protocol):
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

    def claims_of_adapter(self, identity: Identity) -> list[Claim]:
        """Return the claims bound to these ids, the newest first."""

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
        """Add what was seen at a time to a host's sightings; an existing one gets the newer time."""

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

    def claim_entries(self, at: int) -> list[Entry]:
        """Return the newest entry on a claim of each address that is not newer than a time, by address."""


class ClaimStore(Protocol):
    """The part of a backend that answers questions about claims."""

    location: str
    """Where it is, without any secret."""

    def open(self, scope: str | None = None) -> None:
        """Open the ledger now, so that what is wrong with it is said now.

        :param scope: refuse the ledger of another scope
        """

    def look(self, work: Callable[[Claims], T]) -> T:
        """Run ``work`` on one consistent state."""

    def close(self) -> None:
        """Let go of the database; the next call opens it again."""


class Store(ClaimStore, Protocol):
    """A backend: it keeps and decides nothing."""

    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of this ledger should know, such as that it was rolled back."""

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
