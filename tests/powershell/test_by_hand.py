# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script for hosts that Ansible cannot reach sees of a host what host_info sees, and needs no Ansible for it."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import GATHER
from tests.powershell.bridge.worlds import complete
from tests.powershell.cases import Case, load_all
from tests.powershell.runner import execute, run
from tests.tools.observe_by_hand import MODULE, NAME, script, write

Json = dict[str, Any]

CALL = "& $complex_args.script -Path $complex_args.folder"
BROKEN: Json = {"message": "boom"}
READERS = (
    "Get-VMHost",
    "Get-Cluster",
    "Get-VM",
    "Get-VMNetworkAdapter",
    "Get-NetAdapter",
    "Get-VMSwitch",
    "Get-HnsNetwork",
)


def observed() -> dict[str, tuple[Json, str, Json]]:
    """Every world that a case observes: with its node and faults, by the name of the first case."""
    found: dict[str, Case] = {}
    for case in load_all():
        if case.module == "host_info" and "powershell" in case.engines:
            found.setdefault(json.dumps([case.world, case.node, case.faults], sort_keys=True), case)
    return {case.name: (complete(case.world), case.node, case.faults) for case in found.values()}


WORLDS = observed()
FULL, NODE, _FAULTS = next(iter(WORLDS.values()))


def observe(state: Json, node: str, folder: Path, directory: Path, faults: Json) -> tuple[Json, Json]:
    """Run the script on a host; its report and the state afterwards."""
    call = directory / "call.ps1"
    call.write_text(CALL, encoding="utf-8")
    arguments = {"script": str(write(directory / "built")), "folder": str(folder)}
    report, after, _calls = execute(call, arguments, state, node, is_module=False, faults=faults or None)
    return report, after


@pytest.mark.usefixtures("powershell")
@pytest.mark.parametrize("name", WORLDS)
def test_it_sees_what_host_info_sees(name: str, tmp_path: Path) -> None:
    state, node, faults = WORLDS[name]
    result, known, _calls = run(MODULE, {}, state, node, faults=faults or None)
    folder = tmp_path / "out"
    folder.mkdir()
    report, after = observe(state, node, folder, tmp_path, faults)
    assert after == known
    if result.get("failed"):
        assert "Nothing could be read on this host" in "".join(report["errors"])
        return

    assert (report["unhandled"], report["errors"]) == (None, [])
    (file,) = folder.iterdir()
    found, expected = json.loads(file.read_text(encoding="utf-8")), result["observation"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["observed_at"])
    assert found == {**expected, "observed_at": found["observed_at"]}
    assert report["output"] == [f"Written: {file}", *(f"Not read: {line}" for line in expected["warnings"])]


@pytest.mark.usefixtures("powershell")
def test_the_folder_is_a_name_and_no_pattern(tmp_path: Path) -> None:
    folder, other = tmp_path / "out [1]", tmp_path / "out 1"
    folder.mkdir()
    other.mkdir()
    report, _after = observe(FULL, NODE, folder, tmp_path, {})
    assert (report["unhandled"], report["errors"]) == (None, [])
    assert [path.name for path in folder.iterdir()] == [f"{NODE.upper()}.json"]
    assert list(other.iterdir()) == []


@pytest.mark.usefixtures("powershell")
def test_it_fails_when_nothing_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    report, _after = observe(FULL, NODE, folder, tmp_path, dict.fromkeys(READERS, BROKEN))
    assert "Nothing could be read on this host: range: could not be read: boom" in "".join(report["errors"])
    assert list(folder.iterdir()) == []


def test_it_calls_nothing_that_changes_something_and_needs_no_ansible() -> None:
    text = script()
    changing = set(re.findall(r"\b(?:Set|New|Add|Remove|Rename|Start|Stop|Clear|Move|Import)-\w+", text))
    assert {name for name in changing if name not in ("Set-StrictMode", "Add-MacPoolWarning")} == set()
    assert not re.search(r"Ansible\.|\$module\b", text)


def test_it_gathers_everything() -> None:
    block = script().rpartition("Gather = @(")[2].partition(")")[0]
    assert re.findall(r"'(\w+)'", block) == GATHER


def test_make_build_puts_it_where_the_guide_says() -> None:
    root = MODULE.parents[2]
    build = (root / "Makefile").read_text(encoding="utf-8").partition("\nbuild: ")[2].partition("\n.PHONY")[0]
    written, archived = build.index("tests.tools.observe_by_hand build scripts"), build.index("collection build")
    assert written < archived
    ignored = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    assert not [pattern for pattern in ignored for name in ("scripts", NAME) if fnmatch(name, pattern)]
    assert f"``scripts/{NAME}``" in (root / "docs" / "docsite" / "rst" / "guide_audit.rst").read_text(encoding="utf-8")
