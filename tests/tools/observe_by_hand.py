# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the script that observes a host by hand: the functions of host_info.ps1 in one file, without Ansible.

A host must look the same however it is observed, so nothing is written twice: ``python -m tests.tools.observe_by_hand``
writes the script anew, and a test fails while it is not in step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from tests.tools.powershell_argspec import parse, text_of, walk

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "observe-by-hand" / "Observe-MacPoolHost.ps1"
SOURCES = (ROOT / "plugins" / "module_utils" / "_HyperV.psm1", ROOT / "plugins" / "modules" / "host_info.ps1")
ENTRY = "Get-MacPoolObservation"
_VARIABLE = re.compile(r"(?:^#.*\n)*^\$(\w+) = .*$", re.MULTILINE)

HEAD = r"""# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by tests/tools/observe_by_hand.py from host_info.ps1 and _HyperV.psm1. Change those, not this file.

<#
.SYNOPSIS
Writes what macpool.hyperv.host_info would see on this Hyper-V host to a file, for a host that Ansible cannot reach.

.DESCRIPTION
It reads the range for dynamic MAC addresses, the VMs with their adapters and checkpoints, the host's own adapters, its switches,
its container networks, and what its failover cluster says about who owns which VM. It changes nothing, and needs neither Ansible
nor the network: Windows PowerShell 5.1 or PowerShell 7 and the cmdlets that come with the Hyper-V role.

Run it on the host itself, as an administrator. Copy the file to one directory with those of the other hosts, and audit them:

    ansible-playbook macpool.hyperv.audit -e mac_audit_observations_dir=DIRECTORY

The file holds names and ids of VMs, adapters and switches, addresses and VLANs. It holds no password and no content of any VM.

.PARAMETER Path
The directory for the file, which is called NAME-OF-THE-HOST.json. Default: the current directory.

.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy Bypass -File .\Observe-MacPoolHost.ps1 -Path C:\Temp
#>

[CmdletBinding()]
param (
    [Parameter()]
    [string]
    $Path = '.'
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

"""

MAIN = r"""
$options = @{
    Gather = @(
GATHER
    )
    All = $true
    Wanted = @()
}
$answer = Get-MacPoolObservation @options
$observation = $answer['observation']
$problems = @($observation['warnings'])
if (-not $answer['readable']) {
    throw "Nothing could be read on this host: $($problems -join '; ')"
}

# Names become part of a path only after everything but letters, digits and dashes is gone.
$name = "$($observation['host']['name'])" -replace '[^A-Za-z0-9-]', '_'
$directory = (Get-Item -Path $Path -ErrorAction Stop).FullName
$file = [System.IO.Path]::Combine($directory, "$name.json")
$json = ConvertTo-Json -InputObject $observation -Depth 20
[System.IO.File]::WriteAllText($file, $json, [System.Text.UTF8Encoding]::new($false))

"Written: $file"
foreach ($problem in $problems) {
    "Not read: $problem"
}
"""


def script() -> str:
    """Return the script as it must be."""
    texts = [path.read_text(encoding="utf-8") for path in SOURCES]
    functions: dict[str, Node] = {}
    for text in texts:
        functions |= dict(_functions(parse(text)))
    wanted = _reached(functions)
    bodies = "\n\n".join(text_of(functions[name]) for name in functions if name in wanted)
    variables = [match[0] for text in texts for match in _VARIABLE.finditer(text) if f"${match[1]}" in bodies]
    constants = "\n\n".join(
        item for item in variables if not re.search(r"^\$(spec|module|exportedFunctions|answer|problem)\b", item, re.M)
    )
    return HEAD + constants + "\n\n" + bodies + "\n" + MAIN.replace("GATHER", _gather(texts[1]))


def _functions(root: Node) -> Iterator[tuple[str, Node]]:
    for node in walk(root):
        if node.type == "function_statement":
            name, *_rest = (text_of(child) for child in node.named_children if child.type == "function_name")
            yield name, node


def _reached(functions: dict[str, Node]) -> set[str]:
    """Return the functions that are called from the entry, directly or not."""
    found: set[str] = set()
    waiting = [ENTRY]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        # Also what is named in text: a function may be handed on as a value.
        waiting += [other for other in functions if re.search(rf"{other}\b", text_of(functions[name]))]
    return found


def _gather(text: str) -> str:
    """Return the parts that host_info gathers by default, one a line."""
    default = text[text.index("default = @(") :].partition(")")[0].partition("(")[2]
    return "\n".join(f"        {line.strip()}" for line in default.strip().splitlines())


if __name__ == "__main__":
    SCRIPT.parent.mkdir(parents=True, exist_ok=True)
    SCRIPT.write_text(script(), encoding="utf-8")
