#!powershell

# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._HyperV

$spec = @{
    options = @{
        schema = @{
            type = 'int'
            required = $true
        }
        operations = @{
            type = 'list'
            elements = 'dict'
            required = $true
        }
        continue_on_error = @{
            type = 'bool'
            default = $true
        }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# How an operation reports: it fills in its context (status, reason, before, after, message, touched) and returns nothing, so that
# no stray output of a cmdlet can become part of a result. What ends it early is thrown: a dictionary made by New-MacPoolProblem, which
# arrives as the TargetObject of the error record, or any error of a cmdlet.

# ---- what the operations look like -------------------------------------------------------------------------------------------------

function ConvertTo-MacPoolPlain {
    <#
    .SYNOPSIS
    Copies nested dictionaries and lists of any kind into hashtables, which ignore case, and arrays.

    .PARAMETER Value
    What Ansible gave.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Value
    )

    if ($Value -is [System.Collections.IDictionary]) {
        $plain = @{}
        foreach ($entry in $Value.GetEnumerator()) {
            $plain["$($entry.Key)"] = ConvertTo-MacPoolPlain -Value $entry.Value
        }
        return $plain
    }
    if ($Value -is [System.Collections.IList]) {
        $items = [System.Collections.ArrayList]::new()
        foreach ($item in $Value) {
            $null = $items.Add((ConvertTo-MacPoolPlain -Value $item))
        }
        # the comma keeps an empty list and a list of one a list
        return , $items.ToArray()
    }
    return $Value
}

function Get-MacPoolField {
    <#
    .SYNOPSIS
    A field that must be there; it may be null.

    .PARAMETER Source
    The dictionary.

    .PARAMETER Name
    The name of the field.

    .PARAMETER Where
    What the dictionary is, for the message.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Name,

        [Parameter()]
        [string]
        $Where
    )

    if (-not $Source.Contains($Name)) {
        throw "${Where}: the field '$Name' is missing"
    }
    # the comma keeps a list a list, so that a list of one text does not pass for text
    return , $Source[$Name]
}

function Get-MacPoolTextField {
    <#
    .SYNOPSIS
    A field of text that is not empty.

    .PARAMETER Source
    The dictionary.

    .PARAMETER Name
    The name of the field.

    .PARAMETER Where
    What the dictionary is, for the message.

    .PARAMETER Nullable
    Whether it may be null.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Name,

        [Parameter()]
        [string]
        $Where,

        [Parameter()]
        [switch]
        $Nullable
    )

    $value = Get-MacPoolField -Source $Source -Name $Name -Where $Where
    if ($null -eq $value -and $Nullable) {
        return $null
    }
    if ($value -isnot [string] -or $value -eq '') {
        throw "${Where}: the field '$Name' is '$value', expected text"
    }
    return $value
}

function Get-MacPoolAddressField {
    <#
    .SYNOPSIS
    A field with a MAC address of 12 upper-case hex digits.

    .PARAMETER Source
    The dictionary.

    .PARAMETER Name
    The name of the field.

    .PARAMETER Where
    What the dictionary is, for the message.

    .PARAMETER Nullable
    Whether it may be null.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Name,

        [Parameter()]
        [string]
        $Where,

        [Parameter()]
        [switch]
        $Nullable
    )

    $value = Get-MacPoolField -Source $Source -Name $Name -Where $Where
    if ($null -eq $value -and $Nullable) {
        return $null
    }
    if ($value -isnot [string] -or $value -cnotmatch '\A[0-9A-F]{12}\z') {
        throw "${Where}: the field '$Name' is '$value', expected a MAC address of 12 upper-case hex digits"
    }
    return $value
}

function Get-MacPoolIdField {
    <#
    .SYNOPSIS
    A field with the id of a VM: a GUID without braces, given back in lower case.

    .PARAMETER Source
    The dictionary.

    .PARAMETER Name
    The name of the field.

    .PARAMETER Where
    What the dictionary is, for the message.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Name,

        [Parameter()]
        [string]
        $Where
    )

    $value = Get-MacPoolField -Source $Source -Name $Name -Where $Where
    if ($value -isnot [string] -or $value -notmatch '\A[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\z') {
        throw "${Where}: the field '$Name' is '$value', expected a GUID without braces"
    }
    return $value.ToLowerInvariant()
}

function Get-MacPoolIntegerField {
    <#
    .SYNOPSIS
    A field with a whole number, as 64 bits: Ansible's own int has 32.

    .PARAMETER Source
    The dictionary.

    .PARAMETER Name
    The name of the field.

    .PARAMETER Where
    What the dictionary is, for the message.

    .PARAMETER Default
    The value when the field is missing or null; without it the field must be there.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Name,

        [Parameter()]
        [string]
        $Where,

        [Parameter()]
        [object]
        $Default = $null
    )

    if ($null -ne $Default -and $null -eq $Source[$Name]) {
        return [long]$Default
    }
    $value = Get-MacPoolField -Source $Source -Name $Name -Where $Where
    if ($value -is [bool] -or "$value" -notmatch '\A[0-9]{1,18}\z') {
        throw "${Where}: the field '$Name' is '$value', expected a whole number that is not negative"
    }
    return [long]"$value"
}

function Get-MacPoolBooleanField {
    <#
    .SYNOPSIS
    A field that is true or false. Text is read as YAML reads it, since a cast makes 'false' true.

    .PARAMETER Source
    The dictionary.

    .PARAMETER Name
    The name of the field.

    .PARAMETER Where
    What the dictionary is, for the message.

    .PARAMETER Default
    The value when the field is missing or null; without it the field must be there.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Name,

        [Parameter()]
        [string]
        $Where,

        [Parameter()]
        [object]
        $Default = $null
    )

    if ($null -ne $Default -and $null -eq $Source[$Name]) {
        return [bool]$Default
    }
    $value = Get-MacPoolField -Source $Source -Name $Name -Where $Where
    if ($value -is [bool]) {
        return $value
    }
    if ("$value" -in @('true', 'yes')) {
        return $true
    }
    if ("$value" -in @('false', 'no')) {
        return $false
    }
    throw "${Where}: the field '$Name' is '$value', expected true or false"
}

function Get-MacPoolChoiceField {
    <#
    .SYNOPSIS
    A field with one of some words; the first of them when it is missing or null.

    .PARAMETER Source
    The dictionary.

    .PARAMETER Name
    The name of the field.

    .PARAMETER Where
    What the dictionary is, for the message.

    .PARAMETER Choices
    The words, in lower case.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Name,

        [Parameter()]
        [string]
        $Where,

        [Parameter()]
        [string[]]
        $Choices
    )

    $value = $Source[$Name]
    if ($null -eq $value) {
        return $Choices[0]
    }
    if ("$value" -notin $Choices) {
        throw "${Where}: the field '$Name' is '$value', expected one of: $($Choices -join ', ')"
    }
    return "$value".ToLowerInvariant()
}

function Get-MacPoolDictionaryField {
    <#
    .SYNOPSIS
    A field that is a dictionary or null.

    .PARAMETER Source
    The dictionary that has the field.

    .PARAMETER Name
    The name of the field.

    .PARAMETER Where
    What the dictionary is, for the message.

    .PARAMETER Optional
    Whether it may be missing.

    .PARAMETER NotNull
    Whether null is refused.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Name,

        [Parameter()]
        [string]
        $Where,

        [Parameter()]
        [switch]
        $Optional,

        [Parameter()]
        [switch]
        $NotNull
    )

    if ($Optional -and -not $Source.Contains($Name)) {
        return $null
    }
    $value = Get-MacPoolField -Source $Source -Name $Name -Where $Where
    if ($null -eq $value -and -not $NotNull) {
        return $null
    }
    if ($value -isnot [System.Collections.IDictionary]) {
        throw "${Where}: the field '$Name' is '$value', expected a dictionary"
    }
    return $value
}

function Assert-MacPoolKnownField {
    <#
    .SYNOPSIS
    Refuses an unknown field: a misspelt option must not pass for its default.

    .PARAMETER Source
    The dictionary.

    .PARAMETER Known
    The fields it may have.

    .PARAMETER Where
    What the dictionary is, for the message.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string[]]
        $Known,

        [Parameter()]
        [string]
        $Where
    )

    foreach ($entry in $Source.GetEnumerator()) {
        if ("$($entry.Key)" -notin $Known) {
            throw "${Where}: the field '$($entry.Key)' is unknown, expected: $($Known -join ', ')"
        }
    }
}

function ConvertTo-MacPoolRangeExpectation {
    <#
    .SYNOPSIS
    The mandatory expectation of a range: a dictionary of start and end, or null for no values.

    .PARAMETER Operation
    The operation as it came.

    .PARAMETER Where
    Which operation it is, for the message.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [string]
        $Where
    )

    $expect = Get-MacPoolDictionaryField -Source $Operation -Name 'expect' -Where $Where
    if ($null -eq $expect) {
        return $null
    }
    $label = "$Where, expect"
    Assert-MacPoolKnownField -Source $expect -Known @('start', 'end', 'source') -Where $label
    return @{
        start = (Get-MacPoolAddressField -Source $expect -Name 'start' -Where $label)
        'end' = (Get-MacPoolAddressField -Source $expect -Name 'end' -Where $label)
    }
}

function ConvertTo-MacPoolStateExpectation {
    <#
    .SYNOPSIS
    The optional expectation of a power state: text, or null for any.

    .PARAMETER Operation
    The operation as it came.

    .PARAMETER Where
    Which operation it is, for the message.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [string]
        $Where
    )

    $expect = Get-MacPoolDictionaryField -Source $Operation -Name 'expect' -Where $Where -Optional
    if ($null -eq $expect) {
        return $null
    }
    $label = "$Where, expect"
    Assert-MacPoolKnownField -Source $expect -Known @('state') -Where $label
    if ($null -eq $expect['state']) {
        return $null
    }
    return (Get-MacPoolTextField -Source $expect -Name 'state' -Where $label)
}

function ConvertTo-MacPoolProfileField {
    <#
    .SYNOPSIS
    A port profile as wanted or expected: a dictionary of profile_id and profile_data, or null for none.

    .PARAMETER Source
    The dictionary with both fields.

    .PARAMETER Where
    What the dictionary is, for the message.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Source,

        [Parameter()]
        [string]
        $Where
    )

    $id = Get-MacPoolTextField -Source $Source -Name 'profile_id' -Where $Where -Nullable
    if ($null -eq $id) {
        return $null
    }
    if ($id -notmatch '\A\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}\z') {
        throw "${Where}: the field 'profile_id' is '$id', expected a GUID in braces"
    }
    return [ordered]@{
        profile_id = $id
        profile_data = (Get-MacPoolIntegerField -Source $Source -Name 'profile_data' -Where $Where)
    }
}

function ConvertTo-MacPoolWantedAdapter {
    <#
    .SYNOPSIS
    Writes the adapters of a set_vm_macs, each checked.

    .PARAMETER Operation
    The operation as it came.

    .PARAMETER Where
    Which operation it is, for the message.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [string]
        $Where
    )

    $entries = Get-MacPoolField -Source $Operation -Name 'adapters' -Where $Where
    $entries = @(foreach ($entry in $entries) { , $entry })
    if ($entries.Count -eq 0) {
        throw "${Where}: the field 'adapters' is empty, expected at least one adapter"
    }

    $seen = @{}
    $number = 0
    foreach ($entry in $entries) {
        $number++
        $label = "$Where, adapter $number"
        if ($entry -isnot [System.Collections.IDictionary]) {
            throw "${label}: it is '$entry', expected a dictionary"
        }
        Assert-MacPoolKnownField -Source $entry -Known @('adapter_id', 'mac', 'dynamic', 'expect') -Where $label
        $id = Get-MacPoolTextField -Source $entry -Name 'adapter_id' -Where $label
        if ($seen.ContainsKey($id)) {
            throw "${label}: the adapter '$id' is named twice"
        }
        $seen[$id] = $true

        $dynamic = Get-MacPoolBooleanField -Source $entry -Name 'dynamic' -Where $label -Default $false
        $mac = $null
        if (-not $dynamic) {
            $mac = Get-MacPoolAddressField -Source $entry -Name 'mac' -Where $label
        }
        elseif ($null -ne $entry['mac']) {
            throw "${label}: it has both 'mac' and 'dynamic', expected one of them"
        }

        $expect = Get-MacPoolDictionaryField -Source $entry -Name 'expect' -Where $label -NotNull
        $label = "$label, expect"
        Assert-MacPoolKnownField -Source $expect -Known @('mac', 'dynamic') -Where $label
        @{
            adapter_id = $id
            mac = $mac
            dynamic = $dynamic
            expect_mac = (ConvertTo-MacPoolAddress -Text (Get-MacPoolTextField -Source $expect -Name 'mac' -Where $label))
            expect_dynamic = (Get-MacPoolBooleanField -Source $expect -Name 'dynamic' -Where $label)
        }
    }
}

function ConvertTo-MacPoolOperation {
    <#
    .SYNOPSIS
    One operation with every field checked and every default filled in. What is wrong with it is thrown as text.

    .PARAMETER Value
    What Ansible gave.

    .PARAMETER Number
    Its place in the list, from 1.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Value,

        [Parameter()]
        [int]
        $Number
    )

    $where = "operation $Number"
    if ($Value -isnot [System.Collections.IDictionary]) {
        throw "${where}: it is '$Value', expected a dictionary"
    }
    $source = ConvertTo-MacPoolPlain -Value $Value
    $op = Get-MacPoolTextField -Source $source -Name 'op' -Where $where
    $fields = @{
        set_host_range = @('start', 'end', 'method', 'expect')
        clear_host_range = @('expect')
        set_vm_macs = @('vm_id', 'adapters', 'power', 'shutdown_timeout', 'force_off', 'expect')
        stop_vm = @('vm_id', 'shutdown_timeout', 'force_off', 'expect')
        start_vm = @('vm_id', 'expect')
        set_port_profile = @('vm_id', 'adapter_id', 'profile_id', 'profile_data', 'expect')
        create_vm = @('name', 'generation', 'memory_bytes', 'path', 'vhd_path', 'switch', 'adapter_name', 'mac')
        add_cluster_role = @('vm_id', 'name')
        remove_vm = @('vm_id', 'expect')
    }
    if (-not $fields.ContainsKey($op)) {
        throw "${where}: the op '$op' is unknown, expected one of: $(@($fields.Keys | Sort-Object) -join ', ')"
    }
    $op = $op.ToLowerInvariant()
    $where = "operation $Number ($op)"
    Assert-MacPoolKnownField -Source $source -Known (@('id', 'op') + $fields[$op]) -Where $where

    $operation = @{ id = $source['id']; op = $op }
    if ('vm_id' -in $fields[$op]) {
        $operation['vm_id'] = Get-MacPoolIdField -Source $source -Name 'vm_id' -Where $where
    }
    if ('shutdown_timeout' -in $fields[$op]) {
        $operation['shutdown_timeout'] = Get-MacPoolIntegerField -Source $source -Name 'shutdown_timeout' -Where $where -Default 300
        $operation['force_off'] = Get-MacPoolBooleanField -Source $source -Name 'force_off' -Where $where -Default $false
    }

    if ($op -in @('set_vm_macs', 'stop_vm', 'start_vm', 'remove_vm')) {
        $operation['expect_state'] = ConvertTo-MacPoolStateExpectation -Operation $source -Where $where
    }
    elseif ($op -in @('set_host_range', 'clear_host_range')) {
        $operation['expect'] = ConvertTo-MacPoolRangeExpectation -Operation $source -Where $where
    }

    if ($op -eq 'set_host_range') {
        $operation['start'] = Get-MacPoolAddressField -Source $source -Name 'start' -Where $where
        $operation['end'] = Get-MacPoolAddressField -Source $source -Name 'end' -Where $where
        $operation['method'] = Get-MacPoolChoiceField -Source $source -Name 'method' -Where $where -Choices @('auto', 'cmdlet', 'registry')
        if ([string]::CompareOrdinal($operation['start'], $operation['end']) -gt 0) {
            throw "${where}: the field 'start' is '$($operation['start'])', which is above 'end' '$($operation['end'])'"
        }
    }
    elseif ($op -eq 'set_vm_macs') {
        $operation['adapters'] = @(ConvertTo-MacPoolWantedAdapter -Operation $source -Where $where)
        $operation['power'] = Get-MacPoolChoiceField -Source $source -Name 'power' -Where $where -Choices @('require_off', 'restart')
    }
    elseif ($op -eq 'set_port_profile') {
        $operation['adapter_id'] = Get-MacPoolTextField -Source $source -Name 'adapter_id' -Where $where
        $operation['profile'] = ConvertTo-MacPoolProfileField -Source $source -Where $where
        $expect = Get-MacPoolDictionaryField -Source $source -Name 'expect' -Where $where
        $operation['expect'] = $null
        if ($null -ne $expect) {
            Assert-MacPoolKnownField -Source $expect -Known @('profile_id', 'profile_data') -Where "$where, expect"
            $operation['expect'] = ConvertTo-MacPoolProfileField -Source $expect -Where "$where, expect"
        }
    }
    elseif ($op -eq 'create_vm') {
        $operation['name'] = Get-MacPoolTextField -Source $source -Name 'name' -Where $where
        $operation['generation'] = Get-MacPoolIntegerField -Source $source -Name 'generation' -Where $where
        if ($operation['generation'] -notin @(1, 2)) {
            throw "${where}: the field 'generation' is '$($operation['generation'])', expected 1 or 2"
        }
        $operation['memory_bytes'] = Get-MacPoolIntegerField -Source $source -Name 'memory_bytes' -Where $where
        $operation['path'] = Get-MacPoolTextField -Source $source -Name 'path' -Where $where -Nullable
        $operation['vhd_path'] = Get-MacPoolTextField -Source $source -Name 'vhd_path' -Where $where -Nullable
        $operation['switch'] = Get-MacPoolTextField -Source $source -Name 'switch' -Where $where -Nullable
        $operation['adapter_name'] = Get-MacPoolTextField -Source $source -Name 'adapter_name' -Where $where
        $operation['mac'] = Get-MacPoolAddressField -Source $source -Name 'mac' -Where $where -Nullable
    }
    elseif ($op -eq 'add_cluster_role') {
        $operation['name'] = Get-MacPoolTextField -Source $source -Name 'name' -Where $where
    }
    return $operation
}

# ---- how an operation ends ---------------------------------------------------------------------------------------------------------

function New-MacPoolProblem {
    <#
    .SYNOPSIS
    What to throw when an operation is refused or has failed.

    .PARAMETER Status
    refused or failed.

    .PARAMETER Reason
    A reason of the contract.

    .PARAMETER Message
    What was wanted, what was found, what to do.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Status,

        [Parameter()]
        [string]
        $Reason,

        [Parameter()]
        [string]
        $Message
    )

    return @{ status = $Status; reason = $Reason; message = $Message }
}

function Set-MacPoolProblem {
    <#
    .SYNOPSIS
    Writes an error into the context of its operation.

    .PARAMETER Context
    The context of the operation.

    .PARAMETER Problem
    The error record.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [object]
        $Problem
    )

    $thrown = $null
    if ($Problem -is [System.Management.Automation.ErrorRecord]) {
        $thrown = $Problem.TargetObject
    }
    if ($thrown -is [hashtable] -and $thrown.ContainsKey('status') -and $thrown.ContainsKey('reason')) {
        $Context['status'] = $thrown['status']
        $Context['reason'] = $thrown['reason']
        $Context['message'] = $thrown['message']
    }
    else {
        $Context['status'] = 'failed'
        $Context['reason'] = 'cmdlet'
        $Context['message'] = Get-MacPoolCause -Problem $Problem
        if (Test-MacPoolAccessDenied -Problem $Problem) {
            $Context['reason'] = 'access_denied'
        }
    }
    if ($Context['status'] -eq 'refused') {
        $Context['after'] = $null
    }
}

function Set-MacPoolUnchanged {
    <#
    .SYNOPSIS
    Ends an operation that found everything as wanted.

    .PARAMETER Context
    The context of the operation.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Context
    )

    $Context['status'] = 'unchanged'
    $Context['after'] = $Context['before']
}

function Test-MacPoolSame {
    <#
    .SYNOPSIS
    Whether two plain values are the same.

    .PARAMETER Left
    A value of 'before' or 'after'.

    .PARAMETER Right
    Another one.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Left,

        [Parameter()]
        [object]
        $Right
    )

    if ($null -eq $Left -or $null -eq $Right) {
        return ($null -eq $Left -and $null -eq $Right)
    }
    return ((ConvertTo-Json -InputObject $Left -Depth 5 -Compress) -eq (ConvertTo-Json -InputObject $Right -Depth 5 -Compress))
}

function Complete-MacPoolChange {
    <#
    .SYNOPSIS
    Ends an operation that tried to change something, after it has been read again.

    .PARAMETER Context
    The context of the operation.

    .PARAMETER Problem
    The error that stopped it; null when none did.

    .PARAMETER AsWanted
    Whether 'after' is what was wanted.

    .PARAMETER Wanted
    What was wanted, for the message.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [object]
        $Problem,

        [Parameter()]
        [bool]
        $AsWanted,

        [Parameter()]
        [string]
        $Wanted
    )

    if ($null -ne $Problem) {
        $after = $Context['after']
        Set-MacPoolProblem -Context $Context -Problem $Problem
        if ($Context['status'] -eq 'failed' -and $null -ne $after -and -not (Test-MacPoolSame -Left $Context['before'] -Right $after)) {
            $Context['touched'] = $true
        }
    }
    elseif ($AsWanted) {
        $Context['status'] = 'done'
    }
    else {
        $Context['status'] = 'failed'
        $Context['reason'] = 'readback'
        $Context['message'] = "the cmdlet reported no error, but what is read afterwards is not what was wanted ($Wanted): see 'after'"
    }
}

# ---- the host's range --------------------------------------------------------------------------------------------------------------

function Test-MacPoolRangeSame {
    <#
    .SYNOPSIS
    Whether two ranges are the same, their source aside; null is no range.

    .PARAMETER Left
    A range or null.

    .PARAMETER Right
    A range or null.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Left,

        [Parameter()]
        [System.Collections.IDictionary]
        $Right
    )

    if ($null -eq $Left -or $null -eq $Right) {
        return ($null -eq $Left -and $null -eq $Right)
    }
    return ($Left['start'] -eq $Right['start'] -and $Left['end'] -eq $Right['end'])
}

function Get-MacPoolRangeText {
    <#
    .SYNOPSIS
    A range in words.

    .PARAMETER Range
    A range or null.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Range
    )

    if ($null -eq $Range) {
        return 'no values'
    }
    return "$($Range['start'])..$($Range['end'])"
}

function Assert-MacPoolRangeExpected {
    <#
    .SYNOPSIS
    Refuses when the range found is not the range expected.

    .PARAMETER Operation
    The operation.

    .PARAMETER Found
    The range found, or null.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Found
    )

    if (-not (Test-MacPoolRangeSame -Left $Operation['expect'] -Right $Found)) {
        $expected = Get-MacPoolRangeText -Range $Operation['expect']
        $message = "the range is $(Get-MacPoolRangeText -Range $Found), expected $expected"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'changed' -Message $message)
    }
}

function Get-MacPoolRangeBy {
    <#
    .SYNOPSIS
    The range as a method shows it; null where the registry does not have both values.

    .PARAMETER Method
    cmdlet or registry.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Method
    )

    if ($Method -eq 'cmdlet') {
        return (Get-MacPoolCmdletRange)
    }
    $registry = Get-MacPoolRegistryRange
    return $registry['range']
}

function Invoke-MacPoolSetHostRange {
    <#
    .SYNOPSIS
    Does set_host_range.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $method = $Operation['method']
    if ($method -eq 'auto') {
        $method = 'registry'
        if ($Session['hyperv']) {
            $method = 'cmdlet'
        }
    }
    if ($method -eq 'cmdlet' -and -not $Session['hyperv']) {
        $message = 'Hyper-V is not installed here, so that Set-VMHost cannot set the range: use method registry'
        throw (New-MacPoolProblem -Status 'refused' -Reason 'unsupported' -Message $message)
    }

    $wanted = [ordered]@{ start = $Operation['start']; 'end' = $Operation['end']; source = $method }
    $Context['before'] = Get-MacPoolRangeBy -Method $method
    if (Test-MacPoolRangeSame -Left $wanted -Right $Context['before']) {
        Set-MacPoolUnchanged -Context $Context
        return
    }
    Assert-MacPoolRangeExpected -Operation $Operation -Found $Context['before']
    if ($method -eq 'registry' -and $Session['hyperv']) {
        $Context['message'] = 'the registry is read when VMMS starts: the range takes effect when VMMS restarts'
    }
    if ($Session['check']) {
        $Context['status'] = 'done'
        $Context['after'] = $wanted
        return
    }

    $problem = $null
    try {
        if ($method -eq 'cmdlet') {
            $null = Set-VMHost -MacAddressMinimum $Operation['start'] -MacAddressMaximum $Operation['end'] -ErrorAction Stop
        }
        else {
            $null = Set-MacPoolRegistryRange -Start $Operation['start'] -End $Operation['end']
        }
        $Context['touched'] = $true
    }
    catch {
        $problem = $_
    }
    try {
        $Context['after'] = Get-MacPoolRangeBy -Method $method
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    $same = Test-MacPoolRangeSame -Left $wanted -Right $Context['after']
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted $same -Wanted (Get-MacPoolRangeText -Range $wanted)
}

function Invoke-MacPoolClearHostRange {
    <#
    .SYNOPSIS
    Does clear_host_range.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $found = Get-MacPoolRegistryRange
    $Context['before'] = $found['range']
    if (@($found['names']).Count -eq 0) {
        Set-MacPoolUnchanged -Context $Context
        return
    }
    Assert-MacPoolRangeExpected -Operation $Operation -Found $Context['before']
    if ($Session['hyperv']) {
        $Context['message'] = 'the registry is read when VMMS starts: VMMS makes a new range when it restarts'
    }
    if ($Session['check']) {
        $Context['status'] = 'done'
        return
    }

    $problem = $null
    try {
        $null = Clear-MacPoolRegistryRange -Name $found['names']
        $Context['touched'] = $true
    }
    catch {
        $problem = $_
    }
    $left = @()
    try {
        $again = Get-MacPoolRegistryRange
        $Context['after'] = $again['range']
        $left = @($again['names'])
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    if ($left.Count -lt @($found['names']).Count) {
        $Context['touched'] = $true
    }
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted ($left.Count -eq 0) -Wanted 'no values'
}

# ---- VMs ---------------------------------------------------------------------------------------------------------------------------

function Get-MacPoolSessionCluster {
    <#
    .SYNOPSIS
    The cluster and its VMs, read once for all operations: a dictionary of name (null on a lone host), machines and problem.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    if ($null -eq $Session['cluster']) {
        $cluster = @{ name = $null; machines = @(); problem = $null }
        try {
            $cluster['name'] = Get-MacPoolClusterName
            if ($null -ne $cluster['name']) {
                $answer = Get-MacPoolClusterMachine
                $cluster['machines'] = @($answer['machines'])
                foreach ($problem in $answer['problems']) {
                    $cluster['problem'] = $problem
                }
            }
        }
        catch {
            $cluster['problem'] = $_
        }
        $Session['cluster'] = $cluster
    }
    return $Session['cluster']
}

function Find-MacPoolClusterMachine {
    <#
    .SYNOPSIS
    What the cluster knows of a VM; null when it knows none of that id.

    .PARAMETER Id
    The id of the VM.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Id,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $cluster = Get-MacPoolSessionCluster -Session $Session
    foreach ($machine in $cluster['machines']) {
        if ($machine['vm_id'] -eq $Id) {
            return $machine
        }
    }
    return $null
}

function Read-MacPoolMachine {
    <#
    .SYNOPSIS
    The VM of an id, read again; null when it is not here. That is proven by the whole list, never by the error of a search (fact 114).

    .PARAMETER Id
    The id of the VM.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Id
    )

    $found = @()
    try {
        $found = @(Get-VM -Id $Id -ErrorAction Stop)
    }
    catch {
        $found = @()
    }
    foreach ($vm in $found) {
        if ("$($vm.Id)" -eq $Id) {
            return $vm
        }
    }

    $list = Get-MacPoolMachineList
    foreach ($vm in $list['machines']) {
        if ("$($vm.Id)" -eq $Id) {
            return $vm
        }
    }
    if ($list['problems'].Count -gt 0) {
        throw $list['problems'][0]
    }
    return $null
}

function Find-MacPoolMachine {
    <#
    .SYNOPSIS
    The VM of an id. One that is not here is refused, as moved when the cluster knows it.

    .PARAMETER Id
    The id of the VM.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Id,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    if (-not $Session['hyperv']) {
        throw (New-MacPoolProblem -Status 'refused' -Reason 'unsupported' -Message 'Hyper-V is not installed here')
    }
    $vm = Read-MacPoolMachine -Id $Id
    if ($null -ne $vm) {
        return $vm
    }

    $machine = Find-MacPoolClusterMachine -Id $Id -Session $Session
    if ($null -ne $machine) {
        $message = "VM $Id is not on this host: the cluster has it on '$($machine['owner_node'])' as '$($machine['group'])'"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'moved' -Message $message)
    }
    $message = "VM $Id is not on this host"
    $cluster = Get-MacPoolSessionCluster -Session $Session
    if ($null -ne $cluster['problem']) {
        $message = "$message; whether the cluster has it could not be read: $(Get-MacPoolCause -Problem $cluster['problem'])"
    }
    throw (New-MacPoolProblem -Status 'refused' -Reason 'not_found' -Message $message)
}

function Get-MacPoolPowerState {
    <#
    .SYNOPSIS
    The power state of a VM, read again.

    .PARAMETER Id
    The id of the VM.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Id
    )

    $vm = Read-MacPoolMachine -Id $Id
    if ($null -eq $vm) {
        throw "VM $Id is no longer on this host"
    }
    $state = "$($vm.State)"
    # a getter that fails gives nothing, silently
    if ($state -eq '') {
        throw "VM $Id shows no state"
    }
    return $state
}

function Wait-MacPoolPowerState {
    <#
    .SYNOPSIS
    Waits until a VM is in a state, and gives the state it is in at the end.

    .PARAMETER Id
    The id of the VM.

    .PARAMETER State
    The state to wait for.

    .PARAMETER Seconds
    How long at most.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Id,

        [Parameter()]
        [string]
        $State,

        [Parameter()]
        [double]
        $Seconds
    )

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $found = Get-MacPoolPowerState -Id $Id
    while ($found -ne $State -and $watch.Elapsed.TotalSeconds -lt $Seconds) {
        Start-Sleep -Milliseconds 500
        $found = Get-MacPoolPowerState -Id $Id
    }
    return $found
}

function Assert-MacPoolNoReplica {
    <#
    .SYNOPSIS
    Refuses a replica, whose settings its primary owns (fact 107).

    .PARAMETER Machine
    The VM.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine
    )

    $vm = $Machine
    $mode = "$($vm.ReplicationMode)"
    if ($mode -in @('Replica', 'ExtendedReplica')) {
        $message = "VM '$($vm.Name)' is a replica (ReplicationMode $mode): change its primary"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'replica' -Message $message)
    }
}

function Assert-MacPoolStateExpected {
    <#
    .SYNOPSIS
    Refuses when the power state found is not the one expected.

    .PARAMETER Operation
    The operation.

    .PARAMETER Machine
    The VM.

    .PARAMETER State
    The state found.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [string]
        $State
    )

    $vm = $Machine
    if ($null -ne $Operation['expect_state'] -and $Operation['expect_state'] -ne $State) {
        $message = "VM '$($vm.Name)' is $State, expected $($Operation['expect_state'])"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'changed' -Message $message)
    }
}

function Assert-MacPoolNotSaved {
    <#
    .SYNOPSIS
    Refuses a saved VM: a saved state is never discarded.

    .PARAMETER Machine
    The VM.

    .PARAMETER State
    The state found.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [string]
        $State
    )

    $vm = $Machine
    if ($State -in @('Saved', 'FastSaved', 'Hibernated')) {
        $message = "VM '$($vm.Name)' is ${State}: its saved state is not discarded; start it and shut it down"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'saved' -Message $message)
    }
}

function Assert-MacPoolStableState {
    <#
    .SYNOPSIS
    Refuses a VM that is between two states, or in an unknown one.

    .PARAMETER Machine
    The VM.

    .PARAMETER State
    The state found.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [string]
        $State
    )

    $vm = $Machine
    if ($State -notin @('Off', 'Running', 'Paused', 'Saved', 'FastSaved', 'Hibernated')) {
        $message = "VM '$($vm.Name)' is ${State}: wait until it is Off or Running"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'transition' -Message $message)
    }
}

function Assert-MacPoolStopAllowed {
    <#
    .SYNOPSIS
    Refuses where the cluster would count the shutdown of a VM as a failure (facts 106, 117). OfflineAction does not matter, since the
    VM is not stopped through the cluster.

    .PARAMETER Machine
    The VM.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = $Machine
    if (-not [bool]$vm.IsClustered) {
        return
    }
    $known = Find-MacPoolClusterMachine -Id "$($vm.Id)" -Session $Session
    if ($null -eq $known) {
        $cluster = Get-MacPoolSessionCluster -Session $Session
        if ($null -ne $cluster['problem']) {
            throw $cluster['problem']
        }
        # no resource, so nothing that could count it as a failure
        return
    }

    $resources = @(
        foreach ($clusterResource in @(Get-ClusterResource -ErrorAction Stop)) {
            if (Test-MacPoolSameName -One "$($clusterResource.Name)" -Other $known['resource']) {
                $clusterResource
            }
        }
    )
    if ($resources.Count -eq 0) {
        return
    }
    # all its private properties: asking for one that an older cluster does not have would be an error
    foreach ($clusterParameter in @($resources | Get-ClusterParameter -ErrorAction Stop)) {
        if ("$($clusterParameter.Name)" -eq 'ShutdownAction' -and "$($clusterParameter.Value)" -eq '1') {
            $message = "ShutdownAction of the cluster resource '$($known['resource'])' is 1: the cluster would count a shutdown of VM " +
            "'$($vm.Name)' as a failure and start it again; set it to 0, or shut the VM down through the cluster yourself"
            throw (New-MacPoolProblem -Status 'refused' -Reason 'shutdown_action' -Message $message)
        }
    }
}

function Stop-MacPoolMachine {
    <#
    .SYNOPSIS
    Shuts a running VM down through its guest and waits until it is Off.

    .PARAMETER Machine
    The VM.

    .PARAMETER Operation
    The operation, with shutdown_timeout and force_off.

    .PARAMETER Context
    Its context: 'asked' says that the VM may be going off, 'gave_up' that it did not in time.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context
    )

    $vm = $Machine
    $id = "$($vm.Id)"
    $timeout = $Operation['shutdown_timeout']
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $problem = $null
    $Context['asked'] = $true
    try {
        if ($Operation['force_off']) {
            # -Force turns off a guest that cannot be asked
            $null = Stop-VM -VM $vm -Force -ErrorAction Stop
        }
        else {
            # without -Force the cmdlet would ask us about such a guest, and that is an error here
            $null = Stop-VM -VM $vm -ErrorAction Stop
        }
        $Context['touched'] = $true
    }
    catch {
        $problem = $_
    }

    $found = Get-MacPoolPowerState -Id $id
    if ($null -ne $problem -and $found -in @('Running', 'Paused')) {
        if (Test-MacPoolAccessDenied -Problem $problem) {
            throw $problem
        }
        # a guest that cannot be asked is an error at once, one that does not go off is an error after a while
        if (-not $Operation['force_off'] -and $watch.Elapsed.TotalSeconds -lt 10) {
            $cause = Get-MacPoolCause -Problem $problem
            $message = "the guest of VM '$($vm.Name)' cannot be asked to shut down and force_off is false: $cause"
            throw (New-MacPoolProblem -Status 'refused' -Reason 'shutdown_unavailable' -Message $message)
        }
        if ($Operation['force_off']) {
            $timeout = 0
        }
    }
    if ($null -ne $problem) {
        # it failed to say so, but the VM may be on its way
        $Context['touched'] = $true
    }

    $found = Wait-MacPoolPowerState -Id $id -State 'Off' -Seconds ($timeout - $watch.Elapsed.TotalSeconds)
    if ($found -ne 'Off' -and $Operation['force_off']) {
        $null = Stop-VM -VM $vm -TurnOff -Force -ErrorAction Stop
        $Context['touched'] = $true
        $found = Wait-MacPoolPowerState -Id $id -State 'Off' -Seconds 60
    }
    if ($found -ne 'Off') {
        $Context['gave_up'] = $true
        $message = "VM '$($vm.Name)' was asked to shut down and is $found after $($Operation['shutdown_timeout']) s: " +
        'it may still go off and was not restarted'
        throw (New-MacPoolProblem -Status 'failed' -Reason 'shutdown_timeout' -Message $message)
    }
}

function Start-MacPoolMachine {
    <#
    .SYNOPSIS
    Starts a VM that is off, and waits until it runs.

    .PARAMETER Machine
    The VM.

    .PARAMETER Context
    The context of the operation.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context
    )

    $vm = $Machine
    $null = Start-VM -VM $vm -ErrorAction Stop
    $Context['touched'] = $true
    $found = Wait-MacPoolPowerState -Id "$($vm.Id)" -State 'Running' -Seconds 60
    if ($found -ne 'Running') {
        $message = "VM '$($vm.Name)' was started and is $found after 60 s"
        throw (New-MacPoolProblem -Status 'failed' -Reason 'readback' -Message $message)
    }
}

function Invoke-MacPoolStopMachine {
    <#
    .SYNOPSIS
    Does stop_vm.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = Find-MacPoolMachine -Id $Operation['vm_id'] -Session $Session
    $state = Get-MacPoolPowerState -Id $Operation['vm_id']
    $Context['before'] = [ordered]@{ state = $state }
    if ($state -eq 'Off') {
        Set-MacPoolUnchanged -Context $Context
        return
    }
    Assert-MacPoolNoReplica -Machine $vm
    Assert-MacPoolNotSaved -Machine $vm -State $state
    Assert-MacPoolStateExpected -Operation $Operation -Machine $vm -State $state
    Assert-MacPoolStableState -Machine $vm -State $state
    Assert-MacPoolStopAllowed -Machine $vm -Session $Session
    if ($Session['check']) {
        $Context['status'] = 'done'
        $Context['after'] = [ordered]@{ state = 'Off' }
        return
    }

    $problem = $null
    try {
        Stop-MacPoolMachine -Machine $vm -Operation $Operation -Context $Context
    }
    catch {
        $problem = $_
    }
    $found = ''
    try {
        $found = Get-MacPoolPowerState -Id $Operation['vm_id']
        $Context['after'] = [ordered]@{ state = $found }
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted ($found -eq 'Off') -Wanted 'Off'
}

function Invoke-MacPoolStartMachine {
    <#
    .SYNOPSIS
    Does start_vm.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = Find-MacPoolMachine -Id $Operation['vm_id'] -Session $Session
    $state = Get-MacPoolPowerState -Id $Operation['vm_id']
    $Context['before'] = [ordered]@{ state = $state }
    if ($state -in @('Running', 'Paused')) {
        Set-MacPoolUnchanged -Context $Context
        return
    }
    Assert-MacPoolNoReplica -Machine $vm
    Assert-MacPoolStateExpected -Operation $Operation -Machine $vm -State $state
    Assert-MacPoolStableState -Machine $vm -State $state
    if ($Session['check']) {
        $Context['status'] = 'done'
        $Context['after'] = [ordered]@{ state = 'Running' }
        return
    }

    $problem = $null
    try {
        Start-MacPoolMachine -Machine $vm -Context $Context
    }
    catch {
        $problem = $_
    }
    $found = ''
    try {
        $found = Get-MacPoolPowerState -Id $Operation['vm_id']
        $Context['after'] = [ordered]@{ state = $found }
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted ($found -eq 'Running') -Wanted 'Running'
}

# ---- addresses of a VM's adapters --------------------------------------------------------------------------------------------------

function Get-MacPoolAddressSet {
    <#
    .SYNOPSIS
    The state of a VM and the addresses of some of its adapters, read again: a dictionary of state and adapters, in the order asked
    for. An adapter that is not there is left out.

    .PARAMETER Machine
    The VM.

    .PARAMETER Wanted
    The adapters of the operation.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [object[]]
        $Wanted
    )

    $vm = $Machine
    $state = Get-MacPoolPowerState -Id "$($vm.Id)"
    $adapters = @{}
    foreach ($adapter in @(Get-VMNetworkAdapter -VM $vm -ErrorAction Stop)) {
        $adapters["$($adapter.Id)"] = $adapter
    }
    $records = @(
        foreach ($item in $Wanted) {
            $adapter = $adapters[$item['adapter_id']]
            if ($null -eq $adapter) {
                continue
            }
            $mac = ConvertTo-MacPoolAddress -Text $adapter.MacAddress
            $dynamic = $adapter.DynamicMacAddressEnabled
            # a getter that fails gives nothing, silently
            if ($mac -eq '' -or $null -eq $dynamic) {
                throw "adapter '$($adapter.Name)' of VM '$($vm.Name)' shows no MAC address, or not whether it is dynamic"
            }
            # the id as Hyper-V writes it, however the caller did
            [ordered]@{ adapter_id = "$($adapter.Id)"; mac = $mac; dynamic = [bool]$dynamic }
        }
    )
    return [ordered]@{ state = $state; adapters = $records }
}

function Get-MacPoolOpenAdapter {
    <#
    .SYNOPSIS
    Writes the adapters of an operation that are not as wanted.

    .PARAMETER Wanted
    The adapters of the operation.

    .PARAMETER Found
    What was read of them.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object[]]
        $Wanted,

        [Parameter()]
        [System.Collections.IDictionary]
        $Found
    )

    $seen = @{}
    foreach ($record in $Found['adapters']) {
        $seen[$record['adapter_id']] = $record
    }
    foreach ($item in $Wanted) {
        $record = $seen[$item['adapter_id']]
        if ($null -eq $record) {
            $item
        }
        elseif ($item['dynamic']) {
            if (-not $record['dynamic']) {
                $item
            }
        }
        elseif ($record['dynamic'] -or $record['mac'] -ne $item['mac']) {
            $item
        }
    }
}

function Assert-MacPoolAdapterExpected {
    <#
    .SYNOPSIS
    Refuses when an adapter is missing, or one that is not yet as wanted is found other than expected.

    .PARAMETER Machine
    The VM.

    .PARAMETER Open
    The adapters that are not yet as wanted.

    .PARAMETER Found
    What was read of them.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [object[]]
        $Open,

        [Parameter()]
        [System.Collections.IDictionary]
        $Found
    )

    $vm = $Machine
    $seen = @{}
    foreach ($record in $Found['adapters']) {
        $seen[$record['adapter_id']] = $record
    }
    foreach ($item in $Open) {
        $record = $seen[$item['adapter_id']]
        if ($record['mac'] -ne $item['expect_mac'] -or $record['dynamic'] -ne $item['expect_dynamic']) {
            $message = "adapter '$($item['adapter_id'])' of VM '$($vm.Name)' has $($record['mac']) (dynamic: $($record['dynamic'])), " +
            "expected $($item['expect_mac']) (dynamic: $($item['expect_dynamic']))"
            throw (New-MacPoolProblem -Status 'refused' -Reason 'changed' -Message $message)
        }
    }
}

function Set-MacPoolAddressSet {
    <#
    .SYNOPSIS
    Sets the addresses of adapters of a VM that is off.

    .PARAMETER Machine
    The VM.

    .PARAMETER Open
    The adapters that are not yet as wanted.

    .PARAMETER Context
    The context of the operation.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [object[]]
        $Open,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context
    )

    $vm = $Machine
    $adapters = @(Get-VMNetworkAdapter -VM $vm -ErrorAction Stop)
    foreach ($item in $Open) {
        $found = $false
        foreach ($adapter in $adapters) {
            if ("$($adapter.Id)" -ne $item['adapter_id']) {
                continue
            }
            $found = $true
            # facts 29 and 115: never both
            if ($item['dynamic']) {
                $null = Set-VMNetworkAdapter -VMNetworkAdapter $adapter -DynamicMacAddress -ErrorAction Stop
            }
            else {
                # fact 37: 12 hex digits without separators
                $null = Set-VMNetworkAdapter -VMNetworkAdapter $adapter -StaticMacAddress $item['mac'] -ErrorAction Stop
            }
            $Context['touched'] = $true
        }
        if (-not $found) {
            throw "VM '$($vm.Name)' has lost its adapter '$($item['adapter_id'])' meanwhile"
        }
    }
}

function Get-MacPoolPredictedSet {
    <#
    .SYNOPSIS
    What will be read of the adapters once they are as wanted. The address of one that becomes dynamic cannot be known.

    .PARAMETER Found
    What was read of them.

    .PARAMETER Open
    The adapters that are not yet as wanted.

    .PARAMETER State
    The state that the VM will be in.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Found,

        [Parameter()]
        [object[]]
        $Open,

        [Parameter()]
        [string]
        $State
    )

    $changes = @{}
    foreach ($item in $Open) {
        $changes[$item['adapter_id']] = $item
    }
    $records = @(
        foreach ($record in $Found['adapters']) {
            $item = $changes[$record['adapter_id']]
            if ($null -eq $item) {
                $record
            }
            else {
                [ordered]@{ adapter_id = $record['adapter_id']; mac = $item['mac']; dynamic = $item['dynamic'] }
            }
        }
    )
    return [ordered]@{ state = $State; adapters = $records }
}

function Update-MacPoolRunningMachine {
    <#
    .SYNOPSIS
    Shuts a running VM down, sets its addresses and starts it again, whatever happens in between. What went wrong is returned, null
    when nothing did: an error from inside finally would hide the one that matters.

    .PARAMETER Machine
    The VM.

    .PARAMETER Operation
    The operation.

    .PARAMETER Open
    The adapters that are not yet as wanted.

    .PARAMETER Context
    The context of the operation.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [object[]]
        $Open,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context
    )

    $vm = $Machine
    $problem = $null
    $startProblem = $null
    try {
        Stop-MacPoolMachine -Machine $vm -Operation $Operation -Context $Context
        Set-MacPoolAddressSet -Machine $vm -Open $Open -Context $Context
        $found = Get-MacPoolAddressSet -Machine $vm -Wanted $Operation['adapters']
        if (@(Get-MacPoolOpenAdapter -Wanted $Operation['adapters'] -Found $found).Count -gt 0) {
            $message = "the cmdlet reported no error, but VM '$($vm.Name)' does not have the addresses that were wanted: see 'after'"
            throw (New-MacPoolProblem -Status 'failed' -Reason 'readback' -Message $message)
        }
    }
    catch {
        $problem = $_
    }
    finally {
        if ($Context['asked'] -and -not $Context['gave_up']) {
            try {
                Restore-MacPoolMachine -Machine $vm -Context $Context
            }
            catch {
                $startProblem = $_
            }
        }
    }

    if ($null -eq $startProblem) {
        return $problem
    }
    if ($null -eq $problem) {
        return $startProblem
    }
    # both: the first says why, the second what the VM suffers from now
    Set-MacPoolProblem -Context $Context -Problem $startProblem
    $second = $Context['message']
    Set-MacPoolProblem -Context $Context -Problem $problem
    $Context['note'] = "and the VM could not be started again: $second"
    return $problem
}

function Restore-MacPoolMachine {
    <#
    .SYNOPSIS
    Starts a VM that ran before, unless it still runs.

    .PARAMETER Machine
    The VM.

    .PARAMETER Context
    The context of the operation.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context
    )

    $vm = $Machine
    $state = ''
    try {
        $state = Get-MacPoolPowerState -Id "$($vm.Id)"
        if ($state -notin @('Off', 'Running', 'Paused')) {
            $state = Wait-MacPoolPowerState -Id "$($vm.Id)" -State 'Off' -Seconds 30
        }
    }
    catch {
        # it cannot be read, but it may be startable
        $state = ''
    }
    if ($state -notin @('Running', 'Paused')) {
        Start-MacPoolMachine -Machine $vm -Context $Context
    }
}

function Invoke-MacPoolSetAddress {
    <#
    .SYNOPSIS
    Does set_vm_macs.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = Find-MacPoolMachine -Id $Operation['vm_id'] -Session $Session
    $wanted = @($Operation['adapters'])
    $found = Get-MacPoolAddressSet -Machine $vm -Wanted $wanted
    $Context['before'] = $found
    $present = @(foreach ($record in $found['adapters']) { $record['adapter_id'] })
    foreach ($item in $wanted) {
        if ($item['adapter_id'] -notin $present) {
            $message = "VM '$($vm.Name)' has no adapter '$($item['adapter_id'])'"
            throw (New-MacPoolProblem -Status 'refused' -Reason 'not_found' -Message $message)
        }
    }
    $open = @(Get-MacPoolOpenAdapter -Wanted $wanted -Found $found)
    if ($open.Count -eq 0) {
        Set-MacPoolUnchanged -Context $Context
        return
    }

    $state = $found['state']
    $running = ($state -in @('Running', 'Paused'))
    Assert-MacPoolNoReplica -Machine $vm
    Assert-MacPoolNotSaved -Machine $vm -State $state
    Assert-MacPoolStateExpected -Operation $Operation -Machine $vm -State $state
    Assert-MacPoolAdapterExpected -Machine $vm -Open $open -Found $found
    Assert-MacPoolStableState -Machine $vm -State $state
    if ($running -and $Operation['power'] -ne 'restart') {
        $message = "VM '$($vm.Name)' is ${state}: its addresses can be changed only while it is Off"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'running' -Message $message)
    }
    if ($running) {
        Assert-MacPoolStopAllowed -Machine $vm -Session $Session
    }
    if ($Session['check']) {
        $later = 'Off'
        if ($running) {
            $later = 'Running'
        }
        $Context['status'] = 'done'
        $Context['after'] = Get-MacPoolPredictedSet -Found $found -Open $open -State $later
        return
    }

    $problem = $null
    if ($running) {
        $problem = Update-MacPoolRunningMachine -Machine $vm -Operation $Operation -Open $open -Context $Context
    }
    else {
        try {
            Set-MacPoolAddressSet -Machine $vm -Open $open -Context $Context
        }
        catch {
            $problem = $_
        }
    }

    $asWanted = $false
    try {
        $again = Get-MacPoolAddressSet -Machine $vm -Wanted $wanted
        $Context['after'] = $again
        $asWanted = (@(Get-MacPoolOpenAdapter -Wanted $wanted -Found $again).Count -eq 0)
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted $asWanted -Wanted 'the addresses of the operation'
    if ($null -ne $Context['note']) {
        $Context['message'] = "$($Context['message']); $($Context['note'])"
    }
}

# ---- port profile, new VM, cluster role --------------------------------------------------------------------------------------------

function Test-MacPoolProfileSame {
    <#
    .SYNOPSIS
    Whether two port profiles are the same; ids compare without case, null is no profile.

    .PARAMETER Left
    A profile or null.

    .PARAMETER Right
    A profile or null.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Left,

        [Parameter()]
        [System.Collections.IDictionary]
        $Right
    )

    if ($null -eq $Left -or $null -eq $Right) {
        return ($null -eq $Left -and $null -eq $Right)
    }
    return ($Left['profile_id'] -eq $Right['profile_id'] -and $Left['profile_data'] -eq $Right['profile_data'])
}

function Get-MacPoolProfileText {
    <#
    .SYNOPSIS
    A port profile in words.

    .PARAMETER PortProfile
    A profile or null.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $PortProfile
    )

    if ($null -eq $PortProfile) {
        return 'no port profile'
    }
    return "$($PortProfile['profile_id']) with profile data $($PortProfile['profile_data'])"
}

function Get-MacPoolFirstFeature {
    <#
    .SYNOPSIS
    The port profile feature of one adapter; null when it has none.

    .PARAMETER Adapter
    The adapter.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Adapter
    )

    foreach ($feature in @(Get-MacPoolPortFeature -Adapter $Adapter)) {
        return $feature
    }
    return $null
}

function Set-MacPoolVendorData {
    <#
    .SYNOPSIS
    Fills in what every port profile of a Network Controller says besides its id (fact 86).

    .PARAMETER Feature
    The feature that will be added to an adapter.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Feature
    )

    $constants = [ordered]@{
        NetCfgInstanceId = '{56785678-a0e5-4a26-bc9b-c0cba27311a3}'
        CdnLabelString = 'TestCdn'
        CdnLabelId = 1111
        ProfileName = 'Testprofile'
        VendorId = '{1FA41B39-B444-4E43-B35A-E1F7985FD548}'
        VendorName = 'NetworkController'
    }
    foreach ($entry in $constants.GetEnumerator()) {
        $property = $Feature.SettingData.PSObject.Properties["$($entry.Key)"]
        if ($null -ne $property) {
            $property.Value = $entry.Value
        }
    }
}

function Write-MacPoolPortFeature {
    <#
    .SYNOPSIS
    Gives an adapter a port profile, changes the one it has, or takes it away.

    .PARAMETER Adapter
    The adapter.

    .PARAMETER PortProfile
    The profile that is wanted; null for none.

    .PARAMETER Template
    The feature to add where the adapter has none.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Adapter,

        [Parameter()]
        [System.Collections.IDictionary]
        $PortProfile,

        [Parameter()]
        [object]
        $Template
    )

    $feature = Get-MacPoolFirstFeature -Adapter $Adapter
    if ($null -eq $PortProfile) {
        $null = Remove-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $feature -VMNetworkAdapter $Adapter -ErrorAction Stop
        return
    }

    $isNew = ($null -eq $feature)
    if ($isNew) {
        $feature = $Template
    }
    $feature.SettingData.ProfileId = $PortProfile['profile_id']
    $feature.SettingData.ProfileData = [int]$PortProfile['profile_data']
    if ($isNew) {
        Set-MacPoolVendorData -Feature $feature
        $null = Add-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $feature -VMNetworkAdapter $Adapter -ErrorAction Stop
    }
    else {
        $null = Set-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $feature -VMNetworkAdapter $Adapter -ErrorAction Stop
    }
}

function Invoke-MacPoolSetPortProfile {
    <#
    .SYNOPSIS
    Does set_port_profile.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = Find-MacPoolMachine -Id $Operation['vm_id'] -Session $Session
    $adapter = $null
    foreach ($item in @(Get-VMNetworkAdapter -VM $vm -ErrorAction Stop)) {
        if ("$($item.Id)" -eq $Operation['adapter_id']) {
            $adapter = $item
        }
    }
    if ($null -eq $adapter) {
        $message = "VM '$($vm.Name)' has no adapter '$($Operation['adapter_id'])'"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'not_found' -Message $message)
    }

    $wanted = $Operation['profile']
    $feature = Get-MacPoolFirstFeature -Adapter $adapter
    $Context['before'] = ConvertTo-MacPoolPortProfile -Feature $feature
    if (Test-MacPoolProfileSame -Left $wanted -Right $Context['before']) {
        Set-MacPoolUnchanged -Context $Context
        return
    }
    if (-not (Test-MacPoolProfileSame -Left $Operation['expect'] -Right $Context['before'])) {
        $message = "adapter '$($Operation['adapter_id'])' of VM '$($vm.Name)' has $(Get-MacPoolProfileText -PortProfile $Context['before']), " +
        "expected $(Get-MacPoolProfileText -PortProfile $Operation['expect'])"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'changed' -Message $message)
    }
    $template = $null
    if ($null -eq $feature) {
        $template = Get-MacPoolPortFeatureTemplate
        if ($null -eq $template) {
            $message = 'the virtual switches of this host offer no port profile feature: SDN is not installed here'
            throw (New-MacPoolProblem -Status 'refused' -Reason 'unsupported' -Message $message)
        }
    }
    if ($Session['check']) {
        $Context['status'] = 'done'
        $Context['after'] = $wanted
        return
    }

    $problem = $null
    try {
        Write-MacPoolPortFeature -Adapter $adapter -PortProfile $wanted -Template $template
        $Context['touched'] = $true
    }
    catch {
        $problem = $_
    }
    $same = $false
    try {
        $Context['after'] = ConvertTo-MacPoolPortProfile -Feature (Get-MacPoolFirstFeature -Adapter $adapter)
        $same = Test-MacPoolProfileSame -Left $wanted -Right $Context['after']
        # a profile that is gone reads as null, and so does one that cannot be read: only here it is known which
        if (-not (Test-MacPoolProfileSame -Left $Context['before'] -Right $Context['after'])) {
            $Context['touched'] = $true
        }
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted $same -Wanted (Get-MacPoolProfileText -PortProfile $wanted)
}

function Get-MacPoolMachineByName {
    <#
    .SYNOPSIS
    Writes the VMs of a name. The list is compared: given to Get-VM a name would be a pattern, and a missing one an error.

    .PARAMETER Name
    The name.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Name
    )

    $list = Get-MacPoolMachineList
    $found = @(
        foreach ($vm in $list['machines']) {
            if (Test-MacPoolSameName -One "$($vm.Name)" -Other $Name) {
                $vm
            }
        }
    )
    if ($found.Count -eq 0 -and $list['problems'].Count -gt 0) {
        throw $list['problems'][0]
    }
    $found
}

function Read-MacPoolCreatedMachine {
    <#
    .SYNOPSIS
    Writes what there is of a new VM into 'after': vm_id, adapter_id, mac, dynamic and state. The VM is noted before its adapter is
    read, so that it is told even when that fails. The name of the adapter is noted beside it.

    .PARAMETER Machine
    The VM.

    .PARAMETER Context
    The context of the operation.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context
    )

    $vm = $Machine
    $created = [ordered]@{
        vm_id = "$($vm.Id)".ToLowerInvariant()
        adapter_id = $null
        mac = $null
        dynamic = $null
        state = "$($vm.State)"
    }
    $Context['after'] = $created
    foreach ($adapter in @(Get-VMNetworkAdapter -VM $vm -ErrorAction Stop)) {
        $created['adapter_id'] = "$($adapter.Id)"
        $created['mac'] = ConvertTo-MacPoolAddress -Text $adapter.MacAddress
        $created['dynamic'] = [bool]$adapter.DynamicMacAddressEnabled
        $Context['adapter_name'] = "$($adapter.Name)"
        break
    }
}

function New-MacPoolMachine {
    <#
    .SYNOPSIS
    Creates a VM with its adapter.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context
    )

    $newVM = @{
        Name = $Operation['name']
        Generation = [int]$Operation['generation']
        MemoryStartupBytes = [long]$Operation['memory_bytes']
        ErrorAction = 'Stop'
    }
    if ($null -ne $Operation['path']) {
        $newVM['Path'] = $Operation['path']
    }
    if ($null -ne $Operation['switch']) {
        $newVM['SwitchName'] = $Operation['switch']
    }
    if ($null -ne $Operation['vhd_path']) {
        $newVM['VHDPath'] = $Operation['vhd_path']
    }
    else {
        $newVM['NoVHD'] = $true
    }
    $created = @(New-VM @newVM)
    $Context['touched'] = $true
    if ($created.Count -eq 0) {
        throw "New-VM reported no error and gave no VM '$($Operation['name'])'"
    }
    $vm = $created[0]

    $adapters = @(Get-VMNetworkAdapter -VM $vm -ErrorAction Stop)
    if ($adapters.Count -eq 0) {
        throw "New-VM gave VM '$($vm.Name)' no network adapter"
    }
    $adapter = $adapters[0]
    if ("$($adapter.Name)" -cne $Operation['adapter_name']) {
        $null = Rename-VMNetworkAdapter -VMNetworkAdapter $adapter -NewName $Operation['adapter_name'] -ErrorAction Stop
    }
    if ($null -ne $Operation['mac']) {
        $null = Set-VMNetworkAdapter -VMNetworkAdapter $adapter -StaticMacAddress $Operation['mac'] -ErrorAction Stop
    }
}

function Invoke-MacPoolCreateMachine {
    <#
    .SYNOPSIS
    Does create_vm. One that fails half-way leaves the VM, and says what there is.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    if (-not $Session['hyperv']) {
        throw (New-MacPoolProblem -Status 'refused' -Reason 'unsupported' -Message 'Hyper-V is not installed here')
    }
    $name = $Operation['name']
    foreach ($vm in @(Get-MacPoolMachineByName -Name $name)) {
        $Context['before'] = [ordered]@{ vm_id = "$($vm.Id)".ToLowerInvariant() }
        $message = "this host already has a VM named '$name', with the id $($Context['before']['vm_id'])"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'changed' -Message $message)
    }
    if ($null -ne $Operation['switch']) {
        $found = @(
            foreach ($vmSwitch in @(Get-VMSwitch -ErrorAction Stop)) {
                if (Test-MacPoolSameName -One "$($vmSwitch.Name)" -Other $Operation['switch']) {
                    $vmSwitch
                }
            }
        )
        if ($found.Count -eq 0) {
            $message = "this host has no virtual switch named '$($Operation['switch'])'"
            throw (New-MacPoolProblem -Status 'failed' -Reason 'cmdlet' -Message $message)
        }
    }
    $dynamic = ($null -eq $Operation['mac'])
    if ($Session['check']) {
        $Context['status'] = 'done'
        $Context['after'] = [ordered]@{ vm_id = $null; adapter_id = $null; mac = $Operation['mac']; dynamic = $dynamic; state = 'Off' }
        return
    }

    $problem = $null
    try {
        New-MacPoolMachine -Operation $Operation -Context $Context
    }
    catch {
        $problem = $_
    }
    $asWanted = $false
    try {
        foreach ($vm in @(Get-MacPoolMachineByName -Name $name)) {
            $Context['touched'] = $true
            Read-MacPoolCreatedMachine -Machine $vm -Context $Context
        }
        $after = $Context['after']
        if ($null -ne $after) {
            $named = ($Context['adapter_name'] -ceq $Operation['adapter_name'])
            $asWanted = ($named -and $after['dynamic'] -eq $dynamic -and ($dynamic -or $after['mac'] -eq $Operation['mac']))
        }
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted $asWanted -Wanted "VM '$name' with adapter '$($Operation['adapter_name'])'"
}

function Test-MacPoolClustered {
    <#
    .SYNOPSIS
    Whether a VM is clustered: it says so itself, or the cluster does, which knows first.

    .PARAMETER Id
    The id of the VM.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [string]
        $Id,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = Read-MacPoolMachine -Id $Id
    if ($null -ne $vm -and [bool]$vm.IsClustered) {
        return $true
    }
    $machine = Find-MacPoolClusterMachine -Id $Id -Session $Session
    return ($null -ne $machine)
}

function Invoke-MacPoolAddClusterRole {
    <#
    .SYNOPSIS
    Does add_cluster_role.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $id = $Operation['vm_id']
    $vm = Find-MacPoolMachine -Id $id -Session $Session
    $clustered = Test-MacPoolClustered -Id $id -Session $Session
    $Context['before'] = [ordered]@{ clustered = $clustered }
    if ($clustered) {
        Set-MacPoolUnchanged -Context $Context
        return
    }
    $clusterName = Get-MacPoolClusterName
    if ($null -eq $clusterName) {
        throw (New-MacPoolProblem -Status 'refused' -Reason 'not_clustered' -Message 'this host is in no cluster')
    }
    Assert-MacPoolNoReplica -Machine $vm
    if ($Session['check']) {
        $Context['status'] = 'done'
        $Context['after'] = [ordered]@{ clustered = $true }
        return
    }

    $problem = $null
    try {
        $null = Add-ClusterVirtualMachineRole -VMId $id -Name $Operation['name'] -ErrorAction Stop
        $Context['touched'] = $true
    }
    catch {
        $problem = $_
    }
    # what was read of the cluster is out of date now
    $Session['cluster'] = $null
    $clustered = $false
    try {
        $clustered = Test-MacPoolClustered -Id $id -Session $Session
        $Context['after'] = [ordered]@{ clustered = $clustered }
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted $clustered -Wanted "a role named '$($Operation['name'])'"
}

function ConvertTo-MacPoolRemovable {
    <#
    .SYNOPSIS
    What remove_vm shows of a VM: vm_id, name, clustered and state.

    .PARAMETER Machine
    The VM.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = $Machine
    $id = "$($vm.Id)".ToLowerInvariant()
    return [ordered]@{
        vm_id = $id
        name = "$($vm.Name)"
        clustered = (Test-MacPoolClustered -Id $id -Session $Session)
        state = (Get-MacPoolPowerState -Id $id)
    }
}

function Assert-MacPoolOwnRole {
    <#
    .SYNOPSIS
    Refuses when the role of a VM cannot go with it: the cluster could not be read, or the role holds other VMs as well.

    .PARAMETER Machine
    The VM.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = $Machine
    $cluster = Get-MacPoolSessionCluster -Session $Session
    $known = Find-MacPoolClusterMachine -Id "$($vm.Id)" -Session $Session
    if ($null -eq $known) {
        if ([bool]$vm.IsClustered -and $null -ne $cluster['problem']) {
            throw $cluster['problem']
        }
        return
    }
    foreach ($other in $cluster['machines']) {
        $shared = Test-MacPoolSameName -One $other['group'] -Other $known['group']
        if ($shared -and -not (Test-MacPoolSameName -One $other['resource'] -Other $known['resource'])) {
            $message = "the role '$($known['group'])' of VM '$($vm.Name)' also holds '$($other['resource'])': take one of them out first"
            throw (New-MacPoolProblem -Status 'refused' -Reason 'shared_role' -Message $message)
        }
    }
}

function Remove-MacPoolMachine {
    <#
    .SYNOPSIS
    Takes a VM out of the cluster, when it is a role there, and deletes it. Its virtual disks stay.

    .PARAMETER Machine
    The VM.

    .PARAMETER Context
    The context of the operation.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [object]
        $Machine,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $vm = $Machine
    if ($null -ne (Find-MacPoolClusterMachine -Id "$($vm.Id)" -Session $Session)) {
        # what was read of the cluster is out of date from here on, whatever comes of it
        $Session['cluster'] = $null
        $null = Remove-ClusterGroup -VMId "$($vm.Id)" -RemoveResources -Force -ErrorAction Stop
        $Context['touched'] = $true
    }
    $null = Remove-VM -VM $vm -Force -ErrorAction Stop
    $Context['touched'] = $true
}

function Invoke-MacPoolRemoveMachine {
    <#
    .SYNOPSIS
    Does remove_vm. Only a VM that is off is removed. One that is nowhere is unchanged, and that is proven by the lists of host and cluster.

    .PARAMETER Operation
    The operation.

    .PARAMETER Context
    Its context.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Context,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $id = $Operation['vm_id']
    try {
        $vm = Find-MacPoolMachine -Id $id -Session $Session
    }
    catch {
        $thrown = $_.TargetObject
        if ($thrown -isnot [hashtable] -or $thrown['reason'] -ne 'not_found') {
            throw
        }
        $cluster = Get-MacPoolSessionCluster -Session $Session
        if ($null -ne $cluster['problem']) {
            throw $cluster['problem']
        }
        Set-MacPoolUnchanged -Context $Context
        return
    }

    $found = ConvertTo-MacPoolRemovable -Machine $vm -Session $Session
    $Context['before'] = $found
    $state = $found['state']
    Assert-MacPoolNoReplica -Machine $vm
    Assert-MacPoolNotSaved -Machine $vm -State $state
    Assert-MacPoolStateExpected -Operation $Operation -Machine $vm -State $state
    Assert-MacPoolStableState -Machine $vm -State $state
    if ($state -ne 'Off') {
        $message = "VM '$($vm.Name)' is ${state}: it can be removed only while it is Off"
        throw (New-MacPoolProblem -Status 'refused' -Reason 'running' -Message $message)
    }
    Assert-MacPoolOwnRole -Machine $vm -Session $Session
    if ($Session['check']) {
        $Context['status'] = 'done'
        return
    }

    $problem = $null
    try {
        Remove-MacPoolMachine -Machine $vm -Context $Context -Session $Session
    }
    catch {
        $problem = $_
    }
    $gone = $false
    try {
        $again = Read-MacPoolMachine -Id $id
        $gone = ($null -eq $again)
        if ($gone) {
            # also where the cmdlet reported an error
            $Context['touched'] = $true
        }
        else {
            $Context['after'] = ConvertTo-MacPoolRemovable -Machine $again -Session $Session
        }
    }
    catch {
        if ($null -eq $problem) {
            $problem = $_
        }
    }
    Complete-MacPoolChange -Context $Context -Problem $problem -AsWanted $gone -Wanted "no VM '$($found['name'])'"
}

# ---- all operations ----------------------------------------------------------------------------------------------------------------

function Invoke-MacPoolOperation {
    <#
    .SYNOPSIS
    Does one operation and gives its context, filled in.

    .PARAMETER Operation
    The operation.

    .PARAMETER Session
    What holds for all operations.
    #>
    [CmdletBinding()]
    param (
        [Parameter()]
        [System.Collections.IDictionary]
        $Operation,

        [Parameter()]
        [System.Collections.IDictionary]
        $Session
    )

    $context = @{
        status = $null
        reason = $null
        before = $null
        after = $null
        message = $null
        touched = $false
        asked = $false
        gave_up = $false
        note = $null
        adapter_name = $null
    }
    $options = @{ Operation = $Operation; Context = $context; Session = $Session }
    try {
        switch ($Operation['op']) {
            'set_host_range' { $null = Invoke-MacPoolSetHostRange @options }
            'clear_host_range' { $null = Invoke-MacPoolClearHostRange @options }
            'set_vm_macs' { $null = Invoke-MacPoolSetAddress @options }
            'stop_vm' { $null = Invoke-MacPoolStopMachine @options }
            'start_vm' { $null = Invoke-MacPoolStartMachine @options }
            'set_port_profile' { $null = Invoke-MacPoolSetPortProfile @options }
            'create_vm' { $null = Invoke-MacPoolCreateMachine @options }
            'add_cluster_role' { $null = Invoke-MacPoolAddClusterRole @options }
            'remove_vm' { $null = Invoke-MacPoolRemoveMachine @options }
        }
    }
    catch {
        Set-MacPoolProblem -Context $context -Problem $_
    }
    return $context
}

$operations = [System.Collections.ArrayList]::new()
$complaint = $null
try {
    if ([long]$module.Params.schema -ne 1) {
        throw "the schema is $($module.Params.schema), and this host_apply speaks schema 1: use one version of macpool.hyperv throughout"
    }
    $number = 0
    foreach ($item in $module.Params.operations) {
        $number++
        $null = $operations.Add((ConvertTo-MacPoolOperation -Value $item -Number $number))
    }
}
catch {
    $complaint = $_
}

$module.Result.changed = $false
if ($null -ne $complaint) {
    $module.FailJson("Nothing was done: $(Get-MacPoolCause -Problem $complaint)", $complaint)
}
else {
    $results = [System.Collections.ArrayList]::new()
    $failed = [System.Collections.ArrayList]::new()
    $session = @{ check = [bool]$module.CheckMode; hyperv = $false; cluster = $null }
    if ($operations.Count -gt 0) {
        $session['hyperv'] = [bool](Test-MacPoolHyperV)
    }

    foreach ($operation in $operations) {
        if ($failed.Count -gt 0 -and -not $module.Params.continue_on_error) {
            $outcome = @{ status = 'skipped'; reason = $null; before = $null; after = $null; message = 'an operation before it failed'; touched = $false }
        }
        else {
            $outcome = Invoke-MacPoolOperation -Operation $operation -Session $session
        }
        $result = [ordered]@{
            id = $operation['id']
            op = $operation['op']
            status = $outcome['status']
            reason = $outcome['reason']
            before = $outcome['before']
            after = $outcome['after']
            message = $outcome['message']
        }
        $null = $results.Add($result)
        if ($outcome['status'] -eq 'failed') {
            $null = $failed.Add($result)
        }
        if ($outcome['status'] -eq 'done' -or ($outcome['status'] -eq 'failed' -and $outcome['touched'])) {
            $module.Result.changed = $true
        }
    }

    $module.Result.results = $results.ToArray()
    if ($failed.Count -gt 0) {
        $first = $failed[0]
        $module.FailJson("$($failed.Count) of $($results.Count) operations failed, first $($first['op']) ($($first['reason'])): $($first['message'])")
    }
    else {
        $module.ExitJson()
    }
}
