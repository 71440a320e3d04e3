# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task with a lookup costs in 200 hosts, by ansible-playbook itself, against ansible's own ``password``.

Every host's task runs in a process of its own, which compiles what the lookup imports: ansible-core keeps no bytecode of
the modules of a collection. The ways take turns, so that a busy minute of the machine hits all of them alike; processor
time tells most on a machine that others use too.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.conftest import ROOT

HOSTS = 200
FORKS = 10
CLAIMS = 10_000
ROUNDS = 5

PLAN = {
    "scope": "west",
    "host_ranges": {
        "ranges": [{"start": "00-15-5D-E0-00-00", "size": 1 << 16}],
        "size_per_host": 1024,
        "hosts": [f"hv{number}" for number in range(16)],
    },
    "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 1 << 20}]}},
    "other_allocators": [
        {"name": "nc", "kind": "network_controller", "start": "00-1D-D8-B7-1C-00", "end": "00-1D-D8-B7-1F-FF"}
    ],
}
EMPTY, PLAIN, PASSWORD = "no task", "no lookup", "password, existing"
WAYS = {
    EMPTY: "",
    PLAIN: "{{ inventory_hostname }}",
    PASSWORD: "{{ lookup('ansible.builtin.password', secrets ~ '/' ~ inventory_hostname) }}",
    "password, new": "{{ lookup('ansible.builtin.password', secrets ~ '/' ~ run ~ inventory_hostname) }}",
    "mac, existing": "{{ lookup('macpool.hyperv.mac', inventory_hostname ~ '/eth0', pool='tenant') }}",
    "mac, new": "{{ lookup('macpool.hyperv.mac', run ~ inventory_hostname ~ '/eth0', pool='tenant') }}",
}


class Cost(NamedTuple):
    """What a run took, in seconds."""

    wall: float
    processor: float


def run() -> list[str]:
    """Return the lines of the report."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=cache))
    try:
        return _report(_measured(folder))
    finally:
        shutil.rmtree(folder)


def _measured(folder: Path) -> dict[str, list[Cost]]:
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(folder / "state"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_FORKS": str(FORKS),
        # As on a user's machine, but not into the checkout: bytecode of everything that Python itself imports.
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    names = [f"vm{number:05}" for number in range(CLAIMS)]
    ledger = folder / "ledger.sqlite3"
    job = Job("bench")
    with Ledger.create(str(ledger), "west", job, parse_plan(PLAN)) as made:
        made.ensure([Request(f"{name}/eth0", "tenant") for name in names], job)
    variables = {
        "macpool_plan": PLAN,
        "macpool_ledger": str(ledger),
        "secrets": str(folder / "secrets"),
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
    }
    inventory = folder / "inventory.json"
    hosts: dict[str, dict[str, str]] = {name: {} for name in names[:: CLAIMS // HOSTS]}
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))
    playbooks = {}
    for number, (way, text) in enumerate(WAYS.items()):
        tasks = [{"ansible.builtin.debug": {"msg": text}}] if text else []
        playbooks[way] = folder / f"{number}.json"
        playbooks[way].write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    found: dict[str, list[Cost]] = {way: [] for way in WAYS}
    for turn in range(ROUNDS + 1):
        for way, playbook in playbooks.items():
            command = [sys.executable, "-m", "ansible", "playbook"]
            command += ["-i", str(inventory), "-e", f"run=r{turn}", str(playbook)]
            began, used = time.perf_counter(), _processor_time()
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
            if turn:  # the first one fills caches, and makes the passwords that exist afterwards
                found[way].append(Cost(time.perf_counter() - began, _processor_time() - used))
    with Ledger.open(str(ledger), "west", parse_plan(PLAN)) as made:
        assert len(made.claims()) == CLAIMS + HOSTS * (ROUNDS + 1)
    return found


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _report(found: dict[str, list[Cost]]) -> list[str]:
    medians = {way: Cost(*map(statistics.median, zip(*costs, strict=True))) for way, costs in found.items()}
    empty, password = medians[EMPTY], medians[PASSWORD]
    lines = [
        f"one task in {HOSTS} hosts, {FORKS} forks, a ledger of {CLAIMS:,} claims, ansible-playbook; medians of {ROUNDS}",
        f"{'':<18} {'seconds':>7} {'ratio':>5}   {'processor':>9} {'ratio':>5}   without the start of the run",
    ]
    for way, median in medians.items():
        line = f"{way:<18} {median.wall:>7.2f} {median.wall / password.wall:>5.2f}"
        line += f"   {median.processor:>9.2f} {median.processor / password.processor:>5.2f}"
        if way != EMPTY:
            cost = median.processor - empty.processor
            ratio = cost / (password.processor - empty.processor)
            line += f"   {cost / HOSTS * 1e3:>6.1f} ms of processor time a host, {ratio:.2f} of a password"
        lines.append(line)
    return lines
