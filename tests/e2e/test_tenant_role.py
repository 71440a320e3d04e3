# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way of the seeds: tenant VMs by each of the three strategies, from nothing to running and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.site import Done, Site

Json = dict[str, Any]
SUBNET = "/virtualNetworks/vnet-0001/subnets/subnet-0001"


def tenant(name: str, host: str = "hv1", number: int = 20, **changes: Any) -> Json:
    """An entry of the role."""
    ip = {"name": "ip1", "ip_address": f"192.168.33.{number}", "subnet": SUBNET}
    like = {"memory": "512MB", "switch": "tenant", "generation": 2}
    return {"name": name, "host": host, **like, "ip_configurations": [ip], **changes}


THREE = [
    tenant("rnd01", "hv1", 20, pool="random"),
    tenant("node01", "hv2", 21, pool="host/hv2"),
    tenant("nc01", "hv3", 22, dynamic=True, adapter_name="eth0"),
]


def play(site: Site, entries: list[Json], *arguments: str, **variables: Any) -> Done:
    """Run the playbook for tenant VMs."""
    options = site.lab.controller.options()
    controller = {key: options[key] for key in ("url", "username", "password", "ca_path")}
    given = {"macpool_network_controller": controller, "mac_tenant_vm_wanted": entries, **variables}
    path = site.directory / "variables.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    done = site.playbook("macpool.hyperv.tenant_vm", "-e", f"@{path}", *arguments)
    assert options["password"] not in done.output
    return done


def records(site: Site, name: str) -> tuple[Json, Any, Any]:
    """The three records of a VM that must agree: interface, adapter, profile."""
    interfaces = {item["resourceId"]: item for item in site.lab.controller.state()["networkInterfaces"]}
    adapter = site.world.find(name)[1].adapters[0]
    return interfaces[f"{name}_Eth1"], adapter, adapter.profile


def agree(site: Site, name: str) -> str:
    """Fail unless the three records agree, and return the address."""
    interface, adapter, profile = records(site, name)
    assert not adapter.dynamic
    assert adapter.mac == interface["properties"]["privateMacAddress"]
    assert profile.profile_id.strip("{}").lower() == interface["instanceId"].lower()
    return str(adapter.mac)


@pytest.fixture
def sdn(site: Site) -> Site:
    """A cluster with leases, and a Network Controller with a pool."""
    site.lab.controller.put(
        "macPools", "pool", {"startMacAddress": "00-1D-D8-07-00-00", "endMacAddress": "00-1D-D8-07-00-FF"}
    )
    leased = site.tasks({"macpool.hyperv.host_range_lease": {}})
    assert leased.on("hv1")[0]["changed"], leased.output
    return site


def test_three_strategies_check_real_again_and_back(sdn: Site) -> None:
    before, controller = sdn.world.to_dict(), sdn.lab.controller.state()
    predicted = play(sdn, THREE, "--check", "--diff")
    assert predicted.code == 0, predicted.output
    assert (sdn.world.to_dict(), sdn.lab.controller.state()) == (before, controller)
    assert sdn.claims() == {}

    real = play(sdn, THREE)
    assert (real.code, real.changed) == (0, predicted.changed), real.output
    claims = sdn.claims()
    addresses = {name: agree(sdn, name) for name in ("rnd01", "node01", "nc01")}
    assert addresses["rnd01"] == claims["rnd01/Network Adapter"]["mac_address"]
    assert addresses["rnd01"].startswith("221DD9")
    assert addresses["node01"].startswith("00155DE0"), "of the node's own block"
    assert addresses["nc01"].startswith("001DD80700"), "of the Network Controller's pool"
    assert claims["nc01/eth0"]["mac_address"] == addresses["nc01"]
    assert {claim["state"] for claim in claims.values()} == {"applied"}
    for name, host in (("rnd01", "hv1"), ("node01", "hv2"), ("nc01", "hv3")):
        place, vm = sdn.world.find(name)
        assert (place.name, vm.state, vm.clustered) == (host, "Running", True)
        assert records(sdn, name)[0]["properties"]["configurationState"]["status"] == "Success"

    sdn.lab.controller.clear_requests()
    sdn.lab.log.clear()
    again = play(sdn, THREE)
    assert again.code == 0, again.output
    assert again.changed == 0, again.output
    assert "interface rnd01_Eth1 unchanged, on hv1 Running, configuration_state Success" in again.output
    asked = [(request["method"], request["path"]) for request in sdn.lab.controller.requests()]
    assert [method for method, _path in asked] == ["GET"], asked
    # Once which VMs and bindings it has, then twice about its own VM.
    assert len(sdn.calls("host_info")) == 9
    assert sdn.calls("host_apply") == []
    checked = play(sdn, THREE, "--check")
    assert checked.code == 0, checked.output
    assert checked.changed == 0, checked.output

    refused = play(sdn, THREE, mac_tenant_vm_state="absent")
    assert refused.code != 0
    assert "mac_tenant_vm_stop" in refused.output
    assert refused.changed == 0
    assert sdn.state("rnd01") == "Running"
    gone = play(sdn, THREE, mac_tenant_vm_state="absent", mac_tenant_vm_stop=True, mac_tenant_vm_remove=True)
    assert gone.code == 0, gone.output
    assert all(not host.vms for host in sdn.world.hosts.values())
    assert sdn.lab.controller.state()["networkInterfaces"] == []
    assert sdn.claims() == {}
    done = sdn.tasks({"macpool.hyperv.allocation_info": {"states": ["quarantined"]}})
    assert {claim["mac_address"] for claim in done.on("hv1")[0]["claims"]} == set(addresses.values())
    nothing = play(sdn, THREE, mac_tenant_vm_state="absent", mac_tenant_vm_stop=True, mac_tenant_vm_remove=True)
    assert nothing.code == 0, nothing.output
    assert nothing.changed == 0, nothing.output

    anew = play(sdn, THREE)
    assert anew.code == 0, anew.output
    back = {name: agree(sdn, name) for name in addresses}
    assert back["rnd01"] == addresses["rnd01"], "its own address comes back from quarantine to its owner"
    assert back["node01"] == addresses["node01"]
    assert back["nc01"] != addresses["nc01"], "the Network Controller never gives an address twice"


def names(site: Site) -> list[str]:
    """The names of the Network Controller's interfaces."""
    return sorted(item["resourceId"] for item in site.lab.controller.state()["networkInterfaces"])


def findings(site: Site, *command: str) -> list[tuple[str, str]]:
    """Audit, and return rule and remedy of each finding."""
    done = site.playbook(*command)
    assert done.code == 0, done.output
    report = json.loads((site.directory / "report" / "report.json").read_text("utf-8"))
    return [(finding["rule"], finding["remedy"]) for finding in report["findings"]]


UNDO: Json = {"mac_tenant_vm_state": "absent", "mac_tenant_vm_stop": True, "mac_tenant_vm_remove": True}


def test_a_vm_of_the_same_name_is_told_apart_by_id_and_the_remedies_work(sdn: Site) -> None:
    ren, rec = tenant("ren2", "hv1", 20, pool="tenant"), tenant("rec1", "hv1", 21, pool="tenant")
    gon = tenant("gon1", "hv3", 22, pool="tenant")
    made = play(sdn, [ren, rec, gon])
    assert made.code == 0, made.output
    addresses = {name: agree(sdn, name) for name in ("ren2", "rec1", "gon1")}
    sdn.world.rename_vm("ren2", "ren2-old")
    for name in ("rec1", "gon1"):
        sdn.world.delete_vm(name)
    for name in ("ren2", "rec1"):
        sdn.world.create_vm("hv2", name)
        sdn.world.add_adapter(name, "Network Adapter")
    world, controller, claims = sdn.world.to_dict(), sdn.lab.controller.state(), sdn.claims()
    released = "state: released, gone: true"
    for variables, more in (({}, [released]), (UNDO, [])):
        for arguments in (("--check",), ()):
            refused = play(sdn, [ren, rec, gon], *arguments, **variables)
            assert refused.code != 0, refused.output
            words = " ".join(refused.output.split())
            for word in ("ren2-old", sdn.world.find("ren2-old")[1].id, "state: rebound", "rec1/Network Adapter", *more):
                assert word in words, words
            assert refused.changed == 0, refused.output
    assert (sdn.world.to_dict(), sdn.lab.controller.state(), sdn.claims()) == (world, controller, claims)

    meant = {**ren, "name": "ren2-old", "interface": "ren2_Eth1", "owner": "ren2/Network Adapter", "role_name": "ren2"}
    adapter = sdn.world.find("rec1")[1].adapters[0]
    ids = {"owner": "rec1/Network Adapter", "vm_id": sdn.world.find("rec1")[1].id, "adapter_id": adapter.id}
    remedies = sdn.tasks(
        {"macpool.hyperv.allocation": {"state": "rebound", "claims": [ids]}},
        {
            "macpool.hyperv.allocation": {
                "state": "released",
                "gone": True,
                "claims": [{"owner": "gon1/Network Adapter"}],
            }
        },
    )
    assert [result["changed"] for result in remedies.on("hv1")] == [True, True], remedies.output
    done = play(sdn, [meant, rec, gon])
    assert done.code == 0, done.output
    assert agree(sdn, "gon1") == addresses["gon1"], "its name gets its address back"
    assert agree(sdn, "rec1") == addresses["rec1"], "the VM that replaces it has its address"
    assert sdn.state("rec1") == "Running"
    assert sdn.world.find("ren2-old")[1].adapters[0].mac == addresses["ren2"]
    gone = play(sdn, [meant, gon], **UNDO)
    assert gone.code == 0, gone.output
    assert (names(sdn), [vm.name for _host, vm in sdn.world.sightings()]) == (["rec1_Eth1"], ["ren2", "rec1"])


def test_a_deleted_interface_is_repaired_in_one_run_that_a_check_predicts(sdn: Site) -> None:
    entries = [tenant("del1", "hv1", 20, pool="tenant"), tenant("del2", "hv2", 21, dynamic=True)]
    made = play(sdn, entries)
    assert made.code == 0, made.output
    addresses = [agree(sdn, "del1"), agree(sdn, "del2")]
    for name in ("del1", "del2"):
        sdn.lab.controller.delete("networkInterfaces", f"{name}_Eth1")
    audit = ("macpool.hyperv.audit", "-e", f"@{sdn.directory / 'variables.json'}", "-e", "mac_audit_fail_at=never")
    orphans = [remedy for rule, remedy in findings(sdn, *audit) if rule == "sdn-orphan"]
    assert len(orphans) == 2
    assert all("role macpool.hyperv.mac_tenant_vm" in remedy for remedy in orphans)
    predicted = play(sdn, entries, "--check")
    assert predicted.code == 0, predicted.output
    assert "would be bound again" in predicted.output
    assert names(sdn) == []
    fixed = play(sdn, entries)
    assert (fixed.code, fixed.changed) == (0, predicted.changed), fixed.output
    assert [agree(sdn, "del1"), agree(sdn, "del2")] == addresses
    assert {sdn.state("del1"), sdn.state("del2")} == {"Running"}
    again = play(sdn, entries)
    assert (again.code, again.changed) == (0, 0), again.output
    assert [rule for rule, _remedy in findings(sdn, *audit) if rule.startswith(("sdn", "nc"))] == []


def test_a_vm_that_exists_keeps_its_address_and_gets_its_interface(sdn: Site) -> None:
    vm = sdn.vm("app01", "hv3", mac="001DD8FFFF01", running=True)
    subnet = "/logicalNetworks/transit-0001/subnets/transit-subnet-0001"
    entry = tenant("app01", "hv1", 20, adapter_name="eth0", keep_address=True)
    entry["ip_configurations"] = [{"name": "ip1", "allocation": "unmanaged", "subnet": subnet}]
    sdn.vm("twin01", "hv2", mac="001DD8FFFF02")
    sdn.world.add_adapter("twin01", "eth1")
    ip = {"name": "ip1", "subnet": SUBNET}
    adapters = [
        {"name": "eth0", "keep_address": True, "ip_configurations": [{**ip, "ip_address": "192.168.33.31"}]},
        {"name": "eth1", "pool": "tenant", "ip_configurations": [{**ip, "ip_address": "192.168.33.32"}]},
    ]
    twin = {"name": "twin01", "host": "hv1", "adapters": adapters}
    done = play(sdn, [entry, twin])
    assert done.code == 0, done.output
    assert agree(sdn, "app01") == "001DD8FFFF01"
    assert agree(sdn, "twin01") == "001DD8FFFF02"
    interfaces = {item["resourceId"]: item for item in sdn.lab.controller.state()["networkInterfaces"]}
    second, nic = sdn.world.find("twin01")[1].adapters[1], interfaces["twin01_Eth2"]
    assert second.mac == nic["properties"]["privateMacAddress"] == sdn.claims()["twin01/eth1"]["mac_address"]
    assert second.profile is not None
    assert second.profile.profile_id.strip("{}").lower() == nic["instanceId"].lower()
    assert "twin01/eth1: " in done.output
    assert records(sdn, "app01")[2].profile_data == 6
    assert sdn.claims()["app01/eth0"]["mac_address"] == "001DD8FFFF01"
    assert sdn.state(vm) == "Running"

    silent = tenant("new01", "hv1", 21, pool="tenant")
    sdn.world.do("migrate", vm="twin01", to="hv3")
    sdn.world.do("disconnect_host", host="hv2")
    made = play(sdn, [entry, silent, twin])
    assert made.code == 0, made.output
    assert agree(sdn, "new01")
    changed = {**entry, "dns_servers": ["192.0.2.53"]}
    refused = play(sdn, [changed])
    assert refused.code != 0
    assert "mac_tenant_vm_unread_hosts: allow" in " ".join(refused.output.split())
    allowed = play(sdn, [changed], mac_tenant_vm_unread_hosts="allow")
    assert (allowed.code, allowed.changed) == (0, 1), allowed.output

    options = sdn.lab.controller.options()
    login = {key: options[key] for key in ("url", "username", "password", "ca_path")}
    bare = {**login, "interfaces": [{"name": "app01_Eth1"}], "state": "absent"}
    sdn.world.do("connect_host", host="hv2")
    seen = str(sdn.directory / "seen")
    results = sdn.tasks(
        {"macpool.hyperv.host_info": {"save_dir": seen}},
        {"macpool.hyperv.nc_network_interface": {**bare, "observations_dir": seen}, "delegate_to": "localhost"},
        {"macpool.hyperv.nc_network_interface": bare, "delegate_to": "localhost", "check_mode": True},
        hosts="hv3",
    ).on("hv3")
    assert 'adapter "eth0" of VM "app01"' in results[1]["msg"]
    assert "not known which adapters" in results[2]["bindings"]
    assert names(sdn) == ["app01_Eth1", "new01_Eth1", "twin01_Eth1", "twin01_Eth2"]
