# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host as it was just observed, and which of its adapters a task means: what decisions are based on. Pure.

Everything comes from the one model of observations. An operation sends ids exactly as the host gave them, as
docs/host_contract.md says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import Interval
from .._names import name_key, plain_id, same_name
from .._observation.model import Adapter, Carrier, Cluster, Group, Host, Vm
from .._observation.read import read_documents
from .._text import plain, quoted

IS_REPLICA = "a replica, whose settings its primary owns"


def refuse_replica(adapter: Adapter, wanted: str) -> None:
    """Refuse to change an adapter of a replica (fact 107).

    :raises MacPoolError: with what was wanted of it
    """
    if adapter.vm.replica:
        raise MacPoolError(adapter.label, wanted, IS_REPLICA, "Change the primary VM.")


@dataclass(frozen=True)
class ObservedHost:
    """A host with what one observation told of it."""

    host: Host
    seen_vms: tuple[Vm, ...]
    own_carriers: tuple[Carrier, ...]
    cluster: Cluster | None

    @classmethod
    def read(cls, observation: Mapping[str, Any], place: str = "observation") -> ObservedHost:
        """Return the host of an observation.

        :param place: what the observation is called in an error
        :raises MacPoolError: for what is no observation of a host
        """
        read = read_documents([observation])
        hosts = list(read.hosts.values())
        if len(hosts) != 1:
            (document,) = read.documents
            why = document.unusable or f"its kind is {plain(document.kind)}"
            raise MacPoolError(
                place,
                "the observation of a host",
                why,
                "Give what macpool.hyperv.host_info returns as observation.",
                problem=f"Cannot use {place} as the observation of a host: {why}",
            )
        (host,) = hosts
        return cls(host, read.sightings, read.host_carriers, read.clusters.get(host.cluster or ""))

    @property
    def name(self) -> str:
        """Return the name that the host has for itself."""
        return self.host.name

    @property
    def label(self) -> str:
        """Return the host for messages."""
        return f"host {quoted(self.name)}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what the host says that it could not read."""
        return self.host.warnings

    def _unread(self, what: str) -> MacPoolError:
        why = "; ".join(self.warnings) or "no reason given"
        return MacPoolError(
            self.label,
            what,
            f"that this cannot be read: {why}",
            "Fix this, then run again.",
            problem=f"Cannot read {what} of {self.label}: {why}",
        )

    @property
    def range(self) -> Interval | None:
        """Return the range of dynamic addresses; None when the host has none.

        :raises MacPoolError: when it could not be read
        """
        if "mac_range" not in self.host.gathered:
            raise self._unread("the range of dynamic addresses")
        return self.host.range

    @property
    def vms(self) -> tuple[Vm, ...]:
        """Return the VMs.

        :raises MacPoolError: when they could not be read, which is not the same as no VMs
        """
        if "vms" not in self.host.gathered:
            raise self._unread("the VMs")
        return self.seen_vms

    @property
    def adapters(self) -> list[Adapter]:
        """Return the adapters of all VMs."""
        return [adapter for vm in self.seen_vms for adapter in vm.adapters]

    @property
    def roles(self) -> tuple[Group, ...] | None:
        """Return the roles of VMs in the cluster; None when they were not read, and empty for a lone host."""
        if self.cluster is None:
            return () if "cluster" in self.host.gathered else None
        return self.cluster.groups.get(self.host.key)


@dataclass(frozen=True)
class Reference:
    """What names an adapter: the VM by name or id, the adapter by name or id, or None for the only one."""

    vm: str
    adapter: str | None


R = TypeVar("R", bound=Reference)


def find_adapters(
    host: ObservedHost, references: Sequence[R], skip_missing_vms: bool = False
) -> list[tuple[R, Adapter]]:
    """Return the adapter that each reference means.

    :param skip_missing_vms: leave out references to VMs that are not on this host, or only as a replica
    :raises MacPoolError: for every one that means no adapter, more than one, or one that another one means too
    """
    # A play over all hosts meets a replicated VM twice: its primary's host changes it (fact 107).
    candidates = [vm for vm in host.vms if not (skip_missing_vms and vm.replica)]
    by_name: dict[str, list[Vm]] = defaultdict(list)
    by_id: dict[str, list[Vm]] = defaultdict(list)
    for vm in candidates:
        by_name[name_key(vm.name)].append(vm)
        by_id[vm.id or ""].append(vm)
    taken: set[Adapter] = set()

    def find(wish: R) -> tuple[R, Adapter] | None:
        vms = list(dict.fromkeys([*by_name.get(name_key(wish.vm), ()), *by_id.get(plain_id(wish.vm), ())]))
        if not vms and skip_missing_vms:
            return None
        adapter = _the_adapter(host, wish, _the_vm(host, wish, vms))
        if adapter in taken:
            raise MacPoolError(
                adapter.label, "one entry for each adapter", "two entries that mean this one", "Remove one of them."
            )
        taken.add(adapter)
        return wish, adapter

    return [pair for pair in collected(host.label, references, find) if pair]


def _the_vm(host: ObservedHost, wish: Reference, found: Sequence[Vm]) -> Vm:
    if len(found) == 1:
        return found[0]
    if not found:
        raise MacPoolError(
            f"VM {quoted(wish.vm)}",
            f"a VM of that name or id on {host.label}",
            "none",
            "Fix the name, run against the host that has it now, or set when_missing: skip.",
        )
    ids = ", ".join(sorted(vm.given_id for vm in found))
    raise MacPoolError(f"VM {quoted(wish.vm)}", f"one VM on {host.label}", f"{len(found)}: {ids}", "Give the id as vm.")


def _the_adapter(host: ObservedHost, wish: Reference, vm: Vm) -> Adapter:
    subject = f"VM {quoted(vm.name)} on {host.label}"
    named = [adapter for adapter in vm.adapters if wish.adapter is None or _is_called(adapter, wish.adapter)]
    if len(named) == 1:
        return named[0]
    names = ", ".join(f"{quoted(adapter.name)} (id {adapter.given_id})" for adapter in vm.adapters) or "no adapter"
    if not named:
        wanted = "an adapter" if wish.adapter is None else f"an adapter of name or id {quoted(wish.adapter)}"
        raise MacPoolError(subject, wanted, names, "Fix the name, or add the adapter to the VM first.")
    wanted = "the name of an adapter" if wish.adapter is None else f"one adapter of name {quoted(wish.adapter)}"
    raise MacPoolError(subject, wanted, names, "Give the adapter's id as name.")


def _is_called(adapter: Adapter, name: str) -> bool:
    return same_name(adapter.name, name) or adapter.id == plain_id(name)
