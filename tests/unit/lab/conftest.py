# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's bench for every test here. Imported late: pytest reads this file before the checkout is on the path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.bench import Bench
    from tests.lab.bystander import Bystander
    from tests.lab.lab import Lab


@pytest.fixture
def bench() -> Bench:
    from tests.lab.bench import Bench

    return Bench()


@pytest.fixture
def serving(bench: Bench) -> Iterator[Lab]:
    """A lab around the bench's world."""
    from tests.lab.lab import Lab

    with Lab(bench.world) as running:
        yield running


@pytest.fixture
def nc(serving: Lab) -> Iterator[Bystander]:
    """A client of that lab's Network Controller."""
    from tests.lab.bystander import Bystander

    client = Bystander(serving.controller)
    with client.session:
        yield client


@pytest.fixture
def untouched() -> Callable[[Bench], Callable[[], None]]:
    """Remember the world; the returned check fails when anything is different."""

    def remember(bench: Bench) -> Callable[[], None]:
        before = bench.world.to_dict()

        def check() -> None:
            assert bench.world.to_dict() == before

        return check

    return remember
