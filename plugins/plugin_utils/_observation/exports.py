# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that people already have, made into observation documents. Pure.

Rows of ``Get-VMNetworkAdapter``, ``Get-VM``, ``Get-VMSnapshot``, ``Get-VMHost`` and ``Get-NetAdapter`` come from
``ConvertTo-Json``, where enumerations are numbers (fact 33), or from ``Export-Csv``, where everything is text. What a
row does not say stays absent from the document: no power state, no empty list, no time is made up. What a row says and
what cannot be used is named with its file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .._names import HostNames, name_key
from .export_cells import (
    REPLICATION,
    STATES,
    VLAN_MODES,
    address_of,
    addresses_of,
    id_of,
    is_changed,
    is_longer_address,
    number_of,
    owner_in,
    scalar,
    spoofing_of,
    text_of,
    truth_of,
    word_of,
)
from .export_files import Faults, Source, is_host_name
from .export_text import NotUnderstoodError
from .export_vms import AdapterRow, CheckpointRow, Facts, Row, VmRow, join, learn, settled
from .values import folded

Cells = Mapping[str, Any]
"""A row with its columns in lower case."""

_HOST_VNIC = "hyper-v virtual ethernet adapter"
_TEAM = "multiplexor"
_THIS_HOST = frozenset({".", "localhost", "127.0.0.1", "::1"})

_CHECKPOINT_IDS = ("vmsnapshotid", "vmcheckpointid")
_CHECKPOINT_NAMES = ("vmsnapshotname", "vmcheckpointname")
_OF_CHECKPOINT = frozenset({*_CHECKPOINT_IDS, *_CHECKPOINT_NAMES})
_PARENTS = frozenset({"parentsnapshotid", "parentsnapshotname", "parentcheckpointid", "parentcheckpointname"})
_ONLY_CHECKPOINTS = frozenset({"snapshottype", "isautomaticcheckpoint"})
"""Columns that a checkpoint has and neither a VM nor an adapter."""

_ADAPTER_LISTS = ("networkadapters", "networkadapter", "vmnetworkadapters", "vmnetworkadapter", "adapters", "nics")
_CHECKPOINT_LISTS = ("checkpoints", "snapshots", "vmcheckpoints", "vmsnapshots")
_LISTS = ("$values", "value", "values", "items", "syncroot")
_COUNTS = ("count", "length")
_NESTED_ADDRESS = ("macaddress", "mac", "mac_address", "physicaladdress")

_SCVMM = frozenset(
    str.split(
        """hostname macaddresstype mactype vmmacaddress physicaladdresstype ethernetaddresstype vmhost vmhostgroup hostgroup vmmserver
    serverconnection virtualizationplatform virtualmachinestate vmnetwork logicalnetwork vmsubnet"""
    )
)
_NO_VM = frozenset(
    str.split(
        """ownernode ownergroup grouptype resourcetype nodeweight iscoregroup primaryserver replicaserver relationshiptype
    psjobtypename hasmoredata taskname taskpath servicename starttype switchtype interfacedescription controllertype
    vhdtype"""
    )
)
_ONLY_VMS = _PARENTS | set(
    str.split(
        """vmname isclustered replicationmode replicationstate replicationhealth uptime generation cpuusage memoryassigned
    memorystartup processorcount checkpointtype integrationservicesversion computername"""
    )
)
_STATE_WORDS = frozenset(word.casefold() for word in STATES.values())
_RESOURCES = {
    "macpools": ("mac_pools", "startmacaddress", "MAC pool"),
    "networkinterfaces": ("network_interfaces", "privatemacaddress", "network interface"),
}
"""Collections of a Network Controller: their part of a document, a property that only they have, and the word for one."""


@dataclass(slots=True)
class _Host:
    name: str
    named: bool = True
    """Whether the name is the host's; else it stands for a name that no row and no file tells."""
    seen: bool = False
    """Whether anything was told of it; a host is never made of a line that could not be used."""
    rows: list[Row] = field(default_factory=list)
    """Those about VMs."""
    parts: dict[str, list[tuple[Source, Facts]]] = field(default_factory=lambda: defaultdict(list))
    """What rows say of the host itself, by what they are about."""


class Exports:
    """Collects rows and gives one document for each host that they speak of."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._hosts: dict[str, _Host] = {}
        self._resources: dict[str, dict[str, Mapping[str, Any]]] = {}

    def add(self, item: object, source: Source) -> str:
        """Take one row and return what it was, as a word.

        :raises NotUnderstoodError: with the reason
        """
        if not isinstance(item, Mapping):
            raise NotUnderstoodError(f"it holds a {type(item).__name__} where an object was expected")
        if None in item:
            raise NotUnderstoodError("a line has more fields than there are columns")
        row = _cells(item)
        if not _SCVMM.isdisjoint(row):
            foreign = next(key for key in item if _column(key) in _SCVMM)
            raise NotUnderstoodError(f"it looks like an export of SCVMM (column {foreign}): export from the hosts")
        if "macaddressminimum" in row and "macaddressmaximum" in row:
            return self._add_host(row, source)
        if "resourceref" in row or ("properties" in row and "resourceid" in row):
            return self._add_resource(item, row)
        if "interfacedescription" in row and ("macaddress" in row or "permanentaddress" in row):
            return self._add_card(row, source)
        if "macaddress" in row and _is_of_switch(row) and not _is_of_vm(row):
            return self._add_adapter(row, source, self._host(row, source))
        if _is_checkpoint(row):
            return self._add_checkpoint(row, source, self._host(row, source))
        if _is_vm(row):
            return self._add_vm(row, source)
        shown = ", ".join(sorted(str(key) for key in item)[:6]) or "nothing"
        raise NotUnderstoodError(f"it holds an object with {shown}, which is none of the known exports")

    def documents(self) -> list[dict[str, Any]]:
        """Return the documents, without a time because no export carries one; the faults are complete afterwards."""
        hosts = [host for host in self._hosts.values() if host.seen]
        names = HostNames(host.name for host in hosts if host.named)
        grouped: dict[str, list[_Host]] = {}
        for host in hosts:
            grouped.setdefault(names.key(host.name) if host.named else host.name, []).append(host)
        made = [self._document(grouped[key]) for key in sorted(grouped)]
        if self._resources:
            parts = {part: [found[key] for key in sorted(found)] for part, found in self._resources.items()}
            made.append({"schema": 1, "kind": "network_controller", **parts})
        return made

    def expect_resources(self, collection: str) -> None:
        """Note that a Network Controller was asked for a collection, even when it answered with nothing."""
        if collection.casefold() in _RESOURCES:
            self._resources.setdefault(_RESOURCES[collection.casefold()][0], {})

    def expect_host(self, source: Source) -> None:
        """Note that a file without rows is a host's: what its other files do not say was not seen."""
        if source.kind and source.host:
            self._host({}, source).seen = True

    # Cells

    def _truth(self, row: Cells, column: str, source: Source) -> bool | None:
        cell = row.get(column.casefold())
        value = spoofing_of(cell) if column == "MacAddressSpoofing" else truth_of(cell)
        if value is not None or cell is None:
            return value
        if said := text_of(cell) or (type(cell).__name__ if isinstance(cell, (dict, list)) else ""):
            self.faults.note(source, f"column {column} holds what means neither true nor false", said)
        return None

    def _address(self, row: Cells, column: str, source: Source) -> str | None:
        """Return an address; None after naming the file when the cell holds something else."""
        cell = row.get(column.casefold())
        address, text = address_of(cell), text_of(cell)
        if address is None and isinstance(scalar(cell), (dict, list)):
            self.faults.note(source, f"column {column} holds no text", type(scalar(cell)).__name__)
        elif address is None and text is not None:
            if is_changed(text):
                words = f"a spreadsheet changed the addresses of column {column}"
                self.faults.note(source, words, text, "export again, and do not open the file with a spreadsheet")
            else:
                self.faults.note(source, f"column {column} holds what is no MAC address", text, "export again")
        return address

    # Hosts

    def _host(self, row: Cells, source: Source, *keys: str) -> _Host:
        found = (text_of(row.get(key)) for key in ("computername", "pscomputername", "systemname", *keys))
        name = next((text for text in found if text and text.casefold() not in _THIS_HOST), None)
        if name is not None and not is_host_name(name):
            self.faults.note(source, "column ComputerName holds what is no name of a host", name)
            name = None
        name = name or source.host
        if name is not None:
            return self._hosts.setdefault(name, _Host(name))
        remedy = "export ComputerName, or name the file HOST-adapters"
        self.faults.note(source, "nothing says whose rows it holds", remedy=remedy)
        directory = source.name.rpartition("/")[0]
        stand_in = f"unknown host ({directory})" if directory else "unknown host"
        return self._hosts.setdefault(stand_in, _Host(stand_in, named=False))

    def _add_host(self, row: Cells, source: Source) -> str:
        host = self._host(row, source, "fullyqualifieddomainname", "name")
        host.seen = True
        start, end = (self._address(row, column, source) for column in ("MacAddressMinimum", "MacAddressMaximum"))
        if start and end:
            host.parts["range"].append((source, {"start": start, "end": end, "source": "cmdlet"}))
        if "internalnetworkadapters" in row:
            adapters, whole = _adapters_in(row["internalnetworkadapters"])
            for adapter in adapters:
                for address in addresses_of(adapter["macaddress"]) or [adapter["macaddress"]]:
                    self._add_own({**adapter, "macaddress": address}, source, host)
            if not whole:
                host.parts["own cut off"].append((source, {}))
        return "host"

    def _add_own(self, row: Cells, source: Source, host: _Host) -> str:
        facts: Facts = {
            "id": text_of(row.get("deviceid")) or text_of(row.get("id")) or "",
            "name": text_of(row.get("name")) or "",
            "mac": self._address(row, "MacAddress", source),
        }
        if "switchname" in row:
            facts["switch"] = text_of(row["switchname"])
        host.parts["own"].append((source, facts))
        host.seen = True
        return "host adapter"

    def _add_card(self, row: Cells, source: Source) -> str:
        host = self._host(row, source)
        host.seen = True
        if is_longer_address(row.get("macaddress")) or not any(
            text_of(row.get(column)) for column in ("macaddress", "permanentaddress")
        ):
            return "adapter without an Ethernet address, not counted"
        card: Facts = {"name": text_of(row.get("name")) or ""}
        if "macaddress" in row:
            card["mac"] = self._address(row, "MacAddress", source)
        description = str(row["interfacedescription"]).casefold()
        if _HOST_VNIC in description:
            host.parts["own card"].append((source, {"id": text_of(row.get("interfaceguid")) or "", **card}))
            return "host adapter"
        virtual = self._truth(row, "Virtual", source)
        hardware = self._truth(row, "HardwareInterface", source)
        if _TEAM in description:
            host.parts["team"].append((source, card))
            return "team"
        if virtual or hardware is False:
            return "virtual adapter, not counted"  # A switch's extensions show the addresses of its members.
        if "permanentaddress" in row and not is_longer_address(row["permanentaddress"]):
            card["permanent_mac"] = self._address(row, "PermanentAddress", source)
        if "status" in row:
            card["status"] = text_of(row["status"])
        host.parts["card"].append((source, card))
        return "physical adapter"

    # VMs

    def _add_vm(self, row: Cells, source: Source) -> str:
        own_id = row.get("id") if "\\" in (text_of(row.get("id")) or "") else None  # of an adapter, in the VM's row
        vm_id = id_of(row.get("vmid")) or (None if own_id else id_of(row.get("id")))
        name = text_of(row.get("vmname")) or text_of(row.get("name")) or vm_id
        if not name:
            raise NotUnderstoodError("it holds a VM without name and id")
        inner = next((item for key in _ADAPTER_LISTS if key in row for item in _adapters_in(row[key])[0]), {})
        host = self._host(row if source.host else {**inner, **row}, source)
        host.seen = True
        vm = VmRow(source, vm_id, name)
        if "state" in row:
            vm.facts["state"] = word_of(row["state"], STATES)
        if (clustered := self._truth(row, "IsClustered", source)) is not None:
            vm.facts["clustered"] = clustered
        if (mode := word_of(row.get("replicationmode"), REPLICATION)) is not None:
            vm.facts["replication_mode"] = mode
        whose = {"vmid": vm_id, "vmname": name}
        self._add_nested(row, vm, whose, host)
        for key in _CHECKPOINT_LISTS:
            if key in row:
                self._add_checkpoints(row[key], vm, whose, host)
        if row.get("macaddress") not in (None, "", []):
            vm.is_listed = vm_id is not None
            self._add_adapter({**row, **whose, "id": own_id}, source, host)
        for key, value in row.items():
            if key not in (*_ADAPTER_LISTS, *_CHECKPOINT_LISTS) and _holds_address(value):
                self.faults.note(source, f"the addresses in {key} of VMs were not read", name)
        host.rows.append(vm)
        return "VM"

    def _add_nested(self, row: Cells, owner: Row, whose: Cells, host: _Host) -> None:
        """Take the adapters that are listed inside the row of a VM or a checkpoint."""
        for key in _ADAPTER_LISTS:
            if key in row:
                adapters, whole = _adapters_in(row[key])
                for adapter in adapters:
                    self._add_adapter({"vmsnapshotid": None, **adapter, **whose}, owner.source, host)
                owner.adapters_read |= whole
                owner.cut_off |= not whole and _is_filled(row[key])

    def _add_checkpoints(self, value: object, vm: VmRow, whose: Cells, host: _Host) -> None:
        items, whole = _members(value)
        for row in map(_cells, items):
            if text_of(row.get("name")) or id_of(row.get("id")):
                self._add_checkpoint({**row, **whose}, vm.source, host)
            else:
                whole = False
        vm.checkpoints_read |= whole
        if not whole and _is_filled(value):
            self.faults.note(vm.source, "checkpoints of VMs were cut off", vm.vm_name)

    def _add_checkpoint(self, row: Cells, source: Source, host: _Host) -> str:
        vm_id, vm_name = id_of(row.get("vmid")), text_of(row.get("vmname")) or ""
        if not (vm_id or vm_name):
            raise NotUnderstoodError("it holds a checkpoint without VMName and VMId")
        own_id, name = id_of(row.get("id")), text_of(row.get("name")) or ""
        if not (own_id or name):
            raise NotUnderstoodError("it holds a checkpoint without Name and Id")
        checkpoint = CheckpointRow(source, vm_id, vm_name, checkpoint_id=own_id, checkpoint_name=name)
        whose = {"vmsnapshotid": own_id, "vmsnapshotname": name, "vmid": vm_id, "vmname": vm_name}
        self._add_nested(row, checkpoint, whose, host)
        host.rows.append(checkpoint)
        host.seen = True
        return "checkpoint"

    def _add_adapter(self, row: Cells, source: Source, host: _Host) -> str:
        if several := addresses_of(row["macaddress"]):
            for address in several:
                self._add_adapter({**row, "macaddress": address, "id": None, "adapterid": None}, source, host)
            return "adapter"
        own = self._truth(row, "IsManagementOs", source)
        vm_id, vm_name = id_of(row.get("vmid")), text_of(row.get("vmname")) or ""
        adapter_id = text_of(row.get("id")) or text_of(row.get("adapterid")) or ""
        owner_id = owner_in(adapter_id)
        if own or not (vm_id or vm_name or owner_id):
            if not own and (own is False or address_of(row["macaddress"]) is None):
                raise NotUnderstoodError("it holds a line with neither a VM nor an address of the host's own")
            return self._add_own(row, source, host)
        facts = self._adapter(row, adapter_id, source)
        if not (facts["mac"] or vm_id or _says_more(row)):
            raise NotUnderstoodError("it holds a line with the name of a VM and nothing of an adapter")
        adapter = AdapterRow(source, vm_id, vm_name, facts, owner_id=owner_id)
        adapter.checkpoint_id = next(filter(None, (id_of(row.get(key)) for key in _CHECKPOINT_IDS)), None)
        adapter.checkpoint_name = next(filter(None, (text_of(row.get(key)) for key in _CHECKPOINT_NAMES)), "")
        if not adapter.of_checkpoint and not _ONLY_CHECKPOINTS.isdisjoint(row):
            adapter.checkpoint_id, adapter.checkpoint_name = id_of(row.get("id")), text_of(row.get("name")) or ""
        if not (vm_id or vm_name):
            adapter.vm_id = owner_id
            if adapter.of_checkpoint and owner_id == adapter.checkpoint_id:
                raise NotUnderstoodError("it holds an adapter of a checkpoint without VMName and VMId")
        adapter.checkpoint_told = not _OF_CHECKPOINT.isdisjoint(row)
        host.rows.append(adapter)
        host.seen = True
        return "checkpoint adapter" if adapter.of_checkpoint else "adapter"

    def _adapter(self, row: Cells, adapter_id: str, source: Source) -> Facts:
        made: Facts = {
            "id": adapter_id,
            "name": text_of(row.get("name")) or text_of(row.get("adaptername")) or "",
            "mac": self._address(row, "MacAddress", source),
        }
        for key, column in (
            ("dynamic", "DynamicMacAddressEnabled"),
            ("connected", "Connected"),
            ("spoofing", "MacAddressSpoofing"),
        ):
            if (value := self._truth(row, column, source)) is not None:
                made[key] = value
        if "switchname" in row:
            made["switch"] = text_of(row["switchname"])
        if (vlan := _vlan(row)) is not None:
            made["vlan"] = vlan
        return made

    # Network Controllers

    def _add_resource(self, item: Mapping[str, Any], row: Cells) -> str:
        reference = str(row.get("resourceref") or "").casefold().strip("/")
        collection, properties = reference.partition("/")[0], folded(row.get("properties"))
        for name, (part, mark, word) in _RESOURCES.items():
            if collection == name or mark in properties:
                self._resources.setdefault(part, {})[reference or str(row.get("resourceid"))] = item
                return word
        return f"resource of {collection or 'a Network Controller'}, not needed"

    # Documents

    def _document(self, hosts: Sequence[_Host]) -> dict[str, Any]:
        """Return the document of one host, whose rows may spell its name in several ways."""
        name = min((host.name for host in hosts), key=lambda name: (-len(name), name))
        document: dict[str, Any] = {"schema": 1, "kind": "hyperv_host", "host": {"name": name}}
        parts: dict[str, list[tuple[Source, Facts]]] = defaultdict(list)
        for host in hosts:
            for part, rows in host.parts.items():
                parts[part] += rows
        if ranges := sorted((mac_range for _source, mac_range in parts["range"]), key=repr):
            document["mac_range"] = ranges[0]
            if ranges[0] != ranges[-1]:
                sources = [source for source, _range in parts["range"]]
                self.faults.note_each(sources, "two rows give a host different ranges", name)
        if vms := join((row for host in hosts for row in host.rows), self.faults):
            document["vms"] = vms
        own = _once(parts["own"])
        # Get-NetAdapter shows them under other names, but with the same addresses.
        addresses = {None, *(facts["mac"] for facts in own)}
        own += [facts for facts in _once(parts["own card"]) if not own or facts.get("mac") not in addresses]
        if own:
            document["host_adapters"] = own
        else:
            for source, _facts in parts["own cut off"]:
                remedy = "export with ConvertTo-Json -Depth 4"
                self.faults.note(source, "InternalNetworkAdapters was cut off", remedy=remedy)
        cards, teams = _once(parts["card"]), _once(parts["team"])
        if cards:
            unseen = {facts.get("mac") for facts in teams} - {None, *(facts.get("mac") for facts in cards)}
            document["physical_adapters"] = cards + [facts for facts in teams if facts.get("mac") in unseen]
        else:
            for source, _facts in parts["team"]:
                self.faults.note(source, "it holds teams without their cards", remedy="export Get-NetAdapter -Physical")
        return document


def _is_of_switch(row: Cells) -> bool:
    """Tell whether a row with an address is an adapter on a virtual switch."""
    named = not {"vmname", "vmid", "ismanagementos", *_OF_CHECKPOINT}.isdisjoint(row)
    return named or ("deviceid" in row and "switchname" in row)


def _is_of_vm(row: Cells) -> bool:
    """Tell whether a row with an address is about a VM: only a VM's row has its state."""
    return "state" in row and (_OF_CHECKPOINT | _ONLY_CHECKPOINTS).isdisjoint(row) and _is_vm(row)


def _is_checkpoint(row: Cells) -> bool:
    if not ("vmname" in row or "vmid" in row) or not ("name" in row or "id" in row) or not _NO_VM.isdisjoint(row):
        return False
    if not _ONLY_CHECKPOINTS.isdisjoint(row):
        return True
    own, vm = id_of(row.get("id")), id_of(row.get("vmid"))
    if own and vm:
        return own != vm and not {*_PARENTS, "state", *_ADAPTER_LISTS}.isdisjoint(row)
    name, vm_name = text_of(row.get("name")), text_of(row.get("vmname"))
    return bool(name and vm_name and name_key(name) != name_key(vm_name) and not _PARENTS.isdisjoint(row))


def _is_vm(row: Cells) -> bool:
    if not ("name" in row or "vmname" in row) or not _NO_VM.isdisjoint(row):
        return False
    if not row.keys().isdisjoint(_ADAPTER_LISTS):
        identified = not {"state", "id", "vmid", "vmname"}.isdisjoint(row)
        return identified or any(
            "vmname" in item or "vmid" in item for item in _adapters_in(row.get("networkadapters"))[0]
        )
    if "state" not in row:
        return False
    if "vmid" in row:
        return True
    number, word = number_of(row["state"]), text_of(row["state"]) or ""
    if number is not None:
        # Nodes, roles and resources of a cluster have numbers for their states, too.
        return number in STATES and (owner_in(text_of(row.get("id"))) is not None or not _ONLY_VMS.isdisjoint(row))
    return word.casefold() in _STATE_WORDS or (not word and "id" in row)


def _says_more(row: Cells) -> bool:
    """Tell whether a row without an address says anything besides the names of a host and a VM."""
    names = ("computername", "pscomputername", "systemname", "vmname", "macaddress")
    return any(key not in names and text_of(value) is not None for key, value in row.items())


def _is_filled(value: object) -> bool:
    return isinstance(value, (list, dict)) or text_of(value) is not None


def _cells(item: object) -> dict[str, Any]:
    return {_column(key): value for key, value in item.items()} if isinstance(item, dict) else {}


@lru_cache(maxsize=4096)
def _column(key: object) -> str:
    return str(key).strip().casefold()


def _adapters_in(value: object) -> tuple[list[dict[str, Any]], bool]:
    """Return the adapters that are listed inside another row, and whether all of them could be read."""
    items, whole = _members(value)
    adapters = []
    for item in items:
        row = _cells(item)
        if column := next((key for key in _NESTED_ADDRESS if key in row), None):
            adapters.append({**row, "macaddress": row[column]})
        elif isinstance(item, str) and address_of(item) is not None:
            adapters.append({"macaddress": item})
        else:
            whole = False
    return adapters, whole


def _members(value: object) -> tuple[list[Any], bool]:
    """Return the elements of a list in any of the ways in which lists are written, and whether it is whole.

    PowerShell writes a list of one as its only element and some lists as a mapping of their value and count. Below the
    depth of ConvertTo-Json it writes the names of types: such a list is not whole.
    """
    if isinstance(value, list):
        parts = [_members(item) if isinstance(item, (list, dict)) else ([item], True) for item in value]
        return [item for items, _whole in parts for item in items], all(whole for _items, whole in parts)
    if isinstance(value, dict):
        row = _cells(value)
        if not row.keys().isdisjoint(_NESTED_ADDRESS):
            return [value], True
        for key in _LISTS:
            if isinstance(row.get(key), (list, dict)):
                items, whole = _members(row[key])
                counts = [count for count in (number_of(row.get(name)) for name in _COUNTS) if count is not None]
                return items, whole and all(count == len(items) for count in counts)
        if row and all(isinstance(item, dict) for item in row.values()):
            return list(value.values()), True
        return [value], True
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return _members(json.loads(value))
        except (ValueError, RecursionError):
            return [], False
    if isinstance(value, str) and (several := addresses_of(value) or list(filter(None, [address_of(value)]))):
        return list(several), True
    return [], False


def _holds_address(value: object, depth: int = 8) -> bool:
    if isinstance(value, dict):
        if any(str(key).casefold() == "macaddress" and address_of(item) for key, item in value.items()):
            return True
        value = list(value.values())
    return isinstance(value, list) and depth > 0 and any(_holds_address(item, depth - 1) for item in value)


def _once(rows: Sequence[tuple[Source, Facts]]) -> list[Facts]:
    """Return what rows of several files show: as many of each name and address as one file has."""
    found: dict[Any, list[Facts]] = {}
    times: dict[Any, int] = {}
    for source, facts in rows:
        likeness = (facts["name"], facts.get("mac"))
        known = found.setdefault(likeness, [])
        place = times[source, likeness] = times.get((source, likeness), -1) + 1
        if place == len(known):
            known.append({})
        learn(known[place], facts)
    return [settled(facts) for equal in found.values() for facts in equal]


def _vlan(row: Cells) -> dict[str, Any] | None:
    setting = row.get("vlansetting")
    if isinstance(setting, dict):
        inner = _cells(setting)
        mode, access = word_of(inner.get("operationmode"), VLAN_MODES), number_of(inner.get("accessvlanid"))
        listed = inner.get("allowedvlanidlist")
        trunk = [tag for tag in listed if isinstance(tag, int)] if isinstance(listed, list) else []
        if mode is not None:
            return {"mode": mode, "access": access or 0 if mode == "Access" else 0, "trunk": trunk}
    for key in ("accessvlanid", "vlanid", "vlan"):
        if (access := number_of(row.get(key))) is not None:
            return {"mode": "Access" if access else "Untagged", "access": access, "trunk": []}
    return None


def unwrapped(item: object) -> Iterator[Any]:
    """Yield the rows in a list of lists, or in a list that PowerShell or another tool wrote as a mapping."""
    if isinstance(item, list):
        for inner in item:
            yield from unwrapped(inner)
    elif isinstance(item, Mapping) and isinstance(item.get("$values"), list):
        yield from unwrapped(item["$values"])
    elif item not in (None, ""):
        yield item
