# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world from a number: the same seed gives the same world, down to every id."""

from __future__ import annotations

import random

from .cast import add_cast, add_hosts
from .model import Clock, PoolExhausted, World
from .tenants import TENANTS, add_tenants

DEFAULT_HOSTS, DEFAULT_VMS, DEFAULT_SEED = 4, 170, 1
MOST_HOSTS = 64

_ROLES = ("web", "app", "api", "sql", "cache", "mail", "file", "build", "mon", "desk")
_STATES = ("running", "off", "off", "off", "saved", "never", "never")


def build(
    hosts: int = DEFAULT_HOSTS, vms: int = DEFAULT_VMS, seed: int = DEFAULT_SEED, clock: Clock | None = None
) -> World:
    """`vms` counts all VMs over all hosts; about one in five has a second adapter, so that 170 carry some 200."""
    if not 1 <= hosts <= MOST_HOSTS:
        raise ValueError(f"hosts is {hosts}: the lab has 1 to {MOST_HOSTS}")
    if vms < 0:
        raise ValueError(f"vms is {vms}: it cannot be negative")
    world = World(seed=seed, clock=Clock(frozen=True))
    places = add_hosts(world, hosts)
    add_cast(world, places)
    named = sum(len(host.vms) for host in places)
    for number in range(named, vms - len(TENANTS)):
        _add_ordinary(world, places[number % hosts].name, number, world.rng)
    add_tenants(world, places)
    world.advance(world.mac_delay)
    if clock is not None:
        world.clock = clock
        for _host, vm in world.sightings():
            vm.off_at = None
    return world


def _add_ordinary(world: World, host: str, number: int, rng: random.Random) -> None:
    """Most are off or shut down when asked; three of five are dynamic."""
    vm = world.create_vm(host, f"{rng.choice(_ROLES)}-{number:04}", rng.choice((1, 2, 2, 2)))
    static = rng.random() < 0.4
    base = 0x221DD8_420000 + number * 4
    world.add_adapter(vm, mac=f"{base:012X}" if static else None, vlan=rng.choice((100, 100, 200)))
    if rng.random() < 0.2:
        world.add_adapter(vm, "Storage", mac=f"{base + 1:012X}" if static else None, vlan=300)
    if rng.random() < 0.5:
        world.add_role(vm)
    state = rng.choice(_STATES)
    if state == "never":
        return
    try:
        world.start(vm)
    except PoolExhausted:
        return  # 256 addresses do not last for ever (fact 11): it stays off
    world.advance(world.mac_delay)
    if state == "off":
        world.turn_off(vm)
    elif state == "saved":
        world.save(vm)
