# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our PowerShell parses, says what its documentation says, and names nothing that does not exist."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.powershell_argspec import NotLiteral, errors, spec, text_of
from tests.unit.powershell.checks import exports, loose_objects, unexported, unknown_calls, unknown_properties
from tests.unit.powershell.gate import FILES, MODULES, ROOT, UTILS, Source

by_name = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
by_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)


def functions_seen_by(path: Path) -> dict[str, Any]:
    """The functions that a file may call: its own, and for a module what the utils export."""
    source = Source.read(path)
    if path.suffix == ".psm1":
        return source.functions()
    shared = {
        name: util.functions()[name] for util in map(Source.read, UTILS) for name in exports(util) if f"{util.name}"
    }
    return shared | source.functions()


def test_there_is_something_to_check() -> None:
    assert {path.name for path in FILES} >= {"host_info.ps1", "host_apply.ps1", "_HyperV.psm1"}


@by_name
def test_it_is_powershell(path: Path) -> None:
    assert errors(Source.read(path).root) == []


@pytest.mark.parametrize("text", ["if ($x) {", "$a = @{ b = ", "foreach ($x $y) { }", '$a = "unclosed', "param ($x))"])
def test_a_syntax_error_is_found(text: str) -> None:
    assert errors(Source.of(text).root)


@by_name
def test_every_call_exists(path: Path) -> None:
    assert list(unknown_calls(Source.read(path), functions_seen_by(path))) == []


@pytest.mark.parametrize(
    "text",
    [
        "Get-VMs -ErrorAction Stop",
        "Get-VM -Identity $id -ErrorAction Stop",
        "Get-VM -VMName 'x' -ErrorAction Stop",  # an alias of -Name
        "Get-VMNetworkAdapter -ErrorAction Stop",  # a name, VM or switch is mandatory
        "Get-VMNetworkAdapter -VM $vm -ManagementOS -ErrorAction Stop",  # two parameter sets
        "$vms | Get-ClusterResource -VM $vm",
        "Set-VMNetworkAdapter -ManagementOS -StaticMacAddress $mac -ErrorAction Stop",  # fact 27
        "Get-MacPoolNothing -Name 'x'",
        "Get-MacPoolThing -Nmae 'x'",
        "Get-MacPoolThing 'x'",
        "get-vm -ErrorAction Stop",
        "Get-ItemProperty -Path $key -PropertyType Binary",
        "$p = @{ Nmae = 'x'; MemoryStartupBytes = 1; ErrorAction = 'Stop' }\nNew-VM @p",
        "$p = @{ Name = 'x'; NoVHD = $true; VHDPath = 'y'; ErrorAction = 'Stop' }\nNew-VM @p",
    ],
)
def test_a_call_of_what_does_not_exist_is_found(text: str) -> None:
    own = Source.of("function Get-MacPoolThing {\nparam (\n[string]\n$Name\n)\n1\n}").functions()
    assert list(unknown_calls(Source.of(text), own))


@pytest.mark.parametrize(
    "text",
    [
        "Get-VM -ErrorAction Stop",
        "$snapshots | Get-VMNetworkAdapter -ErrorAction Stop",
        "Get-VMNetworkAdapter -ManagementOS -ErrorAction Stop",
        "Stop-VM -VM $vm -TurnOff -Force -ErrorAction Stop",
        "$p = @{ Name = 'x'; ErrorAction = 'Stop' }\n$p['NoVHD'] = $true\nNew-VM @p",
    ],
)
def test_a_call_of_what_exists_passes(text: str) -> None:
    assert list(unknown_calls(Source.of(text), {})) == []


@by_name
def test_every_property_exists(path: Path) -> None:
    source = Source.read(path)
    assert list(unknown_properties(source)) == []
    assert list(loose_objects(source)) == []


@pytest.mark.parametrize(
    "text",
    [
        "$adapter.StaticMacAddress",  # fact 31
        '"$($hostAdapter.DynamicMacAddressEnabled)"',  # fact 32
        "$vm.VMId",  # fact 34
        "foreach ($machine in @(Get-VM -ErrorAction Stop)) { $machine.Id }",
    ],
)
def test_a_property_that_does_not_exist_is_found(text: str) -> None:
    source = Source.of(text)
    assert [*unknown_properties(source), *loose_objects(source)]


@pytest.mark.parametrize("path", UTILS, ids=lambda path: path.name)
def test_what_is_exported_is_there_and_used(path: Path) -> None:
    source = Source.read(path)
    assert list(unexported(source)) == []
    called = {call.name for module in MODULES for call in Source.read(module).calls()}
    assert sorted(set(exports(source)) - called) == [], "exported and used by no module"


@by_name
def test_no_function_is_left_over(path: Path) -> None:
    source = Source.read(path)
    called = {call.name for call in source.calls()}
    exported = set(exports(source)) if path.suffix == ".psm1" else set()
    assert sorted(set(source.functions()) - called - exported) == []


@by_module
def test_the_spec_is_what_the_documentation_says(path: Path) -> None:
    found = spec(path.read_text(encoding="utf-8"))
    assert found["supports_check_mode"] is True
    assert {name: _normal(option) for name, option in found["options"].items()} == documented_options(path)


def documented_options(path: Path) -> dict[str, Any]:
    """The options of a module's sidecar, with those of the fragments that it extends."""
    documentation = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["DOCUMENTATION"]
    options: dict[str, Any] = {}
    for fragment in documentation["extends_documentation_fragment"]:
        _namespace, _name, file, *part = fragment.split(".")
        options |= _fragment(file, *part).get("options", {})
    options |= documentation["options"]
    return {name: _normal(option) for name, option in options.items()}


def _fragment(file: str, part: str = "documentation") -> dict[str, Any]:
    text = (ROOT / "plugins" / "doc_fragments" / f"{file}.py").read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": file}
    exec(compile(text, file, "exec"), namespace)
    found: dict[str, Any] = yaml.safe_load(getattr(namespace["ModuleDocFragment"], part.upper()))
    return found


def _normal(option: dict[str, Any]) -> dict[str, Any]:
    """An option with what it does not say filled in, and without words."""
    return {
        "type": option.get("type", "str"),
        "elements": option.get("elements"),
        "required": option.get("required", False),
        "default": option.get("default"),
        "choices": option.get("choices"),
        "options": {name: _normal(part) for name, part in (option.get("options") or {}).items()},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$spec = @{ options = @{ a = @{ type = 'int'; default = -3 } } }", {"a": {"type": "int", "default": -3}}),
        ("$spec = @{ options = @{ a = @{ choices = @('x', 'y') } } }", {"a": {"choices": ["x", "y"]}}),
        ("$spec = @{ options = @{ a = @{ choices = @('x') } } }", {"a": {"choices": ["x"]}}),
        ("$spec = @{ options = @{ a = @{ choices = @() } } }", {"a": {"choices": []}}),
        ("$spec = @{ options = @{ a = @{ choices = 'x', 'y' } } }", {"a": {"choices": ["x", "y"]}}),
        ("$spec = @{\n options = @{\n  a = @{\n   choices = @(\n 'x'\n 'y'\n)\n}\n}\n}", {"a": {"choices": ["x", "y"]}}),
        ("$spec = @{ options = @{ 'a' = @{ default = $null; required = $true } } }", {"a": {"default": None, "required": True}}),
        ("$SPEC = @{ options = @{ a = @{ default = 'it''s' } } }", {"a": {"default": "it's"}}),
        ("$spec = @{ options = @{ a = @{ type = 'list'; options = @{ b = @{ type = 'bool' } } } } }",
         {"a": {"type": "list", "options": {"b": {"type": "bool"}}}}),
    ],
)  # fmt: skip
def test_a_literal_spec_is_read(text: str, expected: dict[str, Any]) -> None:
    assert spec(text)["options"] == expected


@pytest.mark.parametrize(
    "text",
    [
        "$spec = @{ options = $options }",
        "$spec = @{ a = (Get-Date) }",
        '$spec = @{ a = "x $y" }',
        "$other = @{}",
        "$spec = @{ a = 1 + 2 }",
    ],
)
def test_a_spec_that_is_not_literal_is_refused(text: str) -> None:
    with pytest.raises(NotLiteral):
        spec(text)


def test_the_modules_require_the_util_that_they_call() -> None:
    for path in MODULES:
        source = Source.read(path)
        for util in UTILS:
            if {call.name for call in source.calls()} & set(exports(Source.read(util))):
                assert f"#AnsibleRequires -PowerShell ..module_utils.{util.stem}\n" in source.text


def test_the_stand_in_answers_ansible_test_and_nothing_else() -> None:
    pwsh = ROOT / "tests" / "tools" / "pwsh"
    question = json.dumps({"module_path": str(MODULES[0])})
    answer = subprocess.run(
        [sys.executable, str(pwsh), "/somewhere/ps_argspec.ps1", question], check=False, capture_output=True, text=True
    )
    assert json.loads(answer.stdout) == spec(MODULES[0].read_text(encoding="utf-8"))
    refused = subprocess.run(
        [sys.executable, str(pwsh), "-Command", "Get-Date"], check=False, capture_output=True, text=True
    )
    assert refused.returncode != 0
    assert "no PowerShell" in refused.stderr


def test_the_sidecar_is_beside_each_module() -> None:
    for path in MODULES:
        sidecar = path.with_suffix(".yml")
        assert yaml.safe_load(sidecar.read_text(encoding="utf-8"))["DOCUMENTATION"]["module"] == path.stem
        assert not path.with_suffix(".py").exists(), "the .ps1 would win over the .py"


def test_results_are_built_of_plain_values() -> None:
    """The only members of the module's result are those that the documentation names."""
    for path in MODULES:
        documentation = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))
        source = Source.read(path)
        set_here = {
            line.split("$module.Result.")[1].split()[0]
            for line in text_of(source.root).splitlines()
            if "$module.Result." in line and " = " in line
        }
        assert set_here <= {*documentation["RETURN"], "changed"}
