# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change together with its entry in the history, and what the ledger keeps as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .claim import Claim, Identity, Push
from .model import Intent, Job, Lease, LeaseOutcome, Outcome, PlanGeneration
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
    record: dict[str, Any] = {
        "address": HEX(claim.address),
        "owner": claim.owner,
        "pool": claim.pool,
        "state": claim.state,
        "generation": claim.generation,
        "since": claim.since,
    }
    if claim.until is not None:
        record["until"] = claim.until
    if claim.job:
        record["job"] = claim.job
    if claim.evidence:
        record["evidence"] = claim.evidence
    if claim.note:
        record["note"] = claim.note
    if claim.identity:
        record["identity"] = identity_record(claim.identity)
    if claim.aliases:
        record["aliases"] = list(claim.aliases)
    if claim.pushing:
        record["pushing"] = {name: getattr(claim.pushing, name) for name in ("host", "vm_id", "adapter_id")}
    return record


def claim_from(record: Mapping[str, Any]) -> Claim:
    """Return the claim that a record is of."""
    push = record.get("pushing")
    return Claim(
        address=int(record["address"], 16),
        owner=record["owner"],
        pool=record["pool"],
        state=record["state"],
        generation=record["generation"],
        since=record["since"],
        until=record.get("until"),
        job=record.get("job", ""),
        evidence=record.get("evidence", ""),
        note=record.get("note", ""),
        identity=Identity(**record["identity"]) if "identity" in record else None,
        aliases=tuple(record.get("aliases", ())),
        pushing=Push(**push) if push else None,
    )


def identity_record(identity: Identity) -> dict[str, str]:
    """Return ids as plain data."""
    record = {"vm_id": identity.vm_id, "adapter_id": identity.adapter_id}
    if identity.cluster:
        record["cluster"] = identity.cluster
    return record


def lease_record(lease: Lease) -> dict[str, Any]:
    """Return all of a lease."""
    return {
        "host": lease.host,
        "start": HEX(lease.start),
        "end": HEX(lease.end),
        "dynamic_end": HEX(lease.dynamic_end),
        "state": lease.state,
        "generation": lease.generation,
        "since": lease.since,
    }


def plan_record(plan: PlanGeneration) -> dict[str, Any]:
    """Return a generation of the plan as plain data."""
    return {"generation": plan.generation, "digest": plan.digest, "since": plan.since, "job": plan.job}


def intent_record(intent: Intent, *, is_open: bool) -> dict[str, Any]:
    """Return an intent as plain data."""
    fields = ("id", "host", "vm_id", "kind", "note", "since", "job")
    return {"open": is_open, **{name: getattr(intent, name) for name in fields}}
