# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what is carried with what is planned and promised, and report it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from ..module_utils._errors import MacPoolError
from ..module_utils._specs.ledger import AUDIT
from ..plugin_utils._action import Result, Task
from ..plugin_utils._audit.run import at_least, report_on, situate, worst
from ..plugin_utils._audit.trend import MOST_SAMPLES, counts_of, is_news, with_rates
from ..plugin_utils._audit.what_if import afterwards
from ..plugin_utils._ledger.ledger import Ledger
from ..plugin_utils._observation.load import load
from ..plugin_utils._report.files import write_reports


class ActionModule(Task):
    """The action of macpool.hyperv.audit."""

    SPEC = AUDIT
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Load, audit, write the reports, and fail at the chosen severity."""
        loaded = load(options["observations"], options["observations_dir"])
        misread = loaded.problems
        plan = self.settings.plan_if_any()
        ledger = self.ledger_if_any(options, plan, options["with_ledger"])
        now = dt.datetime.now(dt.timezone.utc)
        situation = situate(
            loaded.documents,
            plan=plan,
            claims=ledger.claims() if ledger else None,
            leases=ledger.leases() if ledger else (),
            last_seen=ledger.last_seen() if ledger else (),
            now=now,
            expected_hosts=options["expected_hosts"],
        )
        report = report_on(situation, options["what_if"])
        # What could not be read may hold anything.
        report.update(misread=misread, complete=report["complete"] and not misread)
        self._add_trend(options, report, ledger, now)
        result: Result = {
            "complete": report["complete"],
            "summary": report["summary"],
            "worst": worst(report, options["show"]),
            "misread": misread,
            "failing": 0,
            "changes": report.get("changes", []),
            "advice": report.get("advice", ""),
            "assumptions": report.get("assumptions", []),
        }
        if options["return_report"]:
            result["report"] = report
        if options["report_dir"] and not self.preview:
            if options["what_if"] is not None:
                situation = afterwards(situation, options["what_if"])
            directory = Path(options["report_dir"]).expanduser()
            result["files"] = write_reports(directory, report, situation, now, options["fail_at"])
        if options["fail_at"] != "never" and (bad := at_least(report, options["fail_at"])):
            listed = "\n".join(f"  {line}" for line in worst(report, options["show"]))
            more = f"\n  and {len(bad) - options['show']} more" if len(bad) > options["show"] else ""
            result.update(
                failed=True,
                failing=len(bad),
                msg=f"{len(bad)} findings of severity {options['fail_at']} or worse; the worst of all:\n{listed}{more}",
            )
        return result

    def _add_trend(
        self, options: dict[str, Any], report: dict[str, Any], ledger: Ledger | None, now: dt.datetime
    ) -> None:
        """Add the rate at which ranges fill to the report, and keep its counts for the next one."""
        is_real = options["what_if"] is None
        counts = counts_of(report, now)
        earlier = ledger.audits(MOST_SAMPLES) if ledger else []
        report["summary"]["usage"] = with_rates(
            report["summary"]["usage"], {**counts, "complete": counts["complete"] and is_real}, earlier
        )
        if ledger is None or self.preview or not is_real or not options["trend"] or not is_news(counts, earlier):
            return
        try:
            ledger.note_audit(counts, self.job)
        except MacPoolError as error:
            # A ledger that cannot be written is no reason to say nothing about the cluster.
            self._display.warning(f"The counts of this audit were not kept: {error}")
