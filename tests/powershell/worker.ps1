# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs one job after another in this process, each in a runspace of its own.
# A line in: {"env": {...}, "job": file}; a line out: @@ok, or @@ and the error.
$ErrorActionPreference = 'Stop'
$out = [Console]::OpenStandardOutput()
# What was parsed, and compiled as far as it ran, is used again by later jobs: path -> text and script block.
$global:Parsed = @{}
while ($null -ne ($line = [Console]::In.ReadLine())) {
    try {
        $request = $line | ConvertFrom-Json -AsHashtable
        foreach ($entry in $request.env.GetEnumerator()) { [Environment]::SetEnvironmentVariable($entry.Key, $entry.Value) }
        $env:PSModulePath += [System.IO.Path]::PathSeparator + "$PSHOME/Modules"
        foreach ($name in 'StandIn.Store', 'StandIn.Fault') {
            if ($type = $name -as [type]) { $type::Reset() }
        }
        & $PSScriptRoot/run_module.ps1 -JobFile $request.job
        $answer = 'ok'
    }
    catch { $answer = "$_ $($_.ScriptStackTrace)" -replace '\s+', ' ' }
    $bytes = [Text.Encoding]::UTF8.GetBytes("@@$answer`n")
    $out.Write($bytes, 0, $bytes.Length)
    $out.Flush()
}
