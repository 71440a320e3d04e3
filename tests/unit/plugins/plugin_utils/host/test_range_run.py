# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A range on its way to a host: whose it is, what was refused, and what was read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import Interval, format_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.range_run import RangeRun
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.lab.bench import Bench
from tests.unit.plugins.plugin_utils.host.lab_host import LabHost

JOB = Job("job-1", "tester")
PLAN = parse_plan(
    {
        "scope": "west",
        "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 256}]}},
        "host_ranges": {
            "ranges": [{"start": "00-15-5D-E0-00-00", "size": 4096}],
            "size_per_host": 1024,
            "hosts": ["hv1", "hv2"],
        },
    }
)
FREE = Interval(0x00155DD00000, 0x00155DD000FF)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Ledger.create(str(tmp_path / "ledger.sqlite3"), "west", JOB, PLAN)


def run(bench: Bench, ledger: Ledger | None = None, check: bool = False, **more: Any) -> RangeRun:
    plan = PLAN if ledger else None
    return RangeRun(LabHost(bench, "hv1", check), "hv1", JOB, check, plan, ledger, **more)


def spec(interval: Interval) -> dict[str, str]:
    return {"start": format_mac(interval.start), "end": format_mac(interval.end)}


def range_of(bench: Bench) -> dict[str, Any] | None:
    found: dict[str, Any] | None = bench.observe("hv1")["mac_range"]
    return found and {key: found[key] for key in ("start", "end")}


def test_a_range_is_set_read_back_and_left_alone_by_the_second_run(bench: Bench) -> None:
    before = range_of(bench)
    report = run(bench).set(FREE)
    result = report.as_result()
    assert (result["changed"], result["before"], result["after"]) == (True, before, spec(FREE))
    assert report.diff() == ({"range": before}, {"range": spec(FREE)})
    assert range_of(bench) == spec(FREE)
    again = run(bench).set(FREE)
    assert (again.as_result()["changed"], again.diff()) == (False, ({}, {}))


def test_a_check_predicts_the_very_result_and_writes_nothing(bench: Bench) -> None:
    before = bench.world.to_dict()
    predicted = run(bench, check=True).set(FREE).as_result()
    assert bench.world.to_dict() == before
    assert run(bench).set(FREE).as_result() == predicted


def test_without_a_range_the_host_gets_its_own_lease(bench: Bench, ledger: Ledger) -> None:
    with pytest.raises(MacPoolError, match="leases of no host"):
        run(bench, ledger).set(None)
    ledger.lease(JOB)
    result = run(bench, ledger).set(None).as_result()
    (lease,) = [lease for lease in ledger.leases() if lease.host == "hv1"]
    assert result["after"] == spec(Interval(lease.start, lease.dynamic_end))


def test_a_range_of_others_is_refused_before_the_host_is_asked(bench: Bench, ledger: Ledger) -> None:
    task = run(bench, ledger)
    with pytest.raises(MacPoolError, match='pool "tenant"'):
        task.set(Interval(0x221DD8000000, 0x221DD8000001))
    assert task.connection.calls == []  # type: ignore[attr-defined]


def test_a_check_takes_the_range_that_leasing_will_give_and_no_other(bench: Bench, ledger: Ledger) -> None:
    """What a playbook that leases and sets does in a check: the lease is only predicted."""
    (outcome,) = [one for one in ledger.lease(JOB, preview=True) if one.lease.host == "hv1"]
    to_come = Interval(outcome.lease.start, outcome.lease.dynamic_end)
    assert run(bench, ledger, check=True).set(to_come).as_result()["after"] == spec(to_come)
    with pytest.raises(MacPoolError, match="for leases to come"):
        run(bench, ledger).set(to_come)
    with pytest.raises(MacPoolError, match="for leases to come"):
        run(bench, ledger, check=True).set(Interval(to_come.start + 1, to_come.end))


def test_stranded_adapters_are_refused_with_the_range_as_it_is_and_allowed_when_told(bench: Bench) -> None:
    vm = bench.running()
    before = range_of(bench)
    result = run(bench).set(FREE).as_result()
    assert (result["failed"], result["changed"], result["before"], result["after"]) == (True, False, before, before)
    assert (len(result["stranded"]), range_of(bench)) == (1, before)
    assert bench.mac(vm) in result["msg"]
    allowed = run(bench, strand=True).set(FREE).as_result()
    assert (allowed.get("failed"), allowed["stranded"], range_of(bench)) == (None, result["stranded"], spec(FREE))


def test_clearing_asks_no_ledger(bench: Bench) -> None:
    result = run(bench, strand=True).clear().as_result()
    assert (result["changed"], result["after"]) == (True, None)


def test_another_host_that_answers_gets_nothing(bench: Bench, ledger: Ledger) -> None:
    ledger.lease(JOB)
    task = RangeRun(LabHost(bench, "hv2"), "hv1", JOB, False, PLAN, ledger)
    with pytest.raises(MacPoolError, match="ansible_host"):
        task.set(None)


class Odd:
    """A host that does what it likes with an operation."""

    def __init__(self, bench: Bench, **answer: Any) -> None:
        self.genuine, self.answer = LabHost(bench), answer

    def observe(self, gather: Sequence[str], vms: Sequence[str] | None = None) -> dict[str, Any]:
        return self.genuine.observe(gather, vms)

    def apply(self, operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{**result, **self.answer} for result in self.genuine.apply(operations)]


@pytest.mark.parametrize(
    ("answer", "changed", "words"),
    [
        ({"after": {"start": "00155DD00000", "end": "00155DD00001"}}, True, "00-15-5D-D0-00-01 when read back"),
        ({"after": None}, True, "none when read back"),
        ({"status": "failed", "reason": "readback", "message": "odd"}, True, "odd"),
        ({"status": "failed", "reason": "access_denied", "after": None}, False, "administers"),
        ({"status": "refused", "reason": "changed", "after": None}, False, "Somebody else changed it"),
    ],
)
def test_what_is_not_read_back_as_wanted_has_failed(
    bench: Bench, answer: dict[str, Any], changed: bool, words: str
) -> None:
    """Law 4. What may have changed is told as changed."""
    result = RangeRun(Odd(bench, **answer), "hv1", JOB, False).set(FREE).as_result()
    assert (result["failed"], result["changed"]) == (True, changed)
    assert words in result["msg"]
