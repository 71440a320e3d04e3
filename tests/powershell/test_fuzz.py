# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random cases with fixed seeds: check mode predicts the real run, and both engines agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from . import engines, fuzz, verdict
from .cases import Case

_KINDS = (fuzz.work, fuzz.odd)


@pytest.mark.parametrize("kind", _KINDS)
def test_the_lab_predicts_what_it_does(kind: Callable[[int], Case]) -> None:
    for seed in range(200):
        verdict.check(kind(seed), engines.lab)


@pytest.mark.usefixtures("powershell")
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("kind", _KINDS)
def test_both_engines_agree(kind: Callable[[int], Case], seed: int) -> None:
    case = kind(seed)
    verdict.agree(case, verdict.check(case, engines.powershell))
