# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in SQLite: it keeps what it is told to keep and makes it durable. It decides nothing.

WAL with full sync: a commit that returned survives a power cut. Writers take turns at ``BEGIN IMMEDIATE``. The care of
the file (``care.py``) is loaded when it is asked for: a lookup that claims an address never does.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..errors import LedgerRolledBack
from ..model import Job
from .database import DEFAULT_TIMEOUT, Database, Row
from .leftovers import has_leftovers
from .session import Session
from .witness import Witness, never_seen, read_only

T = TypeVar("T")


class SqliteStore(Database):
    """A ledger in one file, for everything."""

    _witness: Witness | None = None
    witness_place = ""
    """A directory for a second witness; empty for none."""

    @classmethod
    def create(
        cls,
        path: Path,
        scope: str,
        job: Job,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        clock: Callable[[], int] | None = None,
        witness: str = "",
    ) -> SqliteStore:
        """Make an empty ledger.

        :raises LedgerExists: when something is at that place
        """
        from . import care

        digest = care.create(path, scope, job, clock)
        store = cls(path, timeout=timeout, clock=clock)
        store.witness_place = witness
        store.open(scope)
        store.witness.write(1, digest)
        return store

    @classmethod
    def over(cls, database: Database) -> SqliteStore:
        """Return a store that goes on with the connection of a database that is open."""
        store = cls(database.path, timeout=database.timeout)
        store.take_over(database)
        return store

    def open(self, scope: str | None = None) -> None:
        super().open(scope)
        if has_leftovers(self.path):
            from . import care

            care.sweep(self.path)

    def close(self) -> None:
        super().close()
        if self._witness is not None:
            self._witness.close()

    def read(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` on one consistent state."""
        with self.transaction("BEGIN") as (connection, head):
            return work(self._session(connection, head))

    def write(self, work: Callable[[Session], T], *, preview: bool = False, acknowledge: bool = False) -> T:
        """Run ``work`` in one transaction, while nothing else writes, and make it durable; with ``preview``, undo it.

        :param acknowledge: write although the ledger was rolled back, and take its present state as the truth
        """
        with self.transaction("BEGIN IMMEDIATE", preview=preview) as (connection, head):
            session = self._session(connection, head)
            gap = self._gap(session)
            # A preview writes nothing; ``warnings`` says that the real run would be refused.
            if gap is not None and not acknowledge and not preview:
                raise gap
            result = work(session)
            if preview or not session.dirty:
                return result
            session.flush()
            connection.execute("COMMIT")
            self.witness.write(session.sequence, session.digest)
            return result

    def _session(self, connection: sqlite3.Connection, head: Row) -> Session:
        return Session(connection, self.ledger_id, self.scope, head, self._clock)

    @property
    def witness(self) -> Witness:
        """The witness of the ledger that is open."""
        if self._witness is None or self._witness.ledger_id != self.ledger_id:
            self._witness = Witness(self.ledger_id, self.witness_place)
        return self._witness

    def rolled_back(self) -> str:
        """Return what is missing of that which was acknowledged here before; empty when nothing is."""
        gap = self.read(self._gap)
        return str(gap) if gap else ""

    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of this ledger should know, such as that it was rolled back."""
        with self.transaction("BEGIN") as (connection, head):
            session = self._session(connection, head)
            gap = self._gap(session)
            unknown = session.sequence > 1 and not self.witness.problem and not self.witness.read()
            notes = (
                read_only(self.path) if self.is_copied or not os.access(self.path, os.W_OK) else "",
                f"{gap} Until then, tasks that write are refused." if gap else "",
                self.witness.problem or (never_seen(self.path, session.sequence) if unknown else ""),
                session.future(),
            )
        return tuple(filter(None, notes))

    def _gap(self, session: Session) -> LedgerRolledBack | None:
        """Return the error for a ledger that misses what was acknowledged here before, or None."""
        for sequence, digest in sorted(self.witness.read(), reverse=True):
            if (sequence, digest) == (session.sequence, session.digest):
                continue
            if sequence < session.sequence and session.digest_of(sequence) == digest:
                continue
            from .problems import rolled_back

            return rolled_back(self.path, sequence, session.sequence, session.head_at)
        return None
