# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule default-range."""

from __future__ import annotations

from collections.abc import Iterator

from ....module_utils._mac import Interval
from ..._plan.model import HYPERV_RANGE, default_range
from ..._text import host_list, plain
from ..registry import Finding, rule
from ..situation import Situation


@rule(
    id="default-range",
    severity="low",
    title="A host still has the default range of Hyper-V",
    explanation="""When the role is enabled, Hyper-V derives a range of 256 addresses from one of the host's IPv4
    addresses: 00-15-5D, the last two octets of the IPv4 address, and 00 to FF (fact 11). This range is small, a host
    at another site with the same last octets has the same range, and an image that is created afterwards copies the
    range to every host (fact 23). If several hosts have the same default range, they were probably installed from one
    image.""",
    remedy="""Lease the host a block: set macpool_plan.host_ranges, then run ansible-playbook macpool.hyperv.apply
    (role mac_ranges). Before you create an image, clear the values (macpool.hyperv.host_range with state absent).""",
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
                f"{host_list(names)} share {interval}, a default range of Hyper-V: they were probably installed from"
                " one image.",
                addresses=interval,
                hosts=names,
                severity="medium",
            )
        elif derived:
            yield Finding(
                f"{host_list(names)} has {interval}, which Hyper-V derived from its address {plain(derived[0])}.",
                addresses=interval,
                hosts=names,
            )


def _has_default_shape(interval: Interval) -> bool:
    return (
        HYPERV_RANGE.start <= interval.start <= HYPERV_RANGE.end
        and interval.start & 0xFF == 0
        and interval.end == interval.start | 0xFF
    )


def _derives(ipv4: str, interval: Interval) -> bool:
    return default_range(ipv4) == interval
