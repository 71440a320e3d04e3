# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full a range is. Pure."""

from __future__ import annotations

from ...module_utils._mac import IntervalSet
from .backend import Session
from .model import Usage


def usage_of(session: Session, name: str, land: IntervalSet, warn_at: int) -> Usage:
    by_state: dict[str, int] = {}
    carried = 0
    for start, end in land:
        for state, count in session.count_claims(start, end).items():
            by_state[state] = by_state.get(state, 0) + count
        carried += session.count_carried(start, end)
    used = sum(by_state.values()) + carried
    percent = round(100 * used / land.size, 1) if land.size else 100.0
    return Usage(name, land.size, by_state, carried, land.size - used, percent, warn_at)
