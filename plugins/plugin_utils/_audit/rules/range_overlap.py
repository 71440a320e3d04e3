# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule range-overlap."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import host_list
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import carried_by


@rule(
    id="range-overlap",
    severity="high",
    title="Hosts hand out the same addresses",
    explanation="""The dynamic ranges of several hosts share addresses. Each host hands out addresses in ascending
    order and knows only its own VMs (facts 12, 14), so two hosts with the same range collide from the first address
    on. The hosts were installed from an image that was created after the Hyper-V role was enabled, or their IPv4
    addresses had the same last two octets when the role was enabled (facts 11, 23).""",
    remedy="""Lease each host a block: list the hosts in macpool_plan.host_ranges, then run ansible-playbook
    macpool.hyperv.apply (role mac_ranges, tasks host_range_lease and host_range). It first lists the adapters that
    would get another address at their next start. Pin them before the range changes.""",
)
def range_overlap(situation: Situation) -> Iterator[Finding]:
    """Yield one finding for each section that the same hosts share."""
    for common, hosts in situation.stretches:
        if len(hosts) < 2:
            continue
        names = [host.name for host in hosts]
        carriers = situation.carriers_in(common)
        yield Finding(
            f"{host_list(names)} {'both' if len(names) == 2 else 'all'} hand out {common} ({common.size} addresses). {carried_by(carriers)}",
            addresses=common,
            hosts=names,
            carriers=carriers,
        )
