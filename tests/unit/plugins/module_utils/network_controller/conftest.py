# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Network Controller of the lab over real HTTPS. Imported late: pytest reads this file before the checkout is on the path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.lab import Lab
    from tests.unit.plugins.module_utils.network_controller.site import Site


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One lab without hosts for all tests of a module."""
    from tests.lab.lab import Lab
    from tests.lab.model import Clock, World

    with Lab(World(seed=5, clock=Clock(frozen=True))) as lab:
        yield lab


@pytest.fixture
def site(lab: Lab) -> Iterator[Site]:
    """The Network Controller, empty but for its networks, and a client that does not sleep."""
    from tests.unit.plugins.module_utils.network_controller.site import Site

    site = Site(lab)
    yield site
    site.clean()
