# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find PowerShell."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess

# The stand-in modules are C# for .NET 8 (naming policies of System.Text.Json), which PowerShell has from 7.4 on.
OLDEST = (7, 4)
ENVIRONMENT = {
    "POWERSHELL_TELEMETRY_OPTOUT": "1",
    "POWERSHELL_UPDATECHECK": "Off",
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    "NO_COLOR": "1",
}


def find() -> str | None:
    """Return the path of pwsh."""
    return shutil.which("pwsh")


@functools.cache
def version() -> tuple[int, ...] | None:
    """Return the version of the pwsh on the PATH; None where there is none that works."""
    program = find()
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-Version"], env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    found = re.fullmatch(r"PowerShell (\d+)\.(\d+)\.(\d+)\S*", done.stdout.strip())
    return tuple(map(int, found.groups())) if found else None


def missing() -> str | None:
    """Return why the scripts cannot run here; None where they can."""
    have = version()
    if have is None:
        return "no pwsh on the PATH"
    if have[:2] < OLDEST:
        return f"pwsh {'.'.join(map(str, have))} is older than {'.'.join(map(str, OLDEST))}"
    return None
