# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule stranded."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import mac
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import about, dynamic_outside


@rule(
    id="stranded",
    severity="medium",
    title="The address changes at the next start",
    explanation="""A dynamic address is outside the range of the host that runs the VM. It stays while the VM runs. At
    the next start from off, or when the VM is restored from saved state, Hyper-V gives it a new one (facts 18, 19,
    21). DHCP reservations, firewall rules, licences and guest settings that depend on the old address then fail,
    often weeks after the move or the range change that caused it.""",
    remedy="""Pin the address before the VM is next turned off and on: macpool.hyperv.vm_network_adapter with pin
    makes it static, unchanged, while the VM is off (role macpool.hyperv.mac_adapters with pin does this for many
    VMs). If the address may change, restart the VM at a time of your choice.""",
)
def stranded(situation: Situation) -> Iterator[Finding]:
    """Yield the dynamic adapters whose address is outside their own host's range."""
    for adapter in dynamic_outside(situation):
        own = adapter.host.range
        if own is not None:
            yield about(
                adapter,
                f"{mac(adapter.address or 0)} of {adapter.words} is outside the host's range {own}: the"
                " adapter gets a new address at the next start.",
            )
