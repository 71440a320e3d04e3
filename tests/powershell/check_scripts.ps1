# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

using namespace System.Management.Automation.Language

# What PowerShell's own parser and binder find wrong with the given scripts, without running them: syntax errors; calls of commands and
# parameters that do not exist; what is newer than Windows PowerShell 5.1. It runs beside the stand-in modules, whose cmdlets have all
# the parameters of the real ones.
# In: $complex_args.scripts, a list of {name, text, utils: texts of modules}. Out: one line of JSON, {name: {problems, spec}}.

$newerSyntax = @('QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'QuestionMark', 'AndAnd', 'OrOr', 'Clean')
$newerVariables = @('IsWindows', 'IsLinux', 'IsMacOS', 'IsCoreCLR', 'PSStyle', 'EnabledExperimentalFeatures', 'PSNativeCommandUseErrorActionPreference')
$newerCommands = @(
    'ConvertFrom-CliXml', 'ConvertFrom-Markdown', 'ConvertTo-CliXml', 'Get-Error', 'Get-ExperimentalFeature', 'Get-SecureRandom', 'Get-Uptime'
    'Join-String', 'Remove-Alias', 'Remove-Service', 'Show-Markdown', 'Test-Json'
)
$newerParameters = @{
    'ConvertFrom-Json' = @('AsHashtable', 'DateKind', 'Depth', 'NoEnumerate')
    'ConvertTo-Json' = @('AsArray', 'EnumsAsStrings', 'EscapeHandling')
    'ForEach-Object' = @('AsJob', 'Parallel', 'ThrottleLimit', 'TimeoutSeconds', 'UseNewRunspace')
    'Get-Content' = @('AsByteStream')
    'Get-Date' = @('AsUTC', 'UnixTimeSeconds')
    'Get-Random' = @('Shuffle')
    'Join-Path' = @('AdditionalChildPath')
    'Measure-Object' = @('AllStats', 'StandardDeviation')
    'Select-Object' = @('CaseInsensitive', 'SkipIndex')
    'Select-String' = @('Culture', 'NoEmphasis', 'Raw')
    'Set-Content' = @('AsByteStream')
    'Sort-Object' = @('Bottom', 'Stable', 'Top')
    'Split-Path' = @('Extension', 'LeafBase')
    'Start-Sleep' = @('Duration')
    'Where-Object' = @('Not')
}
# Methods by number of arguments, properties by name.
$newerMembers = @(
    'AsSpan/0', 'Contains/2', 'EnsureCapacity/1', 'GetHashCode/1', 'GetValueOrDefault/1', 'GetValueOrDefault/2', 'Microsecond', 'Nanosecond'
    'Replace/3', 'Replace/4', 'ReplaceLineEndings/0', 'ReplaceLineEndings/1', 'TryAdd/2'
)
# Static members are many: those that are used are listed, each looked up in .NET Framework 4.6.2.
$knownStatics = @(
    'Ansible.Basic.AnsibleModule::Create', 'Collections.ArrayList::new', 'Collections.Hashtable::new', 'Convert::ToByte', 'DateTime::MinValue', 'DateTime::ParseExact'
    'DateTime::TryParseExact', 'DateTime::UtcNow', 'Diagnostics.Stopwatch::StartNew', 'Environment::MachineName', 'Environment::OSVersion'
    'Globalization.CultureInfo::InvariantCulture', 'Globalization.DateTimeStyles::AdjustToUniversal', 'Globalization.DateTimeStyles::AssumeUniversal'
    'Globalization.DateTimeStyles::None', 'Guid::TryParse', 'IO.File::WriteAllText', 'IO.Path::Combine', 'Math::Max', 'Math::Min'
    'Net.NetworkInformation.NetworkInterface::GetAllNetworkInterfaces', 'String::CompareOrdinal', 'String::Equals', 'String::IsNullOrEmpty'
    'StringComparer::OrdinalIgnoreCase', 'StringComparison::OrdinalIgnoreCase', 'Text.UTF8Encoding::new', 'UInt32::MaxValue'
)

# What a splatted hashtable may hold, as parameters: the literal assigned last before the call, once for each key that is added to it; for
# a variable that gets none, such as that of a loop, every literal of the function that names a parameter of the command.
function Get-SplatVariant($Nodes, $Command, $Splat) {
    $scope = $Command
    while ($null -ne $scope.Parent -and $scope -isnot [FunctionDefinitionAst]) { $scope = $scope.Parent }
    $before = $Nodes.Where({ $_.Extent.StartOffset -ge $scope.Extent.StartOffset -and $_.Extent.EndOffset -lt $Command.Extent.StartOffset })
    $literals = @()
    $added = @()
    foreach ($assignment in $before.Where({ $_ -is [AssignmentStatementAst] })) {
        $target = $assignment.Left
        $name = '$' + $Splat.VariablePath.UserPath
        if ("$target" -eq $name) {
            $literals = @($assignment.Right.Find({ $args[0] -is [HashtableAst] }, $true)) -ne $null
            $added = @()
        }
        elseif ($target -is [IndexExpressionAst] -and "$($target.Target)" -eq $name) { $added += @($target.Index.Value) -ne $null }
        elseif ($target -is [MemberExpressionAst] -and "$($target.Expression)" -eq $name) { $added += $target.Member.Value }
    }
    if (-not $literals) {
        $known = (Get-Command -Name $Command.GetCommandName()).Parameters.Keys
        $literals = $before.Where({ $_ -is [HashtableAst] -and $_.KeyValuePairs.Where({ $_.Item1.Value -in $known }) })
    }
    foreach ($literal in $literals) {
        $always = -join ($literal.KeyValuePairs.ForEach({ " -$($_.Item1.Value):`$null" }))
        if ($added) { $added.ForEach({ "$always -${_}:`$null" }) } else { $always }
    }
}

function Find-CallProblem($Nodes) {
    foreach ($command in $Nodes.Where({ $_ -is [CommandAst] })) {
        $name = $command.GetCommandName()
        if (-not $name) { continue }
        if (-not (Get-Command -Name $name -ErrorAction Ignore)) {
            , ($command, "the command $name does not exist")
            continue
        }
        $variants = @($command)
        foreach ($splat in $command.CommandElements | Where-Object { $_ -is [VariableExpressionAst] -and $_.Splatted }) {
            $found = @(Get-SplatVariant $Nodes $command $splat)
            if (-not $found) {
                , ($command, "$splat comes from no hashtable literal of the same function: nothing can check its parameters")
                continue
            }
            $variants = foreach ($text in $found) {
                $whole = "$($command.Parent)".Replace("$command", "$command".Replace("$splat", $text))
                $parsed = [Parser]::ParseInput($whole, [ref]$null, [ref]$null)
                $parsed.Find({ $args[0] -is [CommandAst] -and $args[0].GetCommandName() -eq $name }, $true)
            }
        }
        foreach ($variant in $variants) {
            $binding = [StaticParameterBinder]::BindCommand($variant, $true)
            foreach ($entry in $binding.BindingExceptions.GetEnumerator()) {
                , ($command, "$name, $($entry.Key): $($entry.Value.BindingException.Message)")
            }
            foreach ($parameter in $binding.BoundParameters.Keys) {
                if ($parameter -in $newerParameters[$name]) { , ($command, "$name -$parameter is newer than Windows PowerShell 5.1") }
            }
        }
        if ($name -in $newerCommands) { , ($command, "$name is newer than Windows PowerShell 5.1") }
    }
}

function Find-NewerSyntax($Nodes, $Tokens) {
    $previous = $null
    foreach ($token in $Tokens) {
        $isNewer = "$($token.Kind)" -in $newerSyntax -or
            # 5.1 ends a statement where a line ends, unless it ends with the pipe
            ("$($token.Kind)" -eq 'Pipe' -and "$($previous.Kind)" -eq 'NewLine') -or
            ($token -is [NumberToken] -and
                $token.Text -notmatch '^-?(0x[0-9a-f]+|[0-9]*\.?[0-9]+(e[+-]?[0-9]+)?)[ld]?([kmgtp]b)?$') -or
            ($token -is [StringExpandableToken] -and $token.Text -match '(?<!`)(``)*`(e|u\{)')
        if ($isNewer) { , ($token, "the syntax $($token.Text) is newer than Windows PowerShell 5.1") }
        $previous = $token
    }
    foreach ($pipeline in $Nodes.Where({ $_ -is [PipelineBaseAst] })) {
        if ($pipeline.Background) { , ($pipeline, "'&' at the end is newer than Windows PowerShell 5.1") }
    }
    foreach ($variable in $Nodes.Where({ $_ -is [VariableExpressionAst] })) {
        if ($variable.VariablePath.UserPath -in $newerVariables) { , ($variable, "$variable is newer than Windows PowerShell 5.1") }
    }
    foreach ($member in $Nodes.Where({ $_ -is [MemberExpressionAst] })) {
        $isCall = $member -is [InvokeMemberExpressionAst]
        if ($member.Static) {
            $known = "$($member.Expression)".Trim('[]') -replace '^System\.'
            if ("${known}::$($member.Member)" -notin $knownStatics) {
                , ($member, "[$known]::$($member.Member) is not known to exist in Windows PowerShell 5.1: look it up, then add it to `$knownStatics")
            }
            continue
        }
        $shown = if ($isCall) { "$($member.Member)/$($member.Arguments.Count)" } else { "$($member.Member)" }
        if ($shown -in $newerMembers) { , ($member, "the member $shown is newer than Windows PowerShell 5.1") }
    }
}

$answer = @{}
foreach ($script in $complex_args.scripts) {
    $tokens, $errors = $null, $null
    $ast = [Parser]::ParseInput($script.text, [ref]$tokens, [ref]$errors)
    $nodes = @($ast.FindAll({ $true }, $true))
    $modules = @(foreach ($text in $script.utils) { New-Module -ScriptBlock ([scriptblock]::Create($text)) | Import-Module -PassThru })
    # Functions are defined, so that PowerShell can find them, and never called.
    $functions = $nodes.Where({ $_ -is [FunctionDefinitionAst] })
    foreach ($function in $functions) { . ([scriptblock]::Create("$function")) }
    $spec = $nodes.Where({ $_ -is [AssignmentStatementAst] -and "$($_.Left)" -eq '$spec' }, 'First')[0]
    $answer[$script.name] = @{
        problems = @(
            foreach ($problem in $errors) { "line $($problem.Extent.StartLineNumber): $($problem.Message)" }
            foreach ($problem in @(Find-CallProblem $nodes) + @(Find-NewerSyntax $nodes $tokens)) { "line $($problem[0].Extent.StartLineNumber): $($problem[1])" }
        )
        spec = if ($null -ne $spec) { & ([scriptblock]::Create("$($spec.Right)")) }
    }
    foreach ($function in $functions) { Remove-Item -LiteralPath "function:$($function.Name)" -ErrorAction Ignore }
    $modules | Remove-Module
}
ConvertTo-Json -InputObject $answer -Depth 20 -Compress
