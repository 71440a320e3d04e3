# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of addresses leased to hosts, for Hyper-V's own dynamic addresses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import Interval
from .._names import HostIndex, host_key
from .._plan.model import HOST_POOL_PREFIX, HostRanges, Plan, Pool, host_pool
from .._text import quoted
from .absence import check_observations
from .blocks import Blocks
from .errors import NoLease
from .journal import keep_lease
from .model import Job, Lease, LeaseOutcome
from .plans import accept
from .sqlite.session import Session


def lease(session: Session, plan: Plan, hosts: Sequence[str] | None, job: Job) -> list[LeaseOutcome]:
    """Give each host its block: the one it has, or the first that it may have.

    :param hosts: of the plan's hosts; None: all of them
    :raises PoolFull: when no block is left for one of them
    """
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
            raise MacPoolError(
                f"host {quoted(host)}",
                "a host of host_ranges.hosts in the plan",
                f"a plan that has: {', '.join(ranges.hosts) or 'none'}",
                "Add the host to the plan: leases follow the plan, never the inventory of one run.",
            )
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
    from .leases import active_lease

    host = name.removeprefix(HOST_POOL_PREFIX)
    lease = active_lease(leases, host)
    if lease is None:
        raise NoLease(
            f'pool "{name}"', f"a lease of host {quoted(host)}", "none", "Lease it a block first: host_range_lease."
        )
    if lease.dynamic_end == lease.end:
        raise NoLease(
            f'pool "{name}"',
            f"a static part in the block of host {quoted(host)}",
            f"{Interval(lease.start, lease.end)}, all of it dynamic",
            "Set static_per_host in the plan; it counts for blocks leased from then on.",
        )
    return host_pool(lease.host, Interval(lease.dynamic_end + 1, lease.end))


def remark(lease: Lease, ranges: HostRanges) -> str:
    """Return what a reader should know of a block that a host keeps although the plan has changed."""
    remarks = []
    if lease.end - lease.start + 1 != ranges.size_per_host:
        remarks.append(
            f"keeps its block of {lease.end - lease.start + 1} addresses; the plan now says {ranges.size_per_host}"
        )
    elif lease.end - lease.dynamic_end != ranges.static_per_host:
        remarks.append(
            f"keeps {lease.end - lease.dynamic_end} static addresses; the plan now says {ranges.static_per_host}"
        )
    if lease.start not in ranges.ranges or lease.end not in ranges.ranges:
        remarks.append("its block lies outside of the plan's host_ranges")
    return "; ".join(remarks)
