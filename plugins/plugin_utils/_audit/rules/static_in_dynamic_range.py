# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule static-in-dynamic-range."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import host_list, mac
from ..registry import Finding, rule
from ..situation import LIVE_STATES, Situation
from ._shared import about


@rule(
    id="static-in-dynamic-range",
    severity="high",
    title="A static address inside a dynamic range",
    explanation="""A static address is in a range from which a host hands out dynamic addresses. If that is not the
    host that runs the VM, it does not know the address and will hand it out. The VM's own host avoids it only as long
    as the VM stays there. If the ledger has a claim on it, the address was pinned, and this remains until the host
    gets a new block. Microsoft recommends keeping static addresses outside dynamic ranges (fact 17).""",
    remedy="""Give the adapter an address from a pool (macpool.hyperv.vm_network_adapter with pool), or give the host
    another range: lease it a new block (macpool.hyperv.host_range_lease, macpool.hyperv.host_range) when no dynamic
    adapter needs the old one any more.""",
)
def static_in_dynamic_range(situation: Situation) -> Iterator[Finding]:
    """Yield the static adapters inside any host's range."""
    for adapter in situation.adapters:
        address = adapter.address
        if adapter.dynamic is not False or not address:
            continue
        covering = situation.hosts_with(address)
        others = [host.name for host in covering if host is not adapter.host]
        subject = f"Static address {mac(address)} of {adapter.words}"
        if others:
            yield about(
                adapter,
                f"{subject} is in the dynamic range of {host_list(others)}, which does not know that the address is in use.",
                hosts=others,
            )
        elif covering:
            claim = situation.promises.get(address)
            pinned = claim is not None and claim.state in LIVE_STATES and situation.is_promised_to(claim, adapter)
            yield about(
                adapter,
                f"{subject} is in the dynamic range of its own host"
                + ("; the ledger has a claim on it." if pinned else ", which is safe only while the VM stays there."),
                severity="info" if pinned else "medium",
            )
