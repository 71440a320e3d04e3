# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observation tells the ledger: which addresses are in use where, and whether everything was seen. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from ...module_utils._errors import MacPoolError
from .._ledger.model import HostSightings, Sighting, SightingKind
from .completeness import FOR_ABSENCE, controller_lacks, lacks, left_while_read
from .model import Carrier, Document, Host, NetworkController, Observation
from .read import read_documents

RawDocument = Mapping[str, Any]


def host_sightings(document: RawDocument, observed_at: int) -> HostSightings:
    """Return what the ledger keeps of one host's document.

    :param observed_at: when the observation began, by the ledger's clock
    """
    read = read_documents([document])
    (host,) = read.hosts.values()
    return _of_host(read, host, observed_at)


def controller_sightings(document: RawDocument, observed_at: int) -> HostSightings:
    """Return what the ledger keeps of one Network Controller's document: the addresses of its interfaces."""
    return _of_controller(read_documents([document]).controllers[0], observed_at)


def all_sightings(read: Observation) -> list[HostSightings]:
    """Return what the ledger keeps of saved documents.

    Several documents of one host are as old as the oldest of them that was used. If one has no time, their age is unknown.
    """
    found = [_of_host(read, host, _oldest(host.documents)) for host in read.hosts.values()]
    return found + [_of_controller(item, _oldest(item.documents)) for item in read.controllers]


def _oldest(documents: Iterable[Document]) -> int:
    times = [document.observed_at for document in documents]
    return min((0 if time is None else int(time.timestamp() * 1000) for time in times), default=0)


def _of_host(read: Observation, host: Host, observed_at: int) -> HostSightings:
    reasons = why_incomplete(read, host)
    cluster = read.clusters.get(host.cluster or "")
    return HostSightings(
        host=host.name,
        observed_at=observed_at,
        complete=not reasons,
        why_incomplete="; ".join(reasons),
        sightings=tuple(_sightings(read, host)),
        range_start=host.range.start if host.range else None,
        range_end=host.range.end if host.range else None,
        ipv4=host.ipv4,
        cluster=cluster.name if cluster else "",
        cluster_nodes=tuple(name for name, _state in cluster.nodes.values()) if cluster else (),
        owners=_owner_map(read, host),
    )


def why_incomplete(read: Observation, host: Host) -> list[str]:
    """Return why a host's document does not prove that an address is absent; empty if it does."""
    return lacks(read, host, FOR_ABSENCE) + [
        f"VM {name!r} left while the host was read" for name in left_while_read(read, host)
    ]


def _of_controller(controller: NetworkController, observed_at: int) -> HostSightings:
    """The ledger stores it beside the hosts, under a name that no host can have."""
    reasons = controller_lacks(controller)
    return HostSightings(
        host=f"{controller.name or 'network_controller'} (Network Controller)",
        observed_at=observed_at,
        complete=not reasons,
        why_incomplete="; ".join(reasons),
        sightings=tuple(
            Sighting(item.value, "interface", adapter_id=item.instance_id, adapter_name=item.name)
            for item in controller.interfaces
            if item.value is not None
        ),
    )


def _owner_map(read: Observation, host: Host) -> str:
    """Return a digest of which node owns which VM according to this host; empty if that was not read.

    A VM that moves between the reads of two hosts may be seen on neither: then their digests differ.
    """
    cluster = read.clusters.get(host.cluster or "")
    if cluster is None or "cluster_groups" not in host.gathered:
        return ""
    owners = sorted(
        [vm_id, owner.partition(".")[0]]
        for vm_id, by_owner in cluster.owners.items()
        for owner, sources in by_owner.items()
        if host.key in sources
    )
    return hashlib.sha256(json.dumps(owners).encode()).hexdigest()


def _sightings(read: Observation, host: Host) -> Iterator[Sighting]:
    """Yield everything that uses an address on a host. Text that is not an address is not a sighting."""
    vms, own = read.seen_on(host)
    for carrier in (*(carrier for vm in vms for carrier in vm.carriers), *own):
        for address in dict.fromkeys([carrier.value, carrier.burnt_in]):
            # Zero means an adapter that never started: it shows that the VM exists. For a checkpoint it shows nothing.
            if address is not None and (address or carrier.kind in ("vm", "replica")):
                yield _sighting(carrier, address)


def _sighting(carrier: Carrier, address: int) -> Sighting:
    vm = carrier.vm
    return Sighting(
        address=address,
        kind=cast(SightingKind, carrier.kind),
        vm_id=(vm.id or "") if vm else "",
        vm_name=vm.name if vm else "",
        adapter_id=carrier.id if vm else "",
        adapter_name=carrier.name,
        dynamic=carrier.dynamic,
        running=carrier.running if vm else None,
    )


def summary(document: RawDocument) -> dict[str, Any]:
    """Return a few numbers for readers who do not need the whole observation."""
    read = read_documents([document])
    (host,) = read.hosts.values()
    vms, _own = read.seen_on(host)
    reasons = why_incomplete(read, host)
    was_read = "vms" in host.gathered
    return {
        "host": host.name,
        "observed_at": document.get("observed_at"),
        "complete": not reasons,
        "incomplete": reasons,
        "warnings": list(document.get("warnings") or ()),
        "range": document.get("mac_range"),
        "vms": len(vms) if was_read else None,
        "adapters": sum(len(vm.adapters) for vm in vms) if was_read else None,
    }


def check_recordable(gather: Sequence[str], vms: Sequence[str] | None) -> None:
    """Refuse to record an observation that contains no VMs, or only some of them.

    Any other part that was not gathered makes the observation incomplete.

    :raises MacPoolError: if no VMs or only some VMs are gathered
    """
    if vms is not None or "vms" not in gather:
        found = "an observation of some VMs" if vms is not None else f"gather without vms: {', '.join(gather)}"
        raise MacPoolError(
            "record: true", "an observation of all VMs", found, "Remove gather and vms, or set record: false."
        )
