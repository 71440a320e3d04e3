# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Get-CimInstance for the classes of facts 24-26 and two of the system. Properties beyond the ones that scripts read are left out.

function New-Cim([string]$Namespace, [string]$Class, [System.Collections.Specialized.OrderedDictionary]$Properties) {
    $Properties.Insert(0, 'PSTypeName', "Microsoft.Management.Infrastructure.CimInstance#$($Namespace -replace '\\', '/')/$Class")
    $Properties['PSComputerName'] = $null
    [pscustomobject]$Properties
}

function Get-SystemInstance($Call, $Node, [string]$Class) {
    switch ($Class) {
        'Win32_OperatingSystem' {
            New-Cim root/cimv2 $Class ([ordered]@{ Caption = $Node.OsCaption; Version = $Node.OsVersion; BuildNumber = ($Node.OsVersion -split '\.')[2]; ProductType = [uint32]3; CSName = $Node.Name.ToUpperInvariant(); OSArchitecture = '64-bit'; SystemDirectory = 'C:\Windows\system32' })
        }
        'Win32_ComputerSystem' {
            New-Cim root/cimv2 $Class ([ordered]@{ Name = $Node.Name.ToUpperInvariant(); DNSHostName = $Node.Name; Domain = $Node.Domain; PartOfDomain = $true; Manufacturer = 'StandIn'; Model = 'Node'; TotalPhysicalMemory = [uint64]137438953472; NumberOfLogicalProcessors = [uint32]16; HypervisorPresent = $Node.Hyperv })
        }
        'Win32_NetworkAdapterConfiguration' {
            New-Cim root/cimv2 $Class ([ordered]@{ Description = 'Lab Gigabit Network Adapter #1'; Index = [uint32]1; IPEnabled = $true; IPAddress = @($Node.Ip); MACAddress = $null })
        }
        'Win32_Service' {
            if ($Node.Hyperv) { New-Cim root/cimv2 $Class ([ordered]@{ Name = 'vmms'; DisplayName = 'Hyper-V Virtual Machine Management'; State = $Node.VmmsStatus; StartMode = 'Auto' }) }
        }
    }
}

function New-PortInstance([string]$Class, $Adapter, [string]$Owner) {
    New-Cim root/virtualization/v2 $Class ([ordered]@{
            InstanceID = $Adapter.Id; ElementName = $Adapter.Name; Address = $Adapter.Mac; StaticMacAddress = -not $Adapter.Dynamic; ClusterMonitored = $Adapter.ClusterMonitored
            ResourceSubType = if ($Adapter.Legacy) { 'Microsoft:Hyper-V:Emulated Ethernet Port' } else { 'Microsoft:Hyper-V:Synthetic Ethernet Port' }
            VirtualSystemIdentifiers = @("{$Owner}")
        })
}

function Get-VirtualizationInstance($Call, $Node, [string]$Class) {
    $namespace = 'root/virtualization/v2'
    $machines = @($Call.State.On($Node.Name))
    switch ($Class) {
        'Msvm_VirtualSystemManagementServiceSettingData' {
            New-Cim $namespace $Class ([ordered]@{ InstanceID = "Microsoft:$($Node.Name)"; ElementName = 'Hyper-V Virtual System Management Service'; MinimumMacAddress = $Node.Range[0]; MaximumMacAddress = $Node.Range[1] })
        }
        'Msvm_ComputerSystem' {
            New-Cim $namespace $Class ([ordered]@{ Name = $Node.Name.ToUpperInvariant(); ElementName = $Node.Name.ToUpperInvariant(); Caption = 'Hosting Computer System'; EnabledState = [uint16]2 })
            foreach ($vm in $machines) {
                New-Cim $namespace $Class ([ordered]@{ Name = $vm.Id.ToUpperInvariant(); ElementName = $vm.Name; Caption = 'Virtual Machine'; EnabledState = [uint16]@{ Running = 2; Off = 3; Saved = 6; Paused = 9 }[$vm.State] })
            }
        }
        'Msvm_VirtualSystemSettingData' {
            foreach ($vm in $machines) {
                New-Cim $namespace $Class ([ordered]@{ InstanceID = "Microsoft:$($vm.Id.ToUpperInvariant())"; VirtualSystemIdentifier = $vm.Id.ToUpperInvariant(); ElementName = $vm.Name; VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'; VirtualSystemSubType = "Microsoft:Hyper-V:SubType:$($vm.Generation)"; Notes = @($vm.Notes) })
                foreach ($checkpoint in $vm.Checkpoints) {
                    New-Cim $namespace $Class ([ordered]@{ InstanceID = "Microsoft:$($checkpoint.Id.ToUpperInvariant())"; VirtualSystemIdentifier = $vm.Id.ToUpperInvariant(); ElementName = $checkpoint.Name; VirtualSystemType = 'Microsoft:Hyper-V:Snapshot:Realized'; VirtualSystemSubType = "Microsoft:Hyper-V:SubType:$($vm.Generation)"; Notes = @('') })
                }
            }
        }
        { $_ -in 'Msvm_SyntheticEthernetPortSettingData', 'Msvm_EmulatedEthernetPortSettingData' } {
            $legacy = $Class -like '*Emulated*'
            foreach ($vm in $machines) {
                foreach ($adapter in $vm.Adapters) { if ($adapter.Legacy -eq $legacy) { New-PortInstance $Class $adapter ([guid]::NewGuid()) } }
                foreach ($checkpoint in $vm.Checkpoints) { foreach ($adapter in $checkpoint.Adapters) { if ($adapter.Legacy -eq $legacy) { New-PortInstance $Class $adapter ([guid]::NewGuid()) } } }
            }
        }
        'Msvm_InternalEthernetPort' {
            foreach ($adapter in $Node.HostAdapters) { New-Cim $namespace $Class ([ordered]@{ DeviceID = $adapter.Id; ElementName = $adapter.Name; PermanentAddress = $adapter.Mac }) }
        }
        'Msvm_EthernetPortAllocationSettingData' {
            foreach ($vm in $machines) {
                foreach ($adapter in $vm.Adapters) {
                    New-Cim $namespace $Class ([ordered]@{ InstanceID = "$($adapter.Id)\C"; Parent = $adapter.Id; ElementName = 'Dynamic Ethernet Switch Port'; EnabledState = [uint16]$(if ($adapter.Switch) { 2 } else { 3 }) })
                }
            }
        }
        'Msvm_EthernetSwitchPortVlanSettingData' {
            foreach ($vm in $machines) {
                foreach ($adapter in $vm.Adapters | Where-Object { $_.Vlan.Mode -ne 'Untagged' }) {
                    New-Cim $namespace $Class ([ordered]@{ InstanceID = "$($adapter.Id)\C\VLAN"; OperationMode = [uint32]@{ Access = 1; Trunk = 2; Private = 3 }[$adapter.Vlan.Mode]; AccessVlanId = [uint16]$adapter.Vlan.Access; NativeVlanId = [uint16]$adapter.Vlan.Native; TrunkVlanIdArray = @($adapter.Vlan.Allowed) })
                }
            }
        }
    }
}

$CimClasses = @{
    'root/cimv2' = 'Win32_OperatingSystem', 'Win32_ComputerSystem', 'Win32_NetworkAdapterConfiguration', 'Win32_Service'
    'root/virtualization/v2' = 'Msvm_VirtualSystemManagementServiceSettingData', 'Msvm_ComputerSystem', 'Msvm_VirtualSystemSettingData', 'Msvm_SyntheticEthernetPortSettingData',
    'Msvm_EmulatedEthernetPortSettingData', 'Msvm_InternalEthernetPort', 'Msvm_EthernetPortAllocationSettingData', 'Msvm_EthernetSwitchPortVlanSettingData'
}

# WQL conditions: property = / <> / LIKE value, joined by AND.
function Test-Wql($Instance, [string]$Filter) {
    foreach ($condition in $Filter -split '\s+AND\s+') {
        if ($condition -notmatch '^\s*(\w+)\s*(=|<>|!=|LIKE)\s*(?:''(.*)''|"(.*)"|(\S+))\s*$') { return $null }
        $property, $operator = $Matches[1], $Matches[2]
        $wanted = @($Matches[3], $Matches[4], $Matches[5]).Where({ $null -ne $_ }, 'First')[0] -replace '\\\\', '\'
        $actual = "$($Instance.$property)"
        $same = if ($operator -eq 'LIKE') { $actual -like ($wanted -replace '%', '*' -replace '_', '?') } else { $actual -eq $wanted }
        if ($same -eq ($operator -in '<>', '!=')) { return $false }
    }
    $true
}

Behaviour 'Get-CimInstance' {
    param($Call)
    $class, $filter = $Call['ClassName'], $Call['Filter']
    if ($Call.Has('Query')) {
        if ($Call['Query'] -notmatch '^\s*SELECT\s+.+?\s+FROM\s+(\w+)(?:\s+WHERE\s+(.+))?\s*$') { $Call.Error('Invalid query ', 'HRESULT 0x80041017', 'InvalidArgument', $null); return }
        $class, $filter = $Matches[1], $Matches[2]
    }
    $namespace = ($Call['Namespace'] ?? 'root/cimv2').Replace('\', '/').ToLowerInvariant()
    foreach ($name in @(Resolve-Node $Call)) {
        $node = $Call.State.NodeOf($name)
        $virtual = $namespace -eq 'root/virtualization/v2'
        if (-not $CimClasses.ContainsKey($namespace) -or ($virtual -and -not $node.Hyperv)) { $Call.Error('Invalid namespace ', 'HRESULT 0x8004100e', 'MetadataError', $null); continue }
        $real = @($CimClasses[$namespace]) -eq $class
        if (-not $real) { $Call.Error('Invalid class ', 'HRESULT 0x80041010', 'MetadataError', $null); continue }
        $instances = if ($virtual) { Get-VirtualizationInstance $Call $node $real[0] } else { Get-SystemInstance $Call $node $real[0] }
        foreach ($instance in @($instances)) {
            if ($filter) {
                $match = Test-Wql $instance $filter
                if ($null -eq $match) { $Call.Error('Invalid query ', 'HRESULT 0x80041017', 'InvalidArgument', $null); return }
                if (-not $match) { continue }
            }
            if ($Call.Has('ComputerName')) { $instance.PSComputerName = $name }
            $Call.Write($instance)
        }
    }
}
