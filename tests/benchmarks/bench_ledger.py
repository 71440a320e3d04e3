# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast claims are promised durably: alone, in batches, by eight processes, and against simpler ways.

Everything lies on the disk of the checkout, because a temporary directory in memory makes every sync free.
"""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import Plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.conftest import ROOT

JOB = Job("bench")
PROCESSES = 8
SECONDS = 3.0
BATCH = 100
LARGE = 100_000
START = 0x221DD8000000

Work = Callable[[str, int, float], list[int]]


def make_plan() -> Plan:
    """Return a plan with room for everything."""
    ranges = [{"start": "22-1D-D8-00-00-00", "size": 1 << 22}]
    return parse_plan({"scope": "west", "pools": {"tenant": {"ranges": ranges}}})


def run() -> list[str]:
    """Return the lines of the report."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=cache))
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    try:
        return [*_durable(folder), *_large(folder)]
    finally:
        if before is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = before
        shutil.rmtree(folder)


def _durable(folder: Path) -> list[str]:
    syncs = _sync_rate(folder, 4096)
    wal_syncs = _sync_rate(folder, 24 * 1024)
    ledger = str(folder / "ledger.sqlite3")
    Ledger.create(ledger, "west", JOB).close()
    single, _found = _together(_single, ledger)
    batched, _found = _together(_batched, ledger)
    plain = str(folder / "plain.sqlite3")
    with sqlite3.connect(plain) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE claims (address INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT UNIQUE)")
    bare, _found = _together(_bare_sqlite, plain)
    locked, _found = _together(_json_with_lock, str(folder / "claims.json"))
    racing, duplicates = _together(_read_then_write, str(folder / "claims.txt"))
    return [
        f"this disk: {syncs:,.0f} fdatasync/s of 4 KiB, {wal_syncs:,.0f} of 24 KiB, by one process",
        (
            f"{PROCESSES} processes, single claims: {single:,.0f}/s ({single / wal_syncs:.2f} of the disk's syncs); "
            f"batches of {BATCH}: {batched:,.0f}/s; no duplicate in either"
        ),
        (
            f"against a bare SQLite insert with full sync and nothing else: {bare:,.0f}/s "
            f"(single claims at {single / bare:.2f} of it)"
        ),
        (
            f"against a JSON file with a lock: {locked:,.0f}/s, falling as it grows "
            f"(single {single / locked:.1f} times, batched {batched / locked:.1f} times as fast)"
        ),
        (
            f"against reading the next address and then writing it, without reservation: {racing:,.0f}/s, "
            f"{duplicates:.0%} of them promised twice"
        ),
    ]


def _large(folder: Path) -> list[str]:
    path = str(folder / "large.sqlite3")
    with Ledger.create(path, "west", JOB, make_plan()) as ledger:
        began = time.perf_counter()
        for first in range(0, LARGE, 10_000):
            ledger.ensure([Request(f"vm{number}/eth0") for number in range(first, first + 10_000)], JOB)
        filled = time.perf_counter() - began
    command = [sys.executable, "-c", READY, path]
    tree = str(ROOT / ".cache" / "collections")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), tree])}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    opened, first_claim, imports = map(float, answer.split())
    with Ledger.open(path, "west", make_plan()) as ledger:
        requests = [Request(f"new{number}/eth0") for number in range(1000)]
        began = time.perf_counter()
        outcomes = ledger.ensure(requests, JOB)
        thousand = time.perf_counter() - began
        assert len({outcome.claim.address for outcome in outcomes}) == 1000
        began = time.perf_counter()
        assert not any(outcome.changed for outcome in ledger.ensure(requests, JOB))
        again = time.perf_counter() - began
        began = time.perf_counter()
        assert ledger.verify() == []
        verified = time.perf_counter() - began
        began = time.perf_counter()
        text = ledger.export_text()
        exported = time.perf_counter() - began
    return [
        (
            f"ledger of {LARGE:,} claims: opened in {opened * 1e3:.1f} ms, the first new claim after {first_claim * 1e3:.1f} ms "
            f"more, in a fresh process (whose imports take {imports * 1e3:.0f} ms)"
        ),
        f"1,000 new owners in one call: {thousand * 1e3:.0f} ms; the same 1,000 again: {again * 1e3:.0f} ms, nothing changed",
        (
            f"filled in {filled:.1f} s; verified whole in {verified:.1f} s; exported as {len(text) / 1e6:.0f} MB of text "
            f"in {exported:.1f} s"
        ),
    ]


READY = """
import sys, time
began = time.perf_counter()
from tests.benchmarks.bench_ledger import JOB, Ledger, Request, make_plan
plan = make_plan()
imported = time.perf_counter()
ledger = Ledger.open(sys.argv[1], "west", plan)
opened = time.perf_counter()
ledger.ensure([Request("first/eth0")], JOB)
print(opened - imported, time.perf_counter() - opened, imported - began)
"""


# --- eight processes --------------------------------------------------------------------------------------------------


def _together(work: Work, path: str) -> tuple[float, float]:
    """Run ``work`` in several processes for a while; return claims per second, and the share promised twice."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        pool.map(_warm_up, range(PROCESSES), chunksize=1)
        began = time.time() + 0.2
        given = pool.starmap(_timed, [(work, path, number, began) for number in range(PROCESSES)], chunksize=1)
    addresses = [address for taken, _ended in given for address in taken]
    seconds = max(ended for _taken, ended in given) - began
    counts = Counter(addresses)
    twice = sum(count for count in counts.values() if count > 1)
    if work in (_single, _batched):
        assert not twice
    return len(addresses) / seconds, twice / len(addresses)


def _warm_up(_number: int) -> None:
    time.sleep(0.1)


def _timed(work: Work, path: str, number: int, began: float) -> tuple[list[int], float]:
    time.sleep(max(0.0, began - time.time()))
    return work(path, number, began + SECONDS), time.time()


def _single(path: str, process: int, deadline: float) -> list[int]:
    return _claim(path, f"s{process}", deadline, 1)


def _batched(path: str, process: int, deadline: float) -> list[int]:
    return _claim(path, f"b{process}", deadline, BATCH)


def _claim(path: str, name: str, deadline: float, batch: int) -> list[int]:
    taken: list[int] = []
    with Ledger.open(path, "west", make_plan()) as ledger:
        while time.time() < deadline:
            requests = [Request(f"{name}-{len(taken) + step}/eth0") for step in range(batch)]
            taken += [outcome.claim.address for outcome in ledger.ensure(requests, JOB)]
    return taken


def _bare_sqlite(path: str, process: int, deadline: float) -> list[int]:
    """Insert one row a transaction, which is the least that a durable claim can cost."""
    database = sqlite3.connect(path, isolation_level=None, timeout=60)
    database.execute("PRAGMA synchronous = FULL")
    taken: list[int] = []
    while time.time() < deadline:
        cursor = database.execute("INSERT INTO claims (owner) VALUES (?)", (f"{process}-{len(taken)}",))
        taken.append(cursor.lastrowid or 0)
    return taken


def _json_with_lock(path: str, process: int, deadline: float) -> list[int]:
    """Read, change and rewrite a file under a lock, durably."""
    taken: list[int] = []
    with Path(f"{path}.lock").open("w") as lock:
        while time.time() < deadline:
            fcntl.flock(lock, fcntl.LOCK_EX)
            claims = json.loads(Path(path).read_text()) if Path(path).exists() else {}
            address = START + len(claims)
            claims[f"{address:012X}"] = f"{process}-{len(taken)}"
            with Path(f"{path}.new").open("w") as new:
                json.dump(claims, new)
                new.flush()
                os.fsync(new.fileno())
            Path(f"{path}.new").replace(path)
            fcntl.flock(lock, fcntl.LOCK_UN)
            taken.append(address)
    return taken


def _read_then_write(path: str, process: int, deadline: float) -> list[int]:
    """Look for the next free address, then write it down: what a lookup without reservation does."""
    taken: list[int] = []
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    while time.time() < deadline:
        size = os.fstat(file).st_size
        size -= size % 13  # another process may be writing its line right now
        last = os.pread(file, 13, size - 13) if size else b""
        address = int(last, 16) + 1 if last else START
        os.write(file, b"%012X\n" % address)
        os.fdatasync(file)
        taken.append(address)
    os.close(file)
    return taken


def _sync_rate(folder: Path, size: int) -> float:
    """Return how often a second this disk makes a small overwrite durable, as a write-ahead log does."""
    path = folder / "sync"
    block = os.urandom(size)
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    for number in range(64):
        os.pwrite(file, block, number * size)
    os.fsync(file)
    began = time.perf_counter()
    count = 0
    while time.perf_counter() - began < 1:
        os.pwrite(file, block, count % 64 * size)
        os.fdatasync(file)
        count += 1
    rate = count / (time.perf_counter() - began)
    os.close(file)
    path.unlink()
    return rate
