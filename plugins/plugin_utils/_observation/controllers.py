# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network Controllers as their documents describe them, typed. Pure; no content of a document raises an error here.

The server's spelling of property names varies (fact 62), so case never matters here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ...module_utils._nc_interface import infrastructure_of
from .._names import plain_id
from .model import Document, Interface, NcPool, NetworkController, _label
from .values import folded, items_of, read_count, read_interval, read_mac

PARTS = ("mac_pools", "network_interfaces")
_SUCCESS = "success"


def name_in(raw: Mapping[str, Any]) -> str:
    """Return the name of the controller in a document; empty if it has none."""
    name, url = raw.get("name"), raw.get("url")
    if isinstance(name, str) and name.strip():
        return name.strip()
    try:
        return urlsplit(url).hostname or "" if isinstance(url, str) else ""
    except ValueError:
        return ""


def read_controller(name: str, sources: Sequence[tuple[Mapping[str, Any], Document]]) -> NetworkController:
    """Return one controller; for each part the newest document that has it counts.

    :param sources: all documents of the controller, newest first
    """
    parts: dict[str, Any] = {}
    contributing = []
    for place, (raw, document) in enumerate(sources):
        own = [part for part in PARTS if part in raw and part not in parts]
        parts.update((part, raw[part]) for part in own)
        document.not_gathered = tuple(part for part in PARTS if part not in raw)
        document.superseded = place > 0 and not own
        if not document.superseded:
            contributing.append(document)
    resources = {part: items_of(parts.get(part)) for part in PARTS}
    pools = [pool for item in resources["mac_pools"] if (pool := _read_pool(item, _label(name))) is not None]
    mappings = (item for item in resources["network_interfaces"] if isinstance(item, Mapping))
    interfaces = [_read_interface(item, _label(name)) for item in mappings]
    _note_how_long(interfaces, sources)
    known = [interface for interface in interfaces if interface.instance_id]
    return NetworkController(
        name=name,
        documents=tuple(contributing),
        pools=tuple(sorted(pools, key=lambda pool: (pool.interval, pool.name.casefold(), pool.name))),
        interfaces=tuple(sorted(interfaces, key=lambda item: (item.name.casefold(), item.instance_id, item.name))),
        not_gathered=tuple(part for part in PARTS if part not in parts),
        unreadable=sum(map(len, resources.values())) - len(pools) - len(known),
    )


def _note_how_long(interfaces: Sequence[Interface], sources: Sequence[tuple[Mapping[str, Any], Document]]) -> None:
    """Note at each interface for how long the documents show it unsettled, without a break."""
    pictures = [(raw, document) for raw, document in sources if "network_interfaces" in raw and document.observed_at]
    waiting = {item.instance_id: item for item in interfaces if item.instance_id and not item.settled}
    if not pictures or (newest := pictures[0][1].observed_at) is None:
        return
    for raw, document in pictures[1:]:
        if not waiting or document.observed_at is None:
            return
        items = [item for item in items_of(raw["network_interfaces"]) if isinstance(item, Mapping)]
        earlier = {plain_id(folded(item).get("instanceid")): item for item in items}
        still = {key for key in waiting if key in earlier and not _read_interface(earlier[key], "").settled}
        waiting = {key: item for key, item in waiting.items() if key in still}
        for item in waiting.values():
            item.unsettled_for = newest - document.observed_at


def without_repeats(controllers: Iterable[NetworkController]) -> tuple[NetworkController, ...]:
    """Leave out what is already in another document of the same controller under another name.

    :param controllers: newest first; an instance id is unique in the world
    """
    seen: set[str] = set()
    found = []
    for controller in controllers:
        pools = [pool for pool in controller.pools if _is_new(pool.instance_id, seen)]
        interfaces = [interface for interface in controller.interfaces if _is_new(interface.instance_id, seen)]
        found.append(replace(controller, pools=tuple(pools), interfaces=tuple(interfaces)))
    return tuple(sorted(found, key=lambda item: (item.name.casefold(), item.name)))


def _is_new(instance_id: str, seen: set[str]) -> bool:
    if instance_id and instance_id in seen:
        return False
    seen.add(instance_id)
    return True


def _read_pool(item: object, controller: str) -> NcPool | None:
    resource = folded(item)
    properties = folded(resource.get("properties"))
    interval = read_interval(properties, "startmacaddress", "endmacaddress")
    if interval is None:
        return None
    usage = folded(properties.get("usage"))
    return NcPool(
        controller=controller,
        name=_resource_id(resource),
        instance_id=plain_id(resource.get("instanceid")),
        interval=interval,
        size=read_count(usage.get("numberofmacaddresses")) or interval.size,
        allocated=read_count(usage.get("numberofmacaddressesallocated")),
        state=_text(properties.get("provisioningstate")),
    )


def _read_interface(item: object, controller: str) -> Interface:
    resource = folded(item)
    properties = folded(resource.get("properties"))
    text, value = read_mac(properties.get("privatemacaddress") or None)
    configuration = folded(properties.get("configurationstate"))
    causes = _causes(configuration)
    status = _text(configuration.get("status"))
    return Interface(
        controller=controller,
        name=_resource_id(resource),
        instance_id=plain_id(resource.get("instanceid")),
        text=text,
        value=value,
        method=_text(properties.get("privatemacallocationmethod")),
        infrastructure=infrastructure_of(resource),
        state=_text(properties.get("provisioningstate")),
        status=status or ("Failure" if causes else ""),
        causes=causes,
        server=_text(folded(properties.get("server")).get("resourceref")).rstrip("/").rpartition("/")[2],
        vsid=next(filter(None, map(_vsid_in, items_of(properties.get("ipconfigurations")))), None),
    )


def _causes(configuration: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    details = map(folded, items_of(configuration.get("detailedinfo")))
    found = dict.fromkeys((_text(item.get("code")), _text(item.get("message"))) for item in details)
    return tuple(cause for cause in found if cause[0].casefold() not in ("", _SUCCESS))


def _resource_id(resource: Mapping[str, Any]) -> str:
    return _text(resource.get("resourceid")) or _text(resource.get("resourceref")).rstrip("/").rpartition("/")[2]


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _vsid_in(configuration: object) -> int | None:
    """Look for the virtual subnet id beside the subnet or inside it."""
    outer = folded(folded(configuration).get("properties"))
    inner = folded(folded(outer.get("subnet")).get("properties"))
    for name in ("virtualsubnetid", "vsid"):
        for place in (outer, inner):
            if (vsid := read_count(place.get(name))) is not None:
                return vsid
    return None
