# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Law 5 through the ledger: what a recorded document does not show is free only where everything was read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import ClaimName, Job, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.sightings import host_sightings
from tests.unit.plugins.plugin_utils.observation.documents import Document, adapter, host, plan, vm

JOB = Job("t")
RULES = plan(pools={"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 16}]}})


def state_after(folder: Path, *documents: Document) -> str:
    """Return the state of a released claim after documents were recorded, of which none shows its address."""
    ledger = Ledger.create(str(folder / "west.sqlite3"), "west", JOB, RULES)
    ledger.ensure([Request("web01/eth0", "tenant")], JOB)
    ledger.release([ClaimName("web01/eth0")], JOB)
    for document in documents:
        ledger.observe([host_sightings(document, ledger.now())], JOB)
    (claim,) = ledger.claims()
    return claim.state


def node(name: str) -> Document:
    return host(name, cluster="hci1", nodes=["hv1", "hv2"])


def test_a_host_that_was_read_completely_proves_absence(tmp_path: Path) -> None:
    assert state_after(tmp_path, host("hv1")) == "quarantined"


def test_all_nodes_of_a_cluster_prove_it_and_one_of_them_does_not(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert state_after(tmp_path / "one", node("hv1")) == "releasing"
    assert state_after(tmp_path, node("hv1"), node("hv2")) == "quarantined"


@pytest.mark.parametrize("part", ["cluster", "vms", "host_adapters"])
def test_a_recording_without_a_part_proves_nothing(tmp_path: Path, part: str) -> None:
    """Without the cluster the other nodes are not known, where the VM may run."""
    document = node("hv1")
    del document[part]
    assert state_after(tmp_path, document) == "releasing"


def test_a_cluster_without_the_owners_of_its_vms_proves_nothing(tmp_path: Path) -> None:
    documents = [node("hv1"), node("hv2")]
    del documents[0]["cluster"]["groups"]
    assert state_after(tmp_path, *documents) == "releasing"


@pytest.mark.parametrize("address", [None, "", "unreadable"])
def test_an_adapter_with_an_unknown_address_may_carry_the_released_one(tmp_path: Path, address: str | None) -> None:
    assert state_after(tmp_path, host("hv1", vms=[vm("web01", adapter(address, None))])) == "releasing"
