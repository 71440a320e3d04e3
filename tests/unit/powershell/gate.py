# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate knows of our PowerShell: its files, functions, variables and calls, read from the syntax tree.

Nothing here runs PowerShell. The gate finds what does not parse, does not exist or is forbidden; it proves nothing about
what the scripts do on a host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tree_sitter import Node

from tests.tools.powershell_argspec import assigned, find_hash, hash_entries, line_of, parse, text_of, unwrap, walk

ROOT = Path(__file__).resolve().parents[3]
CONTRACT = Path(__file__).resolve().parent / "contract"
MODULES = tuple(sorted((ROOT / "plugins" / "modules").glob("*.ps1")))
UTILS = tuple(sorted((ROOT / "plugins" / "module_utils").glob("*.psm1")))
FILES = (*MODULES, *UTILS)

COMMON_PARAMETERS = frozenset(
    {"erroraction", "errorvariable", "warningaction", "warningvariable", "outvariable", "verbose", "debug"}
)
_AUTOMATIC = """
    $ ? ^ _ args consolefilename enabledexperimentalfeatures error event eventargs eventsubscriber executioncontext false
    foreach home host input iscoreclr islinux ismacos iswindows lastexitcode matches myinvocation nestedpromptlevel null
    pid profile psboundparameters pscmdlet pscommandpath psculture psdebugcontext psedition pshome psitem psscriptroot
    pssenderinfo psuiculture psversiontable pwd sender shellid stacktrace switch this true
"""
AUTOMATIC_VARIABLES = frozenset(_AUTOMATIC.split())


@cache
def contract(name: str) -> dict[str, Any]:
    """Return a file of the contract."""
    found: dict[str, Any] = json.loads((CONTRACT / f"{name}.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Call:
    """One call of a cmdlet or function."""

    name: str
    line: int
    parameters: dict[str, Node | None]
    positional: tuple[Node, ...]
    pipeline: bool
    splat: str | None
    function: Node | None = field(repr=False, default=None)

    def value(self, parameter: str) -> str | None:
        """Return the text of a parameter's argument, without quotes."""
        for name, node in self.parameters.items():
            if name.lower() == parameter.lower() and node is not None:
                return text_of(node).strip("'\"")
        return None


@dataclass(frozen=True)
class Source:
    """One file."""

    name: str
    text: str
    root: Node = field(repr=False)

    @classmethod
    def of(cls, text: str, name: str = "snippet.ps1") -> Source:
        """Read text."""
        return cls(name, text, parse(text))

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a file."""
        return cls.of(path.read_text(encoding="utf-8"), path.name)

    def functions(self) -> dict[str, Node]:
        """Return the functions of the file."""
        return {function_name(node): node for node in walk(self.root) if node.type == "function_statement"}

    def calls(self) -> Iterator[Call]:
        """Yield every call."""
        for node in walk(self.root):
            if node.type == "command":
                yield _call(node)


def function_name(function: Node) -> str:
    """Return the name of a function."""
    return next(text_of(child) for child in function.named_children if child.type == "function_name")


def enclosing(node: Node, kind: str) -> Node | None:
    """Return the nearest node around this one of a kind."""
    above = node.parent
    while above is not None and above.type != kind:
        above = above.parent
    return above


# Of our own functions.
_OWN_SWITCHES = frozenset({"nullable", "optional", "notnull"})


@cache
def _switches(command: str) -> frozenset[str]:
    """Return the parameters of a command that take no argument."""
    known = {name.lower(): facts for name, facts in (contract("cmdlets") | contract("builtin")).items()}
    facts = known.get(command.lower())
    if facts is None:
        return _OWN_SWITCHES
    return frozenset(name.lower() for name, row in facts["parameters"].items() if row["switch"])


def _call(node: Node) -> Call:
    name = node.child_by_field_name("command_name")
    elements = node.child_by_field_name("command_elements")
    parts = [child for child in (elements.named_children if elements else ()) if child.type != "command_argument_sep"]
    switches = _switches(text_of(name)) if name is not None else _OWN_SWITCHES
    parameters: dict[str, Node | None] = {}
    positional: list[Node] = []
    splat = None
    waiting: str | None = None
    for part in parts:
        if part.type == "command_parameter":
            waiting = text_of(part).lstrip("-").rstrip(":")
            parameters[waiting] = None
            if waiting.lower() in switches:
                waiting = None
        elif text_of(part).startswith("@") and text_of(part)[1:2].isalpha():
            splat = text_of(part)[1:]
        elif waiting is not None:
            parameters[waiting] = part
            waiting = None
        else:
            positional.append(part)
    chain = node.parent
    commands = list(chain.named_children) if chain is not None and chain.type == "pipeline_chain" else []
    function = enclosing(node, "function_statement")
    if splat is not None:
        parameters |= _splatted(function, node, splat)
    return Call(
        name=text_of(name) if name is not None else text_of(node),
        line=line_of(node),
        parameters=parameters,
        positional=tuple(positional),
        pipeline=bool(commands) and commands[0] != node,
        splat=splat,
        function=function,
    )


def _splatted(function: Node | None, call: Node, variable: str) -> dict[str, Node | None]:
    """Return what a splatted hashtable holds: the literal that was assigned last before the call, and keys added to it."""
    scope = function
    if scope is None:
        scope = call
        while scope.parent is not None:
            scope = scope.parent
    found: dict[str, Node | None] = {}
    for value in assigned(scope, f"${variable}"):
        literal = find_hash(value)
        if literal is not None and value.start_byte < call.start_byte:
            found = dict(hash_entries(literal))
    pattern = re.compile(rf"\${variable}\[['\"](\w+)['\"]\]\s*=", re.IGNORECASE)
    for match in pattern.finditer(text_of(scope)):
        found[match.group(1)] = None
    return found


def parameters_of(function: Node) -> list[str]:
    """Return the parameters that a function declares, as they are written."""
    return [
        next(text_of(child) for child in node.named_children if child.type == "variable").lstrip("$")
        for node in walk(function)
        if node.type == "script_parameter" and enclosing(node, "function_statement") == function
    ]


def variable_name(node: Node) -> str:
    """Return the name of a variable without its braces, ``$`` and ``@``."""
    return text_of(node).strip().lstrip("$@").strip("{}")


def variables(scope: Node) -> Iterator[tuple[str, Node]]:
    """Yield every variable that is named in a scope, functions inside it left out."""
    for child in scope.children:
        if child.type == "function_statement":
            continue
        if child.type == "variable":
            yield variable_name(child), child
        yield from variables(child)


def loop_variable(loop: Node) -> Node:
    """Return the variable of a foreach statement."""
    variable, *_rest = (part for part in loop.named_children if part.type == "variable")
    return variable


def assignments(scope: Node) -> Iterator[tuple[str, Node]]:
    """Yield the variables that a scope gives a value: assigned, counted, looped over, or named by -ErrorVariable."""
    for child in scope.children:
        if child.type == "function_statement":
            continue
        if child.type == "assignment_expression":
            target = _target(child.named_children[0])
            if target is not None:
                yield variable_name(target), target
        elif child.type == "foreach_statement":
            loop = loop_variable(child)
            yield variable_name(loop), loop
        elif child.type == "command":
            call = _call(child)
            named = call.value("ErrorVariable")
            if named is not None:
                yield named, child
        yield from assignments(child)


def _target(node: Node) -> Node | None:
    """Return the variable that an assignment sets; None where it sets a part of something."""
    node = unwrap(node)
    if node.type == "variable":
        return node
    if node.type == "expression_with_unary_operator" or node.type == "cast_expression":
        # [byte[]]$bytes = ...
        return next((part for part in walk(node) if part.type == "variable"), None)
    return None


def member_chains(root: Node) -> Iterator[tuple[str, str, int]]:
    """Yield (variable, property, line) for each ``$variable.Property``."""
    for node in walk(root):
        if node.type != "member_access":
            continue
        owner, *rest = node.named_children
        member = next((part for part in rest if part.type == "member_name"), None)
        if owner.type == "variable" and member is not None:
            yield variable_name(owner), text_of(member), line_of(node)
