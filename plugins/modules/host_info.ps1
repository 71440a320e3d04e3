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
                'range', 'cluster', 'cluster_groups', 'vms', 'checkpoints', 'port_profiles',
                'host_adapters', 'physical_adapters', 'switches', 'container_networks'
            )
            default = @(
                'range', 'cluster', 'cluster_groups', 'vms', 'checkpoints', 'port_profiles',
                'host_adapters', 'physical_adapters', 'switches', 'container_networks'
            )
        }
        vms = @{ type = 'list'; elements = 'str' }
        save_dir = @{ type = 'str' }
        record = @{ type = 'bool'; default = $false }
        return_observation = @{ type = 'bool'; default = $true }
        ledger = @{ type = 'str' }
        plan = @{ type = 'dict' }
        lock_timeout = @{ type = 'int'; default = 30 }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# What could not be read, and why, one line each.
$warnings = [System.Collections.ArrayList]::new()

# Notes what could not be read of a part (as in the option gather), and why. Without a subject it is the part as a whole.
function Add-MacPoolWarning {
    param ([string]$Part, [string]$Subject, $Problem)

    $cause = Get-MacPoolCause -Problem $Problem
    if (Test-MacPoolAccessDenied -Problem $Problem) {
        $cause = "access denied: $cause"
    }
    $line = "${Part}: could not be read: $cause"
    if ($Subject -ne '') {
        $line = "${Part}: $Subject could not be read: $cause"
    }
    if (-not $warnings.Contains($line)) {
        $null = $warnings.Add($line)
    }
}

# Text, or null for none.
function ConvertTo-MacPoolText {
    param ($Value)

    if ("$Value" -ne '') {
        return "$Value"
    }
    return $null
}

# ---- the host and its cluster ------------------------------------------------------------------------------------------------------

# The version of Windows, such as 10.0.20348.
function Get-MacPoolHostVersion {
    if (Test-MacPoolCommand -Name 'Get-CimInstance') {
        try {
            $system = Get-CimInstance -ClassName 'Win32_OperatingSystem' -ErrorAction Stop
            if ("$($system.Version)" -ne '') {
                return "$($system.Version)"
            }
        }
        catch {
            # the same version is known without CIM
            $null = $_
        }
    }
    return [System.Environment]::OSVersion.Version.ToString(3)
}

# Writes the IPv4 addresses of this host, without loopback and link-local ones.
function Get-MacPoolHostAddress {
    if (Test-MacPoolCommand -Name 'Get-NetIPAddress') {
        $found = @(foreach ($item in @(Get-NetIPAddress -AddressFamily 'IPv4' -ErrorAction Stop)) { "$($item.IPAddress)" })
    }
    else {
        $found = @(
            foreach ($interface in [System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
                foreach ($item in $interface.GetIPProperties().UnicastAddresses) {
                    "$($item.Address)"
                }
            }
        )
    }
    $found | Where-Object { $_ -match '\A[0-9]+(\.[0-9]+){3}\z' -and $_ -notmatch '\A(127|169\.254)\.' } | Select-Object -Unique
}

# The part 'host', which is always read.
function Get-MacPoolHostIdentity {
    param ([bool]$HyperV)

    $name = "$env:COMPUTERNAME"
    if ($name -eq '') {
        $name = [System.Environment]::MachineName
    }
    $identity = [ordered]@{ name = $name; hyperv = $HyperV }
    try {
        $identity['os_version'] = Get-MacPoolHostVersion
    }
    catch {
        Add-MacPoolWarning -Part 'host' -Subject 'os_version' -Problem $_
    }
    try {
        $identity['ipv4'] = @(Get-MacPoolHostAddress)
    }
    catch {
        Add-MacPoolWarning -Part 'host' -Subject 'ipv4' -Problem $_
    }
    return $identity
}

# The part 'mac_range'. Where Hyper-V is installed only Get-VMHost is asked: the registry may say what VMMS has not read yet.
function Get-MacPoolHostRange {
    param ([bool]$HyperV)

    if ($HyperV) {
        return (Get-MacPoolCmdletRange)
    }
    $registry = Get-MacPoolRegistryRange
    return $registry['range']
}

# Writes the groups of VMs in the cluster: who owns which VM.
function Get-MacPoolClusterGroup {
    $groups = @(
        foreach ($clusterGroup in @(Get-ClusterGroup -ErrorAction Stop)) {
            if ("$(Get-MacPoolValue -InputObject $clusterGroup -Name 'GroupType')" -eq 'VirtualMachine') {
                $clusterGroup
            }
        }
    )
    if ($groups.Count -eq 0) {
        return
    }

    $answer = Get-MacPoolClusterMachine
    foreach ($problem in $answer['problems']) {
        Add-MacPoolWarning -Part 'cluster_groups' -Subject 'the id of a VM (cluster parameter VmId)' -Problem $problem
    }
    $idsByGroup = Get-MacPoolNameTable
    foreach ($machine in $answer['machines']) {
        $idsByGroup[$machine['group']] += @($machine['vm_id'])
    }
    foreach ($clusterGroup in $groups) {
        $name = "$(Get-MacPoolValue -InputObject $clusterGroup -Name 'Name')"
        $ids = @($null)
        if ($idsByGroup.ContainsKey($name)) {
            # by hand one can put several VMs into one group
            $ids = $idsByGroup[$name]
        }
        foreach ($id in $ids) {
            [ordered]@{
                name = $name
                vm_id = $id
                owner_node = Get-MacPoolNamed -InputObject $clusterGroup -Name 'OwnerNode'
                state = "$(Get-MacPoolValue -InputObject $clusterGroup -Name 'State')"
            }
        }
    }
}

# The part 'cluster', with the nodes that are down as well; null on a lone host.
function Get-MacPoolCluster {
    param ([bool]$Groups)

    $name = Get-MacPoolClusterName
    if ($null -eq $name) {
        return $null
    }
    $found = [ordered]@{ name = $name }
    try {
        $found['nodes'] = @(
            foreach ($clusterNode in @(Get-ClusterNode -ErrorAction Stop)) {
                [ordered]@{
                    name = "$(Get-MacPoolValue -InputObject $clusterNode -Name 'Name')"
                    state = "$(Get-MacPoolValue -InputObject $clusterNode -Name 'State')"
                }
            }
        )
    }
    catch {
        Add-MacPoolWarning -Part 'cluster' -Subject 'nodes' -Problem $_
    }
    if ($Groups) {
        try {
            $found['groups'] = @(Get-MacPoolClusterGroup)
        }
        catch {
            Add-MacPoolWarning -Part 'cluster_groups' -Problem $_
        }
    }
    return $found
}

# ---- VMs ---------------------------------------------------------------------------------------------------------------------------

# Writes the VMs of this host that are wanted, by name or id. Names are compared, never given to Get-VM, where they would be patterns.
function Get-MacPoolChosenMachine {
    param ([bool]$All, [object[]]$Wanted)

    if (-not $All -and $Wanted.Count -eq 0) {
        return
    }
    $names = Get-MacPoolNameTable
    $ids = @{}
    foreach ($item in $Wanted) {
        $names[$item] = $true
        # an id may come in braces
        $ids[($item -replace '[{}]', '')] = $true
    }

    $list = Get-MacPoolMachineList
    if ($list['machines'].Count -eq 0 -and $list['problems'].Count -gt 0) {
        throw $list['problems'][0]
    }
    foreach ($problem in $list['problems']) {
        Add-MacPoolWarning -Part 'vms' -Subject 'a VM in the list' -Problem $problem
    }
    foreach ($vm in $list['machines']) {
        # one whose name cannot be read may be wanted: it is read again below, which says why
        if ($All -or $ids.ContainsKey("$($vm.Id)") -or "$($vm.Name)" -eq '' -or $names.ContainsKey("$($vm.Name)")) {
            $vm
        }
    }
}

# What VMs or checkpoints have, as arrays by the owner's id. $Read is called once for all; only when that fails, or does not tell whose
# something is, it is called for each, to learn which one is broken: that one has no entry. $Owner gives the owner's id of what was read,
# $Subject an owner in words.
function Get-MacPoolOwnedMap {
    param ([object[]]$Owners, [scriptblock]$Read, [scriptblock]$Owner, [string]$Part, [scriptblock]$Subject)

    $map = @{}
    if ($Owners.Count -eq 0) {
        return $map
    }
    try {
        foreach ($one in $Owners) {
            $map["$($one.Id)"] = @()
        }
        foreach ($thing in @(& $Read $Owners)) {
            $id = & $Owner $thing
            if (-not $map.ContainsKey($id)) {
                throw 'not told whose it is'
            }
            $map[$id] += @($thing)
        }
        return $map
    }
    catch {
        $map = @{}
    }
    foreach ($one in $Owners) {
        try {
            $map["$($one.Id)"] = @(& $Read $one)
        }
        catch {
            Add-MacPoolWarning -Part $Part -Subject (& $Subject $one) -Problem $_
        }
    }
    return $map
}

# What an adapter's VLAN setting says; null when it does not say it.
function ConvertTo-MacPoolVlan {
    param ($Vlan)

    try {
        $mode = "$(Get-MacPoolValue -InputObject $Vlan -Name 'OperationMode')"
        $access = 0
        if ($mode -ne 'Untagged') {
            $access = [int](Get-MacPoolValue -InputObject $Vlan -Name 'AccessVlanId')
        }
        $trunk = @(foreach ($id in Get-MacPoolMember -InputObject $Vlan -Name 'AllowedVlanIdList') { [int]$id })
        return [ordered]@{ mode = $mode; access = $access; trunk = $trunk }
    }
    catch {
        return $null
    }
}

# One adapter of a VM or of a checkpoint ($Subject, for warnings), shown by $Id. Where the VLAN is still to be read it is added to $Pending.
function ConvertTo-MacPoolAdapter {
    param ($Adapter, [string]$Id, [string]$Subject, $Pending)

    $name = "$(Get-MacPoolMember -InputObject $Adapter -Name 'Name')"
    $connected = [bool](Get-MacPoolValue -InputObject $Adapter -Name 'Connected')
    $switchName = $null
    if ($connected) {
        $switchName = ConvertTo-MacPoolText -Value (Get-MacPoolMember -InputObject $Adapter -Name 'SwitchName')
    }
    $record = [ordered]@{
        id = $Id
        name = $name
        mac = ConvertTo-MacPoolAddress -Text (Get-MacPoolValue -InputObject $Adapter -Name 'MacAddress')
        dynamic = [bool](Get-MacPoolValue -InputObject $Adapter -Name 'DynamicMacAddressEnabled')
        legacy = [bool](Get-MacPoolValue -InputObject $Adapter -Name 'IsLegacy')
        'switch' = $switchName
        connected = $connected
        # fact 33: On is 0, so never a boolean by itself
        spoofing = "$(Get-MacPoolValue -InputObject $Adapter -Name 'MacAddressSpoofing')" -eq 'On'
    }
    $vlan = ConvertTo-MacPoolVlan -Vlan $Adapter.VlanSetting
    if ($null -ne $vlan) {
        $record['vlan'] = $vlan
    }
    else {
        $null = $Pending.Add(@{ record = $record; adapter = $Adapter; subject = "the VLAN of adapter '$name' of $Subject" })
    }
    return $record
}

# Asks the cmdlet for the VLANs that adapters did not show, in one call: unlike a property it says why it cannot tell.
function Resolve-MacPoolVlan {
    param ($Pending)

    if ($Pending.Count -eq 0) {
        return
    }
    $problems = @()
    $settings = @{}
    try {
        $adapters = @(foreach ($entry in $Pending) { $entry['adapter'] })
        foreach ($vlan in @(Get-VMNetworkAdapterVlan -VMNetworkAdapter $adapters -ErrorAction SilentlyContinue -ErrorVariable problems)) {
            $settings["$(Get-MacPoolMember -InputObject $vlan.ParentAdapter -Name 'Id')"] = ConvertTo-MacPoolVlan -Vlan $vlan
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
            Add-MacPoolWarning -Part 'vms' -Subject $entry['subject'] -Problem $cause
        }
    }
}

# The port profiles by adapter id. Features do not say whose they are: when one call over all adapters gives any, each adapter is asked.
# An adapter that could not be read has no entry.
function Get-MacPoolPortProfileMap {
    param ([object[]]$Adapters)

    $map = @{}
    if ($Adapters.Count -eq 0) {
        return $map
    }
    try {
        if (@(Get-MacPoolPortFeature -Adapter $Adapters).Count -eq 0) {
            foreach ($adapter in $Adapters) {
                $map["$($adapter.Id)"] = $null
            }
            return $map
        }
    }
    catch {
        # each adapter is asked, which says why
        $null = $_
    }

    $failures = @(
        foreach ($adapter in $Adapters) {
            try {
                $features = @(Get-MacPoolPortFeature -Adapter $adapter)
                $map["$($adapter.Id)"] = ConvertTo-MacPoolPortProfile -Feature $features[0]
            }
            catch {
                @{ Part = 'port_profiles'; Subject = "adapter '$($adapter.Name)' of VM '$($adapter.VMName)'"; Problem = $_ }
            }
        }
    )
    if ($failures.Count -eq $Adapters.Count) {
        # one cause, one line
        $failures = @(@{ Part = 'port_profiles'; Problem = $failures[0]['Problem'] })
    }
    foreach ($failure in $failures) {
        Add-MacPoolWarning @failure
    }
    return $map
}

# Writes the checkpoints of a VM. Their adapters are given the ids of the VM adapters they belong to.
function Get-MacPoolCheckpoint {
    param ($VM, [object[]]$Adapters, [object[]]$Snapshots, $AdapterMap, $Pending)

    $ids = @{}
    foreach ($adapter in $Adapters) {
        $ids[("$($adapter.Id)" -split '\\')[-1]] = "$($adapter.Id)"
    }
    foreach ($snapshot in $Snapshots) {
        if (-not $AdapterMap.ContainsKey("$($snapshot.Id)")) {
            throw "the adapters of checkpoint '$($snapshot.Name)' are unknown"
        }
        $records = @(
            foreach ($adapter in $AdapterMap["$($snapshot.Id)"]) {
                $tail = ("$($adapter.Id)" -split '\\')[-1]
                $id = $ids[$tail]
                if ($null -eq $id) {
                    # the VM has lost this adapter since
                    $id = 'Microsoft:' + "$($VM.Id)".ToUpperInvariant() + '\' + $tail
                }
                $subject = "checkpoint '$($snapshot.Name)' of VM '$($VM.Name)'"
                ConvertTo-MacPoolAdapter -Adapter $adapter -Id $id -Subject $subject -Pending $Pending
            }
        )
        [ordered]@{
            id = "$(Get-MacPoolValue -InputObject $snapshot -Name 'Id')".ToLowerInvariant()
            name = "$(Get-MacPoolMember -InputObject $snapshot -Name 'Name')"
            adapters = $records
        }
    }
}

# One VM with its adapters, and their port profiles where a map has them.
function ConvertTo-MacPoolMachine {
    param ($VM, [object[]]$Adapters, $PortProfiles, $Pending)

    $records = @(
        foreach ($adapter in $Adapters) {
            $id = "$(Get-MacPoolValue -InputObject $adapter -Name 'Id')"
            $record = ConvertTo-MacPoolAdapter -Adapter $adapter -Id $id -Subject "VM '$($VM.Name)'" -Pending $Pending
            if ($null -ne $PortProfiles -and $PortProfiles.ContainsKey($id)) {
                $record['port_profile'] = $PortProfiles[$id]
            }
            $record
        }
    )
    return [ordered]@{
        id = "$($VM.Id)".ToLowerInvariant()
        name = "$(Get-MacPoolValue -InputObject $VM -Name 'Name')"
        state = "$(Get-MacPoolValue -InputObject $VM -Name 'State')"
        generation = [int](Get-MacPoolValue -InputObject $VM -Name 'Generation')
        clustered = [bool](Get-MacPoolValue -InputObject $VM -Name 'IsClustered')
        replication_mode = "$(Get-MacPoolValue -InputObject $VM -Name 'ReplicationMode')"
        adapters = $records
    }
}

# The checkpoints of VMs by VM id, and the adapters of these by checkpoint id.
function Get-MacPoolSnapshotMap {
    param ([object[]]$Machines)

    $options = @{
        Part = 'checkpoints'
        Owners = $Machines
        Read = { param ($Owners) Get-VMSnapshot -VM $Owners -ErrorAction Stop }
        Owner = { param ($Snapshot) "$($Snapshot.VMId)" }
        Subject = { param ($VM) "VM '$($VM.Name)' ($($VM.Id))" }
    }
    $snapshots = Get-MacPoolOwnedMap @options
    $options = @{
        Part = 'checkpoints'
        Owners = @(foreach ($found in $snapshots.Values) { $found })
        # -VMSnapshot takes one, the pipeline many
        Read = { param ($Owners) $Owners | Get-VMNetworkAdapter -ErrorAction Stop }
        # the adapter's own id starts with the checkpoint's
        Owner = { param ($Adapter) (("$($Adapter.Id)" -split '\\')[0] -replace '\A[^:]*:', '').ToLowerInvariant() }
        Subject = { param ($Snapshot) "checkpoint '$($Snapshot.Name)' of VM '$($Snapshot.VMName)'" }
    }
    return @{ snapshots = $snapshots; adapters = Get-MacPoolOwnedMap @options }
}

# Writes the VMs of this host. A broken one is a warning, the others are written; that all are broken is an error.
function Get-MacPoolMachine {
    param ([bool]$All, [object[]]$Wanted, [bool]$PortProfiles, [bool]$Checkpoints)

    $chosen = @(Get-MacPoolChosenMachine -All $All -Wanted $Wanted)
    $options = @{
        Part = 'vms'
        Owners = $chosen
        Read = { param ($Owners) Get-VMNetworkAdapter -VM $Owners -ErrorAction Stop }
        Owner = { param ($Adapter) "$($Adapter.VMId)" }
        Subject = { param ($VM) "the adapters of VM '$($VM.Name)' ($($VM.Id))" }
    }
    $adapterMap = Get-MacPoolOwnedMap @options
    $readable = @(foreach ($vm in $chosen) { if ($adapterMap.ContainsKey("$($vm.Id)")) { $vm } })

    $portProfileMap = $null
    if ($PortProfiles) {
        $portProfileMap = Get-MacPoolPortProfileMap -Adapters @(foreach ($vm in $readable) { $adapterMap["$($vm.Id)"] })
    }
    $taken = @{ snapshots = @{}; adapters = @{} }
    if ($Checkpoints -and $readable.Count -gt 0) {
        $taken = Get-MacPoolSnapshotMap -Machines $readable
    }

    $pending = [System.Collections.ArrayList]::new()
    $read = 0
    foreach ($vm in $readable) {
        $id = "$($vm.Id)"
        $options = @{ VM = $vm; Adapters = $adapterMap[$id]; Pending = $pending }
        try {
            $record = ConvertTo-MacPoolMachine @options -PortProfiles $portProfileMap
        }
        catch {
            Add-MacPoolWarning -Part 'vms' -Subject "VM '$($vm.Name)' ($id)" -Problem $_
            continue
        }
        if ($taken['snapshots'].ContainsKey($id)) {
            try {
                $record['checkpoints'] = @(Get-MacPoolCheckpoint @options -Snapshots $taken['snapshots'][$id] -AdapterMap $taken['adapters'])
            }
            catch {
                Add-MacPoolWarning -Part 'checkpoints' -Subject "VM '$($vm.Name)' ($id)" -Problem $_
            }
        }
        $read++
        $record
    }
    Resolve-MacPoolVlan -Pending $pending
    if ($read -eq 0 -and $chosen.Count -gt 0) {
        throw 'none of the VMs could be read'
    }
}

# ---- adapters, switches and container networks of the host ----------------------------------------------------------------------------

# Writes the adapters of the management OS. They have no dynamic flag (fact 32).
function Get-MacPoolHostAdapter {
    foreach ($hostAdapter in @(Get-VMNetworkAdapter -ManagementOS -ErrorAction Stop)) {
        [ordered]@{
            id = "$(Get-MacPoolValue -InputObject $hostAdapter -Name 'Id')"
            name = "$(Get-MacPoolMember -InputObject $hostAdapter -Name 'Name')"
            mac = ConvertTo-MacPoolAddress -Text (Get-MacPoolValue -InputObject $hostAdapter -Name 'MacAddress')
            'switch' = ConvertTo-MacPoolText -Value (Get-MacPoolMember -InputObject $hostAdapter -Name 'SwitchName')
        }
    }
}

# Writes the descriptions of the network adapters under a switch.
function Get-MacPoolUplink {
    param ($VirtualSwitch)

    # before embedded teaming a switch had one adapter, and no list of them
    $found = @(foreach ($item in @(Get-MacPoolMember -InputObject $VirtualSwitch -Name 'NetAdapterInterfaceDescriptions')) { if ("$item" -ne '') { "$item" } })
    if ($found.Count -eq 0) {
        $single = "$(Get-MacPoolMember -InputObject $VirtualSwitch -Name 'NetAdapterInterfaceDescription')"
        $found = @(if ($single -ne '') { $single })
    }
    $found
}

# Writes the virtual switches. An uplink is the name of a network adapter, or its description where no physical adapter has that.
function Get-MacPoolSwitch {
    param ([object[]]$Switches, [object[]]$NetAdapters)

    $names = @{}
    foreach ($netAdapter in $NetAdapters) {
        $names["$($netAdapter.InterfaceDescription)"] = "$($netAdapter.Name)"
    }
    foreach ($vmSwitch in $Switches) {
        $uplinks = @(
            foreach ($description in @(Get-MacPoolUplink -VirtualSwitch $vmSwitch)) {
                if ($names.ContainsKey($description)) { $names[$description] } else { $description }
            }
        )
        [ordered]@{
            id = "$(Get-MacPoolValue -InputObject $vmSwitch -Name 'Id')".ToLowerInvariant()
            name = "$(Get-MacPoolValue -InputObject $vmSwitch -Name 'Name')"
            type = "$(Get-MacPoolValue -InputObject $vmSwitch -Name 'SwitchType')"
            uplinks = $uplinks
        }
    }
}

# Writes the physical network adapters as Windows gives them.
function Get-MacPoolNetAdapter {
    if (Test-MacPoolCommand -Name 'Get-NetAdapter') {
        Get-NetAdapter -Physical -ErrorAction Stop
    }
}

# The LBFO team of each network adapter, by the adapter's name. Empty without teaming.
function Get-MacPoolTeamMap {
    $map = @{}
    if (Test-MacPoolCommand -Name 'Get-NetLbfoTeamMember') {
        foreach ($item in @(Get-NetLbfoTeamMember -ErrorAction Stop)) {
            $map["$($item.Name)"] = "$($item.Team)"
        }
    }
    elseif (Test-MacPoolCommand -Name 'Get-NetLbfoTeam') {
        foreach ($item in @(Get-NetLbfoTeam -ErrorAction Stop)) {
            foreach ($member in @($item.Members)) {
                $map["$member"] = "$($item.Name)"
            }
        }
    }
    return $map
}

# Writes the physical network adapters: address in use, burnt-in address, and the team or embedded team (SET) they are in. Where the
# switches could not be read they are null.
function Get-MacPoolPhysicalAdapter {
    param ([object[]]$NetAdapters, [object[]]$Switches)

    if ($NetAdapters.Count -eq 0) {
        return
    }
    $complete = $null -ne $Switches
    $teams = @{}
    try {
        $teams = Get-MacPoolTeamMap
    }
    catch {
        $complete = $false
        Add-MacPoolWarning -Part 'physical_adapters' -Subject 'the teams (team)' -Problem $_
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
        $record = [ordered]@{
            name = "$($netAdapter.Name)"
            mac = ConvertTo-MacPoolAddress -Text $netAdapter.MacAddress
            permanent_mac = ConvertTo-MacPoolAddress -Text $netAdapter.PermanentAddress
            status = "$($netAdapter.Status)"
        }
        if ($teams.ContainsKey("$($netAdapter.Name)")) {
            $record['team'] = $teams["$($netAdapter.Name)"]
        }
        elseif ($embedded.ContainsKey("$($netAdapter.InterfaceDescription)")) {
            $record['team'] = $embedded["$($netAdapter.InterfaceDescription)"]
        }
        elseif ($complete) {
            $record['team'] = $null
        }
        $record
    }
}

# Writes the container networks with their own MAC pools (fact 108). None without container networking.
function Get-MacPoolContainerNetwork {
    if (-not (Test-MacPoolCommand -Name 'Get-HnsNetwork')) {
        return
    }
    try {
        $networks = @(Get-HnsNetwork -ErrorAction Stop)
    }
    catch {
        if (Test-MacPoolServiceAbsent -Name 'hns') {
            return
        }
        throw
    }
    # what HNS gives comes from JSON: a property without a value may be missing
    foreach ($network in $networks | Where-Object { $null -ne $_ }) {
        $pools = @(
            foreach ($pool in @(Get-MacPoolMember -InputObject $network -Name 'MacPools') | Where-Object { $null -ne $_ }) {
                [ordered]@{
                    start = ConvertTo-MacPoolAddress -Text (Get-MacPoolMember -InputObject $pool -Name 'StartMacAddress')
                    'end' = ConvertTo-MacPoolAddress -Text (Get-MacPoolMember -InputObject $pool -Name 'EndMacAddress')
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

# ---- the whole ---------------------------------------------------------------------------------------------------------------------

# Reads one part: $Reader puts it into the observation. What cannot be read is a warning, and its key stays absent.
function Read-MacPoolPart {
    param ([string]$Part, [scriptblock]$Reader, $Count)

    $Count['tried']++
    try {
        & $Reader
    }
    catch {
        $Count['failed']++
        Add-MacPoolWarning -Part $Part -Problem $_
    }
}

# The whole observation, and whether anything that was asked for could be read.
function Get-MacPoolObservation {
    param ([object[]]$Gather, [bool]$All, [object[]]$Wanted)

    $hyperv = Test-MacPoolHyperV
    $count = @{ tried = 0; failed = 0 }
    $observation = [ordered]@{
        schema = 1
        kind = 'hyperv_host'
        observed_at = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
        host = Get-MacPoolHostIdentity -HyperV $hyperv
    }

    if ('range' -in $Gather) {
        Read-MacPoolPart -Part 'range' -Count $count -Reader {
            $observation['mac_range'] = Get-MacPoolHostRange -HyperV $hyperv
        }
    }
    if ('cluster' -in $Gather -or 'cluster_groups' -in $Gather) {
        Read-MacPoolPart -Part 'cluster' -Count $count -Reader {
            $observation['cluster'] = Get-MacPoolCluster -Groups ('cluster_groups' -in $Gather)
        }
    }
    if ('vms' -in $Gather -or 'checkpoints' -in $Gather -or 'port_profiles' -in $Gather) {
        Read-MacPoolPart -Part 'vms' -Count $count -Reader {
            $options = @{ All = $All; Wanted = $Wanted; PortProfiles = 'port_profiles' -in $Gather; Checkpoints = 'checkpoints' -in $Gather }
            $observation['vms'] = @(if ($hyperv) { Get-MacPoolMachine @options })
        }
    }
    if ('host_adapters' -in $Gather) {
        Read-MacPoolPart -Part 'host_adapters' -Count $count -Reader {
            $observation['host_adapters'] = @(if ($hyperv) { Get-MacPoolHostAdapter })
        }
    }

    # the physical adapters say what the uplinks of switches are called, and the switches which of them are teamed
    $netAdapters = @()
    $netProblem = $null
    $switches = @()
    $switchProblem = $null
    if ('physical_adapters' -in $Gather -or 'switches' -in $Gather) {
        try {
            $netAdapters = @(Get-MacPoolNetAdapter)
        }
        catch {
            $netProblem = $_
        }
        try {
            $switches = @(if ($hyperv) { Get-VMSwitch -ErrorAction Stop })
        }
        catch {
            $switches = $null
            $switchProblem = $_
        }
    }
    if ('physical_adapters' -in $Gather) {
        Read-MacPoolPart -Part 'physical_adapters' -Count $count -Reader {
            if ($null -ne $netProblem) {
                throw $netProblem
            }
            if ($null -ne $switchProblem -and 'switches' -notin $Gather) {
                Add-MacPoolWarning -Part 'physical_adapters' -Subject 'the embedded teams (team)' -Problem $switchProblem
            }
            $observation['physical_adapters'] = @(Get-MacPoolPhysicalAdapter -NetAdapters $netAdapters -Switches $switches)
        }
    }
    if ('switches' -in $Gather) {
        Read-MacPoolPart -Part 'switches' -Count $count -Reader {
            if ($null -ne $switchProblem) {
                throw $switchProblem
            }
            $observation['switches'] = @(Get-MacPoolSwitch -Switches $switches -NetAdapters $netAdapters)
        }
    }

    if ('container_networks' -in $Gather) {
        Read-MacPoolPart -Part 'container_networks' -Count $count -Reader {
            $observation['container_networks'] = @(Get-MacPoolContainerNetwork)
        }
    }

    $observation['warnings'] = $warnings.ToArray()
    return @{ observation = $observation; readable = ($count['tried'] -eq 0 -or $count['failed'] -lt $count['tried']) }
}

$module.Result.changed = $false

try {
    # null: all VMs; an empty list: none of them
    $options = @{
        Gather = @($module.Params.gather)
        All = ($null -eq $module.Params.vms)
        Wanted = @(foreach ($item in $module.Params.vms) { "$item" })
    }
    $answer = Get-MacPoolObservation @options
}
catch {
    $module.FailJson("Could not observe this host: $(Get-MacPoolCause -Problem $_)", $_)
}

if (-not $answer['readable']) {
    $lines = $answer['observation']['warnings'] -join '; '
    $module.FailJson("Nothing that was asked for could be read on host '$($answer['observation']['host']['name'])': $lines")
}
$module.Result.observation = $answer['observation']
$module.ExitJson()
