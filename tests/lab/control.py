# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own door for tests: look at the world, move it, break it. JSON over HTTP on this machine, with a token."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .faults import FaultError, Faults
from .model import World, WorldError
from .network_controller import NetworkController
from .shells import CallLog
from .winrm import HOST

Json = dict[str, Any]


class Control:
    """GET /state, /log, /requests, /fault; POST /verb {"verb", "arguments"}, /fault {"kind", ...}; DELETE /log, /requests, /fault."""

    def __init__(self, world: World, controller: NetworkController, faults: Faults, log: CallLog, token: str) -> None:
        self.world, self.controller, self.faults, self.log, self.token = world, controller, faults, log, token
        self._routes: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "/state"): lambda body: {**world.to_dict(), "network_controller": controller.state()},
            ("GET", "/log"): lambda body: log.entries(),
            ("GET", "/requests"): lambda body: controller.requests(),
            ("GET", "/fault"): lambda body: faults.waiting(),
            ("POST", "/verb"): self._verb,
            ("POST", "/fault"): self._fault,
            ("DELETE", "/log"): lambda body: log.clear(),
            ("DELETE", "/requests"): lambda body: controller.clear_requests(),
            ("DELETE", "/fault"): lambda body: faults.clear(),
        }
        self._server = _Server((HOST, 0), _Handler)
        self._server.control = self
        self.port = int(self._server.server_address[1])

    def open(self) -> None:
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.1}, name="lab-control", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _verb(self, body: Json) -> Any:
        verb = str(body.get("verb"))
        do = self.controller.do if verb.startswith("nc_") else self.world.do
        return do(verb, **body.get("arguments", {}))

    def _fault(self, body: Json) -> Any:
        if "kind" not in body:
            raise FaultError("a fault needs a kind")
        return self.faults.add(body.pop("kind"), **body).id

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> tuple[int, Any]:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
            return 401, {"error": "the token is in control.json beside lab.json"}
        route = self._routes.get((method, path))
        if route is None:
            known = ", ".join(f"{verb} {where}" for verb, where in self._routes)
            return 404, {"error": f"there is no {method} {path}; known: {known}"}
        try:
            given = json.loads(body) if body else {}
            if not isinstance(given, dict):
                raise ValueError("the body is no JSON object")
            return 200, {"result": route(given)}
        except (WorldError, ValueError, TypeError) as problem:
            return 400, {"error": str(problem)}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    control: Control


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing to say."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.server.control.answer(
            self.command, self.path.partition("?")[0], self.headers.get("Authorization", ""), body
        )
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_POST = do_DELETE = _serve
