# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose interface, claim and VM it is: told by ids before anything is written, whatever the names say (laws 2, 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn import tenant_steps
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.tenant_entries import read_tenants
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.tenant_vm import Goal, Plan
from tests.unit.plugins.plugin_utils.observation import documents
from tests.unit.plugins.plugin_utils.sdn.tenants import ABSENT, IP, PRESENT, Cluster, Json, Nic, TenantVm, entry

BOTH = pytest.mark.parametrize("goal", [PRESENT, ABSENT], ids=["present", "absent"])
UNMANAGED = {"name": "ip1", "allocation": "unmanaged", "subnet": "/logicalNetworks/transit/subnets/one"}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def refused(cluster: Cluster, *entries: Json, **options: Any) -> str:
    with pytest.raises(MacPoolError) as caught:
        cluster.plan(*entries, **options)
    return str(caught.value)


def asked(plan: Plan) -> list[Json]:
    return [row["interface_entry"] for row in plan.rows if row["interface_entry"]]


def row_of(plan: Plan) -> Json:
    (row,) = plan.rows
    return row


# --- what agrees, what is new -----------------------------------------------------------------------------------------


def test_a_tenant_whose_records_agree_has_nothing_to_change(cluster: Cluster) -> None:
    vm = cluster.tenant(host="hv2")
    plan = cluster.plan(entry())
    assert plan.settled
    assert asked(plan) == []
    assert (row_of(plan)["vm_id"], row_of(plan)["host"]) == (vm.id, "hv2"), "it stays where it is"
    assert [vms["name"] for vms in plan.hosts["hv2"]["vms"]] == ["web01"]
    assert plan.hosts["hv1"]["new"] == []
    assert tenant_steps.to_bind(plan.rows, [], preview=False) == {}


@pytest.mark.parametrize(
    ("changes", "is_asked"),
    [
        ({"pool": "other"}, True),
        ({"dns_servers": ["192.0.2.53"]}, True),
        ({"dns_servers": []}, False),
        ({"port_settings": {"mac_spoofing": True}}, True),
        ({"ip_configurations": [{**IP, "ip_address": "192.0.2.6"}]}, True),
        ({"ip_configurations": [{**IP, "subnet": IP["subnet"].upper()}]}, False),
        ({"ip_configurations": []}, False),
        ({"mac_address": "22:1d:d8:00:00:00", "pool": None}, False),
        ({"mac_address": "22:1d:d8:00:00:01", "pool": None}, True),
    ],
)
def test_the_controller_is_asked_only_about_what_differs(cluster: Cluster, changes: Json, is_asked: bool) -> None:
    cluster.tenant(mac="221DD8000000")
    assert bool(asked(cluster.plan(entry(**changes)))) == is_asked


def test_a_claim_that_is_not_confirmed_yet_goes_on_to_the_adapter(cluster: Cluster) -> None:
    vm = cluster.tenant()
    cluster.claim("web01/Network Adapter", vm.mac, state="reserved")
    plan = cluster.plan(entry())
    assert asked(plan) == []
    assert not plan.settled
    assert [item["vm"] for item in tenant_steps.to_bind(plan.rows, [], preview=False)["hv1"]["adapters"]] == [vm.id]


def test_a_new_vm_is_created_on_its_host_alone(cluster: Cluster) -> None:
    plan = cluster.plan(entry("web01", host="hv3"), entry("WEB02", host="HV2", clustered=False))
    assert [(name, [vm["name"] for vm in asked["new"]]) for name, asked in plan.hosts.items()] == [
        ("hv1", []),
        ("hv2", ["WEB02"]),
        ("hv3", ["web01"]),
    ]
    assert [item["name"] for item in asked(plan)] == ["web01_Eth1", "WEB02_Eth1"]
    words = refused(cluster, entry(host="hv9"), entry("web02"))
    assert 'called "hv9"' in words


def test_results_are_joined_by_name_and_id_in_any_order(cluster: Cluster) -> None:
    for name in ("web01", "web02"):
        cluster.vms.append(TenantVm(cluster.new_id("vm"), name, "hv2", dynamic=True, state="Off"))
    plan = cluster.plan(entry("web01"), entry("web02"))
    made = [
        {"name": f"{name.upper()}_ETH1", "mac_address": mac, "instance_id": documents.guid(name), "status": "created"}
        for name, mac in (("web02", "221DD8000002"), ("web01", "221DD8000001"))
    ]
    bind = tenant_steps.to_bind(plan.rows, made, preview=False)["hv2"]
    ids = {vm.name: vm.id for vm in cluster.vms}
    assert {item["vm"]: item["mac_address"] for item in bind["adapters"]} == {
        ids["web01"]: "221DD8000001",
        ids["web02"]: "221DD8000002",
    }
    assert {item["vm"]: item["interface_id"] for item in bind["profiles"]} == {
        ids[name]: documents.guid(name) for name in ids
    }
    results = [
        {"name": "renamed", "vm_id": ids[name].upper(), "host": "hv2", "state": "Running", "clustered": True}
        for name in ("web02", "web01")
    ]
    current = [{"name": "web01_eth1", "configuration_state": {"status": "Failure", "problems": ["HostUnreachable"]}}]
    assert tenant_steps.shown_present(plan.rows, made, results, current, start=True, preview=False) == [
        (
            "web01: 22-1D-D8-00-00-01, interface web01_Eth1 created, on hv2 Running, configuration_state Failure"
            " (HostUnreachable)"
        ),
        "web02: 22-1D-D8-00-00-02, interface web02_Eth1 created, on hv2 Running",
    ]
    with pytest.raises(MacPoolError, match="It moved meanwhile"):
        tenant_steps.shown_present(plan.rows, made, results[:1], [], start=True, preview=False)


def test_a_check_says_what_it_cannot_ask(cluster: Cluster) -> None:
    cluster.vms.append(TenantVm(cluster.new_id("vm"), "web01", "hv1", dynamic=True, state="Off"))
    plan = cluster.plan(entry("web01", dynamic=True), entry("new01", host="hv2"))
    made = [
        {"name": "web01_Eth1", "mac_address": None, "instance_id": None, "status": "created"},
        {"name": "new01_Eth1", "mac_address": "221DD8000001", "instance_id": None, "status": "created"},
    ]
    bind = tenant_steps.to_bind(plan.rows, made, preview=True)
    assert {host: asked["predicted"] for host, asked in bind.items()} == {
        "hv1": ["adapters", "profiles"],
        "hv2": ["adapters", "profiles", "vms"],
    }
    shown = tenant_steps.shown_present(plan.rows[1:], made, [], [], start=True, preview=True)
    assert shown == [
        (
            "new01: 22-1D-D8-00-00-01, interface new01_Eth1 created, would be created on hv2, given the address, bound, clustered"
            " and started"
        )
    ]


# --- whose it is ------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("namesake", [True, False], ids=["another VM has the name", "no VM has the name"])
def test_a_renamed_vm_keeps_interface_and_claim(cluster: Cluster, goal: Goal, namesake: bool) -> None:
    vm = cluster.tenant("ren2", "hv2")
    vm.name = "ren2-old"
    if namesake:
        cluster.vms.append(TenantVm(cluster.new_id("vm"), "ren2", "hv1", dynamic=True, state="Off"))
    words = refused(cluster, entry("ren2"), goal=goal)
    for word in ("ren2_Eth1", "ren2-old", vm.id, 'host "hv2"', 'name: "ren2-old"', 'owner: "ren2/Network Adapter"'):
        assert word in words
    meant = entry("ren2-old", interface="ren2_Eth1", owner="ren2/Network Adapter")
    assert cluster.plan(meant).settled, "the remedy"
    assert row_of(cluster.plan(meant, goal=ABSENT))["vm_id"] == vm.id


@BOTH
def test_an_interface_that_another_vm_is_bound_to_is_not_taken_without_a_claim(cluster: Cluster, goal: Goal) -> None:
    """The seed's script names interfaces VM_Eth1, as the role does."""
    vm = cluster.tenant("web9")
    vm.name = "web9-old"
    cluster.claims.clear()
    words = refused(cluster, entry("web9"), goal=goal)
    assert "is bound to it" in words
    plan = cluster.plan(entry("web9-old", interface="web9_Eth1", keep_address=True))
    assert asked(plan)[0]["mac_address"] == vm.mac
    assert asked(plan)[0]["adopt"] is True
    assert cluster.plan(entry("web9", interface="web9b_Eth1", owner="web9b/Network Adapter")).rows[0]["vm_id"] is None


@BOTH
def test_an_interface_whose_binding_was_lost_belongs_to_who_has_its_address(cluster: Cluster, goal: Goal) -> None:
    vm = cluster.tenant("web9")
    vm.name, vm.bound_to = "web9-old", ""
    cluster.claims.clear()
    assert "has its address" in refused(cluster, entry("web9"), goal=goal)


def test_a_claim_of_a_vm_that_has_the_address_no_more_can_be_handed_on(cluster: Cluster) -> None:
    old = cluster.tenant()
    old.name, old.mac, old.bound_to = "other", "221DD8FFFF01", ""
    new = TenantVm(cluster.new_id("vm"), "web01", "hv2", dynamic=True, state="Off")
    cluster.vms.append(new)
    words = refused(cluster, entry())
    assert "state: rebound" in words
    assert new.id in words
    cluster.claim("web01/Network Adapter", cluster.nics["web01_Eth1"].mac, new)
    assert row_of(cluster.plan(entry()))["vm_id"] == new.id


@BOTH
def test_a_vm_that_was_created_again_is_another_one(cluster: Cluster, goal: Goal) -> None:
    old = cluster.tenant()
    new = TenantVm(cluster.new_id("vm"), "web01", "hv2", dynamic=True, state="Off")
    cluster.vms = [new]
    words = refused(cluster, entry(), goal=goal)
    for word in ("state: rebound", f"vm_id: '{new.id}'", f"adapter_id: '{new.adapter_id}'", old.id):
        assert word in words
    cluster.claim("web01/Network Adapter", old.mac, new)
    plan = cluster.plan(entry(), goal=goal)
    assert row_of(plan)["vm_id"] == new.id, "the remedy"


def test_a_vm_that_is_gone_is_not_replaced_silently(cluster: Cluster) -> None:
    old = cluster.tenant()
    cluster.vms.clear()
    words = refused(cluster, entry())
    for word in ("state: released, gone: true", 'owner: "web01/Network Adapter"', old.id):
        assert word in words
    gone = cluster.plan(entry(), goal=ABSENT)
    assert [item["name"] for item in asked(gone)] == ["web01_Eth1"]
    assert tenant_steps.to_release(gone.rows, [], remove=True) == [
        {"gone": False, "claims": [{"owner": "web01/Network Adapter"}]}
    ], "this run did not remove it, so its absence is not proven"


@BOTH
def test_two_vms_of_one_name_are_never_guessed(cluster: Cluster, goal: Goal) -> None:
    one = cluster.tenant()
    two = replace(one, id=cluster.new_id("vm"), host="hv3", bound_to="")
    cluster.vms.append(two)
    words = refused(cluster, entry("WEB01"), goal=goal)
    assert one.id in words
    assert two.id in words


@BOTH
def test_a_vm_that_is_on_two_hosts_moves_or_has_a_copy_with_its_id(cluster: Cluster, goal: Goal) -> None:
    vm = cluster.tenant()
    cluster.vms.append(replace(vm, host="hv3"))
    words = refused(cluster, entry(), goal=goal)
    assert f"VM {vm.id} on hv1 and hv3" in words


def test_a_clone_that_is_bound_to_the_same_interface_is_named(cluster: Cluster) -> None:
    vm = cluster.tenant()
    cluster.vms.append(replace(vm, id=cluster.new_id("vm"), name="copy", host="hv2"))
    assert '"copy"' in refused(cluster, entry(), goal=ABSENT)
    assert '"copy"' in refused(cluster, entry())


def test_a_replica_is_no_other_vm(cluster: Cluster) -> None:
    vm = cluster.tenant()
    replica = {**cluster.document("hv1")["vms"][0], "replication_mode": "Replica", "state": "Off"}
    cluster.shape = lambda host, document: document["vms"].extend([replica] if host == "hv2" else [])
    assert row_of(cluster.plan(entry()))["vm_id"] == vm.id


def test_an_adapter_has_one_owner_and_one_interface(cluster: Cluster) -> None:
    vm = cluster.tenant()
    cluster.tenant("web02")
    assert 'Set owner: "web01/Network Adapter"' in refused(cluster, entry(owner="another/eth0"))
    words = refused(cluster, entry("web01", interface="spare_Eth1"))
    assert 'Set interface: "web01_Eth1"' in words
    assert "absent: true" in words
    vm.bound_to = ""
    assert cluster.plan(entry("web01", interface="spare_Eth1")).rows, "the remedy"
    with pytest.raises(MacPoolError, match="also wanted for"):
        read_tenants([entry("web01"), entry("web03", interface="WEB01_eth1")])


# --- hosts that were not read -----------------------------------------------------------------------------------------


@BOTH
def test_an_unread_host_blocks_only_what_exists(cluster: Cluster, goal: Goal) -> None:
    vm = cluster.tenant()
    vm.state = "Off"
    cluster.nics["web01_Eth1"].mac = "221DD8000FFF"
    cluster.silent = {"hv3"}
    words = refused(cluster, entry(), goal=goal)
    for word in ("hv3 (no answer from it)", 'interface "web01_Eth1"', "mac_tenant_vm_unread_hosts: allow"):
        assert word in words
    assert cluster.plan(entry(), goal=goal, past_unread=True).rows
    assert cluster.plan(entry("new01"), goal=goal).rows
    assert "is created there" in refused(cluster, entry("new01", host="hv3"), past_unread=True)


def test_no_vm_is_created_on_a_host_that_was_read_in_part(cluster: Cluster) -> None:
    def shape(host: str, document: Json) -> None:
        if host == "hv1":
            document.pop("vms")
            document["host"]["name"] = "HV-ONE"

    cluster.shape = shape
    for name in ("hv1", "hv-one"):
        assert "its VMs were not read" in refused(cluster, entry(host=name))
    assert cluster.plan(entry(host="hv2")).rows


def test_an_unread_host_does_not_block_what_needs_no_change(cluster: Cluster) -> None:
    cluster.tenant()
    cluster.silent = {"hv3"}
    assert cluster.plan(entry()).settled


def test_an_unread_host_may_have_the_vm_of_a_claim(cluster: Cluster) -> None:
    cluster.tenant(host="hv3")
    cluster.silent = {"hv3"}
    assert "hv3" in refused(cluster, entry())
    assert "state: released" in refused(cluster, entry(), past_unread=True), "allow takes nothing either"


def in_cluster(*groups: Json, nodes: tuple[str, ...] = ("hv1", "hv2", "hv3")) -> Json:
    """The cluster as a host shows it."""
    return {"name": "hci1", "nodes": [{"name": node, "state": "Up"} for node in nodes], "groups": list(groups)}


def without(part: str) -> Callable[[str, Json], object]:
    """Let the first host leave a part out."""
    return lambda host, document: document.pop(part) if host == "hv1" else None


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (without("vms"), "its VMs were not read"),
        (without("cluster"), "its cluster was not read"),
        (lambda _host, doc: doc.update(cluster=in_cluster(nodes=("hv1", "hv7"))), "hv7 (it is a node of cluster"),
        (
            lambda _host, doc: doc.update(cluster=in_cluster(documents.group(documents.guid("x"), "hv2", "moving01"))),
            'has VM "moving01" there, but it was not seen',
        ),
        (
            lambda _host, doc: [adapter.pop("port_profile") for vm in doc["vms"] for adapter in vm["adapters"]],
            'the port profiles of VM "web01" were not read',
        ),
        (
            # A broken VM is not in the list of the host: its adapter may be bound to anything.
            lambda host, doc: doc["warnings"].append('vms: VM "broken" cannot be read') if host == "hv1" else None,
            'it reported "vms: VM',
        ),
    ],
)
def test_what_a_host_leaves_out_counts_as_unread(
    cluster: Cluster, shape: Callable[[str, Json], object], words: str
) -> None:
    cluster.tenant(host="hv2")
    cluster.nics["web01_Eth1"].mac = "221DD8000FFF"
    cluster.shape = shape
    assert words in refused(cluster, entry())


def test_a_host_of_the_plan_that_is_not_asked_counts_as_unread(cluster: Cluster) -> None:
    cluster.tenant()
    cluster.nics["web01_Eth1"].mac = "221DD8000FFF"
    assert "hv9 (the plan names it" in refused(cluster, entry(), planned=("HV1", "hv9"))
    assert cluster.plan(entry(), planned=("HV1.example.com", "hv2")).rows


def test_a_vm_that_its_cluster_has_on_an_unread_host_is_not_created_again(cluster: Cluster) -> None:
    role = documents.group(documents.guid("x"), "hv3", "web02")
    cluster.shape = lambda _host, document: document.update(cluster=in_cluster(role))
    cluster.hosts = ("hv1", "hv2")
    assert "web02 is on hv3" in refused(cluster, entry("web02"), past_unread=True)


# --- repair -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [{}, {"dynamic": True}])
def test_a_deleted_interface_comes_back_with_the_address_of_the_adapter(cluster: Cluster, source: Json) -> None:
    vm = cluster.tenant()
    old = vm.bound_to
    cluster.nics.clear()
    plan = cluster.plan(entry(**source))
    assert asked(plan)[0]["mac_address"] == vm.mac
    assert not {"pool", "dynamic"} & asked(plan)[0].keys()
    made = [{"name": "web01_Eth1", "mac_address": vm.mac, "instance_id": documents.guid("new"), "status": "created"}]
    (profile,) = tenant_steps.to_bind(plan.rows, made, preview=False)["hv1"]["profiles"]
    assert profile["replaces"].strip("{}") == old
    assert profile["interface_id"] == documents.guid("new")

    cluster.nics["web01_Eth1"] = Nic(documents.guid("new"), vm.mac)
    vm.bound_to = documents.guid("new")
    assert cluster.plan(entry(**source)).settled, "also for an address that the Network Controller chose once"


def test_a_controller_from_a_backup_gets_the_address_of_the_adapter(cluster: Cluster) -> None:
    vm = cluster.tenant()
    cluster.nics["web01_Eth1"] = Nic(documents.guid("restored"), "221DD8000ABC")
    plan = cluster.plan(entry())
    assert asked(plan)[0]["mac_address"] == vm.mac
    assert row_of(plan)["replaces"]


def test_an_address_without_a_claim_is_not_promised_in_passing(cluster: Cluster) -> None:
    vm = cluster.tenant()
    cluster.nics.clear()
    cluster.claims.clear()
    assert "keep_address: true" in refused(cluster, entry())
    (wanted,) = asked(cluster.plan(entry(keep_address=True)))
    assert (wanted["mac_address"], wanted["adopt"], wanted["owner"]) == (vm.mac, True, "web01/Network Adapter")
    made = [{"name": "web01_Eth1", "mac_address": vm.mac, "instance_id": documents.guid("new"), "status": "created"}]
    rows = cluster.plan(entry(keep_address=True)).rows
    (asked_of_host,) = tenant_steps.to_bind(rows, made, preview=True)["hv1"]["adapters"]
    assert (asked_of_host["pin"], "mac_address" in asked_of_host) == (True, False), "a check finds no claim on it yet"


def test_keeping_an_address_needs_one(cluster: Cluster) -> None:
    assert "with keep_address" in refused(cluster, entry(keep_address=True))
    cluster.vms.append(TenantVm(cluster.new_id("vm"), "web01", dynamic=True, state="Off"))
    assert "an address to keep" in refused(cluster, entry(keep_address=True))


# --- what follows from the list ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "data"),
    [
        ({}, 1),
        ({"ip_configurations": [UNMANAGED]}, 6),
        ({"ip_configurations": [UNMANAGED], "profile_data": 1}, 1),
        ({"ip_configurations": [{**UNMANAGED, "subnet": IP["subnet"]}]}, 1),
        ({"ip_configurations": [UNMANAGED, {**IP, "name": "ip2"}]}, 1),
        ({"ip_configurations": [{**UNMANAGED, "allocation": None, "ip_address": "192.0.2.7"}]}, 1),
    ],
)
def test_the_profile_data_follow_from_the_ip_configurations(cluster: Cluster, changes: Json, data: int) -> None:
    assert row_of(cluster.plan(entry(**changes)))["profile_data"] == data


def test_the_profile_data_follow_from_an_interface_that_exists(cluster: Cluster) -> None:
    vm = cluster.tenant()
    cluster.nics["web01_Eth1"].ip = dict(UNMANAGED)
    plan = cluster.plan(entry(ip_configurations=[]))
    assert row_of(plan)["profile_data"] == 6
    assert not plan.settled, "it is bound with 1"
    vm.profile_data = 6
    assert cluster.plan(entry(ip_configurations=[])).settled


def test_several_adapters_of_an_existing_vm(cluster: Cluster) -> None:
    vm = cluster.tenant()
    second = documents.adapter("000000000000", True, "backup", f"Microsoft:{vm.id}\\b")
    cluster.shape = lambda _host, document: [shown["adapters"].append(second) for shown in document["vms"]]
    adapters = [
        {"name": "Network Adapter", "pool": "tenant", "ip_configurations": [dict(IP)]},
        {"name": "backup", "pool": "backup", "ip_configurations": [{**IP, "ip_address": "192.0.2.6"}]},
    ]
    plan = cluster.plan(entry(adapters=adapters))
    assert [(row["settled"], row["interface"], row["owner"]) for row in plan.rows] == [
        (True, "web01_Eth1", "web01/Network Adapter"),
        (False, "web01_Eth2", "web01/backup"),
    ]
    assert [item["name"] for item in asked(plan)] == ["web01_Eth2"]
    cluster.vms.clear()
    cluster.claims.clear()
    assert "a new one gets one adapter" in refused(cluster, entry(adapters=adapters))
    with pytest.raises(MacPoolError, match="interface, pool beside it"):
        read_tenants([entry(adapters=adapters, pool="tenant", interface="x")])


# --- absent -----------------------------------------------------------------------------------------------------------


def test_running_vms_are_named_before_anything_is_touched(cluster: Cluster) -> None:
    cluster.tenant()
    words = refused(cluster, entry(), goal=Goal("absent"))
    assert words.startswith("Nothing was changed, because these VMs run: web01. Shut them down")


def test_what_moved_meanwhile_keeps_interface_and_claim(cluster: Cluster) -> None:
    vm = cluster.tenant()
    plan = cluster.plan(entry(), goal=ABSENT)
    for status in ("elsewhere", "failed"):
        with pytest.raises(MacPoolError, match="It moved meanwhile"):
            tenant_steps.to_release(plan.rows, [{"vm_id": vm.id, "status": status}], remove=True)
    (part,) = tenant_steps.to_release(plan.rows, [{"vm_id": vm.id.upper(), "status": "removed"}], remove=True)
    assert part == {"gone": True, "claims": [{"owner": "web01/Network Adapter"}]}
    (part,) = tenant_steps.to_release(plan.rows, [{"vm_id": vm.id, "status": "changed"}], remove=False)
    assert part["gone"] is False


def test_what_is_undone_already_asks_nothing(cluster: Cluster) -> None:
    plan = cluster.plan(entry(), goal=ABSENT)
    assert row_of(plan)["interface_entry"] is None
    assert not any(asked["vms"] for asked in plan.hosts.values())
    shown = tenant_steps.shown_absent(plan.rows, [], [], remove=True)
    assert shown == ["web01: no VM, interface web01_Eth1 does not exist, no claim"]
