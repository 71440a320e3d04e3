# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of VMs: clones, checkpoints, replicas."""

from __future__ import annotations

import copy

from ..macs import ZERO
from .base import Base
from .errors import WorldError
from .objects import VM, Adapter, Checkpoint


class Copies(Base):
    def _copied_adapters(self, adapters: list[Adapter], vm_id: str, *, zero: bool) -> list[Adapter]:
        copies = copy.deepcopy(adapters)
        for adapter in copies:
            adapter.id = self.new_adapter_id(vm_id)
            adapter.profile = None
            if adapter.dynamic and zero:
                adapter.mac = ZERO
        return copies

    def clone(
        self, vm: str, name: str, to: str | None = None, host: str | None = None, zero_dynamic: bool = False
    ) -> str:
        """A copy with ids of its own. Static addresses come along (fact 95); whether a dynamic one shows its source's or
        zeros until the first start is told both ways (fact 15).
        """
        place, source = self.find(vm, host)
        target = self.host(to) if to else place
        new = VM(
            id=self.new_id(),
            name=name,
            generation=source.generation,
            memory_bytes=source.memory_bytes,
            path=source.path,
            vhd_path=source.vhd_path,
            guest=copy.copy(source.guest),
        )
        new.adapters = self._copied_adapters(source.adapters, new.id, zero=zero_dynamic)
        target.vms[new.id] = new
        return new.id

    def checkpoint(self, vm: str, name: str, host: str | None = None) -> str:
        found = self.find(vm, host)[1]
        taken = Checkpoint(self.new_id(), name, copy.deepcopy(found.adapters))
        found.checkpoints.append(taken)
        return taken.id

    def apply_checkpoint(self, vm: str, checkpoint: str, host: str | None = None) -> None:
        """The adapters of then come back, dynamic flag and address included (facts 34, 112); the VM ends off."""
        found = self.find(vm, host)[1]
        taken = next((c for c in found.checkpoints if checkpoint in (c.id, c.name)), None)
        if taken is None:
            raise WorldError(f"{found.name!r} has no checkpoint {checkpoint!r}")
        found.pending = found.off_at = None
        found.state = "Off"
        found.adapters = copy.deepcopy(taken.adapters)

    def delete_checkpoint(self, vm: str, checkpoint: str, host: str | None = None) -> None:
        found = self.find(vm, host)[1]
        found.checkpoints = [c for c in found.checkpoints if checkpoint not in (c.id, c.name)]

    def replicate(self, vm: str, to: str, host: str | None = None) -> None:
        """The replica is off and carries the primary's VM id (facts 53, 107)."""
        source, found = self.find(vm, host)
        target = self.host(to)
        if found.id in target.vms:
            raise WorldError(f"{target.name} already has a VM {found.id}")
        if target is source:
            raise WorldError("a replica lives on another host")
        replica = copy.deepcopy(found)
        replica.state, replica.clustered, replica.replication_mode = "Off", False, "Replica"
        replica.pending, replica.checkpoints = None, []
        found.replication_mode = "Primary"
        target.vms[replica.id] = replica

    def test_failover(self, vm: str, host: str) -> str:
        """A copy of the replica that is a VM of its own (fact 107)."""
        place, replica = self.find(vm, host)
        if not replica.is_replica:
            raise WorldError(f"{replica.name!r} on {place.name} is no replica")
        name = f"{replica.name} - Test"
        new = VM(id=self.new_id(), name=name, generation=replica.generation, replication_mode="TestReplica")
        new.adapters = self._copied_adapters(replica.adapters, new.id, zero=False)
        place.vms[new.id] = new
        return new.id
