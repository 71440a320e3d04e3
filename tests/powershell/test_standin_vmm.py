# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in modules behave as README.md says."""

from __future__ import annotations

from typing import Any

import pytest

from .runner import Json
from .scenario import scenario, with_state

pytestmark = pytest.mark.usefixtures("powershell")

# What a console host and the VMM server itself ask.
SERVERS = """
grab here { Get-SCMACAddressPool -ErrorAction Stop }
grab connect { Get-SCVMMServer -ComputerName vmm1.lab.example -ErrorAction Stop }
grab session { Get-SCMACAddressPool -ErrorAction Stop }
grab other { Get-SCMACAddressPool -VMMServer other -ErrorAction Stop }
"""

RECORDS = r"""
$c = Get-SCVMMServer -ComputerName vmm1
$west = Get-SCVMHostGroup -Name West; say west "$($west.Name) $($west.Path)"
say hosts ((Get-SCVMHost | ForEach-Object { "$($_.Name) $($_.VMHostGroup.Name)" }) -join ',')
say far @(Get-SCVirtualMachine -Name far01).Count
$pool = Get-SCMACAddressPool -Name 'Default MAC address pool'
say groups "$($pool.HostGroups.Name)|$($pool.VMHostGroups.Name)"
$kept = Get-SCMACAddress -All
say kept "$($kept.Address) $($kept.State) $(@(Get-SCMACAddress -All -UnAssigned).Count) $([bool]$kept.PSObject.Properties['VirtualNetworkAdapter'])"
grab missing { Get-SCVirtualMachine -ID ([guid]::Empty) -ErrorAction Stop }
$old = Get-SCVirtualMachine -Name old01; $nic = @(Get-SCVirtualNetworkAdapter -VM $old)[0]
say before "$($old.VirtualMachineState) $($nic.MACAddress) $($nic.MACAddressType)"
$null = Read-SCVirtualMachine -VM $old
say after "$($old.VirtualMachineState) $($nic.MACAddress) $($nic.MACAddressType)"
$bad = Get-SCVirtualMachine -Name bad01
say swallowed "$($null -eq $bad.VirtualNetworkAdapters)"
grab getter { $bad.PSObject.Properties['VirtualNetworkAdapters'].get_Value() }
grab nics { Get-SCVirtualNetworkAdapter -VM $bad -ErrorAction Stop }
$web = @(Get-SCVirtualNetworkAdapter -VM (Get-SCVirtualMachine -Name web01))
$grant = Grant-SCMACAddress -MACAddressPool $pool -VirtualNetworkAdapter $web[1]
$held = (Get-SCMACAddress -GrantToObjectID $web[1].ID).Address
say held "$held $(@(Get-SCMACAddress -GrantToObjectID $web[0].ID).Count) $(@(Get-SCMACAddress -MACAddressPool $pool).Count)"
$null = Revoke-SCMACAddress -AllocatedMACAddress $grant -ReturnToPool $false
say revoked "$(@(Get-SCMACAddress -GrantToObjectID $web[1].ID).Count) $(@(Get-SCMACAddress -All).Count)"
"""


def vmm_state(**vmm: Any) -> Json:
    """Return a cluster of which VMM knows less than all, and not the newest."""
    changed = with_state()
    changed["nodes"]["node2"]["vmm_host_group"] = "All Hosts\\West"
    changed["nodes"]["node4"] = {"vmm_managed": False}
    changed["vms"] += [
        {"name": "far01", "node": "node4"},
        {"name": "bad01", "node": "node1", "broken": "corrupt", "adapters": [{}]},
        {
            "name": "old01",
            "node": "node1",
            "state": "Running",
            "adapters": [{"mac": "021DD8000009", "dynamic": False}],
            "vmm_record": {"state": "Off", "adapters": [{"mac": "021DD8000008", "dynamic": True}]},
        },
    ]
    pool = "00000000-0000-4000-8000-000000000001"
    changed["vmm"] = {
        **changed["vmm"],
        "host_groups": ["All Hosts", "All Hosts\\West"],
        "granted": [{"mac": "001DD8B71C05", "pool": pool}],
        **vmm,
    }
    changed["vmm"]["pools"][0]["id"] = pool
    return changed


def test_vmm() -> None:
    scenario(
        """
$server = Get-SCVMMServer -ComputerName vmm1; say server $server.Name
grab unreachable { Get-SCVMMServer -ComputerName other -ErrorAction Stop }
$pool = Get-SCMACAddressPool -Name 'Default MAC address pool'; say pool "$($pool.MACAddressRangeStart) $($pool.MACAddressRangeEnd)"
$group = Get-SCVMHostGroup -Name 'All Hosts'
grab overlap {
New-SCMACAddressPool -Name x -MACAddressRangeStart 00-1D-D8-B7-1C-00 -MACAddressRangeEnd 00-1D-D8-B7-1C-FF -VMHostGroup $group -ErrorAction Stop }
grab prefix { New-SCMACAddressPool -Name x -MACAddressRangeStart 00-15-5D-00-00-00 -MACAddressRangeEnd 00-15-5D-00-00-FF -VMHostGroup $group -ErrorAction Stop }
grab multicast {
New-SCMACAddressPool -Name x -MACAddressRangeStart 03-00-00-00-00-00 -MACAddressRangeEnd 03-00-00-00-00-FF -VMHostGroup $group -ErrorAction Stop }
$own = New-SCMACAddressPool -Name own -MACAddressRangeStart 02-00-00-00-00-00 -MACAddressRangeEnd 02-00-00-00-00-FF -VMHostGroup $group
say new $own.MACAddressRangeStart
$null = Set-SCMACAddressPool -MACAddressPool $own -Name mine; say renamed $own.Name
$vm = Get-SCVirtualMachine -Name web01; $nic = @(Get-SCVirtualNetworkAdapter -VM $vm)[0]
$grant = Grant-SCMACAddress -MACAddressPool $own -VirtualNetworkAdapter $nic; say grant "$($grant.Address) $($nic.MACAddress)"
$null = Set-SCVirtualNetworkAdapter -VirtualNetworkAdapter $nic -MACAddressType Static -MACAddress $grant.Address; say set (macs web01)
grab used { Remove-SCMACAddressPool -MACAddressPool $own -ErrorAction Stop }
$null = Revoke-SCMACAddress -AllocatedMACAddress $grant; say revoked @(Get-SCMACAddress -MACAddressPool $own).Count
$db = Get-SCVirtualMachine -Name db01
grab running {
$nic = @(Get-SCVirtualNetworkAdapter -VM $db)[0]
Set-SCVirtualNetworkAdapter -VirtualNetworkAdapter $nic -MACAddressType Static -MACAddress 02-00-00-00-00-05 -ErrorAction Stop }
$null = Stop-SCVirtualMachine -VM $db -Force; say stopped (Get-VM db01).State
""",
        {
            "server": "vmm1",
            "unreachable": "~1602",
            "pool": "00:1D:D8:B7:1C:00 00:1D:D8:F4:1F:FF",
            "overlap": "~overlaps",
            "prefix": "~reserved",
            "multicast": "~multicast",
            "new": "02:00:00:00:00:00",
            "renamed": "mine",
            "grant": "02:00:00:00:00:00 00:00:00:00:00:00",
            "set": "020000000000,000000000000",
            "used": "~cannot be removed",
            "revoked": "0",
            "running": "~not stopped",
            "stopped": "Off",
        },
    )


def test_vmm_from_a_console_host() -> None:
    scenario(SERVERS, {"here": "~1602", "connect": "ok", "session": "ok", "other": "~1602"})


def test_vmm_on_the_server() -> None:
    scenario(SERVERS, {"here": "ok", "session": "ok"}, node="vmm1")


def test_vmm_records() -> None:
    scenario(
        RECORDS,
        {
            "west": "West All Hosts\\West",
            "hosts": "node1.lab.example All Hosts,node2.lab.example West,node3.lab.example All Hosts",
            "far": "0",
            "groups": "All Hosts|",
            "kept": "00:1D:D8:B7:1C:05 Unassigned 1 True",
            "missing": "ok",
            "before": "PowerOff 02:1D:D8:00:00:08 Dynamic",
            "after": "Running 02:1D:D8:00:00:09 Static",
            "swallowed": "True",
            "getter": "~corrupt",
            "nics": "~corrupt",
            "held": "00:1D:D8:B7:1C:00 0 2",
            "revoked": "0 2",
        },
        state=vmm_state(),
    )


def test_vmm_the_other_way_round() -> None:
    scenario(
        RECORDS,
        {"groups": "|All Hosts", "kept": "00:1D:D8:B7:1C:05 Unassigned 1 False", "missing": "~801", "revoked": "0 1"},
        state=vmm_state(former_objects=True, missing_is_error=True, loses_kept_addresses=True),
    )


def test_vmm_changes() -> None:
    scenario(
        """
$c = Get-SCVMMServer -ComputerName vmm1
say pools @(Get-SCMACAddressPool).Count
say groups @(Get-SCVMHostGroup).Count
""",
        {"pools": "0", "groups": "2"},
        state=vmm_state(),
        faults={"Get-SCMACAddressPool": {"change": {"@vmm": {"pools": []}}}},
    )
