# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule promise-not-carried."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import listed, mac, quoted
from ..registry import Finding, rule
from ..situation import Situation
from ._absence import INCOMPLETE, spoofing_doubts
from ._interfaces import interface_name


@rule(
    id="promise-not-carried",
    severity="medium",
    title="A promised address that nobody carries",
    explanation="""The ledger says that the address was applied, but no adapter of the picture carries it. The VM may have
    been deleted or re-created, or its address changed by hand. Absence needs proof: with an incomplete picture the
    carrier may sit where nobody looked, and behind an adapter with MAC spoofing anything may live (fact 109). Nothing is
    freed because of this finding.""",
    remedy="""Look for the VM. If it is gone for good, release the claim (macpool.hyperv.allocation with state released:
    the address goes into quarantine first). If it came back under another id, rebind the claim (state rebound).""",
)
def promise_not_carried(situation: Situation) -> Iterator[Finding]:
    """Yield the applied claims whose address is carried by no adapter."""
    incomplete = bool(situation.problems)
    doubts = [*([INCOMPLETE] if incomplete else []), *spoofing_doubts(situation)]
    for claim in situation.claims:
        if claim.state != "applied":
            continue
        if any(carrier.checkpoint is None for carrier in situation.carriers.get(claim.address, ())):
            continue
        adapter = situation.adapter_of(claim)
        now = ""
        if adapter is not None:
            now = f" Its adapter carries {mac(adapter.address) if adapter.address else 'none'} now."
        if interfaces := situation.sdn.by_address.get(claim.address):
            now += f" The Network Controller gave it to {listed([interface_name(item) for item in interfaces])}."
        yield Finding(
            " ".join(
                [f"{mac(claim.address)} is promised to {quoted(claim.label)} but carried by nobody.{now}", *doubts]
            ),
            addresses=(claim.address,),
            vms=(adapter.vm,) if adapter is not None and adapter.vm else (),
            severity="info" if incomplete else None,
            subjects=(claim.owner,),
        )
