# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The things of the world. Names of fields follow Hyper-V where it has one (facts 30-34, 49)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..macs import ZERO, is_mac, to_int

SAVED_STATES = ("Saved", "FastSaved", "Hibernated")
RUNNING_STATES = ("Running", "Paused")
# Every name of Hyper-V's VMState; those of the first line also with Critical behind them.
_BROKEN_TOO = (
    *("Running", "Off", "Stopping", "Saved", "Paused", "Starting", "Reset", "Saving", "Pausing", "Resuming"),
    *("FastSaved", "FastSaving"),
)
STATES = (
    *_BROKEN_TOO,
    *("Other", "ForceShutdown", "ForceReboot", "Hibernated", "ComponentServicing"),
    *(f"{state}Critical" for state in _BROKEN_TOO),
)

# Values of a VM resource's private properties (fact 106).
OFFLINE_TURN_OFF, OFFLINE_SAVE, OFFLINE_SHUTDOWN, OFFLINE_FORCED_SHUTDOWN = range(4)


@dataclass
class MacRange:
    start: str
    end: str

    def __contains__(self, mac: str) -> bool:
        return is_mac(mac) and to_int(self.start) <= to_int(mac) <= to_int(self.end)


@dataclass
class Vlan:
    mode: str = "Untagged"
    access: int = 0
    trunk: list[int] = field(default_factory=list)


@dataclass
class PortProfile:
    profile_id: str
    profile_data: int


@dataclass
class Adapter:
    id: str
    name: str
    mac: str = ZERO
    dynamic: bool = True
    legacy: bool = False
    switch: str | None = None
    spoofing: bool = False
    vlan: Vlan = field(default_factory=Vlan)
    profile: PortProfile | None = None


@dataclass
class Checkpoint:
    id: str
    name: str
    adapters: list[Adapter]


@dataclass
class Guest:
    """How the guest answers a request to shut down; None seconds: never done."""

    shutdown_seconds: float | None = 20.0
    integration_services: bool = True


@dataclass
class Pending:
    """Addresses chosen at power-on and seen only some seconds later (fact 103)."""

    due: float
    macs: dict[str, str]


@dataclass
class VM:
    id: str
    name: str
    state: str = "Off"
    generation: int = 2
    memory_bytes: int = 2 << 30
    path: str = "C:\\ClusterStorage\\Volume1"
    vhd_path: str | None = None
    clustered: bool = False
    replication_mode: str = "None"
    adapters: list[Adapter] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    guest: Guest = field(default_factory=Guest)
    pending: Pending | None = None
    off_at: float | None = None

    @property
    def is_replica(self) -> bool:
        return self.replication_mode in ("Replica", "ExtendedReplica")


@dataclass
class HostAdapter:
    id: str
    name: str
    mac: str
    switch: str | None


@dataclass
class PhysicalAdapter:
    name: str
    mac: str
    permanent_mac: str
    status: str = "Up"
    team: str | None = None


@dataclass
class Switch:
    id: str
    name: str
    type: str = "External"
    uplinks: list[str] = field(default_factory=list)


@dataclass
class ContainerNetwork:
    id: str
    name: str
    type: str
    mac_pools: list[MacRange]


@dataclass
class Host:
    """`registry` is what is stored; `active` what the running VMMS uses, which reads the registry when it starts (fact 8)."""

    name: str
    ipv4: list[str]
    hyperv: bool = True
    os_version: str = "10.0.20348"
    registry: MacRange | None = None
    active: MacRange | None = None
    cursor: int = 0
    up: bool = True
    reachable: bool = True
    vms: dict[str, VM] = field(default_factory=dict)
    host_adapters: list[HostAdapter] = field(default_factory=list)
    physical_adapters: list[PhysicalAdapter] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    container_networks: list[ContainerNetwork] = field(default_factory=list)


@dataclass
class Group:
    """A VM's cluster role with the two properties of its VM resource that matter here (facts 106, 117).

    VMs that share a role have one group each, of the same name. `resources`: what else the role holds, such as disks.
    """

    name: str
    vm_id: str
    owner_node: str
    shutdown_action: int = 0
    offline_action: int = OFFLINE_SAVE
    anti_affinity: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    failed: bool = False


@dataclass
class Cluster:
    name: str
    nodes: list[str]
    groups: list[Group] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)
