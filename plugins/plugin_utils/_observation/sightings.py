# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observation tells the ledger: who carries which address, and whether that is the whole picture. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import is_mac, parse_mac
from ...module_utils._nc_interface import address_of
from ...module_utils._network_controller import instance_id, name_of
from .._ledger.model import HostPicture, Sighting
from .._names import find_host, host_key
from .model import NEVER_STARTED, REPLICAS, RUNNING, SAVED

Document = Mapping[str, Any]

CARRIERS = ("vms", "host_adapters", "physical_adapters")
"""Parts of an observation without which nobody can say that an address is carried by no one on the host."""


def why_incomplete(observation: Document) -> str:
    """Return what an observation lacks for proving that an address is absent; empty when it lacks nothing."""
    reasons = [f"{part} not read" for part in CARRIERS if observation.get(part) is None]
    if observation.get("vms") and any("checkpoints" not in vm for vm in observation["vms"]):
        reasons.append("checkpoints not read")
    reasons.extend(observation.get("warnings") or ())
    reasons.extend(f"VM {name!r} left while the host was read" for name in _left(observation))
    return "; ".join(reasons)


def _left(observation: Document) -> Iterator[str]:
    """Yield the VMs that the cluster says are on the host and that were not found there."""
    if observation.get("vms") is None:
        return
    here = {vm["id"].lower() for vm in observation["vms"]}
    name = host_key(observation["host"]["name"])
    for group in (observation.get("cluster") or {}).get("groups") or ():
        vm_id = (group.get("vm_id") or "").lower()
        if vm_id and vm_id not in here and find_host(group.get("owner_node") or "", [name]):
            yield group.get("name") or vm_id


def owner_map(cluster: Document) -> str:
    """Return a digest of which node owns which VM; empty when that was not read.

    A VM that moves between the readings of two hosts may be seen on neither: then their maps differ.
    """
    if cluster.get("groups") is None:
        return ""
    owners = sorted(
        [(group.get("vm_id") or "").lower(), host_key(group.get("owner_node") or "").partition(".")[0]]
        for group in cluster["groups"]
    )
    return hashlib.sha256(json.dumps(owners).encode()).hexdigest()


def picture(observation: Document, observed_at: int) -> HostPicture:
    """Return what the ledger keeps of an observation.

    :param observed_at: when the observation began, by the ledger's clock
    """
    host = observation["host"]
    cluster = observation.get("cluster") or {}
    mac_range = observation.get("mac_range")
    reason = why_incomplete(observation)
    return HostPicture(
        host=host["name"],
        observed_at=observed_at,
        complete=not reason,
        why_incomplete=reason,
        sightings=tuple(sightings(observation)),
        range_start=parse_mac(mac_range["start"]) if mac_range else None,
        range_end=parse_mac(mac_range["end"]) if mac_range else None,
        ipv4=tuple(host.get("ipv4") or ()),
        cluster=cluster.get("name") or "",
        cluster_nodes=tuple(node["name"] for node in cluster.get("nodes") or ()),
        owners=owner_map(cluster),
    )


def controller_picture(observation: Document, observed_at: int) -> HostPicture:
    """Return what the ledger keeps of a Network Controller's document: the addresses of its interfaces.

    It stands beside the hosts, under a name that no host can have.
    """
    interfaces = observation.get("network_interfaces")
    if isinstance(interfaces, Mapping):
        interfaces = [interfaces]  # PowerShell writes a list of one as its only element.
    reasons = [*(["interfaces not read"] if interfaces is None else []), *(observation.get("warnings") or ())]
    return HostPicture(
        host=f"{observation.get('name') or 'network_controller'} (Network Controller)",
        observed_at=observed_at,
        complete=not reasons,
        why_incomplete="; ".join(map(str, reasons)),
        sightings=tuple(
            Sighting(address, "interface", adapter_id=instance_id(item), adapter_name=name_of(item))
            for item in interfaces or ()
            if (address := address_of(item)) is not None
        ),
    )


def sightings(observation: Document) -> Iterator[Sighting]:
    """Yield who carries an address on a host; text that is no address is nobody's."""
    for vm in observation.get("vms") or ():
        replica = vm.get("replication_mode") in REPLICAS
        running = vm["state"] in RUNNING + SAVED
        for adapter in vm.get("adapters") or ():
            if is_mac(adapter["mac"]):
                yield _of_vm("replica" if replica else "vm", vm, adapter, running)
        for checkpoint in vm.get("checkpoints") or ():
            for adapter in checkpoint.get("adapters") or ():
                if is_mac(adapter["mac"]) and adapter["mac"] != NEVER_STARTED:
                    yield _of_vm("checkpoint", vm, adapter, False)
    for adapter in observation.get("host_adapters") or ():
        if is_mac(adapter["mac"]):
            yield Sighting(parse_mac(adapter["mac"]), "host", adapter_name=adapter["name"])
    for adapter in observation.get("physical_adapters") or ():
        for mac in dict.fromkeys((adapter.get("mac"), adapter.get("permanent_mac"))):
            if is_mac(mac):
                yield Sighting(parse_mac(mac), "physical", adapter_name=adapter["name"])


def _of_vm(kind: Any, vm: Document, adapter: Document, running: bool) -> Sighting:
    return Sighting(
        address=parse_mac(adapter["mac"]),
        kind=kind,
        vm_id=vm["id"],
        vm_name=vm["name"],
        adapter_id=adapter["id"],
        adapter_name=adapter["name"],
        dynamic=adapter["dynamic"],
        running=running,
    )


def summary(observation: Document) -> dict[str, Any]:
    """Return a few numbers for a reader who does not want the whole observation."""
    vms = observation.get("vms")
    return {
        "host": observation["host"]["name"],
        "observed_at": observation["observed_at"],
        "complete": not why_incomplete(observation),
        "warnings": list(observation.get("warnings") or ()),
        "range": observation.get("mac_range"),
        "vms": None if vms is None else len(vms),
        "adapters": None if vms is None else sum(len(vm.get("adapters") or ()) for vm in vms),
    }


def check_recordable(gather: Sequence[str], vms: Sequence[str] | None) -> None:
    """Refuse to record a part of a host: the ledger would take what was not asked for as gone.

    :raises MacPoolError: when some VMs only, or too few parts, are asked for
    """
    missing = [part for part in ("range", "vms", "checkpoints", *CARRIERS[1:]) if part not in gather]
    if vms is not None or missing:
        found = "some VMs only" if vms is not None else f"no {', '.join(missing)}"
        raise MacPoolError(
            "record: true", "an observation of the whole host", found, "Leave gather and vms out, or say record: false."
        )
