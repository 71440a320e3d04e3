# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which adapters the demo gives a static address: a list for ``mac_adapters_wanted``, from saved observations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEVER_STARTED = "000000000000"
POOL = "tenant"


@dataclass(frozen=True)
class Seen:
    """One adapter of one VM, as a host showed it."""

    host: str
    vm: str
    vm_id: str
    state: str
    clustered: bool
    replica: bool
    name: str
    mac: str
    dynamic: bool

    @property
    def label(self) -> str:
        """The adapter for a reader."""
        return f"{self.vm}/{self.name} on {self.host}"


def read(directory: Path) -> list[Seen]:
    """Return the adapters in a directory of observations."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(directory.glob("*.json"))]
    hosts = [document for document in documents if document["kind"] == "hyperv_host"]
    return [adapter for document in hosts for adapter in _adapters(document)]


def _adapters(document: dict[str, Any]) -> Iterator[Seen]:
    for vm in document["vms"]:
        for adapter in vm["adapters"]:
            yield Seen(
                host=document["host"]["name"],
                vm=vm["name"],
                vm_id=vm["id"],
                state=vm["state"],
                clustered=vm["clustered"],
                replica=vm["replication_mode"] == "Replica",
                name=adapter["name"],
                mac=adapter["mac"],
                dynamic=adapter["dynamic"],
            )


def shared(adapters: Iterable[Seen]) -> list[Seen]:
    """Return the adapters whose address another VM also uses; a replica always has its primary's address."""
    own = [adapter for adapter in adapters if not adapter.replica and adapter.mac != NEVER_STARTED]
    times = Counter(adapter.mac for adapter in own)
    return [adapter for adapter in own if times[adapter.mac] > 1]


def wanted(adapters: Iterable[Seen]) -> list[Seen]:
    """Return the adapters that need their own static address: those with a dynamic or a shared one.

    A replica is left out: its settings belong to its primary.
    """
    everyone = list(adapters)
    twice = set(shared(everyone))
    return [adapter for adapter in everyone if not adapter.replica and (adapter.dynamic or adapter in twice)]


def restartable(adapters: Iterable[Seen]) -> list[Seen]:
    """Return the adapters whose VMs the demo restarts: those that run and can be moved to another host."""
    return [adapter for adapter in adapters if adapter.state == "Running" and adapter.clustered]


def as_variables(adapters: Iterable[Seen], everyone: Iterable[Seen]) -> dict[str, Any]:
    """Return what a user would write by hand."""
    names = Counter(name for name, _vm_id in {(adapter.vm.casefold(), adapter.vm_id) for adapter in everyone})
    return {"mac_adapters_wanted": [_entry(adapter, names[adapter.vm.casefold()] == 1) for adapter in adapters]}


def _entry(adapter: Seen, is_unique: bool) -> dict[str, str]:
    entry = {"vm": adapter.vm, "name": adapter.name, "pool": POOL}
    if not is_unique:
        # Two VMs with one name are two owners.
        entry.update(vm=adapter.vm_id, owner=f"{adapter.vm_id}/{adapter.name}")
    elif "{" in adapter.vm:
        # In a file of variables, Ansible would treat the name as a template.
        entry.update(vm=adapter.vm_id)
    return entry
