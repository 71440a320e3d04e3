# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner: faults, changes from outside, and modules as Ansible runs them."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .runner import Json, StandInBug, Unreachable, run, run_text
from .scenario import scenario, with_state

pytestmark = pytest.mark.usefixtures("powershell")


def test_faults() -> None:
    scenario(
        """
grab first { Get-VM db01 -ErrorAction Stop }
grab second { Get-VM db01 -ErrorAction Stop }
grab hard { Start-VM web01 -ErrorAction SilentlyContinue }
Set-VMHost -MacAddressMinimum 00155D010A01 -ErrorAction SilentlyContinue; say soft (Get-VMHost).MacAddressMinimum
Set-VMNetworkAdapter -VMName web01 -StaticMacAddress 021DD8000005 -ErrorAction Stop; say silent (macs web01)
""",
        {
            "first": "ok",
            "second": "~boom",
            "hard": "~stuck",
            "soft": "00155D010A00",
            "silent": "000000000000,000000000000",
        },
        faults={
            "Get-VM": {"message": "boom", "nth": 2},
            "Start-VM": {"message": "stuck", "terminating": True},
            "Set-VMHost": "no",
            "Set-VMNetworkAdapter": {"silent": True},
        },
    )


def test_changes_from_outside() -> None:
    scenario(
        """
$vm = Get-VM db01; $nic = Get-VMNetworkAdapter -VM $vm
Set-VMNetworkAdapter -VMNetworkAdapter $nic -MacAddressSpoofing On; say renamed "$($vm.Name) $($nic.MacAddressSpoofing)"
grab moved { Rename-VMNetworkAdapter -VMNetworkAdapter $nic -NewName x -ErrorAction Stop }
grab away { Stop-VM -VM $vm -ErrorAction Stop }
say there (Get-VM -ComputerName node2).Name
grab deleted { Start-VM web01 -ErrorAction Stop }
""",
        {
            "renamed": "db99 On",
            "moved": "~might have been deleted",
            "away": "~might have been deleted",
            "there": "app01,db99",
            "deleted": "~unable to find",
        },
        faults={
            "Set-VMNetworkAdapter": {"change": {"db01": {"name": "db99"}}},
            "Rename-VMNetworkAdapter": {"change": {"db99": {"node": "node2"}}},
            "Start-VM": {"nth": 1, "change": {"web01": None}},
        },
    )


def test_denied_access_is_told_as_each_module_does() -> None:
    names = ("Get-VM", "Get-VMHost", "Get-Cluster", "Get-NetAdapter", "Get-Service")
    blocks = "\n".join(f"grab {name} {{ {name} -ErrorAction Stop }}" for name in names)
    scenario(
        blocks,
        {
            "Get-VM": "AccessDenied,Microsoft.HyperV.PowerShell.Commands.GetVM|PermissionDenied|Access is denied.",
            "Get-VMHost": "~|PermissionDenied|no",
            "Get-Cluster": "~ClusterAccessDenied,Microsoft.FailoverClusters.PowerShell.GetClusterCommand|AuthenticationError",
            "Get-NetAdapter": "~MI RESULT 2,",
            "Get-Service": "~|PermissionDenied|",
        },
        faults={**{name: {"denied": True} for name in names}, "Get-VMHost": {"denied": True, "message": "no"}},
    )


def test_faults_with_an_id_and_several_of_one_cmdlet() -> None:
    scenario(
        """
grab first { Get-VM -ErrorAction Stop }
grab second { Get-VM -ErrorAction Stop }
grab third { Get-VM -ErrorAction Stop }
""",
        {
            "first": "Busy,Microsoft.HyperV.PowerShell.Commands.GetVM|ResourceBusy|busy",
            "second": "~|late",
            "third": "ok",
        },
        faults={
            "Get-VM": [
                {"nth": 1, "message": "busy", "id": "Busy", "category": "ResourceBusy"},
                {"nth": 2, "message": "late", "delay": 0.2},
            ]
        },
    )


def test_delay_takes_its_time_and_the_call_goes_on() -> None:
    text = "$clock = [Diagnostics.Stopwatch]::StartNew(); say vms (Get-VM).Count; say late ($clock.Elapsed.TotalSeconds -ge 0.5)"
    scenario(text, {"vms": "3", "late": "True"}, faults={"Get-VM": {"delay": 0.5}})


@pytest.mark.parametrize("faults", [{"Get-VMs": "boom"}, {"Get-VM": {"mesage": "boom"}}, {"Get-VM": {}}])
def test_faults_without_effect_are_refused(faults: Json) -> None:
    with pytest.raises(ValueError, match="fault"):
        run_text("1", with_state(), "node1", faults=faults)


def test_slow_and_broken() -> None:
    slow = with_state(stop_delay=1)
    slow["nodes"]["node1"]["hns_networks"] = [{"name": "nat", "mac_pool": ["00155D120000", "00155D120FFF"]}]
    slow["vms"][0]["broken"] = "The configuration is corrupt."
    scenario(
        """
Stop-VM db01; say stopping (Get-VM db01).State; grab start { Start-VM db01 -ErrorAction Stop }; Start-Sleep -Seconds 1.2; say off (Get-VM db01).State
$found = @(Get-VMNetworkAdapter -VMName * -ErrorAction SilentlyContinue -ErrorVariable e); say readable $found.Count; say broken "$e"
grab property { $null = (Get-VM web01).NetworkAdapters; throw "silent: $($null -eq (Get-VM web01).NetworkAdapters)" }
grab checkpoints { Get-VMSnapshot -VMName web01 -ErrorAction Stop }
say actions ((Get-ClusterResource 'Virtual Machine web01' | Get-ClusterParameter).Name)
say cluster "$((Get-Service ClusSvc).Status)"
say containers ((Get-HnsNetwork).MacPools[0].EndMacAddress)
say address (Get-NetIPAddress -AddressFamily IPv4).IPAddress
""",
        {
            "stopping": "Stopping",
            "start": "~InvalidState",
            "off": "Off",
            "readable": "1",
            "broken": "The configuration is corrupt.",
            "property": "~silent: True",
            "checkpoints": "~corrupt",
            "actions": "VmID,OfflineAction,ShutdownAction",
            "cluster": "Running",
            "containers": "00-15-5D-12-0F-FF",
            "address": "192.0.2.1,127.0.0.1",
        },
        state=slow,
    )


def test_one_state_for_several_runs(tmp_path: Path) -> None:
    """Runs at the same time, in several processes, lose none of each other's changes."""
    shared = tmp_path / "state.json"
    state = with_state(vms=[{"name": f"p{i}", "node": "node1", "adapters": [{}]} for i in range(12)])
    state["nodes"]["node1"]["range"] = ["00155D010A00", "00155D010AFF"]
    shared.write_text(json.dumps(state), encoding="utf-8")
    texts = [f'foreach ($i in {first}..{first + 5}) {{ Start-VM -Name "p$i" }}' for first in (0, 6)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda text: run_text(text, shared, "node1"), texts))
    macs = {vm["adapters"][0]["mac"] for vm in json.loads(shared.read_text(encoding="utf-8"))["vms"]}
    assert len(macs) == 12
    assert "000000000000" not in macs


def test_state_with_an_unknown_field_is_refused() -> None:
    typo = with_state()
    typo["vms"][0]["colour"] = "red"
    with pytest.raises(StandInBug, match="colour"):
        run_text("1", typo, "node1")


def test_node_that_is_down_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        run_text("1", with_state(), "node3")


def test_run_that_takes_too_long_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_text("Start-Sleep -Seconds 600", with_state(), "node1", timeout=2)
    scenario("say vms (Get-VM).Count", {"vms": "3"})


def test_process_that_ends_is_replaced() -> None:
    with pytest.raises(StandInBug):
        run_text("[Environment]::Exit(3)", with_state(), "node1")
    scenario("say vms (Get-VM).Count", {"vms": "3"})


def test_runs_do_not_see_each_other() -> None:
    run_text("$global:left = 1; function global:Get-VM { 'mine' }; $env:LEFT = 1", with_state(), "node1")
    scenario('say left "$global:left"; say vms (Get-VM).Count', {"left": "", "vms": "3"})


def test_node_without_a_module() -> None:
    run_text("Get-VM", with_state(), "node1")
    bare = with_state()
    bare["nodes"]["node1"] |= {"hyperv": False, "hns": False}
    expected = {"vms": "~CommandNotFoundException", "hns": "~CommandNotFoundException", "cluster": "hci1"}
    scenario("grab vms { Get-VM }\ngrab hns { Get-HnsNetwork }\nsay cluster (Get-Cluster).Name", expected, state=bare)


MODULE = r"""#!powershell
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._Probe
$spec = @{
    options = @{ name = @{ type = 'str'; required = $true }; mac = @{ type = 'str' } }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false
try { $module.Result.before = @(Get-ProbeMac -Name $module.Params.name) }
catch { $module.FailJson("cannot read: $($_.Exception.Message)", $_) }
if ($module.Params.mac) {
    if (-not $module.CheckMode) { Set-VMNetworkAdapter -VMName $module.Params.name -StaticMacAddress $module.Params.mac }
    $module.Result.changed = $true
    $module.Diff.before = @{ mac = $module.Result.before }
}
$module.Result.after = @(Get-ProbeMac -Name $module.Params.name)
$module.ExitJson()
"""
UTIL = """function Get-ProbeMac { param([string]$Name) (Get-VMNetworkAdapter -VMName $Name).MacAddress }
Export-ModuleMember -Function Get-ProbeMac
"""
NEW, NONE = ["021DD8000005"] * 2, ["000000000000"] * 2


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Return a module of Ansible, with a util of its own, that sets the MAC addresses of a VM."""
    script, util = tmp_path / "plugins/modules/probe.ps1", tmp_path / "plugins/module_utils/_Probe.psm1"
    for path, text in ((script, MODULE), (util, UTIL)):
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return script


def test_module_changes_the_state(module: Path) -> None:
    result, after, _unused = run(module, {"name": "web01", "mac": NEW[0]}, with_state(), "node1", diff=True)
    assert (result["changed"], result["after"], result["diff"]["before"]) == (True, NEW, {"mac": NONE})
    assert after["vms"][0]["adapters"][0]["mac"] == NEW[0]


def test_module_in_check_mode(module: Path) -> None:
    result, _unused, calls = run(module, {"name": "web01", "mac": NEW[0]}, with_state(), "node1", check_mode=True)
    assert (result["changed"], result["after"]) == (True, NONE)
    assert {call["cmdlet"] for call in calls} == {"Get-VMNetworkAdapter"}


def test_module_writes_beside_its_answer(module: Path) -> None:
    module.write_text(MODULE.replace("$module.ExitJson()", "'junk'\n$module.ExitJson()"), encoding="utf-8")
    result, _unused, _other = run(module, {"name": "web01"}, with_state(), "node1")
    assert result["changed"] is False
    assert "junk" in result["warnings"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "nope"}, 'cannot read: Hyper-V was unable to find a virtual machine with name "nope".'),
        ({}, "missing required arguments: name"),
        ({"name": "db01", "mac": NEW[0]}, "Unhandled exception while executing module: Failed to modify device"),
    ],
)
def test_module_fails(module: Path, arguments: Json, message: str) -> None:
    result, _unused, _other = run(module, arguments, with_state(), "node1")
    assert result["failed"] is True
    assert message in result["msg"]


def test_module_without_an_answer(module: Path) -> None:
    module.write_text(MODULE.replace("$module.ExitJson()", ""), encoding="utf-8")
    result, _unused, _other = run(module, {"name": "web01"}, with_state(), "node1")
    assert result["msg"] == "MODULE FAILURE: no JSON on standard output"


def test_arguments_arrive_as_they_were_sent(module: Path) -> None:
    """Texts that look like dates or numbers stay texts."""
    module.write_text(
        "#!powershell\n#AnsibleRequires -CSharpUtil Ansible.Basic\n"
        "$spec = @{ options = @{ value = @{ type = 'raw' } } }\n"
        "$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)\n"
        "$module.Result.value = $module.Params.value\n$module.ExitJson()\n",
        encoding="utf-8",
    )
    value = [
        {"date": "2026-01-02T03:04:05Z", "text": "007", "list": [], "none": None, "real": 1.5},
        2**33,
        True,
        ["ü[1]*"],
    ]
    result, _unused, _other = run(module, {"value": value}, with_state(), "node1")
    assert result["value"] == value
