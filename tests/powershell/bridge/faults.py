# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in's faults, which hit a cmdlet, as the lab's, which hit a part of an observation or a stage of an operation."""

from __future__ import annotations

from typing import Any

from tests.lab.faults import Faults
from tests.lab.host.context import DENIED

Json = dict[str, Any]
_PARTS = {
    "Get-VMHost": "range",
    "Get-Cluster": "cluster",
    "Get-ClusterGroup": "cluster_groups",
    "Get-VM": "vms",
    "Get-VMSnapshot": "checkpoints",
    "Get-VMSwitchExtensionPortFeature": "port_profiles",
    "Get-NetAdapter": "physical_adapters",
    "Get-VMSwitch": "switches",
    "Get-HnsNetwork": "container_networks",
    "Get-VMNetworkAdapter": "host_adapters",
}
_READERS = ("Get-VM", "Get-VMHost")
_CLUSTER = ("Get-Cluster", "Get-ClusterResource", "Get-ClusterGroup")
# Each cmdlet that changes something, with the operations and the stage of each where it is called.
_STAGES: dict[str, dict[str, str]] = {
    "Set-VMHost": {"set_host_range": "before_set"},
    "New-ItemProperty": {"set_host_range": "before_set"},
    "Remove-ItemProperty": {"clear_host_range": "before_set"},
    "Set-VMNetworkAdapter": {"set_vm_macs": "before_set", "create_vm": "created"},
    "Stop-VM": {"set_vm_macs": "stopping", "stop_vm": "stopping"},
    "Start-VM": {"set_vm_macs": "before_start", "start_vm": "before_start"},
    "New-VM": {"create_vm": "before_set"},
    "Rename-VMNetworkAdapter": {"create_vm": "created"},
    "Add-ClusterVirtualMachineRole": {"add_cluster_role": "before_set"},
    "Remove-ClusterGroup": {"remove_vm": "before_set"},
    "Remove-VM": {"remove_vm": "stopped"},
    "Add-VMSwitchExtensionPortFeature": {"set_port_profile": "before_set"},
    "Set-VMSwitchExtensionPortFeature": {"set_port_profile": "before_set"},
    "Remove-VMSwitchExtensionPortFeature": {"set_port_profile": "before_set"},
}


class NoCounterpart(Exception):
    """The lab cannot fail like that: the case needs `engines: [powershell]`."""


def to_lab(faults: Json, world: Json, node: str, module: str) -> Faults:
    found = Faults()
    for vm in world["vms"]:
        if vm.get("broken"):
            found.add("unreadable", vm=vm["id"], message=vm["broken"], times=None)
    for cmdlet, fault in faults.items():
        details = {"message": fault} if isinstance(fault, str) else fault
        if module == "host_info":
            _observation(found, cmdlet, details, [vm for vm in world["vms"] if vm["node"] == node])
        else:
            _operation(found, cmdlet, details, world)
    return found


def _observation(found: Faults, cmdlet: str, fault: Json, vms: list[Json]) -> None:
    if cmdlet not in _PARTS or len(fault) > 1:
        raise NoCounterpart(f"{cmdlet}: {fault}")
    if fault.get("denied"):
        found.add("access_denied", part=_PARTS[cmdlet], times=None)
    else:
        found.add("unreadable", part=_PARTS[cmdlet], message=fault["message"], times=None)
    if cmdlet == "Get-VMNetworkAdapter":
        for vm in vms:
            message = f"access denied: {DENIED}" if fault.get("denied") else fault["message"]
            found.add("unreadable", vm=vm["id"], message=message, times=None)


def _operation(found: Faults, cmdlet: str, fault: Json, world: Json) -> None:
    often: Json = {"skip": fault.get("nth", 1) - 1, "times": 1 if "nth" in fault else None}
    if cmdlet in _READERS and fault.get("denied"):
        found.add("access_denied", **often)
    elif cmdlet in _READERS and "message" in fault:
        found.add("fail_op", at="begin", message=fault["message"], **often)
    elif cmdlet in _CLUSTER and ("message" in fault or "denied" in fault):
        found.add("unreadable", part="cluster", message=fault.get("message", DENIED), times=None)
    elif cmdlet in _STAGES:
        for op, at in _STAGES[cmdlet].items():
            _at_a_stage(found, fault, world, {"op": op, "at": at}, often)
    else:
        raise NoCounterpart(f"{cmdlet}: {fault}")


def _at_a_stage(found: Faults, fault: Json, world: Json, where: Json, often: Json) -> None:
    if "delay" in fault:
        found.add("slow_op", seconds=fault["delay"], **where, **often)
    if "change" in fault:
        for name, fields in fault["change"].items():
            vm = next(vm for vm in world["vms"] if vm["name"] == name)
            for verb, arguments in _verbs(fields):
                found.add("verb_during", verb=verb, arguments={"vm": vm["id"], **arguments}, **where)
    elif fault.get("silent"):
        if where["at"] in ("stopping", "before_start"):
            raise NoCounterpart(f"{where}: {fault}")
        at = {"at": where["at"]} if where["op"] == "remove_vm" else {}
        found.add("ignore_set", op=where["op"], **at, **often)
    elif "message" in fault or "denied" in fault:
        reason = "access_denied" if fault.get("denied") else "cmdlet"
        found.add("fail_op", message=fault.get("message", DENIED), reason=reason, **where, **often)


def _verbs(fields: Json | None) -> list[tuple[str, Json]]:
    """What somebody else does to a VM, as the stand-in writes it: null, or fields that become different."""
    if fields is None:
        return [("delete_vm", {})]
    verbs: list[tuple[str, Json]] = []
    for name, value in fields.items():
        if name == "name":
            verbs.append(("rename_vm", {"name": value}))
        elif name == "node":
            verbs.append(("migrate", {"to": value}))
        elif name == "state":
            verbs.append(("set_state", {"state": value}))
        else:
            raise NoCounterpart(f"change of {name}")
    return verbs
