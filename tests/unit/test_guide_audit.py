# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide to the audit shows can be copied: commands run, and the lines of PowerShell name what exists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.load import load_directory
from tests.audits import audit
from tests.unit.plugins.plugin_utils.observation.documents import NOW, guid

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "playbooks"
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "guide_audit.rst").read_text("utf-8")
CONTRACT = ROOT / "tests" / "powershell" / "standin" / "contracts" / "objects.json"
CLASSES = json.loads(CONTRACT.read_text("utf-8"))["Hyper-V"]["classes"]
CLASS_OF = {
    "Get-VMHost": "VMHost",
    "Get-VM": "VirtualMachine",
    "Get-VMNetworkAdapter": "VMNetworkAdapter",
    "Get-VMNetworkAdapter -ManagementOS": "VMInternalNetworkAdapter",
}
VALUES: dict[str, Any] = {
    "ComputerName": "HV1",
    "SystemName": "HV1",
    "MacAddressMinimum": "00155DE00000",
    "MacAddressMaximum": "00155DE000FF",
    "MacAddress": "00155DE00005",
    "PermanentAddress": "00005E005301",
    "DynamicMacAddressEnabled": True,
    "State": 2,
    "IsManagementOs": True,
    "VMSnapshotId": guid("before"),
    "InterfaceDescription": "Gigabit Adapter",
    "Id": guid("web01"),
    "VMId": guid("web01"),
}


def blocks(language: str) -> list[str]:
    """Return the lines of all blocks of a language, continued lines joined."""
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", GUIDE, flags=re.MULTILINE)
    return [line.strip() for block in found for line in block.replace("\\\n", "").splitlines() if line.strip()]


EXPORTS = [line for line in blocks("powershell") if "Select-Object" in line]
COMMANDS = [
    line.removeprefix("$ ") for line in blocks("console") if "ansible-playbook" in line and "observations_dir" in line
]


def selected(line: str) -> tuple[str, list[str]]:
    """Return the cmdlet whose objects are exported, and the properties."""
    source, _pipe, rest = line.partition(" | Select-Object ")
    names = re.sub(r"@\{Name = '(\w+)'.*?\}\}", r"\1", rest.partition(" | ConvertTo-Json")[0])
    return source.rpartition(" | ")[2], [name.strip() for name in names.split(",")]


@pytest.mark.parametrize("line", EXPORTS)
def test_every_exported_property_exists(line: str) -> None:
    cmdlet, names = selected(line)
    if cmdlet in CLASS_OF:
        assert set(names) - {"AccessVlanId"} <= set(CLASSES[CLASS_OF[cmdlet]])
    if "AccessVlanId" in names:
        assert "AccessVlanId" in CLASSES["VMNetworkAdapterVlanSetting"]


def test_the_exports_together_are_a_host(tmp_path: Path) -> None:
    assert len(EXPORTS) == 6
    for number, line in enumerate(EXPORTS):
        _cmdlet, names = selected(line)
        row = {name: VALUES.get(name, "x") for name in names}
        (tmp_path / f"{number}.json").write_text(json.dumps(row), encoding="utf-8")
    loaded = load_directory(tmp_path)
    assert loaded.problems == []
    (document,) = loaded.documents
    assert document["host"]["name"] == "HV1"
    assert {"mac_range", "vms", "host_adapters", "physical_adapters"} <= document.keys()
    (machine,) = document["vms"]
    assert machine["adapters"][0]["dynamic"] is True
    assert machine["checkpoints"][0]["adapters"]
    assert audit(loaded.documents, now=NOW)["summary"]["adapters"] == 1


def test_there_are_commands_to_run() -> None:
    assert len(COMMANDS) >= 5


def test_every_playbook_and_variable_of_the_guide_exists() -> None:
    for name in set(re.findall(r"macpool\.hyperv\.(\w+)", " ".join(blocks("console")))):
        assert (PLAYBOOKS / f"{name}.yml").exists(), name
    defaults = (ROOT / "roles" / "mac_audit" / "defaults" / "main.yml").read_text("utf-8")
    for variable in set(re.findall(r"mac_audit_\w+", GUIDE)):
        assert f"\n{variable}:" in defaults, variable


def test_every_metric_of_the_guide_is_written() -> None:
    source = (ROOT / "plugins" / "plugin_utils" / "_report" / "prometheus.py").read_text("utf-8")
    for metric in set(re.findall(r"``(macpool_(?!plan)\w+)``", GUIDE)):
        assert metric in source or f'"{metric.removeprefix("macpool_range_")}"' in source, metric
