# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script for hosts that Ansible cannot reach is host_info in one file, and keeps the rules of our PowerShell."""

from __future__ import annotations

import re

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import GATHER
from tests.tools.observe_by_hand import SCRIPT, script
from tests.tools.powershell_argspec import errors
from tests.unit.powershell.checks import loose_objects, unknown_calls, unknown_properties
from tests.unit.powershell.gate import Source
from tests.unit.powershell.style import RULES

NOT_FOR_SCRIPTS = {"module_head", "module_end"}
SOURCE = Source.read(SCRIPT)


def test_it_is_in_step_with_host_info() -> None:
    assert SCRIPT.read_text(encoding="utf-8") == script(), "run: python -m tests.tools.observe_by_hand"


def test_it_is_powershell_and_names_only_what_exists() -> None:
    assert errors(SOURCE.root) == []
    unknown = [line for line in unknown_calls(SOURCE, SOURCE.functions()) if not line.endswith(" Set-StrictMode")]
    assert unknown == []
    assert list(unknown_properties(SOURCE)) == []
    assert list(loose_objects(SOURCE)) == []
    called = {call.name for call in SOURCE.calls()}
    assert sorted(set(SOURCE.functions()) - called) == []


@pytest.mark.parametrize("name", sorted(RULES.keys() - NOT_FOR_SCRIPTS))
def test_it_keeps_the_rules(name: str) -> None:
    # The rules know the parameters of functions; a script has its own.
    found = [line for line in RULES[name](SOURCE) if not (name == "unassigned_variable" and line.endswith(" $Path"))]
    assert found == []


def test_it_changes_nothing_and_needs_no_ansible() -> None:
    verbs = {call.name.partition("-")[0] for call in SOURCE.calls() if "-" in call.name}
    assert verbs <= {"Get", "Test", "ConvertTo", "ConvertFrom", "Add", "Resolve", "Where", "Sort", "Set"}
    assert {call.name for call in SOURCE.calls() if call.name.startswith("Set-")} == {"Set-StrictMode"}
    assert not re.search(r"Ansible\.|\$module\b", SOURCE.text)


def test_it_gathers_everything() -> None:
    block = SOURCE.text[SOURCE.text.rindex("Gather = @(") :].partition(")")[0]
    assert re.findall(r"'(\w+)'", block) == GATHER
