# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set or clear a host's range of dynamic addresses."""

from __future__ import annotations

from typing import Any

from ..module_utils._errors import MacPoolError, failure
from ..module_utils._mac import Interval, parse_interval
from ..module_utils._specs.host import HOST_RANGE
from ..plugin_utils._action import Result, Task
from ..plugin_utils._host.adapters import result_error
from ..plugin_utils._host.range import (
    check_is_host,
    check_land,
    check_stranded,
    decide_range,
    lease_of,
    range_after,
    range_as_result,
)
from ..plugin_utils._ledger.model import Lease


class ActionModule(Task):
    """The action of macpool.hyperv.host_range."""

    SPEC = HOST_RANGE

    def work(self, options: dict[str, Any]) -> Result:
        """Observe, decide, apply, read back."""
        host = options["host"] or self.task_vars["inventory_hostname"]
        leases = self._leases(options)
        wanted = self._wanted(host, options, leases) if options["state"] == "present" else None
        observation = self.observe(["range", "vms", "host_adapters"])
        check_is_host(host, observation, leases)
        decision = decide_range(observation, wanted, options["method"])
        result: Result = {"stranded": list(decision.stranded), "message": decision.unread}
        if options["stranded"] == "fail":
            try:
                check_stranded(host, decision)
            except MacPoolError as refusal:
                found = range_as_result(decision.before)
                return {**result, "failed": True, **failure(refusal), "before": found, "after": found}
        after = decision.before
        if decision.operation:
            outcome = self.apply([decision.operation])[0]
            if error := result_error(f'host "{host}"', f"the range {wanted or 'of a fresh installation'}", outcome):
                raise error
            after = range_after(outcome)
            if after != wanted:
                raise MacPoolError(
                    f'host "{host}"', f"the range {wanted}", f"{after} when read back", "Look at the host, run again."
                )
            said = filter(None, (decision.unread, outcome.get("message")))
            result.update(changed=outcome["status"] == "done", message="; ".join(said))
        before_text, after_text = range_as_result(decision.before), range_as_result(after)
        diff = self.diff({"range": before_text}, {"range": after_text}) if result.get("changed") else {}
        return {**result, "before": before_text, "after": after_text, **diff}

    def _leases(self, options: dict[str, Any]) -> list[Lease]:
        """Return the leases that bind this task: none where a range is cleared, or given without a plan."""
        if options["state"] == "absent" or (options["start"] is not None and self.settings.plan_if_any() is None):
            return []
        return self.ledger(options, self.settings.plan()).leases()

    def _wanted(self, host: str, options: dict[str, Any], leases: list[Lease]) -> Interval:
        """Return the range given, once it is nobody else's, or the host's own lease."""
        if options["start"] is None:
            lease = lease_of(host, leases)
            return Interval(lease.start, lease.dynamic_end)
        wanted = parse_interval({"start": options["start"], "end": options["end"]}, f'the range of host "{host}"')
        plan = self.settings.plan_if_any()
        # A check of leasing and setting has leased nothing yet: what would be leased is this host's own.
        if not (self.preview and plan and plan.host_ranges and wanted == self._to_come(host, options)):
            check_land(host, wanted, plan, leases)
        return wanted

    def _to_come(self, host: str, options: dict[str, Any]) -> Interval | None:
        """Return the range that leasing blocks to the hosts of the plan would give this one; None when it has to fail."""
        try:
            outcomes = self.ledger(options, self.settings.plan()).lease(self.job, preview=True)
            lease = lease_of(host, [outcome.lease for outcome in outcomes])
        except MacPoolError:
            return None
        return Interval(lease.start, lease.dynamic_end)
