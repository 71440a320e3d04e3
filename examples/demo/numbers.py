# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's findings in numbers and in a few lines for readers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]

INTERESTING = (
    ("duplicate-address", "addresses of several adapters that can meet"),
    ("range-overlap", "ranges that several hosts hand out"),
    ("default-range", "default ranges of Hyper-V"),
    ("departed", "addresses that a former host may hand out again"),
    ("static-in-dynamic-range", "static addresses inside a dynamic range"),
    ("never-started", "adapters whose address is not known yet"),
    ("dynamic-clustered", "clustered VMs' adapters with a dynamic address"),
    ("stranded", "adapters that get another address at their next start"),
    ("promise-not-carried", "promised addresses that are not in use"),
    ("wrong-address", "adapters without the address promised to them"),
)
"""Rules of the audit, and what their findings count."""
NOT_COUNTED = {"duplicate-address": ("low", "info")}
"""Duplicates that are normal: a replica and its primary, a physical card of a host and the adapter of its switch."""
WIDTH = 118
LONGEST = 230


def _findings(report: Report, rule: str) -> list[Mapping[str, Any]]:
    return [
        finding
        for finding in report["findings"]
        if finding["rule"] == rule
        and finding["waived"] is None
        and finding["severity"] not in NOT_COUNTED.get(rule, ())
    ]


def examples(report: Report, rules: Iterable[str]) -> list[str]:
    """Return one finding for each of some rules, in words: the most severe of a VM, otherwise the most severe."""
    lines = []
    for rule in rules:
        found = _findings(report, rule)
        if found:
            best = next((finding for finding in found if finding["vms"]), found[0])
            lines.append(_line(best))
    return lines


def open_findings(report: Report, rule: str) -> list[str]:
    """Return every open finding of a rule, in words."""
    return [_line(finding) for finding in _findings(report, rule)]


def _line(finding: Mapping[str, Any]) -> str:
    return f"{finding['severity']}: {textwrap.shorten(finding['evidence'], LONGEST, placeholder=' ...')}"


def table(before: Report, after: Report) -> list[str]:
    """Return the numbers of findings before and after, one line for each rule with findings."""
    rows = [(text, len(_findings(before, rule)), len(_findings(after, rule))) for rule, text in INTERESTING]
    lines = [f"{'':<58}{'before':>8}{'after':>8}"]
    return lines + [f"{text:<58}{was:>8}{now:>8}" for text, was, now in rows if was or now]


def wrapped(lines: Sequence[str], bullet: str = "- ") -> str:
    """Return lines as a list that fits a terminal."""
    return "\n".join(
        textwrap.fill(
            line,
            WIDTH,
            initial_indent=f"    {bullet}",
            subsequent_indent=" " * (4 + len(bullet)),
            break_on_hyphens=False,
            break_long_words=False,
        )
        for line in lines
    )
