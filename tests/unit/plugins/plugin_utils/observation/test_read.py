# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents in, one observation out: names, parts, notations, order, and things nobody should write."""

from __future__ import annotations

import datetime as dt
import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._names import HostNames
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.values import parse_time
from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_A,
    RANGE_B,
    adapter,
    checkpoint,
    claim,
    group,
    guid,
    host,
    lease,
    plan,
    report,
    vm,
)


@pytest.mark.parametrize(
    ("names", "first", "second", "same"),
    [
        (["hv1", "HV1.corp.example"], "Hv1", "hv1.CORP.example.", True),
        (["hv1", "hv1.a.example", "hv1.b.example"], "hv1", "hv1.a.example", False),
        (["hv1.a.example", "hv1.b.example"], "hv1.a.example", "hv1.b.example", False),
        (["hv1", "hv10.a.example"], "hv1", "hv10.a.example", False),
    ],
)
def test_host_names(names: list[str], first: str, second: str, same: bool) -> None:
    known = HostNames(names)
    assert (known.key(first) == known.key(second)) is same


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T12:00:00Z", "2026-11-20T12:00:00.0000000Z", "2026-11-20T13:00:00.0+01:00", "2026-11-20T12:00:00"],
)
def test_times(text: str) -> None:
    assert parse_time(text) == dt.datetime(2026, 11, 20, 12, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "yesterday",
        5,
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "1969-12-31T23:59:59Z",
        {},
    ],
)
def test_no_times(value: object) -> None:
    assert parse_time(value) is None


def test_each_part_comes_from_the_newest_document_that_has_it() -> None:
    old = host("hv1", RANGE_A, vms=[vm("old")], observed_at="2026-11-20T00:00:00Z")
    new = host("HV1", RANGE_B, observed_at="2026-11-21T00:00:00Z")
    del new["vms"]
    for documents in ([old, new], [new, old]):
        observation = read_documents(documents)
        (seen,) = observation.hosts.values()
        assert seen.range == (0x00155DE00100, 0x00155DE001FF)
        assert [machine.name for machine in observation.vms] == ["old"]
    older = host("hv1", RANGE_A, vms=[vm("older")], observed_at="2026-11-19T00:00:00Z")
    listed = report(older, old, new)["observed"]
    assert [(item["observed_at"][:10], item["superseded"]) for item in listed] == [
        ("2026-11-19", True),
        ("2026-11-20", False),
        ("2026-11-21", False),
    ]


def test_the_newest_sighting_of_a_moved_vm_counts() -> None:
    old = host("hv2", RANGE_B, vms=[vm("web01", adapter("00155DE00005"))], observed_at="2026-11-21T11:00:00Z")
    new = host("hv1", RANGE_A, vms=[vm("web01", adapter("00155DE00005"))], observed_at="2026-11-21T11:00:01Z")
    rules = {item["rule"] for item in report(old, new)["findings"]}
    assert not rules & {"departed", "stranded"}


HOSTILE = (
    "<script>alert(1)</script>'; DROP TABLE claims; -- {{ lookup('pipe', 'id') }} \u202e\x1b[31m\n../../etc \ud800"
)


def test_hostile_names_are_text() -> None:
    documents = [
        host("hv1", vms=[vm(HOSTILE, adapter("00155DE00005", name=HOSTILE), checkpoints=[checkpoint(HOSTILE)])]),
        host("hv2", RANGE_B, vms=[vm("x" * 500, adapter("00155DE00005"))]),
    ]
    result = report(*documents, claims=[claim("221DD8000001", owner=HOSTILE)])
    assert {machine["name"] for item in result["findings"] for machine in item["vms"]} >= {HOSTILE, "x" * 500}
    for finding in result["findings"]:
        assert finding["evidence"].isprintable()
        assert len(finding["evidence"]) < 1000
        assert HOSTILE not in finding["remedy"]
    json.dumps(result)


def mess() -> list[dict[str, Any]]:
    """Return documents that make many rules speak."""
    moved = vm("web01", adapter("00155DE00005"), clustered=True)
    pinned = vm(
        "db01", adapter("00155DE00105", False), checkpoints=[checkpoint("before", adapter("00155DE00105", True))]
    )
    nodes = ["hv1", "hv2", "hv3", "hv4"]
    return [
        host("hv1", RANGE_A, cluster="c", nodes=nodes, vms=[vm("app", adapter("00155DE00005")), pinned]),
        host("hv2", RANGE_B, cluster="C", nodes=nodes, vms=[moved, vm("new", adapter("000000000000"))]),
        host("HV3.corp.example", RANGE_B, cluster="c", nodes=nodes, groups=[group(guid("gone"), "hv1")]),
        host("hv3", RANGE_B, cluster="c", nodes=nodes, observed_at="2026-11-20T00:00:00Z"),
    ]


def test_the_order_of_documents_is_irrelevant() -> None:
    options: dict[str, Any] = {
        "plan": plan(pools={"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 16}]}}),
        "claims": [claim("221DD8000001"), claim("221DD8000002", owner="b/c")],
        "leases": [lease("hv1", *RANGE_A), lease("hv9", *RANGE_B)],
    }
    first = json.dumps(report(*mess(), **options))
    backwards = {**options, "claims": options["claims"][::-1], "leases": options["leases"][::-1]}
    for order in permutations(mess()):
        assert json.dumps(report(*order, **backwards)) == first


def test_rules_are_not_silent_on_the_mess() -> None:
    assert {item["rule"] for item in report(*mess())["findings"]} >= {
        "departed",
        "duplicate-address",
        "dynamic-checkpoint",
        "dynamic-clustered",
        "incomplete",
        "never-started",
        "range-overlap",
        "static-in-dynamic-range",
        "stranded",
    }


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["00155DE00005", "hv1", "Off"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "mac",
                    "id",
                    "start",
                    "end",
                    "adapters",
                    "nodes",
                    "groups",
                    "vlan",
                    "access",
                    "trunk",
                    "mac_pools",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PARTS = [
    "observed_at",
    "host",
    "mac_range",
    "cluster",
    "vms",
    "host_adapters",
    "physical_adapters",
    "container_networks",
]


@given(st.dictionaries(st.sampled_from([*PARTS, "warnings", "schema", "kind"]), junk, max_size=4), st.booleans())
def test_no_document_makes_the_audit_fail(parts: dict[str, Any], nested: bool) -> None:
    document = {**host(cluster="c", vms=[vm("web01", adapter("00155DE00005"))]), **parts}
    if nested:
        document["vms"] = [{**vm("web01", adapter("00155DE00005")), **parts, "adapters": parts.get("vms")}]
    json.dumps(report(document, host("hv2", RANGE_B)))


@given(junk)
def test_no_document_of_a_network_controller_makes_the_audit_fail(value: Any) -> None:
    document = {"schema": 1, "kind": "network_controller", "mac_pools": value, "network_interfaces": value}
    json.dumps(
        report(host(), document, {**document, "network_interfaces": [{"properties": {"ipConfigurations": value}}]})
    )
