# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claim, confirm, release, hold and rebind addresses in the ledger."""

from __future__ import annotations

from typing import Any

from ..module_utils._mac import format_mac
from ..module_utils._specs.ledger import ALLOCATION
from ..plugin_utils._action import Result, Task
from ..plugin_utils._ledger.allocation import change_claims, read_claims
from ..plugin_utils._ledger.result import claim_as_result, claim_for_diff
from ..plugin_utils._plan.read import parse_duration


class ActionModule(Task):
    SPEC = ALLOCATION
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Bring the claims into the wanted state and tell what each is now."""
        wanted = read_claims(options["claims"], options["state"], options["pool"])
        reserve_for = parse_duration(options["reserve_for"], "reserve_for")
        outcomes = change_claims(
            self.ledger(options, self.settings.plan()),
            wanted,
            options["state"],
            self.job,
            reserve_for=reserve_for,
            gone=options["gone"],
            preview=self.preview,
        )
        changed = [outcome for outcome in outcomes if outcome.changed]
        before = {format_mac(outcome.claim.address): claim_for_diff(outcome.before) for outcome in changed}
        after = {format_mac(outcome.claim.address): claim_for_diff(outcome.claim) for outcome in changed}
        claims = [{**claim_as_result(outcome.claim), "changed": outcome.changed} for outcome in outcomes]
        single = {"mac_address": claims[0]["mac_address"]} if len(claims) == 1 else {}
        return {"changed": bool(changed), "claims": claims, **single, **self.diff(before, after)}
