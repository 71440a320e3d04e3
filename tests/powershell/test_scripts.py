# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our scripts call only what exists, and Windows PowerShell 5.1 understands them: the tests run PowerShell 7, the hosts run 5.1.

PowerShell's own parser and binder decide (check_scripts.ps1). All scripts and examples are checked in one run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.powershell.runner import execute
from tests.tools.observe_by_hand import NAME, script
from tests.tools.powershell_argspec import spec

ROOT = Path(__file__).resolve().parents[2]
CHECK = Path(__file__).with_name("check_scripts.ps1")
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.ps1"))
UTILS = sorted((ROOT / "plugins" / "module_utils").glob("*.psm1"))
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (*MODULES, *UTILS)} | {NAME: script()}

BAD = {
    "function Get-It { param ([string]$Name) $Name": "Missing closing '}'",
    # What does not exist.
    "Get-VMs -ErrorAction Stop": "Get-VMs does not exist",
    "Get-MacPoolNothing": "Get-MacPoolNothing does not exist",
    "Get-VM -Identity $id": "Identity",
    "$vms | Get-ClusterResource -VMM $vm": "VMM",
    "Get-VM -Name $name -Id $id": "Parameter set",
    "Set-VMNetworkAdapter -ManagementOS -StaticMacAddress $mac": "Parameter set",  # fact 27
    # Without CmdletBinding, a misspelt parameter would silently become an argument.
    "function Get-It { param ([string]$Name) $Name }\nGet-It -Nmae 'x'": "Nmae",
    "function Get-It { param ([string]$Name) $Name }\nGet-It 'x' 'y'": "'y'",
    "function Get-It { param ([string]$Name) $Name }\n$it = @{ Nmae = 'x' }\nGet-It @it": "Nmae",
    "function Get-It { param ([string]$Name) $Name }\n$it = @{ Name = 'x' }\n$it['Deep'] = 1\nGet-It @it": "Deep",
    "function Get-It { param ([string]$Name) $Name }\nfunction Get-Other { param ($It) Get-It @It }": "@It comes from no hashtable",
    "function Get-It { param ([string]$Name) $Name }\nforeach ($it in @{ Name = 'x' }, @{ Name = 'x'; Deep = 1 }) { Get-It @it }": "Deep",
    "$new = @{ Name = 'x'; NoVHD = $true; VHDPath = 'y' }\nNew-VM @new": "Parameter set",
    # What Windows PowerShell 5.1 does not have.
    "$a ?? $b": "??",
    "$a ? 1 : 2": "?",
    "${a}?.Name": "?.",
    "Get-VM && Get-VM": "&&",
    "Get-VM\n    | Sort-Object": "|",
    "1 | ForEach-Object -Parallel { $_ }": "-Parallel",
    "'{}' | ConvertFrom-Json -AsHashtable": "-AsHashtable",
    "$json = @{ InputObject = 1; AsArray = $true }\nConvertTo-Json @json": "-AsArray",
    "Get-Uptime": "Get-Uptime",
    "if ($IsWindows) { 1 }": "$IsWindows",
    "[Convert]::ToHexString($bytes)": "ToHexString",
    "$text.Contains('x', 'OrdinalIgnoreCase')": "Contains/2",
    "0b101": "0b101",
    '"`e[0m"': "`e",
    "Get-VM &": "'&'",
}
GOOD = [
    "$snapshots | Get-VMNetworkAdapter -ErrorAction Stop",
    "Get-VMNetworkAdapter -ManagementOS -ErrorAction Stop",
    "Stop-VM -VM $vm -TurnOff -Force -ErrorAction Stop",
    "$new = @{ Name = 'x'; Generation = 2 }\nif ($vhd) { $new['VHDPath'] = $vhd } else { $new['NoVHD'] = $true }\nNew-VM @new",
    "function Get-It { param ([string]$Name) $Name }\n$it = @{ Name = 'x' }\nGet-It @it",
    "function Get-It { param ([string]$Name) $Name }\nforeach ($it in @{ Name = 'x' }, @{ Part = 1 }) { Get-It @it }",
    "& $reader -Anything 1",
    "$vms |\n    Where-Object { $_.Name -eq 'x' } | Sort-Object -Property Name",
    "$text.Contains('x') -and -1 -lt 0x1F -and [DateTime]::UtcNow",
    "Get-MacPoolMember -InputObject $vm -Name 'x'",
]


@pytest.fixture(scope="module")
def checked(powershell: None) -> dict[str, Any]:
    """What the check says of every script and snippet, by name."""
    utils = [path.read_text(encoding="utf-8") for path in UTILS]
    texts = SCRIPTS | {text: text for text in [*BAD, *GOOD]}
    alone = {path.name for path in UTILS} | {NAME}
    scripts = [{"name": name, "text": text, "utils": [] if name in alone else utils} for name, text in texts.items()]
    report, _state, _calls = execute(CHECK, {"scripts": scripts}, {"nodes": {"node1": {}}}, "node1", is_module=False)
    assert not report["unhandled"], report["errors"]
    answer: dict[str, Any] = json.loads(report["output"][-1])
    return answer


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_calls_what_exists_and_5_1_understands_it(checked: dict[str, Any], name: str) -> None:
    assert checked[name]["problems"] == []


@pytest.mark.parametrize(("text", "problem"), BAD.items(), ids=BAD)
def test_a_mistake_is_found(checked: dict[str, Any], text: str, problem: str) -> None:
    assert problem in "\n".join(checked[text]["problems"])


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_passes(checked: dict[str, Any], text: str) -> None:
    assert checked[text]["problems"] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_specification_is_read_as_powershell_reads_it(checked: dict[str, Any], path: Path) -> None:
    assert spec(path.read_text(encoding="utf-8")) == checked[path.name]["spec"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_ascii(name: str) -> None:
    """Windows PowerShell 5.1 reads a file without a byte order mark in the code page of the machine."""
    assert [line for line in SCRIPTS[name].splitlines() if not line.isascii()] == []
