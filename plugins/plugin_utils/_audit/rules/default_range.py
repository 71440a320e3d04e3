# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule default-range."""

from __future__ import annotations

from collections.abc import Iterator

from ....module_utils._mac import Interval
from ..._plan.model import HYPERV_LAND, default_range
from ..._text import host_list, plain, span
from ..registry import Finding, rule
from ..situation import Situation


@rule(
    id="default-range",
    severity="low",
    title="A host still has the range that Hyper-V made up",
    explanation="""When the role is enabled, Hyper-V makes the range 00-15-5D, the last two octets of one of the host's
    IPv4 addresses, 00 to FF: 256 addresses (fact 11). Nobody chose it, it is small, another site's host with the same
    last octets has the same one, and an image made afterwards carries it to every copy (fact 23). Several hosts with one
    such range are the sign of an image.""",
    remedy="""Lease the host a block of its own: macpool_plan.host_ranges, then ansible-playbook macpool.hyperv.apply (role
    mac_ranges). Before an image is made, clear the values (macpool.hyperv.host_range with state absent).""",
)
def default_range_kept(situation: Situation) -> Iterator[Finding]:
    """Yield each default range with the hosts that have it."""
    for interval, hosts in situation.ranges:
        if not _has_default_shape(interval):
            continue
        names = [host.name for host in hosts]
        derived = [address for host in hosts for address in host.ipv4 if _derives(address, interval)]
        if len(hosts) > 1:
            yield Finding(
                f"{host_list(names)} share {span(interval)}, a range as Hyper-V makes it up: they come from one image.",
                addresses=interval,
                hosts=names,
                severity="medium",
            )
        elif derived:
            yield Finding(
                f"{host_list(names)} has {span(interval)}, which Hyper-V made up from its address {plain(derived[0])}.",
                addresses=interval,
                hosts=names,
            )


def _has_default_shape(interval: Interval) -> bool:
    return (
        HYPERV_LAND.start <= interval.start <= HYPERV_LAND.end
        and interval.start & 0xFF == 0
        and interval.end == interval.start | 0xFF
    )


def _derives(ipv4: str, interval: Interval) -> bool:
    return default_range(ipv4) == interval
