# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand interfaces with nothing to change, against asking for each of them; and writing several at a time.

The Network Controller is the lab's, in this process and over real HTTPS. Requests are what a real one counts too; the
seconds are those of this machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import Client, Connection, path_of
from ansible_collections.macpool.hyperv.plugins.modules.nc_network_interface import work
from tests.lab.lab import Lab
from tests.lab.model import Clock, World

INTERFACES = 1000
CREATED = 60
FIRST = 0x221DD8_000000
SUBNET = "/logicalNetworks/vnet-pa-0001/subnets/pa-subnet-0001"
Json = dict[str, Any]


def run() -> list[str]:
    """Measure and return what was found, one line each."""
    with Lab(World(seed=1, clock=Clock(frozen=True))) as lab:
        return [*_unchanged(lab), *_creation(lab)]


def _client(lab: Lab) -> Client:
    options = lab.controller.options()
    basic = {key: options[key] for key in ("url", "username", "password", "ca_path")}
    return Client(Connection.of({**basic, "use_proxy": False}))


def _entry(name: str, number: int) -> Json:
    ip = {"name": "ip1", "allocation": "unmanaged", "subnet": SUBNET}
    return {"name": name, "mac_address": f"{FIRST + number:012X}", "ip_configurations": [ip]}


def _options(entries: list[Json], parallel: int = 4) -> Json:
    return {"interfaces": entries, "state": "present", "parallel": parallel, "managed_by": "auto"}


def _timed(lab: Lab, do: Callable[[], object]) -> tuple[float, int]:
    """Return the seconds that something took, and how many requests."""
    lab.controller.clear_requests()
    began = time.perf_counter()
    do()
    return time.perf_counter() - began, len(lab.controller.requests())


def _unchanged(lab: Lab) -> list[str]:
    entries = [_entry(f"vm{number}_Eth1", number) for number in range(INTERFACES)]
    for entry in entries:
        properties = {"privateIPAllocationMethod": "Unmanaged", "subnet": {"resourceRef": SUBNET}}
        lab.controller.put(
            "networkInterfaces",
            entry["name"],
            {
                "privateMacAddress": entry["mac_address"],
                "privateMacAllocationMethod": "Static",
                "isPrimary": True,
                "ipConfigurations": [{"resourceId": "ip1", "properties": properties}],
            },
        )
    client = _client(lab)

    def reconcile() -> None:
        if work(client, _options(entries), False)["changed"]:
            raise AssertionError("there was nothing to change")

    def one_by_one() -> None:
        for entry in entries:
            client.get(path_of("networkInterfaces", entry["name"]))

    seconds, requests = _timed(lab, reconcile)
    others, gets = _timed(lab, one_by_one)
    line = (
        f"{INTERFACES} interfaces, nothing to change: {requests} requests, {seconds:.2f} s;"
        f" with a GET for each: {gets} requests, {others:.2f} s, {others / seconds:.1f} times as long"
    )
    return [line]


def _creation(lab: Lab) -> list[str]:
    lines = []
    alone = 0.0
    for turn, parallel in enumerate((1, 4, 16)):
        first = INTERFACES + turn * CREATED
        entries = [_entry(f"new{number}_Eth1", number) for number in range(first, first + CREATED)]
        client = _client(lab)
        seconds, requests = _timed(lab, lambda: work(client, _options(entries, parallel), False))  # noqa: B023  (called at once)
        alone = alone or seconds
        lines.append(
            f"{CREATED} created, {parallel} at a time: {requests} requests, {seconds:.2f} s"
            f" ({seconds / alone:.2f} of one at a time)"
        )
    return lines
