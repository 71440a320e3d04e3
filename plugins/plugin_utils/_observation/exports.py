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
    scalar,
    spoofing_of,
    text_of,
    truth_of,
    vm_in,
    word_of,
)
from .export_files import Faults, Source, is_host_name
from .export_text import NotUnderstoodError
from .export_vms import Facts, Machine, Nic, Point, join, learn, settled

Row = Mapping[str, Any]
"""A row with its columns in lower case."""

_HOST_VNIC = "hyper-v virtual ethernet adapter"
_TEAM = "multiplexor"
_THIS_HOST = frozenset({".", "localhost", "127.0.0.1", "::1"})

_POINT_IDS = ("vmsnapshotid", "vmcheckpointid")
_POINT_NAMES = ("vmsnapshotname", "vmcheckpointname")
_PARENT_POINTS = ("parentsnapshotid", "parentsnapshotname", "parentcheckpointid", "parentcheckpointname")
_ONLY_POINTS = ("snapshottype", "isautomaticcheckpoint")
"""Columns that a checkpoint has and neither a VM nor an adapter."""

_ADAPTER_LISTS = ("networkadapters", "networkadapter", "vmnetworkadapters", "vmnetworkadapter", "adapters", "nics")
_POINT_LISTS = ("checkpoints", "snapshots", "vmcheckpoints", "vmsnapshots")
_LISTS = ("$values", "value", "values", "items", "syncroot")
_COUNTS = ("count", "length")
_NESTED_ADDRESS = ("macaddress", "mac", "mac_address", "physicaladdress")

_SCVMM = frozenset(
    str.split(
        """macaddresstype mactype vmmacaddress physicaladdresstype ethernetaddresstype vmhost vmhostgroup hostgroup vmmserver
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
_ONLY_VMS = frozenset(
    str.split(
        """vmname isclustered replicationmode replicationstate replicationhealth uptime generation cpuusage memoryassigned
    memorystartup processorcount checkpointtype integrationservicesversion computername"""
    )
) | set(_PARENT_POINTS)
_STATE_WORDS = frozenset(word.casefold() for word in STATES.values())


@dataclass(slots=True)
class _Host:
    name: str
    named: bool = True
    """Whether the name is the host's; else it stands for a name that no row and no file tells."""
    seen: bool = False
    """Whether anything was told of it; a host is never made of a line that could not be used."""
    ranges: list[tuple[Source, Facts]] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    nics: list[Nic] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    own: list[tuple[Source, Facts]] = field(default_factory=list)
    own_cut_off: list[Source] = field(default_factory=list)
    cards: list[tuple[Source, Facts]] = field(default_factory=list)
    vnic_cards: list[tuple[Source, Facts]] = field(default_factory=list)
    teams: list[tuple[Source, Facts]] = field(default_factory=list)


class Exports:
    """Collects rows and gives one document for each host that they speak of."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._hosts: dict[str, _Host] = {}
        self._pools: dict[str, Mapping[str, Any]] | None = None
        self._interfaces: dict[str, Mapping[str, Any]] | None = None

    def add(self, item: object, source: Source) -> str:
        """Take one row and return what it was, as a word.

        :raises NotUnderstoodError: with the reason
        """
        if not isinstance(item, Mapping):
            raise NotUnderstoodError(f"it holds a {type(item).__name__} where an object was expected")
        if None in item:
            raise NotUnderstoodError("a line has more fields than there are columns")
        row = _folded(item)
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
        if _is_point(row):
            return self._add_point(row, source, self._host(row, source))
        if _is_machine(row):
            return self._add_machine(row, source)
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

    def expect_host(self, source: Source) -> None:
        """Note that a file without rows is a host's: what its other files do not say was not seen."""
        if source.kind and source.host:
            self._host({}, source).seen = True

    # Cells

    def _truth(self, row: Row, column: str, shown: str, source: Source) -> bool | None:
        cell = row.get(column)
        value = spoofing_of(cell) if column == "macaddressspoofing" else truth_of(cell)
        if value is not None or cell is None:
            return value
        if said := text_of(cell) or (type(cell).__name__ if isinstance(cell, (dict, list)) else ""):
            self.faults.note(source, f"column {shown} holds what means neither true nor false", said)
        return None

    def _address(self, cell: object, shown: str, source: Source) -> str | None:
        """Return an address; None after naming the file when the cell holds something else."""
        address, text = address_of(cell), text_of(cell)
        if address is None and isinstance(scalar(cell), (dict, list)):
            self.faults.note(source, f"column {shown} holds no text", type(scalar(cell)).__name__)
        elif address is None and text is not None:
            if is_changed(text):
                words = f"a spreadsheet changed the addresses of column {shown}"
                self.faults.note(source, words, text, "export again, and do not open the file with a spreadsheet")
            else:
                self.faults.note(source, f"column {shown} holds what is no MAC address", text, "export again")
        return address

    # Hosts

    def _host(self, row: Row, source: Source, *keys: str) -> _Host:
        found = (text_of(row.get(key)) for key in ("computername", "pscomputername", "systemname", *keys))
        name = next((text for text in found if text and text.casefold() not in _THIS_HOST), None)
        if name is not None and not is_host_name(name):
            self.faults.note(source, "column ComputerName holds what is no name of a host", name)
            name = None
        name = name or source.host
        if name is not None:
            return self._hosts.setdefault(name, _Host(name))
        self.faults.note(
            source, "nothing says whose rows it holds", remedy="export ComputerName, or name the file HOST-adapters"
        )
        directory = source.name.rpartition("/")[0]
        stand_in = f"unknown host ({directory})" if directory else "unknown host"
        return self._hosts.setdefault(stand_in, _Host(stand_in, named=False))

    def _add_host(self, row: Row, source: Source) -> str:
        host = self._host(row, source, "fullyqualifieddomainname", "name")
        ends = [
            self._address(row[column], shown, source)
            for column, shown in (
                ("macaddressminimum", "MacAddressMinimum"),
                ("macaddressmaximum", "MacAddressMaximum"),
            )
        ]
        host.seen = True
        if None not in ends:
            host.ranges.append((source, {"start": ends[0], "end": ends[1], "source": "cmdlet"}))
        if "internalnetworkadapters" in row:
            adapters, whole = _adapters_in(row["internalnetworkadapters"])
            for adapter in adapters:
                self._add_own(adapter, source, host)
            if not whole:
                host.own_cut_off.append(source)
        return "host"

    def _add_own(self, row: Row, source: Source, host: _Host) -> str:
        if several := addresses_of(row.get("macaddress")):
            for address in several:
                self._add_own({**row, "macaddress": address}, source, host)
            return "host adapter"
        facts: Facts = {
            "id": text_of(row.get("deviceid")) or text_of(row.get("id")) or "",
            "name": text_of(row.get("name")) or "",
            "mac": self._address(row.get("macaddress"), "MacAddress", source),
        }
        if "switchname" in row:
            facts["switch"] = text_of(row["switchname"])
        host.own.append((source, facts))
        host.seen = True
        return "host adapter"

    def _add_card(self, row: Row, source: Source) -> str:
        host = self._host(row, source)
        host.seen = True
        if is_longer_address(row.get("macaddress")) or not any(
            text_of(row.get(column)) for column in ("macaddress", "permanentaddress")
        ):
            return "adapter without an Ethernet address, not counted"
        card: Facts = {"name": text_of(row.get("name")) or ""}
        if "macaddress" in row:
            card["mac"] = self._address(row["macaddress"], "MacAddress", source)
        description = str(row["interfacedescription"]).casefold()
        if _HOST_VNIC in description:
            host.vnic_cards.append((source, {"id": text_of(row.get("interfaceguid")) or "", **card}))
            return "host adapter"
        virtual = self._truth(row, "virtual", "Virtual", source)
        hardware = self._truth(row, "hardwareinterface", "HardwareInterface", source)
        if _TEAM in description:
            host.teams.append((source, {**card, "team": None}))
            return "team"
        if virtual or hardware is False:
            return "virtual adapter, not counted"  # A switch's extensions show the addresses of its members.
        if "permanentaddress" in row and not is_longer_address(row["permanentaddress"]):
            card["permanent_mac"] = self._address(row["permanentaddress"], "PermanentAddress", source)
        if "status" in row:
            card["status"] = text_of(row["status"])
        host.cards.append((source, {**card, "team": None}))
        return "physical adapter"

    # VMs

    def _add_machine(self, row: Row, source: Source) -> str:
        vm_id = id_of(row.get("vmid")) or (None if _is_adapter_id(row.get("id")) else id_of(row.get("id")))
        name = text_of(row.get("vmname")) or text_of(row.get("name"))
        if not (vm_id or name):
            raise NotUnderstoodError("it holds a VM without name and id")
        nested = [(key, *_adapters_in(row[key])) for key in _ADAPTER_LISTS if key in row]
        inner = next((adapter for _key, adapters, _whole in nested for adapter in adapters), {})
        host = self._host(row if source.host else {**inner, **row}, source)
        host.seen = True
        facts: Facts = {"state": word_of(row.get("state"), STATES)} if "state" in row else {}
        if (clustered := self._truth(row, "isclustered", "IsClustered", source)) is not None:
            facts["clustered"] = clustered
        if (mode := word_of(row.get("replicationmode"), REPLICATION)) is not None:
            facts["replication_mode"] = mode
        machine = Machine(source, vm_id, name or vm_id or "", facts)
        for key, adapters, whole in nested:
            for adapter in adapters:
                self._add_adapter({"vmsnapshotid": None, **adapter, **_whose(machine)}, source, host)
            if whole:
                machine.adapters_read = True
            elif text_of(row[key]) or isinstance(row[key], (list, dict)):
                machine.cut_off = True
        for key in _POINT_LISTS:
            if key in row:
                self._add_points(row[key], machine, host)
        if "macaddress" in row:
            machine.is_listed = vm_id is not None
            own_id = row.get("id") if _is_adapter_id(row.get("id")) else None
            self._add_adapter({**row, **_whose(machine), "id": own_id}, source, host)
        known = (*_ADAPTER_LISTS, *_POINT_LISTS)
        for key, value in row.items():
            if isinstance(value, (list, dict)) and key not in known and _holds_address(value):
                self.faults.note(source, f"the addresses in {key} of VMs were not read", machine.vm_name)
        host.machines.append(machine)
        return "VM"

    def _add_points(self, value: object, machine: Machine, host: _Host) -> None:
        items, whole = _members(value)
        for item in items:
            row = _folded(item)
            if row and (text_of(row.get("name")) or id_of(row.get("id"))):
                self._add_point({**row, **_whose(machine)}, machine.source, host)
            else:
                whole = False
        machine.checkpoints_read = machine.checkpoints_read or whole
        if not whole and (text_of(value) or isinstance(value, (list, dict))):
            self.faults.note(machine.source, "checkpoints of VMs were cut off", machine.vm_name)

    def _add_point(self, row: Row, source: Source, host: _Host) -> str:
        vm_id, vm_name = id_of(row.get("vmid")), text_of(row.get("vmname")) or ""
        if not (vm_id or vm_name):
            raise NotUnderstoodError("it holds a checkpoint without VMName and VMId")
        point = Point(source, vm_id, vm_name, id_of(row.get("id")), text_of(row.get("name")) or "")
        if not (point.point_id or point.point_name):
            raise NotUnderstoodError("it holds a checkpoint without Name and Id")
        for key in _ADAPTER_LISTS:
            if key not in row:
                continue
            adapters, whole = _adapters_in(row[key])
            named = {
                "vmsnapshotid": point.point_id,
                "vmsnapshotname": point.point_name,
                "vmid": vm_id,
                "vmname": vm_name,
            }
            for adapter in adapters:
                self._add_adapter({**adapter, **named}, source, host)
            if whole:
                point.adapters_read = True
            elif text_of(row[key]) or isinstance(row[key], (list, dict)):
                point.cut_off = True
        host.points.append(point)
        host.seen = True
        return "checkpoint"

    def _add_adapter(self, row: Row, source: Source, host: _Host) -> str:
        if several := addresses_of(row["macaddress"]):
            for address in several:
                self._add_adapter({**row, "macaddress": address, "id": None, "adapterid": None}, source, host)
            return "adapter"
        own = self._truth(row, "ismanagementos", "IsManagementOs", source)
        vm_id, vm_name = id_of(row.get("vmid")), text_of(row.get("vmname")) or ""
        adapter_id = text_of(row.get("id")) or text_of(row.get("adapterid")) or ""
        inner = vm_in(adapter_id)
        if own or not (vm_id or vm_name or inner):
            if not own and (own is False or address_of(row["macaddress"]) is None):
                raise NotUnderstoodError("it holds a line with neither a VM nor an address of the host's own")
            return self._add_own(row, source, host)
        facts = self._adapter(row, adapter_id, source)
        if not (facts["mac"] or vm_id or _says_more(row)):
            raise NotUnderstoodError("it holds a line with the name of a VM and nothing of an adapter")
        nic = Nic(source, vm_id, vm_name, facts, inner)
        nic.point_id = next(filter(None, (id_of(row.get(key)) for key in _POINT_IDS)), None)
        nic.point_name = next(filter(None, (text_of(row.get(key)) for key in _POINT_NAMES)), "")
        if not nic.of_checkpoint and any(key in row for key in _ONLY_POINTS):
            nic.point_id, nic.point_name = id_of(row.get("id")), text_of(row.get("name")) or ""
        if not (vm_id or vm_name):
            nic.vm_id = inner
            if nic.of_checkpoint and inner == nic.point_id:
                raise NotUnderstoodError("it holds an adapter of a checkpoint without VMName and VMId")
        nic.point_told = any(key in row for key in (*_POINT_IDS, *_POINT_NAMES))
        host.nics.append(nic)
        host.seen = True
        return "checkpoint adapter" if nic.of_checkpoint else "adapter"

    def _adapter(self, row: Row, adapter_id: str, source: Source) -> Facts:
        made: Facts = {
            "id": adapter_id,
            "name": text_of(row.get("name")) or text_of(row.get("adaptername")) or "",
            "mac": self._address(row["macaddress"], "MacAddress", source),
        }
        for key, column, shown in (
            ("dynamic", "dynamicmacaddressenabled", "DynamicMacAddressEnabled"),
            ("connected", "connected", "Connected"),
            ("spoofing", "macaddressspoofing", "MacAddressSpoofing"),
        ):
            if (value := self._truth(row, column, shown, source)) is not None:
                made[key] = value
        if "switchname" in row:
            made["switch"] = text_of(row["switchname"])
        if (vlan := _vlan(row)) is not None:
            made["vlan"] = vlan
        return made

    # Network Controllers

    def _add_resource(self, item: Mapping[str, Any], row: Row) -> str:
        reference = str(row.get("resourceref") or "").casefold().strip("/")
        collection = reference.partition("/")[0]
        properties = (
            {str(key).casefold() for key in row["properties"]} if isinstance(row.get("properties"), Mapping) else set()
        )
        key = reference or str(row.get("resourceid"))
        if collection == "macpools" or "startmacaddress" in properties:
            self._pools = self._pools or {}
            self._pools[key] = item
            return "MAC pool"
        if collection == "networkinterfaces" or "privatemacaddress" in properties:
            self._interfaces = self._interfaces or {}
            self._interfaces[key] = item
            return "network interface"
        return f"resource of {collection or 'a Network Controller'}, not needed"

    # Documents

    def _document(self, hosts: Sequence[_Host]) -> dict[str, Any]:
        """Return the document of one host, whose rows may spell its name in several ways."""
        name = min((host.name for host in hosts), key=lambda name: (-len(name), name))
        document: dict[str, Any] = {"schema": 1, "kind": "hyperv_host", "host": {"name": name}}
        ranges = sorted((mac_range for host in hosts for _source, mac_range in host.ranges), key=repr)
        if ranges:
            document["mac_range"] = ranges[0]
            if ranges[0] != ranges[-1]:
                for source in dict.fromkeys(source for host in hosts for source, _range in host.ranges):
                    self.faults.note(source, "two rows give a host different ranges", name)
        vms = join(
            [row for host in hosts for row in host.machines],
            [row for host in hosts for row in host.nics],
            [row for host in hosts for row in host.points],
            self.faults,
        )
        if vms:
            document["vms"] = vms
        own = _once([row for host in hosts for row in host.own])
        # Get-NetAdapter shows them under other names, but with the same addresses.
        addresses = {facts["mac"] for facts in own}
        own += [
            facts
            for facts in _once([row for host in hosts for row in host.vnic_cards])
            if not own or facts.get("mac") not in {None, *addresses}
        ]
        if own:
            document["host_adapters"] = own
        else:
            for source in (source for host in hosts for source in host.own_cut_off):
                self.faults.note(
                    source, "InternalNetworkAdapters was cut off", remedy="export with ConvertTo-Json -Depth 4"
                )
        cards = _once([row for host in hosts for row in host.cards])
        teams = [row for host in hosts for row in host.teams]
        if cards:
            unseen = {facts.get("mac") for facts in _once(teams)} - {None, *(facts.get("mac") for facts in cards)}
            document["physical_adapters"] = cards + [facts for facts in _once(teams) if facts.get("mac") in unseen]
        else:
            for source, _facts in teams:
                self.faults.note(source, "it holds teams without their cards", remedy="export Get-NetAdapter -Physical")
        return document


def _is_of_switch(row: Row) -> bool:
    """Tell whether a row with an address is an adapter on a virtual switch."""
    return any(key in row for key in ("vmname", "vmid", "ismanagementos", *_POINT_IDS, *_POINT_NAMES)) or (
        "deviceid" in row and "switchname" in row
    )


def _is_of_vm(row: Row) -> bool:
    """Tell whether a row with an address is about a VM: only a VM's row has its state."""
    of_point = any(key in row for key in (*_POINT_IDS, *_POINT_NAMES, *_ONLY_POINTS))
    return "state" in row and not of_point and _is_machine(row)


def _is_point(row: Row) -> bool:
    if not ("vmname" in row or "vmid" in row) or not ("name" in row or "id" in row) or not _NO_VM.isdisjoint(row):
        return False
    if any(key in row for key in _ONLY_POINTS):
        return True
    own, vm = id_of(row.get("id")), id_of(row.get("vmid"))
    if own and vm:
        return own != vm and any(key in row for key in (*_PARENT_POINTS, "state", *_ADAPTER_LISTS))
    name, vm_name = text_of(row.get("name")), text_of(row.get("vmname"))
    return bool(name and vm_name and name_key(name) != name_key(vm_name) and any(key in row for key in _PARENT_POINTS))


def _is_machine(row: Row) -> bool:
    if not ("name" in row or "vmname" in row) or not _NO_VM.isdisjoint(row):
        return False
    if any(key in row for key in _ADAPTER_LISTS):
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
        return number in STATES and (vm_in(text_of(row.get("id"))) is not None or not _ONLY_VMS.isdisjoint(row))
    return word.casefold() in _STATE_WORDS or (not word and "id" in row)


def _is_adapter_id(value: object) -> bool:
    return "\\" in (text_of(value) or "")


def _whose(machine: Machine) -> Facts:
    return {"vmid": machine.vm_id, "vmname": machine.vm_name}


def _says_more(row: Row) -> bool:
    """Tell whether a row without an address says anything besides the names of a host and a VM."""
    names = ("computername", "pscomputername", "systemname", "vmname", "macaddress")
    return any(key not in names and text_of(value) is not None for key, value in row.items())


def _folded(item: object) -> dict[str, Any]:
    return {_column(key): value for key, value in item.items()} if isinstance(item, dict) else {}


@lru_cache(maxsize=4096)
def _column(key: object) -> str:
    return str(key).strip().casefold()


def _adapters_in(value: object) -> tuple[list[dict[str, Any]], bool]:
    """Return the adapters that are listed inside another row, and whether all of them could be read."""
    items, whole = _members(value)
    adapters = []
    for item in items:
        row = _folded(item)
        address = next((row[key] for key in _NESTED_ADDRESS if key in row), None)
        if row and any(key in row for key in _NESTED_ADDRESS):
            adapters.append({**row, "macaddress": address})
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
        row = _folded(value)
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


def _vlan(row: Row) -> dict[str, Any] | None:
    setting = row.get("vlansetting")
    if isinstance(setting, dict):
        inner = _folded(setting)
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
