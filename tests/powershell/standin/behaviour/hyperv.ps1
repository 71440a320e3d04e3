# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Hyper-V. Error ids, categories and the order of the checks follow the real module; texts that are guessed are listed in README.md.

function New-VMObject($Vm) { [Microsoft.HyperV.PowerShell.VirtualMachine]::new($Vm.Id) }
function New-AdapterObject($Vm, $Adapter) { [Microsoft.HyperV.PowerShell.VMNetworkAdapter]::new($Vm.Id, $Adapter.Id) }
function New-HostAdapterObject([string]$Node, $Adapter) { [Microsoft.HyperV.PowerShell.VMInternalNetworkAdapter]::new($Node, $Adapter.Id) }

function Write-DeletedError($Call, $Object) {
    $Call.Error("Hyper-V encountered an error trying to access an object on computer '$($Object.ComputerName)' because the object was not found. The object might have been deleted.", 'ObjectNotFound', 'ObjectNotFound', $Object)
}

# VMs by -VM, -Name or -VMName. Get-VM calls a missing name an invalid argument, all others an object not found.
function Resolve-VM($Call, [string]$Parameter = 'Name', [switch]$AsArgument) {
    if ($Call.Has('VM')) {
        foreach ($vm in $Call['VM']) {
            if ($vm.IsDeleted) { Write-DeletedError $Call $vm }
            else { $Call.State.Vm([StandIn.Peek]::Data($vm).Id) }
        }
        return
    }
    $nodes = @(Resolve-HyperVNode $Call)
    $all = @(foreach ($node in $nodes) { $Call.State.On($node) | Sort-Object -Property Name })
    if (-not $Call.Has($Parameter)) { return $all }
    $names = @($Call[$Parameter])
    foreach ($vm in $all) { if (Test-Like $vm.Name $names) { $vm } }
    if (-not $nodes) { return }
    foreach ($name in $names) {
        if ((Test-Wildcard $name) -or $name -in $all.Name) { continue }
        $message = "Hyper-V was unable to find a virtual machine with name `"$name`"."
        if ($AsArgument) { $Call.Error($message, 'InvalidParameter', 'InvalidArgument', $name) }
        else { $Call.Error($message, 'ObjectNotFound', 'ObjectNotFound', $null) }
    }
}

# The same, with an error for each VM whose parts cannot be read.
function Resolve-ReadableVM($Call) {
    foreach ($vm in @(Resolve-VM $Call -Parameter VMName)) {
        if ($vm.Broken) { $Call.Error($vm.Broken, 'OperationFailed', 'NotSpecified', (New-VMObject $vm)) } else { $vm }
    }
}

# Adapters by object, checkpoint, management OS, or VM; without a name all of them.
function Resolve-Adapter($Call, [string]$NameParameter = 'Name') {
    $found = @(
        if ($Call.Set -eq 'ResourceObject') {
            foreach ($object in $Call['VMNetworkAdapter']) { if ($object.IsDeleted) { Write-DeletedError $Call $object } else { $object } }
        }
        elseif ($Call.Set -eq 'VMSnapshot') { $Call['VMSnapshot'].NetworkAdapters }
        elseif ($Call.Set -eq 'ExternalPort') { }
        else {
            if ($Call.On('ManagementOS') -or $Call.Set -eq 'All') {
                foreach ($node in @(Resolve-HyperVNode $Call)) {
                    foreach ($adapter in $Call.State.NodeOf($node).HostAdapters) {
                        if (-not $Call.Has('SwitchName') -or $adapter.Switch -like $Call['SwitchName']) { New-HostAdapterObject $node $adapter }
                    }
                }
            }
            if (-not $Call.On('ManagementOS')) {
                foreach ($vm in @(Resolve-ReadableVM $Call)) { foreach ($adapter in $vm.Adapters) { New-AdapterObject $vm $adapter } }
            }
        }
    )
    if ($Call[$NameParameter]) {
        $found = @($found | Where-Object { $_.Name -like $Call[$NameParameter] })
        if (-not $found) { $Call.Error('Hyper-V was unable to find a network adapter that matches the specified criteria.', 'ObjectNotFound', 'ObjectNotFound', $null) }
    }
    $found
}

# 12 hexadecimal digits, with - or : between the octets or without; anything else is refused (fact 37).
function ConvertTo-Mac($Call, [string]$Parameter) {
    $text = $Call[$Parameter]
    if ($text -match '^([0-9A-F]{2}[:-]?){5}([0-9A-F]{2})$') { return $text.ToUpperInvariant() -replace '[:-]' }
    $Call.Error("`"$Parameter`" is not in the correct format.", 'InvalidParameter', 'InvalidArgument', $null)
}

function Write-DeviceError($Call, $Vm, [string]$Detail, [string]$Id, [string]$Category) {
    $device = 'Synthetic Ethernet Port'
    $Call.Error("Failed to modify device '$device'.`r`n`r`n'$($Vm.Name)' failed to modify device '$device'. (Virtual machine ID $($Vm.Id.ToUpperInvariant()))$Detail", $Id, $Category, $null)
}

function Write-StateError($Call, $Vm) {
    $Call.Error("The operation cannot be performed while the virtual machine is in its current state. The name of the virtual machine is '$($Vm.Name)' and its ID is '$($Vm.Id)'.", 'InvalidState', 'InvalidOperation', (New-VMObject $Vm))
}

# Powers a VM on. At a cold start a dynamic address is made again when it is zero, outside the node's range, or another adapter of the
# node has it; a restore from saved state only looks at the last (facts 15-19). It shows after the state's delay (fact 103).
function Start-Machine($Call, $Vm) {
    $node = $Call.State.NodeOf($Vm.Node)
    $given = @()
    foreach ($adapter in $Vm.Adapters) {
        if ($adapter.Dynamic) {
            $outside = $adapter.Mac -lt $node.Range[0] -or $adapter.Mac -gt $node.Range[1]
            $taken = $adapter.Mac -in $Call.State.MacsOn($Vm.Node, $adapter)
            if (-not ($taken -or ($Vm.State -eq 'Off' -and ($outside -or $adapter.Mac -eq $Zero)))) { continue }
            $mac = [StandIn.Store]::NextDynamicMac($Call.State, $node, $adapter)
            if (-not $mac) { $problem = "Failed to power on with Error 'Attempt to access invalid address'." }
            else {
                $adapter.PendingMac = $mac
                $adapter.PendingAt = [StandIn.Store]::Now + $Call.State.Delay
                $given += $adapter
                continue
            }
        }
        elseif ($adapter.Mac -eq $Zero) { $problem = "Static MAC address $(($adapter.Mac -replace '..(?!$)', '$&-')) is unsupported." }
        else { continue }
        foreach ($one in $given) { $one.PendingMac = $Nothing }
        $instance = ($adapter.Id -split '\\')[-1]
        $Call.Error("'$($Vm.Name)' failed to start.`r`n`r`nSynthetic Ethernet Port (Instance ID $instance): $problem", 'OperationFailed', 'NotSpecified', (New-VMObject $Vm))
        return
    }
    $Vm.State = 'Running'
}

function Stop-Machine($Vm, [string]$State = 'Off', [double]$After = 0) {
    $Vm.State = if ($After) { 'Stopping' } else { $State }
    $Vm.OffAt = if ($After) { [StandIn.Store]::Now + $After } else { 0 }
    foreach ($adapter in $Vm.Adapters) { $adapter.PendingMac = $Nothing }
}

# --- host

Behaviour 'Get-VMHost' {
    param($Call)
    foreach ($node in @(Resolve-HyperVNode $Call)) { $Call.Write([Microsoft.HyperV.PowerShell.VMHost]::new($node)) }
}

Behaviour 'Set-VMHost' {
    param($Call)
    $range = @{}
    foreach ($parameter in 'MacAddressMinimum', 'MacAddressMaximum') {
        if (-not $Call.Has($parameter)) { continue }
        $range[$parameter] = ConvertTo-Mac $Call $parameter
        if (-not $range[$parameter]) { return }
    }
    foreach ($name in @(Resolve-HyperVNode $Call)) {
        $node = $Call.State.NodeOf($name)
        if (-not $Call.Should("Set-VMHost will configure host `"$($name.ToUpperInvariant())`".")) { continue }
        if (-not $range.Count) {
            $Call.Error('No parameters were provided to Set-VMHost.', 'InvalidOperation', 'InvalidOperation', $null)
            continue
        }
        $before = $node.Range
        $node.Range = @($range['MacAddressMinimum'] ?? $before[0]), @($range['MacAddressMaximum'] ?? $before[1])
        if (($before -join '-') -ne ($node.Range -join '-')) { $node.NextMac = $Nothing }
        $key = [StandIn.Store]::HostKey
        if (-not $node.Registry.ContainsKey($key)) { $node.Registry[$key] = [System.Collections.Generic.Dictionary[string, StandIn.RegistryValue]]::new() }
        [StandIn.Store]::WriteRange($node.Registry[$key], $node.Range)
        if ($Call.On('Passthru')) { $Call.Write([Microsoft.HyperV.PowerShell.VMHost]::new($name)) }
    }
}

# --- virtual machines

Behaviour 'Get-VM' {
    param($Call)
    switch ($Call.Set) {
        'Id' {
            if (-not $Call.Has('Id')) { foreach ($vm in @(Resolve-VM $Call)) { $Call.Write((New-VMObject $vm)) } }
            else {
                foreach ($node in @(Resolve-HyperVNode $Call)) {
                    $vm = @($Call.State.On($node) | Where-Object Id -EQ $Call['Id'].ToString())
                    if ($vm) { $Call.Write((New-VMObject $vm[0])) }
                    else { $Call.Error("Hyper-V was unable to find a virtual machine with ID `"$($Call['Id'])`".", 'ObjectNotFound', 'ObjectNotFound', $null) }
                }
            }
        }
        'ClusterObject' {
            $object = $Call['ClusterObject']
            $vm = if ($object -is [Microsoft.FailoverClusters.PowerShell.ClusterGroup] -or $object -is [Microsoft.FailoverClusters.PowerShell.ClusterResource]) { [StandIn.Peek]::Data($object) }
            if ($vm) { $Call.Write((New-VMObject $vm)) }
            else { $Call.Error("The input object `"$object`" is not a virtual machine cluster group or resource.", 'InvalidParameter', 'InvalidArgument', $null) }
        }
        default { foreach ($vm in @(Resolve-VM $Call -AsArgument)) { $Call.Write((New-VMObject $vm)) } }
    }
}

Behaviour 'New-VM' {
    param($Call)
    foreach ($node in @(Resolve-HyperVNode $Call)) {
        $name = if ($Call.Has('Name')) { $Call['Name'] } else { 'New Virtual Machine' }
        $adapter = [StandIn.Adapter]::new()
        if ($Call.Has('SwitchName')) {
            $switch = @($Call.State.NodeOf($node).Switches | Where-Object Name -Like $Call['SwitchName'])
            if ($switch.Count -ne 1) {
                $Call.Error("Hyper-V was unable to find a virtual switch with name `"$($Call['SwitchName'])`".", 'InvalidParameter', 'InvalidArgument', $null)
                continue
            }
            $adapter.Switch = $switch[0].Name
        }
        if (-not $Call.Should("New-VM will create a new virtual machine `"$name`".")) { continue }
        $vm = [StandIn.Vm]::new()
        $vm.Id = [guid]::NewGuid().ToString()
        $vm.Name = $name
        $vm.Node = $node
        $vm.Generation = if ($Call.Has('Generation')) { $Call['Generation'] } else { 1 }
        $adapter.Id = "Microsoft:$($vm.Id.ToUpperInvariant())\$([guid]::NewGuid().ToString().ToUpperInvariant())"
        $vm.Adapters.Add($adapter)
        $Call.State.Vms.Add($vm)
        $Call.Write((New-VMObject $vm))
    }
}

Behaviour 'Start-VM' {
    param($Call)
    foreach ($vm in @(Resolve-VM $Call)) {
        if ($Call.Should("Start-VM will start the virtual machine `"$($vm.Name)`".")) {
            if ($vm.State -eq 'Running') { $Call.Warn('The virtual machine is already in the specified state.') }
            elseif ($vm.State -eq 'Paused') { $vm.State = 'Running' }
            elseif ($vm.State -notin 'Off', 'Saved') { Write-StateError $Call $vm }
            elseif ($vm.Replication.Mode -eq 'Replica') { $Call.Error("'$($vm.Name)' failed to start.`r`n`r`nThe virtual machine '$($vm.Name)' is a Replica virtual machine and cannot be started.", 'OperationFailed', 'NotSpecified', (New-VMObject $vm)) }
            else { Start-Machine $Call $vm }
        }
        if ($Call.On('Passthru')) { $Call.Write((New-VMObject $vm)) }
    }
}

Behaviour 'Stop-VM' {
    param($Call)
    if ($Call.On('Save') -and $Call.On('TurnOff')) {
        $Call.Error('The parameters Save and TurnOff cannot be used together.', 'InvalidParameter', 'InvalidArgument', $null)
        return
    }
    foreach ($vm in @(Resolve-VM $Call)) {
        $verb = if ($Call.On('Save')) { 'save' } elseif ($Call.On('TurnOff')) { 'turn off' } else { 'shut down' }
        if ($Call.Should("Stop-VM will $verb the virtual machine `"$($vm.Name)`".")) {
            $target = if ($Call.On('Save')) { 'Saved' } else { 'Off' }
            if ($vm.State -eq $target) { $Call.Warn('The virtual machine is already in the specified state.') }
            elseif ($Call.On('Save')) { if ($vm.State -in 'Running', 'Paused') { Stop-Machine $vm Saved } else { Write-StateError $Call $vm } }
            elseif ($Call.On('TurnOff')) { Stop-Machine $vm }
            elseif ($vm.State -eq 'Running' -and $vm.ShutdownComponent) { Stop-Machine $vm -After ($vm.StopSeconds ?? $Call.State.StopDelay) }
            elseif ($Call.On('Force') -or $Call.Ask("Hyper-V cannot shut down virtual machine $($vm.Name) because the Shutdown integration service is unavailable. To avoid potential data loss, you can pause or save the state of the virtual machine. The other option is to turn off the virtual machine, but data loss might occur. Do you want to turn it off?")) { Stop-Machine $vm }
        }
        if ($Call.On('Passthru')) { $Call.Write((New-VMObject $vm)) }
    }
}

Behaviour 'Remove-VM' {
    param($Call)
    foreach ($vm in @(Resolve-VM $Call)) {
        if (-not $Call.Should("Remove-VM will remove virtual machine `"$($vm.Name)`".")) { continue }
        if (-not ($Call.On('Force') -or $Call.Ask("Are you sure you want to remove virtual machine `"$($vm.Name)`"?"))) { continue }
        if ($vm.State -notin 'Off', 'Saved') { Write-StateError $Call $vm; continue }
        $object = New-VMObject $vm
        [void]$Call.State.Vms.Remove($vm)
        if ($Call.On('Passthru')) { $Call.Write($object) }
    }
}

Behaviour 'Get-VMSnapshot' {
    param($Call)
    foreach ($vm in @(if ($Call.Set -eq 'Id') { $Call.State.On([StandIn.Store]::NodeName) } else { Resolve-ReadableVM $Call })) {
        foreach ($checkpoint in $vm.Checkpoints) {
            if ($Call.Set -eq 'Id' -and $checkpoint.Id -ne $Call['Id'].ToString()) { continue }
            if ($Call.Has('Name') -and $checkpoint.Name -notlike $Call['Name']) { continue }
            if ($Call.Has('SnapshotType') -and $checkpoint.Type -ne $Call['SnapshotType']) { continue }
            $Call.Write([Microsoft.HyperV.PowerShell.VMSnapshot]::new($vm.Id, $checkpoint.Id))
        }
    }
}

# --- network adapters

Behaviour 'Get-VMNetworkAdapter' {
    param($Call)
    foreach ($adapter in @(Resolve-Adapter $Call)) {
        if ($Call.Has('IsLegacy') -and $adapter.IsLegacy -ne $Call['IsLegacy']) { continue }
        $Call.Write($adapter)
    }
}

Behaviour 'Set-VMNetworkAdapter' {
    param($Call)
    if ($Call.Has('StaticMacAddress')) {
        $mac = ConvertTo-Mac $Call StaticMacAddress
        if (-not $mac) { return }
        if ($Call.On('DynamicMacAddress')) {
            $Call.Error('The parameters StaticMacAddress and DynamicMacAddress cannot be used together.', 'InvalidParameter', 'InvalidArgument', $null)
            return
        }
    }
    foreach ($object in @(Resolve-Adapter $Call)) {
        if (-not $Call.Should("Set-VMNetworkAdapter will modify the virtual network adapter `"$($object.Name)`".")) { continue }
        $adapter = [StandIn.Peek]::Data($object)
        $vm = [StandIn.Peek]::Owner($object)
        if (-not $vm -and ($Call.Has('StaticMacAddress') -or $Call.Has('DynamicMacAddress') -or $Call.Has('NotMonitoredInCluster'))) {
            $Call.Error('The parameter is not valid for a management operating system network adapter.', 'InvalidParameter', 'InvalidArgument', $null)
            continue
        }
        if ([StandIn.Peek]::InCheckpoint($object)) { Write-StateError $Call $vm; continue }
        if ($Call.Has('StaticMacAddress') -or ($Call.Has('DynamicMacAddress') -and $adapter.Dynamic -ne $Call.On('DynamicMacAddress'))) {
            if ($vm.State -ne 'Off') {
                Write-DeviceError $Call $vm "`r`n`r`nThe operation cannot be performed while the virtual machine is in its current state." 'InvalidState' 'InvalidOperation'
                continue
            }
            if ($Call.Has('StaticMacAddress') -and [Convert]::ToByte($mac.Substring(0, 2), 16) -band 1) { Write-DeviceError $Call $vm '' 'OperationFailed' 'NotSpecified'; continue }
        }
        if ($Call.Has('StaticMacAddress')) { $adapter.Mac = $mac; $adapter.Dynamic = $false }
        elseif ($Call.Has('DynamicMacAddress')) { $adapter.Dynamic = $Call.On('DynamicMacAddress') }
        if ($Call.Has('MacAddressSpoofing')) { $adapter.Spoofing = $Call['MacAddressSpoofing'] -eq 'On' }
        if ($Call.Has('NotMonitoredInCluster')) { $adapter.ClusterMonitored = -not $Call['NotMonitoredInCluster'] }
        if ($Call.On('Passthru')) { $Call.Write($object) }
    }
}

Behaviour 'Rename-VMNetworkAdapter' {
    param($Call)
    foreach ($object in @(Resolve-Adapter $Call)) {
        if (-not $Call.Should("Rename-VMNetworkAdapter will rename the virtual network adapter `"$($object.Name)`".")) { continue }
        [StandIn.Peek]::Data($object).Name = $Call['NewName']
        if ($Call.On('Passthru')) { $Call.Write($object) }
    }
}

Behaviour 'Get-VMNetworkAdapterVlan' {
    param($Call)
    foreach ($adapter in @(Resolve-AdapterOrAll $Call)) { $Call.Write($adapter.VlanSetting) }
}

# Get-VMNetworkAdapterVlan and -Isolation without arguments mean every VM adapter and every management OS adapter of the host.
function Resolve-AdapterOrAll($Call) {
    Resolve-Adapter $Call -NameParameter VMNetworkAdapterName
    if (-not ($Call.Has('VMName') -or $Call.Has('VM') -or $Call.Has('VMNetworkAdapter') -or $Call.Has('VMSnapshot') -or $Call.On('ManagementOS'))) {
        foreach ($adapter in $Call.State.NodeOf([StandIn.Store]::NodeName).HostAdapters) { New-HostAdapterObject ([StandIn.Store]::NodeName) $adapter }
    }
}

# --- switches and port features

Behaviour 'Get-VMSwitch' {
    param($Call)
    foreach ($node in @(Resolve-HyperVNode $Call)) {
        $switches = $Call.State.NodeOf($node).Switches
        foreach ($switch in $switches) {
            if ($Call.Has('Id') -and $switch.Id -notin @($Call['Id']).ForEach{ $_.ToString() }) { continue }
            if ($Call.Has('Name') -and -not (Test-Like $switch.Name $Call['Name'])) { continue }
            if ($Call.Has('SwitchType') -and $switch.Type -notin $Call['SwitchType']) { continue }
            $Call.Write([Microsoft.HyperV.PowerShell.VMSwitch]::new($node, $switch.Name))
        }
        foreach ($name in @($Call['Name'] ?? @())) {
            if ((Test-Wildcard $name) -or $name -in $switches.Name) { continue }
            $Call.Error("Hyper-V was unable to find a virtual switch with name `"$name`".", 'InvalidParameter', 'InvalidArgument', $name)
        }
    }
}

Behaviour 'Get-VMSystemSwitchExtensionPortFeature' {
    param($Call)
    $id = '9940cd46-8b06-43bb-b9d5-93d50381fd56'      # the port profile, the only feature known here (fact 85)
    if ($Call.Has('FeatureId') -and $id -notin @($Call['FeatureId']).ForEach{ $_.ToString() }) { return }
    $Call.Write([Microsoft.HyperV.PowerShell.VMSwitchExtensionPortFeature]@{ Id = $id; ComputerName = [StandIn.Store]::NodeName.ToUpperInvariant() })
}

Behaviour 'Get-VMSwitchExtensionPortFeature' {
    param($Call)
    foreach ($object in @(Resolve-Adapter $Call -NameParameter VMNetworkAdapterName)) {
        foreach ($stored in [StandIn.Peek]::Data($object).Features) {
            if ($Call.Has('FeatureId') -and $stored.FeatureId -notin @($Call['FeatureId']).ForEach{ $_.ToString() }) { continue }
            $Call.Write([StandIn.Peek]::Feature($object, $stored))
        }
    }
}

Behaviour 'Add-VMSwitchExtensionPortFeature' {
    param($Call)
    foreach ($object in @(Resolve-Adapter $Call -NameParameter VMNetworkAdapterName)) {
        if (-not $Call.Should("Add-VMSwitchExtensionPortFeature will add features to the virtual network adapter `"$($object.Name)`".")) { continue }
        $features = [StandIn.Peek]::Data($object).Features
        foreach ($feature in $Call['VMSwitchExtensionFeature']) {
            if ($feature.Id.ToString() -in @($features).ForEach{ $_.FeatureId }) { $Call.Error("Failed to add device 'Ethernet Switch Port Settings'. The feature setting already exists.", 'InvalidParameter', 'InvalidArgument', $null); continue }
            $stored = [StandIn.Peek]::Stored($feature)
            $features.Add($stored)
            if ($Call.On('Passthru')) { $Call.Write([StandIn.Peek]::Feature($object, $stored)) }
        }
    }
}

Behaviour 'Set-VMSwitchExtensionPortFeature' {
    param($Call)
    foreach ($feature in $Call['VMSwitchExtensionFeature']) {
        # The feature remembers the adapter it was read from; one that was read from nowhere cannot be set.
        $owner = [StandIn.Peek]::Adapter($feature)
        if (-not $owner) { $Call.Error('The feature setting is not associated with a virtual network adapter.', 'InvalidParameter', 'InvalidArgument', $null); continue }
        if (-not $Call.Should("Set-VMSwitchExtensionPortFeature will modify features of the virtual network adapter `"$($owner.Name)`".")) { continue }
        $current = [StandIn.Peek]::Data($owner).Features
        $index = $current.FindIndex([Predicate[StandIn.PortFeature]] { $args[0].FeatureId -eq $feature.Id.ToString() })
        if ($index -lt 0) { $Call.Error('The feature setting was not found.', 'ObjectNotFound', 'ObjectNotFound', $null); continue }
        $current[$index] = [StandIn.Peek]::Stored($feature)
        if ($Call.On('Passthru')) { $Call.Write($feature) }
    }
}

Behaviour 'Remove-VMSwitchExtensionPortFeature' {
    param($Call)
    foreach ($feature in $Call['VMSwitchExtensionFeature']) {
        $owner = [StandIn.Peek]::Adapter($feature)
        if (-not $owner) { $Call.Error('The feature setting is not associated with a virtual network adapter.', 'InvalidParameter', 'InvalidArgument', $null); continue }
        if (-not $Call.Should("Remove-VMSwitchExtensionPortFeature will remove features of the virtual network adapter `"$($owner.Name)`".")) { continue }
        [void][StandIn.Peek]::Data($owner).Features.RemoveAll([Predicate[StandIn.PortFeature]] { $args[0].FeatureId -eq $feature.Id.ToString() })
    }
}
