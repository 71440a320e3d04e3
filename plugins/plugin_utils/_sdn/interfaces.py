# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the addresses of the Network Controller's interfaces come from: the ledger, or the adapters bound to them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import format_mac, parse_mac, parse_unicast
from .._host.observed import ObservedHost
from .._ledger.model import Request
from .._names import named_owner, plain_id
from .._observation.model import Adapter
from .._plain import without_unset

Entry = Mapping[str, Any]

OF_THE_LEDGER = ("pool", "owner", "adopt")
"""Keys of an entry that the module does not know what to do with."""


def read_requests(entries: Sequence[Entry]) -> dict[int, Request]:
    """Return what is asked of the ledger before anything is written, by the number of the entry.

    :raises MacPoolError: for every entry whose sources of an address do not fit together
    """
    found = collected("interfaces", enumerate(entries), lambda numbered: _request(*numbered))
    return {number: request for number, request in enumerate(found) if request}


def _request(number: int, entry: Entry) -> Request | None:
    subject = f'interfaces[{number}], interface "{entry.get("name") or entry.get("instance_id") or ""}"'
    given = entry.get("mac_address")
    sources = ["mac_address"] if given not in (None, "") else []
    sources += [key for key in ("pool", "dynamic") if entry.get(key)]
    if len(sources) > 1:
        raise MacPoolError(
            subject, "one of mac_address, pool and dynamic", " and ".join(sources), "Name one source for the address."
        )
    if entry.get("adopt") and not (entry.get("owner") and "mac_address" in sources):
        raise MacPoolError(
            subject,
            "owner and mac_address with adopt: true",
            "only one of them" if entry.get("owner") or sources else "neither",
            "Set the owner and the address that the owner's adapter already has.",
        )
    if not entry.get("owner"):
        if entry.get("pool"):
            raise MacPoolError(
                subject,
                "owner with pool",
                "none",
                "Name the owner of the address: the name of the VM, a slash, and the name of the adapter.",
            )
        return None
    owner = named_owner(entry["owner"])
    if not sources:
        raise MacPoolError(
            subject,
            "mac_address, pool or dynamic with owner",
            "none of them",
            "Name the source of the address, or leave the owner out.",
        )
    if entry.get("dynamic"):
        return None  # only the Network Controller knows it, and only afterwards
    if entry.get("pool"):
        return Request(owner, entry["pool"])
    return Request(owner, "", parse_unicast(given, f"{subject}, mac_address"), adopt=bool(entry.get("adopt")))


def with_addresses(entries: Sequence[Entry], addresses: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return entries as the module takes them: with the addresses that the ledger promised."""
    made = []
    for number, entry in enumerate(entries):
        bare: dict[str, Any] = without_unset({key: value for key, value in entry.items() if key not in OF_THE_LEDGER})
        if number in addresses:
            bare["mac_address"] = format_mac(addresses[number])
        made.append(bare)
    return made


def chosen_requests(entries: Sequence[Entry], rows: Sequence[Mapping[str, Any]]) -> list[Request]:
    """Return the claims on addresses that the Network Controller chose for owners of the ledger."""
    return [
        Request(named_owner(entry["owner"]), "", parse_mac(row["mac_address"]), adopt=True)
        for entry, row in zip(entries, rows, strict=True)
        if entry.get("owner") and entry.get("dynamic") and row.get("mac_address")
    ]


@dataclass(frozen=True)
class InSync:
    """What keeps interfaces in sync with adapters.

    Entries for the module, the interfaces that agree already, and the adapters that are left out, with the reason.
    """

    entries: list[dict[str, Any]]
    agreeing: list[dict[str, Any]]
    left_out: list[dict[str, Any]]


def in_sync(observations: Sequence[Mapping[str, Any]], interfaces: Iterable[Mapping[str, Any]]) -> InSync:
    """Return what becomes of each interface to which adapters are bound.

    The adapter is the truth (law 6): its VM sends with that address, whatever the Network Controller believes.

    :param observations: documents of hosts, with port profiles
    :param interfaces: what nc_network_interface_info shows of all interfaces
    :raises MacPoolError: for what is no observation of a host, and for a host whose VMs could not be read
    """
    known = {plain_id(row["instance_id"]): row for row in interfaces}
    bound: dict[str, dict[tuple[str, str], Adapter]] = defaultdict(dict)
    entries: list[dict[str, Any]] = []
    agreeing: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for adapter in _adapters(observations):
        if not adapter.profile_read:
            left_out.append(_left_out(adapter, "its port profile was not read, so its interface is not known"))
        elif adapter.bound_to:
            # A VM that moves while the hosts are read is seen twice.
            bound[plain_id(adapter.bound_to.id)][adapter.vm.id or "", adapter.id] = adapter
    for interface, adapters in sorted(bound.items()):
        for adapter in adapters.values():
            if reason := _why_not(adapter, len(adapters), interface in known):
                left_out.append(_left_out(adapter, reason))
                continue
            address = format_mac(adapter.address or 0)
            if known[interface]["mac_address"] != address and (sign := known[interface].get("protected")):
                left_out.append(_left_out(adapter, f"its interface is protected: {sign}"))
            elif known[interface]["mac_address"] == address:
                # One whose address the Network Controller chose stays dynamic there: only the address must agree.
                same = {"mac_address": address}
                agreeing.append(
                    {**known[interface], "owner": None, "status": "unchanged", "before": same, "after": same}
                )
            else:
                entries.append({"instance_id": interface, "mac_address": address})
    return InSync(entries, agreeing, left_out)


def _adapters(observations: Sequence[Mapping[str, Any]]) -> Iterator[Adapter]:
    """Yield the adapters of all VMs that are no replicas."""
    for number, observation in enumerate(observations):
        host = ObservedHost.read(observation, f"observations[{number}]")
        for vm in host.vms:
            if not vm.replica:
                yield from vm.adapters


def _left_out(adapter: Adapter, reason: str) -> dict[str, Any]:
    return {"vm": adapter.vm.name, "name": adapter.name, "host": adapter.host.name, "reason": reason}


def _why_not(adapter: Adapter, sharers: int, has_interface: bool) -> str:
    if not has_interface:
        return "no interface has the instance id that its port profile names"
    if sharers > 1:
        return f"{sharers} adapters are bound to its interface, and one must be released first"
    if adapter.unreadable:
        return f"it shows {adapter.unreadable}"
    if adapter.dynamic:  # fact 44
        return "its address is dynamic, and the SDN needs a static one"
    return "" if adapter.address else f"it carries no address ({adapter.text})"
