# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real ansible-playbook over the real winrm connection, against the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("winrm")

from tests.lab.bench import Bench
from tests.lab.lab import Lab

# A collection of its own, so that neither the product's actions nor its scripts take part.
MODULE = """#!powershell
#AnsibleRequires -CSharpUtil Ansible.Basic
$module = [Ansible.Basic.AnsibleModule]::Create($args, @{ options = @{} })
$module.ExitJson()
"""


@pytest.fixture
def lab(bench: Bench) -> Iterator[Lab]:
    with Lab(bench.world) as running:
        yield running


class Playbook:
    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab, self.directory = lab, directory
        modules = directory / "collections" / "ansible_collections" / "lab" / "probe" / "plugins" / "modules"
        modules.mkdir(parents=True)
        for name in ("host_info", "host_apply", "other"):
            (modules / f"{name}.ps1").write_text(MODULE, encoding="utf-8")
        lab.write_files(directory)

    def run(self, *tasks: dict[str, Any], hosts: str = "hyperv", arguments: tuple[str, ...] = ()) -> dict[str, Any]:
        """What each task answered, by host, in order."""
        play = [{"hosts": hosts, "gather_facts": False, "tasks": list(tasks)}]
        playbook = self.directory / "play.yml"
        playbook.write_text(json.dumps(play), encoding="utf-8")
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(self.directory / "collections"),
            "ANSIBLE_STDOUT_CALLBACK": "default",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
        }
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            str(self.directory / "inventory.yml"),
            str(playbook),
        ]
        done = subprocess.run(
            [*command, *arguments], check=False, env=environment, capture_output=True, text=True, timeout=120
        )
        return {"rc": done.returncode, "out": done.stdout + done.stderr}


@pytest.fixture
def playbook(lab: Lab, tmp_path: Path) -> Playbook:
    return Playbook(lab, tmp_path)


def test_a_playbook_reads_and_changes_the_lab(lab: Lab, bench: Bench, playbook: Playbook) -> None:
    hostile = "O'Brien {{ 7 * 7 }} <b> 漢字"
    vm = bench.vm(hostile)
    operation = bench.macs(vm, "22AAAAAAAAAA")
    done = playbook.run(
        {"lab.probe.host_info": {"gather": ["range", "vms"], "vms": ["missing"]}},
        {"lab.probe.host_apply": {"schema": 1, "operations": [operation]}},
        hosts="hv1",
    )
    assert done["rc"] == 0, done["out"]
    assert "changed=1" in done["out"]
    assert bench.mac(vm) == "22AAAAAAAAAA"
    info, apply = lab.log.entries()
    assert info["options"] == {"gather": ["range", "vms"], "vms": ["missing"]}
    assert apply["options"]["operations"] == [operation]


def test_check_mode_and_diff_arrive(lab: Lab, bench: Bench, playbook: Playbook) -> None:
    vm = bench.vm()
    start = {"lab.probe.host_apply": {"schema": 1, "operations": [{"op": "start_vm", "id": "1", "vm_id": vm}]}}
    done = playbook.run(start, hosts="hv1", arguments=("--check", "--diff"))
    assert done["rc"] == 0, done["out"]
    assert "changed=1" in done["out"]
    assert bench.state(vm) == "Off"
    (entry,) = lab.log.entries()
    assert (entry["check_mode"], entry["diff"]) == (True, True)


def test_failures_and_unreachable_hosts_are_told_apart(lab: Lab, bench: Bench, playbook: Playbook) -> None:
    bench.world.do("disconnect_host", host="hv2")
    done = playbook.run({"lab.probe.other": {}}, hosts="hv1,hv2")
    assert done["rc"] != 0
    assert "simulated" in done["out"]
    recap = {line.split()[0]: line for line in done["out"].splitlines() if "unreachable=" in line}
    assert "failed=1" in recap["hv1"]
    assert "unreachable=1" in recap["hv2"]


def test_a_wrong_password_is_unreachable(playbook: Playbook) -> None:
    done = playbook.run({"lab.probe.host_info": {}}, hosts="hv1", arguments=("-e", "ansible_password=guess"))
    assert "credentials were rejected" in done["out"]
    assert "unreachable=1" in done["out"]


def test_a_lost_answer_fails_the_task_though_the_work_is_done(lab: Lab, bench: Bench, playbook: Playbook) -> None:
    vm = bench.vm()
    lab.faults.add("cut_after", script="host_apply")
    start = {"lab.probe.host_apply": {"schema": 1, "operations": [{"op": "start_vm", "id": "1", "vm_id": vm}]}}
    done = playbook.run(start, hosts="hv1")
    assert done["rc"] != 0
    assert bench.state(vm) == "Running"
    again = playbook.run(start, hosts="hv1")
    assert again["rc"] == 0, again["out"]
    assert "changed=0" in again["out"]
