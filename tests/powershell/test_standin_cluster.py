# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in modules behave as README.md says."""

from __future__ import annotations

import pytest

from .scenario import scenario, with_state

pytestmark = pytest.mark.usefixtures("powershell")


def test_cluster() -> None:
    scenario(
        """
say name (Get-Cluster).Name
say nodes ((Get-ClusterNode).State)
say groups ((Get-ClusterGroup).Where{ $_.GroupType -eq 'VirtualMachine' }.Name)
say owner (Get-ClusterGroup -Name app01).OwnerNode.Name
say state "$((Get-ClusterGroup web01).State) $((Get-ClusterGroup app01).State)"
say vmid ((Get-ClusterGroup -VMId (Get-VM web01).Id).Name)
say resource ((Get-ClusterGroup web01 | Get-ClusterResource | Get-ClusterParameter -Name VmID).Value -contains "$((Get-VM web01).Id)")
grab missing { Get-ClusterGroup nope -ErrorAction Stop }
$null = Start-ClusterGroup web01; say online (Get-VM web01).State
$null = Stop-ClusterGroup web01; say saved (Get-VM web01).State
grab mac { Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 021DD8000001 -ErrorAction Stop }
Stop-VM web01 -TurnOff; say off (Get-VM web01).State
$null = Add-ClusterVirtualMachineRole -VMName db01; say added (Get-ClusterGroup db01).State
grab again { Add-ClusterVirtualMachineRole -VMName db01 -ErrorAction Stop }
$null = Move-ClusterVirtualMachineRole -Name db01 -Node node2 -MigrationType Live; say moved "$((Get-ClusterGroup db01).OwnerNode) $((Get-VM db01 -ComputerName node2).State)"
grab down { Move-ClusterVirtualMachineRole -Name db01 -Node node3 -ErrorAction Stop }
$null = Update-ClusterVirtualMachineConfiguration -Name 'Virtual Machine Configuration web01'
""",
        {
            "name": "hci1",
            "nodes": "Up,Up,Down",
            "groups": "app01,web01",
            "owner": "node2",
            "state": "Offline Online",
            "vmid": "web01",
            "resource": "True",
            "missing": "~could not be found",
            "online": "Running",
            "saved": "Saved",
            "mac": "~InvalidState",
            "off": "Off",
            "added": "Online",
            "again": "~already",
            "moved": "node2 Running",
            "down": "~not up",
        },
    )


def test_roles() -> None:
    scenario(
        """
grab prompt { Remove-ClusterGroup web01 -RemoveResources -ErrorAction Stop }
grab full { Remove-ClusterGroup web01 -Force -ErrorAction Stop }
grab wild { Remove-ClusterGroup web* -Force -RemoveResources -ErrorAction Stop }
grab core { Remove-ClusterGroup 'Cluster Group' -Force -RemoveResources -ErrorAction Stop }
Remove-ClusterGroup web01 -RemoveResources -WhatIf; say whatif (Get-VM web01).IsClustered
say quiet @(Remove-ClusterGroup -VMId "$((Get-VM web01).Id)" -RemoveResources -Force).Count
say left "$((Get-VM web01).IsClustered) $((Get-VM web01).State) $(@(Get-ClusterResource).Count)"
grab again { Remove-ClusterGroup web01 -RemoveResources -Force -ErrorAction Stop }
Get-ClusterGroup app01 | Remove-ClusterGroup -RemoveResources -Force; say running (Get-VM app01 -ComputerName node2).State
say gone "$((Remove-VM (Get-VM web01) -Force -Passthru).Name) $(@(Get-VM web01 -ErrorAction SilentlyContinue).Count)"
""",
        {
            "prompt": "~does not support user interaction",
            "full": "~still has resources",
            "wild": "~could not be found",
            "core": "~could not be found",
            "whatif": "True",
            "quiet": "0",
            "left": "False Off 2",
            "again": "~could not be found",
            "running": "Running",
            "gone": "web01 0",
        },
    )


def test_two_vms_in_one_role() -> None:
    pair = with_state(
        vms=[
            {"name": name, "node": "node1", "state": at, "clustered": True, "group": "pair"}
            for name, at in (("a", "Running"), ("b", "Off"))
        ]
    )
    scenario(
        """
say groups "$((Get-ClusterGroup pair).Count) $((Get-ClusterGroup pair).State)"
say resources ((Get-ClusterGroup pair | Get-ClusterResource).Name | Sort-Object)
Remove-ClusterGroup -VMId (Get-VM b).Id -RemoveResources -Force; say left ((Get-VM).IsClustered)
""",
        {
            "groups": "1 PartialOnline",
            "resources": "Virtual Machine b,Virtual Machine Configuration b,Virtual Machine Configuration pair,Virtual Machine pair",
            "left": "False,False",
        },
        state=pair,
    )


def test_migration() -> None:
    scenario(
        """
Start-VM web01; $before = macs web01
$null = Move-ClusterVirtualMachineRole -Name web01 -Node node2 -MigrationType Live
$there = { (Get-VMNetworkAdapter -VMName web01 -ComputerName node2).MacAddress -join ',' }
say live ((& $there) -eq ($before -join ','))
Stop-VM web01 -ComputerName node2 -Force; say off ((& $there) -eq ($before -join ','))
Start-VM web01 -ComputerName node2; say cold (& $there)
""",
        {"live": "True", "off": "True", "cold": "00155D010B01,00155D010B02"},
    )


def test_no_credssp() -> None:
    scenario(
        """
grab add { Add-ClusterVirtualMachineRole -VMName db01 -ErrorAction Stop }
grab move { Move-ClusterVirtualMachineRole -Name web01 -Node node2 -ErrorAction Stop }
say read (Get-ClusterGroup web01).Name
""",
        {"add": "~ClusterAccessDenied", "move": "~Access is denied", "read": "web01"},
        no_credssp=True,
    )


def test_not_a_member() -> None:
    scenario(
        """
grab own { Get-Cluster -ErrorAction Stop }
say named (Get-Cluster -Name hci1).Name
say pool (Get-SCMACAddressPool -VMMServer vmm1).Name
""",
        {"own": "~ClusterEndpointNotRegistered", "named": "hci1", "pool": "Default MAC address pool"},
        node="vmm1",
    )


def test_no_cluster() -> None:
    scenario(
        """
grab get { Get-Cluster -ErrorAction Stop }
grab other { Get-ClusterGroup -Cluster far -ErrorAction Stop }
grab quiet { Get-Cluster -ErrorAction SilentlyContinue }
""",
        {
            "get": "~ClusterEndpointNotRegistered,Microsoft.FailoverClusters.PowerShell.GetClusterCommand|ConnectionError|The cluster service is not running",
            "other": "~could not be found",
            "quiet": "ok",
        },
        state=with_state(cluster=None),
    )
