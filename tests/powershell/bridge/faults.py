# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in's faults, which hit a cmdlet, as the lab's, which hit a part of an observation or a stage of an operation."""

from __future__ import annotations

from typing import Any

from tests.lab.faults import Faults

Json = dict[str, Any]
DENIED = "Access is denied."
_PARTS = {
    "Get-VMHost": "range",
    "Get-Cluster": "cluster",
    "Get-ClusterNode": "cluster",
    "Get-ClusterGroup": "cluster",
    "Get-VM": "vms",
    "Get-NetAdapter": "physical_adapters",
    "Get-VMSwitch": "switches",
    "Get-HnsNetwork": "container_networks",
}
_READERS = ("Get-VM", "Get-VMHost")
_SETTERS = (
    *("Set-VMNetworkAdapter", "Set-VMHost", "Add-ClusterVirtualMachineRole"),
    *("Add-VMSwitchExtensionPortFeature", "Set-VMSwitchExtensionPortFeature", "Remove-VMSwitchExtensionPortFeature"),
)


class NoCounterpart(Exception):
    """The lab cannot fail like that: the case needs `engines: [powershell]`."""


def to_lab(faults: Json, world: Json, module: str) -> Faults:
    found = Faults()
    for vm in world["vms"]:
        if vm.get("broken"):
            found.add("unreadable", vm=vm["id"], message=vm["broken"], times=None)
    for cmdlet, fault in faults.items():
        details = {"message": fault} if isinstance(fault, str) else fault
        (_observation if module == "host_info" else _operation)(found, cmdlet, details)
    return found


def _observation(found: Faults, cmdlet: str, fault: Json) -> None:
    if cmdlet not in _PARTS or set(fault) != {"message"}:
        raise NoCounterpart(f"{cmdlet}: {fault}")
    if fault["message"] == DENIED:
        found.add("access_denied", part=_PARTS[cmdlet])
    else:
        found.add("unreadable", part=_PARTS[cmdlet], message=fault["message"])


def _operation(found: Faults, cmdlet: str, fault: Json) -> None:
    skip = fault.get("nth", 1) - 1
    times = 1 if "nth" in fault else None
    if fault.get("silent") and cmdlet in (*_SETTERS, "Remove-VM"):
        found.add("ignore_set", skip=skip, times=times)
    elif cmdlet in _READERS and fault.get("message") == DENIED:
        found.add("access_denied", skip=skip, times=times)
    elif cmdlet in _READERS and "message" in fault:
        found.add("fail_op", at="begin", message=fault["message"], skip=skip, times=times)
    elif cmdlet in _SETTERS and "message" in fault:
        found.add("fail_op", at="before_set", message=fault["message"], skip=skip, times=times)
    elif cmdlet == "Start-VM" and "message" in fault:
        found.add("fail_op", at="before_start", message=fault["message"], skip=skip, times=times)
    else:
        raise NoCounterpart(f"{cmdlet}: {fault}")
