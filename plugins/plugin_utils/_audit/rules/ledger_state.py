# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule ledger-state."""

from __future__ import annotations

from collections.abc import Iterator

from ..registry import Finding, rule
from ..situation import Situation


@rule(
    id="ledger-state",
    severity="medium",
    title="The ledger needs attention",
    explanation="""The ledger was put back to an earlier state, holds times in the future because a clock was wrong,
    or no witness of it can be kept, so that a ledger that is put back would not be noticed. A task that opens such a
    ledger warns with the same words. Without a ledger this rule reports nothing.""",
    remedy="""Do what the evidence says: put the newest ledger back or accept the loss (macpool.hyperv.ledger with
    accept_rollback), correct times (macpool.hyperv.ledger with correct_times), or set macpool_witness to a directory
    that outlives the job.""",
)
def ledger_state(situation: Situation) -> Iterator[Finding]:
    """Yield what the ledger says about itself."""
    for warning in situation.ledger_warnings:
        yield Finding(warning)
