# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule range-trespass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ....module_utils._mac import Interval, IntervalSet, overlaps
from ..._observation.model import Host, NcPool
from ..._observation.words import carried_by
from ..._text import host_list, listed, plain, quoted, span
from ..registry import Finding, rule
from ..situation import Situation

_HOST, _CONTAINERS, _CONTROLLER = "host", "containers", "network_controller"
# Azure Local's pools are those of its Network Controller, and "other" may be anybody.
_NOT_HOME = frozenset({"scvmm", "hyperv", "containers"})
"""Kinds of declared land on which a Network Controller has no business."""

_NOTHING = IntervalSet()

_OTHER_LAND = (
    "A pool of the Network Controller cannot be moved or resized: make a second one on land of its own"
    " (macpool.hyperv.nc_mac_pool), or move the other side away. Then declare the pool in macpool_plan.other_allocators."
)
_DECLARE = (
    "Declare the pool in macpool_plan.other_allocators (kind network_controller, with its start and end), so that nothing"
    " else is planned there."
)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Somebody who makes addresses on its own."""

    words: str
    interval: Interval
    kind: str
    hosts: tuple[Host, ...] = ()
    controller: int = -1
    """Which Network Controller."""


@dataclass(frozen=True, slots=True)
class _Land:
    """Addresses that belong to somebody."""

    words: str
    interval: Interval
    allowed: frozenset[str] = frozenset()
    """Keys of hosts that may make addresses here."""
    hosts: tuple[str, ...] = ()
    of_host_range: bool = False
    home: bool = False
    """Whether a Network Controller may make addresses here."""
    excluded: IntervalSet = _NOTHING
    """What its owner never hands out, so that it may have been left to a Network Controller."""
    controller: int = -1
    """Whose pool it is."""
    declared: bool = False
    """Whether it is a controller's pool that the plan knows as land of others."""


@rule(
    id="range-trespass",
    severity="high",
    title="Addresses are made on land of somebody else",
    explanation="""A host's dynamic range, or the address pool of one of its container networks (fact 108), reaches into
    land that belongs to somebody else: a pool of the plan, the Network Controller, SCVMM or another allocator, the
    block that is leased to another host, or the upper part of its own block that is kept for static addresses. The pools
    of a Network Controller are looked at in the same way, and against those of other controllers; one that is only
    missing from the plan, or has other borders there, is low. Neither side knows of the other, so both hand out the same
    address sooner or later.""",
    remedy="""Move the host's range away: lease it a block (macpool_plan.host_ranges, ansible-playbook
    macpool.hyperv.apply). A container network gets other addresses only when it is made anew; move the pool of the plan
    instead where that is easier.""",
)
def range_trespass(situation: Situation) -> Iterator[Finding]:
    """Yield each range with each piece of land that it reaches into."""
    makers = list(_makers(situation))
    lands = list(_lands(situation))
    shared = overlaps(
        [(*maker.interval, (0, number)) for number, maker in enumerate(makers)]
        + [(*land.interval, (1, number)) for number, land in enumerate(lands)]
    )
    pairs = {
        (maker, land)
        for _start, _end, labels in shared
        for kind, maker in labels
        if kind == 0
        for other, land in labels
        if other == 1
    }
    for maker_number, land_number in sorted(pairs):
        maker, land = makers[maker_number], lands[land_number]
        common = Interval(max(maker.interval.start, land.interval.start), min(maker.interval.end, land.interval.end))
        if maker.kind == _CONTROLLER:
            if not _is_strange(maker, land, common):
                continue
        elif land.declared or (land.of_host_range and maker.kind == _HOST):
            continue  # The declared land says it already; what two host ranges share is the business of range-overlap.
        hosts = [host for host in maker.hosts if host.key not in land.allowed]
        if not hosts and maker.hosts:
            continue
        carriers = situation.carriers_in(common)
        names = [host.name for host in hosts]
        of_hosts = f" of {host_list(names)}" if names else ""
        yield Finding(
            f"{maker.words}{of_hosts} reaches into {land.words}: {span(common)} ({common.size} addresses)."
            f" {carried_by(carriers)}",
            addresses=common,
            hosts=[*names, *land.hosts],
            vms=[carrier.vm for carrier in carriers if carrier.vm],
            carriers=carriers,
            severity="medium" if maker.kind == _CONTAINERS else None,
            remedy=_OTHER_LAND if maker.kind == _CONTROLLER else None,
        )
    yield from _undeclared(situation)


def _is_strange(maker: _Maker, land: _Land, common: Interval) -> bool:
    """Tell whether a Network Controller has no business on some land."""
    if land.controller >= 0:
        return land.controller > maker.controller  # Its own pools are its own; and of two controllers one speaks.
    # Where a host's range meets a pool, the range is what can be moved: it speaks.
    return not (land.home or land.of_host_range) and bool(IntervalSet([common]) - land.excluded)


def _undeclared(situation: Situation) -> Iterator[Finding]:
    """Yield what of a Network Controller's pools the plan does not know at all."""
    plan = situation.plan
    if plan is None:
        return
    intervals = [interval for pool in plan.pools.values() for interval in pool.ranges]
    intervals += [other.interval for other in plan.other_allocators]
    known = IntervalSet([*intervals, *(plan.host_ranges.ranges if plan.host_ranges else ())])
    for controller in situation.picture.controllers:
        for pool in controller.pools:
            strange = list(IntervalSet([pool.interval]) - known)
            if strange:
                yield Finding(
                    f"{_pool_words(pool)} makes addresses on land that the plan does not know:"
                    f" {listed([span(interval) for interval in strange])}.",
                    addresses=Interval(strange[0].start, strange[-1].end),
                    severity="low",
                    remedy=_DECLARE,
                    subjects=(pool.name,),
                )


def _pool_words(pool: NcPool) -> str:
    of = f" of {plain(pool.controller)}" if pool.controller else ""
    return f"The Network Controller's pool {quoted(pool.name)}{of} ({span(pool.interval)})"


def _makers(situation: Situation) -> Iterator[_Maker]:
    for interval, hosts in situation.ranges:
        yield _Maker(f"The dynamic range {span(interval)}", interval, _HOST, hosts)
    for host in situation.picture.hosts.values():
        for network, interval in host.container_pools:
            yield _Maker(
                f"The pool {span(interval)} of container network {quoted(network)}", interval, _CONTAINERS, (host,)
            )
    for number, controller in enumerate(situation.picture.controllers):
        for pool in controller.pools:
            yield _Maker(_pool_words(pool), pool.interval, _CONTROLLER, controller=number)


def _lands(situation: Situation) -> Iterator[_Land]:
    plan = situation.plan
    declared: list[Interval] = []
    if plan is not None:
        for pool in plan.pools.values():
            excluded = IntervalSet(pool.ranges) - pool.land
            for interval in pool.ranges:
                yield _Land(f"pool {quoted(pool.name)}", interval, excluded=excluded)
        for other in plan.other_allocators:
            declared.append(other.interval)
            words = f"land of {quoted(other.name)} ({other.kind})"
            yield _Land(words, other.interval, home=other.kind not in _NOT_HOME)
        if plan.host_ranges is not None:
            members = frozenset(map(situation.picture.names.key, plan.host_ranges.hosts))
            for interval in plan.host_ranges.ranges:
                yield _Land("the land that the plan leases to its own hosts", interval, allowed=members)
    for number, controller in enumerate(situation.picture.controllers):
        for nc_pool in controller.pools:
            inside = any(
                known.start <= nc_pool.interval.start and nc_pool.interval.end <= known.end for known in declared
            )
            words = f"the Network Controller's pool {quoted(nc_pool.name)}"
            if nc_pool.controller:
                words += f" of {plain(nc_pool.controller)}"
            yield _Land(words, nc_pool.interval, controller=number, declared=inside)
    for lease in situation.leases:
        if lease.state == "active":
            owner = frozenset({situation.picture.names.key(lease.host)})
            yield _Land(
                f"the block leased to {plain(lease.host)}", lease.dynamic_part, allowed=owner, hosts=(lease.host,)
            )
            if lease.static_part:
                yield _Land(f"the static addresses of {plain(lease.host)}", lease.static_part, hosts=(lease.host,))
    for interval, hosts in situation.ranges:
        yield _Land(
            f"the dynamic range of {host_list(host.name for host in hosts)}",
            interval,
            hosts=tuple(host.name for host in hosts),
            of_host_range=True,
        )
