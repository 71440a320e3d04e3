# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main way, as users go it: nothing is written by a check, everything is as the check said, and a second run changes nothing."""

from __future__ import annotations

import json

import pytest

from tests.e2e.site import Site, adapters, wanted

ENTRIES = [
    {"vm": "web01", "pool": "tenant"},
    {"vm": "web02", "name": "eth0", "pool": "host/hv2"},
    {"vm": "run01", "pool": "tenant"},
    {"vm": "pin01", "pin": True},
    {"vm": "db01", "pool": "tenant"},
]


def test_check_apply_again(site: Site) -> None:
    site.vm("web01", "hv1")
    site.vm("web02", "hv2")
    site.vm("run01", "hv2", running=True)
    pinned = site.vm("pin01", "hv3", running=True)
    site.world.turn_off(pinned)
    kept = site.mac(pinned)
    site.vm("db01", "hv2", mac="221DD9000001")
    site.world.replicate("db01", "hv1")
    apply = (
        "-e",
        json.dumps({"mac_adapters_wanted": ENTRIES}),
        "-e",
        "mac_adapters_when_running=pending",
        "-e",
        "mac_ranges_stranded=allow",
    )

    leased = site.playbook("macpool.hyperv.apply", "--tags=ranges", "-e", "mac_ranges_stranded=allow", "--check")
    assert leased.code == 0, leased.output
    assert "would be changed to 00-15-5D-E0-08-00" in leased.output
    assert site.calls("host_apply", check_mode=False) == []
    leased = site.playbook("macpool.hyperv.apply", "--tags=ranges", "-e", "mac_ranges_stranded=allow")
    assert leased.code == 0, leased.output

    before = site.world.to_dict()
    predicted = site.playbook("macpool.hyperv.apply", *apply, "--check", "--diff")
    assert predicted.code == 0, predicted.output
    assert site.world.to_dict() == before
    assert site.claims() == {}

    real = site.playbook("macpool.hyperv.apply", *apply)
    assert real.code == 0, real.output
    claims = site.claims()
    assert site.mac("web01") == claims["web01/eth0"]["mac_address"]
    assert site.mac("web02") == claims["web02/eth0"]["mac_address"]
    assert site.mac("web02").startswith("00155DE007")
    assert site.mac(pinned) == claims["pin01/eth0"]["mac_address"] == kept
    assert site.mac("db01") == claims["db01/eth0"]["mac_address"], "the replica is its primary's affair"
    assert site.state("run01") == "Running"
    assert site.mac("run01").startswith("00155D0A")
    for owner in ("web01/eth0", "web02/eth0", "db01/eth0"):
        assert claims[owner]["state"] == "applied"
        assert claims[owner]["mac_address"] in predicted.output, "the check told another address than the run took"
    assert predicted.changed == real.changed
    assert "hv2: pending: run01/eth0: the VM is Running, it must be Off" in real.output

    again = site.playbook("macpool.hyperv.apply", *apply)
    assert again.code == 0, again.output
    assert again.changed == 0, again.output


def test_a_restart_and_a_way_back(site: Site) -> None:
    """A running VM gets its address over a restart; with what the task returned, it goes back to how it was."""
    vm = site.vm("run01", running=True)
    first = site.mac(vm)
    done = site.tasks(
        adapters(wanted("run01"), when_running="restart"),
        adapters(wanted("run01"), when_running="restart"),
        adapters(wanted("run01", dynamic=True), when_running="restart"),
        adapters(wanted("run01", dynamic=True), when_running="restart"),
    )
    there, again, back, back_again = done.on("hv1")
    assert there["adapters"][0]["before"] == {"mac_address": first, "dynamic": True}
    assert [result.get("changed") for result in (there, again, back, back_again)] == [True, False, True, False], (
        done.output
    )
    assert site.state(vm) == "Running"
    assert site.world.find(vm)[1].adapters[0].dynamic


def test_hostile_names_are_data(site: Site) -> None:
    """Names of VMs that are code, a path or a template somewhere: they are set, found again, and shown as they are."""
    names = [
        "{{ 7 * 7 }}",
        "$(Get-Date) `whoami`",
        "'; DROP TABLE claims; --",
        "..\\..\\etc/passwd",
        "<script>",
        "web[1]",
        "Ünïcödé 漢字 😀",
    ]
    ids = [site.vm(name) for name in names]
    task = adapters(*({"vm": vm, "pool": "tenant"} for vm in ids))
    done = site.tasks(task, task)
    first, second = done.on("hv1")
    assert [adapter["vm"] for adapter in first["adapters"]] == names, done.output
    assert [adapter["owner"] for adapter in first["adapters"]] == [f"{name}/eth0" for name in names]
    assert second["changed"] is False
    assert len({site.mac(vm) for vm in ids}) == len(names)
    assert set(site.claims()) == {f"{name}/eth0" for name in names}


@pytest.mark.parametrize("example", ["kerberos", "credssp", "certificate"])
def test_the_example_inventories_have_a_sound_plan(example: str, empty_site: Site) -> None:
    from tests.conftest import ROOT

    inventory = ROOT / "examples" / "inventory" / example
    done = empty_site.playbook("macpool.hyperv.plan", "-e", "macpool_with_ledger=false", inventory=inventory)
    assert done.code == 0, done.output
    assert "Scope west" in done.output
