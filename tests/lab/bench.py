# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small world with a clock that stands still, and a way to run the scripts in it without a network."""

from __future__ import annotations

import json
from typing import Any

from .faults import Faults
from .model import Clock, World
from .payload import Call
from .scripts import Answer, run

Json = dict[str, Any]


class Bench:
    """Two clustered hosts, hv1 and hv2, one lone host, and one without Hyper-V."""

    def __init__(self) -> None:
        self.world = World(seed=7, clock=Clock(frozen=True))
        self.faults = Faults()
        for name, ipv4 in (("hv1", "10.0.10.10"), ("hv2", "10.0.10.11"), ("lone", "10.0.10.12")):
            self.world.add_host(name, ipv4)
            self.world.add_switch(name, "tenant")
        self.world.add_host("plain", "10.0.10.13", hyperv=False)
        self.world.add_cluster("hci1", ["hv1", "hv2"])

    def vm(self, name: str = "web01", host: str = "hv1", mac: str | None = None, *, role: bool = False) -> str:
        vm = self.world.create_vm(host, name)
        self.world.add_adapter(vm, mac=mac)
        if role:
            self.world.add_role(vm)
        return vm

    def running(self, name: str = "web01", host: str = "hv1", mac: str | None = None, *, role: bool = False) -> str:
        vm = self.vm(name, host, mac, role=role)
        self.world.start(vm)
        self.world.advance(self.world.mac_delay)
        return vm

    def mac(self, vm: str, host: str | None = None) -> str:
        return self.world.find(vm, host)[1].adapters[0].mac

    def adapter_id(self, vm: str, host: str | None = None) -> str:
        return self.world.find(vm, host)[1].adapters[0].id

    def state(self, vm: str, host: str | None = None) -> str:
        return self.world.find(vm, host)[1].state

    def answer(self, script: str, host: str = "hv1", check: bool = False, **options: Any) -> Answer:
        call = Call(f"macpool.hyperv.{script}", {**options, "_ansible_check_mode": check})
        return run(self.world, self.faults, self.world.host(host), call)

    def run(self, script: str, host: str = "hv1", check: bool = False, **options: Any) -> Json:
        result: Json = json.loads(self.answer(script, host, check, **options).stdout)
        return result

    def observe(self, host: str = "hv1", **options: Any) -> Json:
        found: Json = self.run("host_info", host, **options)["observation"]
        return found

    def apply(self, *operations: Json, host: str = "hv1", check: bool = False, **options: Any) -> Json:
        return self.run("host_apply", host, check, schema=1, operations=list(operations), **options)

    def one(self, operation: Json, host: str = "hv1", check: bool = False) -> Json:
        """The result of a single operation."""
        answer = self.apply(operation, host=host, check=check)
        assert "results" in answer, answer
        result: Json = answer["results"][0]
        return result

    def macs(self, vm: str, mac: str | None, host: str | None = None, **more: Any) -> Json:
        """A set_vm_macs for the only adapter that expects what is there."""
        adapter = self.world.find(vm, host)[1].adapters[0]
        wanted: Json = {"dynamic": True} if mac is None else {"mac": mac}
        expect = {"mac": adapter.mac, "dynamic": adapter.dynamic}
        entry = {"adapter_id": adapter.id, "expect": expect, **wanted}
        return {"op": "set_vm_macs", "id": "1", "vm_id": vm, "adapters": [entry], **more}
