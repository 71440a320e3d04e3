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

# The value of a property that an object may not have, also under strict mode; null where there is none.
function Get-MacPoolMember {
    param ($InputObject, [string]$Name)

    if ($InputObject -is [System.Collections.IDictionary]) {
        return $InputObject[$Name]
    }
    if ($null -ne $InputObject -and $null -ne $InputObject.PSObject.Properties[$Name]) {
        return $InputObject.PSObject.Properties[$Name].Value
    }
    return $null
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

# How a Windows service is installed: present, disabled, missing, or unknown where services cannot be asked.
function Get-MacPoolServiceState {
    param ([string]$Name)

    if (-not (Test-MacPoolCommand -Name 'Get-Service')) {
        return 'unknown'
    }
    try {
        $service = Get-Service -Name $Name -ErrorAction Stop
    }
    catch {
        if (Test-MacPoolAccessDenied -Problem $_) {
            return 'unknown'
        }
        return 'missing'
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

# The address in a registry value: six bytes (fact 2), or text where somebody wrote text.
function ConvertFrom-MacPoolRegistryValue {
    param ($Value)

    if ($Value -is [string]) {
        return (ConvertTo-MacPoolAddress -Text $Value)
    }
    return (@(foreach ($item in @($Value)) { '{0:X2}' -f [int]$item }) -join '')
}

# The range in the registry: a dictionary of 'range' (null unless both values exist) and 'names' (the values that exist).
function Get-MacPoolRegistryRange {
    $answer = @{ range = $null; names = @() }
    if (-not (Test-Path -Path $registryKey -ErrorAction Stop)) {
        return $answer
    }

    # a key without values gives nothing
    $item = Get-ItemProperty -Path $registryKey -ErrorAction Stop
    $start = Get-MacPoolMember -InputObject $item -Name $registryStart
    $end = Get-MacPoolMember -InputObject $item -Name $registryEnd
    if ($null -ne $start) {
        $answer['names'] += $registryStart
    }
    if ($null -ne $end) {
        $answer['names'] += $registryEnd
    }
    if ($null -ne $start -and $null -ne $end) {
        $answer['range'] = [ordered]@{
            start = ConvertFrom-MacPoolRegistryValue -Value $start
            'end' = ConvertFrom-MacPoolRegistryValue -Value $end
            source = 'registry'
        }
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
    $start = ConvertTo-MacPoolAddress -Text $vmHost.MacAddressMinimum
    $end = ConvertTo-MacPoolAddress -Text $vmHost.MacAddressMaximum
    # a getter that fails gives nothing, silently
    if ($start -eq '' -or $end -eq '') {
        throw 'Get-VMHost shows no MAC address range'
    }
    return [ordered]@{ start = $start; 'end' = $end; source = 'cmdlet' }
}

# The name of this host's cluster; null on a lone host. A cluster that cannot be read is an error.
function Get-MacPoolClusterName {
    if (-not (Test-MacPoolCommand -Name 'Get-Cluster')) {
        if ((Get-MacPoolServiceState -Name 'ClusSvc') -eq 'present') {
            throw 'the cluster service is installed and the cmdlets of FailoverClusters are not: install RSAT-Clustering-PowerShell'
        }
        return $null
    }

    try {
        $found = Get-MacPoolObjectName -InputObject (Get-Cluster -ErrorAction Stop)
        if ($found -eq '') {
            throw 'Get-Cluster gave no name'
        }
        return $found
    }
    catch {
        if ((Get-MacPoolServiceState -Name 'ClusSvc') -in @('missing', 'disabled')) {
            return $null
        }
        throw
    }
}

# The VMs that the cluster knows: a dictionary of 'machines' and 'problems'. Three calls, however many VMs there are.
# A machine is a dictionary of resource (its name), group, owner_node, vm_id (null where it could not be read).
function Get-MacPoolClusterMachine {
    $resources = @(
        foreach ($clusterResource in @(Get-ClusterResource -ErrorAction Stop)) {
            if ((Get-MacPoolObjectName -InputObject $clusterResource.ResourceType) -eq 'Virtual Machine') {
                $clusterResource
            }
        }
    )
    if ($resources.Count -eq 0) {
        return @{ machines = @(); problems = @() }
    }

    $problems = @()
    $ids = Get-MacPoolNameTable
    # fact 117: the private property with the VM's id is VmId
    $parameters = @($resources | Get-ClusterParameter -Name 'VmId' -ErrorAction SilentlyContinue -ErrorVariable problems)
    foreach ($clusterParameter in $parameters) {
        $owner = Get-MacPoolObjectName -InputObject $clusterParameter.ClusterObject
        $ids[$owner] = ("$($clusterParameter.Value)" -replace '[{}\s]', '').ToLowerInvariant()
    }
    $machines = @(
        foreach ($clusterResource in $resources) {
            @{
                resource = "$($clusterResource.Name)"
                group = Get-MacPoolObjectName -InputObject $clusterResource.OwnerGroup
                owner_node = Get-MacPoolObjectName -InputObject $clusterResource.OwnerNode
                vm_id = $ids["$($clusterResource.Name)"]
            }
        }
    )
    $causes = @($problems)
    if ($causes.Count -eq 0 -and $ids.Count -lt $resources.Count) {
        $causes = @('Get-ClusterParameter reported no error and did not give it')
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
    return @{ machines = $machines; problems = @($problems) }
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
    $data = Get-MacPoolMember -InputObject $Feature -Name 'SettingData'
    # a getter that fails gives nothing, silently
    if ($null -eq $data) {
        throw 'the port profile feature shows no settings'
    }
    return [ordered]@{
        profile_id = "$(Get-MacPoolMember -InputObject $data -Name 'ProfileId')"
        profile_data = [long](Get-MacPoolMember -InputObject $data -Name 'ProfileData')
    }
}

$exportedFunctions = @(
    'Clear-MacPoolRegistryRange'
    'ConvertTo-MacPoolAddress'
    'ConvertTo-MacPoolPortProfile'
    'Get-MacPoolCause'
    'Get-MacPoolClusterMachine'
    'Get-MacPoolClusterName'
    'Get-MacPoolCmdletRange'
    'Get-MacPoolMachineList'
    'Get-MacPoolMember'
    'Get-MacPoolNameTable'
    'Get-MacPoolObjectName'
    'Get-MacPoolPortFeature'
    'Get-MacPoolPortFeatureTemplate'
    'Get-MacPoolRegistryRange'
    'Set-MacPoolRegistryRange'
    'Test-MacPoolAccessDenied'
    'Test-MacPoolCommand'
    'Test-MacPoolHyperV'
    'Test-MacPoolSameName'
    'Test-MacPoolServiceAbsent'
)
Export-ModuleMember -Function $exportedFunctions
