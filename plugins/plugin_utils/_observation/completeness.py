# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was not seen: the one list of what makes an observation incomplete. Pure.

Law 5: absence must be proven. Anything that this module lists may hide a carrier of any address.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .._names import name_key
from .._text import listed, plain, quoted
from .model import UNUSABLE_FILE, Carrier, Cluster, Document, Host, NetworkController, Observation, Vm

_VMS = {
    "vms": "its VMs were not read",
    "cluster": "its cluster was not read",
    "cluster_groups": "the owners of its cluster's VMs were not read",
}


class Needs(NamedTuple):
    """What must have been seen of a host."""

    parts: Mapping[str, str]
    """Parts of its document, and the words for one that is missing."""
    of_vms: Mapping[str, Callable[[Vm], bool]]
    """Parts of each VM, and whether one was not read."""
    addresses: bool = True
    """Whether the address of each adapter must be known."""


FOR_ABSENCE = Needs(
    {**_VMS, "host_adapters": "its own adapters were not read"},
    {"adapters": lambda vm: "adapters" in vm.not_read, "checkpoints": lambda vm: "checkpoints" in vm.not_read},
)
"""Without this, it is not proven that an address is absent from a host."""
FOR_AUDIT = FOR_ABSENCE._replace(
    parts={
        **FOR_ABSENCE.parts,
        "mac_range": "its dynamic range is not known",
        "physical_adapters": "its physical adapters were not read",
        "switches": "its switches were not read",
        "port_profiles": "its port profiles were not read",
    }
)
"""What the audit's rules need."""
FOR_BINDING = Needs(
    _VMS,
    {
        "adapters": lambda vm: "adapters" in vm.not_read,
        "port profiles": lambda vm: not all(adapter.profile_read for adapter in vm.adapters),
    },
    addresses=False,
)
"""Without this, it is not proven that no adapter of a host is bound to an interface."""
_OBSERVE = "Observe again: ansible-playbook macpool.hyperv.observe."


@dataclass(slots=True)
class Problem:
    """One reason why the observation is incomplete."""

    words: str
    hosts: Sequence[str] = ()
    vms: Sequence[Vm] = ()
    remedy: str | None = None
    subjects: Sequence[str] = ()
    hides_interfaces: bool = False
    """Whether an interface of a Network Controller may exist that was not seen."""


def find_problems(
    observation: Observation, max_age: int | None, expected: Mapping[str, tuple[str, str]]
) -> tuple[Problem, ...]:
    """Return everything that makes the observation incomplete.

    :param max_age: seconds by which a document may be older than the newest; None: any
    :param expected: hosts of the plan, the ledger and the run, by key, with the name and the words that say so
    """
    found: list[Problem] = []
    if not observation.hosts:
        found.append(Problem("No host was observed.", remedy=_OBSERVE))
    found += _unusable(observation.documents)
    newest = max(
        (item.observed_at for item in observation.documents if item.observed_at and not item.superseded), default=None
    )
    for host in observation.hosts.values():
        found += _host_problems(observation, host, newest, max_age)
    nodes = {key for cluster in observation.clusters.values() for key in cluster.nodes}
    for cluster in observation.clusters.values():
        found += _node_problems(observation, cluster)
        found += _owner_problems(observation, cluster)
    for key, (name, words) in sorted(expected.items()):
        if key not in observation.hosts and key not in nodes:
            found.append(Problem(f"{plain(name)} {words}, but it was not observed.", hosts=(name,), remedy=_OBSERVE))
    found += _seen_twice(observation)
    for controller in observation.controllers:
        found += _controller_problems(controller, newest, max_age)
    return tuple(found)


def _unusable(documents: Sequence[Document]) -> Iterator[Problem]:
    for document in documents:
        if document.unusable and document.kind == UNUSABLE_FILE:
            extent = "was used only in part" if document.used else "could not be used"
            yield Problem(
                f"File {quoted(document.subject)} {extent}: {plain(document.unusable, 400)}.",
                remedy="Export it again, or remove it from the directory.",
                subjects=(document.subject,),
                hides_interfaces=True,
            )
        elif document.unusable:
            subject = f" of {quoted(document.subject)}" if document.subject else ""
            yield Problem(
                f"A document{subject} could not be used: {plain(document.unusable, 200)}.",
                hosts=(document.subject,) if document.subject else (),
                remedy="Observe again with this version: ansible-playbook macpool.hyperv.observe.",
                hides_interfaces=document.kind != "hyperv_host",
            )


def lacks(observation: Observation, host: Host, needs: Needs) -> list[str]:
    """Return what was not seen of a host, in words: the one list of what makes a host's observation incomplete.

    :param needs: FOR_ABSENCE, FOR_AUDIT or FOR_BINDING
    """
    vms, carriers = observation.seen_on(host)
    causes = []
    for part, words in needs.parts.items():
        if part == "mac_range":
            if host.range is None and host.range_fault:
                causes.append(f"its dynamic range is reported {host.range_fault}")
            elif host.range is None and host.hyperv:
                causes.append(words)
        elif part not in host.gathered and not (part == "cluster_groups" and host.cluster is None):
            causes.append(words)
    by_part = {part: [quoted(vm.name) for vm in vms if is_missing(vm)] for part, is_missing in needs.of_vms.items()}
    causes += [
        f"the {part} of {'VM' if len(names) == 1 else 'VMs'} {listed(names)} were not read"
        for part, names in by_part.items()
        if names
    ]
    everything = (*(carrier for vm in vms for carrier in vm.carriers), *carriers)
    if unknown := [carrier for carrier in everything if needs.addresses and carrier.unknown]:
        causes.append(f"the address of {listed([_of_unknown(carrier) for carrier in unknown])} is not known")
    return causes + _reported(host.documents)


def _reported(documents: Iterable[Document]) -> list[str]:
    warnings = dict.fromkeys(warning for document in documents for warning in document.warnings)
    return [f"it reported {listed([quoted(warning) for warning in warnings])}"] if warnings else []


def _of_unknown(carrier: Carrier) -> str:
    return carrier.words + (f" (found {quoted(carrier.text)})" if carrier.text else "")


def controller_lacks(controller: NetworkController) -> list[str]:
    """Return what was not seen of a Network Controller, in words."""
    causes = []
    if "network_interfaces" in controller.not_gathered:
        causes.append("its interfaces were not read")
    if controller.unreadable:
        causes.append(f"{controller.unreadable} of its pools and interfaces lack their range or their instance id")
    if unknown := [quoted(item.name) for item in controller.interfaces if item.text and item.value is None]:
        causes.append(f"the addresses of its interfaces {listed(unknown)} cannot be read")
    return causes + _reported(controller.documents)


def left_while_read(observation: Observation, host: Host) -> list[str]:
    """Return the names of the VMs that the host owns according to its own cluster data but that were not found on it."""
    cluster = observation.clusters.get(host.cluster or "")
    if cluster is None or "vms" not in host.gathered:
        return []
    here = {vm.id for vm in observation.seen_on(host)[0]}
    return [
        cluster.names.get(vm_id) or vm_id
        for vm_id, owners in sorted(cluster.owners.items())
        if vm_id not in here and host.key in owners.get(host.key, ())
    ]


def _host_problems(
    observation: Observation, host: Host, newest: dt.datetime | None, max_age: int | None
) -> Iterator[Problem]:
    causes = lacks(observation, host, FOR_AUDIT) + _too_old(host.documents, newest, max_age)
    if causes:
        yield Problem(f"{plain(host.name)} was not seen completely: {listed(causes, len(causes))}.", hosts=(host.name,))


def _too_old(documents: Iterable[Document], newest: dt.datetime | None, max_age: int | None) -> list[str]:
    if max_age is None or all(
        newest and item.observed_at and (newest - item.observed_at).total_seconds() <= max_age for item in documents
    ):
        return []
    return [f"it was observed more than {max_age} s before the newest document, or its time is not known"]


def _controller_problems(
    controller: NetworkController, newest: dt.datetime | None, max_age: int | None
) -> Iterator[Problem]:
    causes = controller_lacks(controller) + _too_old(controller.documents, newest, max_age)
    if causes:
        name = f" {plain(controller.label)}" if controller.label else ""
        yield Problem(
            f"The Network Controller{name} was not seen completely: {listed(causes, len(causes))}.",
            remedy="Observe the Network Controller again, with all pages of macPools and networkInterfaces.",
            subjects=(controller.name,) if controller.name else (),
            hides_interfaces=True,
        )


def _node_problems(observation: Observation, cluster: Cluster) -> Iterator[Problem]:
    for key, (name, state) in sorted(cluster.nodes.items()):
        is_down, missing = name_key(state) == "DOWN", key not in observation.hosts
        if not is_down and not missing:
            continue
        what = "is Down" if is_down else f"was not observed, although its state is {plain(state)}"
        if is_down and missing:
            what += " and was not observed"
        shown = observation.host_name(key) if not missing else name
        yield Problem(f"{plain(shown)}, a node of cluster {quoted(cluster.name)}, {what}.", hosts=(shown,))


def _owner_problems(observation: Observation, cluster: Cluster) -> Iterator[Problem]:
    seen = {vm.id: vm for vm in observation.vms if vm.id and not vm.replica}
    seen_ids = {vm.id for vm in observation.vms if vm.id}
    unseen: dict[str, list[Vm]] = defaultdict(list)
    for vm_id, owners in sorted(cluster.owners.items()):
        if len(owners) > 1:
            said = [
                f"{plain(observation.host_name(owner))} according to {listed([plain(observation.host_name(key)) for key in sorted(sources)])}"
                for owner, sources in sorted(owners.items())
            ]
            vm = seen.get(vm_id) or _unseen_vm(observation, cluster, vm_id, min(owners))
            yield Problem(
                f"VM {quoted(cluster.names[vm_id])} moved between two reads: its owner node is {listed(said)}.",
                hosts=[observation.host_name(owner) for owner in owners],
                vms=(vm,),
                remedy=_OBSERVE,
            )
        if vm_id not in seen_ids:
            owner = min(owners)
            unseen[owner].append(_unseen_vm(observation, cluster, vm_id, owner))
    for owner, vms in sorted(unseen.items()):
        name = observation.host_name(owner)
        yield Problem(
            f"According to cluster {quoted(cluster.name)}, {plain(name)} owns"
            f" {'VM' if len(vms) == 1 else 'VMs'} {listed([quoted(vm.name) for vm in vms])},"
            f" but {'it was' if len(vms) == 1 else 'they were'} not found on any host.",
            hosts=(name,),
            vms=vms,
            remedy=_OBSERVE,
        )


def _unseen_vm(observation: Observation, cluster: Cluster, vm_id: str, owner: str) -> Vm:
    host = observation.hosts.get(owner) or Host(owner, observation.host_name(owner))
    return Vm(host, vm_id, cluster.names.get(vm_id, ""), None, clustered=True)


def _seen_twice(observation: Observation) -> Iterator[Problem]:
    sightings: dict[object, list[Vm]] = defaultdict(list)
    for vm in observation.sightings:
        if vm.id:
            sightings[vm.identity].append(vm)
    for vms in sightings.values():
        if len(vms) > 1:
            where = listed(sorted({plain(vm.host.name) for vm in vms}))
            yield Problem(
                f"VM {quoted(vms[0].name)} was seen {len(vms)} times, on {where}: it moved between two reads, or copies"
                " have the same id.",
                hosts=[vm.host.name for vm in vms],
                vms=vms,
                remedy=_OBSERVE,
            )
