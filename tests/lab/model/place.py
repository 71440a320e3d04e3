# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host runs a VM: migration, failover, draining."""

from __future__ import annotations

from .base import Base
from .errors import PoolExhausted, WorldError
from .objects import RUNNING_STATES, SAVED_STATES, VM, Host
from .power import Power


class Place(Power, Base):
    def _hand_over(self, vm: VM, source: Host, target: Host) -> None:
        if vm.id in target.vms:
            raise WorldError(f"{target.name} already has a VM {vm.id}")
        del source.vms[vm.id]
        target.vms[vm.id] = vm
        group = self.group_of(source, vm.id)
        if group:
            group.owner_node = target.name

    def migrate(self, vm: str, to: str, host: str | None = None, kind: str = "live") -> None:
        """Live: the address stays (fact 19). Quick: saved, moved and restored, which is when it may change."""
        source, found = self.find(vm, host)
        target = self.host(to)
        if target is source:
            return
        if not (source.up and target.up):
            raise WorldError(f"{source.name} and {target.name} must both be up")
        if kind == "live":
            self._hand_over(found, source, target)
        elif kind == "quick":
            restore = found.state in RUNNING_STATES
            if restore:
                self.save(found.id, source.name)
            self._hand_over(found, source, target)
            if restore:
                self.power_on(target, found)
        else:
            raise WorldError(f"unknown kind of migration {kind!r}: live or quick")

    def _standby(self, host: Host) -> list[Host]:
        cluster = self.cluster_of(host)
        if cluster is None:
            return []
        names = [n for n in cluster.nodes if n != host.name and n not in cluster.paused]
        return [self.hosts[n] for n in names if self.hosts[n].up]

    def fail_host(self, host: str) -> None:
        """The host is gone at once: its roles start cold on other nodes, its other VMs are off and out of sight (fact 47)."""
        self.settle()
        lost = self.host(host)
        lost.up = False
        standby = self._standby(lost)
        targets: dict[str, Host] = {}
        for index, vm in enumerate(list(lost.vms.values())):
            running = vm.state not in ("Off", *SAVED_STATES)
            if running:
                self.power_off(vm)
            group = self.group_of(lost, vm.id)
            if group is None or vm.is_replica or not standby:
                continue
            target = targets.setdefault(group.name, standby[index % len(standby)])
            self._hand_over(vm, lost, target)
            if running:
                try:
                    self.power_on(target, vm)
                except PoolExhausted:
                    group.failed = True
        self._tell(lost)

    def recover_host(self, host: str) -> None:
        back = self.host(host)
        back.up = True
        self._tell(back)

    def disconnect_host(self, host: str) -> None:
        """Its management network is gone, its VMs run on: nobody fails over."""
        place = self.host(host)
        place.reachable = False
        self._tell(place)

    def connect_host(self, host: str) -> None:
        place = self.host(host)
        place.reachable = True
        self._tell(place)

    def _tell(self, host: Host) -> None:
        for callback in self.on_reachable:
            callback(host)

    def drain_host(self, host: str) -> None:
        """Pause the node and move its roles away: running ones live, the others as they are."""
        self.settle()
        place = self.host(host)
        cluster = self.cluster_of(place)
        if cluster is None:
            raise WorldError(f"{place.name} is in no cluster")
        cluster.paused.add(place.name)
        standby = self._standby(place)
        if not standby:
            raise WorldError(f"no other node of {cluster.name} can take the roles of {place.name}")
        targets: dict[str, Host] = {}
        for index, vm in enumerate(list(place.vms.values())):
            group = self.group_of(place, vm.id)
            if group and not vm.is_replica:
                self._hand_over(vm, place, targets.setdefault(group.name, standby[index % len(standby)]))

    def resume_host(self, host: str) -> None:
        place = self.host(host)
        cluster = self.cluster_of(place)
        if cluster:
            cluster.paused.discard(place.name)
