# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of VMs into being and out of it: observe → decide → apply, step by step → read back.

The rules are in ``vms.py``; here is their order. A step is taken for all VMs in one call, and the next step only of those
whose last one ended well, so that a VM without its role is not started, and one that did not go off is not removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._errors import MacPoolError, ManyErrors
from .._observation.model import NEVER_STARTED, OFF, RUNNING
from .adapter_run import Host
from .adapters import result_error
from .rounds import MOVED_TRIES
from .vms import CREATE, REMOVE, ROLE, START, STOP, Goal, VmItem, VmWish, decide_vms, seen_vms, vm_operation

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
"""Why an operation is refused when the picture was out of date: look again."""


@dataclass
class Course:
    """How far one VM got."""

    item: VmItem
    vm_id: str
    taken: list[str] = field(default_factory=list)
    error: MacPoolError | None = None
    status: str = ""
    overtaken: bool = False
    state: str | None = None
    clustered: bool = False
    seen: VmItem | None = None
    """The VM as it was read back; None where it was not."""

    @classmethod
    def of(cls, item: VmItem) -> Course:
        """Return the course of a VM before its first step."""
        state = None if item.vm is None else item.vm["state"]
        return cls(item, item.vm_id, state=state, clustered=item.clustered)

    def take(self, step: str, result: Mapping[str, Any]) -> None:
        """Note what a step came to."""
        if error := result_error(self.item.label, _WANTED[step], result):
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
                    f"{error.found}; the VM is there now, with the id {self.vm_id}",
                    "Fix what the message names, then run again: it goes on from there.",
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
        if self.item.node:
            return "elsewhere"
        for step, status in ((CREATE, "created"), (REMOVE, "removed")):
            if step in self.taken:
                return status
        return "changed" if self.taken else "unchanged"

    def as_result(self) -> dict[str, Any]:
        """Return the VM for the task's result."""
        item = self.seen or self.item
        gone = self.state is None
        adapter = None if gone else item.adapter
        starts = START in self.taken and self.seen is None
        is_new = CREATE in self.taken and self.seen is None
        # Hyper-V chooses a dynamic address at the start (fact 103): nobody can know it before.
        unknown = starts and (is_new or (adapter is not None and adapter.dynamic and adapter.mac == NEVER_STARTED))
        mac = adapter.mac if adapter else NEVER_STARTED if is_new else None
        return {
            "name": item.vm["name"] if item.vm else item.wish.name,
            "vm_id": self.vm_id or None,
            "adapter_id": adapter.id if adapter else None,
            "adapter_name": adapter.name if adapter else item.wish.adapter_name if is_new else None,
            "host": item.node or item.host,
            "state": self.state,
            "clustered": self.clustered,
            "mac_address": None if unknown else mac,
            "dynamic": adapter.dynamic if adapter else True if is_new else None,
            "port_profile": adapter.profile.as_result() if adapter and adapter.profile else None,
            "status": self.outcome,
            "reason": str(self.error) if self.error else self.item.reason,
            "differences": [dict(difference) for difference in item.differences],
        }

    @property
    def change(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys before and after."""
        wish, vm = self.item.wish, self.item.vm
        before = {} if vm is None else {"state": vm["state"], "clustered": self.item.clustered}
        after: dict[str, Any] = {} if self.state is None else {"state": self.state, "clustered": self.clustered}
        if CREATE in self.taken:
            after |= {"generation": wish.generation, "memory_bytes": wish.memory, "switch": wish.switch}
            after |= {"adapter_name": wish.adapter_name, "path": wish.path, "vhd_path": wish.vhd_path}
        return before, after


@dataclass
class VmReport:
    """What became of all wishes."""

    courses: list[Course] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    errors: list[MacPoolError] = field(default_factory=list)

    def as_result(self) -> dict[str, Any]:
        """Return the result of the task; failed when anything that was begun did not end as wanted."""
        errors = [*(course.error for course in self.courses if course.error), *self.errors]
        result: dict[str, Any] = {
            "changed": any(course.taken for course in self.courses),
            "vms": [course.as_result() for course in self.courses],
            "missing": self.missing,
        }
        if errors:
            lines = "\n".join(str(error) for error in errors)
            result.update(failed=True, msg=lines, errors=[error.as_dict() for error in errors])
        return result

    def diff(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys of the VMs that changed, before and after."""
        changes = {course.item.wish.name: course.change for course in self.courses if course.taken}
        return (
            {name: before for name, (before, _after) in changes.items()},
            {name: after for name, (_before, after) in changes.items()},
        )


@dataclass
class VmRun:
    """One task's worth of VMs of one host."""

    host: Host
    inventory_name: str
    goal: Goal
    preview: bool
    shutdown_timeout: int
    force_off: bool

    def run(self, wishes: Sequence[VmWish]) -> VmReport:
        """Fulfil the wishes; what was overtaken by somebody else is looked at again."""
        report = VmReport()
        done: dict[VmWish, Course] = {}
        remaining = list(wishes)
        for attempt in range(1, MOVED_TRIES + 1):
            try:
                courses = self._round(remaining, report)
            except MacPoolError as error:
                if not any(course.taken for course in done.values()):
                    raise
                # What was done before this error must be told with it.
                report.errors += error.errors if isinstance(error, ManyErrors) else [error]
                break
            again = {course.item.wish: course for course in courses}
            for wish in remaining:
                earlier, course = done.get(wish), again.get(wish)
                if earlier and course:
                    course.taken = [*earlier.taken, *course.taken]
                if course:
                    done[wish] = course
                elif earlier and not earlier.taken:
                    del done[wish]
                elif earlier:
                    earlier.error = None
            remaining = [course.item.wish for course in courses if course.overtaken]
            if not remaining or attempt == MOVED_TRIES:
                break
        report.courses = [done[wish] for wish in wishes if wish in done]
        return report

    def _round(self, wishes: Sequence[VmWish], report: VmReport) -> list[Course]:
        items, missing = self._look(wishes)
        report.missing = [*report.missing, *(wish.name for wish in missing)]
        courses = [Course.of(item) for item in items]
        for place in range(max((len(item.steps) for item in items), default=0)):
            self._step([course for course in courses if place < len(course.item.steps) and not course.error], place)
        changed = [course for course in courses if course.taken and course.state is not None]
        if changed and not self.preview:
            try:
                self._read_back({course.vm_id: course for course in changed})
            except MacPoolError as error:
                report.errors.append(error)
        return courses

    def _look(self, wishes: Sequence[VmWish]) -> tuple[list[VmItem], list[VmWish]]:
        observation = self.host.observe(GATHER, [wish.name for wish in wishes])
        return decide_vms(observation, wishes, self.goal, self.inventory_name)

    def _step(self, courses: Sequence[Course], place: int) -> None:
        """Take one step of each of these VMs, in one call."""
        asked: list[tuple[Course, str]] = []
        for course in courses:
            step = course.item.steps[place]
            if self.preview and course.item.steps[0] in _UNKNOWABLE and place:
                course.taken.append(step)
                course.predict(step)
            else:
                asked.append((course, step))
        if not asked:
            return
        operations = [
            vm_operation(step, course.item, course.vm_id, self.shutdown_timeout, self.force_off)
            for course, step in asked
        ]
        for (course, step), result in zip(asked, self.host.apply(operations), strict=True):
            course.take(step, result)

    def _read_back(self, changed: Mapping[str, Course]) -> None:
        """Read the VMs that changed once more: what was applied and is not seen has failed (law 4)."""
        observation = self.host.observe(GATHER, list(changed))
        for vm_id, item in seen_vms(
            observation, {vm_id: course.item.wish for vm_id, course in changed.items()}
        ).items():
            course = changed[vm_id]
            wanted_role = course.clustered
            course.seen, course.clustered = item, item.clustered
            course.state = item.vm["state"] if item.vm else None
            if not course.error and wanted_role and not item.clustered:
                course.status = "failed"
                course.error = MacPoolError(
                    item.label, "a cluster role", "none when read back", "Look at the cluster, then run again."
                )
