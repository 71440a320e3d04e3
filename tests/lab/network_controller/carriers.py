# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host agents report about an interface: read from the world, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..model import World
from ..model.objects import RUNNING_STATES

Json = dict[str, Any]


@dataclass(frozen=True)
class Carrier:
    """An adapter whose port carries a profile."""

    host: str
    reachable: bool
    vm: str
    adapter_id: str
    mac: str
    running: bool
    profile_data: int


def carriers(world: World) -> dict[str, list[Carrier]]:
    """By profile id in lower case, without braces (fact 86)."""
    found: dict[str, list[Carrier]] = {}
    with world.lock:
        world.settle()
        for host, vm in world.sightings():
            for adapter in vm.adapters:
                if adapter.profile is not None:
                    carrier = Carrier(
                        host.name,
                        host.reachable,
                        vm.name,
                        adapter.id,
                        adapter.mac,
                        host.up and vm.state in RUNNING_STATES,
                        adapter.profile.profile_data,
                    )
                    found.setdefault(adapter.profile.profile_id.strip("{}").lower(), []).append(carrier)
    return found


def reported(mac: str | None, bound: list[Carrier]) -> tuple[Json, str | None]:
    """configurationState and the host. Until a bound VM runs there is no port to configure (fact 70)."""
    running = [carrier for carrier in bound if carrier.running]
    if not running:
        return {"status": "Uninitialized"}, None
    carrier = next((one for one in running if _problem(mac, one)), running[0])
    problem = _problem(mac, carrier)
    if problem is None:
        info = {"source": "VirtualSwitch", "code": "Success", "message": ""}
    else:
        code, text = problem
        info = {"source": "VirtualSwitch", "code": code, "message": text}
    return {"status": "Failure" if problem else "Success", "detailedInfo": [info]}, carrier.host


def _problem(mac: str | None, carrier: Carrier) -> tuple[str, str] | None:
    """Codes as SdnDiagnostics knows them (fact 70); which one comes when is the lab's reading."""
    port = f"port {carrier.adapter_id} of VM {carrier.vm} on host {carrier.host}"
    if not carrier.reachable:
        return "HostUnreachable", f"The Network Controller cannot reach host {carrier.host}."
    if carrier.profile_data not in (1, 6):  # fact 87
        return "PolicyConfigurationFailureOnVfp", f"Policy cannot be applied to {port}: VFP is disabled there."
    if carrier.mac != mac:
        return (
            "PolicyConfigurationFailureOnVfp",
            f"Policy cannot be applied to {port}: its MAC address is {carrier.mac}, the network interface has {mac}.",
        )
    return None
