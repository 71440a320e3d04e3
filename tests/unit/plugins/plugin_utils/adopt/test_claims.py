# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adopting what is there: everything carried is out of reach afterwards, and nothing is decided silently."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import format_mac, parse_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._adopt.claims import (
    Adopted,
    adopt,
    sort_out,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import PoolFull
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Claim, Identity, Job, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.sightings import all_sightings
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.unit.plugins.plugin_utils.observation.documents import RANGE_A, RANGE_B, RANGE_C, adapter, guid, host, vm

PLAN = parse_plan(
    {
        "scope": "west",
        "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 24}], "strategy": "sequential"}},
        "other_allocators": [
            {"name": "nc", "kind": "network_controller", "start": "00-1D-D8-00-00-00", "end": "00-1D-D8-00-00-FF"}
        ],
    }
)
JOB = Job("test")
ADDRESSES = [f"221DD80000{number:02X}" for number in range(12)] + ["021122334455", "00155DE00105", "001DD8000007"]

Document = dict[str, Any]


@contextmanager
def ledger() -> Iterator[Ledger]:
    """Make a ledger that is gone afterwards."""
    with tempfile.TemporaryDirectory() as directory, mock.patch.dict(os.environ, XDG_STATE_HOME=directory):
        place = str(Path(directory) / "west.sqlite3")
        with Ledger.create(place, PLAN.scope, JOB, PLAN) as made:
            yield made


def run(made: Ledger, documents: Sequence[Document], *, preview: bool = False) -> tuple[Adopted, list[str]]:
    """Adopt documents, and return the outcome with the addresses of all conflicts."""
    observation = read_documents(documents)
    found = sort_out(observation, PLAN, made.claims())
    done = adopt(made, all_sightings(observation), found.adoptions, JOB, preview=preview)
    return done, sorted({conflict.address for conflict in (*found.conflicts, *done.conflicts)})


def shape(claim: Claim) -> tuple[Any, ...]:
    """Return what two runs must agree on."""
    return claim.address, claim.owner, claim.pool, claim.state, claim.identity


@st.composite
def clusters(draw: st.DrawFn) -> list[Document]:
    """Return hosts whose VMs share names, addresses and adapters' names now and then."""
    documents = []
    number = 0
    for name, mac_range in (("hv1", RANGE_A), ("hv2", RANGE_B), ("hv3", RANGE_C)):
        vms = []
        for _vm in range(draw(st.integers(0, 3))):
            number += 1
            adapters = [
                adapter(
                    draw(st.sampled_from(ADDRESSES)),
                    draw(st.booleans()),
                    name=draw(st.sampled_from(["Network Adapter", "eth1"])),
                    id=f"Microsoft:{number}\\{index}",
                )
                for index in range(draw(st.integers(0, 2)))
            ]
            mode = draw(st.sampled_from(["None", "None", "None", "Replica"]))
            checkpoints = [
                {
                    "id": guid(f"c{number}"),
                    "name": "before",
                    "adapters": [adapter(draw(st.sampled_from(ADDRESSES)), False)],
                }
            ] * draw(st.integers(0, 1))
            vms.append(
                vm(
                    draw(st.sampled_from(["web", "db", "{{ app }}"])),
                    *adapters,
                    id=guid(f"vm{number}"),
                    replication_mode=mode,
                    checkpoints=checkpoints,
                )
            )
        own = [
            {"id": "x", "name": "vNIC", "mac": mac, "switch": "tenant"}
            for mac in draw(st.lists(st.sampled_from(ADDRESSES), max_size=1))
        ]
        documents.append(host(name, mac_range, vms, host_adapters=own))
    return documents


def carried(documents: Sequence[Document]) -> set[int]:
    """Return every address that anything carries."""
    found = set()
    for document in documents:
        for machine in document["vms"]:
            points = [item for point in machine["checkpoints"] for item in point["adapters"]]
            found |= {parse_mac(item["mac"]) for item in (*machine["adapters"], *points)}
        found |= {parse_mac(item["mac"]) for item in document["host_adapters"]}
    return found


def statics(documents: Sequence[Document]) -> Iterator[tuple[Identity, int]]:
    """Yield who has a static address now."""
    for document in documents:
        for machine in document["vms"]:
            if machine["replication_mode"] == "None":
                for item in machine["adapters"]:
                    if not item["dynamic"]:
                        yield Identity(machine["id"], item["id"]), parse_mac(item["mac"])


@settings(max_examples=60, deadline=None)
@given(clusters(), st.randoms())
def test_a_rebuild_covers_every_carried_address(documents: list[Document], random: Any) -> None:
    with ledger() as made:
        expected, refused = run(made, documents, preview=True)
        assert made.claims() == []
        assert made.hosts() == []
        shuffled = random.sample(documents, len(documents))
        done, conflicts = run(made, shuffled)
        # Check mode predicts the real run, and the order of documents is irrelevant.
        assert [shape(item.claim) for item in expected.outcomes] == [shape(item.claim) for item in done.outcomes]
        assert refused == conflicts
        # Every static address is promised to its carrier, or listed.
        claims = {claim.identity: claim for claim in made.claims()}
        for identity, address in statics(documents):
            claim = claims.get(identity)
            assert (claim and claim.address == address and claim.state == "applied") or format_mac(address) in conflicts
        # Twice is once.
        again, same = run(made, documents)
        assert (again.changed, same) == ([], conflicts)
        assert made.verify() == []
        # Nobody is given what anybody carries, replicas and checkpoints included.
        for number in range(30):
            try:
                (outcome,) = made.ensure([Request(f"new{number}/eth0", "tenant")], JOB)
            except PoolFull:
                break
            assert outcome.claim.address not in carried(documents)
        else:
            pytest.fail("a pool of 24 addresses gave 30")


def conflict(*documents: Mapping[str, Any]) -> Any:
    """Return the only conflict."""
    (found,) = sort_out(read_documents(documents), PLAN).conflicts
    return found


@pytest.mark.parametrize(
    ("mac", "dynamic", "reason"),
    [
        ("331DD8000001", False, "multicast"),
        ("FFFFFFFFFFFF", False, "multicast"),
        ("000000000000", False, "static and all zeros"),
        ("not a mac", False, "not a MAC address"),
        ("221DD8000001", None, "static or dynamic"),
        ("001DD8000007", False, 'other allocator "nc"'),
    ],
)
def test_what_cannot_be_adopted_is_listed_with_the_reason(mac: str, dynamic: bool | None, reason: str) -> None:
    found = conflict(host("hv1", vms=[vm("web", adapter(mac, dynamic))]))
    assert reason in found.reason
    assert '"web" on hv1' in found.carriers[0]
    assert found.remedy


def test_of_two_carriers_nobody_gets_the_address() -> None:
    two = [vm("web", adapter("221DD8000001", False)), vm("db", adapter("221DD8000001", True), id=guid("db"))]
    assert "2 adapters use it" in conflict(host("hv1", vms=two)).reason
    own = [{"id": "x", "name": "vNIC", "mac": "221DD8000001", "switch": "tenant"}]
    found = conflict(host("hv1", vms=two[:1]), host("hv2", RANGE_B, host_adapters=own))
    assert len(found.carriers) == 2


def test_a_replica_of_the_carrier_is_no_conflict_but_that_of_another_vm_is() -> None:
    primary = vm("web", adapter("221DD8000001", False), id=guid("web"))
    replica = {**primary, "replication_mode": "Replica"}
    found = sort_out(read_documents([host("hv1", vms=[primary]), host("hv9", RANGE_B, [replica])]), PLAN)
    assert (len(found.adoptions), found.conflicts) == (1, ())
    assert (
        "2 adapters use it"
        in conflict(host("hv1", vms=[primary]), host("hv9", RANGE_B, [{**replica, "id": guid("x")}])).reason
    )


def test_owners_are_named_by_vm_and_adapter_and_by_ids_where_names_are_shared() -> None:
    twin = [adapter("221DD8000001", False, id="a"), adapter("221DD8000002", False, id="b")]
    same_name = [
        vm("web", adapter("221DD8000003", False), id=guid("1")),
        vm("WEB", adapter("221DD8000004", False), id=guid("2")),
    ]
    documents = [host("hv1", vms=[vm("twin", *twin), *same_name, vm("one", adapter("221DD8000005", False))])]
    with ledger() as made:
        done, conflicts = run(made, documents)
    assert conflicts == []
    assert [outcome.claim.owner for outcome in done.outcomes][2:] == [
        f"web/Network Adapter@{guid('1')}",
        f"WEB/Network Adapter@{guid('2')}",
        "one/Network Adapter",
    ]
    assert {outcome.claim.identity.adapter_id for outcome in done.outcomes[:2] if outcome.claim.identity} == {"a", "b"}


def test_a_name_alone_is_bound_to_the_ids_and_a_promise_to_another_is_a_conflict() -> None:
    documents = [
        host("hv1", vms=[vm("web", adapter("221DD8000001", False)), vm("db", adapter("221DD8000002", False, id="d"))])
    ]
    with ledger() as made:
        made.ensure(
            [Request("web/Network Adapter", "tenant", 0x221DD8000001), Request("x/y", "tenant", 0x221DD8000002)], JOB
        )
        done, conflicts = run(made, documents)
        assert conflicts == ["221DD8000002"]
        assert [(item.claim.address, item.claim.state) for item in done.changed] == [(0x221DD8000001, "applied")]
        assert made.claims(address=0x221DD8000001)[0].identity is not None
        assert "x/y" in str(done.conflicts[0].reason)


def test_an_export_without_ids_or_times_is_kept_as_an_incomplete_observation() -> None:
    eth0 = {"name": "eth0", "mac": "22-1D-D8-00-00-01", "dynamic": False}
    bare: Document = {"name": "web", "adapters": [eth0]}
    document = {"schema": 1, "kind": "hyperv_host", "host": {"name": "hv1"}, "vms": [bare]}
    with ledger() as made:
        done, conflicts = run(made, [document])
        assert conflicts == []
        assert [outcome.claim.owner for outcome in done.outcomes] == ["web/eth0"]
        assert [item.complete for item in made.hosts()] == [False]
    two = {**document, "vms": [bare, {**bare, "adapters": [{**eth0, "mac": "221DD8000002"}]}]}
    assert len(sort_out(read_documents([two]), PLAN).conflicts) == 2
