# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Network Controller as the client under test sees it, with a clock that costs no time."""

from __future__ import annotations

import threading
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import Client, Connection
from tests.lab.lab import Lab

SUBNET = "/virtualNetworks/vnet-0001/subnets/subnet-0001"
Json = dict[str, Any]


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.now += seconds
            self.slept.append(seconds)

    def read(self) -> float:
        """Return the time."""
        return self.now


class Site:
    """One Network Controller and how to reach it."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.controller = lab, lab.controller
        self.time = Time()
        self.controller.clear_requests()

    def options(self, **changes: Any) -> Json:
        """Options that log on with user and password."""
        options = self.controller.options()
        basic = {key: options[key] for key in ("url", "username", "password", "ca_path")}
        return {**basic, "use_proxy": False, "wait_timeout": 60, **changes}

    def client(self, **changes: Any) -> Client:
        """A client whose pauses cost no time."""
        return Client(Connection.of(self.options(**changes)), sleep=self.time.sleep, now=self.time.read)

    def interfaces(self) -> dict[str, Json]:
        """The interfaces as the server has them, by name."""
        return {item["resourceId"]: item for item in self.controller.state()["networkInterfaces"]}

    def pools(self) -> dict[str, Json]:
        """The pools as the server has them, by name."""
        return {item["resourceId"]: item for item in self.controller.state()["macPools"]}

    def pool(self, name: str = "pool", start: str = "00-1D-D8-07-00-00", end: str = "00-1D-D8-07-00-FF") -> None:
        """Make a pool behind the client's back."""
        self.controller.put("macPools", name, {"startMacAddress": start, "endMacAddress": end})

    def interface(self, name: str, mac: str = "001DD8070A01", **properties: Any) -> Json:
        """Make an interface behind the client's back, with much that our tasks do not manage."""
        configuration = {
            "resourceId": "ip1",
            "properties": {
                "privateIPAddress": "192.168.33.50",
                "privateIPAllocationMethod": "Static",
                "subnet": {"resourceRef": SUBNET},
                "loadBalancerBackendAddressPools": [{"resourceRef": "/loadBalancers/lb1/backendAddressPools/p1"}],
            },
        }
        return self.controller.put(
            "networkInterfaces",
            name,
            {
                "privateMacAddress": mac,
                "privateMacAllocationMethod": "Static",
                "isPrimary": True,
                "internalDnsNameLabel": "kept",
                "portSettings": {"stormLimit": 7, "macSpoofingEnabled": "Disabled"},
                "ipConfigurations": [configuration],
                **properties,
            },
            tags={"owner": "somebody"},
        )

    def asked(self, method: str, collection: str = "networkinterfaces") -> list[Json]:
        """The requests of a method for a collection."""
        return [
            item
            for item in self.controller.requests()
            if item["method"] == method and f"/{collection}" in item["path"].casefold()
        ]

    def clean(self) -> None:
        """Leave nothing for the next test."""
        self.lab.faults.clear()
        self.controller.use_certificate("good")
        self.controller.set(settle_polls=1, page_size=100, retry_after=0)
        for name in self.interfaces():
            self.controller.delete("networkInterfaces", name)
        for name in self.pools():
            self.controller.delete("macPools", name)


def entry(name: str, **changes: Any) -> Json:
    """An entry of the option interfaces."""
    ip = {"name": "ip1", "ip_address": "192.168.33.20", "subnet": SUBNET}
    return {"name": name, "ip_configurations": [ip], **changes}
