# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that break: what is lost is never an address, and the next run heals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.site import Site, adapters, wanted

Json = dict[str, Any]

CUTS: list[tuple[str, Json, str]] = [
    ("the answer is lost after the work", {"kind": "cut_after"}, "Running"),
    ("the script dies with the VM off", {"kind": "die", "at": "stopped"}, "Off"),
    ("the script dies before it starts the VM again", {"kind": "die", "at": "before_start"}, "Off"),
]


def test_a_connection_that_breaks_heals_without_a_second_address(site: Site) -> None:
    """One host for each way of breaking, all in one run; then the same run again, twice."""
    vms = {}
    for number, (_title, fault, _state) in enumerate(CUTS, 1):
        vms[f"hv{number}"] = site.vm(f"web0{number}", f"hv{number}", running=True)
        details = {key: value for key, value in fault.items() if key != "kind"}
        site.lab.faults.add(fault["kind"], host=f"hv{number}", script="host_apply", **details)
    push = adapters(*(wanted(f"web0{number}") for number in (1, 2, 3)), when_running="restart", when_missing="skip")
    owned = {"macpool.hyperv.allocation_info": {"states": ["reserved", "applied"]}}

    broken = site.tasks(push, owned, hosts="hyperv")
    assert [broken.on(host)[0].get("unreachable") for host in vms] == [True, True, True], broken.output
    for host in vms:
        assert "1 operation was sent, and it is not known what the host did" in broken.on(host)[0]["msg"]
        assert "takes no second address" in broken.on(host)[0]["msg"]
    assert [site.state(vm) for vm in vms.values()] == [state for _title, _fault, state in CUTS]
    promised = {claim["owner"]: claim for claim in broken.on("hv1")[1]["claims"]}
    assert {claim["unsure"] for claim in promised.values()} == {True}

    healed = site.tasks(push, owned, hosts="hyperv")
    for host in vms:
        assert not healed.on(host)[0].get("failed"), healed.output
        assert not healed.on(host)[0].get("unreachable"), healed.output
    claims = {claim["owner"]: claim for claim in healed.on("hv1")[1]["claims"]}
    assert {owner: claim["mac_address"] for owner, claim in claims.items()} == {
        owner: claim["mac_address"] for owner, claim in promised.items()
    }
    assert {(claim["state"], claim["unsure"]) for claim in claims.values()} == {("applied", False)}
    assert [site.state(vm) for vm in vms.values()] == ["Running"] * 3
    assert {site.mac(vm) for vm in vms.values()} == {claim["mac_address"] for claim in claims.values()}

    again = site.tasks(push, hosts="hyperv")
    assert [again.on(host)[0]["changed"] for host in vms] == [False, False, False], again.output
    assert len(site.calls("host_apply")) == 5, "one for each host, one more for each VM that was left off, none now"


def test_hosts_that_do_not_answer_do_not_stop_the_others(site: Site) -> None:
    """A host that is down and a wrong password, in the playbook as users run it."""
    site.vm("web01", "hv1")
    site.vm("web02", "hv2")
    site.vm("web03", "hv3")
    site.world.disconnect_host("hv2")
    variables = site.directory / "host_vars"
    variables.mkdir()
    (variables / "hv3.yml").write_text("ansible_password: guess\n", encoding="utf-8")
    entries = (
        '[{"vm": "web01", "pool": "tenant"}, {"vm": "web02", "pool": "tenant"}, {"vm": "web03", "pool": "tenant"}]'
    )
    done = site.playbook("macpool.hyperv.apply", "--tags=adapters", "-e", f'{{"mac_adapters_wanted": {entries}}}')
    assert done.code != 0
    recap = {line.split()[0]: line for line in done.output.splitlines() if "unreachable=" in line}
    assert "changed=1" in recap["hv1"], done.output
    assert "unreachable=1" in recap["hv2"]
    assert "unreachable=1" in recap["hv3"]
    assert "credentials were rejected" in done.output
    assert "No answer came from hv2, hv3, where they may be" in done.output
    assert site.mac("web01").startswith("221DD8")
    assert site.mac("web02") == site.mac("web03") == "000000000000"
    assert set(site.claims()) == {"web01/eth0"}


@pytest.mark.parametrize("record", [True, False])
def test_an_incomplete_observation_is_told(site: Site, record: bool) -> None:
    """One host down, one that lets its VMs be read in part: both are named, the third is seen, and the run fails."""
    site.vm("web01", "hv1")
    site.vm("web03", "hv3")
    site.world.disconnect_host("hv2")
    site.lab.faults.add("access_denied", host="hv3", script="host_info", part="cluster")
    done = site.playbook("macpool.hyperv.observe", "-e", f"macpool_record={str(record).lower()}")
    assert done.code != 0
    assert "The observation of 3 hosts is incomplete: hv2, hv3 could not be read, or not completely" in done.output
    assert "hv2: NOT OBSERVED" in done.output
    assert "hv3: 1 VMs, 1 adapters" in done.output
    assert ("Recorded in the ledger of scope e2e" in done.output) == record
    assert {path.name for path in (site.directory / "observations").iterdir()} == {
        "hv1.json",
        "hv3.json",
        "network_controller.json",
    }
