# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell who has, or had, which address."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.ledger import ALLOCATION_INFO
from ..plugin_utils._action import Result, Task
from ..plugin_utils._ledger.allocation import Filter, read_time
from ..plugin_utils._ledger.result import claim_in_full, entry_as_result


class ActionModule(Task):
    SPEC = ALLOCATION_INFO
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Read claims, and history where it is asked for."""
        wanted = Filter(options)
        ledger = self.ledger(options, self.settings.plan())
        until = read_time(options["at"]) if options["at"] else None
        claims = ledger.claims() if until is None else ledger.claims_at(until)
        entries = ledger.history(kind="claim") if options["history"] else []
        return {
            "claims": [
                claim_in_full(claim, ledger.out_of_plan(claim)) for claim in claims if wanted.lets_through(claim)
            ],
            "history": [
                entry_as_result(entry)
                for entry in entries
                if wanted.lets_entry_through(entry) and (until is None or entry.at <= until)
            ],
        }
