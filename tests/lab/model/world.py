# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole world: its parts together, its verbs by name, itself as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from .changes import Changes
from .copies import Copies
from .errors import WorldError
from .place import Place

VERBS = (
    *("start", "stop", "turn_off", "save", "pause", "set_state", "set_guest", "stop_group", "advance"),
    *("migrate", "fail_host", "recover_host", "drain_host", "resume_host", "disconnect_host", "connect_host"),
    *("clone", "checkpoint", "apply_checkpoint", "delete_checkpoint", "replicate", "test_failover"),
    *("set_range", "clear_range", "restart_vmms", "add_switch", "add_host_adapter"),
    *("create_vm", "delete_vm", "rename_vm", "add_adapter", "remove_adapter", "recreate_adapter"),
    *(
        "set_mac",
        "set_dynamic",
        "set_vlan",
        "set_spoofing",
        "set_profile",
        "add_role",
        "join_role",
        "remove_role",
        "set_role",
    ),
)


class World(Place, Copies, Changes):
    def do(self, verb: str, **arguments: Any) -> Any:
        """A verb by its name, as the control API asks for it."""
        if verb not in VERBS:
            raise WorldError(f"there is no verb {verb!r}; known: {', '.join(VERBS)}")
        with self.lock:
            try:
                return getattr(self, verb)(**arguments)
            except (TypeError, ValueError) as problem:
                raise WorldError(f"{verb}: {problem}") from problem

    def to_dict(self) -> dict[str, Any]:
        """Everything there is, for tests that want to look past the listener."""
        with self.lock:
            self.settle()
            return {
                "time": self.clock.utc(),
                "hosts": [dataclasses.asdict(host) | {"vms": self._vms(host.name)} for host in self.hosts.values()],
                "clusters": [
                    dataclasses.asdict(cluster) | {"paused": sorted(cluster.paused)}
                    for cluster in self.clusters.values()
                ],
            }

    def _vms(self, host: str) -> list[dict[str, Any]]:
        return [dataclasses.asdict(vm) for vm in self.hosts[host].vms.values()]
