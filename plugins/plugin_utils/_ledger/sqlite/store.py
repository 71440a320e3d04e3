# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQLite backend: it keeps what it is told to keep and makes it durable. It decides nothing.

WAL with full sync: a commit that returned survives a power cut. Writers take turns at ``BEGIN IMMEDIATE``. A connection
never crosses a fork: SQLite's file locks belong to a process, and a copy of a connection would take them for its own.
"""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import quote

from ..._text import iso, quoted
from ..errors import (
    LedgerDamaged,
    LedgerError,
    LedgerExists,
    LedgerForeign,
    LedgerLocked,
    LedgerMissing,
    LedgerNewer,
    LedgerReadOnly,
    LedgerRolledBack,
)
from ..model import Job
from ..places import check_place
from .files import already_exists, is_busy, nearest_directory, open_read_only, sync, translated
from .rows import NO_DIGEST, Row, as_json, chained
from .schema import APPLICATION_ID, SCHEMA, VERSION
from .session import SqliteSession
from .witness import Witness

T = TypeVar("T")

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
        check_place(nearest_directory(path) / path.name, creating=True)
        if path.exists() or path.is_symlink():
            raise already_exists(path)
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
            with translated(path), closing(sqlite3.connect(name, isolation_level=None)) as connection:
                now = clock() if clock else int(time.time() * 1000)
                identity = {"id": str(uuid.uuid4()), "scope": scope, "created": now}
                connection.executescript("PRAGMA synchronous = FULL; BEGIN;" + SCHEMA)
                connection.execute("INSERT INTO ledger VALUES (1, ?, ?, ?)", (identity["id"], scope, now))
                entry = chained(NO_DIGEST, 1, now, "ledger", "created", None, "", job, as_json(identity))
                connection.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode = WAL")
            sync(new)
            os.link(new, path)
            sync(path.parent)
        except FileExistsError:
            raise already_exists(path) from None
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
        with translated(self.path):
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
                "macpool.hyperv.ledger with state: present, or ansible-playbook macpool.hyperv.init.",
            )
        return LedgerReadOnly(subject, "a file that can be read", str(error.strerror), "Fix its permissions.")

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
        with self._lock, translated(self.path):
            connection = self._ready()
            head = self._begin(connection, begin)
            session = SqliteSession(connection, self.path, self.ledger_id, self.scope, head, self._clock)
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
                if not is_busy(error):
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
                entry = chained(digest, sequence, at, kind, action, address, owner, Job(job, user), after)
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
        with self._lock, translated(self.path):
            connection = self._ready()
            part = target.with_name(f".{target.name}.{os.getpid()}.part")
            try:
                os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                with closing(sqlite3.connect(str(part), isolation_level=None)) as copy:
                    connection.backup(copy)
                    # One plain file: a backup that needs its -wal beside it is soon half a backup.
                    copy.execute("PRAGMA journal_mode = DELETE")
                sync(part)
                os.link(part, target)
                sync(target.parent)
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
        with self._lock, translated(origin), closing(open_read_only(origin)) as source:
            with suppress(LedgerError):
                self._ready()
            if self._connection is not None:
                try:
                    with translated(self.path):
                        source.backup(self._connection)
                        self._connection.execute("PRAGMA journal_mode = WAL")
                    self.close()
                    return
                except LedgerDamaged:
                    self.close()
            with translated(self.path):
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
                try:
                    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                    with closing(sqlite3.connect(str(part), isolation_level=None)) as copy:
                        source.backup(copy)
                        copy.execute("PRAGMA journal_mode = WAL")
                    sync(part)
                    for beside in ("-wal", "-shm"):
                        Path(f"{self.path}{beside}").unlink(missing_ok=True)
                    part.replace(self.path)
                    sync(self.path.parent)
                finally:
                    part.unlink(missing_ok=True)
