# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan to review, proposed from the cluster as it is today. Pure.

It keeps what can be kept: the range of each host that shares it with no other, and the blocks around the static
addresses in use. For the rest it says what to do. The plan check accepts every plan that is proposed here.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._mac import Interval, IntervalSet, format_mac, is_administrators_own, is_multicast, overlaps
from .._names import host_key
from .._observation.model import Carrier, Host, Observation
from .._plan.model import HYPERV_RANGE, NLB_RANGES, default_range
from .._plan.read import parse_plan
from .._text import host_list, listed, mac, plain

POOL = "static"
_STEP = 1 << 16
_SMALLEST_BLOCK = 1 << 8
_DEFAULT_SIZE = 256
_ROOM = 4
"""A proposed pool has at least this many times the number of addresses in use."""


@dataclass(frozen=True)
class Advice:
    """What the plan does with a host's range."""

    host: str
    range: Interval | None
    keeps: bool
    words: str

    def as_result(self) -> dict[str, Any]:
        """Return it as the task shows it."""
        span = {"start": format_mac(self.range.start), "end": format_mac(self.range.end)} if self.range else None
        return {"host": self.host, "range": span, "keeps": self.keeps, "advice": self.words}


@dataclass(frozen=True)
class Proposal:
    """A plan to review, with notes."""

    plan: dict[str, Any]
    hosts: tuple[Advice, ...]
    notes: tuple[str, ...]
    """Addresses in use that the plan leaves out, and why."""


def propose(observation: Observation, scope: str = "") -> Proposal:
    """Return a plan that keeps as much of the present state as possible.

    :param scope: its name; default: the cluster's
    """
    name = scope or _scope(observation)
    others = _others(observation)
    theirs = IntervalSet(interval for _name, _kind, interval in others)
    hosts = _usable_hosts(observation)
    size = _block_size(hosts)
    advice = [_advice(observation, host, theirs, size) for host in hosts]
    kept = [item.range for item in advice if item.keeps and item.range]
    taken = _taken(observation) | theirs
    plan: dict[str, Any] = {"scope": name}
    notes: list[str] = []
    leased: list[Interval] = list(kept)
    if hosts and (fresh := _fresh(taken, size * len(hosts))):
        leased.append(fresh)
        plan["host_ranges"] = {
            "ranges": [_as_range(interval) for interval in leased],
            "size_per_host": size,
            "hosts": [item.host for item in advice],
        }
    elif hosts:
        notes.append(f"Ranges of the hosts: no free range for {len(hosts)} blocks of {size} addresses was found.")
    pool = _pool(observation, name, theirs | IntervalSet(leased) | _host_ranges(observation), notes)
    plan["pools"] = {POOL: {"ranges": [_as_range(interval) for interval in pool]}}
    if others:
        plan["other_allocators"] = [
            {"name": label, "kind": kind, "start": mac(start), "end": mac(end)} for label, kind, (start, end) in others
        ]
    parse_plan(plan)
    return Proposal(plan, tuple(advice), tuple(notes))


def _as_range(interval: Interval) -> dict[str, Any]:
    return {"start": mac(interval.start), "size": interval.size}


def _scope(observation: Observation) -> str:
    names = sorted(host_key(cluster.name) for cluster in observation.clusters.values())
    text = re.sub(r"[^A-Za-z0-9._-]", "-", names[0])[:64].lstrip("._-") if len(names) == 1 else ""
    return text or "default"


def _usable_hosts(observation: Observation) -> list[Host]:
    """Return the hosts that a plan can name, with Hyper-V."""
    found = {
        host_key(host.name): host
        for host in observation.hosts.values()
        if host.hyperv and host.name.strip() and host.name.strip().isprintable()
    }
    return [found[key] for key in sorted(found)]


def _others(observation: Observation) -> list[tuple[str, str, Interval]]:
    """Return the disjoint ranges of other allocators; a range that several of them use is one entry with all names."""
    claims: list[tuple[int, int, tuple[str, str]]] = [
        (*pool.interval, (pool.name or "mac-pool", "network_controller"))
        for controller in observation.controllers
        for pool in controller.pools
    ]
    claims += [
        (*interval, (f"{host.name} {name}".strip(), "containers"))
        for host in observation.hosts.values()
        for name, interval in host.container_pools
    ]
    claims = [item for item in claims if not is_multicast(item[0]) and item[0]]
    found: list[tuple[str, str, Interval]] = []
    seen: Counter[str] = Counter()
    for start, end, labels in overlaps(claims, least=1):
        name = plain(listed(sorted({label for label, _kind in labels}), 3), 120).strip() or "others"
        seen[name] += 1
        kinds = {kind for _label, kind in labels}
        kind = kinds.pop() if len(kinds) == 1 else "other"
        found.append((name if seen[name] == 1 else f"{name} ({seen[name]})", kind, Interval(start, end)))
    return _with_unique_names(found)


def _with_unique_names(found: list[tuple[str, str, Interval]]) -> list[tuple[str, str, Interval]]:
    if len({name for name, _kind, _interval in found}) == len(found):
        return found
    return [(f"{name} #{number}", kind, interval) for number, (name, kind, interval) in enumerate(found, 1)]


def _block_size(hosts: Sequence[Host]) -> int:
    """Return the most frequent size of ranges; of several such sizes the smallest."""
    sizes = Counter(host.range.size for host in hosts if host.range)
    return min(sizes, key=lambda size: (-sizes[size], size)) if sizes else _DEFAULT_SIZE


def _advice(observation: Observation, host: Host, theirs: IntervalSet, size: int) -> Advice:
    name = host.name.strip()
    own = host.range
    if own is None:
        return Advice(name, None, keeps=False, words="its range is not known; it gets a block of the new range.")
    sharing = [
        other.name
        for other in observation.hosts.values()
        if other is not host and other.range and other.range.start <= own.end and own.start <= other.range.end
    ]
    defaults = [
        other.name
        for other in observation.hosts.values()
        if other is not host and any(_meets(own, address) for address in other.ipv4)
    ]
    if sharing:
        reason = f"its range {own} overlaps with that of {host_list(sharing)}"
    elif any(theirs.overlapping(*own)):
        reason = f"its range {own} contains addresses of another allocator"
    elif own.size != size:
        reason = f"its range {own} has {own.size} addresses, but all blocks of a plan have one size ({size})"
    elif defaults:
        reason = f"its range {own} overlaps the default range of Hyper-V on {host_list(defaults)}"
    elif foreign := list(_foreign(observation, host, own)):
        words = listed([f"{mac(item.value or 0)} {item.words}" for item in foreign], 3)
        reason = f"other adapters than its own dynamic ones use addresses of its range {own}: {words}"
    else:
        return Advice(name, own, keeps=True, words=f"keeps its range {own}.")
    return Advice(
        name,
        own,
        keeps=False,
        words=f"gets a block of the new range: {reason}. Pin its dynamic adapters first (role "
        "macpool.hyperv.mac_adapters with pin), then apply the range. Until then nothing changes.",
    )


def _meets(own: Interval, address: str) -> bool:
    """Tell whether a range shares an address with the one that Hyper-V derives from an IPv4 address."""
    made = default_range(address)
    return made is not None and made.start <= own.end and own.start <= made.end


def _foreign(observation: Observation, host: Host, own: Interval) -> Iterator[Carrier]:
    for carrier in _all_carriers(observation):
        if carrier.value is None or not own.start <= carrier.value <= own.end:
            continue
        at_home = carrier.host.key == host.key
        if not (at_home and (carrier.dynamic is True or carrier.kind == "host")):
            yield carrier


def _all_carriers(observation: Observation) -> Iterator[Carrier]:
    for vm in observation.sightings:
        yield from vm.carriers
    yield from observation.host_carriers


def _host_ranges(observation: Observation) -> IntervalSet:
    return IntervalSet(host.range for host in observation.hosts.values() if host.range)


def _taken(observation: Observation) -> IntervalSet:
    """Return all addresses that are in use or that a host could hand out."""
    defaults = (default_range(address) for host in observation.hosts.values() for address in host.ipv4)
    carried = (Interval(item.value, item.value) for item in _all_carriers(observation) if item.value)
    return IntervalSet([*_host_ranges(observation), *filter(None, defaults), *carried])


def _fresh(taken: IntervalSet, wanted: int) -> Interval | None:
    """Return a free range with Hyper-V's own prefix, from 00-15-5D-E0-00-00 on."""
    size = max(wanted, _SMALLEST_BLOCK)
    first = HYPERV_RANGE.start | 0xE00000
    for start in (*range(first, HYPERV_RANGE.end + 1, _STEP), *range(HYPERV_RANGE.start, first, _STEP)):
        end = start + size - 1
        if end <= HYPERV_RANGE.end and not any(taken.overlapping(start, end)):
            return Interval(start, end)
    return None


def _pool(observation: Observation, scope: str, avoid: IntervalSet, notes: list[str]) -> list[Interval]:
    """Return the ranges of the pool: blocks around the static addresses of today, or a new range if none exist."""
    by_prefix: dict[int, set[int]] = defaultdict(set)
    left_out: Counter[str] = Counter()
    for vm in observation.vms:
        for adapter in vm.adapters:
            address = adapter.value
            if not address or adapter.dynamic is not False or is_multicast(address) or address in avoid:
                continue
            if reason := _unfit(address):
                left_out[f"{mac(address)[:8]}: {reason}"] += 1
            else:
                by_prefix[address >> 24].add(address)
    notes += [
        f"{prefix} ({count} in use; they can be adopted as they are)" for prefix, count in sorted(left_out.items())
    ]
    blocks = [_block(addresses) for _prefix, addresses in sorted(by_prefix.items())]
    if blocks:
        return list(IntervalSet(blocks) - avoid)
    # Derived from the scope's name, so that two sites rarely propose the same range.
    at = int.from_bytes(hashlib.sha256(scope.encode()).digest()[:2], "big")
    while True:
        start = 0x220000000000 | (at & 0xFFFF) << 24
        if free := list(IntervalSet([(start, start + _STEP - 1)]) - avoid):
            return free
        at += 1


def _unfit(address: int) -> str:
    if address in IntervalSet([HYPERV_RANGE]):
        return "the prefix of Hyper-V, from which any host may hand out addresses"
    if address in NLB_RANGES:
        return "an address range of Windows NLB"
    if not is_administrators_own(address):
        return "registered to a vendor, or outside the administrator's quadrant (x2)"
    return ""


def _block(addresses: set[int]) -> Interval:
    """Return the smallest aligned block around addresses of one prefix with room for more."""
    low, high = min(addresses), max(addresses)
    bits = _SMALLEST_BLOCK.bit_length() - 1
    while low >> bits != high >> bits or (bits < 24 and 1 << bits < _ROOM * len(addresses)):
        bits += 1
    return Interval(low >> bits << bits, (low >> bits << bits) + (1 << bits) - 1)
