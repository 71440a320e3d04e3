# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Hyper-V hosts and their clusters hold, and what happens to it."""

from __future__ import annotations

from .clock import Clock
from .errors import PoolExhausted, WorldError
from .objects import (
    VM,
    Adapter,
    Checkpoint,
    Cluster,
    ContainerNetwork,
    Group,
    Guest,
    Host,
    HostAdapter,
    MacRange,
    PhysicalAdapter,
    PortProfile,
    Switch,
    Vlan,
)
from .world import World

__all__ = [
    "VM",
    "Adapter",
    "Checkpoint",
    "Clock",
    "Cluster",
    "ContainerNetwork",
    "Group",
    "Guest",
    "Host",
    "HostAdapter",
    "MacRange",
    "PhysicalAdapter",
    "PoolExhausted",
    "PortProfile",
    "Switch",
    "Vlan",
    "World",
    "WorldError",
]
