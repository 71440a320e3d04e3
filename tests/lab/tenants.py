# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs whose adapters are bound to interfaces of the Network Controller: one agrees, one does not (fact 89)."""

from __future__ import annotations

from .model import Host, World
from .network_controller.seeding import interface_of

DRIFTED = "221DD8403002"
TENANTS = ("tenantvm1", "tenantvm2")


def add_tenants(world: World, hosts: list[Host]) -> None:
    """The interfaces nic-vm01-0001 and nic-vm02-0002 have no VM."""
    for number, name in enumerate(TENANTS):
        interface = interface_of(name)
        mac = interface["properties"]["privateMacAddress"] if name == "tenantvm1" else DRIFTED
        vm = world.create_vm(hosts[number % len(hosts)].name, name)
        world.add_adapter(vm, mac=mac)
        world.set_profile(vm, f"{{{interface['instanceId']}}}")
        world.add_role(vm)
        world.start(vm)
