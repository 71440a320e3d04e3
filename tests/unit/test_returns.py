# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reference says that a task returns is what it returns: run by ansible-playbook, against the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("winrm")

from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

from tests.lab.bench import Bench
from tests.lab.lab import Lab

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
ANSIBLES_OWN = {"changed", "failed", "diff", "warnings", "deprecations", "msg", "exception", "invocation"}
TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": (float, int),
    "dict": dict,
    "list": list,
    "raw": object,
}
PLAN = {
    "scope": "west",
    "host_ranges": {
        "ranges": [{"start": "00-15-5D-E0-00-00", "size": 65536}],
        "size_per_host": 1024,
        "static_per_host": 128,
        "hosts": ["hv1", "hv2"],
    },
    "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 1024}]}},
    "other_allocators": [{"name": "nc", "kind": "network_controller", "start": "00-1D-D8-B7-1C-00", "size": 1024}],
}
IP = {"name": "ip1", "ip_address": "192.168.33.20", "subnet": "/virtualNetworks/vnet-0001/subnets/subnet-0001"}
ORPHAN = {
    "schema": 1,
    "kind": "hyperv_host",
    "host": {"name": "hv1"},
    "vms": [
        {
            "id": "6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a11",
            "name": "orphan01",
            "state": "Off",
            "adapters": [
                {
                    "id": "Microsoft:1",
                    "name": "eth0",
                    "mac": "221DD8000309",
                    "dynamic": False,
                    "port_profile": {"profile_id": "{6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a12}", "profile_data": 1},
                }
            ],
        }
    ],
}
VM_ID = "6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10"
TASKS: list[tuple[str, dict[str, Any]]] = [
    ("plan_info", {"with_ledger": False}),
    ("ledger", {}),
    ("allocation", {"claims": [{"owner": "mail01/eth0"}, {"owner": "old01/eth0", "note": "CHG-1042"}]}),
    ("allocation", {"state": "held", "claims": [{"mac_address": "22-1D-D8-00-02-00", "note": "load balancer"}]}),
    (
        "allocation",
        {
            "state": "rebound",
            "claims": [{"owner": "mail01/eth0", "vm_id": VM_ID, "adapter_id": "a", "cluster": "hci1"}],
        },
    ),
    ("allocation", {"state": "confirmed", "claims": [{"owner": "mail01/eth0"}]}),
    (
        "allocation",
        {"state": "released", "gone": True, "claims": [{"owner": "old01/eth0"}, {"owner": "never-claimed/eth0"}]},
    ),
    ("host_range_lease", {}),
    ("host_info", {"record": True, "save_dir": "{{ playbook_dir }}/observations"}),
    ("host_range", {"stranded": "allow"}),
    (
        "vm_network_adapter",
        {
            "adapters": [
                {"vm": "web01", "pool": "tenant"},
                {"vm": "web02", "pin": True},
                {"vm": "web03", "pool": "host/hv1"},
                {"vm": "elsewhere", "pool": "tenant"},
            ],
            "when_running": "pending",
            "when_missing": "skip",
        },
    ),
    (
        "vm_port_profile",
        {
            "profiles": [{"vm": "web01", "null_profile": True}, {"vm": "elsewhere", "absent": True}],
            "when_missing": "skip",
        },
    ),
    ("vm_port_profile", {"profiles": [{"vm": "web01", "interface_id": VM_ID}]}),
    (
        "vm",
        {
            "vms": [
                {"name": "new01", "memory": "4GB", "switch": "tenant", "clustered": True},
                {"name": "web01", "generation": 1},
                {"name": "elsewhere", "host": "hv2"},
            ],
            "state": "started",
        },
    ),
    ("vm", {"vms": [{"name": "new01"}], "state": "absent", "stop": True}),
    ("nc_mac_pool", {"name": "pool", "start": "00-1D-D8-B7-1C-00", "size": 1024}),
    ("nc_mac_pool", {"name": "none", "state": "absent"}),
    ("nc_mac_pool_info", {}),
    (
        "nc_network_interface",
        {
            "interfaces": [
                {
                    "name": "sdn01_Eth1",
                    "pool": "tenant",
                    "owner": "sdn01/eth0",
                    "dns_servers": ["192.0.2.53"],
                    "port_settings": {"mac_spoofing": False},
                    "ip_configurations": [IP],
                },
                {
                    "name": "sdn02_Eth1",
                    "dynamic": True,
                    "owner": "sdn02/eth0",
                    "ip_configurations": [{**IP, "ip_address": "192.168.33.21"}],
                },
            ]
        },
    ),
    ("nc_network_interface", {"observations": [ORPHAN]}),
    ("nc_network_interface_info", {}),
    ("nc_network_interface", {"state": "absent", "interfaces": [{"name": "sdn02_Eth1"}, {"name": "never_Eth1"}]}),
    ("nc_info", {"save_dir": "{{ playbook_dir }}/observations", "record": True}),
    ("adopt", {"observations_dir": "{{ playbook_dir }}/observations", "plan_file": "{{ playbook_dir }}/plan.yml"}),
    ("batch_info", {"hosts": ["hv1", "hv2"], "running": ["hv1", "hv2"], "batch": ["hv1"], "done": ["hv1"]}),
    (
        "tenant_vm_plan",
        {
            "step": "decide",
            "state": "absent",
            "wanted": [{"name": "sdn09", "host": "hv1"}],
            "host_results": {"hv1": {"observation": ORPHAN}},
            "listed": [],
        },
    ),
    ("tenant_vm_plan", {"step": "release", "state": "absent", "rows": []}),
    ("tenant_vm_plan", {"step": "show", "rows": []}),
    ("allocation_info", {"history": True}),
    ("plan_info", {}),
    ("ledger", {"state": "exported", "path": "{{ playbook_dir }}/west.txt"}),
    ("ledger", {"state": "verified", "path": "{{ playbook_dir }}/west.txt"}),
    ("ledger", {"state": "imported", "path": "{{ playbook_dir }}/west.txt"}),
    ("ledger", {"state": "verified"}),
    ("ledger", {"state": "backed_up", "path": "{{ playbook_dir }}/backup.sqlite3"}),
    ("ledger", {"state": "restored", "path": "{{ playbook_dir }}/backup.sqlite3"}),
    ("host_range_lease", {"state": "retired", "hosts": ["hv2"]}),
]
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("plan_info", {"plan": {"scope": "west", "pool": {}}}),
    ("ledger", {"ledger": "{{ playbook_dir }}/missing.sqlite3", "state": "verified"}),
    ("allocation", {"claims": [{"owner": "a/b", "pool": "tennant"}]}),
    ("allocation_info", {"at": "yesterday"}),
    ("host_range_lease", {"hosts": ["hv9"]}),
    ("adopt", {"observations_dir": "{{ playbook_dir }}/nowhere"}),
    ("batch_info", {"hosts": ["hv1", "hv2"], "running": ["hv1", "hv2"], "batch": ["hv1"], "undivided": True}),
    ("tenant_vm_plan", {"step": "decide", "wanted": [{"name": "a", "host": "hv9"}], "host_results": {}, "listed": []}),
    ("host_range", {"start": "22-1D-D8-00-00-00", "end": "22-1D-D8-00-00-FF"}),
    ("vm_network_adapter", {"adapters": [{"vm": "web02", "pool": "tenant"}]}),
    ("vm", {"vms": [{"name": "web02"}], "state": "absent"}),
    ("nc_mac_pool", {"name": "pool", "start": "00-1D-D8-B7-1C-00", "size": 2048}),
    (
        "nc_network_interface",
        {
            "interfaces": [
                {"name": "sdn01_Eth1", "primary": False},
                {"name": "broken_Eth1", "mac_address": "22-1D-D9-00-00-01", "ip_configurations": [IP]},
            ]
        },
    ),
    ("nc_network_interface", {"interfaces": [{"name": "sdn09_Eth1", "pool": "tenant"}]}),
    ("vm_port_profile", {"profiles": [{"vm": "web02", "absent": True, "mac_address": "22-1D-D8-00-03-00"}]}),
]


def play(tasks: list[tuple[str, dict[str, Any]]], controller: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a play that runs the tasks and keeps what each of them returns.

    :param controller: the options with which tasks for the Network Controller log on
    """
    calls: list[dict[str, Any]] = [
        {"name": name, f"macpool.hyperv.{name}": arguments, "register": f"result_{number}", "ignore_errors": True}
        for number, (name, arguments) in enumerate(tasks)
    ]
    for call in calls:
        if call["name"].startswith("nc_"):
            call["delegate_to"] = "localhost"
    results = ", ".join(f"result_{number}" for number in range(len(tasks)))
    keep = {
        "name": "Keep the results",
        "ansible.builtin.copy": {
            "dest": "{{ playbook_dir }}/results.json",
            "content": "{{ [" + results + "] | to_json }}",
        },
        "delegate_to": "localhost",
        "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
    }
    variables = {"macpool_plan": PLAN, "macpool_ledger": "{{ playbook_dir }}/west.sqlite3"}
    return [
        {
            "name": "Run",
            "hosts": "hv1",
            "gather_facts": False,
            "vars": variables,
            "module_defaults": {"group/macpool.hyperv.network_controller": dict(controller)},
            "tasks": [*calls, keep],
        }
    ]


def run(
    directory: Path, tasks: list[tuple[str, dict[str, Any]]], controller: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Return what each task returned."""
    playbook = directory / "play.yml"
    playbook.write_text(json.dumps(play(tasks, controller)), encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_NOCOLOR": "1",
        "XDG_STATE_HOME": str(directory / "state"),
    }
    command = [
        Path(sys.executable).with_name("ansible-playbook"),
        "-i",
        directory / "inventory.yml",
        "--diff",
        playbook,
    ]
    done = subprocess.run(
        list(map(str, command)), check=False, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    return [(name, result) for (name, _arguments), result in zip(tasks, results, strict=True)]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Run all tasks once, against hosts whose VMs are off, running, never started and elsewhere."""
    directory = tmp_path_factory.mktemp("returns")
    bench = Bench()
    bench.vm("web01")
    bench.running("web02")
    bench.vm("web03", mac="221DD8000300", role=True)
    bench.vm("typed01", mac="221DD8000301")
    for name in ("clone01", "clone02"):
        bench.vm(name, mac="221DD8000302")
    with Lab(bench.world) as lab:
        lab.write_files(directory)
        options = lab.controller.options()
        controller = {key: options[key] for key in ("url", "client_cert", "client_key", "ca_path")}
        succeeded = run(directory, TASKS, controller)
        lab.faults.add("nc_fail", method="PUT", name="broken_Eth1", code="PortNotFound", message="made up")
        refused = run(directory, REFUSED, controller)
    for name, result in succeeded:
        assert not result.get("failed"), f"{name}: {result.get('msg')}"
    for name, result in refused:
        assert result.get("failed"), f"{name} was to be refused"
    found: dict[str, list[dict[str, Any]]] = {}
    for name, result in [*succeeded, *refused]:
        found.setdefault(name, []).append(result)
    return found


def documented(name: str) -> dict[str, Any]:
    """Return the RETURN block of a module."""
    path = next(path for path in (MODULES / f"{name}.yml", MODULES / f"{name}.py") if path.exists())
    _doc, _examples, returned, _metadata = get_docstring(
        str(path), fragment_loader, collection_name="macpool.hyperv", is_module=True, plugin_type="module"
    )
    block = yaml.safe_load(returned) if isinstance(returned, str) else returned
    assert isinstance(block, dict)
    return block


def compare(result: Mapping[str, Any], block: Mapping[str, Any], place: str, seen: set[str]) -> Iterator[str]:
    """Yield what a result has that the documentation does not say; note what was seen."""
    for key, value in result.items():
        here = f"{place}.{key}"
        if "." not in place and key in ANSIBLES_OWN:
            continue
        if key not in block:
            yield f"{here} is returned and not documented"
            continue
        seen.add(here)
        entry = block[key]
        if value is not None and not isinstance(value, TYPES[entry["type"]]):
            yield f"{here} is documented as {entry['type']}, and is {value!r}"
        for item in value if isinstance(value, list) else [value]:
            if "contains" in entry and isinstance(item, dict):
                yield from compare(item, entry["contains"], here, seen)


def places(block: Mapping[str, Any], place: str) -> Iterator[str]:
    """Yield all documented keys."""
    for key, entry in block.items():
        yield f"{place}.{key}"
        yield from places(entry.get("contains") or {}, f"{place}.{key}")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({name for name, _arguments in TASKS}))
def test_a_task_returns_what_the_reference_says(name: str, answers: dict[str, list[dict[str, Any]]]) -> None:
    block = documented(name)
    seen: set[str] = set()
    wrong = [line for result in answers[name] for line in compare(result, block, name, seen)]
    # An observation has what the host has: a switch or a checkpoint is not there for every reader.
    never = [
        f"{place} is documented and never returned"
        for place in places(block, name)
        if place not in seen and not place.startswith("host_info.observation.")
    ]
    assert wrong + never == []
