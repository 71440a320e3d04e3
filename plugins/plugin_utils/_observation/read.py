# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns observation documents into one typed observation. Pure.

A key that is absent was not gathered; an empty list was read and has no entries. Documents come in any order and may
overlap: for each part of a host the newest document that has the part counts. No content of a document raises an error
here, because the rest of the cluster can still be audited: what cannot be used is described in words.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from ...module_utils._mac import Interval
from .._names import HostNames, host_key, name_key, plain_id
from .._text import mac, quoted
from .controllers import name_in, read_controller, without_repeats
from .model import (
    KINDS,
    REPLICAS,
    SCHEMA,
    UNUSABLE_FILE,
    Adapter,
    Carrier,
    Checkpoint,
    Cluster,
    Document,
    Group,
    Host,
    NetworkController,
    Observation,
    Vm,
)
from .values import is_list, items_of, mapping_of, parse_time, read_count, read_interval, read_mac, text_or_none

_REPLICA_KINDS = frozenset(mode.lower() for mode in REPLICAS)


@dataclass(slots=True)
class _Source:
    """A host's or a Network Controller's document before it is merged."""

    raw: Mapping[str, Any]
    name: str
    document: Document


def read_documents(documents: Iterable[Mapping[str, Any]], known_hosts: Iterable[str] = ()) -> Observation:
    """Return the observation that the documents give together.

    :param documents: observation documents in any order
    :param known_hosts: names from plan and ledger, so that short names and FQDNs of all sources are matched in the same way
    """
    listed: list[Document] = []
    sources: list[_Source] = []
    controllers: list[_Source] = []
    for raw in documents:
        _sort_in(raw, listed, sources, controllers)
    names = HostNames([*known_hosts, *(name for source in sources for name in _names_in(source))])
    grouped: dict[str, list[_Source]] = defaultdict(list)
    for source in sources:
        grouped[names.key(source.name)].append(source)
    hosts: dict[str, Host] = {}
    sightings: list[Vm] = []
    host_carriers: list[Carrier] = []
    clusters: dict[str, Cluster] = {}
    merged = [(key, _newest_first(group)) for key, group in sorted(grouped.items())]
    for key, group in merged:
        parts = _merge(group)
        host = _read_host(key, group, parts)
        hosts[key] = host
        host_carriers += _read_host_adapters(parts, host)
    # Oldest first, so that the newest document decides on a node's state.
    for key, group in sorted(merged, key=lambda item: (_instant(item[1][0].document), item[0])):
        _read_cluster(_merge(group), hosts[key], names, clusters)
    for key, group in merged:
        cluster = clusters.get(hosts[key].cluster or "")
        clustered_ids = cluster.owners.keys() if cluster else frozenset()
        vms = map(mapping_of, items_of(_merge(group).get("vms")))
        sightings += [_read_vm(raw, hosts[key], clustered_ids) for raw in vms]
    sightings.sort(key=_vm_order)
    return Observation(
        hosts=hosts,
        vms=_each_once(sightings, clusters),
        sightings=tuple(sightings),
        host_carriers=tuple(host_carriers),
        clusters=dict(sorted(clusters.items())),
        documents=tuple(sorted(listed, key=_document_order)),
        controllers=_read_controllers(controllers),
        names=names,
    )


def _sort_in(raw: object, listed: list[Document], sources: list[_Source], controllers: list[_Source]) -> None:
    if not isinstance(raw, Mapping):
        listed.append(Document("unknown", "", None, unusable=f"it is not a mapping but a {type(raw).__name__}"))
        return
    kind, observed_at = str(raw.get("kind")), parse_time(raw.get("observed_at"))
    host = raw.get("host")
    name = host.get("name") if isinstance(host, Mapping) else host
    document = Document(kind, name if isinstance(name, str) else "", observed_at)
    listed.append(document)
    document.warnings = tuple(str(item) for item in items_of(raw.get("warnings")))
    if raw.get("schema") != SCHEMA:
        document.unusable = f"its schema is {raw.get('schema')!r}, but this version reads {SCHEMA}"
    elif kind == UNUSABLE_FILE:
        document.unusable = str(raw.get("reason"))
        document.used = str(raw.get("used") or "")
    elif kind not in KINDS:
        document.unusable = f"its kind is {kind!r}, but this version knows only {', '.join(KINDS)}"
    elif kind == "network_controller":
        document.subject = name_in(raw)
        controllers.append(_Source(raw, document.subject, document))
    elif kind == "hyperv_host":
        if document.subject.strip():
            sources.append(_Source(raw, document.subject, document))
        else:
            document.unusable = "it does not name a host"


def _names_in(source: _Source) -> Iterator[str]:
    yield source.name
    cluster = mapping_of(source.raw.get("cluster"))
    for node in items_of(cluster.get("nodes")):
        if isinstance(mapping_of(node).get("name"), str):
            yield node["name"]
    for group in items_of(cluster.get("groups")):
        if isinstance(mapping_of(group).get("owner_node"), str):
            yield group["owner_node"]


def _newest_first(group: list[_Source]) -> list[_Source]:
    if len(group) > 1:
        # Equal times are ordered by content, so that the order of the files never matters.
        group.sort(key=lambda item: json.dumps(item.raw, sort_keys=True, default=str))
        group.sort(key=lambda item: _instant(item.document), reverse=True)
    return group


PARTS = ("mac_range", "cluster", "vms", "host_adapters", "physical_adapters", "switches", "container_networks")


def _has(raw: Mapping[str, Any], part: str) -> bool:
    """Tell whether a document has a part. Null means "none" for a range and a cluster, but "not read" for a list."""
    return part in raw and (part in ("mac_range", "cluster") or is_list(raw[part]))


def _merge(group: Sequence[_Source]) -> dict[str, Any]:
    """Return each part from the newest document that has it."""
    parts: dict[str, Any] = {"host": {}}
    for source in group:
        for part in PARTS:
            if part not in parts and _has(source.raw, part):
                parts[part] = source.raw[part]
        parts["host"] = {**mapping_of(source.raw.get("host")), **parts["host"]}
    return parts


def _read_host(key: str, group: Sequence[_Source], parts: Mapping[str, Any]) -> Host:
    seen: set[str] = set()
    contributing = []
    for source in group:
        own = {part for part in PARTS if _has(source.raw, part)}
        source.document.not_gathered = tuple(part for part in PARTS if part not in own)
        source.document.superseded = source is not group[0] and not own - seen
        seen |= own
        if not source.document.superseded:
            contributing.append(source.document)
    host_part = mapping_of(parts["host"])
    cluster = mapping_of(parts.get("cluster"))
    return Host(
        key=key,
        name=group[0].name.strip(),
        documents=tuple(contributing),
        hyperv=host_part.get("hyperv") is not False,
        ipv4=tuple(str(item) for item in items_of(host_part.get("ipv4"))),
        range=read_interval(parts.get("mac_range")),
        range_fault=_range_fault(mapping_of(parts.get("mac_range"))),
        cluster=host_key(str(cluster["name"])) if cluster.get("name") else None,
        cluster_name=str(cluster.get("name") or ""),
        observed_at=group[0].document.observed_at,
        gathered=frozenset(_gathered(parts, cluster)),
        local_switches=frozenset(_local_switches(parts)),
        container_pools=tuple(sorted(_container_pools(parts))),
    )


def _gathered(parts: Mapping[str, Any], cluster: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of a host that were read; a part with an unreadable entry was not."""
    for part in PARTS:
        if part not in parts:
            continue
        if part == "mac_range":
            is_read = parts[part] is None or read_interval(parts[part]) is not None
        else:
            is_read = part == "cluster" or _all_mappings(parts[part])
        if is_read:
            yield part
    if _all_mappings(cluster.get("groups")):
        yield "cluster_groups"
    vms = map(mapping_of, items_of(parts.get("vms")))
    if all("port_profile" in mapping_of(adapter) for vm in vms for adapter in items_of(vm.get("adapters"))):
        yield "port_profiles"


def _all_mappings(value: object) -> bool:
    return is_list(value) and all(isinstance(item, Mapping) for item in items_of(value))


def _range_fault(raw: Mapping[str, Any]) -> str:
    """Return why the first and last address in a document are not a range; empty if they are one or are missing."""
    start, end = raw.get("start"), raw.get("end")
    if start is None or end is None:
        return ""
    (first_text, first), (last_text, last) = read_mac(start), read_mac(end)
    if first is None or last is None:
        return f"from {quoted(str(first_text))} to {quoted(str(last_text))}, but these are not both MAC addresses"
    return f"from {mac(first)} to {mac(last)}, but the end is before the start" if first > last else ""


def _local_switches(parts: Mapping[str, Any]) -> Iterator[str]:
    for switch in map(mapping_of, items_of(parts.get("switches"))):
        if name_key(str(switch.get("type"))) in ("INTERNAL", "PRIVATE"):
            yield name_key(str(switch.get("name") or ""))


def _container_pools(parts: Mapping[str, Any]) -> Iterator[tuple[str, Interval]]:
    for network in map(mapping_of, items_of(parts.get("container_networks"))):
        for pool in items_of(network.get("mac_pools")):
            if (interval := read_interval(pool)) is not None:
                yield str(network.get("name") or network.get("id") or ""), interval


def _read_host_adapters(parts: Mapping[str, Any], host: Host) -> list[Carrier]:
    found = []
    for raw in map(mapping_of, items_of(parts.get("host_adapters"))):
        text, value = read_mac(raw.get("mac"))
        found.append(Carrier("host", host, str(raw.get("name") or ""), text, value, plain_id(raw.get("id"))))
        found[-1].switch = text_or_none(raw.get("switch"))
    for raw in map(mapping_of, items_of(parts.get("physical_adapters"))):
        text, value = read_mac(raw.get("mac") or raw.get("permanent_mac"))
        status = str(raw.get("status") or "Up").casefold()
        found.append(Carrier("physical", host, str(raw.get("name") or ""), text, value, running=status == "up"))
        found[-1].team = text_or_none(raw.get("team"))
        found[-1].burnt_in = read_mac(raw.get("permanent_mac"))[1]
    found.sort(key=lambda carrier: (carrier.kind, carrier.name.casefold(), carrier.id, carrier.value or 0))
    return found


def _read_cluster(parts: Mapping[str, Any], host: Host, names: HostNames, clusters: dict[str, Cluster]) -> None:
    raw = mapping_of(parts.get("cluster"))
    if host.cluster is None:
        return
    cluster = clusters.setdefault(host.cluster, Cluster(host.cluster, str(raw["name"])))
    cluster.nodes.setdefault(host.key, (host.name, "Up"))
    for node in map(mapping_of, items_of(raw.get("nodes"))):
        if isinstance(node.get("name"), str):
            cluster.nodes[names.key(node["name"])] = (node["name"], str(node.get("state") or "Up"))
    if raw.get("groups") is None:
        return
    groups = [_read_group(group) for group in map(mapping_of, items_of(raw["groups"]))]
    cluster.groups[host.key] = tuple(groups)
    for group in groups:
        if group.vm_id and group.node:
            cluster.owners.setdefault(group.vm_id, {}).setdefault(names.key(group.node), set()).add(host.key)
            cluster.names[group.vm_id] = group.name


def _read_group(raw: Mapping[str, Any]) -> Group:
    node = raw.get("owner_node")
    return Group(str(raw.get("name") or ""), plain_id(raw.get("vm_id")), node if isinstance(node, str) else "")


def _read_vm(raw: Mapping[str, Any], host: Host, clustered_ids: Set[str]) -> Vm:
    vm_id = plain_id(raw.get("id")) or None
    state = raw.get("state")
    mode = str(raw.get("replication_mode")).casefold()
    vm = Vm(
        host=host,
        id=vm_id,
        name=str(raw.get("name") or ""),
        state=str(state) if state is not None else None,
        clustered=raw.get("clustered") is True or vm_id in clustered_ids,
        replica_kind=mode if mode in _REPLICA_KINDS else "",
        not_read=tuple(_not_read(raw)),
        given_id=str(raw.get("id") or ""),
        generation=read_count(raw.get("generation")),
    )
    vm.adapters = tuple(
        _read_adapter(item, vm, "replica" if vm.replica else "vm")
        for item in map(mapping_of, items_of(raw.get("adapters")))
    )
    vm.checkpoints = tuple(_read_checkpoint(item, vm) for item in map(mapping_of, items_of(raw.get("checkpoints"))))
    return vm


def _not_read(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield which of a VM's adapters and checkpoints a document does not have, or has in a form that cannot be read."""
    if not _all_mappings(raw.get("adapters")):
        yield "adapters"
    checkpoints = raw.get("checkpoints")
    if not _all_mappings(checkpoints) or not all(_all_mappings(item.get("adapters")) for item in items_of(checkpoints)):
        yield "checkpoints"


def _read_checkpoint(raw: Mapping[str, Any], vm: Vm) -> Checkpoint:
    checkpoint = Checkpoint(plain_id(raw.get("id")), str(raw.get("name") or ""))
    found = (_read_adapter(item, vm, "checkpoint") for item in map(mapping_of, items_of(raw.get("adapters"))))
    checkpoint.adapters = tuple(replace(adapter, running=False, checkpoint=checkpoint) for adapter in found)
    return checkpoint


def _read_adapter(raw: Mapping[str, Any], vm: Vm, kind: str) -> Adapter:
    text, value = read_mac(raw.get("mac"))
    dynamic, profile = raw.get("dynamic"), mapping_of(raw.get("port_profile"))
    return Adapter(
        kind=kind,
        host=vm.host,
        name=str(raw.get("name") or ""),
        text=text,
        value=value,
        id=plain_id(raw.get("id")),
        given_id=str(raw.get("id") or ""),
        dynamic=dynamic if isinstance(dynamic, bool) else None,
        switch=text_or_none(raw.get("switch")),
        vlan=mapping_of(raw.get("vlan")),
        spoofing=raw.get("spoofing") is True,
        running=vm.running,
        profile_id=plain_id(profile.get("profile_id")),
        profile_data=read_count(profile.get("profile_data")),
        profile_known="port_profile" in raw,
        vm=vm,
    )


def _each_once(sightings: Sequence[Vm], clusters: Mapping[str, Cluster]) -> tuple[Vm, ...]:
    """Return each VM once: of a VM that moved between two reads, the sighting that was read last."""
    chosen: dict[tuple[Any, ...], Vm] = {}
    for vm in sightings:
        other = chosen.get(vm.identity)
        if other is None or _trust(vm, clusters) > _trust(other, clusters):
            chosen[vm.identity] = vm
    return tuple(sorted(chosen.values(), key=_vm_order))


def _vm_order(vm: Vm) -> tuple[Any, ...]:
    return (vm.host.key, vm.id or "", vm.name.casefold(), vm.name)


def _trust(vm: Vm, clusters: Mapping[str, Cluster]) -> tuple[Any, ...]:
    cluster = clusters.get(vm.host.cluster or "")
    owners = cluster.owners.get(vm.id or "", {}) if cluster else {}
    seen = vm.host.observed_at.timestamp() if vm.host.observed_at else 0.0
    return (seen, vm.host.key in owners, vm.running, vm.host.key)


def _read_controllers(sources: Sequence[_Source]) -> tuple[NetworkController, ...]:
    names = HostNames(source.name for source in sources)
    known = {names.key(source.name) for source in sources if source.name}
    # A saved answer does not name its controller: if only one controller was observed, it belongs to that one.
    unnamed = next(iter(known)) if len(known) == 1 else ""
    grouped: dict[str, list[_Source]] = defaultdict(list)
    for source in sources:
        grouped[names.key(source.name) if source.name else unnamed].append(source)
    found = []
    for _key, group in sorted(grouped.items()):
        newest = [(source.raw, source.document) for source in _newest_first(group)]
        found.append(read_controller(next((source.name for source in group if source.name), ""), newest))
    found.sort(key=lambda item: _instant(item.documents[0]), reverse=True)
    return without_repeats(found)


def _instant(document: Document) -> float:
    return document.observed_at.timestamp() if document.observed_at else 0.0


def _document_order(document: Document) -> tuple[Any, ...]:
    return (document.kind, document.subject.casefold(), _instant(document), document.subject, document.unusable or "")
