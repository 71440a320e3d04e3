# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sdn-orphan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._observation.model import Adapter, Carrier, Interface
from ..._text import listed, plain, quoted, sentence
from ..registry import Finding, rule
from ..situation import Situation, distinct
from ._shared import (
    INCOMPLETE,
    address_words,
    bound_words,
    interface_name,
    interface_words,
    profile_words,
    spoofing_doubts,
)

_BIND = (
    "If the adapter belongs to the interface, bind it while the VM is off (macpool.hyperv.vm_port_profile). Otherwise give"
    " the adapter another address (macpool.hyperv.vm_network_adapter with pool)."
)
_REBIND = (
    "Create the interface again and bind the adapter to it (macpool.hyperv.nc_network_interface with the address of the"
    " adapter, then macpool.hyperv.vm_port_profile with replaces; or role macpool.hyperv.mac_tenant_vm for all of it). A VM that is not"
    " meant to be in the software-defined network gets the null profile (macpool.hyperv.vm_port_profile)."
)


@rule(
    id="sdn-orphan",
    severity="low",
    title="An interface without adapter, or a profile without interface",
    explanation="""No adapter is bound to this interface of the Network Controller: its VM was deleted or never
    created, or it has no traffic because the binding is missing. The interface blocks its MAC address and its IP
    address for others: low. If an adapter uses the interface's address but is not bound to it, no policy reaches that
    adapter: high while the VM runs, otherwise medium. In the opposite case, an adapter that is bound to an instance
    id that no controller has gets no policy at all (facts 44, 86): high while it runs, otherwise medium. Absence must
    be proven: if the observation is incomplete, the other half may be in the part that was not read, and the finding
    is info. Interfaces of hosts are not checked. Without a document of a Network Controller this rule reports
    nothing.""",
    remedy="""If the VM was deleted, remove the interface (macpool.hyperv.nc_network_interface with state absent, or
    role macpool.hyperv.mac_tenant_vm with state absent, which also releases the claim). If the VM will still be
    created, continue with role macpool.hyperv.mac_tenant_vm.""",
)
def sdn_orphan(situation: Situation) -> Iterator[Finding]:
    """Yield the interfaces and the profiles whose other half is missing."""
    if not situation.sdn.has_interfaces:
        return
    doubts = [INCOMPLETE] if situation.problems else []
    spoofing = spoofing_doubts(situation)
    for interface in situation.sdn.tenants:
        if not situation.sdn.bound_to(interface) and not situation.sdn.unread(interface):
            yield _without_adapter(situation, interface, doubts, spoofing)
    hidden = any(problem.hides_interfaces for problem in situation.problems)
    for profile, adapters in situation.sdn.bound.items():
        if profile not in situation.sdn.by_id:
            yield _without_interface(situation, adapters, hidden)


def _without_adapter(
    situation: Situation, interface: Interface, doubts: Sequence[str], spoofing: Sequence[str]
) -> Finding:
    words = f"No adapter is bound to {interface_words(interface)}"
    carriers = [item for item in distinct(situation.carriers.get(interface.address or 0, ())) if not item.checkpoint]
    unbound = [item for item in carriers if not item.bound]
    said, severity, unproven = [], "low", list(doubts)
    if carriers:
        said.append(f"Its address is used by {listed([_carried(situation, item) for item in carriers], most=3)}.")
    if any(item.vm for item in unbound):
        # This adapter was seen, and it lacks its profile, whatever else was not seen.
        severity = "high" if any(item.vm and item.running for item in unbound) else "medium"
    else:
        if interface.server and situation.observation.names.key(interface.server) not in situation.observation.hosts:
            unproven.append(
                f"The controller reports its port on server {quoted(interface.server)}, which was not observed."
            )
        severity = "info" if unproven else "low"
        unproven += spoofing
    if namesakes := situation.sdn.namesakes(interface):
        shown = sentence(listed([interface_name(item) for item in namesakes], most=3))
        said.append(f"{shown} {'has' if len(namesakes) == 1 else 'have'} the same address.")
    return Finding(
        " ".join([f"{words}.", *said, *unproven]),
        addresses=(interface.address,) if interface.address else (),
        hosts=[item.host.name for item in carriers],
        carriers=carriers,
        severity=severity,
        remedy=_BIND if any(item.vm for item in unbound) else None,
        subjects=(interface.name, interface.instance_id),
    )


def _carried(situation: Situation, carrier: Carrier) -> str:
    if not isinstance(carrier, Adapter):
        return carrier.words
    if not carrier.bound:
        return f"{bound_words(carrier)}, which is not bound"
    other = situation.sdn.by_id.get(carrier.profile_id)
    where = interface_name(other) if other else f"{{{plain(carrier.profile_id)}}}, which no controller has"
    return f"{bound_words(carrier)}, which is bound to {where}"


def _without_interface(situation: Situation, adapters: Sequence[Adapter], hidden: bool) -> Finding:
    first = adapters[0]
    words = f"{sentence(listed([bound_words(item) for item in adapters], most=3))}"
    verb = "is" if len(adapters) == 1 else "are"
    said = [f"{words} {verb} bound by {profile_words(first)} to an interface that no Network Controller has."]
    said += [
        f"{sentence(interface_words(interface))} has the address {address_words(first)} of this adapter."
        for interface in situation.sdn.by_address.get(first.address or 0, ())
    ]
    if hidden:
        said.append("Not all interfaces could be read, so absence is not proven.")
    is_running = any(item.running for item in adapters)
    return Finding(
        " ".join(said),
        addresses=sorted({item.address for item in adapters if item.address}),
        carriers=adapters,
        severity="info" if hidden else "high" if is_running else "medium",
        remedy=_REBIND,
        subjects=(first.profile_id,),
    )
