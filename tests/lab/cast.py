# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mess that the lab begins with: what people find on clusters that grew."""

from __future__ import annotations

from .model import ContainerNetwork, Host, MacRange, PhysicalAdapter, World

HOSTILE_NAMES = (
    'O\'Brien "prod"',
    "<script>alert(1)</script>",
    "Ünïcödé Δ 漢字 😀",
    "name  with spaces ",
    "web[1]",
    "{{ 7 * 7 }}",
    "$(Get-Date) `whoami`",
    "'; DROP TABLE claims; --",
    "..\\..\\etc/passwd",
    "-Force",
)


def add_hosts(world: World, count: int) -> list[Host]:
    """hv1 and hv2 come from one image (facts 11, 23), hv3 was given a range by hand that overlaps theirs in part."""
    hosts: list[Host] = []
    for index in range(count):
        name, ipv4 = f"hv{index + 1}", f"10.0.10.{10 + index}"
        if index == 1:
            image = hosts[0].registry
            assert image is not None
            hosts.append(world.add_host(name, ipv4, start=image.start, end=image.end))
        elif index == 2:
            hosts.append(world.add_host(name, ipv4, start="00155D0A0A80", end="00155D0A0B7F"))
        else:
            hosts.append(world.add_host(name, ipv4))
    for index, host in enumerate(hosts):
        _add_network(world, host, index)
    world.add_cluster("hci1", [host.name for host in hosts])
    return hosts


def _add_network(world: World, host: Host, index: int) -> None:
    """A SET switch on two uplinks with the management adapter, an internal switch, on hv2 an LBFO team besides."""
    cards = [f"00005E0053{index * 4 + number:02X}" for number in range(4)]
    teams = ("tenant", "tenant", *(("Team1", "Team1") if index == 1 else (None, None)))
    for number, (mac, team) in enumerate(zip(cards, teams, strict=True)):
        host.physical_adapters.append(
            PhysicalAdapter(f"NIC{number + 1}", mac, mac, "Up" if number < 3 or team else "Disconnected", team)
        )
    if index == 1:
        host.physical_adapters[3].mac = cards[2]  # a team shows one member's address on all of them
    world.add_switch(host.name, "tenant", "External", ["NIC1", "NIC2"])
    world.add_switch(host.name, "internal", "Internal")
    world.add_host_adapter(host.name, "Management", "tenant")
    world.add_host_adapter(host.name, "internal", "internal")
    if index == 2:
        pool = MacRange("00155D8A0000", "00155D8A0FFF")
        host.container_networks.append(ContainerNetwork(world.new_id(), "nat", "NAT", [pool]))  # fact 108


def add_cast(world: World, hosts: list[Host]) -> None:
    """The named VMs. Whoever needs another host than there is plays on the last one."""
    at = [hosts[min(index, len(hosts) - 1)].name for index in range(4)]
    _clones(world, at)
    _statics_in_dynamic_land(world, at)
    _moved(world, at)
    _copies(world, at)
    _guests(world, at)
    _hostile(world, at)


def _vm(world: World, host: str, name: str, *, mac: str | None = None, clustered: bool = False, vlan: int = 100) -> str:
    vm = world.create_vm(host, name)
    world.add_adapter(vm, mac=mac, vlan=vlan)
    if clustered:
        world.add_role(vm)
    return vm


def _clones(world: World, at: list[str]) -> None:
    """A template with a static address, cloned to two hosts (fact 95), and a dynamic one cloned on its own host."""
    template = _vm(world, at[0], "app-template", mac="221DD8401001")
    for number, host in enumerate(at[1:3], 1):
        clone = world.clone(template, f"app{number:02}", to=host)
        world.add_role(clone)
    world.start("app01")
    source = _vm(world, at[3], "batch01")
    world.start(source)
    world.advance(world.mac_delay)
    world.clone(source, "batch01-copy")
    world.clone(source, "batch01-away", to=at[0])


def _statics_in_dynamic_land(world: World, at: list[str]) -> None:
    sql = _vm(world, at[0], "sql01", mac="00155D0A0AF0", clustered=True)
    world.start(sql)
    _vm(world, at[3], "sql02", mac="00155D0A0AF1")
    _vm(world, at[2], "legacy-nlb", mac="02BF0A000A32", vlan=200)
    printer = _vm(world, at[1], "print01", mac="221DD8000120", clustered=True)
    world.add_adapter(printer, "Backup", mac="221DD8401010", vlan=300)


def _moved(world: World, at: list[str]) -> None:
    """Dynamic, started on hv1, migrated while running: its old host may hand the address out again (fact 105)."""
    mover = _vm(world, at[0], "mover01", clustered=True)
    world.start(mover)
    world.advance(world.mac_delay)
    world.migrate(mover, at[3])
    world.start(_vm(world, at[1], "twin"))
    _vm(world, at[1], "twin")


def _copies(world: World, at: list[str]) -> None:
    """A replica, and a VM made static after a checkpoint was taken (fact 112)."""
    database = _vm(world, at[3], "db01", mac="221DD8401020", clustered=True)
    world.start(database)
    if at[0] != at[3]:
        world.replicate(database, at[0])
    pinned = _vm(world, at[0], "pinned01", clustered=True)
    world.start(pinned)
    world.advance(world.mac_delay)
    world.checkpoint(pinned, "before pinning")
    world.turn_off(pinned)
    host, vm = world.find(pinned)
    world.set_mac(pinned, vm.adapters[0].mac, host=host.name)


def _guests(world: World, at: list[str]) -> None:
    """Guests that do not simply shut down, and VMs in every other state."""
    old = _vm(world, at[2], "legacy-app", mac="221DD8401030")
    world.add_role(old, shutdown_action=1)  # fact 106
    world.start(old)
    stubborn = _vm(world, at[0], "stubborn01")
    world.set_guest(stubborn, shutdown_seconds=900)
    world.start(stubborn)
    appliance = _vm(world, at[1], "appliance01", mac="221DD8401040")
    world.set_guest(appliance, integration_services=False)
    world.start(appliance)
    saved = _vm(world, at[2], "saved01")
    world.start(saved)
    paused = _vm(world, at[3], "paused01")
    world.start(paused)
    world.advance(world.mac_delay)
    world.save(saved)
    world.pause(paused)
    _vm(world, at[1], "new01", clustered=True)
    pair = [_vm(world, host, f"dc{number}", clustered=True) for number, host in enumerate(at[2:4], 1)]
    for domain_controller in pair:
        world.set_role(domain_controller, anti_affinity=["domain-controllers"])
        world.start(domain_controller)
    router = _vm(world, at[3], "nested01")
    world.set_spoofing(router, True)  # fact 109


def _hostile(world: World, at: list[str]) -> None:
    """Names that are data and nothing else. `web1` is what `web[1]` would match as a pattern."""
    for number, name in enumerate(HOSTILE_NAMES):
        vm = _vm(world, at[number % 4], name, mac=f"221DD84011{number:02X}" if number % 2 else None)
        if number % 3 == 0:
            world.start(vm)
    _vm(world, at[0], "web1")
