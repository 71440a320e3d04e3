# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text at the top of the page: how bad it is, what is worst, what to do. Pure.

This part is created here and not in the browser, so that it is visible where scripts are not allowed to run, such as in
the artifact viewers of CI systems.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from ...module_utils._mac import format_mac
from .._audit.registry import SEVERITIES, Rule
from .._audit.situation import Situation
from .._text import plain

MOST_GAPS = 5
MOST_GROUPS = 5
MOST_EXAMPLES = 3
MOST_WITHOUT_SCRIPTS = 200
LONGEST_TEXT = 4000
_NAMES_AND_ADDRESSES = re.compile(r'("[^"]*"|\b(?:[0-9A-F]{2}-){5}[0-9A-F]{2}\b)')
_URGENT = SEVERITIES[:3]


class Verdict(NamedTuple):
    """The first line."""

    level: str
    """A severity, or ``good``, or ``unknown`` if nothing was found in an incomplete observation."""
    headline: str


def verdict(report: Mapping[str, Any]) -> Verdict:
    """Return the one line that sums up the report."""
    # Gaps have their own lines: they are not a risk in themselves.
    counts = Counter(item["severity"] for item in _open(report))
    level = next((severity for severity in SEVERITIES if counts[severity]), "good")
    if level == "critical":
        return Verdict(level, f"Act now: {_number(counts[level], 'critical finding')}")
    if level == "high":
        return Verdict(level, f"No outage yet, but {_number(counts[level], 'finding')} can become one")
    if level in ("medium", "low"):
        total = counts["medium"] + counts["low"]
        return Verdict(level, f"Nothing urgent: {_number(total, 'finding')} to clean up")
    if not report["complete"]:
        return Verdict("unknown", "No findings in the part that was read")
    return Verdict("good", "No problems found")


def lead(report: Mapping[str, Any], situation: Situation, rules: Mapping[str, Rule], now: dt.datetime) -> str:
    """Return the top of the page as HTML."""
    level, headline = verdict(report)
    parts = [
        *_imagined(report),
        f'<section class="verdict level-{level}" aria-labelledby="headline">',
        f'<h1 id="headline" tabindex="-1">{text(headline)}</h1>',
        *_completeness(report),
        f'<p class="facts">{text(_facts(report, situation, now))}</p>',
        "</section>",
        *_tiles(report),
        *_first_steps(report, rules),
    ]
    return "\n".join(parts)


def without_scripts(report: Mapping[str, Any]) -> str:
    """Return the findings for a reader whose browser runs no scripts."""
    findings = report["findings"]
    shown = findings[:MOST_WITHOUT_SCRIPTS]
    items = "".join(
        f"<li><strong>{text(item['severity'])}</strong> {text(item['rule'])}{' (waived)' if item['waived'] else ''}:"
        f" {sentence(item['evidence'])}<br>{text(item['remedy'])}</li>\n"
        for item in shown
    )
    rest = len(findings) - len(shown)
    more = f"<p>And {rest} more in report.json.</p>" if rest else ""
    return (
        "<p>Scripts do not run here, so search and map are not available. To use them, download the file and open it in a"
        f" browser. All findings are also in report.json.</p>\n<h2>Findings</h2>\n<ol>\n{items}</ol>\n{more}"
    )


def text(value: object) -> str:
    """Return text as HTML, without characters that control a browser."""
    return html.escape(plain(str(value), LONGEST_TEXT))


def sentence(value: str) -> str:
    """Return a sentence as HTML in which names do not change the text direction and addresses are not broken."""
    parts = _NAMES_AND_ADDRESSES.split(plain(value, LONGEST_TEXT))
    return "".join(
        html.escape(part)
        if place % 2 == 0
        else f"<bdi>{html.escape(part)}</bdi>"
        if part[0] == '"'
        else f'<span class="mac">{part}</span>'
        for place, part in enumerate(parts)
    )


def _open(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the findings that no waiver accepts, without those of the rule incomplete."""
    return [item for item in report["findings"] if item["waived"] is None and item["rule"] != "incomplete"]


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _completeness(report: Mapping[str, Any]) -> Iterator[str]:
    known = [item for item in report["findings"] if item["rule"] == "incomplete"]
    gaps = [item["evidence"] for item in known]
    gaps += [f"Cannot be read: {line}" for line in report.get("misread", ())]
    if report["complete"]:
        yield '<p class="complete"><b>Complete.</b> Everything that is known to exist was read.</p>'
        return
    what = f"{_number(len(gaps), 'gap')} in the observation. " if gaps else ""
    yield f'<div class="gaps"><p><b>Incomplete.</b> {what}There may be more problems than listed here.</p><ul>'
    for gap in gaps[:MOST_GAPS]:
        yield f"<li>{sentence(gap)}</li>"
    if len(gaps) > MOST_GAPS:
        yield f'<li><a href="#/sources">and {len(gaps) - MOST_GAPS} more</a></li>'
    yield "</ul>"
    if known:
        yield f'<p class="remedy"><b>Do</b> <span class="remedy-text">{text(known[0]["remedy"])}</span></p>'
    yield "</div>"


def _facts(report: Mapping[str, Any], situation: Situation, now: dt.datetime) -> str:
    summary = report["summary"]
    counted = [_number(summary[key], key[:-1]) for key in ("hosts", "vms", "adapters")]
    counted[1] = counted[1].replace("vm", "VM")
    seen = f"{', '.join(counted[:2])} and {counted[2]}, with {_number(summary['addresses'], 'address').replace('addresss', 'addresses')} in all"
    if not situation.plan:
        compared = "Without a plan: pools and the ranges of other allocators were not checked."
    elif not situation.has_ledger:
        compared = (
            f"Compared with the plan of scope {situation.plan.scope}, without a ledger: promises were not checked."
        )
    else:
        claims = _number(len(situation.claims), "promise")
        compared = f"Compared with the plan of scope {situation.plan.scope} and {claims} of its ledger."
    return f"{seen}{_when(report, now)}. {compared}"


def _when(report: Mapping[str, Any], now: dt.datetime) -> str:
    ages = [item["age_seconds"] for item in report["observed"] if item["age_seconds"] is not None]
    if not ages:
        return ""
    oldest, newest = now - dt.timedelta(seconds=max(ages)), now - dt.timedelta(seconds=min(ages))
    first, last = (f"{moment.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M}" for moment in (oldest, newest))
    between = (
        f"on {first}" if first == last else f"between {first} and {last if first[:10] != last[:10] else last[11:]}"
    )
    return f", read {between} UTC, at most {_age(max(ages))} before this report"


def _age(seconds: int) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return _number(seconds, "second")


def _tiles(report: Mapping[str, Any]) -> Iterator[str]:
    summary = report["summary"]
    yield '<ul class="tiles" aria-label="Findings by severity">'
    tiles = [(f"sev-{name}", f"sev={name}", name, summary["severities"][name]) for name in SEVERITIES]
    for style, query, name, count in (*tiles, ("waived", "waived=yes", "waived", summary["waived"])):
        none = "" if count else " none"
        link = f'<a class="tile {style}{none}" href="#/findings?{query}">'
        yield f"<li>{link}<b>{count:,}</b> <span>{name}</span></a></li>"
    yield "</ul>"


def _first_steps(report: Mapping[str, Any], rules: Mapping[str, Rule]) -> Iterator[str]:
    """Yield the most severe findings and what to do about them, one entry for each rule with findings."""
    found = _open(report)
    # If nothing is urgent, all findings are shown.
    urgent = [item for item in found if item["severity"] in _URGENT] or found
    groups: list[Sequence[Mapping[str, Any]]] = [
        list(items) for _key, items in groupby(urgent, key=lambda item: (item["severity"], item["rule"]))
    ]
    if not groups:
        return
    yield '<section aria-labelledby="first"><h2 id="first">Most severe first</h2><ol class="steps">'
    for items in groups[:MOST_GROUPS]:
        yield from _step(items, rules)
    yield "</ol>"
    if len(groups) > MOST_GROUPS:
        yield f'<p class="more"><a href="#/findings">{_number(len(groups) - MOST_GROUPS, "further kind")} of findings</a></p>'
    yield "</section>"


def _step(items: Sequence[Mapping[str, Any]], rules: Mapping[str, Rule]) -> Iterator[str]:
    rule, severity = items[0]["rule"], items[0]["severity"]
    title = rules[rule].title if rule in rules else rule
    link = f"#/findings?sev={severity}&amp;rule={html.escape(rule)}"
    yield (
        f'<li class="step sev-{severity}"><p class="step-head"><span class="pill sev-{severity}">{severity}</span>'
        f' <a class="step-title" href="{link}">{text(title)}</a>'
        f' <span class="count" title="findings">{len(items):,}</span></p>'
    )
    yield '<ul class="examples">'
    for item in items[:MOST_EXAMPLES]:
        yield f'<li class="evidence">{sentence(item["evidence"])}</li>'
    if len(items) > MOST_EXAMPLES:
        yield f'<li><a href="{link}">{len(items) - MOST_EXAMPLES:,} more</a></li>'
    yield "</ul>"
    yield f'<p class="remedy"><b>Do</b> <span class="remedy-text">{text(items[0]["remedy"])}</span></p></li>'


_QUESTIONS = {
    "drain": "{host} is drained",
    "fail": "{host} fails",
    "set_range": "{host} gets the range {range}",
    "add_host": "{host} joins with the range {range}",
}


def _imagined(report: Mapping[str, Any]) -> Iterator[str]:
    question = report.get("what_if")
    if not question:
        return
    span = question["range"]
    words = _QUESTIONS[question["action"]].format(
        host=plain(question["host"]),
        range=" to ".join(format_mac(int(span[key], 16), "dash") for key in ("start", "end")) if span else "",
    )
    count = len(report.get("changes", ()))
    yield '<section class="imagined" aria-label="What if">'
    yield f"<p><b>Imagined: {text(words)}.</b> This page describes the situation afterwards. Nothing was changed.</p>"
    yield f'<p><span class="remedy-text">{text(report.get("advice", ""))}</span> <a href="#/changes">{_number(count, "change")} in detail</a></p>'
    for line in report.get("assumptions", ()):
        yield f'<p class="muted">{text(line)}</p>'
    yield "</section>"
