# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A client for the Network Controller's REST interface. For internal use by this collection only.

Reads are repeated until they succeed; a write is sent once. If the answer to a write is lost, the caller finds out its
result by reading. Absence is believed only if the Network Controller itself reports it. The formats are those of facts 55
to 77.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
import time
import urllib.error
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urljoin, urlsplit

from ansible.module_utils.urls import MissingModuleError, open_url

from ._errors import MacPoolError
from ._ids import plain_id

Resource = dict[str, Any]
T = TypeVar("T")

API = "/networking/v"
"""Version 1 has MAC pools and network interfaces; later ones add other resources (fact 55)."""
DISCOVERY = "/networking/discovery"
_NEEDS_VERSION = re.compile(r"LessThanV(\d+)$", re.IGNORECASE)
"""How error codes end that only a newer version lifts, such as LnetDynamicAllocationBlockedIfLessThanV6."""
_VERSIONS = re.compile(r"/networking/v\d+", re.IGNORECASE)
BASIC, CERTIFICATE, KERBEROS, NONE = "basic", "certificate", "kerberos", "none"
_LOST = (502, 504)
"""A proxy has no answer of the server: while the primary moves to another node, for example."""
_POLL_PAUSES = (0.25, 5.0)
"""Between two reads of something that is changing: the first pause and the longest, in seconds."""
_RETRY_PAUSES = (1.0, 15.0)
"""Before a request is repeated: seven retries take a minute, in which the service can move to another node."""
_LONGEST_BODY = 1 << 28


@dataclass(frozen=True)
class Connection:
    """How to reach a Network Controller; times are in seconds."""

    url: str
    auth: str = NONE
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_cert: str | None = None
    client_key: str | None = None
    ca_path: str | None = None
    validate_certs: bool = True
    use_proxy: bool = True
    timeout: int = 30
    wait_timeout: int = 300
    retries: int = 7

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Connection:
        """Return the connection that a task's options describe.

        :raises MacPoolError: if they contradict each other
        """
        given = {item.name: options[item.name] for item in fields(cls) if options.get(item.name) not in (None, "")}
        logon = CERTIFICATE if "client_cert" in given else BASIC if "username" in given else NONE
        connection = cls(**{"auth": logon, **given, "url": base_url(options["url"])})
        needed = {BASIC: ("username", "password"), CERTIFICATE: ("client_cert",)}.get(connection.auth, ())
        if missing := [name for name in needed if name not in given]:
            found = f"no {' and no '.join(missing)}"
            raise MacPoolError(f"auth: {connection.auth}", " and ".join(needed), found, "Set the missing options.")
        return connection


def base_url(text: str) -> str:
    """Return scheme, host and port of a Network Controller's address, with or without the path of its interface.

    :raises MacPoolError: if it is not an https address, or contains a user or password
    """
    # The message does not repeat the address, because it may contain a password.
    subject = "url of the Network Controller"
    if secrets_in(text):
        wanted = "an address without user, password, query or fragment"
        remedy = "Set the options username and password instead."
        raise MacPoolError(subject, wanted, "an address with one of these", remedy)
    try:
        parts = urlsplit(text.strip())
        parts.port  # noqa: B018  (reading it is what checks it)
    except ValueError:
        wanted = "an address such as https://nc.example.com or https://nc.example.com:443"
        found = "an address whose host or port cannot be read"
        raise MacPoolError(subject, wanted, found, "Fix the host and the port.") from None
    path = parts.path.rstrip("/").casefold()
    if (
        parts.scheme.casefold() != "https"
        or not parts.hostname
        or not (path in ("", "/networking") or _VERSIONS.fullmatch(path))
    ):
        wanted = "https:// and the name of its REST interface, such as https://nc.example.com"
        found = f"scheme {parts.scheme or 'none'!r}, host {parts.hostname or 'none'!r}, path {parts.path!r}"
        remedy = "Set the address that Get-NetworkController shows as RestName."
        raise MacPoolError(subject, wanted, found, remedy)
    return f"https://{parts.netloc}"


def secrets_in(url: object) -> set[str]:
    """Return what must not be shown of an address: a user with a password, a query, a fragment; empty if it has none.

    A password may contain every character that has a meaning in an address, so everything up to the last @ counts.
    """
    text = str(url or "").strip()
    user, at, rest = text.partition("//")[2].rpartition("@") if "//" in text else text.rpartition("@")
    found = {user, unquote(user)} if at else set()
    found |= {rest.partition(mark)[2] for mark in "?#"}
    return found - {""}


class NetworkControllerError(MacPoolError):
    """The Network Controller cannot be reached or refused the request.

    ``code`` is the error code of the server, if any; ``touched`` tells that something may have been written before.
    """

    code = ""
    touched = False


class NotFound(NetworkControllerError):
    """The resource does not exist."""


class PreconditionFailed(NetworkControllerError):
    """The resource was changed after it was read (412)."""


class VersionRaised(NetworkControllerError):
    """The request needs a newer REST version, which is used from now on; the caller must read before it continues."""


class Busy(NetworkControllerError):
    """The server asks for a retry later (429, 503), or failed to answer a read (500)."""

    retry_after: float | None = None


class Interrupted(NetworkControllerError):
    """No answer came, so it is unknown whether the server executed the request."""


@dataclass(frozen=True)
class Answer:
    """What the server answered: header names in lower case, and the body as JSON; None for an empty one."""

    status: int
    headers: Mapping[str, str]
    body: Any


Send = Callable[..., Any]


class Client:
    """Talks to one Network Controller; may be used by several threads at once.

    :param send: what sends a request, with the parameters of ``ansible.module_utils.urls.open_url``
    """

    def __init__(
        self,
        connection: Connection,
        send: Send = open_url,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        self.version = 1
        self._send = send
        self._sleep = sleep
        self._now = now
        # open_url shares its handlers between threads, but the state of a Kerberos logon belongs to one request.
        self._in_turn = threading.Lock() if connection.auth == KERBEROS else nullcontext()

    @property
    def subject(self) -> str:
        """The Network Controller for messages."""
        return f"Network Controller {self.connection.url}"

    # --- reading ------------------------------------------------------------------------------------------------------

    def get(self, path: str) -> Resource | None:
        """Return a resource; None if it does not exist.

        :param path: below the version, such as ``networkInterfaces/web01_eth0`` (see :func:`path_of`)
        """
        try:
            return self._resource(self.patiently(lambda: self.ask("GET", path)), path)
        except NotFound:
            return None

    def all_of(self, collection: str) -> list[Resource]:
        """Return all resources of a collection, page by page.

        :raises NetworkControllerError: also for 404, because every version has the collections that are read here
        """
        return [resource for page in self._pages(collection) for resource in page]

    def _pages(self, collection: str) -> Iterator[list[Resource]]:
        address, seen = collection, set()
        while address:
            seen.add(address)
            answer = self.patiently(lambda: self.ask("GET", address))  # noqa: B023  (called before it changes)
            body = self._resource(answer, collection)
            page = member(body, "value")
            if page is None and body and not set(map(str.casefold, body)) - {"value", "nextlink"}:
                page = []  # a link without a list: an empty collection, as some versions send it
            if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
                raise self._unreadable(collection, "no list of resources")
            yield page
            address = member(body, "nextLink") or ""
            if not isinstance(address, str) or address in seen:
                raise self._unreadable(collection, f"an invalid link to the next page: {address!r}")

    def patiently(self, read: Callable[[], T]) -> T:
        """Run something that only reads, and repeat it while the server is busy or the connection breaks."""
        began = self._now()
        for attempt in range(self.connection.retries + 1):
            try:
                return read()
            except (Busy, Interrupted) as problem:
                if attempt == self.connection.retries:
                    if attempt:
                        problem.problem += f" ({attempt + 1} attempts in {self._now() - began:.0f} s)"
                    raise
                self.pause(attempt, problem)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def pause(self, attempt: int, problem: NetworkControllerError | None = None) -> None:
        """Wait before the next attempt: as long as the server asks for, otherwise a little longer each time.

        :param problem: the reason for the next attempt; None: it is another read of something that is changing
        :raises Busy: if the server asks for a longer wait than the task allows
        """
        if isinstance(problem, Busy) and problem.retry_after is not None:
            if problem.retry_after > self.connection.wait_timeout:
                raise problem
            self._sleep(problem.retry_after)
            return
        first, longest = _POLL_PAUSES if problem is None else _RETRY_PAUSES
        self._sleep(min(first * 2.0 ** min(attempt, 16), longest))

    def until(self, what: str, look: Callable[[], T | None]) -> T:
        """Read repeatedly until there is a result.

        :param what: what is waited for, as it continues the words "expected"
        :raises NetworkControllerError: when ``wait_timeout`` is over
        """
        deadline = self._now() + self.connection.wait_timeout
        attempt = 0
        while (found := look()) is None:
            if self._now() >= deadline:
                raise NetworkControllerError(
                    self.subject,
                    f"{what} within {self.connection.wait_timeout} s",
                    "that it has not happened yet",
                    "Check the Network Controller, then run again: completed steps are found and kept."
                    " If it is only slow, raise wait_timeout.",
                    problem=f"{self.subject}: timed out after {self.connection.wait_timeout} s while waiting for {what}",
                )
            self.pause(attempt)
            attempt += 1
        return found

    # --- writing ------------------------------------------------------------------------------------------------------

    def put(self, path: str, body: Mapping[str, Any], etag: str | None) -> Answer:
        """Create or replace a resource, once.

        :param etag: refuse if the resource has another one by now; None: it is new
        :raises PreconditionFailed, Busy, Interrupted, VersionRaised: then the caller must read before it continues
        """
        try:
            return self.ask("PUT", path, body, etag)
        except NetworkControllerError as refusal:
            needed = _NEEDS_VERSION.search(refusal.code)
            if needed is None or int(needed[1]) <= self.version:
                raise
            offered = self.offered_version()
            if offered < int(needed[1]):
                raise NetworkControllerError(
                    refusal.subject,
                    f"REST version {needed[1]}, which this request needs",
                    f"version {offered}: {refusal.found}",
                    f"Update the Network Controller to a release that offers version {needed[1]}, or do without the setting.",
                ) from None
            self.version = offered
            raise VersionRaised(refusal.subject, refusal.wanted, refusal.found, refusal.remedy) from None

    def offered_version(self) -> int:
        """Return the newest REST version that the Network Controller offers; 1 if it does not tell."""
        try:
            answer = self.patiently(lambda: self.ask("GET", DISCOVERY))
        except NotFound:
            return 1
        told = str(member(properties_of(answer.body), "currentRestVersion") or "")
        return int(told[1:]) if re.fullmatch(r"[vV]\d{1,4}", told) else 1

    def delete(self, path: str, etag: str | None) -> Answer:
        """Ask for the removal of a resource, once; raises as :meth:`put` does, and NotFound."""
        return self.ask("DELETE", path, None, etag)

    # --- one request --------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, etag: str | None = None) -> Answer:
        """Send one request and return the answer.

        :param path: below the version, or an address that the server gave
        """
        address = self._address(path)
        headers = {"Accept": "application/json", "x-ms-client-request-id": str(uuid.uuid4())}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=UTF-8"
        if etag is not None:
            headers["If-Match"] = etag
        data = None if body is None else json.dumps(body).encode()
        with self._in_turn:
            return self._exchange(method, address, path, headers, data)

    def _address(self, path: str) -> str:
        """Return the address of a path, or of a link of the server, on the server of the option url.

        A Network Controller may use another name for itself than its clients, and the credentials are for this server only.
        """
        parts = urlsplit(urljoin(f"{self.connection.url}{API}{self.version}/", path))
        return f"{self.connection.url}{parts.path}{f'?{parts.query}' if parts.query else ''}"

    def _exchange(self, method: str, address: str, path: str, headers: Mapping[str, str], data: bytes | None) -> Answer:
        connection = self.connection
        named = connection.auth in (BASIC, KERBEROS)
        try:
            response = self._send(
                address,
                data=data,
                headers=dict(headers),
                method=method,
                use_proxy=connection.use_proxy,
                timeout=connection.timeout,
                validate_certs=connection.validate_certs,
                url_username=connection.username if named else None,
                url_password=connection.password if named else None,
                force_basic_auth=connection.auth == BASIC,
                use_gssapi=connection.auth == KERBEROS,
                client_cert=connection.client_cert if connection.auth == CERTIFICATE else None,
                client_key=connection.client_key if connection.auth == CERTIFICATE else None,
                ca_path=connection.ca_path,
                follow_redirects="none",
                use_netrc=False,
            )
            return self._read(response, path)
        except urllib.error.HTTPError as error:
            raise self._said_no(method, path, error) from None
        except MissingModuleError as error:
            remedy = "Install the Python library gssapi on the machine where the task runs, or use another auth."
            raise NetworkControllerError(self.subject, "a Kerberos logon", str(error), remedy) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._broken(method, path, error) from error

    def _read(self, response: Any, path: str) -> Answer:
        text = response.read(_LONGEST_BODY)
        headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
        status = int(getattr(response, "status", None) or response.getcode())
        if not text.strip():
            return Answer(status, headers, None)
        try:
            return Answer(status, headers, json.loads(text))
        except ValueError:
            raise self._unreadable(path, f"{_shown(text)}, which is not JSON") from None

    def _said_no(self, method: str, path: str, error: urllib.error.HTTPError) -> NetworkControllerError:
        status, body = error.code, _body_of(error)
        reason = error_of(body)
        found = f"{status} {reason or error.reason}"
        kind: type[NetworkControllerError] = NetworkControllerError
        if status in (401, 403):
            remedy = (
                "Check auth and the credentials: the account or certificate must be one that the Network Controller"
                " accepts (Get-NetworkController shows ClientAuthentication and ClientSecurityGroup)."
            )
        elif status == 404 and reason:
            kind, remedy = NotFound, "Check the name and the url."
        elif status == 404:
            found += ", without the error that a Network Controller sends"
            remedy = (
                "Another server, such as a proxy, answers at this url. Set url to the address of the REST interface."
            )
        elif status == 412:
            kind = PreconditionFailed
            remedy = "Another client is changing it at the same time. Find out which, then run again."
        elif status in (429, 503):
            kind, remedy = Busy, "The server is overloaded. Run again later, or raise retries."
        elif status == 500 and method == "GET":
            kind, remedy = Busy, "Look for the cause on the Network Controller, then run again, or raise retries."
        elif status in _LOST:
            kind, remedy = Interrupted, "Wait until the Network Controller answers, then run again, or raise retries."
        elif 300 <= status < 400:
            remedy = f"The server redirects to {error.headers.get('Location')!r}. Set url to the address of the REST interface."
        else:
            remedy = "Fix the cause that the server names, then run again."
        subject = f"{self.subject}, {path}"
        refusal = kind(subject, f"an answer to {method}", found, remedy, f"{subject}: {method} failed: {found}")
        refusal.code = reason.partition(":")[0]
        if isinstance(refusal, Busy):
            refusal.retry_after = retry_after({name.lower(): value for name, value in error.headers.items()})
        return refusal

    def _broken(self, method: str, path: str, error: Exception) -> NetworkControllerError:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            found = str(getattr(cause, "verify_message", None) or cause)
            problem = f"{self.subject}: its certificate is not trusted: {found}"
            remedy = _certificate_remedy(found)
            return NetworkControllerError(self.subject, "a trusted certificate", found, remedy, problem)
        unusable = _unusable_file(self.connection)
        if unusable or (isinstance(cause, ssl.SSLError) and any(word in str(cause) for word in ("PEM", "X509"))):
            found, subject = unusable or str(cause), f"{self.subject}, client certificate or CA"
            wanted = "PEM files that can be read on the machine where the task runs"
            problem = f"{self.subject}: cannot use the client certificate, its key or the CA certificate: {found}"
            remedy = "Check client_cert, client_key and ca_path."
            return NetworkControllerError(subject, wanted, found, remedy, problem)
        found, problem = f"a broken connection: {cause}", f"{self.subject}, {path}: no answer to {method}: {cause}"
        remedy = (
            "Check the url, and that the machine where the task runs can reach the REST interface. Then run again:"
            " completed steps are found and kept."
        )
        return Interrupted(f"{self.subject}, {path}", f"an answer to {method}", found, remedy, problem)

    def _resource(self, answer: Answer, path: str) -> Resource:
        if isinstance(answer.body, dict):
            return answer.body
        raise self._unreadable(path, "an answer that is not a JSON object")

    def _unreadable(self, path: str, found: str) -> NetworkControllerError:
        remedy = "Check that url is the REST interface of a Network Controller, and that no proxy answers instead."
        return NetworkControllerError(f"{self.subject}, {path}", "an answer of a Network Controller", found, remedy)


def _unusable_file(connection: Connection) -> str:
    """Return which file of a connection cannot be read, and why; empty if all can."""
    used = ["ca_path", *(["client_cert", "client_key"] if connection.auth == CERTIFICATE else [])]
    for option in used:
        path = getattr(connection, option)
        try:
            if path:
                Path(path).open("rb").close()
        except OSError as error:
            return f"{option} {path}: {error.strerror}"
    return ""


def _certificate_remedy(message: str) -> str:
    if "expired" in message:
        return "Renew the certificate of the Network Controller's REST interface."
    if "mismatch" in message or "doesn't match" in message or "not valid for" in message:
        return "Use the name in the certificate as url (RestName), or give the interface a certificate for this name."
    return (
        "Set ca_path to the certificate of the authority that signed it (for a self-signed certificate, to the"
        " certificate itself), or set validate_certs: false (not recommended)."
    )


def _body_of(error: urllib.error.HTTPError) -> Any:
    try:
        return json.loads(error.read(_LONGEST_BODY))
    except (OSError, ValueError, http.client.HTTPException, AttributeError):
        return None


def _shown(text: bytes) -> str:
    shown = ascii(text[:80].decode("utf-8", "replace"))
    return shown if len(text) <= 80 else f"{shown} ..."


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the server asks to wait; None if this is not a number (fact 75)."""
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def error_of(body: Any) -> str:
    """Return the server's error as text: code, message, target and each detail (fact 77); empty if there is none."""
    error = member(body, "error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return ""
    words = _code_and_message(error)
    if target := member(error, "target"):
        words += f" (target {target})"
    details = member(error, "details")
    listed = [_code_and_message(item) for item in details or () if isinstance(item, Mapping)]
    inner = member(error, "innerError")
    if inner:
        listed.append(_code_and_message(inner) if isinstance(inner, Mapping) else str(inner))
    return "; ".join(filter(None, [words, *listed])).rstrip(".")


def _code_and_message(error: Mapping[str, Any]) -> str:
    return ": ".join(str(part) for part in (member(error, "code"), member(error, "message")) if part)


def member(mapping: Any, name: str) -> Any:
    """Return a member whatever the case of its name: the server's own spelling varies (fact 62)."""
    if not isinstance(mapping, Mapping):
        return None
    if name in mapping:
        return mapping[name]
    wanted = name.casefold()
    return next((value for key, value in mapping.items() if str(key).casefold() == wanted), None)


def properties_of(resource: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the properties of a resource."""
    found = member(resource, "properties")
    return found if isinstance(found, Mapping) else {}


def state_of(resource: Mapping[str, Any] | None) -> str:
    """Return the provisioning state, such as Succeeded; empty if the server does not show it."""
    return str(member(properties_of(resource), "provisioningState") or "")


def instance_id(resource: Mapping[str, Any] | None) -> str:
    """Return the instance id in lower case and without braces, as ids are compared."""
    return plain_id(member(resource, "instanceId"))


def etag_of(resource: Mapping[str, Any] | None) -> str | None:
    """Return the version of a resource, for If-Match."""
    found = member(resource, "etag")
    return str(found) if found else None


def path_of(collection: str, name: str) -> str:
    """Return the path of a resource; its name is data and stays one segment of the path (law 8)."""
    return f"{collection}/{quote(name, safe='')}"


def name_of(resource: Mapping[str, Any]) -> str:
    """Return the resource id, which is the name that users gave it."""
    return str(member(resource, "resourceId") or "")


def checked_name(value: str, subject: str) -> str:
    """Return the name of a resource.

    :raises MacPoolError: if no resource can have that name
    """
    if (
        value.strip() in ("", ".", "..")
        or value != value.strip()
        or not value.isprintable()
        or set(value) & set("/\\?#%")
    ):
        wanted = "the name of a resource, without / \\ ? # % or surrounding blanks"
        raise MacPoolError(subject, wanted, repr(value), "Fix the name.")
    return value


def named(resources: Iterable[Resource], names: Sequence[str] | None) -> list[Resource]:
    """Return the resources of these names, or all of them, in the order of their names; letter case does not count."""
    wanted = None if names is None else {name.casefold() for name in names}
    found = [item for item in resources if wanted is None or name_of(item).casefold() in wanted]
    return sorted(found, key=lambda item: (name_of(item).casefold(), name_of(item)))
