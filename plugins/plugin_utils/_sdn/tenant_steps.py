# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the steps of a plan for tenant VMs: what the next task is asked, and the lines at the end. Pure.

The results of tasks are joined by the ids of VMs and the names of interfaces, whatever their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import format_mac, parse_mac
from .._names import name_key, plain_id, same_name
from .._text import quoted

Row = Mapping[str, Any]


def to_bind(rows: Sequence[Row], made: Iterable[Row], *, preview: bool) -> dict[str, dict[str, Any]]:
    """Return what each host is asked once the interfaces are known: new VMs, addresses, port profiles.

    :param rows: of the plan
    :param made: what nc_network_interface returned; nothing for interfaces that were as wanted
    :param preview: whether a check asks: then new VMs and interfaces do not exist, and what is done to them is predicted
    """
    by_name = _by_interface(made)
    hosts: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["settled"]:
            continue
        asked = hosts.setdefault(row["host"], {"adapters": [], "profiles": [], "predicted": []})
        interface = by_name.get(_key(row["interface"])) or row["listed"] or {}
        address, instance = interface.get("mac_address"), interface.get("instance_id")
        reference = {"vm": row["vm_id"] or row["vm"], "name": row["adapter_id"] or row["adapter"]}
        if address:
            source = {"pin": True} if row["keeps"] else {"mac_address": address}
            asked["adapters"].append({**reference, "owner": row["owner"], **source})
        if instance:
            profile = {**reference, "interface_id": instance, "profile_data": row["profile_data"]}
            replaced = {"replaces": row["replaces"]} if row["replaces"] else {}
            # In a check the adapter still has its old address.
            checked = {"allow_dynamic": True} if preview else {"mac_address": address}
            asked["profiles"].append({**profile, **replaced, **checked})
        if preview:
            is_new = row["vm_id"] is None
            unknown = {"adapters": not address, "profiles": not instance, "vms": False}
            asked["predicted"] += [task for task, is_unknown in unknown.items() if is_new or is_unknown]
    for asked in hosts.values():
        asked["predicted"] = sorted(set(asked["predicted"]))
    return hosts


def _by_interface(made: Iterable[Row]) -> dict[str, Row]:
    return {_key(str(item["name"])): item for item in made}


def _key(name: str) -> str:
    return name.casefold()


def to_unbind(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Return what each host is asked of VMs that stay: no port profile, and a dynamic address."""
    hosts: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["vm_id"]:
            asked = hosts.setdefault(row["host"], {"profiles": [], "adapters": []})
            reference = {"vm": row["vm_id"], "name": row["adapter_id"] or row["adapter"]}
            asked["profiles"].append({**reference, "absent": True})
            asked["adapters"].append({**reference, "dynamic": True, "owner": row["owner"]})
    return hosts


def to_release(rows: Sequence[Row], results: Iterable[Row], *, remove: bool) -> list[dict[str, Any]]:
    """Return the claims to release, in two parts: of VMs that this run removed, and of all others.

    Only what this run itself removed is gone: any other address is looked for until a complete observation does not show it.

    :param results: what macpool.hyperv.vm or vm_network_adapter returned for the VMs of the plan, of all hosts
    :raises MacPoolError: for every VM that was found before and that no host has dealt with: it moved meanwhile
    """
    done = {
        plain_id(result["vm_id"]): result
        for result in results
        if result.get("vm_id") and result.get("status") not in ("elsewhere", "failed", "refused")
    }

    def check(row: Row) -> bool:
        if row["vm_id"] and plain_id(row["vm_id"]) not in done:
            raise _moved(row)
        return bool(row["vm_id"]) and remove and done[plain_id(row["vm_id"])]["status"] == "removed"

    gone = collected("tenant VMs", rows, check)
    parts = [
        (part, [row["claim_owner"] for row, is_gone in zip(rows, gone, strict=True) if is_gone == part])
        for part in (True, False)
    ]
    return [{"gone": part, "claims": [{"owner": owner} for owner in owners]} for part, owners in parts if owners]


def _moved(row: Row) -> MacPoolError:
    return MacPoolError(
        f"VM {quoted(row['vm'])}",
        f"to find it on host {quoted(row['host'])}, where it was when this run began",
        "no result of it",
        "It moved meanwhile, or its host failed before. Its interface and its claim were kept. Run the play again.",
    )


def shown_present(
    rows: Sequence[Row],
    made: Iterable[Row],
    results: Iterable[Row],
    current: Iterable[Row],
    *,
    start: bool,
    preview: bool,
) -> list[str]:
    """Return one line for each adapter.

    :param made: what nc_network_interface returned
    :param results: what the hosts said of the VMs in the end
    :param current: the interfaces as the Network Controller shows them in the end; nothing where nothing changed
    :raises MacPoolError: for every VM that no host has in the end
    """
    interfaces, latest = _by_interface(made), _by_interface(current)
    found = [result for result in results if result.get("vm_id") and result.get("status") != "elsewhere"]
    by_id = {plain_id(result["vm_id"]): result for result in found}
    by_name = {name_key(str(result["name"])): result for result in found}

    def line(row: Row) -> str:
        interface = interfaces.get(_key(row["interface"])) or row["listed"] or {}
        address = format_mac(parse_mac(interface["mac_address"]), "dash") if interface.get("mac_address") else ""
        vm = by_id.get(plain_id(row["vm_id"])) if row["vm_id"] else by_name.get(name_key(row["vm"]))
        if vm is None and not (preview and row["vm_id"] is None):
            raise _moved(row)
        named = row["vm"] if row["single"] else f"{row['vm']}/{row['adapter']}"
        said = [
            f"{named}: {address or 'an address that the Network Controller chooses'}",
            f"interface {row['interface']} {interface.get('status') or 'unchanged'}",
        ]
        if vm is None:
            role = ", clustered" if row["clustered"] else ""
            started = " and started" if start else ""
            said.append(f"would be created on {row['host']}, given the address, bound{role}{started}")
            return ", ".join(said)
        said.append(f"on {vm['host']} {vm['state']}")
        if not vm["clustered"]:
            said.append("not clustered")
        if row["replaces"]:
            said.append(f"{'would be ' if preview else ''}bound again")
        if state := _state_words(latest.get(_key(row["interface"])) or row["listed"] or {}):
            said.append(state)
        differences = [
            f"; {item['key']} is {item['found']}, not {item['wanted']}" for item in vm.get("differences") or ()
        ]
        return ", ".join(said) + "".join(differences)

    return collected("tenant VMs", rows, line)


def _state_words(interface: Row) -> str:
    """Return whether the hosts have the policy of an interface, and so whether traffic flows (fact 70)."""
    state = interface.get("configuration_state") or {}
    if not state.get("status"):
        return ""
    problems = "; ".join(str(problem) for problem in state.get("problems") or ())
    return f"configuration_state {state['status']}" + (f" ({problems})" if problems else "")


def shown_absent(rows: Sequence[Row], removed: Iterable[Row], claims: Iterable[Row], *, remove: bool) -> list[str]:
    """Return one line for each adapter.

    :param removed: what nc_network_interface returned
    :param claims: what allocation returned
    """
    interfaces, released = _by_interface(removed), list(claims)
    lines = []
    for row in rows:
        vm = "no VM" if not row["vm_id"] else "VM removed, its disks stay" if remove else "VM off and dynamic"
        interface = interfaces.get(_key(row["interface"])) or {}
        is_removed = interface.get("status") == "removed"
        own = [claim for claim in released if same_name(str(claim.get("owner") or ""), row["claim_owner"])]
        states = [
            f"{claim['formats']['dash']} {claim['state']}" + (f" until {claim['until']}" if claim["until"] else "")
            for claim in own
        ]
        named = row["vm"] if row["single"] else f"{row['vm']}/{row['adapter']}"
        lines.append(
            f"{named}: {vm}, interface {row['interface']} {'removed' if is_removed else 'does not exist'},"
            f" {', '.join(states) or 'no claim'}"
        )
    return lines
