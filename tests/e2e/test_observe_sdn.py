# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Network Controller as a part of the observation: observed, recorded, audited; and what it means when it does not answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.site import Done, Site
from tests.e2e.test_interfaces_role import interface

Json = dict[str, Any]


def run(site: Site, playbook: str, *arguments: str) -> Done:
    """Run a playbook that knows the Network Controller."""
    options = site.lab.controller.options()
    controller = {key: options[key] for key in ("url", "username", "password", "ca_path")}
    path = site.directory / "controller.json"
    path.write_text(json.dumps({"macpool_network_controller": {**controller, "retries": 1}}), encoding="utf-8")
    done = site.playbook(f"macpool.hyperv.{playbook}", "-e", f"@{path}", *arguments)
    assert options["password"] not in done.output
    return done


def report(site: Site) -> Json:
    """The newest report."""
    found: Json = json.loads((site.directory / "report" / "report.json").read_text(encoding="utf-8"))
    return found


def test_an_address_of_an_interface_is_never_chosen(site: Site) -> None:
    """It is carried by nobody and promised to nobody, and still it is taken: an interface made by hand has it."""
    site.tasks({"macpool.hyperv.allocation": {"claims": [{"owner": "a/eth0", "pool": "tiny"}], "state": "present"}})
    only = site.claims()["a/eth0"]["mac_address"]
    site.tasks({"macpool.hyperv.allocation": {"claims": [{"owner": "a/eth0"}], "state": "released", "gone": True}})
    interface(site, "hand-made", only)
    checked = run(site, "observe", "--check")
    assert checked.code == 0, checked.output
    done = run(site, "observe")
    assert done.code == 0, done.output
    assert "Network Controller: 0 MAC pools, 1 interfaces" in done.output
    saved = json.loads(Path(site.directory / "observations" / "network_controller.json").read_text(encoding="utf-8"))
    assert saved["network_interfaces"][0]["resourceId"] == "hand-made"
    full = site.tasks({"macpool.hyperv.allocation": {"claims": [{"owner": "b/eth0", "pool": "tiny"}]}}).on("hv1")[0]
    assert full["failed"] is True, "the only address of the pool was given away although an interface has it"

    site.lab.faults.add("nc_status", status=403, times=None)
    unseen = run(site, "observe")
    assert unseen.code != 0
    assert "NOT OBSERVED" in unseen.output
    assert "incomplete: the Network Controller could not be read" in unseen.output


def test_the_audit_reads_the_three_records(site: Site) -> None:
    for name, mac, other in (("good01", "221DD9000001", "221DD9000001"), ("drift01", "221DD9000002", "221DD90000AA")):
        site.world.set_profile(site.vm(name, mac=mac, running=True), f"{{{interface(site, name, other)}}}")
    interface(site, "lonely", "221DD9000009")
    for host in site.world.hosts:
        site.world.set_range(host, f"00155DE0{int(host[2:]):02X}00", f"00155DE0{int(host[2:]):02X}FF")
    done = run(site, "audit", "-e", "mac_audit_fail_at=never")
    assert done.code == 0, done.output
    found = {(item["rule"], tuple(vm["name"] for vm in item["vms"])): item for item in report(site)["findings"]}
    drifted = found["sdn-mismatch", ("drift01",)]
    for word in ("22-1D-D9-00-00-02", "22-1D-D9-00-00-AA", "drift01"):
        assert word in drifted["evidence"]
    assert drifted["severity"] == "critical"
    assert ("sdn-mismatch", ("good01",)) not in found
    assert any(rule == "sdn-orphan" and "lonely" in item["evidence"] for (rule, _vms), item in found.items())
    assert report(site)["complete"] is True

    checked = run(site, "audit", "-e", "mac_audit_fail_at=never", "--check")
    assert checked.code == 0, checked.output
    assert "sdn-mismatch" in checked.output

    site.lab.faults.add("nc_status", status=403, times=None)
    blind = run(site, "audit", "-e", "mac_audit_fail_at=never")
    assert blind.code == 0, blind.output
    assert report(site)["complete"] is False
    assert any(
        "Network Controller" in item["evidence"] and "403" in item["evidence"] for item in report(site)["findings"]
    )
