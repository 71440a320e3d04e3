# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule carried-without-promise."""

from __future__ import annotations

from collections.abc import Iterator

from ....module_utils._mac import IntervalSet
from ..._ledger.model import Claim
from ..._observation.model import Carrier, Interface
from ..._text import mac, quoted
from ..registry import Finding, rule
from ..situation import LIVE_STATES, Situation
from ._shared import about, interface_name


@rule(
    id="carried-without-promise",
    severity="medium",
    title="An address in use without a promise",
    explanation="""The address is in a pool of the plan or in a host's static block, or it is claimed in the ledger,
    but the ledger has not promised it to the adapter that uses it. It was typed by hand, cloned or restored. The
    ledger may promise it to another owner, or has already done so. An interface of the Network Controller is checked
    in the same way if no adapter uses its address.""",
    remedy="""If the adapter should keep the address, adopt it (ansible-playbook macpool.hyperv.adopt, or
    macpool.hyperv.allocation with the address), or rebind the claim if the VM was re-created. Otherwise give the
    adapter another address (macpool.hyperv.vm_network_adapter with pool).""",
)
def carried_without_promise(situation: Situation) -> Iterator[Finding]:
    """Yield the carriers of managed and of promised addresses that have no promise of their own."""
    if not situation.has_ledger:
        return
    managed = _managed(situation)
    for adapter in situation.adapters:
        yield from _look(situation, managed, adapter, severity="low" if adapter.vm.replica else None)
    for carrier in situation.observation.host_carriers:
        yield from _look(situation, managed, carrier, severity=None)
    for interface in situation.sdn.everything:
        # If an adapter uses the address as well, the finding names that adapter.
        if interface.address and interface.address not in situation.carriers:
            yield from _look_at_interface(situation, managed, interface, interface.address)


def _managed(situation: Situation) -> IntervalSet:
    """Return the addresses that only the ledger may promise."""
    parts = [lease.static_part for lease in situation.leases if lease.static_part]
    pools = situation.plan.pools.values() if situation.plan else ()
    return IntervalSet([*parts, *(interval for pool in pools for interval in pool.usable)])


def _look(situation: Situation, managed: IntervalSet, carrier: Carrier, severity: str | None) -> Iterator[Finding]:
    address = carrier.address
    if not address:
        return
    claim = situation.promises.get(address)
    if claim is None:
        if address not in managed:
            return
        words = "but the ledger has no claim on it"
    elif claim.state in LIVE_STATES and situation.is_promised_to(claim, carrier):
        return
    else:
        words, severity = _other_promise(claim), severity or "high"
    yield about(carrier, f"{mac(address)} is used by {carrier.words}, {words}.", severity=severity)


def _look_at_interface(
    situation: Situation, managed: IntervalSet, interface: Interface, address: int
) -> Iterator[Finding]:
    """Yield an interface with an address that the ledger may promise to another owner, now or later.

    A live claim counts as the interface's own, because only the address connects the two.
    """
    claim = situation.promises.get(address)
    if (claim is not None and claim.state in LIVE_STATES) or (claim is None and address not in managed):
        return
    words = "but the ledger has no claim on it" if claim is None else _other_promise(claim)
    yield Finding(
        f"{mac(address)} is the address of {interface_name(interface)}, {words}.",
        addresses=(address,),
        severity=None if claim is None else "high",
        subjects=(interface.name, interface.instance_id),
    )


def _other_promise(claim: Claim) -> str:
    if claim.state == "quarantined":
        return f"but it has been in quarantine since {quoted(claim.label)} released it"
    if claim.state == "held":
        return "but it is set aside in the ledger"
    return f"but it is promised to {quoted(claim.label)} ({claim.state})"
