# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How VMs are created, started, stopped and removed: observe → decide → apply, step by step → read back.

The rules are in ``vms.py``; here is their order. A step is taken for all VMs in one call, and the next step only of those
whose last one ended well, so that a VM without its role is not started, and one that did not go off is not removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._errors import MacPoolError
from .._observation.model import NEVER_STARTED, OFF, RUNNING
from .observed import ObservedHost
from .run import Connection, Report, Row, result_error
from .vms import CREATE, REMOVE, ROLE, START, STOP, Goal, VmDecision, VmWish, decide_vms, seen_vm, vm_operation

GATHER = ("vms", "port_profiles", "cluster_groups")

_WANTED = {
    CREATE: "a new VM",
    ROLE: "a cluster role",
    START: "to start it",
    STOP: "to shut it down",
    REMOVE: "to remove it",
}
_UNKNOWABLE = (CREATE, STOP)
"""After these a check cannot ask the host about the next step: it would see the VM as it is now."""
_OVERTAKEN = ("moved", "not_found", "changed")
"""Why an operation is refused when the observation was out of date: look again."""


@dataclass
class VmRow(Row[VmDecision]):
    """How far one VM got."""

    vm_id: str = ""
    taken: list[str] = field(default_factory=list)
    """The steps that were taken."""
    state: str | None = None
    clustered: bool = False
    seen: VmDecision | None = None
    """The VM as it was read back; None where it was not."""

    @classmethod
    def of(cls, decision: VmDecision, earlier: VmRow | None) -> VmRow:
        """Return the row of a VM before its next step.

        :param earlier: what became of the VM before it was looked at again
        """
        state = None if decision.vm is None else decision.vm.state
        taken = list(earlier.taken) if earlier else []
        return cls(decision, vm_id=decision.vm_id, taken=taken, state=state, clustered=decision.clustered)

    @property
    def changed(self) -> bool:
        """Tell whether any step was taken."""
        return bool(self.taken)

    def take(self, step: str, result: Mapping[str, Any]) -> None:
        """Note what a step came to."""
        if error := result_error(self.decision.label, _WANTED[step], result):
            self.overtaken = result["status"] == "refused" and result.get("reason") in _OVERTAKEN
            self.status, self.error = result["status"], error
            after = result.get("after")
            if result["status"] == "failed" and after and after != result.get("before"):
                # It failed half-way: something is not as it was.
                self.taken.append(step)
                self.state = after.get("state", self.state)
            if step == CREATE and after:
                self.vm_id = after["vm_id"]
                self.error = MacPoolError(
                    error.subject,
                    error.wanted,
                    f"{error.found}; the VM exists now, with the id {self.vm_id}",
                    "Fix what the message names, then run again: the next run goes on from there.",
                )
            return
        if result["status"] == "done":
            self.taken.append(step)
        if step == CREATE:
            self.vm_id = (result.get("after") or {}).get("vm_id") or ""
        self.predict(step)

    def predict(self, step: str) -> None:
        """Note what a step that ended well leads to."""
        if step == ROLE:
            self.clustered = True
        elif step == REMOVE:
            self.state, self.clustered = None, False
        else:
            self.state = RUNNING[0] if step == START else OFF

    @property
    def outcome(self) -> str:
        """Return the status for the result."""
        if self.error:
            return self.status
        if self.decision.node:
            return "elsewhere"
        for step, status in ((CREATE, "created"), (REMOVE, "removed")):
            if step in self.taken:
                return status
        return "changed" if self.taken else "unchanged"

    def as_result(self) -> dict[str, Any]:
        """Return the VM for the task's result."""
        shown = self.seen or self.decision
        gone = self.state is None
        adapter = None if gone else shown.adapter
        starts = START in self.taken and self.seen is None
        is_new = CREATE in self.taken and self.seen is None
        # Hyper-V chooses a dynamic address at the start (fact 103): it cannot be known before.
        unknown = starts and (is_new or (adapter is not None and adapter.dynamic and adapter.value == 0))
        mac = adapter.text if adapter else NEVER_STARTED if is_new else None
        return {
            "name": shown.vm.name if shown.vm else shown.wish.name,
            "vm_id": self.vm_id or None,
            "adapter_id": adapter.given_id if adapter else None,
            "adapter_name": adapter.name if adapter else shown.wish.adapter_name if is_new else None,
            "host": shown.node or shown.host,
            "state": self.state,
            "clustered": self.clustered,
            "mac_address": None if unknown else mac,
            "dynamic": adapter.dynamic if adapter else True if is_new else None,
            "port_profile": adapter.profile.as_result() if adapter and adapter.profile else None,
            "status": self.outcome,
            "reason": str(self.error) if self.error else self.decision.reason,
            "differences": [dict(difference) for difference in shown.differences],
        }

    @property
    def change(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys before and after."""
        wish, vm = self.decision.wish, self.decision.vm
        before = {} if vm is None else {"state": vm.state, "clustered": self.decision.clustered}
        after: dict[str, Any] = {} if self.state is None else {"state": self.state, "clustered": self.clustered}
        if CREATE in self.taken:
            after |= {"generation": wish.generation, "memory_bytes": wish.memory, "switch": wish.switch}
            after |= {"adapter_name": wish.adapter_name, "path": wish.path, "vhd_path": wish.vhd_path}
        return before, after


@dataclass
class VmRun:
    """One task's worth of VMs of one host."""

    connection: Connection
    inventory_name: str
    goal: Goal
    preview: bool
    shutdown_timeout: int
    force_off: bool

    def run(self, wishes: Sequence[VmWish]) -> Report[VmRow]:
        """Fulfil the wishes; VMs that were changed by others meanwhile are looked at again."""
        report = Report[VmRow]("vms")
        report.fulfil(wishes, lambda left: self._round(left, report))
        return report

    def _round(self, wishes: Sequence[VmWish], report: Report[VmRow]) -> None:
        host = self._observe([wish.name for wish in wishes])
        decisions, missing = decide_vms(host, wishes, self.goal, self.inventory_name)
        report.missing += [wish.name for wish in missing]
        rows = [VmRow.of(decision, report.overtaken.get(decision.wish)) for decision in decisions]
        report.rows += rows
        for place in range(max((len(decision.steps) for decision in decisions), default=0)):
            self._step([row for row in rows if place < len(row.decision.steps) and not row.error], place)
        if not self.preview:
            self._read_back([row for row in rows if row.taken and row.state is not None])

    def _observe(self, vms: Sequence[str]) -> ObservedHost:
        return ObservedHost.read(self.connection.observe(GATHER, vms))

    def _step(self, rows: Sequence[VmRow], place: int) -> None:
        """Take one step of each of these VMs, in one call."""
        asked: list[tuple[VmRow, str]] = []
        for row in rows:
            step = row.decision.steps[place]
            if self.preview and row.decision.steps[0] in _UNKNOWABLE and place:
                row.taken.append(step)
                row.predict(step)
            else:
                asked.append((row, step))
        if not asked:
            return
        operations = [
            vm_operation(step, row.decision, row.vm_id, self.shutdown_timeout, self.force_off) for row, step in asked
        ]
        for (row, step), result in zip(asked, self.connection.apply(operations), strict=True):
            row.take(step, result)

    def _read_back(self, rows: Sequence[VmRow]) -> None:
        """Read the VMs that changed once more: what was applied and is not seen has failed (law 4)."""
        if not rows:
            return
        host = self._observe([row.vm_id for row in rows])
        seen = {vm.given_id: vm for vm in host.vms}
        for row in rows:
            if row.vm_id not in seen:
                continue
            wanted_role = row.clustered
            row.seen = seen_vm(host, row.decision.wish, seen[row.vm_id])
            row.state, row.clustered = seen[row.vm_id].state, row.seen.clustered
            if not row.error and wanted_role and not row.clustered:
                row.status = "failed"
                row.error = MacPoolError(
                    row.seen.label, "a cluster role", "none when read back", "Look at the cluster, then run again."
                )
