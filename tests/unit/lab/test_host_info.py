# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What host_info answers, sentence by sentence of docs/host_contract.md."""

from __future__ import annotations

import pytest

from tests.lab.bench import Bench
from tests.lab.model import ContainerNetwork, MacRange, PortProfile

PARTS = {
    "range": {"mac_range"},
    "cluster": {"cluster"},
    "cluster_groups": {"cluster"},
    "vms": {"vms"},
    "checkpoints": {"vms"},
    "port_profiles": {"vms"},
    "host_adapters": {"host_adapters"},
    "physical_adapters": {"physical_adapters"},
    "switches": {"switches"},
    "container_networks": {"container_networks"},
}
ALWAYS = {"schema", "kind", "observed_at", "host", "warnings"}


def test_everything_by_default(bench: Bench) -> None:
    vm = bench.running(role=True)
    bench.world.checkpoint(vm, "cp")
    answer = bench.run("host_info")
    observation = answer["observation"]
    assert answer["changed"] is False
    assert set(observation) == ALWAYS.union(*PARTS.values())
    assert (observation["schema"], observation["kind"]) == (1, "hyperv_host")
    assert observation["mac_range"] == {"start": "00155D0A0A00", "end": "00155D0A0AFF", "source": "cmdlet"}
    adapter = {
        "id": bench.adapter_id(vm),
        "name": "Network Adapter",
        "mac": "00155D0A0A00",
        "dynamic": True,
        "legacy": False,
        "switch": "tenant",
        "connected": True,
        "spoofing": False,
        "vlan": {"mode": "Untagged", "access": 0, "trunk": []},
    }
    (shown,) = observation["vms"]
    checkpoint_id = shown["checkpoints"][0]["id"]
    assert shown == {
        "id": vm,
        "name": "web01",
        "state": "Running",
        "generation": 2,
        "clustered": True,
        "replication_mode": "None",
        "adapters": [{**adapter, "port_profile": None}],
        "checkpoints": [{"id": checkpoint_id, "name": "cp", "adapters": [adapter]}],
    }
    assert observation["cluster"] == {
        "name": "hci1",
        "nodes": [{"name": "hv1", "state": "Up"}, {"name": "hv2", "state": "Up"}],
        "groups": [{"name": "web01", "vm_id": vm, "owner_node": "hv1", "state": "Online"}],
    }


@pytest.mark.parametrize("part", PARTS)
def test_what_was_not_gathered_is_absent(bench: Bench, part: str) -> None:
    assert set(bench.observe(gather=[part])) == ALWAYS | PARTS[part]


def test_vms_alone_omits_checkpoints_and_profiles(bench: Bench) -> None:
    bench.vm()
    (vm,) = bench.observe(gather=["vms"])["vms"]
    assert "checkpoints" not in vm
    assert "port_profile" not in vm["adapters"][0]
    assert "groups" not in bench.observe(gather=["cluster"])["cluster"]


def test_a_part_that_is_not_known_fails_the_task(bench: Bench) -> None:
    answer = bench.run("host_info", gather=["vms", "everything"])
    assert answer["failed"]
    assert "everything" in answer["msg"]


def test_a_lone_host_has_no_cluster_and_no_warning(bench: Bench) -> None:
    observation = bench.observe("lone")
    assert observation["cluster"] is None
    assert observation["container_networks"] == []
    assert observation["warnings"] == []


def test_asked_vms_by_name_or_id_and_never_as_a_pattern(bench: Bench) -> None:
    first, second = bench.vm("web[1]"), bench.vm("WEB2")
    bench.vm("web1")
    assert [vm["id"] for vm in bench.observe(vms=["web[1]"])["vms"]] == [first]
    assert [vm["id"] for vm in bench.observe(vms=["web2"])["vms"]] == [second]
    assert [vm["id"] for vm in bench.observe(vms=[second.upper()])["vms"]] == [second]
    assert bench.observe(vms=["missing"])["vms"] == []
    assert bench.observe(vms=[])["vms"] == []


def test_two_vms_of_one_name_are_both_there(bench: Bench) -> None:
    ids = {bench.vm("twin"), bench.vm("twin")}
    assert {vm["id"] for vm in bench.observe(vms=["twin"])["vms"]} == ids


def test_without_hyper_v_the_registry_counts_when_it_has_both_values(bench: Bench) -> None:
    observation = bench.observe("plain")
    assert observation["host"]["hyperv"] is False
    assert observation["mac_range"] is None
    assert observation["vms"] == observation["switches"] == observation["host_adapters"] == []
    bench.world.set_range("plain", "00155D0A0D00", "00155D0A0DFF")
    assert bench.observe("plain")["mac_range"] == {
        "start": "00155D0A0D00",
        "end": "00155D0A0DFF",
        "source": "registry",
    }


def test_addresses_without_loopback_and_link_local(bench: Bench) -> None:
    bench.world.host("hv1").ipv4 = ["10.0.10.10", "127.0.0.1", "169.254.3.4"]
    assert bench.observe(gather=[])["host"]["ipv4"] == ["10.0.10.10"]


def test_a_part_that_fails_is_a_warning_and_absent(bench: Bench) -> None:
    bench.faults.add("unreadable", part="cluster", message="The RPC server is unavailable.")
    observation = bench.observe()
    assert "cluster" not in observation
    assert "vms" in observation
    assert observation["warnings"] == ["cluster: could not be read: The RPC server is unavailable."]
    assert bench.observe()["warnings"] == []


def test_one_broken_vm_does_not_hide_the_others(bench: Bench) -> None:
    broken, well = bench.vm("broken"), bench.vm("well")
    bench.faults.add("unreadable", vm=broken, times=None)
    observation = bench.observe()
    assert [vm["id"] for vm in observation["vms"]] == [well]
    assert "broken" in observation["warnings"][0]
    bench.world.delete_vm(well)
    assert "vms" not in bench.observe()


def test_the_task_fails_only_when_nothing_could_be_read(bench: Bench) -> None:
    bench.faults.add("access_denied")
    answer = bench.run("host_info")
    assert answer["failed"]
    assert "Access is denied." in answer["msg"]
    bench.faults.add("access_denied", part="cluster")
    assert bench.observe()["warnings"] == ["cluster: could not be read: access denied: Access is denied."]


def test_profiles_container_networks_and_malformed_text_come_as_they_are(bench: Bench) -> None:
    vm = bench.vm()
    adapter = bench.world.find(vm)[1].adapters[0]
    adapter.profile = PortProfile("{0B1C2D3E-0000-4000-8000-000000000001}", 1)
    adapter.mac = "no address"
    pool = MacRange("00155D8A0000", "00155D8A0FFF")
    bench.world.host("hv1").container_networks.append(ContainerNetwork("n1", "nat", "NAT", [pool]))
    observation = bench.observe()
    shown = observation["vms"][0]["adapters"][0]
    assert shown["port_profile"] == {"profile_id": "{0B1C2D3E-0000-4000-8000-000000000001}", "profile_data": 1}
    assert shown["mac"] == "no address"
    assert observation["container_networks"] == [
        {
            "id": "n1",
            "name": "nat",
            "type": "NAT",
            "mac_pools": [{"start": "00155D8A0000", "end": "00155D8A0FFF"}],
        }
    ]


def test_the_time_is_utc_and_moves(bench: Bench) -> None:
    first = bench.observe(gather=[])["observed_at"]
    bench.world.advance(3600)
    second = bench.observe(gather=[])["observed_at"]
    assert first < second
    assert first.endswith("Z")


def test_unknown_scripts_fail_clearly(bench: Bench) -> None:
    for script, words in (("scvmm_info", "scvmm_info"), ("setup", "gather_facts: false")):
        answer = bench.run(script)
        assert answer["failed"]
        assert words in answer["msg"]
    assert bench.run("win_ping")["ping"] == "pong"
    assert bench.run("host_info", colour="red")["msg"].startswith(
        "Unsupported parameters for (host_info) module: colour"
    )
