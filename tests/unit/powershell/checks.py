# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does everything that a script names exist? Cmdlets, their parameters, our own functions, the properties of objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tree_sitter import Node

from tests.tools.powershell_argspec import find_hash, line_of, literal, text_of, walk

from .gate import COMMON_PARAMETERS, Call, Source, contract, loop_variable, member_chains, parameters_of

# The objects that a variable of this name holds, everywhere in our scripts.
CLASS_OF = {
    "vm": "VirtualMachine",
    "adapter": "VMNetworkAdapter",
    "hostadapter": "VMInternalNetworkAdapter",
    "vmswitch": "VMSwitch",
    "vmhost": "VMHost",
    "snapshot": "VMSnapshot",
    "feature": "VMSwitchExtensionPortFeature",
    "vlan": "VMNetworkAdapterVlanSetting",
    "cluster": "Cluster",
    "clusternode": "ClusterNode",
    "clustergroup": "ClusterGroup",
    "clusterresource": "ClusterResource",
    "clusterparameter": "ClusterParameter",
}
# PowerShell's own members of every object.
INTRINSIC = frozenset({"psobject", "count", "length", "gettype", "tostring"})


def unknown_calls(source: Source, own: Mapping[str, Node]) -> Iterator[str]:
    """Yield calls of cmdlets, functions and parameters that do not exist."""
    cmdlets = {name.lower(): (name, facts) for name, facts in contract("cmdlets").items()}
    builtin = {name.lower(): (name, facts) for name, facts in contract("builtin").items()}
    ours = {name.lower(): (name, node) for name, node in own.items()}
    for call in source.calls():
        key = call.name.lower()
        if key in ours:
            yield from _own_call(call, *ours[key])
        elif key in cmdlets:
            yield from _cmdlet_call(call, *cmdlets[key])
        elif key in builtin:
            name, facts = builtin[key]
            yield from _spelling(call, name)
            yield from _parameters(call, facts["parameters"], {})
        else:
            yield f"line {call.line}: there is no {call.name}"


def _spelling(call: Call, name: str) -> Iterator[str]:
    if call.name != name:
        yield f"line {call.line}: {call.name} is spelt {name}"


def _parameters(call: Call, known: Mapping[str, Any], aliases: Mapping[str, str]) -> Iterator[str]:
    names = {name.lower(): name for name in known}
    for given in call.parameters:
        if given.lower() in COMMON_PARAMETERS:
            continue
        if given.lower() in aliases:
            yield f"line {call.line}: {call.name} -{given} is an alias of -{aliases[given.lower()]}"
        elif names.get(given.lower()) != given:
            yield f"line {call.line}: {call.name} has no parameter -{given}"


def _own_call(call: Call, name: str, function: Node) -> Iterator[str]:
    yield from _spelling(call, name)
    declared = parameters_of(function)
    yield from _parameters(call, dict.fromkeys(declared), {})
    if call.positional:
        yield f"line {call.line}: {call.name} with an argument that is not named: {text_of(call.positional[0])}"


def _cmdlet_call(call: Call, name: str, facts: Mapping[str, Any]) -> Iterator[str]:
    """A call must also fit one parameter set, with all that is mandatory in it."""
    known = facts["parameters"]
    aliases = {alias.lower(): parameter for parameter, row in known.items() for alias in row["aliases"]}
    problems = [*_spelling(call, name), *_parameters(call, known, aliases)]
    yield from problems
    if problems:
        return
    for given in _variants(call):
        if not any(_fits(given, call.pipeline, candidate, known) for candidate in facts["sets"]):
            yield f"line {call.line}: {call.name} has no parameter set for {given or 'no parameters'}"


def _variants(call: Call) -> list[list[str]]:
    """The ways in which a call may be made: what is added to a splatted hashtable may be there or not."""
    given = [parameter for parameter in call.parameters if parameter.lower() not in COMMON_PARAMETERS]
    if call.splat is None:
        return [given]
    always = [parameter for parameter in given if call.parameters[parameter] is not None]
    added = [parameter for parameter in given if call.parameters[parameter] is None]
    return [[*always, parameter] for parameter in added] or [always]


def _fits(given: list[str], pipeline: bool, candidate: str, known: Mapping[str, Any]) -> bool:
    if any(not {candidate, "(All)"} & set(known[parameter]["sets"]) for parameter in given):
        return False
    missing = [
        name
        for name, row in known.items()
        if {candidate, "(All)"} & set(row["mandatory"]) and name not in given and not (pipeline and row["pipeline"])
    ]
    return not missing


def unknown_properties(source: Source) -> Iterator[str]:
    """Yield properties that the objects in well-named variables do not have."""
    classes = {name: {member.lower() for member in members} for name, members in contract("objects").items()}
    for variable, member, line in member_chains(source.root):
        class_name = CLASS_OF.get(variable.lower())
        if class_name is None or member.lower() in INTRINSIC or member.startswith("$"):
            continue
        if member.lower() not in classes[class_name]:
            yield f"line {line}: a {class_name} has no property {member}"


def loose_objects(source: Source) -> Iterator[str]:
    """Yield loops over what a Hyper-V or cluster cmdlet gives whose variable is not named as CLASS_OF wants it."""
    known = {name.lower() for name in contract("cmdlets")}
    for node in walk(source.root):
        if node.type != "foreach_statement":
            continue
        variable = loop_variable(node)
        listed = node.named_children[node.named_children.index(variable) + 1]
        called = [text_of(child).split()[0].lower() for child in walk(listed) if child.type == "command"]
        if known & set(called) and text_of(variable).lstrip("$").lower() not in {*CLASS_OF, "item"}:
            yield f"line {line_of(node)}: {text_of(variable)}"


def unexported(source: Source) -> Iterator[str]:
    """Yield functions that are exported and not there."""
    exported = exports(source)
    for name in exported:
        if name not in source.functions():
            yield name


def exports(source: Source) -> list[str]:
    """Return what a .psm1 exports."""
    match = re.search(r"^\$exportedFunctions = ", source.text, re.M)
    assert match, "the exports are not in $exportedFunctions"
    for node in walk(source.root):
        if node.type == "assignment_expression" and text_of(node).startswith("$exportedFunctions"):
            value = node.child_by_field_name("value")
            assert value is not None
            assert find_hash(value) is None
            found: list[str] = literal(value)
            return found
    return []
