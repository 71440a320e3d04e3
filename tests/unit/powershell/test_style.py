# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our PowerShell keeps the rules of style.py, and each rule catches what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.powershell.gate import FILES, Source
from tests.unit.powershell.style import RULES

HELP = "<#\n.SYNOPSIS\nx\n#>\n[CmdletBinding()]\n"
HELP_OF_NAME = HELP.replace("#>", ".PARAMETER Name\ny\n#>")

# For each rule: what it must catch, and what is close to it and right.
CASES: dict[str, list[tuple[str, str]]] = {
    "forbidden_call": [
        ("Get-WmiObject -Class Win32_Service", "Get-CimInstance -ClassName Win32_Service"),
        ("Add-Type -TypeDefinition $code", "$null = [int]$code"),
        ("Write-Output $x", "$x"),
        ("Write-Host 'x'", "'x'"),
        ("Stop-ClusterGroup -Name 'x' -ErrorAction Stop", "Stop-VM -VM $vm -ErrorAction Stop"),
        ("Invoke-Expression $name", "& $reader"),
    ],
    "com_object": [("$x = New-Object -ComObject Shell.Application", "$x = New-Object -TypeName object")],
    "windows_only_type": [
        ("[Microsoft.Win32.Registry]::LocalMachine", "Get-ItemProperty -Path 'HKLM:\\SOFTWARE'"),
        ("[System.DirectoryServices.DirectorySearcher]::new()", "[System.Collections.ArrayList]::new()"),
    ],
    "alias": [("$list | ? { $_ }", "$list | Where-Object -FilterScript { $_ }"), ("gci", "Get-ChildItem")],
    "error_action": [
        ("Get-VM -Id $id", "Get-VM -Id $id -ErrorAction Stop"),
        ("Get-VM -ErrorAction SilentlyContinue", "Get-VM -ErrorAction SilentlyContinue -ErrorVariable problems"),
        ("$p = @{ Name = $n }\nNew-VM @p", "$p = @{ Name = $n; ErrorAction = 'Stop' }\nNew-VM @p"),
        ("Get-ClusterNode -ErrorAction Continue", "Get-ClusterNode -ErrorAction Stop"),
    ],
    "name_as_pattern": [
        ("Get-VM -Name $name -ErrorAction Stop", "New-VM -Name $name -ErrorAction Stop"),
        (
            "Set-VMNetworkAdapter -VMName $n -ErrorAction Stop",
            "Set-VMNetworkAdapter -VMNetworkAdapter $a -ErrorAction Stop",
        ),
        ("Get-VM $name -ErrorAction Stop", "Get-VM -Id $id -ErrorAction Stop"),
        ("Get-ClusterGroup -Name $n -ErrorAction Stop", "Get-ClusterParameter -Name 'VmId' -ErrorAction Stop"),
    ],
    "stray_output": [
        ("Start-VM -VM $vm -ErrorAction Stop", "$null = Start-VM -VM $vm -ErrorAction Stop"),
        ("New-Item -Path $key -ErrorAction Stop", "$null = New-Item -Path $key -ErrorAction Stop"),
    ],
    "unreliable_property": [("$vm.NetworkAdapters", "$vm.Name"), ("$snapshot.NetworkAdapters.Count", "$snapshot.Id")],
    "key_wiped": [
        (
            "function Set-X { New-Item -Path $key -Force }",
            "function Set-X { if (-not (Test-Path -Path $key)) { New-Item -Path $key } }",
        ),
        ("New-Item -Path $key", "New-ItemProperty -Path $key -Name x -Value 1 -Force"),
    ],
    "windows_requirement": [
        ("#AnsibleRequires -OSVersion 10.0", "#AnsibleRequires -CSharpUtil Ansible.Basic"),
        ("#AnsibleRequires -Become", "#AnsibleRequires -PowerShell ..module_utils._X"),
    ],
    "missing_in_5_1": [
        ("if ($IsWindows) { 1 }", "if ($true) { 1 }"),
        ("$x = $a ?? $b", "$x = $a"),
        ("if ($a -cnotin $b) { 1 }", "if ($a -notin $b) { 1 }"),
    ],
    "line_length": [("#" * 161, "#" * 160)],
    "ascii_only": [("# caf\u00e9", "# cafe")],
    "automatic_variable": [
        ("$host = 1", "$hostName = 1"),
        ("foreach ($event in $events) { 1 }", "foreach ($item in $events) { 1 }"),
        (
            "function Set-X {\nparam (\n[object]\n$Input\n)\n1\n}",
            "function Set-X {\nparam (\n[object]\n$Value\n)\n1\n}",
        ),
        ("$profile = 1", "$null = 1"),
    ],
    "shadowed_parameter": [
        (
            "function Get-X {\nparam (\n[object[]]\n$VM\n)\nforeach ($vm in $VM) { 1 }\n}",
            "function Get-X {\nparam (\n[object[]]\n$Machines\n)\nforeach ($vm in $Machines) { 1 }\n}",
        )
    ],
    "unassigned_variable": [
        (
            "function Get-X {\nparam (\n[string]\n$Name\n)\n$nmae\n}",
            "function Get-X {\nparam (\n[string]\n$Name\n)\n$name\n}",
        ),
        ('$x = 1\n"is $($y)"', '$y = 1\n"is $($y)"'),
        ("if ($problems.Count) { 1 }", "Get-VM -ErrorVariable problems\nif ($problems.Count) { 1 }"),
    ],
    "unused_variable": [
        ("function Get-X {\n$mesage = 'x'\nthrow $message\n}", "function Get-X {\n$message = 'x'\nthrow $message\n}"),
        (
            "function Get-X {\n$x = @(Get-VM -ErrorAction SilentlyContinue -ErrorVariable problems)\n$x\n}",
            "function Get-X {\n$x = @(Get-VM -ErrorAction SilentlyContinue -ErrorVariable problems)\n$x\n$problems\n}",
        ),
    ],
    "null_on_the_right": [("if ($x -eq $null) { 1 }", "if ($null -eq $x) { 1 }")],
    "swallowed_colon": [('throw "$where: missing"', 'throw "${where}: missing"'), ('"a $b:"', '"$env:COMPUTERNAME"')],
    "boolean_of_an_enum": [("[bool]$a.MacAddressSpoofing", "\"$($a.MacAddressSpoofing)\" -eq 'On'")],
    "mandatory_collection": [
        (
            "function Get-X {\nparam (\n[Parameter(Mandatory = $true)]\n[object[]]\n$Items\n)\n}",
            "function Get-X {\nparam (\n[Parameter(Mandatory = $true)]\n[string]\n$Name\n)\n}",
        )
    ],
    "function_style": [
        (f"function Fetch-MacPoolX {{\n{HELP}param ()\n1\n}}", f"function Get-MacPoolX {{\n{HELP}param ()\n1\n}}"),
        (f"function Get-Thing {{\n{HELP}param ()\n1\n}}", f"function Get-MacPoolThing {{\n{HELP}param ()\n1\n}}"),
        ("function Get-MacPoolX {\nparam ()\n1\n}", f"function Get-MacPoolX {{\n{HELP}param ()\n1\n}}"),
        (
            f"function Get-MacPoolX {{\n{HELP}param (\n[string]\n$Name\n)\n1\n}}",
            f"function Get-MacPoolX {{\n{HELP_OF_NAME}param (\n[string]\n$Name\n)\n1\n}}",
        ),
    ],
    "module_end": [("function Get-MacPoolX { 1 }", "Export-ModuleMember -Function $names")],
    "module_head": [
        ("$module = 1", "#!powershell\n#AnsibleRequires -CSharpUtil Ansible.Basic\n$module = 1"),
        ("#AnsibleRequires -CSharpUtil Ansible.Basic\n$module = 1", "$x = 1"),
    ],
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("name", RULES)
def test_rule_is_kept(path: Path, name: str) -> None:
    assert list(RULES[name](Source.read(path))) == []


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize(
    ("name", "bad", "good"), [(name, bad, good) for name, pairs in CASES.items() for bad, good in pairs]
)
def test_rule_catches_the_bad_and_lets_the_good_pass(name: str, bad: str, good: str) -> None:
    file = "snippet.psm1" if name == "module_end" else "snippet.ps1"
    assert list(RULES[name](Source.of(bad, file)))
    assert not list(RULES[name](Source.of(good, file)))
