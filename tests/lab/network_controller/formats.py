# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the Network Controller reads and writes: addresses, names of members."""

from __future__ import annotations

import re
from typing import Any

from ..macs import refused_by_hyper_v
from .errors import invalid

_MAC = re.compile(r"[0-9A-F]{12}|[0-9A-F]{2}(-[0-9A-F]{2}){5}")

# JSON of .NET clients may come in PascalCase; the server answers in its own spelling, odd case included (fact 62).
MEMBERS = {
    name.lower(): name
    for name in (
        *("startMacAddress", "endMacAddress", "usage", "provisioningState", "configurationState", "server"),
        *("privateMacAddress", "privateMacAllocationMethod", "isPrimary", "isHostVirtualNetworkInterface"),
        *("isMultitenantStack", "internalDnsNameLabel", "dnsSettings", "dnsServers", "ipConfigurations"),
        *("privateIPAddress", "privateIPAllocationMethod", "subnet", "resourceRef", "resourceId", "properties"),
        *("accessControlList", "loadBalancerBackendAddressPools", "loadBalancerInboundNatRules", "portSettings"),
        *("macSpoofingEnabled", "arpGuardEnabled", "dhcpGuardEnabled", "stormLimit", "portFlowLimit", "vmqWeight"),
        *("iovWeight", "iovInterruptModeration", "iovQueuePairsRequested", "qosSettings", "serviceInsertionElements"),
        *("tags", "resourceMetadata", "instanceId", "etag", "publicIPAddress"),
    )
}


def canonical(value: Any) -> Any:
    """Members that the server knows in its own spelling, others as they came. What clients note is theirs."""
    if isinstance(value, list):
        return [canonical(entry) for entry in value]
    if isinstance(value, dict):
        named = {MEMBERS.get(str(key).lower(), key): entry for key, entry in value.items()}
        return {key: entry if key in ("tags", "resourceMetadata") else canonical(entry) for key, entry in named.items()}
    return value


def read_mac(value: Any, target: str) -> str:
    """12 upper-case digits from a text with dashes or without separators (fact 69)."""
    text = value.upper() if isinstance(value, str) else ""
    if not _MAC.fullmatch(text):
        raise invalid(target, f"{value!r} is not a MAC address in the form AA-BB-CC-DD-EE-FF or AABBCCDDEEFF.")
    mac = text.replace("-", "")
    if refused_by_hyper_v(mac):
        raise invalid(target, f"{value!r} is a multicast or zero address.")
    return mac


def dashed(mac: str) -> str:
    return "-".join(mac[index : index + 2] for index in range(0, 12, 2))
