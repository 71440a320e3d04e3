# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the SQLite backend and the things they stand for. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from ..._names import name_key
from ..claim import Claim
from ..model import Entry, Job, KnownHost, Lease, LeaseState, Sighting, SightingKind
from .claims import Row

NO_DIGEST = "0" * 64


def claim_row(claim: Claim) -> Row:
    identity, push = claim.identity, claim.pushing
    return (
        claim.address,
        claim.owner,
        name_key(claim.owner),
        claim.pool,
        claim.state,
        claim.generation,
        claim.since,
        claim.until,
        claim.job,
        claim.evidence,
        claim.note,
        identity.cluster if identity else None,
        identity.vm_id if identity else None,
        identity.adapter_id if identity else None,
        json.dumps(claim.aliases) if claim.aliases else "[]",
        json.dumps([push.host, push.vm_id, push.adapter_id]) if push else None,
    )


def lease_of_row(row: Row) -> Lease:
    start, end, dynamic_end, host, _key, state, generation, since = row
    return Lease(host, start, end, dynamic_end, cast(LeaseState, state), generation, since)


def host_of_row(row: Row) -> KnownHost:
    _key, host, observed_at, complete, complete_at, why, start, end, ipv4, cluster, nodes, owners, facts_at = row
    return KnownHost(
        host,
        observed_at,
        bool(complete),
        complete_at,
        why,
        start,
        end,
        tuple(json.loads(ipv4)),
        cluster,
        tuple(json.loads(nodes)),
        owners,
        facts_at,
    )


def sighting_of_row(row: Row) -> Sighting:
    address, _key, _at, kind, vm_id, vm_name, adapter_id, adapter_name, dynamic, running, host = row
    return Sighting(
        address,
        cast(SightingKind, kind),
        vm_id,
        vm_name,
        adapter_id,
        adapter_name,
        None if dynamic is None else bool(dynamic),
        None if running is None else bool(running),
        host,
    )


def entry_of_row(row: Row) -> Entry:
    sequence, at, kind, action, address, _key, owner, job, user, after, _digest = row
    return Entry(sequence, at, kind, action, address, owner, job, user, json.loads(after))


def chained(
    digest: str,
    sequence: int,
    at: int,
    kind: str,
    action: str,
    address: int | None,
    owner: str,
    job: Job,
    after: str,
) -> Row:
    """Return a row of history; its digest covers the row and the digest of the one before it."""
    body = json.dumps([digest, sequence, at, kind, action, address, owner, job.name, job.user])
    chained = hashlib.sha256(f"{body}{after}".encode()).hexdigest()
    return (sequence, at, kind, action, address, name_key(owner), owner, job.name, job.user, after, chained)


def as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
