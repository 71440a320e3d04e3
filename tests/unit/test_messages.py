# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles and playbooks print, and what they take as true or false, read from their templates.

Whatever a message prints goes through the filter ``plain``, unless it is a number or a word of the collection, so that
no name of a host, a controller or a file makes a line of its own or controls a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes

from tests.conftest import ROOT

PLAIN = "macpool.hyperv.plain"
FILES = sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")])
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
MESSAGES = ("msg", "fail_msg", "success_msg")

OUR_WORDS = {
    *("action", "digest", "how", "id", "kind", "mac_audit_fail_at", "severity", "state"),
}
"""Attributes and variables that hold a word of the collection, whatever a host says."""
NUMBERS = {
    *("adapters", "addresses", "adoptable", "already", "claims", "count", "days_left", "failing", "hosts", "leases"),
    *(
        "mac_pools",
        "network_interfaces",
        "pending",
        "per_day",
        "percent",
        "size",
        "used",
        "vms",
        "waived",
        "generation",
    ),
}
MAKE_PLAIN = {PLAIN, "macpool.hyperv.mac", "length", "int"}
KEEP_PLAIN = {"trim", "split", "join", "list", "sort", "unique", "first"}


@dataclass(frozen=True)
class Place:
    """A value of a task, and the variables that it can use."""

    name: str
    key: str
    value: Any
    variables: Mapping[str, Any] = field(repr=False)


def role_variables(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if path.is_relative_to(ROOT / "roles"):
        for part in ("defaults", "vars"):
            for file in (path.parents[1] / part).glob("*.yml"):
                found |= yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return found


def places(node: Any, variables: Mapping[str, Any], name: str = "") -> Iterator[Place]:
    """Yield every value under a key, anywhere in plays, blocks and tasks."""
    if isinstance(node, Mapping):
        name = node.get("name", name) if isinstance(node.get("name"), str) else name
        variables = {**variables, **(node.get("vars") or {})}
        for key, value in node.items():
            yield Place(name, key, value, variables)
            yield from places(value, variables, name)
    elif isinstance(node, list):
        for item in node:
            yield from places(item, variables, name)


def read(path: Path) -> Iterator[Place]:
    return places(yaml.safe_load(path.read_text(encoding="utf-8")), role_variables(path))


def texts(value: Any) -> list[str]:
    return [text for item in value for text in texts(item)] if isinstance(value, list) else [str(value)]


def printed_raw(template: str, variables: Mapping[str, Any]) -> Iterator[str]:
    """Yield each expression of a template that is printed and could hold a name as it is."""
    tree = Environment(autoescape=False).parse(template)
    bound = {
        target.name: node.node for node in tree.find_all(nodes.Assign) if isinstance(target := node.target, nodes.Name)
    }

    def raw(node: nodes.Node) -> Iterator[str]:
        if isinstance(node, (nodes.Const, nodes.TemplateData, nodes.Compare, nodes.Not, nodes.Test)):
            return
        if isinstance(node, nodes.CondExpr):
            yield from raw(node.expr1)
            yield from raw(node.expr2) if node.expr2 is not None else ()
        elif isinstance(node, (nodes.Concat, nodes.List)):
            for item in node.iter_child_nodes():
                yield from raw(item)
        elif isinstance(node, (nodes.Add, nodes.Or, nodes.And)):
            yield from raw(node.left)
            yield from raw(node.right)
        elif isinstance(node, nodes.Filter):
            yield from raw_filter(node)
        elif isinstance(node, nodes.Getattr):
            if node.attr not in OUR_WORDS | NUMBERS:
                yield f"line {node.lineno}: .{node.attr}"
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            yield from raw(node.node)
        elif isinstance(node, nodes.Name) and node.name in variables:
            for text in texts(variables[node.name]):
                yield from printed_raw(text, variables)
        elif isinstance(node, nodes.Name) and node.name in bound:
            yield from raw(bound[node.name])
        elif isinstance(node, nodes.Name) and node.name in OUR_WORDS | NUMBERS:
            return
        else:
            yield f"line {node.lineno}: {getattr(node, 'name', type(node).__name__)}"

    def raw_filter(node: nodes.Filter) -> Iterator[str]:
        makes = {argument.value for argument in node.args[:1] if isinstance(argument, nodes.Const)} == {PLAIN}
        if node.name in MAKE_PLAIN or (node.name == "map" and makes):
            return
        if node.name not in KEEP_PLAIN | {"default"}:
            yield f"line {node.lineno}: | {node.name}"
            return
        assert node.node is not None
        yield from raw(node.node)
        for argument in node.args if node.name in {"default", "join"} else ():
            yield from raw(argument)

    for output in tree.find_all(nodes.Output):
        for item in output.nodes:
            yield from raw(item)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_message_prints_names_as_plain_text(path: Path) -> None:
    for place in read(path):
        if place.key in MESSAGES:
            raw = [problem for text in texts(place.value) for problem in printed_raw(text, place.variables)]
            assert not raw, f"{place.name}: {place.key}: use {PLAIN} for {raw}"


def test_the_check_looks_at_the_messages_of_every_role_and_playbook() -> None:
    seen = {
        path.parts[-3 if "roles" in path.parts else -1]
        for path in FILES
        for place in read(path)
        if place.key in MESSAGES
    }
    playbooks = {path.name for path in FILES if "playbooks" in path.parts}
    assert seen == playbooks | {"mac_adapters", "mac_adopt", "mac_audit", "mac_interfaces", "mac_tenant_vm"}


@pytest.mark.parametrize(
    "template",
    [
        "{{ row.name }}",
        "{{ 'a' ~ row.name }}",
        "{{ row.name if row.name else '' }}",
        "{{ row.name | default('x', true) }}",
        "{{ rows | map(attribute='name') | join(', ') }}",
        "{{ (rows | map('macpool.hyperv.plain') | list) + names }}",
        "{{ ['a'] | join(row.name) }}",
        "{% for row in rows %}{{ row }}{% endfor %}",
        "{% set x = row.name %}{{ x }}",
        "{{ text }}",
    ],
)
def test_the_check_finds_a_name_that_is_printed_as_it_is(template: str) -> None:
    assert list(printed_raw(template, {"text": "{{ row.vm | upper }}"}))


@pytest.mark.parametrize(
    "template",
    [
        "{{ row.name | macpool.hyperv.plain }} of {{ rows | length }}",
        "{{ 'a' ~ row.name | macpool.hyperv.plain(4096) if row.name == rows[0].name }}",
        "{{ rows | map(attribute='name') | map('macpool.hyperv.plain') | join(', ') | default('none', true) }}",
        "{% set x = row.name | macpool.hyperv.plain %}{{ x }}",
        "{{ text | trim | split('\\n') }}",
    ],
)
def test_the_check_takes_what_is_plain(template: str) -> None:
    assert not list(printed_raw(template, {"text": "{{ row.vm | macpool.hyperv.plain }}"}))


CONDITIONS = ("when", "that", "failed_when", "changed_when", "until")
FLAGS = {
    name
    for path in ROOT.glob("roles/*/meta/argument_specs.yml")
    for name, rule in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"].items()
    if rule["type"] == "bool"
} | {"macpool_record", "macpool_with_ledger", "mac_audit_with_ledger"}
"""Variables that are true or false. A survey or the command line may give them as text, and the text "false" is true."""


def trusted_flags(text: str, *, is_condition: bool = False) -> Iterator[str]:
    """Yield the flags that a template or a condition uses without ``bool``.

    A flag that is handed to a task as it is stays what was given: the task reads it, and refuses what is neither.
    """
    tree = Environment(autoescape=False).parse(f"{{{{ {text} }}}}" if is_condition else text)
    outputs = [item for output in tree.body if isinstance(output, nodes.Output) for item in output.nodes]
    if not is_condition and len(tree.body) == len(outputs) == 1 and isinstance(outputs[0], nodes.Name):
        return

    def trusted(node: nodes.Node) -> Iterator[str]:
        if isinstance(node, nodes.Filter) and node.name == "bool":
            return
        if isinstance(node, nodes.Compare) and [operand.op for operand in node.ops] == ["in"]:
            return  # whether it was given at all
        if isinstance(node, nodes.Name) and node.name in FLAGS:
            yield node.name
        for child in node.iter_child_nodes():
            yield from trusted(child)

    yield from trusted(tree)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_text_false_is_never_true(path: Path) -> None:
    for place in read(path):
        is_condition = place.key in CONDITIONS
        listed = place.value if isinstance(place.value, list) else [place.value]
        for text in (item for item in listed if isinstance(item, str)):
            found = list(trusted_flags(text, is_condition=is_condition))
            assert not found, f"{place.name}: {place.key}: use | bool for {found}"


def test_the_text_false_is_never_true_in_the_variables_of_a_role() -> None:
    for path in {path.parents[1] for path in FILES if "roles" in path.parts}:
        for name, value in role_variables(path / "tasks" / "main.yml").items():
            assert not [flag for text in texts(value) for flag in trusted_flags(text)], name


@pytest.mark.parametrize(
    ("text", "is_condition"),
    [
        ("mac_interfaces_in_step", True),
        ("not mac_interfaces_in_step", True),
        ("other | bool and mac_adapters_force_off", True),
        ("macpool_record | default(false)", True),
        ("{{ 'a' if mac_adapters_force_off else 'b' }}", False),
        ("{% if mac_adapters_force_off %}x{% endif %}", False),
        ("stop: {{ mac_adapters_force_off }}", False),
        ("{{ mac_adapters_force_off | ternary('a', 'b') }}", False),
    ],
)
def test_the_check_finds_a_flag_that_is_taken_as_it_is(text: str, is_condition: bool) -> None:
    assert list(trusted_flags(text, is_condition=is_condition))


@pytest.mark.parametrize(
    ("text", "is_condition"),
    [
        ("mac_interfaces_in_step | bool", True),
        ("not macpool_record | default(true) | bool", True),
        ("{{ mac_adapters_force_off }}", False),
        ("{{ omit if mac_audit_with_ledger in ['', none] else mac_audit_with_ledger | bool }}", False),
    ],
)
def test_the_check_takes_a_flag_that_is_read_as_one(text: str, is_condition: bool) -> None:
    assert not list(trusted_flags(text, is_condition=is_condition))
