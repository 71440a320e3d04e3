#!powershell

# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._HyperV

# save_dir, record, return_observation, ledger, plan and lock_timeout belong to the action of this name on the controller: nothing here
# reads them.
$spec = @{
    options = @{
        gather = @{
            type = 'list'
            elements = 'str'
            choices = @(
                'range'
                'cluster'
                'cluster_groups'
                'vms'
                'checkpoints'
                'port_profiles'
                'host_adapters'
                'physical_adapters'
                'switches'
                'container_networks'
            )
            default = @(
                'range'
                'cluster'
                'cluster_groups'
                'vms'
                'checkpoints'
                'port_profiles'
                'host_adapters'
                'physical_adapters'
                'switches'
                'container_networks'
            )
        }
        vms = @{
            type = 'list'
            elements = 'str'
        }
        save_dir = @{
            type = 'str'
        }
        record = @{
            type = 'bool'
            default = $false
        }
        return_observation = @{
            type = 'bool'
            default = $true
        }
        ledger = @{
            type = 'str'
        }
        plan = @{
            type = 'dict'
        }
        lock_timeout = @{
            type = 'int'
            default = 30
        }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

function Add-MacPoolWarning {
    <#
    .SYNOPSIS
    Notes what could not be read, and why.

    .PARAMETER Warnings
    The list that takes the line.

    .PARAMETER Part
    The part of the observation, as in the option gather.

    .PARAMETER Subject
    What of that part; empty for the part as a whole.

    .PARAMETER Problem
    The error.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings,

        [Parameter()]
        [string]
        $Part,

        [Parameter()]
        [string]
        $Subject,

        [Parameter()]
        [object]
        $Problem
    )

    $cause = Get-MacPoolCause -Problem $Problem
    if (Test-MacPoolAccessDenied -Problem $Problem) {
        $cause = "access denied: $cause"
    }
    if ($Subject -eq '') {
        $line = "${Part}: could not be read: $cause"
    }
    else {
        $line = "${Part}: $Subject could not be read: $cause"
    }
    if (-not $Warnings.Contains($line)) {
        $null = $Warnings.Add($line)
    }
}

function Get-MacPoolHostVersion {
    <#
    .SYNOPSIS
    The version of Windows, such as 10.0.20348.
    #>
    [CmdletBinding()]
    param ()

    $found = ''
    if (Test-MacPoolCommand -Name 'Get-CimInstance') {
        try {
            $system = Get-CimInstance -ClassName 'Win32_OperatingSystem' -ErrorAction Stop
            $found = "$(Get-MacPoolMember -InputObject $system -Name 'Version')"
        }
        catch {
            # the same version is known without CIM
            $found = ''
        }
    }
    if ($found -ne '') {
        return $found
    }
    $version = [System.Environment]::OSVersion.Version
    return "$($version.Major).$($version.Minor).$($version.Build)"
}

function Get-MacPoolHostAddress {
    <#
    .SYNOPSIS
    Writes the IPv4 addresses of this host, without loopback and link-local ones.
    #>
    [CmdletBinding()]
    param ()

    if (Test-MacPoolCommand -Name 'Get-NetIPAddress') {
        $found = @(
            foreach ($item in @(Get-NetIPAddress -AddressFamily 'IPv4' -ErrorAction Stop)) {
                "$(Get-MacPoolMember -InputObject $item -Name 'IPAddress')"
            }
        )
    }
    else {
        $found = @(
            foreach ($interface in [System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
                foreach ($item in $interface.GetIPProperties().UnicastAddresses) {
                    if ("$($item.Address.AddressFamily)" -eq 'InterNetwork') {
                        "$($item.Address)"
                    }
                }
            }
        )
    }

    $seen = @{}
    foreach ($address in $found) {
        if ($address -notmatch '\A[0-9]+(\.[0-9]+){3}\z' -or $address -match '\A(127|169\.254)\.' -or $seen.ContainsKey($address)) {
            continue
        }
        $seen[$address] = $true
        $address
    }
}

function Get-MacPoolHostIdentity {
    <#
    .SYNOPSIS
    The part 'host', which is always read.

    .PARAMETER HyperV
    Whether Hyper-V is installed.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [bool]
        $HyperV,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    $name = "$env:COMPUTERNAME"
    if ($name -eq '') {
        $name = [System.Environment]::MachineName
    }
    $identity = [ordered]@{ name = $name; hyperv = $HyperV }
    try {
        $identity['os_version'] = Get-MacPoolHostVersion
    }
    catch {
        Add-MacPoolWarning -Warnings $Warnings -Part 'host' -Subject 'os_version' -Problem $_
    }
    try {
        $identity['ipv4'] = @(Get-MacPoolHostAddress)
    }
    catch {
        Add-MacPoolWarning -Warnings $Warnings -Part 'host' -Subject 'ipv4' -Problem $_
    }
    return $identity
}

function Get-MacPoolHostRange {
    <#
    .SYNOPSIS
    The part 'mac_range'. Where Hyper-V is installed only Get-VMHost is asked: the registry may say what VMMS has not read yet.

    .PARAMETER HyperV
    Whether Hyper-V is installed.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [bool]
        $HyperV
    )

    if ($HyperV) {
        return (Get-MacPoolCmdletRange)
    }
    $registry = Get-MacPoolRegistryRange
    return $registry['range']
}

function Get-MacPoolClusterGroup {
    <#
    .SYNOPSIS
    Writes the groups of VMs in the cluster: who owns which VM.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    $groups = @(
        foreach ($clusterGroup in @(Get-ClusterGroup -ErrorAction Stop)) {
            if ("$($clusterGroup.GroupType)" -eq 'VirtualMachine') {
                $clusterGroup
            }
        }
    )
    if ($groups.Count -eq 0) {
        return
    }

    $answer = Get-MacPoolClusterMachine
    foreach ($problem in $answer['problems']) {
        Add-MacPoolWarning -Warnings $Warnings -Part 'cluster_groups' -Subject 'the id of a VM (cluster parameter VmId)' -Problem $problem
    }
    $machines = Get-MacPoolNameTable
    foreach ($machine in $answer['machines']) {
        $group = $machine['group']
        if (-not $machines.ContainsKey($group)) {
            $machines[$group] = [System.Collections.ArrayList]::new()
        }
        $null = $machines[$group].Add($machine['vm_id'])
    }

    foreach ($clusterGroup in $groups) {
        $name = "$($clusterGroup.Name)"
        $owner = Get-MacPoolObjectName -InputObject $clusterGroup.OwnerNode
        $state = "$($clusterGroup.State)"
        if ($machines.ContainsKey($name)) {
            # by hand one can put several VMs into one group
            foreach ($id in $machines[$name]) {
                [ordered]@{ name = $name; vm_id = $id; owner_node = $owner; state = $state }
            }
        }
        else {
            [ordered]@{ name = $name; vm_id = $null; owner_node = $owner; state = $state }
        }
    }
}

function Get-MacPoolClusterNode {
    <#
    .SYNOPSIS
    Writes the nodes of the cluster with their states, also those that are down.
    #>
    [CmdletBinding()]
    param ()

    foreach ($clusterNode in @(Get-ClusterNode -ErrorAction Stop)) {
        [ordered]@{ name = "$($clusterNode.Name)"; state = "$($clusterNode.State)" }
    }
}

function Get-MacPoolCluster {
    <#
    .SYNOPSIS
    The part 'cluster'; null on a lone host.

    .PARAMETER Groups
    Whether the groups of VMs are wanted.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [bool]
        $Groups,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    $name = Get-MacPoolClusterName
    if ($null -eq $name) {
        return $null
    }
    $cluster = [ordered]@{ name = $name }
    try {
        $cluster['nodes'] = @(Get-MacPoolClusterNode)
    }
    catch {
        Add-MacPoolWarning -Warnings $Warnings -Part 'cluster' -Subject 'nodes' -Problem $_
    }
    if ($Groups) {
        try {
            $cluster['groups'] = @(Get-MacPoolClusterGroup -Warnings $Warnings)
        }
        catch {
            Add-MacPoolWarning -Warnings $Warnings -Part 'cluster_groups' -Problem $_
        }
    }
    return $cluster
}

function Get-MacPoolChosenMachine {
    <#
    .SYNOPSIS
    Writes the VMs of this host that are wanted. Names are compared, never given to Get-VM, where they would be patterns.

    .PARAMETER All
    Whether all are wanted.

    .PARAMETER Wanted
    The names or ids of those that are wanted.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [bool]
        $All,

        [Parameter()]
        [object[]]
        $Wanted,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    if (-not $All -and @($Wanted).Count -eq 0) {
        return
    }
    $names = Get-MacPoolNameTable
    $ids = @{}
    foreach ($item in $Wanted) {
        $names["$item"] = $true
        # an id may come in braces
        $ids[("$item" -replace '[{}]', '')] = $true
    }

    $list = Get-MacPoolMachineList
    if ($list['machines'].Count -eq 0 -and $list['problems'].Count -gt 0) {
        throw $list['problems'][0]
    }
    foreach ($problem in $list['problems']) {
        Add-MacPoolWarning -Warnings $Warnings -Part 'vms' -Subject 'a VM in the list' -Problem $problem
    }
    foreach ($vm in $list['machines']) {
        if ($All -or $ids.ContainsKey("$($vm.Id)") -or $names.ContainsKey("$($vm.Name)")) {
            $vm
        }
    }
}

function Get-MacPoolAdapterMap {
    <#
    .SYNOPSIS
    The adapters of VMs by VM id: one call for all. Only when that fails each VM is asked, to learn which one is broken; it has no entry.

    .PARAMETER Machines
    The VMs.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $Machines,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    $map = @{}
    if (@($Machines).Count -eq 0) {
        return $map
    }

    $single = $false
    $adapters = @()
    try {
        $adapters = @(Get-VMNetworkAdapter -VM $Machines -ErrorAction Stop)
    }
    catch {
        $single = $true
    }
    if (-not $single) {
        foreach ($vm in $Machines) {
            $map["$($vm.Id)"] = [System.Collections.ArrayList]::new()
        }
        foreach ($adapter in $adapters) {
            $owner = "$($adapter.VMId)"
            if ($map.ContainsKey($owner)) {
                $null = $map[$owner].Add($adapter)
            }
            else {
                # not told whose it is
                $single = $true
            }
        }
    }
    if (-not $single) {
        return $map
    }

    $map = @{}
    foreach ($vm in $Machines) {
        try {
            $found = [System.Collections.ArrayList]::new()
            foreach ($adapter in @(Get-VMNetworkAdapter -VM $vm -ErrorAction Stop)) {
                $null = $found.Add($adapter)
            }
            $map["$($vm.Id)"] = $found
        }
        catch {
            Add-MacPoolWarning -Warnings $Warnings -Part 'vms' -Subject "the adapters of VM '$($vm.Name)' ($($vm.Id))" -Problem $_
        }
    }
    return $map
}

function ConvertTo-MacPoolVlan {
    <#
    .SYNOPSIS
    What an adapter's VLAN setting says; null when it says nothing, as a getter that fails does.

    .PARAMETER Setting
    The VlanSetting of an adapter.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Setting
    )

    if ($null -eq $Setting) {
        return $null
    }
    $vlan = $Setting
    $mode = "$($vlan.OperationMode)"
    if ($mode -eq '') {
        return $null
    }
    $access = 0
    if ($mode -ne 'Untagged') {
        $access = [int]$vlan.AccessVlanId
    }
    return [ordered]@{
        mode = $mode
        access = $access
        trunk = @(foreach ($id in $vlan.AllowedVlanIdList) { [int]$id })
    }
}

function ConvertTo-MacPoolAdapter {
    <#
    .SYNOPSIS
    One adapter of a VM or of a checkpoint. One that shows no address, or not whether that is dynamic, is unreadable: a getter that
    fails gives nothing, silently.

    .PARAMETER Adapter
    The adapter.

    .PARAMETER Id
    The id to show.

    .PARAMETER Subject
    Whose adapter it is, for warnings.

    .PARAMETER Pending
    The list that takes adapters whose VLAN is still to be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Adapter,

        [Parameter()]
        [string]
        $Id,

        [Parameter()]
        [string]
        $Subject,

        [Parameter()]
        [System.Collections.ArrayList]
        $Pending
    )

    $name = "$($Adapter.Name)"
    $mac = ConvertTo-MacPoolAddress -Text $Adapter.MacAddress
    if ($mac -eq '') {
        throw "adapter '$name' shows no MAC address"
    }
    $dynamic = $Adapter.DynamicMacAddressEnabled
    if ($null -eq $dynamic) {
        throw "adapter '$name' does not show whether its MAC address is dynamic"
    }
    $connected = [bool]$Adapter.Connected
    $switchName = $null
    if ($connected -and "$($Adapter.SwitchName)" -ne '') {
        $switchName = "$($Adapter.SwitchName)"
    }
    $record = [ordered]@{
        id = $Id
        name = $name
        mac = $mac
        dynamic = [bool]$dynamic
        legacy = [bool]$Adapter.IsLegacy
        'switch' = $switchName
        connected = $connected
        # fact 33: On is 0, so never a boolean by itself
        spoofing = ("$($Adapter.MacAddressSpoofing)" -eq 'On')
    }
    $vlan = ConvertTo-MacPoolVlan -Setting $Adapter.VlanSetting
    if ($null -ne $vlan) {
        $record['vlan'] = $vlan
    }
    else {
        $null = $Pending.Add(@{ record = $record; adapter = $Adapter; subject = "the VLAN of adapter '$name' of $Subject" })
    }
    return $record
}

function Resolve-MacPoolVlan {
    <#
    .SYNOPSIS
    Asks the cmdlet for the VLANs that adapters did not show, in one call: unlike a property it says why it cannot tell.

    .PARAMETER Pending
    The adapters with their records.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.ArrayList]
        $Pending,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    if ($Pending.Count -eq 0) {
        return
    }

    $problems = @()
    $settings = @{}
    try {
        $adapters = @(foreach ($entry in $Pending) { $entry['adapter'] })
        foreach ($vlan in @(Get-VMNetworkAdapterVlan -VMNetworkAdapter $adapters -ErrorAction SilentlyContinue -ErrorVariable problems)) {
            $settings["$(Get-MacPoolMember -InputObject $vlan.ParentAdapter -Name 'Id')"] = ConvertTo-MacPoolVlan -Setting $vlan
        }
    }
    catch {
        $problems = @($_)
    }
    $cause = 'Get-VMNetworkAdapterVlan does not show it'
    foreach ($problem in $problems) {
        $cause = $problem
    }

    foreach ($entry in $Pending) {
        $found = $settings["$($entry['adapter'].Id)"]
        if ($null -ne $found) {
            $entry['record']['vlan'] = $found
        }
        else {
            Add-MacPoolWarning -Warnings $Warnings -Part 'vms' -Subject $entry['subject'] -Problem $cause
        }
    }
}

function Get-MacPoolPortProfileMap {
    <#
    .SYNOPSIS
    The port profiles by adapter id. Features do not say whose they are: when one call over all adapters gives any, each adapter is
    asked. An adapter that could not be read has no entry.

    .PARAMETER Adapters
    The adapters.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $Adapters,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    $map = @{}
    if (@($Adapters).Count -eq 0) {
        return $map
    }

    $single = $false
    try {
        $single = (@(Get-MacPoolPortFeature -Adapter $Adapters).Count -gt 0)
    }
    catch {
        $single = $true
    }
    if (-not $single) {
        foreach ($adapter in $Adapters) {
            $map["$($adapter.Id)"] = $null
        }
        return $map
    }

    $failures = [System.Collections.ArrayList]::new()
    foreach ($adapter in $Adapters) {
        try {
            $features = @(Get-MacPoolPortFeature -Adapter $adapter)
            if ($features.Count -eq 0) {
                $map["$($adapter.Id)"] = $null
            }
            else {
                $map["$($adapter.Id)"] = ConvertTo-MacPoolPortProfile -Feature $features[0]
            }
        }
        catch {
            $null = $failures.Add(@{ subject = "adapter '$($adapter.Name)' of VM '$($adapter.VMName)'"; problem = $_ })
        }
    }
    if ($failures.Count -eq @($Adapters).Count) {
        # one cause, one line
        Add-MacPoolWarning -Warnings $Warnings -Part 'port_profiles' -Problem $failures[0]['problem']
        return $map
    }
    foreach ($failure in $failures) {
        Add-MacPoolWarning -Warnings $Warnings -Part 'port_profiles' -Subject $failure['subject'] -Problem $failure['problem']
    }
    return $map
}

function Get-MacPoolSnapshotMap {
    <#
    .SYNOPSIS
    The checkpoints of VMs by VM id: one call for all, VM by VM only to learn which one is broken.

    .PARAMETER Machines
    The VMs.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $Machines,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    $map = @{}
    $single = $false
    $snapshots = @()
    try {
        $snapshots = @(Get-VMSnapshot -VM $Machines -ErrorAction Stop)
    }
    catch {
        $single = $true
    }
    if (-not $single) {
        foreach ($vm in $Machines) {
            $map["$($vm.Id)"] = [System.Collections.ArrayList]::new()
        }
        foreach ($snapshot in $snapshots) {
            $owner = "$($snapshot.VMId)"
            if ($map.ContainsKey($owner)) {
                $null = $map[$owner].Add($snapshot)
            }
            else {
                # not told whose it is
                $single = $true
            }
        }
    }
    if (-not $single) {
        return $map
    }

    $map = @{}
    foreach ($vm in $Machines) {
        try {
            $found = [System.Collections.ArrayList]::new()
            foreach ($snapshot in @(Get-VMSnapshot -VM $vm -ErrorAction Stop)) {
                $null = $found.Add($snapshot)
            }
            $map["$($vm.Id)"] = $found
        }
        catch {
            Add-MacPoolWarning -Warnings $Warnings -Part 'checkpoints' -Subject "VM '$($vm.Name)' ($($vm.Id))" -Problem $_
        }
    }
    return $map
}

function Get-MacPoolSnapshotOwner {
    <#
    .SYNOPSIS
    The id of the checkpoint that an adapter belongs to: the adapter's own id starts with it.

    .PARAMETER Adapter
    An adapter of a checkpoint.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Adapter
    )

    $head = ("$($Adapter.Id)" -split '\\')[0]
    return ($head -replace '\A[^:]*:', '').ToLowerInvariant()
}

function Get-MacPoolSnapshotAdapterMap {
    <#
    .SYNOPSIS
    The adapters of checkpoints by checkpoint id: one pipeline for all, one by one only to learn which one is broken; it has no entry.

    .PARAMETER Snapshots
    The checkpoints.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $Snapshots,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    $map = @{}
    if (@($Snapshots).Count -eq 0) {
        return $map
    }

    $single = $false
    $adapters = @()
    try {
        # -VMSnapshot takes one, the pipeline many
        $adapters = @($Snapshots | Get-VMNetworkAdapter -ErrorAction Stop)
    }
    catch {
        $single = $true
    }
    if (-not $single) {
        foreach ($snapshot in $Snapshots) {
            $map["$($snapshot.Id)"] = [System.Collections.ArrayList]::new()
        }
        foreach ($adapter in $adapters) {
            $owner = Get-MacPoolSnapshotOwner -Adapter $adapter
            if ($map.ContainsKey($owner)) {
                $null = $map[$owner].Add($adapter)
            }
            else {
                # not told whose it is
                $single = $true
            }
        }
    }
    if (-not $single) {
        return $map
    }

    $map = @{}
    foreach ($snapshot in $Snapshots) {
        try {
            $found = [System.Collections.ArrayList]::new()
            foreach ($adapter in @(Get-VMNetworkAdapter -VMSnapshot $snapshot -ErrorAction Stop)) {
                $null = $found.Add($adapter)
            }
            $map["$($snapshot.Id)"] = $found
        }
        catch {
            $subject = "checkpoint '$($snapshot.Name)' of VM '$($snapshot.VMName)'"
            Add-MacPoolWarning -Warnings $Warnings -Part 'checkpoints' -Subject $subject -Problem $_
        }
    }
    return $map
}

function Get-MacPoolCheckpoint {
    <#
    .SYNOPSIS
    Writes the checkpoints of one VM. Their adapters are given the ids of the VM adapters they belong to.

    .PARAMETER Machine
    The VM.

    .PARAMETER Adapters
    Its adapters.

    .PARAMETER Snapshots
    Its checkpoints.

    .PARAMETER AdapterMap
    The adapters of checkpoints by checkpoint id.

    .PARAMETER Pending
    The list that takes adapters whose VLAN is still to be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [object[]]
        $Adapters,

        [Parameter()]
        [object[]]
        $Snapshots,

        [Parameter()]
        [System.Collections.IDictionary]
        $AdapterMap,

        [Parameter()]
        [System.Collections.ArrayList]
        $Pending
    )

    $vm = $Machine
    $ids = @{}
    foreach ($adapter in $Adapters) {
        $ids[("$($adapter.Id)" -split '\\')[-1]] = "$($adapter.Id)"
    }

    foreach ($snapshot in $Snapshots) {
        $subject = "checkpoint '$($snapshot.Name)' of VM '$($vm.Name)'"
        $records = @(
            foreach ($adapter in $AdapterMap["$($snapshot.Id)"]) {
                $tail = ("$($adapter.Id)" -split '\\')[-1]
                if ($ids.ContainsKey($tail)) {
                    $id = $ids[$tail]
                }
                else {
                    # the VM has lost this adapter since
                    $id = 'Microsoft:' + "$($vm.Id)".ToUpperInvariant() + '\' + $tail
                }
                ConvertTo-MacPoolAdapter -Adapter $adapter -Id $id -Subject $subject -Pending $Pending
            }
        )
        [ordered]@{
            id = "$($snapshot.Id)".ToLowerInvariant()
            name = "$($snapshot.Name)"
            adapters = $records
        }
    }
}

function ConvertTo-MacPoolMachine {
    <#
    .SYNOPSIS
    One VM with its adapters. One that shows no state is unreadable.

    .PARAMETER Machine
    The VM.

    .PARAMETER Adapters
    Its adapters.

    .PARAMETER PortProfiles
    The port profiles by adapter id; null when they are not wanted.

    .PARAMETER Pending
    The list that takes adapters whose VLAN is still to be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [object[]]
        $Adapters,

        [Parameter()]
        [System.Collections.IDictionary]
        $PortProfiles,

        [Parameter()]
        [System.Collections.ArrayList]
        $Pending
    )

    $vm = $Machine
    $state = "$($vm.State)"
    if ($state -eq '') {
        throw 'it shows no state'
    }
    $records = @(
        foreach ($adapter in $Adapters) {
            $id = "$($adapter.Id)"
            $record = ConvertTo-MacPoolAdapter -Adapter $adapter -Id $id -Subject "VM '$($vm.Name)'" -Pending $Pending
            if ($null -ne $PortProfiles -and $PortProfiles.Contains($id)) {
                $record['port_profile'] = $PortProfiles[$id]
            }
            $record
        }
    )
    return [ordered]@{
        id = "$($vm.Id)".ToLowerInvariant()
        name = "$($vm.Name)"
        state = $state
        generation = [int]$vm.Generation
        clustered = [bool]$vm.IsClustered
        replication_mode = "$($vm.ReplicationMode)"
        adapters = $records
    }
}

function Get-MacPoolMachine {
    <#
    .SYNOPSIS
    Writes the VMs of this host. A broken one is a warning, the others are written; that all are broken is an error.

    .PARAMETER All
    Whether all are wanted.

    .PARAMETER Wanted
    The names or ids of those that are wanted.

    .PARAMETER PortProfiles
    Whether the port profiles of the adapters are wanted.

    .PARAMETER Checkpoints
    Whether the checkpoints are wanted.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [bool]
        $All,

        [Parameter()]
        [object[]]
        $Wanted,

        [Parameter()]
        [bool]
        $PortProfiles,

        [Parameter()]
        [bool]
        $Checkpoints,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    $chosen = @(Get-MacPoolChosenMachine -All $All -Wanted $Wanted -Warnings $Warnings)
    $adapterMap = Get-MacPoolAdapterMap -Machines $chosen -Warnings $Warnings
    $readable = @(
        foreach ($vm in $chosen) {
            if ($adapterMap.ContainsKey("$($vm.Id)")) {
                $vm
            }
        }
    )

    $portProfileMap = $null
    if ($PortProfiles) {
        $adapters = @(
            foreach ($vm in $readable) {
                foreach ($adapter in $adapterMap["$($vm.Id)"]) {
                    $adapter
                }
            }
        )
        $portProfileMap = Get-MacPoolPortProfileMap -Adapters $adapters -Warnings $Warnings
    }

    $snapshotMap = @{}
    $snapshotAdapterMap = @{}
    if ($Checkpoints -and $readable.Count -gt 0) {
        $snapshotMap = Get-MacPoolSnapshotMap -Machines $readable -Warnings $Warnings
        $snapshots = @(
            foreach ($found in $snapshotMap.Values) {
                foreach ($snapshot in $found) {
                    $snapshot
                }
            }
        )
        $snapshotAdapterMap = Get-MacPoolSnapshotAdapterMap -Snapshots $snapshots -Warnings $Warnings
    }

    $pending = [System.Collections.ArrayList]::new()
    $read = 0
    foreach ($vm in $readable) {
        $key = "$($vm.Id)"
        try {
            $mine = @(foreach ($adapter in $adapterMap[$key]) { $adapter })
            $record = ConvertTo-MacPoolMachine -Machine $vm -Adapters $mine -PortProfiles $portProfileMap -Pending $pending
        }
        catch {
            Add-MacPoolWarning -Warnings $Warnings -Part 'vms' -Subject "VM '$($vm.Name)' ($key)" -Problem $_
            continue
        }
        if ($Checkpoints -and $snapshotMap.ContainsKey($key)) {
            try {
                $taken = @(foreach ($snapshot in $snapshotMap[$key]) { $snapshot })
                foreach ($snapshot in $taken) {
                    if (-not $snapshotAdapterMap.ContainsKey("$($snapshot.Id)")) {
                        throw "the adapters of checkpoint '$($snapshot.Name)' are unknown"
                    }
                }
                $options = @{ Machine = $vm; Adapters = $mine; Snapshots = $taken; AdapterMap = $snapshotAdapterMap; Pending = $pending }
                $record['checkpoints'] = @(Get-MacPoolCheckpoint @options)
            }
            catch {
                Add-MacPoolWarning -Warnings $Warnings -Part 'checkpoints' -Subject "VM '$($vm.Name)' ($key)" -Problem $_
            }
        }
        $read++
        $record
    }
    Resolve-MacPoolVlan -Pending $pending -Warnings $Warnings
    if ($read -eq 0 -and $chosen.Count -gt 0) {
        throw 'none of the VMs could be read'
    }
}

function Get-MacPoolHostAdapter {
    <#
    .SYNOPSIS
    Writes the adapters of the management OS. They have no dynamic flag (fact 32).
    #>
    [CmdletBinding()]
    param ()

    foreach ($hostAdapter in @(Get-VMNetworkAdapter -ManagementOS -ErrorAction Stop)) {
        $switchName = $null
        if ("$($hostAdapter.SwitchName)" -ne '') {
            $switchName = "$($hostAdapter.SwitchName)"
        }
        $mac = ConvertTo-MacPoolAddress -Text $hostAdapter.MacAddress
        if ($mac -eq '') {
            throw "adapter '$($hostAdapter.Name)' shows no MAC address"
        }
        [ordered]@{ id = "$($hostAdapter.Id)"; name = "$($hostAdapter.Name)"; mac = $mac; 'switch' = $switchName }
    }
}

function Get-MacPoolUplink {
    <#
    .SYNOPSIS
    Writes the descriptions of the network adapters under a switch.

    .PARAMETER VirtualSwitch
    The virtual switch.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $VirtualSwitch
    )

    # before embedded teaming a switch had one adapter, and no list of them
    $descriptions = @(
        foreach ($item in @(Get-MacPoolMember -InputObject $VirtualSwitch -Name 'NetAdapterInterfaceDescriptions')) {
            if ("$item" -ne '') {
                "$item"
            }
        }
    )
    if ($descriptions.Count -eq 0) {
        $description = "$(Get-MacPoolMember -InputObject $VirtualSwitch -Name 'NetAdapterInterfaceDescription')"
        if ($description -ne '') {
            $descriptions = @($description)
        }
    }
    $descriptions
}

function Get-MacPoolSwitch {
    <#
    .SYNOPSIS
    Writes the virtual switches. An uplink is the name of a network adapter, or its description where no physical adapter has that.

    .PARAMETER Switches
    The virtual switches.

    .PARAMETER NetAdapters
    The physical adapters; empty where they could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $Switches,

        [Parameter()]
        [object[]]
        $NetAdapters
    )

    $names = @{}
    foreach ($netAdapter in $NetAdapters) {
        $names["$(Get-MacPoolMember -InputObject $netAdapter -Name 'InterfaceDescription')"] = "$(Get-MacPoolMember -InputObject $netAdapter -Name 'Name')"
    }
    foreach ($vmSwitch in $Switches) {
        $uplinks = @(
            foreach ($description in @(Get-MacPoolUplink -VirtualSwitch $vmSwitch)) {
                if ($names.ContainsKey($description)) {
                    $names[$description]
                }
                else {
                    $description
                }
            }
        )
        [ordered]@{
            id = "$($vmSwitch.Id)".ToLowerInvariant()
            name = "$($vmSwitch.Name)"
            type = "$($vmSwitch.SwitchType)"
            uplinks = $uplinks
        }
    }
}

function Get-MacPoolNetAdapter {
    <#
    .SYNOPSIS
    Writes the physical network adapters as Windows gives them.
    #>
    [CmdletBinding()]
    param ()

    if (Test-MacPoolCommand -Name 'Get-NetAdapter') {
        Get-NetAdapter -Physical -ErrorAction Stop
    }
}

function Get-MacPoolTeamMap {
    <#
    .SYNOPSIS
    The LBFO team of each network adapter, by the adapter's name. Where there is no teaming there are none.
    #>
    [CmdletBinding()]
    param ()

    $map = @{}
    if (Test-MacPoolCommand -Name 'Get-NetLbfoTeamMember') {
        foreach ($member in @(Get-NetLbfoTeamMember -ErrorAction Stop)) {
            $name = "$(Get-MacPoolMember -InputObject $member -Name 'Name')"
            $map[$name] = "$(Get-MacPoolMember -InputObject $member -Name 'Team')"
        }
    }
    elseif (Test-MacPoolCommand -Name 'Get-NetLbfoTeam') {
        foreach ($team in @(Get-NetLbfoTeam -ErrorAction Stop)) {
            $name = "$(Get-MacPoolMember -InputObject $team -Name 'Name')"
            foreach ($member in @(Get-MacPoolMember -InputObject $team -Name 'Members')) {
                $map["$member"] = $name
            }
        }
    }
    return $map
}

function Get-MacPoolPhysicalAdapter {
    <#
    .SYNOPSIS
    Writes the physical network adapters: address in use, burnt-in address, and the team or embedded team (SET) they are in.

    .PARAMETER NetAdapters
    The physical adapters.

    .PARAMETER Switches
    The virtual switches; null where they could not be read.

    .PARAMETER Warnings
    The list that takes what could not be read.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $NetAdapters,

        [Parameter()]
        [object[]]
        $Switches,

        [Parameter()]
        [System.Collections.ArrayList]
        $Warnings
    )

    if (@($NetAdapters).Count -eq 0) {
        return
    }

    $complete = ($null -ne $Switches)
    $teams = @{}
    try {
        $teams = Get-MacPoolTeamMap
    }
    catch {
        $complete = $false
        Add-MacPoolWarning -Warnings $Warnings -Part 'physical_adapters' -Subject 'the teams (team)' -Problem $_
    }
    $embedded = @{}
    foreach ($vmSwitch in $Switches) {
        if (Get-MacPoolMember -InputObject $vmSwitch -Name 'EmbeddedTeamingEnabled') {
            foreach ($description in @(Get-MacPoolUplink -VirtualSwitch $vmSwitch)) {
                $embedded[$description] = "$($vmSwitch.Name)"
            }
        }
    }

    foreach ($netAdapter in $NetAdapters) {
        $name = "$(Get-MacPoolMember -InputObject $netAdapter -Name 'Name')"
        $description = "$(Get-MacPoolMember -InputObject $netAdapter -Name 'InterfaceDescription')"
        $record = [ordered]@{
            name = $name
            mac = (ConvertTo-MacPoolAddress -Text (Get-MacPoolMember -InputObject $netAdapter -Name 'MacAddress'))
            permanent_mac = (ConvertTo-MacPoolAddress -Text (Get-MacPoolMember -InputObject $netAdapter -Name 'PermanentAddress'))
            status = "$(Get-MacPoolMember -InputObject $netAdapter -Name 'Status')"
        }
        if ($teams.ContainsKey($name)) {
            $record['team'] = $teams[$name]
        }
        elseif ($embedded.ContainsKey($description)) {
            $record['team'] = $embedded[$description]
        }
        elseif ($complete) {
            $record['team'] = $null
        }
        $record
    }
}

function Get-MacPoolContainerNetwork {
    <#
    .SYNOPSIS
    Writes the container networks with their own MAC pools (fact 108). Where there is no container networking there are none.
    #>
    [CmdletBinding()]
    param ()

    if (-not (Test-MacPoolCommand -Name 'Get-HnsNetwork')) {
        return
    }
    $networks = @()
    try {
        $networks = @(Get-HnsNetwork -ErrorAction Stop)
    }
    catch {
        if (Test-MacPoolServiceAbsent -Name 'hns') {
            return
        }
        throw
    }

    foreach ($network in $networks) {
        if ($null -eq $network) {
            continue
        }
        $pools = @(
            foreach ($pool in @(Get-MacPoolMember -InputObject $network -Name 'MacPools')) {
                if ($null -ne $pool) {
                    [ordered]@{
                        start = (ConvertTo-MacPoolAddress -Text (Get-MacPoolMember -InputObject $pool -Name 'StartMacAddress'))
                        'end' = (ConvertTo-MacPoolAddress -Text (Get-MacPoolMember -InputObject $pool -Name 'EndMacAddress'))
                    }
                }
            }
        )
        [ordered]@{
            id = "$(Get-MacPoolMember -InputObject $network -Name 'Id')".ToLowerInvariant()
            name = "$(Get-MacPoolMember -InputObject $network -Name 'Name')"
            type = "$(Get-MacPoolMember -InputObject $network -Name 'Type')"
            mac_pools = $pools
        }
    }
}

function Get-MacPoolObservation {
    <#
    .SYNOPSIS
    The whole observation, and whether anything that was asked for could be read.

    .PARAMETER Gather
    The parts that are wanted.

    .PARAMETER All
    Whether all VMs are wanted.

    .PARAMETER Wanted
    The names or ids of the VMs that are wanted.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $Gather,

        [Parameter()]
        [bool]
        $All,

        [Parameter()]
        [object[]]
        $Wanted
    )

    $parts = @{}
    foreach ($item in $Gather) {
        $parts["$item"] = $true
    }
    $wantsGroups = $parts.ContainsKey('cluster_groups')
    $wantsCheckpoints = $parts.ContainsKey('checkpoints')
    $wantsPortProfiles = $parts.ContainsKey('port_profiles')
    $wantsNetAdapters = $parts.ContainsKey('physical_adapters')
    $wantsSwitches = $parts.ContainsKey('switches')

    $warnings = [System.Collections.ArrayList]::new()
    $hyperv = Test-MacPoolHyperV
    $tried = 0
    $failed = 0
    $observation = [ordered]@{
        schema = 1
        kind = 'hyperv_host'
        observed_at = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
        host = (Get-MacPoolHostIdentity -HyperV $hyperv -Warnings $warnings)
    }

    if ($parts.ContainsKey('range')) {
        $tried++
        try {
            $observation['mac_range'] = Get-MacPoolHostRange -HyperV $hyperv
        }
        catch {
            $failed++
            Add-MacPoolWarning -Warnings $warnings -Part 'range' -Problem $_
        }
    }

    if ($parts.ContainsKey('cluster') -or $wantsGroups) {
        $tried++
        try {
            $observation['cluster'] = Get-MacPoolCluster -Groups $wantsGroups -Warnings $warnings
        }
        catch {
            $failed++
            Add-MacPoolWarning -Warnings $warnings -Part 'cluster' -Problem $_
        }
    }

    if ($parts.ContainsKey('vms') -or $wantsCheckpoints -or $wantsPortProfiles) {
        $tried++
        try {
            $machines = @()
            if ($hyperv) {
                $options = @{
                    All = $All
                    Wanted = $Wanted
                    PortProfiles = $wantsPortProfiles
                    Checkpoints = $wantsCheckpoints
                    Warnings = $warnings
                }
                $machines = @(Get-MacPoolMachine @options)
            }
            $observation['vms'] = $machines
        }
        catch {
            $failed++
            Add-MacPoolWarning -Warnings $warnings -Part 'vms' -Problem $_
        }
    }

    if ($parts.ContainsKey('host_adapters')) {
        $tried++
        try {
            $hostAdapters = @()
            if ($hyperv) {
                $hostAdapters = @(Get-MacPoolHostAdapter)
            }
            $observation['host_adapters'] = $hostAdapters
        }
        catch {
            $failed++
            Add-MacPoolWarning -Warnings $warnings -Part 'host_adapters' -Problem $_
        }
    }

    $netAdapters = @()
    $netProblem = $null
    $switches = @()
    $switchProblem = $null
    if ($wantsNetAdapters -or $wantsSwitches) {
        try {
            $netAdapters = @(Get-MacPoolNetAdapter)
        }
        catch {
            $netProblem = $_
        }
        try {
            if ($hyperv) {
                $switches = @(Get-VMSwitch -ErrorAction Stop)
            }
        }
        catch {
            $switches = $null
            $switchProblem = $_
        }
    }

    if ($wantsNetAdapters) {
        $tried++
        try {
            if ($null -ne $netProblem) {
                throw $netProblem
            }
            if ($null -ne $switchProblem -and -not $wantsSwitches) {
                Add-MacPoolWarning -Warnings $warnings -Part 'physical_adapters' -Subject 'the embedded teams (team)' -Problem $switchProblem
            }
            $options = @{ NetAdapters = $netAdapters; Switches = $switches; Warnings = $warnings }
            $observation['physical_adapters'] = @(Get-MacPoolPhysicalAdapter @options)
        }
        catch {
            $failed++
            Add-MacPoolWarning -Warnings $warnings -Part 'physical_adapters' -Problem $_
        }
    }

    if ($wantsSwitches) {
        $tried++
        try {
            if ($null -ne $switchProblem) {
                throw $switchProblem
            }
            $observation['switches'] = @(Get-MacPoolSwitch -Switches $switches -NetAdapters $netAdapters)
        }
        catch {
            $failed++
            Add-MacPoolWarning -Warnings $warnings -Part 'switches' -Problem $_
        }
    }

    if ($parts.ContainsKey('container_networks')) {
        $tried++
        try {
            $observation['container_networks'] = @(Get-MacPoolContainerNetwork)
        }
        catch {
            $failed++
            Add-MacPoolWarning -Warnings $warnings -Part 'container_networks' -Problem $_
        }
    }

    $observation['warnings'] = $warnings.ToArray()
    return @{ observation = $observation; readable = ($tried -eq 0 -or $failed -lt $tried) }
}

$module.Result.changed = $false

$answer = $null
$problem = $null
try {
    # null: all VMs; an empty list: none of them
    $options = @{
        Gather = @(foreach ($item in $module.Params.gather) { "$item" })
        All = ($null -eq $module.Params.vms)
        Wanted = @(foreach ($item in $module.Params.vms) { "$item" })
    }
    $answer = Get-MacPoolObservation @options
}
catch {
    $problem = $_
}

if ($null -ne $problem) {
    $module.FailJson("Could not observe this host: $(Get-MacPoolCause -Problem $problem)", $problem)
}
elseif (-not $answer['readable']) {
    $lines = $answer['observation']['warnings'] -join '; '
    $module.FailJson("Nothing that was asked for could be read on host '$($answer['observation']['host']['name'])': $lines")
}
else {
    $module.Result.observation = $answer['observation']
    $module.ExitJson()
}
