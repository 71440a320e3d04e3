# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQLite backend: it keeps what it is told to keep and makes it durable. It decides nothing.

WAL with full sync: a commit that returned survives a power cut. Writers take turns at ``BEGIN IMMEDIATE``. The care of
the file (``care.py``) is loaded when it is asked for: a lookup that claims an address never does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..errors import LedgerRolledBack
from ..model import Job
from .claims import Row
from .database import DEFAULT_TIMEOUT, Database
from .session import SqliteSession
from .witness import Witness, gap

T = TypeVar("T")


class SqliteStore(Database):
    """A ledger in one file (``backend.Store`` says what each method does)."""

    _witness: Witness | None = None

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
        """Make an empty ledger.

        :raises LedgerExists: when something is at that place
        """
        from . import care

        digest = care.create(path, scope, job, clock)
        store = cls(path, timeout=timeout, clock=clock)
        store.open(scope)
        store.witness.write(1, digest)
        return store

    @classmethod
    def over(cls, database: Database) -> SqliteStore:
        """Return a store that goes on with the connection of a database that is open."""
        store = cls(database.path, timeout=database.timeout)
        store.take_over(database)
        return store

    def close(self) -> None:
        super().close()
        if self._witness is not None:
            self._witness.close()

    def read(self, work: Callable[[SqliteSession], T]) -> T:
        with self.transaction("BEGIN") as (connection, head):
            return work(self._session(connection, head))

    def write(self, work: Callable[[SqliteSession], T], *, preview: bool = False, acknowledge: bool = False) -> T:
        with self.transaction("BEGIN IMMEDIATE") as (connection, head):
            session = self._session(connection, head)
            gap = self._gap(session)
            if gap is not None and not acknowledge:
                raise gap
            result = work(session)
            if preview or not session.dirty:
                return result
            session.flush()
            connection.execute("COMMIT")
            self.witness.write(session.sequence, session.digest)
            return result

    def _session(self, connection: sqlite3.Connection, head: Row) -> SqliteSession:
        return SqliteSession(connection, self.ledger_id, self.scope, head, self._clock)

    @property
    def witness(self) -> Witness:
        """The witness of the ledger that is open."""
        if self._witness is None or self._witness.path.name != self.ledger_id:
            self._witness = Witness(self.ledger_id)
        return self._witness

    def rolled_back(self) -> str:
        with self.transaction("BEGIN") as (connection, head):
            gap = self._gap(self._session(connection, head))
        return str(gap) if gap else ""

    def warnings(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.rolled_back(), self.witness.problem)))

    def _gap(self, session: SqliteSession) -> LedgerRolledBack | None:
        """Return the error for a ledger that misses what was acknowledged here before, or None."""
        return gap(self.path, session, self.witness.read())

    def verify(self) -> list[str]:
        from . import care

        return care.verify(self)

    def backup(self, destination: str, *, preview: bool = False) -> None:
        from . import care

        care.backup(self, destination, preview=preview)

    def replace_with(self, backup: str) -> None:
        from . import care

        care.replace(self, backup)
