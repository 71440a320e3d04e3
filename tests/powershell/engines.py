# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a call in a world on one of the two engines."""

from __future__ import annotations

import copy
import datetime
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.payload import Call
from tests.lab.scripts import run as run_lab

from .bridge import faults as lab_faults
from .bridge import worlds
from .runner import run as run_script

Json = dict[str, Any]
MODULES = Path(__file__).parents[2] / "plugins/modules"
_BASE = ("Get-Service",)  # not counted: no question to Hyper-V or the cluster
_MOMENT = re.compile(r"now ([+-]) (\d+) s\Z")


@dataclass(frozen=True)
class Run:
    """What an engine answered and left behind; calls by cmdlet, on the real scripts only."""

    result: Json
    state: Json
    calls: Counter[str] = field(default_factory=Counter)


def lab(module: str, arguments: Json, world: Json, node: str, *, check: bool, faults: Json) -> Run:
    """`world` is complete (`worlds.complete`)."""
    there = worlds.to_lab(world)
    waiting = lab_faults.to_lab(faults, world, node, module)
    call = Call(f"macpool.hyperv.{module}", {**moments(arguments), "_ansible_check_mode": check})
    answer = run_lab(there, waiting, there.host(node), call)
    return Run(json.loads(answer.stdout), worlds.from_lab(there))


def powershell(
    module: str, arguments: Json, world: Json, node: str, *, check: bool, faults: Json, timeout: float = 300
) -> Run:
    """`world` is complete (`worlds.complete`)."""
    path = MODULES / f"{module}.ps1"
    state = copy.deepcopy(world)
    result, after, calls = run_script(
        path, moments(arguments), state, node, check_mode=check, faults=faults or None, timeout=timeout
    )
    return Run(result, after, Counter(call["cmdlet"] for call in calls if call["cmdlet"] not in _BASE))


def moments(value: Any) -> Any:
    """`now + 5 s` as the hosts write a time."""
    if isinstance(value, dict):
        return {name: moments(part) for name, part in value.items()}
    if isinstance(value, list):
        return [moments(part) for part in value]
    named = _MOMENT.match(value) if isinstance(value, str) else None
    if not named:
        return value
    seconds = int(named[2]) * (1 if named[1] == "+" else -1)
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
