# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Full disks, damaged files, restored copies, wrong clocks, users without a home: what is said, and the way back."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, get_args

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._files import read_file
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.claim import State
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import (
    LedgerDamaged,
    LedgerError,
    LedgerExists,
    LedgerLocked,
    LedgerMissing,
    LedgerNoRoom,
    LedgerReadOnly,
    LedgerRolledBack,
    LedgerUnavailable,
    ObservationTooOld,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import (
    ClaimName,
    LeaseState,
    Request,
    SightingKind,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.places import sqlite_path, state_home
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite import problems
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.leftovers import scratch
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.values import COLUMNS, WORDS
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.text import replaceable_export
from tests.unit.plugins.plugin_utils.ledger.helpers import (
    HOUR,
    JOB,
    POOL,
    START,
    Clock,
    ids,
    make_ledger,
    make_plan,
    observation,
    reopened,
    vm,
)

YEARS = 10 * 365 * 24 * HOUR
NOTHING = "Nothing was written."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "west.sqlite3"


@pytest.fixture
def used(path: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A ledger with a row in every table, and its backup."""
    copy = tmp_path / "backup"
    plan = make_plan(256, max_observation_age="24h")
    with make_ledger(path, make_plan(256)) as ledger:
        ledger.ensure([Request(f"vm{number}/eth0", identity=ids(number)) for number in range(40)], JOB)
        ledger.hold([Request("kept", "", POOL + 250)], JOB)
        ledger.lease(JOB)
        now = ledger.now()
        ledger.observe(
            [observation(host, now, vm(POOL + 200), cluster="c", cluster_nodes=("hv1",)) for host in plan.hosts], JOB
        )
        ledger.intend("hv1", "vm-1", JOB)
        ledger.release([ClaimName("vm1/eth0")], JOB)
        ledger.backup(str(copy))
    return path, copy


# --- told apart by cause ----------------------------------------------------------------------------------------------

BY_CODE: list[tuple[int, str, type[LedgerError]]] = [
    (1, "no such table: claims", LedgerDamaged),
    (1, "some other thing", LedgerUnavailable),
    (3, "access permission denied", LedgerReadOnly),
    (4, "query aborted", LedgerUnavailable),
    (5, "database is locked", LedgerLocked),
    (6, "database table is locked", LedgerLocked),
    (7, "out of memory", LedgerUnavailable),
    (8, "attempt to write a readonly database", LedgerReadOnly),
    (9, "interrupted", LedgerUnavailable),
    (10, "disk I/O error", LedgerUnavailable),
    (11, "database disk image is malformed", LedgerDamaged),
    (12, "unknown operation", LedgerUnavailable),
    (13, "database or disk is full", LedgerNoRoom),
    (14, "unable to open database file", LedgerReadOnly),
    (15, "locking protocol", LedgerLocked),
    (17, "database schema has changed", LedgerUnavailable),
    (18, "string or blob too big", LedgerUnavailable),
    (19, "UNIQUE constraint failed: claims.address", LedgerDamaged),
    (20, "datatype mismatch", LedgerDamaged),
    (21, "bad parameter or other API misuse", LedgerUnavailable),
    (22, "large file support is disabled", LedgerUnavailable),
    (23, "not authorized", LedgerReadOnly),
    (25, "column index out of range", LedgerUnavailable),
    (26, "file is not a database", LedgerDamaged),
    (0, "Could not decode to UTF-8 column 'owner' with text '\x1b[2J'", LedgerDamaged),
]
"""Each primary result code of SQLite, as it is worded, and the error that it becomes."""
WORDED = [item for item in BY_CODE if item[2] is not LedgerUnavailable or item[0] in (7, 10)]


def sqlite_error(code: int, text: str) -> sqlite3.Error:
    error = sqlite3.OperationalError(text)
    if code:
        vars(error)["sqlite_errorcode"] = code | (7 << 8)  # an extended code says the same in its last byte
    return error


@pytest.mark.parametrize(("code", "text", "kind"), BY_CODE)
def test_every_result_code_is_told_apart(path: Path, code: int, text: str, kind: type[LedgerError]) -> None:
    found = problems.translation(path, sqlite_error(code, text))
    assert (found).__class__ is kind
    assert NOTHING in str(found)
    assert ("state: restored" in str(found)) == (kind is LedgerDamaged and code != 19)
    assert "\x1b" not in str(found)


@pytest.mark.parametrize(("code", "text", "kind"), WORDED)
def test_python_3_10_which_has_no_codes_tells_the_same(
    path: Path, code: int, text: str, kind: type[LedgerError]
) -> None:
    assert (problems.translation(path, sqlite3.OperationalError(text))).__class__ is kind


@pytest.mark.parametrize("code", [10, 14])
def test_a_full_disk_is_recognised_where_sqlite_does_not_say_it(
    path: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "is_full", lambda _path: True)
    found = problems.translation(path, sqlite_error(code, "disk I/O error"))
    assert (found).__class__ is LedgerNoRoom
    assert f"on the file system of {path.parent}" in str(found)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, LedgerNoRoom),
        (errno.EDQUOT, LedgerNoRoom),
        (errno.EACCES, LedgerReadOnly),
        (errno.EPERM, LedgerReadOnly),
        (errno.EROFS, LedgerReadOnly),
        (errno.ENOENT, LedgerReadOnly),
        (errno.ENOTDIR, LedgerReadOnly),
        (errno.EISDIR, LedgerReadOnly),
        (errno.ENAMETOOLONG, LedgerReadOnly),
        (errno.ELOOP, LedgerReadOnly),
        (errno.EIO, LedgerUnavailable),
        (errno.ENOMEM, LedgerUnavailable),
        (errno.EMFILE, LedgerUnavailable),
        (errno.ESTALE, LedgerUnavailable),
    ],
)
def test_every_error_of_the_system_is_told_apart(path: Path, number: int, kind: type[LedgerError]) -> None:
    found = problems.translation(path, OSError(number, os.strerror(number)))
    assert (found).__class__ is kind
    assert NOTHING in str(found)
    assert "state: restored" not in str(found)


def test_a_ledger_that_has_no_room_left_is_full_and_works_again(path: Path) -> None:
    with make_ledger(path, make_plan(4096)) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        connection = ledger.store.ready()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LedgerNoRoom, match="full") as error:
            ledger.ensure([Request(f"vm{number}/eth0") for number in range(2000)], JOB)
        assert "restore" not in error.value.remedy.casefold()
        assert len(ledger.claims()) == 1
        connection.execute("PRAGMA max_page_count = 1073741823")
        assert len(ledger.ensure([Request(f"vm{number}/eth0") for number in range(2000)], JOB)) == 2000
        assert ledger.verify() == []


# --- a file may hold anything -----------------------------------------------------------------------------------------


def test_the_table_of_columns_is_the_one_that_is_made(path: Path) -> None:
    kinds = {"number": "INTEGER", "time": "INTEGER", "text": "TEXT"}
    make_ledger(path).close()
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in COLUMNS.items():
            made = connection.execute(f"PRAGMA table_info({table})").fetchall()
            told = [item.partition(":") for item in columns.split()]
            assert [(row[1], row[2]) for row in made] == [
                (name, kinds[kind.rstrip("?")]) for name, _unused, kind in told
            ]
            required = {row[1] for row in made if row[3] or row[5]}
            assert required == {name for name, _unused, kind in told if not kind.endswith("?")}


def test_the_words_are_those_that_the_code_knows() -> None:
    assert set(WORDS["claims"]["state"]) == set(get_args(State)) - {"gone"}
    assert set(WORDS["leases"]["state"]) == set(get_args(LeaseState)) - {"gone"}
    assert set(WORDS["sightings"]["kind"]) == set(get_args(SightingKind))


Work = Callable[[Ledger], Any]
EVERYTHING: dict[str, Work] = {
    "claims": lambda ledger: ledger.claims(),
    "an owner": lambda ledger: ledger.claims(owner="vm3/eth0"),
    "info": lambda ledger: ledger.info(),
    "warnings": lambda ledger: ledger.warnings,
    "history": lambda ledger: ledger.history(),
    "history of claims": lambda ledger: ledger.history(kind="claim"),
    "usage": lambda ledger: ledger.usage(),
    "export": lambda ledger: ledger.export_text(),
    "verify": lambda ledger: ledger.verify(),
    "who had it": lambda ledger: ledger.claims_at(ledger.now()),
    "a preview": lambda ledger: ledger.ensure([Request("new/eth0")], JOB, preview=True),
    "a claim": lambda ledger: ledger.ensure([Request("new/eth0")], JOB),
    "a release": lambda ledger: ledger.release([ClaimName("vm2/eth0")], JOB),
    "a lease": lambda ledger: ledger.lease(JOB),
    "an observation": lambda ledger: ledger.observe([observation("hv1", ledger.now(), vm(POOL + 3))], JOB),
    "times": lambda ledger: ledger.correct_times(JOB),
    "a rollback": lambda ledger: ledger.accept_rollback(JOB),
}


def everything(path: Path) -> Iterator[tuple[str, MacPoolError | None]]:
    """Do everything with a ledger; yield what was refused. Whatever else is raised ends the test."""
    for name, work in EVERYTHING.items():
        try:
            with Ledger.open(str(path), "west", make_plan(256)) as ledger:
                work(ledger)
        except MacPoolError as error:
            yield name, error
        else:
            yield name, None


def check_words(path: Path, refused: MacPoolError) -> None:
    text = str(refused)
    assert str(path) in text or not isinstance(refused, LedgerError), text
    assert text.isprintable() or "\n" in text
    for word in (
        "Traceback",
        "object is not",
        "unexpected keyword",
        "NoneType",
        "invalid literal",
        "not supported between",
    ):
        assert word not in text


def tables_and_columns() -> list[tuple[str, str]]:
    return [(table, item.partition(":")[0]) for table, columns in COLUMNS.items() for item in columns.split()] + [
        ("ledger", "id"),
        ("ledger", "scope"),
        ("aliases", "name_key"),
    ]


WRONG: list[Any] = [
    "x'ff'",
    "'x'",
    "NULL",
    "-1",
    "9223372036854775807",
    "1.5",
    "'{'",
    "'[1]'",
    "CAST(x'ff' AS TEXT)",
    "''",
]


@pytest.mark.parametrize(("table", "column"), tables_and_columns())
def test_a_wrong_value_in_any_column_is_named_and_restored(
    used: tuple[Path, Path], tmp_path: Path, table: str, column: str
) -> None:
    origin, backup = used
    values = random.Random(table + column).sample(WRONG, 5 if table in ("claims", "ledger") else 3)
    for number, value in enumerate(values):
        path = tmp_path / f"{number}" / "west.sqlite3"
        path.parent.mkdir()
        shutil.copyfile(origin, path)
        with closing(sqlite3.connect(path, isolation_level=None)) as behind:
            for (name,) in behind.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                behind.execute(f"DROP TRIGGER {name}")
            behind.execute("PRAGMA ignore_check_constraints = ON")
            behind.execute("PRAGMA writable_schema = ON")
            behind.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'")
            behind.execute("PRAGMA writable_schema = RESET")
            place = f'"{table}" SET "{column}" = {value}'
            for rows in (f'WHERE rowid = (SELECT MIN(rowid) FROM "{table}")', ""):  # noqa: S608
                with suppress(
                    sqlite3.Error
                ):  # a table without rowid, a key of two rows, a number that SQLite itself wants
                    behind.execute(f"UPDATE {place} {rows}")
        for _name, refused in everything(path):
            if refused is not None:
                check_words(path, refused)
        restored(path, backup)


def restored(path: Path, backup: Path) -> None:
    """Restore a backup over whatever is there, and find it whole."""
    try:
        Ledger.restore(str(path), "west", str(backup), JOB, make_plan(256))
    except LedgerExists as error:
        # Another id is another ledger: that one is moved away first, as the text says.
        if "Move it away first" not in error.remedy:
            raise
        for beside in ("", "-wal", "-shm"):
            Path(f"{path}{beside}").unlink(missing_ok=True)
        Ledger.restore(str(path), "west", str(backup), JOB, make_plan(256))
    with Ledger.open(str(path), "west", make_plan(256)) as ledger:
        assert ledger.verify() == []
        assert len(ledger.claims()) == 41
        assert ledger.ensure([Request("after/eth0")], JOB)[0].changed


def damage(content: bytearray, rng: random.Random) -> str:
    """Damage a database file in one way, and say which."""
    page = 4096
    count = len(content) // page
    kind = rng.choice(["flip", "flips", "zero", "swap", "cut", "noise", "word"])
    first, second = rng.randrange(count), rng.randrange(count)
    if kind == "flip":
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind == "flips":
        for _unused in range(40):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind == "zero":
        size = rng.choice([64, 512, page])
        at = rng.randrange(0, len(content) - size)
        content[at : at + size] = bytes(size)
    elif kind == "swap":
        one, other = slice(first * page, (first + 1) * page), slice(second * page, (second + 1) * page)
        content[one], content[other] = content[other], content[one]
    elif kind == "cut":
        del content[rng.randrange(len(content)) :]
    elif kind == "noise":
        at = rng.randrange(len(content))
        content[at : at + 100] = rng.randbytes(100)
    else:
        for word in (b"applied", b"reserved", b"vm3/eth0", b"claim", b"hv1"):
            content[:] = content.replace(word, rng.randbytes(len(word)), 1)
    return kind


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_file_is_right_or_refused_by_name(used: tuple[Path, Path], seed: int) -> None:
    path, backup = used
    rng = random.Random(seed)
    content = bytearray(path.read_bytes())
    damage(content, rng)
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    path.write_bytes(content)
    for _name, refused in everything(path):
        if refused is not None:
            check_words(path, refused)
    restored(path, backup)


@pytest.mark.parametrize("statement", ["DROP TABLE {}", "DELETE FROM {}", "ALTER TABLE {} RENAME TO other"])
@pytest.mark.parametrize("table", ["ledger", "claims", "aliases", "leases", "plans", "hosts", "sightings", "history"])
def test_a_missing_table_or_row_is_named_and_restored(used: tuple[Path, Path], table: str, statement: str) -> None:
    path, backup = used
    with closing(sqlite3.connect(path, isolation_level=None)) as behind:
        for (name,) in behind.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            behind.execute(f"DROP TRIGGER {name}")
        behind.execute(statement.format(table))
    for _name, refused in everything(path):
        if refused is not None:
            check_words(path, refused)
    restored(path, backup)


def test_what_a_restore_replaces_is_kept(used: tuple[Path, Path]) -> None:
    path, backup = used
    path.write_bytes(b"somebody's notes, and macpool_ledger was wrong")
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    restored(path, backup)
    (kept,) = path.parent.glob("west.sqlite3.replaced-*")
    assert kept.read_bytes() == b"somebody's notes, and macpool_ledger was wrong"
    with Ledger.open(str(path), "west") as ledger:
        assert ledger.history(kind="ledger")[-1].after["kept"] == str(kept)


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere")
def test_a_restore_into_a_place_that_cannot_be_made_is_refused(used: tuple[Path, Path], tmp_path: Path) -> None:
    _path, backup = used
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerError, match=r"File exists.*Nothing was written"):
        Ledger.restore(str(tmp_path / "file" / "west.sqlite3"), "west", str(backup), JOB, make_plan(256))
    with pytest.raises(LedgerMissing, match="backup"):
        Ledger.restore(str(tmp_path / "new"), "west", str(tmp_path), JOB, make_plan(256))


# --- the id of a file is data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["/etc/passwd", "../x", "7", "", "AAAAAAAA-0000-4000-8000-000000000001"])
def test_an_id_in_a_file_never_becomes_a_path(used: tuple[Path, Path], state_home: Path, value: str) -> None:
    path, _backup = used
    with closing(sqlite3.connect(path, isolation_level=None)) as behind:
        behind.execute("DROP TRIGGER ledger_is_fixed")
        behind.execute("UPDATE ledger SET id = ?", (value,))
    before = sorted(map(str, state_home.rglob("*")))
    with pytest.raises(LedgerDamaged, match="UUID as id"):
        Ledger.open(str(path), "west", make_plan(256))
    assert sorted(map(str, state_home.rglob("*"))) == before


# --- a ledger that was put back ---------------------------------------------------------------------------------------


def put_back(copy: Path, path: Path) -> None:
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    shutil.copyfile(copy, path)


@pytest.mark.parametrize("witness", ["", "second"])
def test_a_job_with_a_new_home_notices_or_says_that_it_cannot(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, witness: str
) -> None:
    place = str(tmp_path / witness) if witness else ""

    def job(number: int) -> Ledger:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"home{number}"))
        return Ledger.open(str(path), "west", make_plan(), witness=place)

    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
    shutil.copyfile(path, tmp_path / "old")
    with job(1) as ledger:
        assert "has not used the ledger" in ledger.warnings[0]
        ledger.ensure([Request("b/eth0")], JOB)
        assert ledger.warnings == ()
    put_back(tmp_path / "old", path)
    with job(2) as ledger:
        if witness:
            assert "sequence 4 or later" in ledger.warnings[0]
            with pytest.raises(LedgerRolledBack):
                ledger.ensure([Request("c/eth0")], JOB)
            assert ledger.accept_rollback(JOB)
            assert ledger.ensure([Request("c/eth0")], JOB)[0].changed
            assert ledger.warnings == ()
        else:
            assert "macpool_witness" in ledger.warnings[0]


def test_the_way_back_from_a_rollback_works_in_its_order(path: Path, tmp_path: Path, clock: Clock) -> None:
    with make_ledger(path, clock=clock) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        ledger.backup(str(tmp_path / "old"))
        (lost,) = ledger.ensure([Request("b/eth0")], JOB)
    put_back(tmp_path / "old", path)
    with reopened(ledger, clock=clock) as again:
        with pytest.raises(LedgerRolledBack) as error:
            again.ensure([Request("c/eth0")], JOB)
        remedy = error.value.remedy
        assert remedy.index("accept_rollback: true") < remedy.index("observe all hosts") < remedy.index("adopt")
        assert again.accept_rollback(JOB)
        clock.forward(HOUR)
        seen = vm(lost.claim.address, "b/eth0", "vm-2")
        again.adopt(
            [observation("hv1", clock.now, seen), observation("hv2", clock.now)],
            [(Request("b/eth0", address=lost.claim.address, adopt=True), "seen")],
            JOB,
        )
        (found,) = again.ensure([Request("c/eth0")], JOB)
        assert found.claim.address != lost.claim.address
        assert [claim.address for claim in again.claims(owner="b/eth0")] == [lost.claim.address]


def test_reading_goes_on_with_a_ledger_that_was_put_back(path: Path, tmp_path: Path) -> None:
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        ledger.backup(str(tmp_path / "old"))
        ledger.ensure([Request("b/eth0")], JOB)
    put_back(tmp_path / "old", path)
    with Ledger.open(str(path), "west", make_plan()) as again:
        assert "tasks that write are refused" in again.warnings[0]
        assert len(again.claims()) == 1
        assert again.usage()
        assert "a/eth0" in again.export_text()
        assert again.ensure([Request("c/eth0")], JOB, preview=True)[0].changed
        assert again.lease(JOB, preview=True)


# --- no home ----------------------------------------------------------------------------------------------------------

NO_HOME = """
import os, sys
os.environ.pop("HOME", None), os.environ.pop("XDG_STATE_HOME", None)
os.setuid(54321)
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, make_plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request
from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
with Ledger.create(sys.argv[1], "west", JOB, make_plan()) as ledger:
    print(ledger.ensure([Request("a/eth0")], JOB)[0].changed, ledger.warnings)
try:
    Ledger.open(None, "west", make_plan())
except MacPoolError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a home")
def test_a_user_without_a_home_can_use_a_ledger() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        program = "import sys; " + NO_HOME.replace("os.setuid(54321)", "").replace("import os, sys", "import os")
        program = NO_HOME.replace("os.setuid(54321)\n", "").replace(
            "with Ledger.create",
            "import ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.problems\n"
            "os.setuid(54321)\nwith Ledger.create",
        )
        done = subprocess.run(
            [sys.executable, "-c", program, f"{folder}/west.sqlite3"], check=False, capture_output=True, text=True
        )
    assert done.stdout.startswith("True ('no witness of this ledger can be kept"), done.stderr
    assert "macpool_witness" in done.stdout
    assert "XDG_STATE_HOME or HOME" in done.stdout


READ_ONLY = """
import os, sys
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, make_plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request
from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
import ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.problems
import ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.snapshot
os.setgid(65534), os.setuid(65534)
with Ledger.open(sys.argv[1], "west", make_plan()) as ledger:
    print(ledger.warnings[0])
    print(len(ledger.claims()), len(ledger.usage()), "a/eth0" in ledger.export_text(), ledger.verify())
    print(ledger.ensure([Request("b/eth0")], JOB, preview=True)[0].changed)
    try:
        ledger.ensure([Request("b/eth0")], JOB)
    except MacPoolError as error:
        print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who may only read")
@pytest.mark.parametrize("in_use", [False, True])
def test_a_user_who_may_only_read_reads_and_previews(in_use: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "west.sqlite3"
        ledger = make_ledger(path)
        ledger.ensure([Request("a/eth0")], JOB)
        if not in_use:
            ledger.close()
        for file in Path(folder).iterdir():
            file.chmod(0o644)
        done = subprocess.run([sys.executable, "-c", READ_ONLY, str(path)], check=False, capture_output=True, text=True)
        lines = done.stdout.splitlines()
        assert len(lines) == 4, done.stderr
        assert "cannot write the ledger" in lines[0]
        assert lines[1].startswith("1 ")
        assert lines[1].endswith("True []")
        assert lines[2] == "True"
        assert "Fix the permissions" in lines[3]
        with Ledger.open(str(path), "west", make_plan()) as again:
            assert len(again.claims()) == 1
        ledger.close()


@pytest.mark.parametrize(
    "location", ["~nosuchuser12/x", "sqlite:///~nosuchuser12/x", "sqlite:///tmp/a%00b", "/tmp/a\nb"]
)
def test_a_path_that_cannot_be_one_is_refused(location: str) -> None:
    with pytest.raises(MacPoolError, match="macpool_ledger"):
        sqlite_path(location, "west")


def test_a_default_place_without_a_home_names_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_home(_path: Path) -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "expanduser", without_home)
    with pytest.raises(MacPoolError, match="XDG_STATE_HOME or HOME"):
        state_home()


# --- a clock that was wrong -------------------------------------------------------------------------------------------


def test_a_clock_that_was_ahead_once_stops_nothing(path: Path, clock: Clock) -> None:
    plan = make_plan(max_observation_age="1h")
    with make_ledger(path, plan, clock) as ledger:
        clock.forward(YEARS)
        ledger.hold([Request("", "", POOL + 9)], JOB)
        ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now)], JOB)
        ledger.ensure([Request("future/eth0")], JOB, reserve_for=3600)
        clock.forward(-YEARS)
        assert ledger.now() == START
        with pytest.raises(ObservationTooOld, match="which is in the future"):
            ledger.ensure([Request("a/eth0")], JOB)
        assert "in the future (1 entries of the history, 2 claims, 2 hosts" in ledger.warnings[0]
        assert "correct_times: true" in ledger.warnings[0]
        # Observed again, the hosts are known again.
        ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now)], JOB)
        (found,) = ledger.ensure([Request("a/eth0")], JOB, reserve_for=3600)
        assert found.claim.until == START + HOUR
        clock.forward(2 * HOUR)
        with pytest.raises(ObservationTooOld):
            ledger.ensure([Request("b/eth0")], JOB)


def test_times_in_the_future_are_corrected(path: Path, clock: Clock) -> None:
    with make_ledger(path, clock=clock) as ledger:
        assert ledger.correct_times(JOB) == 0
        clock.forward(YEARS)
        ledger.lease(JOB)
        ledger.observe([observation("hv1", clock.now, vm(POOL + 5)), observation("hv2", clock.now)], JOB)
        ledger.ensure([Request("future/eth0")], JOB, reserve_for=3600)
        clock.forward(-YEARS)
        before = ledger.history()
        assert ledger.correct_times(JOB, preview=True) > 1
        assert ledger.history() == before
        assert ledger.correct_times(JOB) > 1
        assert ledger.warnings == ()
        assert ledger.correct_times(JOB) == 0
        (claim,) = ledger.claims()
        assert (claim.since, claim.until) == (START, START + HOUR)
        assert ledger.history()[-1].at == START
        assert ledger.verify() == []
        # Sightings of the future count as in use until the host is observed again.
        ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now)], JOB)
        clock.forward(3 * HOUR)
        ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now)], JOB)
        assert ledger.claims()[0].state == "quarantined"


def test_a_release_at_a_wrong_time_frees_nothing(path: Path, clock: Clock) -> None:
    with make_ledger(path, clock=clock) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        clock.forward(YEARS)
        ledger.release([ClaimName("a/eth0")], JOB)
        clock.forward(-YEARS)
        for _unused in range(3):
            clock.forward(24 * HOUR)
            ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now)], JOB)
        assert ledger.claims()[0].state == "releasing"
        ledger.correct_times(JOB)
        clock.forward(HOUR)
        ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now)], JOB)
        assert ledger.claims()[0].state == "quarantined"


# --- files of others, and files without an end ------------------------------------------------------------------------


def test_an_export_replaces_only_an_export(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "notes.yml"
    with make_ledger(path) as ledger:
        assert replaceable_export(target) == ""
        target.write_text(ledger.export_text())
        assert replaceable_export(target) == ledger.export_text()
    for content in ("my: notes\n", '{"macpool": "other"}\n', "[]\n", "[" * 5000):
        target.write_text(content)
        with pytest.raises(MacPoolError, match="is no export"):
            replaceable_export(target)
    target.write_text("")
    assert replaceable_export(target) == ""


def test_only_regular_files_up_to_a_limit_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    large = tmp_path / "large"
    large.write_bytes(b"x" * (2 << 20))
    for place, words in ((tmp_path / "pipe", "regular file"), (Path("/dev/zero"), "regular file"), (large, "1 MiB")):
        with pytest.raises(MacPoolError, match=words):
            read_file(place, 1 << 20)
    assert len(read_file(large, 2 << 20)) == 2 << 20


# --- leftovers --------------------------------------------------------------------------------------------------------

LEAVE = """
import os, signal, sys
from pathlib import Path
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.leftovers import scratch
with scratch(Path(sys.argv[1]), sys.argv[2]) as made:
    Path(f"{made}-wal").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_task_leaves_is_removed_by_the_next(path: Path, tmp_path: Path) -> None:
    make_ledger(path).close()
    done = subprocess.run([sys.executable, "-c", LEAVE, str(tmp_path), path.name], check=False)
    assert done.returncode == -signal.SIGKILL
    old = tmp_path / f".{path.name}.1234.new"
    old.write_text("of an earlier version")
    other = tmp_path / ".another.sqlite3.x.part"
    other.write_text("of another ledger")
    with scratch(tmp_path, path.name) as running:
        assert len(list(tmp_path.glob(f".{path.name}.*"))) == 4
        with Ledger.open(str(path), "west"):
            assert sorted(tmp_path.glob(f".{path.name}.*")) == [running]
    assert other.exists()
    assert not list(tmp_path.glob(f".{path.name}.*"))


def test_a_lock_of_somebody_else_keeps_a_file(tmp_path: Path) -> None:
    with scratch(tmp_path, "x") as made, made.open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
