# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which exported rows are of one VM, and which of one adapter. Pure.

Ids decide. Names do not: an imported copy of a VM keeps its name and its addresses, and two adapters of one VM may share
their name. So rows without ids are never merged only because they are equal:

* The rows of one file are as many adapters as there are rows. Rows of two files may be of one adapter where it is
  certain that they are of one VM.
* A row without a VM id joins the VM of its name where exactly one VM has it. A second row with the same address is
  another VM of that name: the duplicate must be found, and the file is named.
* Names in which an ASCII export replaced letters by question marks join nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...module_utils._mac import parse_mac
from .._names import name_key, plain_id
from .._text import mac as as_text
from .export_files import Faults, Source

NEVER_STARTED = "000000000000"

Facts = dict[str, Any]
"""What one row says of an adapter or a VM. A key that is absent was not exported."""


@dataclass(slots=True)
class Machine:
    """A row about a VM."""

    source: Source
    vm_id: str | None
    vm_name: str
    facts: Facts
    adapters_read: bool = False
    """Whether the VM's adapters are listed in it, be it none."""
    checkpoints_read: bool = False
    cut_off: bool = False
    """Whether adapters are listed in it that could not be read."""
    is_listed: bool = True
    """Whether it is the VM's only row; else there is one for each of its adapters."""


@dataclass(slots=True)
class Point:
    """A row about a checkpoint of a VM."""

    source: Source
    vm_id: str | None
    vm_name: str
    point_id: str | None
    point_name: str
    adapters_read: bool = False
    cut_off: bool = False


@dataclass(slots=True)
class Nic:
    """A row about an adapter of a VM or of its checkpoint."""

    source: Source
    vm_id: str | None
    vm_name: str
    facts: Facts
    inner: str | None = None
    """What the adapter's own id begins with: the id of its VM, or of its checkpoint."""
    point_id: str | None = None
    point_name: str = ""
    point_told: bool = False
    """Whether the row says of which checkpoint it is, be it none."""

    @property
    def of_checkpoint(self) -> bool:
        """Whether the adapter comes back only when a checkpoint is applied."""
        return bool(self.point_id or self.point_name)


_Row: TypeAlias = Machine | Nic | Point


@dataclass(slots=True)
class _Adapter:
    facts: Facts
    sources: list[Source]

    @property
    def mac(self) -> str | None:
        return self.facts.get("mac")

    @property
    def is_addressed(self) -> bool:
        """Whether two of the same address are a duplicate."""
        return self.mac not in (None, NEVER_STARTED)

    def learn(self, facts: Facts, source: Source) -> None:
        if source not in self.sources:
            self.sources.append(source)
        learn(self.facts, facts)


_UNSURE = object()
"""What stands for true and false together until everything is learned: whatever comes then changes nothing."""


def learn(known: Facts, facts: Mapping[str, Any]) -> None:
    """Add what another row says of the same thing; where rows disagree, their order does not matter."""
    for key, value in facts.items():
        if value is None or known.get(key) is None:
            known[key] = known.get(key) if value is None else value
        elif known[key] != value and known[key] is not _UNSURE:
            known[key] = _UNSURE if isinstance(value, bool) else min(known[key], value, key=repr)


def settled(facts: Mapping[str, Any]) -> Facts:
    """Return what was learned; what rows disagree about is not known."""
    return {key: None if value is _UNSURE else value for key, value in facts.items()}


@dataclass(slots=True)
class _Vm:
    id: str | None
    name: str = ""
    machines: list[Machine] = field(default_factory=list)
    nics: list[Nic] = field(default_factory=list)
    points: list[Point | Nic] = field(default_factory=list)
    adapters: list[_Adapter] = field(default_factory=list)


@dataclass(slots=True)
class _Namesakes:
    """The rows of one host that have a VM's name and no VM id."""

    machines: list[Machine] = field(default_factory=list)
    nics: list[Nic] = field(default_factory=list)
    points: list[Point | Nic] = field(default_factory=list)


def join(
    machines: Sequence[Machine], nics: Sequence[Nic], points: Sequence[Point], faults: Faults
) -> list[dict[str, Any]]:
    """Return the VMs of one host as a document lists them."""
    _settle_ids(machines, nics, points)
    vms: dict[str, _Vm] = {}
    nameless: dict[str, _Namesakes] = defaultdict(_Namesakes)
    names: dict[str, Counter[str]] = defaultdict(Counter)
    rows: list[_Row] = [*machines, *nics, *points]
    for row in rows:
        if row.vm_id:
            place: _Vm | _Namesakes = vms.setdefault(row.vm_id, _Vm(row.vm_id))
            # The name in a VM's own row counts more than what the rows of its adapters say.
            names[row.vm_id][row.vm_name] = max(names[row.vm_id][row.vm_name], 1 + isinstance(row, Machine))
        else:
            place = nameless[name_key(row.vm_name)]
        if isinstance(row, Machine):
            place.machines.append(row)
        elif isinstance(row, Nic) and not row.of_checkpoint:
            place.nics.append(row)
        else:
            place.points.append(row)
    by_name: dict[str, list[_Vm]] = defaultdict(list)
    for vm in vms.values():
        known = {name: weight for name, weight in names[vm.id or ""].items() if name}
        vm.name = min(known, key=lambda name: (-known[name], name)) if known else vm.id or ""
        vm.adapters, unmatched = _merged(vm.nics)
        vm.adapters += unmatched
        for key in {name_key(name) for name in known}:
            by_name[key].append(vm)
    found = list(vms.values())
    for key, group in nameless.items():
        found += _join_by_name(group, by_name.get(key, []), faults)
    return [_as_document(vm, faults) for vm in found]


def _settle_ids(machines: Iterable[Machine], nics: Sequence[Nic], points: Iterable[Point]) -> None:
    """Learn from the adapters' own ids of which VM, or of which of its checkpoints, an adapter is."""
    ids: dict[str, set[str]] = defaultdict(set)
    rows: list[_Row] = [*machines, *nics, *points]
    for row in rows:
        if row.vm_id:
            ids[name_key(row.vm_name)].add(row.vm_id)
    known = set().union(*ids.values())
    for nic in nics:
        if nic.inner is None or nic.of_checkpoint:
            continue
        namesakes = ids.get(name_key(nic.vm_name), set())
        if nic.point_told or nic.inner in known:
            nic.vm_id = nic.vm_id or nic.inner
        elif nic.vm_id is None and len(namesakes) != 1:
            nic.vm_id = nic.inner
        elif nic.inner != (nic.vm_id or ""):
            # A checkpoint's adapter: only the checkpoint's id stands in front of its own.
            nic.vm_id = nic.vm_id or next(iter(namesakes))
            nic.point_id = nic.inner


def _merged(nics: Iterable[Nic], known: Sequence[_Adapter] = ()) -> tuple[list[_Adapter], list[_Adapter]]:
    """Return the adapters of one VM or checkpoint, and what is left of the rows without an adapter's id.

    A row without an id may be of an adapter that another file shows with the same name and address. What is left are as
    many adapters as one file has equal rows.
    """
    adapters = list(known)
    by_id: dict[str, list[_Adapter]] = defaultdict(list)
    for adapter in adapters:
        by_id[plain_id(adapter.facts.get("id"))].append(adapter)
    anonymous: dict[Source, list[Nic]] = defaultdict(list)
    # Rows with an address first: one without it is then taken for the adapter that has it.
    for nic in sorted(nics, key=lambda nic: nic.facts.get("mac") is None):
        key = plain_id(nic.facts.get("id"))
        if not key:
            anonymous[nic.source].append(nic)
            continue
        address = nic.facts.get("mac")
        alike = [item for item in by_id[key] if address in (item.mac, None)]
        same = min(alike, key=lambda item: str(item.mac), default=None)
        if same is None:
            same = _Adapter({}, [])
            adapters.append(same)
            by_id[key].append(same)
        same.learn(nic.facts, nic.source)
    left: dict[Any, list[_Adapter]] = defaultdict(list)
    for source, rows in anonymous.items():
        free: dict[Any, list[_Adapter]] = defaultdict(list)
        for adapter in adapters:
            if source not in adapter.sources:
                free[_likeness(adapter.facts)].append(adapter)
        alike_rows: dict[Any, list[Facts]] = defaultdict(list)
        for nic in rows:
            alike_rows[_likeness(nic.facts)].append(nic.facts)
        for likeness, equal in alike_rows.items():
            # In an order of their own, so that the order of rows and files does not matter.
            equal.sort(key=repr)
            known_ones = sorted(free[likeness], key=lambda adapter: str(adapter.facts.get("id")))
            more = left[likeness]
            more += [_Adapter({}, []) for _more in range(len(equal) - len(known_ones) - len(more))]
            for adapter, facts in zip([*known_ones, *more], equal, strict=False):
                adapter.learn(facts, source)
    return adapters, [adapter for equal in left.values() for adapter in equal]


def _likeness(facts: Mapping[str, Any]) -> tuple[Any, str]:
    return facts.get("mac"), name_key(facts.get("name") or "")


def _join_by_name(group: _Namesakes, namesakes: Sequence[_Vm], faults: Faults) -> list[_Vm]:
    """Give rows without a VM id to the VM of their name where that is certain, and return the VMs that they are besides."""
    rows: list[_Row] = [*group.machines, *group.nics, *group.points]
    name = min(row.vm_name for row in rows)
    listed = max(Counter(row.source for row in group.machines if row.is_listed).values(), default=0)
    only = namesakes[0] if len(namesakes) == 1 else None
    copies: list[_Vm] = []
    if only:
        only.adapters, unmatched = _merged(group.nics, only.adapters)
        taken = Counter(adapter.mac for adapter in only.adapters if adapter.is_addressed)
        copies = _apart(unmatched, taken, [only], name, faults)
        only.nics += group.nics
    elif group.nics:
        identified, _none = _merged([nic for nic in group.nics if nic.facts.get("id")])
        adapters = identified + [
            _Adapter(dict(nic.facts), [nic.source]) for nic in group.nics if not nic.facts.get("id")
        ]
        # Rows in which an ASCII export lost letters may be of as many VMs.
        lost = ("?" in name or "\ufffd" in name) and listed != 1 and len(adapters) > 1
        if lost:
            copies = [_Vm(None, name, adapters=[adapter]) for adapter in adapters]
            for adapter in adapters:
                _note(faults, adapter.sources, "names lost letters in an ASCII export", name, _WITH_IDS)
        else:
            copies = _apart(adapters, Counter(), [], name, faults)
    candidates = [*namesakes, *copies]
    if listed and not candidates:
        counts = Counter(row.source for row in group.machines)
        fullest = min((source for source, count in counts.items() if count == listed), key=lambda source: source.name)
        copies = [_Vm(None, name, machines=[row]) for row in group.machines if row.source == fullest]
        if listed == 1:
            copies[0].machines = group.machines
    elif listed <= 1 and len(candidates) == 1:
        candidates[0].machines += group.machines
    elif group.machines or (group.nics and len(namesakes) > 1):
        _note(
            faults, [row.source for row in rows], "rows without VMId have the name of several VMs", name, "export VMId"
        )
    copies += [_Vm(None, name) for _more in range(listed - len(namesakes) - len(copies))]
    if group.points:
        candidates = [*namesakes, *copies]
        if len(candidates) != 1:
            copies.append(_Vm(None, name))
        (candidates if len(candidates) == 1 else copies)[-1].points += group.points
        if len(candidates) > 1:
            sources = [row.source for row in group.points]
            _note(faults, sources, "checkpoints without VMId have the name of several VMs", name, "export VMId")
    return copies


_WITH_IDS = "export VMId and Id, with -Encoding utf8"
_THEIR_ADAPTERS = "export Get-VMSnapshot | Get-VMNetworkAdapter too"
_DEEPER = "export with ConvertTo-Json -Depth 4, or the adapters too"


def _apart(adapters: Iterable[_Adapter], taken: Counter[Any], vms: list[_Vm], name: str, faults: Faults) -> list[_Vm]:
    """Give adapters to VMs of one name so that none of these carries an address twice, and return those that are new.

    :param taken: addresses that the first of the VMs carries
    :param vms: the VM that is known, if any
    """
    vms, known = list(vms), len(vms)
    first: dict[Any, _Adapter] = {}
    for adapter in adapters:
        place = 0
        if adapter.is_addressed:
            place = taken[adapter.mac]
            taken[adapter.mac] += 1
            if place:
                earlier = first.get(adapter.mac)
                example = f"{name} {as_text(parse_mac(adapter.mac))}"
                sources = [*adapter.sources, *(earlier.sources if earlier else ())]
                words = "two rows without VMId are equal in name and address"
                _note(faults, sources, words, example, "if they are two VMs, export VMId and Id; if not, remove one")
            first.setdefault(adapter.mac, adapter)
        while place >= len(vms):
            vms.append(_Vm(None, name))
        vms[place].adapters.append(adapter)
    return vms[known:]


def _note(faults: Faults, sources: Iterable[Source], words: str, example: str, remedy: str) -> None:
    for source in dict.fromkeys(sources):
        faults.note(source, words, example, remedy)


def _as_document(vm: _Vm, faults: Faults) -> dict[str, Any]:
    made: dict[str, Any] = {"id": vm.id, "name": vm.name}
    for machine in vm.machines:
        learn(made, machine.facts)
    made = settled(made)
    read = {machine.source for machine in vm.machines if machine.adapters_read}
    read |= {source for adapter in vm.adapters for source in adapter.sources}
    if read:
        made["adapters"] = [settled(adapter.facts) for adapter in vm.adapters]
    _name_cut_off(vm, vm.machines, read, faults)
    points = _points(vm, faults)
    if points or any(machine.checkpoints_read for machine in vm.machines):
        made["checkpoints"] = points
    return made


def _points(vm: _Vm, faults: Faults) -> list[dict[str, Any]]:
    ids: dict[str, set[str]] = defaultdict(set)
    for row in vm.points:
        if row.point_id and row.point_name:
            ids[row.point_name].add(row.point_id)
    grouped: dict[str, list[Point | Nic]] = defaultdict(list)
    for row in vm.points:
        same = ids.get(row.point_name, set())
        grouped[row.point_id or (next(iter(same)) if len(same) == 1 else row.point_name)].append(row)
    points = []
    for key, rows in grouped.items():
        nics = [row for row in rows if isinstance(row, Nic)]
        for nic in nics:
            _name_as_of_vm(nic.facts, vm.id)
        adapters, unmatched = _merged(nics)
        listings = [row for row in rows if isinstance(row, Point)]
        read = {row.source for row in listings if row.adapters_read} | {nic.source for nic in nics}
        name = min((row.point_name for row in rows if row.point_name), default=key)
        point: dict[str, Any] = {"id": key, "name": name}
        if read:
            point["adapters"] = [settled(adapter.facts) for adapter in (*adapters, *unmatched)]
        elif not any(row.cut_off for row in listings):
            _note(faults, [row.source for row in listings], "checkpoints lack their adapters", name, _THEIR_ADAPTERS)
        _name_cut_off(vm, listings, read, faults)
        points.append(point)
    return points


def _name_as_of_vm(facts: Facts, vm_id: str | None) -> None:
    """Give a checkpoint's adapter the id of the adapter it belongs to: in its own, the checkpoint's id stands in front."""
    _checkpoint, backslash, own = facts.get("id", "").rpartition("\\")
    if vm_id and backslash:
        facts["id"] = f"Microsoft:{vm_id}\\{own}"


def _name_cut_off(vm: _Vm, rows: Iterable[Machine | Point], read: Iterable[Source], faults: Faults) -> None:
    """Name the files in which adapters of a VM were cut off, unless another file has them."""
    for row in rows:
        if row.cut_off and not set(read) - {row.source}:
            _note(faults, [row.source], "NetworkAdapters was cut off", f"of {vm.name}", _DEEPER)
