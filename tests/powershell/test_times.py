# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible reads a module's arguments with ConvertFrom-Json, which makes a time of text that looks like one on PowerShell 7."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from . import engines
from .bridge import compare, worlds
from .cases import FOLDER, load
from .runner import run

PLUGINS = Path(__file__).parents[2] / "plugins"
CREATED = "$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)\n"
AS_ANSIBLE = """foreach ($operation in $module.Params.operations) {
    $operation['not_after'] = ConvertFrom-Json ('"' + $operation['not_after'] + '"')
}
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """host_apply, handed the deadline as Ansible hands it over."""
    shutil.copytree(PLUGINS / "module_utils", tmp_path / "plugins" / "module_utils")
    text = (PLUGINS / "modules" / "host_apply.ps1").read_text(encoding="utf-8")
    assert text.count(CREATED) == 1
    copy = tmp_path / "plugins" / "modules" / "host_apply.ps1"
    copy.parent.mkdir()
    copy.write_text(text.replace(CREATED, CREATED + AS_ANSIBLE), encoding="utf-8")
    return copy


@pytest.mark.usefixtures("powershell")
@pytest.mark.parametrize(
    ("not_after", "ends"),
    [
        ("now + 3600 s", ("done", None)),
        ("now - 60 s", ("refused", "expired")),
        ("2036-01-01T00:00:00", None),  # of which time zone
        ("2036-01-01T00:00:00+02:00", None),
        ("2036-01-01T00:00:00.5Z", None),
    ],
)
def test_a_deadline_is_the_same_as_text_and_as_a_time(
    script: Path, not_after: str, ends: tuple[str, str | None] | None
) -> None:
    case = next(case for case in load(FOLDER / "deadlines.yml") if case.name.endswith("before the deadline"))
    world = worlds.complete(case.world)
    arguments: dict[str, Any] = compare.resolve(case.arguments, world)
    arguments["operations"][0]["not_after"] = not_after
    result, _state, _calls = run(script, engines.moments(arguments), world, case.node)
    if ends is None:
        assert "not_after" in result["msg"]
        assert "results" not in result
    else:
        assert [(one["status"], one["reason"]) for one in result["results"]] == [ends]
