# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook adopt, from a cluster without a plan to a ledger that knows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.runner import run_playbook
from tests.lab.bench import Bench
from tests.lab.lab import Lab

pytestmark = pytest.mark.slow


def test_from_nothing_to_a_ledger_that_knows_the_cluster(tmp_path: Path) -> None:
    bench = Bench()
    bench.vm("typed01", "hv1", "221DD8000001")
    bench.vm("{{ typed02 }}", "hv2", "221DD8000002")
    bench.running("dynamic01", "hv1")
    for name in ("clone01", "clone02"):
        bench.vm(name, "hv2", "221DD8000003")
    with Lab(bench.world) as lab:
        lab.write_files(tmp_path)
        inventory = tmp_path / "inventory.yml"
        before = lab.world.to_dict()
        proposal = tmp_path / "macpool_plan.proposed.yml"

        checked = run_playbook("adopt.yml", tmp_path, "--check", inventory=inventory)
        assert checked.code == 0, checked.output
        assert checked.changed
        assert not proposal.exists()
        assert not (tmp_path / "observations").exists()

        first = run_playbook("adopt.yml", tmp_path, inventory=inventory)
        assert first.code == 0, first.output
        assert "Proposed plan written to" in first.output
        assert "3 must be decided by a person" not in first.output
        assert "2 adapters use it" in first.output
        again = run_playbook("adopt.yml", tmp_path, inventory=inventory)
        assert again.code == 0, again.output
        assert not again.changed

        given = ("-e", f"@{proposal}")
        ledger = str(tmp_path / "west.sqlite3")
        without = run_playbook("adopt.yml", tmp_path, *given, inventory=inventory, macpool_ledger=ledger)
        assert "There is a plan and no ledger" in without.output
        made = run_playbook("init.yml", tmp_path, *given, inventory=inventory, macpool_ledger=ledger)
        assert made.code == 0, made.output
        predicted = run_playbook("adopt.yml", tmp_path, *given, "--check", inventory=inventory, macpool_ledger=ledger)
        assert predicted.changed, predicted.output
        done = run_playbook("adopt.yml", tmp_path, *given, inventory=inventory, macpool_ledger=ledger)
        assert done.changed, done.output
        for run in (predicted, done):
            assert "adopted: 22-1D-D8-00-00-01 typed01/Network Adapter, pool static" in run.output
            assert "adopted: 22-1D-D8-00-00-02 {{ typed02 }}/Network Adapter, pool static" in run.output
            assert "1 must be decided by a person" in run.output
        twice = run_playbook(
            "adopt.yml",
            tmp_path,
            *given,
            inventory=inventory,
            macpool_ledger=ledger,
            mac_adopt_conflicts="fail",
        )
        assert not twice.changed
        assert twice.code != 0
        assert "2 are already" in twice.output
        assert lab.world.to_dict() == before

        calls = len(lab.log.entries())
        (directory, *_rest) = sorted((tmp_path / "observations").iterdir())
        files = run_playbook(
            "adopt.yml",
            tmp_path,
            *given,
            macpool_ledger=str(tmp_path / "none.sqlite3"),
            mac_adopt_observations_dir=str(directory),
        )
        assert files.code == 0, files.output
        assert len(lab.log.entries()) == calls
