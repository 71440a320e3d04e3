# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The specification of a PowerShell module is read without PowerShell, and what is not literal is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tools.powershell_argspec import NotLiteral, spec

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "plugins" / "modules" / "host_info.ps1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@{ type = 'int'; default = -3 }", {"type": "int", "default": -3}),
        ("@{ choices = @('x', 'y') }", {"choices": ["x", "y"]}),
        ("@{ choices = @('x') }", {"choices": ["x"]}),
        ("@{ choices = @() }", {"choices": []}),
        ("@{ choices = 'x', 'y' }", {"choices": ["x", "y"]}),
        ("@{\n choices = @(\n 'x' # why\n\n 'y', \n'z'\n)\n}", {"choices": ["x", "y", "z"]}),
        ("@{ 'a' = $null; \"b\" = $True }", {"a": None, "b": True}),
        ("@{ a = 'it''s }' }", {"a": "it's }"}),
        ("@{ type = 'list'; options = @{ b = @{ type = 'bool' } } }", {"type": "list", "options": {"b": {"type": "bool"}}}),
    ],
)  # fmt: skip
def test_a_literal_is_read(text: str, expected: dict[str, Any]) -> None:
    assert spec(f"$x = 1\n$SPEC = {text}\n$module = $other") == expected


@pytest.mark.parametrize(
    "text",
    [
        "$spec = @{ options = $options }",
        "$spec = @{ a = (Get-Date) }",
        '$spec = @{ a = "x $y" }',
        "$other = @{}",
        "$spec = @{ a = 1 + 2 }",
        "$spec = @{ a = 1",
        "$spec = @{ a = @('x' }",
        "$spec = @{ a 1 }",
        "$spec = @{ a = 1 b = 2 }",
    ],
)
def test_what_is_not_literal_is_refused(text: str) -> None:
    with pytest.raises(NotLiteral):
        spec(text)


def test_the_stand_in_for_pwsh_answers_ansible_test_and_nothing_else() -> None:
    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "tests" / "tools" / "pwsh"), *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    answer = ask("/somewhere/ps_argspec.ps1", json.dumps({"module_path": str(MODULE)}))
    assert json.loads(answer.stdout) == spec(MODULE.read_text(encoding="utf-8"))
    refused = ask("-Command", "Get-Date")
    assert refused.returncode != 0
    assert "no PowerShell" in refused.stderr
