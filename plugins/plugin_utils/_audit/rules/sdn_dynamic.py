# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sdn-dynamic."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import sentence
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import about, bound_words, interface_words, profile_words


@rule(
    id="sdn-dynamic",
    severity="high",
    title="A bound adapter with a dynamic address",
    explanation="""The adapter is bound to an interface of the Network Controller, but its address is dynamic. A VM of
    the software-defined network needs a static address for its whole life (fact 44). When Hyper-V gives the adapter
    another address, at a start on another host or after a change of the host's range, the address no longer matches
    the interface, the controller applies no policy and the traffic stops.""",
    remedy="""Set the address of the interface on the adapter as a static one while the VM is off
    (macpool.hyperv.vm_network_adapter with mac_address, or with pin if the adapter already has it). Role
    macpool.hyperv.mac_tenant_vm does this for new VMs.""",
)
def sdn_dynamic(situation: Situation) -> Iterator[Finding]:
    """Yield the dynamic adapters that are bound to an interface."""
    for adapter in situation.adapters:
        if adapter.bound and adapter.dynamic and not adapter.vm.replica:
            interface = situation.sdn.by_id.get(adapter.profile_id)
            to = f" to {interface_words(interface)}" if interface else ""
            yield about(
                adapter,
                f"{sentence(bound_words(adapter))} is dynamic but bound by {profile_words(adapter)}{to}.",
                subjects=(interface.name, interface.instance_id) if interface else (adapter.profile_id,),
            )
