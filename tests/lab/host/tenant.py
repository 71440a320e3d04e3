# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""set_port_profile, create_vm, add_cluster_role and remove_vm: what a tenant VM needs from its first day to its last."""

from __future__ import annotations

from typing import Any

from ..model import VM, Adapter, PortProfile, WorldError
from .context import Context, Failed, Outcome, Refused, cmdlet
from .power import refuse_other_state, refuse_replica, refuse_saved, refuse_transition

Json = dict[str, Any]


def set_port_profile(context: Context) -> Outcome:
    operation = context.operation
    vm = context.find(operation["vm_id"])
    adapter = next((a for a in context.adapters(vm) if a.id.lower() == operation["adapter_id"].lower()), None)
    if adapter is None:
        raise Refused("not_found", f"VM {vm.name} has no adapter {operation['adapter_id']}")
    context.before = _profile(adapter)
    wanted = (
        {"profile_id": operation["profile_id"], "profile_data": operation["profile_data"]}
        if operation["profile_id"]
        else None
    )
    if _same(context.before, wanted):
        return context.unchanged()
    if not _same(context.before, operation["expect"]):
        raise Refused("changed", f"the port profile of {vm.name} is {context.before}, expected {operation['expect']}")
    if context.check:
        return Outcome("done", wanted)
    try:
        context.stage("before_set")
        context.must_have(vm)
        if not context.fault("ignore_set"):
            adapter.profile = PortProfile(**wanted) if wanted else None
        context.touch()
        context.stage("after_set")
        if not _same(_profile(adapter), wanted):
            raise Failed("readback", f"the port profile of {vm.name} reads {_profile(adapter)} after it was set")
    except Failed as problem:
        return context.failed(problem, _profile(adapter) if context.has(vm) else None, read=context.has(vm))
    return Outcome("done", _profile(adapter))


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
        context.before = {"vm_id": there.id}
        raise Refused("changed", f"{host.name} already has a VM {there.name}")
    switch = next((s.name for s in host.switches if s.name.lower() == (operation["switch"] or "").lower()), None)
    if operation["switch"] is not None and switch is None:
        raise Refused("not_found", f"there is no virtual switch {operation['switch']!r} on {host.name}")
    context.refuse_late()
    if context.check:
        predicted = {"vm_id": None, "adapter_id": None, "mac": operation["mac"], "dynamic": operation["mac"] is None}
        return Outcome("done", {**predicted, "state": "Off"})
    context.stage("before_set")
    vm, adapter = _make(context, switch)
    try:
        context.stage("created")
        if operation["mac"] is not None:
            context.fail_late()
            if not context.fault("ignore_set"):
                context.world.write_static(vm, adapter, operation["mac"])
            if (adapter.mac, adapter.dynamic) != (operation["mac"], False):
                raise Failed(
                    "readback", f"the adapter of {vm.name} reads {adapter.mac} after {operation['mac']} was set"
                )
    except Failed as problem:
        return context.failed(problem, _created(vm, adapter))
    except WorldError as problem:
        return context.failed(cmdlet(problem), _created(vm, adapter))
    return Outcome("done", _created(vm, adapter))


def _make(context: Context, switch: str | None) -> tuple[VM, Adapter]:
    operation, world = context.operation, context.world
    context.touch()
    vm_id = world.create_vm(context.host.name, operation["name"], operation["generation"], operation["memory_bytes"])
    vm = context.host.vms[vm_id]
    vm.path, vm.vhd_path = operation["path"], operation["vhd_path"]
    world.add_adapter(vm_id, operation["adapter_name"], switch, host=context.host.name)
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
    cluster = context.cluster()
    context.before = _role(context, vm)
    if context.before["clustered"]:
        return context.unchanged()
    if cluster is None:
        raise Refused("not_clustered", f"{context.host.name} is in no cluster")
    refuse_replica(vm)
    if context.check:
        return Outcome("done", {"clustered": True})
    try:
        context.stage("before_set")
        context.must_have(vm)
        if not context.fault("ignore_set"):
            world.add_role(vm.id, operation["name"], context.host.name)
        context.touch()
        if not _role(context, vm)["clustered"]:
            raise Failed("readback", f"VM {vm.name} is no cluster role after it was added")
    except WorldError as problem:
        return context.failed(cmdlet(problem), _role(context, vm))
    except Failed as problem:
        return context.failed(problem, _role(context, vm) if context.has(vm) else None, read=context.has(vm))
    return Outcome("done", _role(context, vm))


def _role(context: Context, vm: VM) -> Json:
    """The cluster decides: the VM says so later."""
    return {"clustered": vm.clustered or context.world.group_of(context.host, vm.id) is not None}


def remove_vm(context: Context) -> Outcome:
    """Only a VM that is off goes, its role before it; its virtual disks stay."""
    operation, world, host = context.operation, context.world, context.host
    if host.hyperv and operation["vm_id"] not in host.vms:
        context.cluster()  # that the VM is nowhere must be proven
    try:
        vm = context.find(operation["vm_id"])
    except Refused as refusal:
        if refusal.reason != "not_found":
            raise
        return context.unchanged()
    context.before = _removable(context, vm)
    refuse_replica(vm)
    refuse_saved(vm)
    refuse_other_state(vm, operation["expect"])
    refuse_transition(vm)
    if vm.state != "Off":
        raise Refused("running", f"VM {vm.name} is {vm.state}: it can be removed only while it is Off")
    context.cluster()
    _refuse_shared_role(context, vm)
    if context.check:
        return Outcome("done")
    try:
        if context.before["clustered"]:
            context.stage("before_set")
            if not context.fault("ignore_set", at="before_set"):
                world.remove_role(vm.id, host.name)
            context.touch()
            if _role(context, vm)["clustered"]:
                raise Failed("readback", f"VM {vm.name} is still a cluster role after that was removed")
        context.stage("stopped")
        context.must_have(vm)
        if vm.state != "Off":
            raise Failed("cmdlet", f"VM {vm.name} is {vm.state} and cannot be removed")
        if not context.fault("ignore_set", at="stopped"):
            world.delete_vm(vm.id, host.name)
        context.touch()
        context.stage("after_set")
        if context.has(vm):
            raise Failed("readback", f"VM {vm.name} is still on {host.name} after it was removed")
    except Failed as problem:
        return context.failed(problem, _removable(context, vm) if context.has(vm) else None)
    return Outcome("done")


def _refuse_shared_role(context: Context, vm: VM) -> None:
    """The whole role would go, with everything that it holds."""
    group = context.world.group_of(context.host, vm.id)
    if group is None:
        return
    cluster = context.world.cluster_of(context.host)
    others = [g.vm_id for g in cluster.groups if g.name == group.name and g is not group] if cluster else []
    held = [*others, *group.resources]
    if held:
        raise Refused("shared_role", f"the role {group.name} of VM {vm.name} also holds {', '.join(held)}")


def _removable(context: Context, vm: VM) -> Json:
    return {"vm_id": vm.id, "name": vm.name, **_role(context, vm), "state": vm.state}
