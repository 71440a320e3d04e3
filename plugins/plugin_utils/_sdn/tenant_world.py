# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known before a tenant VM is touched: which VM has which name and id, which adapter is bound to which interface,
which VM owns which claim, and which hosts did not tell. Pure.

Names are what users write. What belongs together is told by ids: the instance id in the port profile of an adapter
(fact 86), and the ids of VM and adapter in the claim.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._ledger.model import Claim
from .._names import find_host, host_key, name_key, plain_id, same_host
from .._observation.completeness import FOR_BINDING, lacks
from .._observation.handed_over import NO_RESULT
from .._observation.model import Adapter, Host, Observation, Vm
from .._observation.read import read_documents
from .._text import plain, quoted

GATHER = ("vms", "port_profiles", "cluster", "cluster_groups")
"""What each host is asked, once."""


class Hosts:
    """What the hosts of a run answered, all of them together."""

    def __init__(self, results: Mapping[str, Mapping[str, Any]], planned: Iterable[str] = ()) -> None:
        """Read the answers.

        :param results: what host_info returned for each host, by its name in the inventory; nothing for a host that had
            no turn
        :param planned: the hosts of the plan
        """
        planned = list(planned)
        documents = {name: result["observation"] for name, result in results.items() if result.get("observation")}
        self.observation: Observation = read_documents(documents.values(), [*results, *planned])
        self.inventory: dict[str, str] = {}
        """By key of a host that was read: its name in the inventory."""
        for name, document in documents.items():
            key = self.observation.names.key(str((document.get("host") or {}).get("name") or ""))
            if key in self.observation.hosts:
                self.inventory.setdefault(key, name)
        self.unread: dict[str, str] = dict(self._unread(results, planned))
        """By name of a host that may have a VM that was not seen: why."""
        self._named: dict[str, dict[str, Vm]] = defaultdict(dict)
        self._by_id: dict[str, Vm] = {}
        self._bound: dict[str, list[Adapter]] = defaultdict(list)
        self._carried: dict[int, list[Adapter]] = defaultdict(list)
        # A replica has the id of its primary, which comes first.
        for vm in sorted(self.observation.vms, key=lambda item: item.replica):
            if not vm.replica:
                self._named[name_key(vm.name)][vm.id or f"{vm.host.key} {vm.name}"] = vm
            if vm.id:
                self._by_id.setdefault(vm.id, vm)
            for adapter in vm.adapters:
                if adapter.bound_to:
                    self._bound[plain_id(adapter.bound_to.id)].append(adapter)
                if adapter.address:
                    self._carried[adapter.address].append(adapter)

    def _unread(self, results: Mapping[str, Mapping[str, Any]], planned: Sequence[str]) -> Iterator[tuple[str, str]]:
        read = [*self.inventory, *(host_key(name) for name in self.inventory.values())]
        silent: list[str] = []
        for name, result in results.items():
            if not result.get("observation"):
                silent.append(host_key(name))
                yield name, plain(str(result.get("msg") or "no answer"), 300) if result else NO_RESULT
        for host in self.observation.hosts.values():
            if reasons := _lacks(self.observation, host):
                yield host.name, "; ".join(reasons)
        for cluster in self.observation.clusters.values():
            for key, (node, _state) in cluster.nodes.items():
                if key not in self.observation.hosts and not find_host(node, [*read, *silent]):
                    silent.append(key)
                    yield node, f"it is a node of cluster {quoted(cluster.name)}, but not a host of this run"
        for name in planned:
            if not find_host(name, [*read, *silent]):
                yield name, "the plan names it, but it is not a host of this run"

    def named(self, name: str) -> list[Vm]:
        """Return the VMs of a name, each once; a replica is not one."""
        return list(self._named.get(name_key(name), {}).values())

    def vm(self, vm_id: str) -> Vm | None:
        """Return the VM with an id."""
        return self._by_id.get(plain_id(vm_id))

    def bound_to(self, instance_id: str) -> list[Adapter]:
        """Return the adapters whose port profile names an interface."""
        return self._bound.get(plain_id(instance_id), [])

    def carriers(self, address: int) -> list[Adapter]:
        """Return the adapters that have an address."""
        return self._carried.get(address, [])

    def place_of(self, name: str) -> str | None:
        """Return where a cluster has a VM that no host showed; None if there is none of that name."""
        for place, vm_id, role in self._unseen():
            if vm_id not in self._by_id and name_key(role) in (name_key(name), name_key(f"SCVMM {name} Resources")):
                return place
        return None

    def place_of_id(self, vm_id: str) -> str | None:
        """Return where a cluster has the VM with an id that no host showed."""
        return next((place for place, found, _role in self._unseen() if found == plain_id(vm_id)), None)

    def _unseen(self) -> Iterator[tuple[str, str, str]]:
        for cluster in self.observation.clusters.values():
            for vm_id, owners in cluster.owners.items():
                yield self.observation.host_name(min(owners)), vm_id, cluster.names.get(vm_id, "")

    def places_of(self, vm: Vm) -> list[str]:
        """Return the hosts that showed a VM: one that moves is seen twice, and so are copies with the same id."""
        return sorted(
            {one.host.name for one in self.observation.sightings if one.id and one.id == vm.id and not one.replica}
        )

    def inventory_name(self, vm: Vm) -> str:
        """Return the name under which the inventory knows the host of a VM."""
        return self.inventory.get(vm.host.key, vm.host.name)

    def why_unread(self, name: str) -> str:
        """Return why a host of the inventory was not read; empty if it was."""
        names = [self.observation.hosts[key].name for key, inventory in self.inventory.items() if inventory == name]
        return next((self.unread[one] for one in [name, *names] if one in self.unread), "")

    def find(self, name: str, known: Iterable[str]) -> list[str]:
        """Return the hosts that an entry can mean by a name: its spelling in the inventory comes before all others.

        :param known: names of the inventory
        """
        known = list(known)
        if name in known:
            return [name]
        windows = {inventory: key for key, inventory in self.inventory.items()}
        return [
            inventory
            for inventory in known
            if same_host(name, inventory) or (inventory in windows and same_host(name, windows[inventory]))
        ]


def _lacks(observation: Observation, host: Host) -> list[str]:
    """Return what was not read of a host that could hide a binding."""
    if not host.hyperv:
        return []
    reasons = lacks(observation, host, FOR_BINDING)
    cluster = observation.clusters.get(host.cluster or "")
    seen = {vm.id for vm in observation.vms}
    for vm_id, owners in (cluster.owners if cluster else {}).items():
        if vm_id not in seen and host.key in owners and cluster:
            reasons.append(f"the cluster has VM {quoted(cluster.names.get(vm_id) or vm_id)} there, but it was not seen")
    return reasons


class Controller:
    """The interfaces of the Network Controller, all of them, as nc_network_interface_info shows them."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        rows = list(rows)
        self._by_name = {str(row["name"]).casefold(): row for row in rows}
        self._by_id = {plain_id(row["instance_id"]): row for row in rows if row.get("instance_id")}

    def named(self, name: str) -> Mapping[str, Any] | None:
        """Return the interface with a resource id."""
        return self._by_name.get(name.casefold())

    def with_id(self, instance_id: str) -> Mapping[str, Any] | None:
        """Return the interface with an instance id."""
        return self._by_id.get(plain_id(instance_id))


class Claims:
    """The claims of the ledger that are not over."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._named: dict[str, list[Claim]] = defaultdict(list)
        self._of_adapter: dict[tuple[str, str], Claim] = {}
        for claim in claims:
            if not claim.live and claim.state != "releasing":
                continue
            for name in (claim.owner, *claim.aliases):
                self._named[name_key(name)].append(claim)
            if claim.live and claim.identity:
                self._of_adapter[_ids(claim)] = claim

    def named(self, owner: str) -> Claim | None:
        """Return the claim of an owner: a live one first, and its own name before a former one."""
        key = name_key(owner)
        found = sorted(self._named.get(key, ()), key=lambda claim: (not claim.live, name_key(claim.owner) != key))
        return found[0] if found else None

    def of(self, adapter: Adapter) -> Claim | None:
        """Return the live claim that is bound to the ids of an adapter."""
        return self._of_adapter.get((adapter.vm.id or "", adapter.id))


def _ids(claim: Claim) -> tuple[str, str]:
    identity = claim.identity
    return (plain_id(identity.vm_id), plain_id(identity.adapter_id)) if identity else ("", "")


def is_of(claim: Claim, adapter: Adapter) -> bool:
    """Tell whether a claim is bound to the ids of an adapter."""
    return _ids(claim) == (adapter.vm.id or "", adapter.id)


@dataclass(frozen=True, eq=False)
class World:
    """What is known, each part of it complete or known to be not."""

    hosts: Hosts
    controller: Controller
    claims: Claims
    inventory: tuple[str, ...]
    """The hosts of the run, by their names in the inventory."""


def read_world(
    results: Mapping[str, Mapping[str, Any]],
    interfaces: Iterable[Mapping[str, Any]],
    claims: Iterable[Claim],
    planned: Iterable[str] = (),
) -> World:
    """Return what the hosts, the Network Controller and the ledger say.

    :param results: what host_info returned, by host of the inventory
    :param interfaces: what nc_network_interface_info returned, without names
    :param planned: the hosts of the plan
    """
    return World(Hosts(results, planned), Controller(interfaces), Claims(claims), tuple(results))
