# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in modules behave as README.md says."""

from __future__ import annotations

import re

import pytest

from .scenario import scenario, with_state
from .standin.generate import HERE, contracts

pytestmark = pytest.mark.usefixtures("powershell")


def test_modules() -> None:
    scenario(
        """
say available (Get-Module -ListAvailable Hyper-V).Name
say autoload (Get-VM db01).Name
say type (Get-Command Get-VM).CommandType
say alias (Get-Command Get-VMCheckpoint).ResolvedCommand.Name
Import-Module Hyper-V -Force; Import-Module FailoverClusters
say exports ((Get-Module Hyper-V).ExportedCmdlets.Count -gt 15)
say foreign (Get-Module Hyper-V).ExportedCmdlets.ContainsKey('Get-Cluster')
$file = "$env:TEMP/r.ps1"; '#Requires -Modules Hyper-V' + "`n" + '"inside"' | Set-Content $file; say requires (& $file)
say computer $env:COMPUTERNAME
say service (Get-Service -Name vmms).Status
""",
        {
            "available": "Hyper-V",
            "autoload": "db01",
            "type": "Cmdlet",
            "alias": "Get-VMSnapshot",
            "exports": "True",
            "foreign": "False",
            "requires": "inside",
            "computer": "NODE1",
            "service": "Running",
        },
    )


def test_no_role() -> None:
    bare = with_state()
    bare["nodes"]["node1"]["hyperv"] = False
    scenario(
        r"""
say available @(Get-Module -ListAvailable Hyper-V).Count
grab call { Get-VM }
grab import { Import-Module Hyper-V -ErrorAction Stop }
say key (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Virtualization')
grab service { Get-Service vmms -ErrorAction Stop }
""",
        {
            "available": "0",
            "call": "~CommandNotFoundException",
            "import": "~Modules_ModuleNotFound",
            "key": "False",
            "service": "~NoServiceFoundForGivenName",
        },
        state=bare,
    )


def test_binding() -> None:
    scenario(
        r"""
grab unknown { Get-VM -Nonsense x }
grab exclusive { Get-VMNetworkAdapter -VMName web01 -ManagementOS }
grab hostmac { Set-VMNetworkAdapter -ManagementOS -Name Mgmt -StaticMacAddress 021DD8000009 }
grab enum { Set-VMNetworkAdapter -VMName web01 -MacAddressSpoofing Maybe }
grab empty { Set-VMHost -MacAddressMinimum '' }
grab cast { Set-VMNetworkAdapter -VMName web01, db01 -MacAddressSpoofing On }
grab unmodelled { Set-VMNetworkAdapter -VMName web01 -VmqWeight 5 }
grab caught { try { Get-VM nope -ErrorAction Stop } catch [Microsoft.HyperV.PowerShell.VirtualizationException] { } }
say pipeline (Get-VM web01 | Get-VMNetworkAdapter).Count
say byname ('web01' | Get-VMNetworkAdapter).Count
say group ((Get-ClusterGroup web01 | Get-VM).Name)
grab notgroup { Get-VM -ClusterObject (Get-Item /) -ErrorAction Stop }
""",
        {
            "unknown": "~NamedParameterNotFound",
            "exclusive": "~AmbiguousParameterSet",
            "hostmac": "~AmbiguousParameterSet",
            "enum": "~CannotConvertArgumentNoMessage",
            "empty": "~ParameterArgumentValidationError",
            "cast": "~CannotConvertArgument",
            "unmodelled": "~does not model Set-VMNetworkAdapter -VmqWeight",
            "caught": "ok",
            "pipeline": "2",
            "byname": "2",
            "group": "web01",
            "notgroup": "~MismatchedPSTypeName",
        },
    )


def test_types() -> None:
    scenario(
        """
Set-StrictMode -Version 2.0
grab host { (Get-VMNetworkAdapter -ManagementOS).DynamicMacAddressEnabled }
grab nostatic { (Get-VMNetworkAdapter -VMName db01).StaticMacAddress }
say mixed ((Get-VMNetworkAdapter -All).Where{ $_.IsManagementOs }.Count)
say all @(Get-VMNetworkAdapter -All).Count
say vms @(Get-VMNetworkAdapter -VMName *).Count
$nic = Get-VMNetworkAdapter -VMName db01
say json ($nic | Select-Object MacAddressSpoofing | ConvertTo-Json -Compress)
say text "$($nic.MacAddressSpoofing)"
say state ((Get-VM).State | Sort-Object -Unique)
say number ([int](Get-VM db01).State)
say hex ((Get-VMNetworkAdapter -VMName db01).MacAddress)
say props (@($nic.psobject.Properties).Count -ge 80)
say leak (@($nic.psobject.Properties.Name) -contains 'Data')
say kind $nic.GetType().FullName
say dashed ((Get-NetAdapter -Name NIC1).MacAddress)
say vlan "$($nic.VlanSetting.OperationMode) $($nic.VlanSetting.AccessVlanId) $((Get-VMNetworkAdapterVlan -VMName db01).ParentAdapter.VMName)"
say checkpoint "$((Get-VMSnapshot -VMName web01).Name) $((Get-VMSnapshot -VMName web01 | Get-VMNetworkAdapter).MacAddress)"
say replica "$((Get-VM rep01).ReplicationMode)"
""",
        {
            "host": "~PropertyNotFoundStrict",
            "nostatic": "~PropertyNotFoundStrict",
            "mixed": "1",
            "all": "4",
            "vms": "3",
            "json": '{"MacAddressSpoofing":1}',
            "text": "Off",
            "state": "Running,Off",
            "number": "2",
            "hex": "021DD8000001",
            "props": "True",
            "leak": "False",
            "kind": "Microsoft.HyperV.PowerShell.VMNetworkAdapter",
            "dashed": "B8-CA-3A-00-00-01",
            "vlan": "Access 12 db01",
            "checkpoint": "before 00155D010A77",
            "replica": "Replica",
        },
    )


def test_missing_VM() -> None:
    scenario(
        """
$ErrorActionPreference = 'Continue'
$x = Get-VM nope 2>$null; say continues 'yes'
grab stop { Get-VM -Name nope -ErrorAction Stop }
grab adapter { Get-VMNetworkAdapter -VMName nope -ErrorAction Stop }
grab wildcard { Get-VM 'no*' -ErrorAction Stop }
grab name { Get-VMNetworkAdapter -VMName web01 -Name nope -ErrorAction Stop }
function f { $ErrorActionPreference = 'Stop'; Get-VM nope }
grab preference { f }
$e = $null; Get-VM nope -ErrorAction SilentlyContinue -ErrorVariable e; say variable $e.Count
grab switch { Get-VMSwitch -Name nope -ErrorAction Stop }
$r = @(Get-VM nope, db01 -ErrorAction SilentlyContinue); say partial $r.Name
""",
        {
            "continues": "yes",
            "stop": "InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM|InvalidArgument|"
            'Hyper-V was unable to find a virtual machine with name "nope".',
            "adapter": "~ObjectNotFound,Microsoft.HyperV.PowerShell.Commands.GetVMNetworkAdapter|ObjectNotFound|Hyper-V was unable to find a virtual machine",
            "wildcard": "ok",
            "name": "~|ObjectNotFound|",
            "preference": "~InvalidParameter",
            "variable": "1",
            "switch": "~unable to find a virtual switch",
            "partial": "db01",
        },
    )


def test_registry() -> None:
    scenario(
        r"""
$key = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Virtualization'
say exists "$(Test-Path $key) $(Test-Path 'HKLM:\SOFTWARE\Nope') $(Test-Path -LiteralPath Registry::HKEY_LOCAL_MACHINE\SOFTWARE)"
Set-ItemProperty -Path $key -Name MinimumMacAddress -Type Binary -Value ([byte[]](0, 0x15, 0x5d, 9, 9, 0))
say unseen (Get-VMHost).MacAddressMinimum
Remove-ItemProperty -Path $key -Name MinimumMacAddress, MaximumMacAddress
grab gone { Get-ItemProperty -Path $key -Name MinimumMacAddress -ErrorAction Stop }
say kept (Get-VMHost).MacAddressMinimum
$null = New-ItemProperty -LiteralPath $key -Name Probe -PropertyType Binary -Value ([byte[]](1, 2)) -Force
say item "$((Get-Item -Path $key).Property -join '+') $((Get-Item $key).GetValueKind('Probe'))"
$null = New-Item -Path 'HKLM:\SOFTWARE\Lab\Deep' -Force; say nested (Get-ChildItem HKLM:\SOFTWARE\Lab).PSChildName
Remove-Item HKLM:\SOFTWARE\Lab -Recurse; say removed (Test-Path HKLM:\SOFTWARE\Lab)
say provider ((Get-ItemProperty 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Virtualization').Probe)
grab nokey { Get-Item HKLM:\SOFTWARE\Nope -ErrorAction Stop }
""",
        {
            "exists": "True False True",
            "unseen": "00155D010A00",
            "gone": "~Property MinimumMacAddress does not exist",
            "kept": "00155D010A00",
            "item": "Probe Binary",
            "nested": "Deep",
            "removed": "False",
            "provider": "1,2",
            "nokey": "~PathNotFound",
        },
    )


def test_cim() -> None:
    scenario(
        r"""
say os (Get-CimInstance -ClassName Win32_OperatingSystem).Version
grab class { Get-CimInstance -ClassName Win32_Nonsense -ErrorAction Stop }
grab namespace { Get-CimInstance -Namespace root\virtualization\v2 -ClassName Msvm_ComputerSystem -ErrorAction Stop }
""",
        {"os": "10.0.20348", "class": "~HRESULT 0x80041010", "namespace": "~Invalid namespace"},
    )


def test_addresses_and_container_networks() -> None:
    state = with_state()
    state["nodes"]["node1"] |= {
        "ip": "192.0.2.7",
        "ips": ["192.0.2.7", "198.51.100.7"],
        "hns_networks": [
            {"name": "nat", "mac_pool": ["00155D120000", "00155D120FFF"]},
            {"name": "two", "mac_pools": [["00155D130000", "00155D130FFF"], ["00155D150000", "00155D150FFF"]]},
            {"name": "none"},
        ],
    }
    scenario(
        """
say addresses (Get-NetIPAddress -AddressFamily IPv4).IPAddress
say pools (Get-HnsNetwork | ForEach-Object { "$(@($_.MacPools).Count)" })
say ends ((Get-HnsNetwork).MacPools.EndMacAddress)
""",
        {
            "addresses": "192.0.2.7,198.51.100.7,127.0.0.1",
            "pools": "1,2,0",
            "ends": "00-15-5D-12-0F-FF,00-15-5D-13-0F-FF,00-15-5D-15-0F-FF",
        },
        state=state,
    )


def test_every_contract_has_a_behaviour() -> None:
    """A cmdlet without one, or a behaviour without a cmdlet, is left over."""
    texts = [path.read_text(encoding="utf-8") for path in (HERE / "behaviour").glob("*.ps1")]
    behaviours = {name for text in texts for name in re.findall(r"^Behaviour '([^']+)'", text, re.MULTILINE)}
    assert behaviours == {name for cmdlets in contracts().values() for name in cmdlets}


def test_property_that_cannot_be_read() -> None:
    state = with_state()
    state["vms"][1]["unreadable"] = ["State"]
    state["vms"][1]["adapters"][0]["unreadable"] = ["MacAddress"]
    scenario(
        """
$vm = Get-VM db01; $nic = Get-VMNetworkAdapter -VM $vm
say silent "$($null -eq $vm.State) $($null -eq $nic.MacAddress) $($vm.Name)"
grab state { $vm.psobject.Properties['State'].get_Value() }
grab mac { $nic.psobject.Properties['MacAddress'].get_Value() }
""",
        {"silent": "True True db01", "state": "~State cannot be read", "mac": "~MacAddress cannot be read"},
        state=state,
    )
