# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set or clear a host's range of dynamic addresses."""

from __future__ import annotations

from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import Interval, parse_interval
from ansible_collections.macpool.hyperv.plugins.module_utils._specs import HOST_RANGE
from ansible_collections.macpool.hyperv.plugins.plugin_utils._action import Result, Task, failure
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host import result_error
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host_range import (
    check_land,
    check_stranded,
    decide_range,
    lease_of,
    range_after,
    range_as_result,
)


class ActionModule(Task):
    """The action of macpool.hyperv.host_range."""

    SPEC = HOST_RANGE

    def work(self, options: dict[str, Any]) -> Result:
        """Observe, decide, apply, read back."""
        host = options["host"] or self.task_vars["inventory_hostname"]
        wanted = self._wanted(host, options) if options["state"] == "present" else None
        observation = self.observe(["range", "vms", "host_adapters"])
        decision = decide_range(observation, wanted, options["method"])
        result: Result = {"stranded": list(decision.stranded), "message": ""}
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
            result.update(changed=outcome["status"] == "done", message=outcome.get("message") or "")
        before_text, after_text = range_as_result(decision.before), range_as_result(after)
        diff = self.diff({"range": before_text}, {"range": after_text}) if decision.operation else {}
        return {**result, "before": before_text, "after": after_text, **diff}

    def _wanted(self, host: str, options: dict[str, Any]) -> Interval:
        """Return the range given, once it is nobody else's, or the host's own lease."""
        if options["start"] is None:
            plan = self.settings.plan()
            lease = lease_of(host, self.ledger(options, plan).leases())
            return Interval(lease.start, lease.dynamic_end)
        wanted = parse_interval({"start": options["start"], "end": options["end"]}, f'the range of host "{host}"')
        plan_if_any = self.settings.plan_if_any()
        leases = self.ledger(options, plan_if_any).leases() if plan_if_any else []
        check_land(host, wanted, plan_if_any, leases)
        return wanted
