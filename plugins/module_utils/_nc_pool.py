# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""MAC pools of the Network Controller: what is wanted and what exists. Pure. For internal use by this collection only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ._errors import MacPoolError
from ._mac import Interval, format_mac, is_mac, parse_interval, parse_mac
from ._nc_change import FAILED
from ._nc_interface import address_of
from ._network_controller import Resource, etag_of, instance_id, member, name_of, properties_of, state_of

COLLECTION = "macPools"


def range_of(pool: Resource) -> Interval | None:
    """Return the addresses of a pool; None if the server shows none that can be read."""
    start, end = (member(properties_of(pool), name) for name in ("startMacAddress", "endMacAddress"))
    if not (is_mac(start) and is_mac(end)):
        return None
    return Interval(parse_mac(start), parse_mac(end))


def wanted_range(start: object, end: object, size: object) -> Interval:
    """Return the range that a task's options name.

    :raises MacPoolError: also for a range with multicast addresses
    """
    value = {"start": start, **({"end": end} if end not in (None, "") else {}), **({"size": size} if size else {})}
    return parse_interval(value, "the range of the MAC pool")


def check_pool(name: str, wanted: Interval, found: Resource | None, pools: Iterable[Resource]) -> None:
    """Refuse what a Network Controller cannot do or should not do.

    :param pools: all existing pools
    :raises MacPoolError: for another range of an existing pool (fact 59), and for one that overlaps other pools
    """
    subject = f'MAC pool "{name}" of the Network Controller'
    current = range_of(found) if found is not None else None
    if current is not None and current != wanted:
        remedy = (
            "A Network Controller cannot extend, shrink or move an existing pool. Leave this pool as it is and add a second"
            " one with another name: the Network Controller takes addresses from all pools."
        )
        raise MacPoolError(subject, str(wanted), str(current), remedy)
    for other in pools:
        theirs = range_of(other)
        if other is found or theirs is None or name_of(other).casefold() == name.casefold():
            continue
        if wanted.start <= theirs.end and theirs.start <= wanted.end:
            free, overlap = f"{wanted}, which no other pool overlaps", f'pool "{name_of(other)}" with {theirs}'
            problem = f'{subject}: its range {wanted} overlaps that of pool "{name_of(other)}", {theirs}'
            raise MacPoolError(subject, free, overlap, "Choose addresses that no other pool has.", problem)


def wanted_body(name: str, wanted: Interval, found: Resource | None) -> Resource | None:
    """Return the body that creates the pool; None if it exists."""
    if found is not None and range_of(found) == wanted and state_of(found).casefold() != FAILED:
        return None
    # Pools are written with dashes and capitals (facts 60, 63).
    properties = {
        "startMacAddress": format_mac(wanted.start, "dash"),
        "endMacAddress": format_mac(wanted.end, "dash"),
    }
    return {"resourceId": name, "properties": properties}


def check_unused(pool: Resource, interfaces: Sequence[Resource]) -> None:
    """Refuse to remove a pool whose addresses interfaces still have.

    :raises MacPoolError: with some of them
    """
    extent = range_of(pool)
    if extent is None:
        return
    users = [name_of(item) for item in interfaces if (mac := address_of(item)) and extent.start <= mac <= extent.end]
    if users:
        wanted = "no interface with an address of this pool before it is removed"
        found = f"{len(users)}: {', '.join(sorted(users)[:5])}{' ...' if len(users) > 5 else ''}"
        remedy = "Remove these interfaces first, or give them other addresses (macpool.hyperv.nc_network_interface)."
        raise MacPoolError(f'MAC pool "{name_of(pool)}" of the Network Controller', wanted, found, remedy)


def counters_of(pool: Resource) -> tuple[int | None, int | None]:
    """Return how many addresses a pool has and how many were ever given out; the case of their names varies (fact 62)."""
    usage = member(properties_of(pool), "usage")
    total, given = (member(usage, name) for name in ("numberOfMacAddresses", "numberOfMacAddressesAllocated"))
    return _whole(total), _whole(given)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else None


def pool_as_result(pool: Resource) -> dict[str, Any]:
    """Return a pool as tasks show it."""
    extent = range_of(pool)
    total, given = counters_of(pool)
    if total is None and extent is not None:
        total = extent.size
    known = total is not None and given is not None
    return {
        "name": name_of(pool),
        "start": format_mac(extent.start, "dash") if extent else None,
        "end": format_mac(extent.end, "dash") if extent else None,
        "size": total,
        "allocated": given,
        "free": max(0, (total or 0) - (given or 0)) if known else None,
        "percent": (given or 0) * 100 // total if known and total else None,
        "provisioning_state": state_of(pool) or None,
        "instance_id": instance_id(pool) or None,
        "etag": etag_of(pool),
    }


def pool_for_diff(extent: Interval | None) -> dict[str, Any]:
    """Return the managed keys of a pool; empty for one that does not exist."""
    if extent is None:
        return {}
    return {"start": format_mac(extent.start, "dash"), "end": format_mac(extent.end, "dash")}
