# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which script a payload runs, and what it prints."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .faults import Faults
from .host.apply import host_apply
from .host.arguments import ModuleFailure
from .host.context import ScriptDied
from .host.info import host_info
from .model import Host, World
from .payload import Call

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a process leaves behind; `died`: it never got so far as to print something."""

    stdout: bytes = b""
    stderr: bytes = b""
    rc: int = 0
    died: bool = False


def run(world: World, faults: Faults, host: Host, call: Call) -> Answer:
    """Run one module on one host, as Ansible.Basic would print it."""
    if call.asynchronous:
        return failure(call, "the lab plays no asynchronous tasks: leave async away")
    with world.lock:
        world.settle()
        try:
            result = _dispatch(world, faults, host, call)
        except ScriptDied:
            return Answer(died=True, rc=-1)
        except ModuleFailure as problem:
            return failure(call, str(problem), **problem.extra)
    return _print(call, result, 0)


def _dispatch(world: World, faults: Faults, host: Host, call: Call) -> Json:
    if call.name == "host_info":
        return host_info(world, faults, host, call)
    if call.name == "host_apply":
        return host_apply(world, faults, host, call)
    if call.name == "win_ping":
        return {"changed": False, "ping": call.options.get("data", "pong")}
    if call.name == "setup":
        raise ModuleFailure("the lab's hosts are simulated and have no facts to gather: set gather_facts: false")
    raise ModuleFailure(
        f"the lab's hosts are simulated and know host_info, host_apply and win_ping, not {call.module or 'a module without name'}"
    )


def failure(call: Call | None, message: str, **extra: Any) -> Answer:
    return _print(call, {"changed": False, **extra, "failed": True, "msg": message}, 1)


def _print(call: Call | None, result: Json, rc: int) -> Answer:
    """Ansible.Basic adds the arguments it was called with, unless a newer core tells it not to."""
    if call is not None and call.arguments.get("_ansible_inject_invocation", True):
        result = {**result, "invocation": {"module_args": call.options}}
    return Answer(stdout=json.dumps(result).encode() + b"\r\n", rc=rc)
