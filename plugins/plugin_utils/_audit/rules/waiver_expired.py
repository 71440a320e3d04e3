# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule waiver-expired."""

from __future__ import annotations

from collections.abc import Iterator

from ..._plan.read import parse_subject
from ..._text import quoted
from ..registry import Finding, rule
from ..situation import Situation


@rule(
    id="waiver-expired",
    severity="medium",
    title="A waiver has expired",
    explanation="""A waiver accepts a finding until a given day. After that day the finding counts again, and the
    waiver itself is reported, so that it is clear that the exception no longer applies.""",
    remedy="""Fix the problem that the waiver accepted, then remove it from macpool_plan.waivers. Or renew it with a
    new date and a reason that still applies.""",
)
def waiver_expired(situation: Situation) -> Iterator[Finding]:
    """Yield the waivers whose last day is over."""
    today = situation.now.date()
    for waiver in situation.plan.waivers if situation.plan else ():
        if waiver.until < today:
            covered = parse_subject(waiver.subject)
            yield Finding(
                f"The waiver of {waiver.rule} for {quoted(waiver.subject)} by {quoted(waiver.owner)} ended on"
                f" {waiver.until.isoformat()}; its reason was {quoted(waiver.reason)}.",
                addresses=sorted(set(covered)) if covered else (),
                subjects=(waiver.subject,),
            )
