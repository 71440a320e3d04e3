# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab whose hosts are answered for by the real scripts: the lab keeps the world, and both must agree about every call."""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

from tests.lab.faults import Faults
from tests.lab.model import Host, World
from tests.lab.payload import Call
from tests.lab.scripts import Answer
from tests.lab.scripts import run as run_lab

from . import engines
from .bridge import compare, worlds

Json = dict[str, Any]
SCRIPTS = ("host_info", "host_apply")
_SHORT = 2  # seconds that a guest gets here that does not go off in time
_LONG = 600  # seconds that a script may take: the machine may have other work


class Doubled:
    """In place of `tests.lab.scripts.run`. `differences` are those of all calls, `calls` their number by script."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.calls = dict.fromkeys(SCRIPTS, 0)
        # One process that is warm is faster than one for each host.
        self._turn = threading.Lock()

    def run(self, world: World, faults: Faults, host: Host, call: Call) -> Answer:
        if call.name not in SCRIPTS:
            return run_lab(world, faults, host, call)
        with world.lock:
            world.settle()
            before = worlds.from_lab(world)
            answer = run_lab(world, faults, host, call)
            after = worlds.from_lab(world)
        with self._turn:
            result = self._script(before, after, json.loads(answer.stdout), host, call)
        return Answer(stdout=json.dumps(result).encode() + b"\r\n", rc=answer.rc)

    def _script(self, before: Json, after: Json, wanted: Json, host: Host, call: Call) -> Json:
        """What the script answers, with the ids that the lab made for new VMs."""
        start, end = (worlds.for_node(state, host.name) for state in (before, after))
        start["delay"] = worlds.FAR  # the addresses of started VMs come when the lab's clock says so
        options = _without_waiting(start, call.options)
        found = engines.powershell(
            call.name, options, start, host.name, check=call.check_mode, faults={}, timeout=_LONG
        )
        result, state = (compare.renamed(data, end, found.state, start) for data in (found.result, found.state))
        lines = compare.different(compare.plain(wanted), compare.plain(result), "answer")
        lines += compare.different(worlds.comparable(end), worlds.comparable(state), "world")
        self.calls[call.name] += 1
        self.differences += [f"{call.name} on {host.name}: {line}" for line in lines]
        if call.arguments.get("_ansible_inject_invocation", True):
            return {**result, "invocation": {"module_args": call.options}}
        return {name: value for name, value in result.items() if name != "invocation"}


def _without_waiting(state: Json, options: Json) -> Json:
    """A guest that is off in time is off at once; one that is not stays on, and gets little time."""
    out = copy.deepcopy(options)
    limits = {}
    for operation in out.get("operations") or []:
        if "vm_id" in operation:
            limits[operation["vm_id"]] = int(operation.get("shutdown_timeout") or 300)
    slow = set()
    for vm in state["vms"]:
        in_time = vm["stop_seconds"] <= limits.get(vm["id"], 300)
        vm["stop_seconds"] = 0 if in_time else worlds.FAR
        slow |= set() if in_time else {vm["id"]}
    for operation in out.get("operations") or []:
        if operation.get("vm_id") in slow and operation["op"] in ("stop_vm", "set_vm_macs"):
            operation["shutdown_timeout"] = _SHORT
    return out
