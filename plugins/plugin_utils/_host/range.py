# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which range of dynamic addresses a host gets. Pure: wanted and observed go in, an operation comes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import Interval, IntervalSet, format_mac, parse_mac
from .._ledger.leases import active_lease
from .._ledger.model import Lease
from .._names import find_host, host_key, same_host
from .._observation.model import Adapter, Carrier
from .._observation.stranded import stranded
from .._plan.model import Plan
from .._text import host_list, quoted
from .observed import ObservedHost


@dataclass(frozen=True)
class RangeDecision:
    """What becomes of a host's range."""

    before: Interval | None
    after: Interval | None
    operation: dict[str, Any] | None
    stranded: tuple[str, ...]
    """The adapters that the change would strand, in words."""
    unread: str = ""
    """Why there may be more of them; empty when all adapters were read."""


def decide_range(host: ObservedHost, wanted: Interval | None, method: str) -> RangeDecision:
    """Return how a host gets its range.

    :param wanted: the range; None to clear the values, so that Hyper-V makes its own at its next start (fact 8)
    :param method: ``auto``, ``cmdlet`` or ``registry``
    """
    before = host.range
    if before == wanted:
        return RangeDecision(before, wanted, None, ())
    carriers = [*host.adapters, *host.own_carriers]
    words = tuple(_words(carrier) for carrier in stranded(carriers, before, wanted))
    name = "set_host_range" if wanted else "clear_host_range"
    operation: dict[str, Any] = {"op": name, "id": name, "expect": range_as_result(before)}
    if wanted:
        operation |= {"method": method, **(range_as_result(wanted) or {})}
    return RangeDecision(before, wanted, operation, words, _unread(host))


def _words(carrier: Carrier) -> str:
    name = carrier.label if isinstance(carrier, Adapter) else f"host adapter {quoted(carrier.name)}"
    return f"{name} ({carrier.text})"


def _unread(host: ObservedHost) -> str:
    parts = [f"{part} not read" for part in ("vms", "host_adapters") if part not in host.host.gathered]
    odd = [f"{adapter.label} shows {adapter.unreadable}" for adapter in host.adapters if adapter.unreadable]
    return "; ".join([*parts, *host.warnings, *odd])


def check_stranded(host: str, decision: RangeDecision) -> None:
    """Refuse a change that would strand adapters, or of which it is not known whether it would.

    :raises MacPoolError: naming each of them, or what could not be read
    """
    if decision.unread:
        raise MacPoolError(
            f"host {quoted(host)}",
            "all its adapters, to tell which would get another address at their next start",
            f"that they cannot all be read: {decision.unread}",
            "Fix this first, or set stranded: allow.",
            problem=f"Cannot read all adapters of host {quoted(host)}, so it is not known which of them would get another"
            f" address at their next start: {decision.unread}",
        )
    if decision.stranded:
        listed = "".join(f"\n  {adapter}" for adapter in decision.stranded)
        change = f"the range {decision.after}" if decision.after else "having no range of its own"
        raise MacPoolError(
            f"host {quoted(host)}",
            f"the range {decision.after}" if decision.after else "no range of its own",
            f"{len(decision.stranded)} adapters that would get another address at their next start:{listed}\n",
            "Give them static addresses first (macpool.hyperv.vm_network_adapter with pin or pool), or set stranded: allow"
            " (with the role mac_ranges or the playbook apply: mac_ranges_stranded).",
            problem=f"host {quoted(host)}: {change} would give these {len(decision.stranded)} adapters another"
            f" address at their next start:{listed}\n",
        )


def range_as_result(interval: Interval | None) -> dict[str, str] | None:
    """Return a range as results and operations have it."""
    return {"start": format_mac(interval.start), "end": format_mac(interval.end)} if interval else None


def range_after(result: Mapping[str, Any]) -> Interval | None:
    """Return the range that the read-back of a range operation shows."""
    after = result.get("after")
    return Interval(parse_mac(after["start"]), parse_mac(after["end"])) if after else None


def leased_range(host: str, leases: Iterable[Lease]) -> Interval:
    """Return the range that a host's own lease gives it.

    :raises MacPoolError: when the host has no active lease
    """
    leases = list(leases)
    if lease := active_lease(leases, host):
        return lease.dynamic_part
    leased = host_list(lease.host for lease in leases if lease.state == "active") or "no host"
    remedy = "Add the host to macpool_plan.host_ranges.hosts and run macpool.hyperv.host_range_lease first."
    wanted = "an active lease in the ledger, or start and end"
    raise MacPoolError(f"host {quoted(host)}", wanted, f"leases of {leased}", remedy)


def check_is_host(host: str, observed: ObservedHost, leases: Iterable[Lease]) -> None:
    """Refuse a machine that the ledger knows under another host's name: two machines would get one range.

    :raises MacPoolError: naming both
    """
    active = [host_key(lease.host) for lease in leases if lease.state == "active"]
    leased_to = find_host(observed.name, active)
    if leased_to is not None and leased_to != find_host(host, active):
        raise MacPoolError(
            f"host {quoted(host)}",
            "an answer from that host",
            f"one from {quoted(observed.name)}, which has a lease of its own",
            "Fix ansible_host in the inventory, or name the host as in the plan with the option host.",
        )


def check_range(host: str, wanted: Interval, plan: Plan | None, leases: Sequence[Lease]) -> None:
    """Refuse a range in which another host, a pool or another allocator hands out addresses.

    :raises MacPoolError: naming the first one
    """
    for owner, interval in _taken(host, plan, leases):
        if wanted.start <= interval.end and interval.start <= wanted.end:
            raise MacPoolError(
                f"host {quoted(host)}",
                f"the range {wanted}",
                f"that {owner} has {interval}",
                "Leave start and end out to use the host's own lease, or choose a range that is free.",
            )


def _taken(host: str, plan: Plan | None, leases: Sequence[Lease]) -> Iterator[tuple[str, Interval]]:
    for lease in leases:
        if not same_host(host, lease.host):
            yield f"the lease of host {quoted(lease.host)}", Interval(lease.start, lease.end)
        elif lease.dynamic_end < lease.end:
            yield f"pool {quoted('host/' + lease.host)}", Interval(lease.dynamic_end + 1, lease.end)
    if plan is None:
        return
    for pool in plan.pools.values():
        yield from ((f"pool {quoted(pool.name)}", interval) for interval in pool.ranges)
    for other in plan.other_allocators:
        yield f"other allocator {quoted(other.name)}", other.interval
    if plan.host_ranges:
        leased = IntervalSet((lease.start, lease.end) for lease in leases)
        yield from (("host_ranges of the plan, for leases to come,", free) for free in plan.host_ranges.ranges - leased)
