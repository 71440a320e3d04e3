# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# FOR INTERNAL COLLECTION USE ONLY
# The interfaces in this file are meant for use within this collection only. They may change or go without notice.

# A function that gives a list writes its elements: callers wrap the call in @( ), so that none, one and many look alike.
# Hyper-V objects are live (fact 116): nothing here hands one on to a result, values are copied as text, number or boolean.

# facts 1-2
$registryKey = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Virtualization'
$registryStart = 'MinimumMacAddress'
$registryEnd = 'MaximumMacAddress'

# facts 85-86: the port profile by which the Network Controller knows an adapter
$portProfileFeatureId = '9940cd46-8b06-43bb-b9d5-93d50381fd56'

# A MAC address as 12 upper-case hex digits. Text that is no MAC address is passed through as found.
function ConvertTo-MacPoolAddress {
    param ($Text)

    $digits = "$Text" -replace '[-:.]', ''
    if ($digits -match '\A[0-9A-Fa-f]{12}\z') {
        return $digits.ToUpperInvariant()
    }
    return "$Text"
}

# The value of a property that an object may not have, also under strict mode; null if it has none. A getter that fails is an error:
# read as $object.Name, and also as .Value, it would give null silently.
function Get-MacPoolMember {
    param ($InputObject, [string]$Name)

    if ($InputObject -is [System.Collections.IDictionary]) {
        return $InputObject[$Name]
    }
    if ($null -ne $InputObject -and $null -ne $InputObject.PSObject.Properties[$Name]) {
        return $InputObject.PSObject.Properties[$Name].get_Value()
    }
    return $null
}

# The value of a property without which nothing can be decided: null and empty text mean that it cannot be read, never that it is absent.
function Get-MacPoolValue {
    param ($InputObject, [string]$Name)

    try {
        $found = Get-MacPoolMember -InputObject $InputObject -Name $Name
        $cause = 'it is empty'
    }
    catch {
        $found = $null
        $cause = Get-MacPoolCause -Problem $_.Exception.GetBaseException()
    }
    if ("$found" -eq '') {
        throw "$Name of '$InputObject' cannot be read: $cause"
    }
    return $found
}

# The name of an object of the cluster (an owner node, a resource type, ...): its Name, or its text where it is only text.
function Get-MacPoolObjectName {
    param ($InputObject)

    $found = Get-MacPoolMember -InputObject $InputObject -Name 'Name'
    if ($null -eq $found) {
        return "$InputObject"
    }
    return "$found"
}

# The name of what a property of a cluster object names (OwnerNode, OwnerGroup, ResourceType, ...).
function Get-MacPoolNamed {
    param ($InputObject, [string]$Name)

    return (Get-MacPoolObjectName -InputObject (Get-MacPoolValue -InputObject $InputObject -Name $Name))
}

# The text of an error record, an exception or text, in one line.
function Get-MacPoolCause {
    param ($Problem)

    $text = "$Problem"
    if ($Problem -is [System.Management.Automation.ErrorRecord]) {
        $text = $Problem.Exception.Message
    }
    elseif ($Problem -is [System.Exception]) {
        $text = $Problem.Message
    }
    return ($text -replace '\s+', ' ').Trim()
}

# Whether an error means that access was denied, told by its id, category and exceptions, never by its (localised) text.
function Test-MacPoolAccessDenied {
    param ($Problem)

    $exception = $Problem -as [System.Exception]
    if ($Problem -is [System.Management.Automation.ErrorRecord]) {
        $exception = $Problem.Exception
        if ("$($Problem.CategoryInfo.Category)" -in @('PermissionDenied', 'SecurityError', 'AuthenticationError')) {
            return $true
        }
        # MI RESULT 2 is what CIM cmdlets call it; text that was thrown is its own id, and may quote the name of a VM
        $id = "$($Problem.FullyQualifiedErrorId)"
        if ($id -ne "$($exception.Message)" -and $id -match 'AccessDenied|UnauthorizedAccess|PermissionDenied|MI RESULT 2\b|0x80070005') {
            return $true
        }
    }

    while ($null -ne $exception) {
        if ($exception -is [System.UnauthorizedAccessException] -or $exception -is [System.Security.SecurityException]) {
            return $true
        }
        if ($exception -is [System.ComponentModel.Win32Exception] -and $exception.NativeErrorCode -eq 5) {
            return $true
        }
        # E_ACCESSDENIED
        if ($exception.HResult -eq -2147024891) {
            return $true
        }
        $exception = $exception.InnerException
    }
    return $false
}

# An empty dictionary by names of VMs, compared letter by letter, without case. @{} would compare them as words of a language.
function Get-MacPoolNameTable {
    return [System.Collections.Hashtable]::new([System.StringComparer]::OrdinalIgnoreCase)
}

# Whether two names mean one VM: letter by letter, without case. For -eq, a soft hyphen is nothing and two letters can be one.
function Test-MacPoolSameName {
    param ([string]$One, [string]$Other)

    return [string]::Equals($One, $Other, [System.StringComparison]::OrdinalIgnoreCase)
}

function Test-MacPoolCommand {
    param ([string]$Name)

    return ($null -ne (Get-Command -Name $Name -ErrorAction SilentlyContinue))
}

# How a Windows service is installed: present, disabled, missing, or unknown where services cannot be asked. Only the error that no
# service has this name means missing.
function Get-MacPoolServiceState {
    param ([string]$Name)

    if (-not (Test-MacPoolCommand -Name 'Get-Service')) {
        return 'unknown'
    }
    try {
        $service = Get-Service -Name $Name -ErrorAction Stop
    }
    catch {
        if ("$($_.FullyQualifiedErrorId)" -match '\ANoServiceFoundForGivenName\b') {
            return 'missing'
        }
        return 'unknown'
    }
    if ("$(Get-MacPoolMember -InputObject $service -Name 'StartType')" -eq 'Disabled') {
        return 'disabled'
    }
    return 'present'
}

# Whether a Windows service is disabled, or proven not to be installed.
function Test-MacPoolServiceAbsent {
    param ([string]$Name)

    $state = Get-MacPoolServiceState -Name $Name
    if ($state -ne 'missing') {
        return ($state -eq 'disabled')
    }
    # every Windows has RpcSs: who does not see it does not see the services, and a missing one proves nothing
    return ((Get-MacPoolServiceState -Name 'RpcSs') -eq 'present')
}

# Whether Hyper-V is installed here. The service decides: the cmdlets alone may be installed to manage other hosts, and a host whose
# cmdlets are missing has VMs that cannot be read, not none.
function Test-MacPoolHyperV {
    if ((Get-MacPoolServiceState -Name 'vmms') -in @('present', 'disabled')) {
        return $true
    }
    if (Test-MacPoolServiceAbsent -Name 'vmms') {
        return $false
    }
    return (Test-MacPoolCommand -Name 'Get-VM')
}

# The address in a registry value: six bytes (fact 2). Null where somebody wrote text or anything else, which VMMS takes for no value.
function ConvertFrom-MacPoolRegistryValue {
    param ($Value)

    $bytes = @(foreach ($item in $Value) { if ($item -is [byte]) { '{0:X2}' -f $item } })
    if ($bytes.Count -ne 6) {
        return $null
    }
    return ($bytes -join '')
}

# The range in the registry: a dictionary of 'range' (null unless both values are addresses) and 'names' (the values that exist).
function Get-MacPoolRegistryRange {
    $answer = @{ range = $null; names = @() }
    if (-not (Test-Path -Path $registryKey -ErrorAction Stop)) {
        return $answer
    }

    # a key without values gives nothing
    $item = Get-ItemProperty -Path $registryKey -ErrorAction Stop
    $found = @{}
    foreach ($name in $registryStart, $registryEnd) {
        $value = Get-MacPoolMember -InputObject $item -Name $name
        if ($null -ne $value) {
            $answer['names'] += $name
            $found[$name] = ConvertFrom-MacPoolRegistryValue -Value $value
        }
    }
    if ($null -ne $found[$registryStart] -and $null -ne $found[$registryEnd]) {
        $answer['range'] = [ordered]@{ start = $found[$registryStart]; 'end' = $found[$registryEnd]; source = 'registry' }
    }
    return $answer
}

# Writes both values of the range, given as 12 hex digits, as six bytes each.
function Set-MacPoolRegistryRange {
    param ([string]$Start, [string]$End)

    # New-Item -Force would wipe the values of a key that exists, so the missing ones are made from the top; the first name is the drive
    $names = $registryKey -split '\\'
    for ($index = 1; $index -lt $names.Count; $index++) {
        $path = $names[0..$index] -join '\'
        if (-not (Test-Path -Path $path -ErrorAction Stop)) {
            $null = New-Item -Path $path -ErrorAction Stop
        }
    }

    $values = @{ $registryStart = $Start; $registryEnd = $End }
    foreach ($name in @($registryStart, $registryEnd)) {
        [byte[]]$bytes = foreach ($index in 0, 2, 4, 6, 8, 10) { [System.Convert]::ToByte($values[$name].Substring($index, 2), 16) }
        $null = New-ItemProperty -Path $registryKey -Name $name -PropertyType Binary -Value $bytes -Force -ErrorAction Stop
    }
}

# Deletes the named values of the range.
function Clear-MacPoolRegistryRange {
    param ([string[]]$Name)

    foreach ($item in $Name) {
        $null = Remove-ItemProperty -Path $registryKey -Name $item -ErrorAction Stop
    }
}

# The range that Get-VMHost shows.
function Get-MacPoolCmdletRange {
    $vmHost = Get-VMHost -ErrorAction Stop
    $start = ConvertTo-MacPoolAddress -Text (Get-MacPoolValue -InputObject $vmHost -Name 'MacAddressMinimum')
    $end = ConvertTo-MacPoolAddress -Text (Get-MacPoolValue -InputObject $vmHost -Name 'MacAddressMaximum')
    return [ordered]@{ start = $start; 'end' = $end; source = 'cmdlet' }
}

# The name of this host's cluster; null on a lone host. A cluster that cannot be read is an error.
function Get-MacPoolClusterName {
    if (-not (Test-MacPoolCommand -Name 'Get-Cluster')) {
        if (Test-MacPoolServiceAbsent -Name 'ClusSvc') {
            return $null
        }
        throw 'the cluster service may be installed and the cmdlets of FailoverClusters are not: install RSAT-Clustering-PowerShell'
    }

    try {
        return "$(Get-MacPoolValue -InputObject (Get-Cluster -ErrorAction Stop) -Name 'Name')"
    }
    catch {
        if (Test-MacPoolServiceAbsent -Name 'ClusSvc') {
            return $null
        }
        throw
    }
}

# The VMs that the cluster knows: a dictionary of 'machines' and 'problems'. Without problems the list is whole. Three calls, however
# many VMs there are. A machine is a dictionary of resource (its name), source (the resource itself), group, owner_node, vm_id (null where
# it could not be read).
function Get-MacPoolClusterMachine {
    $causes = @()
    $machines = @()
    foreach ($clusterResource in @(Get-ClusterResource -ErrorAction Stop)) {
        try {
            if ((Get-MacPoolNamed -InputObject $clusterResource -Name 'ResourceType') -eq 'Virtual Machine') {
                $machines += @{
                    resource = "$(Get-MacPoolValue -InputObject $clusterResource -Name 'Name')"
                    source = $clusterResource
                    group = Get-MacPoolNamed -InputObject $clusterResource -Name 'OwnerGroup'
                    owner_node = Get-MacPoolNamed -InputObject $clusterResource -Name 'OwnerNode'
                    vm_id = $null
                }
            }
        }
        catch {
            $causes += $_
        }
    }
    if ($machines.Count -eq 0) {
        return @{ machines = @(); problems = $causes }
    }

    $ids = Get-MacPoolNameTable
    $problems = @()
    $resources = @(foreach ($machine in $machines) { $machine['source'] })
    # fact 117: the private property with the VM's id is VmId
    foreach ($clusterParameter in @($resources | Get-ClusterParameter -Name 'VmId' -ErrorAction SilentlyContinue -ErrorVariable problems)) {
        try {
            $owner = Get-MacPoolNamed -InputObject $clusterParameter -Name 'ClusterObject'
            $ids[$owner] = ("$(Get-MacPoolValue -InputObject $clusterParameter -Name 'Value')" -replace '[{}\s]', '').ToLowerInvariant()
        }
        catch {
            $causes += $_
        }
    }
    $causes += @($problems)
    foreach ($machine in $machines) {
        $machine['vm_id'] = $ids[$machine['resource']]
        if ($null -eq $machine['vm_id'] -and $causes.Count -eq 0) {
            $causes = @('Get-ClusterParameter reported no error and did not give it')
        }
    }
    return @{ machines = $machines; problems = $causes }
}

# The VMs of this host, and what could not be listed: a dictionary of 'machines' and 'problems'. Without problems the list is whole.
function Get-MacPoolMachineList {
    $problems = @()
    try {
        $machines = @(Get-VM -ErrorAction Stop)
    }
    catch {
        $cause = $_
        # those that can be listed all the same
        $machines = @(Get-VM -ErrorAction SilentlyContinue -ErrorVariable problems)
        if ($problems.Count -eq 0) {
            $problems = @($cause)
        }
    }
    $list = @{ machines = @(); problems = @($problems) }
    foreach ($vm in $machines) {
        try {
            $null = Get-MacPoolValue -InputObject $vm -Name 'Id'
            $list['machines'] += $vm
        }
        catch {
            $list['problems'] += $_
        }
    }
    return $list
}

# Writes the port profile features of adapters. A feature does not say whose it is: ask for one adapter to know.
function Get-MacPoolPortFeature {
    param ([object[]]$Adapter)

    # no such cmdlet, no port profiles
    if (Test-MacPoolCommand -Name 'Get-VMSwitchExtensionPortFeature') {
        Get-VMSwitchExtensionPortFeature -FeatureId $portProfileFeatureId -VMNetworkAdapter $Adapter -ErrorAction Stop
    }
}

# The port profile feature with its defaults, to be filled in and added to an adapter; null where this host offers none.
function Get-MacPoolPortFeatureTemplate {
    if (Test-MacPoolCommand -Name 'Get-VMSystemSwitchExtensionPortFeature') {
        return @(Get-VMSystemSwitchExtensionPortFeature -FeatureId $portProfileFeatureId -ErrorAction Stop)[0]
    }
    return $null
}

# What a port profile feature says; null for no feature.
function ConvertTo-MacPoolPortProfile {
    param ($Feature)

    if ($null -eq $Feature) {
        return $null
    }
    $data = Get-MacPoolValue -InputObject $Feature -Name 'SettingData'
    return [ordered]@{
        profile_id = "$(Get-MacPoolMember -InputObject $data -Name 'ProfileId')"
        profile_data = [long](Get-MacPoolValue -InputObject $data -Name 'ProfileData')
    }
}

$exportedFunctions = @(
    'Clear-MacPoolRegistryRange', 'ConvertTo-MacPoolAddress', 'ConvertTo-MacPoolPortProfile'
    'Get-MacPoolCause', 'Get-MacPoolClusterMachine', 'Get-MacPoolClusterName'
    'Get-MacPoolCmdletRange', 'Get-MacPoolMachineList', 'Get-MacPoolMember'
    'Get-MacPoolNameTable', 'Get-MacPoolNamed', 'Get-MacPoolPortFeature'
    'Get-MacPoolPortFeatureTemplate', 'Get-MacPoolRegistryRange', 'Get-MacPoolValue'
    'Set-MacPoolRegistryRange', 'Test-MacPoolAccessDenied', 'Test-MacPoolCommand'
    'Test-MacPoolHyperV', 'Test-MacPoolSameName', 'Test-MacPoolServiceAbsent'
)
Export-ModuleMember -Function $exportedFunctions
