# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rate at which ranges fill, from the counts of earlier audits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.trend import counts_of, is_news, with_rates
from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.prometheus import prometheus
from tests.unit.plugins.plugin_utils.observation.documents import NOW, adapter, guid, host, report, vm

DAY = dt.timedelta(days=1)


def row(used: int, **parts: Any) -> dict[str, Any]:
    """Return a usage row of a report."""
    span = {"start": "221DD8000000", "end": "221DD80003FF", "size": 1024}
    return {"kind": "pool", "name": "tenant", **span, "used": used, **parts}


def counts(days_ago: float, used: int, **parts: Any) -> dict[str, Any]:
    """Return the counts of an audit."""
    moment = (NOW - days_ago * DAY).isoformat()
    return {"observed_at": moment, "complete": True, "usage": {"pool 221DD8000000-221DD80003FF/1024": used}, **parts}


def rates(now: dict[str, Any], *earlier: dict[str, Any], **parts: Any) -> tuple[float | None, int | None]:
    """Return rate and days left."""
    (found,) = with_rates([row(now["usage"]["pool 221DD8000000-221DD80003FF/1024"], **parts)], now, earlier)
    return found["per_day"], found["days_left"]


def test_a_steady_rate_and_the_days_that_are_left() -> None:
    assert rates(counts(0, 924), counts(10, 824), counts(5, 874)) == (10.0, 10)


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ([], (None, None)),
        ([counts(0.5, 100)], (None, None)),
        ([counts(31, 0)], (None, None)),
        ([counts(2, 0, complete=False)], (None, None)),
        ([counts(-2, 0)], (None, None)),
        ([counts(2, 200)], (-50.0, None)),
        ([counts(2, 100)], (0.0, None)),
        ([{}, {"observed_at": "yesterday"}], (None, None)),
    ],
)
def test_where_nobody_can_tell(earlier: list[dict[str, Any]], expected: tuple[float | None, int | None]) -> None:
    assert rates(counts(0, 100), *earlier) == expected


def test_an_incomplete_report_has_no_rate_and_a_range_that_was_moved_starts_again() -> None:
    assert rates(counts(0, 100, complete=False), counts(9, 0)) == (None, None)
    assert rates(counts(0, 100), counts(9, 0), start="221DD8100000") == (None, None)


def test_a_full_range_has_no_days_left() -> None:
    assert rates(counts(0, 1024), counts(4, 1020)) == (1.0, 0)


@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 1024)), max_size=8), st.integers(0, 1024), st.randoms())
def test_order_is_irrelevant_and_days_are_never_negative(
    samples: list[tuple[int, int]], used: int, random: Any
) -> None:
    earlier = [counts(days + 1, count) for days, count in dict(samples).items()]
    found = rates(counts(0, used), *earlier)
    random.shuffle(earlier)
    assert rates(counts(0, used), *earlier) == found
    assert found[1] is None or found[1] >= 0
    assert (found[1] is None) == (found[0] is None or found[0] <= 0)


def test_the_same_observation_is_noted_once() -> None:
    first = counts(1, 5)
    assert is_news(first, [])
    assert not is_news(first, [first])
    assert not is_news(counts(1 - 1 / 48, 5), [first])
    assert is_news(counts(1 - 1 / 48, 6), [first])
    assert is_news(counts(0.9, 5), [first])


def test_counts_hold_no_names_of_vms_and_carry_the_time_of_the_observation() -> None:
    made = report(host("hv1", vms=[vm("secret-vm", adapter("00155DE00005"), id=guid("s"))]))
    found = counts_of(made, NOW)
    assert found["observed_at"] == "2026-11-21T11:30:00Z"
    assert "secret-vm" not in str(found)
    assert found["usage"] == {"host_range 00155DE00000-00155DE000FF/256": 1}


def test_prometheus_shows_rates_only_where_there_are_any() -> None:
    made = report(host("hv1"))
    assert "per_day" not in prometheus(made, NOW)
    made["summary"]["usage"] = with_rates([row(100, claimed=0)], counts(0, 100), [counts(10, 80)])
    text = prometheus(made, NOW)
    assert 'macpool_range_per_day{kind="pool",name="tenant"} 2.0\n' in text
    assert 'macpool_range_days_left{kind="pool",name="tenant"} 462\n' in text
