# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Network interfaces of the Network Controller: what is wanted and what exists. Pure. For internal use by this
collection only.

Addresses, ids, references and names of members are compared by meaning. What a wish does not name is not changed: a
PUT replaces the whole resource, so the body is the resource as it was read, with the wanted members.
"""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ._errors import MacPoolError, collected
from ._ids import plain_id
from ._mac import all_formats, format_mac, is_mac, parse_mac, parse_unicast
from ._nc_change import FAILED, SETTLING, failure_reasons
from ._network_controller import (
    Resource,
    checked_name,
    etag_of,
    instance_id,
    member,
    name_of,
    properties_of,
    state_of,
)

COLLECTION = "networkInterfaces"
STATIC, DYNAMIC = "static", "dynamic"
_REFERENCES = {
    "subnet": (
        re.compile(r"/?(?:virtualNetworks|logicalNetworks)/[^/]+/subnets/[^/]+", re.IGNORECASE),
        "/virtualNetworks/NAME/subnets/NAME or /logicalNetworks/NAME/subnets/NAME",
    ),
    "access_control_list": (re.compile(r"/?accessControlLists/[^/]+", re.IGNORECASE), "/accessControlLists/NAME"),
}
"""By option of an IP configuration: the form of a reference, and its words."""
_READ_ONLY = frozenset({"provisioningstate", "configurationstate"})
"""Members that a client leaves out of what it sends (fact 76)."""

PORT_SETTINGS: dict[str, str] = {
    "mac_spoofing": "macSpoofingEnabled",
    "arp_guard": "arpGuardEnabled",
    "dhcp_guard": "dhcpGuardEnabled",
    "storm_limit": "stormLimit",
    "port_flow_limit": "portFlowLimit",
    "vmq_weight": "vmqWeight",
    "iov_weight": "iovWeight",
    "iov_interrupt_moderation": "iovInterruptModeration",
    "iov_queue_pairs": "iovQueuePairsRequested",
}
"""By option: the member. A switch is the word Enabled or Disabled there (fact 67)."""


class IpWish(NamedTuple):
    """One IP configuration that is wanted; None: not named, so not managed."""

    name: str
    ip_address: str | None
    allocation: str | None
    subnet: str | None
    access_control_list: str | None


@dataclass(frozen=True)
class InterfaceWish:
    """What a task wants of one interface, named by its resource id or, if it exists, by its instance id."""

    name: str
    instance_id: str = ""
    address: int | None = None
    dynamic: bool = False
    primary: bool | None = None
    dns_servers: tuple[str, ...] | None = None
    ip_configurations: tuple[IpWish, ...] = ()
    purge_ip_configurations: bool = False
    port_settings: Mapping[str, Any] = field(default_factory=dict)
    change_protected: bool = False

    @property
    def label(self) -> str:
        """The interface for messages."""
        return f'interface "{self.name or self.instance_id}" of the Network Controller'


# --- reading the options ----------------------------------------------------------------------------------------------


def read_wishes(entries: Sequence[Mapping[str, Any]]) -> list[InterfaceWish]:
    """Return the wishes of the option interfaces.

    :raises MacPoolError: for every entry that cannot be fulfilled
    """
    keys: set[str] = set()

    def read(numbered: tuple[int, Mapping[str, Any]]) -> InterfaceWish:
        number, entry = numbered
        wish = _read_wish(f"interfaces[{number}]", entry)
        key = wish.name.casefold() or wish.instance_id
        if key in keys:
            raise MacPoolError(wish.label, "one entry for each interface", "two entries", "Remove one of them.")
        keys.add(key)
        return wish

    return collected("interfaces", enumerate(entries), read)


def _read_wish(place: str, entry: Mapping[str, Any]) -> InterfaceWish:
    name, by_id = entry.get("name") or "", plain_id(entry.get("instance_id") or "")
    if bool(name) == bool(by_id):
        found = "both" if name else "neither"
        raise MacPoolError(place, "exactly one of name and instance_id", found, "Set one of them.")
    if name:
        checked_name(name, f"{place}.name")
        place = f'{place}, interface "{name}"'
    given = entry.get("mac_address")
    has_address = given not in (None, "")
    if has_address and entry.get("dynamic"):
        raise MacPoolError(place, "one of mac_address and dynamic", "both", "Remove one of them.")
    configurations = entry.get("ip_configurations")
    if entry.get("purge_ip_configurations") and not configurations:
        remedy = "List the configurations to keep: an interface without any has no network."
        raise MacPoolError(place, "ip_configurations with purge_ip_configurations: true", "none", remedy)
    servers = entry.get("dns_servers")
    return InterfaceWish(
        name=name,
        instance_id=by_id,
        address=parse_unicast(given, f"{place}, mac_address") if has_address else None,
        dynamic=bool(entry.get("dynamic")),
        primary=entry.get("primary"),
        dns_servers=None if servers is None else tuple(_ip_address(item, f"{place}, dns_servers") for item in servers),
        ip_configurations=_read_configurations(place, configurations or ()),
        purge_ip_configurations=bool(entry.get("purge_ip_configurations")),
        port_settings={
            option: value for option, value in (entry.get("port_settings") or {}).items() if value is not None
        },
        change_protected=bool(entry.get("change_protected")),
    )


def _read_configurations(place: str, entries: Sequence[Mapping[str, Any]]) -> tuple[IpWish, ...]:
    found: dict[str, IpWish] = {}
    for number, entry in enumerate(entries):
        where = f"{place}, ip_configurations[{number}]"
        name = checked_name(entry["name"], f"{where}.name")
        address = _ip_address(entry["ip_address"], f"{where}.ip_address") if entry.get("ip_address") else None
        allocation = entry.get("allocation") or (STATIC if address else None)
        if allocation == STATIC and address is None:
            raise MacPoolError(where, "ip_address with allocation: static", "none", "Set ip_address.")
        references = (_reference(entry.get(option), option, where) for option in _REFERENCES)
        wish = IpWish(name, address, allocation, *references)
        if found.setdefault(name.casefold(), wish) is not wish:
            raise MacPoolError(where, "each IP configuration once", f'"{name}" twice', "Remove one of them.")
    return tuple(found.values())


def _ip_address(value: object, subject: str) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise MacPoolError(subject, "an IP address", repr(value), "Write it without a prefix length.") from None


def _reference(value: str | None, option: str, where: str) -> str | None:
    if value in (None, ""):
        return None
    form, wanted = _REFERENCES[option]
    if not form.fullmatch(str(value)):
        remedy = "Set the reference as the Network Controller shows it."
        raise MacPoolError(f"{where}.{option}", wanted, repr(value), remedy)
    return f"/{str(value).lstrip('/')}"


# --- what exists ------------------------------------------------------------------------------------------------------


def address_of(interface: Resource | None) -> int | None:
    """Return the MAC address of an interface, in whichever form the server shows it (fact 69); None if it has none yet."""
    found = member(properties_of(interface), "privateMacAddress")
    return (parse_mac(found) or None) if is_mac(found) else None


def allocation_of(interface: Resource | None) -> str:
    """Return static or dynamic."""
    return str(member(properties_of(interface), "privateMacAllocationMethod") or STATIC).casefold()


def has_outcome(interface: Resource) -> bool:
    """Tell whether the interface is complete: a dynamic one has its address (fact 71)."""
    return allocation_of(interface) != DYNAMIC or address_of(interface) is not None


def is_settled(interface: Resource) -> bool:
    """Tell whether the server is done with it."""
    return state_of(interface).casefold() not in SETTLING and has_outcome(interface)


def configurations_of(interface: Resource | None) -> list[Any]:
    """Return the IP configurations."""
    found = member(properties_of(interface), "ipConfigurations")
    return found if isinstance(found, list) else [found] if isinstance(found, dict) else []


_INFRASTRUCTURE = {
    "gateway": "a gateway",
    "loadBalancerMuxExternal": "a load balancer multiplexer",
    "loadBalancerMuxInternal": "a load balancer multiplexer",
}
"""By member of the properties: what an interface with it belongs to."""
_MANAGER_SIGNS = ("client", "originalHref", "tenantId", "groupId")
"""Members of the resource metadata that tell who made a resource, best first."""


def is_hosts_own(interface: Mapping[str, Any]) -> bool:
    """Tell whether it belongs to a host and not to a tenant's VM."""
    return str(member(properties_of(interface), "isHostVirtualNetworkInterface")).casefold() == "true"


def infrastructure_of(interface: Mapping[str, Any] | None) -> str:
    """Return what part of the SDN itself an interface belongs to, such as a gateway; empty for a tenant's."""
    properties = properties_of(interface)
    for name, owner in _INFRASTRUCTURE.items():
        if found := member(properties, name):
            return f"{owner} {_reference_of(found) or ''}".rstrip()
    return "a host" if is_hosts_own(interface or {}) else ""


def protection_of(interface: Mapping[str, Any] | None) -> str:
    """Return why an interface is not a tenant's to change: what it belongs to, or who else manages it; empty if neither."""
    if owner := infrastructure_of(interface):
        return f"it belongs to {owner}"
    metadata = member(interface, "resourceMetadata")
    for sign in _MANAGER_SIGNS:
        if found := member(metadata, sign):
            return f"its resourceMetadata names another manager ({sign} {str(found)[:120]!a})"
    return ""


def check_protected(wish: InterfaceWish, found: Resource | None) -> None:
    """Refuse to change or remove an interface that is not a tenant's, unless the wish says so.

    :raises MacPoolError: with the sign
    """
    if not wish.change_protected and (sign := protection_of(found)):
        wanted = "an interface of a tenant that this task manages"
        remedy = "Change it with the tool that made it. If you are sure, set change_protected: true for this interface."
        raise MacPoolError(wish.label, wanted, sign, remedy, problem=f"{wish.label} is protected: {sign}")


def finder(interfaces: Sequence[Resource]) -> Callable[[InterfaceWish], Resource | None]:
    """Return what finds the interface that a wish means, by its name in any case or by its instance id."""
    by_name = {name_of(item).casefold(): item for item in interfaces}
    by_id = {instance_id(item): item for item in interfaces}
    return lambda wish: by_name.get(wish.name.casefold()) if wish.name else by_id.get(wish.instance_id)


# --- what to do -------------------------------------------------------------------------------------------------------


def check(wish: InterfaceWish, found: Resource | None, carriers: Mapping[int, Sequence[Resource]]) -> None:
    """Refuse a wish that must not or cannot be fulfilled.

    :param carriers: interfaces by their address
    :raises MacPoolError: with the interface
    """
    if found is None and not wish.name:
        raise MacPoolError(
            wish.label, "an interface with this instance id", "none", "Create the interface first, by its name."
        )
    if found is None and wish.address is None and not wish.dynamic:
        wanted = "a source of its MAC address: mac_address, pool or dynamic"
        raise MacPoolError(wish.label, wanted, "none, and the interface does not exist yet", "Set one of them.")
    if found is None and not wish.ip_configurations:
        remedy = "Add one with its subnet and address."
        raise MacPoolError(wish.label, "at least one entry in ip_configurations for a new interface", "none", remedy)
    known = {name_of(item).casefold() for item in configurations_of(found) if isinstance(item, dict)}
    for configuration in wish.ip_configurations:
        is_new = configuration.name.casefold() not in known
        if is_new and (configuration.subnet is None or configuration.allocation is None):
            place = f'{wish.label}, IP configuration "{configuration.name}"'
            wanted = "subnet, and ip_address or allocation, for a new IP configuration"
            raise MacPoolError(place, wanted, "only some of them", "Add the missing ones.")
    if found is not None and wish.dynamic and allocation_of(found) != DYNAMIC:
        address = address_of(found)
        raise MacPoolError(
            wish.label,
            "a dynamic address",
            f"the static address {format_mac(address, 'dash')}" if address else "a static interface",
            "Leave it static: the Network Controller would give it another address and never take that one back."
            " If you need a new address, remove the interface and create it again.",
        )
    if wish.address is not None:
        others = [item for item in carriers.get(wish.address, ()) if item is not found]
        if others:
            raise MacPoolError(
                wish.label,
                f"the address {format_mac(wish.address, 'dash')}",
                f'that interface "{name_of(others[0])}" has it (the Network Controller itself does not check this)',
                "Give one of the two another address. If it comes from a pool of the plan, first set this address aside"
                " (macpool.hyperv.allocation with state: held).",
            )


def check_together(wishes: Sequence[InterfaceWish]) -> None:
    """Refuse two wishes for one address.

    :raises MacPoolError: with both interfaces
    """
    first: dict[int, InterfaceWish] = {}

    def check_one(wish: InterfaceWish) -> None:
        if wish.address is not None and (other := first.setdefault(wish.address, wish)) is not wish:
            wanted = f"the address {format_mac(wish.address, 'dash')} for one interface"
            found = f"that it is also wanted for {other.label}"
            raise MacPoolError(wish.label, wanted, found, "Give one of the two another address.")

    collected("interfaces", wishes, check_one)


def wanted_body(wish: InterfaceWish, found: Resource | None) -> Resource | None:
    """Return the body that brings the interface to the wanted state; None if it already has it."""
    if found is not None and state_of(found).casefold() != FAILED and not differences(wish, found):
        return None
    body = _writable(found) if found is not None else {"resourceId": wish.name, "properties": {"isPrimary": True}}
    method = "Static" if wish.address is not None else "Dynamic" if wish.dynamic and found is None else None
    values = {
        # The Network Controller prefers its own form, without separators (fact 69).
        "properties.privateMacAddress": None if wish.address is None else format_mac(wish.address),
        "properties.privateMacAllocationMethod": method,
        "properties.isPrimary": wish.primary,
        "properties.dnsSettings.dnsServers": None if wish.dns_servers is None else list(wish.dns_servers),
    }
    for option, value in wish.port_settings.items():
        values[f"properties.portSettings.{PORT_SETTINGS[option]}"] = _switch(value)
    if wish.ip_configurations:
        values["properties.ipConfigurations"] = _wanted_configurations(wish, configurations_of(body))
    return _with(body, values)


def _wanted_configurations(wish: InterfaceWish, found: Sequence[Any]) -> list[Any]:
    wanted = {configuration.name.casefold(): configuration for configuration in wish.ip_configurations}
    merged = []
    for current in found:
        configuration = wanted.pop(name_of(current).casefold(), None) if isinstance(current, dict) else None
        if configuration is not None:
            merged.append(_configured(configuration, current))
        elif not wish.purge_ip_configurations:
            merged.append(current)
    merged += [_configured(configuration, {"resourceId": configuration.name}) for configuration in wanted.values()]
    return merged


def _configured(wish: IpWish, current: Resource) -> Resource:
    acl = wish.access_control_list
    values = {
        "properties.privateIPAddress": wish.ip_address,
        "properties.privateIPAllocationMethod": wish.allocation and wish.allocation.capitalize(),
        "properties.subnet": {"resourceRef": wish.subnet} if wish.subnet else None,
        "properties.accessControlList": {"resourceRef": acl} if acl else None,
    }
    configured = _with(current, values)
    if wish.ip_address is None and wish.allocation not in (None, _configuration_of(current)["allocation"]):
        # The old address must not stay with the new allocation method.
        _put(configured, "properties.privateIPAddress", None)
    return configured


def _with(resource: Resource, values: Mapping[str, Any]) -> Resource:
    """Return a copy of a resource with members set by their path; None: not wanted."""
    changed = dict(resource)
    for path, value in values.items():
        if value is not None:
            _put(changed, path, value)
    return changed


def _put(resource: Resource, path: str, value: Any) -> None:
    """Set a member under its existing spelling, in copies of those in which it lies."""
    name, _dot, rest = path.partition(".")
    if rest:
        inner = dict(member(resource, name) or {})
        _put(inner, rest, value)
        value = inner
    wanted = name.casefold()
    resource[next((key for key in resource if str(key).casefold() == wanted), name)] = value


def _writable(found: Resource) -> Resource:
    """Return a copy without the members that only the server writes."""
    return {key: _without_read_only(value) for key, value in copy.deepcopy(dict(found)).items()}


def _without_read_only(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_read_only(inner) for key, inner in value.items() if str(key).casefold() not in _READ_ONLY}
    return [_without_read_only(item) for item in value] if isinstance(value, list) else value


def _switch(value: Any) -> Any:
    return value if not isinstance(value, bool) else "Enabled" if value else "Disabled"


def managed(wish: InterfaceWish, found: Resource | None) -> dict[str, Any]:
    """Return the present values of what a wish manages, by option; empty for an interface that does not exist."""
    if found is None:
        return {}
    address = address_of(found)
    present: dict[str, Any] = {
        "mac_address": format_mac(address) if address else None,
        "allocation": allocation_of(found),
        "primary": _is_primary(found),
        "dns_servers": [_same_ip(item) for item in _dns_servers_of(found)],
        "port_settings": _port_settings_of(found),
        "ip_configurations": {
            name_of(item): _configuration_of(item) for item in configurations_of(found) if isinstance(item, dict)
        },
    }
    kept = {option: _like(present[option], value) for option, value in wanted(wish, found).items()}
    if wish.purge_ip_configurations:
        known = {name.casefold() for name in kept["ip_configurations"]}
        others = {name: item for name, item in present["ip_configurations"].items() if name.casefold() not in known}
        kept["ip_configurations"].update(others)
    return kept


def _like(value: Any, example: Any) -> Any:
    """Return of a value what an example has, in its types: a switch as true or false, a number as a number."""
    if isinstance(example, Mapping):
        found = {name.casefold(): item for name, item in value.items()}
        return {name: _like(found[name.casefold()], item) for name, item in example.items() if name.casefold() in found}
    if isinstance(example, bool):
        return str(value).casefold() in ("enabled", "true")
    return int(value) if isinstance(example, int) and isinstance(value, str) and value.isdigit() else value


def _is_primary(interface: Resource) -> bool:
    return member(properties_of(interface), "isPrimary") is True


def _dns_servers_of(interface: Resource) -> list[Any]:
    return list(member(member(properties_of(interface), "dnsSettings"), "dnsServers") or [])


def _port_settings_of(interface: Resource) -> dict[str, Any]:
    settings = member(properties_of(interface), "portSettings")
    return {option: member(settings, name) for option, name in PORT_SETTINGS.items()}


def _configuration_of(current: Resource) -> dict[str, Any]:
    properties = properties_of(current)
    return {
        "ip_address": _same_ip(member(properties, "privateIPAddress")),
        "allocation": str(member(properties, "privateIPAllocationMethod") or "").casefold() or None,
        "subnet": _reference_of(member(properties, "subnet")),
        "access_control_list": _reference_of(member(properties, "accessControlList")),
    }


def wanted(wish: InterfaceWish, found: Resource | None) -> dict[str, Any]:
    """Return the future values of what a wish manages; an address that the Network Controller will choose is unknown."""
    kept: dict[str, Any] = {}
    if wish.address is not None:
        kept.update(mac_address=format_mac(wish.address), allocation=STATIC)
    elif wish.dynamic:
        address = address_of(found)
        kept.update(mac_address=format_mac(address) if address else None, allocation=DYNAMIC)
    if wish.primary is not None:
        kept["primary"] = wish.primary
    if wish.dns_servers is not None:
        kept["dns_servers"] = list(wish.dns_servers)
    if wish.port_settings:
        kept["port_settings"] = dict(wish.port_settings)
    if wish.ip_configurations:
        kept["ip_configurations"] = {
            name: {key: value for key, value in zip(IpWish._fields[1:], values, strict=True) if value is not None}
            for name, *values in wish.ip_configurations
        }
    return kept


def differences(wish: InterfaceWish, found: Resource) -> list[str]:
    """Return the managed keys that are not as wanted."""
    current, future = managed(wish, found), wanted(wish, found)
    return [key for key in future if _meaning(current.get(key)) != _meaning(future[key])]


def _meaning(value: Any) -> Any:
    """Return a value in the form in which it is compared: words and references without case."""
    if isinstance(value, Mapping):
        return {str(key).casefold(): _meaning(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_meaning(item) for item in value]
    return value.casefold() if isinstance(value, str) else value


def _same_ip(value: Any) -> Any:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        return value or None


def _reference_of(value: Any) -> str | None:
    found = member(value, "resourceRef")
    return f"/{str(found).lstrip('/')}" if found else None


# --- what tasks show --------------------------------------------------------------------------------------------------


def interface_as_result(interface: Resource) -> dict[str, Any]:
    """Return an interface as tasks show it."""
    properties, address = properties_of(interface), address_of(interface)
    return {
        "name": name_of(interface),
        "instance_id": instance_id(interface) or None,
        "mac_address": format_mac(address) if address else None,
        "formats": all_formats(address) if address else None,
        "allocation": allocation_of(interface) if properties else None,
        "provisioning_state": state_of(interface) or None,
        "configuration_state": {
            "status": member(member(properties, "configurationState"), "status"),
            "problems": failure_reasons(interface),
        },
        "primary": _is_primary(interface),
        "host_interface": is_hosts_own(interface),
        "protected": protection_of(interface) or None,
        "ip_configurations": [
            {"name": name_of(item), **_configuration_of(item)}
            for item in configurations_of(interface)
            if isinstance(item, dict)
        ],
        "dns_servers": _dns_servers_of(interface),
        "port_settings": {key: value for key, value in _port_settings_of(interface).items() if value is not None},
        "server": _reference_of(member(properties, "server")),
        "etag": etag_of(interface),
    }


def resource_of_result(row: Mapping[str, Any]) -> Resource:
    """Return an interface as the Network Controller shows it, from what tasks show of it: the members that are managed."""
    return {
        "resourceId": row["name"],
        "instanceId": row["instance_id"],
        "properties": {
            "provisioningState": row["provisioning_state"],
            "privateMacAddress": row["mac_address"],
            "privateMacAllocationMethod": row["allocation"],
            "isPrimary": row["primary"],
            "dnsSettings": {"dnsServers": row["dns_servers"]},
            "portSettings": {PORT_SETTINGS[option]: value for option, value in row["port_settings"].items()},
            "ipConfigurations": [
                {
                    "resourceId": item["name"],
                    "properties": {
                        "privateIPAddress": item["ip_address"],
                        "privateIPAllocationMethod": item["allocation"],
                        "subnet": {"resourceRef": item["subnet"]},
                        "accessControlList": {"resourceRef": item["access_control_list"]},
                    },
                }
                for item in row["ip_configurations"]
            ],
        },
    }
