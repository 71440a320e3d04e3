# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule departed."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import host_list, mac
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import about, dynamic_outside


@rule(
    id="departed",
    severity="high",
    title="A moved VM uses an address that its old host may hand out again",
    explanation="""A dynamic address is in the range of a host that does not run the VM. Live migration keeps the
    address (fact 19), but the old host knows only its own VMs (fact 14) and treats the address as free. When its
    range wraps around, it hands the address out a second time (fact 105). Disjoint host ranges do not prevent this.""",
    remedy="""Pin the address: make it static, unchanged, while the VM is off (macpool.hyperv.vm_network_adapter with
    pin, or role macpool.hyperv.mac_adapters for many VMs). Moving the VM back to its old host also removes the risk,
    as long as it stays there.""",
)
def departed(situation: Situation) -> Iterator[Finding]:
    """Yield the dynamic adapters outside their own host's range and inside another host's."""
    for adapter in dynamic_outside(situation):
        address = adapter.address or 0
        owners = [host.name for host in situation.hosts_with(address)]
        if owners:
            yield about(
                adapter,
                f"{mac(address)} of {adapter.words} is in the dynamic range of {host_list(owners)}, which"
                " may hand it out again.",
                hosts=owners,
            )
