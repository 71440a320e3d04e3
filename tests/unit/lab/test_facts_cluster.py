# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies, the cluster and the guest as facts 36 to 53 and 105 to 117 tell them."""

from __future__ import annotations

import pytest

from tests.lab.bench import Bench
from tests.lab.model import WorldError


def test_a_clone_keeps_the_static_address(bench: Bench) -> None:  # fact 95
    vm = bench.vm(mac="22AAAAAAAAAA")
    copy = bench.world.clone(vm, "copy", to="hv2")
    assert bench.mac(copy) == "22AAAAAAAAAA"
    assert copy != vm
    assert bench.adapter_id(copy) != bench.adapter_id(vm)


def test_a_replica_is_off_with_the_primarys_id(bench: Bench) -> None:  # facts 53, 107
    vm = bench.running(role=True)
    bench.world.replicate(vm, "lone")
    replica = bench.world.host("lone").vms[vm]
    assert (replica.state, replica.replication_mode, replica.clustered) == ("Off", "Replica", False)
    assert bench.world.find(vm)[0].name == "hv1"
    with pytest.raises(WorldError, match="replica"):
        bench.world.start(vm, "lone")


def test_a_test_failover_is_a_vm_of_its_own(bench: Bench) -> None:  # fact 107
    vm = bench.running()
    bench.world.replicate(vm, "hv2")
    assert bench.world.test_failover(vm, "hv2") != vm


def test_applying_a_checkpoint_brings_the_dynamic_flag_back(bench: Bench) -> None:  # facts 34, 112
    vm = bench.running()
    bench.world.checkpoint(vm, "before")
    bench.world.stop(vm)
    bench.world.set_mac(vm, "22AAAAAAAAAA")
    bench.world.apply_checkpoint(vm, "before")
    adapter = bench.world.find(vm)[1].adapters[0]
    assert (adapter.dynamic, adapter.mac) == (True, "00155D0A0A00")
    bench.world.migrate(vm, "hv2")
    bench.world.start(vm)
    bench.world.advance(4)
    assert bench.mac(vm) == "00155D0A0B00"


def test_a_checkpoint_can_be_applied_again(bench: Bench) -> None:
    vm = bench.vm(mac="22AAAAAAAAAA")
    bench.world.checkpoint(vm, "before")
    for _time in range(2):
        bench.world.apply_checkpoint(vm, "before")
        assert bench.mac(vm) == "22AAAAAAAAAA"
        bench.world.set_mac(vm, "22BBBBBBBBBB")


def test_an_address_changes_only_while_off(bench: Bench) -> None:  # fact 36
    with pytest.raises(WorldError, match="only while the VM is off"):
        bench.world.set_mac(bench.running(), "22AAAAAAAAAA")


@pytest.mark.parametrize("mac", ["25B684178C63", "FFFFFFFFFFFF", "000000000000"])  # facts 38, 39
def test_multicast_and_zero_are_no_addresses(bench: Bench, mac: str) -> None:
    with pytest.raises(WorldError, match="Failed to modify device"):
        bench.world.set_mac(bench.vm(), mac)


def test_stop_cluster_group_saves(bench: Bench) -> None:  # facts 106, 117
    vm = bench.running(role=True)
    bench.world.stop_group(vm)
    assert bench.state(vm) == "Saved"


def test_a_guest_shutdown_ends_off_though_offline_action_is_save(bench: Bench) -> None:  # fact 117
    vm = bench.running(role=True)
    assert bench.world.stop(vm)
    assert bench.state(vm) == "Off"


def test_with_shutdown_action_1_the_cluster_starts_it_again(bench: Bench) -> None:  # fact 106
    vm = bench.running(role=True)
    bench.world.set_role(vm, shutdown_action=1)
    bench.world.stop(vm)
    assert bench.state(vm) == "Running"


def test_a_late_guest_goes_off_later(bench: Bench) -> None:
    vm = bench.running()
    bench.world.set_guest(vm, shutdown_seconds=400)
    assert not bench.world.stop(vm, timeout=300)
    assert bench.state(vm) == "Stopping"
    bench.world.advance(100)
    assert bench.state(vm) == "Off"


def test_a_failed_host_restarts_its_roles_cold_elsewhere(bench: Bench) -> None:  # facts 18, 47
    role = bench.running("role", role=True)
    local = bench.running("local")
    bench.world.fail_host("hv1")
    bench.world.advance(4)
    assert bench.world.find(role)[0].name == "hv2"
    assert bench.mac(role) == "00155D0A0B00"
    assert (bench.world.find(local)[0].name, bench.state(local)) == ("hv1", "Off")
    states = {n["name"]: n["state"] for n in bench.observe("hv2")["cluster"]["nodes"]}
    assert states == {"hv1": "Down", "hv2": "Up"}


def test_draining_moves_roles_live(bench: Bench) -> None:  # fact 19
    vm = bench.running(role=True)
    bench.world.drain_host("hv1")
    host, found = bench.world.find(vm)
    assert (host.name, found.state, bench.mac(vm)) == ("hv2", "Running", "00155D0A0A00")
    cluster = bench.observe("hv2")["cluster"]
    assert cluster["nodes"][0]["state"] == "Paused"
    assert cluster["groups"][0]["owner_node"] == "hv2"


def test_two_vms_of_one_name_have_to_be_named_by_id(bench: Bench) -> None:
    bench.vm("twin")
    bench.vm("twin", "hv2")
    with pytest.raises(WorldError, match="several VMs"):
        bench.world.find("twin")
    assert bench.world.find("twin", "hv2")[0].name == "hv2"


def test_an_unknown_verb_or_argument_is_refused(bench: Bench) -> None:
    with pytest.raises(WorldError, match="no verb 'explode'"):
        bench.world.do("explode")
    with pytest.raises(WorldError, match="start"):
        bench.world.do("start", colour="red")
    with pytest.raises(WorldError, match="no verb"):
        bench.world.do("to_dict")
