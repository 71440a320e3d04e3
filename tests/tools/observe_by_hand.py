# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the script that observes a host by hand: the functions of host_info.ps1 in one file, without Ansible.

A host must look the same however it is observed, so nothing is written twice: ``make build`` writes the script from the
sources of the module, into the collection and beside its archive. ``python -m tests.tools.observe_by_hand [DIRECTORY]``
writes it alone, and needs nothing but Python.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "Observe-MacPoolHost.ps1"
UTIL = ROOT / "plugins" / "module_utils" / "_HyperV.psm1"
MODULE = ROOT / "plugins" / "modules" / "host_info.ps1"
ENTRY = "Get-MacPoolObservation"
# A function or a value of a script, with the comment above it. What begins at the margin ends at the margin.
_BLOCK = re.compile(
    r"(?:^\#(?!Ansible).*\n)*^(?:function (?P<function>[\w-]+)|(?P<variable>\$\w+) = )(?:.*[{(]\n(?:(?:[ \t].*)?\n)*[)}]+$|.*$)",
    re.MULTILINE,
)

HEAD = r"""# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Built from host_info.ps1 and _HyperV.psm1 of the collection macpool.hyperv (make build). Change those, not this file.

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
The directory for the file, which is called NAME-OF-THE-HOST.json. It must exist. Default: the current directory.

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
$directory = (Get-Item -LiteralPath $Path -ErrorAction Stop).FullName
$file = [System.IO.Path]::Combine($directory, "$name.json")
$json = ConvertTo-Json -InputObject $observation -Depth 20
[System.IO.File]::WriteAllText($file, $json, [System.Text.UTF8Encoding]::new($false))

"Written: $file"
foreach ($problem in $problems) {
    "Not read: $problem"
}
"""


def script() -> str:
    """Return the script."""
    module = MODULE.read_text(encoding="utf-8")
    # What follows is the task itself, which the end of this script replaces.
    functions, start, _task = module.partition("\n$module.Result.")
    if not start:
        raise ValueError(f"{MODULE.name}: expected a line that begins with $module.Result after the functions")
    blocks = {name: text for source in (UTIL.read_text(encoding="utf-8"), functions) for name, text in _blocks(source)}
    wanted = _reached(blocks)
    if "$module" in wanted:
        users = ", ".join(
            name for name in sorted(wanted) if re.search(r"\$module\b", blocks[name]) and name != "$module"
        )
        raise ValueError(f"{MODULE.name}: {users}: expected no $module, which only a task of Ansible has")
    body = "\n\n".join(text for name, text in blocks.items() if name in wanted)
    return HEAD + body + "\n" + MAIN.replace("GATHER", _gather(module))


def _blocks(source: str) -> Iterator[tuple[str, str]]:
    for match in _BLOCK.finditer(source):
        yield match["function"] or match["variable"], match[0]


def _reached(blocks: dict[str, str]) -> set[str]:
    """Return what the entry uses, directly or not."""
    found: set[str] = set()
    waiting = [ENTRY]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [
                other
                for other in blocks
                if re.search(rf"(?<![\w-]){re.escape(other)}(?![\w-])", blocks[name], re.IGNORECASE)
            ]
    return found


def _gather(module: str) -> str:
    """Return the parts that host_info gathers by default, one a line."""
    default = module[module.index("default = @(") :].partition(")")[0]
    return "\n".join(f"        '{part}'" for part in re.findall(r"'(\w+)'", default))


def write(directory: Path) -> Path:
    """Write the script into a directory, and return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / NAME
    path.write_text(script(), encoding="utf-8")
    return path


if __name__ == "__main__":
    for name in sys.argv[1:] or [str(ROOT / "build")]:
        print(write(Path(name)))
