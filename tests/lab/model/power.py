# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and stopping, with what they do to addresses and to the cluster."""

from __future__ import annotations

from .base import Base
from .errors import WorldError
from .objects import (
    OFFLINE_SAVE,
    OFFLINE_TURN_OFF,
    RUNNING_STATES,
    SAVED_STATES,
    STATES,
    VM,
    Host,
    Pending,
)
from .pool import choose_at_power_on


class Power(Base):
    def power_on(self, host: Host, vm: VM) -> None:
        """Cold start or restore. Addresses are chosen now and seen later; a stop before that loses them (fact 103)."""
        if vm.is_replica:
            raise WorldError(f"{vm.name!r} is a replica and cannot be started")
        if vm.state not in ("Off", *SAVED_STATES):
            raise WorldError(f"{vm.name!r} is {vm.state} and cannot be started")
        chosen = choose_at_power_on(host, vm)
        vm.pending = Pending(self.clock.now() + self.mac_delay, chosen) if chosen else None
        vm.state = "Running"
        self.waiting.append(vm)
        self.settle()

    def power_off(self, vm: VM) -> None:
        self.settle()
        vm.pending = None
        vm.off_at = None
        vm.state = "Off"

    def ask_guest_to_shut_down(self, host: Host, vm: VM, timeout: float, *, answers: bool = True) -> bool:
        """True when the VM is off in time. Nobody waits: the guest's own time is compared with the timeout."""
        self.settle()
        seconds = vm.guest.shutdown_seconds if answers else None
        if seconds is None or seconds > timeout:
            vm.state = "Stopping"
            vm.off_at = None if seconds is None else self.clock.now() + seconds - timeout
            self.waiting.append(vm)
            return False
        self.power_off(vm)
        self._cluster_notices(host, vm)
        return True

    def _cluster_notices(self, host: Host, vm: VM) -> None:
        """With ShutdownAction 1 a VM that went off by itself counts as failed and is started again (facts 106, 117)."""
        group = self.group_of(host, vm.id)
        if group and group.shutdown_action == 1:
            self.power_on(host, vm)

    def start(self, vm: str, host: str | None = None) -> None:
        place, found = self.find(vm, host)
        if found.state == "Paused":
            found.state = "Running"
        elif found.state != "Running":
            self.power_on(place, found)

    def stop(self, vm: str, host: str | None = None, timeout: float = 300) -> bool:
        """An ordinary guest shutdown; False when the guest is not off in time."""
        place, found = self.find(vm, host)
        if found.state == "Off":
            return True
        if found.state != "Running":
            raise WorldError(f"{found.name!r} is {found.state}: a guest shutdown needs a running VM")
        return self.ask_guest_to_shut_down(place, found, timeout)

    def turn_off(self, vm: str, host: str | None = None) -> None:
        self.power_off(self.find(vm, host)[1])

    def save(self, vm: str, host: str | None = None) -> None:
        found = self.find(vm, host)[1]
        if found.state not in RUNNING_STATES:
            raise WorldError(f"{found.name!r} is {found.state} and cannot be saved")
        found.pending = None
        found.state = "Saved"

    def pause(self, vm: str, host: str | None = None) -> None:
        found = self.find(vm, host)[1]
        if found.state != "Running":
            raise WorldError(f"{found.name!r} is {found.state} and cannot be paused")
        found.state = "Paused"

    def set_state(self, vm: str, state: str, host: str | None = None) -> None:
        """For states that come and go by themselves: Starting, Stopping, Saving, RunningCritical and so on."""
        if state not in STATES:
            raise WorldError(f"Hyper-V knows no state {state!r}; it knows: {', '.join(STATES)}")
        found = self.find(vm, host)[1]
        found.pending = found.off_at = None
        found.state = state

    def set_guest(
        self,
        vm: str,
        host: str | None = None,
        shutdown_seconds: float | None = 20.0,
        integration_services: bool = True,
    ) -> None:
        guest = self.find(vm, host)[1].guest
        guest.shutdown_seconds, guest.integration_services = shutdown_seconds, integration_services

    def stop_group(self, vm: str, host: str | None = None) -> None:
        """Stop-ClusterGroup: OfflineAction decides, by default the VM ends saved, not off (facts 106, 117)."""
        place, found = self.find(vm, host)
        group = self.group_of(place, found.id)
        if group is None:
            raise WorldError(f"{found.name!r} is no cluster role")
        if found.state not in RUNNING_STATES:
            return
        if group.offline_action == OFFLINE_SAVE:
            found.pending = None
            found.state = "Saved"
        elif group.offline_action == OFFLINE_TURN_OFF or found.guest.shutdown_seconds is not None:
            self.power_off(found)
        else:
            found.state = "Stopping"

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.settle()
