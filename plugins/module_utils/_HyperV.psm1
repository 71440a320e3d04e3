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

function ConvertTo-MacPoolAddress {
    <#
    .SYNOPSIS
    Gives a MAC address as 12 upper-case hex digits. Text that is no MAC address is passed through as found.

    .PARAMETER Text
    The address as Windows shows it.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Text
    )

    $found = "$Text"
    $digits = $found -replace '[-:.]', ''
    if ($digits -match '\A[0-9A-Fa-f]{12}\z') {
        return $digits.ToUpperInvariant()
    }
    return $found
}

function Get-MacPoolMember {
    <#
    .SYNOPSIS
    The value of a property that an object may not have, also under strict mode; null where there is none.

    .PARAMETER InputObject
    The object.

    .PARAMETER Name
    The name of the property.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $InputObject,

        [Parameter()]
        [string]
        $Name
    )

    if ($null -eq $InputObject) {
        return $null
    }
    if ($InputObject -is [System.Collections.IDictionary]) {
        return $InputObject[$Name]
    }
    $property = $InputObject.PSObject.Properties[$Name]
    if ($null -eq $property) {
        return $null
    }
    return $property.Value
}

function Get-MacPoolObjectName {
    <#
    .SYNOPSIS
    The name of an object of the cluster: its Name, or its text where it is only text.

    .PARAMETER InputObject
    An owner node, an owner group, a resource type, ...
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $InputObject
    )

    $found = Get-MacPoolMember -InputObject $InputObject -Name 'Name'
    if ($null -eq $found) {
        return "$InputObject"
    }
    return "$found"
}

function Get-MacPoolCause {
    <#
    .SYNOPSIS
    The text of an error in one line.

    .PARAMETER Problem
    An error record, an exception or text.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Problem
    )

    if ($Problem -is [System.Management.Automation.ErrorRecord]) {
        $text = "$($Problem.Exception.Message)"
    }
    elseif ($Problem -is [System.Exception]) {
        $text = "$($Problem.Message)"
    }
    else {
        $text = "$Problem"
    }
    return ($text -replace '\s+', ' ').Trim()
}

function Test-MacPoolAccessDenied {
    <#
    .SYNOPSIS
    Whether an error means that access was denied, told by its id, category and exceptions, never by its (localised) text.

    .PARAMETER Problem
    An error record or an exception.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Problem
    )

    $exception = $null
    if ($Problem -is [System.Management.Automation.ErrorRecord]) {
        if ("$($Problem.CategoryInfo.Category)" -in @('PermissionDenied', 'SecurityError', 'AuthenticationError')) {
            return $true
        }
        # MI RESULT 2 is what CIM cmdlets call it; text that was thrown is its own id, and may quote the name of a VM
        $id = "$($Problem.FullyQualifiedErrorId)"
        if ($id -ne "$($Problem.Exception.Message)" -and $id -match 'AccessDenied|UnauthorizedAccess|PermissionDenied|MI RESULT 2\b|0x80070005') {
            return $true
        }
        $exception = $Problem.Exception
    }
    elseif ($Problem -is [System.Exception]) {
        $exception = $Problem
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

function Get-MacPoolNameTable {
    <#
    .SYNOPSIS
    An empty dictionary by names of VMs, compared letter by letter, without case. @{} would compare them as words of a language.
    #>
    [CmdletBinding()]
    param ()

    return [System.Collections.Hashtable]::new([System.StringComparer]::OrdinalIgnoreCase)
}

function Test-MacPoolSameName {
    <#
    .SYNOPSIS
    Whether two names mean one VM: letter by letter, without case. For -eq, a soft hyphen is nothing and two letters can be one.

    .PARAMETER One
    A name.

    .PARAMETER Other
    A name.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $One,

        [Parameter()]
        [string]
        $Other
    )

    return [string]::Equals($One, $Other, [System.StringComparison]::OrdinalIgnoreCase)
}

function Test-MacPoolCommand {
    <#
    .SYNOPSIS
    Whether a cmdlet is there.

    .PARAMETER Name
    The name of the cmdlet.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [string]
        $Name
    )

    $found = @(Get-Command -Name $Name -ErrorAction SilentlyContinue)
    return ($found.Count -gt 0)
}

function Get-MacPoolServiceState {
    <#
    .SYNOPSIS
    How a Windows service is installed: present, disabled, missing, or unknown where services cannot be asked.

    .PARAMETER Name
    The name of the service.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [string]
        $Name
    )

    if (-not (Test-MacPoolCommand -Name 'Get-Service')) {
        return 'unknown'
    }

    $problems = @()
    $found = @()
    try {
        $found = @(Get-Service -Name $Name -ErrorAction SilentlyContinue -ErrorVariable problems)
    }
    catch {
        $problems = @($_)
    }

    foreach ($service in $found) {
        if ("$(Get-MacPoolMember -InputObject $service -Name 'StartType')" -eq 'Disabled') {
            return 'disabled'
        }
        return 'present'
    }
    foreach ($problem in $problems) {
        if (Test-MacPoolAccessDenied -Problem $problem) {
            return 'unknown'
        }
    }
    return 'missing'
}

function Test-MacPoolServiceAbsent {
    <#
    .SYNOPSIS
    Whether a Windows service is disabled, or proven not to be installed.

    .PARAMETER Name
    The name of the service.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [string]
        $Name
    )

    $state = Get-MacPoolServiceState -Name $Name
    if ($state -ne 'missing') {
        return ($state -eq 'disabled')
    }
    # every Windows has RpcSs: who does not see it does not see the services, and a missing one proves nothing
    return ((Get-MacPoolServiceState -Name 'RpcSs') -eq 'present')
}

function Test-MacPoolHyperV {
    <#
    .SYNOPSIS
    Whether Hyper-V is installed here. The service decides: the cmdlets alone may be there to manage other hosts, and a host whose
    cmdlets are missing has VMs that cannot be read, not none.
    #>
    [CmdletBinding()]
    param ()

    if ((Get-MacPoolServiceState -Name 'vmms') -in @('present', 'disabled')) {
        return $true
    }
    if (Test-MacPoolServiceAbsent -Name 'vmms') {
        return $false
    }
    return (Test-MacPoolCommand -Name 'Get-VM')
}

function ConvertFrom-MacPoolRegistryValue {
    <#
    .SYNOPSIS
    The address in a registry value: six bytes (fact 2), or text where somebody wrote text.

    .PARAMETER Value
    What the registry gave.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Value
    )

    $items = @($Value)
    if ($items.Count -eq 1 -and $items[0] -is [string]) {
        return (ConvertTo-MacPoolAddress -Text $items[0])
    }
    return (@(foreach ($item in $items) { '{0:X2}' -f [int]$item }) -join '')
}

function ConvertTo-MacPoolByte {
    <#
    .SYNOPSIS
    Writes the six bytes of an address.

    .PARAMETER Address
    12 hex digits.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [string]
        $Address
    )

    for ($index = 0; $index -lt 12; $index += 2) {
        [System.Convert]::ToByte($Address.Substring($index, 2), 16)
    }
}

function Get-MacPoolRegistryRange {
    <#
    .SYNOPSIS
    The range in the registry: a dictionary of 'range' (null unless both values exist) and 'names' (the values that exist).
    #>
    [CmdletBinding()]
    param ()

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
            start = (ConvertFrom-MacPoolRegistryValue -Value $start)
            'end' = (ConvertFrom-MacPoolRegistryValue -Value $end)
            source = 'registry'
        }
    }
    return $answer
}

function Add-MacPoolRegistryKey {
    <#
    .SYNOPSIS
    Makes the key of the range where it is missing, and the keys above it. New-Item on a key that is there would wipe its values.
    #>
    [CmdletBinding()]
    param ()

    if (Test-Path -Path $registryKey -ErrorAction Stop) {
        return
    }
    # the first name is the drive
    $names = @($registryKey -split '\\')
    for ($index = 1; $index -lt $names.Count; $index++) {
        $path = $names[0..$index] -join '\'
        if (-not (Test-Path -Path $path -ErrorAction Stop)) {
            $null = New-Item -Path $path -ErrorAction Stop
        }
    }
}

function Set-MacPoolRegistryRange {
    <#
    .SYNOPSIS
    Writes both values of the range.

    .PARAMETER Start
    The first address, 12 hex digits.

    .PARAMETER End
    The last address, 12 hex digits.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [string]
        $Start,

        [Parameter(Mandatory = $true)]
        [string]
        $End
    )

    Add-MacPoolRegistryKey
    [byte[]]$first = ConvertTo-MacPoolByte -Address $Start
    [byte[]]$last = ConvertTo-MacPoolByte -Address $End
    $null = New-ItemProperty -Path $registryKey -Name $registryStart -PropertyType Binary -Value $first -Force -ErrorAction Stop
    $null = New-ItemProperty -Path $registryKey -Name $registryEnd -PropertyType Binary -Value $last -Force -ErrorAction Stop
}

function Clear-MacPoolRegistryRange {
    <#
    .SYNOPSIS
    Deletes the values of the range that exist.

    .PARAMETER Name
    The values that exist.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string[]]
        $Name
    )

    foreach ($item in $Name) {
        $null = Remove-ItemProperty -Path $registryKey -Name $item -ErrorAction Stop
    }
}

function Get-MacPoolCmdletRange {
    <#
    .SYNOPSIS
    The range that Get-VMHost shows.
    #>
    [CmdletBinding()]
    param ()

    $vmHost = Get-VMHost -ErrorAction Stop
    $start = ConvertTo-MacPoolAddress -Text $vmHost.MacAddressMinimum
    $end = ConvertTo-MacPoolAddress -Text $vmHost.MacAddressMaximum
    # a getter that fails gives nothing, silently
    if ($start -eq '' -or $end -eq '') {
        throw 'Get-VMHost shows no MAC address range'
    }
    return [ordered]@{ start = $start; 'end' = $end; source = 'cmdlet' }
}

function Get-MacPoolClusterName {
    <#
    .SYNOPSIS
    The name of this host's cluster; null on a lone host. A cluster that cannot be read is an error.
    #>
    [CmdletBinding()]
    param ()

    if (-not (Test-MacPoolCommand -Name 'Get-Cluster')) {
        if ((Get-MacPoolServiceState -Name 'ClusSvc') -eq 'present') {
            throw 'the cluster service is installed and the cmdlets of FailoverClusters are not: install RSAT-Clustering-PowerShell'
        }
        return $null
    }

    $problem = $null
    try {
        $cluster = Get-Cluster -ErrorAction Stop
        $found = Get-MacPoolObjectName -InputObject $cluster
        if ($found -ne '') {
            return $found
        }
        $problem = 'Get-Cluster gave no name'
    }
    catch {
        $problem = $_
    }

    if ((Get-MacPoolServiceState -Name 'ClusSvc') -in @('missing', 'disabled')) {
        return $null
    }
    throw $problem
}

function Get-MacPoolClusterMachine {
    <#
    .SYNOPSIS
    The VMs that the cluster knows: a dictionary of 'machines' and 'problems'. Three calls, however many VMs there are.

    .DESCRIPTION
    A machine is a dictionary of resource (its name), group, owner_node, vm_id (null where it could not be read).
    #>
    [CmdletBinding()]
    param ()

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
    $identifiers = Get-MacPoolNameTable
    # fact 117: the private property with the VM's id is VmId
    $parameters = @($resources | Get-ClusterParameter -Name 'VmId' -ErrorAction SilentlyContinue -ErrorVariable problems)
    foreach ($clusterParameter in $parameters) {
        $owner = Get-MacPoolObjectName -InputObject $clusterParameter.ClusterObject
        $identifiers[$owner] = ("$($clusterParameter.Value)" -replace '[{}\s]', '').ToLowerInvariant()
    }

    $machines = @(
        foreach ($clusterResource in $resources) {
            $name = "$($clusterResource.Name)"
            @{
                resource = $name
                group = (Get-MacPoolObjectName -InputObject $clusterResource.OwnerGroup)
                owner_node = (Get-MacPoolObjectName -InputObject $clusterResource.OwnerNode)
                vm_id = $identifiers[$name]
            }
        }
    )
    $causes = @(foreach ($problem in $problems) { $problem })
    if ($causes.Count -eq 0 -and $identifiers.Count -lt $resources.Count) {
        $causes = @('Get-ClusterParameter reported no error and did not give it')
    }
    return @{ machines = $machines; problems = $causes }
}

function Get-MacPoolMachineList {
    <#
    .SYNOPSIS
    The VMs of this host, and what could not be listed: a dictionary of 'machines' and 'problems'. Without problems the list is whole.
    #>
    [CmdletBinding()]
    param ()

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
    return @{ machines = $machines; problems = @(foreach ($problem in $problems) { $problem }) }
}

function Get-MacPoolPortFeature {
    <#
    .SYNOPSIS
    Writes the port profile features of adapters. A feature does not say whose it is: ask for one adapter to know.

    .PARAMETER Adapter
    The adapters.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $Adapter
    )

    # no such cmdlet, no port profiles
    if (Test-MacPoolCommand -Name 'Get-VMSwitchExtensionPortFeature') {
        Get-VMSwitchExtensionPortFeature -FeatureId $portProfileFeatureId -VMNetworkAdapter $Adapter -ErrorAction Stop
    }
}

function Get-MacPoolPortFeatureTemplate {
    <#
    .SYNOPSIS
    The port profile feature with its defaults, to be filled in and added to an adapter; null where this host offers none.
    #>
    [CmdletBinding()]
    param ()

    if (-not (Test-MacPoolCommand -Name 'Get-VMSystemSwitchExtensionPortFeature')) {
        return $null
    }
    foreach ($feature in @(Get-VMSystemSwitchExtensionPortFeature -FeatureId $portProfileFeatureId -ErrorAction Stop)) {
        return $feature
    }
    return $null
}

function ConvertTo-MacPoolPortProfile {
    <#
    .SYNOPSIS
    What a port profile feature says; null for no feature.

    .PARAMETER Feature
    The feature of one adapter.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Feature
    )

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
