# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One usage: a pool is full exactly when an allocation from it fails, and the ledger and the audit count alike."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import PoolFull
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import ClaimName, Job, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.usage import Usage
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.sightings import all_sightings
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import Plan
from tests.audits import audit
from tests.unit.plugins.plugin_utils.observation.documents import NOW, Document, adapter, host, plan, vm

JOB = Job("t")
START, SIZE = 0x221DD8000000, 6
RULES = plan(pools={"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": SIZE}], "reuse_after": "never"}})


def made(folder: str, rules: Plan = RULES) -> Ledger:
    return Ledger.create(str(Path(folder) / "west.sqlite3"), "west", JOB, rules)


def carrying(*places: int) -> Document:
    """Return a host whose VMs carry the addresses at these places of the pool."""
    machines = [vm(f"vm{place}", adapter(f"{START + place:012X}", False)) for place in places]
    return host(vms=machines)


def counted(ledger: Ledger, *documents: Document) -> tuple[Usage, Document, list[Document]]:
    """Return the pool's usage by the ledger, its row in the audit's report, and the findings about it."""
    (usage,) = ledger.usage()
    report = audit(
        documents,
        plan=ledger.plan,
        claims=ledger.claims(),
        leases=ledger.leases(),
        now=NOW,
        last_seen=ledger.last_seen(),
    )
    (row,) = [row for row in report["summary"]["usage"] if row["kind"] == "pool"]
    return usage, row, [item for item in report["findings"] if item["rule"] == "range-usage"]


def test_a_pool_full_of_quarantined_addresses_is_a_finding_because_allocation_fails(tmp_path: Path) -> None:
    ledger = made(str(tmp_path))
    owners = [f"vm{number}/eth0" for number in range(SIZE)]
    ledger.ensure([Request(owner, "tenant") for owner in owners], JOB)
    ledger.release([ClaimName(owner) for owner in owners], JOB, declared_gone=True)
    with pytest.raises(PoolFull):
        ledger.ensure([Request("new/eth0", "tenant")], JOB)
    usage, row, (finding,) = counted(ledger, host())
    assert (usage.used, usage.quarantined, usage.free, usage.percent) == (SIZE, SIZE, 0, 100.0)
    assert (row["used"], row["quarantined"], row["free"], row["percent"]) == (SIZE, SIZE, 0, 100.0)
    assert finding["severity"] == "high"
    assert "6 in quarantine" in finding["evidence"]


@settings(max_examples=40)
@given(
    claimed=st.sets(st.integers(0, SIZE - 1)),
    released=st.sets(st.integers(0, SIZE - 1)),
    held=st.sets(st.integers(0, SIZE - 1)),
    carried=st.sets(st.integers(0, SIZE - 1)),
    shown=st.booleans(),
)
def test_ledger_and_audit_count_alike_and_full_means_that_allocation_fails(
    claimed: set[int], released: set[int], held: set[int], carried: set[int], shown: bool
) -> None:
    with TemporaryDirectory() as folder:
        ledger = made(folder)
        ledger.ensure([Request(f"a{place}/eth0", "tenant", START + place) for place in claimed], JOB)
        ledger.hold([Request("", address=START + place) for place in held - claimed], JOB)
        gone = [ClaimName(f"a{place}/eth0") for place in released & claimed]
        ledger.release(gone, JOB, declared_gone=True)
        document = carrying(*carried)
        ledger.observe(all_sightings(read_documents([document])), JOB)
        # The ledger keeps what it saw, whatever the audit is shown.
        usage, row, findings = counted(ledger, document if shown else host())
        keys = ("size", "used", "claimed", "quarantined", "excluded", "free", "percent")
        assert {key: getattr(usage, key) for key in keys} == {key: row[key] for key in keys}
        assert usage.used == len(claimed | held | carried)
        try:
            ledger.ensure([Request("new/eth0", "tenant")], JOB)
        except PoolFull:
            assert (usage.free, [finding["severity"] for finding in findings]) == (0, ["high"])
        else:
            assert usage.free > 0
        ledger.close()
