# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule ledger-state: what a ledger warns about is a finding, also for what would be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.run import report_on, situate
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Request
from tests.unit.plugins.plugin_utils.ledger.helpers import JOB, make_ledger, make_plan
from tests.unit.plugins.plugin_utils.observation.documents import host

NOW = dt.datetime(2026, 11, 28, tzinfo=dt.timezone.utc)


def test_what_the_ledger_warns_about_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "one"))
    with make_ledger(tmp_path / "west.sqlite3") as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
    for home, expected in (("one", 0), ("two", 1)):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / home))
        with Ledger.open(str(tmp_path / "west.sqlite3"), "west", make_plan()) as ledger:
            situation = situate([host()], claims=ledger.claims(), now=NOW, ledger_warnings=ledger.warnings)
        found = [item for item in report_on(situation, None, [])["findings"] if item["rule"] == "ledger-state"]
        assert len(found) == expected
        assert all(item["severity"] == "medium" and "macpool_witness" in item["evidence"] for item in found)
    assert situation.on(situation.observation).ledger_warnings == situation.ledger_warnings
