# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random cases: worlds with operations that are mostly sensible, and operations of which one field is odd. A seed is a case."""

from __future__ import annotations

import copy
import random
from typing import Any

from .bridge import worlds
from .cases import Case

Json = dict[str, Any]
_NAMES = ("web01", "Web01", "db01", "web[1]", 'O\'Brien "x"', "a*", "Ünï Δ", "-Force", "$(x)", "long name")
_STATES = (
    *("Off", "Off", "Off", "Running", "Running", "Running", "Saved", "Paused", "Starting", "Stopping"),
    *("Saved", "Saving", "OffCritical"),  # how a VM that was saved fast starts is not known
)
_FEATURE = "9940cd46-8b06-43bb-b9d5-93d50381fd56"
_PROFILES = tuple(f"{{0B1C2D3E-0000-4000-8000-00000000000{n}}}" for n in (1, 2))
_GUID = "0b1c2d3e-0000-4000-8000-00000000ffff"
_ODD: tuple[Any, ...] = (
    *(None, "", " ", 0, -1, 1, 2, 1.5, True, False, "true", "yes", "on", "1", "-5", "1.0", " 5 ", "5\n", "x"),
    *([], {}, {"a": 1}, ["a", "b"], 2**33, 2**64, "99999999999999999999"),
    *("00155DE00000", "00155de00000", "00155DE00000\n", "00-15-5D-E0-00-00", "REGISTRY", "Off", "off"),
    *(_PROFILES[0], _GUID, _GUID.upper(), "{0b1c2d3e-0000-4000-8000-00000000000g}"),
    *({"state": "Off"}, {"state": ""}, {"state": 5}, {"start": "00155D0A0A00", "end": "00155D0A0AFF"}),
)


def work(seed: int) -> Case:
    """A random world and one to three operations in it, or an observation of it."""
    rng = random.Random(seed)
    world = _world(rng)
    node = rng.choice(("hv1", "hv1", "hv1", "hv2"))
    if rng.random() < 0.2:
        asked: Json = {}
        if rng.random() < 0.6:
            asked["gather"] = rng.choice((["range", "vms"], ["vms", "checkpoints"], ["cluster_groups"], []))
        if rng.random() < 0.4:
            asked["vms"] = rng.choice(([], [rng.choice(_NAMES)], [rng.choice(world["vms"])["id"].upper()]))
        return _case(f"work {seed}", world, node, "host_info", asked)
    operations = [_operation(rng, world, node) for _count in range(rng.choice((1, 1, 1, 2, 3)))]
    return _case(f"work {seed}", world, node, "host_apply", {"schema": 1, "operations": operations})


def odd(seed: int) -> Case:
    """An operation that is right but for one field."""
    rng = random.Random(seed)
    world = _small()
    operation = copy.deepcopy(rng.choice(_valid(world)))
    path = rng.choice(_paths(operation))
    place: Any = operation
    for key in path[:-1]:
        place = place[key]
    chance = rng.random()
    if chance < 0.15 and isinstance(place, dict):
        del place[path[-1]]
    elif chance < 0.2 and isinstance(place, dict):
        place["surprise"] = 1
    else:
        place[path[-1]] = copy.deepcopy(rng.choice(_ODD))
    return _case(f"odd {seed}", world, "hv1", "host_apply", {"schema": 1, "operations": [operation]})


def _case(name: str, world: Json, node: str, module: str, arguments: Json) -> Case:
    return Case(
        topic="fuzz",
        name=name,
        module=module,
        world=world,
        node=node,
        arguments=arguments,
        check="both" if module == "host_apply" and len(arguments["operations"]) == 1 else False,
        faults={},
        answer={},
        # whether a guest can be asked shows only when it is asked
        predicted={} if any(word in str(world) for word in ("shutdown_component", "Paused")) else None,
        after=None,
        calls={},
        engines=("lab", "powershell"),
        fails_on=None,
    )


def _world(rng: random.Random) -> Json:
    nodes: Json = {}
    for name, octet in (("hv1", 10), ("hv2", 11)):
        start = f"00155D0A{octet:02X}00" if rng.random() < 0.7 else "00155DE00000"
        end = f"{int(start, 16) + rng.choice((1, 3, 255)):012X}"
        switches: list[Json] = [{"name": "tenant"}]
        if rng.random() < 0.3:
            switches.append({"name": "internal", "type": "Internal"})
        nodes[name] = {"ip": f"10.0.10.{octet}", "range": [start, end], "switches": switches}
        if rng.random() < 0.3:
            nodes[name]["host_adapters"] = [{"name": "Mgmt", "mac": start, "switch": "tenant"}]
    vms = [_vm(rng, number) for number in range(rng.randint(1, 5))]
    return worlds.complete({"nodes": nodes, "cluster": {"name": "hci1"}, "delay": worlds.FAR, "vms": vms})


def _vm(rng: random.Random, number: int) -> Json:
    vm: Json = {
        "name": rng.choice(_NAMES),
        "node": rng.choice(("hv1", "hv1", "hv1", "hv2")),
        "state": rng.choice(_STATES),
    }
    vm["generation"] = rng.choice((1, 2))
    vm["adapters"] = [_adapter(rng, place) for place in range(rng.choice((0, 1, 1, 1, 2)))]
    if rng.random() < 0.4:
        vm |= {"clustered": True, "group": f"Role {number}", "shutdown_action": rng.choice((0, 0, 0, 1))}
    elif rng.random() < 0.15:
        vm["replication"] = {"mode": rng.choice(("Primary", "Replica"))}
    if rng.random() < 0.15:
        vm["shutdown_component"] = False
    if rng.random() < 0.2:
        vm["checkpoints"] = [{"name": "cp", "adapters": copy.deepcopy(vm["adapters"])}]
    return vm


def _adapter(rng: random.Random, place: int) -> Json:
    adapter: Json = {"name": f"eth{place}", "switch": rng.choice(("tenant", "tenant", None))}
    if rng.random() < 0.5:
        adapter |= {"mac": _mac(rng), "dynamic": False}
    elif rng.random() < 0.5:
        adapter["mac"] = f"00155D0A0A{rng.randint(0, 255):02X}"
    if rng.random() < 0.3:
        setting = {"ProfileId": rng.choice(_PROFILES), "ProfileData": str(rng.choice((1, 2, 6)))}
        adapter["features"] = [{"feature_id": _FEATURE, "setting": setting}]
    if rng.random() < 0.2:
        adapter["vlan"] = rng.choice(({"mode": "Access", "access": 100}, {"mode": "Trunk", "allowed": [1, 2, 10]}))
    adapter["spoofing"] = rng.random() < 0.2
    return adapter


def _mac(rng: random.Random) -> str:
    return rng.choice((f"221DD80000{rng.randint(0, 9):02X}", f"00155DE000{rng.randint(0, 3):02X}", "02AA00000001"))


def _operation(rng: random.Random, world: Json, node: str) -> Json:
    here = [vm for vm in world["vms"] if vm["node"] == node]
    vm = rng.choice(here) if here and rng.random() < 0.85 else rng.choice(world["vms"])
    vm_id = _GUID if rng.random() < 0.05 else vm["id"]
    expect = rng.choice(({}, {}, {"expect": None}, {"expect": {"state": vm["state"]}}, {"expect": {"state": "Off"}}))
    power: Json = {"force_off": rng.choice((True, False))} if rng.random() < 0.5 else {}
    power |= {"shutdown_timeout": rng.choice((300, "60", 10))} if rng.random() < 0.3 else {}
    common: Json = {"id": str(rng.randint(1, 99)), "vm_id": vm_id}
    kind = rng.choice(
        (
            *("set_vm_macs",) * 6,
            *("stop_vm", "start_vm", "set_host_range", "set_host_range", "clear_host_range"),
            *("set_port_profile", "set_port_profile", "create_vm", "add_cluster_role", "remove_vm"),
        )
    )
    if kind == "set_vm_macs":
        choice = {"power": rng.choice(("restart", "require_off"))}
        return {"op": kind, **common, "adapters": _wanted(rng, vm), **choice, **expect, **power}
    if kind == "stop_vm":
        return {"op": kind, **common, **expect, **power}
    if kind in ("start_vm", "remove_vm"):
        return {"op": kind, **common, **expect}
    if kind in ("set_host_range", "clear_host_range"):
        return _range(rng, kind, world["nodes"][node]["range"])
    if kind == "set_port_profile":
        return {"op": kind, **common, **_profile(rng, vm)}
    if kind == "add_cluster_role":
        return {"op": kind, **common, "name": rng.choice(("r1", "web01", vm["name"]))}
    return {
        "op": kind,
        "id": None,
        "name": rng.choice((*_NAMES, "new1", "new 2")),
        "generation": rng.choice((1, 2, "2")),
        "memory_bytes": rng.choice((4 << 30, "1073741824")),
        "path": rng.choice((None, "C:\\vms")),
        "vhd_path": None,
        "switch": rng.choice(("tenant", "Tenant", None)),
        "adapter_name": rng.choice(("eth0", "Network Adapter", "x[1]")),
        "mac": rng.choice((None, _mac(rng))),
    }


def _wanted(rng: random.Random, vm: Json) -> list[Json]:
    wanted = []
    for adapter in vm["adapters"]:
        expect = {"mac": adapter.get("mac", "0" * 12), "dynamic": adapter.get("dynamic", True)}
        if rng.random() < 0.1:
            expect["mac"] = _mac(rng)
        entry: Json = {"adapter_id": adapter["id"] if rng.random() < 0.9 else adapter["id"].lower(), "expect": expect}
        entry |= {"dynamic": True} if rng.random() < 0.25 else {"mac": rng.choice((_mac(rng), "25B684178C63"))}
        wanted.append(entry)
    nowhere = {"adapter_id": "Microsoft:X\\Y", "mac": _mac(rng), "expect": {"mac": "0" * 12, "dynamic": True}}
    return wanted if wanted and rng.random() < 0.95 else [*wanted, nowhere]


def _range(rng: random.Random, kind: str, found: list[str]) -> Json:
    expect = {"start": found[0], "end": found[1]}
    operation: Json = {"op": kind, "id": "r", "expect": expect if rng.random() < 0.8 else None}
    if kind == "set_host_range":
        start = rng.choice(("00155DE00000", "00155DAA0000", "00155D0A0A00"))
        operation |= {"start": start, "end": f"{int(start, 16) + 255:012X}"}
        if rng.random() < 0.6:
            operation["method"] = rng.choice(("auto", "cmdlet", "registry"))
    return operation


def _profile(rng: random.Random, vm: Json) -> Json:
    adapter: Json = rng.choice(vm["adapters"]) if vm["adapters"] else {"id": "none"}
    setting = next((feature["setting"] for feature in adapter.get("features", [])), None)
    had = {"profile_id": setting["ProfileId"], "profile_data": int(setting["ProfileData"])} if setting else None
    wanted = rng.choice(
        (
            {"profile_id": None},
            {"profile_id": _PROFILES[0], "profile_data": 1},
            {"profile_id": _PROFILES[1].lower(), "profile_data": "2"},
        )
    )
    return {"adapter_id": adapter["id"], "expect": had if rng.random() < 0.8 else None, **wanted}


def _small() -> Json:
    setting = {"ProfileId": _PROFILES[0], "ProfileData": "1"}
    adapter = {"name": "eth0", "switch": "tenant", "features": [{"feature_id": _FEATURE, "setting": setting}]}
    return worlds.complete(
        {
            "nodes": {
                "hv1": {"ip": "10.0.10.10", "range": ["00155D0A0A00", "00155D0A0AFF"], "switches": [{"name": "tenant"}]}
            },
            "cluster": {"name": "hci1"},
            "vms": [
                {"name": "web01", "node": "hv1", "adapters": [adapter]},
                {"name": "db01", "node": "hv1", "state": "Running", "clustered": True},
            ],
        }
    )


def _valid(world: Json) -> list[Json]:
    web, db = (vm["id"] for vm in world["vms"])
    adapter = world["vms"][0]["adapters"][0]["id"]
    profile = {"profile_id": _PROFILES[0], "profile_data": 1}
    found: Json = {"start": "00155D0A0A00", "end": "00155D0A0AFF"}
    pair = {"adapter_id": adapter, "mac": "221DD8000001", "expect": {"mac": "0" * 12, "dynamic": True}}
    power = {"shutdown_timeout": 60, "force_off": True}
    disk, port = {"path": None, "vhd_path": None}, {"switch": "tenant", "adapter_name": "eth0", "mac": None}
    return [
        {
            "op": "set_host_range",
            "id": "1",
            "start": "00155DE00000",
            "end": "00155DE000FF",
            "method": "auto",
            "expect": found,
        },
        {"op": "clear_host_range", "id": "1", "expect": found},
        {"op": "set_vm_macs", "id": "1", "vm_id": web, "adapters": [pair], "power": "require_off", **power},
        {"op": "stop_vm", "id": "1", "vm_id": db, **power, "expect": None},
        {"op": "start_vm", "id": "1", "vm_id": web, "expect": {"state": "Off"}},
        {"op": "set_port_profile", "id": "1", "vm_id": web, "adapter_id": adapter, **profile, "expect": profile},
        {"op": "create_vm", "id": "1", "name": "new", "generation": 2, "memory_bytes": 4 << 30, **disk, **port},
        {"op": "add_cluster_role", "id": "1", "vm_id": web, "name": "web"},
        {"op": "remove_vm", "id": "1", "vm_id": web, "expect": {"state": "Off"}},
    ]


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path for key in keys for path in [(*at, key), *_paths(value[key], (*at, key))]]
