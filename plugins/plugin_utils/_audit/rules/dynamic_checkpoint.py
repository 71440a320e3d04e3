# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule dynamic-checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import listed, mac, quoted
from ..registry import Finding, rule
from ..situation import Situation


@rule(
    id="dynamic-checkpoint",
    severity="low",
    title="A checkpoint that makes a static adapter dynamic again",
    explanation="""The adapter is static now, but in an older checkpoint it is dynamic. Applying the checkpoint makes
    the adapter dynamic again (fact 112). From then on, the address may change at a start on another host, and Hyper-V
    gives no warning.""",
    remedy="""Delete the checkpoint if it is no longer needed, or take a new one now and delete the old one. After
    applying it, pin the VM again before it starts (role macpool.hyperv.mac_adapters with pin).""",
)
def dynamic_checkpoint(situation: Situation) -> Iterator[Finding]:
    """Yield the checkpoints under which a static adapter was dynamic."""
    for vm in situation.observation.vms:
        static = {adapter.id: adapter for adapter in vm.adapters if adapter.dynamic is False and adapter.id}
        for point in vm.checkpoints if static else ():
            residual = [adapter for adapter in point.adapters if adapter.dynamic and adapter.id in static]
            if not residual:
                continue
            shown = [
                f"{quoted(static[adapter.id].name)} with {mac(adapter.address) if adapter.address else 'no address yet'}"
                for adapter in residual
            ]
            yield Finding(
                f"Checkpoint {quoted(point.name)} of {vm.words} brings back as dynamic: {listed(shown)}.",
                addresses=sorted({adapter.address for adapter in residual if adapter.address}),
                carriers=residual,
            )
