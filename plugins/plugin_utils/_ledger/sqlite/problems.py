# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a ledger's file, in words. Loaded only when something is."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

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


def _named(path: Path) -> str:
    return f'ledger "{path}"'


def missing(path: Path, error: OSError) -> LedgerError:
    """Return the error for a file that cannot be found or looked at."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        remedy = (
            "Check macpool_ledger and whether the volume is mounted. Only if there never was one, make it: "
            "macpool.hyperv.ledger with state: present, or ansible-playbook macpool.hyperv.init."
        )
        return LedgerMissing(_named(path), "a ledger", "no such file", remedy)
    return LedgerReadOnly(_named(path), "a file that can be read", str(error.strerror), "Fix its permissions.")


def exists(path: Path) -> LedgerExists:
    """Return the error for a place that is taken."""
    remedy = "Use it as it is, or give another path. Nothing was overwritten."
    return LedgerExists(_named(path), "no file, to make a new ledger", "an existing file", remedy)


def foreign(path: Path) -> LedgerForeign:
    """Return the error for a file that is no ledger."""
    found = "a file that is no ledger, or whose beginning is damaged"
    remedy = "Correct macpool_ledger, or restore a backup (macpool.hyperv.ledger with state: restored)."
    return LedgerForeign(_named(path), "a ledger made by macpool.hyperv.ledger", found, remedy)


def newer(path: Path, version: int, known: int) -> LedgerNewer:
    """Return the error for a ledger in a later format."""
    found = f"version {version}, written by a newer macpool.hyperv"
    remedy = "Update the collection on this controller."
    return LedgerNewer(_named(path), f"a ledger of version {known} or earlier", found, remedy)


def other_scope(path: Path, wanted: str, found: str, ledger_id: str) -> LedgerForeign:
    """Return the error for the ledger of another scope."""
    return LedgerForeign(
        _named(path),
        f"the ledger of scope {quoted(wanted)}",
        f"the ledger of scope {quoted(found)} (id {ledger_id})",
        "Correct macpool_ledger, or the scope in macpool_plan.",
    )


def no_history(path: Path) -> LedgerDamaged:
    """Return the error for a ledger without a single entry."""
    return LedgerDamaged(_named(path), "a history", "none", "Restore a backup (macpool.hyperv.ledger).")


def locked(path: Path, timeout: float) -> LedgerLocked:
    """Return the error for a turn to write that never came."""
    found = "another process that is writing all the time, or hangs"
    remedy = f"Look for it (fuser {path}), or raise the timeout."
    return LedgerLocked(_named(path), f"a turn to write within {timeout:g} seconds", found, remedy)


def rolled_back(path: Path, seen: int, found: int, at: int) -> LedgerRolledBack:
    """Return the error for a ledger that was put back to an earlier state.

    :param seen: the sequence that was acknowledged here
    :param found: the sequence that the ledger has, since the time ``at``
    """
    missing = max(seen - found, 0)
    what = (
        f"sequence {found} of {iso(at)}: {missing} operations since then are missing"
        if missing
        else f"sequence {found}, whose entry {seen} is another one: the ledger was put back to "
        "an earlier state and went on from there"
    )
    remedy = (
        "Addresses promised since then may be promised again. Put the newest ledger back. If it is lost, observe all "
        "hosts and adopt what they carry, then accept the loss (macpool.hyperv.ledger with accept_rollback: true)."
    )
    return LedgerRolledBack(_named(path), f"sequence {seen} or later, which this controller has seen", what, remedy)


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether another process has the database."""
    return "locked" in str(error) or "busy" in str(error)


def translation(path: Path, error: sqlite3.Error) -> LedgerError:
    """Return the error for what SQLite has to say of a file."""
    text = str(error)
    subject = _named(path)
    if is_busy(error):
        wanted = "a turn to read or write"
        found = f"another process that keeps it busy ({text})"
        return LedgerLocked(subject, wanted, found, f"Look for it (fuser {path}), or raise the timeout.")
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        wanted = "a file and a directory that this user can write (even readers write to the files beside it)"
        remedy = "Fix the permissions, or run as the user who owns the ledger."
        return LedgerReadOnly(subject, wanted, text, remedy)
    if "full" in text:
        return LedgerReadOnly(subject, "room to write", text, "Make room on the disk. Nothing was written.")
    if isinstance(error, sqlite3.IntegrityError):
        found = f"a write that the database refused ({text})"
        remedy = "Nothing was written. Run macpool.hyperv.ledger with state: verified, and report this as a bug."
        return LedgerDamaged(subject, "a state that the rules allow", found, remedy)
    remedy = (
        "Stop writing to it. Restore the newest backup (macpool.hyperv.ledger with state: restored), then observe all "
        "hosts: what they carry is not handed out again."
    )
    return LedgerDamaged(subject, "a database in order", text, remedy)
