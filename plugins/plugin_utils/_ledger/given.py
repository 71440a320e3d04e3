# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that a request names: which pool they belong to, and whether the owner may have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...module_utils._formats import format_mac
from ...module_utils._mac import Interval, IntervalSet, is_multicast
from .._plan.model import ADOPTED, HOST_POOL_PREFIX, Plan, Pool
from .._text import quoted
from .errors import NotInPool, OwnerConflict
from .model import Request, Sighting, describe
from .owners import carrier, is_own

if TYPE_CHECKING:
    from .backend import Session


def pool_of_given(session: Session, plan: Plan, request: Request) -> str:
    """Return the name of the pool that a request without one means by its address.

    :raises NotInPool: when no pool hands the address out
    """
    if request.address is not None:
        for pool in plan.pools.values():
            if request.address in pool.ranges:
                return pool.name
        for lease in session.leases_between(request.address, request.address):
            if request.address > lease.dynamic_end and lease.state == "active" and not request.adopt:
                return f"{HOST_POOL_PREFIX}{lease.host}"
    if request.adopt:
        return ADOPTED
    if len(plan.pools) == 1:
        return next(iter(plan.pools))
    address = request.address or 0
    raise NotInPool(
        f"{format_mac(address, 'dash')} for owner {quoted(request.owner)}",
        "an address that a pool hands out",
        _whose(session, plan, address),
        "Give an address of one of the pools, or the name of a pool, to have one chosen.",
    )


def check_given(
    session: Session, plan: Plan, pool: Pool, usable: IntervalSet, request: Request, owner: str, address: int
) -> None:
    """Refuse an address that a request names, unless it can be promised to the owner.

    :param usable: what the pool may hand out
    :raises NotInPool: when the pool does not hand it out
    :raises OwnerConflict: when it is promised to another owner, or carried by another adapter
    """
    subject = f"{format_mac(address, 'dash')} for owner {quoted(owner)}"
    if request.adopt:
        if is_multicast(address) or address == 0:
            raise NotInPool(subject, "a unicast address", format_mac(address, "dash"), "Give an address to adopt.")
    elif address not in usable:
        raise NotInPool(
            subject,
            f'an address that pool "{pool.name}" hands out',
            _why_not(session, plan, pool, address),
            "Give an address of the pool's ranges that is not excluded, or none, to have one chosen.",
        )
    if claim := session.claim_at(address):
        raise OwnerConflict(
            subject,
            "an address that is not promised to another owner",
            describe(claim),
            "Give another address, or none, to have one chosen."
            if claim.state != "held"
            else "Give another address, or unhold it first.",
        )
    found = carriers(session, address)
    others = [
        sighting
        for sighting in found
        if not is_own(sighting, owner, request.identity, (request.owner,) if request.owner else ())
    ]
    own = len(found) > len(others)
    # Of two that carry one address, one may keep it: a rebuilt ledger covers every address that is carried.
    if others and not (request.adopt and own):
        raise OwnerConflict(
            subject,
            "an address that no other adapter carries",
            f"it was last seen on {', '.join(carrier(item) for item in others[:3])}",
            "Give another address, or observe again if that carrier is gone.",
        )


def carriers(session: Session, address: int) -> list[Sighting]:
    """Return the adapters that were last seen with an address.

    An interface of a Network Controller is left out: it stands for an adapter, and may well be the owner's own.
    """
    return [item for item in session.sightings_at(address) if item.kind != "interface"]


def _why_not(session: Session, plan: Plan, pool: Pool, address: int) -> str:
    for exclusion in pool.exclude:
        if exclusion.interval.start <= address <= exclusion.interval.end:
            reason = f" ({exclusion.reason})" if exclusion.reason else ""
            return f"it is excluded there{reason}"
    return _whose(session, plan, address)


def _whose(session: Session, plan: Plan, address: int) -> str:
    for lease in session.leases_between(address, address):
        return f"it lies in the block leased to host {quoted(lease.host)} ({Interval(lease.start, lease.end)})"
    kind = plan.kind_at(address)
    return f"it belongs to {kind}" if kind else "it lies outside of everything in the plan"
