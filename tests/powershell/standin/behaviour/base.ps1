# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Helpers of all behaviours. A behaviour gets one argument, the StandIn.Call of its invocation.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$Zero = [StandIn.Adapter]::Zero
$Nothing = [System.Management.Automation.Language.NullString]::Value      # $null would become '' in a string property

# Parameters that are accepted and change nothing here; any other one that no behaviour names is refused as not implemented.
$Harmless = 'MemoryStartupBytes', 'NoVHD', 'NewVHDPath', 'NewVHDSizeBytes', 'VHDPath', 'Path', 'BootDevice', 'IncludeHidden', 'OperationTimeoutSec'

function Behaviour([string]$Name, [scriptblock]$Body) { [StandIn.Behaviour]::Register($Name, $Body) }

function Test-Like([string]$Value, [string[]]$Patterns) {
    foreach ($pattern in $Patterns) { if ($Value -like $pattern) { return $true } }
    $false
}

function Test-Wildcard([string]$Text) { [System.Management.Automation.WildcardPattern]::ContainsWildcardCharacters($Text) }

# The nodes that -ComputerName names, the own node without it. A second hop needs delegated credentials; a node that is down does not answer.
function Resolve-Node($Call) {
    if (-not $Call.Has('ComputerName')) { return [StandIn.Store]::NodeName }
    foreach ($name in $Call['ComputerName']) {
        $short = ($name -split '\.')[0]
        if ($short -in 'localhost', '', [StandIn.Store]::NodeName) { [StandIn.Store]::NodeName; continue }
        $node = $Call.State.NodeOf($short)
        if (-not $node -or $node.State -eq 'Down') {
            $Call.Error("Hyper-V encountered an error trying to access an object on computer '$name' because the object was not found. The object might have been deleted. Verify that the Virtual Machine Management service on the computer is running.", 'ObjectNotFound', 'ObjectNotFound', $null)
        }
        elseif ($env:STANDIN_NO_CREDSSP -eq '1') {
            $Call.Error("You do not have the required permission to complete this task. Contact the administrator of the authorization policy for the computer '$name'.", 'AccessDenied', 'PermissionDenied', $null)
        }
        else { $node.Name }
    }
}

# The same for a Hyper-V cmdlet: the management service must run there.
function Resolve-HyperVNode($Call) {
    foreach ($name in @(Resolve-Node $Call)) {
        if ($Call.State.NodeOf($name).VmmsStatus -eq 'Running') { $name; continue }
        $Call.Error("Hyper-V encountered an error trying to access an object on computer '$name' because the object was not found. The object might have been deleted. Verify that the Virtual Machine Management service on the computer is running.", 'ObjectNotFound', 'ObjectNotFound', $null)
    }
}
