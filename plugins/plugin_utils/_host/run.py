# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task's worth of work on a host: what can be asked of the host, what its answers mean, and what became of each wish.

VMs that move away meanwhile are looked for again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ...module_utils._errors import MacPoolError, each_of, failed
from .power import SAVED_REMEDY, WAIT_REMEDY

TRIES = 3


class Connection(Protocol):
    """What can be asked of a host; both raise Ansible's own error when the connection breaks."""

    def observe(self, gather: Sequence[str], vms: Sequence[str] | None = None) -> dict[str, Any]:
        """Return an observation of a part of the host."""

    def apply(self, operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Run operations, or predict them in check mode, and return their results in order."""


class Decision(Protocol):
    """What becomes of one wish."""

    @property
    def wish(self) -> Hashable:
        """Return the wish."""

    @property
    def name(self) -> str:
        """Return what the result is called in a diff."""


D = TypeVar("D", bound=Decision)
W = TypeVar("W", bound=Hashable)


@dataclass
class Row(ABC, Generic[D]):
    """What became of one decision."""

    decision: D
    status: str = ""
    error: MacPoolError | None = None
    overtaken: bool = False
    """Whether the host was not as it had been observed when the work was to begin: then it is looked at again."""

    @property
    @abstractmethod
    def changed(self) -> bool:
        """Tell whether anything was changed, wanted or not."""

    @property
    @abstractmethod
    def change(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys before and after."""

    @abstractmethod
    def as_result(self) -> dict[str, Any]:
        """Return the row for the task's result."""


R = TypeVar("R", bound=Row[Any])


@dataclass
class Report(Generic[R]):
    """What became of all wishes."""

    kind: str
    """What the rows are called in the task's result."""
    rows: list[R] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    errors: list[MacPoolError] = field(default_factory=list)
    """What went wrong beside the errors of the rows."""
    overtaken: dict[Hashable, R] = field(default_factory=dict)
    """What became of a wish in the round before, where it is looked at again."""

    @property
    def changed(self) -> bool:
        """Tell whether anything was changed."""
        return any(row.changed for row in self.rows)

    @property
    def begun(self) -> bool:
        """Tell whether there is anything that must be told together with an error."""
        return bool(self.rows)

    def fulfil(self, wishes: Sequence[W], work: Callable[[list[W]], None]) -> None:
        """Work on wishes, and again on those that were overtaken.

        :param work: works on wishes and adds what became of them to the report
        :raises MacPoolError: when it comes before there is anything to tell; later it becomes a part of the report
        """
        left = list(wishes)
        for attempt in range(1, TRIES + 1):
            try:
                work(left)
            except MacPoolError as error:
                self.rows += [row for row in self._unfinished() if row.changed]
                if not self.begun:
                    raise
                self.errors += each_of(error)
                break
            for row in self._unfinished():
                if row.changed:
                    row.error = None  # what was done counts, and what is left is another host's to do
                    self.rows.append(row)
            again = {row.decision.wish: row for row in self.rows if row.overtaken}
            if attempt == TRIES or not again:
                break
            self.overtaken = again
            self.rows = [row for row in self.rows if row.decision.wish not in again]
            left = [wish for wish in wishes if wish in again]
        place: dict[Hashable, int] = {wish: number for number, wish in enumerate(wishes)}
        self.rows.sort(key=lambda row: place[row.decision.wish])

    def _unfinished(self) -> list[R]:
        """Return what the last round left of the one before."""
        fresh = {row.decision.wish for row in self.rows}
        return [row for wish, row in self.overtaken.items() if wish not in fresh]

    def as_result(self) -> dict[str, Any]:
        """Return the result of the task; failed when anything that was begun did not end as wanted."""
        errors = [*(row.error for row in self.rows if row.error), *self.errors]
        rows = [row.as_result() for row in self.rows]
        return {"changed": self.changed, self.kind: rows, "missing": self.missing, **failed(errors)}

    def diff(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys of what changed, before and after."""
        changes = {row.decision.name: row.change for row in self.rows if row.changed}
        return (
            {name: before for name, (before, _after) in changes.items()},
            {name: after for name, (_before, after) in changes.items()},
        )


def result_error(subject: str, wanted: str, result: Mapping[str, Any]) -> MacPoolError | None:
    """Return the error that an operation's result stands for; None for one that is done or was so already."""
    if result["status"] in ("done", "unchanged"):
        return None
    reason = result.get("reason") or result["status"]
    message = result.get("message") or "no message"
    return MacPoolError(subject, wanted, f"{result['status']} ({reason}): {message}", _REMEDIES.get(reason, _RUN_AGAIN))


_RUN_AGAIN = "Fix what the message names, then run again: what is done already stays done."
_REMEDIES = {
    "moved": "Run again against the host that has the VM now.",
    "changed": "Somebody else changed it meanwhile: look at it, then run again.",
    "not_found": "It is gone since it was read: look for it, then run again.",
    "running": "Shut it down, or set when_running: pending or restart.",
    "saved": SAVED_REMEDY,
    "transition": WAIT_REMEDY,
    "replica": "Change the primary VM.",
    "shutdown_action": "The cluster would count a guest shutdown as a failure: set the VM resource's ShutdownAction to 0,"
    " or shut the VM down through the cluster yourself.",
    "shutdown_timeout": "Look at the guest; raise shutdown_timeout, or set force_off: true.",
    "shutdown_unavailable": "The guest cannot be asked: shut it down yourself, or set force_off: true.",
    "access_denied": "Use an account that administers Hyper-V on this host; cluster cmdlets need CredSSP or become.",
    "unsupported": "Install what the host lacks (Hyper-V, or SDN for a port profile), or leave this host out.",
    "not_clustered": "Set clustered: false, or run against a host of a cluster.",
    "shared_role": "Take everything else out of the VM's cluster role, then run again.",
    "expired": "The time for this change is over: run again.",
}
