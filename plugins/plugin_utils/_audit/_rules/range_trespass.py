# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule range-trespass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import Interval, overlaps
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._documents import Host
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._registry import Finding, rule
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._situation import Situation
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._words import (
    carried_by,
    host_list,
    plain,
    quoted,
    span,
)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Somebody who makes addresses on its own."""

    words: str
    interval: Interval
    hosts: tuple[Host, ...]
    container: bool = False


@dataclass(frozen=True, slots=True)
class _Land:
    """Addresses that belong to somebody."""

    words: str
    interval: Interval
    allowed: frozenset[str] = frozenset()
    """Keys of hosts that may make addresses here."""
    hosts: tuple[str, ...] = ()
    of_host_range: bool = False


@rule(
    id="range-trespass",
    severity="high",
    title="A host makes addresses on land that is not its own",
    explanation="""A host's dynamic range, or the address pool of one of its container networks (fact 108), reaches into
    land that belongs to somebody else: a pool of the plan, the Network Controller, SCVMM or another allocator, the
    block that is leased to another host, or the upper part of its own block that is kept for static addresses. Neither
    side knows of the other, so both hand out the same address sooner or later.""",
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
        hosts = [host for host in maker.hosts if host.key not in land.allowed]
        if not hosts or (land.of_host_range and not maker.container):
            continue  # What two host ranges share is the business of range-overlap.
        common = Interval(max(maker.interval.start, land.interval.start), min(maker.interval.end, land.interval.end))
        carriers = situation.carriers_in(common)
        names = [host.name for host in hosts]
        yield Finding(
            f"{maker.words} of {host_list(names)} reaches into {land.words}: {span(common)} ({common.size} addresses)."
            f" {carried_by(carriers)}",
            addresses=common,
            hosts=[*names, *land.hosts],
            vms=[carrier.vm for carrier in carriers if carrier.vm],
            carriers=carriers,
            severity="medium" if maker.container else None,
        )


def _makers(situation: Situation) -> Iterator[_Maker]:
    for interval, hosts in situation.ranges:
        yield _Maker(f"The dynamic range {span(interval)}", interval, hosts)
    for host in situation.picture.hosts.values():
        for network, interval in host.container_pools:
            yield _Maker(f"The pool {span(interval)} of container network {quoted(network)}", interval, (host,), True)


def _lands(situation: Situation) -> Iterator[_Land]:
    plan = situation.plan
    declared: list[Interval] = []
    if plan is not None:
        for pool in plan.pools.values():
            for interval in pool.ranges:
                yield _Land(f"pool {quoted(pool.name)}", interval)
        for other in plan.other_allocators:
            declared.append(other.interval)
            yield _Land(f"land of {quoted(other.name)} ({other.kind})", other.interval)
        if plan.host_ranges is not None:
            members = frozenset(map(situation.picture.names.key, plan.host_ranges.hosts))
            for interval in plan.host_ranges.ranges:
                yield _Land("the land that the plan leases to its own hosts", interval, allowed=members)
    for controller in situation.picture.controllers:
        for name, interval in controller.pools:
            if not any(known.start <= interval.start and interval.end <= known.end for known in declared):
                yield _Land(f"the Network Controller's pool {quoted(name)}", interval)
    for lease in situation.leases:
        if lease.active:
            owner = frozenset({lease.host})
            dynamic = Interval(lease.interval.start, lease.dynamic_end)
            yield _Land(f"the block leased to {plain(lease.name)}", dynamic, allowed=owner, hosts=(lease.name,))
            if lease.static_part:
                yield _Land(f"the static addresses of {plain(lease.name)}", lease.static_part, hosts=(lease.name,))
    for interval, hosts in situation.ranges:
        yield _Land(
            f"the dynamic range of {host_list(host.name for host in hosts)}",
            interval,
            hosts=tuple(host.name for host in hosts),
            of_host_range=True,
        )
