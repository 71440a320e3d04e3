# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook with which users check a real host runs as TESTING.md shows it, and leaves the host as it was."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.site import Site

PLAYBOOK = Path(__file__).resolve().parents[2] / "examples" / "check_host.yml"
TESTING = PLAYBOOK.parents[1] / "TESTING.md"
ARGUMENTS = ("-e", "host=hv1", "-e", "guest=guest01")


def test_the_host_is_left_as_it_was(empty_site: Site) -> None:
    site = empty_site
    guest = site.vm("guest01", mac="221DD8000007", running=True)
    done = site.playbook(str(PLAYBOOK), *ARGUMENTS)
    assert done.code == 0, done.output
    recap = done.output.rpartition("PLAY RECAP")[2]
    for count in ("changed=8", "unreachable=0", "failed=0"):
        assert count in recap
        assert count in TESTING.read_text(encoding="utf-8")
    assert (site.mac(guest), site.state(guest)) == ("221DD8000007", "Running")
    assert [vm.name for vm in site.world.hosts["hv1"].vms.values()] == ["guest01"]


def test_a_host_that_does_something_else_fails_and_the_vm_is_removed(empty_site: Site) -> None:
    site = empty_site
    site.lab.faults.add("ignore_set", host="hv1", script="host_apply", check_mode=False)
    done = site.playbook(str(PLAYBOOK), "-e", "host=hv1")
    assert done.code != 0
    assert "failed=1" in done.output
    assert "Set the static address as predicted" in done.output
    assert list(site.world.hosts["hv1"].vms.values()) == []
