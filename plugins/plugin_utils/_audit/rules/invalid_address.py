# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule invalid-address."""

from __future__ import annotations

from collections.abc import Iterator

from ....module_utils._mac import MAX_ADDRESS, is_multicast
from ..._observation.model import Carrier
from ..._text import mac, quoted, sentence
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import about


@rule(
    id="invalid-address",
    severity="high",
    title="An address that no adapter can use",
    explanation="""The address is a multicast or broadcast address (its first octet is odd), a static address of
    zeros, or text that is not an address. Hyper-V does not start or modify such an adapter and reports only "Failed
    to modify device" or "Attempt to access invalid address" (facts 38, 39, 42).""",
    remedy="""Give the adapter a valid address while its VM is off: macpool.hyperv.vm_network_adapter with pool, or
    with mac_address and an even first octet.""",
)
def invalid_address(situation: Situation) -> Iterator[Finding]:
    """Yield the adapters with an address that cannot work."""
    for adapter in situation.adapters:
        if fault := _fault(adapter):
            yield about(adapter, f"{sentence(adapter.words)} has {fault}.")


def _fault(adapter: Carrier) -> str | None:
    if adapter.text is None:
        return None
    if adapter.value is None:
        return f"{quoted(adapter.text)}, which is not a MAC address"
    if adapter.value == MAX_ADDRESS:
        return f"{mac(adapter.value)}, the broadcast address"
    if is_multicast(adapter.value):
        return f"{mac(adapter.value)}, a multicast address (its first octet is odd)"
    if adapter.value == 0 and adapter.dynamic is False:
        return "00-00-00-00-00-00 as its static address"
    return None
