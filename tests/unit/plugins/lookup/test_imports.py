# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is loaded where: ansible-core compiles the modules of a collection again in every host's process.

A lookup in a template is loaded in each of these processes, so it may load little. An action is loaded once, before the
processes are forked, so it must load all that it will need.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan

PLAN = {
    "scope": "west",
    "host_ranges": {"ranges": [{"start": "00-15-5D-E0-00-00", "size": 64}], "size_per_host": 16, "hosts": ["hv1"]},
    "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 256}]}},
}

READING = {
    "module_utils._errors",
    "module_utils._formats",
    "module_utils._ids",
    "module_utils._specs",
    "module_utils._specs.limits",
    "plugin_utils._ledger.claim",
    "plugin_utils._ledger.places",
    "plugin_utils._ledger.reader",
    "plugin_utils._ledger.sqlite.database",
    "plugin_utils._ledger.sqlite.values",
    "plugin_utils._names",
    "plugin_utils._plain",
    "plugin_utils._settings",
}
"""All that an address which exists may load."""
NEVER_FOR_A_LOOKUP = {
    "plugin_utils._ledger.changes",
    "plugin_utils._ledger.leases",
    "plugin_utils._ledger.ledger",
    "plugin_utils._ledger.observe",
    "plugin_utils._ledger.restore",
    "plugin_utils._ledger.sqlite.care",
    "plugin_utils._ledger.sqlite.schema",
    "plugin_utils._ledger.text",
    "plugin_utils._plan.info",
    "netaddr",
    "difflib",
}
"""What a new address of a pool does not need either."""

LOOK = """
import json, sys
from types import SimpleNamespace
from ansible.plugins.loader import init_plugin_loader, lookup_loader
init_plugin_loader([sys.argv[1]])
lookup = lookup_loader.get("macpool.hyperv.mac", loader=None, templar=SimpleNamespace(template=lambda value: value))
found = lookup.run([sys.argv[2]], json.loads(sys.argv[3]), pool="tenant")
print(json.dumps([found, sorted(sys.modules)]))
"""

WORK = """
import importlib, json, sys
from pathlib import Path
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([sys.argv[1]])
BASE = "ansible_collections.macpool.hyperv.plugins"
importlib.import_module(f"{BASE}.action.host_range_lease")
before = set(sys.modules)

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import (
    Confirmation, HostSightings, Identity, Push, Renewal, Request, Sighting, ClaimName,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._settings import Settings

settings = Settings({}, json.loads(sys.argv[3]), lambda value: value)
job = settings.job()
refused = 0
with Ledger.open(settings.ledger_url(), "west", settings.plan()) as ledger:
    first = Identity("vm-1", "nic-1")
    kept = Sighting(0x221DD80000FF, "vm", "vm-1", "web01", "nic-1", "eth0", host="hv1")
    ledger.observe([HostSightings("hv1", ledger.now(), True, (kept,))], job)
    claim = ledger.ensure([Request("web01/eth0", "tenant", identity=first)], job)[0].claim
    claim = ledger.renew([Renewal(claim.fence, Push("hv1", "vm-1", "nic-1"))], job)[0].claim
    ledger.confirm([Confirmation(claim.fence, "read back")], job)
    ledger.lease(job)
    ledger.ensure([Request(f"vm{number}/eth0", "tenant") for number in range(250)], job)
    for request in (
        Request("web01/eth0", "tenant", identity=Identity("vm-2", "nic-2")),
        Request("db01/eth0", address=claim.address),
        Request("db01/eth0", "host/hv1"),
        *(Request(f"more{number}/eth0", "tenant") for number in range(9)),
    ):
        try:
            ledger.ensure([request], job)
        except MacPoolError:
            refused += 1
    ledger.release([ClaimName("web01/eth0")], job)
    ledger.adopt([], [], job)
print(json.dumps([refused, sorted(set(sys.modules) - before)]))
"""


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The variables of a host, with a ledger that has promised one address."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = str(tmp_path / "ledger.sqlite3")
    with Ledger.create(place, "west", Job("test"), parse_plan(PLAN)) as ledger:
        ledger.ensure([Request("known/eth0", "tenant")], Job("test"))
    return {"macpool_plan": PLAN, "macpool_ledger": place}


def fresh(program: str, variables: dict[str, Any], owner: str = "") -> tuple[Any, set[str]]:
    """Run a program in a fresh interpreter; return its answer, and modules without the name of the collection."""
    tree = os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0]
    command = [sys.executable, "-c", program, tree, owner, json.dumps(variables)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer, modules = json.loads(done.stdout)
    return answer, {name.removeprefix("ansible_collections.macpool.hyperv.plugins.") for name in modules}


def own_files(modules: set[str]) -> set[str]:
    """Return the modules of the collection that are files, not packages."""
    packages = {"plugin_utils", "module_utils", "plugin_utils._ledger", "plugin_utils._ledger.sqlite"}
    return {name for name in modules if name.startswith(("plugin_utils", "module_utils"))} - packages


def test_an_address_that_exists_is_read_with_few_modules(variables: dict[str, Any]) -> None:
    found, modules = fresh(LOOK, variables, "known/eth0")
    with Ledger.open(variables["macpool_ledger"], "west", parse_plan(PLAN)) as ledger:
        assert found == [f"{claim.address:012X}" for claim in ledger.claims()]
    assert own_files(modules) <= READING
    assert not modules & NEVER_FOR_A_LOOKUP


def test_a_new_address_loads_nothing_that_only_other_tasks_need(variables: dict[str, Any]) -> None:
    found, modules = fresh(LOOK, variables, "new/eth0")
    assert len(found) == 1
    assert "plugin_utils._ledger.ensure" in modules
    assert not modules & NEVER_FOR_A_LOOKUP


def test_an_action_has_loaded_what_its_work_needs_before_it_works(variables: dict[str, Any]) -> None:
    refused, modules = fresh(WORK, variables)
    assert refused == 9, "the work of this test reaches the refusals too"
    assert own_files(modules) == set()
