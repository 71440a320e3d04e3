# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Bringing a resource of the Network Controller to what is wanted. For internal use by this collection only.

No step is repeated blindly. When the server was busy, when somebody else came first, or when the answer was lost, the
resource is read again and the decision made anew from what is there: what was done already is found and kept.
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
    """What is there goes in; the body to put comes out, or None when all is as wanted."""

    def __call__(self, found: Resource | None, /) -> Resource | None:
        """Decide."""


class Change(NamedTuple):
    """A resource as it was read last, and whether a write may have changed it."""

    resource: Resource | None
    touched: bool


@dataclass(frozen=True)
class ResourceGoal:
    """What a resource shall become."""

    decide: Decide
    managed: Callable[[Resource], object]
    """What is managed of a resource, for the message when it is read back otherwise than wanted."""
    ready: Callable[[Resource], bool] = lambda _resource: True
    """Whether a resource whose provisioning ended has all that is waited for."""


def bring(client: Client, path: str, found: Resource | None, goal: ResourceGoal) -> Change:
    """Create or change a resource, wait for the outcome, and read it back.

    :param found: the resource as it was read; None: there is none
    :raises NetworkControllerError: with the server's own words, or when what is read back differs from what is wanted
    """

    def prepare(there: Resource | None) -> Resource | None:
        return _settled(client, path, goal) if state_of(there).casefold() in SETTLING else there

    def write(there: Resource | None) -> Answer | None:
        body = goal.decide(there)
        return None if body is None else client.put(path, body, etag_of(there))

    with _Writing(client, path) as writing:
        found, answer = writing.once(found, prepare, write)
        if answer is not None:
            found = _outcome(client, path, answer, goal)
        return Change(found, writing.touched)


class _Writing:
    """One write that is done once, whatever comes in between; an error that ends it is told whether it may have been done."""

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
        """Return the resource as it was before the write, and the answer; None when there was nothing to write.

        :param prepare: waits for what is under way and returns what is there then
        :param write: sends one request, or returns None when all is as wanted
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
            except (Busy, Interrupted) as problem:
                self.touched |= isinstance(problem, Interrupted)
                if attempt >= self._client.connection.retries:
                    raise
                self._client.pause(attempt, problem)
            else:
                self.touched |= answer is not None
                return found, answer
            found = self._client.get(self._path)
        raise AssertionError("unreachable: the loop ends by itself")


def _outcome(client: Client, path: str, answer: Answer, goal: ResourceGoal) -> Resource:
    found = _settled(client, path, goal)
    if state_of(found).casefold() == FAILED:
        raise _provisioning_failed(client, path, found, answer)
    if found is None or goal.decide(found) is not None:
        raise NetworkControllerError(
            f"{client.subject}, {path}",
            "to read back what was written",
            "nothing: it is gone" if found is None else str(goal.managed(found)),
            "Look who else changes it, or whether the Network Controller knows this setting, then run again.",
        )
    return found


def _settled(client: Client, path: str, goal: ResourceGoal) -> Resource | None:
    """Wait until provisioning has ended and return the resource; None when it is gone."""
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
    problem = NetworkControllerError(
        f"{client.subject}, {path}",
        "provisioningState Succeeded",
        f"Failed: {'; '.join(dict.fromkeys(reasons)) or 'the server gives no reason'}",
        "Fix what the reason names, then run again: the same task writes it anew.",
    )
    problem.code = reasons[0].partition(":")[0] if reasons else ""
    return problem


def _operation_error(client: Client, answer: Answer) -> str:
    """Return what the operation behind a write says of its failure; empty when that cannot be read."""
    address = answer.headers.get("azure-asyncoperation")
    if not address:
        return ""
    try:
        return error_of(client.patiently(lambda: client.ask("GET", address)).body)
    except NetworkControllerError:
        return ""


def failure_reasons(resource: Resource | None) -> list[str]:
    """Return what a resource itself says of its failures, one line each (fact 70)."""
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
    """Remove a resource and wait until it is gone; return whether anything was there to remove.

    :raises NetworkControllerError: with the server's own words
    """

    def prepare(there: Resource | None) -> Resource | None:
        if state_of(there).casefold() != DELETING:
            return there
        _gone(client, path)
        return None

    def write(there: Resource | None) -> Answer | None:
        try:
            return None if there is None else client.delete(path, etag_of(there))
        except NotFound:
            return None

    with _Writing(client, path) as writing:
        _found, answer = writing.once(found, prepare, write)
        if answer is not None:
            _finished(client, path, answer)
            _gone(client, path)
        return writing.touched


def _gone(client: Client, path: str) -> None:
    client.until(f"{path} to be gone", lambda: True if client.get(path) is None else None)


def _finished(client: Client, path: str, answer: Answer) -> None:
    """Follow an accepted removal (202) to its end (fact 75)."""
    address = answer.headers.get("location")
    if answer.status != 202 or not address:
        return
    pause = retry_after(answer.headers)

    def look() -> Answer | None:
        nonlocal pause
        if pause is not None:
            problem = Busy(
                f"{client.subject}, {path}", "the end of its removal", f"a wait of {pause:.0f} s", "Run again later."
            )
            problem.retry_after = pause
            client.pause(0, problem)
        try:
            result = client.patiently(lambda: client.ask("GET", address))
        except NotFound:
            return answer  # a result that is not kept any more: the resource itself tells
        pause = retry_after(result.headers)
        return None if result.status == 202 else result

    result = client.until(f"the end of the removal of {path}", look)
    status: Any = member(result.body, "status")
    if words := error_of(result.body):
        raise NetworkControllerError(
            f"{client.subject}, {path}", "to be removed", words, "Fix what the message names, then run again."
        )
    if str(status).casefold() == FAILED:
        raise NetworkControllerError(
            f"{client.subject}, {path}", "to be removed", "Failed, without a reason", "Look at the Network Controller."
        )
