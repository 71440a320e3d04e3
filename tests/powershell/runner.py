# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module of the collection, or a piece of PowerShell, on a stand-in Hyper-V node.

A pwsh that has been started stays: each run gets a runspace of its own in it, and takes about 0.2 seconds.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

from .standin import pwsh
from .standin.generate import ansible_folder, compiled, contracts, generate

Json = dict[str, Any]
# What a run returns: the answer of the script, the state afterwards, and the calls of stand-in cmdlets in their order.
Outcome = tuple[Json, Json, list[Json]]

HERE = Path(__file__).resolve().parent
# Options that only some versions of Ansible.Basic know, and refuse where they do not.
NEWER_OPTIONS: Json = {"target_log_info": None, "tracebacks_for": [], "ignore_unknown_opts": False}
REQUIRES = re.compile(
    r"^#\s*ansiblerequires\s+-(csharputil|powershell)\s+(\S+)(\s+-optional)?", re.IGNORECASE | re.MULTILINE
)
FAULT_FIELDS = {"message", "id", "category", "denied", "terminating", "silent", "change", "nth", "delay"}
# Modules that a node may lack: the field of its state that says so, and the default of that field.
OPTIONAL_MODULES = {
    "Hyper-V": ("hyperv", True),
    "FailoverClusters": ("failover_clusters", True),
    "HostNetworkingService": ("hns", True),
    "VirtualMachineManager": ("vmm_console", False),
}


class Unreachable(Exception):
    """The node is down: nothing can run there."""


class StandInBug(Exception):
    """The stand-in itself broke; the script under test is not to blame."""


def run(
    module: str | Path,
    arguments: Json,
    state: Json | Path,
    node: str,
    check_mode: bool = False,
    faults: Json | None = None,
    *,
    diff: bool = False,
    no_credssp: bool = False,
    verbosity: int = 0,
    timeout: float = 120,
) -> Outcome:
    """Run a module as Ansible does, and return its result, the state afterwards and the calls that it made."""
    script = Path(module)
    options = {
        "check_mode": check_mode,
        "diff": diff,
        "no_log": False,
        "debug": False,
        "verbosity": verbosity,
        "version": "2.16.0",
        "module_name": script.stem,
        "keep_remote_files": False,
        "syslog_facility": "LOG_USER",
        "selinux_special_fs": [],
        "shell_executable": "/bin/sh",
        "socket": None,
        "remote_tmp": "%TEMP%",
        "tmpdir": None,
    }
    known = basic().read_text(encoding="utf-8")
    options |= {name: value for name, value in NEWER_OPTIONS.items() if f'"{name}"' in known}
    report, after, calls = execute(
        script,
        {**arguments, **{f"_ansible_{name}": value for name, value in options.items()}},
        state,
        node,
        is_module=True,
        faults=faults,
        no_credssp=no_credssp,
        timeout=timeout,
    )
    return result_of(report), after, calls


def result_of(report: Json) -> Json:
    """Return what Ansible makes of what a module left behind."""
    if report["unhandled"]:
        message = f"Unhandled exception while executing module: {report['unhandled']}"
        return {"failed": True, "msg": message, "exception": report["errors"]}
    before, brace, rest = report["stdout"].partition("{")
    try:
        result: Json = json.loads(brace + rest)
    except json.JSONDecodeError:
        written = report["stdout"] + "\n".join(report["output"])
        message = "MODULE FAILURE: no JSON on standard output"
        return {"failed": True, "msg": message, "module_stdout": written, "exception": report["errors"]}
    if report["output"] or before.strip():
        junk = f"Module invocation had junk beside the JSON data: {before}{report['output']}"
        result.setdefault("warnings", []).append(junk)
    return result


def run_text(text: str, state: Json | Path, node: str, **options: Any) -> Outcome:
    """Run PowerShell text on a node, and return {stdout, output, errors, warnings, rc, unhandled}, state and calls."""
    with tempfile.TemporaryDirectory(prefix="macpool-") as folder:
        script = Path(folder) / "script.ps1"
        script.write_text(text, encoding="utf-8")
        return execute(script, {}, state, node, is_module=False, **options)


def execute(
    script: Path,
    arguments: Json,
    state: Json | Path,
    node: str,
    *,
    is_module: bool,
    faults: Json | None = None,
    no_credssp: bool = False,
    timeout: float = 120,
) -> Outcome:
    """Run a script in a runspace of its own. A state given as a path is shared with other runs."""
    check_faults(faults or {})
    build = generate()
    with tempfile.TemporaryDirectory(prefix="macpool-") as folder:
        work = Path(folder)
        state_file = state if isinstance(state, Path) else work / "state.json"
        if not isinstance(state, Path):
            state_file.write_text(json.dumps(state), encoding="utf-8")
        facts = json.loads(state_file.read_text(encoding="utf-8"))["nodes"][node]
        if facts.get("state", "Up") == "Down":
            raise Unreachable(node)
        csharp, utils = requirements(script) if is_module else ([], [])
        report_file, log = work / "report.json", work / "calls.jsonl"
        job = {
            "script": str(script),
            "standin": str(build / "StandIn.dll"),
            "args": arguments,
            "is_module": is_module,
            "utils": [str(path) for path in utils],
            "assemblies": [str(compiled(csharp))] if csharp else [],
            "report": str(report_file),
        }
        (work / "job.json").write_text(json.dumps(job), encoding="utf-8")
        environment = {
            "STANDIN_STATE": str(state_file),
            "STANDIN_NODE": node,
            "STANDIN_LOG": str(log),
            "STANDIN_FAULTS": json.dumps(faults) if faults else "",
            "STANDIN_NO_CREDSSP": "1" if no_credssp else "0",
            "PSModulePath": module_path(build, facts),
            **windows(node, folder),
        }
        answer = Worker.run(environment, work / "job.json", timeout)
        if not report_file.exists():
            raise StandInBug(f"pwsh ended or could not start the script: {answer}")
        report: Json = json.loads(report_file.read_text(encoding="utf-8"))
        if broken := re.search(r"StandIn: .*? broke: .*", json.dumps(report, ensure_ascii=False)):
            raise StandInBug(broken[0])
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return report, json.loads(state_file.read_text(encoding="utf-8")), [json.loads(line) for line in lines]


def check_faults(faults: Json) -> None:
    """Refuse faults that would have no effect."""
    known = {name.lower() for cmdlets in contracts().values() for name in cmdlets}
    if unknown := [name for name in faults if name.lower() not in known]:
        raise ValueError(f"faults of cmdlets that the stand-in does not have: {', '.join(unknown)}")
    for name, given in faults.items():
        for fault in given if isinstance(given, list) else [given]:
            if isinstance(fault, dict) and (not fault or fault.keys() - FAULT_FIELDS):
                raise ValueError(f"fault of {name}: expected fields of {sorted(FAULT_FIELDS)}, but found {fault}")


def windows(node: str, folder: str) -> dict[str, str]:
    """Return the variables that a process on a Windows node has."""
    return {
        "COMPUTERNAME": node.upper(),
        "SystemRoot": r"C:\Windows",
        "windir": r"C:\Windows",
        "SystemDrive": "C:",
        "ProgramData": r"C:\ProgramData",
        "ProgramFiles": r"C:\Program Files",
        "USERNAME": "Administrator",
        "USERDOMAIN": "LAB",
        "TEMP": folder,
        "TMP": folder,
        "TMPDIR": folder,
        "OS": "Windows_NT",
    }


def module_path(build: Path, facts: Json) -> str:
    """Return the folders of the modules that a node has."""
    modules = ["Windows", *(name for name, (key, usual) in OPTIONAL_MODULES.items() if facts.get(key, usual))]
    return os.pathsep.join(str(build / "modules" / name) for name in modules)


def basic() -> Path:
    """Return the C# that every module gets."""
    return ansible_folder() / "csharp" / "Ansible.Basic.cs"


def requirements(script: Path) -> tuple[list[Path], list[Path]]:
    """Return the C# and the PowerShell utils of a module, those that they need themselves first."""
    found: dict[Path, None] = {}

    def visit(path: Path) -> None:
        text = path.read_text(encoding="utf-8-sig")
        wanted = [(kind.lower(), name, bool(optional)) for kind, name, optional in REQUIRES.findall(text)]
        if path.suffix == ".cs":
            wanted += [
                ("csharputil", name, False) for name in re.findall(r"^using (Ansible\.\w+);", text, re.MULTILINE)
            ]
        for kind, name, optional in wanted:
            util = util_path(kind, name, script)
            if util not in found and not (optional and not util.exists()):
                visit(util)
                found[util] = None

    visit(script)
    visit(basic())
    found[basic()] = None
    return [path for path in found if path.suffix == ".cs"], [path for path in found if path.suffix == ".psm1"]


def util_path(kind: str, name: str, script: Path) -> Path:
    """Return where a util is: in Ansible, or in module_utils of the collection that the module is in."""
    suffix = ".cs" if kind == "csharputil" else ".psm1"
    if name.startswith("Ansible."):
        return ansible_folder() / ("csharp" if suffix == ".cs" else "powershell") / (name + suffix)
    plugins = next(parent for parent in script.resolve().parents if parent.name == "plugins")
    return plugins / "module_utils" / (name.split("module_utils.", 1)[1].replace(".", "/") + suffix)


class Worker:
    """A pwsh that stays. It runs one job at a time; one that takes too long is ended together with it."""

    idle: list[Worker] = []

    def __init__(self) -> None:
        program = pwsh.find()
        assert program is not None, "no pwsh on the PATH"
        self.home = tempfile.TemporaryDirectory(prefix="macpool-pwsh-")
        self.errors = (Path(self.home.name) / "errors").open("w+", encoding="utf-8")
        # The program's folder may be a place that only this PATH names.
        environment = {"PATH": os.environ["PATH"], "HOME": self.home.name, "TMPDIR": self.home.name, **pwsh.ENVIRONMENT}
        self.process = subprocess.Popen(
            [program, "-NoProfile", "-NonInteractive", "-File", str(HERE / "worker.ps1")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            encoding="utf-8",
        )

    @classmethod
    def run(cls, environment: dict[str, str], job: Path, timeout: float) -> str:
        """Run a job on a worker that has nothing to do, and return what it answers."""
        try:
            worker = cls.idle.pop()
        except IndexError:
            worker = cls()
        answer = worker.ask(json.dumps({"env": environment, "job": str(job)}), timeout)
        if answer is None:
            worker.end()
            raise subprocess.TimeoutExpired(str(job), timeout)
        if worker.process.poll() is None:
            cls.idle.append(worker)
        else:
            worker.end()
        return answer

    def ask(self, request: str, timeout: float) -> str | None:
        """Return the answer to a request; None when it takes too long."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            self.process.kill()

        timer = threading.Timer(timeout, stop)
        timer.start()
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("@@"):
                    return line[2:].strip()
            # It ended without an answer: by the timer, or by itself.
            self.process.wait()
            if late.is_set():
                return None
            self.errors.seek(0)
            return self.errors.read()
        finally:
            timer.cancel()

    def end(self) -> None:
        """Let the process end and remove what it left."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        self.home.cleanup()

    @classmethod
    def end_all(cls) -> None:
        """End every worker that has nothing to do."""
        while cls.idle:
            cls.idle.pop().end()


atexit.register(Worker.end_all)
