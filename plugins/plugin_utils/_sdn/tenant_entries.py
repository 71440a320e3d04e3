# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of tenant VMs as users write it: one VM with one or several adapters, each with its interface. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError, collected
from .._names import adapter_name, name_key
from .._plain import without_unset
from .._text import quoted

DEFAULT_ADAPTER = "Network Adapter"
VM_KEYS = ("name", "host", "generation", "memory", "path", "vhd_path", "switch", "role_name")
"""What macpool.hyperv.vm takes of an entry, beside adapter_name and clustered."""
SOURCES = ("pool", "mac_address", "dynamic", "keep_address")
SETTINGS = ("dns_servers", "ip_configurations", "port_settings", "change_protected")
"""What macpool.hyperv.nc_network_interface takes of an entry as it is."""
_OF_ADAPTERS = ("interface", "owner", "profile_data", *SOURCES, *SETTINGS)

ENABLED, ENABLED_UNMANAGED = 1, 6
"""Profile data that enable the Virtual Filtering Platform (fact 87)."""


@dataclass(frozen=True, eq=False)
class WantedAdapter:
    """One adapter of a tenant VM, and the interface that it gets."""

    vm: str
    name: str
    interface: str
    owner: str
    source: Mapping[str, Any]
    """The one source of its address; empty where the entry names none."""
    settings: Mapping[str, Any]
    profile_data: int | None = None

    @property
    def label(self) -> str:
        """Return the adapter for messages."""
        return f"adapter {quoted(self.name)} of VM {quoted(self.vm)}"


@dataclass(frozen=True, eq=False)
class Tenant:
    """One VM of the list."""

    name: str
    host: str
    options: Mapping[str, Any]
    """What macpool.hyperv.vm takes of it."""
    clustered: bool
    adapters: tuple[WantedAdapter, ...]

    @property
    def label(self) -> str:
        """Return the VM for messages."""
        return f"VM {quoted(self.name)}"


def read_tenants(entries: Sequence[Mapping[str, Any]], *, sources: bool = True) -> list[Tenant]:
    """Return the tenant VMs of a list.

    :param sources: whether each adapter must name the source of its address
    :raises MacPoolError: for every entry that cannot be meant
    """
    vms: set[str] = set()
    users: dict[tuple[str, str], str] = {}

    def read(numbered: tuple[int, Mapping[str, Any]]) -> Tenant:
        number, entry = numbered
        place = f'mac_tenant_vm_wanted[{number}], VM "{entry["name"]}"'
        tenant = _read(place, entry, sources)
        if name_key(tenant.name) in vms:
            raise MacPoolError(place, "one entry for each VM", "two for this one", "Remove one of them.")
        vms.add(name_key(tenant.name))
        for adapter in tenant.adapters:
            for kind, name in (("interface", adapter.interface), ("owner", adapter.owner)):
                other = users.setdefault((kind, name_key(name)), adapter.label)
                if other != adapter.label:
                    raise MacPoolError(
                        place,
                        f"{kind} {quoted(name)} for one adapter",
                        f"that it is also wanted for {other}",
                        f"Set another {kind} for one of the two.",
                    )
        return tenant

    return collected("mac_tenant_vm_wanted", enumerate(entries), read)


def _read(place: str, entry: Mapping[str, Any], sources: bool) -> Tenant:
    given = without_unset(entry)
    listed = given.get("adapters")
    both = [key for key in ("adapter_name", *_OF_ADAPTERS) if given.get(key)] if listed else []
    if both:
        raise MacPoolError(
            place,
            "the settings of each adapter in adapters",
            f"{', '.join(both)} beside it",
            "Move them into the entries of adapters.",
        )
    rows = listed or [{**given, "name": given.get("adapter_name") or DEFAULT_ADAPTER}]
    adapters = tuple(
        _read_adapter(place, given["name"], number, row, sources) for number, row in enumerate(rows, start=1)
    )
    names = [name_key(adapter.name) for adapter in adapters]
    if len(set(names)) < len(names):
        raise MacPoolError(place, "each adapter once in adapters", "one of them twice", "Remove one of them.")
    options = {key: given[key] for key in VM_KEYS if key in given} | {"adapter_name": adapters[0].name}
    return Tenant(given["name"], given["host"], options, given.get("clustered") is not False, adapters)


def _read_adapter(place: str, vm: str, number: int, row: Mapping[str, Any], sources: bool) -> WantedAdapter:
    given = [key for key in SOURCES if row.get(key) not in (None, "", False)]
    if len(given) > 1 or (sources and not given):
        raise MacPoolError(
            place,
            f"exactly one of {', '.join(SOURCES[:-1])} and {SOURCES[-1]} for each adapter",
            " and ".join(given) or "none of them",
            "Set one source for the address.",
        )
    name = row.get("name") or DEFAULT_ADAPTER
    return WantedAdapter(
        vm=vm,
        name=name,
        interface=row.get("interface") or f"{vm}_Eth{number}",
        owner=row.get("owner") or adapter_name(vm, name),
        source={key: row[key] for key in given},
        settings={key: row[key] for key in SETTINGS if key in row},
        profile_data=row.get("profile_data"),
    )


def profile_data(adapter: WantedAdapter, row: Mapping[str, Any] | None) -> int:
    """Return the profile data of an adapter: it follows from the IP configurations, unless the entry names it.

    :param row: the interface as nc_network_interface_info shows it; None for one that does not exist
    """
    if adapter.profile_data is not None:
        return adapter.profile_data
    found: dict[str, dict[str, Any]] = {}
    for configuration in (row or {}).get("ip_configurations") or ():
        found[str(configuration["name"]).casefold()] = dict(configuration)
    for configuration in adapter.settings.get("ip_configurations") or ():
        current = found.setdefault(str(configuration["name"]).casefold(), {})
        current.update(configuration)
        if configuration.get("ip_address") and not configuration.get("allocation"):
            current["allocation"] = "static"
    unmanaged = [
        configuration.get("allocation") == "unmanaged"
        and str(configuration.get("subnet") or "").lstrip("/").casefold().startswith("logicalnetworks/")
        for configuration in found.values()
    ]
    return ENABLED_UNMANAGED if unmanaged and all(unmanaged) else ENABLED
