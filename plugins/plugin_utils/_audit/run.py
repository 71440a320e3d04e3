# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's entry point. Pure: documents, plan and ledger go in, the content of ``report.json`` comes out."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .._ledger.model import Claim, Lease
from .._observation.read import read_documents
from .._plan.model import Plan
from .registry import SEVERITIES
from .report import build_report
from .situation import Situation
from .what_if import answer


def report_on(
    situation: Situation, what_if: Mapping[str, Any] | None = None, misread: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the report of a situation, or of the one after a change, with ``changes``.

    :param misread: what could not be used of the files that the documents come from, which may hide any address; None: they do not
        come from files
    :raises MacPoolError: when the what-if question cannot be answered; never because of what a document says
    """
    with collector_paused():
        report = build_report(situation) if what_if is None else answer(situation, what_if)
    if misread is None:
        return report
    return {**report, "misread": list(misread), "complete": report["complete"] and not misread}


def situate(
    documents: Iterable[Mapping[str, Any]],
    *,
    plan: Plan | None = None,
    claims: Iterable[Claim] | None = None,
    leases: Iterable[Lease] = (),
    now: dt.datetime,
    expected_hosts: Iterable[Mapping[str, Any]] = (),
    last_seen: Iterable[int] = (),
) -> Situation:
    """Return what the rules look at.

    :param documents: observation documents of schema 1, in any order
    :param plan: without one, the report contains nothing about pools and the ranges of other allocators
    :param claims: of the ledger; None when there is no ledger, which is not the same as an empty one
    :param leases: blocks that the ledger leased to hosts
    :param now: the moment by which ages and waivers are judged, with a time zone
    :param expected_hosts: hosts that should have been observed, each with its name and, if it was not, the reason
    :param last_seen: addresses that the ledger last saw somewhere
    """
    kept = list(leases)
    known = [lease.host for lease in kept]
    if plan and plan.host_ranges:
        known += plan.host_ranges.hosts
    expected = list(expected_hosts)
    known += [str(row["name"]) for row in expected]
    with collector_paused():
        return Situation(read_documents(documents, known), plan, claims, kept, now, expected, last_seen)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause garbage collection while many long-lived objects are created: its cost grows faster than their number."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def verdict(report: Mapping[str, Any], fail_at: str, show: int) -> dict[str, Any]:
    """Return how the task ends: failed if findings are at least as severe as the user set.

    :param fail_at: critical, high, medium, low, info or never
    :param show: how many findings the message lists
    """
    limit = -1 if fail_at == "never" else SEVERITIES.index(fail_at)
    bad = [finding for finding in _open(report) if SEVERITIES.index(finding["severity"]) <= limit]
    if not bad:
        return {"failing": 0}
    lines = [f"  {line}" for line in worst(report, show)]
    if len(bad) > show:
        lines.append(f"  and {len(bad) - show} more")
    noun = "finding" if len(bad) == 1 else "findings"
    first = f"{len(bad)} {noun} of severity {fail_at} or worse; the most severe:"
    return {"failed": True, "failing": len(bad), "msg": "\n".join([first, *lines])}


def worst(report: Mapping[str, Any], n: int) -> list[str]:
    """Return the ``n`` most severe findings that no waiver accepts, as one line each, ready for a terminal."""
    return [f"{finding['severity']:<8}  {finding['rule']}: {finding['evidence']}" for finding in _open(report)[:n]]


def _open(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [finding for finding in report["findings"] if finding["waived"] is None]
