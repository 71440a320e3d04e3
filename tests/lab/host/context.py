# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation works with: its host, check mode, the faults that wait for it, and the ways it can end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..faults import Faults
from ..model import VM, Host, World, WorldError
from ..payload import Call

Json = dict[str, Any]


class Refused(Exception):
    """An expectation does not hold or a rule forbids it; nothing was touched."""

    def __init__(self, reason: str, message: str, before: Any = None) -> None:
        super().__init__(message)
        self.reason, self.message, self.before = reason, message, before


class Failed(Exception):
    """A cmdlet failed or the read-back differs."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


class ScriptDied(Exception):
    """The script is gone in the middle of its work: nothing is put right and nobody is told."""


@dataclass
class Outcome:
    status: str
    before: Any = None
    after: Any = None
    reason: str | None = None
    message: str | None = None
    touched: bool = False


@dataclass
class Context:
    """One operation of one run."""

    world: World
    faults: Faults
    host: Host
    call: Call
    index: int
    operation: Json
    touched: bool = False

    @property
    def check(self) -> bool:
        return self.call.check_mode

    def _wanted(self) -> Json:
        return {
            "index": self.index,
            "op": self.operation["op"],
            "id": self.operation["id"],
            "vm_id": self.operation.get("vm_id"),
        }

    def fault(self, kind: str, **wanted: Any) -> Any:
        return self.faults.take(kind, self.host.name, self.call.name, self.check, **self._wanted(), **wanted)

    def stage(self, at: str) -> None:
        """A place where the operation can break: by dying, or by an error of a cmdlet."""
        if self.check and at != "begin":
            return
        if self.fault("die", at=at):
            raise ScriptDied(f"{self.operation['op']} died at {at}")
        broken = self.fault("fail_op", at=at)
        if broken:
            details = broken.details
            raise Failed(details.get("reason", "cmdlet"), details.get("message", "The operation failed."))

    def touch(self) -> None:
        self.touched = True

    def find(self, vm_id: str) -> VM:
        """The VM here; one that its cluster runs elsewhere has moved."""
        if not self.host.hyperv:
            raise Refused("unsupported", f"{self.host.name} has no Hyper-V")
        self.world.settle()
        vm = self.host.vms.get(vm_id)
        if vm:
            return vm
        group = self.world.group_of(self.host, vm_id)
        if group:
            raise Refused(
                "moved",
                f"VM {vm_id} ({group.name}) is not on {self.host.name}; its cluster runs it on {group.owner_node}",
            )
        raise Refused("not_found", f"there is no VM {vm_id} on {self.host.name}")


def cmdlet(problem: WorldError) -> Failed:
    return Failed("cmdlet", str(problem))
