# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQLite backend: it keeps what it is told to keep and makes it durable. It decides nothing.

WAL with full sync: a commit that returned survives a power cut. Writers take turns at ``BEGIN IMMEDIATE``. A connection
never crosses a fork: SQLite's file locks belong to a process, and a copy of a connection would take them for its own.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import sqlite3
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._contract import (
    Claim,
    Entry,
    Identity,
    Intent,
    Job,
    KnownHost,
    Lease,
    LeaseState,
    LedgerDamaged,
    LedgerError,
    LedgerExists,
    LedgerForeign,
    LedgerLocked,
    LedgerMissing,
    LedgerNewer,
    LedgerReadOnly,
    LedgerRolledBack,
    PlanGeneration,
    Push,
    Sighting,
    SightingKind,
    StaleClaim,
    State,
    iso,
    quoted,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._names import host_key, name_key
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._places import check_place
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._sqlite_schema import (
    APPLICATION_ID,
    SCHEMA,
    VERSION,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._witness import Witness

T = TypeVar("T")
Row = tuple[Any, ...]

DEFAULT_TIMEOUT = 30.0
NO_DIGEST = "0" * 64
# Naps between two tries to write, in seconds: SQLite's own are up to 0.1 long, which leaves the disk idle.
FIRST_NAP = 0.0003
LONGEST_NAP = 0.03
# Pages in the write-ahead log before they are copied into the database: each copying costs two syncs.
CHECKPOINT_PAGES = 4000

# With the database's own clock, in milliseconds: several controllers may disagree about the time.
HEAD = (
    "SELECT sequence, at, digest, CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"
    " FROM history ORDER BY sequence DESC LIMIT 1"
)

_stores: weakref.WeakSet[SqliteStore] = weakref.WeakSet()
# Connections that came here by a fork all the same. Closing one would let go of the parent's locks.
_abandoned: list[sqlite3.Connection] = []


def _close_before_fork() -> None:
    for store in list(_stores):
        store.close()


os.register_at_fork(before=_close_before_fork)


class SqliteStore:
    """A ledger in one file."""

    def __init__(self, path: Path, *, timeout: float = DEFAULT_TIMEOUT, clock: Callable[[], int] | None = None) -> None:
        """Remember where the ledger is; it is opened when it is needed.

        :param timeout: seconds to wait for other writers
        :param clock: replaces the database's clock in tests, milliseconds
        """
        self.path = path
        self.location = str(path)
        self.ledger_id = ""
        self.scope = ""
        self.created = 0
        self._timeout = timeout
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._opened_by = 0
        self._opened_file = (0, 0)
        self._lock = threading.RLock()
        self._witness: Witness | None = None
        _stores.add(self)

    # --- life ---------------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: Path,
        scope: str,
        job: Job,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        clock: Callable[[], int] | None = None,
    ) -> SqliteStore:
        """Make an empty ledger. It appears at once and whole, or not at all.

        :raises LedgerExists: when something is there already
        """
        subject = f'ledger "{path}"'
        check_place(_nearest_directory(path) / path.name, creating=True)
        if path.exists() or path.is_symlink():
            raise _exists(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
            os.close(handle)
        except OSError as error:
            raise LedgerReadOnly(
                subject, "a new file", f"{error.strerror} ({path.parent})", "Give a directory that this user can write."
            ) from error
        new = Path(name)
        try:
            with _translated(path), _closing(sqlite3.connect(name, isolation_level=None)) as connection:
                now = clock() if clock else int(time.time() * 1000)
                identity = {"id": str(uuid.uuid4()), "scope": scope, "created": now}
                connection.executescript("PRAGMA synchronous = FULL; BEGIN;" + SCHEMA)
                connection.execute("INSERT INTO ledger VALUES (1, ?, ?, ?)", (identity["id"], scope, now))
                entry = _chained(NO_DIGEST, 1, now, "ledger", "created", None, "", job, _json(identity))
                connection.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode = WAL")
            _sync(new)
            os.link(new, path)
            _sync(path.parent)
        except FileExistsError:
            raise _exists(path) from None
        finally:
            for leftover in (new, Path(f"{name}-wal"), Path(f"{name}-shm"), Path(f"{name}-journal")):
                leftover.unlink(missing_ok=True)
        store = cls(path, timeout=timeout, clock=clock)
        store.open(scope)
        store._note_commit(1, entry[-1])
        return store

    def open(self, scope: str | None = None) -> None:
        """Open the ledger now, so that what is wrong with it is said now.

        :param scope: refuse the ledger of another scope
        """
        with self._lock:
            self._ready()
        if scope is not None and scope != self.scope:
            raise LedgerForeign(
                f'ledger "{self.path}"',
                f"the ledger of scope {quoted(scope)}",
                f"the ledger of scope {quoted(self.scope)} (id {self.ledger_id})",
                "Correct macpool_ledger, or the scope in macpool_plan.",
            )

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        with self._lock:
            if self._connection is not None:
                if self._opened_by == os.getpid():
                    self._connection.close()
                else:
                    _abandoned.append(self._connection)
                self._connection = None
            if self._witness is not None:
                self._witness.close()

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()

    def _ready(self) -> sqlite3.Connection:
        """Return a connection of this process to the file that is there now."""
        try:
            file = self.path.stat()
        except OSError as error:
            self.close()
            raise self._not_there(error) from error
        if self._connection is not None:
            if self._opened_by == os.getpid() and self._opened_file == (file.st_dev, file.st_ino):
                return self._connection
            self.close()
        check_place(self.path, creating=False)
        with _translated(self.path):
            uri = f"file:{quote(str(self.path))}?mode=rw"
            connection = sqlite3.connect(
                uri, uri=True, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            try:
                self._inspect(connection)
            except BaseException:
                connection.close()
                raise
        self._connection = connection
        self._opened_by = os.getpid()
        self._opened_file = (file.st_dev, file.st_ino)
        return connection

    def _inspect(self, connection: sqlite3.Connection) -> None:
        subject = f'ledger "{self.path}"'
        try:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            if "not a database" not in str(error):
                raise
            application = version = 0
        if application != APPLICATION_ID:
            raise LedgerForeign(
                subject,
                "a ledger made by macpool.hyperv.ledger",
                "a file that is no ledger, or whose beginning is damaged",
                "Correct macpool_ledger, or restore a backup (macpool.hyperv.ledger with state: restored).",
            )
        if version > VERSION:
            raise LedgerNewer(
                subject,
                f"a ledger of version {VERSION} or earlier",
                f"version {version}, written by a newer macpool.hyperv",
                "Update the collection on this controller.",
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        self.ledger_id, self.scope, self.created = connection.execute(
            "SELECT id, scope, created FROM ledger"
        ).fetchone()
        if self._witness is None or self._witness.path.name != self.ledger_id:
            self._witness = Witness(self.ledger_id)
        # Waiting for a turn is our own business from here on: SQLite's naps are up to 100 ms long.
        connection.execute("PRAGMA busy_timeout = 0")

    def _not_there(self, error: OSError) -> LedgerError:
        subject = f'ledger "{self.path}"'
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return LedgerMissing(
                subject,
                "a ledger",
                "no such file",
                "Check macpool_ledger and whether the volume is mounted. Only if there never was one, make it: "
                "macpool.hyperv.ledger with state: present, or playbooks/init.yml.",
            )
        return LedgerReadOnly(subject, "a file that can be read", str(error.strerror), "Mend its permissions.")

    # --- transactions -------------------------------------------------------------------------------------------------

    def read(self, work: Callable[[SqliteSession], T]) -> T:
        """Run ``work`` on one consistent state."""
        with self._transaction("BEGIN") as session:
            return work(session)

    def write(self, work: Callable[[SqliteSession], T], *, preview: bool = False, acknowledge: bool = False) -> T:
        """Run ``work`` in one transaction and make it durable; with ``preview``, undo it."""
        with self._transaction("BEGIN IMMEDIATE") as session:
            gap = self._gap(session)
            if gap is not None and not acknowledge:
                raise gap
            result = work(session)
            if preview or not session.dirty:
                return result
            session.flush()
            session.connection.execute("COMMIT")
            self._note_commit(session.sequence, session.digest)
            return result

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[SqliteSession]:
        with self._lock, _translated(self.path):
            connection = self._ready()
            head = self._begin(connection, begin)
            session = SqliteSession(connection, self, head, self._clock)
            try:
                yield session
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _begin(self, connection: sqlite3.Connection, begin: str) -> Row:
        """Start a transaction and read the head of the history, waiting for other writers."""
        deadline = 0.0
        nap = FIRST_NAP
        while True:
            try:
                connection.execute(begin)
                return cast(Row, connection.execute(HEAD).fetchone())
            except sqlite3.OperationalError as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if not _is_busy(error):
                    raise
                now = time.monotonic()
                deadline = deadline or now + self._timeout
                if now >= deadline:
                    raise self._locked() from error
                time.sleep(nap * (0.5 + random.random()))
                nap = min(nap * 1.5, LONGEST_NAP)

    def _locked(self) -> LedgerLocked:
        return LedgerLocked(
            f'ledger "{self.path}"',
            f"a turn to write within {self._timeout:g} seconds",
            "another process that is writing all the time, or hangs",
            f"Look for it (fuser {self.path}), or raise the timeout.",
        )

    def rolled_back(self) -> str:
        """Return what is missing of that which was acknowledged here before; empty when nothing is."""
        with self._transaction("BEGIN") as session:
            gap = self._gap(session)
        return str(gap) if gap else ""

    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of this ledger should know."""
        gap = self.rolled_back()
        problems = [gap] if gap else []
        if self._witness is not None and self._witness.problem:
            problems.append(self._witness.problem)
        return tuple(problems)

    def _gap(self, session: SqliteSession) -> LedgerRolledBack | None:
        """Return the error for a ledger that misses what was acknowledged here before, or None."""
        seen = self._witness.read() if self._witness is not None else None
        if seen is None or seen == (session.sequence, session.digest):
            return None
        if seen.sequence < session.sequence:
            row = session.connection.execute(
                "SELECT digest FROM history WHERE sequence = ?", (seen.sequence,)
            ).fetchone()
            if row and row[0] == seen.digest:
                return None
        missing = max(seen.sequence - session.sequence, 0)
        what = (
            f"sequence {session.sequence} of {iso(session.head_at)}: {missing} operations since then are missing"
            if missing
            else f"sequence {session.sequence}, whose entry {seen.sequence} is another one: the ledger was put back to "
            "an earlier state and went on from there"
        )
        return LedgerRolledBack(
            f'ledger "{self.path}"',
            f"sequence {seen.sequence} or later, which this controller has seen",
            what,
            "Addresses promised since then may be promised again. Put the newest ledger back. If it is lost, observe all "
            "hosts and adopt what they carry, then accept the loss (macpool.hyperv.ledger with accept_rollback: true).",
        )

    def _note_commit(self, sequence: int, digest: str) -> None:
        if self._witness is not None:
            self._witness.write(sequence, digest)

    # --- care ---------------------------------------------------------------------------------------------------------

    def verify(self) -> list[str]:
        """Return what is wrong with the database and with the chain of its history."""
        problems: list[str] = []
        with self._transaction("BEGIN") as session:
            connection = session.connection
            for (line,) in connection.execute("PRAGMA integrity_check"):
                if line != "ok":
                    problems.append(f"database: {line}")
            if problems:
                return problems
            digest, expected = NO_DIGEST, 1
            for row in connection.execute("SELECT * FROM history ORDER BY sequence"):
                sequence, at, kind, action, address, _key, owner, job, user, after, found = row
                if sequence != expected:
                    problems.append(f"history: entry {expected} is missing, the next one is {sequence}")
                entry = _chained(digest, sequence, at, kind, action, address, owner, Job(job, user), after)
                if found != entry[-1]:
                    problems.append(f"history: entry {sequence} was changed after it was written, or one before it was")
                    break
                digest, expected = found, sequence + 1
        return problems

    def backup(self, destination: str, *, preview: bool = False) -> None:
        """Copy the ledger as it is at this moment into a new file."""
        target = Path(destination).expanduser().absolute()
        if target.exists():
            raise LedgerExists(
                f'backup "{target}"', "a new file", "a file that is there already", "Give another name, such as a date."
            )
        if preview:
            return
        with self._lock, _translated(self.path):
            connection = self._ready()
            part = target.with_name(f".{target.name}.{os.getpid()}.part")
            try:
                os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                with _closing(sqlite3.connect(str(part), isolation_level=None)) as copy:
                    connection.backup(copy)
                    # One plain file: a backup that needs its -wal beside it is soon half a backup.
                    copy.execute("PRAGMA journal_mode = DELETE")
                _sync(part)
                os.link(part, target)
                _sync(target.parent)
            except OSError as error:
                raise LedgerError(
                    f'backup "{target}"', "a new file", str(error.strerror), "Give a directory that can be written."
                ) from error
            finally:
                part.unlink(missing_ok=True)

    def replace_with(self, backup: str) -> None:
        """Put a backup in the place of the ledger. The witness is not touched: the caller acknowledges the gap.

        Where the ledger still opens, its pages are replaced in one transaction, so that other processes that have it
        open see either state. Where it is missing or damaged, the file is replaced.
        """
        origin = Path(backup)
        with self._lock, _translated(origin), _closing(_read_only(origin)) as source:
            with suppress(LedgerError):
                self._ready()
            if self._connection is not None:
                try:
                    with _translated(self.path):
                        source.backup(self._connection)
                        self._connection.execute("PRAGMA journal_mode = WAL")
                    self.close()
                    return
                except LedgerDamaged:
                    self.close()
            with _translated(self.path):
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
                try:
                    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                    with _closing(sqlite3.connect(str(part), isolation_level=None)) as copy:
                        source.backup(copy)
                        copy.execute("PRAGMA journal_mode = WAL")
                    _sync(part)
                    for beside in ("-wal", "-shm"):
                        Path(f"{self.path}{beside}").unlink(missing_ok=True)
                    part.replace(self.path)
                    _sync(self.path.parent)
                finally:
                    part.unlink(missing_ok=True)


class SqliteSession:
    """One transaction."""

    def __init__(
        self, connection: sqlite3.Connection, store: SqliteStore, head: Row, clock: Callable[[], int] | None
    ) -> None:
        if head is None:
            raise LedgerDamaged(
                f'ledger "{store.path}"', "a history", "none", "Restore a backup (macpool.hyperv.ledger)."
            )
        self.connection = connection
        self.sequence: int
        self.digest: str
        self.sequence, self.head_at, self.digest, now = head
        self.now = max(clock() if clock else now, self.head_at)
        self.ledger_id = store.ledger_id
        self.scope = store.scope
        self.dirty = False
        self._pending: list[Row] = []

    def flush(self) -> None:
        """Write the entries of the history that are still in memory."""
        if self._pending:
            self.connection.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self._pending)
            self._pending = []

    # --- claims -------------------------------------------------------------------------------------------------------

    def claim_at(self, address: int) -> Claim | None:
        """Return the claim on an address."""
        row = self.connection.execute("SELECT * FROM claims WHERE address = ?", (address,)).fetchone()
        return _claim(row) if row else None

    def claims_named(self, key: str) -> list[Claim]:
        """Return the claims whose owner or alias has this key, the newest first; none that is held."""
        rows = self.connection.execute(
            "SELECT * FROM claims WHERE owner_key = ? AND state IN ('reserved', 'applied')"
            " UNION ALL SELECT * FROM claims WHERE owner_key = ? AND state IN ('releasing', 'quarantined')"
            " UNION ALL SELECT claims.* FROM aliases CROSS JOIN claims ON claims.address = aliases.address"
            " WHERE aliases.name_key = ? AND claims.state <> 'held'",
            (key, key, key),
        ).fetchall()
        return _newest_first(rows)

    def claims_of_adapter(self, identity: Identity) -> list[Claim]:
        """Return the claims bound to these ids, the newest first."""
        rows = self.connection.execute(
            "SELECT * FROM claims WHERE vm_id = ? AND adapter_id = ? AND vm_id IS NOT NULL"
            " AND state IN ('reserved', 'applied')"
            " UNION ALL SELECT * FROM claims WHERE vm_id = ? AND adapter_id = ? AND vm_id IS NOT NULL"
            " AND state IN ('releasing', 'quarantined')",
            (identity.vm_id, identity.adapter_id) * 2,
        ).fetchall()
        return _newest_first(rows)

    def claims_between(self, start: int, end: int) -> Iterator[Claim]:
        """Return the claims on a stretch of addresses, by address."""
        rows = self.connection.execute(
            "SELECT * FROM claims WHERE address BETWEEN ? AND ? ORDER BY address", (start, end)
        )
        return map(_claim, rows)

    def unsettled_claims(self) -> list[Claim]:
        """Return the claims that an observation may change."""
        rows = self.connection.execute(
            "SELECT * FROM claims WHERE state IN ('reserved', 'releasing', 'quarantined')"
            " OR (state = 'applied' AND (vm_id IS NULL OR pushing IS NOT NULL)) ORDER BY address"
        )
        return [_claim(row) for row in rows]

    def insert_claim(self, claim: Claim) -> None:
        """Add a claim on an address that has none."""
        self.dirty = True
        self.connection.execute(
            "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _claim_row(claim)
        )
        if claim.aliases:
            self._save_aliases(claim)

    def update_claim(self, claim: Claim, generation: int) -> None:
        """Replace the claim on this address, if it still has that generation; delete it when it is now gone."""
        self.dirty = True
        if claim.state == "gone":
            done = self.connection.execute(
                "DELETE FROM claims WHERE address = ? AND generation = ?", (claim.address, generation)
            )
        else:
            address, *values = _claim_row(claim)
            done = self.connection.execute(
                "UPDATE claims SET owner = ?, owner_key = ?, pool = ?, state = ?, generation = ?, since = ?,"
                " until = ?, job = ?, evidence = ?, note = ?, cluster = ?, vm_id = ?, adapter_id = ?,"
                " aliases = ?, pushing = ? WHERE address = ? AND generation = ?",
                (*values, address, generation),
            )
        if done.rowcount != 1:
            raise StaleClaim(
                f"claim on {claim.address:012X}", f"generation {generation}", "another", "Run the task again."
            )
        self.connection.execute("DELETE FROM aliases WHERE address = ?", (claim.address,))
        if claim.aliases and claim.state != "gone":
            self._save_aliases(claim)

    def _save_aliases(self, claim: Claim) -> None:
        self.connection.executemany(
            "INSERT OR IGNORE INTO aliases VALUES (?, ?)", [(name_key(alias), claim.address) for alias in claim.aliases]
        )

    def count_claims(self, start: int, end: int) -> dict[str, int]:
        """Return the number of claims on a stretch of addresses, by state."""
        rows = self.connection.execute(
            "SELECT state, COUNT(*) FROM claims WHERE address BETWEEN ? AND ? GROUP BY state", (start, end)
        )
        return dict(rows.fetchall())

    def taken(self, start: int, end: int, limit: int) -> list[int]:
        """Return the addresses of a stretch with a claim or a sighting: sorted, at most ``limit``."""
        rows = self.connection.execute(
            "SELECT address FROM claims WHERE address BETWEEN ? AND ?"
            " UNION SELECT address FROM sightings WHERE address BETWEEN ? AND ? ORDER BY 1 LIMIT ?",
            (start, end, start, end, limit),
        )
        return [address for (address,) in rows]

    def count_carried(self, start: int, end: int) -> int:
        """Return how many addresses of a stretch were seen and have no claim."""
        (count,) = self.connection.execute(
            "SELECT COUNT(DISTINCT address) FROM sightings WHERE address BETWEEN ? AND ?"
            " AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.address = sightings.address)",
            (start, end),
        ).fetchone()
        return cast(int, count)

    # --- leases -------------------------------------------------------------------------------------------------------

    def leases(self) -> list[Lease]:
        """Return all leases, by start."""
        return [_lease(row) for row in self.connection.execute("SELECT * FROM leases ORDER BY start")]

    def leases_between(self, start: int, end: int) -> list[Lease]:
        """Return the leases that share an address with a stretch."""
        rows = self.connection.execute(
            'SELECT * FROM leases WHERE start <= ? AND "end" >= ? ORDER BY start', (end, start)
        )
        return [_lease(row) for row in rows]

    def save_lease(self, lease: Lease) -> None:
        """Add or replace the lease that starts there; delete it when it is gone."""
        self.dirty = True
        if lease.state == "gone":
            self.connection.execute("DELETE FROM leases WHERE start = ?", (lease.start,))
            return
        values = (
            lease.dynamic_end,
            lease.host,
            host_key(lease.host),
            lease.state,
            lease.generation,
            lease.since,
            lease.start,
            lease.end,
        )
        done = self.connection.execute(
            "UPDATE leases SET dynamic_end = ?, host = ?, host_key = ?, state = ?, generation = ?, since = ?"
            ' WHERE start = ? AND "end" = ?',
            values,
        )
        if done.rowcount == 0:
            self.connection.execute(
                'INSERT INTO leases (dynamic_end, host, host_key, state, generation, since, start, "end")'
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    # --- hosts and sightings ------------------------------------------------------------------------------------------

    def hosts(self) -> list[KnownHost]:
        """Return all hosts ever recorded and not forgotten, by name."""
        return [_host(row) for row in self.connection.execute("SELECT * FROM hosts ORDER BY host_key")]

    def save_host(self, host: KnownHost, instead_of: str) -> None:
        """Add what is known of a host, or put it in the place of what is known under a name."""
        self.dirty = True
        old, new = host_key(instead_of), host_key(host.host)
        if old != new:
            self.connection.execute("DELETE FROM hosts WHERE host_key = ?", (old,))
            self.connection.execute("UPDATE sightings SET host_key = ? WHERE host_key = ?", (new, old))
        self.connection.execute(
            "REPLACE INTO hosts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                new,
                host.host,
                host.observed_at,
                host.complete,
                host.complete_at,
                host.why_incomplete,
                host.range_start,
                host.range_end,
                json.dumps(host.ipv4),
                host.cluster,
                json.dumps(host.cluster_nodes),
                host.owners,
                host.facts_at,
            ),
        )

    def delete_host(self, host: str) -> None:
        """Forget a host and its sightings."""
        self.dirty = True
        self.connection.execute("DELETE FROM hosts WHERE host_key = ?", (host_key(host),))
        self.connection.execute("DELETE FROM sightings WHERE host_key = ?", (host_key(host),))

    def add_sightings(self, host: str, observed_at: int, sightings: Iterable[Sighting]) -> None:
        """Add what was seen at a time to a host's sightings."""
        self.dirty = True
        key = host_key(host)
        self.connection.executemany(
            "INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (host_key, address, kind, vm_id, adapter_id, vm_name, adapter_name)"
            " DO UPDATE SET observed_at = excluded.observed_at, dynamic = excluded.dynamic, running = excluded.running"
            " WHERE excluded.observed_at >= sightings.observed_at",
            (
                (
                    item.address,
                    key,
                    observed_at,
                    item.kind,
                    item.vm_id.lower(),
                    item.vm_name,
                    item.adapter_id,
                    item.adapter_name,
                    item.dynamic,
                    item.running,
                )
                for item in sightings
            ),
        )

    def drop_sightings(self, host: str, before: int) -> None:
        """Delete a host's sightings that are older than a time."""
        self.dirty = True
        self.connection.execute(
            "DELETE FROM sightings WHERE host_key = ? AND observed_at < ?", (host_key(host), before)
        )

    def sightings_at(self, address: int) -> list[Sighting]:
        """Return who was seen with an address."""
        rows = self.connection.execute(
            "SELECT sightings.*, hosts.host FROM sightings JOIN hosts USING (host_key) WHERE address = ?"
            " ORDER BY host_key, kind, vm_id, adapter_id, adapter_name",
            (address,),
        )
        return [_sighting(row) for row in rows]

    def sightings_between(self, start: int, end: int) -> Iterator[Sighting]:
        """Return who was seen with an address of a stretch, by address."""
        rows = self.connection.execute(
            "SELECT sightings.*, hosts.host FROM sightings JOIN hosts USING (host_key) WHERE address BETWEEN ? AND ?"
            " ORDER BY address, host_key, kind, vm_id, adapter_id, adapter_name",
            (start, end),
        )
        return map(_sighting, rows)

    def sightings_of_vm(self, vm_id: str) -> list[Sighting]:
        """Return what was seen of a VM, on any host, with any address."""
        rows = self.connection.execute(
            "SELECT sightings.*, hosts.host FROM sightings JOIN hosts USING (host_key) WHERE vm_id = ?"
            " ORDER BY host_key, kind, address, adapter_id",
            (vm_id.lower(),),
        )
        return [_sighting(row) for row in rows]

    # --- plans, intents -----------------------------------------------------------------------------------------------

    def plans(self) -> list[PlanGeneration]:
        """Return the generations of the plan, the newest first."""
        rows = self.connection.execute("SELECT * FROM plans ORDER BY generation DESC")
        return [PlanGeneration(*row) for row in rows]

    def current_plan(self) -> PlanGeneration | None:
        """Return the newest generation of the plan."""
        row = self.connection.execute("SELECT * FROM plans ORDER BY generation DESC LIMIT 1").fetchone()
        return PlanGeneration(*row) if row else None

    def add_plan(self, plan: PlanGeneration) -> None:
        """Add a generation of the plan."""
        self.dirty = True
        self.connection.execute(
            "INSERT INTO plans VALUES (?, ?, ?, ?)", (plan.generation, plan.digest, plan.since, plan.job)
        )

    def intents(self) -> list[Intent]:
        """Return the open intents, the oldest first."""
        return [Intent(*row) for row in self.connection.execute("SELECT * FROM intents ORDER BY id")]

    def add_intent(self, intent: Intent) -> None:
        """Add an intent under its id."""
        self.dirty = True
        self.connection.execute(
            "INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, ?)",
            (intent.id, intent.host, intent.vm_id, intent.kind, intent.note, intent.since, intent.job),
        )

    def delete_intent(self, intent_id: int) -> None:
        """Delete an intent."""
        self.dirty = True
        self.connection.execute("DELETE FROM intents WHERE id = ?", (intent_id,))

    # --- history ------------------------------------------------------------------------------------------------------

    def log(self, kind: str, action: str, job: Job, after: Mapping[str, Any], address: int | None, owner: str) -> int:
        """Add an entry to the history and return its number."""
        self.dirty = True
        self.sequence += 1
        row = _chained(self.digest, self.sequence, self.now, kind, action, address, owner, job, _json(after))
        self.digest = row[-1]
        self._pending.append(row)
        return self.sequence

    def history(self, address: int | None, key: str | None, kind: str | None, newest: int | None) -> list[Entry]:
        """Return entries in order: of an address, of an owner's key, of a kind; only the newest so many."""
        self.flush()
        rows = self.connection.execute(
            # Two statements, so that the index on the address is used where there is one to look for.
            "SELECT * FROM history WHERE (:key IS NULL OR owner_key = :key)"
            " AND (:kind IS NULL OR kind = :kind) ORDER BY sequence DESC LIMIT :newest"
            if address is None
            else "SELECT * FROM history WHERE address = :address AND (:key IS NULL OR owner_key = :key)"
            " AND (:kind IS NULL OR kind = :kind) ORDER BY sequence DESC LIMIT :newest",
            {"address": address, "key": key, "kind": kind, "newest": -1 if newest is None else newest},
        ).fetchall()
        return [_entry(row) for row in reversed(rows)]

    def entry(self, sequence: int) -> Entry | None:
        """Return one entry of the history."""
        self.flush()
        row = self.connection.execute("SELECT * FROM history WHERE sequence = ?", (sequence,)).fetchone()
        return _entry(row) if row else None

    def entries(self) -> Iterator[Entry]:
        """Return the whole history in order."""
        self.flush()
        return map(_entry, self.connection.execute("SELECT * FROM history ORDER BY sequence"))

    def entry_at(self, address: int, at: int) -> Entry | None:
        """Return the newest entry on a claim of an address that is not newer than a time."""
        self.flush()
        row = self.connection.execute(
            "SELECT * FROM history WHERE address = ? AND kind = 'claim' AND at <= ? ORDER BY sequence DESC LIMIT 1",
            (address, at),
        ).fetchone()
        return _entry(row) if row else None


# --- rows -------------------------------------------------------------------------------------------------------------


def _claim_row(claim: Claim) -> Row:
    identity, push = claim.identity, claim.pushing
    return (
        claim.address,
        claim.owner,
        name_key(claim.owner),
        claim.pool,
        claim.state,
        claim.generation,
        claim.since,
        claim.until,
        claim.job,
        claim.evidence,
        claim.note,
        identity.cluster if identity else None,
        identity.vm_id if identity else None,
        identity.adapter_id if identity else None,
        json.dumps(claim.aliases) if claim.aliases else "[]",
        json.dumps([push.host, push.vm_id, push.adapter_id]) if push else None,
    )


def _claim(row: Row) -> Claim:
    return Claim(
        row[0],
        row[1],
        row[3],
        cast(State, row[4]),
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        Identity(row[12], row[13], row[11] or "") if row[12] is not None else None,
        tuple(json.loads(row[14])) if row[14] != "[]" else (),
        Push(*json.loads(row[15])) if row[15] else None,
    )


def _newest_first(rows: list[Row]) -> list[Claim]:
    if len(rows) < 2:
        return [_claim(row) for row in rows]
    # One that changed last comes first; the address makes the order the same everywhere.
    unique = {row[0]: row for row in rows}.values()
    return [_claim(row) for row in sorted(unique, key=lambda row: (-row[6], row[0]))]


def _lease(row: Row) -> Lease:
    start, end, dynamic_end, host, _key, state, generation, since = row
    return Lease(host, start, end, dynamic_end, cast(LeaseState, state), generation, since)


def _host(row: Row) -> KnownHost:
    _key, host, observed_at, complete, complete_at, why, start, end, ipv4, cluster, nodes, owners, facts_at = row
    return KnownHost(
        host,
        observed_at,
        bool(complete),
        complete_at,
        why,
        start,
        end,
        tuple(json.loads(ipv4)),
        cluster,
        tuple(json.loads(nodes)),
        owners,
        facts_at,
    )


def _sighting(row: Row) -> Sighting:
    address, _key, _at, kind, vm_id, vm_name, adapter_id, adapter_name, dynamic, running, host = row
    return Sighting(
        address,
        cast(SightingKind, kind),
        vm_id,
        vm_name,
        adapter_id,
        adapter_name,
        None if dynamic is None else bool(dynamic),
        None if running is None else bool(running),
        host,
    )


def _entry(row: Row) -> Entry:
    sequence, at, kind, action, address, _key, owner, job, user, after, _digest = row
    return Entry(sequence, at, kind, action, address, owner, job, user, json.loads(after))


def _chained(
    digest: str,
    sequence: int,
    at: int,
    kind: str,
    action: str,
    address: int | None,
    owner: str,
    job: Job,
    after: str,
) -> Row:
    """Return a row of history; its digest covers the row and the digest of the one before it."""
    body = json.dumps([digest, sequence, at, kind, action, address, owner, job.name, job.user])
    chained = hashlib.sha256(f"{body}{after}".encode()).hexdigest()
    return (sequence, at, kind, action, address, name_key(owner), owner, job.name, job.user, after, chained)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


# --- files and errors -------------------------------------------------------------------------------------------------


@contextmanager
def _closing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    finally:
        connection.close()


def _read_only(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _nearest_directory(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.is_dir())


def _exists(path: Path) -> LedgerExists:
    return LedgerExists(
        f'ledger "{path}"',
        "no file, to make a new ledger",
        "a file that is there already",
        "Use it as it is, or give another path. Nothing was overwritten.",
    )


def _is_busy(error: sqlite3.Error) -> bool:
    return "locked" in str(error) or "busy" in str(error)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Say in our words what SQLite has to say of a file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(path, error) from error


def _translation(path: Path, error: sqlite3.Error) -> LedgerError:
    text = str(error)
    subject = f'ledger "{path}"'
    if _is_busy(error):
        return LedgerLocked(
            subject,
            "a turn to read or write",
            f"another process that keeps it busy ({text})",
            f"Look for it (fuser {path}), or raise the timeout.",
        )
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return LedgerReadOnly(
            subject,
            "a file and a directory that this user can write (even readers write to the files beside it)",
            text,
            "Mend the permissions, or run as the user who owns the ledger.",
        )
    if "full" in text:
        return LedgerReadOnly(subject, "room to write", text, "Make room on the disk. Nothing was written.")
    if isinstance(error, sqlite3.IntegrityError):
        return LedgerDamaged(
            subject,
            "a state that the rules allow",
            f"a write that the database refused ({text})",
            "Nothing was written. Run macpool.hyperv.ledger with state: verified, and report this as a bug.",
        )
    return LedgerDamaged(
        subject,
        "a database in order",
        text,
        "Stop writing to it. Restore the newest backup (macpool.hyperv.ledger with state: restored), then observe all "
        "hosts: what they carry is not handed out again.",
    )
