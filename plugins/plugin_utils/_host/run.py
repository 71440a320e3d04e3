# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task's worth of work on a host: what became of each wish. VMs that move away meanwhile are looked for again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from ...module_utils._errors import MacPoolError, each_of, failed

TRIES = 3


class Row(Protocol):
    """What became of one wish."""

    error: MacPoolError | None

    @property
    def wish(self) -> Hashable:
        """Return the wish."""

    @property
    def overtaken(self) -> bool:
        """Tell whether the host was not as it had been observed when the work was to begin: it is looked at again."""

    @property
    def changed(self) -> bool:
        """Tell whether anything was changed, wanted or not."""

    @property
    def label(self) -> str:
        """Return what the row is called in a diff."""

    @property
    def change(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys before and after."""

    def as_result(self) -> dict[str, Any]:
        """Return the row for the task's result."""


W = TypeVar("W", bound=Hashable)
R = TypeVar("R", bound=Row)


@dataclass
class Report(Generic[R]):
    """What became of all wishes."""

    ROWS: ClassVar[str]
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
            again = {row.wish: row for row in self.rows if row.overtaken}
            if attempt == TRIES or not again:
                break
            self.overtaken = again
            self.rows = [row for row in self.rows if row.wish not in again]
            left = [wish for wish in wishes if wish in again]
        place: dict[Hashable, int] = {wish: number for number, wish in enumerate(wishes)}
        self.rows.sort(key=lambda row: place[row.wish])

    def _unfinished(self) -> list[R]:
        """Return what the last round left of the one before."""
        fresh = {row.wish for row in self.rows}
        return [row for wish, row in self.overtaken.items() if wish not in fresh]

    def as_result(self) -> dict[str, Any]:
        """Return the result of the task; failed when anything that was begun did not end as wanted."""
        errors = [*(row.error for row in self.rows if row.error), *self.errors]
        rows = [row.as_result() for row in self.rows]
        return {"changed": self.changed, self.ROWS: rows, "missing": self.missing, **failed(errors)}

    def diff(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys of what changed, before and after."""
        changes = {row.label: row.change for row in self.rows if row.changed}
        return (
            {label: before for label, (before, _after) in changes.items()},
            {label: after for label, (_before, after) in changes.items()},
        )
