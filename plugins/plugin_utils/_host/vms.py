# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the VMs that a task names. Pure: what is wanted and what was observed go in, steps come out.

A VM is created and removed, given its cluster role, started and stopped. It is never changed otherwise: what differs is
told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...module_utils._errors import MacPoolError, raise_all
from .._names import find_host, host_key, name_key
from .._observation.model import OFF, REPLICAS, RUNNING, SAVED
from .adapters import Adapter, Document, adapters_of, observed_vms

CREATE, ROLE, START, STOP, REMOVE = "create_vm", "add_cluster_role", "start_vm", "stop_vm", "remove_vm"

_MEMORY = re.compile(r"(\d+)\s*(?:([KMGT])(?:i?B)?|B)?\Z", re.IGNORECASE)
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
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
    """What shall become of all of them: ``present``, ``started``, ``stopped`` or ``absent``."""

    state: str
    create: bool = True
    stop: bool = False


@dataclass(frozen=True)
class VmItem:
    """What becomes of one VM: the steps that are to be taken, in their order, and what is told besides.

    ``node`` names the host that has the VM when it is not this one, and ``vm_id`` is empty for a VM that is nowhere.
    """

    wish: VmWish
    host: str
    vm: Document | None = None
    vm_id: str = ""
    clustered: bool = False
    adapter: Adapter | None = None
    steps: tuple[str, ...] = ()
    differences: tuple[Mapping[str, Any], ...] = ()
    reason: str = ""
    node: str = ""

    @property
    def label(self) -> str:
        """Return the VM's name for messages."""
        return f'VM "{self.wish.name}" on host "{self.host}"'


def parse_memory(text: object, subject: str) -> int:
    """Return the bytes that a text such as "4GB", "512 MB" or "4294967296" means; a unit is a power of 1024.

    :raises MacPoolError: for anything else, and for less than any VM can have
    """
    wanted = 'an amount such as "4GB", "512MB", or a number of bytes'
    found = _MEMORY.match(str(text).strip())
    if not found:
        raise MacPoolError(subject, wanted, f'"{text}"', "Give a whole number with KB, MB, GB or TB.")
    size = int(found[1]) << _UNITS[(found[2] or "").upper()]
    if size < MIN_MEMORY:
        raise MacPoolError(subject, f"{wanted}, at least 32MB", f"{size} bytes", "Say the unit, such as 4GB.")
    return size


def read_vm_wishes(entries: Sequence[Mapping[str, Any]]) -> list[VmWish]:
    """Return what the option ``vms`` asks for.

    :raises MacPoolError: for every entry that cannot be meant, and for two entries of one VM
    """
    wishes: list[VmWish] = []
    errors: list[MacPoolError] = []
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        subject = f'vms[{number}], VM "{entry["name"]}"'
        try:
            wish = _read_vm_wish(subject, entry)
            if name_key(wish.name) in seen:
                raise MacPoolError(subject, "one entry for each VM", "two for this one", "Remove one of them.")
            seen.add(name_key(wish.name))
            wishes.append(wish)
        except MacPoolError as error:
            errors.append(error)
    raise_all("vms", errors)
    return wishes


def _read_vm_wish(subject: str, entry: Mapping[str, Any]) -> VmWish:
    for key in ("name", "adapter_name", "role_name"):
        text = entry.get(key) or ""
        if text != text.strip() or (key != "role_name" and not text):
            raise MacPoolError(f"{subject}, {key}", "a name without blanks around it", repr(text), "Fix the name.")
    given = entry.get("memory")
    return VmWish(
        name=entry["name"],
        generation=entry["generation"],
        memory=None if given in (None, "") else parse_memory(given, f"{subject}, memory"),
        path=entry.get("path") or None,
        vhd_path=entry.get("vhd_path") or None,
        switch=entry.get("switch") or None,
        adapter_name=entry["adapter_name"],
        clustered=entry["clustered"],
        role_name=entry.get("role_name") or "",
        host=entry.get("host") or None,
    )


def decide_vms(
    observation: Document, wishes: Sequence[VmWish], goal: Goal, inventory_name: str
) -> tuple[list[VmItem], list[VmWish]]:
    """Return what becomes of each VM, and the wishes for VMs that are none of this host's business.

    :param inventory_name: under which name the inventory knows the host that was observed
    :raises MacPoolError: for every VM of which something is wanted that must not or cannot be done now
    """
    picture = _Picture(observation, inventory_name)
    items: list[VmItem] = []
    missing: list[VmWish] = []
    errors: list[MacPoolError] = []
    for wish in wishes:
        try:
            item = picture.decide(wish, goal)
            if item is None:
                missing.append(wish)
            else:
                items.append(item)
        except MacPoolError as error:
            errors.append(error)
    raise_all("nothing was changed", errors)
    return items, missing


def seen_vms(observation: Document, wishes: Mapping[str, VmWish]) -> dict[str, VmItem]:
    """Return what is seen of VMs, by id; nothing is decided.

    :param wishes: by the id of the VM that each is about
    """
    picture = _Picture(observation, "")
    vms = [vm for named in picture.vms.values() for vm in named]
    return {vm["id"]: picture.see(wishes[vm["id"]], vm) for vm in vms if vm["id"] in wishes}


class _Picture:
    """What was observed, in the way in which VMs are looked up."""

    def __init__(self, observation: Document, inventory_name: str) -> None:
        self.host: str = observation["host"]["name"]
        self.names = (self.host, inventory_name)
        self.warnings: list[str] = list(observation.get("warnings") or ())
        self.vms: dict[str, list[Document]] = {}
        for vm in observed_vms(observation):
            self.vms.setdefault(name_key(vm["name"]), []).append(vm)
        self.adapters: dict[str, list[Adapter]] = {}
        for adapter in adapters_of(observation):
            self.adapters.setdefault(adapter.vm_id, []).append(adapter)
        cluster = observation.get("cluster")
        self.is_clustered = bool(cluster)
        self.is_cluster_read = "cluster" in observation and (cluster is None or "groups" in cluster)
        self.groups: list[Document] = list((cluster or {}).get("groups") or ())

    def decide(self, wish: VmWish, goal: Goal) -> VmItem | None:
        """Return what becomes of a VM; None when it is none of this host's business."""
        found = self.vms.get(name_key(wish.name), [])
        if len(found) > 1:
            ids = ", ".join(sorted(vm["id"] for vm in found))
            raise MacPoolError(
                f'VM "{wish.name}"',
                f'at most one VM of that name on host "{self.host}"',
                f"{len(found)}: {ids}",
                "Rename or remove one of them.",
            )
        if found:
            return self._existing(wish, goal, found[0])
        here = wish.host is None or any(find_host(wish.host, [host_key(name)]) for name in self.names)
        return self._missing(wish, goal) if goal.create and here else None

    def _missing(self, wish: VmWish, goal: Goal) -> VmItem:
        item = VmItem(wish, self.host)
        unread = [line for line in self.warnings if line.startswith("vms")]
        if not self.is_cluster_read or unread:
            raise MacPoolError(
                item.label,
                "proof that there is no VM of that name here and in the cluster",
                "; ".join(unread or self.warnings) or "a cluster that was not read",
                "Fix what could not be read: cluster cmdlets may need CredSSP or become.",
            )
        # The last is how Virtual Machine Manager calls the role of a VM.
        group = self._group(wish.role, wish.name, f"SCVMM {wish.name} Resources")
        if group and find_host(group["owner_node"], [host_key(self.host)]) is None:
            node = group["owner_node"]
            return replace(
                item, vm_id=group["vm_id"], clustered=True, node=node, reason=f'the cluster has it on node "{node}"'
            )
        if group:
            raise self._taken(item, group)
        if goal.state in ("stopped", "absent"):
            return item
        if not wish.name.isprintable():
            raise MacPoolError(
                f"VM {wish.name!r}", "a name without control characters for the new VM", "some", "Fix the name."
            )
        if wish.memory is None:
            raise MacPoolError(item.label, "memory for the new VM", "none given", "Say memory, such as 4GB.")
        return replace(item, steps=self._steps_after(item, (CREATE,), goal, OFF))

    def _group(self, *names: str) -> Document | None:
        """Return the cluster group of one of these names."""
        wanted = {name_key(name) for name in names}
        return next((group for group in self.groups if name_key(group["name"]) in wanted), None)

    def _taken(self, item: VmItem, group: Document) -> MacPoolError:
        here = next((vm for vms in self.vms.values() for vm in vms if vm["id"] == group["vm_id"]), None)
        of = f'VM "{here["name"]}"' if here else f"VM {group['vm_id']}"
        return MacPoolError(
            item.label,
            f'a cluster role "{group["name"]}" of this VM, or none of that name',
            f'the role of {of} on node "{group["owner_node"]}"',
            "Choose another role_name or name; remove the role if its VM is gone for good; or run again if it is moving.",
        )

    def see(self, wish: VmWish, vm: Document) -> VmItem:
        """Return what is there, without a step."""
        clustered = bool(vm.get("clustered")) or any(group["vm_id"] == vm["id"] for group in self.groups)
        adapters = self.adapters.get(vm["id"], [])
        named = [one for one in adapters if name_key(one.name) == name_key(wish.adapter_name)]
        adapter = named[0] if len(named) == 1 else adapters[0] if len(adapters) == 1 else None
        return VmItem(
            wish=wish,
            host=self.host,
            vm=vm,
            vm_id=vm["id"],
            clustered=clustered,
            adapter=adapter,
            differences=tuple(_differences(wish, vm, adapters, adapter)),
        )

    def _existing(self, wish: VmWish, goal: Goal, vm: Document) -> VmItem:
        item = self.see(wish, vm)
        if vm.get("replication_mode") in REPLICAS:
            return replace(item, reason="a replica, whose settings its primary owns")
        if goal.state == "absent":
            return replace(item, steps=(*_stop_steps(item, allowed=goal.stop), REMOVE))
        return replace(item, steps=self._steps_after(item, (), goal, vm["state"]))

    def _steps_after(self, item: VmItem, before: tuple[str, ...], goal: Goal, state: str) -> tuple[str, ...]:
        """Return the steps, those before, then the role, then the power."""
        steps = before
        if item.wish.clustered and not item.clustered:
            self._check_role(item)
            steps += (ROLE,)
        if goal.state == "started" and state not in RUNNING[:1]:
            steps += _start_steps(item, state)
        if goal.state == "stopped":
            steps += _stop_steps(item, allowed=True)
        return steps

    def _check_role(self, item: VmItem) -> None:
        if not self.is_cluster_read:
            raise MacPoolError(
                item.label,
                "a cluster role",
                "; ".join(self.warnings) or "a cluster that was not read",
                "Fix what could not be read: cluster cmdlets may need CredSSP or become.",
            )
        if not self.is_clustered:
            raise MacPoolError(
                item.label,
                "a cluster role",
                "a host that is in no cluster",
                "Say clustered: false, or run against a host of a cluster.",
            )
        if group := self._group(item.wish.role):
            raise self._taken(item, group)


def _start_steps(item: VmItem, state: str) -> tuple[str, ...]:
    if state == OFF:
        return (START,)
    raise MacPoolError(
        item.label,
        "a VM that runs",
        f"one that is {state}, and only one that is Off is started here",
        "Wait until it is Off or Running."
        if state not in (*SAVED, *RUNNING)
        else "Resume it: what it was doing is its owner's affair.",
    )


def _stop_steps(item: VmItem, *, allowed: bool) -> tuple[str, ...]:
    state = (item.vm or {}).get("state", OFF)
    if state == OFF:
        return ()
    if state in RUNNING and allowed:
        return (STOP,)
    remedies = {
        **dict.fromkeys(RUNNING, "Shut it down, or say stop: true."),
        **dict.fromkeys(SAVED, "Start it and shut it down: a saved state is never discarded."),
    }
    raise MacPoolError(
        item.label, "a VM that is Off", f"one that is {state}", remedies.get(state, "Wait until it is Off or Running.")
    )


def _differences(
    wish: VmWish, vm: Document, adapters: Sequence[Adapter], adapter: Adapter | None
) -> list[Mapping[str, Any]]:
    """Return what the VM has otherwise; what an observation does not show (memory, paths) is not compared."""
    found: list[tuple[str, Any, Any]] = []
    if vm.get("generation") != wish.generation:
        found.append(("generation", wish.generation, vm.get("generation")))
    if adapter is None or name_key(adapter.name) != name_key(wish.adapter_name):
        found.append(("adapter_name", wish.adapter_name, ", ".join(one.name for one in adapters) or None))
    if wish.switch and adapter and name_key(adapter.switch or "") != name_key(wish.switch):
        found.append(("switch", wish.switch, adapter.switch))
    return [{"key": key, "wanted": wanted, "found": seen} for key, wanted, seen in found]


def vm_operation(step: str, item: VmItem, vm_id: str, shutdown_timeout: int, force_off: bool) -> dict[str, Any]:
    """Return the operation of one step.

    :param vm_id: the id of the VM; empty for one that is still to be created
    :param shutdown_timeout: how many seconds a guest has to shut down
    """
    wish = item.wish
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
