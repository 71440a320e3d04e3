# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listener, talked to by the real pywinrm."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("winrm")

import requests
import winrm
import winrm.exceptions

from tests.lab.bench import Bench
from tests.lab.lab import Endpoint, Lab

Json = dict[str, Any]


@pytest.fixture
def lab(bench: Bench) -> Iterator[Lab]:
    with Lab(bench.world) as running:
        yield running


def endpoint(lab: Lab, name: str = "hv1") -> Endpoint:
    return next(found for found in lab.endpoints if found.name == name)


def connect(lab: Lab, name: str = "hv1", **more: Any) -> winrm.Protocol:
    found = endpoint(lab, name)
    settings: Json = {"username": found.user, "password": found.password, "transport": "basic", **more}
    return winrm.Protocol(f"{found.scheme}://{found.address}:{found.port}/wsman", **settings)


def payload(script: str, check: bool = False, **options: Any) -> bytes:
    module_args = {**options, "_ansible_check_mode": check, "_ansible_module_name": f"macpool.hyperv.{script}"}
    return b"begin {}\0\0\0\0" + json.dumps({"module_entry": "", "module_args": module_args}).encode()


def call(protocol: winrm.Protocol, stdin: bytes, pieces: int = 1) -> tuple[Json, int]:
    shell = protocol.open_shell()
    try:
        command = protocol.run_command(shell, "PowerShell", ["-NoProfile"], console_mode_stdin=False)
        try:
            size = len(stdin) // pieces + 1
            parts = [stdin[at : at + size] for at in range(0, len(stdin), size)]
            for part in parts[:-1]:
                protocol.send_command_input(shell, command, part)
            protocol.send_command_input(shell, command, parts[-1], end=True)
            stdout, stderr, rc = protocol.get_command_output(shell, command)
            assert stderr == b""
            return json.loads(stdout), rc
        finally:
            protocol.cleanup_command(shell, command)
    finally:
        protocol.close_shell(shell)


def test_a_call_is_answered(lab: Lab) -> None:
    answer, rc = call(connect(lab), payload("host_info"))
    assert rc == 0
    assert answer["observation"]["host"]["name"] == "hv1"
    answer, rc = call(connect(lab, "hv2"), payload("host_info"), pieces=7)
    assert answer["observation"]["host"]["name"] == "hv2"


def test_a_module_failure_has_rc_1(lab: Lab) -> None:
    answer, rc = call(connect(lab), payload("host_apply", schema=3, operations=[]))
    assert (rc, answer["failed"]) == (1, True)


def test_many_calls_over_one_connection(lab: Lab) -> None:
    protocol = connect(lab)
    shell = protocol.open_shell()
    for _round in range(5):
        command = protocol.run_command(shell, "PowerShell", console_mode_stdin=False)
        protocol.send_command_input(shell, command, payload("host_info"), end=True)
        assert protocol.get_command_output(shell, command)[2] == 0
        protocol.cleanup_command(shell, command)
    assert len(lab.log.entries()) == 5


@pytest.mark.parametrize("wrong", [{"password": "guess"}, {"username": "guest"}])
def test_a_wrong_password_is_refused(lab: Lab, wrong: Json) -> None:
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        connect(lab, **wrong).open_shell()
    assert lab.log.entries() == []


def test_one_hosts_password_does_not_open_another(lab: Lab) -> None:
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        connect(lab, "hv1", password=endpoint(lab, "hv2").password).open_shell()


def test_a_command_that_is_no_module_says_so(lab: Lab) -> None:
    answer, rc = call(connect(lab), b"Get-Date")
    assert rc == 1
    assert "simulated" in answer["msg"]


def test_unknown_shells_and_paths(lab: Lab) -> None:
    with pytest.raises(winrm.exceptions.WSManFaultError):
        connect(lab).run_command("00000000-0000-0000-0000-000000000000", "x")
    found = endpoint(lab)
    where = f"http://{found.address}:{found.port}"
    session = requests.Session()
    session.trust_env = False
    session.auth = (found.user, found.password)
    assert session.post(f"{where}/other", data=b"").status_code == 404
    assert session.post(f"{where}/wsman", data=b"<not xml").status_code == 400


def test_the_log_tells_what_was_called(lab: Lab) -> None:
    call(connect(lab), payload("host_info", check=True, gather=["range"]))
    (entry,) = lab.log.entries()
    assert entry["host"] == "hv1"
    assert entry["script"] == "host_info"
    assert entry["check_mode"] is True
    assert entry["options"] == {"gather": ["range"]}
    assert entry["outcome"] == "answered"


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_cut_connection(lab: Lab, bench: Bench, kind: str, how: str) -> None:
    vm = bench.vm()
    lab.faults.add(kind, script="host_apply", how=how)
    start = payload("host_apply", schema=1, operations=[{"op": "start_vm", "id": "1", "vm_id": vm}])
    with pytest.raises(requests.exceptions.ConnectionError):
        call(connect(lab), start)
    assert bench.state(vm) == ("Running" if kind == "cut_after" else "Off")
    answer, _rc = call(connect(lab), start)
    assert answer["results"][0]["status"] == ("unchanged" if kind == "cut_after" else "done")


def test_a_script_that_dies_cuts_the_connection(lab: Lab, bench: Bench) -> None:
    vm = bench.running()
    lab.faults.add("die", at="stopped")
    operation = bench.macs(vm, "22AAAAAAAAAA", power="restart")
    with pytest.raises(requests.exceptions.ConnectionError):
        call(connect(lab), payload("host_apply", schema=1, operations=[operation]))
    assert bench.state(vm) == "Off"
    assert lab.log.entries()[0]["outcome"] == "died"


def test_a_late_answer_is_waited_for_by_asking_again(lab: Lab) -> None:
    lab.faults.add("delay", seconds=1.5)
    protocol = connect(lab, operation_timeout_sec=1, read_timeout_sec=5)
    assert call(protocol, payload("host_info"))[1] == 0


def test_a_host_that_is_down_refuses_and_comes_back(lab: Lab, bench: Bench) -> None:
    protocol = connect(lab)
    protocol.open_shell()
    port = endpoint(lab).port
    for down, up in (("fail_host", "recover_host"), ("disconnect_host", "connect_host")):
        bench.world.do(down, host="hv1")
        with pytest.raises(requests.exceptions.ConnectionError):
            protocol.open_shell()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
        call(connect(lab, "hv2"), payload("host_info"))
        bench.world.do(up, host="hv1")
        assert endpoint(lab).port == port
        assert call(connect(lab), payload("host_info"))[1] == 0


def test_a_vm_moves_between_two_reads(lab: Lab, bench: Bench) -> None:
    """Seen twice, and the other way round not at all."""
    vm = bench.running(role=True)
    lab.faults.add("verb_after", host="hv1", verb="migrate", arguments={"vm": vm, "to": "hv2"})

    def seen(name: str) -> list[str]:
        vms: list[Json] = call(connect(lab, name), payload("host_info"))[0]["observation"]["vms"]
        return [found["id"] for found in vms]

    assert (seen("hv1"), seen("hv2")) == ([vm], [vm])
    lab.faults.add("verb_after", host="hv1", verb="migrate", arguments={"vm": vm, "to": "hv1"})
    assert (seen("hv1"), seen("hv2")) == ([], [])


def test_a_vm_moves_just_before_it_is_changed(lab: Lab, bench: Bench) -> None:
    vm = bench.vm(role=True)
    operation = bench.macs(vm, "22AAAAAAAAAA")
    lab.faults.add("verb_before", script="host_apply", verb="migrate", arguments={"vm": vm, "to": "hv2"})
    answer, _rc = call(connect(lab), payload("host_apply", schema=1, operations=[operation]))
    assert answer["results"][0]["reason"] == "moved"


def test_all_hosts_at_once(lab: Lab) -> None:
    problems: list[Exception] = []

    def ask(name: str) -> None:
        try:
            for _round in range(5):
                assert call(connect(lab, name), payload("host_info"))[0]["observation"]["host"]["name"] == name
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=ask, args=(found.name,)) for found in lab.endpoints for _round in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(lab.log.entries()) == 40
