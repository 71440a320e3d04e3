# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of plugin_utils: each package knows only those below it, and nothing imports in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

PLUGINS = ROOT / "plugins"
BELOW = {
    "_plan": set(),
    "_ledger": {"_plan"},
    "_observation": {"_plan", "_ledger"},
    "_host": {"_plan", "_ledger", "_observation"},
    "_sdn": {"_plan", "_ledger", "_observation", "_host"},
    "_adopt": {"_plan", "_ledger", "_observation"},
    "_audit": {"_plan", "_ledger", "_observation"},
    "_report": {"_plan", "_ledger", "_observation", "_audit"},
}
"""What each package of plugin_utils may import, besides the single files that all of them share."""


def modules() -> list[Path]:
    return sorted([*PLUGINS.glob("plugin_utils/**/*.py"), *PLUGINS.glob("module_utils/**/*.py")])


def imported(path: Path) -> Iterator[Path]:
    """Yield the files of the collection that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            folder = path.parents[node.level - 1]
            base = folder.joinpath(*(node.module or "").split(".")) if node.module else folder
        elif (node.module or "").startswith("ansible_collections.macpool.hyperv."):
            base = ROOT.joinpath(*(node.module or "").split(".")[3:])
        else:
            continue
        for alias in node.names:
            for target in (base.with_suffix(".py"), base / f"{alias.name}.py"):
                if target.exists():
                    yield target


def package(path: Path) -> str:
    """Return the package of plugin_utils in which a file lies; empty for the files that all of them share."""
    parts = path.relative_to(PLUGINS).parts
    return parts[1] if parts[0] == "plugin_utils" and len(parts) > 2 else ""


def test_no_file_imports_in_a_circle() -> None:
    graph = {path: set(imported(path)) - {path} for path in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(str(path.relative_to(PLUGINS)) for path in error.args[1]))


def test_each_package_knows_only_those_below_it() -> None:
    wrong = [
        f"{path.relative_to(PLUGINS)} imports {target.relative_to(PLUGINS)}"
        for path in modules()
        for target in imported(path)
        if package(path) and package(target) and package(target) not in {package(path), *BELOW[package(path)]}
    ]
    assert wrong == []


def test_what_all_packages_share_knows_none_of_their_rules() -> None:
    shared = [path for path in modules() if not package(path) and path.stem in ("_names", "_text", "_files", "_mac")]
    assert len(shared) == 4
    assert [str(path) for path in shared for target in imported(path) if package(target)] == []


def test_actions_import_no_other_action_and_modules_nothing_of_the_controller() -> None:
    wrong = []
    for path in [*PLUGINS.glob("action/*.py"), *PLUGINS.glob("modules/*.py"), *PLUGINS.glob("module_utils/**/*.py")]:
        own = path.relative_to(PLUGINS).parts[0]
        forbidden = {"action": ("action", "modules")}.get(own, ("action", "plugin_utils", "lookup", "filter"))
        wrong += [
            f"{path.name} imports {target.relative_to(PLUGINS)}"
            for target in imported(path)
            if target.relative_to(PLUGINS).parts[0] in forbidden
        ]
    assert wrong == []
