# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make contract/cmdlets.json and contract/objects.json: what the modules Hyper-V and FailoverClusters have.

Both are trimmed from larger collections of facts, which are not part of this repository:

* the documentation of the cmdlets, for Windows Server 2016, 2019, 2022 and 2025 (MicrosoftDocs/windows-powershell-docs);
* stubs that the DSC community generated off the real modules (HyperVDsc, FailoverClusterDsc), with parameter sets and the
  .NET properties of the objects.

* for a cmdlet that neither of them has, the same documentation, read by hand: ``READ_BY_HAND``.

A parameter is kept only where the stubs and the documentation of all four versions have it, so that what passes the gate
exists on every Windows that we support.

Usage: ``python make_contract.py cmdlets.json cmdlets.stubs.json objects.json``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

VERSIONS = ("WindowsServer2016", "WindowsServer2019", "WindowsServer2022", "WindowsServer2025")
HERE = Path(__file__).resolve().parent / "contract"

# docset/winserver{2016,2019,2022,2025}-ps/failoverclusters/Remove-ClusterGroup.md, the same in all four.
READ_BY_HAND = {
    "Remove-ClusterGroup": {
        "InputObject": (["InputObject"], True, False),
        "VMId": (["(All)"], False, False),
        "Name": (["(All)"], False, False),
        "Force": (["(All)"], False, True),
        "RemoveResources": (["(All)"], False, True),
        "Cluster": (["(All)"], False, False),
    },
}


def main(documented_path: str, stubs_path: str, objects_path: str) -> None:
    """Read the facts and write the contract."""
    documented = json.loads(Path(documented_path).read_text(encoding="utf-8"))["versions"]
    stubs = json.loads(Path(stubs_path).read_text(encoding="utf-8"))
    objects = json.loads(Path(objects_path).read_text(encoding="utf-8"))
    cmdlets = {
        cmdlet: trim(contract, [documented[version][module][cmdlet] for version in VERSIONS])
        for module in stubs
        for cmdlet, contract in stubs[module]["cmdlets"].items()
        if all(cmdlet in documented[version][module] for version in VERSIONS)
    }
    cmdlets |= {cmdlet: by_hand(parameters) for cmdlet, parameters in READ_BY_HAND.items()}
    classes = {name: sorted(members) for module in objects.values() for name, members in module["classes"].items()}
    write("cmdlets.json", cmdlets)
    write("objects.json", classes)


def trim(stub: dict[str, Any], pages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the parameters of a cmdlet that exist everywhere, with the parameter sets that they are in."""
    everywhere = set.intersection(*({row["name"].lower() for row in page["rows"]} for page in pages))
    kept = [row for row in stub["parameters"] if row["name"].lower() in everywhere]
    return {
        "sets": sorted({name for row in stub["parameters"] for name in row["in_sets"]} - {"(All)"}) or ["(All)"],
        "parameters": {
            row["name"]: {
                "aliases": row["aliases"],
                "sets": sorted(row["in_sets"]),
                "mandatory": sorted(name for name, facts in row["in_sets"].items() if facts["mandatory"]),
                "pipeline": any(facts["pipeline"] for facts in row["in_sets"].values()),
                "switch": row["type"] == "switch",
            }
            for row in kept
        },
    }


def by_hand(parameters: dict[str, tuple[list[str], bool, bool]]) -> dict[str, Any]:
    """Return a cmdlet of READ_BY_HAND as the contract has it: of each parameter its sets, pipeline, switch."""
    return {
        "sets": ["InputObject"],
        "parameters": {
            name: {"aliases": [], "sets": sets, "mandatory": [], "pipeline": pipeline, "switch": switch}
            for name, (sets, pipeline, switch) in parameters.items()
        },
    }


def write(name: str, content: dict[str, Any]) -> None:
    """Write one file, a line for each cmdlet or class."""
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(content.items())]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
