# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoding what three generations of ansible-core pipe into PowerShell."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from tests.lab.payload import Call, PayloadError, decode

ARGUMENTS = {
    "gather": ["range"],
    "note": "four \u0000\u0000\u0000\u0000 nulls and 漢字",
    "_ansible_check_mode": True,
    "_ansible_diff": False,
    "_ansible_module_name": "macpool.hyperv.host_info",
}
SCRIPT = "ansible_collections.macpool.hyperv.plugins.modules.host_info.ps1"


def up_to_2_18(actions: tuple[str, ...] = ("module_powershell_wrapper",)) -> bytes:
    manifest = {
        "module_entry": base64.b64encode(b"#!powershell").decode(),
        "powershell_modules": {},
        "csharp_utils": {},
        "module_args": ARGUMENTS,
        "actions": list(actions),
        "environment": {},
    }
    wrapper = b'begin {\n    $DebugPreference = "Continue"\n}\n\n'
    return wrapper + b"\0\0\0\0" + json.dumps(manifest).encode()


def from_2_19(parameters: dict[str, Any] | None = None, before: tuple[str, ...] = (), compress: bool = False) -> bytes:
    if parameters is None:
        parameters = {"Variables": [{"Name": "complex_args", "Value": ARGUMENTS, "Scope": "Global"}]}
    wrapper = {"name": "module_wrapper.ps1", "params": {"Script": SCRIPT, **parameters}, "secure_params": {}}
    manifest = {
        "scripts": {SCRIPT: {"path": "host_info.ps1", "script": base64.b64encode(b"#!powershell").decode()}},
        "actions": [*({"name": name, "params": {}, "secure_params": {}} for name in before), wrapper],
        "signed_hashlist": [],
    }
    body = json.dumps(manifest).encode()
    bootstrap: dict[str, Any] = {"name": "exec_wrapper", "script": "param()", "params": {"MinOSVersion": None}}
    if compress:
        bootstrap["params"]["DecompressInput"] = True
        body = base64.b64encode(gzip.compress(body))
    return json.dumps(bootstrap).encode() + b"\n\0\0\0\0\n" + body


def from_2_22(compress: bool = True) -> bytes:
    return from_2_19({"ArgumentJSON": json.dumps(ARGUMENTS)}, compress=compress)


@pytest.mark.parametrize(
    "payload",
    [up_to_2_18(), from_2_19(), from_2_22(), from_2_22(compress=False), from_2_19(before=("become_wrapper.ps1",))],
    ids=["2.18", "2.19", "2.22", "2.22 uncompressed", "become"],
)
def test_every_generation_says_the_same(payload: bytes) -> None:
    call = decode(payload)
    assert call.name == "host_info"
    assert (call.check_mode, call.diff, call.asynchronous) == (True, False, False)
    assert call.arguments == ARGUMENTS
    assert call.options == {"gather": ["range"], "note": ARGUMENTS["note"]}


@pytest.mark.parametrize(
    "payload",
    [up_to_2_18(actions=("async_wrapper", "async_watchdog")), from_2_19(before=("async_wrapper.ps1",))],
)
def test_asynchronous_tasks_are_seen(payload: bytes) -> None:
    assert decode(payload).asynchronous


@pytest.mark.parametrize("module", ["host_info", "macpool.hyperv.host_info", SCRIPT, "host_info.ps1"])
def test_the_name_is_the_last_part(module: str) -> None:
    assert Call(module, {}).name == "host_info"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"Get-Date",
        b"{}\n\0\0\0\0\n",
        b"{}\n\0\0\0\0\n{}",
        b"{}\n\0\0\0\0\n[]",
        b"[1\n\0\0\0\0\n{}",
        b"x\0\0\0\0{}",
        b"x\0\0\0\0not json",
        from_2_19({}),
        from_2_19({"Variables": [{"Name": "complex_args", "Value": 3}]}),
        from_2_19({"ArgumentJSON": "3"}),
        json.dumps({"params": {"DecompressInput": True}}).encode() + b"\n\0\0\0\0\nnot base64!",
        json.dumps({"params": {"DecompressInput": True}}).encode() + b"\n\0\0\0\0\n" + base64.b64encode(b"not gzip"),
    ],
)
def test_anything_else_is_an_error_and_no_crash(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        decode(payload)
