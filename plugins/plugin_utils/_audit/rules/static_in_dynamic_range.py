# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule static-in-dynamic-range."""

from __future__ import annotations

from collections.abc import Iterator

from ..._observation.words import adapter_words
from ..._text import host_list, mac
from ..registry import Finding, rule
from ..situation import LIVE_STATES, Situation
from ._adapters import about


@rule(
    id="static-in-dynamic-range",
    severity="high",
    title="A static address inside a dynamic range",
    explanation="""A static address lies where a host hands out dynamic ones. Another host than the one that runs the VM
    does not know it and will hand it out. The VM's own host avoids it only as long as the VM stays there. Where the
    ledger holds the claim the address was pinned, and it stays like this until the host gets a fresh block. Microsoft's
    advice is to keep static addresses outside dynamic ranges (fact 17).""",
    remedy="""Give the adapter an address of a pool (macpool.hyperv.vm_network_adapter with pool), or let the host's range
    move away: lease it a fresh block (macpool.hyperv.host_range_lease, macpool.hyperv.host_range) once no dynamic
    adapter needs the old one.""",
)
def static_in_dynamic_range(situation: Situation) -> Iterator[Finding]:
    """Yield the static adapters inside any host's range."""
    for vm, adapter in situation.adapters:
        address = adapter.address
        if adapter.dynamic is not False or not address:
            continue
        covering = situation.hosts_with(address)
        others = [host.name for host in covering if host is not vm.host]
        subject = f"Static address {mac(address)} of {adapter_words(adapter)}"
        if others:
            yield about(
                adapter,
                f"{subject} lies in the dynamic range of {host_list(others)}, which does not know that it is taken.",
                hosts=others,
            )
        elif covering:
            claim = situation.promises.get(address)
            pinned = claim is not None and claim.state in LIVE_STATES and situation.is_promised_to(claim, adapter)
            yield about(
                adapter,
                f"{subject} lies in its own host's dynamic range"
                + ("; the ledger holds the claim." if pinned else ", which is safe only while the VM stays there."),
                severity="info" if pinned else "medium",
            )
