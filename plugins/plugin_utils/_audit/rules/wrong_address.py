# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule wrong-address."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import mac, quoted, sentence
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import about


@rule(
    id="wrong-address",
    severity="high",
    title="An adapter does not use the address that was promised to it",
    explanation="""The ledger has an applied claim for this adapter, but the adapter uses another address: it was
    changed by hand, a checkpoint was applied, or the VM was restored from an older copy. Systems that rely on the
    promised address (DHCP, firewall, the Network Controller) no longer find this VM.""",
    remedy="""Set the promised address again while the VM is off: run the play that manages the adapter (role
    mac_adapters, macpool.hyperv.vm_network_adapter). If the new address is correct, release the claim and claim that
    address.""",
)
def wrong_address(situation: Situation) -> Iterator[Finding]:
    """Yield the adapters of applied claims that have another address."""
    for claim in situation.claims:
        if claim.state != "applied":
            continue
        adapter = situation.adapter_of(claim)
        if adapter is None or adapter.text is None or adapter.value == claim.address:
            continue
        carried = mac(adapter.value) if adapter.value is not None else quoted(adapter.text)
        yield about(
            adapter,
            f"{sentence(adapter.words)} has {carried}, but {mac(claim.address)} is promised to it as"
            f" {quoted(claim.label)}.",
            addresses=(claim.address,),
            subjects=(claim.owner,),
        )
