# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the Network Controller that owes nothing to the collection's: plain requests, PascalCase paths."""

from __future__ import annotations

from typing import Any

import requests

from .network_controller import NetworkController

Json = dict[str, Any]

SUBNET = {"resourceRef": "/virtualNetworks/vnet-0001/subnets/subnet-0001"}
PATHS = {"macPools": "MacPools", "networkInterfaces": "NetworkInterfaces"}


class Bystander:
    def __init__(self, controller: NetworkController) -> None:
        self.url = controller.url
        self.session = requests.Session()
        self.session.trust_env = False  # proxies and CA bundles of the machine
        self.session.verify = controller.ca_path
        self.session.auth = (controller.username, controller.password)

    def ask(self, method: str, path: str, body: Any = None, **headers: str | None) -> requests.Response:
        """`path` below /Networking/v1, or a whole address. Headers: `_` for `-`; None leaves one out."""
        sent: dict[str, str | bytes] = {} if body is None else {"Content-Type": "application/json; charset=UTF-8"}
        for name, value in headers.items():
            sent.pop(name.replace("_", "-"), None)
            if value is not None:
                sent[name.replace("_", "-")] = value
        address = path if path.startswith("https:") else f"{self.url}/Networking/v1/{path}"
        return self.session.request(method, address, json=body, headers=sent, timeout=30)

    def put(self, collection: str, name: str, properties: Json, **headers: str | None) -> requests.Response:
        return self.ask("PUT", f"{PATHS[collection]}/{name}", {"properties": properties}, **headers)

    def get(self, collection: str, name: str) -> Json:
        answer = self.ask("GET", f"{PATHS[collection]}/{name}")
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def settled(self, collection: str, name: str) -> Json:
        """Polls until provisioning has ended."""
        for _poll in range(50):
            found = self.get(collection, name)
            if found["properties"]["provisioningState"] not in ("Updating", "Deleting"):
                return found
        raise AssertionError(f"{collection}/{name} never ends")

    def pool(self, start: str, end: str, name: str = "p1") -> Json:
        self.put("macPools", name, {"startMacAddress": start, "endMacAddress": end}).raise_for_status()
        return self.settled("macPools", name)

    def interface(self, name: str = "n1", mac: str | None = None, **properties: Any) -> Json:
        """Static with an address, else dynamic; its only IP address is the subnet's."""
        body: Json = {"privateMacAllocationMethod": "Static" if mac else "Dynamic", **properties}
        if mac:
            body["privateMacAddress"] = mac
        body.setdefault("ipConfigurations", [ip()])
        self.put("networkInterfaces", name, body).raise_for_status()
        return self.settled("networkInterfaces", name)

    def remove(self, collection: str, name: str) -> int:
        """Deletes and follows the operation to its end; the last status."""
        answer = self.ask("DELETE", f"{PATHS[collection]}/{name}")
        location = answer.headers.get("Location")
        while answer.status_code == 202:
            assert location
            answer = self.ask("GET", location)
        return answer.status_code


def ip(address: str = "192.168.33.50", name: str = "ip1", **more: Any) -> Json:
    properties = {"privateIPAddress": address, "privateIPAllocationMethod": "Static", "subnet": SUBNET, **more}
    return {"resourceId": name, "properties": properties}
