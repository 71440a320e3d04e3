# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves that an address is not in use: complete observations of every host that could carry it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._names import HostIndex, host_key
from .._plan.model import Plan
from .._text import iso
from .errors import ObservationTooOld
from .model import KnownHost
from .sqlite.session import Session


def required_hosts(recorded: Sequence[KnownHost], planned: Iterable[str]) -> list[str]:
    """Return the names of all hosts without whose complete observation nothing is proven absent.

    Every host ever recorded (until it is forgotten), the plan's, and every cluster node that a observation names.
    """
    names: dict[str, str] = {}
    index: HostIndex[None] = HostIndex()
    mentioned = [host.host for host in recorded]
    mentioned += [node for host in recorded for node in host.cluster_nodes]
    for name in (*mentioned, *planned):
        if (key := index.key(name)) is None:
            key = host_key(name)
            index.put(name, None)
        names.setdefault(key, name)
    return list(names.values())


def unproven_hosts(
    recorded: Sequence[KnownHost], required: Iterable[str], not_before: int | None = None
) -> dict[str, str]:
    """Return the hosts that keep absence from being proven, with the reason of each.

    :param not_before: observations older than this count as too old
    """
    known = HostIndex((host.host, host) for host in recorded)
    reasons: dict[str, str] = {}
    required_by: dict[KnownHost, str] = {}
    for name in required:
        host = known.get(name)
        if host is not None:
            required_by.setdefault(host, name)
        if host is None or host.observed_at is None:
            reasons[name] = (host.why_incomplete if host else "") or "never observed"
        elif not host.complete:
            reasons[name] = f"incomplete: {host.why_incomplete or 'no reason given'}"
        elif not_before is not None and host.observed_at < not_before:
            reasons[name] = f"observed {iso(host.observed_at)}"
    for host in _other_owner_maps(recorded):
        if host in required_by:
            reasons.setdefault(
                required_by[host], "VMs moved, came or went between its reading and that of another host"
            )
    return reasons


def _other_owner_maps(hosts: Iterable[KnownHost]) -> Iterable[KnownHost]:
    """Return the hosts that saw their cluster's VMs elsewhere than the host that was read last.

    A VM that moves between two readings may be seen nowhere, however complete each of them is.
    """
    newest: dict[str, KnownHost] = {}
    read = [host for host in hosts if host.complete and host.owners]
    for host in sorted(read, key=lambda item: (item.observed_at or 0, item.host)):
        newest[host.cluster.lower()] = host
    return [host for host in read if host.owners != newest[host.cluster.lower()].owners]


def absence_proof(recorded: Sequence[KnownHost], plan: Plan) -> int | None:
    """Return since when complete observations of all required hosts show who is absent; None when some are missing."""
    required = required_hosts(recorded, plan.hosts)
    if not required or unproven_hosts(recorded, required):
        return None
    known = HostIndex((host.host, host) for host in recorded)
    times = [host.observed_at for name in required if (host := known.get(name)) is not None]
    return min(time for time in times if time is not None)


def check_observations(session: Session, plan: Plan, subject: str) -> None:
    """Refuse to hand out anything on an older or less complete observation than the plan asks for.

    :raises ObservationTooOld: naming the hosts
    """
    if plan.max_observation_age is None:
        return
    recorded: Sequence[KnownHost] = session.hosts()
    required = required_hosts(recorded, plan.hosts)
    reasons = unproven_hosts(recorded, required, session.clock - plan.max_observation_age * 1000)
    if required and not reasons:
        return
    found = "; ".join(f"{host}: {reason}" for host, reason in reasons.items()) or "no host was ever observed"
    wanted = f"complete observations of all hosts, at most {plan.max_observation_age} seconds old (max_observation_age)"
    remedy = (
        "Observe these hosts (ansible-playbook macpool.hyperv.observe), forget those that no longer exist "
        "(macpool.hyperv.ledger with forget_hosts), or change max_observation_age in the plan."
    )
    raise ObservationTooOld(subject, wanted, found, remedy)
