# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cluster in this process, and the real ansible-playbook that works on it through the real winrm connection.

Starting ansible-playbook costs more than a task, so a run takes many tasks and reports each of them, whatever it came to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.lab import Lab
from tests.lab.model import Clock, World

Json = dict[str, Any]

PLAN: Json = {
    "scope": "e2e",
    "host_ranges": {
        "ranges": [{"start": "00-15-5D-E0-00-00", "size": 65536}],
        "size_per_host": 1024,
        "static_per_host": 128,
        "hosts": ["hv1", "hv2", "hv3"],
    },
    "pools": {
        "tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 65536}]},
        "tiny": {"ranges": [{"start": "22-1D-D8-F0-00-00", "size": 1}]},
        "random": {"ranges": [{"start": "22-1D-D9-00-00-00", "size": 65536}], "strategy": "random"},
    },
    "other_allocators": [
        {"name": "nc", "kind": "network_controller", "start": "00-1D-D8-07-00-00", "end": "00-1D-D8-07-00-FF"}
    ],
}


def new_world() -> World:
    """Three clustered hosts without VMs."""
    world = World(seed=11, clock=Clock(frozen=True))
    for number in range(1, 4):
        world.add_host(f"hv{number}", f"10.0.10.{9 + number}")
        world.add_switch(f"hv{number}", "tenant")
    world.add_cluster("hci1", ["hv1", "hv2", "hv3"])
    return world


@dataclass(frozen=True)
class Done:
    """What a run came to: exit code, output, and the result of each task by host."""

    code: int
    output: str
    results: Mapping[str, Sequence[Json]] = field(default_factory=dict)

    def on(self, host: str) -> Sequence[Json]:
        """The results of one host, in the order of the tasks."""
        assert host in self.results, self.output
        return self.results[host]

    @property
    def changed(self) -> int:
        """How often something changed, by the recap."""
        return sum(int(word.partition("=")[2]) for word in self.output.split() if word.startswith("changed="))


class Site:
    """One cluster with its plan, its ledger and its playbooks."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world, self.directory = world, directory
        self.ledger = directory / "ledger.sqlite3"
        self.lab = Lab(world)

    def __enter__(self) -> Site:
        self.lab.start()
        self.lab.write_files(self.directory)
        variables = self.directory / "group_vars" / "all"
        variables.mkdir(parents=True)
        content = {"macpool_plan": PLAN, "macpool_ledger": str(self.ledger)}
        (variables / "macpool.yml").write_text(json.dumps(content), encoding="utf-8")
        return self

    def __exit__(self, *problem: object) -> None:
        self.lab.stop()

    def vm(self, name: str, host: str = "hv1", *, mac: str | None = None, running: bool = False) -> str:
        """Make a VM with one adapter, and return its id."""
        vm = self.world.create_vm(host, name)
        self.world.add_adapter(vm, "eth0", mac=mac)
        if running:
            self.world.start(vm)
            self.world.advance(self.world.mac_delay)
        return vm

    def mac(self, vm: str) -> str:
        """The address of a VM's first adapter, as the world has it."""
        return self.world.find(vm)[1].adapters[0].mac

    def state(self, vm: str) -> str:
        """Whether a VM runs."""
        return self.world.find(vm)[1].state

    def calls(self, script: str, *, check_mode: bool | None = None) -> list[Json]:
        """What the hosts were asked to run."""
        return [
            entry
            for entry in self.lab.log.entries()
            if entry["script"] == script and check_mode in (None, entry["check_mode"])
        ]

    def playbook(self, name: str, *arguments: str, inventory: Path | None = None) -> Done:
        """Run a playbook of the collection, or a file, on this site or with another inventory."""
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "MACPOOL_"))},
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "XDG_STATE_HOME": str(self.directory / "state"),
        }
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [str(program), "-i", str(inventory or self.directory / "inventory.yml")]
        done = subprocess.run(
            [*command, name, *arguments],
            env=environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )
        return Done(done.returncode, done.stdout + done.stderr)

    def tasks(self, *tasks: Json, hosts: str = "hv1", arguments: Sequence[str] = ()) -> Done:
        """Run tasks one after the other, on and on whatever each came to."""
        results = self.directory / "results"
        for old in results.glob("*.json"):
            old.unlink()
        listed: list[Json] = [
            {**task, "register": f"e2e_{number}", "ignore_errors": True, "ignore_unreachable": True}
            for number, task in enumerate(tasks)
        ]
        names = ", ".join(f"e2e_{number}" for number in range(len(tasks)))
        listed.append(
            {
                "name": "Keep the results",
                "ansible.builtin.copy": {
                    "dest": f"{results}/{{{{ inventory_hostname }}}}.json",
                    "content": f"{{{{ [{names}] | to_json }}}}",
                    "mode": "0600",
                },
                "delegate_to": "localhost",
                "check_mode": False,
                "diff": False,
            }
        )
        results.mkdir(exist_ok=True)
        play = [{"hosts": hosts, "gather_facts": False, "tasks": listed}]
        path = self.directory / "play.yml"
        path.write_text(json.dumps(play), encoding="utf-8")
        done = self.playbook(str(path), *arguments)
        found = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in results.glob("*.json")}
        return Done(done.code, done.output, found)

    def claims(self) -> dict[str, Json]:
        """The live claims of the ledger by owner, read by a run of their own."""
        done = self.tasks({"macpool.hyperv.allocation_info": {"states": ["reserved", "applied"]}})
        return {claim["owner"]: claim for claim in done.on("hv1")[0]["claims"]}


def adapters(*entries: Json, **options: Any) -> Json:
    """A task that gives adapters their addresses."""
    return {"macpool.hyperv.vm_network_adapter": {"adapters": list(entries), **options}}


def wanted(vm: str, name: str | None = "eth0", **source: Any) -> Json:
    """An entry of ``adapters``; without a source, an address of the pool."""
    return {"vm": vm, **({"name": name} if name else {}), **(source or {"pool": "tenant"})}
