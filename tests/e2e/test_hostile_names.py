# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of VMs that break lines, control a terminal or turn text: no playbook prints them as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.runner import Run, run_playbook
from tests.lab.bench import Bench
from tests.lab.lab import Lab

pytestmark = pytest.mark.slow

FORGED = "FORGED: all is well"
NAMES = (
    f"a\n{FORGED}",
    f"b\r{FORGED}",
    f"c\u2028{FORGED}",
    f"d\u0085{FORGED}",
    "e\x1b[2J\x9b",
    "f\u202e\u2066\u200e01",
    "{{ 7 * 7 }}",
)
UNSAFE = "\r\x1b\x9b\x85\u2028\u2029\u202e\u2066\u200e"


def check(run: Run, *shown: str) -> None:
    """Check that nothing controls the terminal, and that no line begins with what a name says."""
    assert not {character for character in UNSAFE if character in run.output}, ascii(run.output)
    lines = [line.strip().strip('"') for line in run.output.split("\n")]
    assert not [line for line in lines if line.startswith("FORGED")], run.output
    for text in shown:
        assert text in run.output, run.output


def test_hostile_names_stay_on_their_line_in_every_playbook(tmp_path: Path) -> None:
    bench = Bench()
    for number, name in enumerate(NAMES):
        bench.running(name, "hv1", f"221DD80000{number + 1:02X}")
        bench.vm(name, "hv2", f"221DD80000{number // 2 + 1:02X}")
    with Lab(bench.world) as lab:
        lab.write_files(tmp_path)
        inventory, proposal = tmp_path / "inventory.yml", tmp_path / "macpool_plan.proposed.yml"
        ledger = str(tmp_path / "west.sqlite3")

        check(run_playbook("observe.yml", tmp_path, inventory=inventory), "hv1: 7 VMs")
        check(run_playbook("adopt.yml", tmp_path, inventory=inventory), "must be decided by a person", r"a\\n")
        given = ("-e", f"@{proposal}")
        check(run_playbook("init.yml", tmp_path, *given, inventory=inventory, macpool_ledger=ledger))
        check(run_playbook("plan.yml", tmp_path, *given, inventory=inventory, macpool_ledger=ledger))
        adopted = run_playbook("adopt.yml", tmp_path, *given, inventory=inventory, macpool_ledger=ledger)
        check(adopted, "adopted: ", r"\\u202e")
        audited = run_playbook(
            "audit.yml", tmp_path, *given, inventory=inventory, macpool_ledger=ledger, mac_audit_show=100
        )
        check(audited, "duplicate-address", r"a\\n")

        wanted = [{"vm": name, "pool": "static", "owner": f"vm{number}/new"} for number, name in enumerate(NAMES)]
        missing = [{"vm": f"nowhere\n{FORGED}\x1b\u202e", "pool": "static", "owner": "nowhere/new"}]
        for entries, text in ((wanted, "pending"), (missing, r"nowhere\\nFORGED")):
            applied = run_playbook(
                "apply.yml",
                tmp_path,
                *given,
                "--tags=adapters",
                inventory=inventory,
                macpool_ledger=ledger,
                mac_adapters_wanted=entries,
                mac_adapters_when_running="pending",
            )
            check(applied, text)
