# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast each range fills, from the counts of earlier audits. Pure.

Only complete observations count: a host that was not seen looks like addresses that were released.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._observation.values import parse_time

WINDOW = dt.timedelta(days=30)
"""How far back the rate looks."""
SHORTEST = dt.timedelta(days=1)
"""Below this a rate would be noise."""
APART = dt.timedelta(hours=1)
"""Equal counts that are closer in time than this are stored once."""
MOST_SAMPLES = 1000
_DAY = 86400.0

Counts = Mapping[str, Any]


def counts_of(report: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    """Return the part of a report that is stored: small, and without names of VMs."""
    summary = report["summary"]
    seen = [parse_time(item["observed_at"]) for item in report["observed"]]
    newest = max((moment for moment in seen if moment is not None and moment <= now), default=now)
    return {
        "observed_at": newest.isoformat().replace("+00:00", "Z"),
        "complete": bool(report["complete"]),
        "severities": dict(summary["severities"]),
        **{key: summary[key] for key in ("hosts", "vms", "adapters")},
        "usage": {_key(row): row["used"] for row in summary["usage"]},
    }


def is_news(counts: Counts, earlier: Sequence[Counts]) -> bool:
    """Tell whether counts deserve another entry: not the same observation again, and not the same numbers soon after."""
    if any(item.get("observed_at") == counts["observed_at"] for item in earlier):
        return False
    if not earlier:
        return True
    last = earlier[-1]
    then, now = parse_time(last.get("observed_at")), parse_time(counts["observed_at"])
    is_same = all(last.get(key) == value for key, value in counts.items() if key != "observed_at")
    return not is_same or then is None or now is None or now - then >= APART


def with_rates(rows: Iterable[Mapping[str, Any]], counts: Counts, earlier: Iterable[Counts]) -> list[dict[str, Any]]:
    """Return the usage rows of a report with ``per_day`` and ``days_left``; None if they are unknown.

    :param counts: of this report
    :param earlier: of the audits before it, in any order
    """
    now = parse_time(counts["observed_at"])
    series: dict[str, dict[dt.datetime, int]] = {}
    for item in (*earlier, counts):
        moment = parse_time(item.get("observed_at"))
        if now is None or moment is None or not item.get("complete") or not now - WINDOW <= moment <= now:
            continue
        for key, used in (item.get("usage") or {}).items():
            series.setdefault(key, {})[moment] = used
    found = []
    for row in rows:
        rate = _per_day(series.get(_key(row), {})) if counts["complete"] else None
        left = max(0, int((row["size"] - row["used"]) / rate)) if rate and rate > 0 else None
        found.append({**row, "per_day": rate, "days_left": left})
    return found


def add_rates(
    report: dict[str, Any], now: dt.datetime, earlier: Sequence[Counts], *, imagined: bool
) -> dict[str, Any] | None:
    """Add the rate at which ranges fill to the usage of a report, and return its counts if they should be stored.

    :param imagined: whether the report answers a what-if question: then it has no rates, and nothing is stored
    """
    counts = counts_of(report, now)
    usable = {**counts, "complete": counts["complete"] and not imagined}
    report["summary"]["usage"] = with_rates(report["summary"]["usage"], usable, earlier)
    return counts if not imagined and is_news(counts, earlier) else None


def _key(row: Mapping[str, Any]) -> str:
    """Return the key of a range in all audits: a range that was moved or extended starts a new series."""
    return f"{row['kind']} {row['start']}-{row['end']}/{row['size']}"


def _per_day(samples: Mapping[dt.datetime, int]) -> float | None:
    """Return the slope of the line that fits the samples best, in addresses a day."""
    moments = sorted(samples)
    if len(moments) < 2 or moments[-1] - moments[0] < SHORTEST:
        return None
    days = [(moment - moments[0]).total_seconds() / _DAY for moment in moments]
    used = [samples[moment] for moment in moments]
    return round(statistics.linear_regression(days, used).slope, 2)
