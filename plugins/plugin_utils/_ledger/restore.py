# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a ledger is what its history says, and putting a backup in its place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ...module_utils._errors import MacPoolError
from .._text import quoted
from .errors import LedgerDamaged, LedgerExists, LedgerForeign, LedgerMissing
from .journal import claim_record, intent_record, lease_record
from .model import Job
from .sqlite import care, leftovers
from .sqlite.problems import of_system
from .sqlite.session import Session
from .sqlite.store import SqliteStore


def restore(store: SqliteStore, scope: str, backup: str, job: Job, timeout: float, *, preview: bool = False) -> None:
    """Put a backup in the place of a ledger (``Ledger.restore``)."""
    origin = Path(backup).expanduser().absolute()
    with _scratch_copy(origin) as copy:
        restored_id = _checked_backup(origin, copy, scope, timeout)
        lost = _newest_known(store)
        if lost is not None and lost[0] != restored_id:
            wanted = f"the ledger that the backup is of (id {restored_id}), or none"
            remedy = "Move it away first, if you really want to replace it."
            raise LedgerExists(f'ledger "{store.location}"', wanted, f"another ledger (id {lost[0]})", remedy)
        if preview:
            return
        kept = care.replace(store, str(copy))
    store.open(scope)
    after = {"from": str(origin), "lost_sequence": lost[1] if lost else None, "kept": kept}
    store.write(lambda session: session.log("ledger", "restored", job, after, None, ""), acknowledge=True)


@contextmanager
def _scratch_copy(origin: Path) -> Iterator[Path]:
    """Copy a backup, with its write-ahead log where that was copied too, and remove the copy in the end.

    The backup may lie on a network file system, or where nothing can be written beside it.
    """
    folder = Path(tempfile.gettempdir())
    leftovers.sweep(folder, care.COPY)
    try:
        if not origin.is_file():
            raise LedgerMissing(f'backup "{origin}"', "a backup", "no such file", "Give the path of one.")
        with leftovers.scratch(folder, care.COPY) as copy:
            shutil.copyfile(origin, copy)
            if Path(f"{origin}-wal").is_file():
                shutil.copyfile(f"{origin}-wal", f"{copy}-wal")
            yield copy
    except OSError as error:
        raise of_system(f'backup "{origin}", copied to {folder}', folder / "x", error) from error


def _checked_backup(origin: Path, copy: Path, scope: str, timeout: float) -> str:
    """Return the id of the ledger that a backup is of."""
    subject = f'backup "{origin}"'
    try:
        with closing(SqliteStore.at(str(copy), scope, timeout)) as store:
            store.open(scope)
            ledger_id = store.read(lambda session: session.ledger_id)
            problems = care.verify(store) or store.read(replay_problems)
    except LedgerForeign as error:
        # The remedies for a ledger, such as making one, are none for a backup.
        wanted = f"a backup of the ledger of scope {quoted(scope)}"
        raise LedgerForeign(subject, wanted, error.found, "Give the path of one.") from error
    if problems:
        raise LedgerDamaged(subject, "a backup in order", "; ".join(problems[:3]), "Restore another backup.")
    return ledger_id


def _newest_known(store: SqliteStore) -> tuple[str, int] | None:
    """Return id and sequence of the ledger that is to be replaced, as far as it can be read."""
    try:
        return store.read(lambda session: (session.ledger_id, session.sequence))
    except MacPoolError:
        return None
    finally:
        store.close()


PARTS = {
    "claim": ("address", "state"),
    "lease": ("start", "state"),
    "plan": ("generation",),
    "intent": ("id", "open"),
}
"""By kind of entry: what its record must have to be replayed."""


def replay_problems(session: Session) -> list[str]:
    """Return where the state is not what the history gives."""
    kept: dict[str, dict[Any, Any]] = {"claim": {}, "lease": {}, "plan": {}, "intent": {}}
    for entry in session.entries():
        after = entry.after
        if not set(PARTS.get(entry.kind, ())) <= set(after):
            return [f"history: entry {entry.sequence} is no record of a {entry.kind}"]
        if entry.kind == "claim":
            kept["claim"][after["address"]] = None if after["state"] == "gone" else after
        elif entry.kind == "lease":
            kept["lease"][after["start"]] = None if after["state"] == "gone" else after
        elif entry.kind == "plan":
            kept["plan"][after["generation"]] = after
        elif entry.kind == "intent":
            kept["intent"][after["id"]] = after if after["open"] else None
    found: dict[str, dict[Any, Any]] = {
        "claim": {record["address"]: record for record in map(claim_record, session.claims_between(0, (1 << 48) - 1))},
        "lease": {record["start"]: record for record in map(lease_record, session.leases())},
        "plan": {plan.generation: plan._asdict() for plan in session.plans()},
        "intent": {intent.id: intent_record(intent, is_open=True) for intent in session.intents()},
    }
    return [
        f"{kind} {key}: the history says {expected.get(key)}, the ledger {found[kind].get(key)}"
        for kind, expected in kept.items()
        for key in sorted({*expected, *found[kind]}, key=str)
        if expected.get(key) != found[kind].get(key)
    ]
