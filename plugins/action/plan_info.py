# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the plan, and show land, usage and the leases to come."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.ledger import PLAN_INFO
from ..plugin_utils._action import Result, Task
from ..plugin_utils._ledger.errors import ObservationTooOld, PoolFull
from ..plugin_utils._ledger.result import lease_as_result
from ..plugin_utils._ledger.usage import usage_as_result
from ..plugin_utils._plan.info import ranges_as_result, warnings_of


class ActionModule(Task):
    SPEC = PLAN_INFO
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Read the plan and, where there is to be a ledger, what is promised on its land."""
        plan = self.settings.plan()
        result: Result = {
            "scope": plan.scope,
            "digest": plan.digest,
            "generation": None,
            "plan_warnings": list(warnings_of(plan)),
            "land": ranges_as_result(plan),
            "usage": [],
            "leases": [],
            "lease_problem": None,
        }
        if options["with_ledger"]:
            ledger = self.ledger(options, plan)
            result["generation"] = ledger.accept_plan(self.job, preview=True).generation
            result["usage"] = usage_as_result(ledger.usage())
            if plan.host_ranges:
                try:
                    outcomes = ledger.lease(self.job, preview=True)
                    leases = [(outcome.lease, outcome.changed) for outcome in outcomes]
                except (ObservationTooOld, PoolFull) as error:
                    # What keeps leases from being made is a thing to show, not a reason to show nothing.
                    result["lease_problem"] = str(error)
                    leases = [(lease, False) for lease in ledger.leases() if lease.state == "active"]
                result["leases"] = [
                    {**lease_as_result(lease), "state": "planned" if is_new else lease.state}
                    for lease, is_new in leases
                ]
        return result
