# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observation documents by hand: the one builder for all unit tests."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import (
    Claim,
    Identity,
    Lease,
    LeaseState,
    State,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import Plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.audits import audit

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.timezone.utc)
OBSERVED = "2026-11-21T11:30:00Z"
RANGE_A = ("00155DE00000", "00155DE000FF")
RANGE_B = ("00155DE00100", "00155DE001FF")
RANGE_C = ("00155DE00200", "00155DE002FF")

Document = dict[str, Any]


def host(
    name: str = "hv1",
    mac_range: tuple[str, str] | None = RANGE_A,
    vms: Sequence[Document] = (),
    cluster: str | None = None,
    nodes: Mapping[str, str] | Sequence[str] = (),
    groups: Sequence[Document] = (),
    **parts: Any,
) -> Document:
    """Return a complete document of a host; a part that is given as None leaves the document."""
    states = dict(nodes) if isinstance(nodes, Mapping) else dict.fromkeys(nodes or (name,), "Up")
    document: Document = {
        "schema": 1,
        "kind": "hyperv_host",
        "observed_at": OBSERVED,
        "host": {"name": name, "hyperv": True, "os_version": "10.0.20348", "ipv4": []},
        "mac_range": {"start": mac_range[0], "end": mac_range[1], "source": "cmdlet"} if mac_range else None,
        "cluster": {
            "name": cluster,
            "nodes": [{"name": node, "state": state} for node, state in states.items()],
            "groups": list(groups),
        }
        if cluster
        else None,
        "vms": list(vms),
        "host_adapters": [],
        "physical_adapters": [],
        "switches": [],
        "container_networks": [],
        "warnings": [],
    }
    for part, value in parts.items():
        if value is None:
            document.pop(part)
        else:
            document[part] = value
    return document


def group(vm_id: str, owner: str, name: str = "role") -> Document:
    """Return a cluster group of a VM."""
    return {"name": name, "vm_id": vm_id, "owner_node": owner, "state": "Online"}


def guid(text: str) -> str:
    """Return an id that is the same for the same text."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, ascii(text)))


def adapter(
    mac: str | None,
    dynamic: bool | None = True,
    name: str = "Network Adapter",
    id: str | None = None,
    switch: str | None = "tenant",
    vlan: int = 0,
    **parts: Any,
) -> Document:
    """Return an adapter."""
    return {
        "id": id or f"Microsoft:{guid(name)}\\{guid(name + 'a')}",
        "name": name,
        "mac": mac,
        "dynamic": dynamic,
        "legacy": False,
        "switch": switch,
        "connected": switch is not None,
        "spoofing": False,
        "vlan": {"mode": "Access" if vlan else "Untagged", "access": vlan, "trunk": []},
        "port_profile": None,
        **parts,
    }


def vm(name: str, *adapters: Document, id: str | None = None, **parts: Any) -> Document:
    """Return a running VM that is not clustered."""
    return {
        "id": guid(name) if id is None else id,
        "name": name,
        "state": "Running",
        "generation": 2,
        "clustered": False,
        "replication_mode": "None",
        "adapters": list(adapters),
        "checkpoints": [],
        **parts,
    }


def checkpoint(name: str, *adapters: Document) -> Document:
    """Return a checkpoint."""
    return {"id": guid(name), "name": name, "adapters": list(adapters)}


def plan(**keys: Any) -> Plan:
    """Return a plan as the product reads it."""
    return parse_plan({"scope": "west", **keys}, today=NOW.date())


def report(*documents: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Audit."""
    return audit(documents, **{"now": NOW, **options})


def found(rule: str, *documents: Mapping[str, Any], **options: Any) -> list[dict[str, Any]]:
    """Return the findings of one rule."""
    return [finding for finding in report(*documents, **options)["findings"] if finding["rule"] == rule]


def one(rule: str, *documents: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Return the only finding of a rule."""
    (finding,) = found(rule, *documents, **options)
    return finding


def claim(
    address: str,
    owner: str = "web01/Network Adapter",
    state: State = "applied",
    vm_id: str | None = None,
    adapter_id: str = "",
    pool: str = "tenant",
    **parts: Any,
) -> Claim:
    """Return a claim of the ledger."""
    identity = Identity(vm_id, adapter_id) if vm_id else None
    return Claim(int(address, 16), owner, pool, state, generation=1, since=0, identity=identity, **parts)


def lease(name: str, start: str, end: str, dynamic_end: str | None = None, state: LeaseState = "active") -> Lease:
    """Return a leased block of the ledger."""
    return Lease(name, int(start, 16), int(end, 16), int(dynamic_end or end, 16), state, generation=1, since=0)


def bound(
    mac: str | None, interface: str, dynamic: bool | None = False, data: int | None = 1, **parts: Any
) -> Document:
    """Return an adapter whose profile names an interface; two adapters of one VM need names of their own."""
    profile = {"profile_id": f"{{{guid(interface).upper()}}}", "profile_data": data}
    return adapter(mac, dynamic, port_profile=profile, **parts)


def interface(name: str, mac: str | None, **properties: Any) -> Document:
    """Return an interface as a Network Controller shows it; a property that is given as None is left out."""
    shown = {
        "provisioningState": "Succeeded",
        "privateMacAddress": mac,
        "privateMacAllocationMethod": "Static",
        "isHostVirtualNetworkInterface": False,
        "configurationState": {
            "status": "Success",
            "detailedInfo": [{"code": "Success", "message": "", "source": "x"}],
        },
        **properties,
    }
    return {
        "resourceId": name,
        "resourceRef": f"/networkInterfaces/{name}",
        "instanceId": guid(name),
        "etag": 'W/"1"',
        "properties": {key: value for key, value in shown.items() if value is not None},
    }


def nc_pool(name: str, start: str, end: str, total: int | None = None, allocated: int | None = None) -> Document:
    """Return a MAC pool as a Network Controller shows it, with its odd spelling."""
    usage = {"numberOfMacAddresses": total, "numberofMacAddressesAllocated": allocated}
    return {
        "resourceId": name,
        "resourceRef": f"/macPools/{name}",
        "instanceId": guid(f"pool {name}"),
        "properties": {
            "provisioningState": "Succeeded",
            "startMacAddress": start,
            "endMacAddress": end,
            "usage": {key: value for key, value in usage.items() if value is not None},
        },
    }


def controller(*interfaces: Document, pools: Sequence[Document] = (), **parts: Any) -> Document:
    """Return a document of a Network Controller."""
    return {
        "schema": 1,
        "kind": "network_controller",
        "observed_at": OBSERVED,
        "mac_pools": list(pools),
        "network_interfaces": list(interfaces),
        **parts,
    }
