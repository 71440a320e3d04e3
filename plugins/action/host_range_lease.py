# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lease disjoint blocks of the plan's host ranges to hosts."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.ledger import HOST_RANGE_LEASE
from ..plugin_utils._action import Result, Task
from ..plugin_utils._ledger.result import lease_as_result


class ActionModule(Task):
    SPEC = HOST_RANGE_LEASE
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Lease or retire, and tell each host's block."""
        ledger = self.ledger(options, self.settings.plan())
        if options["state"] == "retired":
            outcomes = ledger.retire(options["hosts"], self.job, preview=self.preview)
        else:
            outcomes = ledger.lease(self.job, options["hosts"], preview=self.preview)
        changed = [outcome for outcome in outcomes if outcome.changed]
        before = {outcome.lease.host: lease_as_result(outcome.before) for outcome in changed if outcome.before}
        after = {outcome.lease.host: lease_as_result(outcome.lease) for outcome in changed}
        return {
            "changed": bool(changed),
            "leases": [
                {**lease_as_result(outcome.lease), "changed": outcome.changed, "remark": outcome.remark}
                for outcome in outcomes
            ],
            **self.diff(before, after),
        }
