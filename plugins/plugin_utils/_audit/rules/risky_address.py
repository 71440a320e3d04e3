# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule risky-address."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ....module_utils._mac import is_local, is_multicast
from ..._observation.model import Carrier
from ..._plan.model import HYPERV_RANGE, NLB_RANGES
from ..._text import mac, plain
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import about


@rule(
    id="risky-address",
    severity="low",
    title="An address that another product may use",
    explanation="""A product that does not know this VM may use the same address. Windows Network Load Balancing
    generates 02-BF and 02-01 to 02-20 (fact 110). Any unmanaged or nested Hyper-V host and any container network
    generates 00-15-5D addresses (facts 11, 108, 109), so a static one outside all known ranges and leases is at risk.
    An address with the prefix of another vendor may be the permanent address of one of its network cards.""",
    remedy="""Give the adapter an address from a pool of your own whose second digit is 2, such as 22-1D-D8
    (macpool.hyperv.vm_network_adapter with pool). If the address is intended, add a waiver to macpool_plan.waivers.""",
)
def risky_address(situation: Situation) -> Iterator[Finding]:
    """Yield the adapters whose address another product may use."""
    for adapter in situation.adapters:
        if adapter.address and (risk := _risk(situation, adapter, adapter.address)):
            severity, words = risk
            yield about(adapter, f"{mac(adapter.address)} of {adapter.words} {words}.", severity=severity)


def _risk(situation: Situation, adapter: Carrier, address: int) -> tuple[str, str] | None:
    if is_multicast(address):
        return None
    if is_local(address):
        return ("medium", "is an address of Windows Network Load Balancing") if address in NLB_RANGES else None
    if HYPERV_RANGE.start <= address <= HYPERV_RANGE.end:
        if adapter.dynamic is False and not situation.hosts_with(address) and address not in situation.leased:
            return "low", "is a static 00-15-5D address outside every known host range and lease"
        return None
    words = _foreign(address >> 24)
    return ("low", words) if words else None


@cache
def _foreign(oui: int) -> str | None:
    """Tell to whom a prefix is registered; None if to no vendor, or to Microsoft, whose own products use it."""
    # Loading the registry takes longer than everything else here, and most clusters never need it.
    try:
        import netaddr
    except ImportError:
        return "has a prefix that may be registered to a vendor (install the Python package netaddr to check it)"
    try:
        vendor = str(netaddr.OUI(oui).registration().org)
    except netaddr.NotRegisteredError:
        return None
    return None if vendor.casefold().startswith("microsoft") else f"has a prefix that is registered to {plain(vendor)}"
