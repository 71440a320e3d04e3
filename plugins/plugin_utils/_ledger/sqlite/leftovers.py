# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a task needs for a moment, and what a killed task leaves of them.

The process that makes such a file holds a lock on it, and the lock ends with the process, even after kill -9. So a file
whose lock can be taken was left behind, also if the process ran in another container.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SUFFIX = ".part"
_BESIDE = ("", "-wal", "-shm", "-journal")


@contextmanager
def scratch(directory: Path, name: str) -> Iterator[Path]:
    """Make an empty private file and remove it in the end, with what SQLite keeps beside it.

    :raises OSError: where none can be made
    """
    handle, made = tempfile.mkstemp(prefix=f".{name[:64]}.", suffix=SUFFIX, dir=directory)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield Path(made)
    finally:
        _remove(made)
        os.close(handle)


def has_leftovers(path: Path) -> bool:
    """Tell whether files such as a task makes for a moment lie beside a ledger."""
    try:
        return any(_pattern(path.name).fullmatch(found.name) for found in path.parent.iterdir())
    except OSError:
        return False


def sweep(directory: Path, name: str) -> None:
    """Remove the files that killed tasks left behind, and leave those of tasks that still run."""
    with suppress(OSError):
        for found in sorted(directory.iterdir()):
            if _pattern(name).fullmatch(found.name):
                _remove_unlocked(found)


def _remove_unlocked(path: Path) -> None:
    with suppress(OSError):
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(str(path))
        finally:
            os.close(handle)


def _remove(path: str) -> None:
    for beside in _BESIDE:
        Path(f"{path}{beside}").unlink(missing_ok=True)


def _pattern(name: str) -> re.Pattern[str]:
    # ".new" and a number of a process are what versions before 0.2 wrote.
    return re.compile(rf"\.{re.escape(name[:64])}\.[A-Za-z0-9_]+(\{SUFFIX}|\.new)")
