# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that run PowerShell are skipped where there is none; its processes end with the session."""

from __future__ import annotations

import pytest

from .runner import Worker
from .standin import pwsh


@pytest.fixture(scope="session")
def powershell() -> None:
    """Skip the test where no PowerShell can run it."""
    if reason := pwsh.missing():
        pytest.skip(f"{reason}: what only the real scripts show is not tested here")


def pytest_sessionfinish() -> None:
    """End the processes that wait for more work."""
    Worker.end_all()
