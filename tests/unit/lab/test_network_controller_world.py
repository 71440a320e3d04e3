# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts report about an interface follows the adapters of the world (facts 70, 85-89)."""

from __future__ import annotations

from typing import Any

from tests.lab.bench import Bench
from tests.lab.bystander import Bystander
from tests.lab.lab import Lab

MAC = "00155D52E711"


def seen(nc: Bystander, name: str = "n1") -> tuple[str, str | None, str | None]:
    """Status, code, server."""
    properties: dict[str, Any] = nc.get("networkInterfaces", name)["properties"]
    state = properties["configurationState"]
    assert properties["provisioningState"] == "Succeeded"
    code = state["detailedInfo"][0]["code"] if "detailedInfo" in state else None
    return state["status"], code, properties.get("server", {}).get("resourceRef")


def test_an_interface_follows_its_vm(nc: Bystander, bench: Bench) -> None:
    profile = nc.interface(mac=MAC)["instanceId"]
    vm = bench.vm(mac=MAC, role=True)
    unseen = ("Uninitialized", None, None)
    assert seen(nc) == unseen
    bench.world.set_profile(vm, f"{{{profile.upper()}}}")
    assert seen(nc) == unseen
    bench.world.start(vm)
    assert seen(nc) == ("Success", "Success", "/servers/hv1")
    bench.world.migrate(vm, "hv2")
    assert seen(nc) == ("Success", "Success", "/servers/hv2")
    bench.world.turn_off(vm)
    assert seen(nc) == unseen


def test_a_wrong_address_or_a_disabled_port_is_a_failure(nc: Bystander, bench: Bench) -> None:
    profile = nc.interface(mac=MAC)["instanceId"]
    vm = bench.vm(mac="00155D52E799")
    bench.world.set_profile(vm, profile)
    bench.world.start(vm)
    assert seen(nc) == ("Failure", "PolicyConfigurationFailureOnVfp", "/servers/hv1")
    told = nc.get("networkInterfaces", "n1")["properties"]["configurationState"]["detailedInfo"][0]["message"]
    assert bench.adapter_id(vm) in told
    bench.world.turn_off(vm)
    bench.world.set_mac(vm, MAC)
    bench.world.start(vm)
    assert seen(nc)[0] == "Success"
    bench.world.set_profile(vm, profile, 2)
    assert seen(nc)[:2] == ("Failure", "PolicyConfigurationFailureOnVfp")


def test_a_host_that_does_not_answer(nc: Bystander, bench: Bench) -> None:
    profile = nc.interface(mac=MAC)["instanceId"]
    vm = bench.vm(mac=MAC)
    bench.world.set_profile(vm, profile)
    bench.world.start(vm)
    bench.world.disconnect_host("hv1")
    assert seen(nc)[:2] == ("Failure", "HostUnreachable")


def test_tenants_of_the_seeded_world(bench: Bench) -> None:
    with Lab.seeded() as lab:
        nc = Bystander(lab.controller)
        statuses = {name: seen(nc, name)[0] for name in ("tenantvm1", "tenantvm2", "nic-vm01-0001", "nic-vm02-0002")}
        nc.session.close()
    assert statuses == {
        "tenantvm1": "Success",
        "tenantvm2": "Failure",
        "nic-vm01-0001": "Uninitialized",
        "nic-vm02-0002": "Uninitialized",
    }
