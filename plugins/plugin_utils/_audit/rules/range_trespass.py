# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule range-trespass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ....module_utils._mac import Interval, IntervalSet, overlaps
from ..._observation.model import Host
from ..._text import host_list, listed, plain, quoted, sentence
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import carried_by, nc_pool_words

_HOST, _CONTAINERS, _CONTROLLER = "host", "containers", "network_controller"
# Azure Local's pools are those of its Network Controller, and "other" may be any allocator.
_NOT_FOR_CONTROLLERS = frozenset({"scvmm", "hyperv", "containers"})
"""Kinds of declared allocators whose ranges a Network Controller must not use."""

_NOTHING = IntervalSet()

_OTHER_RANGE = (
    "A pool of the Network Controller cannot be moved or resized. Create a second pool with a range of its own"
    " (macpool.hyperv.nc_mac_pool), or move the other range. Then declare the pool in macpool_plan.other_allocators."
)
_DECLARE = (
    "Declare the pool in macpool_plan.other_allocators (kind network_controller, with its start and end), so that these"
    " addresses are not planned for anything else."
)


@dataclass(frozen=True, slots=True, eq=False)
class _Allocator:
    """A range from which addresses are handed out."""

    words: str
    interval: Interval
    kind: str
    hosts: tuple[Host, ...] = ()
    controller: int = -1
    """Which Network Controller."""


@dataclass(frozen=True, slots=True, eq=False)
class _Owned:
    """A range that belongs to one owner."""

    words: str
    interval: Interval
    allowed: frozenset[str] = frozenset()
    """Keys of hosts that may hand out addresses here."""
    hosts: tuple[str, ...] = ()
    of_host_range: bool = False
    for_controllers: bool = False
    """Whether a Network Controller may hand out addresses here."""
    excluded: IntervalSet = _NOTHING
    """What its owner never hands out, so that it may be meant for a Network Controller."""
    controller: int = -1
    """Whose pool it is."""
    declared: bool = False
    """Whether it is a controller's pool that is declared in other_allocators."""


@rule(
    id="range-trespass",
    severity="high",
    title="A range contains addresses of another allocator",
    explanation="""A host's dynamic range, or the address pool of one of its container networks (fact 108), contains
    addresses that belong to something else: to a pool of the plan, the Network Controller, SCVMM or another
    allocator, to the block that is leased to another host, or to the upper part of its own block, which is reserved
    for static addresses. The pools of a Network Controller are checked in the same way, also against those of other
    controllers. A pool that is only missing from the plan, or has other limits there, is low. Neither side knows of
    the other, so both will sooner or later hand out the same address.""",
    remedy="""Give the host another range: lease it a block (macpool_plan.host_ranges, ansible-playbook
    macpool.hyperv.apply). A container network gets other addresses only when it is created again; if it is easier,
    move the pool of the plan instead.""",
)
def range_trespass(situation: Situation) -> Iterator[Finding]:
    """Yield each range with each range of another owner that it overlaps."""
    everything: list[_Allocator | _Owned] = [*_allocators(situation), *_owned_ranges(situation)]
    pairs = dict.fromkeys(
        (allocator, other)
        for _start, _end, sharing in overlaps((*item.interval, item) for item in everything)
        for allocator in sharing
        if isinstance(allocator, _Allocator)
        for other in sharing
        if isinstance(other, _Owned)
    )
    for allocator, other in pairs:
        common = Interval(
            max(allocator.interval.start, other.interval.start), min(allocator.interval.end, other.interval.end)
        )
        if allocator.kind == _CONTROLLER:
            if not _is_strange(allocator, other, common):
                continue
        elif other.declared or (other.of_host_range and allocator.kind == _HOST):
            continue  # The declared range is reported already, and range-overlap reports what two host ranges share.
        hosts = [host for host in allocator.hosts if host.key not in other.allowed]
        if not hosts and allocator.hosts:
            continue
        carriers = situation.carriers_in(common)
        names = [host.name for host in hosts]
        of_hosts = f" of {host_list(names)}" if names else ""
        yield Finding(
            f"{allocator.words}{of_hosts} overlaps {other.words}: {common} ({common.size} addresses)."
            f" {carried_by(carriers)}",
            addresses=common,
            hosts=[*names, *other.hosts],
            carriers=carriers,
            severity="medium" if allocator.kind == _CONTAINERS else None,
            remedy=_OTHER_RANGE if allocator.kind == _CONTROLLER else None,
        )
    yield from _undeclared(situation)


def _is_strange(allocator: _Allocator, other: _Owned, common: Interval) -> bool:
    """Tell whether a pool of a Network Controller must not contain addresses of another owner."""
    if other.controller >= 0:
        return other.controller > allocator.controller  # Not its own pools; and each pair of controllers once.
    # If a host's range overlaps a pool, the finding is about the range, because the range can be moved.
    return not (other.for_controllers or other.of_host_range) and bool(IntervalSet([common]) - other.excluded)


def _undeclared(situation: Situation) -> Iterator[Finding]:
    """Yield the addresses of a Network Controller's pools that are not in the plan at all."""
    plan = situation.plan
    if plan is None:
        return
    intervals = [interval for pool in plan.pools.values() for interval in pool.ranges]
    intervals += [other.interval for other in plan.other_allocators]
    known = IntervalSet([*intervals, *(plan.host_ranges.ranges if plan.host_ranges else ())])
    for controller in situation.observation.controllers:
        for pool in controller.pools:
            strange = list(IntervalSet([pool.interval]) - known)
            if strange:
                yield Finding(
                    f"{sentence(nc_pool_words(pool))} ({pool.interval}) has addresses that are not in the plan:"
                    f" {listed([str(interval) for interval in strange])}.",
                    addresses=Interval(strange[0].start, strange[-1].end),
                    severity="low",
                    remedy=_DECLARE,
                    subjects=(pool.name,),
                )


def _allocators(situation: Situation) -> Iterator[_Allocator]:
    for interval, hosts in situation.ranges:
        yield _Allocator(f"The dynamic range {interval}", interval, _HOST, hosts)
    for host in situation.observation.hosts.values():
        for network, interval in host.container_pools:
            yield _Allocator(
                f"The pool {interval} of container network {quoted(network)}", interval, _CONTAINERS, (host,)
            )
    for number, controller in enumerate(situation.observation.controllers):
        for pool in controller.pools:
            yield _Allocator(
                f"{sentence(nc_pool_words(pool))} ({pool.interval})", pool.interval, _CONTROLLER, controller=number
            )


def _owned_ranges(situation: Situation) -> Iterator[_Owned]:
    plan = situation.plan
    declared: list[Interval] = []
    if plan is not None:
        for pool in plan.pools.values():
            excluded = IntervalSet(pool.ranges) - pool.usable
            for interval in pool.ranges:
                yield _Owned(f"pool {quoted(pool.name)}", interval, excluded=excluded)
        for other in plan.other_allocators:
            declared.append(other.interval)
            words = f"the range of {quoted(other.name)} ({other.kind})"
            yield _Owned(words, other.interval, for_controllers=other.kind not in _NOT_FOR_CONTROLLERS)
        if plan.host_ranges is not None:
            members = frozenset(map(situation.observation.names.key, plan.host_ranges.hosts))
            for interval in plan.host_ranges.ranges:
                yield _Owned("the host_ranges of the plan, which are for its own hosts", interval, allowed=members)
    for number, controller in enumerate(situation.observation.controllers):
        for nc_pool in controller.pools:
            inside = any(
                known.start <= nc_pool.interval.start and nc_pool.interval.end <= known.end for known in declared
            )
            yield _Owned(nc_pool_words(nc_pool), nc_pool.interval, controller=number, declared=inside)
    for lease in situation.leases:
        if lease.state == "active":
            owner = frozenset({situation.observation.names.key(lease.host)})
            yield _Owned(
                f"the block leased to {plain(lease.host)}", lease.dynamic_part, allowed=owner, hosts=(lease.host,)
            )
            if lease.static_part:
                yield _Owned(f"the static addresses of {plain(lease.host)}", lease.static_part, hosts=(lease.host,))
    for interval, hosts in situation.ranges:
        yield _Owned(
            f"the dynamic range of {host_list(host.name for host in hosts)}",
            interval,
            hosts=tuple(host.name for host in hosts),
            of_host_range=True,
        )
