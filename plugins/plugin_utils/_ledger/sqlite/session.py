# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One transaction of the ledger: every question and every change, as SQL. It keeps and decides nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ....module_utils._mac import MAX_ADDRESS
from ..._names import host_key, name_key
from ..._text import iso
from ..claim import Claim, Identity
from ..errors import StaleClaim
from ..model import Entry, Intent, Job, KnownHost, Lease, PlanGeneration, Sighting
from .database import Claims, Damage, Row, claim_of_row, newest_first, sound, texts

NO_DIGEST = "0" * 64
SKEW = 10 * 60 * 1000
"""How far two clocks may differ, in milliseconds. What is later than that lies in the future."""


FUTURE = {
    "entries of the history": "SELECT COUNT(*) FROM (SELECT at FROM history ORDER BY sequence DESC LIMIT 1) WHERE at > ?",
    "claims": "SELECT COUNT(*) FROM claims WHERE since > ?",
    "leases": "SELECT COUNT(*) FROM leases WHERE since > ?",
    "hosts": "SELECT COUNT(*) FROM hosts WHERE observed_at > ?",
}
"""By what is counted: the question how many lie after a time. Of the history only the newest entry counts."""


class Session(Claims):
    """One transaction. Reads see what the same session wrote."""

    def __init__(
        self, connection: sqlite3.Connection, ledger_id: str, scope: str, head: Row, clock: Callable[[], int] | None
    ) -> None:
        super().__init__(connection)
        self.sequence: int
        """The number of the newest entry of the history."""
        self.digest: str
        self.sequence, self.head_at, self.digest, now = head
        read = clock() if clock else now
        self.clock: int = self.head_at if 0 < self.head_at - read <= SKEW else read
        """The time, for ages and terms: the database's clock. Clocks of several controllers may differ a little."""
        self.now: int = max(self.clock, self.head_at)
        """The time for the order of things, never before the newest entry of the history: what was observed before a claim
        was released proves nothing, whatever a clock that was wrong said in between."""
        self.ledger_id = ledger_id
        self.scope = scope
        self._pending: list[Row] = []
        self._changes_before = connection.total_changes

    @property
    def dirty(self) -> bool:
        """Whether anything was written."""
        return bool(self._pending) or self.connection.total_changes > self._changes_before

    def flush(self) -> None:
        """Write the entries of the history that are still in memory."""
        if self._pending:
            self.connection.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self._pending)
            self._pending = []

    # --- claims -------------------------------------------------------------------------------------------------------

    def claim_at(self, address: int) -> Claim | None:
        """Return the claim on an address."""
        return next(self.claims_between(address, address), None)

    def claims_of_adapter(self, identity: Identity) -> list[Claim]:
        """Return the claims bound to these ids, the newest first."""
        rows = self.sql(
            "SELECT * FROM claims WHERE vm_id = ? AND adapter_id = ? AND vm_id IS NOT NULL"
            " AND state IN ('reserved', 'applied')"
            " UNION ALL SELECT * FROM claims WHERE vm_id = ? AND adapter_id = ? AND vm_id IS NOT NULL"
            " AND state IN ('releasing', 'quarantined')",
            *(identity.vm_id, identity.adapter_id) * 2,
        )
        return newest_first(rows)

    def unsettled_claims(self) -> list[Claim]:
        """Return the claims that an observation may change: all but those held, and those applied, bound and sure."""
        rows = self.sql(
            "SELECT * FROM claims WHERE state IN ('reserved', 'releasing', 'quarantined')"
            " OR (state = 'applied' AND (vm_id IS NULL OR pushing IS NOT NULL)) ORDER BY address"
        )
        return [claim_of_row(row) for row in rows]

    def insert_claim(self, claim: Claim) -> None:
        """Add a claim on an address that has none."""
        self.sql("INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *claim_row(claim))
        self._save_aliases(claim)

    def update_claim(self, claim: Claim, generation: int) -> None:
        """Replace the claim on this address, if it still has that generation; delete it when it is now gone.

        :raises StaleClaim: when it has another one
        """
        address, *values = claim_row(claim)
        if claim.state == "gone":
            done = self.sql("DELETE FROM claims WHERE address = ? AND generation = ?", address, generation)
        else:
            done = self.sql(
                "UPDATE claims SET owner = ?, owner_key = ?, pool = ?, state = ?, generation = ?, since = ?,"
                " until = ?, job = ?, evidence = ?, note = ?, cluster = ?, vm_id = ?, adapter_id = ?,"
                " aliases = ?, pushing = ? WHERE address = ? AND generation = ?",
                *(*values, address, generation),
            )
        if done.rowcount != 1:
            raise StaleClaim(f"claim on {address:012X}", f"generation {generation}", "another", "Run the task again.")
        self.sql("DELETE FROM aliases WHERE address = ?", address)
        if claim.state != "gone":
            self._save_aliases(claim)

    def _save_aliases(self, claim: Claim) -> None:
        for alias in claim.aliases:
            self.sql("INSERT OR IGNORE INTO aliases VALUES (?, ?)", name_key(alias), claim.address)

    def count_claims(self, start: int, end: int) -> dict[str, int]:
        """Return the number of claims on a stretch of addresses, by state."""
        return dict(
            self.sql("SELECT state, COUNT(*) FROM claims WHERE address BETWEEN ? AND ? GROUP BY state", start, end)
        )

    def taken(self, start: int, end: int, limit: int) -> list[int]:
        """Return the addresses of a stretch with a claim of any state or a sighting: sorted, at most ``limit``."""
        rows = self.sql(
            "SELECT address FROM claims WHERE address BETWEEN ? AND ?"
            " UNION SELECT address FROM sightings WHERE address BETWEEN ? AND ? ORDER BY 1 LIMIT ?",
            *(start, end, start, end, limit),
        )
        found = [address for (address,) in rows]
        if odd := [address for address in found if not isinstance(address, int)]:
            raise Damage(f"table sightings: column address holds {ascii(odd[0])[:40]} instead of a number")
        return found

    def count_carried(self, start: int, end: int) -> int:
        """Return how many addresses of a stretch were seen and have no claim."""
        rows = self.sql(
            "SELECT COUNT(DISTINCT address) FROM sightings WHERE address BETWEEN ? AND ?"
            " AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.address = sightings.address)",
            *(start, end),
        )
        return sum(count for (count,) in rows)

    # --- leases -------------------------------------------------------------------------------------------------------

    def leases(self) -> list[Lease]:
        """Return all leases, by start."""
        return self.leases_between(0, MAX_ADDRESS)

    def leases_between(self, start: int, end: int) -> list[Lease]:
        """Return the leases that share an address with a stretch."""
        rows = self.sql('SELECT * FROM leases WHERE start <= ? AND "end" >= ? ORDER BY start', end, start)
        return [lease_of_row(row) for row in rows]

    def save_lease(self, lease: Lease) -> None:
        """Add or replace the lease that starts there; delete it when it is gone."""
        host, start, end, dynamic_end, *state = lease
        if lease.state == "gone":
            self.sql("DELETE FROM leases WHERE start = ?", start)
            return
        values = (dynamic_end, host, host_key(host), *state, start, end)
        done = self.sql(
            "UPDATE leases SET dynamic_end = ?, host = ?, host_key = ?, state = ?, generation = ?, since = ?"
            ' WHERE start = ? AND "end" = ?',
            *values,
        )
        if done.rowcount == 0:
            self.sql(
                'INSERT INTO leases (dynamic_end, host, host_key, state, generation, since, start, "end")'
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *values,
            )

    # --- hosts and sightings ------------------------------------------------------------------------------------------

    def hosts(self) -> list[KnownHost]:
        """Return all hosts ever recorded and not forgotten, by name."""
        rows = self.sql("SELECT * FROM hosts ORDER BY host_key")
        return [self._believed(host_of_row(row)) for row in rows]

    def _believed(self, host: KnownHost) -> KnownHost:
        """Return a host as never observed if its observation lies in the future: its age is unknown."""
        if all(at is None or at <= self.clock + SKEW for at in (host.observed_at, host.complete_at, host.facts_at)):
            return host
        why = f"observed at {iso(host.observed_at or 0)}, which is in the future"
        return host._replace(observed_at=None, complete=False, complete_at=None, facts_at=None, why_incomplete=why)

    def future(self) -> str:
        """Return what lies in the future, in words; empty if nothing does."""
        limit = self.clock + SKEW
        counts = {
            f"{count} {what}": count
            for what, question in FUTURE.items()
            if (count := self.connection.execute(question, (limit,)).fetchone()[0])
        }
        if not counts:
            return ""
        return (
            f"The ledger holds times in the future ({', '.join(counts)}; it is {iso(self.clock)} now): a clock was wrong when"
            " they were written, or is wrong now. Check the clock of this machine. If it is right, run"
            " macpool.hyperv.ledger with correct_times: true, then observe all hosts."
        )

    def save_host(self, host: KnownHost, instead_of: str) -> None:
        """Add what is known of a host, or put it in the place of what is known under a name (it may be another)."""
        old, new = host_key(instead_of), host_key(host.host)
        if old != new:
            self.sql("DELETE FROM hosts WHERE host_key = ?", old)
            self.sql("UPDATE sightings SET host_key = ? WHERE host_key = ?", new, old)
        lists = {"ipv4": json.dumps(host.ipv4), "cluster_nodes": json.dumps(host.cluster_nodes)}
        values = (new, *(host._asdict() | lists).values())
        self.sql("REPLACE INTO hosts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *values)

    def forget_future(self) -> None:
        """Forget when hosts were observed whose observation lies in the future; the next one counts, whatever its time."""
        limit = self.clock + SKEW
        self.connection.execute(
            "UPDATE hosts SET observed_at = NULL, complete = 0, complete_at = NULL, facts_at = NULL, why_incomplete = ?"
            " WHERE observed_at > ? OR complete_at > ? OR facts_at > ?",
            ("observed with a clock that was wrong", limit, limit, limit),
        )
        self.connection.execute("UPDATE sightings SET observed_at = 0 WHERE observed_at > ?", (limit,))

    def delete_host(self, host: str) -> None:
        """Forget a host and its sightings."""
        self.sql("DELETE FROM hosts WHERE host_key = ?", host_key(host))
        self.sql("DELETE FROM sightings WHERE host_key = ?", host_key(host))

    def add_sightings(self, host: str, observed_at: int, sightings: Iterable[Sighting]) -> None:
        """Add what was seen at a time to a host's sightings; an existing one gets the newer time."""
        key = host_key(host)
        self.connection.executemany(
            "INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (host_key, address, kind, vm_id, adapter_id, vm_name, adapter_name)"
            " DO UPDATE SET observed_at = excluded.observed_at, dynamic = excluded.dynamic, running = excluded.running"
            " WHERE excluded.observed_at >= sightings.observed_at OR sightings.observed_at > ?",
            (
                (address, key, observed_at, kind, vm_id.lower(), *rest, self.clock + SKEW)
                for address, kind, vm_id, *rest, _host in sightings
            ),
        )

    def drop_sightings(self, host: str, before: int) -> None:
        """Delete a host's sightings that are older than a time."""
        self.sql(
            "DELETE FROM sightings WHERE host_key = ? AND (observed_at < ? OR observed_at > ?)",
            *(host_key(host), before, self.clock + SKEW),
        )

    def sightings_at(self, address: int) -> list[Sighting]:
        """Return who was seen with an address."""
        return list(self.sightings_between(address, address))

    def sightings_between(self, start: int, end: int) -> Iterator[Sighting]:
        """Return who was seen with an address of a stretch, by address."""
        rows = self.sql(
            "SELECT sightings.*, hosts.host FROM sightings JOIN hosts USING (host_key) WHERE address BETWEEN ? AND ?"
            " ORDER BY address, host_key, kind, vm_id, adapter_id, adapter_name",
            *(start, end),
        )
        return map(sighting_of_row, rows)

    def sightings_of_vm(self, vm_id: str) -> list[Sighting]:
        """Return what was seen of a VM, on any host, with any address."""
        rows = self.sql(
            "SELECT sightings.*, hosts.host FROM sightings JOIN hosts USING (host_key) WHERE vm_id = ?"
            " ORDER BY host_key, kind, address, adapter_id",
            vm_id.lower(),
        )
        return [sighting_of_row(row) for row in rows]

    # --- plans, intents -----------------------------------------------------------------------------------------------

    def plans(self) -> list[PlanGeneration]:
        """Return the generations of the plan, the newest first."""
        rows = self.sql("SELECT * FROM plans ORDER BY generation DESC")
        return [PlanGeneration(*sound("plans", row)) for row in rows]

    def current_plan(self) -> PlanGeneration | None:
        """Return the newest generation of the plan."""
        return next(iter(self.plans()), None)

    def add_plan(self, plan: PlanGeneration) -> None:
        """Add a generation of the plan."""
        self.sql("INSERT INTO plans VALUES (?, ?, ?, ?)", *plan)

    def intents(self) -> list[Intent]:
        """Return the open intents, the oldest first."""
        return [Intent(*sound("intents", row)) for row in self.sql("SELECT * FROM intents ORDER BY id")]

    def add_intent(self, intent: Intent) -> None:
        """Add an intent under its id."""
        self.sql("INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, ?)", *intent)

    def delete_intent(self, intent_id: int) -> None:
        """Delete an intent."""
        self.sql("DELETE FROM intents WHERE id = ?", intent_id)

    # --- history ------------------------------------------------------------------------------------------------------

    def log(self, kind: str, action: str, job: Job, after: Mapping[str, Any], address: int | None, owner: str) -> int:
        """Add an entry to the history and return its number."""
        self.sequence += 1
        row = chained(self.digest, self.sequence, self.now, kind, action, address, owner, job, as_json(after))
        self.digest = row[-1]
        self._pending.append(row)
        return self.sequence

    def history(self, kind: str, newest: int | None) -> list[Entry]:
        """Return entries in order: all, or those of a kind; only the newest so many."""
        statement = "SELECT * FROM history WHERE ? IN (kind, '') ORDER BY sequence DESC LIMIT ?"
        return list(self._entries(statement, kind, -1 if newest is None else newest))[::-1]

    def entry(self, sequence: int) -> Entry | None:
        """Return one entry of the history."""
        return next(self._entries("SELECT * FROM history WHERE sequence = ?", sequence), None)

    def entries(self) -> Iterator[Entry]:
        """Return the whole history in order, for replaying it."""
        return self._entries("SELECT * FROM history ORDER BY sequence")

    def claim_entries(self, at: int) -> list[Entry]:
        """Return the newest entry on a claim of each address that is not newer than a time, by address."""
        statement = (
            "SELECT * FROM history WHERE sequence IN (SELECT MAX(sequence) FROM history"
            " WHERE address IS NOT NULL AND kind = 'claim' AND at <= ? GROUP BY address) ORDER BY address"
        )
        return list(self._entries(statement, at))

    def _entries(self, statement: str, *values: object) -> Iterator[Entry]:
        self.flush()
        return map(entry_of_row, self.sql(statement, *values))

    def digest_of(self, sequence: int) -> str | None:
        """Return the digest that one entry of the history has in the chain."""
        return next((digest for (digest,) in self.sql("SELECT digest FROM history WHERE sequence = ?", sequence)), None)


def claim_row(claim: Claim) -> Row:
    address, owner, *plain, identity, aliases, push = claim
    ids = (identity.cluster, identity.vm_id, identity.adapter_id) if identity else (None, None, None)
    return (address, owner, name_key(owner), *plain, *ids, json.dumps(aliases), json.dumps(push) if push else None)


def lease_of_row(row: Row) -> Lease:
    start, end, dynamic_end, host, _key, *state = sound("leases", row)
    return Lease(host, start, end, dynamic_end, *state)


def host_of_row(row: Row) -> KnownHost:
    host = KnownHost(*sound("hosts", row)[1:])
    ipv4, cluster_nodes = (texts("hosts", row, column) for column in (8, 10))
    return host._replace(complete=bool(host.complete), ipv4=ipv4, cluster_nodes=cluster_nodes)


def sighting_of_row(row: Row) -> Sighting:
    address, _key, _at, *carrier, dynamic, running, host = sound("sightings", row)
    flags = (None if flag is None else bool(flag) for flag in (dynamic, running))
    return Sighting._make((address, *carrier, *flags, host))


def entry_of_row(row: Row) -> Entry:
    sequence, at, kind, action, address, _key, owner, job, user, after, _digest = sound("history", row)
    try:
        record = json.loads(after)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise Damage(f"table history, row {sequence}: column after is not a record")
    return Entry(sequence, at, kind, action, address, owner, job, user, record)


def chained(
    digest: str, sequence: int, at: int, kind: str, action: str, address: int | None, owner: str, job: Job, after: str
) -> Row:
    """Return a row of history; its digest covers the row and the digest of the one before it."""
    body = json.dumps([digest, sequence, at, kind, action, address, owner, job.name, job.user])
    chained = hashlib.sha256(f"{body}{after}".encode()).hexdigest()
    return (sequence, at, kind, action, address, name_key(owner), owner, job.name, job.user, after, chained)


def as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
