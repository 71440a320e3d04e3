# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do with a host's range of dynamic addresses. Pure: wanted and observed go in, an operation comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import Interval, IntervalSet, format_mac, is_mac, parse_mac
from .._ledger.model import Lease
from .._names import find_host
from .._observation.model import NEVER_STARTED
from .._plan.model import Plan
from .adapters import Document, adapters_of


@dataclass(frozen=True)
class RangeDecision:
    """What becomes of a host's range."""

    before: Interval | None
    after: Interval | None
    operation: dict[str, Any] | None
    stranded: tuple[str, ...]
    """The adapters that the change would strand: their address changes at the next start (fact 18)."""
    unread: str = ""
    """Why there may be more of them; empty when all adapters were read."""


def observed_range(observation: Document) -> Interval | None:
    """Return a host's range, or None when it has none.

    :raises MacPoolError: when the range could not be read
    """
    if "mac_range" not in observation:
        warnings = "; ".join(observation.get("warnings") or ()) or "no reason given"
        raise MacPoolError(
            f'host "{observation["host"]["name"]}"',
            "its range of dynamic addresses",
            f"that it cannot be read: {warnings}",
            "Fix that first, then run again.",
        )
    found = observation["mac_range"]
    return Interval(parse_mac(found["start"]), parse_mac(found["end"])) if found else None


def stranded_by(observation: Document, before: Interval | None, after: Interval | None) -> list[str]:
    """Return, as words, who would lose the address by a change of the range (facts 18 and 21).

    These are dynamic adapters of VMs, and host adapters (which have no dynamic flag), with an address inside the range
    now and outside it afterwards. ``after`` None stands for a range that nobody knows yet: then each of them counts.
    """

    def leaves(mac: str) -> bool:
        if not is_mac(mac) or mac == NEVER_STARTED:
            return False
        address = parse_mac(mac)
        was_in = before is None or before.start <= address <= before.end
        return was_in and not (after and after.start <= address <= after.end)

    vms = [
        f"{adapter.label} ({adapter.mac})"
        for adapter in adapters_of(observation)
        if adapter.dynamic and leaves(adapter.mac)
    ]
    # A host adapter may carry the physical card's address (fact 111): only an address of the old range came from it.
    hosts = [
        f'host adapter "{adapter["name"]}" ({adapter["mac"]})'
        for adapter in observation.get("host_adapters") or ()
        if before and leaves(adapter["mac"])
    ]
    return vms + hosts


def decide_range(observation: Document, wanted: Interval | None, method: str) -> RangeDecision:
    """Return how a host gets its range.

    :param wanted: the range; None to clear the values, so that Hyper-V makes its own at its next start (fact 8)
    :param method: ``auto``, ``cmdlet`` or ``registry``
    """
    before = observed_range(observation)
    expect = _as_spec(before)
    if before == wanted:
        return RangeDecision(before, wanted, None, ())
    stranded = tuple(stranded_by(observation, before, wanted))
    operation: dict[str, Any]
    if wanted is None:
        operation = {"op": "clear_host_range", "id": "clear_host_range", "expect": expect}
    else:
        spec = {"start": format_mac(wanted.start), "end": format_mac(wanted.end)}
        operation = {"op": "set_host_range", "id": "set_host_range", "method": method, "expect": expect, **spec}
    return RangeDecision(before, wanted, operation, stranded, _unread(observation))


def _unread(observation: Document) -> str:
    reasons = [f"{part} not read" for part in ("vms", "host_adapters") if observation.get(part) is None]
    return "; ".join([*reasons, *(observation.get("warnings") or ())])


def check_stranded(host: str, decision: RangeDecision) -> None:
    """Refuse a change that would strand adapters, or of which nobody knows whether it would.

    :raises MacPoolError: naming each of them, or what could not be read
    """
    if decision.unread:
        raise MacPoolError(
            f'host "{host}"',
            "all its adapters, to tell which would get another address at their next start",
            f"that they cannot all be read: {decision.unread}",
            "Fix that first, or say stranded: allow.",
        )
    if decision.stranded:
        listed = "".join(f"\n  {adapter}" for adapter in decision.stranded)
        raise MacPoolError(
            f'host "{host}"',
            f"the range {decision.after}" if decision.after else "no range of its own",
            f"{len(decision.stranded)} adapters that would get another address at their next start:{listed}\n",
            "Give them static addresses first (macpool.hyperv.vm_network_adapter with pin or pool),"
            " or say stranded: allow.",
        )


def range_as_result(interval: Interval | None) -> dict[str, str] | None:
    """Return a range for a task's result."""
    return _as_spec(interval)


def range_after(result: Document) -> Interval | None:
    """Return the range that the read-back of a range operation shows."""
    after = result.get("after")
    return Interval(parse_mac(after["start"]), parse_mac(after["end"])) if after else None


def _as_spec(interval: Interval | None) -> dict[str, str] | None:
    return {"start": format_mac(interval.start), "end": format_mac(interval.end)} if interval else None


def lease_of(host: str, leases: Iterable[Lease]) -> Lease:
    """Return the active lease of a host.

    :raises MacPoolError: when it has none
    """
    active = {lease.host: lease for lease in leases if lease.state == "active"}
    key = find_host(host, [name.lower() for name in active])
    for name, lease in active.items():
        if name.lower() == key:
            return lease
    raise MacPoolError(
        f'host "{host}"',
        "an active lease in the ledger, or start and end",
        "leases of " + (", ".join(sorted(active)) or "nobody"),
        "Add the host to macpool_plan.host_ranges.hosts and run macpool.hyperv.host_range_lease first.",
    )


def check_is_host(host: str, observation: Document, leases: Iterable[Lease]) -> None:
    """Refuse a machine that the ledger knows under another host's name: two machines would get one range.

    :raises MacPoolError: naming both
    """
    active = [lease.host.lower() for lease in leases if lease.state == "active"]
    answered = observation["host"]["name"]
    leased_to = find_host(answered, active)
    if leased_to is not None and leased_to != find_host(host, active):
        raise MacPoolError(
            f'host "{host}"',
            "an answer from that host",
            f'one from "{answered}", which has a lease of its own',
            "Fix ansible_host in the inventory, or name the host as in the plan with the option host.",
        )


def check_land(host: str, wanted: Interval, plan: Plan | None, leases: Iterable[Lease]) -> None:
    """Refuse a range that reaches into land from which somebody else, or a pool, hands out addresses.

    :raises MacPoolError: naming the first such land
    """
    leases = list(leases)
    claimed = []
    for lease in leases:
        if find_host(host, [lease.host.lower()]) is None:
            claimed.append((f'the lease of host "{lease.host}"', Interval(lease.start, lease.end)))
        elif lease.dynamic_end < lease.end:
            claimed.append((f'pool "host/{lease.host}"', Interval(lease.dynamic_end + 1, lease.end)))
    if plan:
        claimed += [(f'pool "{pool.name}"', interval) for pool in plan.pools.values() for interval in pool.ranges]
        claimed += [(f'other allocator "{other.name}"', other.interval) for other in plan.other_allocators]
        if plan.host_ranges:
            leased = IntervalSet((lease.start, lease.end) for lease in leases)
            claimed += [("land for leases to come", interval) for interval in plan.host_ranges.ranges - leased]
    for owner, interval in claimed:
        if wanted.start <= interval.end and interval.start <= wanted.end:
            raise MacPoolError(
                f'host "{host}"',
                f"the range {wanted}",
                f"that {owner} has {interval}",
                "Leave start and end out to use the host's own lease, or choose free land.",
            )
