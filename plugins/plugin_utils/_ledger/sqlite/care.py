# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making, verifying, copying and replacing the file of a ledger."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import cast
from urllib.parse import quote

from ..errors import LedgerDamaged, LedgerEphemeral, LedgerError, LedgerExists, LedgerReadOnly
from ..model import Job
from ..places import check_place, mounted
from .database import APPLICATION_ID, VERSION, Database, translated
from .problems import exists
from .schema import SCHEMA
from .session import NO_DIGEST, as_json, chained

RUNNER = Path("/runner")
THROW_AWAY_FILE_SYSTEMS = ("overlay", "tmpfs", "ramfs", "aufs", "fuse.fuse-overlayfs")


def check_new_place(path: Path, environment: Mapping[str, str] | None = None) -> None:
    """Refuse a place where a new ledger would not be safe.

    :raises LedgerOnNetworkFileSystem: as for an existing one
    :raises LedgerEphemeral: an empty pool in each new container would promise every address again
    """
    check_place(path)
    point, kind = mounted(path)
    names = os.environ if environment is None else environment
    in_container = RUNNER.is_dir() or any(name.startswith("AWX_ISOLATED") for name in names)
    if kind and in_container and (kind in THROW_AWAY_FILE_SYSTEMS or path.resolve().is_relative_to(RUNNER)):
        found = f"{kind}, mounted on {point}, inside an execution environment"
        remedy = (
            "Mount a volume of the controller into the execution environment and set macpool_ledger to a path on it."
        )
        raise LedgerEphemeral(f'ledger "{path}"', "a place that outlives the job", found, remedy)


def create(path: Path, scope: str, job: Job, clock: Callable[[], int] | None) -> str:
    """Make an empty ledger and return the digest of its first entry. It appears at once and whole, or not at all.

    :raises LedgerExists: when something is at that place
    """
    check_new_place(_nearest_directory(path) / path.name)
    if path.exists() or path.is_symlink():
        raise exists(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
        os.close(handle)
    except OSError as error:
        found, remedy = f"{error.strerror} ({path.parent})", "Give a directory that this user can write."
        raise LedgerReadOnly(f'ledger "{path}"', "a new file", found, remedy) from error
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
        _sync(new)
        os.link(new, path)
        _sync(path.parent)
    except FileExistsError:
        raise exists(path) from None
    finally:
        for leftover in (new, Path(f"{name}-wal"), Path(f"{name}-shm"), Path(f"{name}-journal")):
            leftover.unlink(missing_ok=True)
    return cast(str, entry[-1])


def verify(database: Database) -> list[str]:
    """Return what is wrong with the database and with the chain of its history."""
    problems: list[str] = []
    with database.transaction("BEGIN") as (connection, _head):
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


def backup(database: Database, destination: str, *, preview: bool) -> str:
    """Copy the ledger as it is at this moment into a new file, and return its path."""
    target = Path(destination).expanduser().absolute()
    if target.exists():
        raise LedgerExists(f'backup "{target}"', "a new file", "an existing file", "Give another name, such as a date.")
    if preview:
        return str(target)
    with database.lock, translated(database.path):
        connection = database.ready()
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            # One plain file: a backup that needs its -wal beside it is soon half a backup.
            _copy(connection, part, "PRAGMA journal_mode = DELETE")
            os.link(part, target)
            _sync(target.parent)
        except OSError as error:
            raise LedgerError(
                f'backup "{target}"', "a new file", str(error.strerror), "Give a directory that can be written."
            ) from error
        finally:
            part.unlink(missing_ok=True)
    return str(target)


def replace(database: Database, backup: str) -> None:
    """Put a backup in the place of the ledger. The witness is not touched: the caller acknowledges the gap.

    Where the ledger still opens, its pages are replaced in one transaction, so that other processes that have it
    open see either state. Where it is missing or damaged, the file is replaced.
    """
    origin = Path(backup)
    with database.lock, translated(origin), closing(_open_read_only(origin)) as source:
        with suppress(LedgerError):
            database.ready()
        if database.connection is not None:
            try:
                with translated(database.path):
                    source.backup(database.connection)
                    database.connection.execute("PRAGMA journal_mode = WAL")
                database.close()
                return
            except LedgerDamaged:
                database.close()
        with translated(database.path):
            database.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = database.path.with_name(f".{database.path.name}.{os.getpid()}.part")
            try:
                _copy(source, part, "PRAGMA journal_mode = WAL")
                for beside in ("-wal", "-shm"):
                    Path(f"{database.path}{beside}").unlink(missing_ok=True)
                part.replace(database.path)
                _sync(database.path.parent)
            finally:
                part.unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, part: Path, mode: str) -> None:
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(str(part), isolation_level=None)) as copy:
        source.backup(copy)
        copy.execute(mode)
    _sync(part)


def _open_read_only(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _nearest_directory(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.is_dir())
