# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what is carried with what is planned and promised, and report it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._specs import AUDIT
from ansible_collections.macpool.hyperv.plugins.plugin_utils._action import Result, Task
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._load import load
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._run import at_least, report_on, situate, worst
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._trend import (
    MOST_SAMPLES,
    counts_of,
    is_news,
    with_rates,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._what_if import afterwards
from ansible_collections.macpool.hyperv.plugins.plugin_utils._handed_over import take_over
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._core import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._report._files import write_reports
from ansible_collections.macpool.hyperv.plugins.plugin_utils._results import claim_for_audit, lease_for_audit


class ActionModule(Task):
    """The action of macpool.hyperv.audit."""

    SPEC = AUDIT
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Load, audit, write the reports, and fail at the chosen severity."""
        now = dt.datetime.now(dt.timezone.utc)
        taken = take_over(options["host_results"] or {}, options["controller_results"], now)
        loaded = load([*taken.documents, *(options["observations"] or ())], options["observations_dir"])
        misread = loaded.problems
        plan = self.settings.plan_if_any()
        ledger = self.ledger_if_any(options, plan, options["with_ledger"])
        claims = [claim_for_audit(claim) for claim in ledger.claims()] if ledger else None
        leases = [lease_for_audit(lease) for lease in ledger.leases()] if ledger else []
        situation = situate(
            loaded.documents,
            plan=plan,
            claims=claims,
            leases=leases,
            now=now,
            expected_hosts=[*options["expected_hosts"], *taken.unseen],
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
