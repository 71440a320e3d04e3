# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What else a script asks a node: the system, services, physical adapters, addresses, teams, container networks.

# The one class that scripts read, with the properties that they could use.
Behaviour 'Get-CimInstance' {
    param($Call)
    $node = $Call.State.NodeOf([StandIn.Store]::NodeName)
    if (($Call['Namespace'] ?? 'root/cimv2').Replace('\', '/') -ne 'root/cimv2') { $Call.Fail('Invalid namespace ', 'HRESULT 0x8004100e', 'MetadataError', $null) }
    if ($Call['ClassName'] -ne 'Win32_OperatingSystem') { $Call.Fail('Invalid class ', 'HRESULT 0x80041010', 'MetadataError', $null) }
    $Call.Write([pscustomobject]@{
            PSTypeName = 'Microsoft.Management.Infrastructure.CimInstance#root/cimv2/Win32_OperatingSystem'
            Caption = $node.OsCaption; Version = $node.OsVersion; BuildNumber = ($node.OsVersion -split '\.')[2]; ProductType = [uint32]3
            CSName = $node.Name.ToUpperInvariant(); OSArchitecture = '64-bit'; PSComputerName = $null
        })
}

Behaviour 'Get-Service' {
    param($Call)
    $names = @($Call['Name'] ?? '*')
    $node = $Call.State.NodeOf([StandIn.Store]::NodeName)
    $installed = @('RpcSs') + @('vmms') * $node.Hyperv + @('ClusSvc') * $node.FailoverClusters + @('hns') * $node.Hns
    foreach ($one in $installed) { if (Test-Like $one $names) { $Call.Write([StandIn.Service]::new($node.Name, $one)) } }
    foreach ($name in $names) {
        if ((Test-Wildcard $name) -or $name -in $installed) { continue }
        $Call.Error("Cannot find any service with service name '$name'.", 'NoServiceFoundForGivenName', 'ObjectNotFound', $name)
    }
}

$Features = [ordered]@{
    'Hyper-V' = 'Hyper-V'; 'Hyper-V-PowerShell' = 'Hyper-V Module for Windows PowerShell'; 'RSAT-Hyper-V-Tools' = 'Hyper-V Management Tools'
    'Failover-Clustering' = 'Failover Clustering'; 'RSAT-Clustering-PowerShell' = 'Failover Cluster Module for Windows PowerShell'
}

Behaviour 'Get-NetAdapter' {
    param($Call)
    $node = $Call.State.NodeOf([StandIn.Store]::NodeName)
    # Host virtual adapters are adapters of the system as well, named vEthernet (x).
    $index = 100
    $all = @(
        foreach ($nic in $node.Nics) {
            @{ Permanent = ($nic.PermanentMac ?? $nic.Mac); Name = $nic.Name; Description = $nic.Description; Mac = $nic.Mac; Status = $nic.Status; Index = $nic.Index; Virtual = -not $nic.Physical; Hardware = $nic.Physical; Guid = $nic.Guid }
        }
        foreach ($adapter in $node.HostAdapters) {
            @{ Permanent = $adapter.Mac; Name = "vEthernet ($($adapter.Name))"; Description = "Hyper-V Virtual Ethernet Adapter$(if ($index -gt 100) { " #$($index - 99)" })"; Mac = $adapter.Mac; Status = 'Up'; Index = $index++; Virtual = $true; Hardware = $false; Guid = "{$(($adapter.Id -split '\\')[-1])}" }
        }
    )
    $filters = @{ Name = 'Name'; InterfaceDescription = 'Description'; InterfaceIndex = 'Index' }
    foreach ($parameter in @($filters.Keys)) {
        if (-not $Call.Has($parameter)) { continue }
        $key = $filters[$parameter]
        $matching = @($all | Where-Object { Test-Like $_[$key] $Call[$parameter] })
        foreach ($wanted in $Call[$parameter]) {
            if (-not (Test-Wildcard $wanted) -and $wanted -notin $all.ForEach{ $_[$key] }) {
                $Call.Error("No MSFT_NetAdapter objects found with property '$parameter' equal to '$wanted'.  Verify the value of the property and retry.", "CmdletizationQuery_NotFound_$parameter", 'ObjectNotFound', $wanted)
            }
        }
        $all = $matching
    }
    foreach ($one in $all) {
        if ($Call.On('Physical') -and -not $one.Hardware) { continue }
        $mac = ([StandIn.MacText]::Dashed($one.Mac))
        $Call.Write([pscustomobject]@{
                PSTypeName = 'Microsoft.Management.Infrastructure.CimInstance#ROOT/StandardCimv2/MSFT_NetAdapter'
                Name = $one.Name; ifAlias = $one.Name; InterfaceAlias = $one.Name; ifIndex = $one.Index; InterfaceIndex = $one.Index
                InterfaceDescription = $one.Description; ifDesc = $one.Description; InterfaceGuid = $one.Guid; InstanceID = $one.Guid; DeviceID = $one.Guid
                MacAddress = $mac; PermanentAddress = $one.Permanent; Status = $one.Status; LinkSpeed = '25 Gbps'; MediaConnectionState = $(if ($one.Status -eq 'Up') { 'Connected' } else { 'Disconnected' })
                Virtual = $one.Virtual; HardwareInterface = $one.Hardware; ConnectorPresent = $one.Hardware; Hidden = $false; AdminStatus = 'Up'; SystemName = $node.Name.ToUpperInvariant()
            })
    }
}

Behaviour 'Get-NetIPAddress' {
    param($Call)
    $node = $Call.State.NodeOf([StandIn.Store]::NodeName)
    $own = foreach ($address in $node.Ips) { @{ Address = $address; Alias = 'Ethernet'; Origin = 'Manual' } }
    foreach ($one in @($own) + @(@{ Address = '127.0.0.1'; Alias = 'Loopback Pseudo-Interface 1'; Origin = 'WellKnown' })) {
        if (($Call.Has('AddressFamily') -and 'IPv4' -notin $Call['AddressFamily']) -or ($Call.Has('InterfaceAlias') -and -not (Test-Like $one.Alias $Call['InterfaceAlias']))) { continue }
        $Call.Write([pscustomobject]@{
                PSTypeName = 'Microsoft.Management.Infrastructure.CimInstance#ROOT/StandardCimv2/MSFT_NetIPAddress'
                IPAddress = $one.Address; IPv4Address = $one.Address; InterfaceAlias = $one.Alias; AddressFamily = 'IPv4'; PrefixOrigin = $one.Origin; SuffixOrigin = $one.Origin; AddressState = 'Preferred'; SkipAsSource = $false; Type = 'Unicast'
            })
    }
}

# Container networks, each with its own pools of addresses (fact 108); pools print with dashes.
Behaviour 'Get-HnsNetwork' {
    param($Call)
    foreach ($network in $Call.State.NodeOf([StandIn.Store]::NodeName).HnsNetworks) {
        $pools = @(foreach ($pool in $network.MacPools) { [pscustomobject]@{ StartMacAddress = [StandIn.MacText]::Dashed($pool[0]); EndMacAddress = [StandIn.MacText]::Dashed($pool[1]) } })
        $id = if ($network.Id) { $network.Id.ToUpperInvariant() } else { [StandIn.Store]::Derive('hns', $network.Name).ToUpperInvariant() }
        if ($Call.Has('Id') -and $Call['Id'] -ne $id) { continue }
        $Call.Write([pscustomobject]@{ ID = $id; Name = $network.Name; Type = $network.Type; MacPools = $pools; Subnets = @() })
    }
}

Behaviour 'Get-NetLbfoTeam' {
    param($Call)
    foreach ($team in $Call.State.NodeOf([StandIn.Store]::NodeName).LbfoTeams) {
        if ($Call.Has('Name') -and -not (Test-Like $team.Name $Call['Name'])) { continue }
        $Call.Write([pscustomobject]@{ PSTypeName = 'Microsoft.Management.Infrastructure.CimInstance#ROOT/StandardCimv2/MSFT_NetLbfoTeam'; Name = $team.Name; Members = @($team.Members); TeamNics = @($team.Name); Status = 'Up'; TeamingMode = 'SwitchIndependent'; LoadBalancingAlgorithm = 'Dynamic' })
    }
}

Behaviour 'Get-NetLbfoTeamMember' {
    param($Call)
    foreach ($team in $Call.State.NodeOf([StandIn.Store]::NodeName).LbfoTeams) {
        foreach ($member in $team.Members) {
            if (($Call.Has('Name') -and -not (Test-Like $member $Call['Name'])) -or ($Call.Has('Team') -and -not (Test-Like $team.Name $Call['Team']))) { continue }
            $Call.Write([pscustomobject]@{ PSTypeName = 'Microsoft.Management.Infrastructure.CimInstance#ROOT/StandardCimv2/MSFT_NetLbfoTeamMember'; Name = $member; Team = $team.Name; AdministrativeMode = 'Active'; OperationalStatus = 'Active' })
        }
    }
}
