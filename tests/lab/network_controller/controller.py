# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Network Controller as tests hold it: how to reach it, what it was asked, how to move and break it."""

from __future__ import annotations

import secrets
import tempfile
import threading
from pathlib import Path
from typing import Any

from ..faults import Faults
from ..model import World, WorldError
from ..winrm import HOST
from .errors import RestError
from .https import Server
from .requests_log import RequestsLog
from .resources import COLLECTIONS
from .seeding import add_networks, add_tenants
from .service import Service
from .store import Store
from .tls import CLIENT_FILES, Certificates

Json = dict[str, Any]

VERBS = ("nc_put", "nc_delete", "nc_seed", "nc_settle", "nc_set", "nc_certificate")


class NetworkController:
    """Serves from `open` to `stop`; its certificates live in a directory of its own until then."""

    def __init__(self, world: World, faults: Faults) -> None:
        self.store = Store()
        self.service = Service(world, self.store, faults, RequestsLog())
        self.username, self.password = "lab-nc-administrator", secrets.token_urlsafe(18)
        self._server: Server | None = None
        self._files: dict[str, str] = {}
        self.store.time = world.clock.utc()
        add_networks(self.store, world)

    # -- the door

    def open(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="macpool-lab-nc-")
        self._directory = Path(self._temporary.name)
        self._certificates = Certificates()
        self._files = self._certificates.write(self._directory)
        context = self._certificates.context("good", self._directory)
        self._server = Server(self.service, context, self.username, self.password)
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="lab-nc", daemon=True
        ).start()

    def stop(self) -> None:
        self.service.closing.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.drop_connections()
            self._server = None
            self._temporary.cleanup()

    @property
    def server(self) -> Server:
        if self._server is None:
            raise RuntimeError("the lab has not been started")
        return self._server

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.server.port}"

    @property
    def ca_path(self) -> str:
        return self._files["ca_path"]

    @property
    def client_cert(self) -> str:
        return self._files["client_cert"]

    @property
    def client_key(self) -> str:
        return self._files["client_key"]

    def options(self) -> Json:
        """How a client reaches it; leave out what is not to be used."""
        return {"url": self.url, "username": self.username, "password": self.password, **self._files}

    def write_files(self, directory: Path) -> Json:
        """The client's files in this directory too; the same options with their paths there."""
        return {**self.options(), **self._certificates.write(directory)}

    def remove_files(self, directory: Path) -> None:
        for name in CLIENT_FILES:
            (directory / name).unlink(missing_ok=True)

    def use_certificate(self, kind: str) -> None:
        """good, expired, or other_ca, for connections from now on; open ones are cut."""
        self.server.context = self._certificates.context(kind, self._directory)
        self.server.drop_connections()

    # -- what it was asked and what it has

    def requests(self) -> list[Json]:
        return self.service.log.entries()

    def clear_requests(self) -> None:
        self.service.log.clear()

    def state(self) -> Json:
        """All resources by collection, as a GET would show them now; provisioning does not go on by that."""
        seen = self.service.carriers()
        with self.store.lock:
            return {
                collection: [self.store.shown(resource, seen) for resource in self.store.all(collection)]
                for collection in COLLECTIONS
            }

    # -- another client, and the switches

    def do(self, verb: str, **arguments: Any) -> Any:
        """A verb by its name, as the control API asks for it."""
        if verb not in VERBS:
            raise WorldError(f"there is no verb {verb!r}; known: {', '.join(VERBS)}")
        try:
            return getattr(self, verb.removeprefix("nc_"))(**arguments)
        except (TypeError, ValueError) as problem:
            raise WorldError(f"{verb}: {problem}") from problem

    def put(self, collection: str, name: str, properties: Json, settle: bool = True, **envelope: Any) -> Json:
        """A PUT by somebody else, provisioned at once unless told otherwise."""
        seen = self.service.carriers()
        with self.store.lock:
            try:
                _status, resource = self.store.put(collection, name, {**envelope, "properties": properties})
            except RestError as problem:
                raise WorldError(f"{problem.code}: {problem.message} {list(problem.details)}") from problem
            if settle:
                self.store.finish(resource)
            return self.store.shown(resource, seen)

    def delete(self, collection: str, name: str) -> bool:
        """A DELETE by somebody else, done at once; False: there was nothing."""
        with self.store.lock:
            try:
                operation = self.store.delete(collection, name)
            except RestError as problem:
                raise WorldError(f"{problem.code}: {problem.message}") from problem
            if operation is None:
                return False
            self.store.finish(operation.resource)
            return True

    def seed(self) -> None:
        """Pool and interfaces of the data."""
        with self.store.lock:
            add_tenants(self.store)

    def settle(self) -> None:
        """End everything that is on its way."""
        with self.store.lock:
            for resource in list(self.store.everything()):
                if resource.state in ("Updating", "Deleting"):
                    self.store.finish(resource)

    def set(self, **settings: int) -> None:
        """settle_polls, page_size, retry_after."""
        known = {"settle_polls": self.store, "page_size": self.service, "retry_after": self.service}
        for name, value in settings.items():
            if name not in known or value < (1 if name == "page_size" else 0):
                raise ValueError(f"{name} cannot be {value}; known: {', '.join(known)}")
            setattr(known[name], name, value)

    def certificate(self, kind: str) -> None:
        self.use_certificate(kind)
