# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was not seen. Pure.

Law 5: absence must be proven. Whatever this module lists may hide a carrier of any address.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._text import listed, plain, quoted
from .model import UNUSABLE_FILE, Cluster, Document, Host, NetworkController, Picture, Vm

_NEEDED = {
    "mac_range": "its dynamic range is not known",
    "vms": "its VMs were not read",
    "cluster": "its cluster was not read",
    "host_adapters": "its own adapters were not read",
    "physical_adapters": "its physical adapters were not read",
}
_OBSERVE = "Observe again: ansible-playbook macpool.hyperv.observe."


@dataclass(slots=True)
class Problem:
    """One reason why the picture is incomplete."""

    words: str
    hosts: Sequence[str] = ()
    vms: Sequence[Vm] = ()
    remedy: str | None = None
    subjects: Sequence[str] = ()
    hides_interfaces: bool = False
    """Whether an interface of a Network Controller may exist that nobody saw."""


def find_problems(
    picture: Picture, max_age: int | None, expected: Mapping[str, tuple[str, str]]
) -> tuple[Problem, ...]:
    """Return everything that makes the picture incomplete.

    :param max_age: seconds by which a document may be older than the newest; None: any
    :param expected: hosts that plan and ledger know, by key, with the name and the words that say so
    """
    found: list[Problem] = []
    if not picture.hosts:
        found.append(Problem("There is no observation of any host.", remedy=_OBSERVE))
    found += _unusable(picture.documents)
    newest = max(
        (item.observed_at for item in picture.documents if item.observed_at and not item.superseded), default=None
    )
    for host in picture.hosts.values():
        found += _host_problems(host, newest, max_age)
    nodes = {key for cluster in picture.clusters.values() for key in cluster.nodes}
    for cluster in picture.clusters.values():
        found += _node_problems(picture, cluster)
        found += _owner_problems(picture, cluster)
    for key, (name, words) in sorted(expected.items()):
        if key not in picture.hosts and key not in nodes:
            found.append(
                Problem(f"{plain(name)} {words}, but there is no document of it.", hosts=(name,), remedy=_OBSERVE)
            )
    found += _seen_twice(picture)
    for controller in picture.controllers:
        found += _controller_problems(controller, newest, max_age)
    return tuple(found)


def _unusable(documents: Sequence[Document]) -> Iterator[Problem]:
    for document in documents:
        if document.unusable and document.kind == UNUSABLE_FILE:
            yield Problem(
                f"File {quoted(document.subject)} could not be used: {plain(document.unusable, 200)}.",
                remedy="Export it anew, or remove it from the directory.",
                subjects=(document.subject,),
                hides_interfaces=True,
            )
        elif document.unusable:
            subject = f" of {quoted(document.subject)}" if document.subject else ""
            yield Problem(
                f"A document{subject} could not be used: {plain(document.unusable, 200)}.",
                hosts=(document.subject,) if document.subject else (),
                remedy="Make the document anew with this version: ansible-playbook macpool.hyperv.observe.",
                hides_interfaces=document.kind != "hyperv_host",
            )


def _host_problems(host: Host, newest: dt.datetime | None, max_age: int | None) -> Iterator[Problem]:
    causes = []
    for part, words in _NEEDED.items():
        if part not in host.gathered or (part == "mac_range" and host.range is None):
            if part == "mac_range" and not host.hyperv:
                continue
            causes.append(words)
    warnings = [warning for document in host.documents for warning in document.warnings]
    if warnings:
        causes.append(f"it reported {listed([quoted(warning) for warning in dict.fromkeys(warnings)])}")
    if any(_is_old(document, newest, max_age) for document in host.documents):
        causes.append(f"it was observed more than {max_age} s before the newest document, or nobody knows when")
    if causes:
        yield Problem(f"{plain(host.name)} was not seen completely: {listed(causes)}.", hosts=(host.name,))


def _is_old(document: Document, newest: dt.datetime | None, max_age: int | None) -> bool:
    if max_age is None:
        return False
    if newest is None or document.observed_at is None:
        return True
    return (newest - document.observed_at).total_seconds() > max_age


def _controller_problems(
    controller: NetworkController, newest: dt.datetime | None, max_age: int | None
) -> Iterator[Problem]:
    causes = []
    if "network_interfaces" in controller.not_gathered:
        causes.append("its interfaces were not read")
    if controller.unreadable:
        causes.append(f"{controller.unreadable} of its pools and interfaces lack their range or their instance id")
    warnings = [warning for document in controller.documents for warning in document.warnings]
    if warnings:
        causes.append(f"it reported {listed([quoted(warning) for warning in dict.fromkeys(warnings)])}")
    if any(_is_old(document, newest, max_age) for document in controller.documents):
        causes.append(f"it was observed more than {max_age} s before the newest document, or nobody knows when")
    if causes:
        name = f" {plain(controller.label)}" if controller.label else ""
        yield Problem(
            f"The Network Controller{name} was not seen completely: {listed(causes)}.",
            remedy="Observe the Network Controller again, with all pages of macPools and networkInterfaces.",
            subjects=(controller.name,) if controller.name else (),
            hides_interfaces=True,
        )


def _node_problems(picture: Picture, cluster: Cluster) -> Iterator[Problem]:
    for key, (name, state) in sorted(cluster.nodes.items()):
        missing = key not in picture.hosts
        if state.casefold() != "down" and not missing:
            continue
        what = "is Down" if state.casefold() == "down" else f"has no document, though its cluster says {plain(state)}"
        if state.casefold() == "down" and missing:
            what += " and has no document"
        shown = picture.host_name(key) if not missing else name
        yield Problem(f"{plain(shown)}, a node of cluster {quoted(cluster.name)}, {what}.", hosts=(shown,))


def _owner_problems(picture: Picture, cluster: Cluster) -> Iterator[Problem]:
    seen = {vm.id: vm for vm in picture.vms if vm.id and not vm.replica}
    seen_ids = {vm.id for vm in picture.vms if vm.id}
    unseen: dict[str, list[Vm]] = defaultdict(list)
    for vm_id, owners in sorted(cluster.owners.items()):
        if len(owners) > 1:
            said = [
                f"{plain(picture.host_name(owner))} according to {listed([plain(picture.host_name(key)) for key in sorted(sources)])}"
                for owner, sources in sorted(owners.items())
            ]
            vm = seen.get(vm_id) or _unseen_vm(picture, cluster, vm_id, min(owners))
            yield Problem(
                f"VM {quoted(cluster.names[vm_id])} moved between two reads: its owner is {listed(said)}.",
                hosts=[picture.host_name(owner) for owner in owners],
                vms=(vm,),
                remedy=_OBSERVE,
            )
        if vm_id not in seen_ids:
            owner = min(owners)
            unseen[owner].append(_unseen_vm(picture, cluster, vm_id, owner))
    for owner, vms in sorted(unseen.items()):
        name = picture.host_name(owner)
        yield Problem(
            f"The cluster {quoted(cluster.name)} says that {plain(name)} owns {listed([quoted(vm.name) for vm in vms])},"
            " but no host showed it.",
            hosts=(name,),
            vms=vms,
            remedy=_OBSERVE,
        )


def _unseen_vm(picture: Picture, cluster: Cluster, vm_id: str, owner: str) -> Vm:
    host = picture.hosts.get(owner) or Host(owner, picture.host_name(owner))
    return Vm(host, vm_id, cluster.names.get(vm_id, ""), None, running=True, clustered=True)


def _seen_twice(picture: Picture) -> Iterator[Problem]:
    sightings: dict[object, list[Vm]] = defaultdict(list)
    for vm in picture.sightings:
        if vm.id:
            sightings[vm.identity].append(vm)
    for vms in sightings.values():
        if len(vms) > 1:
            where = listed(sorted({plain(vm.host.name) for vm in vms}))
            yield Problem(
                f"VM {quoted(vms[0].name)} was seen {len(vms)} times, on {where}: it moved between two reads, or copies"
                " share its id.",
                hosts=[vm.host.name for vm in vms],
                vms=vms,
                remedy=_OBSERVE,
            )
