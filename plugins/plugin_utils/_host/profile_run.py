# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of port profiles to adapters: observe → decide → apply → compare what was read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._errors import MacPoolError
from .adapter_run import Host
from .adapters import PortProfile, result_error
from .profiles import ProfileItem, ProfileWish, decide_profiles, profile_operations, shown
from .rounds import in_rounds


@dataclass
class ProfileRow:
    """What became of one adapter."""

    item: ProfileItem
    status: str
    after: PortProfile | None
    error: MacPoolError | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the row for the task's result."""
        adapter = self.item.adapter
        return {
            "vm": adapter.vm,
            "vm_id": adapter.vm_id,
            "name": adapter.name,
            "adapter_id": adapter.id,
            "mac_address": adapter.mac,
            "dynamic": adapter.dynamic,
            "status": self.status,
            "reason": str(self.error) if self.error else "",
            "warnings": list(self.item.warnings),
            "before": adapter.profile.as_result() if adapter.profile else None,
            "after": self.after.as_result() if self.after else None,
        }


@dataclass
class ProfileReport:
    """What became of all wishes."""

    rows: list[ProfileRow] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    errors: list[MacPoolError] = field(default_factory=list)

    @property
    def changed_rows(self) -> list[ProfileRow]:
        """Return the rows of adapters to which this task gave another profile, as wanted or not."""
        return [
            row for row in self.rows if row.status in ("changed", "failed") and row.after != row.item.adapter.profile
        ]

    @property
    def warnings(self) -> list[str]:
        """Return what the user should be warned of."""
        return [warning for row in self.rows for warning in row.item.warnings]

    def as_result(self) -> dict[str, Any]:
        """Return the result of the task; failed when anything that was begun did not end as wanted."""
        result: dict[str, Any] = {
            "changed": bool(self.changed_rows),
            "adapters": [row.as_result() for row in self.rows],
            "missing": self.missing,
        }
        if self.errors:
            lines = "\n".join(str(error) for error in self.errors)
            result.update(failed=True, msg=lines, errors=[error.as_dict() for error in self.errors])
        return result

    def diff(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the profiles of the adapters that changed, before and after."""
        rows = {
            f"{row.item.adapter.owner_name} ({row.item.adapter.vm_id})": row.as_result() for row in self.changed_rows
        }
        return (
            {name: {"port_profile": row["before"]} for name, row in rows.items()},
            {name: {"port_profile": row["after"]} for name, row in rows.items()},
        )


@dataclass
class Binder:
    """One task's worth of port profiles for one host."""

    host: Host
    skip_missing_vms: bool = False
    rebind: bool = False

    def run(self, wishes: Sequence[ProfileWish]) -> ProfileReport:
        """Fulfil the wishes; VMs that move away meanwhile are looked for again."""
        report = ProfileReport()
        # What was done before an error must be told with it.
        report.errors += in_rounds(
            wishes, lambda left, last: self._round(left, report, last), lambda: bool(report.rows)
        )
        return report

    def _round(self, wishes: Sequence[ProfileWish], report: ProfileReport, last: bool) -> list[ProfileWish]:
        """Fulfil what can be fulfilled now and return the wishes for VMs that moved away in between."""
        observation = self.host.observe(["vms", "port_profiles"], list(dict.fromkeys(wish.vm for wish in wishes)))
        items = decide_profiles(observation, wishes, skip_missing_vms=self.skip_missing_vms, rebind=self.rebind)
        found = [item.wish for item in items]
        report.missing = [*report.missing, *(wish.vm for wish in wishes if wish not in found)]
        operations = profile_operations(items)
        results = self.host.apply(operations) if operations else []
        by_id = {result["id"]: result for result in results}
        moved: list[ProfileWish] = []
        for item in items:
            result = by_id.get(item.operation_id)
            if result is None:
                report.rows.append(ProfileRow(item, item.status, item.adapter.profile))
            elif result.get("reason") == "moved" and not last:
                moved.append(item.wish)
            else:
                report.rows.append(self._row(item, result, report))
        return moved

    @staticmethod
    def _row(item: ProfileItem, result: Mapping[str, Any], report: ProfileReport) -> ProfileRow:
        """Compare what the host shows with what was wanted."""
        label, wanted = item.adapter.label, item.wish.wanted
        error = result_error(label, wanted, result)
        if error:
            # Nothing read back: refused before anything was touched, or nobody knows.
            after = PortProfile.read(result.get("after")) if result.get("after") else item.adapter.profile
            report.errors.append(error)
            return ProfileRow(item, result["status"], after, error)
        after = PortProfile.read(result.get("after"))
        if after != item.wish.profile:
            error = MacPoolError(label, wanted, f"{shown(after)} when read back", "Look at the host, then run again.")
            report.errors.append(error)
            return ProfileRow(item, "failed", after, error)
        return ProfileRow(item, "changed" if result["status"] == "done" else "unchanged", after)
