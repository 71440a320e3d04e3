# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation works with: its host, check mode, the faults that wait for it, and the ways it can end."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from ..faults import Fault, Faults
from ..model import VM, Adapter, Cluster, Host, World, WorldError
from ..payload import Call

Json = dict[str, Any]
DENIED = "Access is denied."


class Refused(Exception):
    """An expectation does not hold or a rule forbids it; nothing was touched."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


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
    after: Any = None
    reason: str | None = None
    message: str | None = None


@dataclass
class Context:
    """One operation of one run. `before` is what it read first; `elapsed` the seconds that it would have taken by now."""

    world: World
    faults: Faults
    host: Host
    call: Call
    index: int
    operation: Json
    before: Any = None
    touched: bool = False
    elapsed: float = 0.0

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
        """A place where the operation can break: by dying, or by an error of a cmdlet; or where something else happens."""
        if self.check and at != "begin":
            return
        slow = self.fault("slow_op", at=at)
        if slow:
            self.elapsed += slow.details["seconds"]
        while meanwhile := self.fault("verb_during", at=at):
            self.world.do(meanwhile.details["verb"], **meanwhile.details.get("arguments", {}))
        if self.fault("die", at=at):
            raise ScriptDied(f"{self.operation['op']} died at {at}")
        broken = self.fault("fail_op", at=at)
        if broken:
            details = broken.details
            raise Failed(details.get("reason", "cmdlet"), details.get("message", "The operation failed."))

    def touch(self) -> None:
        self.touched = True

    def unchanged(self) -> Outcome:
        return Outcome("unchanged")

    def failed(self, problem: Failed, after: Any, *, read: bool = True) -> Outcome:
        """Something was touched when a cmdlet said that it worked, or when what is read afterwards differs.

        `read`: whether it could be read afterwards, so that null means that there is nothing.
        """
        self.touched = self.touched or (read and after != self.before)
        return Outcome("failed", after, problem.reason, problem.message)

    # -- the deadline

    @property
    def _late(self) -> bool:
        limit = self.operation["not_after"]
        if limit is None:
            return False
        moment = datetime.datetime.fromisoformat(limit.replace("Z", "+00:00"))
        return self.world.clock.moment() + datetime.timedelta(seconds=self.elapsed) > moment

    def refuse_late(self) -> None:
        """Before anything is touched, after every other refusal."""
        if self._late:
            raise Refused("expired", self._too_late())

    def fail_late(self) -> None:
        """Right before an address is written."""
        if self._late:
            raise Failed("expired", self._too_late())

    def _too_late(self) -> str:
        return f"the clock of {self.host.name} is past not_after {self.operation['not_after']}"

    # -- what is read

    def cluster(self) -> Cluster | None:
        """The cluster of this host. One that cannot be read is not one that does not exist."""
        broken = self.fault("unreadable", part="cluster", vm=None)
        if broken:
            raise unreadable("the cluster could not be read", broken)
        return self.world.cluster_of(self.host)

    def find(self, vm_id: str) -> VM:
        """The VM here; one that its cluster runs elsewhere has moved."""
        if not self.host.hyperv:
            raise Refused("unsupported", f"{self.host.name} has no Hyper-V")
        self.world.settle()
        vm = self.host.vms.get(vm_id)
        if vm:
            return vm
        try:
            self.cluster()
        except Failed as problem:
            raise Refused(
                "not_found",
                f"there is no VM {vm_id} on {self.host.name}; whether its cluster has it: {problem.message}",
            ) from None
        group = self.world.group_of(self.host, vm_id)
        if group:
            raise Refused(
                "moved",
                f"VM {vm_id} ({group.name}) is not on {self.host.name}; its cluster runs it on {group.owner_node}",
            )
        raise Refused("not_found", f"there is no VM {vm_id} on {self.host.name}")

    def has(self, vm: VM) -> bool:
        """Whether a VM that was found is still here."""
        return self.host.vms.get(vm.id) is vm

    def adapters(self, vm: VM) -> list[Adapter]:
        broken = self.fault("unreadable", part=None, vm=vm.id)
        if broken:
            raise unreadable(f"the adapters of {vm.name} could not be read", broken)
        return vm.adapters

    def must_have(self, vm: VM) -> None:
        """As cmdlets answer that get the object of a VM that has gone."""
        if not self.has(vm):
            raise Failed("cmdlet", f"the VM {vm.name} was not found on {self.host.name}: it might have been deleted")


def unreadable(what: str, fault: Fault) -> Failed:
    message = fault.details.get("message", "The operation failed.")
    return Failed("access_denied" if message == DENIED else "cmdlet", f"{what}: {message}")


def cmdlet(problem: WorldError) -> Failed:
    return Failed("cmdlet", str(problem))
