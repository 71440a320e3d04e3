# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an audit ends, and what it keeps for the next one."""

from __future__ import annotations

import datetime as dt
import gc

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.run import (
    collector_paused,
    report_on,
    situate,
    verdict,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.trend import add_rates
from tests.unit.plugins.plugin_utils.observation.documents import NOW, RANGE_B, adapter, host, report, vm

TWO = [
    host(vms=[vm("a", adapter("221DD8000001", False)), vm("b", adapter("221DD8000001", False))]),
    host("hv2", RANGE_B, vms=[vm("c", adapter("221DD8000002", False)), vm("d", adapter("221DD8000002", False))]),
]


def test_a_report_without_severe_findings_fails_nothing() -> None:
    assert verdict(report(host()), "info", 5) == {"failing": 0}
    assert verdict(report(*TWO), "never", 5) == {"failing": 0}


def test_findings_as_severe_as_asked_for_fail_with_the_most_severe_listed() -> None:
    made = report(*TWO)
    ended = verdict(made, "critical", 1)
    assert (ended["failed"], ended["failing"]) == (True, 2)
    first, shown, more = ended["msg"].split("\n")
    assert first == "2 findings of severity critical or worse; the most severe:"
    assert "22-1D-D8-00-00-01" in shown
    assert more == "  and 1 more"
    assert verdict(report(TWO[0]), "critical", 1)["msg"].startswith("1 finding of severity critical")


def test_what_could_not_be_used_of_the_files_makes_the_report_incomplete() -> None:
    situation = situate([host()], now=NOW)
    assert report_on(situation)["complete"] is True
    assert report_on(situation, misread=[])["complete"] is True
    read = report_on(situation, misread=["a.csv: it is empty"])
    assert (read["complete"], read["misread"]) == (False, ["a.csv: it is empty"])


def test_counts_are_kept_once_and_never_of_an_imagined_situation() -> None:
    counts = add_rates(report(host()), NOW, [], imagined=False)
    assert counts is not None
    assert add_rates(report(host()), NOW, [counts], imagined=False) is None
    assert add_rates(report(host()), NOW, [], imagined=True) is None


def test_rates_come_from_earlier_counts_and_an_imagined_situation_has_none() -> None:
    full = host(vms=[vm(f"v{n}", adapter(f"00155DE000{n:02X}")) for n in range(10)])
    before = add_rates(report(host()), NOW, [], imagined=False)
    assert before is not None
    earlier = [{**before, "observed_at": (NOW - dt.timedelta(days=5)).isoformat()}]
    now = report(full)
    add_rates(now, NOW, earlier, imagined=False)
    assert now["summary"]["usage"][0]["per_day"] == pytest.approx(2.0, abs=0.02)
    imagined = report(full)
    add_rates(imagined, NOW, earlier, imagined=True)
    assert imagined["summary"]["usage"][0]["per_day"] is None


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_as_it_was_afterwards_even_after_an_error(on: bool) -> None:
    (gc.enable if on else gc.disable)()
    try:
        with pytest.raises(KeyError, match="off"), collector_paused():
            raise KeyError("on" if gc.isenabled() else "off")
        assert gc.isenabled() is on
    finally:
        gc.enable()
