# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world behind listeners: what tests start in their own process and `serve` starts for others."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from .control import Control
from .faults import Faults
from .files import write_private
from .inventory import inventory
from .model import Clock, Host, World
from .network_controller import NetworkController
from .seed import DEFAULT_HOSTS, DEFAULT_SEED, DEFAULT_VMS, build
from .shells import CallLog, Shells
from .winrm import HOST, Listener

USER = "lab-administrator"
FILES = ("inventory.yml", "lab.json", "control.json")


@dataclass(frozen=True)
class Endpoint:
    """How to reach one host."""

    name: str
    address: str
    port: int
    scheme: str
    user: str
    password: str


class Lab:
    """Serves from `start` to `stop`, also as a context manager."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self.log = CallLog()
        self.controller = NetworkController(world, self.faults)
        self.token = secrets.token_urlsafe(24)
        self.control = Control(world, self.controller, self.faults, self.log, self.token)
        self._listeners = {
            name: Listener(Shells(world, self.faults, self.log, host), USER, secrets.token_urlsafe(18))
            for name, host in world.hosts.items()
        }
        world.on_reachable.append(self._open_or_shut)

    @classmethod
    def seeded(cls, hosts: int = DEFAULT_HOSTS, vms: int = DEFAULT_VMS, seed: int = DEFAULT_SEED) -> Lab:
        lab = cls(build(hosts, vms, seed, Clock()))
        lab.controller.seed()
        return lab

    def start(self) -> Lab:
        for listener in self._listeners.values():
            listener.open()
        for host in self.world.hosts.values():
            self._open_or_shut(host)
        self.controller.open()
        self.control.open()
        return self

    def stop(self) -> None:
        doors = [listener.stop for listener in self._listeners.values()]
        with ThreadPoolExecutor(max_workers=len(doors) + 2) as pool:  # each waits for its own thread to notice
            for done in [pool.submit(stop) for stop in (*doors, self.controller.stop, self.control.stop)]:
                done.result()

    def __enter__(self) -> Lab:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _open_or_shut(self, host: Host) -> None:
        listener = self._listeners[host.name]
        if host.up and host.reachable:
            listener.open()
        else:
            listener.shut()

    @property
    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint(name, HOST, listener.port, "http", listener.user, listener.password)
            for name, listener in self._listeners.items()
        ]

    @property
    def control_url(self) -> str:
        return f"http://{HOST}:{self.control.port}"

    def description(self) -> dict[str, Any]:
        """What lab.json says, but for the place of the client's certificate."""
        return {
            "hosts": [vars(endpoint) for endpoint in self.endpoints],
            "network_controller": self.controller.options(),
        }

    def write_files(self, directory: Path) -> None:
        """inventory.yml, lab.json, control.json and what clients of the Network Controller need: they hold passwords, so only their owner may read them."""
        options = self.controller.write_files(directory)
        by_certificate = {key: value for key, value in options.items() if key not in ("username", "password")}
        hosts = [vars(endpoint) for endpoint in self.endpoints]
        write_private(directory, "inventory.yml", inventory(hosts, by_certificate))
        write_private(directory, "control.json", {"url": self.control_url, "token": self.token})
        write_private(directory, "lab.json", {**self.description(), "network_controller": options})

    def remove_files(self, directory: Path) -> None:
        """Passwords that open nothing any more; another lab that took the directory over keeps its own."""
        try:
            theirs = json.loads((directory / "control.json").read_text(encoding="utf-8"))["token"]
        except FileNotFoundError:
            return
        if theirs == self.token:
            for name in FILES:
                (directory / name).unlink(missing_ok=True)
            self.controller.remove_files(directory)
