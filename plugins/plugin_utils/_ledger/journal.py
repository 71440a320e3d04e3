# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change together with its entry in the history, and what the ledger keeps as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .claim import Claim, Identity, Push
from .model import Intent, Job, Lease, LeaseOutcome, Outcome
from .sqlite.session import Session

HEX = "{:012X}".format


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


def claim_record(claim: Claim) -> dict[str, Any]:
    """Return all of a claim, without what is empty."""
    empty = Claim._field_defaults
    record = {name: value for name, value in claim._asdict().items() if name not in empty or value != empty[name]}
    record["address"] = HEX(claim.address)
    if claim.identity:
        record["identity"] = identity_record(claim.identity)
    if claim.aliases:
        record["aliases"] = list(claim.aliases)
    if claim.pushing:
        record["pushing"] = claim.pushing._asdict()
    return record


def claim_from(record: Mapping[str, Any]) -> Claim:
    """Return the claim that a record is of."""
    fields = {**record, "address": int(record["address"], 16), "aliases": tuple(record.get("aliases", ()))}
    if "identity" in record:
        fields["identity"] = Identity(**record["identity"])
    if "pushing" in record:
        fields["pushing"] = Push(**record["pushing"])
    return Claim(**fields)


def identity_record(identity: Identity) -> dict[str, str]:
    """Return ids as plain data."""
    record = {"vm_id": identity.vm_id, "adapter_id": identity.adapter_id}
    return {**record, "cluster": identity.cluster} if identity.cluster else record


def lease_record(lease: Lease) -> dict[str, Any]:
    """Return all of a lease."""
    return {**lease._asdict(), **{name: HEX(getattr(lease, name)) for name in ("start", "end", "dynamic_end")}}


def intent_record(intent: Intent, *, is_open: bool) -> dict[str, Any]:
    """Return an intent as plain data."""
    return {"open": is_open, **intent._asdict()}
