# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""However Ansible divides and orders the hosts of a play, the result is one and the same, or the play is refused.

A run has one play for each way of dividing, because starting ansible-playbook costs more than a play.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from tests.e2e.site import Done, Site
from tests.lab.model import Clock, World

pytestmark = pytest.mark.slow

Json = dict[str, Any]

HOSTS = ("hv1", "hv2", "hv3")
THRICE = "221DD8000007"
OWN = {"hv1": "221DD8000011", "hv2": "221DD8000012", "hv3": "221DD8000013"}
SCOPE: Json = {"scope": "lone", "pools": {"static": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 4096}]}}}
ONE: Json = {"serial": 1}
TWO: Json = {"serial": 2}
FREE: Json = {"strategy": "free"}
WAYS: dict[str, Json] = {
    "whole": {},
    "one": ONE,
    "two": {"serial": "67%"},
    "shuffled": {**ONE, "order": "shuffle"},
    "free": FREE,
}
TOLD = {"ansible.builtin.debug": {"msg": "FAILED: {{ ansible_failed_result.msg }}"}}
PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Site]:
    """Three hosts in no cluster, so that none of them names another; the first one is slow."""
    world = World(seed=3, clock=Clock(frozen=True))
    for number, host in enumerate(HOSTS, 1):
        world.add_host(host, f"10.0.10.{9 + number}")
        world.add_switch(host, "tenant")
    with Site(world, tmp_path) as site:
        for host in HOSTS:
            site.vm(f"copy-{host}", host, mac=THRICE)
            site.vm(f"own-{host}", host, mac=OWN[host])
        site.lab.faults.add("delay", host="hv1", script="host_info", times=None, seconds=0.4)
        yield site


def run(site: Site, plays: list[Json], *arguments: str) -> Done:
    """Run plays, one after the other."""
    path = site.directory / "plays.yml"
    path.write_text(json.dumps([{"hosts": "hyperv", "gather_facts": False, **play} for play in plays]), "utf-8")
    return site.playbook(str(path), *arguments)


def role(name: str, *, how: str = "import_role", **variables: Any) -> Json:
    """A task that uses a role of the collection without a Network Controller."""
    return {f"ansible.builtin.{how}": {"name": f"macpool.hyperv.{name}"}, "vars": variables}


def audit(site: Site, name: str, **variables: Any) -> Json:
    """An audit with a report of its own."""
    common = {"mac_audit_fail_at": "never", "mac_audit_network_controller": {}, "mac_audit_plan": SCOPE}
    return role("mac_audit", mac_audit_report_dir=str(site.directory / name), **{**common, **variables})


def adopt(site: Site, name: str, **variables: Any) -> list[Json]:
    """Take over the hosts into a ledger of its own."""
    ledger = str(site.directory / f"{name}.sqlite3")
    common = {"mac_adopt_network_controller": {}, "mac_adopt_plan": SCOPE, "mac_adopt_ledger": ledger}
    made = {"macpool.hyperv.ledger": {"plan": SCOPE, "ledger": ledger}, "run_once": True, "throttle": 1}
    return [made, role("mac_adopt", mac_adopt_save_dir=str(site.directory / name), **{**common, **variables})]


def report(site: Site, name: str) -> Json:
    """A report that was written."""
    found: Json = json.loads((site.directory / name / "report.json").read_text(encoding="utf-8"))
    return found


def claims(site: Site, name: str) -> dict[str, str]:
    """Who is promised what, by the ledger."""
    with Ledger.open(str(site.directory / f"{name}.sqlite3"), SCOPE["scope"]) as ledger:
        return {claim.owner: f"{claim.address:012X}" for claim in ledger.claims()}


def unseen(site: Site, name: str) -> set[str]:
    """The hosts that the findings of a report call unseen."""
    return {host for item in report(site, name)["findings"] if item["rule"] == "incomplete" for host in item["hosts"]}


def test_an_audit_is_of_all_hosts(lone: Site) -> None:
    plays = [{**way, "tasks": [audit(lone, name)]} for name, way in WAYS.items()]
    plays.append({**ONE, "tasks": [audit(lone, "included", how="include_role")]})
    # The same role once more in the same run: what hosts said before does not count any more.
    plays.append({**ONE, "tasks": [audit(lone, "one")]})
    done = run(lone, plays)
    assert done.code == 0, done.output
    whole = report(lone, "whole")
    assert whole["complete"] is True
    assert whole["summary"]["hosts"] == 3
    (found,) = (item for item in whole["findings"] if item["rule"] == "duplicate-address")
    assert found["hosts"] == list(HOSTS)
    for name in (*WAYS, "included"):
        again = report(lone, name)
        assert again["findings"] == whole["findings"], name
        assert again["summary"] == whole["summary"], name
        assert again["complete"] is True, name
        # A directory is one observation, which can be audited again alone.
        directories = list((lone.directory / name / "observations").iterdir())
        assert len(directories) == (2 if name == "one" else 1), name
        for directory in directories:
            assert {path.stem for path in directory.iterdir()} == set(HOSTS), name
    # Once for each play; with the strategy free, hosts that finish at the same time may each do it.
    assert len(plays) <= done.output.count("Written: ") <= len(plays) + 2


def test_adopting_needs_all_hosts(lone: Site) -> None:
    ways = {"one": ONE, "two": TWO, "free": FREE}
    how = {"one": "import_role", "two": "include_role", "free": "include_role"}
    done = run(lone, [{**way, "tasks": adopt(lone, name, how=how[name])} for name, way in ways.items()])
    assert done.code == 0, done.output
    for name in ways:
        promised = claims(lone, name)
        assert set(promised.values()) == set(OWN.values()), f"{name}: an address that three carry is promised to none"
    assert done.output.count("1 must be decided by a person") >= len(ways)


def test_a_check_sees_all_hosts_too(lone: Site) -> None:
    plays = [
        {**FREE, "tasks": [audit(lone, "free")]},
        {**ONE, "tasks": [audit(lone, "one", mac_audit_fail_at="medium")]},
    ]
    done = run(lone, plays, "--check")
    assert done.code == 2, done.output
    assert done.output.count("3 hosts, 6 VMs, 6 adapters") >= 2
    assert "THE OBSERVATION IS INCOMPLETE" not in done.output
    assert not (lone.directory / "one").exists()


def test_a_host_that_is_not_seen_is_named_and_nothing_is_promised_without_it(lone: Site) -> None:
    """It does not answer, or its document is gone again before the last batch."""
    gone = {"ansible.builtin.file": {"path": "{{ __mac_audit_observed.path }}", "state": "absent"}}
    local = {"delegate_to": "localhost", "vars": {"ansible_connection": "local"}, "when": "inventory_hostname == 'hv1'"}
    lost = {"block": [audit(lone, "lost"), {**gone, **local}], "rescue": [TOLD]}
    plays: list[Json] = [{**way, "tasks": [audit(lone, name)]} for name, way in (("one", ONE), ("free", FREE))]
    plays.append({**TWO, "tasks": adopt(lone, "accepted", mac_adopt_missing="report")})
    plays.append({**ONE, "tasks": [lost]})
    plays.append({**ONE, "tasks": adopt(lone, "refused")})
    lone.world.do("disconnect_host", host="hv2")
    done = run(lone, plays)
    assert done.code == 2, done.output
    for name in ("one", "free"):
        assert unseen(lone, name) == {"hv2"}
        assert report(lone, name)["complete"] is False
        assert report(lone, name)["summary"]["hosts"] == 2
    assert set(claims(lone, "accepted").values()) == {OWN["hv1"], OWN["hv3"]}
    assert "FAILED: documents of hv1: expected the document of each host that was observed in this run" in done.output
    assert not (lone.directory / "lost" / "report.json").exists()
    assert claims(lone, "refused") == {}
    assert "none of hv2. Nothing was promised" in done.output


def test_hosts_that_the_run_leaves_out_are_named(lone: Site) -> None:
    """With --limit, and where the role is not used on each host, though no error says so."""
    some = {"when": "inventory_hostname != 'hv1'"}
    plays: list[Json] = [
        {"tasks": [{**audit(lone, "limited"), **some}]},
        {**ONE, "tasks": [{**audit(lone, "skipped", how="include_role"), **some}]},
        {"tasks": adopt(lone, "refused")},
    ]
    done = run(lone, plays, "--limit", "hv1,hv2")
    assert done.code == 2, done.output
    assert unseen(lone, "limited") == unseen(lone, "skipped") == {"hv1", "hv3"}
    assert claims(lone, "refused") == {}
    assert "none of hv3. Nothing was promised" in done.output


def test_roles_that_need_all_hosts_together_refuse_a_divided_play(empty_site: Site) -> None:
    vm = {"name": "web01", "host": "hv1", "pool": "tenant"}
    controller = {"url": "https://nc.invalid"}
    roles = [
        role("mac_tenant_vm", mac_tenant_vm_wanted=[vm], mac_tenant_vm_network_controller=controller),
        role("mac_interfaces", mac_interfaces_network_controller=controller),
    ]
    plays = [{**way, "tasks": [{"block": [one], "rescue": [TOLD]}]} for one in roles for way in (ONE, TWO, FREE)]
    done = run(empty_site, plays)
    assert done.code == 0, done.output
    told = [line for line in done.output.splitlines() if '"msg": "FAILED: ' in line]
    assert len(told) == len(plays) * len(HOSTS), done.output
    for found, times in (("serial: 1 of 3 hosts", 3 + 1), ("serial: 2 of 3 hosts", 2), ("strategy: free", 3)):
        assert sum(f"found {found}" in line for line in told) == times * len(roles), done.output
    assert empty_site.calls("host_info") == empty_site.calls("host_apply") == []


def test_playbooks_and_their_roles_may_be_divided(empty_site: Site) -> None:
    """Copies of the playbooks with serial or another strategy, as users make them."""
    site = empty_site
    vms = [site.vm(f"web-{host}", host) for host in HOSTS]
    plays = []
    # The roles of audit and adopt are tested above, those of apply here; init and plan do the same for each host.
    ways: dict[str, tuple[Json, ...]] = {
        "init": (FREE, ONE),
        "plan": (FREE, TWO),
        "audit": (FREE, TWO),
        "adopt": (FREE, ONE),
    }
    for name in ("init", "plan", "observe", "apply", "audit", "adopt"):
        (*_checks, play) = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
        for host, way in zip(HOSTS, ways.get(name, (FREE, ONE, TWO)), strict=False):
            # Each way has adapters of its own to change.
            wanted = [{"vm": f"web-{host}", "pool": "tenant"}]
            plays.append({**play, **way, "vars": {"mac_adapters_wanted": wanted, "macpool_network_controller": {}}})
    nowhere = [{"vm": f"web-{host}", "pool": "tenant"} for host in HOSTS] + [{"vm": "nowhere", "pool": "tenant"}]
    plays.append({**ONE, "tasks": [role("mac_adapters", mac_adapters_wanted=nowhere)]})
    done = run(site, plays)
    assert done.code == 2, done.output
    assert "1 of 4 VMs were not found on any of the hosts hv1, hv2, hv3: nowhere" in done.output
    ended = [line for line in done.output.splitlines() if line.startswith("fatal: [")]
    assert [line.split()[1] for line in ended if "..." not in line] == ["[hv3]:"], ended
    assert {path.stem for path in (site.directory / "observations").glob("*.json")} == set(HOSTS)
    assert report(site, "report")["summary"]["hosts"] == 3
    assert report(site, "report")["complete"] is True
    promised = {claim["mac_address"] for claim in site.claims().values() if claim["state"] == "applied"}
    assert promised == {site.mac(vm) for vm in vms}
    assert len(promised) == 3
    ranges = [site.world.host(host).registry for host in HOSTS]
    assert all(block and block.start.startswith("00155DE0") for block in ranges)
    assert len({block.start for block in ranges if block}) == 3
