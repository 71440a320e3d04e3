# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that people already have, made into observation documents. Pure.

Rows of ``Get-VMNetworkAdapter``, ``Get-VM``, ``Get-VMHost`` and ``Get-NetAdapter`` come from ``ConvertTo-Json``, where
enumerations are numbers (fact 33), or from ``Export-Csv``, where everything is text. What a row does not say stays
absent: no power state, no VLAN, no time is made up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._names import plain_id

_STATES = {2: "Running", 3: "Off", 4: "Stopping", 6: "Saved", 9: "Paused", 10: "Starting", 32779: "FastSaved"}
_STATES |= {32783: "Hibernated", 32786: "OffCritical", 32788: "SavedCritical", 32789: "PausedCritical"}
_REPLICATION = {0: "None", 1: "Primary", 2: "Replica", 3: "TestReplica", 4: "ExtendedReplica"}
_VLAN_MODES = {0: "Untagged", 1: "Access", 2: "Trunk", 3: "Private"}
_SPOOFING = {0: "On", 1: "Off"}
_NO_GUID = frozenset("0-")
_HOST_VNIC = "hyper-v virtual ethernet adapter"


class NotUnderstoodError(ValueError):
    """A row or an element is none of the things that are known."""


@dataclass(slots=True)
class _Vm:
    id: str | None
    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    adapters: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class _Host:
    name: str
    vms: list[_Vm] | None = None
    mac_range: dict[str, Any] | None = None
    host_adapters: list[dict[str, Any]] | None = None
    cards: list[dict[str, Any]] | None = None
    virtual_cards: list[dict[str, Any]] = field(default_factory=list)
    by_id: dict[str, _Vm] = field(default_factory=dict)
    by_name: defaultdict[str, list[_Vm]] = field(default_factory=lambda: defaultdict(list))

    def vm(self, vm_id: str | None, name: str) -> _Vm:
        """Return the VM with an id, or with a name where one side has no id."""
        namesakes = self.by_name[name.casefold()]
        found = self.by_id.get(vm_id) if vm_id else next(iter(namesakes), None)
        if found is None:
            found = next((known for known in namesakes if not known.id), None)
        if found is None:
            found = _Vm(vm_id, name)
            namesakes.append(found)
            self.vms = self.vms or []
            self.vms.append(found)
        if vm_id:
            found.id = vm_id
            self.by_id[vm_id] = found
        return found


class Exports:
    """Collects rows and gives one document for each host that they speak of."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}
        self._pools: dict[str, Mapping[str, Any]] | None = None
        self._interfaces: dict[str, Mapping[str, Any]] | None = None

    def add(self, item: object, fallback_host: str) -> str:
        """Take one row and return what it was, as a word.

        :param fallback_host: whose row it is when the row does not say
        :raises NotUnderstoodError: with the reason
        """
        if not isinstance(item, Mapping):
            raise NotUnderstoodError(f"it holds a {type(item).__name__} where an object was expected")
        row = {str(key).strip().casefold(): value for key, value in item.items()}
        if "macaddressminimum" in row and "macaddressmaximum" in row:
            self._add_host(row, fallback_host)
            return "host"
        if "resourceref" in row or ("properties" in row and "resourceid" in row):
            return self._add_resource(item, row)
        if "macaddress" in row and ("vmname" in row or "ismanagementos" in row):
            return self._add_adapter(row, fallback_host)
        if "interfacedescription" in row and ("macaddress" in row or "permanentaddress" in row):
            return self._add_card(row, fallback_host)
        if "state" in row and ("vmid" in row or "id" in row) and ("vmname" in row or "name" in row):
            self._add_vm(row, fallback_host)
            return "VM"
        shown = ", ".join(sorted(str(key) for key in item)[:6]) or "nothing"
        raise NotUnderstoodError(f"it holds an object with {shown}, which is none of the known exports")

    def documents(self) -> list[dict[str, Any]]:
        """Return the documents, without a time because no export carries one."""
        made = [_document(self._hosts[key]) for key in sorted(self._hosts)]
        if self._pools is not None or self._interfaces is not None:
            controller: dict[str, Any] = {"schema": 1, "kind": "network_controller"}
            for name, resources in (("mac_pools", self._pools), ("network_interfaces", self._interfaces)):
                if resources is not None:
                    controller[name] = [resources[key] for key in sorted(resources)]
            made.append(controller)
        return made

    def expect_resources(self, collection: str) -> None:
        """Note that a Network Controller was asked for a collection, even when it answered with nothing."""
        if collection.casefold() == "macpools":
            self._pools = self._pools or {}
        elif collection.casefold() == "networkinterfaces":
            self._interfaces = self._interfaces or {}

    def _host(self, row: Mapping[str, Any], fallback: str, *keys: str) -> _Host:
        found = (_text(row.get(key)) for key in ("computername", "pscomputername", "systemname", *keys))
        name = next((text for text in found if text and text.casefold() not in (".", "localhost")), fallback)
        return self._hosts.setdefault(name.casefold(), _Host(name))

    def _add_host(self, row: Mapping[str, Any], fallback: str) -> None:
        host = self._host(row, fallback, "fullyqualifieddomainname", "name")
        host.mac_range = {
            "start": _text(row["macaddressminimum"]),
            "end": _text(row["macaddressmaximum"]),
            "source": "cmdlet",
        }

    def _add_vm(self, row: Mapping[str, Any], fallback: str) -> None:
        host = self._host(row, fallback)
        name = _text(row.get("vmname")) or _text(row.get("name")) or ""
        vm = host.vm(_guid(row.get("vmid")) or _guid(row.get("id")), name)
        vm.facts["state"] = _word(row.get("state"), _STATES)
        if (clustered := _truth(row.get("isclustered"))) is not None:
            vm.facts["clustered"] = clustered
        if row.get("replicationmode") is not None:
            vm.facts["replication_mode"] = _word(row["replicationmode"], _REPLICATION)
        nested = row.get("networkadapters")
        for adapter in nested if isinstance(nested, list) else ():
            if isinstance(adapter, Mapping) and not vm.adapters:
                inner = {str(key).casefold(): value for key, value in adapter.items()}
                if "macaddress" in inner:
                    vm.adapters.append(_adapter(inner))

    def _add_adapter(self, row: Mapping[str, Any], fallback: str) -> str:
        host = self._host(row, fallback)
        if _truth(row.get("ismanagementos")):
            host.host_adapters = host.host_adapters or []
            own = {
                "id": row.get("deviceid") or row.get("id"),
                "name": _text(row.get("name")),
                "mac": _text(row["macaddress"]),
            }
            host.host_adapters.append({**own, "switch": _text(row.get("switchname"))})
            return "host adapter"
        vm = host.vm(_guid(row.get("vmid")), _text(row.get("vmname")) or "")
        adapter = _adapter(row)
        point = _guid(row.get("vmsnapshotid")) or _text(row.get("vmsnapshotname"))
        if not point:
            if adapter not in vm.adapters:
                vm.adapters.append(adapter)
            return "adapter"
        if vm.id and "\\" in adapter["id"]:
            # A checkpoint's adapter bears the checkpoint's id; the part behind it is the adapter's own.
            adapter["id"] = f"Microsoft:{vm.id}\\{adapter['id'].rpartition(chr(92))[2]}"
        named = {"id": point, "name": _text(row.get("vmsnapshotname")) or point, "adapters": []}
        vm.checkpoints.setdefault(point, named)["adapters"].append(adapter)
        return "checkpoint adapter"

    def _add_card(self, row: Mapping[str, Any], fallback: str) -> str:
        host = self._host(row, fallback)
        host.cards = host.cards or []
        card = {"name": _text(row.get("name")), "mac": _text(row.get("macaddress"))}
        if _HOST_VNIC in str(row["interfacedescription"]).casefold():
            host.virtual_cards.append({"id": _text(row.get("interfaceguid")), **card, "switch": None})
            return "host adapter"
        if _truth(row.get("virtual")) or _truth(row.get("hardwareinterface")) is False:
            return "virtual adapter, not counted"  # Teams and switch extensions show their members' addresses.
        permanent = _text(row.get("permanentaddress"))
        host.cards.append({**card, "permanent_mac": permanent, "status": _text(row.get("status")), "team": None})
        return "physical adapter"

    def _add_resource(self, item: Mapping[str, Any], row: Mapping[str, Any]) -> str:
        reference = str(row.get("resourceref") or "").casefold().strip("/")
        collection = reference.partition("/")[0]
        properties = (
            {str(key).casefold() for key in row["properties"]} if isinstance(row.get("properties"), Mapping) else set()
        )
        key = reference or str(row.get("resourceid"))
        if collection == "macpools" or "startmacaddress" in properties:
            self._pools = {**(self._pools or {}), key: item}
            return "MAC pool"
        if collection == "networkinterfaces" or "privatemacaddress" in properties:
            self._interfaces = self._interfaces or {}
            self._interfaces[key] = item
            return "network interface"
        return f"resource of {collection or 'a Network Controller'}, not needed"


def _document(host: _Host) -> dict[str, Any]:
    document: dict[str, Any] = {"schema": 1, "kind": "hyperv_host", "host": {"name": host.name}}
    if host.mac_range is not None:
        document["mac_range"] = host.mac_range
    if host.vms is not None:
        document["vms"] = [_vm(vm) for vm in host.vms]
    own = host.host_adapters if host.host_adapters is not None else host.virtual_cards or None
    if own is not None:
        document["host_adapters"] = own
    if host.cards is not None:
        document["physical_adapters"] = host.cards
    return document


def _vm(vm: _Vm) -> dict[str, Any]:
    made = {"id": vm.id, "name": vm.name, **vm.facts, "adapters": vm.adapters}
    if vm.checkpoints:
        made["checkpoints"] = list(vm.checkpoints.values())
    return made


def _adapter(row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": _text(row.get("id")) or _text(row.get("adapterid")) or "",
        "name": _text(row.get("name")) or _text(row.get("adaptername")) or "",
        "mac": _text(row.get("macaddress")),
        "dynamic": _truth(row.get("dynamicmacaddressenabled")),
        "switch": _text(row.get("switchname")),
        "connected": _truth(row.get("connected")),
        "spoofing": _word(row.get("macaddressspoofing"), _SPOOFING) == "On",
    }
    if (vlan := _vlan(row)) is not None:
        made["vlan"] = vlan
    return made


def _vlan(row: Mapping[str, Any]) -> dict[str, Any] | None:
    setting = row.get("vlansetting")
    if isinstance(setting, Mapping):
        inner = {str(key).casefold(): value for key, value in setting.items()}
        mode, access = _word(inner.get("operationmode"), _VLAN_MODES), _number(inner.get("accessvlanid"))
        listed = inner.get("allowedvlanidlist")
        trunk = [tag for tag in listed if isinstance(tag, int)] if isinstance(listed, list) else []
        if mode is not None:
            return {"mode": mode, "access": access or 0 if mode == "Access" else 0, "trunk": trunk}
    for key in ("accessvlanid", "vlanid", "vlan"):
        if (access := _number(row.get(key))) is not None:
            return {"mode": "Access" if access else "Untagged", "access": access, "trunk": []}
    return None


def _text(value: object) -> str | None:
    """Return text; None for nothing and for the empty field that a CSV file writes for nothing."""
    return str(value).strip() or None if value is not None and not isinstance(value, (Mapping, list)) else None


def _guid(value: object) -> str | None:
    text = plain_id(_text(value))
    return text if set(text) - _NO_GUID else None


def _number(value: object) -> int | None:
    text = _text(value)
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None


def _truth(value: object) -> bool | None:
    return {"true": True, "false": False}.get(str(value).strip().casefold())


def _word(value: object, names: Mapping[int, str]) -> str | None:
    """Return an enumeration's name from its number or from its text."""
    number = _number(value)
    return _text(value) if number is None else names.get(number, str(number))
