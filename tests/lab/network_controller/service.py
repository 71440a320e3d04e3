# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to its answer: paths, headers, faults. No sockets here."""

from __future__ import annotations

import json
import threading
import urllib.parse
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..faults import Fault, Faults
from ..model import World
from .carriers import carriers
from .errors import NOT_FOUND, RestError, invalid
from .requests_log import RequestsLog
from .resources import COLLECTIONS, FAILED, SUCCEEDED, Failure, Resource
from .store import Carriers, Store, nested

Json = dict[str, Any]

HOST = "network-controller"
ROOT = "/networking/v1"
VERSION = "v5"
_INSTANCES = "internalResourceInstances"


@dataclass
class Request:
    """`headers` by lower-case name; `base` is scheme and authority as the client wrote them."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    base: str


@dataclass
class Answer:
    status: int
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Place:
    """Where a path points: a collection, a resource of it, the rest below that."""

    collection: str
    name: str | None
    rest: list[str]


class Service:
    """`page_size` of lists; `retry_after` seconds that a DELETE and its operation ask for."""

    def __init__(self, world: World, store: Store, faults: Faults, log: RequestsLog) -> None:
        self.world, self.store, self.faults, self.log = world, store, faults, log
        self.page_size, self.retry_after = 100, 0
        self.closing = threading.Event()

    def carriers(self) -> Carriers:
        with self.world.lock:
            found = carriers(self.world)
            self.store.time = self.world.clock.utc()
        return found

    def answer(self, request: Request, known: bool) -> Answer:
        """`known`: the client has shown who it is."""
        url = urllib.parse.urlsplit(request.target)
        path = url.path
        entry = self.log.add(
            {
                "method": request.method,
                "path": urllib.parse.unquote(path),
                "query": url.query,
                "status": None,
                "if_match": request.headers.get("if-match"),
                "content_type": request.headers.get("content-type"),
                "body": _readable(request.body),
            }
        )
        if known:
            answer = self._played(request, path, urllib.parse.parse_qs(url.query))
        else:
            answer = Answer(401, headers={"WWW-Authenticate": 'Basic realm="NetworkController"'})
        answer.headers.setdefault("x-ms-request-id", str(uuid.uuid4()))
        if request.headers.get("x-ms-return-client-request-id", "").lower() == "true":
            answer.headers["x-ms-client-request-id"] = request.headers.get("x-ms-client-request-id", "")
        if not answer.cut:
            entry["status"] = answer.status
        return answer

    def _played(self, request: Request, path: str, query: Mapping[str, list[str]]) -> Answer:
        """With the faults that fit around the work."""
        place = _place(path)
        matched = {"method": request.method, "collection": place.collection, "name": place.name} if place else {}
        if not matched:
            matched = {"method": request.method, "collection": "", "name": ""}
        hang = self._take("nc_hang", matched)
        if hang:
            self.closing.wait(float(hang.details["seconds"]))
        if self._take("nc_reset_before", matched):
            return Answer(0, cut=True)
        status = self._take("nc_status", matched)
        if status and not status.details.get("after"):
            return _refusal(status)
        try:
            answer = self._work(request, path, place, query, matched)
        except RestError as problem:
            answer = Answer(problem.status, problem.body())
        if status:
            answer = _refusal(status)
        answer.cut = self._take("nc_reset_after", matched) is not None
        return answer

    def _take(self, kind: str, matched: Json) -> Fault | None:
        return self.faults.take(kind, HOST, "", False, **matched)

    # -- the work

    def _work(
        self, request: Request, path: str, place: Place | None, query: Mapping[str, list[str]], matched: Json
    ) -> Answer:
        parts = _parts(path)
        words = [part.lower() for part in parts]
        seen = self.carriers()
        with self.store.lock:
            if request.method == "GET" and words == ["networking", "discovery"]:
                return Answer(200, {"properties": {"currentRestVersion": VERSION}})
            if len(words) >= 3 and words[0] == "networking" and _is_version(words[1]) and request.method == "GET":
                if words[2] == _INSTANCES.lower() and len(parts) <= 4:
                    return self._instances(parts[3] if len(parts) == 4 else None)
                if words[2] in ("operationresults", "operations") and len(parts) == 4:
                    return self._operation(request, parts[3], result=words[2] == "operationresults")
            if place is None:
                raise RestError(404, NOT_FOUND, f"There is nothing at {path}.", path)
            if request.method == "GET":
                return self._get(request, place, query, seen)
            if place.name is None or place.rest or request.method not in ("PUT", "DELETE"):
                raise RestError(405, "MethodNotAllowed", f"{request.method} is not possible at {path}.", path)
            slow = self._take("nc_slow", matched)
            fail = self._take("nc_fail", matched)
            slower = int(slow.details["polls"]) if slow else 0
            if request.method == "PUT":
                return self._put(request, place, matched, slower, _failure(fail), seen)
            return self._delete(request, place, slower, _failure(fail))

    def _get(self, request: Request, place: Place, query: Mapping[str, list[str]], seen: Carriers) -> Answer:
        if place.name is None:
            return self._list(request, place.collection, query, seen)
        resource = self.store.look(place.collection, place.name)
        body = self.store.shown(resource, seen)
        if not place.rest:
            return Answer(200, body, {"ETag": resource.etag})
        part = nested(body, place.rest)
        if part is None:
            raise RestError(404, NOT_FOUND, f"The resource {'/'.join([resource.ref, *place.rest])} was not found.")
        if isinstance(part, list):
            return Answer(200, {"value": part, "nextLink": ""})
        return Answer(200, part, {"ETag": part["etag"]} if "etag" in part else {})

    def _list(self, request: Request, collection: str, query: Mapping[str, list[str]], seen: Carriers) -> Answer:
        """The token is the number of the last resource shown, so that nothing is skipped when one goes meanwhile."""
        token = next((value[0] for key, value in query.items() if key.lower() == "$skiptoken"), "0")
        if not token.isdecimal():
            raise invalid("$skipToken", f"{token!r} is no token of this server.")
        left = [resource for resource in self.store.all(collection) if resource.number > int(token)]
        page, more = left[: self.page_size], len(left) > self.page_size
        shown = [self.store.shown(resource, seen) for resource in page if self.store.advance(resource)]
        link = f"{request.base}{ROOT}/{collection}?%24skipToken={page[-1].number}" if more else ""
        return Answer(200, {"value": shown, "nextLink": link})

    def _put(
        self, request: Request, place: Place, matched: Json, slower: int, ending: Failure | None, seen: Carriers
    ) -> Answer:
        assert place.name is not None
        kind, _semicolon, parameters = request.headers.get("content-type", "").lower().partition(";")
        if kind.strip() != "application/json" or parameters.strip().replace('"', "") != "charset=utf-8":  # fact 73
            raise RestError(415, "UnsupportedMediaType", "Content-Type must be application/json; charset=UTF-8.")
        try:
            body = json.loads(request.body.decode("utf-8"))
        except ValueError:
            raise invalid("body", "The body is not JSON.") from None
        conflict = self._take("nc_conflict", matched)
        if conflict:
            self.store.touch(place.collection, place.name, conflict.details.get("properties"))
        status, resource = self.store.put(
            place.collection, place.name, body, request.headers.get("if-match"), slower, ending
        )
        return Answer(status, self.store.shown(resource, seen), {"ETag": resource.etag})

    def _delete(self, request: Request, place: Place, slower: int, ending: Failure | None) -> Answer:
        assert place.name is not None
        operation = self.store.delete(place.collection, place.name, request.headers.get("if-match"), slower, ending)
        if operation is None:
            return Answer(204)
        root = f"{request.base}{ROOT}"
        headers = {
            "Location": f"{root}/operationResults/{operation.id}",
            "Azure-AsyncOperation": f"{root}/operations/{operation.id}",
            "Retry-After": str(self.retry_after),
            "x-ms-request-id": operation.id,  # fact 75
        }
        return Answer(202, None, headers)

    def _operation(self, request: Request, identifier: str, *, result: bool) -> Answer:
        """operationResults answers like the DELETE itself would, operations tells a status."""
        operation = self.store.follow(identifier)
        wait = {"Retry-After": str(self.retry_after)}
        failure = operation.failure
        error = RestError(500, failure.code, failure.message, details=failure.details).body() if failure else None
        if not result:
            status = "InProgress" if not operation.done else FAILED if failure else SUCCEEDED
            told = error if error and operation.done else {}
            return Answer(200, {"status": status, **told}, {} if operation.done else wait)
        if not operation.done:
            return Answer(202, None, {"Location": f"{request.base}{ROOT}/operationResults/{operation.id}", **wait})
        return Answer(500, error) if error else Answer(204)

    def _instances(self, identifier: str | None) -> Answer:
        """The way back from an instance id (fact 57). The members are the lab's guess: no document shows an answer."""
        found = [
            _instance(resource)
            for resource in self.store.everything()
            if identifier is None or resource.instance_id.lower() == identifier.strip("{}").lower()
        ]
        if identifier is None:
            return Answer(200, {"value": found, "nextLink": ""})
        if not found:
            raise RestError(404, NOT_FOUND, f"There is no instance {identifier}.", f"/{_INSTANCES}/{identifier}")
        return Answer(200, found[0])


def _instance(resource: Resource) -> Json:
    return {
        "resourceId": resource.instance_id,
        "resourceRef": f"/{_INSTANCES}/{resource.instance_id}",
        "instanceId": resource.instance_id,
        "properties": {"resourceRef": resource.ref, "provisioningState": SUCCEEDED},
    }


def _is_version(word: str) -> bool:
    return word in ("v1", "v2", "v3", "v4", "v5")


def _parts(path: str) -> list[str]:
    return [urllib.parse.unquote(part) for part in path.split("/") if part]


def _place(path: str) -> Place | None:
    parts = _parts(path)
    if len(parts) < 3 or parts[0].lower() != "networking" or not _is_version(parts[1].lower()):
        return None
    collection = next((name for name in COLLECTIONS if name.lower() == parts[2].lower()), None)
    return Place(collection, parts[3] if len(parts) > 3 else None, parts[4:]) if collection else None


def _readable(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _failure(fault: Fault | None) -> Failure | None:
    if fault is None:
        return None
    details = [(str(one["code"]), str(one["message"])) for one in fault.details.get("details", [])]
    return Failure(
        fault.details.get("code", "ProvisioningFailed"),
        fault.details.get("message", "The lab was told to fail."),
        details,
    )


def _refusal(fault: Fault) -> Answer:
    details = fault.details
    error = RestError(
        int(details["status"]), details.get("code", "LabFault"), details.get("message", "The lab was told to refuse.")
    )
    wait = details.get("retry_after")
    return Answer(error.status, error.body(), {} if wait is None else {"Retry-After": str(wait)})
