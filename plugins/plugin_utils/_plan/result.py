# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plan_info returns about a plan. Pure."""

from __future__ import annotations

from typing import Any

from ...module_utils._mac import format_mac
from .model import Plan


def land_as_result(plan: Plan) -> list[dict[str, Any]]:
    """Return every range that the plan names, by address."""
    pieces = [(place, interval) for place in plan.places() for interval in place.ranges]
    return [
        {
            "kind": place.kind,
            "name": place.name,
            "start": format_mac(interval.start),
            "end": format_mac(interval.end),
            "size": interval.size,
        }
        for place, interval in sorted(pieces, key=lambda piece: piece[1])
    ]
