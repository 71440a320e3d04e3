# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which block of addresses a host gets for Hyper-V's own dynamic ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from ...module_utils._mac import Interval
from .._names import HostIndex, host_key
from .._plan.model import HOST_POOL_PREFIX, HostRanges, default_range
from .._text import quoted
from .errors import PoolFull
from .model import KnownHost, Lease
from .sqlite.session import Session


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
        self._ahead = ranges.blocks()
        self._passed = 0
        """How many blocks from the first on no host may have."""
        self._next = next(self._ahead, None)

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
            if host.range_start is not None and host.range_end is not None:
                yield host.range_start, host.range_end, Obstacle("range of another host", key)
            for start, end in _default_ranges(host):
                # Windows makes this range again whenever the registry values are lost (fact 11).
                yield start, end, Obstacle("default range of another host", key)
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
        return PoolFull(
            f"host {quoted(host)}",
            f"a block of {self._ranges.size_per_host} addresses of host_ranges",
            f"none among {self._ranges.block_count}: {why}",
            "Add a range to host_ranges in the plan, or retire blocks that no host uses any more.",
        )

    def _in_order(self, key: str) -> Iterator[Interval]:
        own = self._known.get(key)
        if own is not None and own.range_start is not None:
            for block in self._covering(own.range_start, own.range_start):
                if own.range_start == block.start and own.range_end == block.end - self._ranges.static_per_host:
                    yield block
        while self._next is not None and any(item.host is None for item in self._obstacles.get(self._next.start, ())):
            self._next = next(self._ahead, None)
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


def _default_ranges(host: KnownHost) -> Iterator[Interval]:
    for address in host.ipv4:
        if made := default_range(address):
            yield made
