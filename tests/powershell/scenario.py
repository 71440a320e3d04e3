# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cluster, and a way to ask its stand-in cmdlets something and compare what they say."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from .runner import Json, Outcome, run_text

STATE: Json = {
    "nodes": {
        "node1": {
            "range": ["00155D010A00", "00155D010A03"],
            "vmm_console": True,
            "nics": [{"name": "NIC1", "mac": "B8CA3A000001"}, {"name": "NIC2", "mac": "B8CA3A000002"}],
            "switches": [
                {"name": "tenant", "nics": ["NIC1", "NIC2"], "teaming": True},
                {"name": "lan", "type": "Internal"},
            ],
            "host_adapters": [{"name": "Mgmt", "mac": "00155D010A00", "switch": "tenant"}],
        },
        "node2": {"range": ["00155D010B00", "00155D010B0F"], "switches": [{"name": "tenant"}]},
        "node3": {"state": "Down"},
        "vmm1": {"hyperv": False, "cluster_member": False, "vmm_console": True},
    },
    "vms": [
        {
            "name": "web01",
            "node": "node1",
            "clustered": True,
            "adapters": [{"switch": "tenant"}, {"name": "Backup"}],
            "checkpoints": [{"name": "before", "adapters": [{"mac": "00155D010A77"}]}],
        },
        {
            "name": "db01",
            "node": "node1",
            "state": "Running",
            "adapters": [{"mac": "021DD8000001", "dynamic": False, "vlan": {"mode": "Access", "access": 12}}],
        },
        {
            "name": "app01",
            "node": "node2",
            "state": "Running",
            "clustered": True,
            "adapters": [{"mac": "00155D010B00"}],
        },
        {"name": "rep01", "node": "node1", "replication": {"mode": "Replica"}},
    ],
    "cluster": {"name": "hci1"},
    "vmm": {"pools": [{"name": "Default MAC address pool", "start": "001DD8B71C00", "end": "001DD8F41FFF"}]},
}

# say: a named value; grab: the error that a block ends in, or "ok"; macs: the addresses of a VM.
PRELUDE = r"""
function say($name, $value) { "$name=" + $(if ($value -is [array]) { $value -join ',' } else { "$value" }) }
function grab($name, [scriptblock]$block) {
    try { $null = . $block; say $name 'ok' }
    catch { say $name ("$($_.FullyQualifiedErrorId)|$($_.CategoryInfo.Category)|$($_.Exception.Message)" -replace '\r?\n', ' ') }
}
function macs($vm) { (Get-VMNetworkAdapter -VMName $vm).MacAddress }
"""


def with_state(**changes: Any) -> Json:
    """Return the small cluster with other values in some of its fields."""
    return {**copy.deepcopy(STATE), **changes}


def scenario(
    text: str, expected: dict[str, str], *, state: Json | Path | None = None, node: str = "node1", **options: Any
) -> Outcome:
    """Run PowerShell text and compare the values that it says; an expected "~x" means a value that contains x."""
    outcome = run_text(PRELUDE + text, with_state() if state is None else state, node, **options)
    said = dict(line.split("=", 1) for line in outcome[0]["output"] if "=" in line)
    found = {name: said.get(name) for name in expected}
    for name, wanted in expected.items():
        if wanted.startswith("~") and wanted[1:] in (found[name] or ""):
            found[name] = wanted
    assert found == expected, outcome[0]["errors"]
    return outcome
