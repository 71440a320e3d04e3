# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan of thousands of hosts costs: to read, to prove and to digest, and to lease a block to each of its hosts."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan

FEW, MANY = 500, 5_000
POOLS = 100
ROUNDS = 5


def plan_of(hosts: int) -> dict[str, Any]:
    """Return a plan with so many hosts, and a hundred pools."""
    return {
        "scope": "west",
        "host_ranges": {
            "ranges": [{"start": "00-15-5D-00-00-00", "size": 1 << 22}],
            "size_per_host": 512,
            "hosts": [f"hv{number}.example.com" for number in range(hosts)],
        },
        "pools": {
            f"pool{number}": {"ranges": [{"start": f"{0x221DD8000000 + (number << 16):012X}", "size": 1 << 16}]}
            for number in range(POOLS)
        },
    }


def run() -> list[str]:
    """Return the lines of the report."""
    lines = [f"a plan with {POOLS} pools and so many hosts; processor time in ms, medians of {ROUNDS}"]
    lines.append(
        f"{'hosts':>10}  {'read+digest':>11}  {'YAML alone':>10}  {'ratio':>5}  {'lease to each':>13}  {'again':>6}"
    )
    found = {}
    for hosts in (FEW, MANY):
        raw = plan_of(hosts)
        # JSON is YAML, and the C loader is what Ansible uses: reading the text is the least that a plan costs.
        text = json.dumps(raw)
        read = _median(lambda: parse_plan(raw).digest)  # noqa: B023  (called at once)
        loaded = _median(lambda: yaml.load(text, Loader=yaml.CSafeLoader))  # noqa: B023  (safe, in C)
        first, again = _leased(raw)
        found[hosts] = (read, loaded, first, again)
        lines.append(
            f"{hosts:>10,}  {read * 1e3:>11.1f}  {loaded * 1e3:>10.1f}  {read / loaded:>5.2f}  {first * 1e3:>13.0f}"
            f"  {again * 1e3:>6.0f}"
        )
    ratios = [many / few for few, many in zip(found[FEW], found[MANY], strict=True)]
    names = ("reading", "YAML alone", "leasing", "leasing again")
    shown = ", ".join(f"{name} {ratio:.1f}" for name, ratio in zip(names, ratios, strict=True))
    return [*lines, f"ten times the hosts cost: {shown} times (linear: 10)"]


def _leased(raw: dict[str, Any]) -> tuple[float, float]:
    """Return what it takes to lease a block to every host, and to ask for all of them once more."""
    plan = parse_plan(raw)
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("XDG_STATE_HOME")
        os.environ["XDG_STATE_HOME"] = folder
        try:
            with Ledger.create(str(Path(folder) / "ledger"), "west", Job("bench"), plan) as ledger:
                # A preview does all the work and keeps nothing, so that it can be repeated.
                first = _median(lambda: ledger.lease(Job("bench"), preview=True))
                ledger.lease(Job("bench"))
                return first, _median(lambda: ledger.lease(Job("bench")))
        finally:
            if before is None:
                del os.environ["XDG_STATE_HOME"]
            else:
                os.environ["XDG_STATE_HOME"] = before


def _median(work: Callable[[], Any]) -> float:
    """Return the processor time of the middle one of some rounds."""
    taken = []
    for _round in range(ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)
