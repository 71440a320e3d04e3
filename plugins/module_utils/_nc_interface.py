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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._errors import MacPoolError, collected, raise_all
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
_SUBNET = re.compile(r"/?(?:virtualNetworks|logicalNetworks)/[^/]+/subnets/[^/]+", re.IGNORECASE)
_ACL = re.compile(r"/?accessControlLists/[^/]+", re.IGNORECASE)
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


@dataclass(frozen=True)
class IpWish:
    """One IP configuration that is wanted; None: not named, so not managed."""

    name: str
    address: str | None = None
    allocation: str | None = None
    subnet: str | None = None
    access_control_list: str | None = None


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
        raise MacPoolError(
            place,
            "ip_configurations with purge_ip_configurations: true",
            "none",
            "List the configurations to keep: an interface without any has no network.",
        )
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
        address, allocation = entry.get("ip_address"), entry.get("allocation")
        if address in (None, ""):
            address = None
            if allocation == STATIC:
                raise MacPoolError(where, "ip_address with allocation: static", "none", "Set ip_address.")
        else:
            address = _ip_address(address, f"{where}.ip_address")
            allocation = allocation or STATIC
        wish = IpWish(
            name,
            address,
            allocation,
            _reference(
                entry.get("subnet"),
                _SUBNET,
                f"{where}.subnet",
                "/virtualNetworks/NAME/subnets/NAME or /logicalNetworks/NAME/subnets/NAME",
            ),
            _reference(
                entry.get("access_control_list"), _ACL, f"{where}.access_control_list", "/accessControlLists/NAME"
            ),
        )
        if found.setdefault(name.casefold(), wish) is not wish:
            raise MacPoolError(where, "each IP configuration once", f'"{name}" twice', "Remove one of them.")
    return tuple(found.values())


def _ip_address(value: object, subject: str) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise MacPoolError(subject, "an IP address", repr(value), "Write it without a prefix length.") from None


def _reference(value: str | None, form: re.Pattern[str], subject: str, wanted: str) -> str | None:
    if value in (None, ""):
        return None
    if not form.fullmatch(str(value)):
        raise MacPoolError(subject, wanted, repr(value), "Set the reference as the Network Controller shows it.")
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
        raise MacPoolError(
            wish.label,
            "an interface of a tenant that this task manages",
            sign,
            "Change it with the tool that made it. If you are sure, set change_protected: true for this interface.",
            problem=f"{wish.label} is protected: {sign}",
        )


def find(wish: InterfaceWish, by_name: Mapping[str, Resource], by_id: Mapping[str, Resource]) -> Resource | None:
    """Return the interface that a wish means; None if it does not exist."""
    return by_name.get(wish.name.casefold()) if wish.name else by_id.get(wish.instance_id)


def by_name(interfaces: Iterable[Resource]) -> dict[str, Resource]:
    """Return interfaces by resource id, without case."""
    return {name_of(item).casefold(): item for item in interfaces}


def by_instance_id(interfaces: Iterable[Resource]) -> dict[str, Resource]:
    """Return interfaces by instance id."""
    return {instance_id(item): item for item in interfaces}


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
        raise MacPoolError(
            wish.label,
            "a source of its MAC address: mac_address, pool or dynamic",
            "none, and the interface does not exist yet",
            "Set one of them.",
        )
    if found is None and not wish.ip_configurations:
        raise MacPoolError(
            wish.label,
            "at least one entry in ip_configurations for a new interface",
            "none",
            "Add one with its subnet and address.",
        )
    for configuration in wish.ip_configurations:
        current = _configuration(found, configuration.name)
        if current is None and (configuration.subnet is None or configuration.allocation is None):
            raise MacPoolError(
                f'{wish.label}, IP configuration "{configuration.name}"',
                "subnet, and ip_address or allocation, for a new IP configuration",
                "only some of them",
                "Add the missing ones.",
            )
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
    errors = [
        MacPoolError(
            wish.label,
            f"the address {format_mac(wish.address, 'dash')} for one interface",
            f"that it is also wanted for {first[wish.address].label}",
            "Give one of the two another address.",
        )
        for wish in wishes
        if wish.address is not None and first.setdefault(wish.address, wish) is not wish
    ]
    raise_all("interfaces", errors)


def wanted_body(wish: InterfaceWish, found: Resource | None) -> Resource | None:
    """Return the body that brings the interface to the wanted state; None if it already has it."""
    if found is not None and state_of(found).casefold() != FAILED and not differences(wish, found):
        return None
    body: Resource = _writable(found) if found is not None else {"resourceId": wish.name}
    properties = _set(body, "properties", dict(member(body, "properties") or {}))
    if found is None:
        _set(properties, "isPrimary", True)
    if wish.address is not None:
        # The Network Controller prefers its own form, without separators (fact 69).
        _set(properties, "privateMacAddress", format_mac(wish.address))
        _set(properties, "privateMacAllocationMethod", "Static")
    elif wish.dynamic and found is None:
        _set(properties, "privateMacAllocationMethod", "Dynamic")
    if wish.primary is not None:
        _set(properties, "isPrimary", wish.primary)
    if wish.dns_servers is not None:
        settings = _set(properties, "dnsSettings", dict(member(properties, "dnsSettings") or {}))
        _set(settings, "dnsServers", list(wish.dns_servers))
    if wish.port_settings:
        settings = _set(properties, "portSettings", dict(member(properties, "portSettings") or {}))
        for option, value in wish.port_settings.items():
            _set(settings, PORT_SETTINGS[option], _switch(value))
    if wish.ip_configurations:
        _set(properties, "ipConfigurations", _wanted_configurations(wish, configurations_of(body)))
    return body


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
    configured = dict(current)
    properties = _set(configured, "properties", dict(member(configured, "properties") or {}))
    if wish.address is not None:
        _set(properties, "privateIPAddress", wish.address)
    if wish.allocation is not None:
        method = str(member(properties, "privateIPAllocationMethod") or "").casefold()
        _set(properties, "privateIPAllocationMethod", wish.allocation.capitalize())
        if wish.address is None and method != wish.allocation:
            _set(properties, "privateIPAddress", None)  # the old address must not stay with the new allocation method
    if wish.subnet is not None:
        _set(properties, "subnet", {"resourceRef": wish.subnet})
    if wish.access_control_list is not None:
        _set(properties, "accessControlList", {"resourceRef": wish.access_control_list})
    return configured


def _set(mapping: Resource, name: str, value: Any) -> Any:
    """Set a member under its existing spelling, and return the value."""
    wanted = name.casefold()
    mapping[next((key for key in mapping if str(key).casefold() == wanted), name)] = value
    return value


def _writable(found: Resource) -> Resource:
    """Return a copy without the members that only the server writes."""
    return {key: _without_read_only(value) for key, value in copy.deepcopy(dict(found)).items()}


def _without_read_only(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_read_only(inner) for key, inner in value.items() if str(key).casefold() not in _READ_ONLY}
    return [_without_read_only(item) for item in value] if isinstance(value, list) else value


def _switch(value: Any) -> Any:
    return value if not isinstance(value, bool) else "Enabled" if value else "Disabled"


def _configuration(interface: Resource | None, name: str) -> Resource | None:
    wanted = name.casefold()
    return next(
        (
            item
            for item in configurations_of(interface)
            if isinstance(item, dict) and name_of(item).casefold() == wanted
        ),
        None,
    )


def managed(wish: InterfaceWish, found: Resource | None) -> dict[str, Any]:
    """Return the present values of what a wish manages, by option; empty for an interface that does not exist."""
    if found is None:
        return {}
    properties = properties_of(found)
    kept: dict[str, Any] = {}
    if wish.address is not None or wish.dynamic:
        address = address_of(found)
        kept.update(mac_address=format_mac(address) if address else None, allocation=allocation_of(found))
    if wish.primary is not None:
        kept["primary"] = member(properties, "isPrimary") is True
    if wish.dns_servers is not None:
        servers = member(member(properties, "dnsSettings"), "dnsServers") or []
        kept["dns_servers"] = [_same_ip(item) for item in servers]
    if wish.port_settings:
        settings = member(properties, "portSettings")
        kept["port_settings"] = {
            option: _as_option(member(settings, PORT_SETTINGS[option]), wish.port_settings[option])
            for option in wish.port_settings
        }
    if wish.ip_configurations:
        names = [configuration.name for configuration in wish.ip_configurations]
        if wish.purge_ip_configurations:
            known = {name.casefold() for name in names}
            names += [name for item in configurations_of(found) if (name := name_of(item)).casefold() not in known]
        wishes = {item.name: item for item in wish.ip_configurations}
        kept["ip_configurations"] = {
            name: _managed_configuration(wishes.get(name), current)
            for name in names
            if (current := _configuration(found, name)) is not None
        }
    return kept


def _managed_configuration(wish: IpWish | None, current: Resource) -> dict[str, Any]:
    properties = properties_of(current)
    kept: dict[str, Any] = {}
    if wish is None or wish.address is not None:
        kept["ip_address"] = _same_ip(member(properties, "privateIPAddress"))
    if wish is None or wish.allocation is not None:
        kept["allocation"] = str(member(properties, "privateIPAllocationMethod") or "").casefold() or None
    if wish is None or wish.subnet is not None:
        kept["subnet"] = _reference_of(member(properties, "subnet"))
    if wish is None or wish.access_control_list is not None:
        kept["access_control_list"] = _reference_of(member(properties, "accessControlList"))
    return kept


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
        kept["ip_configurations"] = {item.name: _wanted_configuration(item) for item in wish.ip_configurations}
    return kept


def _wanted_configuration(wish: IpWish) -> dict[str, Any]:
    named = {
        "ip_address": wish.address,
        "allocation": wish.allocation,
        "subnet": wish.subnet,
        "access_control_list": wish.access_control_list,
    }
    return {key: value for key, value in named.items() if value is not None}


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


def _as_option(value: Any, example: Any) -> Any:
    """Return a setting in the type of the option: a switch as true or false, a number as a number."""
    if isinstance(example, bool):
        return str(value).casefold() in ("enabled", "true")
    if isinstance(example, int) and isinstance(value, str) and value.isdigit():
        return int(value)
    return value


# --- what tasks show --------------------------------------------------------------------------------------------------


def interface_as_result(interface: Resource) -> dict[str, Any]:
    """Return an interface as tasks show it."""
    properties = properties_of(interface)
    address = address_of(interface)
    configuration = member(properties, "configurationState")
    return {
        "name": name_of(interface),
        "instance_id": instance_id(interface) or None,
        "mac_address": format_mac(address) if address else None,
        "formats": all_formats(address) if address else None,
        "allocation": allocation_of(interface) if properties else None,
        "provisioning_state": state_of(interface) or None,
        "configuration_state": {
            "status": member(configuration, "status"),
            "problems": failure_reasons(interface),
        },
        "primary": member(properties, "isPrimary") is True,
        "host_interface": is_hosts_own(interface),
        "protected": protection_of(interface) or None,
        "ip_configurations": [
            {"name": name_of(item), **_managed_configuration(None, item)}
            for item in configurations_of(interface)
            if isinstance(item, dict)
        ],
        "dns_servers": list(member(member(properties, "dnsSettings"), "dnsServers") or []),
        "port_settings": {
            option: value
            for option, name in PORT_SETTINGS.items()
            if (value := member(member(properties, "portSettings"), name)) is not None
        },
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
