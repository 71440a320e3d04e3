# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every case on the lab's Python host, and on the real scripts where there is a PowerShell: both must agree with the case and with each other."""

from __future__ import annotations

from typing import Any

import pytest

from . import engines, verdict
from .cases import Case, load_all

_CASES = load_all()


def _on(engine: str) -> list[Any]:
    return [
        pytest.param(
            case,
            id=case.id,
            marks=[pytest.mark.xfail(strict=True)] if case.fails_on == engine else [],
        )
        for case in _CASES
        if engine in case.engines
    ]


@pytest.mark.parametrize("case", _on("lab"))
def test_lab(case: Case) -> None:
    verdict.check(case, engines.lab)


@pytest.mark.usefixtures("powershell")
@pytest.mark.parametrize("case", _on("powershell"))
def test_powershell(case: Case) -> None:
    runs = verdict.check(case, engines.powershell)
    if "lab" in case.engines and case.fails_on != "lab":
        verdict.agree(case, runs)
