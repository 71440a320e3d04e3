# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenant VMs through everything that can break: the next run goes on where the last one was interrupted."""

from __future__ import annotations

from typing import Any

from tests.e2e.site import Done, Site
from tests.e2e.test_tenant_role import agree, play, sdn, tenant

Json = dict[str, Any]
__all__ = ["sdn"]

SIX = [
    tenant("rnd01", "hv1", 20, pool="random"),
    tenant("rnd02", "hv1", 21, pool="random"),
    tenant("node01", "hv2", 22, pool="host/hv2"),
    tenant("node02", "hv2", 23, pool="host/hv2"),
    tenant("nc01", "hv3", 24, dynamic=True),
    tenant("nc02", "hv3", 25, dynamic=True),
]
NAMES = sorted(entry["name"] for entry in SIX)
POOL_OF_NC = "001DD80700"


def interfaces(site: Site) -> dict[str, Json]:
    """The interfaces of the Network Controller by name."""
    return {item["resourceId"]: item for item in site.lab.controller.state()["networkInterfaces"]}


def burnt(site: Site) -> int:
    """How many addresses the Network Controller has given out for good."""
    (pool,) = site.lab.controller.state()["macPools"]
    usage = {key.casefold(): value for key, value in pool["properties"]["usage"].items()}
    return int(usage["numberofmacaddressesallocated"])


def vms(site: Site) -> list[str]:
    """The names of the VMs of the whole cluster; of one that was made twice, twice."""
    return sorted(vm.name for host in site.world.hosts.values() for vm in host.vms.values())


def adapters(site: Site, *names: str) -> list[Any]:
    """The adapters of VMs."""
    return [site.world.find(name)[1].adapters[0] for name in names]


def interrupted(site: Site, *faults: tuple[str, Json]) -> Done:
    """Run with faults, each of which happens, and return what the run said as it failed."""
    for kind, details in faults:
        site.lab.faults.add(kind, **details)
    impatient = "{{ macpool_network_controller | combine({'retries': 1}) }}"
    done = play(site, SIX, mac_tenant_vm_network_controller=impatient)
    assert done.code != 0, done.output
    assert [fault for fault in site.lab.faults.waiting() if fault["times"] is not None] == [], done.output
    site.lab.faults.clear()
    return done


def on(host: str, **details: Any) -> Json:
    """A fault of what a host is told to do; after ``skip`` calls."""
    return {"host": host, "script": "host_apply", "check_mode": False, **details}


def request(method: str, name: str, times: int | None = 1, **details: Any) -> Json:
    """A fault of a request for the interface of a VM."""
    return {"method": method, "name": f"{name}_Eth1", "times": times, **details}


def test_an_interruption_at_any_step_is_mended_by_the_next_run(sdn: Site) -> None:
    """Each run breaks one step later than the one before, on each host in another way, and begins with what that left."""
    refused: Json = {"code": "PortNotFound", "message": "made up"}
    done = interrupted(
        sdn,
        ("nc_fail", request("PUT", "rnd01", **refused)),
        ("nc_reset_after", request("PUT", "rnd02")),
        ("nc_status", request("PUT", "node01", None, status=503)),
        ("nc_reset_before", request("PUT", "node02", None)),
        ("nc_reset_after", request("PUT", "nc01")),
        # The first read makes sure that it does not exist yet.
        ("nc_reset_before", request("GET", "nc01", None, skip=1)),
        ("nc_status", request("PUT", "nc02", status=503, after=True)),
    )
    for words in ("PortNotFound: made up", "node01_Eth1", "503", "node02_Eth1", "nc01_Eth1"):
        assert words in done.output
    assert vms(sdn) == [], "no VM without its interface"

    done = interrupted(
        sdn,
        ("cut_before", on("hv1")),
        ("cut_after", on("hv2")),
        ("die", on("hv3", op="create_vm", at="created")),
    )
    assert done.output.count("UNREACHABLE!") == 3, done.output
    assert vms(sdn) == ["nc01", "node01", "node02"]

    interrupted(
        sdn,
        ("cut_after", on("hv1", skip=1)),
        ("cut_before", on("hv2")),
        ("die", on("hv3", op="set_vm_macs", at="after_set")),
    )
    assert vms(sdn) == NAMES
    assert [nic.dynamic for nic in adapters(sdn, *NAMES)] == [False, True, True, True, False, False]

    interrupted(
        sdn,
        ("cut_before", on("hv1")),
        ("cut_after", on("hv2", skip=1)),
        ("die", on("hv3", op="set_port_profile", at="after_set")),
    )
    assert [nic.dynamic for nic in adapters(sdn, *NAMES)] == [False] * 6
    assert [bool(nic.profile) for nic in adapters(sdn, *NAMES)] == [True, False, True, True, False, False]

    interrupted(
        sdn,
        ("fail_op", on("hv1", op="add_cluster_role", at="before_set", reason="access_denied")),
        ("cut_after", on("hv2")),
        ("die", on("hv3", op="add_cluster_role", at="begin")),
    )
    clustered = {name: sdn.world.find(name)[1].clustered for name in NAMES}
    assert sorted(clustered.values()) == [False, False, False, True, True, True]
    assert (clustered["node01"], clustered["node02"]) == (True, True)
    assert "Running" not in {sdn.state(name) for name in ("node01", "node02", "nc01", "nc02")}

    interrupted(
        sdn,
        ("cut_after", on("hv1", skip=1)),
        ("cut_before", on("hv2")),
        ("die", on("hv3", op="start_vm", at="started")),
    )

    fixed = play(sdn, SIX)
    assert fixed.code == 0, fixed.output
    assert vms(sdn) == NAMES
    assert sorted(interfaces(sdn)) == [f"{name}_Eth1" for name in NAMES]
    assert {(sdn.world.find(name)[1].state, sdn.world.find(name)[1].clustered) for name in NAMES} == {("Running", True)}
    addresses = {name: agree(sdn, name) for name in NAMES}
    claims = sdn.claims()
    assert {owner: claim["mac_address"] for owner, claim in claims.items()} == {
        f"{name}/Network Adapter": mac for name, mac in addresses.items()
    }
    assert {claim["state"] for claim in claims.values()} == {"applied"}
    assert len(set(addresses.values())) == 6
    assert burnt(sdn) == 2, "an address of the Network Controller is never taken back"
    again = play(sdn, SIX)
    assert (again.code, again.changed) == (0, 0), again.output


TWO = [tenant("web01", "hv1", 20, pool="random"), tenant("web02", "hv2", 21, pool="random")]
STOPPED = {"mac_tenant_vm_state": "absent", "mac_tenant_vm_stop": True, "mac_tenant_vm_remove": True}


def test_a_host_that_does_not_answer_or_is_not_asked_keeps_what_it_has(sdn: Site) -> None:
    sdn.world.do("disconnect_host", host="hv2")
    silent = play(sdn, TWO)
    assert silent.code != 0
    assert "web02" not in vms(sdn)
    sdn.world.do("connect_host", host="hv2")
    made = play(sdn, TWO)
    assert made.code == 0, made.output
    assert vms(sdn) == ["web01", "web02"]
    addresses = [agree(sdn, "web01"), agree(sdn, "web02")]

    sdn.world.do("migrate", vm="web02", to="hv3")
    moved = play(sdn, TWO)
    assert (moved.code, moved.changed) == (0, 0), moved.output
    assert vms(sdn) == ["web01", "web02"]

    for arguments in (("--limit", "localhost,hv1,hv2"), ()):
        if not arguments:
            sdn.world.do("disconnect_host", host="hv3")
        for variables in ({}, STOPPED):
            refused = play(sdn, TWO, *arguments, **variables)
            assert refused.code != 0, refused.output
            assert "hv3" in refused.output
            if arguments:
                assert "web02 is on hv3" in " ".join(refused.output.split())
            assert sdn.state("web01") == "Running", "a refusal comes before a VM is shut down"
            assert vms(sdn) == ["web01", "web02"]
            assert sorted(interfaces(sdn)) == ["web01_Eth1", "web02_Eth1"]
    assert sorted(claim["mac_address"] for claim in sdn.claims().values()) == sorted(addresses)

    sdn.world.do("connect_host", host="hv3")
    gone = play(sdn, TWO, **STOPPED)
    assert gone.code == 0, gone.output
    assert (vms(sdn), interfaces(sdn)) == ([], {})


def test_a_name_is_one_vm_wherever_it_is(sdn: Site) -> None:
    """Outside of a cluster no host knows of another one's VM: neither a second one is made, nor a stranger removed."""
    sdn.world.clusters.clear()
    mine = sdn.vm("WEB01", "hv3")
    entry = tenant("web01", "hv1", 20, pool="random", adapter_name="eth0", clustered=False)
    for arguments in (("--check",), ()):
        made = play(sdn, [entry], *arguments)
        assert made.code == 0, made.output
        assert "on hv3 Running" in made.output
        assert vms(sdn) == ["WEB01"]
    assert play(sdn, [entry]).changed == 0
    claims, there = sdn.claims(), interfaces(sdn)

    stranger = sdn.vm("web01", "hv2")
    for variables in ({}, STOPPED):
        refused = play(sdn, [entry], **variables)
        assert refused.code != 0, refused.output
        assert refused.changed == 0, refused.output
        assert mine in refused.output
        assert stranger in refused.output
    assert sorted(vms(sdn)) == ["WEB01", "web01"]
    assert (sdn.claims(), interfaces(sdn)) == (claims, there)

    sdn.world.do("delete_vm", vm=stranger)
    gone = play(sdn, [entry], **STOPPED)
    assert gone.code == 0, gone.output
    assert "VM removed" in gone.output
    assert (vms(sdn), interfaces(sdn)) == ([], {})
    again = play(sdn, [entry], **STOPPED)
    assert (again.code, again.changed) == (0, 0), again.output
    assert "web01: no VM, interface web01_Eth1 does not exist" in again.output
    assert play(sdn, []).code == 0


def test_what_would_fail_in_the_end_fails_before_anything_is_claimed(sdn: Site) -> None:
    entry = tenant("web01", "hv1", 20, pool="random", adapter_name="eth0")
    vm = sdn.vm("web01", "hv1", running=True)
    sdn.world.save(vm)
    saved = play(sdn, [entry])
    assert saved.code != 0
    assert "one that is Saved" in saved.output
    sdn.world.delete_vm(vm)

    sdn.world.clusters.clear()
    alone = play(sdn, [entry])
    assert alone.code != 0
    assert "Set clustered: false" in alone.output
    assert (vms(sdn), interfaces(sdn), sdn.claims()) == ([], {}, {})
    made = play(sdn, [{**entry, "clustered": False}])
    assert made.code == 0, made.output
    assert "on hv1 Running, not clustered" in made.output


def test_an_interface_keeps_its_address_when_the_adapter_cannot_follow(sdn: Site) -> None:
    """Its running VM would have no network; then a check says what the way back of a VM that stayed would do."""
    entry = tenant("web01", "hv1", 20, pool="random")
    made = play(sdn, [entry])
    assert made.code == 0, made.output
    mac, claims = agree(sdn, "web01"), sdn.claims()
    refused = play(sdn, [{**entry, "owner": "another/eth0"}])
    assert refused.code != 0
    assert refused.changed == 0, refused.output
    assert "web01/Network Adapter" in refused.output
    assert (agree(sdn, "web01"), sdn.claims(), sdn.state("web01")) == (mac, claims, "Running")

    gone = play(sdn, [entry], mac_tenant_vm_state="absent", mac_tenant_vm_stop=True)
    assert gone.code == 0, gone.output
    predicted = play(sdn, [entry], "--check")
    assert predicted.code == 0, predicted.output
    back = play(sdn, [entry])
    assert (agree(sdn, "web01"), back.changed) == (mac, predicted.changed), back.output


def test_a_network_controller_that_must_not_or_cannot_be_written_leaves_everything_as_it_is(sdn: Site) -> None:
    """Also the ledger, and VMs that shall go; then the way back of VMs that stay."""
    made = play(sdn, TWO[:1])
    assert made.code == 0, made.output
    world, controller, claims = sdn.world.to_dict(), sdn.lab.controller.state(), sdn.claims()
    sdn.lab.controller.put("virtualNetworks", "cloud", {}, resourceMetadata={"provider": "Microsoft.AzureStackHCI"})
    kept: Json = {"mac_tenant_vm_state": "absent", "mac_tenant_vm_stop": True}

    for kind, words in (
        ("good", "is managed by Azure Arc"),
        ("expired", "Renew the certificate of the Network Controller"),
        ("other_ca", "Set ca_path to the certificate of the authority that signed it"),
    ):
        sdn.lab.controller.use_certificate(kind)
        for entries, variables in ((TWO, {}), (TWO[:1], kept)):
            refused = play(sdn, entries, **variables)
            assert refused.code != 0, refused.output
            assert words in refused.output, refused.output
            assert refused.changed == 0, refused.output
        assert sdn.world.to_dict() == world, kind
    sdn.lab.controller.use_certificate("good")
    sdn.lab.controller.delete("virtualNetworks", "cloud")
    assert sdn.lab.controller.state()["networkInterfaces"] == controller["networkInterfaces"]
    assert sdn.claims() == claims

    mac = agree(sdn, "web01")
    back = play(sdn, TWO[:1], **kept)
    assert back.code == 0, back.output
    vm = sdn.world.find("web01")[1]
    assert (vm.state, vm.adapters[0].dynamic, vm.adapters[0].profile) == ("Off", True, None)
    assert interfaces(sdn) == {}
    states: Json = {"macpool.hyperv.allocation_info": {"states": ["releasing", "quarantined"]}}
    before = sdn.tasks(states).on("hv1")[0]["claims"]
    assert [(claim["mac_address"], claim["state"]) for claim in before] == [(mac, "releasing")]
    again = play(sdn, TWO[:1], **kept)
    assert (again.code, again.changed) == (0, 0), again.output

    sdn.world.start(vm.id)
    sdn.world.advance(sdn.world.mac_delay)
    assert sdn.mac("web01") != mac
    observed = sdn.playbook("macpool.hyperv.observe")
    assert observed.code == 0, observed.output
    after = sdn.tasks(states).on("hv1")[0]["claims"]
    assert [(claim["mac_address"], claim["state"]) for claim in after] == [(mac, "quarantined")]
