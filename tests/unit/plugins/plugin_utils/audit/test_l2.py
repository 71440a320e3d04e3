# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which carriers share a broadcast domain."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.l2 import Domains, interface_vsids
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from tests.unit.plugins.plugin_utils.observation.documents import RANGE_B, adapter, host, vm

MAC = "221DD8000005"


def same(entries: list[dict[str, Any]], first: dict[str, Any], second: dict[str, Any], *others: dict[str, Any]) -> bool:
    """Compare an adapter on hv1 of cluster "a" with one on hv2 of cluster "b"."""
    documents = [
        host("hv1", cluster="a", vms=[vm("x", adapter(MAC, **first))]),
        host("hv2", RANGE_B, cluster="b", vms=[vm("y", adapter(MAC, **second))]),
    ]
    observation = read_documents([*documents, *others])
    domains = Domains(entries, interface_vsids(observation))
    return domains.same(*(domains.place(machine.adapters[0]) for machine in observation.vms))


X, Y = {"name": "x"}, {"name": "y"}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], True),
        ([{**X, "cluster": "A"}, {**Y, "cluster": "b"}], False),
        ([{**X, "cluster": "a"}, {**X, "cluster": "b"}], True),
        ([{**X, "cluster": "a"}], True),
        ([{**X, "switch": "Tenant"}], True),
        ([{**X, "cluster": "a", "switch": "other"}, {**Y, "cluster": "b"}], True),
        ([{**X, "vlan": 7}, {**Y, "vlan": 9}], False),
        ([{**X, "vlan": 7}, {**Y, "vlan": 9}, {**Y, "cluster": "a"}], True),
    ],
)
def test_entries(entries: list[dict[str, Any]], expected: bool) -> None:
    assert same(entries, {"vlan": 7}, {"vlan": 9}) is expected


def test_a_trunk_reaches_every_vlan_it_lists() -> None:
    entries = [{**X, "vlan": 7}, {**Y, "vlan": 9}]
    trunk = {"vlan": {"mode": "Trunk", "access": 0, "trunk": [8, 9]}}
    documents = [
        host("hv1", cluster="a", vms=[vm("x", adapter(MAC, vlan=7)), vm("z", adapter(MAC, vlan=9))]),
        host("hv2", RANGE_B, cluster="b", vms=[vm("y", {**adapter(MAC), **trunk})]),
    ]
    observation = read_documents(documents)
    domains = Domains(entries, {})
    places = {machine.name: domains.place(machine.adapters[0]) for machine in observation.vms}
    assert domains.same(places["y"], places["z"])
    assert not domains.same(places["y"], places["x"])


@pytest.mark.parametrize("spelling", [{"virtualSubnetId": 5001}, {"subnet": {"properties": {"vsid": "5001"}}}])
def test_vsid_of_the_network_controller(spelling: dict[str, Any]) -> None:
    controller = {
        "schema": 1,
        "kind": "network_controller",
        "observed_at": "2026-11-21T11:30:00Z",
        "mac_pools": [],
        "network_interfaces": [
            {"instanceId": "AAAA-1", "properties": {"ipConfigurations": [{"properties": spelling}]}}
        ],
    }
    bound = {"port_profile": {"profile_id": "{aaaa-1}", "profile_data": 1}}
    entries: list[dict[str, Any]] = [{**X, "vsid": 5001}, {**Y, "cluster": "b"}]
    assert same(entries, bound, {}, controller) is False
    assert same(entries, {}, {}, controller) is True
