# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API, and the lab as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.lab.bench import Bench
from tests.lab.client import LabClient, LabError
from tests.lab.lab import Lab

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def lab(bench: Bench) -> Iterator[Lab]:
    with Lab(bench.world) as running:
        yield running


@pytest.fixture
def client(lab: Lab) -> LabClient:
    return LabClient(lab.control_url, lab.token)


def test_verbs_and_state(client: LabClient, bench: Bench) -> None:
    vm = bench.vm()
    client.do("start", vm=vm)
    client.do("advance", seconds=4)
    hosts = {host["name"]: host for host in client.state()["hosts"]}
    assert hosts["hv1"]["vms"][0]["adapters"][0]["mac"] == "00155D0A0A00"
    assert client.do("clone", vm=vm, name="copy") in bench.world.host("hv1").vms


def test_faults_and_log(client: LabClient, lab: Lab) -> None:
    number = client.fault("cut_after", host="hv1", times=2)
    assert [fault["id"] for fault in client.faults()] == [number]
    client.clear_faults()
    assert client.faults() == []
    assert client.log() == []
    client.clear_log()


def test_mistakes_are_told(client: LabClient, lab: Lab) -> None:
    for wrong, words in (
        (lambda: client.do("explode"), "no verb"),
        (lambda: client.do("start", vm="nobody"), "no VM 'nobody'"),
        (lambda: client.do("start", nonsense=1), "start"),
        (lambda: client.fault("explode"), "no fault"),
        (lambda: client.fault("cut_after", part="vms"), "does not know part"),
        (lambda: LabClient(lab.control_url, "guess").state(), "token"),
        (lambda: client._ask("GET", "/else"), "GET /state"),
        (lambda: client._ask("POST", "/verb", {"verb": "advance", "arguments": {"seconds": -1}}), "backwards"),
        (lambda: client._ask("POST", "/fault", {}), "kind"),
    ):
        with pytest.raises(LabError, match=words):
            wrong()


def test_another_lab_may_take_the_directory_over(lab: Lab, tmp_path: Path) -> None:
    lab.write_files(tmp_path)
    with Lab.seeded(1, 0) as other:
        other.write_files(tmp_path)
        lab.remove_files(tmp_path)
        assert len(LabClient.of(tmp_path).state()["hosts"]) == 1
        other.remove_files(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["-m", "tests.lab"], [str(ROOT / "tests" / "lab")]])
def test_serving_until_told_to_stop(tmp_path: Path, command: list[str]) -> None:
    directory = tmp_path / "lab"
    environment = {**os.environ, "LAB_DIR": str(directory), "LAB_HOSTS": "3", "LAB_VMS": "40", "LAB_SEED": "9"}
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert "ready: 3 simulated Hyper-V hosts" in ready
        described = json.loads((directory / "lab.json").read_text(encoding="utf-8"))
        assert set(described) == {"hosts", "network_controller"}
        assert set(described["network_controller"]) == {
            *("url", "username", "password", "ca_path", "client_cert", "client_key")
        }
        assert described["network_controller"]["url"] in ready
        assert [host["name"] for host in described["hosts"]] == ["hv1", "hv2", "hv3"]
        assert {frozenset(host) for host in described["hosts"]} == {
            frozenset({"name", "address", "port", "scheme", "user", "password"})
        }
        hyperv = yaml.safe_load((directory / "inventory.yml").read_text(encoding="utf-8"))["hyperv"]
        assert hyperv["vars"]["ansible_connection"] == "winrm"
        assert hyperv["hosts"]["hv2"]["ansible_port"] == described["hosts"][1]["port"]
        assert hyperv["hosts"]["hv2"]["ansible_password"] == described["hosts"][1]["password"]
        for name in ("inventory.yml", "lab.json", "control.json", "ca.pem", "client.pem", "client.key"):
            assert (directory / name).stat().st_mode & 0o777 == 0o600
        assert len(LabClient.of(directory).state()["hosts"]) == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert list(directory.iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", described["hosts"][0]["port"])) != 0


@pytest.mark.parametrize(
    ("name", "value"), [("LAB_HOSTS", "0"), ("LAB_HOSTS", "many"), ("LAB_VMS", "-1"), ("LAB_SEED", "1.5")]
)
def test_wrong_sizes_are_refused(tmp_path: Path, name: str, value: str) -> None:
    environment = {**os.environ, "LAB_DIR": str(tmp_path), name: value}
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab"], cwd=ROOT, check=False, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert name in done.stderr
    assert list(tmp_path.iterdir()) == []
