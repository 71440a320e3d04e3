# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a range to a host: find its range → observe → decide → apply → compare what was read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...module_utils._errors import MacPoolError, failed
from ...module_utils._mac import Interval
from .._ledger.ledger import Ledger
from .._ledger.model import Job, Lease
from .._plan.model import Plan
from .._text import quoted
from . import range as rules
from .observed import ObservedHost
from .run import Connection, result_error


@dataclass
class RangeReport:
    """What became of a host's range."""

    decision: rules.RangeDecision
    after: Interval | None
    changed: bool = False
    messages: list[str] = field(default_factory=list)
    error: MacPoolError | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the result of the task; failed when the range was refused, or is not as wanted."""
        return {
            "changed": self.changed,
            "before": rules.range_as_result(self.decision.before),
            "after": rules.range_as_result(self.after),
            "stranded": list(self.decision.stranded),
            "message": "; ".join(filter(None, self.messages)),
            **failed([self.error] if self.error else []),
        }

    def diff(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the range before and after; nothing when it did not change."""
        if not self.changed:
            return {}, {}
        return {"range": rules.range_as_result(self.decision.before)}, {"range": rules.range_as_result(self.after)}


@dataclass
class RangeRun:
    """One task's worth of a range for one host."""

    connection: Connection
    host: str
    """The name under which the plan knows the host."""
    job: Job
    preview: bool
    plan: Plan | None = None
    ledger: Ledger | None = None
    """The ledger of the plan; None without a plan."""
    method: str = "auto"
    strand: bool = False
    """Whether adapters may lose their address at their next start."""

    def set(self, given: Interval | None) -> RangeReport:
        """Give the host a range.

        :param given: the range; None for the one that the host's own lease gives it
        """
        leases = self.ledger.leases() if self.ledger else []
        if given is not None and given != self._to_come():
            rules.check_range(self.host, given, self.plan, leases)
        return self._change(given or rules.leased_range(self.host, leases), leases)

    def clear(self) -> RangeReport:
        """Take the host's range away, so that Hyper-V makes a new one at its next start."""
        return self._change(None, [])

    def _to_come(self) -> Interval | None:
        """Return the range that the host's lease will give it, where a check of leasing has leased nothing yet."""
        if not (self.preview and self.ledger and self.plan and self.plan.host_ranges):
            return None
        try:
            return rules.leased_range(self.host, [one.lease for one in self.ledger.lease(self.job, preview=True)])
        except MacPoolError:
            return None  # leasing will fail, so nothing is to come

    def _change(self, wanted: Interval | None, leases: list[Lease]) -> RangeReport:
        observed = ObservedHost.read(self.connection.observe(["range", "vms", "host_adapters"]))
        rules.check_is_host(self.host, observed, leases)
        decision = rules.decide_range(observed, wanted, self.method)
        report = RangeReport(decision, decision.before, messages=[decision.unread])
        try:
            if not self.strand:
                rules.check_stranded(self.host, decision)
            if decision.operation:
                self._apply(decision.operation, report)
        except MacPoolError as error:
            report.error = error
        return report

    def _apply(self, operation: dict[str, Any], report: RangeReport) -> None:
        (result,) = self.connection.apply([operation])
        subject, wanted = f"host {quoted(self.host)}", report.decision.after
        words = f"the range {wanted}" if wanted else "no range of its own"
        is_done, after = result["status"] in ("done", "unchanged"), result.get("after")
        if is_done or after:
            report.after = rules.range_after(result)
        # What failed half-way has changed something too.
        report.changed = result["status"] == "done" or (not is_done and after not in (None, result.get("before")))
        report.messages.append(result.get("message") or "")
        if error := result_error(subject, words, result):
            raise error
        if report.after != wanted:
            found = f"{report.after or 'none'} when read back"
            raise MacPoolError(subject, words, found, "Look at the host, then run again.")
