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
from ..plugin_utils._audit.run import report_on, situate, verdict, worst
from ..plugin_utils._audit.trend import MOST_SAMPLES, add_rates
from ..plugin_utils._audit.what_if import afterwards
from ..plugin_utils._ledger.ledger import Ledger
from ..plugin_utils._observation.handed_over import take_over
from ..plugin_utils._observation.load import load
from ..plugin_utils._report.files import write_reports


class ActionModule(Task):
    SPEC = AUDIT
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Load, audit, write the reports, and fail at the chosen severity."""
        now, question = dt.datetime.now(dt.timezone.utc), options["what_if"]
        taken = take_over(options["host_results"] or {}, options["controller_results"], now)
        loaded = load([*taken.documents, *(options["observations"] or ())], options["observations_dir"])
        plan = self.settings.plan_if_any()
        ledger = self.ledger_if_any(options, plan, options["with_ledger"])
        situation = situate(
            loaded.documents,
            plan=plan,
            claims=ledger.claims() if ledger else None,
            leases=ledger.leases() if ledger else (),
            last_seen=ledger.last_seen() if ledger else (),
            now=now,
            expected_hosts=[*options["expected_hosts"], *taken.unseen],
        )
        report = report_on(situation, question, loaded.problems)
        counts = add_rates(report, now, ledger.audits(MOST_SAMPLES) if ledger else [], imagined=question is not None)
        if ledger and counts and options["trend"] and not self.preview:
            self._keep(ledger, counts)
        result: Result = {
            "complete": report["complete"],
            "summary": report["summary"],
            "worst": worst(report, options["show"]),
            "misread": report["misread"],
            "changes": report.get("changes", []),
            "advice": report.get("advice", ""),
            "assumptions": report.get("assumptions", []),
            **({"report": report} if options["return_report"] else {}),
            **verdict(report, options["fail_at"], options["show"]),
        }
        if options["report_dir"] and not self.preview:
            shown = situation if question is None else afterwards(situation, question)
            directory = Path(options["report_dir"]).expanduser()
            result["files"] = write_reports(directory, report, shown, now, options["fail_at"])
        return result

    def _keep(self, ledger: Ledger, counts: dict[str, Any]) -> None:
        try:
            ledger.note_audit(counts, self.job)
        except MacPoolError as error:
            # A ledger that cannot be written must not hide what was found in the cluster.
            self._display.warning(f"The counts of this audit were not kept: {error}")
