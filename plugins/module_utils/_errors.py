# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The errors of the collection. For internal use by this collection only.

Law 3: an error names the subject, what was wanted, what was found and what to do. The core raises these; the edges
(actions, lookup, filters, modules) translate them into Ansible's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class MacPoolError(Exception):
    """A request that cannot be fulfilled.

    :param subject: what the error is about, such as ``pool "tenant"``
    :param wanted: what was asked for or expected
    :param found: what exists instead
    :param remedy: what the reader can do, as a sentence
    :param problem: the first sentence of the message without its full stop, if the one composed of the parts reads badly
    """

    def __init__(self, subject: str, wanted: str, found: str, remedy: str, problem: str = "") -> None:
        self.subject = subject
        self.wanted = wanted
        self.found = found
        self.remedy = remedy
        self.problem = problem or f"{subject}: expected {wanted}, but found {found}"
        # The parts, not the sentence: Python copies and pickles an exception by calling its class with these again.
        super().__init__(subject, wanted, found, remedy, problem)

    def __str__(self) -> str:
        end = "" if self.problem.endswith("\n") else ". "
        return f"{self.problem}{end}{self.remedy}"

    def as_dict(self) -> dict[str, str]:
        """Return the four parts, for results that machines read."""
        return {"subject": self.subject, "wanted": self.wanted, "found": self.found, "remedy": self.remedy}


class ManyErrors(MacPoolError):
    """Several errors found together, so that a user can fix them together."""

    def __init__(self, subject: str, errors: Sequence[MacPoolError]) -> None:
        self.errors = tuple(errors)
        super().__init__(subject, "no errors", f"{len(self.errors)}", "Fix what each line names.")
        self.args = (subject, self.errors)

    def __str__(self) -> str:
        if len(self.errors) == 1:
            return str(self.errors[0])
        lines = "\n".join(f"  {number}. {error}" for number, error in enumerate(self.errors, 1))
        return f"{self.subject}: {len(self.errors)} errors\n{lines}"


def raise_all(subject: str, errors: Sequence[MacPoolError]) -> None:
    """Raise what was collected: nothing, the one error, or all of them together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ManyErrors(subject, errors)


def collected(subject: str, items: Iterable[_Item], work: Callable[[_Item], _Result]) -> list[_Result]:
    """Return what the work gives for each item, or raise all errors together.

    :param subject: what the items are, for the message about several errors
    """
    results: list[_Result] = []
    errors: list[MacPoolError] = []
    for item in items:
        try:
            results.append(work(item))
        except MacPoolError as error:
            errors.append(error)
    raise_all(subject, errors)
    return results


def each_of(error: MacPoolError) -> tuple[MacPoolError, ...]:
    """Return the errors that one stands for."""
    return error.errors if isinstance(error, ManyErrors) else (error,)


def failure(error: MacPoolError) -> dict[str, Any]:
    """Return the part of a failed result that tells what is wrong."""
    return {"msg": str(error), "errors": [one.as_dict() for one in each_of(error)]}


def failed(errors: Sequence[MacPoolError]) -> dict[str, Any]:
    """Return what errors add to the result of work that was begun; nothing when there are none."""
    if not errors:
        return {}
    return {"failed": True, "msg": "\n".join(map(str, errors)), "errors": [error.as_dict() for error in errors]}
