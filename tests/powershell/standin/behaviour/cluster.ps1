# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# FailoverClusters. A clustered VM is a group of two resources. Errors are not terminating by themselves.

function New-GroupObject($Vm) { [Microsoft.FailoverClusters.PowerShell.ClusterGroup]::new($Vm.Id) }
function New-ResourceObject($Vm, [bool]$Configuration) { [Microsoft.FailoverClusters.PowerShell.ClusterResource]::new($Vm.Id, $Configuration) }

function Assert-Cluster($Call) {
    $cluster = $Call.State.Cluster
    if ($Call.Has('Cluster') -and $Call['Cluster'] -notin '', '.' -and ($Call['Cluster'] -split '\.')[0] -notin @(${cluster}?.Name) + @($Call.State.Nodes.Keys)) {
        $Call.Fail("The cluster '$($Call['Cluster'])' could not be found. The RPC server is unavailable.", 'Cluster', 'ConnectionError', $null)
    }
    $named = ($Call.Has('Cluster') -and $Call['Cluster'] -notin '', '.') -or ($Call.Cmdlet -eq 'Get-Cluster' -and $Call.Has('Name'))
    if (-not $cluster -or -not ($named -or $Call.State.NodeOf([StandIn.Store]::NodeName).ClusterMember)) { $Call.Fail("The cluster service is not running. Make sure that the service is running on all nodes in the cluster.`r`n    There are no more endpoints available from the endpoint mapper", 'ClusterEndpointNotRegistered', 'ConnectionError', $null) }
}

# Over WinRM without CredSSP these two cmdlets are refused (fact 50).
function Assert-Delegation($Call) {
    if ($env:STANDIN_NO_CREDSSP -eq '1') {
        $Call.Fail("You do not have administrative privileges on the cluster. Contact your network administrator to request access.`r`n    Access is denied", 'ClusterAccessDenied', 'AuthenticationError', $null)
    }
}

function Get-ClusteredVm($Call) { $Call.State.Vms | Where-Object Clustered | Sort-Object -Property Group }

# The VMs of one role: by hand several can be put into one group.
function Get-RoleVm($Call, [string]$Group) { $Call.State.Vms | Where-Object { $_.Clustered -and $_.Group -eq $Group } }

function Get-EveryGroup($Call) {
    [Microsoft.FailoverClusters.PowerShell.ClusterGroup]::new([Microsoft.FailoverClusters.PowerShell.GroupType]::AvailableStorage)
    [Microsoft.FailoverClusters.PowerShell.ClusterGroup]::new([Microsoft.FailoverClusters.PowerShell.GroupType]::Cluster)
    foreach ($name in Get-ClusteredVm $Call | ForEach-Object Group | Sort-Object -Unique) { New-GroupObject @(Get-RoleVm $Call $name)[0] }
}

function Get-EveryResource($Call) {
    foreach ($vm in Get-ClusteredVm $Call) { New-ResourceObject $vm $false; New-ResourceObject $vm $true }
}

# Objects that -Name picks, with wildcards; a plain name that matches nothing is an error.
function Select-Named($Call, [object[]]$Objects, [string]$Kind) {
    if (-not $Call.Has('Name')) { return $Objects }
    foreach ($name in @($Call['Name'])) {
        $found = @($Objects | Where-Object { $_.Name -like $name })
        if (-not $found -and -not (Test-Wildcard $name)) { $Call.Fail("An error occurred opening $Kind '$name'.`r`n    The $Kind could not be found", 'ClusterObjectNotFound', 'ObjectNotFound', $null) }
        $found
    }
}

# The one VM that a role cmdlet is about: by group name, VM id, VM name, VM object, cluster object.
function Resolve-Role($Call) {
    if ($Call.Has('InputObject')) {
        $object = $Call['InputObject']
        $vm = if ($object -is [Microsoft.FailoverClusters.PowerShell.ClusterGroup] -or $object -is [Microsoft.FailoverClusters.PowerShell.ClusterResource]) { [StandIn.Peek]::Data($object) }
    }
    elseif ($Call.Has('VMId')) { $vm = Get-ClusteredVm $Call | Where-Object Id -EQ $Call['VMId'].ToString() | Select-Object -First 1 }
    else { $vm = Get-ClusteredVm $Call | Where-Object Group -EQ $Call['Name'] | Select-Object -First 1 }
    if (-not $vm) { $Call.Fail("An error occurred opening cluster group '$($Call['Name'] ?? $Call['VMId'] ?? $Call['InputObject'])'.`r`n    The cluster group could not be found", 'ClusterObjectNotFound', 'ObjectNotFound', $null) }
    $vm
}

Behaviour 'Get-Cluster' {
    param($Call)
    Assert-Cluster $Call
    $object = [Microsoft.FailoverClusters.PowerShell.Cluster]::new()
    if ($Call.Has('Name') -and @($Call['Name'])[0] -notin '.', $object.Name, "$($object.Name).$($object.Domain)") {
        $Call.Fail("The cluster '$(@($Call['Name'])[0])' could not be found. The RPC server is unavailable.", 'Cluster', 'ConnectionError', $null)
    }
    $Call.Write($object)
}

Behaviour 'Get-ClusterNode' {
    param($Call)
    Assert-Cluster $Call
    $nodes = foreach ($name in $Call.State.Nodes.Keys | Where-Object { $Call.State.Nodes[$_].ClusterMember }) { [Microsoft.FailoverClusters.PowerShell.ClusterNode]::new($name) }
    foreach ($node in Select-Named $Call $nodes 'cluster node') { $Call.Write($node) }
}

Behaviour 'Get-ClusterGroup' {
    param($Call)
    Assert-Cluster $Call
    if ($Call.Has('VMId')) { $Call.Write((New-GroupObject (Resolve-Role $Call))); return }
    $from = $Call['InputObject']
    if ($from -is [Microsoft.FailoverClusters.PowerShell.ClusterResource]) { $Call.Write($from.OwnerGroup); return }
    $groups = Get-EveryGroup $Call
    if ($from -is [Microsoft.FailoverClusters.PowerShell.ClusterNode]) { $groups = @($groups | Where-Object { $_.OwnerNode.Name -eq $from.Name }) }
    foreach ($group in Select-Named $Call $groups 'cluster group') { $Call.Write($group) }
}

Behaviour 'Get-ClusterResource' {
    param($Call)
    Assert-Cluster $Call
    $resources = @(Get-EveryResource $Call)
    if ($Call.Has('VMId')) { $resources = @($resources | Where-Object { [StandIn.Peek]::Data($_).Id -eq $Call['VMId'].ToString() }) }
    $from = $Call['InputObject']
    if ($from -is [Microsoft.FailoverClusters.PowerShell.ClusterGroup]) { $resources = @($resources | Where-Object { $_.OwnerGroup.Name -eq $from.Name }) }
    elseif ($from -is [Microsoft.FailoverClusters.PowerShell.ClusterNode]) { $resources = @($resources | Where-Object { $_.OwnerNode.Name -eq $from.Name }) }
    foreach ($resource in Select-Named $Call $resources 'cluster resource') { $Call.Write($resource) }
}

# Private properties of virtual machine resources: VmID, what the cluster does on offline, and what it makes of a stop from outside.
Behaviour 'Get-ClusterParameter' {
    param($Call)
    Assert-Cluster $Call
    foreach ($object in @($Call['InputObject'] ?? [Microsoft.FailoverClusters.PowerShell.Cluster]::new())) {
        if ($object -is [psobject]) { $object = $object.psobject.BaseObject }
        $all = @()
        if ($object -is [Microsoft.FailoverClusters.PowerShell.ClusterResource]) {
            $vm = [StandIn.Peek]::Data($object)
            $all += [Microsoft.FailoverClusters.PowerShell.ClusterParameter]@{ ClusterObject = $object; Name = 'VmID'; ParameterType = 'String'; Value = ($vm.ClusterVmId ?? $vm.Id) }
            if (-not [StandIn.Peek]::IsConfiguration($object)) {
                $all += [Microsoft.FailoverClusters.PowerShell.ClusterParameter]@{ ClusterObject = $object; Name = 'OfflineAction'; ParameterType = 'UInt32'; Value = [uint32]$vm.OfflineAction }
                $all += [Microsoft.FailoverClusters.PowerShell.ClusterParameter]@{ ClusterObject = $object; Name = 'ShutdownAction'; ParameterType = 'UInt32'; Value = [uint32]$vm.ShutdownAction }
            }
        }
        foreach ($parameter in Select-Named $Call $all 'cluster parameter') { $Call.Write($parameter) }
    }
}

Behaviour 'Set-ClusterParameter' {
    param($Call)
    Assert-Cluster $Call
    $object = $Call['InputObject']
    if ($object -isnot [Microsoft.FailoverClusters.PowerShell.ClusterResource] -or $Call['Name'] -ne 'OfflineAction') { throw [NotImplementedException]::new("StandIn knows Set-ClusterParameter for OfflineAction of a virtual machine resource only.") }
    [StandIn.Peek]::Data($object).OfflineAction = $Call['Value']
}

# Offline follows the resource's OfflineAction, which is Save unless changed; online is a start.
function Set-RoleState($Call, $Vm, [bool]$Online) {
    if ($Online) { if ($Vm.State -in 'Off', 'Saved') { Start-Machine $Call $Vm } }
    elseif ($Vm.State -eq 'Running') {
        switch ($Vm.OfflineAction) { 0 { Stop-Machine $Vm } 1 { Stop-Machine $Vm Saved } default { Stop-Machine $Vm -After $Call.State.StopDelay } }
    }
}

function Resolve-RoleGroup($Call) {
    Assert-Cluster $Call
    $object = if ($Call.Has('InputObject')) { $Call['InputObject'] } else { @(Select-Named $Call (Get-EveryGroup $Call) 'cluster group')[0] }
    if ($object -is [Microsoft.FailoverClusters.PowerShell.ClusterGroup]) { [StandIn.Peek]::Data($object) }
}

function Resolve-RoleResource($Call) {
    Assert-Cluster $Call
    if ($Call.Has('InputObject')) { $Call['InputObject'] } else { @(Select-Named $Call (Get-EveryResource $Call) 'cluster resource')[0] }
}

Behaviour 'Start-ClusterGroup' { param($Call) $vm = Resolve-RoleGroup $Call; if ($vm) { Set-RoleState $Call $vm $true; $Call.Write((New-GroupObject $vm)) } }
Behaviour 'Stop-ClusterGroup' { param($Call) $vm = Resolve-RoleGroup $Call; if ($vm) { Set-RoleState $Call $vm $false; $Call.Write((New-GroupObject $vm)) } }

# Takes a role and its resources out of the cluster. The VMs stay as they are: scripts remove the role of a running VM and move it afterwards.
Behaviour 'Remove-ClusterGroup' {
    param($Call)
    Assert-Cluster $Call
    $names = if ($Call.Has('VMId')) { (Resolve-Role $Call).Group } elseif ($Call.Has('InputObject')) { $Call['InputObject'].Name } else { @($Call['Name']) }
    foreach ($name in $names) {
        $vms = @(Get-RoleVm $Call $name)
        if (-not $vms) { $Call.Fail("An error occurred opening cluster group '$name'.`r`n    The cluster group could not be found", 'ClusterObjectNotFound', 'ObjectNotFound', $null) }
        if (-not $Call.Should("Remove-ClusterGroup will remove the clustered role `"$name`".")) { continue }
        if (-not ($Call.On('Force') -or $Call.Ask("Are you sure you want to remove the clustered role '$name'?"))) { continue }
        if (-not $Call.On('RemoveResources')) { $Call.Fail("An error occurred deleting cluster group '$name'.`r`n    The cluster group still has resources in it", 'Remove-ClusterGroup', 'NotSpecified', $null) }
        foreach ($vm in $vms) { $vm.Clustered = $false; $vm.Group = $Nothing }
    }
}

Behaviour 'Start-ClusterResource' {
    param($Call)
    $resource = Resolve-RoleResource $Call
    if (-not [StandIn.Peek]::IsConfiguration($resource)) { Set-RoleState $Call ([StandIn.Peek]::Data($resource)) $true }
    $Call.Write($resource)
}

Behaviour 'Stop-ClusterResource' {
    param($Call)
    $resource = Resolve-RoleResource $Call
    Set-RoleState $Call ([StandIn.Peek]::Data($resource)) $false
    $Call.Write($resource)
}

Behaviour 'Add-ClusterVirtualMachineRole' {
    param($Call)
    Assert-Cluster $Call
    Assert-Delegation $Call
    $wanted = $Call['VirtualMachine'] ?? $Call['InputObject']
    if ($wanted -is [Microsoft.HyperV.PowerShell.VirtualMachine]) { $vm = $Call.State.Vm($wanted.Id.ToString()) }
    elseif ($Call.Has('VMId')) { $vm = $Call.State.Vm($Call['VMId'].ToString()) }
    else {
        $name = $Call['VMName'] ?? $wanted
        $vm = $Call.State.On([StandIn.Store]::NodeName) | Where-Object Name -EQ $name | Select-Object -First 1
    }
    if (-not $vm) { $Call.Fail("Failed to find the virtual machine '$($name ?? $Call['VMId'])' on the node '$([StandIn.Store]::NodeName)'.", 'Add-ClusterVirtualMachineRole', 'NotSpecified', $null) }
    if ($vm.Clustered) { $Call.Fail("The virtual machine '$($vm.Name)' is already part of a cluster.", 'Add-ClusterVirtualMachineRole', 'NotSpecified', $null) }
    $vm.Clustered = $true
    $vm.Group = $Call['Name'] ?? $vm.Name
    $Call.Write((New-GroupObject $vm))
}

# Live keeps everything; Quick saves and restores; TurnOff and Shutdown start the VM cold on the other node.
Behaviour 'Move-ClusterVirtualMachineRole' {
    param($Call)
    Assert-Cluster $Call
    Assert-Delegation $Call
    $vm = Resolve-Role $Call
    $up = @($Call.State.Nodes.Values | Where-Object { $_.State -eq 'Up' -and $_.Hyperv -and $_.ClusterMember -and $_.Name -ne $vm.Node })
    $target = if (-not $Call.Has('Node')) { $up[0] } else { $up | Where-Object Name -EQ (@($Call['Node'])[0]) }
    if (-not $target) { $Call.Fail("An error occurred while moving the clustered role '$($vm.Group)'.`r`n    The cluster node is not up", 'Move-ClusterVirtualMachineRole', 'NotSpecified', $null) }
    $type = "$($Call['MigrationType'] ?? 'Live')"
    $running = $vm.State -eq 'Running'
    if ($running -and $type -ne 'Live') { Stop-Machine $vm $(if ($type -eq 'Quick') { 'Saved' } else { 'Off' }) }
    $vm.Node = $target.Name
    if ($running -and $type -ne 'Live') { Start-Machine $Call $vm }
    $Call.Write((New-GroupObject $vm))
}

Behaviour 'Update-ClusterVirtualMachineConfiguration' {
    param($Call)
    Assert-Cluster $Call
    if ($Call.Has('VMId')) { [void](Resolve-Role $Call) }
    else {
        $resource = Resolve-RoleResource $Call
        if (-not [StandIn.Peek]::IsConfiguration($resource)) { $Call.Fail("The resource '$($resource.Name)' is not a virtual machine configuration resource.", 'Update-ClusterVirtualMachineConfiguration', 'InvalidArgument', $null) }
    }
    $Call.Write((New-ResourceObject $(if ($Call.Has('VMId')) { Resolve-Role $Call } else { [StandIn.Peek]::Data($resource) }) $true))
}
