# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell and Python agree on which names are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._names import name_key
from tests.powershell.runner import execute
from tests.unit.plugins.plugin_utils.test_names import PAIRS

UTIL = Path(__file__).resolve().parents[2] / "plugins" / "module_utils" / "_HyperV.psm1"
pytestmark = pytest.mark.usefixtures("powershell")

OURS = r"""
Import-Module -Name $complex_args.util -ErrorAction Stop
$answers = @(
    foreach ($pair in $complex_args.pairs) {
        $table = Get-MacPoolNameTable
        $table[$pair.one] = $true
        @{ same = (Test-MacPoolSameName -One $pair.one -Other $pair.other); table = $table.ContainsKey($pair.other) }
    }
)
ConvertTo-Json -InputObject $answers -Compress
"""

# By letter: the one that .NET takes for the same, without case.
LETTERS = r"""
$lines = for ($number = 128; $number -le 0x10FFFF; $number++) {
    if ($number -lt 0xD800 -or $number -gt 0xDFFF) {
        $letter = [char]::ConvertFromUtf32($number)
        $upper = $letter.ToUpperInvariant()
        if ($upper -cne $letter -and [string]::Equals($letter, $upper, 'OrdinalIgnoreCase')) {
            '{0} {1}' -f $number, [char]::ConvertToUtf32($upper, 0)
        }
    }
}
$lines -join "`n"
"""

# Letters of Unicode 16 and their new partners: Python and .NET got them with different versions.
NEWER = {
    *(0x19B, 0xA7DC, 0x264, 0xA7CB, 0x1C89, 0x1C8A, 0xA7CC, 0xA7CD, 0xA7DA, 0xA7DB),
    *range(0x10D50, 0x10D86),
}


def run(script: str, directory: Path, arguments: dict[str, Any]) -> list[str]:
    file = directory / "script.ps1"
    file.write_text(script, encoding="utf-8")
    report, _state, _calls = execute(file, arguments, {"nodes": {"node1": {}}}, "node1", is_module=False)
    assert report["unhandled"] is None, report["errors"]
    lines: list[str] = report["output"]
    return lines


def test_our_powershell_compares_names_as_our_python_does(tmp_path: Path) -> None:
    (line,) = run(OURS, tmp_path, {"util": str(UTIL), "pairs": PAIRS})
    for pair, answer in zip(PAIRS, json.loads(line), strict=True):
        assert answer == {"same": pair["same"], "table": pair["same"]}, ascii(pair)


def test_every_letter_has_the_case_that_dotnet_gives_it(tmp_path: Path) -> None:
    (text,) = run(LETTERS, tmp_path, {})
    upper = {int(letter): int(partner) for letter, partner in map(str.split, text.splitlines())}
    different = {
        number
        for number in range(128, 0x110000)
        if not 0xD800 <= number <= 0xDFFF and name_key(chr(number)) != chr(upper.get(number, number))
    }
    assert {f"U+{number:04X}" for number in different - NEWER} == set()
