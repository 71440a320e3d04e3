# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of macPools (facts 58-62)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..macs import to_hex, to_int
from .allocation import Allocator, bounds
from .errors import CONFLICT, RestError, invalid
from .formats import dashed, read_mac
from .resources import Resource

Json = dict[str, Any]
_START, _END = "startMacAddress", "endMacAddress"


def checked(properties: Json, existing: Resource | None, others: Iterable[Resource]) -> Json:
    """What is kept of a PUT body's properties."""
    for name in (_START, _END):
        if not properties.get(name):
            raise invalid(name, f"{name} is required.")
    start, end = (to_int(read_mac(properties[name], name)) for name in (_START, _END))
    if end < start:
        raise invalid(_END, "endMacAddress is below startMacAddress.")
    if existing is not None and bounds(existing) != (start, end):  # fact 59
        target = _END if bounds(existing)[0] == start else _START
        raise RestError(400, CONFLICT, f"The range of MAC pool {existing.id} cannot be changed.", target)
    for other in others:
        first, last = bounds(other)
        if start <= last and first <= end:
            raise invalid(_START, f"The range overlaps with that of MAC pool {other.id}.")
    return {**properties, _START: to_hex(start), _END: to_hex(end)}


def shown(pool: Resource, allocator: Allocator) -> Json:
    start, end = bounds(pool)
    return {
        **pool.properties,
        _START: dashed(to_hex(start)),
        _END: dashed(to_hex(end)),
        "usage": {
            "numberofMacAddressesAllocated": allocator.allocated(pool),
            "numberOfMacAddresses": end - start + 1,
        },
    }


def refuse_in_use(pool: Resource, interfaces: Iterable[Resource], allocator: Allocator) -> None:
    users = [one.id for one in interfaces if allocator.gave(pool, one.properties.get("privateMacAddress") or "0")]
    if users:
        raise RestError(
            409,
            CONFLICT,
            f"MAC pool {pool.id} is in use by network interfaces: {', '.join(sorted(users)[:5])}.",
            pool.ref,
        )
