# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a ledger's file, in words. Loaded only when something is."""

from __future__ import annotations

import errno
import os
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
    LedgerNoRoom,
    LedgerReadOnly,
    LedgerRolledBack,
    LedgerUnavailable,
)

NOTHING_WRITTEN = "Nothing was written."
_LOOK_AT_THE_MACHINE = (
    "Look into the system log (dmesg) for errors of the disk or the volume, and fix those first. The ledger itself may be"
    " in order: run macpool.hyperv.ledger with state: verified afterwards."
)

# Primary result codes, https://www.sqlite.org/rescode.html
_ERROR, _PERM, _NOMEM, _READONLY, _IOERR, _CORRUPT, _FULL = 1, 3, 7, 8, 10, 11, 13
_CANTOPEN, _CONSTRAINT, _MISMATCH, _AUTH, _NOTADB = 14, 19, 20, 23, 26
_BUSY = (5, 6, 15)
_CODES_BY_WORDS = (
    ("is locked", 5),
    ("is busy", 5),
    ("locking protocol", 15),
    ("out of memory", _NOMEM),
    ("readonly database", _READONLY),
    ("disk I/O error", _IOERR),
    ("malformed", _CORRUPT),
    ("is full", _FULL),
    ("unable to open", _CANTOPEN),
    ("constraint failed", _CONSTRAINT),
    ("datatype mismatch", _MISMATCH),
    ("access permission denied", _PERM),
    ("not authorized", _AUTH),
    ("not a database", _NOTADB),
)
"""For Python 3.10, whose errors do not carry the code: the texts of SQLite have not changed for years."""
_DAMAGE_WORDS = ("no such ", "Could not decode", "malformed", "incomplete input", "near ", "table ", "unsupported")
"""How errors begin that a ledger in order never gives: a table is missing, or a text is not UTF-8."""
_LEAST_ROOM = 64 * 1024
_ERRNO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ERRNO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)
_ERRNO_PLACE = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.EINVAL,
    errno.ENXIO,
    errno.EEXIST,
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
    return of_system(_named(path), path, error)


def of_system(
    subject: str, path: Path, error: OSError, wanted: str = "a file that can be read and written"
) -> LedgerError:
    """Return the error for what the operating system has to say of a file."""
    found = f"{error.strerror or 'an error without a text'} (errno {error.errno})"
    if error.errno in _ERRNO_ROOM:
        return no_room(subject, path, found)
    if error.errno in _ERRNO_PERMISSION:
        return LedgerReadOnly(subject, wanted, found, f"Fix the permissions. {NOTHING_WRITTEN}")
    if error.errno in _ERRNO_PLACE:
        return LedgerReadOnly(subject, wanted, found, f"Give the path of a file that can exist. {NOTHING_WRITTEN}")
    return LedgerUnavailable(subject, wanted, found, f"{_LOOK_AT_THE_MACHINE} {NOTHING_WRITTEN}")


def no_room(subject: str, path: Path, found: str) -> LedgerNoRoom:
    """Return the error for a full disk."""
    remedy = f"Make room, or raise the quota of this user, on the file system of {path.parent}. {NOTHING_WRITTEN}"
    return LedgerNoRoom(subject, "room to write", found, remedy)


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


def locked(path: Path, timeout: float) -> LedgerLocked:
    """Return the error for a turn to write that never came."""
    found = "another process that is writing all the time, or hangs"
    remedy = f"Look for it (fuser {path}), or raise the timeout."
    return LedgerLocked(
        _named(path), f"a turn to write within {timeout:g} seconds", found, f"{remedy} {NOTHING_WRITTEN}"
    )


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
        "Addresses promised since then may be promised again. Put the newest ledger back. If it is lost, accept the loss"
        " (macpool.hyperv.ledger with accept_rollback: true), then at once observe all hosts and adopt what they carry,"
        " before anything else claims an address."
    )
    return LedgerRolledBack(_named(path), f"sequence {seen} or later, which this controller has seen", what, remedy)


def code_of(error: sqlite3.Error) -> int:
    """Return the primary result code of SQLite; 0 where the error is not one of SQLite's own."""
    code = getattr(error, "sqlite_errorcode", None)  # Python 3.11
    if code is not None:
        return int(code) & 0xFF
    return next((number for words, number in _CODES_BY_WORDS if words in str(error)), 0)


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether another process has the database."""
    return code_of(error) in _BUSY


def is_no_database(error: sqlite3.Error) -> bool:
    """Tell whether the file does not even begin as a database does."""
    return code_of(error) == _NOTADB


def is_read_only(error: Exception) -> bool:
    """Tell whether an error means that this user cannot write, which does not keep anybody from reading a copy."""
    return isinstance(error, LedgerReadOnly) or (
        isinstance(error, sqlite3.Error) and code_of(error) in (_READONLY, _CANTOPEN, _PERM, _AUTH)
    )


def translation(path: Path, error: Exception) -> LedgerError:
    """Return the error for what SQLite, the operating system or a row has to say of a ledger's file.

    The most destructive remedy, to restore a backup, is for damage alone.
    """
    subject, text = _named(path), str(error)
    if isinstance(error, OSError):
        return of_system(subject, path, error)
    if not isinstance(error, sqlite3.Error):
        return damaged(subject, "text that is not UTF-8" if isinstance(error, UnicodeDecodeError) else text)
    code = code_of(error)
    if code in _BUSY:
        wanted = "a turn to read or write"
        found = f"another process that keeps it busy ({text})"
        return LedgerLocked(
            subject, wanted, found, f"Look for it (fuser {path}), or raise the timeout. {NOTHING_WRITTEN}"
        )
    if code == _FULL or (code in (_CANTOPEN, _IOERR) and is_full(path)):
        return no_room(subject, path, text)
    if code in (_READONLY, _CANTOPEN, _PERM, _AUTH):
        wanted = "a file and a directory that this user can write (even readers write to the files beside it)"
        remedy = f"Fix the permissions, or run as the user who owns the ledger. {NOTHING_WRITTEN}"
        return LedgerReadOnly(subject, wanted, text, remedy)
    if code == _IOERR:
        return LedgerUnavailable(
            subject, "a disk that reads and writes", text, f"{_LOOK_AT_THE_MACHINE} {NOTHING_WRITTEN}"
        )
    if code == _NOMEM:
        remedy = f"Give the job more memory, or run fewer forks. {NOTHING_WRITTEN}"
        return LedgerUnavailable(subject, "memory to work with", text, remedy)
    if code == _CONSTRAINT:
        return LedgerDamaged(
            subject,
            "a state that the rules allow",
            f"a write that the database refused ({text})",
            f"{NOTHING_WRITTEN} Run macpool.hyperv.ledger with state: verified, and report this as a bug.",
        )
    if code in (_CORRUPT, _NOTADB, _MISMATCH) or (code in (0, _ERROR) and text.startswith(_DAMAGE_WORDS)):
        return damaged(subject, _without_content(text))
    remedy = f"{NOTHING_WRITTEN} Run macpool.hyperv.ledger with state: verified. If that finds nothing, run again."
    return LedgerUnavailable(subject, "an answer of SQLite", f"{_without_content(text)} (code {code})", remedy)


def damaged(subject: str, found: str) -> LedgerDamaged:
    """Return the error for a file whose content is not what was written."""
    remedy = (
        f"{NOTHING_WRITTEN} Stop writing to it. Restore the newest backup (macpool.hyperv.ledger with state: restored), "
        "then observe all hosts: what they carry is not handed out again."
    )
    return LedgerDamaged(subject, "a database in order", found, remedy)


def is_full(path: Path) -> bool:
    """Tell whether the file system of a ledger has no room for another page: SQLite does not always tell."""
    try:
        found = os.statvfs(path.parent)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _LEAST_ROOM or (found.f_files > 0 and found.f_favail == 0)


def _without_content(text: str) -> str:
    """Return an error without what it quotes of a damaged file: that may hold anything."""
    return text.partition(" with text ")[0]
