# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our PowerShell must not do. Each rule is a lesson of a real PowerShell: most of these mistakes parse, run and lie."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.tools.powershell_argspec import line_of, text_of, walk

from .gate import (
    AUTOMATIC_VARIABLES,
    Call,
    Source,
    assignments,
    contract,
    enclosing,
    function_name,
    member_chains,
    parameters_of,
    variable_name,
    variables,
)

Rule = Callable[[Source], Iterator[str]]
RULES: dict[str, Rule] = {}

_VERBS = """
    Add Assert Clear Complete ConvertFrom ConvertTo Find Get Invoke New Read Remove Rename Resolve Restore Set Start Stop Test
    Update Wait Write
"""
APPROVED_VERBS = frozenset(_VERBS.split())
FORBIDDEN_CALLS = {
    "get-wmiobject": "Get-WmiObject is not in PowerShell 7: use Get-CimInstance",
    "invoke-wmimethod": "Invoke-WmiMethod is not in PowerShell 7: use CIM cmdlets",
    "add-type": "Add-Type compiles at every run and P/Invoke works on Windows only",
    "invoke-expression": "names and notes of VMs are data and never become code (law 8)",
    "write-output": "what is on the pipeline becomes part of a function's answer or junk after the JSON",
    "write-host": "whatever reaches stdout is junk after the JSON",
    "write-error": "throw instead: an error must not depend on the preference",
    "stop-clustergroup": "it saves a VM (facts 106, 117): use Stop-VM",
    "suspend-vm": "nobody asked for it",
    "save-vm": "a saved VM cannot be changed",
}
# What looks one up by a name, which is a pattern there; New-VM and Add-ClusterVirtualMachineRole give a name to something new.
NAMING = frozenset({"new-vm", "add-clustervirtualmachinerole", "rename-vmnetworkadapter"})
NAME_PARAMETERS = frozenset({"name", "vmname", "vmnetworkadaptername", "switchname"})


def rule(function: Rule) -> Rule:
    """Register a rule under its name."""
    RULES[function.__name__] = function
    return function


def _windows_calls(source: Source) -> Iterator[Call]:
    known = {name.lower() for name in contract("cmdlets")}
    for call in source.calls():
        if call.name.lower() in known:
            yield call


@rule
def forbidden_call(source: Source) -> Iterator[str]:
    """Some cmdlets are never right here."""
    for call in source.calls():
        reason = FORBIDDEN_CALLS.get(call.name.lower())
        if reason:
            yield f"line {call.line}: {call.name}: {reason}"


@rule
def com_object(source: Source) -> Iterator[str]:
    """COM exists on Windows only."""
    for call in source.calls():
        if call.name.lower() == "new-object" and any(name.lower().startswith("com") for name in call.parameters):
            yield f"line {call.line}: New-Object -ComObject"


@rule
def windows_only_type(source: Source) -> Iterator[str]:
    """Types that only Windows has: the registry is reached through its provider."""
    for node in walk(source.root):
        if node.type == "type_literal" and re.match(
            r"\[(Microsoft\.Win32|System\.DirectoryServices|wmi)", text_of(node), re.I
        ):
            yield f"line {line_of(node)}: {text_of(node)}"


@rule
def alias(source: Source) -> Iterator[str]:
    """Aliases can be redefined and do not exist everywhere."""
    for call in source.calls():
        if not re.fullmatch(r"[A-Z][A-Za-z]+-[A-Z][A-Za-z0-9]+", call.name):
            yield f"line {call.line}: {call.name}"


@rule
def error_action(source: Source) -> Iterator[str]:
    """Hyper-V and cluster cmdlets do not stop at an error by themselves (fact 113)."""
    for call in _windows_calls(source):
        given = {name.lower(): name for name in call.parameters}
        action = (call.value("ErrorAction") or "").lower()
        if action == "stop" or (action == "silentlycontinue" and "errorvariable" in given):
            continue
        yield f"line {call.line}: {call.name} without -ErrorAction Stop (or SilentlyContinue with -ErrorVariable)"


@rule
def name_as_pattern(source: Source) -> Iterator[str]:
    """-Name web[1] is a wildcard, and a missing name is an error: list once and compare the id."""
    for call in _windows_calls(source):
        if call.name.lower() in NAMING:
            continue
        for name in call.parameters:
            if name.lower() in NAME_PARAMETERS and (call.value(name) or "").startswith("$"):
                yield f"line {call.line}: {call.name} -{name} {call.value(name)}"
        if call.positional:
            yield f"line {call.line}: {call.name} with an argument that is not named: {text_of(call.positional[0])}"


@rule
def stray_output(source: Source) -> Iterator[str]:
    """What a changing cmdlet returns becomes part of the function's answer, live objects included."""
    changing = (
        "Set-",
        "New-",
        "Add-",
        "Remove-",
        "Rename-",
        "Start-VM",
        "Stop-VM",
        "Clear-",
        "Move-",
        "Connect-",
        "Import-",
    )
    known = {name.lower() for name in contract("cmdlets") | contract("builtin")}
    for node in walk(source.root):
        if node.type != "command":
            continue
        name = text_of(node).split()[0]
        if name.lower() in known and name.startswith(changing) and not _is_assigned(node):
            yield f"line {line_of(node)}: assign what {name} returns to $null"


def _is_assigned(node: object) -> bool:
    return enclosing(node, "assignment_expression") is not None  # type: ignore[arg-type]


@rule
def unreliable_property(source: Source) -> Iterator[str]:
    """A getter that fails gives $null, silently: a broken VM would look like one without adapters. Use the cmdlet."""
    for variable, member, line in member_chains(source.root):
        if member.lower() == "networkadapters":
            yield f"line {line}: ${variable}.{member}"


@rule
def key_wiped(source: Source) -> Iterator[str]:
    """New-Item -Force on an existing registry key wipes its values."""
    for call in source.calls():
        if call.name.lower() != "new-item":
            continue
        if any(name.lower() == "force" for name in call.parameters):
            yield f"line {call.line}: New-Item -Force"
        elif call.function is None or "Test-Path" not in text_of(call.function):
            yield f"line {call.line}: New-Item without Test-Path before it"


@rule
def windows_requirement(source: Source) -> Iterator[str]:
    """They fail with ugly errors off Windows."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.match(r"#AnsibleRequires\s+-(OSVersion|Become)", line, re.I):
            yield f"line {number}: {line}"


@rule
def missing_in_5_1(source: Source) -> Iterator[str]:
    """What Windows PowerShell 5.1 does not have."""
    for node in walk(source.root):
        if node.type == "variable" and variable_name(node).lower() in ("iswindows", "islinux", "ismacos", "iscoreclr"):
            yield f"line {line_of(node)}: {text_of(node)}"
        if node.type in ("ternary_expression", "null_coalesce_expression"):
            yield f"line {line_of(node)}: {text_of(node)[:40]}"
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"\?\?=?|\?\.|-cnotin\b|-cin\b| && | \|\| ", line) and not line.lstrip().startswith("#"):
            yield f"line {number}: {line.strip()}"


@rule
def line_length(source: Source) -> Iterator[str]:
    """160 characters."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if len(line) > 160:
            yield f"line {number}: {len(line)} characters"


@rule
def ascii_only(source: Source) -> Iterator[str]:
    """Windows PowerShell 5.1 reads a script without a byte order mark in the code page of the machine."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if not line.isascii():
            yield f"line {number}: {line.strip()[:60]}"


@rule
def automatic_variable(source: Source) -> Iterator[str]:
    """Assigning $host, $input, $profile and the like fails or changes what PowerShell does."""
    for name, node in assignments(source.root):
        if name.lower() in AUTOMATIC_VARIABLES - {"null"}:
            yield f"line {line_of(node)}: ${name}"
    for function in source.functions().values():
        for name, node in assignments(function):
            if name.lower() in AUTOMATIC_VARIABLES - {"null"}:
                yield f"line {line_of(node)}: ${name}"
        for name in parameters_of(function):
            if name.lower() in AUTOMATIC_VARIABLES:
                yield f"{function_name(function)}: parameter -{name}"


@rule
def shadowed_parameter(source: Source) -> Iterator[str]:
    """Variables ignore case: a loop over $vm overwrites the parameter $VM, typed as the parameter is."""
    for function in source.functions().values():
        declared = {name.lower(): name for name in parameters_of(function)}
        for name, node in assignments(function):
            if name.lower() in declared:
                yield f"line {line_of(node)}: ${name} is the parameter ${declared[name.lower()]}"


@rule
def unassigned_variable(source: Source) -> Iterator[str]:
    """Under strict mode reading it throws; otherwise a misspelt name is silently nothing."""
    outer = {name.lower() for name, _node in assignments(source.root)} | AUTOMATIC_VARIABLES
    scopes = [(source.root, set[str]())] + [
        (function, {name.lower() for name in parameters_of(function)}) for function in source.functions().values()
    ]
    for scope, declared in scopes:
        known = outer | declared | {name.lower() for name, _node in assignments(scope)}
        for name, node in variables(scope):
            if ":" not in name and name.lower() not in known:
                yield f"line {line_of(node)}: ${name}"


@rule
def unused_variable(source: Source) -> Iterator[str]:
    """A value that nobody reads: a misspelt name, or what a cmdlet said and nobody heard."""
    for function in source.functions().values():
        given = [(name.lower(), node) for name, node in assignments(function)]
        places = {node.start_byte for _name, node in given if node.type == "variable"}
        read = {name.lower() for name, node in variables(function) if node.start_byte not in places}
        for name, node in given:
            if name not in read and name != "null":
                yield f"line {line_of(node)}: ${name}"


@rule
def null_on_the_right(source: Source) -> Iterator[str]:
    """A list on the left is filtered, not compared."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"-(eq|ne)\s+\$null\b", line):
            yield f"line {number}: {line.strip()}"


@rule
def swallowed_colon(source: Source) -> Iterator[str]:
    """In "$name: text" the colon belongs to the variable, which is then another one."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for match in re.finditer(r'"[^"]*?\$(\w+):[^"]*"', line):
            if match.group(1).lower() not in ("env", "script", "global", "function"):
                yield f"line {number}: {match.group(0)}"


@rule
def boolean_of_an_enum(source: Source) -> Iterator[str]:
    """On is 0 (fact 33): an OnOffState is compared as text."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"\[bool\]\S*(MacAddressSpoofing|\.State\b)", line):
            yield f"line {number}: {line.strip()}"


@rule
def mandatory_collection(source: Source) -> Iterator[str]:
    """A mandatory parameter refuses an empty list."""
    for node in walk(source.root):
        if node.type != "script_parameter" or "Mandatory" not in text_of(node):
            continue
        if re.search(r"\[\w[\w.]*\[\]\]|ArrayList|IDictionary|hashtable", text_of(node)):
            yield f"line {line_of(node)}: {text_of(node).split('$')[-1]}"


@rule
def function_style(source: Source) -> Iterator[str]:
    """Approved verb, our own noun, help that names every parameter, [CmdletBinding()]."""
    for name, function in source.functions().items():
        verb, _dash, noun = name.partition("-")
        if verb not in APPROVED_VERBS or not noun.startswith("MacPool"):
            yield f"line {line_of(function)}: {name} is no approved verb with a noun of MacPool..."
        body = text_of(function)
        if ".SYNOPSIS" not in body or "[CmdletBinding()]" not in body:
            yield f"line {line_of(function)}: {name} lacks help or [CmdletBinding()]"
        documented = re.findall(r"\.PARAMETER (\w+)", body)
        if documented != parameters_of(function):
            yield f"line {line_of(function)}: {name} documents {documented} and has {parameters_of(function)}"


@rule
def module_end(source: Source) -> Iterator[str]:
    """A .psm1 says at its end what it exports."""
    if source.name.endswith(".psm1"):
        lines = [line for line in source.text.splitlines() if line.strip()]
        if not lines or not lines[-1].startswith("Export-ModuleMember "):
            yield "the last line is not Export-ModuleMember"


@rule
def module_head(source: Source) -> Iterator[str]:
    """Without #AnsibleRequires a .ps1 is taken for an old-style module, in which nothing works."""
    if source.name.endswith(".ps1") and "$module" in source.text:
        if not source.text.startswith("#!powershell\n"):
            yield "line 1: no #!powershell"
        if not re.search(r"^#AnsibleRequires -CSharpUtil Ansible\.Basic$", source.text, re.M):
            yield "no #AnsibleRequires -CSharpUtil Ansible.Basic"
