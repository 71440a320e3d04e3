# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change together with its entry in the history."""

from __future__ import annotations

from .claim import Claim
from .model import Job, Lease, LeaseOutcome, Outcome
from .records import claim_record, lease_record
from .sqlite.session import Session


def add(session: Session, claim: Claim, action: str, job: Job) -> Outcome:
    """Keep a new claim."""
    session.insert_claim(claim)
    session.log("claim", action, job, claim_record(claim), claim.address, claim.owner)
    return Outcome(claim, None, changed=True, how=action)


def change(session: Session, before: Claim, after: Claim, action: str, job: Job, how: str = "") -> Outcome:
    """Keep a claim as it is from now on."""
    session.update_claim(after, before.generation)
    session.log("claim", action, job, claim_record(after), after.address, after.owner)
    return Outcome(after, before, changed=True, how=how or action)


def keep_lease(session: Session, before: Lease | None, after: Lease, action: str, job: Job) -> LeaseOutcome:
    """Keep a lease, a new one or as it is from now on."""
    session.save_lease(after)
    session.log("lease", action, job, lease_record(after), None, after.host)
    return LeaseOutcome(after, before, changed=True)
