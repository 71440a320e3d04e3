#!powershell

# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._HyperV

$spec = @{
    options = @{
        schema = @{ type = 'int'; required = $true }
        operations = @{ type = 'list'; elements = 'dict'; required = $true }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

# What holds for all operations. 'cluster' is read once, by Get-MacPoolKnownCluster.
$session = @{ hyperv = $false; cluster = $null }

# How an operation reports: it fills in its result (status, reason, before, after, message, touched) and returns nothing, so that
# no stray output of a cmdlet can become part of a result. What ends it early is thrown: a dictionary of status, reason and message,
# which arrives as the TargetObject of the error record, or any error of a cmdlet.

# ---- what the operations look like -------------------------------------------------------------------------------------------------

# The fields of each operation. A field is mandatory unless it has a default, which stands for null as well; nullable ones may be null.
$vmId = @{ type = 'guid' }
$expectedState = @{ type = 'dict'; default = $null; options = @{ state = @{ type = 'text'; default = $null } } }
$expectedRange = @{
    type = 'dict'
    nullable = $true
    options = @{ start = @{ type = 'mac' }; 'end' = @{ type = 'mac' }; source = @{ type = 'text'; default = $null } }
}
$profileFields = @{
    profile_id = @{ type = 'guid_in_braces'; nullable = $true }
    # 32 bits without a sign (fact 86)
    profile_data = @{ type = 'long'; most = [long][uint32]::MaxValue; default = $null }
}
$shutdownTimeout = @{ type = 'long'; default = [long]300 }
$forceOff = @{ type = 'bool'; default = $false }
$notAfter = @{ type = 'time'; default = $null }
$adapterFields = @{
    adapter_id = @{ type = 'text' }
    mac = @{ type = 'mac'; default = $null }
    dynamic = @{ type = 'bool'; default = $false }
    expect = @{ type = 'dict'; options = @{ mac = @{ type = 'text' }; dynamic = @{ type = 'bool' } } }
}
$operationFields = @{
    set_host_range = @{
        start = @{ type = 'mac' }
        'end' = @{ type = 'mac' }
        method = @{ type = 'choice'; choices = @('auto', 'cmdlet', 'registry'); default = 'auto' }
        expect = $expectedRange
        not_after = $notAfter
    }
    clear_host_range = @{
        expect = $expectedRange
    }
    set_vm_macs = @{
        vm_id = $vmId
        adapters = @{ type = 'list'; options = $adapterFields }
        power = @{ type = 'choice'; choices = @('require_off', 'restart'); default = 'require_off' }
        shutdown_timeout = $shutdownTimeout
        force_off = $forceOff
        expect = $expectedState
        not_after = $notAfter
    }
    stop_vm = @{
        vm_id = $vmId
        shutdown_timeout = $shutdownTimeout
        force_off = $forceOff
        expect = $expectedState
    }
    start_vm = @{
        vm_id = $vmId
        expect = $expectedState
    }
    set_port_profile = @{
        vm_id = $vmId
        adapter_id = @{ type = 'text' }
        profile_id = $profileFields['profile_id']
        profile_data = $profileFields['profile_data']
        expect = @{ type = 'dict'; nullable = $true; options = $profileFields }
    }
    create_vm = @{
        name = @{ type = 'text' }
        generation = @{ type = 'long'; choices = @(1, 2) }
        memory_bytes = @{ type = 'long' }
        path = @{ type = 'text'; nullable = $true }
        vhd_path = @{ type = 'text'; nullable = $true }
        'switch' = @{ type = 'text'; nullable = $true }
        adapter_name = @{ type = 'text' }
        mac = @{ type = 'mac'; nullable = $true }
        not_after = $notAfter
    }
    add_cluster_role = @{
        vm_id = $vmId
        name = @{ type = 'text' }
    }
    remove_vm = @{
        vm_id = $vmId
        expect = $expectedState
    }
}

# One value, checked and converted to what its type says. $Where is the field, for the message.
function ConvertTo-MacPoolValue {
    param ($Value, $Field, [string]$Where)

    $guid = '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}'
    # by type: as text, a list of one would be what it holds
    $isText = $Value -is [string] -and $Value -ne ''
    $isScalar = $Value -is [string] -or $Value -is [int] -or $Value -is [long]
    switch ($Field['type']) {
        'text' {
            if ($isText) { return $Value }
            $expected = 'text'
        }
        'mac' {
            if ($isText -and $Value -cmatch '\A[0-9A-F]{12}\z') { return $Value }
            $expected = 'a MAC address of 12 upper-case hex digits'
        }
        'guid' {
            if ($isText -and $Value -match "\A$guid\z") { return $Value.ToLowerInvariant() }
            $expected = 'a GUID without braces'
        }
        'guid_in_braces' {
            if ($isText -and $Value -match "\A\{$guid\}\z") { return $Value }
            $expected = 'a GUID in braces'
        }
        'long' {
            # 64 bits: Ansible's own int has 32
            $isNumber = $isScalar -and "$Value" -match '\A[0-9]{1,18}\z'
            $isNumber = $isNumber -and ($null -eq $Field['choices'] -or [long]"$Value" -in $Field['choices'])
            if ($isNumber -and ($null -eq $Field['most'] -or [long]"$Value" -le $Field['most'])) { return [long]"$Value" }
            $expected = 'a whole number that is not negative'
            if ($null -ne $Field['most']) {
                $expected = "a whole number from 0 to $($Field['most'])"
            }
        }
        'bool' {
            # text is read as YAML reads it, since a cast makes 'false' true
            if ($Value -is [bool]) { return $Value }
            if ($isText -and $Value -in @('true', 'yes')) { return $true }
            if ($isText -and $Value -in @('false', 'no')) { return $false }
            $expected = 'true or false'
        }
        'time' {
            # when PowerShell 7 reads Ansible's arguments, it makes a time of text that looks like one
            if ($Value -is [DateTime] -and "$($Value.Kind)" -eq 'Utc' -and $Value.Millisecond -eq 0) { return $Value }
            $time = [DateTime]::MinValue
            $culture = [System.Globalization.CultureInfo]::InvariantCulture
            $styles = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
            if ($isText -and [DateTime]::TryParseExact($Value, "yyyy-MM-dd'T'HH:mm:ss'Z'", $culture, $styles, [ref]$time)) { return $time }
            $expected = 'a time in UTC as YYYY-MM-DDThh:mm:ssZ'
        }
        'choice' {
            if ($isText -and $Value -cin $Field['choices']) { return $Value }
        }
        'dict' {
            return (ConvertTo-MacPoolDictionary -Value $Value -Fields $Field['options'] -Where $Where)
        }
        'list' {
            # what is no list is one as well for foreach
            $given = @(if ($Value -is [System.Collections.IList]) { $Value })
            $items = @(
                for ($index = 0; $index -lt $given.Count; $index++) {
                    ConvertTo-MacPoolDictionary -Value $given[$index] -Fields $Field['options'] -Where "${Where}, $($index + 1)"
                }
            )
            # the comma keeps a list of one a list
            if ($items.Count -gt 0) { return , $items }
            $expected = 'a list of at least one'
        }
    }
    if ($null -ne $Field['choices']) {
        $expected = "one of: $($Field['choices'] -join ', ')"
    }
    throw "${Where} is '$Value', expected $expected"
}

# A dictionary with every field checked and every default filled in. An unknown field is refused: a misspelt option must not pass
# for its default.
function ConvertTo-MacPoolDictionary {
    param ($Value, $Fields, [string]$Where)

    if ($Value -isnot [System.Collections.IDictionary]) {
        throw "${Where} is '$Value', expected a dictionary"
    }
    $given = @($Value.Keys)
    foreach ($name in $given) {
        if ($Fields.Keys -cnotcontains $name) {
            throw "${Where}: the field '$name' is unknown, expected: $(@($Fields.Keys | Sort-Object) -join ', ')"
        }
    }
    $read = @{}
    foreach ($name in $Fields.Keys) {
        $field = $Fields[$name]
        $isMissing = $name -notin $given
        $isNull = $isMissing -or $null -eq $Value[$name]
        if ($isNull -and $field.Contains('default')) {
            $read[$name] = $field['default']
        }
        elseif ($isMissing) {
            throw "${Where}: the field '$name' is missing"
        }
        elseif ($isNull -and $field['nullable']) {
            $read[$name] = $null
        }
        else {
            $read[$name] = ConvertTo-MacPoolValue -Value $Value[$name] -Field $field -Where "${Where}: the field '$name'"
        }
    }
    return $read
}

# The port profile that two fields name; null for none.
function ConvertTo-MacPoolNamedProfile {
    param ($Fields, [string]$Where)

    if ($null -eq $Fields -or $null -eq $Fields['profile_id']) {
        return $null
    }
    if ($null -eq $Fields['profile_data']) {
        throw "${Where}: the field 'profile_data' is missing"
    }
    return [ordered]@{ profile_id = $Fields['profile_id']; profile_data = $Fields['profile_data'] }
}

# Refuses adapters of which one is named twice, has no address, or two wishes.
function Assert-MacPoolWantedAdapter {
    param ([object[]]$Wanted, [string]$Where)

    $seen = @{}
    foreach ($item in $Wanted) {
        $label = "$Where, adapter '$($item['adapter_id'])'"
        if ($seen.ContainsKey($item['adapter_id'])) {
            throw "$label is named twice"
        }
        $seen[$item['adapter_id']] = $true
        if ($item['dynamic'] -and $null -ne $item['mac']) {
            throw "$label has both 'mac' and 'dynamic', expected one of them"
        }
        if (-not $item['dynamic'] -and $null -eq $item['mac']) {
            throw "${label}: the field 'mac' is missing"
        }
        $item['expect']['mac'] = ConvertTo-MacPoolAddress -Text $item['expect']['mac']
    }
}

# One operation, from 1 in the list, with every field checked. What is wrong with it is thrown as text.
function ConvertTo-MacPoolOperation {
    param ($Value, [int]$Number)

    $where = "operation $Number"
    if ($Value -isnot [System.Collections.IDictionary]) {
        throw "$where is '$Value', expected a dictionary"
    }
    $op = $Value['op']
    if ($op -isnot [string] -or $operationFields.Keys -cnotcontains $op) {
        throw "${where}: the op '$op' is unknown, expected one of: $(@($operationFields.Keys | Sort-Object) -join ', ')"
    }
    $where = "operation $Number ($op)"
    $fields = @{ id = @{ type = 'text'; default = $null }; op = @{ type = 'text' } } + $operationFields[$op]
    $operation = ConvertTo-MacPoolDictionary -Value $Value -Fields $fields -Where $where

    if ($op -eq 'set_host_range' -and [string]::CompareOrdinal($operation['start'], $operation['end']) -gt 0) {
        throw "${where}: the field 'start' is '$($operation['start'])', which is above 'end' '$($operation['end'])'"
    }
    if ($op -eq 'set_vm_macs') {
        Assert-MacPoolWantedAdapter -Wanted $operation['adapters'] -Where $where
    }
    if ($op -eq 'set_port_profile') {
        $operation['profile'] = ConvertTo-MacPoolNamedProfile -Fields $operation -Where $where
        $operation['expect'] = ConvertTo-MacPoolNamedProfile -Fields $operation['expect'] -Where "$where, expect"
    }
    return $operation
}

# ---- how an operation ends ---------------------------------------------------------------------------------------------------------

# Writes an error into the result of its operation.
function Set-MacPoolProblem {
    param ($Result, $Problem)

    $thrown = $Problem
    if ($Problem -is [System.Management.Automation.ErrorRecord]) {
        $thrown = $Problem.TargetObject
    }
    if ($thrown -isnot [hashtable] -or -not $thrown.ContainsKey('reason')) {
        $thrown = @{ status = 'failed'; reason = 'cmdlet'; message = Get-MacPoolCause -Problem $Problem }
        if (Test-MacPoolAccessDenied -Problem $Problem) {
            $thrown['reason'] = 'access_denied'
        }
    }
    foreach ($name in 'status', 'reason', 'message') {
        $Result[$name] = $thrown[$name]
    }
    if ($Result['status'] -eq 'refused') {
        $Result['after'] = $null
    }
}

# Whether two plain values are the same: text without case, null only as null.
function Test-MacPoolSame {
    param ($Left, $Right)

    return ((ConvertTo-Json -InputObject @($Left) -Depth 5 -Compress) -eq (ConvertTo-Json -InputObject @($Right) -Depth 5 -Compress))
}

# Ends an operation that found everything as wanted.
function Set-MacPoolUnchanged {
    param ($Result)

    $Result['status'] = 'unchanged'
    $Result['after'] = $Result['before']
}

# Whether this is check mode, in which an operation ends with the result that is to be expected.
function Test-MacPoolCheckMode {
    param ($Result, $Predicted)

    if ($module.CheckMode) {
        $Result['status'] = 'done'
        $Result['after'] = $Predicted
    }
    return $module.CheckMode
}

# Ends an operation that is late by this host's clock, as refused while nothing was touched, and as failed later.
function Assert-MacPoolInTime {
    param ($Operation, [string]$Status)

    $now = [DateTime]::UtcNow
    if ($null -ne $Operation['not_after'] -and $now -gt $Operation['not_after']) {
        $times = foreach ($time in $Operation['not_after'], $now) {
            $time.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
        }
        $message = "this was to be done until $($times[0]), and the clock of this host shows $($times[1]): it was not done"
        throw @{ status = $Status; reason = 'expired'; message = $message }
    }
}

# Changes something, reads it again whatever came of that, and says how it ended. $ReadBack fills in 'after' and gives whether it is as
# wanted. Both blocks see the variables of the caller, except those that have the name of a variable in here.
function Invoke-MacPoolChange {
    param ($Result, [scriptblock]$Change, [scriptblock]$ReadBack, [string]$Goal)

    $firstProblem = $null
    try {
        $null = & $Change
        $Result['touched'] = $true
    }
    catch {
        $firstProblem = $_
    }
    $wasRead = $false
    try {
        $reached = & $ReadBack
        $wasRead = $true
        if (-not $reached) {
            $message = "the cmdlet reported no error, but what is read afterwards is not what was wanted ($Goal): see 'after'"
            throw @{ status = 'failed'; reason = 'readback'; message = $message }
        }
    }
    catch {
        if ($null -eq $firstProblem) {
            $firstProblem = $_
        }
    }
    # what is gone reads as null, and so does what cannot be read: only here it is known which
    if (($wasRead -or $null -ne $Result['after']) -and -not (Test-MacPoolSame -Left $Result['before'] -Right $Result['after'])) {
        $Result['touched'] = $true
    }

    $Result['status'] = 'done'
    if ($null -ne $firstProblem) {
        Set-MacPoolProblem -Result $Result -Problem $firstProblem
    }
}

# ---- the host's range --------------------------------------------------------------------------------------------------------------

# Whether two ranges are the same, their source aside; null is no range.
function Test-MacPoolRangeSame {
    param ($Left, $Right)

    return ((Get-MacPoolRangeText -Range $Left) -eq (Get-MacPoolRangeText -Range $Right))
}

function Get-MacPoolRangeText {
    param ($Range)

    if ($null -eq $Range) {
        return 'no values'
    }
    return "$($Range['start'])..$($Range['end'])"
}

function Assert-MacPoolRangeExpected {
    param ($Operation, $Found)

    if (-not (Test-MacPoolRangeSame -Left $Operation['expect'] -Right $Found)) {
        $message = "the range is $(Get-MacPoolRangeText -Range $Found), expected $(Get-MacPoolRangeText -Range $Operation['expect'])"
        throw @{ status = 'refused'; reason = 'changed'; message = $message }
    }
}

# The range as a method, cmdlet or registry, shows it; null where the registry does not have both values.
function Get-MacPoolRangeBy {
    param ([string]$Method)

    if ($Method -eq 'cmdlet') {
        return (Get-MacPoolCmdletRange)
    }
    $registry = Get-MacPoolRegistryRange
    return $registry['range']
}

function Invoke-MacPoolSetHostRange {
    param ($Operation, $Result)

    $method = $Operation['method']
    if ($method -eq 'auto') {
        $method = if ($session['hyperv']) { 'cmdlet' } else { 'registry' }
    }
    if ($method -eq 'cmdlet' -and -not $session['hyperv']) {
        $message = 'Hyper-V is not installed here, so that Set-VMHost cannot set the range: use method registry'
        throw @{ status = 'refused'; reason = 'unsupported'; message = $message }
    }

    $wanted = [ordered]@{ start = $Operation['start']; 'end' = $Operation['end']; source = $method }
    $Result['before'] = Get-MacPoolRangeBy -Method $method
    if (Test-MacPoolRangeSame -Left $wanted -Right $Result['before']) {
        Set-MacPoolUnchanged -Result $Result
        return
    }
    Assert-MacPoolRangeExpected -Operation $Operation -Found $Result['before']
    if ($method -eq 'registry' -and $session['hyperv']) {
        $Result['message'] = 'the registry is read when VMMS starts: the range takes effect when VMMS restarts'
    }
    Assert-MacPoolInTime -Operation $Operation -Status 'refused'
    if (Test-MacPoolCheckMode -Result $Result -Predicted $wanted) {
        return
    }

    Invoke-MacPoolChange -Result $Result -Goal (Get-MacPoolRangeText -Range $wanted) -Change {
        Assert-MacPoolInTime -Operation $Operation -Status 'failed'
        if ($method -eq 'cmdlet') {
            $null = Set-VMHost -MacAddressMinimum $wanted['start'] -MacAddressMaximum $wanted['end'] -ErrorAction Stop
        }
        else {
            Set-MacPoolRegistryRange -Start $wanted['start'] -End $wanted['end']
        }
    } -ReadBack {
        $Result['after'] = Get-MacPoolRangeBy -Method $method
        Test-MacPoolRangeSame -Left $wanted -Right $Result['after']
    }
}

function Invoke-MacPoolClearHostRange {
    param ($Operation, $Result)

    $found = Get-MacPoolRegistryRange
    $Result['before'] = $found['range']
    if ($found['names'].Count -eq 0) {
        Set-MacPoolUnchanged -Result $Result
        return
    }
    Assert-MacPoolRangeExpected -Operation $Operation -Found $Result['before']
    if ($session['hyperv']) {
        $Result['message'] = 'the registry is read when VMMS starts: VMMS makes a new range when it restarts'
    }
    if (Test-MacPoolCheckMode -Result $Result) {
        return
    }

    Invoke-MacPoolChange -Result $Result -Goal 'no values' -Change {
        Clear-MacPoolRegistryRange -Name $found['names']
    } -ReadBack {
        $left = Get-MacPoolRegistryRange
        $Result['after'] = $left['range']
        # a single value is no range, so that 'before' and 'after' do not tell when one went
        if ($left['names'].Count -lt $found['names'].Count) {
            $Result['touched'] = $true
        }
        $left['names'].Count -eq 0
    }
}

# ---- VMs ---------------------------------------------------------------------------------------------------------------------------

# The cluster and its VMs, read once for all operations: a dictionary of name (null on a lone host), machines and problem.
function Get-MacPoolKnownCluster {
    if ($null -eq $session['cluster']) {
        $known = @{ name = $null; machines = @(); problem = $null }
        try {
            $known['name'] = Get-MacPoolClusterName
            if ($null -ne $known['name']) {
                $answer = Get-MacPoolClusterMachine
                $known['machines'] = $answer['machines']
                $known['problem'] = $answer['problems'] | Select-Object -Last 1
            }
        }
        catch {
            $known['problem'] = $_
        }
        $session['cluster'] = $known
    }
    return $session['cluster']
}

# What the cluster knows of a VM; null when it knows none of that id.
function Find-MacPoolClusterMachine {
    param ([string]$Id)

    $known = Get-MacPoolKnownCluster
    foreach ($machine in $known['machines']) {
        if ($machine['vm_id'] -eq $Id) {
            return $machine
        }
    }
    return $null
}

# What the cluster knows of a VM of this host; null when the VM is in no cluster, which only a cluster that could be read proves. The VM's
# own IsClustered lags behind the cluster.
function Find-MacPoolRole {
    param ($VM)

    $id = "$($VM.Id)"
    $isOld = $null -ne $session['cluster']
    $machine = Find-MacPoolClusterMachine -Id $id
    if ($null -eq $machine -and $isOld -and (Get-MacPoolValue -InputObject $VM -Name 'IsClustered')) {
        # its role may be younger than what was read of the cluster
        $session['cluster'] = $null
        $machine = Find-MacPoolClusterMachine -Id $id
    }
    if ($null -eq $machine) {
        $known = Get-MacPoolKnownCluster
        if ($null -ne $known['problem']) {
            throw $known['problem']
        }
    }
    return $machine
}

# The VM of an id, read again; null when it is not here. That is proven by the whole list, never by the error of a search (fact 114).
function Read-MacPoolMachine {
    param ([string]$Id)

    try {
        foreach ($vm in @(Get-VM -Id $Id -ErrorAction Stop)) {
            if ("$($vm.Id)" -eq $Id) {
                return $vm
            }
        }
    }
    catch {
        # the list below says whether it exists
        $null = $_
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

function Assert-MacPoolHyperV {
    if (-not $session['hyperv']) {
        throw @{ status = 'refused'; reason = 'unsupported'; message = 'Hyper-V is not installed here' }
    }
}

# The VM of an id. One that is not here is refused, as moved when the cluster knows it.
function Find-MacPoolMachine {
    param ([string]$Id)

    Assert-MacPoolHyperV
    $vm = Read-MacPoolMachine -Id $Id
    if ($null -ne $vm) {
        return $vm
    }

    $message = "VM $Id is not on this host"
    $machine = Find-MacPoolClusterMachine -Id $Id
    if ($null -ne $machine) {
        $message = "${message}: the cluster has it on '$($machine['owner_node'])' as '$($machine['group'])'"
        throw @{ status = 'refused'; reason = 'moved'; message = $message }
    }
    $known = Get-MacPoolKnownCluster
    if ($null -ne $known['problem']) {
        $message = "$message; whether the cluster has it could not be read: $(Get-MacPoolCause -Problem $known['problem'])"
    }
    throw @{ status = 'refused'; reason = 'not_found'; message = $message }
}

# The adapters of a VM by their ids, which compare without case.
function Get-MacPoolAdapterTable {
    param ($VM)

    $adapters = @{}
    foreach ($adapter in @(Get-VMNetworkAdapter -VM $VM -ErrorAction Stop)) {
        $adapters["$(Get-MacPoolValue -InputObject $adapter -Name 'Id')"] = $adapter
    }
    return $adapters
}

# The power state that a VM shows. Its object is live (fact 116).
function Get-MacPoolState {
    param ($VM)

    return "$(Get-MacPoolValue -InputObject $VM -Name 'State')"
}

# A VM that was found before, read again.
function Read-MacPoolPresentMachine {
    param ([string]$Id)

    $vm = Read-MacPoolMachine -Id $Id
    if ($null -eq $vm) {
        throw "VM $Id is no longer on this host"
    }
    return $vm
}

# The power state of a VM, read again.
function Get-MacPoolPowerState {
    param ([string]$Id)

    return (Get-MacPoolState -VM (Read-MacPoolPresentMachine -Id $Id))
}

# Waits until a VM is in a state, and gives the state it is in at the end.
function Wait-MacPoolPowerState {
    param ([string]$Id, [string]$State, [double]$Seconds)

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $found = Get-MacPoolPowerState -Id $Id
    while ($found -ne $State -and $watch.Elapsed.TotalSeconds -lt $Seconds) {
        Start-Sleep -Milliseconds 500
        $found = Get-MacPoolPowerState -Id $Id
    }
    return $found
}

# Refuses a replica, whose settings its primary owns (fact 107).
function Assert-MacPoolNoReplica {
    param ($VM)

    $mode = "$(Get-MacPoolValue -InputObject $VM -Name 'ReplicationMode')"
    if ($mode -in @('Replica', 'ExtendedReplica')) {
        $message = "VM '$($VM.Name)' is a replica (ReplicationMode $mode): change its primary"
        throw @{ status = 'refused'; reason = 'replica'; message = $message }
    }
}

# Refuses a saved VM: a saved state is never discarded.
function Assert-MacPoolNotSaved {
    param ($VM, [string]$State)

    if ($State -in @('Saved', 'FastSaved', 'Hibernated')) {
        $message = "VM '$($VM.Name)' is ${State}: its saved state is not discarded; start it and shut it down"
        throw @{ status = 'refused'; reason = 'saved'; message = $message }
    }
}

function Assert-MacPoolStateExpected {
    param ($Operation, $VM, [string]$State)

    if ($null -eq $Operation['expect'] -or $null -eq $Operation['expect']['state']) {
        return
    }
    if ($Operation['expect']['state'] -ne $State) {
        $message = "VM '$($VM.Name)' is $State, expected $($Operation['expect']['state'])"
        throw @{ status = 'refused'; reason = 'changed'; message = $message }
    }
}

# Refuses a VM that is between two states, or in an unknown one.
function Assert-MacPoolStableState {
    param ($VM, [string]$State)

    if ($State -notin @('Off', 'Running', 'Paused', 'Saved', 'FastSaved', 'Hibernated')) {
        throw @{ status = 'refused'; reason = 'transition'; message = "VM '$($VM.Name)' is ${State}: wait until it is Off or Running" }
    }
}

# Refuses where the cluster would count the shutdown of a VM as a failure (facts 106, 117). OfflineAction does not matter, since the
# VM is not stopped through the cluster.
function Assert-MacPoolStopAllowed {
    param ($VM)

    $machine = Find-MacPoolRole -VM $VM
    if ($null -eq $machine) {
        return
    }
    # all its private properties: asking for one that an older cluster does not have would be an error
    foreach ($clusterParameter in @($machine['source'] | Get-ClusterParameter -ErrorAction Stop)) {
        $isAction = "$(Get-MacPoolValue -InputObject $clusterParameter -Name 'Name')" -eq 'ShutdownAction'
        if ($isAction -and "$(Get-MacPoolValue -InputObject $clusterParameter -Name 'Value')" -eq '1') {
            $message = "ShutdownAction of the cluster resource '$($machine['resource'])' is 1: the cluster would count a shutdown of VM " +
            "'$($VM.Name)' as a failure and start it again; set it to 0, or shut the VM down through the cluster yourself"
            throw @{ status = 'refused'; reason = 'shutdown_action'; message = $message }
        }
    }
}

# Whether an error of Stop-VM says that the guest cannot be asked. The cmdlet then wants to ask us whether to turn the VM off, which fails on
# a host that cannot ask: an error that is not Hyper-V's own, so that Hyper-V gives it the id Unspecified.
function Test-MacPoolGuestUnavailable {
    param ($Problem)

    for ($exception = $Problem.Exception; $null -ne $exception; $exception = $exception.InnerException) {
        if ($exception -is [System.Management.Automation.Host.HostException]) {
            return $true
        }
    }
    return ("$($Problem.FullyQualifiedErrorId)" -match '\AUnspecified\b')
}

# Shuts a running VM down through its guest and waits until it is Off. In the result 'asked' says that the VM may be going off, 'gave_up'
# that it did not in time, and 'off' that it is Off.
function Stop-MacPoolMachine {
    param ($VM, $Operation, $Result)

    $id = "$($VM.Id)"
    $force = $Operation['force_off']
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $cause = ''
    $Result['asked'] = $true
    try {
        # -Force turns off a guest that cannot be asked; without it the cmdlet would ask us about such a guest, and that is an error here
        $null = Stop-VM -VM $VM -Force:$force -ErrorAction Stop
        $Result['touched'] = $true
    }
    catch {
        $cause = "; Stop-VM said: $(Get-MacPoolCause -Problem $_)"
        if ((Get-MacPoolPowerState -Id $id) -in @('Running', 'Paused')) {
            if (Test-MacPoolAccessDenied -Problem $_) {
                throw
            }
            if (-not $force -and (Test-MacPoolGuestUnavailable -Problem $_)) {
                $message = "the guest of VM '$($VM.Name)' cannot be asked to shut down and force_off is false: $(Get-MacPoolCause -Problem $_)"
                throw @{ status = 'refused'; reason = 'shutdown_unavailable'; message = $message }
            }
            # an error at once comes before the guest was asked; after a while the guest was asked and may still go off
            if (-not $force -and $watch.Elapsed.TotalSeconds -lt 10) {
                throw
            }
        }
    }
    # where it failed to say so, the VM may still be on its way
    $Result['touched'] = $true

    $found = Wait-MacPoolPowerState -Id $id -State 'Off' -Seconds ($Operation['shutdown_timeout'] - $watch.Elapsed.TotalSeconds)
    if ($found -ne 'Off' -and $force) {
        # the guest had its time
        $null = Stop-VM -VM $VM -TurnOff -Force -ErrorAction Stop
        $found = Wait-MacPoolPowerState -Id $id -State 'Off' -Seconds 60
    }
    if ($found -ne 'Off') {
        $Result['gave_up'] = $true
        $message = "VM '$($VM.Name)' was asked to shut down and is $found after $($Operation['shutdown_timeout']) s: " +
        "it may still go off and was not restarted$cause"
        throw @{ status = 'failed'; reason = 'shutdown_timeout'; message = $message }
    }
    $Result['off'] = $true
}

# Starts a VM that is off, and waits until it runs.
function Start-MacPoolMachine {
    param ($VM, $Result)

    $null = Start-VM -VM $VM -ErrorAction Stop
    $Result['touched'] = $true
    $found = Wait-MacPoolPowerState -Id "$($VM.Id)" -State 'Running' -Seconds 60
    if ($found -ne 'Running') {
        throw @{ status = 'failed'; reason = 'readback'; message = "VM '$($VM.Name)' was started and is $found after 60 s" }
    }
}

# Does stop_vm and start_vm.
function Invoke-MacPoolPower {
    param ($Operation, $Result)

    $stop = $Operation['op'] -eq 'stop_vm'
    $wanted = if ($stop) { 'Off' } else { 'Running' }
    $vm = Find-MacPoolMachine -Id $Operation['vm_id']
    $state = Get-MacPoolState -VM $vm
    $Result['before'] = [ordered]@{ state = $state }
    # a paused VM counts as running
    if ($state -eq $wanted -or ($state -eq 'Paused' -and -not $stop)) {
        Set-MacPoolUnchanged -Result $Result
        return
    }
    Assert-MacPoolNoReplica -VM $vm
    if ($stop) {
        Assert-MacPoolNotSaved -VM $vm -State $state
    }
    Assert-MacPoolStateExpected -Operation $Operation -VM $vm -State $state
    Assert-MacPoolStableState -VM $vm -State $state
    if ($stop) {
        Assert-MacPoolStopAllowed -VM $vm
    }
    if (Test-MacPoolCheckMode -Result $Result -Predicted ([ordered]@{ state = $wanted })) {
        return
    }

    Invoke-MacPoolChange -Result $Result -Goal $wanted -Change {
        if ($stop) {
            Stop-MacPoolMachine -VM $vm -Operation $Operation -Result $Result
        }
        else {
            Start-MacPoolMachine -VM $vm -Result $Result
        }
    } -ReadBack {
        $Result['after'] = [ordered]@{ state = Get-MacPoolPowerState -Id $Operation['vm_id'] }
        $Result['after']['state'] -eq $wanted
    }
}

# ---- addresses of a VM's adapters --------------------------------------------------------------------------------------------------

# The state of a VM and the addresses of some of its adapters (by their ids): a dictionary of state and adapters, in the order asked for.
# An adapter that the VM does not have is left out.
function ConvertTo-MacPoolAddressSet {
    param ($VM, $Adapters, [object[]]$Wanted)

    $records = @(
        foreach ($item in $Wanted) {
            $adapter = $Adapters[$item['adapter_id']]
            if ($null -eq $adapter) {
                continue
            }
            [ordered]@{
                # the id as Hyper-V writes it, however the caller did
                adapter_id = "$($adapter.Id)"
                mac = ConvertTo-MacPoolAddress -Text (Get-MacPoolValue -InputObject $adapter -Name 'MacAddress')
                dynamic = [bool](Get-MacPoolValue -InputObject $adapter -Name 'DynamicMacAddressEnabled')
            }
        }
    )
    return [ordered]@{ state = Get-MacPoolState -VM $VM; adapters = $records }
}

# Writes the adapters of an operation that are not as wanted, each with what was read of it as 'found' (null: not there).
function Get-MacPoolOpenAdapter {
    param ([object[]]$Wanted, $Found)

    foreach ($item in $Wanted) {
        $record = $Found['adapters'] | Where-Object { $_['adapter_id'] -eq $item['adapter_id'] }
        # the address of one that is dynamic cannot be known
        $same = $null -ne $record -and $record['dynamic'] -eq $item['dynamic'] -and ($item['dynamic'] -or $record['mac'] -eq $item['mac'])
        if (-not $same) {
            $item + @{ found = $record }
        }
    }
}

# Refuses when an adapter that is not yet as wanted is found other than expected.
function Assert-MacPoolAdapterExpected {
    param ($VM, [object[]]$Open)

    foreach ($item in $Open) {
        $record = $item['found']
        $expect = $item['expect']
        if ($record['mac'] -ne $expect['mac'] -or $record['dynamic'] -ne $expect['dynamic']) {
            $message = "adapter '$($item['adapter_id'])' of VM '$($VM.Name)' has $($record['mac']) (dynamic: $($record['dynamic'])), " +
            "expected $($expect['mac']) (dynamic: $($expect['dynamic']))"
            throw @{ status = 'refused'; reason = 'changed'; message = $message }
        }
    }
}

# Reads the adapters of a VM again, whose object is live: one call shows the state as well.
function Read-MacPoolAddressSet {
    param ($VM, [object[]]$Wanted)

    return (ConvertTo-MacPoolAddressSet -VM $VM -Adapters (Get-MacPoolAdapterTable -VM $VM) -Wanted $Wanted)
}

# Sets the addresses of adapters, which were just read, of a VM that is off.
function Set-MacPoolAddressSet {
    param ($VM, $Adapters, [object[]]$Open, $Operation, $Result)

    foreach ($item in $Open) {
        $adapter = $Adapters[$item['adapter_id']]
        if ($null -eq $adapter) {
            throw "VM '$($VM.Name)' has lost its adapter '$($item['adapter_id'])' meanwhile"
        }
        Assert-MacPoolInTime -Operation $Operation -Status 'failed'
        # facts 29 and 115: never both
        if ($item['dynamic']) {
            $null = Set-VMNetworkAdapter -VMNetworkAdapter $adapter -DynamicMacAddress -ErrorAction Stop
        }
        else {
            # fact 37: 12 hex digits without separators
            $null = Set-VMNetworkAdapter -VMNetworkAdapter $adapter -StaticMacAddress $item['mac'] -ErrorAction Stop
        }
        $Result['touched'] = $true
    }
}

# What will be read of the adapters once they are as wanted. The address of one that becomes dynamic cannot be known.
function Get-MacPoolPredictedSet {
    param ($Found, [object[]]$Open, [string]$State)

    $records = @(
        foreach ($record in $Found['adapters']) {
            $item = $Open | Where-Object { $_['adapter_id'] -eq $record['adapter_id'] }
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

# Starts a VM that ran before, unless it still runs.
function Restore-MacPoolMachine {
    param ($VM, $Result)

    $state = 'Off'
    try {
        if (-not $Result['off']) {
            $state = Get-MacPoolPowerState -Id "$($VM.Id)"
        }
        if ($state -notin @('Off', 'Running', 'Paused')) {
            $state = Wait-MacPoolPowerState -Id "$($VM.Id)" -State 'Off' -Seconds 30
        }
    }
    catch {
        # it cannot be read, but it may be startable
        $state = ''
    }
    if ($state -notin @('Running', 'Paused')) {
        Start-MacPoolMachine -VM $VM -Result $Result
    }
}

# Shuts a running VM down, sets its addresses and starts it again, whatever happens in between. An error from inside finally would hide
# the one that matters: it is kept until then.
function Update-MacPoolRunningMachine {
    param ($VM, $Operation, [object[]]$Open, $Result)

    $problem = $null
    $startProblem = $null
    try {
        Stop-MacPoolMachine -VM $VM -Operation $Operation -Result $Result
        Set-MacPoolAddressSet -VM $VM -Adapters (Get-MacPoolAdapterTable -VM $VM) -Open $Open -Operation $Operation -Result $Result
        $found = Read-MacPoolAddressSet -VM $VM -Wanted $Operation['adapters']
        if (@(Get-MacPoolOpenAdapter -Wanted $Operation['adapters'] -Found $found).Count -gt 0) {
            $message = "the cmdlet reported no error, but VM '$($VM.Name)' does not have the addresses that were wanted: see 'after'"
            throw @{ status = 'failed'; reason = 'readback'; message = $message }
        }
    }
    catch {
        $problem = $_
    }
    finally {
        if ($Result['asked'] -and -not $Result['gave_up']) {
            try {
                Restore-MacPoolMachine -VM $VM -Result $Result
            }
            catch {
                $startProblem = $_
            }
        }
    }

    if ($null -ne $problem -and $null -ne $startProblem) {
        # both: the first says why, the second what the VM suffers from now
        Set-MacPoolProblem -Result $Result -Problem $startProblem
        $Result['note'] = "and the VM could not be started again: $($Result['message'])"
    }
    foreach ($one in $problem, $startProblem) {
        if ($null -ne $one) {
            throw $one
        }
    }
}

function Invoke-MacPoolSetAddress {
    param ($Operation, $Result)

    $vm = Find-MacPoolMachine -Id $Operation['vm_id']
    $wanted = $Operation['adapters']
    try {
        $adapters = Get-MacPoolAdapterTable -VM $vm
        $found = ConvertTo-MacPoolAddressSet -VM $vm -Adapters $adapters -Wanted $wanted
    }
    catch {
        # it may have gone since it was read, which is a refusal
        $null = Find-MacPoolMachine -Id $Operation['vm_id']
        throw
    }
    $Result['before'] = $found
    $open = @(Get-MacPoolOpenAdapter -Wanted $wanted -Found $found)
    foreach ($item in $open) {
        if ($null -eq $item['found']) {
            throw @{ status = 'refused'; reason = 'not_found'; message = "VM '$($vm.Name)' has no adapter '$($item['adapter_id'])'" }
        }
    }
    if ($open.Count -eq 0) {
        Set-MacPoolUnchanged -Result $Result
        return
    }

    $state = $found['state']
    $running = $state -in @('Running', 'Paused')
    Assert-MacPoolNoReplica -VM $vm
    Assert-MacPoolNotSaved -VM $vm -State $state
    Assert-MacPoolStateExpected -Operation $Operation -VM $vm -State $state
    Assert-MacPoolAdapterExpected -VM $vm -Open $open
    Assert-MacPoolStableState -VM $vm -State $state
    if ($running) {
        if ($Operation['power'] -ne 'restart') {
            $message = "VM '$($vm.Name)' is ${state}: its addresses can be changed only while it is Off"
            throw @{ status = 'refused'; reason = 'running'; message = $message }
        }
        Assert-MacPoolStopAllowed -VM $vm
    }
    Assert-MacPoolInTime -Operation $Operation -Status 'refused'
    $later = if ($running) { 'Running' } else { 'Off' }
    if (Test-MacPoolCheckMode -Result $Result -Predicted (Get-MacPoolPredictedSet -Found $found -Open $open -State $later)) {
        return
    }

    Invoke-MacPoolChange -Result $Result -Goal 'the addresses of the operation' -Change {
        if ($running) {
            Update-MacPoolRunningMachine -VM $vm -Operation $Operation -Open $open -Result $Result
        }
        else {
            Set-MacPoolAddressSet -VM $vm -Adapters $adapters -Open $open -Operation $Operation -Result $Result
        }
    } -ReadBack {
        # a VM that is off has one read, of its live object; one that was restarted is looked for again
        $present = if ($running) { Read-MacPoolPresentMachine -Id $Operation['vm_id'] } else { $vm }
        $Result['after'] = Read-MacPoolAddressSet -VM $present -Wanted $wanted
        @(Get-MacPoolOpenAdapter -Wanted $wanted -Found $Result['after']).Count -eq 0
    }
    if ($null -ne $Result['note']) {
        $Result['message'] = "$($Result['message']); $($Result['note'])"
    }
}

# ---- port profile, new VM, cluster role --------------------------------------------------------------------------------------------

function Get-MacPoolProfileText {
    param ($PortProfile)

    if ($null -eq $PortProfile) {
        return 'no port profile'
    }
    return "$($PortProfile['profile_id']) with profile data $($PortProfile['profile_data'])"
}

# Gives an adapter a port profile, changes the one it has, or (null) takes it away. The template is added where the adapter has none.
function Write-MacPoolPortFeature {
    param ($Adapter, $PortProfile, $Feature, $Template)

    if ($null -eq $PortProfile) {
        $null = Remove-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $Feature -VMNetworkAdapter $Adapter -ErrorAction Stop
        return
    }
    $values = @{ ProfileId = $PortProfile['profile_id']; ProfileData = [uint32]$PortProfile['profile_data'] }
    if ($null -ne $Feature) {
        Set-MacPoolFeatureValue -Feature $Feature -Values $values
        $null = Set-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $Feature -VMNetworkAdapter $Adapter -ErrorAction Stop
        return
    }
    # what every port profile of a Network Controller says besides its id (fact 86)
    $constants = @{
        NetCfgInstanceId = '{56785678-a0e5-4a26-bc9b-c0cba27311a3}'
        CdnLabelString = 'TestCdn'
        CdnLabelId = 1111
        ProfileName = 'Testprofile'
        VendorId = '{1FA41B39-B444-4E43-B35A-E1F7985FD548}'
        VendorName = 'NetworkController'
    }
    Set-MacPoolFeatureValue -Feature $Template -Values ($values + $constants)
    $null = Add-VMSwitchExtensionPortFeature -VMSwitchExtensionFeature $Template -VMNetworkAdapter $Adapter -ErrorAction Stop
}

# Fills in the settings of a port profile feature that it has.
function Set-MacPoolFeatureValue {
    param ($Feature, $Values)

    foreach ($name in $Values.Keys) {
        $property = $Feature.SettingData.PSObject.Properties[$name]
        if ($null -ne $property) {
            $property.Value = $Values[$name]
        }
    }
}

function Invoke-MacPoolSetPortProfile {
    param ($Operation, $Result)

    $vm = Find-MacPoolMachine -Id $Operation['vm_id']
    $adapters = Get-MacPoolAdapterTable -VM $vm
    $adapter = $adapters[$Operation['adapter_id']]
    if ($null -eq $adapter) {
        throw @{ status = 'refused'; reason = 'not_found'; message = "VM '$($vm.Name)' has no adapter '$($Operation['adapter_id'])'" }
    }

    $wanted = $Operation['profile']
    $feature = @(Get-MacPoolPortFeature -Adapter $adapter)[0]
    $Result['before'] = ConvertTo-MacPoolPortProfile -Feature $feature
    if (Test-MacPoolSame -Left $wanted -Right $Result['before']) {
        Set-MacPoolUnchanged -Result $Result
        return
    }
    if (-not (Test-MacPoolSame -Left $Operation['expect'] -Right $Result['before'])) {
        $message = "adapter '$($Operation['adapter_id'])' of VM '$($vm.Name)' has $(Get-MacPoolProfileText -PortProfile $Result['before']), " +
        "expected $(Get-MacPoolProfileText -PortProfile $Operation['expect'])"
        throw @{ status = 'refused'; reason = 'changed'; message = $message }
    }
    $template = $null
    if ($null -eq $feature) {
        $template = Get-MacPoolPortFeatureTemplate
        if ($null -eq $template) {
            $message = 'the virtual switches of this host offer no port profile feature: SDN is not installed here'
            throw @{ status = 'refused'; reason = 'unsupported'; message = $message }
        }
    }
    if (Test-MacPoolCheckMode -Result $Result -Predicted $wanted) {
        return
    }

    Invoke-MacPoolChange -Result $Result -Goal (Get-MacPoolProfileText -PortProfile $wanted) -Change {
        Write-MacPoolPortFeature -Adapter $adapter -PortProfile $wanted -Feature $feature -Template $template
    } -ReadBack {
        $Result['after'] = ConvertTo-MacPoolPortProfile -Feature (@(Get-MacPoolPortFeature -Adapter $adapter)[0])
        Test-MacPoolSame -Left $wanted -Right $Result['after']
    }
}

# Writes the VMs of a name. The list is compared: given to Get-VM a name would be a pattern, and a missing one an error.
function Get-MacPoolMachineByName {
    param ([string]$Name)

    $list = Get-MacPoolMachineList
    $found = @(
        foreach ($vm in $list['machines']) {
            if (Test-MacPoolSameName -One "$(Get-MacPoolValue -InputObject $vm -Name 'Name')" -Other $Name) {
                $vm
            }
        }
    )
    if ($found.Count -eq 0 -and $list['problems'].Count -gt 0) {
        throw $list['problems'][0]
    }
    $found
}

# Writes what exists of a new VM into 'after'. The VM is noted before its adapter is read, so that it is told even when that fails.
# The name of the adapter is noted beside it.
function Read-MacPoolCreatedMachine {
    param ($VM, $Result)

    $created = [ordered]@{
        vm_id = "$($VM.Id)".ToLowerInvariant()
        adapter_id = $null
        mac = $null
        dynamic = $null
        state = Get-MacPoolState -VM $VM
    }
    $Result['after'] = $created
    foreach ($adapter in @(Get-VMNetworkAdapter -VM $VM -ErrorAction Stop)) {
        $created['adapter_id'] = "$(Get-MacPoolValue -InputObject $adapter -Name 'Id')"
        $created['mac'] = ConvertTo-MacPoolAddress -Text (Get-MacPoolValue -InputObject $adapter -Name 'MacAddress')
        $created['dynamic'] = [bool](Get-MacPoolValue -InputObject $adapter -Name 'DynamicMacAddressEnabled')
        $Result['adapter_name'] = "$(Get-MacPoolMember -InputObject $adapter -Name 'Name')"
        break
    }
}

# Creates a VM with its adapter.
function New-MacPoolMachine {
    param ($Operation, $Result)

    $newVM = @{
        Name = $Operation['name']
        Generation = [int]$Operation['generation']
        MemoryStartupBytes = [long]$Operation['memory_bytes']
        ErrorAction = 'Stop'
    }
    $fields = @{ Path = 'path'; SwitchName = 'switch'; VHDPath = 'vhd_path' }
    foreach ($name in $fields.Keys) {
        if ($null -ne $Operation[$fields[$name]]) {
            $newVM[$name] = $Operation[$fields[$name]]
        }
    }
    if ($null -eq $Operation['vhd_path']) {
        $newVM['NoVHD'] = $true
    }
    $vm = @(New-VM @newVM)[0]
    $Result['touched'] = $true
    if ($null -eq $vm) {
        throw "New-VM reported no error and gave no VM '$($Operation['name'])'"
    }
    $adapter = @(Get-VMNetworkAdapter -VM $vm -ErrorAction Stop)[0]
    if ($null -eq $adapter) {
        throw "New-VM gave VM '$($vm.Name)' no network adapter"
    }
    if ("$($adapter.Name)" -cne $Operation['adapter_name']) {
        $null = Rename-VMNetworkAdapter -VMNetworkAdapter $adapter -NewName $Operation['adapter_name'] -ErrorAction Stop
    }
    if ($null -ne $Operation['mac']) {
        Assert-MacPoolInTime -Operation $Operation -Status 'failed'
        $null = Set-VMNetworkAdapter -VMNetworkAdapter $adapter -StaticMacAddress $Operation['mac'] -ErrorAction Stop
    }
}

# Does create_vm. One that fails half-way leaves the VM, and says what exists.
function Invoke-MacPoolCreateMachine {
    param ($Operation, $Result)

    Assert-MacPoolHyperV
    $name = $Operation['name']
    foreach ($vm in @(Get-MacPoolMachineByName -Name $name)) {
        $Result['before'] = [ordered]@{ vm_id = "$($vm.Id)".ToLowerInvariant() }
        $message = "this host already has a VM named '$name', with the id $($Result['before']['vm_id'])"
        throw @{ status = 'refused'; reason = 'changed'; message = $message }
    }
    if ($null -ne $Operation['switch']) {
        $switches = @(
            foreach ($vmSwitch in @(Get-VMSwitch -ErrorAction Stop)) {
                if (Test-MacPoolSameName -One "$(Get-MacPoolValue -InputObject $vmSwitch -Name 'Name')" -Other $Operation['switch']) {
                    $vmSwitch
                }
            }
        )
        if ($switches.Count -eq 0) {
            throw @{ status = 'refused'; reason = 'not_found'; message = "this host has no virtual switch named '$($Operation['switch'])'" }
        }
    }
    Assert-MacPoolInTime -Operation $Operation -Status 'refused'
    $mac = $Operation['mac']
    $dynamic = $null -eq $mac
    $predicted = [ordered]@{ vm_id = $null; adapter_id = $null; mac = $mac; dynamic = $dynamic; state = 'Off' }
    if (Test-MacPoolCheckMode -Result $Result -Predicted $predicted) {
        return
    }

    Invoke-MacPoolChange -Result $Result -Goal "VM '$name' with adapter '$($Operation['adapter_name'])'" -Change {
        New-MacPoolMachine -Operation $Operation -Result $Result
    } -ReadBack {
        foreach ($vm in @(Get-MacPoolMachineByName -Name $name)) {
            Read-MacPoolCreatedMachine -VM $vm -Result $Result
        }
        $after = $Result['after']
        $named = $null -ne $after -and $Result['adapter_name'] -ceq $Operation['adapter_name']
        $named -and $after['dynamic'] -eq $dynamic -and ($dynamic -or $after['mac'] -eq $mac)
    }
}

# Whether a VM is clustered: it says so itself, or the cluster does, which knows first.
function Test-MacPoolClustered {
    param ($VM)

    return ([bool](Get-MacPoolValue -InputObject $VM -Name 'IsClustered') -or $null -ne (Find-MacPoolRole -VM $VM))
}

function Invoke-MacPoolAddClusterRole {
    param ($Operation, $Result)

    $id = $Operation['vm_id']
    $vm = Find-MacPoolMachine -Id $id
    $Result['before'] = [ordered]@{ clustered = Test-MacPoolClustered -VM $vm }
    if ($Result['before']['clustered']) {
        Set-MacPoolUnchanged -Result $Result
        return
    }
    $known = Get-MacPoolKnownCluster
    if ($null -eq $known['name']) {
        throw @{ status = 'refused'; reason = 'not_clustered'; message = 'this host is in no cluster' }
    }
    Assert-MacPoolNoReplica -VM $vm
    if (Test-MacPoolCheckMode -Result $Result -Predicted ([ordered]@{ clustered = $true })) {
        return
    }

    Invoke-MacPoolChange -Result $Result -Goal "a role named '$($Operation['name'])'" -Change {
        # what was read of the cluster is out of date from here on, whatever comes of it
        $session['cluster'] = $null
        $null = Add-ClusterVirtualMachineRole -VMId $id -Name $Operation['name'] -ErrorAction Stop
    } -ReadBack {
        $Result['after'] = [ordered]@{ clustered = Test-MacPoolClustered -VM (Read-MacPoolPresentMachine -Id $id) }
        $Result['after']['clustered']
    }
}

# What remove_vm shows of a VM.
function ConvertTo-MacPoolRemovable {
    param ($VM)

    $id = "$($VM.Id)".ToLowerInvariant()
    return [ordered]@{
        vm_id = $id
        name = "$($VM.Name)"
        clustered = Test-MacPoolClustered -VM $VM
        state = Get-MacPoolState -VM $VM
    }
}

# Refuses when the role of a VM holds anything beside it, since all its resources would go with it: other VMs, disks, scripts, ... Only the
# VM's own configuration is a part of it.
function Assert-MacPoolOwnRole {
    param ($VM)

    $machine = Find-MacPoolRole -VM $VM
    if ($null -eq $machine) {
        return
    }
    foreach ($clusterResource in @(Get-ClusterResource -ErrorAction Stop)) {
        $group = Get-MacPoolNamed -InputObject $clusterResource -Name 'OwnerGroup'
        $name = "$(Get-MacPoolValue -InputObject $clusterResource -Name 'Name')"
        if (-not (Test-MacPoolSameName -One $group -Other $machine['group']) -or (Test-MacPoolSameName -One $name -Other $machine['resource'])) {
            continue
        }
        if ((Get-MacPoolNamed -InputObject $clusterResource -Name 'ResourceType') -eq 'Virtual Machine Configuration') {
            $owner = @($clusterResource | Get-ClusterParameter -Name 'VmId' -ErrorAction Stop)[0]
            if (("$(Get-MacPoolValue -InputObject $owner -Name 'Value')" -replace '[{}\s]', '') -eq "$($VM.Id)") {
                continue
            }
        }
        $message = "the role '$($machine['group'])' of VM '$($VM.Name)' also holds '$name', which would be removed with it: take it out first"
        throw @{ status = 'refused'; reason = 'shared_role'; message = $message }
    }
}

# Waits until neither the cluster nor the VM itself says any more that the VM is clustered.
function Wait-MacPoolNoRole {
    param ([string]$Id)

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $session['cluster'] = $null
        $vm = Read-MacPoolPresentMachine -Id $Id
        if (-not (Test-MacPoolClustered -VM $vm)) {
            return
        }
        if ($watch.Elapsed.TotalSeconds -ge 60) {
            $message = "VM '$($vm.Name)' still counts as clustered 60 s after its role was removed: the VM was not removed"
            throw @{ status = 'failed'; reason = 'readback'; message = $message }
        }
        Start-Sleep -Milliseconds 500
    }
}

# Takes a VM out of the cluster, when it is a role there, and deletes it. Its virtual disks stay.
function Remove-MacPoolMachine {
    param ($VM, $Result)

    if ($null -ne (Find-MacPoolRole -VM $VM)) {
        # what was read of the cluster is out of date from here on, whatever comes of it
        $session['cluster'] = $null
        $null = Remove-ClusterGroup -VMId "$($VM.Id)" -RemoveResources -Force -ErrorAction Stop
        $Result['touched'] = $true
        Wait-MacPoolNoRole -Id "$($VM.Id)"
    }
    $null = Remove-VM -VM $VM -Force -ErrorAction Stop
}

# Does remove_vm. Only a VM that is off is removed. One that is nowhere is unchanged, and that is proven by the lists of host and cluster.
function Invoke-MacPoolRemoveMachine {
    param ($Operation, $Result)

    $id = $Operation['vm_id']
    try {
        $vm = Find-MacPoolMachine -Id $id
    }
    catch {
        $thrown = $_.TargetObject
        if ($thrown -isnot [hashtable] -or $thrown['reason'] -ne 'not_found') {
            throw
        }
        $known = Get-MacPoolKnownCluster
        if ($null -ne $known['problem']) {
            throw $known['problem']
        }
        Set-MacPoolUnchanged -Result $Result
        return
    }

    $Result['before'] = ConvertTo-MacPoolRemovable -VM $vm
    $state = $Result['before']['state']
    Assert-MacPoolNoReplica -VM $vm
    Assert-MacPoolNotSaved -VM $vm -State $state
    Assert-MacPoolStateExpected -Operation $Operation -VM $vm -State $state
    Assert-MacPoolStableState -VM $vm -State $state
    if ($state -ne 'Off') {
        $message = "VM '$($vm.Name)' is ${state}: it can be removed only while it is Off"
        throw @{ status = 'refused'; reason = 'running'; message = $message }
    }
    Assert-MacPoolOwnRole -VM $vm
    if (Test-MacPoolCheckMode -Result $Result) {
        return
    }

    Invoke-MacPoolChange -Result $Result -Goal "no VM '$($Result['before']['name'])'" -Change {
        Remove-MacPoolMachine -VM $vm -Result $Result
    } -ReadBack {
        $left = Read-MacPoolMachine -Id $id
        if ($null -ne $left) {
            $Result['after'] = ConvertTo-MacPoolRemovable -VM $left
        }
        $null -eq $left
    }
}

# ---- all operations ----------------------------------------------------------------------------------------------------------------

# Does one operation and gives its result, filled in.
function Invoke-MacPoolOperation {
    param ($Operation)

    # status, reason, before, after and message are the answer; an operation may note more beside them
    $result = @{ touched = $false }
    $options = @{ Operation = $Operation; Result = $result }
    try {
        switch ($Operation['op']) {
            'set_host_range' { $null = Invoke-MacPoolSetHostRange @options }
            'clear_host_range' { $null = Invoke-MacPoolClearHostRange @options }
            'set_vm_macs' { $null = Invoke-MacPoolSetAddress @options }
            'stop_vm' { $null = Invoke-MacPoolPower @options }
            'start_vm' { $null = Invoke-MacPoolPower @options }
            'set_port_profile' { $null = Invoke-MacPoolSetPortProfile @options }
            'create_vm' { $null = Invoke-MacPoolCreateMachine @options }
            'add_cluster_role' { $null = Invoke-MacPoolAddClusterRole @options }
            'remove_vm' { $null = Invoke-MacPoolRemoveMachine @options }
        }
    }
    catch {
        Set-MacPoolProblem -Result $result -Problem $_
    }
    return $result
}

$module.Result.changed = $false

# everything is checked before anything is touched
$operations = [System.Collections.ArrayList]::new()
try {
    if ([long]$module.Params.schema -ne 1) {
        throw "the schema is $($module.Params.schema), and this host_apply speaks schema 1: use one version of macpool.hyperv throughout"
    }
    foreach ($item in $module.Params.operations) {
        $null = $operations.Add((ConvertTo-MacPoolOperation -Value $item -Number ($operations.Count + 1)))
    }
}
catch {
    $module.FailJson("Nothing was done: $(Get-MacPoolCause -Problem $_)", $_)
}

if ($operations.Count -gt 0) {
    $session['hyperv'] = Test-MacPoolHyperV
}
$results = [System.Collections.ArrayList]::new()
$failed = [System.Collections.ArrayList]::new()
foreach ($operation in $operations) {
    $outcome = Invoke-MacPoolOperation -Operation $operation
    $result = [ordered]@{ id = $operation['id']; op = $operation['op'] }
    foreach ($name in 'status', 'reason', 'before', 'after', 'message') {
        $result[$name] = $outcome[$name]
    }
    $null = $results.Add($result)
    if ($result['status'] -eq 'failed') {
        $null = $failed.Add($result)
    }
    if ($result['status'] -eq 'done' -or ($result['status'] -eq 'failed' -and $outcome['touched'])) {
        $module.Result.changed = $true
    }
}

$module.Result.results = $results.ToArray()
if ($failed.Count -gt 0) {
    $first = $failed[0]
    $module.FailJson("$($failed.Count) of $($results.Count) operations failed, first $($first['op']) ($($first['reason'])): $($first['message'])")
}
$module.ExitJson()
