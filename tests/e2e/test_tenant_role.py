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
    assert real.code == 0, real.output
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

    again = play(sdn, THREE)
    assert again.code == 0, again.output
    assert again.changed == 0, again.output
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
