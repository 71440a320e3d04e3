# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""set_port_profile, create_vm, add_cluster_role and remove_vm: what a tenant VM needs from its first day to its last."""

from __future__ import annotations

from typing import Any

from ..model import VM, Adapter, PortProfile, WorldError
from .context import Context, Failed, Outcome, Refused, cmdlet
from .power import refuse_other_state, refuse_saved, refuse_transition

Json = dict[str, Any]


def set_port_profile(context: Context) -> Outcome:
    operation = context.operation
    vm = context.find(operation["vm_id"])
    adapter = next((a for a in vm.adapters if a.id.lower() == operation["adapter_id"].lower()), None)
    if adapter is None:
        raise Refused("not_found", f"VM {vm.name} has no adapter {operation['adapter_id']}")
    before = _profile(adapter)
    wanted = (
        {"profile_id": operation["profile_id"], "profile_data": operation["profile_data"]}
        if operation["profile_id"]
        else None
    )
    if _same(before, wanted):
        return Outcome("unchanged", before, before)
    if not _same(before, operation["expect"]):
        raise Refused("changed", f"the port profile of {vm.name} is {before}, expected {operation['expect']}", before)
    if context.check:
        return Outcome("done", before, wanted)
    try:
        context.stage("before_set")
        if not context.fault("ignore_set"):
            context.touch()
            adapter.profile = PortProfile(**wanted) if wanted else None
        context.stage("after_set")
        if not _same(_profile(adapter), wanted):
            raise Failed("readback", f"the port profile of {vm.name} reads {_profile(adapter)} after it was set")
    except Failed as problem:
        return Outcome("failed", before, _profile(adapter), problem.reason, problem.message)
    return Outcome("done", before, _profile(adapter))


def _profile(adapter: Adapter) -> Json | None:
    profile = adapter.profile
    return {"profile_id": profile.profile_id, "profile_data": profile.profile_data} if profile else None


def _same(one: Json | None, other: Json | None) -> bool:
    if one is None or other is None:
        return one is other
    same_id = str(one["profile_id"]).lower() == str(other["profile_id"]).lower()
    return same_id and one["profile_data"] == other["profile_data"]


def create_vm(context: Context) -> Outcome:
    operation, host = context.operation, context.host
    if not host.hyperv:
        raise Refused("unsupported", f"{host.name} has no Hyper-V")
    there = next((vm for vm in host.vms.values() if vm.name.lower() == operation["name"].lower()), None)
    if there:
        raise Refused("changed", f"{host.name} already has a VM {there.name}", {"vm_id": there.id})
    if operation["switch"] is not None and operation["switch"].lower() not in (s.name.lower() for s in host.switches):
        return Outcome(
            "failed", None, None, "cmdlet", f"there is no virtual switch {operation['switch']!r} on {host.name}"
        )
    if context.check:
        predicted = {"vm_id": None, "adapter_id": None, "mac": operation["mac"], "dynamic": operation["mac"] is None}
        return Outcome("done", None, {**predicted, "state": "Off"})
    vm, adapter = _make(context)
    try:
        context.stage("created")
        if operation["mac"] is not None:
            if not context.fault("ignore_set"):
                context.world.write_static(vm, adapter, operation["mac"])
            if (adapter.mac, adapter.dynamic) != (operation["mac"], False):
                raise Failed(
                    "readback", f"the adapter of {vm.name} reads {adapter.mac} after {operation['mac']} was set"
                )
    except Failed as problem:
        return Outcome("failed", None, _created(vm, adapter), problem.reason, problem.message)
    except WorldError as problem:
        return Outcome("failed", None, _created(vm, adapter), "cmdlet", str(problem))
    return Outcome("done", None, _created(vm, adapter))


def _make(context: Context) -> tuple[VM, Adapter]:
    operation, world = context.operation, context.world
    context.touch()
    vm_id = world.create_vm(context.host.name, operation["name"], operation["generation"], operation["memory_bytes"])
    vm = context.host.vms[vm_id]
    vm.path, vm.vhd_path = operation["path"], operation["vhd_path"]
    world.add_adapter(vm_id, operation["adapter_name"], operation["switch"], host=context.host.name)
    return vm, vm.adapters[0]


def _created(vm: VM, adapter: Adapter) -> Json:
    return {
        "vm_id": vm.id,
        "adapter_id": adapter.id,
        "mac": adapter.mac,
        "dynamic": adapter.dynamic,
        "state": vm.state,
    }


def add_cluster_role(context: Context) -> Outcome:
    operation, world = context.operation, context.world
    vm = context.find(operation["vm_id"])
    before = _role(vm)
    if before["clustered"]:
        return Outcome("unchanged", before, before)
    if world.cluster_of(context.host) is None:
        raise Refused("not_clustered", f"{context.host.name} is in no cluster", before)
    if vm.is_replica:
        raise Refused("replica", f"VM {vm.name} is a replica", before)
    if context.check:
        return Outcome("done", before, {"clustered": True})
    try:
        context.stage("before_set")
        if not context.fault("ignore_set"):
            context.touch()
            world.add_role(vm.id, operation["name"], context.host.name)
        if not _role(vm)["clustered"]:
            raise Failed("readback", f"VM {vm.name} is no cluster role after it was added")
    except WorldError as problem:
        failure = cmdlet(problem)
        return Outcome("failed", before, _role(vm), failure.reason, failure.message)
    except Failed as problem:
        return Outcome("failed", before, _role(vm), problem.reason, problem.message)
    return Outcome("done", before, _role(vm))


def _role(vm: VM) -> Json:
    return {"clustered": vm.clustered}


def remove_vm(context: Context) -> Outcome:
    """Only a VM that is off goes, its role before it; its virtual disks stay."""
    operation, world, host = context.operation, context.world, context.host
    try:
        vm = context.find(operation["vm_id"])
    except Refused as refusal:
        if refusal.reason != "not_found":
            raise
        return Outcome("unchanged", None, None)
    before = _removable(vm)
    if vm.is_replica:
        raise Refused("replica", f"VM {vm.name} is a replica", before)
    refuse_saved(vm, before)
    refuse_other_state(vm, operation["expect"], before)
    refuse_transition(vm, before)
    if vm.state != "Off":
        raise Refused("running", f"VM {vm.name} is {vm.state}: it can be removed only while it is Off", before)
    if context.check:
        return Outcome("done", before, None)
    try:
        context.stage("before_set")
        if vm.clustered:
            context.touch()
            world.remove_role(vm.id, host.name)
            context.stage("stopped")
        if not context.fault("ignore_set"):
            context.touch()
            world.delete_vm(vm.id, host.name)
        context.stage("after_set")
        if vm.id in host.vms:
            raise Failed("readback", f"VM {vm.name} is still on {host.name} after it was removed")
    except Failed as problem:
        after = _removable(vm) if vm.id in host.vms else None
        return Outcome("failed", before, after, problem.reason, problem.message)
    return Outcome("done", before, None)


def _removable(vm: VM) -> Json:
    return {"vm_id": vm.id, "name": vm.name, "clustered": vm.clustered, "state": vm.state}
