# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of networkInterfaces (facts 67-71)."""

from __future__ import annotations

import copy
import ipaddress
import uuid
from collections.abc import Callable
from typing import Any

from .carriers import Carrier, reported
from .errors import RestError, invalid
from .formats import read_mac
from .resources import SUCCEEDED, Failure, Resource

Json = dict[str, Any]
Find = Callable[[str], Json | None]  # a resourceRef to what it names

# What the server fills in where a client says nothing; the values are those of data/networkInterfaces.json.
PORT_DEFAULTS: Json = {
    "macSpoofingEnabled": "Disabled",
    "arpGuardEnabled": "Disabled",
    "dhcpGuardEnabled": "Disabled",
    "stormLimit": 0,
    "portFlowLimit": 0,
    "vmqWeight": 100,
    "iovWeight": 0,
}
_MAC, _MAC_METHOD = "privateMacAddress", "privateMacAllocationMethod"
_IP, _IP_METHOD = "privateIPAddress", "privateIPAllocationMethod"
_WHERE = {"subnet": "/subnets/", "accessControlList": "/accesscontrollists/"}
_BOOLEANS = ("isPrimary", "isHostVirtualNetworkInterface", "isMultitenantStack")


def checked(properties: Json, existing: Resource | None, find: Find) -> Json:
    """What is kept of a PUT body's properties; it replaces what was there (fact 80)."""
    kept = copy.deepcopy(properties)
    for name in _BOOLEANS:
        if kept.get(name) is None:
            kept[name] = False
        elif not isinstance(kept[name], bool):
            raise invalid(name, f"{kept[name]!r} is not a Boolean.")
    host_name = "isHostVirtualNetworkInterface"
    if existing is not None and kept[host_name] != existing.properties.get(host_name, False):
        raise invalid(host_name, f"{host_name} cannot be changed.")  # fact 68
    _check_mac(kept, existing)
    configurations = kept.get("ipConfigurations") or []
    if not isinstance(configurations, list):
        raise invalid("ipConfigurations", "ipConfigurations is not an array.")
    ids = [str(one.get("resourceId", "")).lower() for one in configurations if isinstance(one, dict)]
    if len(ids) != len(configurations) or not all(ids) or len(set(ids)) != len(ids):
        raise invalid("ipConfigurations", "Every IP configuration needs a resourceId of its own.")
    kept["ipConfigurations"] = [_check_ip(one, _before(existing, one), find) for one in configurations]
    _check_reference(kept.get("accessControlList"), "accessControlList", find)
    servers = (kept.get("dnsSettings") or {}).get("dnsServers") or []
    if not isinstance(servers, list) or not all(_is_ip(server) for server in servers):
        raise invalid("dnsServers", f"{servers!r} is no array of IP addresses.")
    kept["portSettings"] = _port_settings(kept.get("portSettings"))
    return kept


def _check_mac(kept: Json, existing: Resource | None) -> None:
    """Static duplicates are accepted (fact 83). A dynamic interface keeps what it was given."""
    method = kept.setdefault(_MAC_METHOD, "Static" if kept.get(_MAC) else "Dynamic")
    if method not in ("Static", "Dynamic"):
        raise invalid(_MAC_METHOD, f"{method!r} is neither Static nor Dynamic.")
    mac = read_mac(kept[_MAC], _MAC) if kept.get(_MAC) else None
    held = existing.properties.get(_MAC) if existing is not None else None
    if method == "Static":
        if mac is None:
            raise invalid(_MAC, f"{_MAC} is required when {_MAC_METHOD} is Static.")
    elif mac is None:
        was_dynamic = existing is not None and existing.properties[_MAC_METHOD] == "Dynamic"
        mac = held if was_dynamic else None
    elif mac != held:  # what the real server does is not known ("Not found" 3); the lab takes the strict way
        raise invalid(_MAC, f"{_MAC} cannot be chosen when {_MAC_METHOD} is Dynamic.")
    kept[_MAC] = mac


def _before(existing: Resource | None, configuration: Json) -> Json:
    known: list[Json] = existing.properties["ipConfigurations"] if existing is not None else []
    wanted = configuration["resourceId"].lower()
    return next((one for one in known if one["resourceId"].lower() == wanted), {})


def _check_ip(configuration: Json, before: Json, find: Find) -> Json:
    properties = dict(configuration.get("properties") or {})
    method = properties.get(_IP_METHOD)
    if method not in ("Static", "Dynamic", "Unmanaged"):  # fact 68
        raise invalid(_IP_METHOD, f"{method!r} is none of Static, Dynamic, Unmanaged.")
    subnet = _check_reference(properties.get("subnet"), "subnet", find)
    address = properties.get(_IP)
    if method == "Unmanaged" and "/logicalnetworks/" not in (_ref(properties.get("subnet")) or ""):  # fact 68
        raise invalid(_IP_METHOD, "Unmanaged is possible in logical networks only.")
    if method == "Static":
        if not address:
            raise invalid(_IP, f"{_IP} is required when {_IP_METHOD} is Static.")
        _check_inside(address, subnet)
    elif method == "Dynamic" and not address:
        old = before.get("properties", {})
        same = (old.get(_IP_METHOD), _ref(old.get("subnet"))) == (method, _ref(properties.get("subnet")))
        properties[_IP] = old.get(_IP) if same else None
    _check_reference(properties.get("accessControlList"), "accessControlList", find)
    return {
        "resourceId": configuration["resourceId"],
        "instanceId": before.get("instanceId") or str(uuid.uuid4()),
        "properties": properties,
    }


def _ref(value: Any) -> str | None:
    return str(value.get("resourceRef", "")).lower() if isinstance(value, dict) else None


def _check_reference(value: Any, target: str, find: Find) -> Json | None:
    """Absent and null name nothing; everything else has to name what there is."""
    if value is None:
        return None
    reference = value.get("resourceRef") if isinstance(value, dict) else None
    if not isinstance(reference, str):
        raise invalid(target, f"{target} has no resourceRef.")
    found = find(reference) if _WHERE[target] in reference.lower() else None
    if found is None:
        raise RestError(400, "InvalidReference", f"{target}: there is no resource {reference}.", target)
    return found


def _check_inside(address: Any, subnet: Json | None) -> None:
    if not _is_ip(address):
        raise invalid(_IP, f"{address!r} is not an IP address.")
    prefix = (subnet or {}).get("properties", {}).get("addressPrefix")
    if prefix and ipaddress.ip_address(address) not in ipaddress.ip_network(prefix, strict=False):
        raise invalid(_IP, f"{address} is outside the subnet's {prefix}.")


def _is_ip(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _port_settings(given: Any) -> Json:
    if given is not None and not isinstance(given, dict):
        raise invalid("portSettings", "portSettings is not an object.")
    settings = {**PORT_DEFAULTS, **(given or {})}
    for name in ("macSpoofingEnabled", "arpGuardEnabled", "dhcpGuardEnabled"):
        if settings[name] not in ("Enabled", "Disabled"):
            raise invalid(name, f"{settings[name]!r} is neither Enabled nor Disabled.")
    for name in ("stormLimit", "portFlowLimit", "vmqWeight", "iovWeight"):
        if not isinstance(settings[name], int) or isinstance(settings[name], bool):
            raise invalid(name, f"{settings[name]!r} is not a number.")
    settings.pop("provisioningState", None)
    return settings


def provision(
    interface: Resource, next_mac: Callable[[], str | None], used: Callable[[], set[str]], find: Find
) -> Failure | None:
    """What is decided only now: a dynamic MAC (fact 71), dynamic IP addresses."""
    if not interface.properties.get(_MAC):
        mac = next_mac()
        if mac is None:
            return Failure("MacPoolExhausted", "No MAC pool has an address left.")
        interface.properties[_MAC] = mac
    for configuration in interface.properties["ipConfigurations"]:
        properties = configuration["properties"]
        if properties[_IP_METHOD] == "Dynamic" and not properties.get(_IP):
            subnet = _check_reference(properties.get("subnet"), "subnet", find) or {}
            properties[_IP] = _free_ip(subnet.get("properties", {}).get("addressPrefix"), used())
            if properties[_IP] is None:
                return Failure("IpAddressExhausted", "The subnet has no address left.")
    return None


def ips(interface: Resource) -> set[str]:
    found = {one["properties"].get(_IP) for one in interface.properties.get("ipConfigurations", [])}
    return {str(address) for address in found if address}


def _free_ip(prefix: str | None, used: set[str]) -> str | None:
    if prefix is None:
        return None
    free = (str(address) for number, address in enumerate(ipaddress.ip_network(prefix).hosts()) if number >= 3)
    return next((address for address in free if address not in used), None)


def shown(interface: Resource, bound: list[Carrier]) -> Json:
    """With what the server adds: states, references, and what the hosts report."""
    properties = copy.deepcopy(interface.properties)
    properties["portSettings"] = {**properties.get("portSettings", {}), "provisioningState": interface.state}
    for configuration in properties.get("ipConfigurations", []):
        configuration["resourceRef"] = f"{interface.ref}/ipConfigurations/{configuration['resourceId']}"
        configuration["etag"] = interface.etag
        configuration["properties"]["provisioningState"] = interface.state
    if not properties.get(_MAC):
        properties.pop(_MAC, None)
    status, host = reported(interface.properties.get(_MAC), bound)
    if interface.state == SUCCEEDED and host:
        properties["server"] = {"resourceRef": f"/servers/{host}"}
    stamp = {"id": interface.instance_id, "lastUpdatedTime": interface.updated}
    return {**properties, "configurationState": {**stamp, **status}}
