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
$null = Add-ClusterVirtualMachineRole -VMName db01; say added (Get-ClusterGroup db01).State
grab again { Add-ClusterVirtualMachineRole -VMName db01 -ErrorAction Stop }
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
            "added": "Online",
            "again": "~already",
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


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("Running", "Online"),
        ("Paused", "Online"),
        ("Off", "Offline"),
        ("Saved", "Offline"),
        ("Starting", "Pending"),
        ("Stopping", "Pending"),
    ],
)
def test_state_of_a_role_follows_its_vm(state: str, shown: str) -> None:
    vms = [{"name": "web01", "node": "node1", "clustered": True, "state": state}]
    scenario("say state (Get-ClusterGroup web01).State", {"state": shown}, state=with_state(vms=vms))


def test_state_of_a_role_that_failed() -> None:
    state = with_state()
    state["vms"][0]["group_state"] = "Failed"
    scenario("say state (Get-ClusterGroup web01).State", {"state": "Failed"}, state=state)


def test_name_of_a_role_is_used_once() -> None:
    state = with_state(
        cluster={"name": "hci1", "resources": [{"name": "Disk 2", "group": "files"}]},
        vms=[*with_state()["vms"], {"name": "WEB01", "node": "node1"}, {"name": "new01", "node": "node1"}],
    )
    scenario(
        """
$vm = (Get-VM -Name new01)
foreach ($name in 'web01', 'FILES', 'Cluster Group') {
    grab $name { Add-ClusterVirtualMachineRole -VMName new01 -Name $name -ErrorAction Stop }
}
grab vm { Add-ClusterVirtualMachineRole -VMId (Get-VM).Where({ $_.Name -ceq 'WEB01' }).Id -ErrorAction Stop }
say still $vm.IsClustered
$null = Add-ClusterVirtualMachineRole -VMName new01 -Name other; say role (Get-ClusterGroup -VMId $vm.Id).Name
""",
        {
            "web01": "~already exists",
            "FILES": "~already exists",
            "Cluster Group": "~already exists",
            "vm": "~already exists",
            "still": "False",
            "role": "other",
        },
        state=state,
    )


def test_role_holds_other_resources() -> None:
    disks = [{"name": "Disk 1", "group": "web01"}, {"name": "Disk 2", "group": "files", "state": "Failed"}]
    _unused, after, _other = scenario(
        """
say groups (Get-ClusterGroup).Where({ -not $_.IsCoreGroup }).Name
say types ((Get-ClusterGroup).Where({ -not $_.IsCoreGroup }).GroupType)
say states "$((Get-ClusterGroup web01).State) $((Get-ClusterGroup files).State)"
say held (Get-ClusterGroup web01 | Get-ClusterResource).Name
say kinds (Get-ClusterGroup web01 | Get-ClusterResource).ResourceType.Name
$disk = Get-ClusterResource 'Disk 1'; say disk "$($disk.OwnerGroup.Name) $($disk.OwnerNode.Name) $($disk.State)"
grab vm { Get-ClusterResource 'Disk 2' | Get-VM -ErrorAction Stop }
say parameters @(Get-ClusterResource | Get-ClusterParameter -Name VmID).Count
Remove-ClusterGroup web01 -RemoveResources -Force; say left (Get-ClusterResource).Name
""",
        {
            "groups": "app01,files,web01",
            "types": "VirtualMachine,Unknown,VirtualMachine",
            "states": "PartialOnline Failed",
            "held": "Virtual Machine web01,Virtual Machine Configuration web01,Disk 1",
            "kinds": "Virtual Machine,Virtual Machine Configuration,Physical Disk",
            "disk": "web01 node1 Online",
            "vm": "~not a virtual machine cluster group or resource",
            "parameters": "4",
            "left": "Virtual Machine app01,Virtual Machine Configuration app01,Disk 2",
        },
        state=with_state(cluster={"name": "hci1", "resources": disks}),
    )
    assert [disk["name"] for disk in after["cluster"]["resources"]] == ["Disk 2"]


def test_vm_learns_late_of_its_role() -> None:
    scenario(
        """
$null = Add-ClusterVirtualMachineRole -VMName db01
say added "$((Get-VM db01).IsClustered) $((Get-ClusterGroup db01).Name)"
Remove-ClusterGroup web01 -RemoveResources -Force; say removed (Get-VM web01).IsClustered
while ((Get-VM web01).IsClustered) { Start-Sleep -Milliseconds 50 }; say later (Get-VM db01).IsClustered
""",
        {"added": "False db01", "removed": "True", "later": "True"},
        state=with_state(cluster={"name": "hci1", "lag": 1.5}),
    )


def test_no_credssp() -> None:
    scenario(
        """
grab add { Add-ClusterVirtualMachineRole -VMName db01 -ErrorAction Stop }
say read (Get-ClusterGroup web01).Name
""",
        {"add": "~ClusterAccessDenied", "read": "web01"},
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
