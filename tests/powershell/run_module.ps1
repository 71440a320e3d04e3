# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs one script on the stand-in node, the way Ansible's module wrapper does: a fresh runspace, ErrorActionPreference Stop for
# modules, module utils as global modules, $complex_args as a global hashtable, standard output captured.
param([Parameter(Mandatory)][string]$JobFile)
$ErrorActionPreference = 'Stop'

# Plain hashtables and arrays, as Ansible gives them; ConvertFrom-Json makes dates of texts that look like one.
function ConvertTo-Plain($Element) {
    switch ("$($Element.ValueKind)") {
        Object {
            $table = @{}
            foreach ($property in $Element.EnumerateObject()) { $table[$property.Name] = ConvertTo-Plain $property.Value }
            return $table
        }
        Array { return , @(foreach ($item in $Element.EnumerateArray()) { ConvertTo-Plain $item }) }
        Number {
            $text = $Element.GetRawText()
            $whole = [long]0
            if ([long]::TryParse($text, [ref]$whole)) { return $whole }
            if ($text -notmatch '[.eE]') { return [bigint]::Parse($text) }
            return $Element.GetDouble()
        }
        True { return $true }
        False { return $false }
        Null { return $null }
        default { return $Element.GetString() }
    }
}

function Get-Named([string]$Path) {
    $text = [System.IO.File]::ReadAllText($Path)
    $known = $global:Parsed[$Path]
    if ($known -and $known.text -ceq $text) { return $known.block }
    $problems = $null
    $ast = [System.Management.Automation.Language.Parser]::ParseInput($text, $Path, [ref]$null, [ref]$problems)
    if ($problems) { throw "Failed to parse script '$Path'`n$($problems -join "`n")" }
    $block = $ast.GetScriptBlock()
    if ($job.is_module) { $global:Parsed[$Path] = @{ text = $text; block = $block } }
    $block
}

$job = ConvertTo-Plain ([System.Text.Json.JsonDocument]::Parse([System.IO.File]::ReadAllText($JobFile)).RootElement)
# A state that cannot be read is no fault of the script.
$null = [System.Reflection.Assembly]::LoadFrom($job.standin)
$null = ('StandIn.Store' -as [type])::Read()
foreach ($assembly in $job.assemblies) { Add-Type -Path $assembly }
$ps = [powershell]::Create([initialsessionstate]::CreateDefault2())
$report = @{ stdout = ''; output = @(); errors = @(); rc = $null; unhandled = $null }
$console = [System.IO.StringWriter]::new()
$original = [Console]::Out
try {
    [void]$ps.AddCommand('Microsoft.PowerShell.Core\Import-Module').AddParameters(@{ Name = 'Windows'; Global = $true }).AddStatement()
    if ($job.is_module) {
        $ps.Runspace.SessionStateProxy.SetVariable('ErrorActionPreference', 'Stop')
        [void]$ps.AddScript('function Write-Host($msg) { Write-Output -InputObject $msg }').AddStatement()
    }
    [void]$ps.AddCommand('Microsoft.PowerShell.Utility\Set-Variable').AddParameters(@{ Name = 'complex_args'; Value = $job.args; Scope = 'Global' }).AddStatement()
    foreach ($util in $job.utils) {
        [void]$ps.AddScript('New-Module -Name $args[0] -ScriptBlock $args[1] | Import-Module -WarningAction SilentlyContinue -Scope Global').
            AddArgument([System.IO.Path]::GetFileNameWithoutExtension($util)).AddArgument((Get-Named $util)).AddStatement()
    }
    [void]$ps.AddScript('${function:<AnsibleModule>} = $args[0]').AddArgument((Get-Named $job.script)).AddStatement()
    [void]$ps.AddCommand('<AnsibleModule>', $false).AddStatement()
    [Console]::SetOut($console)
    $report.output = @($ps.Invoke() | ForEach-Object { "$_" })
}
catch {
    $inner = $_.Exception.InnerException
    $record = if ($inner -and $inner.psobject.Properties['ErrorRecord'] -and $inner.ErrorRecord) { $inner.ErrorRecord } else { $_ }
    $report.unhandled = "$record"
    $report.errors += "$record`n$($record.InvocationInfo.PositionMessage)`n$($record.ScriptStackTrace)"
}
finally { [Console]::SetOut($original) }
$report.stdout = "$console"
$report.rc = $ps.Runspace.SessionStateProxy.GetVariable('LASTEXITCODE')
$report.errors += @($ps.Streams.Error | ForEach-Object { "$_`n$($_.InvocationInfo.PositionMessage)" })
$runspace = $ps.Runspace
$report.warnings = @($ps.Streams.Warning | ForEach-Object { "$_" })
[System.IO.File]::WriteAllText($job.report, (ConvertTo-Json $report -Depth 4 -Compress))
$ps.Dispose()
$runspace.Dispose()
