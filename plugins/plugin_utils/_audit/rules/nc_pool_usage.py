# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule nc-pool-usage."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import quoted
from ..registry import Finding, rule
from ..situation import Situation
from ..usage import nc_usage


@rule(
    id="nc-pool-usage",
    severity="medium",
    title="A pool of the Network Controller is nearly full",
    explanation="""The Network Controller gives addresses of its pools to dynamic interfaces and to the provider
    addresses of hosts (facts 58, 66). An address that was given once does not come back (fact 59): the number that
    the controller counts as allocated is higher than the number of interfaces, and only grows. When its last pool is
    full, dynamic interfaces get no address and hosts get no provider address, so a full pool is high. The threshold
    is 80 percent.""",
    remedy="""A pool cannot be extended. Add a second pool with a range of its own (macpool.hyperv.nc_mac_pool) and
    declare it in macpool_plan.other_allocators. Static interfaces with addresses from a pool of the plan
    (macpool.hyperv.nc_network_interface with an address of the ledger) do not use up the controller's pools.""",
)
def nc_pool_usage(situation: Situation) -> Iterator[Finding]:
    """Yield the pools at or above the threshold."""
    for pool, item in nc_usage(situation):
        if not item.nearly_full:
            continue
        shown = situation.sdn.addresses_in(pool.interval)
        yield Finding(
            f"The Network Controller's pool {quoted(item.name)} ({pool.interval}) is {item.percent:g} % used: {item.used} of"
            f" {item.size} addresses were given out, {shown} of them to interfaces that still exist.",
            addresses=pool.interval,
            severity="high" if item.free == 0 else None,
            subjects=(item.name, pool.name),
        )
