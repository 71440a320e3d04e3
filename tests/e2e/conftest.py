# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster for each test. Imported late: pytest reads this file before the checkout is on the path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("winrm")

if TYPE_CHECKING:
    from tests.e2e.site import Site


@pytest.fixture
def empty_site(tmp_path: Path) -> Iterator[Site]:
    """A cluster without a ledger."""
    from tests.e2e.site import Site, new_world

    with Site(new_world(), tmp_path) as site:
        yield site


@pytest.fixture
def site(empty_site: Site) -> Site:
    """A cluster with an empty ledger."""
    done = empty_site.playbook("macpool.hyperv.init")
    assert done.code == 0, done.output
    return empty_site
