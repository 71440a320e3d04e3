# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the task ledger with state: present does to a ledger that is missing, rolled back or used with another plan."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import (
    LedgerRolledBack,
    PlanOutdated,
    UnknownHost,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger, Present, bring_present
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import Plan
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, make_plan, observation

Bring = Callable[..., Present]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "west.sqlite3"


@pytest.fixture
def bring(path: Path) -> Bring:
    def bring(plan: Plan | None = None, **wishes: Any) -> Present:
        plan = plan or make_plan()
        return bring_present(
            lambda: Ledger.open(str(path), "west", plan),
            lambda: Ledger.create(str(path), "west", JOB, plan),
            JOB,
            **wishes,
        )

    return bring


def test_a_missing_ledger_is_created_once_and_only_predicted_by_a_check(bring: Bring, path: Path) -> None:
    assert bring(preview=True) == (None, True)
    assert not path.exists()
    made, changed = bring()
    assert made is not None
    assert changed
    assert made.plan_generation() is not None
    assert bring(preview=True).changed is False
    again, changed = bring()
    assert again is not None
    assert (again.info().id, changed) == (made.info().id, False)


def test_an_earlier_plan_is_accepted_only_where_going_back_is_meant(bring: Bring) -> None:
    bring()
    assert bring(make_plan(size=32), preview=True).changed
    assert bring(make_plan(size=32)).changed
    with pytest.raises(PlanOutdated):
        bring(make_plan())
    assert bring(make_plan(), accept_plan=True, preview=True).changed
    assert bring(make_plan(), accept_plan=True).changed
    assert not bring(make_plan(), accept_plan=True).changed


def test_hosts_are_forgotten_once(bring: Bring) -> None:
    ledger = bring().ledger
    assert ledger is not None
    ledger.observe([observation("hv1", ledger.now()), observation("hv9", ledger.now())], JOB)
    assert bring(forget_hosts=["hv9"], preview=True).changed
    assert bring(forget_hosts=["hv9", "HV9.corp.example"]).changed
    assert [host.host for host in ledger.hosts()] == ["hv1"]
    assert not bring(forget_hosts=["hv9"]).changed
    assert not bring(forget_hosts=["hv9.corp.example"], preview=True).changed


@pytest.mark.parametrize("preview", [False, True])
def test_a_host_that_the_ledger_never_knew_is_an_error_and_nothing_is_forgotten(bring: Bring, preview: bool) -> None:
    ledger = bring().ledger
    assert ledger is not None
    ledger.observe([observation("hv1", ledger.now()), observation("hv9", ledger.now())], JOB)
    with pytest.raises(UnknownHost, match=r'^host "hv8": expected a host that the ledger knows.*found hv1 and hv9'):
        bring(forget_hosts=["hv9", "hv8"], preview=preview)
    with pytest.raises(MacPoolError, match=r"2 errors"):
        bring(forget_hosts=["hv7", "hv8"], preview=preview)
    assert [host.host for host in ledger.hosts()] == ["hv1", "hv9"]
    assert ledger.history(kind="host") == []


@pytest.mark.parametrize("preview", [False, True])
def test_a_new_ledger_knows_no_hosts_and_is_not_created_only_to_fail(bring: Bring, path: Path, preview: bool) -> None:
    with pytest.raises(UnknownHost, match=r'^host "hv8": expected .*found no hosts'):
        bring(forget_hosts=["hv8"], preview=preview)
    assert not path.exists()


def test_a_rollback_is_accepted_before_anything_else_is_written(bring: Bring, path: Path, tmp_path: Path) -> None:
    ledger = bring().ledger
    assert ledger is not None
    ledger.close()
    shutil.copy(path, tmp_path / "old")
    ledger.ensure([Request("web01/eth0")], JOB)
    ledger.close()
    shutil.copy(tmp_path / "old", path)
    with pytest.raises(LedgerRolledBack):
        bring(make_plan(size=32))
    predicted = bring(make_plan(size=32), accept_rollback=True, forget_hosts=["hv1"], preview=True)
    assert predicted.changed
    with pytest.raises(LedgerRolledBack):
        bring(make_plan(size=32))
    assert bring(make_plan(size=32), accept_rollback=True).changed
    assert not bring(make_plan(size=32), accept_rollback=True).changed
