# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a ledger into the state that the task ledger with ``state: present`` asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .errors import LedgerMissing
from .ledger import Ledger
from .model import Job


class Present(NamedTuple):
    """What became of it; no ledger when a preview found none."""

    ledger: Ledger | None
    changed: bool


def bring_present(
    opened: Callable[[], Ledger],
    created: Callable[[], Ledger],
    job: Job,
    *,
    accept_rollback: bool = False,
    forget_hosts: Sequence[str] = (),
    accept_plan: bool = False,
    preview: bool = False,
) -> Present:
    """Create the ledger if it is missing, then accept a rollback, forget hosts and accept the plan, in this order.

    :param opened: opens the ledger
    :param created: creates it
    :param accept_rollback: take a ledger that was put back to an earlier state as the truth
    :param accept_plan: accept the plan even if it is an earlier one
    """
    changed = False
    try:
        ledger = opened()
    except LedgerMissing:
        if preview:
            return Present(None, changed=True)
        ledger, changed = created(), True
    if accept_rollback and ledger.accept_rollback(job, preview=preview):
        changed = True
        if preview:  # the ledger still refuses to be written, so that nothing else can be predicted
            return Present(ledger, changed)
    for host in forget_hosts:
        changed |= ledger.forget_host(host, job, preview=preview) is not None
    before = ledger.plan_generation()
    after = ledger.accept_plan(job, force=accept_plan, preview=preview)
    return Present(ledger, changed or before is None or before.generation != after.generation)
