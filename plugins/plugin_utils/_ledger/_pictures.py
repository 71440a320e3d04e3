# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger keeps of a host's observation document (schema 1). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import is_mac, is_multicast, parse_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._contract import (
    HostPicture,
    Sighting,
    SightingKind,
    from_iso,
)

REPLICAS = ("Replica", "ExtendedReplica")
NEEDED = ("mac_range", "cluster", "vms", "host_adapters", "physical_adapters")
"""Parts without which a document does not show everybody who carries an address."""


def picture_of(document: Mapping[str, Any], began: int | None = None) -> HostPicture:
    """Return what the ledger keeps of a document of kind ``hyperv_host``.

    :param began: the ledger's clock when the observation began; for a saved document its own time counts
    :raises MacPoolError: when it is no such document
    """
    host = document.get("host")
    name = host.get("name") if isinstance(host, Mapping) else None
    if document.get("schema") != 1 or document.get("kind") != "hyperv_host" or not isinstance(name, str) or not name:
        raise MacPoolError(
            "observation",
            "a document of kind hyperv_host, schema 1, with the host's name",
            f"kind {document.get('kind')!r}, schema {document.get('schema')!r}, host {name!r}",
            "Give what host_info or the observe playbook saved.",
        )
    assert isinstance(host, Mapping)
    mac_range = document.get("mac_range") or {}
    cluster = document.get("cluster") or {}
    missing = _missing(document)
    problems = [*map(str, document.get("warnings") or ()), *(f"{part} not read" for part in missing)]
    has_range = is_mac(mac_range.get("start")) and is_mac(mac_range.get("end"))
    return HostPicture(
        host=name,
        observed_at=began if began is not None else _time(document),
        complete=not problems,
        sightings=tuple(_sightings(document)),
        why_incomplete="; ".join(problems),
        range_start=parse_mac(mac_range["start"]) if has_range else None,
        range_end=parse_mac(mac_range["end"]) if has_range else None,
        ipv4=tuple(map(str, host.get("ipv4") or ())),
        cluster=str(cluster.get("name") or ""),
        cluster_nodes=tuple(str(node["name"]) for node in cluster.get("nodes") or () if node.get("name")),
    )


def _time(document: Mapping[str, Any]) -> int:
    try:
        return from_iso(str(document["observed_at"]))
    except (KeyError, ValueError):
        raise MacPoolError(
            f"observation of host {document['host']['name']!r}",
            "a time such as 2026-11-20T12:00:00Z as observed_at",
            repr(document.get("observed_at")),
            "Observe the host again.",
        ) from None


def _missing(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts that were not gathered: what is absent was not read, what is empty was read and is empty."""
    for part in NEEDED:
        if part not in document:
            yield part
    vms = document.get("vms") or ()
    if any("checkpoints" not in vm for vm in vms):
        yield "checkpoints"


def _sightings(document: Mapping[str, Any]) -> Iterator[Sighting]:
    for vm in document.get("vms") or ():
        is_replica = vm.get("replication_mode") in REPLICAS
        running = vm.get("state") not in (None, "Off")
        adapters = vm.get("adapters") or ()
        yield from _of_vm(vm, adapters, "replica" if is_replica else "vm", running=running)
        if not adapters:
            # It carries nothing, but it is there: its name is not free for another VM.
            yield Sighting(0, "vm", str(vm.get("id") or "").lower(), str(vm.get("name") or ""))
        for checkpoint in vm.get("checkpoints") or ():
            yield from _of_vm(vm, checkpoint.get("adapters") or (), "checkpoint", running=False)
    for adapter in document.get("host_adapters") or ():
        if (address := _address(adapter.get("mac"))) is not None:
            yield Sighting(address, "host", adapter_id=str(adapter.get("id") or ""), adapter_name=_name(adapter))
    for adapter in document.get("physical_adapters") or ():
        carried = {_address(adapter.get(field)) for field in ("mac", "permanent_mac")}
        for address in sorted(address for address in carried if address is not None):
            yield Sighting(address, "physical", adapter_name=_name(adapter))


def _of_vm(
    vm: Mapping[str, Any], adapters: Iterable[Mapping[str, Any]], kind: SightingKind, *, running: bool
) -> Iterator[Sighting]:
    for adapter in adapters:
        yield Sighting(
            # Text that is no address carries none, but its adapter is there.
            _address(adapter.get("mac")) or 0,
            kind,
            str(vm.get("id") or "").lower(),
            str(vm.get("name") or ""),
            str(adapter.get("id") or ""),
            _name(adapter),
            bool(adapter.get("dynamic")),
            running,
        )


def _name(adapter: Mapping[str, Any]) -> str:
    return str(adapter.get("name") or "")


def _address(value: object) -> int | None:
    """Return the address that a document spells; None for zeros, multicast and text that is none."""
    if not is_mac(value):
        return None
    address = parse_mac(value)
    return None if address == 0 or is_multicast(address) else address
