# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule range-usage."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import host_list, quoted
from ..registry import Finding, rule
from ..situation import Situation
from ..usage import usage


@rule(
    id="range-usage",
    severity="medium",
    title="A range is nearly full",
    explanation="""When a host's dynamic range is used up, VMs no longer start: "Attempt to access invalid address"
    (fact 16). When a pool is used up, allocations fail. In a host's range, all addresses that are in use count as
    used, wherever their VMs run: departed and static addresses also take space. In a pool, every address counts that
    cannot be handed out now: claimed, held, in quarantine or in use. The threshold is warn_at of the plan, or 80
    percent without a plan. A pool without a free address is always reported.""",
    remedy="""For a host range: pin its VMs (role macpool.hyperv.mac_adapters with pin) and lease the host a larger
    block (macpool_plan.host_ranges.size_per_host). For a pool: add a range to macpool_plan.pools, or shorten
    reuse_after if most addresses are in quarantine.""",
)
def range_usage(situation: Situation) -> Iterator[Finding]:
    """Yield the ranges and pools at or above their threshold."""
    for item in usage(situation):
        if item.kind == "nc_pool" or not item.nearly_full:
            continue
        what = (
            f"The dynamic range of {host_list(item.hosts)}"
            if item.kind == "host_range"
            else f"Pool {quoted(item.name)}"
        )
        counts = {"claimed": item.claimed, "in quarantine": item.quarantined, "in use": item.carried}
        parts = [f"{count} {words}" for words, count in counts.items() if count]
        detail = f" ({', '.join(parts)})" if item.kind == "pool" and parts else ""
        where = f" ({item.extent})" if item.size else ""
        yield Finding(
            f"{what}{where} is {item.percent:g} % used: {item.used} of {item.size} addresses{detail}.",
            addresses=item.extent if item.size else (),
            hosts=item.hosts,
            severity="high" if item.free == 0 else None,
            subjects=(item.name,),
        )
