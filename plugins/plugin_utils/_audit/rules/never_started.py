# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule never-started."""

from __future__ import annotations

from collections.abc import Iterator

from ..._text import sentence
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import about


@rule(
    id="never-started",
    severity="info",
    title="No address before the first start",
    explanation="""A dynamic adapter shows 000000000000 until its VM has run long enough for Hyper-V to give it an
    address. A start that is followed immediately by a stop leaves the zeros (facts 15, 103). This is normal, but the
    address is not known yet and cannot be pinned.""",
    remedy="""No action is needed. To know the address in advance, give the adapter one from a pool
    (macpool.hyperv.vm_network_adapter with pool).""",
)
def never_started(situation: Situation) -> Iterator[Finding]:
    """Yield the dynamic adapters without an address."""
    for adapter in situation.adapters:
        if adapter.dynamic and adapter.value == 0:
            yield about(adapter, f"{sentence(adapter.words)} is dynamic and shows 00-00-00-00-00-00.")
