# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule dynamic-clustered."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import mac, sentence
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import about


@rule(
    id="dynamic-clustered",
    severity="low",
    title="A clustered VM with a dynamic address",
    explanation="""The VM can move to any node of its cluster, but its address belongs to the range of one host.
    After a move the address is departed and stranded: it changes when the VM is next started from off on
    another node, and until then the old host may hand it out again (facts 19, 22, 105). In a cluster only
    static addresses are stable.""",
    remedy="""Pin the address (macpool.hyperv.vm_network_adapter with pin, or role macpool.hyperv.mac_adapters for
    many VMs), or give the adapter an address from a pool.""",
)
def dynamic_clustered(situation: Situation) -> Iterator[Finding]:
    """Yield the dynamic adapters of clustered VMs."""
    for adapter in situation.adapters:
        if adapter.vm.clustered and adapter.dynamic:
            address = mac(adapter.address) if adapter.address else "an address that it gets at its first start"
            yield about(adapter, f"{sentence(adapter.words)} is clustered but dynamic, with {address}.")
