# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""stop_vm and start_vm, and the guest shutdown that set_vm_macs shares with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import VM, WorldError
from ..model.objects import RUNNING_STATES, SAVED_STATES
from .context import Context, Failed, Outcome, Refused, cmdlet

Json = dict[str, Any]


def refuse_replica(vm: VM) -> None:
    if vm.is_replica:
        raise Refused("replica", f"VM {vm.name} is a replica")


def refuse_saved(vm: VM) -> None:
    if vm.state in SAVED_STATES:
        raise Refused("saved", f"VM {vm.name} is {vm.state}: its saved state is not discarded")


def refuse_transition(vm: VM) -> None:
    if vm.state not in ("Off", *RUNNING_STATES, *SAVED_STATES):
        raise Refused("transition", f"VM {vm.name} is {vm.state}")


def refuse_other_state(vm: VM, expect: Json | None) -> None:
    wanted = (expect or {}).get("state")
    if wanted is not None and wanted.lower() != vm.state.lower():
        raise Refused("changed", f"VM {vm.name} is {vm.state}, expected {wanted}")


def refuse_stop(context: Context, vm: VM) -> None:
    """What forbids a guest shutdown of a running VM, before anything is touched."""
    context.cluster()
    group = context.world.group_of(context.host, vm.id)
    if group and group.shutdown_action == 1:
        raise Refused(
            "shutdown_action",
            f"ShutdownAction of the cluster resource of {vm.name} is 1: the cluster would count a shutdown as a failure",
        )
    # Whether a guest can be asked shows only when it is asked, so check mode does not know.
    if not context.check and not _can_be_asked(vm) and not context.operation["force_off"]:
        raise Refused(
            "shutdown_unavailable", f"the guest of {vm.name} cannot be asked to shut down and force_off is false"
        )


def _can_be_asked(vm: VM) -> bool:
    return vm.state == "Running" and vm.guest.integration_services


def stop_guest(context: Context, vm: VM) -> None:
    """Stop-VM: ask the guest, or turn off where `force_off` allows it. Never through the cluster (facts 106, 117)."""
    operation = context.operation
    hangs = context.fault("guest_hangs") is not None
    try:
        context.stage("stopping")
        context.must_have(vm)
    except Failed as problem:
        if not operation["force_off"] or not context.has(vm) or problem.reason == "access_denied":
            raise
        hangs = True
    if _can_be_asked(vm):
        context.touch()
        timeout = operation["shutdown_timeout"]
        asked_for = vm.guest.shutdown_seconds
        off = context.world.ask_guest_to_shut_down(context.host, vm, timeout, answers=not hangs)
        context.elapsed += timeout if asked_for is None or not off else asked_for
        if not off and not operation["force_off"]:
            raise Failed(
                "shutdown_timeout",
                f"the guest of {vm.name} was asked to shut down and was not off after {timeout} s: "
                "it may still go off and was not restarted",
            )
    if vm.state != "Off":
        context.touch()
        context.world.power_off(vm)
    context.stage("stopped")


def start_guest(context: Context, vm: VM) -> None:
    context.stage("before_start")
    context.must_have(vm)
    try:
        context.world.power_on(context.host, vm)
    except WorldError as problem:
        raise cmdlet(problem) from problem
    context.touch()
    context.stage("started")


def stop_vm(context: Context) -> Outcome:
    vm = context.find(context.operation["vm_id"])
    context.before = {"state": vm.state}
    if vm.state == "Off":
        return context.unchanged()
    refuse_replica(vm)
    refuse_saved(vm)
    refuse_other_state(vm, context.operation["expect"])
    refuse_transition(vm)
    refuse_stop(context, vm)
    if context.check:
        return Outcome("done", {"state": "Off"})
    return _attempt(context, vm, "Off", lambda: stop_guest(context, vm))


def start_vm(context: Context) -> Outcome:
    vm = context.find(context.operation["vm_id"])
    context.before = {"state": vm.state}
    if vm.state in RUNNING_STATES:
        return context.unchanged()
    refuse_replica(vm)
    refuse_other_state(vm, context.operation["expect"])
    refuse_transition(vm)
    if context.check:
        return Outcome("done", {"state": "Running"})
    return _attempt(context, vm, "Running", lambda: start_guest(context, vm))


def _attempt(context: Context, vm: VM, wanted: str, act: Callable[[], None]) -> Outcome:
    problem = None
    try:
        act()
    except Failed as failure:
        problem = failure
    after = {"state": vm.state} if context.has(vm) else None
    if problem is None and after != {"state": wanted}:
        problem = Failed("readback", f"VM {vm.name} reads {after} afterwards, wanted {wanted}")
    return context.failed(problem, after, read=context.has(vm)) if problem else Outcome("done", after)
