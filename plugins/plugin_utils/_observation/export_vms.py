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
from typing import Any

from ...module_utils._mac import parse_mac
from .._names import name_key, plain_id
from .._text import mac as as_text
from .export_files import Faults, Source
from .model import NEVER_STARTED

Facts = dict[str, Any]
"""What one row says of an adapter or a VM. A key that is absent was not exported."""


@dataclass(slots=True)
class Row:
    """A row about a VM, or about a checkpoint or an adapter of one."""

    source: Source
    vm_id: str | None
    vm_name: str
    facts: Facts = field(default_factory=dict)
    checkpoint_id: str | None = None
    checkpoint_name: str = ""
    adapters_read: bool = False
    """Whether the adapters of the VM or checkpoint are listed in it, be it none."""
    cut_off: bool = False
    """Whether adapters are listed in it that could not be read."""


@dataclass(slots=True)
class VmRow(Row):
    """A row about a VM."""

    checkpoints_read: bool = False
    is_listed: bool = True
    """Whether it is the VM's only row; else there is one for each of its adapters."""


@dataclass(slots=True)
class AdapterRow(Row):
    """A row about an adapter of a VM or of its checkpoint."""

    owner_id: str | None = None
    """What the adapter's own id begins with: the id of its VM, or of its checkpoint."""
    checkpoint_told: bool = False
    """Whether the row says of which checkpoint it is, be it none."""

    @property
    def of_checkpoint(self) -> bool:
        """Whether the adapter comes back only when a checkpoint is applied."""
        return bool(self.checkpoint_id or self.checkpoint_name)


@dataclass(slots=True)
class CheckpointRow(Row):
    """A row about a checkpoint of a VM."""


_ORDER = (VmRow, AdapterRow, CheckpointRow)


@dataclass(slots=True)
class _Adapter:
    facts: Facts = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)

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
    """The rows of a VM, or those of one name that have no VM id; and the adapters that they are."""

    id: str | None
    name: str = ""
    rows: list[VmRow] = field(default_factory=list)
    adapter_rows: list[AdapterRow] = field(default_factory=list)
    checkpoint_rows: list[Row] = field(default_factory=list)
    """Those of its checkpoints and of their adapters."""
    adapters: list[_Adapter] = field(default_factory=list)

    def take(self, row: Row) -> None:
        if isinstance(row, VmRow):
            self.rows.append(row)
        elif isinstance(row, AdapterRow) and not row.of_checkpoint:
            self.adapter_rows.append(row)
        else:
            self.checkpoint_rows.append(row)


def join(rows: Iterable[Row], faults: Faults) -> list[dict[str, Any]]:
    """Return the VMs of one host as a document lists them."""
    rows = sorted(rows, key=lambda row: _ORDER.index(type(row)))
    _settle_ids(rows)
    vms: dict[str, _Vm] = {}
    nameless: dict[str, _Vm] = {}
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.vm_id:
            vms.setdefault(row.vm_id, _Vm(row.vm_id)).take(row)
            # The name in a VM's own row counts more than what the rows of its adapters say.
            names[row.vm_id][row.vm_name] = max(names[row.vm_id][row.vm_name], 1 + isinstance(row, VmRow))
        else:
            nameless.setdefault(name_key(row.vm_name), _Vm(None)).take(row)
    by_name: dict[str, list[_Vm]] = defaultdict(list)
    for vm_id, vm in vms.items():
        known = {name: weight for name, weight in names[vm_id].items() if name}
        vm.name = min(known, key=lambda name: (-known[name], name), default=vm_id)
        vm.adapters, unmatched = _merged(vm.adapter_rows)
        vm.adapters += unmatched
        for key in {name_key(name) for name in known}:
            by_name[key].append(vm)
    found = list(vms.values())
    for key, group in nameless.items():
        found += _join_by_name(group, by_name.get(key, []), faults)
    return [_as_document(vm, faults) for vm in found]


def _settle_ids(rows: Iterable[Row]) -> None:
    """Learn from the adapters' own ids of which VM, or of which of its checkpoints, an adapter is."""
    ids: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.vm_id:
            ids[name_key(row.vm_name)].add(row.vm_id)
    known = set().union(*ids.values())
    for row in rows:
        if not isinstance(row, AdapterRow) or row.owner_id is None or row.of_checkpoint:
            continue
        namesakes = ids.get(name_key(row.vm_name), set())
        if row.checkpoint_told or row.owner_id in known or (row.vm_id is None and len(namesakes) != 1):
            row.vm_id = row.vm_id or row.owner_id
        elif row.owner_id != row.vm_id:
            # A checkpoint's adapter: only the checkpoint's id stands in front of its own.
            row.vm_id = row.vm_id or next(iter(namesakes))
            row.checkpoint_id = row.owner_id


def _merged(rows: Iterable[AdapterRow], known: Sequence[_Adapter] = ()) -> tuple[list[_Adapter], list[_Adapter]]:
    """Return the adapters of one VM or checkpoint, and what is left of the rows without an adapter's id.

    A row without an id may be of an adapter that another file shows with the same address and name. What is left are as
    many adapters as one file has equal rows.
    """
    adapters = list(known)
    by_id: dict[str, list[_Adapter]] = defaultdict(list)
    for adapter in adapters:
        by_id[plain_id(adapter.facts.get("id"))].append(adapter)
    anonymous: dict[Source, list[Facts]] = defaultdict(list)
    # Rows with an address first: one without it is then taken for the adapter that has it.
    for row in sorted(rows, key=lambda row: row.facts.get("mac") is None):
        key = plain_id(row.facts.get("id"))
        if not key:
            anonymous[row.source].append(row.facts)
            continue
        alike = [item for item in by_id[key] if row.facts.get("mac") in (item.mac, None)]
        same = min(alike, key=lambda item: str(item.mac), default=None)
        if same is None:
            same = _Adapter()
            adapters.append(same)
            by_id[key].append(same)
        same.learn(row.facts, row.source)
    unmatched: list[_Adapter] = []
    # In an order of their own, so that the order of rows and files does not matter: rows with names first.
    for source, nameless in sorted(anonymous.items(), key=_by_content):
        free: dict[Any, list[_Adapter]] = defaultdict(list)
        for adapter in (*adapters, *unmatched):
            free[adapter.mac].append(adapter)
        alike_rows: dict[tuple[Any, str], list[Facts]] = defaultdict(list)
        for facts in nameless:
            alike_rows[facts.get("mac"), _name_key(facts)].append(facts)
        for (address, name), equal in alike_rows.items():
            matching = _of_name(name, (item for item in free[address] if source not in item.sources))
            for facts in sorted(equal, key=repr):
                if not matching:
                    unmatched.append(_Adapter())
                adapter = matching.pop(0) if matching else unmatched[-1]
                adapter.learn(facts, source)
    return adapters, unmatched


def _by_content(item: tuple[Source, list[Facts]]) -> tuple[bool, list[str]]:
    return any(not facts["name"] for facts in item[1]), sorted(map(repr, item[1]))


def _name_key(facts: Facts) -> str:
    return name_key(facts.get("name") or "")


def _of_name(name: str, adapters: Iterable[_Adapter]) -> list[_Adapter]:
    """Return the adapters that rows without ids may be of: those of the same name first, then those without one."""
    found = [item for item in adapters if not name or _name_key(item.facts) in (name, "")]
    return sorted(found, key=lambda item: (_name_key(item.facts) != name, str(item.facts.get("id"))))


def _join_by_name(group: _Vm, namesakes: Sequence[_Vm], faults: Faults) -> list[_Vm]:
    """Give rows without a VM id to the VM of their name where that is certain, and return the VMs that they are besides."""
    rows = [*group.rows, *group.adapter_rows, *group.checkpoint_rows]
    name = min(row.vm_name for row in rows)
    listed = max(Counter(row.source for row in group.rows if row.is_listed).values(), default=0)
    copies: list[_Vm] = []
    if len(namesakes) == 1:
        (only,) = namesakes
        only.adapters, unmatched = _merged(group.adapter_rows, only.adapters)
        taken = Counter(adapter.mac for adapter in only.adapters if adapter.is_addressed)
        copies = _apart(unmatched, taken, [only], name, faults)
    elif group.adapter_rows:
        adapters, _none = _merged(row for row in group.adapter_rows if row.facts.get("id"))
        adapters += [_Adapter(dict(row.facts), [row.source]) for row in group.adapter_rows if not row.facts.get("id")]
        # Rows in which an ASCII export lost letters may be of as many VMs.
        if ("?" in name or "\ufffd" in name) and listed != 1 and len(adapters) > 1:
            copies = [_Vm(None, name, adapters=[adapter]) for adapter in adapters]
            for adapter in adapters:
                faults.note_each(adapter.sources, "names lost letters in an ASCII export", name, _WITH_IDS)
        else:
            copies = _apart(adapters, Counter(), [], name, faults)
    candidates = [*namesakes, *copies]
    if listed and not candidates:
        counts = Counter(row.source for row in group.rows)
        fullest = min((source for source, count in counts.items() if count == listed), key=lambda source: source.name)
        copies = [_Vm(None, name, [row]) for row in group.rows if row.source == fullest]
        if listed == 1:
            copies[0].rows = group.rows
    elif listed <= 1 and len(candidates) == 1:
        candidates[0].rows += group.rows
    elif group.rows or (group.adapter_rows and len(namesakes) > 1):
        words = "rows without VMId have the name of several VMs"
        faults.note_each([row.source for row in rows], words, name, "export VMId")
    copies += [_Vm(None, name) for _more in range(listed - len(namesakes) - len(copies))]
    if group.checkpoint_rows:
        candidates = [*namesakes, *copies]
        if len(candidates) != 1:
            copies.append(_Vm(None, name))
        (candidates if len(candidates) == 1 else copies)[-1].checkpoint_rows += group.checkpoint_rows
        if len(candidates) > 1:
            words = "checkpoints without VMId have the name of several VMs"
            faults.note_each([row.source for row in group.checkpoint_rows], words, name, "export VMId")
    return copies


_WITH_IDS = "export VMId and Id, with -Encoding utf8"
_THEIR_ADAPTERS = "export Get-VMSnapshot | Get-VMNetworkAdapter too"
_DEEPER = "export with ConvertTo-Json -Depth 4, or the adapters too"


def _apart(adapters: Iterable[_Adapter], taken: Counter[Any], vms: list[_Vm], name: str, faults: Faults) -> list[_Vm]:
    """Give adapters to VMs of one name so that none of these carries an address twice, and return those that are new.

    :param taken: addresses that the first of the VMs carries
    :param vms: the VM that is known, if any
    """
    known = len(vms)
    first: dict[Any, _Adapter] = {}
    for adapter in adapters:
        place = 0
        if adapter.is_addressed:
            place = taken[adapter.mac]
            taken[adapter.mac] += 1
            earlier = first.setdefault(adapter.mac, adapter)
            if place:
                example = f"{name} {as_text(parse_mac(adapter.mac))}"
                words = "two rows without VMId are equal in name and address"
                remedy = "if they are two VMs, export VMId and Id; if not, remove one"
                faults.note_each([*adapter.sources, *earlier.sources], words, example, remedy)
        while place >= len(vms):
            vms.append(_Vm(None, name))
        vms[place].adapters.append(adapter)
    return vms[known:]


def _as_document(vm: _Vm, faults: Faults) -> dict[str, Any]:
    made: dict[str, Any] = {"id": vm.id, "name": vm.name}
    for row in vm.rows:
        learn(made, row.facts)
    made = settled(made)
    read = {row.source for row in vm.rows if row.adapters_read}
    read |= {source for adapter in vm.adapters for source in adapter.sources}
    if read:
        made["adapters"] = [settled(adapter.facts) for adapter in vm.adapters]
    _name_cut_off(vm, vm.rows, read, faults)
    checkpoints = _checkpoints(vm, faults)
    if checkpoints or any(row.checkpoints_read for row in vm.rows):
        made["checkpoints"] = checkpoints
    return made


def _checkpoints(vm: _Vm, faults: Faults) -> list[dict[str, Any]]:
    ids: dict[str, set[str]] = defaultdict(set)
    for row in vm.checkpoint_rows:
        if row.checkpoint_id and row.checkpoint_name:
            ids[row.checkpoint_name].add(row.checkpoint_id)
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in vm.checkpoint_rows:
        same = ids.get(row.checkpoint_name, set())
        grouped[row.checkpoint_id or (next(iter(same)) if len(same) == 1 else row.checkpoint_name)].append(row)
    checkpoints = []
    for key, rows in grouped.items():
        adapter_rows = [row for row in rows if isinstance(row, AdapterRow)]
        for row in adapter_rows:
            _name_as_of_vm(row.facts, vm.id)
        adapters, unmatched = _merged(adapter_rows)
        listings = [row for row in rows if not isinstance(row, AdapterRow)]
        read = {row.source for row in rows if row.adapters_read or isinstance(row, AdapterRow)}
        name = min((row.checkpoint_name for row in rows if row.checkpoint_name), default=key)
        checkpoint: dict[str, Any] = {"id": key, "name": name}
        if read:
            checkpoint["adapters"] = [settled(adapter.facts) for adapter in (*adapters, *unmatched)]
        elif not any(row.cut_off for row in listings):
            sources = [row.source for row in listings]
            faults.note_each(sources, "checkpoints lack their adapters", name, _THEIR_ADAPTERS)
        _name_cut_off(vm, listings, read, faults)
        checkpoints.append(checkpoint)
    return checkpoints


def _name_as_of_vm(facts: Facts, vm_id: str | None) -> None:
    """Give a checkpoint's adapter the id of the adapter it belongs to: in its own, the checkpoint's id stands in front."""
    _checkpoint, backslash, own = facts.get("id", "").rpartition("\\")
    if vm_id and backslash:
        facts["id"] = f"Microsoft:{vm_id}\\{own}"


def _name_cut_off(vm: _Vm, rows: Iterable[Row], read: set[Source], faults: Faults) -> None:
    """Name the files in which adapters of a VM were cut off, unless another file has them."""
    for row in rows:
        if row.cut_off and not read - {row.source}:
            faults.note(row.source, "NetworkAdapters was cut off", f"of {vm.name}", _DEEPER)
