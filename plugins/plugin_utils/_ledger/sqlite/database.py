# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a ledger: opened, checked, and asked about claims. ``store.py`` does everything else.

A connection never crosses a fork: SQLite's file locks belong to a process, and a copy of a connection would take them for
its own. What is wrong with a file is put into words by ``problems.py``, which is loaded only then.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from ....module_utils._ids import plain_guid
from ..claim import Claim, Identity, Push
from ..places import check_place, sqlite_path
from .values import CHOICES, NAMES, problem_of

Row = tuple[Any, ...]
T = TypeVar("T")
_Self = TypeVar("_Self", bound="Database")

APPLICATION_ID = 0x4D50484C  # "MPHL"
VERSION = 1
"""Of the tables in ``schema.py``."""
DEFAULT_TIMEOUT = 30.0
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

_databases: weakref.WeakSet[Database] = weakref.WeakSet()
# Connections that came here by a fork all the same. Closing one would let go of the parent's locks.
_abandoned: list[sqlite3.Connection] = []


def _close_before_fork() -> None:
    for database in list(_databases):
        database.close()


os.register_at_fork(before=_close_before_fork)


class Damage(Exception):
    """A row holds what no version of this collection has written; the text names table, row and column."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say in our words what SQLite, the operating system or a row has to say of a file."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError, Damage) as error:
        from .problems import translation

        raise translation(path, error) from error


_SOUND: set[Row] = set()
_LARGEST = 253_402_300_800_000
"""No usual number is larger: the year 10000 in milliseconds. A row with such a number is looked at more closely."""


def sound(table: str, row: Row) -> Row:
    """Return a row of a table as it was read. The types of a row are looked at once for all rows that have the same.

    :raises Damage: SQLite keeps any value in any column, and a damaged file holds what the rules of the table forbid
    """
    shape = (table, row[CHOICES[table]] if table in CHOICES else "", *map(type, row))
    if shape not in _SOUND or any(isinstance(value, int) and not 0 <= value < _LARGEST for value in row):
        if problem := problem_of(table, row):
            raise Damage(problem)
        _SOUND.add(shape)
    return row


def texts(table: str, row: Row, column: int) -> tuple[str, ...]:
    """Return the list of texts that a column of a row holds.

    :raises Damage: if it holds something else
    """
    try:
        found = json.loads(row[column])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise Damage(f"table {table}, row {ascii(row[0])[:40]}: column {NAMES[table][column]} is not a list of texts")
    return tuple(found)


class Claims:
    """One transaction that only asks about claims: all that looking up an address needs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def sql(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(statement, values)

    def claims_named(self, key: str) -> list[Claim]:
        """Return the claims whose owner or alias has this key (``name_key``), the newest first; none that is held."""
        rows = self.sql(
            "SELECT * FROM claims WHERE owner_key = ? AND state IN ('reserved', 'applied')"
            " UNION ALL SELECT * FROM claims WHERE owner_key = ? AND state IN ('releasing', 'quarantined')"
            " UNION ALL SELECT claims.* FROM aliases CROSS JOIN claims ON claims.address = aliases.address"
            " WHERE aliases.name_key = ? AND claims.state <> 'held'",
            *(key, key, key),
        )
        return newest_first(rows)

    def claims_between(self, start: int, end: int) -> Iterator[Claim]:
        """Return the claims on a stretch of addresses, by address."""
        return map(
            claim_of_row, self.sql("SELECT * FROM claims WHERE address BETWEEN ? AND ? ORDER BY address", start, end)
        )


def claim_of_row(row: Row) -> Claim:
    address, owner, _key, *plain, cluster, vm_id, adapter_id, aliases, push = sound("claims", row)
    identity = Identity(vm_id, adapter_id or "", cluster or "") if vm_id is not None else None
    others = texts("claims", row, 14) if aliases != "[]" else ()
    return Claim._make((address, owner, *plain, identity, others, _push(row) if push else None))


def _push(row: Row) -> Push:
    found = texts("claims", row, 15)
    if len(found) != len(Push._fields):
        raise Damage(f"table claims, row {row[0]}: column pushing has {len(found)} parts")
    return Push._make(found)


def newest_first(rows: Iterable[Row]) -> list[Claim]:
    # One that changed last comes first; the address makes the order the same everywhere.
    unique = {row[0]: sound("claims", row) for row in rows}.values()
    return [claim_of_row(row) for row in sorted(unique, key=lambda row: (-row[6], row[0]))]


class Database:
    """A ledger in one file, for questions about claims."""

    def __init__(self, path: Path, *, timeout: float = DEFAULT_TIMEOUT, clock: Callable[[], int] | None = None) -> None:
        """Remember where the ledger is; it is opened when it is needed.

        :param timeout: seconds to wait for other writers
        :param clock: replaces the database's clock in tests, milliseconds
        """
        self.path = path
        self.location = str(path)
        self.ledger_id = ""
        self.scope = ""
        self.connection: sqlite3.Connection | None = None
        self.lock = threading.RLock()
        self.timeout = timeout
        self._clock = clock
        self._opened_by = 0
        self._opened_file = (0, 0)
        self.is_copied = False
        """Whether this user cannot write the ledger, so that what was read last was a copy of it."""
        _databases.add(self)

    @classmethod
    def at(cls: type[_Self], location: str | None, scope: str, timeout: float = DEFAULT_TIMEOUT) -> _Self:
        """Return the ledger that a location means, not yet opened.

        :param location: ``sqlite:///path``, a path, or None for the default place of the scope
        """
        return cls(sqlite_path(location, scope), timeout=timeout)

    def open(self, scope: str | None = None) -> None:
        """Open the ledger now, so that what is wrong with it is said now.

        :param scope: refuse the ledger of another scope
        """
        with self.transaction("BEGIN"):
            pass
        if scope is not None and scope != self.scope:
            from .problems import other_scope

            raise other_scope(self.path, scope, self.scope, self.ledger_id)

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        with self.lock:
            if self.connection is not None:
                if self._opened_by == os.getpid():
                    self.connection.close()
                else:
                    _abandoned.append(self.connection)
                self.connection = None

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()

    def take_over(self, other: Database) -> None:
        """Go on with the connection of another object for the same file, which opens its own again when it needs one."""
        with self.lock, other.lock:
            self.connection, other.connection = other.connection, None
            self._opened_by, self._opened_file = other._opened_by, other._opened_file
            self.ledger_id, self.scope = other.ledger_id, other.scope

    def ready(self) -> sqlite3.Connection:
        """Return a connection of this process to the file that is at this place now."""
        try:
            file = self.path.stat()
        except OSError as error:
            self.close()
            from .problems import missing

            raise missing(self.path, error) from error
        if self.connection is not None:
            if self._opened_by == os.getpid() and self._opened_file == (file.st_dev, file.st_ino):
                return self.connection
            self.close()
        check_place(self.path)
        with translated(self.path):
            uri = f"file:{quote(str(self.path))}?mode=rw"
            connection = sqlite3.connect(
                uri, uri=True, timeout=self.timeout, isolation_level=None, check_same_thread=False
            )
            try:
                self._inspect(connection)
            except BaseException:
                connection.close()
                raise
        self.connection = connection
        self._opened_by = os.getpid()
        self._opened_file = (file.st_dev, file.st_ino)
        return connection

    def _inspect(self, connection: sqlite3.Connection) -> None:
        try:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            from .problems import is_no_database

            if not is_no_database(error):
                raise
            application = version = 0
        if application != APPLICATION_ID:
            from .problems import foreign

            raise foreign(self.path)
        if version > VERSION:
            from .problems import newer

            raise newer(self.path, version, VERSION)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        self.ledger_id, self.scope = _identity(connection.execute("SELECT id, scope FROM ledger").fetchall())
        # Waiting for a turn is our own business from here on: SQLite's naps are up to 100 ms long.
        connection.execute("PRAGMA busy_timeout = 0")

    def look(self, work: Callable[[Claims], T]) -> T:
        """Run ``work`` on one consistent state."""
        with self.transaction("BEGIN") as (connection, _head):
            return work(Claims(connection))

    @contextmanager
    def transaction(self, begin: str, *, preview: bool = False) -> Iterator[tuple[sqlite3.Connection, Row]]:
        """Begin a transaction, yield it with the head of the history, and undo what was not committed.

        :param preview: nothing will be committed, so that a copy will do where this user cannot write the ledger
        """
        with self.lock, translated(self.path):
            try:
                connection = self.ready()
                # SQLite begins to write in a file that it cannot write, and fails only later.
                in_place = not preview or os.access(self.path, os.W_OK)
                head = self._begin(connection, begin) if in_place else ()
            except Exception as error:
                from .problems import is_read_only

                if not is_read_only(error) or not (preview or begin == "BEGIN"):
                    raise
                in_place, head = False, ()
            if not in_place:
                connection, head = self._copied()
            try:
                yield connection, head
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if connection is not self.connection:
                    connection.close()

    def _copied(self) -> tuple[sqlite3.Connection, Row]:
        """Begin a transaction on a copy of the ledger."""
        from .snapshot import snapshot

        connection = snapshot(self.path)
        try:
            self._inspect(connection)
            head = self._begin(connection, "BEGIN")
        except BaseException:
            connection.close()
            raise
        self.is_copied = True
        return connection, head

    def _begin(self, connection: sqlite3.Connection, begin: str) -> Row:
        """Start a transaction and read the head of the history, waiting for other writers."""
        deadline = 0.0
        nap = FIRST_NAP
        while True:
            try:
                connection.execute(begin)
                head: Row | None = connection.execute(HEAD).fetchone()
            except sqlite3.OperationalError as error:
                from .problems import is_busy, locked

                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if not is_busy(error):
                    raise
                now = time.monotonic()
                deadline = deadline or now + self.timeout
                if now >= deadline:
                    raise locked(self.path, self.timeout) from error
                time.sleep(nap * (0.5 + random.random()))
                nap = min(nap * 1.5, LONGEST_NAP)
                continue
            if head is None or not all(map(isinstance, head, (int, int, str))):
                connection.execute("ROLLBACK")
                raise Damage("table history: its newest entry is missing or no entry")
            return head


def _identity(rows: list[Row]) -> tuple[str, str]:
    """Return id and scope. The id is the name of a file elsewhere, and a file may hold anything in its place."""
    if len(rows) == 1:
        ledger_id, scope = rows[0]
        if isinstance(ledger_id, str) and isinstance(scope, str) and scope and plain_guid(ledger_id) == ledger_id:
            return ledger_id, scope
    raise Damage("table ledger: it does not hold one row with a UUID as id and a scope")
