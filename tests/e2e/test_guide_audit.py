# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the guide to the audit that needs no host runs as it is written."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.runner import run_playbook
from tests.unit.plugins.plugin_utils.observation.documents import RANGE_B, adapter, host, vm
from tests.unit.test_guide_audit import COMMANDS


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_guide_runs(line: str, tmp_path: Path) -> None:
    (tmp_path / "observations").mkdir()
    nodes: dict[str, Any] = {"cluster": "c", "nodes": ["hv1", "hv2"]}
    web01 = vm("web01", adapter("00155DE00005"), clustered=True)
    for document in (host("hv1", vms=[web01], **nodes), host("hv2", RANGE_B, **nodes)):
        name = document["host"]["name"]
        (tmp_path / "observations" / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    program, playbook, *arguments = shlex.split(line)
    assert program == "ansible-playbook"
    done = run_playbook(f"{playbook.rpartition('.')[2]}.yml", tmp_path, *arguments)
    assert done.code == 0, done.output
    assert (tmp_path / "report" / "report.json").exists()
