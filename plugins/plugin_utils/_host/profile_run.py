# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of port profiles to adapters: observe → decide → apply → compare what was read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...module_utils._errors import MacPoolError
from .connection import Connection, result_error
from .observed import ObservedHost, PortProfile
from .profiles import ProfileDecision, ProfileWish, decide_profiles, profile_operations, shown
from .run import Report


@dataclass
class ProfileRow:
    """What became of one adapter."""

    decision: ProfileDecision
    status: str
    after: PortProfile | None
    error: MacPoolError | None = None
    overtaken: bool = False

    @property
    def wish(self) -> ProfileWish:
        """Return the wish."""
        return self.decision.wish

    @property
    def before(self) -> PortProfile | None:
        """Return the profile as it was observed."""
        return self.decision.adapter.profile

    @property
    def changed(self) -> bool:
        """Tell whether this task gave the adapter another profile, as wanted or not."""
        return self.status in ("changed", "failed") and self.after != self.before

    @property
    def label(self) -> str:
        """Return what the row is called in a diff."""
        return f"{self.decision.adapter.owner_name} ({self.decision.adapter.vm_id})"

    @property
    def change(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys before and after."""
        return {"port_profile": _as_result(self.before)}, {"port_profile": _as_result(self.after)}

    def as_result(self) -> dict[str, Any]:
        """Return the row for the task's result."""
        adapter = self.decision.adapter
        return {
            "vm": adapter.vm.name,
            "vm_id": adapter.vm_id,
            "name": adapter.name,
            "adapter_id": adapter.id,
            "mac_address": adapter.mac,
            "dynamic": adapter.dynamic,
            "status": self.status,
            "reason": str(self.error) if self.error else "",
            "warnings": list(self.decision.warnings),
            "before": _as_result(self.before),
            "after": _as_result(self.after),
        }


def _as_result(profile: PortProfile | None) -> dict[str, Any] | None:
    return profile.as_result() if profile else None


@dataclass
class ProfileReport(Report[ProfileRow]):
    """What became of all wishes."""

    ROWS: ClassVar[str] = "adapters"

    @property
    def warnings(self) -> list[str]:
        """Return what the user should be warned of."""
        return [warning for row in self.rows for warning in row.decision.warnings]


@dataclass
class ProfileRun:
    """One task's worth of port profiles for one host."""

    connection: Connection
    skip_missing_vms: bool = False
    rebind: bool = False

    def run(self, wishes: Sequence[ProfileWish]) -> ProfileReport:
        """Fulfil the wishes; VMs that move away meanwhile are looked for again."""
        report = ProfileReport()
        report.fulfil(wishes, lambda left: self._round(left, report))
        return report

    def _round(self, wishes: Sequence[ProfileWish], report: ProfileReport) -> None:
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
        return ProfileRow(decision, decision.status, before)
    label, wanted = decision.adapter.label, decision.wish.wanted
    if error := result_error(label, wanted, result):
        # Nothing read back: refused before anything was touched, or it is not known.
        after = PortProfile.read(result.get("after")) if result.get("after") else before
        return ProfileRow(decision, result["status"], after, error, overtaken=result.get("reason") == "moved")
    after = PortProfile.read(result.get("after"))
    if after != decision.wish.profile:
        error = MacPoolError(label, wanted, f"{shown(after)} when read back", "Look at the host, then run again.")
        return ProfileRow(decision, "failed", after, error)
    return ProfileRow(decision, "changed" if result["status"] == "done" else "unchanged", after)
