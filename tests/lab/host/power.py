# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""stop_vm and start_vm, and the guest shutdown that set_vm_macs shares with them."""

from __future__ import annotations

from typing import Any

from ..model import VM, WorldError
from ..model.objects import RUNNING_STATES, SAVED_STATES
from .context import Context, Failed, Outcome, Refused, cmdlet

Json = dict[str, Any]


def refuse_saved(vm: VM, before: Json) -> None:
    if vm.state in SAVED_STATES:
        raise Refused("saved", f"VM {vm.name} is {vm.state}: its saved state is not discarded", before)


def refuse_transition(vm: VM, before: Json) -> None:
    if vm.state not in ("Off", *RUNNING_STATES, *SAVED_STATES):
        raise Refused("transition", f"VM {vm.name} is {vm.state}", before)


def refuse_other_state(vm: VM, expect: Json | None, before: Json) -> None:
    wanted = (expect or {}).get("state")
    if wanted is not None and wanted.lower() != vm.state.lower():
        raise Refused("changed", f"VM {vm.name} is {vm.state}, expected {wanted}", before)


def refuse_stop(context: Context, vm: VM, before: Json) -> None:
    """What forbids a guest shutdown of a running VM, before anything is touched."""
    group = context.world.group_of(context.host, vm.id)
    if group and group.shutdown_action == 1:
        raise Refused(
            "shutdown_action",
            f"ShutdownAction of the cluster resource of {vm.name} is 1: the cluster would count a shutdown as a failure",
            before,
        )
    # Whether a guest can be asked shows only when it is asked, so check mode does not know.
    if not context.check and not _can_be_asked(vm) and not context.operation["force_off"]:
        raise Refused(
            "shutdown_unavailable",
            f"the guest of {vm.name} cannot be asked to shut down and force_off is false",
            before,
        )


def _can_be_asked(vm: VM) -> bool:
    return vm.state == "Running" and vm.guest.integration_services


def stop_guest(context: Context, vm: VM) -> None:
    """Stop-VM: ask the guest, or turn off where `force_off` allows it. Never through the cluster (facts 106, 117)."""
    operation = context.operation
    answers = context.fault("guest_hangs") is None
    context.touch()
    if _can_be_asked(vm):
        off = context.world.ask_guest_to_shut_down(context.host, vm, operation["shutdown_timeout"], answers=answers)
        if not off and not operation["force_off"]:
            raise Failed(
                "shutdown_timeout",
                f"the guest of {vm.name} was asked to shut down and was not off after {operation['shutdown_timeout']} s: "
                "it may still go off and was not restarted",
            )
    if vm.state != "Off":
        context.world.power_off(vm)
    context.stage("stopped")


def start_guest(context: Context, vm: VM) -> None:
    context.stage("before_start")
    context.touch()
    try:
        context.world.power_on(context.host, vm)
    except WorldError as problem:
        raise cmdlet(problem) from problem
    context.stage("started")


def stop_vm(context: Context) -> Outcome:
    vm = context.find(context.operation["vm_id"])
    before = {"state": vm.state}
    if vm.state == "Off":
        return Outcome("unchanged", before, before)
    if vm.is_replica:
        raise Refused("replica", f"VM {vm.name} is a replica", before)
    refuse_saved(vm, before)
    refuse_other_state(vm, context.operation["expect"], before)
    refuse_transition(vm, before)
    refuse_stop(context, vm, before)
    if context.check:
        return Outcome("done", before, {"state": "Off"})
    return _attempt(context, vm, before, lambda: stop_guest(context, vm))


def start_vm(context: Context) -> Outcome:
    vm = context.find(context.operation["vm_id"])
    before = {"state": vm.state}
    if vm.state in RUNNING_STATES:
        return Outcome("unchanged", before, before)
    if vm.is_replica:
        raise Refused("replica", f"VM {vm.name} is a replica", before)
    refuse_other_state(vm, context.operation["expect"], before)
    refuse_transition(vm, before)
    if context.check:
        return Outcome("done", before, {"state": "Running"})
    return _attempt(context, vm, before, lambda: start_guest(context, vm))


def _attempt(context: Context, vm: VM, before: Json, act: Any) -> Outcome:
    try:
        act()
    except Failed as problem:
        return Outcome("failed", before, {"state": vm.state}, problem.reason, problem.message)
    return Outcome("done", before, {"state": vm.state})
