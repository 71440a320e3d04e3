# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on demand. A fault waits for a call that fits it, and is used up."""

from __future__ import annotations

import itertools
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = {
    "cut_before": "the connection breaks before anything is done",
    "cut_after": "the work is done, the answer is lost",
    "delay": "the answer is late by `seconds`",
    "verb_before": "`verb` with `arguments` happens just before the call's work",
    "verb_after": "`verb` with `arguments` happens just after it",
    "access_denied": "reading `part` is denied (host_info; without it: everything), or an operation (host_apply)",
    "unreadable": "reading `part` fails with `message`, or one VM's adapters where `vm` names its id (host_apply: part cluster)",
    "fail_op": "an operation fails `at` a stage with `reason` and `message`",
    "verb_during": "`verb` with `arguments` happens `at` a stage of an operation",
    "slow_op": "an operation takes `seconds` longer `at` a stage",
    "die": "the script dies `at` a stage of an operation: nothing is put right, no answer is sent",
    "ignore_set": "Hyper-V, or the cluster, accepts a change and does not apply it (`at`: remove_vm: before_set its role, stopped the VM)",
    "guest_hangs": "the guest does not shut down in time",
    "nc_reset_before": "the Network Controller's connection breaks before the work",
    "nc_reset_after": "the Network Controller has done the work, the answer is lost",
    "nc_status": "the Network Controller answers `status` (and Retry-After `retry_after`) without, or `after`, the work",
    "nc_slow": "provisioning or deletion takes `polls` more looks",
    "nc_fail": "provisioning or deletion fails with `code`, `message`, `details`",
    "nc_conflict": "somebody else changes the resource (its etag, or `properties`) just before a PUT",
    "nc_hang": "the Network Controller does not answer for `seconds`",
}
_OPERATION = ("index", "op", "id", "vm_id")
_REQUEST = ("method", "collection", "name")
DETAILS: dict[str, tuple[str, ...]] = {
    "cut_before": ("how",),
    "cut_after": ("how",),
    "delay": ("seconds",),
    "verb_before": ("verb", "arguments"),
    "verb_after": ("verb", "arguments"),
    "access_denied": ("part", *_OPERATION),
    "unreadable": ("part", "vm", "message"),
    "fail_op": ("at", "reason", "message", *_OPERATION),
    "verb_during": ("at", "verb", "arguments", *_OPERATION),
    "slow_op": ("at", "seconds", *_OPERATION),
    "die": ("at", *_OPERATION),
    "ignore_set": ("at", *_OPERATION),
    "guest_hangs": _OPERATION,
    "nc_reset_before": _REQUEST,
    "nc_reset_after": _REQUEST,
    "nc_status": ("status", "code", "message", "retry_after", "after", *_REQUEST),
    "nc_slow": ("polls", *_REQUEST),
    "nc_fail": ("code", "message", "details", *_REQUEST),
    "nc_conflict": ("properties", *_REQUEST),
    "nc_hang": ("seconds", *_REQUEST),
}
_AT_A_STAGE = ("fail_op", "die", "verb_during", "slow_op")
_NEEDED = {"slow_op": ("seconds",), "nc_status": ("status",), "nc_slow": ("polls",), "nc_hang": ("seconds",)}
STAGES = ("begin", "stopping", "stopped", "before_set", "after_set", "before_start", "started", "created")
WAYS = ("reset", "close", "hang")


class FaultError(ValueError):
    """A fault that could never happen."""


@dataclass
class Fault:
    """`times`: how often (None: until cleared); `skip`: how many fitting calls go well before."""

    id: int
    kind: str
    host: str = "*"
    script: str | None = None
    check_mode: bool | None = None
    times: int | None = 1
    skip: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    def fits(self, host: str, script: str, check_mode: bool) -> bool:
        return (
            self.host in ("*", host)
            and self.script in (None, script)
            and self.check_mode in (None, check_mode)
            and self.times != 0
        )


class Faults:
    """All that is waiting, for every host."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: list[Fault] = []

    def add(
        self,
        kind: str,
        /,
        *,
        host: str = "*",
        script: str | None = None,
        check_mode: bool | None = None,
        times: int | None = 1,
        skip: int = 0,
        **details: Any,
    ) -> Fault:
        if kind not in KINDS:
            raise FaultError(f"there is no fault {kind!r}; known: {', '.join(KINDS)}")
        unknown = sorted(set(details) - set(DETAILS[kind]))
        if unknown:
            raise FaultError(f"{kind} does not know {', '.join(unknown)}; it knows {', '.join(DETAILS[kind])}")
        if kind in _AT_A_STAGE and details.setdefault("at", "begin") not in STAGES:
            raise FaultError(f"there is no stage {details['at']!r}; known: {', '.join(STAGES)}")
        if kind.startswith("cut_") and details.setdefault("how", "reset") not in WAYS:
            raise FaultError(f"a connection is not cut by {details['how']!r}; known: {', '.join(WAYS)}")
        if kind.startswith("verb_") and "verb" not in details:
            raise FaultError(f"{kind} needs a verb")
        for needed in _NEEDED.get(kind, ()):
            if needed not in details:
                raise FaultError(f"{kind} needs {needed}")
        fault = Fault(next(self._numbers), kind, host, script, check_mode, times, skip, details)
        with self._lock:
            self._waiting.append(fault)
        return fault

    def take(self, kind: str, host: str, script: str, check_mode: bool, **wanted: Any) -> Fault | None:
        """The first fault that fits; a detail that the fault does not give fits everything."""
        with self._lock:
            for fault in self._waiting:
                if fault.kind != kind or not fault.fits(host, script, check_mode):
                    continue
                if any(fault.details.get(key) not in (None, value) for key, value in wanted.items()):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def waiting(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._waiting if fault.times != 0]

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
