# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sdn-mismatch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..._observation.model import Adapter, Interface
from ..._text import listed, sentence
from ..registry import SEVERITIES, Finding, rule
from ..situation import Situation, distinct
from ._shared import about, address_words, bound_words, interface_name, interface_words, profile_words

VFP_DISABLED = 2
"""Profile data of a port that the Virtual Filtering Platform leaves alone (fact 87)."""
_MOST_OTHERS = 2


class _Fault(NamedTuple):
    severity: str
    """For a running VM."""
    words: str


@rule(
    id="sdn-mismatch",
    severity="critical",
    title="Adapter, profile and interface disagree",
    explanation="""A VM of the software-defined network has three records that must agree: its adapter with a static
    address, the port profile of the adapter, which names an interface by its instance id, and that interface of the
    Network Controller with the same address (fact 89). If the addresses differ, or if two adapters are bound to one
    interface, the controller programs the switch for an address from which the VM does not send, and the switch
    silently drops its traffic: critical while the VM runs. Profile data 2 turns the Virtual Filtering Platform off at
    the port, so that no policy and no access list applies, and a VLAN on the adapter conflicts with it
    (facts 87, 88): high. Two interfaces with one address, which the controller accepts (fact 83): medium. While the
    VM is off, none of these is worse than medium. Profiles of zeros bind to no interface, and replicas are not
    checked.""",
    remedy="""Decide which address is correct, then change adapter and interface together while the VM is off: role
    macpool.hyperv.mac_interfaces keeps the interfaces in sync with their adapters. This collection never changes only
    the adapter if it is bound. Fix a wrong binding, or profile data 2, with macpool.hyperv.vm_port_profile. Remove a
    VLAN from the adapter (Set-VMNetworkAdapterVlan -Untagged), because the interface's subnet decides its network.""",
)
def sdn_mismatch(situation: Situation) -> Iterator[Finding]:
    """Yield the bound adapters whose records disagree, one finding for each adapter."""
    for adapter in situation.adapters:
        interface = situation.sdn.by_id.get(adapter.profile_id) if adapter.bound and not adapter.vm.replica else None
        if interface is None:
            continue
        faults = list(_faults(situation, adapter, interface))
        if not faults:
            continue
        worst = min((fault.severity for fault in faults), key=SEVERITIES.index)
        if not adapter.vm.running and SEVERITIES.index(worst) < SEVERITIES.index("medium"):
            worst = "medium"
        yield about(
            adapter,
            f"{sentence(bound_words(adapter))} is bound by {profile_words(adapter)} to {interface_words(interface)}:"
            f" {'; '.join(fault.words for fault in faults)}.",
            severity=worst,
            addresses=filter(None, [interface.address]),
            subjects=(interface.name, interface.instance_id),
        )


def _faults(situation: Situation, adapter: Adapter, interface: Interface) -> Iterator[_Fault]:
    if adapter.text is not None and (adapter.value is None or adapter.address != interface.address):
        yield _Fault("critical", f"the addresses differ{_whose(situation, adapter, interface)}")
    if adapter.profile_data == VFP_DISABLED:
        yield _Fault("high", "profile data 2 turns the Virtual Filtering Platform off at this port")
    if tag := _tag(adapter):
        yield _Fault("high", f"{tag} on the adapter conflicts with the Virtual Filtering Platform")
    others = [item for item in situation.sdn.bound_to(interface) if item is not adapter and item.kind != "replica"]
    if others:
        severity = "critical" if any(item.running for item in others) else "medium"
        words = listed([item.words for item in others], most=_MOST_OTHERS)
        yield _Fault(severity, f"{words} {'is' if len(others) == 1 else 'are'} bound to the same interface")
    if namesakes := situation.sdn.namesakes(interface):
        words = listed([interface_name(item) for item in namesakes], most=_MOST_OTHERS)
        yield _Fault("medium", f"{words} {'has' if len(namesakes) == 1 else 'have'} the same address")


def _whose(situation: Situation, adapter: Adapter, interface: Interface) -> str:
    """Tell where else each address was found: swapped records look like this."""
    words = []
    mine = [item for item in situation.sdn.by_address.get(adapter.address or 0, ()) if item is not interface]
    if mine:
        shown = listed([interface_name(item) for item in mine], most=_MOST_OTHERS)
        words.append(f"{address_words(adapter)} is the address of {shown}")
    theirs = [item for item in distinct(situation.carriers.get(interface.address or 0, ())) if item is not adapter]
    if theirs:
        shown = listed([item.words for item in theirs], most=_MOST_OTHERS)
        words.append(f"{address_words(interface)} is used by {shown}")
    return f" ({', '.join(words)})" if words else ""


def _tag(adapter: Adapter) -> str:
    """Return the VLAN setting of an adapter; empty for one that is untagged."""
    mode, access = str(adapter.vlan.get("mode") or "").casefold(), adapter.vlan.get("access")
    if mode in ("trunk", "private"):
        return f"VLAN mode {mode}"
    is_tag = isinstance(access, int) and not isinstance(access, bool) and access > 0
    return f"VLAN {access}" if is_tag and mode != "untagged" else ""
