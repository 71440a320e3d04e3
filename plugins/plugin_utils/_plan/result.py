# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plan_info returns about a plan. Pure."""

from __future__ import annotations

from typing import Any

from ...module_utils._mac import Interval, format_mac
from .model import Plan


def land_as_result(plan: Plan) -> list[dict[str, Any]]:
    """Return every range that the plan names, by address."""
    pieces = [("pool", pool.name, interval) for pool in plan.pools.values() for interval in pool.ranges]
    if plan.host_ranges:
        pieces += [("host_ranges", "host_ranges", interval) for interval in plan.host_ranges.ranges]
    pieces += [(other.kind, other.name, other.interval) for other in plan.other_allocators]
    return [_piece(kind, name, interval) for kind, name, interval in sorted(pieces, key=lambda piece: piece[2])]


def _piece(kind: str, name: str, interval: Interval) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "start": format_mac(interval.start),
        "end": format_mac(interval.end),
        "size": interval.size,
    }
