# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making, verifying, copying and replacing the file of a ledger."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import cast
from urllib.parse import quote

from ..._names import host_key, name_key
from ..errors import LedgerDamaged, LedgerEphemeral, LedgerError, LedgerExists, LedgerReadOnly
from ..model import Job
from ..places import check_place, mounted
from . import leftovers
from .database import APPLICATION_ID, VERSION, Damage, Database, Row, claim_of_row, sound, translated
from .leftovers import scratch
from .problems import NOTHING_WRITTEN, exists, of_system, translation
from .schema import SCHEMA
from .session import NO_DIGEST, as_json, chained, entry_of_row, host_of_row
from .values import COLUMNS

COPY = "macpool-backup"
"""The name of the copy of a backup that is being restored, in the temporary directory."""
READERS: Mapping[str, Callable[[Row], object]] = {
    "claims": claim_of_row,
    "hosts": host_of_row,
    "history": entry_of_row,
}
"""By table with columns that hold more than one value: what reads its rows."""
DERIVED: Mapping[str, Callable[[str], str]] = {
    "SELECT address, owner, owner_key FROM claims": name_key,
    "SELECT sequence, owner, owner_key FROM history": name_key,
    "SELECT start, host, host_key FROM leases": host_key,
    "SELECT host_key, host, host_key FROM hosts": host_key,
}
"""By question for rows, names and keys: what makes the key of the name."""
MOST_PROBLEMS = 20
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
        with translated(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            sweep(path)
            with scratch(path.parent, path.name) as new:
                with closing(sqlite3.connect(str(new), isolation_level=None)) as connection:
                    digest = _fill(connection, scope, job, clock() if clock else int(time.time() * 1000))
                _sync(new)
                _link(new, path)
            _sync(path.parent)
    except LedgerReadOnly as error:
        remedy = f"Give a directory that this user can write. {NOTHING_WRITTEN}"
        raise LedgerReadOnly(error.subject, "a new file", f"{error.found} in {path.parent}", remedy) from error
    return digest


def _link(new: Path, path: Path) -> None:
    try:
        os.link(new, path)
    except FileExistsError:
        raise exists(path) from None


def _fill(connection: sqlite3.Connection, scope: str, job: Job, now: int) -> str:
    """Make the tables and the first entry of the history; return its digest."""
    identity = {"id": str(uuid.uuid4()), "scope": scope, "created": now}
    connection.executescript("PRAGMA synchronous = FULL; BEGIN;" + SCHEMA)
    connection.execute("INSERT INTO ledger VALUES (1, ?, ?, ?)", (identity["id"], scope, now))
    entry = chained(NO_DIGEST, 1, now, "ledger", "created", None, "", job, as_json(identity))
    connection.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    return cast(str, entry[-1])


def sweep(path: Path) -> None:
    """Remove what killed tasks left beside a ledger, and of its backups in the temporary directory."""
    leftovers.sweep(path.parent, path.name)
    leftovers.sweep(Path(tempfile.gettempdir()), COPY)


def verify(database: Database) -> list[str]:
    """Return what is wrong with the database, with every value in it and with the chain of its history."""
    with database.transaction("BEGIN") as (connection, _head):
        lines = [line for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
        problems = [f"database: {_printable(line)}" for line in lines]
        problems = problems or list(islice(_odd_rows(connection), MOST_PROBLEMS))
        return problems or [*islice(_odd_keys(connection), MOST_PROBLEMS), *_broken_chain(connection)]


def _printable(text: str) -> str:
    return ascii(text)[1:-1]


def _odd_rows(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the rows that hold what no version of this collection has written."""
    for table in COLUMNS:
        for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608  (a name of our own)
            try:
                READERS.get(table, tuple)(sound(table, row))
            except Damage as damage:
                yield str(damage)


def _odd_keys(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the rows whose derived values are not those of the name or the row that they are derived from."""
    for question, key in DERIVED.items():
        for place, name, found in connection.execute(question):
            if key(name) != found:
                yield f"table {question.split()[-1]}, row {place!a}: its key is {found!a}, not that of {name!a}"
    listed = set(connection.execute("SELECT name_key, address FROM aliases"))
    expected = {
        (name_key(alias), address)
        for address, aliases in connection.execute("SELECT address, aliases FROM claims")
        for alias in json.loads(aliases)
    }
    for name, address in sorted(listed ^ expected):
        yield f"table aliases: {name!a} of {address:012X} is in one of the tables aliases and claims alone"
    orphans = "SELECT DISTINCT host_key FROM sightings WHERE host_key NOT IN (SELECT host_key FROM hosts)"
    for (name,) in connection.execute(orphans):
        yield f"table sightings: the host {name!a} is not in table hosts"


def _broken_chain(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield where the history has a gap or was changed."""
    digest, expected = NO_DIGEST, 1
    for row in connection.execute("SELECT * FROM history ORDER BY sequence"):
        sequence, at, kind, action, address, _key, owner, job, user, after, found = row
        if sequence != expected:
            yield f"history: entry {expected} is missing, the next one is {sequence}"
        entry = chained(digest, sequence, at, kind, action, address, owner, Job(job, user), after)
        if found != entry[-1]:
            yield f"history: entry {sequence} was changed after it was written, or one before it was"
            return
        digest, expected = found, sequence + 1


def backup(database: Database, destination: str, *, preview: bool) -> str:
    """Copy the ledger as it is at this moment into a new file, and return its path."""
    target = Path(destination).expanduser().absolute()
    if target.exists():
        raise _backup_exists(target)
    if preview:
        return str(target)
    with database.lock:
        with translated(database.path):
            connection = database.ready()
        try:
            leftovers.sweep(target.parent, target.name)
            with scratch(target.parent, target.name) as part:
                # One plain file: a backup that needs its -wal beside it is soon half a backup.
                _copy(connection, part, "PRAGMA journal_mode = DELETE")
                os.link(part, target)
            _sync(target.parent)
        except FileExistsError as error:
            raise _backup_exists(target) from error
        except OSError as error:
            raise of_system(f'backup "{target}"', target, error, "a new file") from error
        except sqlite3.Error as error:
            raise translation(target, error) from error
    return str(target)


def _backup_exists(target: Path) -> LedgerExists:
    return LedgerExists(f'backup "{target}"', "a new file", "an existing file", "Give another name, such as a date.")


def replace(database: Database, backup: str) -> str:
    """Put a backup in the place of the ledger. The witness is not touched: the caller acknowledges the gap.

    Where the ledger still opens, its pages are replaced in one transaction, so that other processes that have it
    open see either state. Where it is missing or damaged, the file is replaced, and the old one is kept under another
    name, which is returned.
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
                return ""
            except LedgerDamaged:
                database.close()
        with translated(database.path):
            database.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            sweep(database.path)
            with scratch(database.path.parent, database.path.name) as part:
                _copy(source, part, "PRAGMA journal_mode = WAL")
                kept = _put_aside(database.path)
                os.link(part, database.path)
            _sync(database.path.parent)
            return kept


def _put_aside(path: Path) -> str:
    """Give the file at the place of a ledger another name, with what lies beside it; empty where nothing exists."""
    if not (path.exists() or path.is_symlink()):
        return ""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kept = next(
        name for number in itertools.count() if not (name := Path(f"{path}.replaced-{stamp}-{number}")).exists()
    )
    for beside in ("-wal", "-shm", ""):
        if Path(f"{path}{beside}").exists():
            Path(f"{path}{beside}").rename(f"{kept}{beside}")
    return str(kept)


def _copy(source: sqlite3.Connection, part: Path, mode: str) -> None:
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
