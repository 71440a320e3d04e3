# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a ledger is said, each with its own words, and nothing is made or changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger import places as _places
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import (
    LedgerDamaged,
    LedgerEphemeral,
    LedgerError,
    LedgerExists,
    LedgerForeign,
    LedgerLocked,
    LedgerMissing,
    LedgerNewer,
    LedgerOnNetworkFileSystem,
    LedgerRolledBack,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.places import (
    check_place,
    file_name,
    file_system_of,
    sqlite_path,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite import care as _care
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.care import check_new_place
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, Clock, make_ledger, make_plan, observation, reopened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "west.sqlite3"


def opened(path: Path) -> Ledger:
    return Ledger.open(str(path), "west", make_plan())


# --- where it is ------------------------------------------------------------------------------------------------------


def test_the_default_place_belongs_to_the_scope_and_to_its_user(state_home: Path) -> None:
    with Ledger.create(None, "west", JOB) as ledger:
        place = state_home / "macpool" / "west.sqlite3"
        assert Path(ledger.location) == place
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert Ledger.open(None, "west").scope == "west"


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/var/lib/m/west.db", "/var/lib/m/west.db"),
        ("sqlite:///var/lib/m/west.db", "/var/lib/m/west.db"),
        ("sqlite:////var/lib/m/west.db", "/var/lib/m/west.db"),
        ("sqlite:///var/lib/a%20b.db", "/var/lib/a b.db"),
    ],
)
def test_locations(location: str, path: str) -> None:
    assert sqlite_path(location, "west") == Path(path)


@pytest.mark.parametrize("location", ["mysql://x/y", "sqlite://host/x", "sqlite:///", "sqlite:///x?mode=memory"])
def test_unknown_locations_are_refused(location: str) -> None:
    with pytest.raises(MacPoolError, match="macpool_ledger"):
        sqlite_path(location, "west")


def test_a_scope_is_never_a_path() -> None:
    assert file_name("../../etc/passwd") == "%2E.%2F..%2Fetc%2Fpasswd"
    assert file_name("West 1") == "West%201"


def test_a_missing_ledger_is_not_made_by_using_it(path: Path) -> None:
    with pytest.raises(LedgerMissing, match=r"no such file.*state: present"):
        opened(path)
    with pytest.raises(LedgerMissing):
        opened(path / "below" / "nothing")
    assert not path.exists()


def test_a_ledger_is_made_once(path: Path) -> None:
    make_ledger(path).ensure([Request("a/eth0")], JOB)
    with pytest.raises(LedgerExists, match="Nothing was overwritten"):
        make_ledger(path)
    assert len(opened(path).claims()) == 1


def test_a_ledger_appears_whole_and_leaves_nothing_beside_it(path: Path) -> None:
    make_ledger(path).close()
    assert [item.name for item in path.parent.iterdir() if item.name.startswith((".", "west"))] == ["west.sqlite3"]


def test_the_ledger_of_another_scope_is_foreign(path: Path) -> None:
    make_ledger(path).close()
    with pytest.raises(LedgerForeign, match=r'scope "east".*found the ledger of scope "west"'):
        Ledger.open(str(path), "east")


@pytest.mark.parametrize("content", [b"", b"hello", b"x" * 5000], ids=["empty", "text", "long"])
def test_a_file_that_is_no_ledger_is_foreign(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(LedgerForeign, match="no ledger"):
        opened(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_foreign(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE claims (address)")
    with pytest.raises(LedgerForeign):
        opened(path)


def test_a_newer_ledger_is_left_alone(path: Path) -> None:
    make_ledger(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 2")
    with pytest.raises(LedgerNewer, match=r"version 2.*Update the collection"):
        opened(path)


def test_a_directory_is_not_a_ledger(path: Path) -> None:
    path.mkdir()
    with pytest.raises(LedgerError):
        opened(path)


# --- damaged, locked, not writable ------------------------------------------------------------------------------------


def test_a_damaged_ledger_is_said_to_be_damaged(path: Path) -> None:
    with make_ledger(path, make_plan(4096)) as ledger:
        ledger.ensure([Request(f"vm{n}/eth0") for n in range(2000)], JOB)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 8192))
    with pytest.raises(LedgerDamaged, match="Restore the newest backup"):
        opened(path).claims()


def test_a_cut_off_ledger_is_damaged(path: Path) -> None:
    with make_ledger(path, make_plan(4096)) as ledger:
        ledger.ensure([Request(f"vm{n}/eth0") for n in range(2000)], JOB)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(LedgerDamaged):
        opened(path).export_text()


def test_verify_finds_what_was_changed_behind_the_ledgers_back(path: Path) -> None:
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0"), Request("b/eth0")], JOB)
        assert ledger.verify() == []
    with sqlite3.connect(path) as behind:
        behind.execute("UPDATE claims SET owner = 'mallory' WHERE owner = 'a/eth0'")
    assert any("mallory" in problem for problem in opened(path).verify())
    with sqlite3.connect(path) as behind:
        behind.execute("DROP TRIGGER history_is_fixed")
        behind.execute("UPDATE history SET job = 'somebody else' WHERE sequence = 3")
    assert opened(path).verify()[-1] == "history: entry 3 was changed after it was written, or one before it was"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET job = 'x'",
        "DELETE FROM history",
        "INSERT INTO history SELECT sequence + 7, at, kind, action, address, owner_key, owner, job, user, after, digest FROM history LIMIT 1",
        "UPDATE ledger SET scope = 'east'",
        "DELETE FROM ledger",
        "UPDATE leases SET start = start + 1",
        "INSERT INTO leases SELECT start + 1, \"end\", dynamic_end, 'x', 'x', 'retired', 1, 1 FROM leases LIMIT 1",
        "UPDATE claims SET owner_key = 'A/ETH0', owner = 'a/eth0'",
        "UPDATE claims SET vm_id = 'v', adapter_id = 'a'",
        "INSERT INTO claims SELECT * FROM claims LIMIT 1",
        "UPDATE claims SET state = 'whatever'",
        "UPDATE claims SET address = 1099511627776",
        "UPDATE claims SET owner = ''",
    ],
)
def test_the_database_itself_refuses_what_would_break_a_law(path: Path, statement: str) -> None:
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0"), Request("b/eth0")], JOB)
        ledger.lease(JOB)
    with sqlite3.connect(path) as behind, pytest.raises(sqlite3.IntegrityError):
        behind.execute(statement)


def test_a_locked_ledger_says_who_to_look_for(path: Path) -> None:
    make_ledger(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    impatient = Ledger.open(str(path), "west", make_plan(), timeout=0.1)
    with pytest.raises(LedgerLocked, match=r"0\.1 seconds.*fuser"):
        impatient.ensure([Request("a/eth0")], JOB)
    assert impatient.claims() == []
    other.execute("ROLLBACK")
    assert impatient.ensure([Request("a/eth0")], JOB)[0].changed


NOT_WRITABLE = """
import os, sys
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, make_plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import LedgerReadOnly
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
# Imported when something is wrong: by then this user may not be able to enter the directory of the collection.
import ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.problems
import ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.snapshot
plan = make_plan()
os.setgid(65534), os.setuid(65534)
try:
    Ledger.open(sys.argv[1], "west", plan).ensure([Request("a/eth0")], JOB)
except LedgerReadOnly as error:
    print(error)
try:
    Ledger.create(sys.argv[1] + "x", "west", JOB)
except LedgerReadOnly as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_ledger_of_somebody_else_is_read_only() -> None:
    # Not below tmp_path, which nobody else may enter.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "west.sqlite3"
        make_ledger(path).close()
        path.chmod(0o644)
        done = subprocess.run(
            [sys.executable, "-c", NOT_WRITABLE, str(path)], check=False, capture_output=True, text=True
        )
    assert done.stdout.count("Fix the permissions") == 1, done.stderr
    assert "directory that this user can write" in done.stdout


# --- places that lose data --------------------------------------------------------------------------------------------

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
nas:/x /mnt/nas nfs4 rw 0 0
nas:/y /mnt/my\\040share cifs rw 0 0
/dev/sdb1 /mnt/nas/local xfs rw 0 0
overlay /container overlay rw 0 0
me@h:/ /mnt/ssh fuse.sshfs rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/x", ("/", "ext4")),
        ("/mnt/nas/x", ("/mnt/nas", "nfs4")),
        ("/mnt/nasty/x", ("/", "ext4")),
        ("/mnt/nas/local/x", ("/mnt/nas/local", "xfs")),
        ("/mnt/my share/x", ("/mnt/my share", "cifs")),
    ],
)
def test_the_nearest_mount_decides(path: str, expected: tuple[str, str]) -> None:
    assert file_system_of(Path(path), MOUNTS) == expected


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with these mounts."""
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    monkeypatch.setattr(_places, "MOUNTS", table)
    monkeypatch.setattr(_care, "RUNNER", tmp_path / "runner")


@pytest.mark.parametrize("place", ["/mnt/nas/west.db", "/mnt/my share/west.db", "/mnt/ssh/w.db"])
@pytest.mark.parametrize("check", [check_place, check_new_place])
def test_network_file_systems_are_refused(mounts: None, place: str, check: Callable[[Path], None]) -> None:
    with pytest.raises(LedgerOnNetworkFileSystem, match="mounted on /mnt"):
        check(Path(place))


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "ceph", "lustre", "afs"],
)
def test_every_network_file_system_is_known(mounts: None, kind: str, tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text(f"x / {kind} rw 0 0\n")
    with pytest.raises(LedgerOnNetworkFileSystem, match=kind):
        check_place(Path("/var/lib/w.db"))


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk"])
def test_local_file_systems_are_fine(mounts: None, kind: str, tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text(f"x / {kind} rw 0 0\n")
    check_new_place(Path("/var/lib/w.db"), {})


def test_a_container_that_is_thrown_away_makes_no_ledger(mounts: None, tmp_path: Path) -> None:
    awx = {"AWX_ISOLATED_DATA_DIR": "/runner"}
    with pytest.raises(LedgerEphemeral, match=r"overlay.*Mount a volume"):
        check_new_place(Path("/container/w.db"), awx)
    with pytest.raises(LedgerEphemeral):
        check_new_place(Path("/dev/shm/w.db"), awx)
    # The near misses: a mounted volume; no execution environment; a ledger that exists already.
    check_new_place(Path("/mnt/nas/local/w.db"), awx)
    check_new_place(Path("/container/w.db"), {})
    check_place(Path("/container/w.db"))
    (tmp_path / "runner").mkdir()
    with pytest.raises(LedgerEphemeral):
        check_new_place(tmp_path / "runner" / "project" / "w.db", {})


# --- rolled back (incident 11) ----------------------------------------------------------------------------------------


def copy_of(path: Path) -> Path:
    copy = path.with_suffix(".copy")
    shutil.copy(path, copy)
    return copy


def put_back(copy: Path, path: Path) -> None:
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    shutil.copy(copy, path)


def test_a_ledger_from_n_operations_ago_is_read_but_not_written(path: Path) -> None:
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
    copy = copy_of(path)
    with opened(path) as ledger:
        ledger.ensure([Request("b/eth0"), Request("c/eth0")], JOB)
    put_back(copy, path)
    with opened(path) as ledger:
        with pytest.raises(LedgerRolledBack, match=r"sequence 5 or later.*sequence 3 of 20.*: 2 operations since then"):
            ledger.ensure([Request("d/eth0")], JOB)
        assert [claim.owner for claim in ledger.claims()] == ["a/eth0"]
        assert "2 operations" in ledger.warnings[0]
        assert ledger.accept_rollback(JOB, preview=True)
        assert ledger.warnings
        assert ledger.accept_rollback(JOB)
        assert not ledger.accept_rollback(JOB)
        assert ledger.warnings == ()
        assert ledger.ensure([Request("d/eth0")], JOB)[0].changed
        assert ledger.verify() == []
        assert "2 operations" in ledger.history(kind="ledger")[-1].after["found"]


def test_a_ledger_that_was_put_back_and_went_on_is_recognised(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
    copy = copy_of(path)
    with opened(path) as ledger:
        ledger.ensure([Request("b/eth0")], JOB)
    put_back(copy, path)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
        with opened(path) as ledger:
            ledger.ensure([Request(f"other{n}/eth0") for n in range(5)], JOB)
    with opened(path) as ledger, pytest.raises(LedgerRolledBack, match="entry 4 is another one"):
        ledger.ensure([Request("c/eth0")], JOB)


def test_a_ledger_that_is_put_back_under_an_open_one_is_noticed(path: Path) -> None:
    ledger = make_ledger(path)
    copy = path.with_suffix(".copy")
    ledger.backup(str(copy))
    ledger.ensure([Request("a/eth0")], JOB)
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    copy.replace(path)
    with pytest.raises(LedgerRolledBack):
        ledger.ensure([Request("b/eth0")], JOB)


def test_another_controller_that_went_ahead_is_no_rollback(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
        with opened(path) as ledger:
            ledger.ensure([Request("b/eth0")], JOB)
    with opened(path) as ledger:
        assert ledger.warnings == ()
        assert ledger.ensure([Request("c/eth0")], JOB)[0].changed


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"macpool-witness-1 00000000000000099999 " + b"a" * 64 + b" 00000000\n"]
)
def test_a_damaged_witness_stops_nobody(path: Path, state_home: Path, content: bytes) -> None:
    with make_ledger(path) as ledger:
        (state_home / "macpool" / "witness" / ledger.info().id).write_bytes(content)
    with opened(path) as ledger:
        assert ledger.ensure([Request("a/eth0")], JOB)[0].changed


def test_a_witness_that_cannot_be_kept_is_said(path: Path, state_home: Path) -> None:
    (state_home / "macpool").mkdir(parents=True)
    (state_home / "macpool" / "witness").write_text("in the way")
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        assert "no witness of this ledger can be kept" in ledger.warnings[0]


# --- backup and restore -----------------------------------------------------------------------------------------------


def test_a_backup_is_one_private_file_that_can_be_restored(path: Path, tmp_path: Path, clock: Clock) -> None:
    copy = tmp_path / "backup" / "b.sqlite3"
    copy.parent.mkdir()
    with make_ledger(path, clock=clock) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        ledger.backup(str(copy))
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert list(copy.parent.iterdir()) == [copy]
        for preview in (True, False):
            with pytest.raises(LedgerExists):
                ledger.backup(str(copy), preview=preview)
        ledger.ensure([Request("b/eth0")], JOB)
        still_open = reopened(ledger, clock=clock)
        assert len(still_open.claims()) == 2
        assert Ledger.restore(str(path), "west", str(copy), JOB, make_plan(), preview=True) is None
        assert len(still_open.claims()) == 2
        assert Ledger.restore(str(path), "west", str(copy), JOB, make_plan()) is not None
        restored = reopened(ledger, clock=clock)
        assert [claim.owner for claim in restored.claims()] == ["a/eth0"]
        # Who had the ledger open sees the restored one.
        assert [claim.owner for claim in still_open.claims()] == ["a/eth0"]
        assert restored.warnings == ()
        assert restored.history(kind="ledger")[-1].after["lost_sequence"] == 4
        assert restored.ensure([Request("c/eth0")], JOB)[0].changed
        assert restored.verify() == []
    assert list(copy.parent.iterdir()) == [copy]


@pytest.mark.parametrize("state", ["missing", "damaged", "foreign"])
def test_a_backup_takes_the_place_of_what_cannot_be_opened(path: Path, tmp_path: Path, state: str) -> None:
    copy = tmp_path / "b.sqlite3"
    with make_ledger(path, make_plan(4096)) as ledger:
        ledger.ensure([Request(f"vm{n}/eth0") for n in range(1000)], JOB)
        ledger.backup(str(copy))
        ledger.ensure([Request("late/eth0")], JOB)
    size = path.stat().st_size
    if state == "missing":
        path.unlink()
    elif state == "damaged":
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(size - 8192))
    else:
        path.write_bytes(b"garbage" * 1000)
    assert Ledger.restore(str(path), "west", str(copy), JOB, make_plan(4096)) is not None
    with Ledger.open(str(path), "west", make_plan(4096)) as restored:
        assert len(restored.claims()) == 1000
        assert restored.verify() == []
        assert restored.ensure([Request("new/eth0")], JOB)[0].changed
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("preview", [True, False])
def test_the_backup_of_another_ledger_or_scope_is_refused(path: Path, tmp_path: Path, preview: bool) -> None:
    copy = tmp_path / "b.sqlite3"
    with make_ledger(tmp_path / "other") as other:
        other.backup(str(copy))
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
    with pytest.raises(LedgerExists, match="another ledger"):
        Ledger.restore(str(path), "west", str(copy), JOB, preview=preview)
    with pytest.raises(LedgerForeign, match=r'^backup "(?s:.*)scope "east"'):
        Ledger.restore(str(path), "east", str(copy), JOB, preview=preview)
    with pytest.raises(LedgerMissing, match=r'^backup "(?s:.*)path of one'):
        Ledger.restore(str(path), "west", str(tmp_path / "nothing"), JOB, preview=preview)
    assert len(opened(path).claims()) == 1


def test_a_backup_that_was_tampered_with_is_refused(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "b.sqlite3"
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        ledger.backup(str(copy))
    with sqlite3.connect(copy) as behind:
        behind.execute("DROP TRIGGER history_is_fixed")
        behind.execute("UPDATE history SET owner = 'mallory' WHERE sequence = 3")
    with pytest.raises(LedgerDamaged, match="entry 3 was changed"):
        Ledger.restore(str(path), "west", str(copy), JOB)


def test_a_backup_on_a_network_file_system_can_be_restored(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        ledger.backup(str(share / "b.sqlite3"))
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nnas:/x {share} nfs4 rw 0 0\n")
    monkeypatch.setattr(_places, "MOUNTS", mounts)
    with pytest.raises(LedgerOnNetworkFileSystem):
        opened(share / "b.sqlite3")
    restored = Ledger.restore(str(path), "west", str(share / "b.sqlite3"), JOB, make_plan())
    assert restored is not None
    assert len(restored.claims()) == 1


def test_a_preview_on_a_ledger_that_was_put_back_works_and_says_so(path: Path, clock: Clock) -> None:
    with make_ledger(path) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
    copy = copy_of(path)
    with opened(path) as ledger:
        ledger.ensure([Request("b/eth0")], JOB)
    put_back(copy, path)
    before = path.read_bytes()
    with opened(path) as ledger:
        ledger.observe([observation("hv1", clock.now)], JOB, preview=True)
        assert ledger.ensure([Request("c/eth0")], JOB, preview=True)[0].changed
        assert "tasks that write are refused" in ledger.warnings[0]
        with pytest.raises(LedgerRolledBack):
            ledger.ensure([Request("c/eth0")], JOB)
    assert path.read_bytes() == before
