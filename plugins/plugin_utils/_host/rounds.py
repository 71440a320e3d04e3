# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on the VMs of a host, of which some may move away meanwhile: they are looked for again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ...module_utils._errors import MacPoolError, ManyErrors

MOVED_TRIES = 3

T = TypeVar("T")


def in_rounds(
    wishes: Sequence[T], work: Callable[[list[T], bool], list[T]], begun: Callable[[], bool]
) -> list[MacPoolError]:
    """Work on wishes until none is left, and return the errors that ended the work after something was done.

    :param work: gets the wishes and whether this is the last round, and returns those for VMs that moved away
    :param begun: whether anything was done that has to be told; until then an error is raised as it is
    """
    remaining = list(wishes)
    for attempt in range(1, MOVED_TRIES + 1):
        try:
            remaining = work(remaining, attempt == MOVED_TRIES)
        except MacPoolError as error:
            if not begun():
                raise
            return list(error.errors) if isinstance(error, ManyErrors) else [error]
        if not remaining:
            break
    return []
