# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and errors of the SQLite backend."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from ..errors import LedgerDamaged, LedgerError, LedgerExists, LedgerLocked, LedgerReadOnly


def open_read_only(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def nearest_directory(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.is_dir())


def already_exists(path: Path) -> LedgerExists:
    return LedgerExists(
        f'ledger "{path}"',
        "no file, to make a new ledger",
        "a file that is there already",
        "Use it as it is, or give another path. Nothing was overwritten.",
    )


def is_busy(error: sqlite3.Error) -> bool:
    return "locked" in str(error) or "busy" in str(error)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say in our words what SQLite has to say of a file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(path, error) from error


def _translation(path: Path, error: sqlite3.Error) -> LedgerError:
    text = str(error)
    subject = f'ledger "{path}"'
    if is_busy(error):
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
            "Fix the permissions, or run as the user who owns the ledger.",
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
