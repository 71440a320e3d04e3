# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic addresses as facts 11 to 23 and 103 tell them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.bench import Bench
from tests.lab.model import MacRange, PoolExhausted, World
from tests.lab.model.pool import carried_on


def test_default_range_comes_from_the_last_two_octets(bench: Bench) -> None:  # fact 11
    assert bench.world.host("hv1").active == MacRange("00155D0A0A00", "00155D0A0AFF")


def test_addresses_go_up_from_the_start(bench: Bench) -> None:  # fact 12
    assert [bench.mac(bench.running(f"vm{n}")) for n in range(3)] == ["00155D0A0A00", "00155D0A0A01", "00155D0A0A02"]


def test_a_freed_address_is_reused_only_after_the_wrap(bench: Bench) -> None:  # fact 12
    bench.world.set_range("hv1", "00155D0A0A00", "00155D0A0A02")
    first = bench.running("first")
    second = bench.running("second")
    bench.world.delete_vm(first)
    assert bench.mac(bench.running("third")) == "00155D0A0A02"
    assert bench.mac(bench.running("fourth")) == "00155D0A0A00"
    assert bench.mac(second) == "00155D0A0A01"


def test_an_own_static_address_is_avoided(bench: Bench) -> None:  # fact 14
    bench.vm("fixed", mac="00155D0A0A00")
    assert bench.mac(bench.running()) == "00155D0A0A01"


def test_another_hosts_addresses_are_not(bench: Bench) -> None:  # fact 14: this is how imaged hosts collide
    bench.world.set_range("hv2", "00155D0A0A00", "00155D0A0AFF")
    assert bench.mac(bench.running("a", "hv1")) == bench.mac(bench.running("b", "hv2")) == "00155D0A0A00"


def test_the_257th_adapter_does_not_start(bench: Bench) -> None:  # fact 16
    bench.world.set_range("hv1", "00155D0A0A00", "00155D0A0A01")
    bench.running("a")
    bench.running("b")
    late = bench.vm("c")
    with pytest.raises(PoolExhausted, match="Attempt to access invalid address"):
        bench.world.start(late)
    assert bench.state(late) == "Off"


def test_a_vm_with_two_adapters_starts_with_both_or_not_at_all(bench: Bench) -> None:
    bench.world.set_range("hv1", "00155D0A0A00", "00155D0A0A01")
    bench.running("a")
    pair = bench.vm("pair")
    bench.world.add_adapter(pair, "Second")
    with pytest.raises(PoolExhausted):
        bench.world.start(pair)
    assert bench.mac(bench.running("b")) == "00155D0A0A01"


def test_a_start_that_fails_uses_nothing_up(bench: Bench) -> None:
    bench.world.set_range("hv1", "00155D0A0A00", "00155D0A0A02")
    bench.running("a")
    trio = bench.vm("trio")
    bench.world.add_adapter(trio, "Second")
    bench.world.add_adapter(trio, "Third")
    with pytest.raises(PoolExhausted):
        bench.world.start(trio)
    assert bench.mac(bench.running("b")) == "00155D0A0A01"


def test_the_search_wraps_at_the_end_too(bench: Bench) -> None:  # fact 12
    bench.world.set_range("hv1", "00155D0A0A00", "00155D0A0A02")
    first = bench.running("first")
    bench.running("second")
    bench.vm("fixed", mac="00155D0A0A02")
    bench.world.delete_vm(first)
    assert bench.mac(bench.running("third")) == "00155D0A0A00"


def test_an_address_that_is_not_seen_yet_is_taken_all_the_same(bench: Bench) -> None:
    bench.world.set_range("hv1", "00155D0A0A00", "00155D0A0A00")
    bench.world.start(bench.vm("a"))
    with pytest.raises(PoolExhausted):
        bench.world.start(bench.vm("b"))


def test_zero_until_some_time_after_the_first_start(bench: Bench) -> None:  # facts 15, 103
    vm = bench.vm()
    assert bench.mac(vm) == "000000000000"
    bench.world.start(vm)
    assert bench.mac(vm) == "000000000000"
    bench.world.advance(4)
    assert bench.mac(vm) == "00155D0A0A00"


def test_start_and_immediate_stop_leave_zeros(bench: Bench) -> None:  # fact 103
    vm = bench.vm()
    bench.world.start(vm)
    bench.world.turn_off(vm)
    bench.world.advance(60)
    assert bench.mac(vm) == "000000000000"


def test_the_address_stays_over_off_and_on(bench: Bench) -> None:
    vm = bench.running()
    bench.world.stop(vm)
    bench.running("other")
    bench.world.start(vm)
    bench.world.advance(4)
    assert bench.mac(vm) == "00155D0A0A00"


def test_a_static_address_never_changes_by_itself(bench: Bench) -> None:  # fact 20
    vm = bench.running(mac="22AAAAAAAAAA")
    bench.world.migrate(vm, "hv2", kind="quick")
    bench.world.advance(60)
    assert bench.mac(vm) == "22AAAAAAAAAA"


def test_a_new_range_touches_nobody_until_the_next_start(bench: Bench) -> None:  # facts 18, 21
    vm = bench.running()
    bench.world.set_range("hv1", "00155DE00000", "00155DE000FF")
    bench.world.advance(60)
    assert bench.mac(vm) == "00155D0A0A00"
    bench.world.stop(vm)
    bench.world.start(vm)
    bench.world.advance(4)
    assert bench.mac(vm) == "00155DE00000"


def test_a_start_beside_an_equal_address_makes_a_new_one(bench: Bench) -> None:  # fact 18 b
    vm = bench.running()
    copy = bench.world.clone(vm, "copy")
    assert bench.mac(copy) == bench.mac(vm)  # fact 15, the seed's author
    bench.world.start(copy)
    bench.world.advance(4)
    assert bench.mac(copy) == "00155D0A0A01"


def test_a_clone_may_also_show_zeros(bench: Bench) -> None:  # fact 15, his commenter
    assert bench.mac(bench.world.clone(bench.running(), "copy", zero_dynamic=True)) == "000000000000"


def test_live_migration_keeps_a_cold_start_elsewhere_changes(bench: Bench) -> None:  # fact 19
    vm = bench.running()
    bench.world.migrate(vm, "hv2")
    bench.world.advance(60)
    assert bench.mac(vm) == "00155D0A0A00"
    bench.world.stop(vm)
    bench.world.start(vm)
    bench.world.advance(4)
    assert bench.mac(vm) == "00155D0A0B00"


def test_quick_migration_is_a_restore_and_changes(bench: Bench) -> None:  # fact 19
    vm = bench.running()
    bench.world.migrate(vm, "hv2", kind="quick")
    bench.world.advance(4)
    assert bench.mac(vm) == "00155D0A0B00"


def test_the_old_host_hands_a_departed_address_out_again(bench: Bench) -> None:  # fact 105
    bench.world.set_range("hv1", "00155D0A0A00", "00155D0A0A00")
    mover = bench.running("mover")
    bench.world.migrate(mover, "hv2")
    assert bench.mac(bench.running("next")) == bench.mac(mover)


def test_host_adapters_draw_from_the_pool_or_inherit_the_uplink(bench: Bench) -> None:  # facts 13, 111
    from tests.lab.model import PhysicalAdapter

    host = bench.world.host("hv1")
    host.physical_adapters.append(PhysicalAdapter("NIC1", "00005E005300", "00005E005300"))
    bench.world.add_switch("hv1", "outside", "External", ["NIC1"])
    bench.world.add_switch("hv1", "inside", "Internal")
    assert bench.world.add_host_adapter("hv1", "Management", "outside") == "00005E005300"
    assert bench.world.add_host_adapter("hv1", "Storage", "outside") == "00155D0A0A00"
    assert bench.world.add_host_adapter("hv1", "inside", "inside") == "00155D0A0A01"


def test_deleted_values_are_made_again_when_vmms_starts(bench: Bench) -> None:  # facts 8, 23
    bench.world.set_range("hv1", "00155D0A0B00", "00155D0A0BFF")
    bench.world.clear_range("hv1")
    host = bench.world.host("hv1")
    assert (host.active, host.registry) == (MacRange("00155D0A0B00", "00155D0A0BFF"), None)
    bench.world.restart_vmms("hv1")
    assert host.active == host.registry == MacRange("00155D0A0A00", "00155D0A0AFF")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("sxcpmd"), st.integers(0, 7)), max_size=40))
def test_no_host_gives_an_address_that_somebody_there_has(steps: list[tuple[str, int]]) -> None:
    """Whatever happens: what a start gives was carried by nobody else on that host, and is inside its range."""
    world = World(seed=3)
    for name in ("hv1", "hv2"):
        world.add_host(name, "10.0.10.10", start="00155D0A0A00", end="00155D0A0A07")
    vms = [world.create_vm("hv1", f"vm{n}") for n in range(5)]
    for ref in vms:
        world.add_adapter(ref)
    for action, number in steps:
        ref = vms[number % len(vms)]
        host, vm = world.find(ref)
        if action == "s" and vm.state == "Off":
            others = carried_on(host, but=vm)
            had = vm.adapters[0].mac
            try:
                world.start(ref)
            except PoolExhausted:
                assert len(others) >= 8
                continue
            world.advance(world.mac_delay)
            mac = vm.adapters[0].mac
            assert mac not in others
            assert host.active is not None
            assert mac in host.active
            assert mac == had or had in ("000000000000", *others)
        elif action == "x":
            world.turn_off(ref)
        elif action == "c" and len(vms) < 12:
            vms.append(world.clone(ref, f"copy{len(vms)}"))
        elif action == "p" and vm.state == "Running":
            world.save(ref)
        elif action == "m":
            world.migrate(ref, "hv2" if host.name == "hv1" else "hv1")
        elif action == "d" and vm.state == "Saved":
            world.start(ref)
