# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What readers copy must work: every example of the reference and of the guides is read as Ansible would read it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.playbook.handler import Handler
from ansible.playbook.play import Play
from ansible.plugins.loader import fragment_loader, module_loader
from ansible.utils.plugin_docs import get_docstring
from jinja2 import Environment, nodes

from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "macpool.hyperv"
KINDS = {"modules": "module", "lookup": "lookup", "filter": "filter", "test": "test"}
BLOCK_KEYS = ("block", "rescue", "always")
PLAY_TASKS = ("pre_tasks", "tasks", "post_tasks", "handlers")
EXPRESSIONS = ("when", "that", "until", "failed_when", "changed_when", "loop")
TASK_KEYWORDS = {*Handler.fattributes, "args", "local_action"}
ENVIRONMENT = Environment()
ACTION_GROUPS = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))["action_groups"]
SPECS = {
    name.lower(): spec
    for group in ACTION_GROUPS
    for name, spec in vars(
        importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.module_utils._specs.{group}")
    ).items()
    if name.lower() in ACTION_GROUPS[group]
}
Defaults = Mapping[str, Any]


def documented_plugins() -> list[Path]:
    """Return the files that document a plugin: a .yml beside a .ps1, else the .py itself."""
    found: dict[tuple[str, str], Path] = {}
    for folder in KINDS:
        for path in sorted((ROOT / "plugins" / folder).glob("[!_]*")):
            if path.suffix in (".py", ".yml"):
                # A filter's .yml counts before the .py that holds several filters.
                found[folder, path.stem] = path
    return [path for path in found.values() if path.suffix == ".yml" or "DOCUMENTATION" in path.read_text("utf-8")]


PLUGINS = documented_plugins()
GUIDES = [
    *sorted((ROOT / "docs").rglob("*.rst")),
    *[path for path in (ROOT / "README.md",) if path.exists()],
    *sorted((ROOT / "roles").glob("*/README.md")),
]
MODULES = [path for path in PLUGINS if path.parent.name == "modules"]


def label(path: Path) -> str:
    """Name a file in the list of tests."""
    return str(path.relative_to(ROOT))


@cache
def documentation(path: Path) -> tuple[dict[str, Any], str]:
    """Return a plugin's documentation with its fragments, and its examples."""
    kind = KINDS[path.parent.name]
    doc, examples, _returned, _metadata = get_docstring(
        str(path), fragment_loader, collection_name=COLLECTION, is_module=kind == "module", plugin_type=kind
    )
    assert doc, f"{label(path)} has no DOCUMENTATION"
    return doc, examples or ""


@cache
def plugin_options(kind: str, name: str) -> dict[str, Any] | None:
    """Return the documented options of a plugin of this collection; None when there is no such plugin."""
    for path in PLUGINS:
        if KINDS[path.parent.name] == kind and path.stem == name:
            return documentation(path)[0].get("options") or {}
    return None


def spec_of(path: Path) -> dict[str, Any]:
    """Return the specification that the task checks its arguments by; that of an internal module is its own page."""
    spec: dict[str, Any] | None = SPECS.get(path.stem)
    return spec or {"argument_spec": spec_from_options(documentation(path)[0].get("options") or {})}


def spec_from_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what documented options say as an argument specification."""
    spec: dict[str, Any] = {}
    for name, option in options.items():
        spec[name] = {
            key: option[key]
            for key in ("type", "elements", "required", "choices", "default", "aliases")
            if key in option
        }
        if "suboptions" in option:
            spec[name]["options"] = spec_from_options(option["suboptions"])
    return spec


def comparable(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what documentation and specification must agree on, defaults spelt out."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": bool(option.get("required", False)),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "options": comparable(option["options"]) if "options" in option else None,
        }
        for name, option in spec.items()
    }


def is_template(value: object) -> bool:
    """Tell whether only Ansible can say what the value is."""
    return isinstance(value, str) and "{{" in value


def with_stand_ins(value: Any, option: Mapping[str, Any]) -> Any:
    """Replace templates by a value of the option's type, so that the rest can be checked."""
    kind = option.get("type", "str")
    if is_template(value):
        if option.get("choices"):
            return option["choices"][0]
        return {"int": 1, "bool": True, "list": [], "dict": {}, "float": 1.0}.get(kind, value)
    inner = option.get("options")
    if inner and kind == "list" and isinstance(value, list):
        return [arguments_with_stand_ins(item, inner) for item in value]
    if inner and kind == "dict":
        return arguments_with_stand_ins(value, inner)
    return value


def arguments_with_stand_ins(arguments: Any, spec: Mapping[str, Any]) -> Any:
    """Replace the templates among the arguments of a task."""
    if not isinstance(arguments, dict):
        return arguments
    return {name: with_stand_ins(value, spec.get(name, {})) for name, value in arguments.items()}


def tasks_of(node: Any, defaults: Defaults = MappingProxyType({})) -> Iterator[tuple[dict[str, Any], Defaults]]:
    """Yield all tasks below a list of tasks, blocks or plays, each with the ``module_defaults`` around it and its own."""
    assert isinstance(node, list), f"a list of tasks or plays is wanted, not {node!r}"
    for item in node:
        assert isinstance(item, dict), f"a task or play is wanted, not {item!r}"
        inner = {**defaults, **(item.get("module_defaults") or {})}
        if "hosts" in item:
            unknown = item.keys() - Play.fattributes.keys()
            assert not unknown, f"a play has no {sorted(unknown)}"
            for key in PLAY_TASKS:
                yield from tasks_of(item.get(key, []), inner)
        elif "block" in item:
            for key in BLOCK_KEYS:
                yield from tasks_of(item.get(key, []), inner)
        else:
            yield item, inner


def defaults_of(name: str, defaults: Defaults) -> dict[str, Any]:
    """Return the defaults that hold for a task of this collection: those of its action groups, then its own."""
    given: dict[str, Any] = {}
    groups = [f"group/{COLLECTION}.{group}" for group, members in ACTION_GROUPS.items() if name in members]
    for key in (*groups, f"{COLLECTION}.{name}"):
        value = defaults.get(key) or {}
        # Whatever a variable holds, it has what the task requires.
        given |= {"url": value} if is_template(value) else value
    return given


def check_task(task: dict[str, Any], defaults: Defaults = MappingProxyType({})) -> None:
    """Check the one module that a task calls, and its arguments.

    :param defaults: the ``module_defaults`` that hold for it
    """
    for group in (key.partition("/")[2] for key in defaults if key.startswith(f"group/{COLLECTION}.")):
        assert group.rpartition(".")[2] in ACTION_GROUPS, f"there is no action group {group}"
    called = [key for key in task if key not in TASK_KEYWORDS and not key.startswith("with_")]
    assert len(called) == 1, f"one module a task is wanted, not {called}"
    name = called[0]
    assert name.count(".") >= 2, f"{name} is not a full name"
    if name.endswith("import_playbook"):
        return
    assert "name" in task, f"the task that calls {name} has no name"
    prefix, _dot, short = name.rpartition(".")
    if prefix == "ansible.builtin":
        assert module_loader.find_plugin(name), f"there is no {name}"
    if prefix != COLLECTION:
        return
    paths = {path.stem: path for path in MODULES}
    assert short in paths, f"there is no {name}"
    spec = dict(spec_of(paths[short]))
    arguments = arguments_with_stand_ins(defaults_of(short, defaults), spec["argument_spec"])
    arguments |= arguments_with_stand_ins(task[name] or {}, spec["argument_spec"])
    arguments |= arguments_with_stand_ins(task.get("args") or {}, spec["argument_spec"])
    validated = ArgumentSpecValidator(**spec).validate(arguments)
    assert not validated.error_messages, f"{name}: {validated.error_messages}"
    if isinstance(plan := arguments.get("plan"), dict) and plan:
        parse_plan(plan)


def check_templates(node: Any, expression: bool = False) -> None:
    """Read every template below a node, and check what it asks of this collection."""
    if isinstance(node, dict):
        for key, value in node.items():
            check_templates(value, expression=key in EXPRESSIONS)
    elif isinstance(node, list):
        for item in node:
            check_templates(item, expression)
    elif is_template(node):
        check_template(node)
    elif expression and isinstance(node, str):
        check_template("{{ " + node + " }}")


def check_template(text: str) -> None:
    """Check that lookups, filters and tests of this collection exist, with the options that they are given."""
    tree = ENVIRONMENT.parse(text)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("lookup", "query", "q"):
            name = call.args[0]
            assert isinstance(name, nodes.Const), text
            if str(name.value).startswith(COLLECTION):
                check_call("lookup", name.value, call, text)
            else:
                assert "." in name.value, f"{name.value} is not a full name: {text}"
    for kind, found in (("filter", tree.find_all(nodes.Filter)), ("test", tree.find_all(nodes.Test))):
        for use in found:
            if use.name.startswith(COLLECTION):
                check_call(kind, use.name, use, text)


def check_call(kind: str, name: str, call: Any, text: str) -> None:
    """Check one use of a lookup, filter or test of this collection."""
    options = plugin_options(kind, name.rpartition(".")[2])
    assert options is not None, f"there is no {kind} {name}: {text}"
    for keyword in call.kwargs:
        assert keyword.key in options, f"{kind} {name} has no option {keyword.key}: {text}"
        choices = options[keyword.key].get("choices")
        if choices and isinstance(keyword.value, nodes.Const):
            assert keyword.value.value in choices, f"{keyword.key} is one of {choices}: {text}"


def is_run(document: Any) -> bool:
    """Tell whether a list holds tasks or plays: guides also show lists of ranges and the like."""
    keys = [str(key) for item in document for key in (item if isinstance(item, dict) else ())]
    return any(key in ("hosts", *BLOCK_KEYS) or key.count(".") >= 2 for key in keys)


def check_example(text: str, only_tasks: bool = True) -> None:
    """Check one piece of YAML: tasks or plays, or variables."""
    for document in yaml.safe_load_all(text):
        check_templates(document)
        if isinstance(document, list) and (only_tasks or is_run(document)):
            for task, defaults in tasks_of(document):
                check_task(task, defaults)
        elif isinstance(document, dict) and isinstance(plan := document.get("macpool_plan"), dict) and "scope" in plan:
            parse_plan(plan)


def code_blocks(path: Path) -> list[str]:
    """Return the pieces of YAML that a guide or a README shows."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        return re.findall(r"^```ya?ml[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    blocks: list[str] = []
    for found in re.finditer(r"^( *)\.\. code-block:: yaml[^\n]*\n((?:\1 +[^\n]*\n|\s*\n)*)", text, flags=re.MULTILINE):
        lines = [line for line in found[2].splitlines() if not line.strip().startswith(":")]
        depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        blocks.append("\n".join(line[depth:] for line in lines))
    return blocks


@pytest.mark.parametrize("path", PLUGINS, ids=label)
def test_the_examples_of_the_reference_are_accepted(path: Path) -> None:
    _doc, examples = documentation(path)
    assert examples.strip(), f"{label(path)} has no EXAMPLES"
    check_example(examples)


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_task_shows_at_least_one_example_of_itself(path: Path) -> None:
    _doc, examples = documentation(path)
    assert f"{COLLECTION}.{path.stem}:" in examples


@pytest.mark.parametrize("path", GUIDES, ids=label)
def test_the_examples_of_the_guides_are_accepted(path: Path) -> None:
    for block in code_blocks(path):
        check_example(block, only_tasks=False)


@pytest.mark.parametrize("path", [path for path in MODULES if path.stem in SPECS], ids=label)
def test_the_reference_describes_the_options_that_the_task_checks(path: Path) -> None:
    doc, _examples = documentation(path)
    assert comparable(spec_from_options(doc["options"])) == comparable(spec_of(path)["argument_spec"])


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_task_says_what_it_can_do_and_its_action_group(path: Path) -> None:
    doc, _examples = documentation(path)
    attributes = doc.get("attributes") or {}
    assert {"check_mode", "diff_mode", "platform"} <= attributes.keys()
    listed = [f"{COLLECTION}.{group}" for group, members in ACTION_GROUPS.items() if path.stem in members]
    assert attributes.get("action_group", {}).get("membership", []) == listed


def with_defaults(defaults: str) -> str:
    """Return a block whose task has all its options from ``module_defaults``."""
    return f"- module_defaults: {defaults}\n  block:\n  - name: x\n    macpool.hyperv.nc_mac_pool_info:\n"


@pytest.mark.parametrize(
    ("example", "complaint"),
    [
        ("- name: x\n  allocation:\n    claims: []\n", "not a full name"),
        ("- name: x\n  macpool.hyperv.allocations:\n    claims: []\n", "there is no"),
        ("- name: x\n  macpool.hyperv.allocation:\n    claim: []\n", "Supported parameters|missing required"),
        ("- name: x\n  macpool.hyperv.allocation:\n    claims: [{owner: a/b}]\n    state: there\n", "must be one of"),
        ("- name: x\n  macpool.hyperv.allocation:\n    claims: [{owners: a/b}]\n", "Supported parameters"),
        ("- name: x\n  macpool.hyperv.ledger:\n    state: exported\n", "missing"),
        ("- macpool.hyperv.ledger:\n", "has no name"),
        ("- name: x\n  ansible.builtin.debug:\n    msg: \"{{ lookup('macpool.hyperv.mac', 'a', pol='b') }}\"\n", "pol"),
        ("- name: x\n  ansible.builtin.dbug:\n", "there is no"),
        ("- name: x\n  macpool.hyperv.nc_mac_pool_info:\n", "missing required arguments: url"),
        (with_defaults("{group/macpool.hyperv.network_controler: {url: https://nc}}"), "no action group"),
        (with_defaults("{group/macpool.hyperv.network_controller: {uri: https://nc}}"), "Supported parameters"),
        ("macpool_plan: {scope: west, pool: {}}\n", "a key that the plan knows"),
    ],
)
def test_a_wrong_example_would_be_noticed(example: str, complaint: str) -> None:
    with pytest.raises(Exception, match=complaint):
        check_example(example)
