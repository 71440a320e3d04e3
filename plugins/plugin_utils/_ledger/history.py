# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state as the history gives it."""

from __future__ import annotations

from typing import Any

from .records import claim_record, intent_record, lease_record, plan_record
from .sqlite.session import Session


def replay_problems(session: Session) -> list[str]:
    """Return where the state is not what the history gives."""
    kept: dict[str, dict[Any, Any]] = {"claim": {}, "lease": {}, "plan": {}, "intent": {}}
    for entry in session.entries():
        after = entry.after
        if entry.kind == "claim":
            kept["claim"][after["address"]] = None if after["state"] == "gone" else after
        elif entry.kind == "lease":
            kept["lease"][after["start"]] = None if after["state"] == "gone" else after
        elif entry.kind == "plan":
            kept["plan"][after["generation"]] = after
        elif entry.kind == "intent":
            kept["intent"][after["id"]] = after if after["open"] else None
    found: dict[str, dict[Any, Any]] = {
        "claim": {record["address"]: record for record in map(claim_record, session.claims_between(0, (1 << 48) - 1))},
        "lease": {record["start"]: record for record in map(lease_record, session.leases())},
        "plan": {plan.generation: plan_record(plan) for plan in session.plans()},
        "intent": {intent.id: intent_record(intent, is_open=True) for intent in session.intents()},
    }
    return [
        f"{kind} {key}: the history says {expected.get(key)}, the ledger {found[kind].get(key)}"
        for kind, expected in kept.items()
        for key in sorted({*expected, *found[kind]}, key=str)
        if expected.get(key) != found[kind].get(key)
    ]
