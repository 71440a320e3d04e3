# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set or clear a host's range of dynamic addresses."""

from __future__ import annotations

from typing import Any

from ..module_utils._mac import parse_interval
from ..module_utils._specs.host import HOST_RANGE
from ..plugin_utils._action import Result, Task
from ..plugin_utils._host.range_run import RangeRun


class ActionModule(Task):
    SPEC = HOST_RANGE

    def work(self, options: dict[str, Any]) -> Result:
        """Set or clear the range and tell what became of it."""
        host = options["host"] or self.task_vars["inventory_hostname"]
        limits = {"start": options["start"], "end": options["end"]}
        given = None if options["start"] is None else parse_interval(limits, f'the range of host "{host}"')
        run = RangeRun(
            connection=self,
            host=host,
            job=self.job,
            preview=self.preview,
            method=options["method"],
            strand=options["stranded"] == "allow",
        )
        if options["state"] == "absent":
            report = run.clear()
        else:
            run.plan = self.settings.plan_if_any() if given else self.settings.plan()
            run.ledger = self.ledger(options, run.plan) if run.plan else None
            report = run.set(given)
        return {**report.as_result(), **self.diff(*report.diff())}
