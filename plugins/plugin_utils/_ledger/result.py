# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks return of claims, leases and history: one shape for all of them. Pure."""

from __future__ import annotations

from typing import Any

from ...module_utils._formats import all_formats, format_mac
from .._text import iso
from .model import Claim, Entry, Lease, LedgerInfo


def claim_as_result(claim: Claim) -> dict[str, Any]:
    """Return a claim as every task shows it."""
    return {
        "owner": claim.owner or None,
        "pool": claim.pool or None,
        "mac_address": format_mac(claim.address),
        "formats": all_formats(claim.address),
        "state": claim.state,
        "since": iso(claim.since),
        "until": None if claim.until is None else iso(claim.until),
        "generation": claim.generation,
        "note": claim.note,
    }


def claim_in_full(claim: Claim, out_of_plan: bool) -> dict[str, Any]:
    """Return a claim with all that is known of it.

    :param out_of_plan: whether its pool does not have its address any more: it stays valid, and is reported
    """
    return {
        **claim_as_result(claim),
        **_ids(claim),
        "cluster": claim.identity.cluster if claim.identity else None,
        "aliases": list(claim.aliases),
        "job": claim.job,
        "evidence": claim.evidence,
        "unsure": claim.unsure,
        "out_of_plan": out_of_plan,
    }


def _ids(claim: Claim) -> dict[str, str | None]:
    identity = claim.identity
    return {"vm_id": identity.vm_id if identity else None, "adapter_id": identity.adapter_id if identity else None}


def claim_for_diff(claim: Claim | None) -> dict[str, Any]:
    """Return the managed keys of a claim; nothing for one that is not there."""
    if claim is None or claim.state == "gone":
        return {}
    return {
        "owner": claim.owner or None,
        "aliases": list(claim.aliases),
        **_ids(claim),
        "pool": claim.pool or None,
        "state": claim.state,
        "note": claim.note,
    }


def lease_as_result(lease: Lease) -> dict[str, Any]:
    """Return a lease: start and end are what Hyper-V gets, the static part is the pool host/<name>."""
    static = lease.static_part
    return {
        "host": lease.host,
        "start": format_mac(lease.start),
        "end": format_mac(lease.dynamic_end),
        "static_start": format_mac(static.start) if static else None,
        "static_end": format_mac(static.end) if static else None,
        "state": lease.state,
    }


def entry_as_result(entry: Entry) -> dict[str, Any]:
    """Return a line of the history."""
    return {
        "sequence": entry.sequence,
        "at": iso(entry.at),
        "job": entry.job,
        "user": entry.user,
        "kind": entry.kind,
        "event": entry.action,
        "owner": entry.owner or None,
        "mac_address": None if entry.address is None else format_mac(entry.address),
        "after": {
            key: iso(value) if key in ("since", "until") and isinstance(value, int) else value
            for key, value in entry.after.items()
        },
    }


def info_as_result(info: LedgerInfo) -> dict[str, Any]:
    """Return what a ledger is."""
    return {**info._asdict(), "created": iso(info.created)}
