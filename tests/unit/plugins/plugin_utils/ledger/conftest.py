# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the ledger's tests.

The collection is imported inside the fixtures: pytest reads this file before the collection can be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
    from tests.unit.plugins.plugin_utils.ledger.helpers import Clock


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep witnesses and default ledgers out of the developer's home."""
    home = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    return home


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves."""
    from tests.unit.plugins.plugin_utils.ledger.helpers import Clock

    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    """An empty ledger with the small plan."""
    from tests.unit.plugins.plugin_utils.ledger.helpers import make_ledger

    with make_ledger(tmp_path / "west.sqlite3", clock=clock) as ledger:
        yield ledger
