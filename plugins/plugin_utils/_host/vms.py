# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the VMs that a task names. Pure: what is wanted and what was observed go in, steps come out.

A VM is created and removed, given its cluster role, started and stopped. Nothing else of it is changed: what differs is
reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible.module_utils.common.text.formatters import human_to_bytes

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import shown
from .._names import name_key, same_host, same_name
from .._observation.model import OFF, RUNNING, Adapter, Group, Vm
from .._text import quoted
from .observed import IS_REPLICA, ObservedHost
from .power import off_remedy, on_remedy, state_words

CREATE, ROLE, START, STOP, REMOVE = "create_vm", "add_cluster_role", "start_vm", "stop_vm", "remove_vm"

MIN_MEMORY = 32 << 20
"""Hyper-V gives no VM less: a smaller number was meant in another unit."""


@dataclass(frozen=True)
class VmWish:
    """What the user wants of one VM; memory in bytes, None where it was not given."""

    name: str
    generation: int = 2
    memory: int | None = None
    path: str | None = None
    vhd_path: str | None = None
    switch: str | None = None
    adapter_name: str = "Network Adapter"
    clustered: bool = False
    role_name: str = ""
    host: str | None = None

    @property
    def role(self) -> str:
        """Return the name of the VM's cluster role."""
        return self.role_name or self.name


@dataclass(frozen=True)
class Goal:
    """The state that all of them are to have: ``present``, ``started``, ``stopped`` or ``absent``."""

    state: str
    create: bool = True
    stop: bool = False


@dataclass(frozen=True)
class VmDecision:
    """What becomes of one VM: the steps that are to be taken, in their order, and what is reported besides.

    ``node`` names the host that has the VM when it is not this one, and ``vm_id`` is empty for a VM that does not exist.
    """

    wish: VmWish
    host: str
    vm: Vm | None = None
    vm_id: str = ""
    clustered: bool = False
    adapter: Adapter | None = None
    steps: tuple[str, ...] = ()
    differences: tuple[Mapping[str, Any], ...] = ()
    reason: str = ""
    node: str = ""

    @property
    def name(self) -> str:
        """Return what the VM is called in a diff."""
        return self.wish.name

    @property
    def label(self) -> str:
        """Return the VM's name for messages."""
        return f"VM {quoted(self.wish.name)} on host {quoted(self.host)}"


def parse_memory(value: object, subject: str) -> int:
    """Return the bytes that a text such as "4GB", "512 MB" or "4294967296" means; a unit is a power of 1024.

    :raises MacPoolError: for anything else, and for less than any VM can have
    """
    wanted = 'an amount such as "4GB", "512MB", or a number of bytes'
    try:
        size: int = human_to_bytes(str(value).upper().replace("IB", "B"))
    except ValueError:
        raise MacPoolError(subject, wanted, shown(value), "Give a number with KB, MB, GB or TB.") from None
    if size < MIN_MEMORY:
        raise MacPoolError(subject, f"{wanted}, at least 32MB", f"{size} bytes", "Give the unit, such as 4GB.")
    return size


def read_vm_wishes(entries: Sequence[Mapping[str, Any]]) -> list[VmWish]:
    """Return what the option ``vms`` asks for.

    :raises MacPoolError: for every entry that cannot be meant, and for two entries of one VM
    """
    names: set[str] = set()

    def read(number: int, entry: Mapping[str, Any]) -> VmWish:
        subject = f'vms[{number}], VM "{entry["name"]}"'
        wish = _read_vm_wish(subject, entry)
        if name_key(wish.name) in names:
            raise MacPoolError(subject, "one entry for each VM", "two for this one", "Remove one of them.")
        names.add(name_key(wish.name))
        return wish

    return collected("vms", enumerate(entries), lambda numbered: read(*numbered))


def _read_vm_wish(subject: str, entry: Mapping[str, Any]) -> VmWish:
    for key in ("name", "adapter_name", "role_name"):
        text = entry.get(key) or ""
        if text != text.strip() or (key != "role_name" and not text):
            raise MacPoolError(f"{subject}, {key}", "a name without blanks around it", repr(text), "Fix the name.")
    given = {key: value for key, value in entry.items() if value not in (None, "")}
    if "memory" in given:
        given["memory"] = parse_memory(given["memory"], f"{subject}, memory")
    return VmWish(**given)


def decide_vms(
    host: ObservedHost, wishes: Sequence[VmWish], goal: Goal, inventory_name: str
) -> tuple[list[VmDecision], list[VmWish]]:
    """Return what becomes of each VM, and the wishes for VMs that this host has nothing to do with.

    :param inventory_name: under which name the inventory knows the host that was observed
    :raises MacPoolError: for every VM of which something is wanted that must not or cannot be done now
    """
    made = collected("nothing was changed", wishes, _Rules(host, goal, inventory_name).decide)
    missing = [wish for wish, decision in zip(wishes, made, strict=True) if decision is None]
    return [decision for decision in made if decision], missing


def seen_vm(host: ObservedHost, wish: VmWish, vm: Vm) -> VmDecision:
    """Return what is seen of a VM, without a step."""
    named = [one for one in vm.adapters if same_name(one.name, wish.adapter_name)]
    adapter = named[0] if len(named) == 1 else vm.adapters[0] if len(vm.adapters) == 1 else None
    return VmDecision(
        wish=wish,
        host=host.name,
        vm=vm,
        vm_id=vm.given_id,
        clustered=vm.clustered or any(role.vm_id == vm.id for role in host.roles or ()),
        adapter=adapter,
        differences=tuple(_differences(wish, vm, adapter)),
    )


class _Rules:
    """What becomes of the VMs of one host."""

    def __init__(self, host: ObservedHost, goal: Goal, inventory_name: str) -> None:
        self.host = host
        self.goal = goal
        self.names = (host.name, inventory_name)
        self.vms: dict[str, list[Vm]] = {}
        for vm in host.vms:
            self.vms.setdefault(name_key(vm.name), []).append(vm)

    def decide(self, wish: VmWish) -> VmDecision | None:
        """Return what becomes of a VM; None when this host has nothing to do with it."""
        found = self.vms.get(name_key(wish.name), [])
        if len(found) > 1:
            ids = ", ".join(sorted(vm.given_id for vm in found))
            raise MacPoolError(
                f"VM {quoted(wish.name)}",
                f"at most one VM of that name on {self.host.label}",
                f"{len(found)}: {ids}",
                "Rename or remove one of them.",
            )
        if found:
            return self._existing(wish, found[0])
        here = wish.host is None or any(same_host(wish.host, name) for name in self.names)
        return self._missing(wish) if self.goal.create and here else None

    def _missing(self, wish: VmWish) -> VmDecision:
        decision = VmDecision(wish, self.host.name)
        unread = [line for line in self.host.warnings if line.startswith("vms")]
        if self.host.roles is None or unread:
            proof = "proof that no VM of that name exists on this host and in its cluster"
            raise self._unread(decision, proof, unread or self.host.warnings)
        # The last is how Virtual Machine Manager calls the role of a VM.
        role = self._role(wish.role, wish.name, f"SCVMM {wish.name} Resources")
        if role and not same_host(role.node, self.host.name):
            reason = f"the cluster has it on node {quoted(role.node)}"
            return replace(decision, vm_id=role.vm_id, clustered=True, node=role.node, reason=reason)
        if role:
            raise self._taken(decision, role)
        if self.goal.state in ("stopped", "absent"):
            return decision
        if not wish.name.isprintable():
            raise MacPoolError(
                f"VM {wish.name!r}", "a name without control characters for the new VM", "some", "Fix the name."
            )
        if wish.memory is None:
            raise MacPoolError(decision.label, "memory for the new VM", "none given", "Set memory, such as 4GB.")
        return replace(decision, steps=self._steps_after(decision, (CREATE,), OFF))

    def _unread(self, decision: VmDecision, wanted: str, warnings: Sequence[str]) -> MacPoolError:
        return MacPoolError(
            decision.label,
            wanted,
            "; ".join(warnings) or "a cluster that was not read",
            "Fix what could not be read: cluster cmdlets may need CredSSP or become.",
        )

    def _role(self, *names: str) -> Group | None:
        """Return the role of one of these names."""
        wanted = set(map(name_key, names))
        return next((role for role in self.host.roles or () if name_key(role.name) in wanted), None)

    def _taken(self, decision: VmDecision, role: Group) -> MacPoolError:
        here = next((vm for vm in self.host.vms if vm.id and vm.id == role.vm_id), None)
        of = f"VM {quoted(here.name)}" if here else f"VM {role.vm_id or 'of an id that could not be read'}"
        return MacPoolError(
            decision.label,
            f"a cluster role {quoted(role.name)} of this VM, or none of that name",
            f"the role of {of} on node {quoted(role.node)}",
            "Choose another role_name or name. If its VM does not exist any more, remove the role. If it is moving, run"
            " again.",
        )

    def _existing(self, wish: VmWish, vm: Vm) -> VmDecision:
        decision = seen_vm(self.host, wish, vm)
        if vm.replica:
            return replace(decision, reason=IS_REPLICA)
        if self.goal.state == "absent":
            return replace(decision, steps=(*_stop_steps(decision, vm.state, allowed=self.goal.stop), REMOVE))
        return replace(decision, steps=self._steps_after(decision, (), vm.state))

    def _steps_after(self, decision: VmDecision, before: tuple[str, ...], state: str | None) -> tuple[str, ...]:
        """Return the steps, those before, then the role, then the power."""
        steps = before
        if decision.wish.clustered and not decision.clustered:
            self._check_role(decision)
            steps += (ROLE,)
        if self.goal.state == "started":
            steps += _start_steps(decision, state)
        if self.goal.state == "stopped":
            steps += _stop_steps(decision, state, allowed=True)
        return steps

    def _check_role(self, decision: VmDecision) -> None:
        if self.host.roles is None:
            raise self._unread(decision, "a cluster role", self.host.warnings)
        if self.host.cluster is None:
            raise MacPoolError(
                decision.label,
                "a cluster role",
                "a host that is in no cluster",
                "Set clustered: false, or run against a host of a cluster.",
            )
        if role := self._role(decision.wish.role):
            raise self._taken(decision, role)


def _start_steps(decision: VmDecision, state: str | None) -> tuple[str, ...]:
    if state in RUNNING[:1]:
        return ()
    if state == OFF:
        return (START,)
    found = f"one that is {state_words(state)}, and only one that is Off is started here"
    raise MacPoolError(decision.label, "a VM that runs", found, on_remedy(state))


def _stop_steps(decision: VmDecision, state: str | None, *, allowed: bool) -> tuple[str, ...]:
    if state == OFF:
        return ()
    if state in RUNNING and allowed:
        return (STOP,)
    remedy = off_remedy(state, "Shut it down, or set stop: true.")
    raise MacPoolError(decision.label, "a VM that is Off", f"one that is {state_words(state)}", remedy)


def _differences(wish: VmWish, vm: Vm, adapter: Adapter | None) -> list[Mapping[str, Any]]:
    """Return in what the VM differs; what an observation does not show (memory, paths) is not compared."""
    found: list[tuple[str, Any, Any]] = []
    if vm.generation != wish.generation:
        found.append(("generation", wish.generation, vm.generation))
    if adapter is None or not same_name(adapter.name, wish.adapter_name):
        found.append(("adapter_name", wish.adapter_name, ", ".join(one.name for one in vm.adapters) or None))
    if wish.switch and adapter and not same_name(adapter.switch or "", wish.switch):
        found.append(("switch", wish.switch, adapter.switch))
    return [{"key": key, "wanted": wanted, "found": seen} for key, wanted, seen in found]


def vm_operation(step: str, decision: VmDecision, vm_id: str, shutdown_timeout: int, force_off: bool) -> dict[str, Any]:
    """Return the operation of one step.

    :param vm_id: the id of the VM; empty for one that is still to be created
    :param shutdown_timeout: how many seconds a guest has to shut down
    """
    wish = decision.wish
    operation: dict[str, Any] = {"op": step, "id": f"{step} {vm_id or wish.name}"}
    if step == CREATE:
        # The static address comes from macpool.hyperv.vm_network_adapter, which asks the ledger.
        return {
            **operation,
            "name": wish.name,
            "generation": wish.generation,
            "memory_bytes": wish.memory,
            "path": wish.path,
            "vhd_path": wish.vhd_path,
            "switch": wish.switch,
            "adapter_name": wish.adapter_name,
            "mac": None,
        }
    operation["vm_id"] = vm_id
    if step == ROLE:
        operation["name"] = wish.role
    elif step == STOP:
        operation.update(shutdown_timeout=shutdown_timeout, force_off=force_off)
    else:
        operation["expect"] = {"state": OFF}
    return operation
