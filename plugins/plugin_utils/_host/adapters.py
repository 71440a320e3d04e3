# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address an adapter gets. Pure: what is wanted and what was observed go in, operations for host_apply come out.

The operations are those of docs/host_contract.md: addresses are 12 upper-case hex digits, ids are sent as the host gave them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import format_mac, is_mac, is_multicast, parse_mac, parse_unicast
from .._names import named_owner, plain_id
from .._observation.model import OFF, RUNNING, Adapter, Vm
from .observed import Reference, refuse_replica
from .power import off_remedy, state_words

RESTART = "restart"


@dataclass(frozen=True)
class Wish(Reference):
    """What the user wants of one adapter.

    ``goal`` is ``static`` (with an address given, or to be claimed from a pool), ``pin`` (keep today's dynamic address
    as a static one) or ``dynamic``.
    """

    goal: str
    address: int | None = None
    pool: str | None = None
    owner: str | None = None


def read_wishes(adapters: Sequence[Mapping[str, Any]]) -> list[Wish]:
    """Return what the option ``adapters`` asks for.

    :raises MacPoolError: for every entry without exactly one of mac_address, pool, pin and dynamic
    """
    return collected("adapters", enumerate(adapters), lambda numbered: _read_wish(*numbered))


def _read_wish(number: int, entry: Mapping[str, Any]) -> Wish:
    subject = f'adapters[{number}], VM "{entry["vm"]}"'
    given = [key for key in ("mac_address", "pool") if entry.get(key) not in (None, "")]
    given += [key for key in ("pin", "dynamic") if entry.get(key)]
    if len(given) != 1:
        raise MacPoolError(
            subject,
            "exactly one of mac_address, pool, pin and dynamic",
            " and ".join(given) or "none of them",
            "Name one source for the address.",
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
class Target:
    """A wish and the adapter that it means."""

    wish: Wish
    adapter: Adapter

    @property
    def owner(self) -> str:
        """Return the owner's name: the one that the user gave, or the adapter's."""
        return self.wish.owner or self.adapter.owner_name


@dataclass(frozen=True)
class AdapterDecision:
    """What becomes of one wish: ``unchanged``, ``change``, ``pending`` (not now), and why."""

    target: Target
    address: int | None
    status: str
    reason: str = ""

    @property
    def wish(self) -> Wish:
        """Return the wish."""
        return self.target.wish

    @property
    def name(self) -> str:
        """Return what the adapter is called in a diff."""
        return self.target.adapter.full_name

    @property
    def operation_id(self) -> str:
        """Return the id under which host_apply answers; the adapters of one VM share an operation."""
        return f"set_vm_macs {self.target.adapter.vm.given_id}"

    @property
    def before(self) -> dict[str, Any]:
        """Return the managed keys as they were observed."""
        return {"mac_address": self.target.adapter.text, "dynamic": self.target.adapter.dynamic}

    @property
    def after(self) -> dict[str, Any]:
        """Return the managed keys as they will be; the address of an adapter that becomes dynamic is not known."""
        if self.status != "change":
            return self.before
        if self.address is None:
            return {"mac_address": None, "dynamic": True}
        return {"mac_address": format_mac(self.address), "dynamic": False}


def check_pin(target: Target) -> int | None:
    """Return the address that pinning keeps; None when there is nothing to keep yet.

    :raises MacPoolError: when the adapter carries what cannot be made static
    """
    adapter = target.adapter
    if adapter.value == 0:
        return None
    _check_readable(adapter, "an address that can be kept")
    address = adapter.address or 0
    if is_multicast(address):
        raise MacPoolError(
            adapter.label,
            "an address that can be kept",
            f"{format_mac(address, 'dash')}, a multicast address",
            "Give it an address from a pool instead of pin.",
        )
    return address


def decide_adapters(
    targets: Sequence[tuple[Target, int | None]], when_running: str, bound: str = "fail"
) -> list[AdapterDecision]:
    """Return what becomes of each target.

    :param targets: each with its static address; None for dynamic, and for a pin of nothing
    :param when_running: ``fail``, ``pending`` (leave it for another time) or ``restart``
    :param bound: ``fail``, or ``change`` adapters of interfaces too, for tasks that change the interface as well
    :raises MacPoolError: for every target that must not or cannot be changed now
    """
    return collected("nothing was changed", targets, lambda pair: _decide_adapter(*pair, when_running, bound))


def _decide_adapter(target: Target, address: int | None, when_running: str, bound: str) -> AdapterDecision:
    # A VM must be off for its address to be changed (fact 36).
    adapter, state = target.adapter, target.adapter.vm.state
    if target.wish.goal == "pin" and address is None:
        return AdapterDecision(target, None, "pending", "never started: it has no address to pin yet")
    if _is_as_wanted(address, adapter.address, adapter.dynamic):
        return AdapterDecision(target, address, "unchanged")
    wanted = address_words(address)
    _check_readable(adapter, wanted)
    refuse_replica(adapter, wanted)
    if bound == "fail" and (address is None or adapter.address != address):
        _refuse_bound(adapter, wanted)  # a dynamic address that becomes static as it is stays in sync
    if state == OFF:
        return AdapterDecision(target, address, "change")
    if state in RUNNING and when_running == RESTART:
        return AdapterDecision(target, address, "change", RESTART)
    if when_running == "pending":
        return AdapterDecision(target, address, "pending", f"the VM is {state_words(state)}, it must be Off")
    remedy = off_remedy(
        state,
        "Shut it down, or set when_running: restart (shut the guest down, change the address, start the VM again).",
    )
    raise MacPoolError(
        adapter.label,
        wanted,
        f"a VM that is {state_words(state)}, and only one that is Off can be changed",
        f"{remedy} Set when_running: pending to leave it for a later run.",
    )


def address_words(address: int | None) -> str:
    """Return what an adapter is to carry."""
    return "a dynamic address" if address is None else f"the static address {format_mac(address, 'dash')}"


def _is_as_wanted(wanted: int | None, address: int | None, dynamic: bool | None) -> bool:
    return dynamic is True if wanted is None else dynamic is False and address == wanted


def _check_readable(adapter: Adapter, wanted: str) -> None:
    """Refuse an adapter of which it is not known what it carries: the host could not be told what is expected there."""
    if adapter.unreadable:
        raise MacPoolError(
            adapter.label,
            wanted,
            adapter.unreadable,
            "See the warnings of macpool.hyperv.host_info for this host, and look at the adapter in Hyper-V.",
        )


def _refuse_bound(adapter: Adapter, wanted: str) -> None:
    """Refuse to take the adapter out of sync with its interface: the SDN would drop the VM (facts 44, 89)."""
    if not adapter.profile_read:
        raise MacPoolError(
            adapter.label,
            f"{wanted}, and to know that no interface of the Network Controller is bound to it",
            "a port profile that could not be read",
            "See the warnings of macpool.hyperv.host_info for this host and fix that, or set bound: change.",
        )
    if adapter.bound_to:
        raise MacPoolError(
            adapter.label,
            wanted,
            f"{adapter.shown}, bound by the port profile {adapter.bound_to.id} to an interface of the Network Controller",
            "A bound adapter is changed only together with its interface: use the role macpool.hyperv.mac_interfaces.",
        )


def adapter_operations(
    decisions: Iterable[AdapterDecision], shutdown_timeout: int, force_off: bool
) -> list[dict[str, Any]]:
    """Return one ``set_vm_macs`` for each VM that has something to change, all its adapters in it."""
    by_vm: dict[Vm, list[AdapterDecision]] = defaultdict(list)
    for decision in decisions:
        if decision.status == "change":
            by_vm[decision.target.adapter.vm].append(decision)
    return [
        {
            "op": "set_vm_macs",
            "id": changes[0].operation_id,
            "vm_id": vm.given_id,
            "power": RESTART if any(decision.reason == RESTART for decision in changes) else "require_off",
            "shutdown_timeout": shutdown_timeout,
            "force_off": force_off,
            "adapters": [_adapter_change(decision) for decision in changes],
        }
        for vm, changes in by_vm.items()
    ]


def _adapter_change(decision: AdapterDecision) -> dict[str, Any]:
    adapter, address = decision.target.adapter, decision.address
    goal: dict[str, Any] = {"dynamic": True} if address is None else {"mac": format_mac(address)}
    return {"adapter_id": adapter.given_id, "expect": {"mac": adapter.text, "dynamic": adapter.dynamic}, **goal}


def start_operations(vms: Iterable[Vm]) -> list[dict[str, Any]]:
    """Return what starts VMs that an interrupted restart left off; one that runs already is left alone."""
    return [
        {"op": "start_vm", "id": f"start_vm {vm_id}", "vm_id": vm_id, "expect": {"state": OFF}}
        for vm_id in sorted(vm.given_id for vm in vms)
    ]


def carried_after(adapter: Adapter, result: Mapping[str, Any]) -> tuple[object, object]:
    """Return what the read-back of a ``set_vm_macs`` shows of an adapter: its address and its flag; None where nothing."""
    rows = (result.get("after") or {}).get("adapters") or ()
    found = (row for row in rows if plain_id(row["adapter_id"]) == adapter.id)
    return next(((row["mac"], row["dynamic"]) for row in found), (None, None))


def is_carried(decision: AdapterDecision, result: Mapping[str, Any]) -> bool:
    """Tell whether the read-back shows what was wanted: what was applied but not seen has failed (law 4)."""
    mac, dynamic = carried_after(decision.target.adapter, result)
    address = parse_mac(mac) if is_mac(mac) else None
    return _is_as_wanted(decision.address, address, dynamic if isinstance(dynamic, bool) else None)
