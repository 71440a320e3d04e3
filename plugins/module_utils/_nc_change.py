# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Brings a resource of the Network Controller to the wanted state. For internal use by this collection only.

No step is repeated blindly. If the server was busy, if another client was faster, or if the answer was lost, the
resource is read again and the decision is made again from its present state: steps that are done are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple, Protocol

from ._network_controller import (
    Answer,
    Busy,
    Client,
    Interrupted,
    NetworkControllerError,
    NotFound,
    PreconditionFailed,
    Resource,
    VersionRaised,
    error_of,
    etag_of,
    member,
    properties_of,
    retry_after,
    state_of,
)

DELETING = "deleting"
SETTLING = ("updating", DELETING)
FAILED = "failed"


class Decide(Protocol):
    """Takes the present resource and returns the body to write; None if everything is as wanted."""

    def __call__(self, found: Resource | None, /) -> Resource | None:
        """Decide."""


class Change(NamedTuple):
    """A resource as it was read last, and whether a write may have changed it."""

    resource: Resource | None
    touched: bool


@dataclass(frozen=True)
class ResourceGoal:
    """The wanted state of a resource."""

    decide: Decide
    managed: Callable[[Resource], object]
    """The managed part of a resource, for the message if the resource that is read back differs from what is wanted."""
    ready: Callable[[Resource], bool] = lambda _resource: True
    """Whether a resource whose provisioning has ended is complete."""


def bring(client: Client, path: str, found: Resource | None, goal: ResourceGoal) -> Change:
    """Create or change a resource, wait for the outcome, and read it back.

    :param found: the resource as it was read; None: it does not exist
    :raises NetworkControllerError: with the server's message, or if what is read back differs from what is wanted
    """

    def prepare(current: Resource | None) -> Resource | None:
        if current is None:
            # A PUT replaces whatever exists, and a list that was read some time ago proves nothing about this moment.
            current = client.get(path)
            if found is None and current is not None and not writing.touched and goal.decide(current) is not None:
                raise _created_by_another(client, path)
        return _settled(client, path, goal) if state_of(current).casefold() in SETTLING else current

    def write(current: Resource | None) -> Answer | None:
        body = goal.decide(current)
        if body is None:
            return None
        sent_before = writing.touched
        answer = client.put(path, body, etag_of(current))
        if current is None and answer.status == 200 and not sent_before:
            writing.touched = True
            raise _overwritten(client, path)
        return answer

    with _Writing(client, path) as writing:
        before, answer = writing.once(found, prepare, write)
        return Change(before if answer is None else _outcome(client, path, answer, goal), writing.touched)


def _created_by_another(client: Client, path: str) -> NetworkControllerError:
    return NetworkControllerError(
        f"{client.subject}, {path}",
        "that it does not exist yet",
        "that another client has created it after this task read the list",
        "Nothing was written. Run again: the task then works with what exists.",
        problem=f"{client.subject}, {path}: another client has created it after this task read the list",
    )


def _overwritten(client: Client, path: str) -> NetworkControllerError:
    return NetworkControllerError(
        f"{client.subject}, {path}",
        "201, the answer to a new resource",
        "200, the answer to a change",
        "Another client created it at the same moment, and this task has replaced what that client wrote. Find out which"
        " client that is, and let it write its settings again. Then run again.",
        problem=f"{client.subject}, {path}: the server answered 200 to the creation, so the resource existed already",
    )


class _Writing:
    """One write that is done once, whatever happens in between; an error that ends it records whether it may be done."""

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path
        self.touched = False

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, NetworkControllerError):
            error.touched = self.touched

    def once(
        self,
        found: Resource | None,
        prepare: Callable[[Resource | None], Resource | None],
        write: Callable[[Resource | None], Answer | None],
    ) -> tuple[Resource | None, Answer | None]:
        """Return the resource as it was before the write, and the answer; None if no write was necessary.

        :param prepare: waits until the resource is not changing and returns it
        :param write: sends one request, or returns None if everything is as wanted
        """
        conflict = False
        for attempt in count():
            found = prepare(found)
            try:
                answer = write(found)
            except PreconditionFailed:
                if conflict:
                    raise
                conflict = True
            except VersionRaised:
                pass  # read it again in the newer version, which may show members that the older one hides
            except (Busy, Interrupted) as problem:
                self.touched |= isinstance(problem, Interrupted)
                if attempt >= self._client.connection.retries:
                    raise
                self._client.pause(attempt, problem)
            else:
                self.touched |= answer is not None
                return found, answer
            found = self._client.get(self._path)
        raise AssertionError("unreachable: the loop returns or raises")


def _outcome(client: Client, path: str, answer: Answer, goal: ResourceGoal) -> Resource:
    found = _settled(client, path, goal)
    if state_of(found).casefold() == FAILED:
        raise _provisioning_failed(client, path, found, answer)
    if found is None or goal.decide(found) is not None:
        present = "that it no longer exists" if found is None else str(goal.managed(found))
        remedy = "Check whether another tool changes it, and whether the Network Controller knows this setting. Then run again."
        raise NetworkControllerError(f"{client.subject}, {path}", "the values that were written", present, remedy)
    return found


def _settled(client: Client, path: str, goal: ResourceGoal) -> Resource | None:
    """Wait until provisioning has ended and return the resource; None if it no longer exists."""
    gone: Resource = {}

    def look() -> Resource | None:
        found = client.get(path)
        if found is None:
            return gone
        state = state_of(found).casefold()
        if state in SETTLING:
            return None
        return found if state == FAILED or goal.ready(found) else None

    return client.until(f"the end of the provisioning of {path}", look) or None


def _provisioning_failed(client: Client, path: str, found: Resource | None, answer: Answer) -> NetworkControllerError:
    reasons = list(filter(None, [_operation_error(client, answer), *failure_reasons(found)]))
    why = f"Failed: {'; '.join(dict.fromkeys(reasons)) or 'the server gives no reason'}"
    remedy = "Fix the cause, then run again: the same task writes it again."
    failure = NetworkControllerError(f"{client.subject}, {path}", "provisioningState Succeeded", why, remedy)
    failure.code = reasons[0].partition(":")[0] if reasons else ""
    return failure


def _operation_error(client: Client, answer: Answer) -> str:
    """Return the failure of the operation behind a write; empty if it cannot be read."""
    address = answer.headers.get("azure-asyncoperation")
    if not address:
        return ""
    try:
        return error_of(client.patiently(lambda: client.ask("GET", address)).body)
    except NetworkControllerError:
        return ""


def failure_reasons(resource: Resource | None) -> list[str]:
    """Return the failures that a resource itself reports, one line each (fact 70)."""
    lines = []
    if words := error_of(properties_of(resource)):
        lines.append(words)
    configuration = member(properties_of(resource), "configurationState")
    details = member(configuration, "detailedInfo")
    for item in [details] if isinstance(details, dict) else details or ():
        code = str(member(item, "code") or "")
        if code and code.casefold() != "success":
            lines.append(": ".join(str(part) for part in (code, member(item, "message")) if part))
    return lines


def remove(client: Client, path: str, found: Resource | None) -> bool:
    """Remove a resource and wait until it no longer exists; return whether it existed.

    :raises NetworkControllerError: with the server's message
    """

    def prepare(current: Resource | None) -> Resource | None:
        if state_of(current).casefold() != DELETING:
            return current
        _gone(client, path)
        return None

    def write(current: Resource | None) -> Answer | None:
        try:
            return None if current is None else client.delete(path, etag_of(current))
        except NotFound:
            return None

    with _Writing(client, path) as writing:
        _found, answer = writing.once(found, prepare, write)
        if answer is not None:
            _finished(client, path, answer)
            _gone(client, path)
        return writing.touched


def _gone(client: Client, path: str) -> None:
    client.until(f"the removal of {path}", lambda: True if client.get(path) is None else None)


def _finished(client: Client, path: str, answer: Answer) -> None:
    """Follow an accepted removal (202) to its end (fact 75)."""
    address = answer.headers.get("location")
    if answer.status != 202 or not address:
        return
    pause, subject = retry_after(answer.headers), f"{client.subject}, {path}"

    def look() -> Answer | None:
        nonlocal pause
        if pause is not None:
            found = f"a wait of {pause:.0f} s, longer than wait_timeout"
            busy = Busy(subject, "the end of its removal", found, "Run again later, or raise wait_timeout.")
            busy.retry_after = pause
            client.pause(0, busy)
        try:
            result = client.patiently(lambda: client.ask("GET", address))
        except NotFound:
            return answer  # the server no longer keeps the result: the resource itself shows it
        pause = retry_after(result.headers)
        return None if result.status == 202 else result

    result = client.until(f"the end of the removal of {path}", look)
    status: Any = member(result.body, "status")
    if words := error_of(result.body):
        problem = f"{subject} cannot be removed: {words}"
        raise NetworkControllerError(subject, "its removal", words, "Fix the cause, then run again.", problem)
    if str(status).casefold() == FAILED:
        remedy = "Look for the reason on the Network Controller."
        raise NetworkControllerError(subject, "its removal", "Failed, without a reason", remedy)
