# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the addresses of the Network Controller's interfaces come from: the ledger, or the adapters bound to them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError, raise_all
from ...module_utils._mac import format_mac, parse_mac, parse_unicast
from ...module_utils._network_controller import member
from .._host.adapters import Adapter, adapters_of, observed_vms
from .._ledger.model import Request
from .._names import named_owner, plain_id

Entry = Mapping[str, Any]

OF_THE_LEDGER = ("pool", "owner")
"""Keys of an entry that the module does not know what to do with."""


def requests(entries: Sequence[Entry]) -> dict[int, Request]:
    """Return what is asked of the ledger before anything is written, by the number of the entry.

    :raises MacPoolError: for every entry whose sources of an address do not fit together
    """
    found: dict[int, Request] = {}
    errors: list[MacPoolError] = []
    for number, entry in enumerate(entries):
        try:
            if (request := _request(_subject(number, entry), entry)) is not None:
                found[number] = request
        except MacPoolError as error:
            errors.append(error)
    raise_all("interfaces", errors)
    return found


def _subject(number: int, entry: Entry) -> str:
    name = entry.get("name") or entry.get("instance_id") or ""
    return f'interfaces[{number}], interface "{name}"'


def _request(subject: str, entry: Entry) -> Request | None:
    given = entry.get("mac_address")
    sources = [
        *(["mac_address"] if given not in (None, "") else []),
        *(["pool"] if entry.get("pool") else []),
        *(["dynamic"] if entry.get("dynamic") else []),
    ]
    if len(sources) > 1:
        raise MacPoolError(
            subject, "one of mac_address, pool and dynamic", " and ".join(sources), "Say where the address comes from."
        )
    if not entry.get("owner"):
        if entry.get("pool"):
            raise MacPoolError(
                subject,
                "owner with pool",
                "none",
                "Say whose address it is: the name of the VM, a slash, and the name of the adapter.",
            )
        return None
    owner = named_owner(entry["owner"])
    if not sources:
        raise MacPoolError(
            subject,
            "mac_address, pool or dynamic with owner",
            "none of them",
            "Say where the address comes from, or leave the owner out.",
        )
    if entry.get("dynamic"):
        return None  # only the Network Controller knows it, and only afterwards
    if entry.get("pool"):
        return Request(owner, entry["pool"])
    return Request(owner, "", parse_unicast(given, f"{subject}, mac_address"))


def with_addresses(entries: Sequence[Entry], addresses: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return entries as the module takes them: with the addresses that the ledger promised."""
    made = []
    for number, entry in enumerate(entries):
        bare: dict[str, Any] = _named({key: value for key, value in entry.items() if key not in OF_THE_LEDGER})
        if number in addresses:
            bare["mac_address"] = format_mac(addresses[number])
        made.append(bare)
    return made


def _named(value: Any) -> Any:
    """Return options without those that nobody named: a module takes none of them for nothing."""
    if isinstance(value, Mapping):
        return {key: _named(inner) for key, inner in value.items() if inner is not None}
    return [_named(item) for item in value] if isinstance(value, list) else value


def given(entries: Sequence[Entry], rows: Sequence[Mapping[str, Any]]) -> list[Request]:
    """Return the claims on addresses that the Network Controller chose for owners of the ledger."""
    return [
        Request(named_owner(entry["owner"]), "", parse_mac(row["mac_address"]), adopt=True)
        for entry, row in zip(entries, rows, strict=True)
        if entry.get("owner") and entry.get("dynamic") and row.get("mac_address")
    ]


def unfinished(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the numbers of the interfaces that a check says are to be written or waited for."""
    return [
        number
        for number, row in enumerate(rows)
        if row["status"] != "unchanged" or row["provisioning_state"] not in (None, "Succeeded")
    ]


def together(predicted: Mapping[str, Any], todo: Sequence[int], results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one result of what was done in several parts.

    :param predicted: the result of the check, which holds for all that was not to be written
    :param todo: numbers of the interfaces that the parts are about, in their order
    :param results: of the parts; the last one may have failed as a whole, and then the rest was left
    """
    made = [row for result in results for row in result.get("interfaces") or ()]
    rows = [dict(row) for row in predicted["interfaces"]]
    for number, row in zip(todo, made, strict=False):
        rows[number] = dict(row)
    failures = [result for result in results if result.get("failed")]
    for number in todo[len(made) :]:
        rows[number].update(status="failed", after=rows[number]["before"], reason=str(failures[-1]["msg"]))
    whole: dict[str, Any] = {"changed": any(result.get("changed") for result in results), "interfaces": rows}
    diffs = [result["diff"] for result in results if "diff" in result]
    if diffs:
        whole["diff"] = {side: {k: v for diff in diffs for k, v in diff[side].items()} for side in ("before", "after")}
    if failures:
        errors = [error for result in failures for error in result.get("errors") or ()]
        whole.update(failed=True, msg="\n".join(str(result["msg"]) for result in failures), errors=errors)
    return whole


@dataclass(frozen=True)
class InStep:
    """What keeps interfaces in step with adapters.

    Entries for the module, the interfaces that agree already, and the adapters that cannot take part.
    """

    entries: list[dict[str, Any]]
    agreeing: list[dict[str, Any]]
    left_out: list[dict[str, Any]]


def in_step(observations: Sequence[Mapping[str, Any]], interfaces: Iterable[Mapping[str, Any]]) -> InStep:
    """Return what each interface to which adapters are bound shall be.

    The adapter is the truth (law 6): its VM sends with that address, whatever the Network Controller believes.

    :param observations: documents of hosts, with port profiles
    :param interfaces: what nc_network_interface_info says of the interfaces that there are
    """
    known = {plain_id(row["instance_id"]): row for row in interfaces}
    bound: dict[str, dict[tuple[str, str], Adapter]] = defaultdict(dict)
    entries: list[dict[str, Any]] = []
    agreeing: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for adapter in _adapters(observations):
        if not adapter.profile_read:
            left_out.append(_left_out(adapter, "its port profile was not read, so nobody knows its interface"))
        elif adapter.is_bound and adapter.profile:
            bound[plain_id(adapter.profile.id)][adapter.vm_id, plain_id(adapter.id)] = adapter
    for interface, adapters in sorted(bound.items()):
        reasons = {key: _why_not(adapter, len(adapters), interface in known) for key, adapter in adapters.items()}
        for key, adapter in adapters.items():
            if reasons[key]:
                left_out.append(_left_out(adapter, reasons[key]))
                continue
            address = format_mac(adapter.address or 0)
            if known[interface]["mac_address"] == address:
                # One whose address the Network Controller chose stays dynamic there: only the address must agree.
                same = {"mac_address": address}
                agreeing.append(
                    {**known[interface], "owner": None, "status": "unchanged", "before": same, "after": same}
                )
            else:
                entries.append({"instance_id": interface, "mac_address": address})
    return InStep(entries, agreeing, left_out)


def _adapters(observations: Sequence[Mapping[str, Any]]) -> Iterator[Adapter]:
    """Yield the adapters of all VMs that are no replicas.

    :raises MacPoolError: for what is no observation of a host, and for a host whose VMs could not be read
    """
    for number, observation in enumerate(observations):
        if not member(observation.get("host"), "name"):
            raise MacPoolError(
                f"observations[{number}]",
                "the observation of a host",
                f"a mapping of {', '.join(map(str, observation)) or 'nothing'}",
                "Give what macpool.hyperv.host_info returns as observation.",
            )
        observed_vms(observation)
        yield from (adapter for adapter in adapters_of(observation) if not adapter.replica)


def _left_out(adapter: Adapter, reason: str) -> dict[str, Any]:
    return {"vm": adapter.vm, "name": adapter.name, "host": adapter.host, "reason": reason}


def _why_not(adapter: Adapter, sharers: int, has_interface: bool) -> str:
    if not has_interface:
        return "no interface has the instance id that its port profile names"
    if sharers > 1:
        return f"{sharers} adapters are bound to its interface, and one must be released first"
    if adapter.dynamic:  # fact 44
        return "its address is dynamic, and the SDN needs a static one"
    if not adapter.address:
        return f"it carries no address ({adapter.mac})"
    return ""
