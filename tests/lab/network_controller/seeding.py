# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Network Controller begins with."""

from __future__ import annotations

from typing import Any

from ..model import World
from .data import NETWORKS, guid, load
from .store import Store

Json = dict[str, Any]


def add_networks(store: Store, world: World) -> None:
    """Networks and servers of the data, and a server for every host of the world."""
    for collection in NETWORKS:
        for raw in load(collection):
            store.add(collection, raw)
    for host in world.hosts.values():
        if host.hyperv:
            store.add("servers", _server(host.name, host.ipv4))


def _server(name: str, ipv4: list[str]) -> Json:
    return {
        "resourceId": name,
        "instanceId": guid(f"server {name}"),
        "etag": f'W/"{guid(f"etag of server {name}")}"',
        "properties": {
            "connections": [{"credentialType": "X509Certificate", "managementAddresses": [*ipv4, name]}],
            "networkInterfaces": [],
        },
    }


def add_tenants(store: Store) -> None:
    """Pool and interfaces of the data; here no other program manages them, as it did where the data come from."""
    for collection in ("macPools", "networkInterfaces"):
        for raw in load(collection):
            store.add(collection, {key: value for key, value in raw.items() if key != "resourceMetadata"})


def interface_of(tenant: str) -> Json:
    return next(raw for raw in load("networkInterfaces") if raw["resourceId"] == tenant)
