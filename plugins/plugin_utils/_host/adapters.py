# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do on a host. Pure: what is wanted and what was observed go in, operations for host_apply come out.

The observation and the operations are those of the host contract: addresses are 12 upper-case hex digits, ids of VMs
lower-case GUIDs, ids of adapters are compared without case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ...module_utils._errors import MacPoolError, raise_all
from ...module_utils._mac import format_mac, is_mac, is_multicast, parse_mac, parse_unicast
from .._names import named_owner
from .._observation.model import NEVER_STARTED, NULL_PROFILE, OFF, REPLICAS, RUNNING, SAVED

Document = Mapping[str, Any]


class Reference(Protocol):
    """What names an adapter: the VM by name or id, the adapter by name or id, or None for the only one."""

    @property
    def vm(self) -> str:
        """Return the VM's name or id."""

    @property
    def adapter(self) -> str | None:
        """Return the adapter's name or id."""


R = TypeVar("R", bound=Reference)


@dataclass(frozen=True)
class Wish:
    """What the user wants of one adapter.

    ``goal`` is ``static`` (with an address given, or to be claimed from a pool), ``pin`` (keep today's dynamic address
    as a static one) or ``dynamic``.
    """

    vm: str
    adapter: str | None
    goal: str
    address: int | None = None
    pool: str | None = None
    owner: str | None = None


def read_wishes(adapters: Sequence[Mapping[str, Any]]) -> list[Wish]:
    """Return what the option ``adapters`` asks for.

    :raises MacPoolError: for every entry without exactly one of mac_address, pool, pin and dynamic
    """
    wishes: list[Wish] = []
    errors: list[MacPoolError] = []
    for number, entry in enumerate(adapters):
        try:
            wishes.append(_read_wish(f'adapters[{number}], VM "{entry["vm"]}"', entry))
        except MacPoolError as error:
            errors.append(error)
    raise_all("adapters", errors)
    return wishes


def _read_wish(subject: str, entry: Mapping[str, Any]) -> Wish:
    given = [key for key in ("mac_address", "pool") if entry.get(key) not in (None, "")]
    given += [key for key in ("pin", "dynamic") if entry.get(key)]
    if len(given) != 1:
        raise MacPoolError(
            subject,
            "exactly one of mac_address, pool, pin and dynamic",
            " and ".join(given) or "none of them",
            "Say where the address comes from.",
        )
    return Wish(
        vm=entry["vm"],
        adapter=entry.get("name") or None,
        goal=given[0] if given[0] in ("pin", "dynamic") else "static",
        address=parse_unicast(entry["mac_address"], f"{subject}, mac_address") if given[0] == "mac_address" else None,
        pool=entry["pool"] if given[0] == "pool" else None,
        owner=named_owner(entry["owner"]) if entry.get("owner") else None,
    )


@dataclass(frozen=True)
class PortProfile:
    """By which interface the Network Controller knows an adapter (facts 85 to 87).

    ``id`` is the instance id of the interface, a GUID in braces and lower case.
    """

    id: str
    data: int

    @classmethod
    def read(cls, document: Document | None) -> PortProfile | None:
        """Return the profile of an observation or a result; None for none."""
        return cls(document["profile_id"].lower(), int(document["profile_data"])) if document else None

    def as_result(self) -> dict[str, Any]:
        """Return the profile as observations and operations have it."""
        return {"profile_id": self.id, "profile_data": self.data}


@dataclass(frozen=True)
class Adapter:
    """One adapter of one VM as it was observed.

    ``profile_read`` is False where the port profile was not gathered or could not be read. ``vlan`` is empty for untagged.
    """

    host: str
    cluster: str
    vm_id: str
    vm: str
    state: str
    replica: bool
    id: str
    name: str
    mac: str
    dynamic: bool
    switch: str | None = None
    vlan: str = ""
    profile: PortProfile | None = None
    profile_read: bool = False

    @property
    def is_bound(self) -> bool:
        """Tell whether the adapter belongs to an interface of the Network Controller."""
        return self.profile is not None and self.profile.id != NULL_PROFILE

    @property
    def label(self) -> str:
        """Return the adapter's name for messages."""
        return f'adapter "{self.name}" of VM "{self.vm}" on host "{self.host}"'

    @property
    def owner_name(self) -> str:
        """Return the name under which the ledger knows the adapter until it is bound to the ids."""
        return f"{self.vm}/{self.name}"

    @property
    def address(self) -> int | None:
        """Return the address that the adapter carries; None when it never had one or shows no address at all."""
        return None if self.mac == NEVER_STARTED or not is_mac(self.mac) else parse_mac(self.mac)


@dataclass(frozen=True)
class Target:
    """A wish and the adapter that it means."""

    wish: Wish
    adapter: Adapter

    @property
    def owner(self) -> str:
        """Return the owner's name: the one that the user gave, or the adapter's."""
        return self.wish.owner or self.adapter.owner_name


@dataclass(frozen=True)
class Item:
    """What becomes of one wish: ``unchanged``, ``change``, ``pending`` (not now), and why."""

    target: Target
    address: int | None
    status: str
    reason: str = ""

    @property
    def before(self) -> dict[str, Any]:
        """Return the managed keys as they were observed."""
        return {"mac_address": self.target.adapter.mac, "dynamic": self.target.adapter.dynamic}

    @property
    def after(self) -> dict[str, Any]:
        """Return the managed keys as they will be; the address of an adapter that becomes dynamic is not known."""
        if self.status != "change":
            return self.before
        if self.address is None:
            return {"mac_address": None, "dynamic": True}
        return {"mac_address": format_mac(self.address), "dynamic": False}


def adapters_of(observation: Document) -> list[Adapter]:
    """Return all adapters of an observation's VMs."""
    host = observation["host"]["name"]
    cluster = (observation.get("cluster") or {}).get("name") or ""
    return [
        Adapter(
            host=host,
            cluster=cluster,
            vm_id=vm["id"],
            vm=vm["name"],
            state=vm["state"],
            replica=vm.get("replication_mode") in REPLICAS,
            id=adapter["id"],
            name=adapter["name"],
            mac=adapter["mac"],
            dynamic=adapter["dynamic"],
            switch=adapter.get("switch"),
            vlan=_vlan(adapter.get("vlan") or {}),
            profile=PortProfile.read(adapter.get("port_profile")),
            profile_read="port_profile" in adapter,
        )
        for vm in observation.get("vms") or ()
        for adapter in vm.get("adapters") or ()
    ]


def _vlan(vlan: Document) -> str:
    mode = vlan.get("mode") or "Untagged"
    return "" if mode == "Untagged" else f"{mode} {vlan.get('access') or vlan.get('trunk') or ''}".strip()


def observed_vms(observation: Document) -> Sequence[Document]:
    """Return the VMs of an observation.

    :raises MacPoolError: when they could not be read, which is not the same as no VMs
    """
    vms: Sequence[Document] | None = observation.get("vms")
    if vms is None:
        warnings = "; ".join(observation.get("warnings") or ()) or "no reason given"
        raise MacPoolError(
            f'host "{observation["host"]["name"]}"',
            "its VMs",
            f"that they cannot be read: {warnings}",
            "Fix that first, then run again.",
        )
    return vms


def find_targets(observation: Document, wishes: Sequence[Wish], skip_missing_vms: bool = False) -> list[Target]:
    """Return the adapter that each wish means; see find_adapters."""
    return [Target(wish, adapter) for wish, adapter in find_adapters(observation, wishes, skip_missing_vms)]


def find_adapters(
    observation: Document, references: Sequence[R], skip_missing_vms: bool = False
) -> list[tuple[R, Adapter]]:
    """Return the adapter that each reference means.

    :param skip_missing_vms: leave out references to VMs that are not on this host, or only as a replica
    :raises MacPoolError: for every one that means no adapter, more than one, or one that another one means too
    """
    host = observation["host"]["name"]
    vms: dict[str, list[Document]] = {}
    for vm in observed_vms(observation):
        vms.setdefault(vm["name"].casefold(), []).append(vm)
        vms.setdefault(vm["id"].casefold(), []).append(vm)
    adapters: dict[str, list[Adapter]] = {}
    for adapter in adapters_of(observation):
        adapters.setdefault(adapter.vm_id, []).append(adapter)
    targets: dict[tuple[str, str], tuple[R, Adapter]] = {}
    errors: list[MacPoolError] = []
    for wish in references:
        try:
            found = vms.get(wish.vm.casefold(), [])
            if skip_missing_vms:
                # A play over all hosts meets a replicated VM twice: its primary's host changes it (fact 107).
                found = [vm for vm in found if vm.get("replication_mode") not in REPLICAS]
            if not found and skip_missing_vms:
                continue
            vm = _the_vm(host, wish, found)
            adapter = _the_adapter(host, wish, vm, adapters.get(vm["id"], []))
            key = (adapter.vm_id, adapter.id.casefold())
            if key in targets:
                raise MacPoolError(
                    adapter.label, "one entry for each adapter", "two entries that mean this one", "Remove one of them."
                )
            targets[key] = (wish, adapter)
        except MacPoolError as error:
            errors.append(error)
    raise_all(f'host "{host}"', errors)
    return list(targets.values())


def _the_vm(host: str, wish: Reference, found: Sequence[Document]) -> Document:
    if len(found) == 1:
        return found[0]
    if not found:
        raise MacPoolError(
            f'VM "{wish.vm}"',
            f'a VM of that name or id on host "{host}"',
            "none",
            "Fix the name, run against the host that has it now, or say when_missing: skip.",
        )
    ids = ", ".join(sorted(vm["id"] for vm in found))
    raise MacPoolError(f'VM "{wish.vm}"', f'one VM on host "{host}"', f"{len(found)}: {ids}", "Give the id as vm.")


def _the_adapter(host: str, wish: Reference, vm: Document, adapters: Sequence[Adapter]) -> Adapter:
    subject = f'VM "{vm["name"]}" on host "{host}"'
    named = [
        adapter
        for adapter in adapters
        if wish.adapter is None or wish.adapter.casefold() in (adapter.name.casefold(), adapter.id.casefold())
    ]
    if len(named) == 1:
        return named[0]
    names = ", ".join(f'"{adapter.name}" (id {adapter.id})' for adapter in adapters) or "no adapter"
    if not named:
        wanted = "an adapter" if wish.adapter is None else f'an adapter of name or id "{wish.adapter}"'
        raise MacPoolError(subject, wanted, names, "Fix the name, or add the adapter to the VM first.")
    wanted = "the name of an adapter" if wish.adapter is None else f'one adapter of name "{wish.adapter}"'
    raise MacPoolError(subject, wanted, names, "Give the adapter's id as name.")


def check_pin(target: Target) -> int | None:
    """Return the address that pinning keeps; None when there is nothing to keep yet.

    :raises MacPoolError: when the adapter carries what cannot be made static
    """
    adapter = target.adapter
    if adapter.mac == NEVER_STARTED:
        return None
    address = parse_mac(adapter.mac, adapter.label)
    if is_multicast(address):
        raise MacPoolError(
            adapter.label,
            "an address that can be kept",
            f"{format_mac(address, 'dash')}, a multicast address",
            "Give it an address from a pool instead of pin.",
        )
    return address


def decide_adapters(targets: Sequence[tuple[Target, int | None]], when_running: str, bound: str = "fail") -> list[Item]:
    """Return what becomes of each target.

    :param targets: with the static address that each shall carry; None for dynamic, and for a pin of nothing
    :param when_running: ``fail``, ``pending`` (leave it for another time) or ``restart``
    :param bound: ``fail``, or ``change`` adapters of interfaces too: whoever says so changes the interface as well
    :raises MacPoolError: for every target that must not or cannot be changed now
    """
    items: list[Item] = []
    errors: list[MacPoolError] = []
    for target, address in targets:
        try:
            items.append(_decide_adapter(target, address, when_running, bound))
        except MacPoolError as error:
            errors.append(error)
    raise_all("nothing was changed", errors)
    return items


def _decide_adapter(target: Target, address: int | None, when_running: str, bound: str) -> Item:
    # A VM must be off for its address to be changed (fact 36); a replica belongs to its primary (fact 107).
    adapter = target.adapter
    if target.wish.goal == "pin" and address is None:
        return Item(target, None, "pending", "never started: it has no address to pin yet")
    as_wanted = adapter.dynamic if address is None else (not adapter.dynamic and adapter.address == address)
    if as_wanted:
        return Item(target, address, "unchanged")
    wanted = "a dynamic address" if address is None else f"the static address {format_mac(address, 'dash')}"
    if adapter.replica:
        raise MacPoolError(
            adapter.label, wanted, "a replica, whose settings its primary owns", "Change the primary VM."
        )
    if bound == "fail" and (address is None or adapter.address != address):
        _refuse_bound(adapter, wanted)  # a dynamic address that becomes static as it is stays in step
    if adapter.state == OFF:
        return Item(target, address, "change")
    if adapter.state in RUNNING and when_running == "restart":
        return Item(target, address, "change", "restart")
    if when_running == "pending":
        return Item(target, address, "pending", f"the VM is {adapter.state}, it must be Off")
    raise MacPoolError(
        adapter.label,
        wanted,
        f"a VM that is {adapter.state}, and only one that is Off can be changed",
        _power_remedy(adapter.state),
    )


def _refuse_bound(adapter: Adapter, wanted: str) -> None:
    """Refuse to take the adapter out of step with its interface: the SDN would drop the VM (facts 44, 89)."""
    if not adapter.profile_read:
        raise MacPoolError(
            adapter.label,
            f"{wanted}, and to know that no interface of the Network Controller is bound to it",
            "a port profile that could not be read",
            "See the warnings of macpool.hyperv.host_info for this host and fix that, or say bound: change.",
        )
    if adapter.is_bound and adapter.profile:
        raise MacPoolError(
            adapter.label,
            wanted,
            f"{adapter.mac} ({'dynamic' if adapter.dynamic else 'static'}), bound by the port profile {adapter.profile.id}"
            " to an interface of the Network Controller",
            "A bound adapter is changed only together with its interface: use the role macpool.hyperv.mac_interfaces.",
        )


def _power_remedy(state: str) -> str:
    if state in RUNNING:
        return "Shut it down, or say when_running: pending (later) or restart (guest shutdown, set, start again)."
    if state in SAVED:
        return "Start it and shut it down: a saved state is never discarded; or say when_running: pending."
    return "Wait until it is Off, or say when_running: pending."


def adapter_operations(items: Iterable[Item], shutdown_timeout: int, force_off: bool) -> list[dict[str, Any]]:
    """Return one ``set_vm_macs`` for each VM that has something to change, all its adapters in it."""
    by_vm: dict[str, list[Item]] = {}
    for item in items:
        if item.status == "change":
            by_vm.setdefault(item.target.adapter.vm_id, []).append(item)
    return [
        {
            "op": "set_vm_macs",
            "id": f"set_vm_macs {vm_id}",
            "vm_id": vm_id,
            "power": "restart" if any(item.reason == "restart" for item in changes) else "require_off",
            "shutdown_timeout": shutdown_timeout,
            "force_off": force_off,
            "adapters": [_adapter_change(item) for item in changes],
        }
        for vm_id, changes in by_vm.items()
    ]


def _adapter_change(item: Item) -> dict[str, Any]:
    adapter = item.target.adapter
    goal: dict[str, Any] = {"dynamic": True} if item.address is None else {"mac": format_mac(item.address)}
    return {"adapter_id": adapter.id, "expect": {"mac": adapter.mac, "dynamic": adapter.dynamic}, **goal}


def start_operations(vm_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return what starts VMs that an interrupted restart left off; one that runs already is left alone."""
    return [
        {"op": "start_vm", "id": f"start_vm {vm_id}", "vm_id": vm_id, "expect": {"state": OFF}}
        for vm_id in sorted(vm_ids)
    ]


def carried_after(result: Document) -> dict[str, tuple[str, bool]]:
    """Return what the read-back of a ``set_vm_macs`` shows: by adapter id in lower case, its address and its flag."""
    after = result.get("after") or {}
    return {row["adapter_id"].casefold(): (row["mac"], row["dynamic"]) for row in after.get("adapters") or ()}


def is_carried(item: Item, result: Document) -> bool:
    """Tell whether the read-back shows what was wanted: what was applied but not seen has failed (law 4)."""
    mac, dynamic = carried_after(result).get(item.target.adapter.id.casefold(), (None, None))
    if item.address is None:
        return dynamic is True
    return dynamic is False and is_mac(mac) and parse_mac(mac) == item.address


def result_error(subject: str, wanted: str, result: Document) -> MacPoolError | None:
    """Return the error that an operation's result stands for; None for one that is done or was so already."""
    if result["status"] in ("done", "unchanged"):
        return None
    reason = result.get("reason") or result["status"]
    message = result.get("message") or "no message"
    return MacPoolError(subject, wanted, f"{result['status']} ({reason}): {message}", _REMEDIES.get(reason, _RUN_AGAIN))


_RUN_AGAIN = "Fix what the message names, then run again: what is done already stays done."
_REMEDIES = {
    "moved": "Run again against the host that has the VM now.",
    "changed": "Somebody else changed it meanwhile: look at it, then run again.",
    "not_found": "It is gone since it was read: look for it, then run again.",
    "running": "Shut it down, or say when_running: pending or restart.",
    "saved": "Start it and shut it down: a saved state is never discarded.",
    "transition": "Wait until the VM is Off or Running, then run again.",
    "replica": "Change the primary VM.",
    "shutdown_action": "The cluster would count a guest shutdown as a failure: set the VM resource's ShutdownAction to 0,"
    " or shut the VM down through the cluster yourself.",
    "shutdown_timeout": "Look at the guest; raise shutdown_timeout, or say force_off: true.",
    "shutdown_unavailable": "The guest cannot be asked: shut it down yourself, or say force_off: true.",
    "access_denied": "Use an account that administers Hyper-V here; cluster cmdlets need CredSSP or become.",
    "unsupported": "Install what the host lacks (Hyper-V, or SDN for a port profile), or leave this host out.",
    "not_clustered": "Say clustered: false, or run against a host of a cluster.",
    "shared_role": "Move one of the VMs into a role of its own, then run again.",
}
