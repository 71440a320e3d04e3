# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRM listener for one host: HTTP with basic authentication, one port, open or shut like the host itself."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import soap
from .shells import Command, Shells

HOST = "127.0.0.1"


class _Cut(Exception):
    """Break the connection instead of answering."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, port: int, listener: Listener) -> None:
        self.listener = listener
        self.connections: set[socket.socket] = set()
        self.connections_lock = threading.Lock()
        self.dropped = False
        super().__init__((HOST, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.connections_lock:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self.connections_lock:
            self.connections.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        self.dropped = True
        with self.connections_lock:
            open_ones = list(self.connections)
        for connection in open_ones:
            reset(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


def reset(connection: socket.socket) -> None:
    """Close with RST, so that the other side sees a broken connection and not an orderly end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
    with contextlib.suppress(OSError):
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet an answer: header and body apart would wait for delayed acknowledgements
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Calls are kept in the lab's own log."""

    def do_POST(self) -> None:
        listener = self.server.listener
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.dropped:
            self._cut("reset")
        elif self.path.partition("?")[0] != "/wsman":
            self._reply(404, b"")
        elif not listener.knows(self.headers.get("Authorization")):
            self._reply(401, b"", {"WWW-Authenticate": 'Basic realm="WSMAN"'})
        else:
            try:
                status, answer = listener.answer(body)
            except _Cut as cut:
                self._cut(cut.how)
            else:
                self._reply(status, answer, {"Content-Type": "application/soap+xml;charset=UTF-8"})

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _cut(self, how: str) -> None:
        self.close_connection = True
        if how == "hang":
            self.server.listener.shells.closing.wait()
        if how == "close":
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        else:
            reset(self.connection)


class Listener:
    """One host's door. Its port stays its own while the door is shut, so that a connection is refused."""

    def __init__(self, shells: Shells, user: str, password: str) -> None:
        self.shells, self.user, self.password = shells, user, password
        self.port = 0
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._placeholder: socket.socket | None = None

    def open(self) -> None:
        with self._lock:
            if self._server:
                return
            if self._placeholder:
                self._placeholder.close()
                self._placeholder = None
            self._server = _Server(self.port, self)
            self.port = int(self._server.server_address[1])
            serve = threading.Thread(
                target=self._server.serve_forever,
                kwargs={"poll_interval": 0.1},
                name=f"winrm-{self.shells.host.name}",
                daemon=True,
            )
            serve.start()

    def shut(self) -> None:
        with self._lock:
            if not self._server:
                return
            self._server.shutdown()
            self._server.server_close()
            self._server.drop_connections()
            self._server = None
            self._placeholder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._placeholder.bind((HOST, self.port))

    def stop(self) -> None:
        """For good."""
        self.shells.closing.set()
        self.shut()
        with self._lock:
            if self._placeholder:
                self._placeholder.close()
                self._placeholder = None

    def knows(self, authorization: str | None) -> bool:
        scheme, _space, encoded = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, f"{self.user}:{self.password}".encode())

    def answer(self, body: bytes) -> tuple[int, bytes]:
        try:
            request = soap.parse(body)
        except soap.SoapError as problem:
            return 400, soap.envelope(None, soap.fault(soap.NO_SUCH_SHELL, str(problem)))
        status, out = self._act(request)
        return status, soap.envelope(request, out)

    def _act(self, request: soap.Request) -> tuple[int, str]:
        shells = self.shells
        if request.action == "Create":
            return 200, soap.created(shells.create())
        if request.action == "Delete":
            return (200, "") if shells.delete(request.shell) else _no_shell()
        if request.action == "Command":
            command = shells.command(request.shell)
            return (200, soap.command_started(command.id)) if command else _no_shell()
        command = shells.get(request.shell, request.command)
        if command is None:
            return (200, "<rsp:SignalResponse/>") if request.action == "Signal" else _no_shell()
        if request.action == "Send":
            return self._send(request, command)
        if request.action == "Receive":
            return self._receive(request, command)
        if request.action == "Signal":
            _raise_if_cut(command)
            shells.forget(request.shell, request.command)
            return 200, "<rsp:SignalResponse/>"
        return 500, soap.fault(soap.NO_SUCH_SHELL, f"the lab plays no {request.action}")

    def _send(self, request: soap.Request, command: Command) -> tuple[int, str]:
        command.stdin += request.stdin
        if request.end_of_input:
            self.shells.start(command)
            if command.lost:
                _raise_if_cut(command)
        return 200, "<rsp:SendResponse/>"

    def _receive(self, request: soap.Request, command: Command) -> tuple[int, str]:
        self.shells.start(command)
        if not self.shells.wait(command, request.operation_timeout):
            return 500, soap.fault(soap.TIMED_OUT, "The WS-Management service cannot complete the operation in time.")
        _raise_if_cut(command)
        answer = command.answer
        return 200, soap.output(command.id, answer.stdout, answer.stderr, answer.rc)


def _raise_if_cut(command: Command) -> None:
    if command.cut and command.done.is_set():
        raise _Cut(command.cut)


def _no_shell() -> tuple[int, str]:
    return 500, soap.fault(soap.NO_SUCH_SHELL, "The request contained invalid selectors for the resource.")
