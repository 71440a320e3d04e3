# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger that this user may read but not write: SQLite needs to write beside it even to read, so a copy is read."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

TRIES = 20
PAUSE = 0.05
"""Seconds between two tries to copy a ledger that another process is writing."""


def snapshot(path: Path) -> sqlite3.Connection:
    """Return a copy of a ledger in memory, as it was at one moment.

    :raises OSError: if it cannot be read, or is written all the time
    """
    with tempfile.TemporaryDirectory(prefix="macpool-") as folder:
        copy = Path(folder) / "copy"
        for _try in range(TRIES):
            before = _state(path)
            shutil.copyfile(path, copy)
            Path(f"{copy}-wal").unlink(missing_ok=True)
            if Path(f"{path}-wal").exists():
                shutil.copyfile(f"{path}-wal", f"{copy}-wal")
            if before == _state(path):
                break
            time.sleep(PAUSE)
        else:
            raise OSError("it changes all the time, and cannot be copied")
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with closing(sqlite3.connect(copy)) as disk:
            disk.backup(memory)
        return memory


def _state(path: Path) -> list[tuple[int, int]]:
    files = [file for file in (path, Path(f"{path}-wal")) if file.exists()]
    return [(file.stat().st_size, file.stat().st_mtime_ns) for file in files]
