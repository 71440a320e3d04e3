# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule promise-not-carried."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import listed, mac, quoted
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import INCOMPLETE, interface_name, spoofing_doubts


@rule(
    id="promise-not-carried",
    severity="medium",
    title="A promised address that is not in use",
    explanation="""The ledger says that the address was applied, but no observed adapter uses it. The VM may have been
    deleted or re-created, or its address was changed by hand. Absence must be proven: if the observation is
    incomplete, the adapter may be on a host that was not read, and behind an adapter with MAC spoofing any address
    may be in use (fact 109). This finding does not free the address.""",
    remedy="""Look for the VM. If it was deleted, release the claim (macpool.hyperv.allocation with state released;
    the address goes into quarantine first). If it came back with another id, rebind the claim (state rebound).""",
)
def promise_not_carried(situation: Situation) -> Iterator[Finding]:
    """Yield the applied claims whose address no adapter uses."""
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
            now = f" Its adapter now has {mac(adapter.address) if adapter.address else 'no address'}."
        if interfaces := situation.sdn.by_address.get(claim.address):
            now += f" On the Network Controller it is the address of {listed([interface_name(item) for item in interfaces])}."
        yield Finding(
            " ".join(
                [f"{mac(claim.address)} is promised to {quoted(claim.label)}, but it is not in use.{now}", *doubts]
            ),
            addresses=(claim.address,),
            vms=(adapter.vm,) if adapter else (),
            severity="info" if incomplete else None,
            subjects=(claim.owner,),
        )
