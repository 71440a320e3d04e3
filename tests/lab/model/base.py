# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the world and the ways to find something in it."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator

from .clock import Clock
from .errors import WorldError
from .objects import VM, Adapter, Cluster, Group, Host


class Base:
    """Everything that is shared by the parts of `World`. Callers hold `lock` while they look or act."""

    def __init__(self, *, seed: int = 0, clock: Clock | None = None) -> None:
        self.lock = threading.RLock()
        self.clock = clock or Clock()
        self.rng = random.Random(seed)
        self.hosts: dict[str, Host] = {}
        self.clusters: dict[str, Cluster] = {}
        self.mac_delay = 4.0  # fact 103: about 4 s from the start until an address is seen
        self.waiting: list[VM] = []
        self.on_reachable: list[Callable[[Host], None]] = []

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def new_adapter_id(self, vm_id: str) -> str:
        return f"Microsoft:{vm_id.upper()}\\{self.new_id().upper()}"

    def host(self, name: str) -> Host:
        for host in self.hosts.values():
            if host.name.lower() == name.lower():
                return host
        raise WorldError(f"there is no host {name!r}; known: {', '.join(self.hosts)}")

    def sightings(self) -> Iterator[tuple[Host, VM]]:
        for host in self.hosts.values():
            for vm in host.vms.values():
                yield host, vm

    def find(self, ref: str, host: str | None = None) -> tuple[Host, VM]:
        """A VM by id or name; a replica shares its primary's id (fact 107), so the host may have to be named."""
        self.settle()
        places = self.hosts.values() if host is None else [self.host(host)]
        found = [(place, vm) for place in places for vm in place.vms.values() if ref in (vm.id, vm.name)]
        if len(found) > 1:
            primaries = [(place, vm) for place, vm in found if not vm.is_replica]
            found = primaries if len(primaries) == 1 else found
        if not found:
            raise WorldError(f"there is no VM {ref!r}" + (f" on {host}" if host else ""))
        if len(found) > 1:
            raise WorldError(f"{ref!r} is several VMs: " + ", ".join(f"{vm.id} on {place.name}" for place, vm in found))
        return found[0]

    def adapter(self, vm: VM, ref: str | None) -> Adapter:
        """By id (without case) or name; None: the only one."""
        found = [a for a in vm.adapters if ref is None or a.name == ref or a.id.lower() == ref.lower()]
        if len(found) != 1:
            raise WorldError(f"{vm.name!r} has {len(found)} adapters that fit {ref!r}")
        return found[0]

    def cluster_of(self, host: Host) -> Cluster | None:
        return next((c for c in self.clusters.values() if host.name in c.nodes), None)

    def group_of(self, host: Host, vm_id: str) -> Group | None:
        """The role of a VM in the cluster that this host belongs to."""
        cluster = self.cluster_of(host)
        return next((g for g in cluster.groups if g.vm_id == vm_id), None) if cluster else None

    def settle(self) -> None:
        """Let happen what was due: addresses become visible (fact 103), late guests go off."""
        now = self.clock.now()
        for vm in self.waiting:
            if vm.pending and vm.pending.due <= now:
                for adapter in vm.adapters:
                    adapter.mac = vm.pending.macs.get(adapter.id, adapter.mac)
                vm.pending = None
            if vm.off_at is not None and vm.off_at <= now:
                vm.state, vm.off_at = "Off", None
        if self.waiting:
            self.waiting = [vm for vm in self.waiting if vm.pending or vm.off_at is not None]
