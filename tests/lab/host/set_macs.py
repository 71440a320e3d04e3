# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""set_vm_macs: the addresses of all adapters of one VM at once."""

from __future__ import annotations

from typing import Any

from ..model import VM, Adapter, WorldError
from ..model.objects import RUNNING_STATES
from .context import Context, Failed, Outcome, Refused, cmdlet
from .power import (
    refuse_other_state,
    refuse_replica,
    refuse_saved,
    refuse_stop,
    refuse_transition,
    start_guest,
    stop_guest,
)

Json = dict[str, Any]
Pair = tuple[Adapter, Json]


def set_vm_macs(context: Context) -> Outcome:
    operation = context.operation
    vm = context.find(operation["vm_id"])
    pairs = _pairs(context.adapters(vm), operation["adapters"])
    context.before = _read(vm, pairs)
    if len(pairs) < len(operation["adapters"]):
        raise Refused("not_found", f"VM {vm.name} has not all the adapters that are named: see 'before'")
    open_pairs = [pair for pair in pairs if not _as_wanted(*pair)]
    if not open_pairs:
        return context.unchanged()
    refuse_replica(vm)
    refuse_saved(vm)
    refuse_other_state(vm, operation["expect"])
    _refuse_other_adapters(vm, open_pairs)
    refuse_transition(vm)
    running = vm.state in RUNNING_STATES
    if running and operation["power"] != "restart":
        raise Refused("running", f"VM {vm.name} is {vm.state}")
    if running:
        refuse_stop(context, vm)
    context.refuse_late()
    if context.check:
        return Outcome("done", _predict(vm, pairs, running))
    problem = _restart_around(context, vm, open_pairs) if running else _try_set(context, vm, open_pairs)
    after = _read(vm, pairs) if context.has(vm) else None
    return context.failed(problem, after, read=context.has(vm)) if problem else Outcome("done", after)


def _pairs(adapters: list[Adapter], wanted: list[Json]) -> list[Pair]:
    """The adapters that exist, in the order asked for."""
    there = {adapter.id.lower(): adapter for adapter in adapters}
    return [(there[item["adapter_id"].lower()], item) for item in wanted if item["adapter_id"].lower() in there]


def _as_wanted(adapter: Adapter, wanted: Json) -> bool:
    if wanted["mac"] is None:
        return adapter.dynamic
    return not adapter.dynamic and adapter.mac == wanted["mac"]


def _refuse_other_adapters(vm: VM, pairs: list[Pair]) -> None:
    for adapter, wanted in pairs:
        expect = wanted["expect"]
        if (adapter.mac, adapter.dynamic) != (expect["mac"], expect["dynamic"]):
            raise Refused(
                "changed",
                f"adapter {adapter.name} of VM {vm.name} has {adapter.mac} ({_flag(adapter.dynamic)}), "
                f"expected {expect['mac']} ({_flag(expect['dynamic'])})",
            )


def _flag(dynamic: bool) -> str:
    return "dynamic" if dynamic else "static"


def _read(vm: VM, pairs: list[Pair]) -> Json:
    return {
        "state": vm.state,
        "adapters": [{"adapter_id": a.id, "mac": a.mac, "dynamic": a.dynamic} for a, _wanted in pairs],
    }


def _predict(vm: VM, pairs: list[Pair], running: bool) -> Json:
    """What will be read: nobody can know the address of an adapter that becomes dynamic."""
    adapters = []
    for adapter, wanted in pairs:
        row: Json = {"adapter_id": adapter.id, "mac": adapter.mac, "dynamic": adapter.dynamic}
        if not _as_wanted(adapter, wanted):
            row.update(mac=wanted["mac"], dynamic=wanted["mac"] is None)
        adapters.append(row)
    return {"state": "Running" if running else vm.state, "adapters": adapters}


def _try_set(context: Context, vm: VM, pairs: list[Pair]) -> Failed | None:
    try:
        for adapter, wanted in pairs:
            context.stage("before_set")
            context.must_have(vm)
            context.fail_late()
            if not context.fault("ignore_set"):
                _set(context, vm, adapter, wanted)
            context.touch()
            context.stage("after_set")
        for adapter, wanted in pairs:
            if not _as_wanted(adapter, wanted):
                raise Failed(
                    "readback",
                    f"adapter {adapter.name} of VM {vm.name} reads {adapter.mac} ({_flag(adapter.dynamic)}) after it was set",
                )
    except Failed as problem:
        return problem
    return None


def _set(context: Context, vm: VM, adapter: Adapter, wanted: Json) -> None:
    try:
        if wanted["mac"] is None:
            context.world.write_dynamic(vm, adapter)
        else:
            context.world.write_static(vm, adapter, wanted["mac"])
    except WorldError as problem:
        raise cmdlet(problem) from problem


def _restart_around(context: Context, vm: VM, pairs: list[Pair]) -> Failed | None:
    """Guest shutdown, set, start: what ran runs again whatever happened in between, unless it never went off."""
    problem: Failed | None = None
    try:
        stop_guest(context, vm)
    except Failed as failure:
        problem = failure
    if vm.state != "Off" or not context.has(vm):
        return problem
    problem = problem or _try_set(context, vm, pairs)
    try:
        start_guest(context, vm)
    except Failed as failure:
        problem = problem or failure
    return problem
