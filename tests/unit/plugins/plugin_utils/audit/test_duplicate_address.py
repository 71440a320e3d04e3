# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule duplicate-address: who counts, and how bad it is."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_B,
    adapter,
    checkpoint,
    found,
    guid,
    host,
    one,
    plan,
    vm,
)

MAC = "221DD8000005"


def two(
    first: dict[str, Any] | None = None, second: dict[str, Any] | None = None, cluster: str | None = "hci1", **nic: Any
) -> list[dict[str, Any]]:
    """Return two hosts with a carrier each."""
    nodes = ["hv1", "hv2"]
    return [
        host("hv1", cluster=cluster, nodes=nodes, vms=[{**vm("web01", adapter(MAC, False, **nic)), **(first or {})}]),
        host(
            "hv2", RANGE_B, cluster=cluster, nodes=nodes, vms=[{**vm("web02", adapter(MAC, False)), **(second or {})}]
        ),
    ]


def test_one_finding_names_all_carriers_and_hosts() -> None:
    finding = one("duplicate-address", *two(), host("hv3", None, vms=[vm("web03", adapter("22-1d-d8-00-00-05"))]))
    assert finding["severity"] == "critical"
    assert finding["addresses"] == [MAC]
    assert finding["hosts"] == ["hv1", "hv2", "hv3"]
    assert [machine["name"] for machine in finding["vms"]] == ["web01", "web02", "web03"]
    assert {"kind": "vm", "name": "web03", "host": "hv3"} in finding["carriers"]
    assert "22-1D-D8-00-00-05" in finding["evidence"]


def test_neighbouring_addresses_are_no_duplicate() -> None:
    assert not found("duplicate-address", host(vms=[vm("a", adapter(MAC)), vm("b", adapter("221DD8000006"))]))


@pytest.mark.parametrize(
    ("first", "second", "severity"),
    [
        ("Running", "Running", "critical"),
        ("Running", "Saved", "critical"),
        ("Paused", "Starting", "critical"),
        ("Running", "Off", "high"),
        ("Off", "Saved", "high"),
        ("Off", "Off", "medium"),
    ],
)
def test_power_state_decides_in_one_domain(first: str, second: str, severity: str) -> None:
    assert one("duplicate-address", *two({"state": first}, {"state": second}))["severity"] == severity


@pytest.mark.parametrize(
    ("first", "second", "severity"),
    [("Running", "Running", "low"), ("Running", "Off", "low"), ("Off", "Off", "info")],
)
def test_other_vlan_of_one_cluster_is_another_domain(first: str, second: str, severity: str) -> None:
    documents = two({"state": first}, {"state": second}, vlan=100)
    documents[1]["vms"][0]["adapters"][0]["vlan"] = {"mode": "Access", "access": 200, "trunk": []}
    finding = one("duplicate-address", *documents)
    assert finding["severity"] == severity
    assert "different broadcast domains" in finding["evidence"]


@pytest.mark.parametrize("cluster", [None, "other"])
def test_other_vlan_of_another_cluster_counts_as_the_same_domain(cluster: str | None) -> None:
    documents = two(vlan=100)
    documents[1]["vms"][0]["adapters"][0]["vlan"] = {"mode": "Access", "access": 200, "trunk": []}
    documents[1]["cluster"] = {"name": cluster, "nodes": [{"name": "hv2", "state": "Up"}]} if cluster else None
    assert one("duplicate-address", *documents)["severity"] == "critical"


@pytest.mark.parametrize("mode", ["Untagged", "Trunk"])
def test_a_place_that_is_no_access_vlan_counts_as_the_same_domain(mode: str) -> None:
    documents = two(vlan=100)
    documents[1]["vms"][0]["adapters"][0]["vlan"] = {"mode": mode, "access": 0, "trunk": [200]}
    assert one("duplicate-address", *documents)["severity"] == "critical"


def test_declared_domains_join_vlans_and_part_equal_ones() -> None:
    documents = two(vlan=100)
    documents[1]["vms"][0]["adapters"][0]["vlan"] = {"mode": "Access", "access": 200, "trunk": []}
    joined = plan(l2_domains=[{"name": "x", "vlan": 100}, {"name": "x", "vlan": 200, "cluster": "HCI1"}])
    assert one("duplicate-address", *documents, plan=joined)["severity"] == "critical"
    equal = two(vlan=100)
    equal[1]["vms"][0]["adapters"][0].update(switch="lab", vlan={"mode": "Access", "access": 100, "trunk": []})
    parted = plan(l2_domains=[{"name": "x", "vlan": 100, "switch": "TENANT"}, {"name": "y", "switch": "lab"}])
    assert one("duplicate-address", *equal, plan=parted)["severity"] == "low"
    assert one("duplicate-address", *equal)["severity"] == "critical"


def test_own_checkpoint_is_no_duplicate_but_anothers_is_one_of_its_own_class() -> None:
    own = vm("web01", adapter(MAC, False), checkpoints=[checkpoint("before", adapter(MAC))])
    assert not found("duplicate-address", host(vms=[own]))
    other = vm("web02", adapter("221DD8000009", False), checkpoints=[checkpoint("before", adapter(MAC))])
    finding = one("duplicate-address", host(vms=[own, other]))
    assert finding["severity"] == "medium"
    assert [(item["kind"], item["name"]) for item in finding["carriers"]] == [("vm", "web01"), ("checkpoint", "web02")]


def test_one_vm_seen_on_two_hosts_is_no_duplicate() -> None:
    moving = {"id": guid("web01")}
    assert not found("duplicate-address", *two(moving, {**moving, "name": "web01"}))


def test_two_adapters_of_one_vm_are_a_duplicate() -> None:
    nics = [adapter(MAC, False, name="a"), adapter(MAC, False, name="b")]
    assert one("duplicate-address", host(vms=[vm("web01", *nics)]))["severity"] == "critical"


def test_replica_beside_its_primary_is_low_and_beside_a_stranger_is_not() -> None:
    replica = {"id": guid("web01"), "name": "web01", "state": "Off", "replication_mode": "Replica"}
    finding = one("duplicate-address", *two(None, replica))
    assert finding["severity"] == "low"
    assert [item["kind"] for item in finding["carriers"]] == ["vm", "replica"]
    assert one("duplicate-address", *two(None, {"state": "Off", "replication_mode": "Replica"}))["severity"] == "high"


def test_a_failed_over_test_copy_is_a_vm_of_its_own() -> None:
    assert one("duplicate-address", *two(None, {"replication_mode": "TestReplica"}))["severity"] == "critical"


def uplink(mac: str = MAC, **parts: Any) -> dict[str, Any]:
    """Return a physical adapter."""
    return {"name": "NIC1", "mac": mac, "permanent_mac": mac, "status": "Up", "team": None, **parts}


def vnic(mac: str = MAC, **parts: Any) -> dict[str, Any]:
    """Return a host's own adapter."""
    return {"id": "v", "name": "Management", "mac": mac, "switch": "tenant", **parts}


def test_inherited_and_team_addresses_are_low_and_a_moved_card_is_not() -> None:
    assert one("duplicate-address", host(physical_adapters=[uplink()], host_adapters=[vnic()]))["severity"] == "low"
    team = [uplink(team="t"), uplink(name="NIC2", team="t")]
    assert one("duplicate-address", host(physical_adapters=team))["severity"] == "low"
    moved = [host("hv1", physical_adapters=[uplink()]), host("hv2", RANGE_B, host_adapters=[vnic()])]
    finding = one("duplicate-address", *moved)
    assert finding["severity"] == "critical"
    assert {item["kind"] for item in finding["carriers"]} == {"physical", "host"}


def test_a_vm_with_a_hosts_address_is_critical_whatever_is_benign_beside_it() -> None:
    documents = [host(physical_adapters=[uplink()], host_adapters=[vnic()], vms=[vm("web01", adapter(MAC, False))])]
    assert one("duplicate-address", *documents)["severity"] == "critical"


@pytest.mark.parametrize("mac", ["000000000000", "not a mac", None, ""])
def test_what_is_no_address_is_no_duplicate(mac: str | None) -> None:
    assert not found("duplicate-address", host(vms=[vm("a", adapter(mac)), vm("b", adapter(mac))]))


def test_the_worst_pair_decides_in_any_order() -> None:
    machines = [
        vm("off", adapter(MAC, False, vlan=1), state="Off"),
        vm("far", adapter(MAC, False, vlan=2)),
        vm("near", adapter(MAC, False, vlan=1)),
        vm("alone", adapter(MAC, False, vlan=3)),
    ]
    severities = {
        one("duplicate-address", host(cluster="c", vms=list(order)))["severity"] for order in permutations(machines)
    }
    assert severities == {"high"}


def test_adapters_of_two_hosts_get_a_remedy_that_hyperv_can_follow() -> None:
    """Fact 27: the address of a host adapter is chosen when it is added, and never changed."""
    hosts = [host("hv1", host_adapters=[vnic()]), host("hv2", RANGE_B, host_adapters=[vnic()])]
    assert "Add-VMNetworkAdapter -ManagementOS" in one("duplicate-address", *hosts)["remedy"]
    beside_a_vm = [*hosts[:1], host("hv2", RANGE_B, vms=[vm("web01", adapter(MAC, False))])]
    assert "ManagementOS" not in one("duplicate-address", *beside_a_vm)["remedy"]


class TestInternalAndPrivateSwitches:
    """They end at their host, and two of them on one host are two domains."""

    @staticmethod
    def on(name: str, *places: tuple[str, str | None], kind: str = "Internal", **parts: Any) -> dict[str, Any]:
        """Return a host with local switches a and b, and VMs that carry the address on the named switches."""
        switches: list[dict[str, Any]] = [
            {"id": guid(each), "name": each, "type": kind, "uplinks": []} for each in ("a", "b")
        ]
        switches.append({"id": guid("tenant"), "name": "tenant", "type": "External", "uplinks": ["nic1"]})
        machines = [vm(each, adapter(MAC, False, switch=switch)) for each, switch in places]
        return host(name, None, vms=machines, switches=switches, **parts)

    @pytest.mark.parametrize("kind", ["Internal", "Private", "internal"])
    def test_on_two_hosts_it_is_no_duplicate(self, kind: str) -> None:
        documents = [self.on("hv1", ("x", "a"), kind=kind), self.on("hv2", ("y", "a"), kind=kind)]
        assert not found("duplicate-address", *documents)

    def test_a_declaration_does_not_bridge_them(self) -> None:
        domains = plan(l2_domains=[{"name": "lab", "switch": "a"}])
        assert not found("duplicate-address", self.on("hv1", ("x", "a")), self.on("hv2", ("y", "A")), plan=domains)

    @pytest.mark.parametrize(
        ("first", "second", "severity"),
        [
            ("a", "A", "critical"),
            ("a", "b", None),
            ("a", "tenant", None),
            ("a", None, "critical"),
            (None, "tenant", "critical"),
        ],
    )
    def test_on_one_host(self, first: str | None, second: str | None, severity: str | None) -> None:
        findings = found("duplicate-address", self.on("hv1", ("x", first), ("y", second)))
        assert [finding["severity"] for finding in findings] == ([severity] if severity else [])

    def test_the_hosts_own_adapter_is_on_its_internal_switch_and_a_card_on_none(self) -> None:
        own: dict[str, Any] = {"host_adapters": [{"id": "h", "name": "vEthernet (a)", "mac": MAC, "switch": "a"}]}
        assert one("duplicate-address", self.on("hv1", ("x", "a"), **own))["severity"] == "critical"
        assert not found("duplicate-address", self.on("hv1", ("x", "b"), **own))
        assert not found("duplicate-address", self.on("hv1", **own), self.on("hv2", ("x", "a")))
        card: dict[str, Any] = {
            "physical_adapters": [{"name": "nic1", "mac": MAC, "permanent_mac": MAC, "status": "Up"}]
        }
        assert not found("duplicate-address", self.on("hv1", ("x", "a"), **card))

    def test_who_is_alone_on_such_a_switch_is_not_among_the_carriers_of_a_real_one(self) -> None:
        documents = [self.on("hv1", ("x", "a")), self.on("hv2", ("y", "tenant")), self.on("hv3", ("z", "tenant"))]
        finding = one("duplicate-address", *documents)
        assert [machine["name"] for machine in finding["vms"]] == ["y", "z"]

    def test_a_switch_that_was_not_read_may_reach_everything(self) -> None:
        documents = [self.on("hv1", ("x", "a")), self.on("hv2", ("y", "a"))]
        for document in documents:
            del document["switches"]
        assert one("duplicate-address", *documents)["severity"] == "critical"
