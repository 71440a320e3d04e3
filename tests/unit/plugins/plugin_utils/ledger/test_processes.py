# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several processes at once, killed in between, forked and locked out."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, make_ledger, make_plan

SIZE = 4096

# Acknowledges each address on its own line, as a job's log would: what is on a line was promised.
WORKER = """
import os, sys
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, make_plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import PoolFull
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request, ClaimName
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
path, name, batch, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
ledger = Ledger.open(path, "west", make_plan(size))
os.write(1, b"ready\\n")
sys.stdin.readline()
number = 0
try:
    while True:
        owners = [f"{name}-{number + step}/eth0" for step in range(batch)]
        for outcome in ledger.ensure([Request(owner) for owner in owners], JOB):
            os.write(1, f"{outcome.claim.address} {outcome.claim.owner}\\n".encode())
        number += batch
except PoolFull:
    os.write(1, b"full\\n")
"""


def start(path: Path, name: str, batch: int, size: int = SIZE) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(path), name, str(batch), str(size)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def acknowledged(output: str) -> dict[str, int]:
    """Return what a worker said; a line that the kill cut off was not said."""
    lines = [line.split(" ") for line in output.splitlines(keepends=True) if line.endswith("\n") and " " in line]
    return {owner.strip(): int(address) for address, owner in lines}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "west.sqlite3"
    make_ledger(path, make_plan(SIZE)).close()
    return path


def test_what_was_acknowledged_survives_kill_9(path: Path) -> None:
    promised: dict[str, int] = {}
    for generation in range(3):
        workers = [start(path, f"w{generation}{number}", batch) for number, batch in enumerate((1, 1, 7))]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdin is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        for worker in workers:
            time.sleep(random.uniform(0.01, 0.1))
            worker.send_signal(signal.SIGKILL)
        for worker in workers:
            promised.update(acknowledged(worker.communicate()[0]))
    assert promised
    with Ledger.open(str(path), "west", make_plan(SIZE)) as ledger:
        assert ledger.verify() == []
        assert ledger.warnings == ()
        kept = {claim.owner: claim.address for claim in ledger.claims()}
        assert promised.items() <= kept.items()
        assert len(set(kept.values())) == len(kept)
        # Whoever asks again gets what it was given, whether or not it heard of it.
        for owner, address in list(kept.items())[:20]:
            assert ledger.ensure([Request(owner)], JOB)[0].claim.address == address


def test_many_writers_fill_a_pool_to_the_last_address(tmp_path: Path) -> None:
    path = tmp_path / "west.sqlite3"
    size = 200
    make_ledger(path, make_plan(size)).close()
    workers = [start(path, f"w{number}", 1, size) for number in range(4)]
    outputs = [worker.communicate("go\n")[0] for worker in workers]
    assert all(output.endswith("full\n") for output in outputs)
    given = Counter(address for output in outputs for address in acknowledged(output).values())
    assert len(given) == size
    assert set(given.values()) == {1}
    with Ledger.open(str(path), "west", make_plan(size)) as ledger:
        assert ledger.verify() == []


RACER = """
import sys
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, make_plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
ledger = Ledger.open(sys.argv[1], "west", make_plan(4096))
sys.stdin.readline()
print(*[ledger.ensure([Request(f"shared{number}/eth0")], JOB)[0].claim.address for number in range(50)])
"""


def test_jobs_that_race_for_the_same_owners_agree(path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _number in range(3)
    ]
    answers = {racer.communicate("go\n")[0] for racer in racers}
    assert len(answers) == 1
    assert len(set(answers.pop().split())) == 50


def in_child(work: object) -> int:
    """Fork, as Ansible does for each task, run something there, and return its exit status."""
    assert callable(work)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_ledger_is_used_across_forks(path: Path) -> None:
    ledger = Ledger.open(str(path), "west", make_plan(SIZE))
    ledger.ensure([Request("parent/eth0")], JOB)
    for number in range(5):
        assert in_child(lambda number=number: ledger.ensure([Request(f"child{number}/eth0")], JOB)) == 0
        ledger.ensure([Request(f"parent{number}/eth0")], JOB)
    assert len(ledger.claims()) == 11
    assert ledger.verify() == []


def test_a_child_that_outlives_its_parents_connection_keeps_the_ledger_whole(path: Path) -> None:
    """A connection that was open over a fork would lose its locks when the parent closes, and writes with them."""
    ledger = Ledger.open(str(path), "west", make_plan(SIZE))
    ledger.ensure([Request("parent/eth0")], JOB)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(writer)
            ledger.ensure([Request("early/eth0")], JOB)
            os.read(reader, 1)
            ledger.ensure([Request(f"late{number}/eth0") for number in range(50)], JOB)
            status = 0
        finally:
            os._exit(status)
    os.close(reader)
    time.sleep(0.2)
    ledger.close()
    with Ledger.open(str(path), "west", make_plan(SIZE)) as other:
        other.ensure([Request("other/eth0")], JOB)
    os.close(writer)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with Ledger.open(str(path), "west", make_plan(SIZE)) as after:
        assert len(after.claims()) == 53
        assert after.verify() == []
