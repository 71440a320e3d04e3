# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant VM from nothing to running and back, task by task: created, addressed, bound, clustered, started, removed."""

from __future__ import annotations

from typing import Any

from tests.e2e.site import Site, adapters, wanted

Json = dict[str, Any]
INTERFACE = "0b1c2d3e-0000-4000-8000-000000000001"


def vms(*names: str, **options: Any) -> Json:
    """A task about VMs that are meant to be alike."""
    like = {"memory": "512MB", "switch": "tenant", "adapter_name": "eth0", "clustered": options.pop("clustered", False)}
    return {"macpool.hyperv.vm": {"vms": [{"name": name, **like} for name in names], **options}}


def profiles(*entries: Json, **options: Any) -> Json:
    return {"macpool.hyperv.vm_port_profile": {"profiles": list(entries), **options}}


def test_a_tenant_from_nothing_to_running_and_back(site: Site) -> None:
    way = (
        vms("web01"),
        adapters(wanted("web01")),
        profiles({"vm": "web01", "name": "eth0", "interface_id": INTERFACE.upper()}),
        vms("web01", clustered=True, state="started"),
    )
    before = site.world.to_dict()
    checked = site.tasks(way[0], arguments=["--check", "--diff"]).on("hv1")[0]
    assert (checked["changed"], checked["vms"][0]["status"], site.world.to_dict()) == (True, "created", before)
    assert checked["diff"]["after"]["web01"]["memory_bytes"] == 512 << 20

    first = site.tasks(*way)
    assert [result.get("changed") for result in first.on("hv1")] == [True] * 4, first.output
    vm = site.world.find("web01")[1]
    assert (vm.state, vm.clustered, vm.adapters[0].dynamic) == ("Running", True, False)
    assert vm.adapters[0].mac == site.claims()["web01/eth0"]["mac_address"]
    profile = vm.adapters[0].profile
    assert profile is not None
    assert (profile.profile_id, profile.profile_data) == (f"{{{INTERFACE}}}", 1)
    again = site.tasks(*way)
    assert [result.get("changed") for result in again.on("hv1")] == [False] * 4, again.output

    gone = vms("web01", state="absent", stop=True)
    refused, removed, nothing = site.tasks(vms("web01", state="absent"), gone, gone).on("hv1")
    assert "stop: true" in refused["msg"]
    assert (removed["vms"][0]["status"], nothing["changed"]) == ("removed", False)
    assert (site.world.hosts["hv1"].vms, site.world.clusters["hci1"].groups) == ({}, [])
    assert set(site.claims()) == {"web01/eth0"}, "the claim is the ledger's affair"


def test_a_bound_adapter_is_not_changed_alone(site: Site) -> None:
    """Incident 12."""
    vm = site.vm("web01", mac="221DD9000001")
    site.world.set_profile(vm, f"{{{INTERFACE}}}")
    refused, told, again = site.tasks(
        adapters(wanted("web01")), adapters(wanted("web01"), bound="change"), adapters(wanted("web01"))
    ).on("hv1")
    for word in ("221DD9000001", INTERFACE, "macpool.hyperv.mac_interfaces"):
        assert word in refused["msg"]
    assert (refused["changed"], told["changed"], again["changed"]) == (False, True, False)
    assert site.mac(vm) == site.claims()["web01/eth0"]["mac_address"]


def test_a_play_over_all_hosts_makes_one_vm_where_it_is_meant(site: Site) -> None:
    site.vm("db01", "hv3")
    entries = [
        {"name": "web01", "host": "hv2", "memory": "1GB", "clustered": True},
        {"name": "db01", "host": "hv1", "memory": "1GB", "adapter_name": "eth0"},
    ]
    task = {"macpool.hyperv.vm": {"vms": entries}}
    # An entry says where a VM is meant to be made; by its role hv1 knows that it is there already, on another node.
    site.world.add_role("db01")
    done = site.tasks(task, task, hosts="all", arguments=["--forks=1"])
    found = {
        host: {row["name"]: (row["status"], row["host"]) for row in done.on(host)[0]["vms"]}
        for host in ("hv1", "hv2", "hv3")
    }
    assert found == {
        "hv1": {"db01": ("elsewhere", "hv3")},
        "hv2": {"web01": ("created", "hv2")},
        "hv3": {"db01": ("unchanged", "hv3")},
    }, done.output
    assert done.on("hv1")[0]["missing"] == ["web01"]
    assert [done.on(host)[1]["changed"] for host in found] == [False] * 3
    assert sorted(vm.name for _host, vm in site.world.sightings()) == ["db01", "web01"]


def test_bad_requests_touch_nothing(site: Site) -> None:
    site.vm("saved01", running=True)
    site.world.save("saved01")
    site.vm("dyn01")
    table: list[tuple[Json, str]] = [
        (vms("new01", "saved01", state="started"), 'VM "saved01" on host "hv1"'),
        ({"macpool.hyperv.vm": {"vms": [{"name": "new01"}]}}, "memory for the new VM"),
        ({"macpool.hyperv.vm": {"vms": [{"name": "new01", "memory": "4096"}]}}, "at least 32MB"),
        ({"macpool.hyperv.vm": {"vms": [{"name": ["new01"], "memory": "4GB"}]}}, "vms[0].name: expected text"),
        (vms("new01", switch="x"), "Unsupported parameters"),
        (profiles({"vm": "dyn01", "interface_id": INTERFACE}), "allow_dynamic: true"),
        (profiles({"vm": "nowhere", "absent": True}), 'VM "nowhere"'),
        (profiles({"vm": "dyn01"}), "exactly one of interface_id, null_profile and absent"),
    ]
    before = site.world.to_dict()
    results = site.tasks(*(task for task, _words in table)).on("hv1")
    for (_task, words), result in zip(table, results, strict=True):
        assert result["failed"]
        assert words in result["msg"]
    assert (site.world.to_dict(), site.calls("host_apply")) == (before, [])


def test_a_vlan_is_warned_of(site: Site) -> None:
    vm = site.vm("web01", mac="221DD9000001")
    site.world.set_vlan(vm, 100)
    done = site.tasks(profiles({"vm": "web01", "interface_id": INTERFACE}))
    assert done.on("hv1")[0]["changed"]
    assert "has a VLAN (Access 100)" in " ".join(done.output.split())
