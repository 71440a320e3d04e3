# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: who may hand out which addresses. Pure data; ``read.py`` makes it from ``macpool_plan``.

The annotations are no text, and the small classes no dataclasses: see ``_ledger/model.py``.
"""

import datetime as dt
import hashlib
import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import Interval, IntervalSet, format_mac

HYPERV_RANGE = Interval(0x00155D000000, 0x00155DFFFFFF)
NLB_RANGES = IntervalSet([(0x020100000000, 0x0220FFFFFFFF), (0x02BF00000000, 0x02BFFFFFFFFF)])  # fact 110
RULES = (
    "duplicate-address",
    "range-overlap",
    "range-trespass",
    "static-in-dynamic-range",
    "departed",
    "stranded",
    "dynamic-clustered",
    "dynamic-checkpoint",
    "never-started",
    "invalid-address",
    "risky-address",
    "default-range",
    "range-usage",
    "promise-not-carried",
    "carried-without-promise",
    "wrong-address",
    "sdn-mismatch",
    "sdn-orphan",
    "sdn-dynamic",
    "nc-pool-usage",
    "nc-state",
    "vmm-drift",
    "waiver-expired",
    "incomplete",
)
ADOPTED = "adopted"
"""The pool of claims on addresses that were carried before this collection came and lie in no pool of the plan."""
HOST_POOL_PREFIX = "host/"
DEFAULT_REUSE_AFTER = 4 * 3600
STRATEGIES = ("hashed", "random", "sequential")
"""How a pool chooses; the first is the default."""

DEFAULT_WARN_AT = 80
_UNORDERED = frozenset({"exclude", "other_allocators", "l2_domains", "waivers"})
"""Lists of a plan whose order says nothing. (The order of hosts and of their ranges says who gets which block.)"""


class Exclusion(NamedTuple):
    """Addresses of a pool that are never handed out, and why."""

    interval: Interval
    reason: str


class Pool(NamedTuple):
    """Static addresses that this collection hands out."""

    name: str
    ranges: IntervalSet
    exclude: tuple[Exclusion, ...] = ()
    strategy: str = "hashed"
    reuse_after: int | None = DEFAULT_REUSE_AFTER
    """Seconds in quarantine after a release; None: never handed out again."""
    warn_at: int = DEFAULT_WARN_AT
    """Percent used at which the audit speaks up."""

    @property
    def usable(self) -> IntervalSet:
        """What may be handed out: the ranges without what is excluded."""
        return self.ranges - IntervalSet(item.interval for item in self.exclude)


class HostRanges(NamedTuple):
    """Ranges that are leased to hosts, one block each, for Hyper-V's own dynamic addresses."""

    ranges: IntervalSet
    intervals: tuple[Interval, ...]
    """The ranges as written: blocks are counted from the start of each."""
    size_per_host: int
    static_per_host: int
    warn_at: int
    hosts: tuple[str, ...]

    def blocks(self, skip: int = 0) -> Iterator[Interval]:
        """Yield the blocks that hosts can be given, in order.

        :param skip: how many to leave out at the beginning
        """
        for interval in self.intervals:
            count = interval.size // self.size_per_host
            for number in range(skip, count):
                start = interval.start + number * self.size_per_host
                yield Interval(start, start + self.size_per_host - 1)
            skip = max(0, skip - count)

    @property
    def block_count(self) -> int:
        """Number of blocks."""
        return sum(interval.size // self.size_per_host for interval in self.intervals)


class OtherAllocator(NamedTuple):
    """A range of another allocator: never handed out here."""

    name: str
    kind: str
    interval: Interval


class Waiver(NamedTuple):
    """A finding that is accepted until a day (that day included)."""

    rule: str
    subject: str
    reason: str
    owner: str
    until: dt.date


class Place(NamedTuple):
    """Ranges that a plan names, and for what."""

    kind: str
    """``pool``, ``host_ranges``, or the kind of another allocator."""
    name: str
    ranges: IntervalSet

    def __str__(self) -> str:
        if self.kind == "host_ranges":
            return self.kind
        return f'{"pool" if self.kind == "pool" else "other allocator"} "{self.name}"'


@dataclass(frozen=True)
class Plan:
    """A plan that was proved disjoint."""

    scope: str
    pools: Mapping[str, Pool]
    host_ranges: HostRanges | None
    other_allocators: tuple[OtherAllocator, ...]
    l2_domains: tuple[Mapping[str, Any], ...]
    max_observation_age: int | None
    """Seconds; None: observations of any age will do."""
    waivers: tuple[Waiver, ...]

    @cached_property
    def digest(self) -> str:
        """The same for plans that mean the same, however they are written."""
        text = json.dumps(_plain(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the plan names."""
        return self.host_ranges.hosts if self.host_ranges is not None else ()

    def reuse_after(self, pool: str) -> int | None:
        """Return how many seconds an address of a pool stays in quarantine; None for ever.

        A pool that the plan does not have (any more) keeps its addresses for the default time.
        """
        return self.pools[pool].reuse_after if pool in self.pools else DEFAULT_REUSE_AFTER

    def kind_at(self, address: int) -> str | None:
        """Return whose address it is, as words for a message; None when the plan does not mention it."""
        return next((str(place) for place in self.places() if address in place.ranges), None)

    def places(self) -> Iterator[Place]:
        """Yield everything that the plan names ranges for."""
        for pool in self.pools.values():
            yield Place("pool", pool.name, pool.ranges)
        if self.host_ranges is not None:
            yield Place("host_ranges", "host_ranges", self.host_ranges.ranges)
        for other in self.other_allocators:
            yield Place(other.kind, other.name, IntervalSet([other.interval]))

    def pool(self, name: str) -> Pool:
        """Return a pool by name, or raise with the names that exist."""
        if name in self.pools:
            return self.pools[name]
        known = ", ".join(sorted(self.pools)) or "no pool"
        found = f"a plan that has: {known}"
        remedy = f"Name one of these{nearest(name, self.pools)}, or add the pool to macpool_plan.pools."
        raise MacPoolError(f'pool "{name}"', f'a pool of the plan of scope "{self.scope}"', found, remedy)


def default_range(ipv4: str) -> Interval | None:
    """Return the range that Hyper-V makes itself on a host with this IPv4 address (fact 11); None for other text."""
    try:
        octets = int(ipaddress.IPv4Address(ipv4))
    except ValueError:
        return None
    start = HYPERV_RANGE.start | (octets & 0xFFFF) << 8
    return Interval(start, start | 0xFF)


def nearest(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    """Return a hint at the known name that is most like ``name``; empty when none is."""
    import difflib

    close = difflib.get_close_matches(name, list(known), 1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def _plain(value: Any) -> Any:
    if isinstance(value, Interval):
        return [format_mac(value.start), format_mac(value.end)]
    if is_dataclass(value) or hasattr(value, "_fields"):
        names = value._fields if hasattr(value, "_fields") else [item.name for item in fields(value)]
        plain = {name: _plain(getattr(value, name)) for name in names}
        for name in _UNORDERED & plain.keys():
            plain[name].sort(key=json.dumps)
        return plain
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, (tuple, IntervalSet)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value
