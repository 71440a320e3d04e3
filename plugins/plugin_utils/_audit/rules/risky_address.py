# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule risky-address."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ....module_utils._mac import is_local, is_multicast
from ..._observation.model import Carrier
from ..._observation.words import adapter_words
from ..._plan.model import HYPERV_LAND, NLB_LAND
from ..._text import mac, plain
from ..registry import Finding, rule
from ..situation import Situation
from ._adapters import about


@rule(
    id="risky-address",
    severity="low",
    title="An address on somebody else's land",
    explanation="""Somebody who does not know of this VM may make the same address: Windows network load balancing makes
    02-BF and 02-01 to 02-20 (fact 110); any unmanaged or nested Hyper-V host and any container network makes 00-15-5D
    addresses (facts 11, 108, 109), so a static one outside all known ranges and leases is at risk; an address with
    another vendor's prefix may be burnt into a card of that vendor.""",
    remedy="""Give the adapter an address of a pool on land of your own, whose second digit is 2, such as 22-1D-D8
    (macpool.hyperv.vm_network_adapter with pool). Where the address is meant, add a waiver to macpool_plan.waivers.""",
)
def risky_address(situation: Situation) -> Iterator[Finding]:
    """Yield the adapters whose address somebody else may make."""
    for _vm, adapter in situation.adapters:
        if adapter.address and (risk := _risk(situation, adapter, adapter.address)):
            severity, words = risk
            yield about(adapter, f"{mac(adapter.address)} of {adapter_words(adapter)} {words}.", severity=severity)


def _risk(situation: Situation, adapter: Carrier, address: int) -> tuple[str, str] | None:
    if is_multicast(address):
        return None
    if is_local(address):
        return ("medium", "is land of Windows network load balancing") if address in NLB_LAND else None
    if HYPERV_LAND.start <= address <= HYPERV_LAND.end:
        if adapter.dynamic is False and not situation.hosts_with(address) and address not in situation.leased:
            return "low", "is a static 00-15-5D address outside every known host range and lease"
        return None
    words = _foreign(address >> 24)
    return ("low", words) if words else None


@cache
def _foreign(oui: int) -> str | None:
    """Say to whom a prefix is registered; None for nobody and for Microsoft, whose own products make addresses."""
    # Loading the registry takes longer than all else here, and most clusters never ask.
    try:
        import netaddr
    except ImportError:
        return "has a prefix that may be registered to somebody: install the Python package netaddr to know"
    try:
        vendor = str(netaddr.OUI(oui).registration().org)
    except netaddr.NotRegisteredError:
        return None
    return None if vendor.casefold().startswith("microsoft") else f"has a prefix that is registered to {plain(vendor)}"
