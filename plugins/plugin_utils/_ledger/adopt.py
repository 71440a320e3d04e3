# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promising addresses to those who were seen with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...module_utils._errors import MacPoolError
from .._plan.model import Plan
from .changes import confirm
from .ensure import Ensuring
from .model import Confirmation, HostSightings, Job, Observed, Outcome, Request
from .observe import observe
from .sqlite.session import Session


def adopt(
    session: Session,
    plan: Plan,
    observations: Iterable[HostSightings],
    adoptions: Sequence[tuple[Request, str]],
    job: Job,
) -> tuple[Observed, list[Outcome | MacPoolError]]:
    """Observe, then promise addresses to those who were seen with them, as applied claims.

    :param adoptions: requests with an address, each with the evidence that its owner carries it
    :return: what the observation changed, and for each adoption its outcome, or why the ledger refuses it
    """
    observed = observe(session, plan, observations, job)
    found: list[Outcome | MacPoolError] = []
    ensured = Ensuring(session, plan, job, None).each([request for request, _evidence in adoptions])
    for outcome, (request, evidence) in zip(ensured, adoptions, strict=True):
        if isinstance(outcome, MacPoolError):
            found.append(outcome)
            continue
        confirmed = confirm(session, Confirmation(outcome.claim.fence, evidence, request.identity), job)
        changed = outcome.changed or confirmed.changed
        found.append(Outcome(confirmed.claim, outcome.before, changed, outcome.how))
    return observed, found
