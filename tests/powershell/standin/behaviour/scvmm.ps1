# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# VirtualMachineManager: a VMM server that manages every node of the cluster. Allocation is bookkeeping and sets no adapter (fact 94).

function Write-VmmError($Call, [int]$Code, [string]$Message) {
    $Call.Error("$Message (Error ID: $Code)", "$Code", 'ReadError', $null)
}

# Without -VMMServer a cmdlet uses the session's connection, without that one this computer.
$script:SessionServer = 'localhost'

function Assert-Vmm($Call, [string]$Server) {
    $server = if ($Server) { $Server } elseif ($Call.Has('VMMServer')) { $Call['VMMServer'].Name } else { $script:SessionServer }
    $short = if ($server -eq 'localhost') { [StandIn.Store]::NodeName } else { ($server -split '\.')[0] }
    if (-not ($Call.State.Vmm -and $short -eq $Call.State.Vmm.Server)) { $Call.Fail("VMM is unable to connect to the VMM server $server because the specified computer name could not be resolved. (Error ID: 1602)", '1602', 'ReadError', $null) }
}

function New-PoolObject($Pool) {
    if ([StandIn.Store]::Read().Vmm.FormerObjects) { [Microsoft.SystemCenter.VirtualMachineManager.PoolOfOld]::new($Pool.Id) } else { [Microsoft.SystemCenter.VirtualMachineManager.PoolOfNow]::new($Pool.Id) }
}
function Get-GrantType { if ([StandIn.Store]::Read().Vmm.FormerObjects) { [Microsoft.SystemCenter.VirtualMachineManager.AllocatedMACAddress] } else { [Microsoft.SystemCenter.VirtualMachineManager.AddressOfNow] } }
# Whether -ID of something missing gives nothing or an error is not documented.
function Assert-Found($Call) {
    if ($Call.State.Vmm.MissingIsError -and ($Call.Has('ID') -or $Call.Has('MACAddress')) -and -not $Call.Output.Count) { Write-VmmError $Call 801 'VMM cannot find the object.' }
}
function New-ScAdapter($Vm, $Adapter) { [Microsoft.SystemCenter.VirtualMachineManager.VirtualNetworkAdapter]::new($Vm.Id, $Adapter.Id) }
function New-GroupRecord([string]$Path) { [Microsoft.SystemCenter.VirtualMachineManager.HostGroup]@{ Name = ($Path -split '\\')[-1]; ID = [StandIn.Store]::Derive('hostgroup', $Path); Path = $Path } }
function Get-ManagedVm($State) { $State.Vms | Where-Object { $State.NodeOf($_.Node).VmmManaged } }

$DefaultRange = '001DD8B71C00', '001DD8F41FFF'
$Reserved = '0003FF', '000D3A', '00125A', '00155D', '0017FA', '0050F2', '001DD8', '000569', '000C29', '001C14', '005056', '00163E'

# The rules of fact 91 for a pool's range.
function Test-PoolRange($Call, [string]$Start, [string]$End, $Self) {
    if ($Start.Length -ne 12 -or $End.Length -ne 12) { Write-VmmError $Call 20416 'The MAC address is not in a valid format.'; return $false }
    if ([Convert]::ToByte($Start.Substring(0, 2), 16) -band 1) { Write-VmmError $Call 20417 'The MAC address range contains multicast addresses.'; return $false }
    if ($Start.Substring(0, 6) -ne $End.Substring(0, 6)) { Write-VmmError $Call 20418 'The first three octets of the start and the end of the MAC address range must be the same.'; return $false }
    if ($Start -gt $End) { Write-VmmError $Call 20419 'The start of the MAC address range is greater than its end.'; return $false }
    $inDefault = $Start -ge $DefaultRange[0] -and $End -le $DefaultRange[1]
    if ($Start.Substring(0, 6) -in $Reserved -and -not $inDefault) { Write-VmmError $Call 20420 "The MAC address prefix $($Start.Substring(0, 6)) is reserved."; return $false }
    foreach ($pool in $Call.State.Vmm.Pools) {
        if ($pool -ne $Self -and $Start -le $pool.End -and $pool.Start -le $End) { Write-VmmError $Call 20421 "The MAC address range overlaps with the MAC address pool $($pool.Name)."; return $false }
    }
    $true
}

Behaviour 'Get-SCVMMServer' {
    param($Call)
    Assert-Vmm $Call $Call['ComputerName']
    $script:SessionServer = $Call['ComputerName']
    $Call.Write([Microsoft.SystemCenter.VirtualMachineManager.ServerConnection]::new($Call.State.Vmm.Server))
}

Behaviour 'Get-SCVMHostGroup' {
    param($Call)
    Assert-Vmm $Call
    foreach ($path in $Call.State.Vmm.HostGroups) {
        $group = New-GroupRecord $path
        if (($Call.Has('Name') -and $group.Name -notlike $Call['Name']) -or ($Call.Has('ID') -and $group.ID -ne $Call['ID'])) { continue }
        $Call.Write($group)
    }
}

Behaviour 'Get-SCVMHost' {
    param($Call)
    Assert-Vmm $Call
    foreach ($node in $Call.State.Nodes.Values | Where-Object { $_.Hyperv -and $_.VmmManaged }) {
        $full = "$($node.Name).$($node.Domain)"
        if ($Call.Has('ComputerName') -and $Call['ComputerName'] -notin $node.Name, $full) { continue }
        $Call.Write([Microsoft.SystemCenter.VirtualMachineManager.Host]@{
                Name = $full; ComputerName = $node.Name; ID = [StandIn.Store]::Derive('schost', $node.Name); VMHostGroup = New-GroupRecord ($node.VmmHostGroup ?? $Call.State.Vmm.HostGroups[0])
                OverallState = $(if ($node.State -eq 'Up') { 'OK' } else { 'Not Responding' })
            })
    }
}

Behaviour 'Get-SCMACAddressPool' {
    param($Call)
    Assert-Vmm $Call
    $mac = [StandIn.MacText]::Plain($Call['MACAddress'])
    foreach ($pool in $Call.State.Vmm.Pools) {
        if ($Call.Has('Name') -and $pool.Name -notlike $Call['Name']) { continue }
        if ($mac -and ($mac -lt $pool.Start -or $mac -gt $pool.End)) { continue }
        if ($Call.Has('VMHostGroup') -and -not @($Call['VMHostGroup']).Where{ $_.Path -in $pool.HostGroups }) { continue }
        if ($Call.Has('VirtualizationPlatform') -and "$($Call['VirtualizationPlatform'])" -ne $pool.Platform) { continue }
        $Call.Write((New-PoolObject $pool))
    }
}

Behaviour 'New-SCMACAddressPool' {
    param($Call)
    Assert-Vmm $Call
    $start, $end = [StandIn.MacText]::Plain($Call['MACAddressRangeStart']), [StandIn.MacText]::Plain($Call['MACAddressRangeEnd'])
    if ($Call['Name'] -in $Call.State.Vmm.Pools.Name) { Write-VmmError $Call 20415 "A MAC address pool with the name $($Call['Name']) already exists."; return }
    if (-not (Test-PoolRange $Call $start $end $null)) { return }
    $pool = [StandIn.MacPool]@{ Id = [guid]::NewGuid(); Name = $Call['Name']; Start = $start; End = $end; Description = "$($Call['Description'])" }
    $pool.HostGroups.Clear()
    foreach ($group in $Call['VMHostGroup']) { $pool.HostGroups.Add($group.Path) }
    $Call.State.Vmm.Pools.Add($pool)
    $Call.Write((New-PoolObject $pool))
}

Behaviour 'Set-SCMACAddressPool' {
    param($Call)
    Assert-Vmm $Call
    $pool = [StandIn.Peek]::Data($Call['MACAddressPool'])
    $start = if ($Call.Has('MACAddressRangeStart')) { [StandIn.MacText]::Plain($Call['MACAddressRangeStart']) } else { $pool.Start }
    $end = if ($Call.Has('MACAddressRangeEnd')) { [StandIn.MacText]::Plain($Call['MACAddressRangeEnd']) } else { $pool.End }
    if (-not (Test-PoolRange $Call $start $end $pool)) { return }
    $pool.Start, $pool.End = $start, $end
    if ($Call.Has('Name')) { $pool.Name = $Call['Name'] }
    if ($Call.Has('Description')) { $pool.Description = $Call['Description'] }
    foreach ($group in @($Call['AddVMHostGroup'] ?? @())) { if ($group.Path -notin $pool.HostGroups) { $pool.HostGroups.Add($group.Path) } }
    foreach ($group in @($Call['RemoveVMHostGroup'] ?? @())) { [void]$pool.HostGroups.Remove($group.Path) }
    $Call.Write((New-PoolObject $pool))
}

Behaviour 'Remove-SCMACAddressPool' {
    param($Call)
    Assert-Vmm $Call
    $pool = [StandIn.Peek]::Data($Call['MACAddressPool'])
    if (-not $Call.Should("Remove-SCMACAddressPool $($pool.Name)")) { return }
    if ($Call.State.Vmm.Granted.Where{ $_.Pool -eq $pool.Id }) { Write-VmmError $Call 20422 "The MAC address pool $($pool.Name) has allocated addresses and cannot be removed."; return }
    [void]$Call.State.Vmm.Pools.Remove($pool)
    $Call.Write($Call['MACAddressPool'])
}

Behaviour 'Get-SCMACAddress' {
    param($Call)
    Assert-Vmm $Call
    # tens of thousands are normal: nothing is asked twice
    $type = Get-GrantType
    $pool = if ($Call.Has('MACAddressPool')) { "$($Call['MACAddressPool'].ID)" }
    $id = if ($Call.Has('ID')) { "$($Call['ID'])" }
    $holder = if ($Call.Has('GrantToObjectID')) { "*\$($Call['GrantToObjectID'])" }
    $mac = if ($Call.Has('MACAddress')) { [StandIn.MacText]::Plain($Call['MACAddress']) }
    $assigned, $free = $Call.On('Assigned'), $Call.On('UnAssigned')
    foreach ($granted in $Call.State.Vmm.Granted) {
        if (($pool -and $granted.Pool -ne $pool) -or ($id -and $granted.Id -ne $id) -or ($mac -and $granted.Mac -ne $mac)) { continue }
        if (($holder -and $granted.Adapter -notlike $holder) -or ($assigned -and -not $granted.Adapter) -or ($free -and $granted.Adapter)) { continue }
        $Call.Write($type::new($granted))
    }
    Assert-Found $Call
}

Behaviour 'Grant-SCMACAddress' {
    param($Call)
    Assert-Vmm $Call
    $pool = [StandIn.Peek]::Data($Call['MACAddressPool'])
    $adapter = [StandIn.Peek]::Data($Call['VirtualNetworkAdapter'])
    if (-not $adapter) { Write-VmmError $Call 801 'VMM cannot find the network adapter object.'; return }
    if (-not $Call.Should("Grant-SCMACAddress $($pool.Name)")) { return }
    $taken = [System.Collections.Generic.HashSet[string]]::new()
    foreach ($one in $Call.State.Vmm.Granted) { [void]$taken.Add($one.Mac) }
    $mac = [StandIn.MacText]::Plain($Call['MACAddress'])
    if ($mac) {
        if ($mac -lt $pool.Start -or $mac -gt $pool.End) { Write-VmmError $Call 20423 "The MAC address $([StandIn.MacText]::Dashed($mac)) is not in the MAC address pool $($pool.Name)."; return }
        if ($taken.Contains($mac)) { Write-VmmError $Call 20424 "The MAC address $([StandIn.MacText]::Dashed($mac)) is already allocated."; return }
    }
    else {
        $value = [Convert]::ToInt64($pool.Start, 16)
        while ($taken.Contains($value.ToString('X12'))) { $value++ }
        $mac = $value.ToString('X12')
        if ($mac -gt $pool.End) { Write-VmmError $Call 20425 "The MAC address pool $($pool.Name) has no free MAC addresses."; return }
    }
    $granted = [StandIn.GrantedMac]@{ Id = [guid]::NewGuid(); Mac = $mac; Pool = $pool.Id; Adapter = $adapter.Id; Description = "$($Call['Description'])" }
    $Call.State.Vmm.Granted.Add($granted)
    $Call.Write((Get-GrantType)::new($granted))
}

Behaviour 'Revoke-SCMACAddress' {
    param($Call)
    Assert-Vmm $Call
    foreach ($object in $Call['AllocatedMACAddress']) {
        $granted = $Call.State.Vmm.Granted.Find([Predicate[StandIn.GrantedMac]] { $args[0].Id -eq [StandIn.Peek]::Data($object).Id })
        if (-not $granted) { Write-VmmError $Call 20426 "The MAC address $($object.Address) is not allocated."; continue }
        if ($Call.Has('ReturnToPool') -and -not $Call['ReturnToPool'] -and -not $Call.State.Vmm.LosesKeptAddresses) { $granted.Adapter = $Nothing } else { [void]$Call.State.Vmm.Granted.Remove($granted) }
        $Call.Write($object)
    }
}

Behaviour 'Get-SCVirtualMachine' {
    param($Call)
    Assert-Vmm $Call
    foreach ($vm in Get-ManagedVm $Call.State) {
        $object = [Microsoft.SystemCenter.VirtualMachineManager.VM]::new($vm.Id)
        if ($Call.Has('Name') -and $vm.Name -notlike $Call['Name']) { continue }
        if ($Call.Has('ID') -and $object.ID -ne $Call['ID']) { continue }
        if ($Call.Has('VMHost') -and $Call['VMHost'].Name -ne $object.VMHost) { continue }
        $Call.Write($object)
    }
    Assert-Found $Call
}

Behaviour 'Get-SCVirtualNetworkAdapter' {
    param($Call)
    Assert-Vmm $Call
    $machines = if ($Call.Has('VM')) { @([StandIn.Peek]::Data($Call['VM'])) } else { Get-ManagedVm $Call.State }
    foreach ($vm in $machines) {
        if (-not $vm) { Write-VmmError $Call 801 'VMM cannot find the virtual machine object.'; return }
        if ($vm.Broken) { Write-VmmError $Call 2912 $vm.Broken; continue }
        foreach ($adapter in $vm.Adapters) {
            $object = New-ScAdapter $vm $adapter
            if (($Call.Has('ID') -and $object.ID -ne $Call['ID']) -or ($Call.Has('Name') -and $object.Name -notlike $Call['Name'])) { continue }
            $Call.Write($object)
        }
    }
    Assert-Found $Call
}

Behaviour 'Set-SCVirtualNetworkAdapter' {
    param($Call)
    Assert-Vmm $Call
    $object = $Call['VirtualNetworkAdapter']
    $vm = [StandIn.Peek]::Data($object.VM)
    if (-not $vm) { Write-VmmError $Call 801 'VMM cannot find the virtual machine object.'; return }
    $adapter = [StandIn.Peek]::Data($object)
    if (-not $adapter) { Write-VmmError $Call 801 'VMM cannot find the network adapter object.'; return }
    $type = $Call['MACAddressType']
    if ($Call.Has('MACAddressType') -and $type -notin 'Static', 'Dynamic') { Write-VmmError $Call 20427 "The MAC address type $type is not valid."; return }
    $mac = [StandIn.MacText]::Plain($Call['MACAddress'])
    if ($Call.Has('MACAddress') -and $mac.Length -ne 12) { Write-VmmError $Call 20416 "The MAC address $($Call['MACAddress']) is not in a valid format."; return }
    $changes = ($type -eq 'Dynamic' -and -not $adapter.Dynamic) -or ($type -eq 'Static' -and $adapter.Dynamic) -or ($mac -and $mac -ne $adapter.Mac)
    if ($changes -and $vm.State -ne 'Off') { Write-VmmError $Call 808 "VMM cannot change the network adapter of virtual machine $($vm.Name) because the virtual machine is not stopped."; return }
    if ($mac -and [Convert]::ToByte($mac.Substring(0, 2), 16) -band 1) { Write-VmmError $Call 20417 'The MAC address is a multicast address.'; return }
    # Static without an address takes one from the first pool, as the Generate button does.
    if ($type -eq 'Static' -and -not $mac -and $adapter.Dynamic) {
        $pool = $Call.State.Vmm.Pools | Where-Object Platform -EQ HyperV | Select-Object -First 1
        if (-not $pool) { Write-VmmError $Call 20425 'There is no MAC address pool to take an address from.'; return }
        $value = [Convert]::ToInt64($pool.Start, 16)
        while ($value.ToString('X12') -in @($Call.State.Vmm.Granted | ForEach-Object Mac)) { $value++ }
        $mac = $value.ToString('X12')
        $Call.State.Vmm.Granted.Add([StandIn.GrantedMac]@{ Id = [guid]::NewGuid(); Mac = $mac; Pool = $pool.Id; Adapter = $adapter.Id })
    }
    if ($mac) { $adapter.Mac = $mac }
    if ($type) { $adapter.Dynamic = $type -eq 'Dynamic' }
    if ($Call.Has('EnableMACAddressSpoofing')) { $adapter.Spoofing = $Call['EnableMACAddressSpoofing'] }
    $vm.VmmRecord = $null
    $Call.Write($object)
}

Behaviour 'Read-SCVirtualMachine' {
    param($Call)
    $vm = [StandIn.Peek]::Data($Call['VM'])
    if (-not $vm) { Write-VmmError $Call 801 'VMM cannot find the virtual machine object.'; return }
    $vm.VmmRecord = $null
    $Call.Write($Call['VM'])
}

Behaviour 'Stop-SCVirtualMachine' {
    param($Call)
    $vm = [StandIn.Peek]::Data($Call['VM'])
    $state = if ($Call.On('SaveState')) { 'Saved' } else { 'Off' }
    if ($vm.State -eq 'Running' -or ($vm.State -eq 'Saved' -and $Call.On('DiscardSavedState'))) { Stop-Machine $vm $state }
    else { Write-VmmError $Call 708 "VMM cannot complete the Hyper-V operation on virtual machine $($vm.Name) because of its state."; return }
    $Call.Write($Call['VM'])
}

Behaviour 'Start-SCVirtualMachine' {
    param($Call)
    $vm = [StandIn.Peek]::Data($Call['VM'])
    if ($vm.State -in 'Off', 'Saved') { Start-Machine $Call $vm }
    $Call.Write($Call['VM'])
}
