# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of addresses leased to hosts, for Hyper-V's own dynamic addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import Interval, IntervalSet
from .._names import HostIndex, host_key
from .._plan.model import HOST_POOL_PREFIX, HostRanges, Plan, Pool, default_range
from .._text import quoted
from .absence import check_observations
from .errors import NoLease, PoolFull
from .journal import keep_lease
from .model import Job, KnownHost, Lease, LeaseOutcome
from .plans import accept
from .sqlite.session import Session


def lease(session: Session, plan: Plan, hosts: Sequence[str] | None, job: Job) -> list[LeaseOutcome]:
    """Give each host its block: the one it has, or the first that it may have (``Ledger.lease``)."""
    ranges = plan.host_ranges
    if ranges is None:
        raise MacPoolError(
            "host_ranges of the plan", "ranges to lease to hosts", "none", "Add host_ranges to macpool_plan."
        )
    names = _planned(ranges, hosts)
    accept(session, plan, job)
    held = _active(session.leases())
    if new := next((host for host in names if held.get(host) is None), None):
        check_observations(session, plan, f"a block for host {quoted(new)}")
    blocks = Blocks(session, ranges)

    def one(host: str) -> LeaseOutcome:
        if before := held.get(host):
            return LeaseOutcome(before, before, changed=False, remark=remark(before, ranges))
        outcome = keep_lease(session, None, blocks.lease(host, session.now), "leased", job)
        held.put(host, outcome.lease)
        return outcome

    return collected("host leases", names, one)


def _planned(ranges: HostRanges, hosts: Sequence[str] | None) -> list[str]:
    """Return hosts as the plan names them."""
    planned = HostIndex((host, host) for host in ranges.hosts)
    names = []
    for host in hosts if hosts is not None else ranges.hosts:
        name = planned.get(host)
        if name is None:
            found = f"a plan that has: {', '.join(ranges.hosts) or 'none'}"
            remedy = "Add the host to the plan: leases follow the plan, never the inventory of one run."
            raise MacPoolError(f"host {quoted(host)}", "a host of host_ranges.hosts in the plan", found, remedy)
        names.append(name)
    return names


def retire(session: Session, host: str, job: Job) -> LeaseOutcome:
    """Retire the block of a host: no longer its own, and no other host's while any adapter carries an address of it.

    :raises NoLease: when it never had one
    """
    before = active_lease(session.leases(), host)
    if before is None:
        old = [lease for lease in session.leases() if host_key(lease.host) == host_key(host)]
        if not old:
            raise NoLease(f"host {quoted(host)}", "a lease to retire", "none", "Check the host's name.")
        return LeaseOutcome(old[-1], old[-1], changed=False)
    after = before._replace(state="retired", generation=before.generation + 1, since=session.now)
    return keep_lease(session, before, after, "retired", job)


def active_lease(leases: Iterable[Lease], host: str) -> Lease | None:
    """Return the active lease of a host; its name may be short or full."""
    return _active(leases).get(host)


def _active(leases: Iterable[Lease]) -> HostIndex[Lease]:
    return HostIndex((lease.host, lease) for lease in leases if lease.state == "active")


def static_pool(leases: Iterable[Lease], name: str) -> Pool:
    """Return the pool that the static part of a host's block is.

    :raises NoLease: when the host has no block, or its block has no static part
    """
    host = name.removeprefix(HOST_POOL_PREFIX)
    lease = active_lease(leases, host)
    if lease is None:
        raise NoLease(
            f'pool "{name}"', f"a lease of host {quoted(host)}", "none", "Lease it a block first: host_range_lease."
        )
    if lease.static_part is None:
        found = f"{lease.block}, all of it dynamic"
        remedy = "Set static_per_host in the plan; it counts for blocks leased from then on."
        raise NoLease(f'pool "{name}"', f"a static part in the block of host {quoted(host)}", found, remedy)
    return Pool(f"{HOST_POOL_PREFIX}{lease.host}", IntervalSet([lease.static_part]), strategy="sequential")


def remark(lease: Lease, ranges: HostRanges) -> str:
    """Return what a reader should know of a block that a host keeps although the plan has changed."""
    remarks = []
    size, static = lease.block.size, lease.end - lease.dynamic_end
    if size != ranges.size_per_host:
        remarks.append(f"keeps its block of {size} addresses; the plan now says {ranges.size_per_host}")
    elif static != ranges.static_per_host:
        remarks.append(f"keeps {static} static addresses; the plan now says {ranges.static_per_host}")
    if lease.start not in ranges.ranges or lease.end not in ranges.ranges:
        remarks.append("its block lies outside of the plan's host_ranges")
    return "; ".join(remarks)


class Obstacle(NamedTuple):
    """A reason not to lease a block; ``host`` is the one host that it does not stop."""

    reason: str
    host: str | None


class Blocks:
    """The blocks of the plan's host ranges, and what stands on them."""

    def __init__(self, session: Session, ranges: HostRanges) -> None:
        """Look at nothing yet: all that stands on the blocks is read when the first one is leased."""
        self._session = session
        self._ranges = ranges
        self._passed = 0
        """How many blocks from the first on no host may have."""

    @cached_property
    def _hosts(self) -> list[KnownHost]:
        return self._session.hosts()

    @cached_property
    def _known(self) -> HostIndex[KnownHost]:
        return HostIndex((host.host, host) for host in self._hosts)

    @cached_property
    def _obstacles(self) -> dict[int, set[Obstacle]]:
        """What stands on each block, by its first address."""
        found: dict[int, set[Obstacle]] = {}
        for start, end, obstacle in self._found():
            for block in self._covering(start, end):
                found.setdefault(block.start, set()).add(obstacle)
        return found

    def _found(self) -> Iterator[tuple[int, int, Obstacle]]:
        session = self._session
        for lease in session.leases():
            yield lease.start, lease.end, Obstacle(f"leased ({lease.state})", None)
        for host in self._hosts:
            key = host_key(host.host)
            if host.range:
                yield *host.range, Obstacle("range of another host", key)
            for made in filter(None, map(default_range, host.ipv4)):
                # Windows makes this range again whenever the registry values are lost (fact 11).
                yield *made, Obstacle("default range of another host", key)
        for start, end in self._ranges.ranges:
            for claim in session.claims_between(start, end):
                own = claim.pool.removeprefix(HOST_POOL_PREFIX)
                whose = host_key(own) if own != claim.pool else None
                yield claim.address, claim.address, Obstacle("claimed", whose)
            for sighting in session.sightings_between(start, end):
                is_its_own = sighting.dynamic or sighting.kind == "host"
                whose = host_key(sighting.host) if is_its_own else None
                yield sighting.address, sighting.address, Obstacle("carried by an adapter", whose)

    def lease(self, host: str, now: int) -> Lease:
        """Return a new lease of the first block that a host may have.

        A block that is the host's range already comes first: a rebuilt ledger moves no host.

        :raises PoolFull: when none is left, with how many blocks each reason rules out
        """
        key = self._known.key(host) or host_key(host)
        block = next((block for block in self._in_order(key) if not self._reasons(block, key)), None)
        if block is None:
            raise self._full(host, key)
        self._obstacles.setdefault(block.start, set()).add(Obstacle("leased (active)", None))
        return Lease(host, block.start, block.end, block.end - self._ranges.static_per_host, "active", 1, now)

    def _reasons(self, block: Interval, key: str) -> set[str]:
        return {item.reason for item in self._obstacles.get(block.start, ()) if item.host != key}

    def _full(self, host: str, key: str) -> PoolFull:
        refused = Counter(min(self._reasons(block, key)) for block in self._ranges.blocks())
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items())) or "no block at all"
        wanted = f"a block of {self._ranges.size_per_host} addresses of host_ranges"
        remedy = "Add a range to host_ranges in the plan, or retire blocks that no host uses any more."
        return PoolFull(f"host {quoted(host)}", wanted, f"none among {self._ranges.block_count}: {why}", remedy)

    def _in_order(self, key: str) -> Iterator[Interval]:
        own = self._known.get(key)
        if own and own.range:
            for block in self._covering(own.range.start, own.range.start):
                if own.range == (block.start, block.end - self._ranges.static_per_host):
                    yield block
        for block in self._ranges.blocks(self._passed):
            if not any(item.host is None for item in self._obstacles.get(block.start, ())):
                break
            self._passed += 1
        yield from self._ranges.blocks(self._passed)

    def _covering(self, start: int, end: int) -> Iterator[Interval]:
        """Yield the blocks that share an address with a stretch."""
        size = self._ranges.size_per_host
        for range_start, range_end in self._ranges.intervals:
            first = max(0, (start - range_start) // size)
            last = min((end - range_start) // size, (range_end - range_start + 1) // size - 1)
            for number in range(first, last + 1):
                at = range_start + number * size
                yield Interval(at, at + size - 1)
