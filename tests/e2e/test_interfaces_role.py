# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of VMs that are there already: kept in sync with their adapters, and changed only together with them."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.site import Done, Site
from tests.e2e.test_tenant_role import SUBNET

Json = dict[str, Any]


def interface(site: Site, name: str, mac: str) -> str:
    """Make an interface and return its instance id."""
    ip = {"privateIPAddress": "192.168.33.30", "privateIPAllocationMethod": "Static", "subnet": {"resourceRef": SUBNET}}
    properties = {
        "privateMacAddress": mac,
        "privateMacAllocationMethod": "Static",
        "ipConfigurations": [{"resourceId": "ip1", "properties": ip}],
    }
    return str(site.lab.controller.put("networkInterfaces", name, properties)["instanceId"])


def mac_of(site: Site, name: str) -> str:
    """The address that the Network Controller has for an interface."""
    interfaces = {item["resourceId"]: item for item in site.lab.controller.state()["networkInterfaces"]}
    return str(interfaces[name]["properties"]["privateMacAddress"])


def role(site: Site, *arguments: str, **variables: Any) -> Done:
    """Run the role on all hosts."""
    options = site.lab.controller.options()
    certificate = {key: options[key] for key in ("url", "client_cert", "client_key", "ca_path")}
    play = {
        "hosts": "hyperv",
        "gather_facts": False,
        "roles": [{"role": "macpool.hyperv.mac_interfaces"}],
        "vars": {"macpool_network_controller": certificate, **variables},
    }
    path = site.directory / "interfaces.yml"
    path.write_text(json.dumps([play]), encoding="utf-8")
    return site.playbook(str(path), *arguments)


def test_drifted_interfaces_follow_their_adapters(site: Site) -> None:
    """Incident 12: the three records agree again, and what cannot be kept in sync is named with its reason."""
    for name, host, mac in (("web01", "hv1", "221DD9000001"), ("web02", "hv2", "221DD9000002")):
        site.world.set_profile(
            site.vm(name, host, mac=mac, running=True), f"{{{interface(site, name, '221DD90000AA')}}}"
        )
        assert mac_of(site, name) == "221DD90000AA"
    dynamic = site.vm("dyn01", "hv3", running=True)
    site.world.set_profile(dynamic, f"{{{interface(site, 'dyn01', '221DD9000003')}}}")
    orphan = site.vm("orphan01", "hv3", mac="221DD9000004")
    site.world.set_profile(orphan, "{0b1c2d3e-0000-4000-8000-000000000009}")
    plain = site.vm("plain01", "hv3", mac="221DD9000005")
    assert site.mac(plain) == "221DD9000005"

    checked = role(site, "--check", mac_interfaces_left_out="report")
    assert checked.code == 0, checked.output
    assert mac_of(site, "web01") == "221DD90000AA"
    done = role(site, mac_interfaces_left_out="report")
    assert done.code == 0, done.output
    assert (mac_of(site, "web01"), mac_of(site, "web02")) == ("221DD9000001", "221DD9000002")
    assert mac_of(site, "dyn01") == "221DD9000003", "a dynamic address is no truth to follow"
    assert "web01: 22-1D-D9-00-00-AA to 22-1D-D9-00-00-01" in done.output
    assert "VM dyn01 on hv3: its address is dynamic" in done.output
    assert "VM orphan01 on hv3: no interface has the instance id" in done.output
    assert checked.changed == done.changed == 1
    again = role(site)
    assert again.code != 0
    assert "2 bound adapters are not in sync" in again.output
    assert again.changed == 0


def test_a_bound_adapter_and_its_interface_change_together(site: Site) -> None:
    vm = site.vm("web01", "hv2", mac="221DD9000001", running=True)
    site.world.set_profile(vm, f"{{{interface(site, 'web01', '221DD9000001')}}}")
    wanted = [{"vm": "web01", "name": "eth0", "pool": "tenant"}]

    refused = role(site, mac_interfaces_wanted=wanted)
    assert refused.code != 0
    assert "Running" in refused.output
    assert mac_of(site, "web01") == site.mac(vm) == "221DD9000001", (
        "an interface is not changed before its adapter can be"
    )
    assert site.claims() == {}

    pending = role(site, mac_interfaces_wanted=wanted, mac_interfaces_when_running="pending")
    assert pending.code == 0, pending.output
    assert pending.changed == 0
    assert mac_of(site, "web01") == site.mac(vm) == "221DD9000001"

    checked = role(site, "--check", mac_interfaces_wanted=wanted, mac_interfaces_when_running="restart")
    assert checked.code == 0, checked.output
    assert mac_of(site, "web01") == site.mac(vm) == "221DD9000001"
    done = role(site, mac_interfaces_wanted=wanted, mac_interfaces_when_running="restart")
    assert done.code == 0, done.output
    assert mac_of(site, "web01") == site.mac(vm) == site.claims()["web01/eth0"]["mac_address"]
    assert site.state(vm) == "Running"
    assert checked.changed == done.changed
    again = role(site, mac_interfaces_wanted=wanted, mac_interfaces_when_running="restart")
    assert (again.code, again.changed) == (0, 0), again.output


def test_a_connection_lost_between_the_two_is_mended_by_the_next_run(site: Site) -> None:
    vm = site.vm("web01", "hv1", mac="221DD9000001")
    site.world.set_profile(vm, f"{{{interface(site, 'web01', '221DD9000001')}}}")
    wanted = [{"vm": "web01", "name": "eth0", "pool": "tenant"}]
    site.lab.faults.add("cut_before", script="host_apply", check_mode=False)
    broken = role(site, mac_interfaces_wanted=wanted)
    assert broken.code != 0
    claimed = site.claims()["web01/eth0"]["mac_address"]
    assert (mac_of(site, "web01"), site.mac(vm)) == (claimed, "221DD9000001")
    fixed = role(site, mac_interfaces_wanted=wanted)
    assert fixed.code == 0, fixed.output
    assert mac_of(site, "web01") == site.mac(vm) == claimed


def test_many_interfaces_in_one_task_show_how_far_they_are(site: Site) -> None:
    options = site.lab.controller.options()
    logon = {key: options[key] for key in ("url", "client_cert", "client_key", "ca_path")}
    ip = {"name": "ip1", "allocation": "unmanaged", "subnet": "/logicalNetworks/vnet-pa-0001/subnets/pa-subnet-0001"}
    entries = [{"name": f"vm{n}", "mac_address": f"221DD9{n:06X}", "ip_configurations": [ip]} for n in range(103)]
    task = {
        "macpool.hyperv.nc_network_interface": {**logon, "interfaces": entries, "parallel": 16},
        "delegate_to": "localhost",
    }
    site.lab.controller.put("networkInterfaces", "vm5", properties_of(entries[5]))
    done = site.tasks(task)
    (made,) = done.on("hv1")
    assert [row["name"] for row in made["interfaces"]] == [entry["name"] for entry in entries]
    statuses = [row["status"] for row in made["interfaces"]]
    assert (statuses.count("created"), statuses[5], made["changed"]) == (102, "unchanged", True)
    assert "interfaces of the Network Controller: 100 of 102 done" in done.output
    site.lab.controller.clear_requests()
    (again,) = site.tasks(task).on("hv1")
    assert again["changed"] is False
    assert {row["status"] for row in again["interfaces"]} == {"unchanged"}
    assert len(site.lab.controller.requests()) == 2, "103 interfaces are two pages, read once"


def properties_of(entry: Json) -> Json:
    """What the Network Controller has of an entry."""
    (ip,) = entry["ip_configurations"]
    inner = {"privateIPAllocationMethod": "Unmanaged", "subnet": {"resourceRef": ip["subnet"]}}
    return {
        "privateMacAddress": entry["mac_address"],
        "privateMacAllocationMethod": "Static",
        "isPrimary": True,
        "ipConfigurations": [{"resourceId": ip["name"], "properties": inner}],
    }


def test_names_that_no_host_has_and_hosts_that_refuse_are_told_apart(site: Site) -> None:
    interface_id = interface(site, "web01", "221DD90000AA")
    web01 = site.vm("web01", "hv1", mac="221DD9000001")
    site.world.set_profile(web01, f"{{{interface_id}}}")
    unknown = role(site, mac_interfaces_vms=["WEB01", "web02"])
    assert unknown.code != 0
    assert "has the VMs web02" in unknown.output
    assert mac_of(site, "web01") == "221DD90000AA"

    site.vm("web02", "hv2", mac="221DD9000002", running=True)
    refused = role(site, mac_interfaces_wanted=[{"vm": "web02", "mac_address": "221DD9000009"}])
    assert refused.code != 0
    assert "Fix first what hosts say above that are left out here: hv2" in refused.output
    assert "Correct the names" not in refused.output

    for name in ("web01", web01):
        done = role(site, mac_interfaces_vms=name)
        assert done.code == 0, done.output
    assert mac_of(site, "web01") == "221DD9000001"


def test_an_interface_never_gets_an_address_that_is_promised_to_nobody(site: Site) -> None:
    """The adapter would not follow: its VM would have no network."""
    interface_id = interface(site, "web01", "221DD9000001")
    site.world.set_profile(site.vm("web01", "hv1", mac="221DD9000001", running=True), f"{{{interface_id}}}")
    wanted = [{"vm": "web01", "mac_address": "221DD8000009"}]
    refused = role(site, mac_interfaces_wanted=wanted, mac_interfaces_when_running="restart")
    assert refused.code != 0
    assert "no claim on it" in refused.output
    assert (mac_of(site, "web01"), site.mac("web01"), site.state("web01")) == (
        "221DD9000001",
        "221DD9000001",
        "Running",
    )
