# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All resources and how they change. Callers hold `lock`; time is counted in looks at a resource, not in seconds."""

from __future__ import annotations

import copy
import itertools
import threading
import uuid
from collections.abc import Iterator
from typing import Any

from . import interfaces, pools
from .allocation import Allocator, bounds
from .carriers import Carrier
from .errors import CONFLICT, NOT_FOUND, PRECONDITION, RestError, invalid
from .formats import canonical
from .resources import COLLECTIONS, DELETING, FAILED, SUCCEEDED, UPDATING, Failure, Operation, Resource

Json = dict[str, Any]
Carriers = dict[str, list[Carrier]]

_READ_ONLY = ("provisioningState", "configurationState", "server", "usage")
_ENVELOPE = ("tags", "resourceMetadata")
_POOLS, _INTERFACES = "macPools", "networkInterfaces"


class Store:
    """`settle_polls`: how many GETs still say Updating or Deleting; `now`: how the clock is read."""

    def __init__(self, settle_polls: int = 1) -> None:
        self.lock = threading.RLock()
        self.settle_polls = settle_polls
        self.allocator = Allocator()
        self.operations: dict[str, Operation] = {}
        self._numbers = itertools.count(1)
        self._resources: dict[str, dict[str, Resource]] = {name: {} for name in COLLECTIONS}
        self.time = ""

    # -- looking

    def all(self, collection: str) -> list[Resource]:
        return list(self._resources[collection].values())

    def everything(self) -> Iterator[Resource]:
        for collection in COLLECTIONS:
            yield from self.all(collection)

    def peek(self, collection: str, name: str) -> Resource | None:
        return self._resources[collection].get(name.lower())

    def look(self, collection: str, name: str) -> Resource:
        """As a GET does: provisioning goes on meanwhile (fact 76)."""
        found = self.peek(collection, name)
        if found is None or not self.advance(found):
            raise RestError(
                404, NOT_FOUND, f"The resource /{collection}/{name} was not found.", f"/{collection}/{name}"
            )
        return found

    def find(self, reference: str) -> Json | None:
        """What a resourceRef names, without case; parts of a resource too."""
        parts = [part for part in reference.split("/") if part]
        collection = next((name for name in COLLECTIONS if parts and name.lower() == parts[0].lower()), None)
        if collection is None or len(parts) < 2:
            return None
        resource = self.peek(collection, parts[1])
        if resource is None:
            return None
        entry = {"resourceId": resource.id, "resourceRef": resource.ref, "properties": resource.properties}
        part = nested(entry, parts[2:])
        return part if isinstance(part, dict) else None

    def shown(self, resource: Resource, carriers: Carriers) -> Json:
        properties = copy.deepcopy(resource.properties)
        if resource.collection == _POOLS:
            properties = pools.shown(resource, self.allocator)
        elif resource.collection == _INTERFACES:
            properties = interfaces.shown(resource, carriers.get(resource.instance_id.lower(), []))
        if resource.failure and resource.state == FAILED:
            properties["configurationState"] = resource.failure.state()
        properties["provisioningState"] = resource.state
        return {
            "resourceId": resource.id,
            "resourceRef": resource.ref,
            "instanceId": resource.instance_id,
            "etag": resource.etag,
            **copy.deepcopy(resource.envelope),
            "properties": properties,
        }

    # -- changing

    def put(
        self,
        collection: str,
        name: str,
        body: Any,
        if_match: str | None = None,
        slower: int = 0,
        ending: Failure | None = None,
    ) -> tuple[int, Resource]:
        """201 or 200, and the resource, which is `Updating` now."""
        existing = self.peek(collection, name)
        self._match(existing, if_match, f"/{collection}/{name}")
        if existing is not None and existing.state == DELETING:
            raise RestError(409, CONFLICT, f"The resource {existing.ref} is being deleted.", existing.ref)
        given = canonical(body)
        if not isinstance(given, dict) or not isinstance(given.get("properties"), dict):
            raise invalid("properties", "The body is no object with properties.")
        if str(given.get("resourceId") or name).lower() != name.lower():
            raise invalid("resourceId", f"The body names {given['resourceId']!r}, the address {name!r}.")
        properties = {key: value for key, value in given["properties"].items() if key not in _READ_ONLY}
        properties = self._checked(collection, properties, existing)
        if existing is None:
            resource = Resource(next(self._numbers), collection, name, properties)
            self._resources[collection][name.lower()] = resource
        else:
            resource = existing
            resource.properties = properties
        resource.envelope = {key: given[key] for key in _ENVELOPE if given.get(key) is not None}
        resource.state, resource.polls = UPDATING, self.settle_polls + slower
        resource.ending, resource.failure = ending, None
        self._stamp(resource)
        return (200 if existing else 201), resource

    def _checked(self, collection: str, properties: Json, existing: Resource | None) -> Json:
        if collection == _POOLS:
            return pools.checked(properties, existing, [pool for pool in self.all(_POOLS) if pool is not existing])
        if collection == _INTERFACES:
            return interfaces.checked(properties, existing, self.find)
        return properties

    def delete(
        self, collection: str, name: str, if_match: str | None = None, slower: int = 0, ending: Failure | None = None
    ) -> Operation | None:
        """None: there was nothing to delete (fact 74)."""
        resource = self.peek(collection, name)
        if resource is None:
            return None
        self._match(resource, if_match, resource.ref)
        if collection == _POOLS:
            pools.refuse_in_use(resource, self.all(_INTERFACES), self.allocator)
        operation = Operation(str(uuid.uuid4()), resource, ending)
        self.operations[operation.id] = operation
        if resource.state != DELETING:
            resource.state, resource.polls, resource.ending = DELETING, self.settle_polls + slower, ending
            self._stamp(resource)
        return operation

    def follow(self, identifier: str) -> Operation:
        operation = self.operations.get(identifier.lower())
        if operation is None:
            raise RestError(404, NOT_FOUND, f"There is no operation {identifier}.")
        self.advance(operation.resource)
        return operation

    def touch(self, collection: str, name: str, properties: Json | None) -> None:
        """Somebody else's change: of these properties, or of the etag only."""
        resource = self.peek(collection, name)
        if resource is None:
            if properties:
                self.put(collection, name, {"properties": properties})
            return
        if properties:
            mine = {key: value for key, value in resource.properties.items() if value is not None}
            resource.properties = self._checked(collection, {**mine, **canonical(properties)}, resource)
        self._stamp(resource)

    def add(self, collection: str, raw: Json) -> Resource:
        """A resource as a GET once showed it, with its ids."""
        given = canonical(copy.deepcopy(raw))
        properties = {key: value for key, value in given["properties"].items() if key not in _READ_ONLY}
        if collection == _POOLS:
            properties = pools.checked(properties, None, [])
        elif collection == _INTERFACES:
            properties["portSettings"].pop("provisioningState", None)
        resource = Resource(next(self._numbers), collection, given["resourceId"], properties)
        resource.envelope = {key: given[key] for key in _ENVELOPE if given.get(key) is not None}
        resource.instance_id, resource.etag = given["instanceId"], given["etag"]
        resource.updated = self.time
        self._resources[collection][resource.id.lower()] = resource
        if collection == _POOLS:
            count = raw["properties"].get("usage", {}).get("numberofMacAddressesAllocated", 0)
            self.allocator.mark(bounds(resource)[0], count)
        return resource

    # -- what happens by itself

    def advance(self, resource: Resource) -> bool:
        """One look later; False: it is gone."""
        if self.peek(resource.collection, resource.id) is not resource:
            return False
        if resource.state not in (UPDATING, DELETING):
            return True
        if resource.polls > 0:
            resource.polls -= 1
            return True
        return self.finish(resource)

    def finish(self, resource: Resource) -> bool:
        """The end of provisioning or deletion, whatever was still to wait."""
        if resource.state == DELETING and resource.ending is None:
            del self._resources[resource.collection][resource.id.lower()]
            self._close(resource)
            return False
        failure = resource.ending
        if resource.state == UPDATING and failure is None and resource.collection == _INTERFACES:
            failure = interfaces.provision(resource, self._next_mac, self._used_ips, self.find)
        if resource.state == DELETING:
            self._close(resource)
            resource.state = SUCCEEDED
        else:
            resource.state = FAILED if failure else SUCCEEDED
        resource.ending, resource.failure = None, failure
        self._stamp(resource)
        return True

    def _close(self, resource: Resource) -> None:
        for operation in self.operations.values():
            if operation.resource is resource:
                operation.done = True

    def _next_mac(self) -> str | None:
        return self.allocator.next([pool for pool in self.all(_POOLS) if pool.state == SUCCEEDED])

    def _used_ips(self) -> set[str]:
        return {address for one in self.all(_INTERFACES) for address in interfaces.ips(one)}

    def _stamp(self, resource: Resource) -> None:
        resource.changed()
        resource.updated = self.time

    def _match(self, existing: Resource | None, if_match: str | None, target: str) -> None:
        """A missing If-Match is accepted, as all real clients rely on (fact 74)."""
        if if_match is None or (existing is not None and if_match in ("*", existing.etag)):
            return
        raise RestError(412, PRECONDITION, f"The etag of {target} is another one.", target)


def nested(entry: Json, parts: list[str]) -> Any:
    """A part of a resource by the rest of its path, such as subnets/s: a list, an entry, or None."""
    found: Any = entry
    for part in parts:
        if isinstance(found, list):
            ids = ((str(one.get("resourceId", "")).lower(), one) for one in found if isinstance(one, dict))
            found = next((one for name, one in ids if name == part.lower()), None)
        elif isinstance(found, dict):
            inner = found.get("properties", {})
            found = next((value for key, value in inner.items() if key.lower() == part.lower()), None)
            found = found if isinstance(found, list) else None
        if found is None:
            return None
    return found
