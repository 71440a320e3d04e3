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
from .what_if import WhatIf, answer


def audit(
    documents: Iterable[Mapping[str, Any]],
    *,
    plan: Plan | None = None,
    claims: Iterable[Claim] | None = None,
    leases: Iterable[Lease] = (),
    now: dt.datetime,
    what_if: WhatIf | Mapping[str, Any] | None = None,
    expected_hosts: Iterable[Mapping[str, Any]] = (),
    last_seen: Iterable[int] = (),
) -> dict[str, Any]:
    """Compare what is carried with what is planned and promised.

    :param documents: observation documents of schema 1, in any order
    :param plan: without one, nothing is said about pools and others' land
    :param claims: of the ledger; None when there is no ledger, which is not the same as an empty one
    :param leases: blocks that the ledger leased to hosts
    :param now: the moment by which ages and waivers are judged, with a time zone
    :param what_if: a change to imagine; the report is then of the situation afterwards, with ``changes``
    :param expected_hosts: hosts that were to be observed, each with name and, where it was not, the reason
    :param last_seen: addresses that the ledger last saw somewhere
    :raises MacPoolError: when the what-if question cannot be answered; never because of what a document says
    """
    situation = situate(
        documents, plan=plan, claims=claims, leases=leases, now=now, expected_hosts=expected_hosts, last_seen=last_seen
    )
    return report_on(situation, what_if)


def report_on(
    situation: Situation, what_if: WhatIf | Mapping[str, Any] | None = None, misread: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the report of a situation, or of the one after a change.

    :param misread: what could not be used of the files that the documents come from; it may hold anything; None: they come from no files
    """
    with collector_paused():
        report = build_report(situation) if what_if is None else answer(situation, what_if)
    return (
        report
        if misread is None
        else {**report, "misread": list(misread), "complete": report["complete"] and not misread}
    )


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
    """Return what the rules look at, for those who show it; the parameters are those of :func:`audit`."""
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
    """Let Python not look for garbage while many objects are made that all stay: its time grows faster than theirs."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def verdict(report: Mapping[str, Any], fail_at: str, show: int) -> dict[str, Any]:
    """Return how the task ends: failed where findings are as severe as the user set.

    :param fail_at: critical, high, medium, low, info or never
    :param show: how many findings the message lists
    """
    bad = [] if fail_at == "never" else at_least(report, fail_at)
    if not bad:
        return {"failing": 0}
    lines = [f"  {line}" for line in worst(report, show)]
    if len(bad) > show:
        lines.append(f"  and {len(bad) - show} more")
    noun = "finding" if len(bad) == 1 else "findings"
    first = f"{len(bad)} {noun} of severity {fail_at} or worse; the most severe:"
    return {"failed": True, "failing": len(bad), "msg": "\n".join([first, *lines])}


def worst(report: Mapping[str, Any], n: int) -> list[str]:
    """Return the ``n`` worst findings that no waiver accepts, as one line each, ready for a terminal."""
    findings = [finding for finding in report["findings"] if finding["waived"] is None]
    return [f"{finding['severity']:<8}  {finding['rule']}: {finding['evidence']}" for finding in findings[:n]]


def at_least(report: Mapping[str, Any], severity: str) -> list[Mapping[str, Any]]:
    """Return the findings of a severity or worse that no waiver accepts.

    :param severity: critical, high, medium, low or info
    """
    limit = SEVERITIES.index(severity)
    return [
        finding
        for finding in report["findings"]
        if finding["waived"] is None and SEVERITIES.index(finding["severity"]) <= limit
    ]
