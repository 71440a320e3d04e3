# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations as every part of the collection sees them: hosts, VMs, what uses an address, Network Controllers. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...module_utils._mac import Interval
from .._names import HostNames, adapter_name, name_key, plain_id
from .._text import plain, quoted

SCHEMA = 1

KINDS = ("hyperv_host", "network_controller", "scvmm")

UNUSABLE_FILE = "unusable_file"
"""Kind of the document that represents a file that could not be read; ``reason`` says why."""

NEVER_STARTED = "000000000000"
"""What an adapter with a dynamic address shows before its first start."""
OFF = "Off"
RUNNING = ("Running", "Paused")
SAVED = ("Saved", "FastSaved", "Hibernated")
REPLICAS = ("Replica", "ExtendedReplica")
NULL_PROFILE = "{00000000-0000-0000-0000-000000000000}"
"""The id of the profile under which an adapter without an interface keeps its traffic on an SDN host (fact 87)."""

_OFF_STATES = frozenset({"off", "offcritical"})


@dataclass(slots=True, eq=False)
class Carrier:
    """Something that uses an address: an adapter of a VM, a checkpoint, a replica or a host, or a physical card."""

    kind: str
    """vm, replica, checkpoint, host or physical."""
    host: Host
    name: str
    """Of the adapter."""
    text: str | None
    """The address as found; None when the document does not say."""
    value: int | None
    """The address; None if it has none or the text is not an address."""
    id: str = ""
    given_id: str = ""
    """The id as the host gave it: an operation on the adapter sends exactly this."""
    dynamic: bool | None = None
    switch: str | None = None
    vlan: Mapping[str, Any] = field(default_factory=dict)
    spoofing: bool = False
    running: bool = True
    profile_id: str = ""
    """Instance id of the Network Controller's interface to which the port is bound; zeros for the null profile."""
    profile_data: int | None = None
    profile_known: bool = False
    """Whether the port profile was read."""
    vm: Vm | None = None
    checkpoint: Checkpoint | None = None
    team: str | None = None
    burnt_in: int | None = None
    """The permanent address of a physical card where it differs from the one that it uses."""
    renewed: bool = False
    """In an answer to a what-if question: it gets an address that is not known in advance."""

    @property
    def address(self) -> int | None:
        """The address, without the zeros of an adapter that never started."""
        return self.value or None

    @property
    def words(self) -> str:
        """It with its host, for a sentence."""
        kind = "the host's own adapter" if self.kind == "host" else "the physical adapter"
        return f"{kind} {quoted(self.name)} of {plain(self.host.name)}"

    @property
    def unknown(self) -> bool:
        """Whether it may use any address, because its own is missing or cannot be read."""
        return self.value is None and not self.renewed and self.kind != "physical"

    @property
    def bound(self) -> bool:
        """Whether the port is bound to an interface; the null profile binds to none (fact 87)."""
        return bool(self.profile_id.strip("0-"))


@dataclass(frozen=True)
class PortProfile:
    """By which interface the Network Controller knows an adapter (facts 85 to 87)."""

    id: str
    """Instance id of the interface, a GUID in braces and lower case."""
    data: int

    @property
    def binds(self) -> bool:
        """Whether it names an interface; the null profile names none."""
        return self.id != NULL_PROFILE

    @classmethod
    def read(cls, document: Mapping[str, Any] | None) -> PortProfile | None:
        """Return the profile of an operation's result; None for none."""
        return cls(f"{{{plain_id(document['profile_id'])}}}", int(document["profile_data"])) if document else None

    def as_result(self) -> dict[str, Any]:
        """Return the profile as observations and operations have it."""
        return {"profile_id": self.id, "profile_data": self.data}


@dataclass(slots=True, eq=False)
class Adapter(Carrier):
    """An adapter of a VM, or what a checkpoint or a replica of the VM has of it."""

    vm: Vm = field(kw_only=True)

    @property
    def words(self) -> str:
        """It with its VM and host, for a sentence."""
        if self.checkpoint is not None:
            return f"checkpoint {quoted(self.checkpoint.name)} of {self.vm.words}"
        return f"adapter {quoted(self.name)} of {self.vm.words}"

    @property
    def unreadable(self) -> str:
        """What the host did not tell of the address, for a sentence; empty when it told everything."""
        if self.value is None:
            return "no address" if not self.text else f"{quoted(self.text)}, which is no address"
        return "an address of which it is not known whether it is dynamic" if self.dynamic is None else ""

    @property
    def shown(self) -> str:
        """The address and its kind, for a sentence."""
        return self.unreadable or f"{self.text} ({'dynamic' if self.dynamic else 'static'})"

    @property
    def label(self) -> str:
        """Its name for messages about one host."""
        return f"adapter {quoted(self.name)} of VM {quoted(self.vm.name)} on host {quoted(self.host.name)}"

    @property
    def owner_name(self) -> str:
        """The name under which the ledger knows it until it is bound to the ids."""
        return adapter_name(self.vm.name, self.name)

    @property
    def full_name(self) -> str:
        """A name that no other adapter has, also where two VMs have one name."""
        return f"{self.owner_name} ({self.vm.given_id})"

    @property
    def profile_read(self) -> bool:
        """Whether the port profile was gathered and could be read."""
        return self.profile_known and (self.profile_data is not None or not self.profile_id)

    @property
    def profile(self) -> PortProfile | None:
        """The port profile; None for none, and for one that was not read."""
        if not self.profile_id or self.profile_data is None:
            return None
        return PortProfile(f"{{{self.profile_id}}}", self.profile_data)

    @property
    def bound_to(self) -> PortProfile | None:
        """The profile that binds it to an interface of the Network Controller; None when none does."""
        return self.profile if self.profile and self.profile.binds else None

    def as_result(self) -> dict[str, Any]:
        """Return the names and ids for a task's result."""
        return {"vm": self.vm.name, "vm_id": self.vm.given_id, "name": self.name, "adapter_id": self.given_id}


@dataclass(slots=True, eq=False)
class Checkpoint:
    """A checkpoint of a VM with the adapters that come back when it is applied."""

    id: str
    name: str
    adapters: tuple[Adapter, ...] = ()


@dataclass(slots=True, eq=False)
class Vm:
    """One sighting of a VM on a host."""

    host: Host
    id: str | None
    name: str
    state: str | None
    clustered: bool
    replica_kind: str = ""
    """replica or extendedreplica; empty for a VM that is not a replica."""
    given_id: str = ""
    """The id as the host gave it: an operation on the VM sends exactly this."""
    generation: int | None = None
    adapters: tuple[Adapter, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    not_read: tuple[str, ...] = ()
    """Which of adapters and checkpoints are missing from the document or cannot be read."""

    @property
    def carriers(self) -> Iterator[Adapter]:
        """Its adapters and those of its checkpoints."""
        yield from self.adapters
        for checkpoint in self.checkpoints:
            yield from checkpoint.adapters

    @property
    def running(self) -> bool:
        """Whether it keeps its address: saved and paused VMs do, and so do those in unknown states."""
        return str(self.state).casefold() not in _OFF_STATES

    @property
    def words(self) -> str:
        """It with the host on which it was seen, for a sentence."""
        return f"{'replica of VM' if self.replica else 'VM'} {quoted(self.name)} on {plain(self.host.name)}"

    @property
    def replica(self) -> bool:
        """Whether it is a replica of a VM rather than the VM."""
        return bool(self.replica_kind)

    @property
    def identity(self) -> tuple[Any, ...]:
        """What two sightings of one VM share; a replica has its primary's id (fact 107)."""
        return (self.id, self.replica_kind) if self.id else (self.host.key, name_key(self.name), id(self))


@dataclass(slots=True, eq=False)
class Host:
    """A host as the newest documents show it."""

    key: str
    name: str
    documents: tuple[Document, ...] = ()
    hyperv: bool = True
    ipv4: tuple[str, ...] = ()
    range: Interval | None = None
    cluster: str | None = None
    """Key of its cluster; None for a host without a cluster, and if it is unknown."""
    cluster_name: str = ""
    observed_at: dt.datetime | None = None
    gathered: frozenset[str] = frozenset()
    """The parts that were read. An empty list counts as read; a part with unreadable entries does not."""
    range_fault: str = ""
    """Why the range in the document is not a range."""
    local_switches: frozenset[str] = frozenset()
    """Keys of its internal and private switches: no frame on them reaches another host."""
    container_pools: tuple[tuple[str, Interval], ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its documents say that could not be read, each once."""
        return tuple(dict.fromkeys(warning for document in self.documents for warning in document.warnings))


@dataclass(frozen=True, slots=True)
class Group:
    """A cluster role of a VM as one node shows it."""

    name: str
    vm_id: str
    """Empty where the node could not read it."""
    node: str
    """Name of the node that owns it; empty where the node could not read it."""


@dataclass(slots=True, eq=False)
class Cluster:
    """A cluster as its nodes describe it."""

    key: str
    name: str
    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By host key: name and state, from the newest document."""
    owners: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """By VM id: owner's host key -> hosts whose documents say so."""
    names: dict[str, str] = field(default_factory=dict)
    """By VM id: the name of its group."""
    groups: dict[str, tuple[Group, ...]] = field(default_factory=dict)
    """By host key: the groups that the host listed; a host that listed none at all is left out."""


@dataclass(slots=True, eq=False)
class Document:
    """A document as the report lists it."""

    kind: str
    subject: str
    observed_at: dt.datetime | None
    not_gathered: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    superseded: bool = False
    unusable: str | None = None
    """Why the document could not be used at all."""
    used: str = ""
    """What else of an unusable file was used, in words; empty when nothing was."""


@dataclass(slots=True)
class Observation:
    """All documents together."""

    hosts: dict[str, Host]
    vms: tuple[Vm, ...]
    """Each VM once."""
    sightings: tuple[Vm, ...]
    """Each VM as often as it was seen."""
    host_carriers: tuple[Carrier, ...]
    clusters: dict[str, Cluster]
    documents: tuple[Document, ...]
    controllers: tuple[NetworkController, ...]
    names: HostNames
    _by_host: dict[str, tuple[list[Vm], list[Carrier]]] | None = field(default=None, init=False, repr=False)

    def seen_on(self, host: Host) -> tuple[list[Vm], list[Carrier]]:
        """Return the VMs that were seen on a host, and the host's own carriers."""
        if self._by_host is None:
            self._by_host = {key: ([], []) for key in self.hosts}
            for vm in self.sightings:
                self._by_host.setdefault(vm.host.key, ([], []))[0].append(vm)
            for carrier in self.host_carriers:
                self._by_host.setdefault(carrier.host.key, ([], []))[1].append(carrier)
        return self._by_host.get(host.key, ([], []))

    def host_name(self, key: str) -> str:
        """Return the best known spelling of a host's name."""
        if key in self.hosts:
            return self.hosts[key].name
        for cluster in self.clusters.values():
            if key in cluster.nodes:
                return cluster.nodes[key][0]
        return key


def placed_on(vm: Vm, host: Host) -> Vm:
    """Return the same VM on another host."""
    copy = replace(vm, host=host)
    copy.adapters = tuple(replace(adapter, host=host, vm=copy) for adapter in vm.adapters)
    copy.checkpoints = tuple(
        replace(point, adapters=tuple(replace(adapter, host=host, vm=copy) for adapter in point.adapters))
        for point in vm.checkpoints
    )
    return copy


DEFAULT_NAME = "network_controller"
"""The name of a controller in a document if no name was chosen: it is not shown to readers."""


@dataclass(slots=True, eq=False)
class NcPool:
    """A MAC pool from which a Network Controller gives addresses."""

    controller: str
    """Label of the Network Controller."""
    name: str
    instance_id: str
    interval: Interval
    size: int
    """How many addresses it has, as the controller counts them."""
    allocated: int | None
    """How many of them it gave out; None if unknown."""
    state: str
    """Its provisioningState."""


@dataclass(slots=True, eq=False)
class Interface:
    """A network interface of a Network Controller."""

    controller: str
    """Label of the Network Controller."""
    name: str
    """Its resource id."""
    instance_id: str
    """What a port profile names; empty if unknown."""
    text: str | None
    """Its address as found; None if it has none."""
    value: int | None
    method: str
    """Static or Dynamic."""
    infrastructure: str
    """What part of the SDN itself it belongs to, such as a host or a gateway; empty for a tenant's."""
    state: str
    """Its provisioningState."""
    status: str
    """What configurationState says about its port; empty if nothing."""
    causes: tuple[tuple[str, str], ...]
    """Codes and messages of configurationState, without success."""
    server: str
    """Resource id of the server on which the controller knows its port."""
    vsid: int | None
    unsettled_for: dt.timedelta = dt.timedelta(0)
    """Between the first and the last of the newest documents that all show it in states other than success."""

    @property
    def address(self) -> int | None:
        """The address; None for zeros, which mean that it has none yet."""
        return self.value or None

    @property
    def settled(self) -> bool:
        """Whether nothing is known to be unfinished: what is not known to be healthy is not."""
        return self.state.casefold() in ("", "succeeded") and self.status.casefold() in ("", "success")


@dataclass(slots=True, eq=False)
class NetworkController:
    """A Network Controller as the newest documents show it."""

    name: str
    documents: tuple[Document, ...]
    """Newest first, without those that add nothing."""
    pools: tuple[NcPool, ...]
    interfaces: tuple[Interface, ...]
    not_gathered: tuple[str, ...] = ()
    unreadable: int = 0
    """How many resources lack their id or their range."""

    @property
    def label(self) -> str:
        """Its name in a sentence; empty if no name was chosen."""
        return _label(self.name)


def _label(name: str) -> str:
    return "" if name.casefold() == DEFAULT_NAME else name
