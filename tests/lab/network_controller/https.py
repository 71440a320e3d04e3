# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door: TLS with an optional client certificate, or basic authentication (fact 78)."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..winrm import HOST, reset
from .service import Answer, Request, Service

_HANDSHAKE_SECONDS = 30


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, service: Service, context: ssl.SSLContext, username: str, password: str) -> None:
        self.service, self.context = service, context
        self.basic = f"{username}:{password}".encode()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((HOST, 0), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        """The handshake waits for the connection's own thread: a slow client must not stop the others."""
        plain, address = super().get_request()
        secured = self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections.add(secured)
        return secured, address

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            request.settimeout(_HANDSHAKE_SECONDS)
            request.do_handshake()
            request.settimeout(None)
        except (OSError, AttributeError, ValueError):  # a client that trusts nobody; a socket closed meanwhile
            self.shutdown_request(request)
            return
        super().process_request_thread(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def drop_connections(self) -> None:
        with self._lock:
            open_ones = list(self._connections)
        for connection in open_ones:
            reset(connection)

    def knows(self, connection: Any, authorization: str | None) -> bool:
        """The TLS layer has verified a client certificate if there is one."""
        if connection.getpeercert():
            return True
        scheme, _space, encoded = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, self.basic)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are kept in the lab's own log."""

    def version_string(self) -> str:
        return "Microsoft-HTTPAPI/2.0"

    def _serve(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        base = f"https://{self.headers.get('Host') or f'{HOST}:{server.port}'}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body, base)
        known = server.knows(self.connection, self.headers.get("Authorization"))
        answer = server.service.answer(request, known)
        if answer.cut or server.service.closing.is_set():
            self.close_connection = True
            reset(self.connection)
        else:
            with contextlib.suppress(OSError):  # a client that did not wait
                self._send(answer)

    def _send(self, answer: Answer) -> None:
        data = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if data:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if answer.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_PUT = do_DELETE = do_POST = do_PATCH = _serve
