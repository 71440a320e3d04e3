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
    """For every test that runs PowerShell."""


# Not in the fixture: skipped from one place, all these tests are one line of the summary.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what no PowerShell can run here."""
    if "powershell" in getattr(item, "fixturenames", ()) and (reason := pwsh.missing()):
        pytest.skip(f"{reason}: the scripts for the hosts are not run")


def pytest_sessionfinish() -> None:
    """End the processes that wait for more work."""
    Worker.end_all()
