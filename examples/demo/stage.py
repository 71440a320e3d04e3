# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a child process, and ansible-playbook runs whose output goes to a log file."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

READY = re.compile(r"lab: ready: (?P<hosts>\d+) .*?(?P<vms>\d+) VMs, (?P<adapters>\d+) adapters")
FATAL = re.compile(
    r"^fatal: \[(?P<host>[^\]\s]+)[^\]]*\]: (?:FAILED|UNREACHABLE)! => (?P<result>\{.*\})$", re.MULTILINE
)
RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)", re.MULTILINE
)
MESSAGE = re.compile(r'^    "msg": (\[.*?^    \])$', re.MULTILINE | re.DOTALL)


class DemoError(Exception):
    """A step of the demo did not end as expected."""


@dataclass(frozen=True)
class Run:
    """The result of one ansible-playbook run."""

    line: str
    code: int
    output: str
    seconds: float

    @property
    def failures(self) -> dict[str, dict[str, Any]]:
        """Results of failed tasks, by host."""
        return {found["host"]: json.loads(found["result"]) for found in FATAL.finditer(self.output)}

    @property
    def message(self) -> list[str]:
        """The output of the last task that showed some."""
        shown = MESSAGE.findall(self.output)
        lines: list[str] = json.loads(shown[-1]) if shown else []
        return lines or [""]

    @property
    def changed(self) -> int:
        """How many tasks changed something, on all hosts."""
        return sum(int(found["changed"]) for found in RECAP.finditer(self.output))


class Lab:
    """Simulated hosts that live as long as the ``with`` block."""

    def __init__(self, root: Path, directory: Path) -> None:
        self._root, self._directory = root, directory
        self._process: subprocess.Popen[str] | None = None
        self.size = (0, 0, 0)
        """Hosts, VMs, adapters."""

    def __enter__(self) -> Lab:
        environment = {**os.environ, "LAB_DIR": str(self._directory), "PYTHONPATH": str(self._root)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.lab"],
            cwd=self._root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Not in the terminal's process group: an interrupt ends the demo first, and the demo ends the lab.
            start_new_session=True,
        )
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if found := READY.search(line):
                self.size = (int(found["hosts"]), int(found["vms"]), int(found["adapters"]))
                return self
        raise DemoError(f"The lab did not start:\n{''.join(lines)}")

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Ansible:
    """Runs playbooks of the collection, as a user would."""

    def __init__(self, root: Path, directory: Path, log: Path) -> None:
        self._root, self._log = root, log
        self._inventories = [directory / "inventory.yml", Path(__file__).resolve().parent / "inventory"]
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "MACPOOL_"))},
            "ANSIBLE_COLLECTIONS_PATH": str(root / ".cache" / "collections"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            # State that the ledger stores outside its file belongs to the demo, not into the user's home.
            "XDG_STATE_HOME": str(directory / "state"),
        }

    def playbook(self, name: str, variables: Mapping[str, Any] | None = None, *arguments: str) -> Run:
        """Run a playbook; its output goes to the log, and the caller decides whether a failure is an error."""
        words = [name, *self._as_options(variables or {}), *arguments]
        program = Path(sys.executable).with_name("ansible-playbook")
        command: Sequence[str] = [str(program), *(f"-i{path}" for path in self._inventories), *words]
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self._root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        line = shlex.join(["ansible-playbook", *words])
        with self._log.open("a", encoding="utf-8") as log:
            self._write(log, line, done.stdout, done.returncode)
        return Run(line, done.returncode, done.stdout, time.monotonic() - began)

    @staticmethod
    def _as_options(variables: Mapping[str, Any]) -> list[str]:
        words: list[str] = []
        for name, value in variables.items():
            if name == "file":
                text = f"@{value}"
            elif len(str(value).split()) == 1:
                text = f"{name}={value}"
            else:
                # ansible-playbook ends a value at a space, and the path of the checkout may contain one.
                text = json.dumps({name: value})
            words += ["-e", text]
        return words

    @staticmethod
    def _write(log: IO[str], line: str, output: str, code: int) -> None:
        log.write(f"\n$ {line}\n{output}\n(exit code {code})\n")
