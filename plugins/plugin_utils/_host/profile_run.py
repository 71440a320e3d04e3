# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of port profiles to adapters: observe → decide → apply → compare what was read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError
from .._observation.model import PortProfile
from .observed import ObservedHost
from .profiles import ProfileDecision, ProfileWish, decide_profiles, profile_operations, shown
from .run import Connection, Report, Row, result_error


@dataclass
class ProfileRow(Row[ProfileDecision]):
    """What became of one adapter."""

    after: PortProfile | None = None

    @property
    def changed(self) -> bool:
        """Tell whether this task gave the adapter another profile, as wanted or not."""
        return self.status in ("changed", "failed") and self.after != self.decision.adapter.profile

    @property
    def change(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys before and after."""
        row = self.as_result()
        return {"port_profile": row["before"]}, {"port_profile": row["after"]}

    def as_result(self) -> dict[str, Any]:
        """Return the row for the task's result."""
        adapter = self.decision.adapter
        return {
            **adapter.as_result(),
            "mac_address": adapter.text,
            "dynamic": adapter.dynamic,
            "status": self.status,
            "reason": str(self.error) if self.error else "",
            "warnings": list(self.decision.warnings),
            "before": adapter.profile.as_result() if adapter.profile else None,
            "after": self.after.as_result() if self.after else None,
        }


@dataclass
class ProfileRun:
    """One task's worth of port profiles for one host."""

    connection: Connection
    skip_missing_vms: bool = False
    rebind: bool = False

    def run(self, wishes: Sequence[ProfileWish]) -> Report[ProfileRow]:
        """Fulfil the wishes; VMs that move away meanwhile are looked for again."""
        report = Report[ProfileRow]("adapters")
        report.fulfil(wishes, lambda left: self._round(left, report))
        return report

    def _round(self, wishes: Sequence[ProfileWish], report: Report[ProfileRow]) -> None:
        """Fulfil what can be fulfilled now."""
        observation = self.connection.observe(["vms", "port_profiles"], list(dict.fromkeys(wish.vm for wish in wishes)))
        host = ObservedHost.read(observation)
        decisions = decide_profiles(host, wishes, skip_missing_vms=self.skip_missing_vms, rebind=self.rebind)
        found = {decision.wish for decision in decisions}
        report.missing += [wish.vm for wish in wishes if wish not in found]
        operations = profile_operations(decisions)
        results = {result["id"]: result for result in (self.connection.apply(operations) if operations else ())}
        report.rows += [_row(decision, results.get(decision.operation_id)) for decision in decisions]


def _row(decision: ProfileDecision, result: Mapping[str, Any] | None) -> ProfileRow:
    """Compare what the host shows with what was wanted."""
    before = decision.adapter.profile
    if result is None:
        return ProfileRow(decision, decision.status, after=before)
    label, wanted = decision.adapter.label, decision.wish.wanted
    after = PortProfile.read(result.get("after"))
    if error := result_error(label, wanted, result):
        # Nothing read back: refused before anything was touched, or it is not known.
        is_moved = result.get("reason") == "moved"
        return ProfileRow(decision, result["status"], error, is_moved, after=after or before)
    if after != decision.wish.profile:
        error = MacPoolError(label, wanted, f"{shown(after)} when read back", "Look at the host, then run again.")
        return ProfileRow(decision, "failed", error, after=after)
    return ProfileRow(decision, "changed" if result["status"] == "done" else "unchanged", after=after)
