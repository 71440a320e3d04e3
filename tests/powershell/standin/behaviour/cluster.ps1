# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# FailoverClusters. A clustered VM is two resources of a group. Errors are not terminating by themselves.

function Assert-Cluster($Call) {
    $cluster = $Call.State.Cluster
    if ($Call.Has('Cluster') -and $Call['Cluster'] -notin '', '.' -and ($Call['Cluster'] -split '\.')[0] -notin @(${cluster}?.Name) + @($Call.State.Nodes.Keys)) {
        $Call.Fail("The cluster '$($Call['Cluster'])' could not be found. The RPC server is unavailable.", 'Cluster', 'ConnectionError', $null)
    }
    $named = ($Call.Has('Cluster') -and $Call['Cluster'] -notin '', '.') -or ($Call.Cmdlet -eq 'Get-Cluster' -and $Call.Has('Name'))
    if (-not $cluster -or -not ($named -or $Call.State.NodeOf([StandIn.Store]::NodeName).ClusterMember)) { $Call.Fail("The cluster service is not running. Make sure that the service is running on all nodes in the cluster.`r`n    There are no more endpoints available from the endpoint mapper", 'ClusterEndpointNotRegistered', 'ConnectionError', $null) }
}

# Over WinRM without CredSSP this cmdlet is refused (fact 50).
function Assert-Delegation($Call) {
    if ($env:STANDIN_NO_CREDSSP -eq '1') {
        $Call.Fail("You do not have administrative privileges on the cluster. Contact your network administrator to request access.`r`n    Access is denied", 'ClusterAccessDenied', 'AuthenticationError', $null)
    }
}

function New-ResourceObject($Vm, [bool]$Configuration) { [Microsoft.FailoverClusters.PowerShell.ClusterResource]::new($Vm.Id, $Configuration) }

function Get-ClusteredVm($Call) { $Call.State.Vms | Where-Object Clustered | Sort-Object -Property Group }

# The VMs of one role: by hand several can be put into one group.
function Get-RoleVm($Call, [string]$Group) { $Call.State.Vms | Where-Object { $_.Clustered -and $_.Group -eq $Group } }

# A role by its name, whatever it holds.
function New-GroupObject($Call, [string]$Group) {
    $vm = Get-RoleVm $Call $Group | Select-Object -First 1
    if ($vm) { [Microsoft.FailoverClusters.PowerShell.ClusterGroup]::new($vm.Id) } else { [Microsoft.FailoverClusters.PowerShell.ClusterGroup]::Named($Group) }
}

function Get-EveryGroup($Call) {
    [Microsoft.FailoverClusters.PowerShell.ClusterGroup]::new([Microsoft.FailoverClusters.PowerShell.GroupType]::AvailableStorage)
    [Microsoft.FailoverClusters.PowerShell.ClusterGroup]::new([Microsoft.FailoverClusters.PowerShell.GroupType]::Cluster)
    $names = @(Get-ClusteredVm $Call | ForEach-Object Group) + @($Call.State.Cluster.Resources | ForEach-Object Group)
    foreach ($name in $names | Sort-Object -Unique) { New-GroupObject $Call $name }
}

function Get-EveryResource($Call) {
    foreach ($vm in Get-ClusteredVm $Call) { New-ResourceObject $vm $false; New-ResourceObject $vm $true }
    foreach ($other in $Call.State.Cluster.Resources) { [Microsoft.FailoverClusters.PowerShell.ClusterResource]::new($other.Name) }
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
    if ($Call.Has('VMId')) { $Call.Write((New-GroupObject $Call (Resolve-Role $Call).Group)); return }
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
    if ($Call.Has('VMId')) { $resources = @($resources | Where-Object { $vm = [StandIn.Peek]::Data($_); $vm -and $vm.Id -eq $Call['VMId'].ToString() }) }
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
            if (-not $vm) { continue }
            $all += [Microsoft.FailoverClusters.PowerShell.ClusterParameter]@{ ClusterObject = $object; Name = 'VmID'; ParameterType = 'String'; Value = ($vm.ClusterVmId ?? $vm.Id) }
            if (-not [StandIn.Peek]::IsConfiguration($object)) {
                $all += [Microsoft.FailoverClusters.PowerShell.ClusterParameter]@{ ClusterObject = $object; Name = 'OfflineAction'; ParameterType = 'UInt32'; Value = [uint32]$vm.OfflineAction }
                $all += [Microsoft.FailoverClusters.PowerShell.ClusterParameter]@{ ClusterObject = $object; Name = 'ShutdownAction'; ParameterType = 'UInt32'; Value = [uint32]$vm.ShutdownAction }
            }
        }
        foreach ($parameter in Select-Named $Call $all 'cluster parameter') { $Call.Write($parameter) }
    }
}

# Takes a role and its resources out of the cluster. The VMs stay as they are: scripts remove the role of a running VM and move it afterwards.
Behaviour 'Remove-ClusterGroup' {
    param($Call)
    Assert-Cluster $Call
    $names = if ($Call.Has('VMId')) { (Resolve-Role $Call).Group } elseif ($Call.Has('InputObject')) { $Call['InputObject'].Name } else { @($Call['Name']) }
    foreach ($name in $names) {
        $group = Get-EveryGroup $Call | Where-Object { $_.Name -eq $name -and -not $_.IsCoreGroup }
        if (-not $group) { $Call.Fail("An error occurred opening cluster group '$name'.`r`n    The cluster group could not be found", 'ClusterObjectNotFound', 'ObjectNotFound', $null) }
        if (-not $Call.Should("Remove-ClusterGroup will remove the clustered role `"$name`".")) { continue }
        if (-not ($Call.On('Force') -or $Call.Ask("Are you sure you want to remove the clustered role '$name'?"))) { continue }
        if (-not $Call.On('RemoveResources')) { $Call.Fail("An error occurred deleting cluster group '$name'.`r`n    The cluster group still has resources in it", 'Remove-ClusterGroup', 'NotSpecified', $null) }
        foreach ($vm in @(Get-RoleVm $Call $name)) { $vm.SetRole($Call.State.Cluster, $Nothing) }
        [void]$Call.State.Cluster.Resources.RemoveAll([Predicate[StandIn.OtherResource]] { $args[0].Group -eq $name })
    }
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
    $role = $Call['Name'] ?? $vm.Name
    if ($role -in @(Get-EveryGroup $Call | ForEach-Object Name)) { $Call.Fail("An error occurred while creating the clustered role '$role'.`r`n    The object already exists", 'Add-ClusterVirtualMachineRole', 'NotSpecified', $null) }
    $vm.SetRole($Call.State.Cluster, $role)
    $Call.Write((New-GroupObject $Call $role))
}

