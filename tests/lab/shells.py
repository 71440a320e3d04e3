# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shells and commands of one host, apart from how they travel: what comes in is a payload, what comes out an answer."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from .faults import Fault, Faults
from .model import Host, World
from .payload import Call, PayloadError, decode
from .scripts import Answer, failure, run


class CallLog:
    """What was asked of which host, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def add(self, host: str, call: Call, at: str) -> dict[str, Any]:
        with self._lock:
            entry = {
                "number": len(self._entries) + 1,
                "at": at,
                "host": host,
                "script": call.name,
                "module": call.module,
                "check_mode": call.check_mode,
                "diff": call.diff,
                "options": call.options,
                "outcome": "working",
            }
            self._entries.append(entry)
            return entry

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


@dataclass
class Command:
    id: str
    stdin: bytearray = field(default_factory=bytearray)
    started: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    answer: Answer = field(default_factory=Answer)
    cut: str | None = None
    """How the connection breaks for everything that asks about this command; None: it does not."""
    lost: bool = False
    """What was sent never reached the process."""


class Shells:
    """The WinRM service of one host."""

    def __init__(self, world: World, faults: Faults, log: CallLog, host: Host) -> None:
        self.world, self.faults, self.log, self.host = world, faults, log, host
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._shells: dict[str, dict[str, Command]] = {}

    def create(self) -> str:
        shell = str(uuid.uuid4()).upper()
        with self._lock:
            self._shells[shell] = {}
        return shell

    def delete(self, shell: str) -> bool:
        with self._lock:
            return self._shells.pop(shell, None) is not None

    def command(self, shell: str) -> Command | None:
        command = Command(str(uuid.uuid4()).upper())
        with self._lock:
            if shell not in self._shells:
                return None
            self._shells[shell][command.id] = command
        return command

    def get(self, shell: str, command: str) -> Command | None:
        with self._lock:
            return self._shells.get(shell, {}).get(command)

    def forget(self, shell: str, command: str) -> None:
        with self._lock:
            self._shells.get(shell, {}).pop(command, None)

    def start(self, command: Command) -> None:
        """Everything has been sent: the process does its work while the client waits."""
        with self._lock:
            if command.started:
                return
            command.started = True
        try:
            call = decode(bytes(command.stdin))
        except PayloadError as problem:
            command.answer = failure(None, f"the lab's hosts are simulated and run modules only: {problem}")
            command.done.set()
            return
        entry = self.log.add(self.host.name, call, self.world.clock.utc())
        cut = self._take("cut_before", call)
        if cut:
            entry["outcome"] = "cut before the work"
            command.cut, command.lost = str(cut.details["how"]), True
            command.done.set()
            return
        threading.Thread(target=self._work, args=(command, call, entry), daemon=True).start()

    def _take(self, kind: str, call: Call) -> Fault | None:
        return self.faults.take(kind, self.host.name, call.name, call.check_mode)

    def _work(self, command: Command, call: Call, entry: dict[str, Any]) -> None:
        try:
            self._happen(self._take("verb_before", call))
            answer = run(self.world, self.faults, self.host, call)
            self._happen(self._take("verb_after", call))
            entry["outcome"] = "answered"
            cut = self._take("cut_after", call)
            if cut:
                entry["outcome"] = "work done, answer cut"
                command.cut = str(cut.details["how"])
            if answer.died:
                entry["outcome"] = "died"
                command.cut = "reset"
            late = self._take("delay", call)
            if late:
                self.closing.wait(float(late.details.get("seconds", 1)))
            command.answer = answer
        except Exception as problem:  # a mistake of the lab itself has to be seen, not waited for
            entry["outcome"] = f"the lab broke: {problem!r}"
            command.answer = failure(call, f"the lab broke, which is a mistake of the lab: {problem!r}")
        finally:
            command.done.set()

    def _happen(self, fault: Fault | None) -> None:
        if fault:
            self.world.do(fault.details["verb"], **fault.details.get("arguments", {}))

    def wait(self, command: Command, seconds: float) -> bool:
        """True when the process has ended within this time."""
        until = time.monotonic() + seconds
        while not command.done.wait(min(0.5, max(0.0, until - time.monotonic()))):
            if self.closing.is_set() or time.monotonic() >= until:
                return False
        return True
