# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit, live against the lab and on files alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from tests.e2e.runner import run_playbook
from tests.lab.bench import Bench
from tests.lab.lab import Lab

pytestmark = pytest.mark.slow

TWICE = "221DD8000007"


def report_of(directory: Path) -> dict[str, Any]:
    """Return the report that was written."""
    report: dict[str, Any] = json.loads((directory / "report" / "report.json").read_text(encoding="utf-8"))
    return report


def incomplete_hosts(report: dict[str, Any]) -> set[str]:
    """Return the hosts that findings of rule incomplete name."""
    return {host for item in report["findings"] if item["rule"] == "incomplete" for host in item["hosts"]}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Serve two nodes and a lone host that share an address."""
    bench = Bench()
    bench.running("web01", "hv1", TWICE, role=True)
    bench.running("web02", "lone", TWICE)
    bench.running("app01", "hv2")
    with Lab(bench.world) as running:
        yield running


@pytest.fixture
def inventory(lab: Lab, tmp_path: Path) -> Path:
    """Return the inventory of the lab, in a directory of the test's own."""
    lab.write_files(tmp_path)
    return tmp_path / "inventory.yml"


def test_live_then_offline_find_the_same_and_leave_the_hosts_alone(lab: Lab, inventory: Path, tmp_path: Path) -> None:
    before = lab.world.to_dict()
    live = run_playbook("audit.yml", tmp_path, inventory=inventory)
    assert live.code != 0, live.output
    assert "critical  duplicate-address" in live.output, live.output
    assert "findings of severity critical or worse" in live.output, live.output
    assert not live.changed
    assert lab.world.to_dict() == before
    found = report_of(tmp_path)
    (directory,) = (tmp_path / "report" / "observations").iterdir()
    calls = len(lab.log.entries())
    shutil.rmtree(tmp_path / "state", ignore_errors=True)
    offline = run_playbook(
        "audit.yml", tmp_path, mac_audit_observations_dir=str(directory), mac_audit_report_dir="again"
    )
    assert offline.code != 0, offline.output
    again = json.loads((tmp_path / "again" / "report.json").read_text(encoding="utf-8"))
    assert again["findings"] == found["findings"]
    assert len(lab.log.entries()) == calls
    # With an inventory, too, files alone are looked at.
    lent = run_playbook(
        "audit.yml",
        tmp_path,
        inventory=inventory,
        mac_audit_observations_dir=str(directory),
        mac_audit_report_dir="lent",
        mac_audit_fail_at="never",
    )
    assert lent.code == 0, lent.output
    assert len(lab.log.entries()) == calls


def test_a_host_that_is_gone_or_does_not_answer_is_named(lab: Lab, inventory: Path, tmp_path: Path) -> None:
    with_gone = "/2026"
    first = run_playbook("audit.yml", tmp_path, inventory=inventory, mac_audit_fail_at="never")
    assert first.code == 0, first.output
    assert incomplete_hosts(report_of(tmp_path)) == set()
    for name in ("lone", "hv2"):
        lab.world.do("disconnect_host", host=name)
    try:
        second = run_playbook("audit.yml", tmp_path, inventory=inventory, mac_audit_fail_at="never")
    finally:
        for name in ("lone", "hv2"):
            lab.world.do("connect_host", host=name)
    # The document of the first run lies beside and must not stand in for the host of today.
    assert second.code == 0, second.output
    assert "THE OBSERVATION IS INCOMPLETE" in second.output
    report = report_of(tmp_path)
    assert incomplete_hosts(report) == {"lone", "hv2"}
    assert not report["complete"]
    (evidence,) = (item["evidence"] for item in report["findings"] if item["hosts"] == ["lone"])
    assert "was expected" in evidence
    assert with_gone not in evidence


def test_a_check_observes_and_writes_nothing(inventory: Path, tmp_path: Path) -> None:
    done = run_playbook("audit.yml", tmp_path, "--check", inventory=inventory)
    assert done.code != 0, done.output
    assert "critical  duplicate-address" in done.output
    assert not (tmp_path / "report").exists()


def test_what_if_is_answered_and_no_host_at_all_is_an_error(inventory: Path, tmp_path: Path) -> None:
    done = run_playbook(
        "audit.yml",
        tmp_path,
        inventory=inventory,
        mac_audit_fail_at="never",
        mac_audit_what_if={"action": "drain", "host": "hv2"},
    )
    assert done.code == 0, done.output
    assert "What if hv2: drain" in done.output
    assert report_of(tmp_path)["what_if"]["host"] == "hv2"
    nobody = run_playbook("audit.yml", tmp_path, inventory=inventory, macpool_hosts="nowhere")
    assert nobody.code != 0
    assert "mac_audit_observations_dir=DIR" in nobody.output


def test_plan_and_ledger_are_used_where_there_are_any(
    inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    plan = {"scope": "west", "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 1024}]}}}
    common: dict[str, Any] = {
        "macpool_plan": plan,
        "macpool_ledger": str(tmp_path / "west.sqlite3"),
        "mac_audit_fail_at": "never",
    }
    without = run_playbook("audit.yml", tmp_path, inventory=inventory, **common)
    assert without.code == 0, without.output
    assert "carried-without-promise" not in report_of(tmp_path)["summary"]["rules"]
    demanded = run_playbook("audit.yml", tmp_path, inventory=inventory, mac_audit_with_ledger=True, **common)
    assert demanded.code != 0
    made = run_playbook("init.yml", tmp_path, inventory=inventory, **common)
    assert made.code == 0, made.output
    with_ledger = run_playbook("audit.yml", tmp_path, inventory=inventory, **common)
    assert with_ledger.code == 0, with_ledger.output
    assert report_of(tmp_path)["summary"]["rules"]["carried-without-promise"] > 0
    # The counts of this audit are kept for the trend; the same observations again add nothing, and neither does a check.
    (directory, *_more) = sorted((tmp_path / "report" / "observations").iterdir(), reverse=True)
    for arguments in ((), ("--check",)):
        again = run_playbook("audit.yml", tmp_path, *arguments, mac_audit_observations_dir=str(directory), **common)
        assert again.code == 0, again.output
    with Ledger.open(str(tmp_path / "west.sqlite3"), "west") as ledger:
        (counts,) = ledger.audits(10)
        assert counts["hosts"] == 4
        assert counts["complete"] is True
        assert ledger.verify() == []


def test_a_file_that_nobody_understands_is_named(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "broken.json").write_text("{", encoding="utf-8")
    done = run_playbook("audit.yml", tmp_path, mac_audit_observations_dir="exports", mac_audit_fail_at="high")
    assert done.code != 0
    assert "not read: broken.json: it is not valid JSON" in done.output
    assert not report_of(tmp_path)["complete"]
