# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of tenant VMs and their interfaces: one plan before the first write, and what follows from each step. Pure.

A VM is found by its name, and whether it is the one that interface and claim belong to is told by ids. A running VM never
loses its interface, its claim or its address to another VM of its name. What the steps come to is joined by name and id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import format_mac, is_mac, is_multicast, parse_mac
from ...module_utils._nc_interface import differences, read_wishes, resource_of_result
from .._ledger.model import Claim, describe
from .._names import plain_id, same_name
from .._observation.model import OFF, Adapter, Vm
from .._text import listed, plain, quoted
from .tenant_entries import Tenant, WantedAdapter, profile_data
from .tenant_steps import to_unbind
from .tenant_world import World, is_of

NOTHING_CHANGED = "tenant VMs: nothing was changed"


@dataclass(frozen=True)
class Goal:
    """What is to become of all VMs of a list."""

    state: str
    """present or absent."""
    stop: bool = False
    remove: bool = False
    past_unread: bool = False
    """Whether to go on although hosts were not read."""

    @property
    def absent(self) -> bool:
        """Tell whether the VMs are to be undone."""
        return self.state == "absent"


@dataclass(frozen=True, eq=False)
class Plan:
    """What the steps do: one row for each adapter, each with the ids that were found."""

    rows: list[dict[str, Any]]
    hosts: dict[str, dict[str, Any]]
    """What the tasks of each host are asked, by its name in the inventory."""

    @property
    def settled(self) -> bool:
        """Tell whether every adapter, interface and claim is as wanted already."""
        return all(row["settled"] for row in self.rows)

    def as_result(self) -> dict[str, Any]:
        """Return the plan for a task's result."""
        interfaces = [row["interface_entry"] for row in self.rows if row["interface_entry"] is not None]
        return {"rows": self.rows, "interfaces": interfaces, "hosts": self.hosts, "settled": self.settled}


def make_plan(world: World, tenants: Sequence[Tenant], goal: Goal) -> Plan:
    """Return what is done about each VM.

    :raises MacPoolError: for every VM that must not or cannot be touched
    """
    rules = _Rules(world, goal)
    decided = collected(NOTHING_CHANGED, tenants, rules.decide)
    rows = [row for group in decided for row in group]
    if goal.absent and not goal.stop:
        _check_off(rows)
    hosts: dict[str, dict[str, Any]] = {
        name: {"vms": [], "new": [], "profiles": [], "adapters": []} for name in world.inventory
    }
    for tenant, group in zip(tenants, decided, strict=True):
        first = group[0]
        if goal.absent and first["vm_id"]:
            hosts[first["host"]]["vms"].append(dict(tenant.options))
        elif not goal.absent:
            hosts[first["host"]]["vms"].append({**tenant.options, "clustered": tenant.clustered})
            if not first["vm_id"]:
                hosts[first["host"]]["new"].append(dict(tenant.options))
    if goal.absent and not goal.remove:
        for name, asked in to_unbind(rows).items():
            hosts[name].update(asked)
    return Plan(rows, hosts)


def _check_off(rows: Iterable[Mapping[str, Any]]) -> None:
    running = ", ".join(dict.fromkeys(plain(row["vm"]) for row in rows if row["state"] not in (None, OFF)))
    if running:
        raise MacPoolError(
            "mac_tenant_vm_state: absent",
            "VMs that are Off",
            f"that these run: {running}",
            "Shut them down, or set mac_tenant_vm_stop to true to have it done.",
            problem=f"Nothing was changed, because these VMs run: {running}",
        )


class _Rules:
    """What becomes of each VM of a list."""

    def __init__(self, world: World, goal: Goal) -> None:
        self.hosts, self.controller, self.claims = world.hosts, world.controller, world.claims
        self.world, self.goal = world, goal

    def decide(self, tenant: Tenant) -> list[dict[str, Any]]:
        """Return one row for each adapter of a VM.

        :raises MacPoolError: when anything would be taken from another VM, or it is not known whether it would
        """
        vm = self._the_vm(tenant)
        host = self.hosts.inventory_name(vm) if vm else self._host_of_new(tenant)
        return [self._row(tenant, vm, host, wanted) for wanted in tenant.adapters]

    # --- which VM -----------------------------------------------------------------------------------------------------

    def _the_vm(self, tenant: Tenant) -> Vm | None:
        found = self.hosts.named(tenant.name)
        if len(found) > 1:
            where = listed([f"one on {quoted(vm.host.name)} (id {vm.given_id})" for vm in found], len(found))
            raise MacPoolError(
                tenant.label,
                "at most one VM of that name",
                where,
                "Rename one of the VMs.",
                problem=f"{len(found)} VMs are called {quoted(tenant.name)}: {where}",
            )
        if found and len(places := self.hosts.places_of(found[0])) > 1:
            raise MacPoolError(
                tenant.label,
                "a VM on one host",
                f"VM {found[0].given_id} on {listed(places)}",
                "If it is moving, run the play again afterwards. If these are copies with one id, remove one of them.",
            )
        if found:
            return found[0]
        if place := self.hosts.place_of(tenant.name):
            raise MacPoolError(
                tenant.label,
                "a VM on a host of this run",
                f"that its cluster has it on {place}",
                "Run the play on all hosts of the cluster, when all of them answer.",
                problem=f"{plain(tenant.name)} is on {place} according to its cluster, and this run has not seen it there",
            )
        return None

    def _host_of_new(self, tenant: Tenant) -> str:
        """Return the host on which a VM is created, by its name in the inventory; empty where none is."""
        if self.goal.absent:
            return ""
        hosts = self.hosts.find(tenant.host, self.world.inventory)
        if len(hosts) != 1:
            raise MacPoolError(
                tenant.label,
                f"a host of this run that is called {quoted(tenant.host)}, because no VM of that name exists",
                listed(hosts) if hosts else "none",
                "Set host to a name of the inventory, and run the play on all hosts of the cluster.",
            )
        if reason := self.hosts.why_unread(hosts[0]):
            raise MacPoolError(
                tenant.label,
                f"host {quoted(hosts[0])} to be read, because the VM is created there unless it exists",
                reason,
                "Run the play again when this host answers, or set another host.",
            )
        if len(tenant.adapters) > 1:
            raise MacPoolError(
                tenant.label,
                "a VM that exists, with all the adapters of the entry",
                "no VM of that name, and a new one gets one adapter",
                "Create the VM with its adapters first (for example with the collection microsoft.hyperv), then run again.",
            )
        if "keep_address" in tenant.adapters[0].source:
            raise MacPoolError(
                tenant.label,
                "a VM that exists, with keep_address",
                "no VM of that name",
                "Set pool, mac_address or dynamic for a new VM.",
            )
        return hosts[0]

    def _the_adapter(self, tenant: Tenant, vm: Vm, wanted: WantedAdapter) -> Adapter | None:
        adapters = vm.adapters
        found = [one for one in adapters if same_name(one.name, wanted.name) or one.id == plain_id(wanted.name)]
        if len(found) == 1:
            return found[0]
        if not found and self.goal.absent and self.goal.remove:
            return None
        names = listed([f"{quoted(one.name)} (id {one.given_id})" for one in adapters]) or "no adapter"
        raise MacPoolError(
            f"{tenant.label} on host {quoted(vm.host.name)}",
            f"one adapter of name {quoted(wanted.name)}",
            names,
            "Set adapter_name to the name or the id of the adapter.",
        )

    # --- one adapter --------------------------------------------------------------------------------------------------

    def _row(self, tenant: Tenant, vm: Vm | None, host: str, wanted: WantedAdapter) -> dict[str, Any]:
        adapter = self._the_adapter(tenant, vm, wanted) if vm else None
        interface, claim = self.controller.named(wanted.interface), self.claims.named(wanted.owner)
        self._check_interface(wanted, vm, adapter, interface)
        self._check_claim(wanted, vm, adapter, claim)
        if adapter:
            self._check_other_claim(wanted, adapter, claim)
            self._check_other_interface(wanted, adapter, interface)
        entry = None if self.goal.absent else self._interface_entry(wanted, adapter, interface, claim)
        data = profile_data(wanted, interface)
        settled = self._is_settled(wanted, adapter, interface, claim, entry, data)
        if not settled:
            self._check_unread(tenant, vm, interface, claim)
        if self.goal.absent and interface is not None:
            allowed = {key: wanted.settings[key] for key in ("change_protected",) if key in wanted.settings}
            entry = {"name": str(interface["name"]), **allowed}
        gone = adapter.bound_to if adapter and not self.goal.absent else None
        is_gone = gone is not None and self.controller.with_id(gone.id) is None
        return {
            "vm": vm.name if vm else tenant.name,
            "vm_id": vm.given_id if vm else None,
            "state": vm.state if vm else None,
            "host": host,
            "clustered": tenant.clustered,
            "single": len(tenant.adapters) == 1,
            "adapter": wanted.name,
            "adapter_id": adapter.given_id if adapter else None,
            "interface": str(interface["name"]) if interface else wanted.interface,
            "interface_entry": entry,
            "listed": _shown_interface(interface) if interface else None,
            "owner": wanted.owner,
            "keeps": "keep_address" in wanted.source,
            "claim_owner": claim.owner if claim else wanted.owner,
            "profile_data": data,
            "replaces": gone.id if gone and is_gone else None,
            "settled": settled,
        }

    def _check_interface(
        self, wanted: WantedAdapter, vm: Vm | None, adapter: Adapter | None, interface: Mapping[str, Any] | None
    ) -> None:
        """Refuse an interface that another adapter uses."""
        if interface is None:
            return
        users = self.hosts.bound_to(interface["instance_id"] or "")
        others = [one for one in users if not _is_same(one, vm, adapter)]
        if not users and is_mac(interface["mac_address"]):
            # Its binding was lost: an adapter that has its address tells whose it is.
            carriers = self.hosts.carriers(parse_mac(interface["mac_address"]))
            others = [one for one in carriers if vm is None or one.vm.id != vm.id]
        if others:
            other = others[0]
            verb = "is bound to it" if users else "has its address"
            raise MacPoolError(
                f"interface {quoted(str(interface['name']))} for {wanted.label}",
                "an interface that no other adapter uses",
                f"that {_named(other)} {verb}",
                self._meant(wanted, other, self.claims.of(other), "If not, set another interface."),
                problem=f"Interface {quoted(str(interface['name']))} for {wanted.label} is in use: {_named(other)} {verb}",
            )

    def _meant(self, wanted: WantedAdapter, other: Adapter, claim: Claim | None, otherwise: str) -> str:
        """Return how to go on when another VM has what an entry wants."""
        bound = other.bound_to and self.controller.with_id(other.bound_to.id)
        keys = [
            f"name: {quoted(other.vm.name)}",
            f"adapter_name: {quoted(other.name)}",
            f"interface: {quoted(str(bound['name']) if bound else wanted.interface)}",
            *([f"owner: {quoted(claim.label)}"] if claim else []),
            *(["keep_address: true"] if not claim and not self.goal.absent else []),
        ]
        return f"If you mean that VM, set {', '.join(keys)} in the entry. {otherwise}"

    def _check_claim(self, wanted: WantedAdapter, vm: Vm | None, adapter: Adapter | None, claim: Claim | None) -> None:
        """Refuse a claim that is bound to the ids of another adapter."""
        if claim is None or claim.identity is None or (adapter and is_of(claim, adapter)):
            return
        identity = claim.identity
        owner_vm = self.hosts.vm(identity.vm_id)
        subject = f"claim of owner {quoted(wanted.owner)} for {wanted.label}"
        if owner_vm is not None:
            if vm is not None and owner_vm.id == vm.id and adapter is None:
                return  # the VM is removed, and its adapter is called otherwise by now
            adapters = owner_vm.adapters
            other = next((one for one in adapters if one.id == plain_id(identity.adapter_id)), None)
            if other is not None:
                moves = "If not, set another owner in the entry."
                if adapter and other.address != claim.address:  # nothing is taken from it
                    moves = _rebound(claim, adapter) if claim.live else _released(claim)
                raise MacPoolError(
                    subject,
                    "a claim of this adapter",
                    f"that it is bound to {_named(other)}",
                    self._meant(wanted, other, claim, moves),
                    problem=f"The {subject} is bound to another adapter: {_named(other)}",
                )
        elif place := self.hosts.place_of_id(identity.vm_id):
            raise MacPoolError(
                subject,
                "the VM to which it is bound",
                f"that its cluster has VM {identity.vm_id} on {place}, where it was not seen",
                "Run the play on all hosts of the cluster, when all of them answer and no VM is moving.",
            )
        elif self.hosts.unread and not self.goal.past_unread:
            raise self._unread(subject, f"proof that VM {identity.vm_id}, to which it is bound, exists no more")
        elif vm is None and self.goal.absent:
            return
        bound = f"VM {identity.vm_id}, adapter {identity.adapter_id}"
        if adapter is None or not claim.live:
            raise MacPoolError(
                subject,
                "a claim that no other VM had",
                f"that it is bound to {bound}, which exists no more",
                _released(claim),
                problem=f"The {subject} is bound to a VM that exists no more ({bound})",
            )
        raise MacPoolError(
            subject,
            "a claim of this adapter",
            f"that it is bound to {bound}, which exists no more; now VM {adapter.vm.given_id} has that name",
            _rebound(claim, adapter),
            problem=f"The {subject} is bound to {bound}, which exists no more: the VM of that name is another one"
            f" (VM {adapter.vm.given_id}, adapter {adapter.given_id})",
        )

    def _check_other_claim(self, wanted: WantedAdapter, adapter: Adapter, claim: Claim | None) -> None:
        """Refuse a second claim for an adapter that has one under another name."""
        own = self.claims.of(adapter)
        if own is not None and own is not claim:
            raise MacPoolError(
                wanted.label,
                f"the owner {quoted(wanted.owner)} in the ledger",
                f"{describe(own)}, bound to this adapter",
                f"Set owner: {quoted(own.label)} in the entry.",
            )

    def _check_other_interface(
        self, wanted: WantedAdapter, adapter: Adapter, interface: Mapping[str, Any] | None
    ) -> None:
        """Refuse an adapter that another interface has, unless that one exists no more."""
        other = self.controller.with_id(adapter.bound_to.id) if adapter.bound_to else None
        if other is not None and (interface is None or other["name"] != interface["name"]):
            raise MacPoolError(
                adapter.label,
                f"interface {quoted(wanted.interface)}",
                f"that it is bound to interface {quoted(str(other['name']))}",
                f"Set interface: {quoted(str(other['name']))} in the entry. To use the other interface, first unbind the adapter"
                " while its VM is off (macpool.hyperv.vm_port_profile with absent: true).",
                problem=f"{adapter.label} is bound to interface {quoted(str(other['name']))}, not to"
                f" {quoted(wanted.interface)}",
            )

    def _check_unread(
        self, tenant: Tenant, vm: Vm | None, interface: Mapping[str, Any] | None, claim: Claim | None
    ) -> None:
        """Refuse to touch what exists while a host may have the VM that it belongs to."""
        exists = [
            *(["the VM"] if vm else []),
            *([f"interface {quoted(str(interface['name']))}"] if interface else []),
            *([f"the claim of {quoted(claim.label)}"] if claim else []),
        ]
        if exists and self.hosts.unread and not self.goal.past_unread:
            raise self._unread(tenant.label, f"an answer of every host, because {listed(exists)} exists already")

    def _unread(self, subject: str, wanted: str) -> MacPoolError:
        unread = [f"{name} ({reason})" for name, reason in self.hosts.unread.items()]
        return MacPoolError(
            subject,
            wanted,
            f"that these hosts were not read: {listed(unread)}",
            "Run the play on all hosts, when all of them answer. If you know that none of these hosts has a VM of this list, set"
            " mac_tenant_vm_unread_hosts: allow.",
        )

    # --- what is wanted -----------------------------------------------------------------------------------------------

    def _interface_entry(
        self,
        wanted: WantedAdapter,
        adapter: Adapter | None,
        interface: Mapping[str, Any] | None,
        claim: Claim | None,
    ) -> dict[str, Any] | None:
        """Return what nc_network_interface is asked; None for an interface and a claim that are as wanted."""
        source = self._source(wanted, adapter, interface, claim)
        name = str(interface["name"]) if interface else wanted.interface
        entry = {"name": name, "owner": wanted.owner, **source, **wanted.settings}
        return None if interface is not None and _is_as_wanted(entry, interface, claim) else entry

    def _source(
        self,
        wanted: WantedAdapter,
        adapter: Adapter | None,
        interface: Mapping[str, Any] | None,
        claim: Claim | None,
    ) -> dict[str, Any]:
        """Return the source of the address: the entry's, or the adapter itself where it is the truth (law 6)."""
        if "keep_address" in wanted.source and adapter:
            address = adapter.address
            if address is None or is_multicast(address):
                raise MacPoolError(
                    adapter.label,
                    "an address to keep",
                    adapter.shown,
                    "Start the VM once so that it gets one, or set pool instead of keep_address.",
                )
            return {"mac_address": format_mac(address), "adopt": True}
        bound = adapter.bound_to if adapter else None
        repaired = adapter and bound and not self.controller.with_id(bound.id)
        if adapter and repaired and adapter.dynamic is False and adapter.address is not None:
            if claim is None or not claim.live:
                raise MacPoolError(
                    adapter.label,
                    f"a claim on its address {format_mac(adapter.address, 'dash')}, because its interface exists no more and is"
                    " created again with this address",
                    describe(claim) if claim else "none",
                    "Set keep_address: true in the entry instead of another source to claim the address as it is.",
                )
            return {"mac_address": format_mac(adapter.address)}
        kept = interface["mac_address"] if interface and interface["allocation"] == "static" else None
        if "dynamic" in wanted.source and kept and claim and claim.live and claim.address == parse_mac(kept):
            # The Network Controller chose it once; the interface was created again with it since.
            return {"mac_address": kept}
        return dict(wanted.source)

    def _is_settled(
        self,
        wanted: WantedAdapter,
        adapter: Adapter | None,
        interface: Mapping[str, Any] | None,
        claim: Claim | None,
        entry: Mapping[str, Any] | None,
        data: int,
    ) -> bool:
        """Tell whether neither the interface, nor the claim, nor the adapter has anything to change."""
        if self.goal.absent:
            is_free = adapter is None or (adapter.dynamic is True and adapter.profile is None and not self.goal.remove)
            return interface is None and (claim is None or claim.state == "releasing") and is_free
        if (
            adapter is None
            or interface is None
            or claim is None
            or entry is not None
            or not is_mac(interface["mac_address"])
        ):
            return False
        profile = adapter.bound_to
        return (
            claim.state == "applied"
            and not claim.unsure
            and is_of(claim, adapter)
            and adapter.dynamic is False
            and adapter.address == parse_mac(interface["mac_address"])
            and profile is not None
            and plain_id(profile.id) == plain_id(interface["instance_id"])
            and profile.data == data
        )


def _is_same(one: Adapter, vm: Vm | None, adapter: Adapter | None) -> bool:
    """Tell whether an adapter is the one that is meant; that of a replica goes with its primary."""
    if vm is None or one.vm.id != vm.id:
        return False
    return adapter is None or one.vm.replica or one.id == adapter.id


def _named(adapter: Adapter) -> str:
    return f"{adapter.label} (VM {adapter.vm.given_id})"


def _task(state: str, claim: Claim, **more: str) -> str:
    keys = "".join(f", {key}: {value}" for key, value in more.items() if key == "gone")
    ids = "".join(f", {key}: '{value}'" for key, value in more.items() if key != "gone")
    return f"macpool.hyperv.allocation with state: {state}{keys} and claims: [{{owner: {quoted(claim.label)}{ids}}}]"


def _released(claim: Claim) -> str:
    return (
        f"If the new VM replaces that one, release the claim first: {_task('released', claim, gone='true')}. The new VM then gets"
        " the same address. If not, set another owner in the entry."
    )


def _rebound(claim: Claim, adapter: Adapter) -> str:
    more = {"cluster": adapter.host.cluster_name} if adapter.host.cluster_name else {}
    task = _task("rebound", claim, vm_id=adapter.vm.given_id, adapter_id=adapter.given_id, **more)
    return (
        f"If this VM replaces that one and is to have its address, rebind the claim: {task}. If not, set another owner and another"
        " interface in the entry."
    )


def _shown_interface(interface: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("name", "instance_id", "mac_address", "configuration_state")
    return {**{key: interface[key] for key in keys}, "status": "unchanged"}


def _is_as_wanted(entry: Mapping[str, Any], interface: Mapping[str, Any], claim: Claim | None) -> bool:
    """Tell whether neither the interface nor its claim has anything to change."""
    if claim is None or not claim.live or interface["provisioning_state"] != "Succeeded":
        return False
    if not is_mac(interface["mac_address"]) or parse_mac(interface["mac_address"]) != claim.address:
        return False
    if entry.get("pool") not in (None, claim.pool):
        return False
    given = entry.get("mac_address")
    if given is not None and (not is_mac(given) or parse_mac(given) != claim.address):
        return False
    address = {"dynamic": True} if entry.get("dynamic") else {"mac_address": interface["mac_address"]}
    bare: dict[str, Any] = {
        key: value for key, value in entry.items() if key in ("name", "dns_servers", "port_settings")
    }
    bare["ip_configurations"] = entry.get("ip_configurations") or []
    (wish,) = read_wishes([{**bare, **address}])
    return not differences(wish, resource_of_result(interface))
