# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules about one adapter share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..._observation.model import Carrier
from ..._observation.stranded import stranded
from ..registry import Finding
from ..situation import Situation


def about(
    adapter: Carrier,
    evidence: str,
    *,
    hosts: Iterable[str] = (),
    severity: str | None = None,
    remedy: str | None = None,
) -> Finding:
    """Return a finding about one adapter of a VM.

    :param hosts: further hosts that the rule speaks of
    """
    return Finding(
        evidence,
        addresses=(adapter.address,) if adapter.address else (),
        hosts=(*hosts, adapter.host.name),
        vms=(adapter.vm,) if adapter.vm else (),
        carriers=(adapter,),
        severity=severity,
        remedy=remedy,
    )


def dynamic_outside(situation: Situation) -> Iterator[Carrier]:
    """Yield the dynamic adapters with an address that is outside the range of the host they are on."""
    for vm, adapter in situation.adapters:
        if vm.host.range:
            yield from stranded([adapter], None, vm.host.range)
