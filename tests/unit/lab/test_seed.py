# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seeded world: the same for the same number, and with the whole mess in it."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.lab.cast import HOSTILE_NAMES
from tests.lab.macs import ZERO
from tests.lab.model import VM, Host, World
from tests.lab.seed import build


@pytest.fixture(scope="module")
def world() -> World:
    return build()


def hosts(world: World) -> list[Host]:
    return list(world.hosts.values())


def carriers(world: World) -> dict[str, list[tuple[Host, VM]]]:
    found: dict[str, list[tuple[Host, VM]]] = {}
    for host, vm in world.sightings():
        for adapter in vm.adapters:
            found.setdefault(adapter.mac, []).append((host, vm))
    return found


def test_the_same_seed_is_the_same_world() -> None:
    first, second, other = (build(seed=seed).to_dict() for seed in (5, 5, 6))
    assert first["hosts"] == second["hosts"]
    assert first["clusters"] == second["clusters"]
    assert first["hosts"] != other["hosts"]


def test_some_two_hundred_adapters_on_four_hosts(world: World) -> None:
    adapters = Counter(host.name for host, vm in world.sightings() for _adapter in vm.adapters)
    assert set(adapters) == {"hv1", "hv2", "hv3", "hv4"}
    assert 180 <= sum(adapters.values()) <= 220
    assert min(adapters.values()) > 30


def test_imaged_hosts_share_a_range_and_one_overlaps_in_part(world: World) -> None:
    ranges = [host.active for host in hosts(world)]
    assert ranges[0] == ranges[1]
    assert ranges[0] is not None
    assert ranges[2] is not None
    assert ranges[0].start < ranges[2].start < ranges[0].end < ranges[2].end


def test_dynamic_addresses_collide_across_imaged_hosts(world: World) -> None:
    both = {"hv1", "hv2"}
    shared = [
        mac
        for mac, places in carriers(world).items()
        if mac != ZERO and both <= {h.name for h, v in places if any(a.dynamic and a.mac == mac for a in v.adapters)}
    ]
    assert len(shared) >= 3


def test_static_clones_collide(world: World) -> None:
    assert {vm.name for _host, vm in carriers(world)["221DD8401001"]} == {"app-template", "app01", "app02"}


def test_every_kind_of_vm_is_there(world: World) -> None:
    vms = [vm for _host, vm in world.sightings()]
    dynamic = [(vm.state, a.mac == ZERO) for vm in vms for a in vm.adapters if a.dynamic]
    assert {("Running", False), ("Off", False), ("Off", True), ("Saved", False)} <= set(dynamic)
    assert any(len(vm.adapters) > 1 for vm in vms)
    assert any(vm.is_replica for vm in vms)
    assert any(vm.state == "Paused" for vm in vms)
    assert {vm.name for vm in vms} >= set(HOSTILE_NAMES)
    easy = [vm for vm in vms if vm.state == "Off" or (vm.guest.shutdown_seconds or 999) < 300]
    assert len(easy) > 0.8 * len(vms)


def test_a_static_address_lies_in_a_hosts_range(world: World) -> None:
    ranges = [host.active for host in hosts(world) if host.active]
    static = [a.mac for _host, vm in world.sightings() for a in vm.adapters if not a.dynamic]
    assert any(mac in found for mac in static for found in ranges)


def test_one_has_departed(world: World) -> None:
    place, vm = world.find("mover01")
    home = world.host("hv1").active
    assert home is not None
    assert place.active is not None
    assert vm.adapters[0].mac in home
    assert vm.adapters[0].mac not in place.active


def test_a_static_vm_has_a_dynamic_checkpoint(world: World) -> None:
    _host, vm = world.find("pinned01")
    assert not vm.adapters[0].dynamic
    assert vm.checkpoints[0].adapters[0].dynamic
    assert vm.checkpoints[0].adapters[0].id == vm.adapters[0].id


def test_one_role_has_shutdown_action_1(world: World) -> None:
    groups = [group.name for group in world.clusters["hci1"].groups if group.shutdown_action == 1]
    assert groups == ["legacy-app"]


@pytest.mark.parametrize("count", [1, 2, 3, 64])
def test_other_sizes(count: int) -> None:
    world = build(count, 0)
    assert len(world.hosts) == count
    assert world.find("mover01")


def test_full_pools_are_no_trouble() -> None:
    assert sum(1 for _sighting in build(2, 1500).sightings()) >= 1500


@pytest.mark.parametrize(("count", "vms"), [(0, 1), (65, 1), (1, -1)])
def test_impossible_sizes_are_refused(count: int, vms: int) -> None:
    with pytest.raises(ValueError, match=r"^(hosts|vms) is"):
        build(count, vms)
