# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in modules behave as README.md says."""

from __future__ import annotations

import pytest

from .scenario import scenario, with_state

pytestmark = pytest.mark.usefixtures("powershell")


def test_host_range() -> None:
    _unused, after, _other = scenario(
        r"""
$key = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Virtualization'
say read (Get-VMHost).MacAddressMinimum
Set-VMHost -MacAddressMinimum 00155D020600 -MacAddressMaximum '00-15-5d-02-06-ff'
say set "$((Get-VMHost).MacAddressMinimum) $((Get-VMHost).MacAddressMaximum)"
say bytes ([BitConverter]::ToString((Get-ItemProperty -Path $key).MaximumMacAddress))
say type (Get-ItemPropertyValue -Path $key -Name MinimumMacAddress).GetType().Name
grab dots { Set-VMHost -MacAddressMinimum 0015.5d02.0600 -ErrorAction Stop }
grab short { Set-VMHost -MacAddressMinimum 00155D -ErrorAction Stop }
grab nothing { Set-VMHost -ErrorAction Stop }
Set-VMHost -MacAddressMinimum 001000000000 -WhatIf; say whatif (Get-VMHost).MacAddressMinimum
say passthru (Set-VMHost -MacAddressMinimum 001000000000 -MacAddressMaximum 0010000000FF -Passthru).MacAddressMaximum
say remote (Get-VMHost -ComputerName node2).MacAddressMinimum
grab down { Get-VMHost -ComputerName node3 -ErrorAction Stop }
""",
        {
            "read": "00155D010A00",
            "set": "00155D020600 00155D0206FF",
            "bytes": "00-15-5D-02-06-FF",
            "type": "Byte[]",
            "dots": '~InvalidParameter,Microsoft.HyperV.PowerShell.Commands.SetVMHost|InvalidArgument|"MacAddressMinimum" is not in the correct format.',
            "short": "~not in the correct format",
            "nothing": "~InvalidOperation",
            "whatif": "00155D020600",
            "passthru": "0010000000FF",
            "remote": "00155D010B00",
            "down": "~ObjectNotFound",
        },
    )

    assert after["nodes"]["node1"]["range"] == ["001000000000", "0010000000FF"]


def test_second_hop() -> None:
    scenario(
        """
grab other { Get-VMHost -ComputerName node2 -ErrorAction Stop }
say own (Get-VMHost -ComputerName node1).Name
""",
        {"other": "~AccessDenied", "own": "NODE1"},
        no_credssp=True,
    )


def test_dynamic() -> None:
    scenario(
        """
say never (macs web01)
$vm = Get-VM web01; $nic = $vm.NetworkAdapters[0]
Start-VM -Name web01
say ascending (macs web01)
say live "$($vm.State) $($nic.MacAddress)"
Stop-VM -Name web01 -Force
say kept (macs web01)
Start-VM -VM $vm; say same (macs web01); Stop-VM web01 -TurnOff
Set-VMHost -MacAddressMinimum 00155D0C0000 -MacAddressMaximum 00155D0C0001
say untouched (macs web01)
Start-VM web01; say remade (macs web01); Stop-VM web01 -Save
Set-VMHost -MacAddressMinimum 00155D0D0000 -MacAddressMaximum 00155D0D0001
Start-VM web01; say restored (macs web01); Stop-VM web01 -Force
""",
        {
            "never": "000000000000,000000000000",
            "ascending": "00155D010A01,00155D010A02",
            "live": "Running 00155D010A01",
            "kept": "00155D010A01,00155D010A02",
            "same": "00155D010A01,00155D010A02",
            "untouched": "00155D010A01,00155D010A02",
            "remade": "00155D0C0000,00155D0C0001",
            "restored": "00155D0C0000,00155D0C0001",
        },
    )


def test_exhaustion() -> None:
    full = with_state()
    full["nodes"]["node1"]["range"] = ["00155D010A00", "00155D010A01"]
    scenario(
        """
grab start { Start-VM web01 -ErrorAction Stop }
say state (Get-VM web01).State
say macs (macs web01)
""",
        {
            "start": "~Failed to power on with Error 'Attempt to access invalid address'.",
            "state": "Off",
            "macs": "000000000000,000000000000",
        },
        state=full,
    )


def test_taken() -> None:
    taken = with_state()
    taken["vms"] += [
        {"name": "clone", "node": "node1", "adapters": [{"mac": "00155D010A02"}]},
        {"name": "twin", "node": "node1", "adapters": [{"mac": "00155D010A02"}]},
    ]
    taken["nodes"]["node1"]["next_mac"] = "00155D010A03"
    scenario(
        """
Start-VM clone; say wrap (macs clone)
Start-VM twin; say stays (macs twin)
say next (Get-VM clone).State
""",
        {"wrap": "00155D010A03", "stays": "00155D010A02"},
        state=taken,
    )


def test_wrap() -> None:
    wrapping = with_state()
    wrapping["nodes"]["node1"]["next_mac"] = "00155D010A03"
    scenario(
        """
Start-VM web01; say both (macs web01)
""",
        {"both": "00155D010A03,00155D010A01"},
        state=wrapping,
    )


def test_delay() -> None:
    slow = with_state(delay=1.5)
    scenario(
        """
Start-VM web01; say early (macs web01)
Stop-VM web01 -TurnOff; Start-Sleep 2; say race (macs web01)
Start-VM web01; $nic = (Get-VM web01).NetworkAdapters[1]; while ($nic.MacAddress -eq '000000000000') { Start-Sleep -Milliseconds 200 }; say waited (macs web01)
""",
        {
            "early": "000000000000,000000000000",
            "race": "000000000000,000000000000",
            "waited": "00155D010A03,00155D010A01",
        },
        state=slow,
    )


def test_static() -> None:
    _unused, after, calls = scenario(
        """
grab running { Set-VMNetworkAdapter -VMName db01 -StaticMacAddress 021DD8000002 -MacAddressSpoofing On -ErrorAction Stop }
say unchanged "$(macs db01) $((Get-VMNetworkAdapter -VMName db01).MacAddressSpoofing)"
Set-VMNetworkAdapter -VMName db01 -MacAddressSpoofing On; say spoofing (Get-VMNetworkAdapter -VMName db01).MacAddressSpoofing
Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 02-1d-d8-00-00-01; say all (macs web01)
say flag (Get-VMNetworkAdapter -VMName web01).DynamicMacAddressEnabled
Set-VMNetworkAdapter -VMName web01 -Name Backup -StaticMacAddress 02:1d:d8:00:00:03; say named (macs web01)
say passthru (Get-VMNetworkAdapter -VMName web01 -Name Backup | Set-VMNetworkAdapter -StaticMacAddress 021DD8000004 -Passthru).MacAddress
grab short { Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 021DD80000 -ErrorAction Stop }
grab dotted { Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 021d.d800.0004 -ErrorAction Stop }
grab multicast { Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 25B684178C63 -ErrorAction Stop }
grab both { Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 021DD8000001 -DynamicMacAddress -ErrorAction Stop }
$host_nic = Get-VMNetworkAdapter -ManagementOS
grab object { Set-VMNetworkAdapter -VMNetworkAdapter $host_nic -StaticMacAddress 021DD8000001 -ErrorAction Stop }
Set-VMNetworkAdapter -VMName web01 -DynamicMacAddress; say back "$(macs web01) $((Get-VMNetworkAdapter -VMName web01).DynamicMacAddressEnabled)"
Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 000000000000; grab zero { Start-VM web01 -ErrorAction Stop }
say returns @(Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 021DD8000001).Count
""",
        {
            "running": "~InvalidState",
            "unchanged": "021DD8000001 Off",
            "spoofing": "On",
            "all": "021DD8000001,021DD8000001",
            "flag": "False,False",
            "named": "021DD8000001,021DD8000003",
            "passthru": "021DD8000004",
            "short": '~"StaticMacAddress" is not in the correct format.',
            "dotted": "~not in the correct format",
            "multicast": "~Failed to modify device 'Synthetic Ethernet Port'.",
            "both": "~InvalidParameter",
            "object": "~InvalidParameter",
            "back": "021DD8000001 021DD8000004 True True",
            "zero": "~is unsupported",
            "returns": "0",
        },
    )

    assert [call["cmdlet"] for call in calls][:2] == ["Set-VMNetworkAdapter", "Get-VMNetworkAdapter"]
    assert calls[0]["args"]["StaticMacAddress"] == "021DD8000002"
    assert after["vms"][0]["adapters"][1]["mac"] == "021DD8000001"


def test_machines() -> None:
    scenario(
        """
$new = New-VM -Name new01 -Generation 2 -SwitchName tenant -NoVHD -MemoryStartupBytes 1GB
say new "$($new.State) $($new.NetworkAdapters[0].MacAddress) $($new.NetworkAdapters[0].SwitchName)"
$new.NetworkAdapters | Rename-VMNetworkAdapter -NewName Data; say renamed (Get-VMNetworkAdapter -VMName new01).Name
grab nowhere { New-VM -Name x -SwitchName nope -NoVHD -MemoryStartupBytes 1GB -ErrorAction Stop }
say host ((Get-NetAdapter).Name -contains 'vEthernet (Mgmt)')
grab prompt { Remove-VM new01 -ErrorAction Stop }
Remove-VM new01 -Force; say gone @(Get-VM new01 -ErrorAction SilentlyContinue).Count
$w = $null; Start-VM db01 -WarningVariable w -WarningAction SilentlyContinue; say warns $w.Count
grab replica { Start-VM rep01 -ErrorAction Stop }
grab first { Start-VM rep01, web01 -ErrorAction Stop }; say stops (Get-VM web01).State
Start-VM rep01, web01 -ErrorAction SilentlyContinue; say goeson (Get-VM web01).State
""",
        {
            "new": "Off 000000000000 tenant",
            "renamed": "Data",
            "nowhere": "~unable to find a virtual switch",
            "host": "True",
            "prompt": "~does not support user interaction",
            "gone": "0",
            "warns": "1",
            "replica": "~Replica",
            "first": "~Replica",
            "stops": "Off",
            "goeson": "Running",
        },
    )


def test_port_profile() -> None:
    scenario(
        """
$id = [guid]'9940cd46-8b06-43bb-b9d5-93d50381fd56'; $nic = (Get-VMNetworkAdapter -VMName web01)[0]
say none @(Get-VMSwitchExtensionPortFeature -FeatureId $id -VMNetworkAdapter $nic).Count
$feature = Get-VMSystemSwitchExtensionPortFeature -FeatureId $id
$feature.SettingData.ProfileId = '{11111111-2222-3333-4444-555555555555}'; $feature.SettingData.ProfileData = 1
Add-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $feature -VMNetworkAdapter $nic
$read = Get-VMSwitchExtensionPortFeature -FeatureId $id -VMNetworkAdapter $nic; say added "$($read.SettingData.ProfileId) $($read.SettingData.ProfileData)"
grab twice { Add-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $feature -VMNetworkAdapter $nic -ErrorAction Stop }
$read.SettingData.ProfileData = 2; say unsaved (Get-VMSwitchExtensionPortFeature -FeatureId $id -VMNetworkAdapter $nic).SettingData.ProfileData
Set-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $read -VMNetworkAdapter $nic
say saved (Get-VMSwitchExtensionPortFeature -FeatureId $id -VMNetworkAdapter $nic).SettingData.ProfileData
Remove-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $read -VMNetworkAdapter $nic
say removed @(Get-VMSwitchExtensionPortFeature -FeatureId $id -VMNetworkAdapter $nic).Count
""",
        {
            "none": "0",
            "added": "{11111111-2222-3333-4444-555555555555} 1",
            "twice": "~already exists",
            "unsaved": "1",
            "saved": "2",
            "removed": "0",
        },
    )


def test_states_between() -> None:
    """What is neither on nor off can be neither started nor stopped."""
    scenario(
        """
grab start { Start-VM saving -ErrorAction Stop }
grab resume { Start-VM paused -ErrorAction Stop }; say resumed (Get-VM paused).State
say critical (Get-VM storage).State
""",
        {"start": "~InvalidState", "resume": "ok", "resumed": "Running", "critical": "FastSavedCritical"},
        state=with_state(
            vms=[
                {"name": name, "node": "node1", "state": state}
                for name, state in (("saving", "Saving"), ("paused", "Paused"), ("storage", "FastSavedCritical"))
            ]
        ),
    )


def test_guest_that_cannot_be_asked() -> None:
    state = with_state()
    state["vms"][1]["shutdown_component"] = False
    scenario(
        """
grab asked { Stop-VM db01 -ErrorAction Stop }; say asked_state (Get-VM db01).State
Stop-VM db01 -Force; say forced (Get-VM db01).State
""",
        {"asked": "~does not support user interaction", "asked_state": "Running", "forced": "Off"},
        state=state,
    )
