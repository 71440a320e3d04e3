# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledgers, plans and hosts for the tests of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.absence import required_hosts, unproven_hosts
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import (
    HostSightings,
    Identity,
    Job,
    Sighting,
    SightingKind,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.sqlite.store import SqliteStore
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import Plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan

JOB = Job("awx/1", "alice")
OTHER_JOB = Job("awx/2", "bob")
POOL = 0x221DD8000000
LAND = 0x00155DE00000
START = 1_800_000_000_000
HOUR = 3_600_000


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, milliseconds: int) -> int:
        self.now += milliseconds
        return self.now


def make_plan(size: int = 16, *, hosts: Iterable[str] = ("hv1", "hv2"), **changes: Any) -> Plan:
    """Return a plan with a small pool and four blocks for hosts."""
    raw: dict[str, Any] = {
        "scope": "west",
        "host_ranges": {
            "ranges": [{"start": "00-15-5D-E0-00-00", "size": 64}],
            "size_per_host": 16,
            "static_per_host": 4,
            "hosts": list(hosts),
        },
        "pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": size}], "reuse_after": "4h"}},
    }
    raw.update(changes)
    return parse_plan({name: value for name, value in raw.items() if value is not None})


def pool(size: int, start: str = "22-1D-D8-00-00-00", **options: Any) -> Mapping[str, Any]:
    """Return a pool as a plan has it."""
    return {"ranges": [{"start": start, "size": size}], **options}


def make_ledger(path: Path, plan: Plan | None = None, clock: Clock | None = None) -> Ledger:
    """Make an empty ledger."""
    plan = plan or make_plan()
    return Ledger(SqliteStore.create(path, plan.scope, JOB, clock=clock), plan.scope, plan)


def reopened(ledger: Ledger, plan: Plan | None = None, clock: Clock | None = None) -> Ledger:
    """Open the same ledger once more, as another process would."""
    store = SqliteStore(Path(ledger.location), clock=clock)
    store.open(ledger.scope)
    return Ledger(store, ledger.scope, plan or ledger.plan)


def unproven(ledger: Ledger) -> dict[str, str]:
    """Return the hosts that keep absence from being proven, with the reason of each."""
    assert ledger.plan is not None
    return unproven_hosts(ledger.hosts(), required_hosts(ledger.hosts(), ledger.plan.hosts))


def sightings(ledger: Ledger) -> list[Sighting]:
    """Return who was last seen, read by a connection of its own."""
    with closing(SqliteStore(Path(ledger.location))) as store:
        return store.read(lambda session: list(session.sightings_between(0, (1 << 48) - 1)))


def vm(
    address: int,
    owner: str = "web01/eth0",
    vm_id: str = "vm-1",
    adapter_id: str = "ad-1",
    kind: SightingKind = "vm",
    *,
    dynamic: bool = False,
) -> Sighting:
    """Return an adapter that was seen."""
    vm_name, _slash, adapter = owner.partition("/")
    return Sighting(address, kind, vm_id, vm_name, adapter_id, adapter, dynamic=dynamic, running=True)


def observation(host: str, at: int, *sightings: Sighting, complete: bool = True, **more: Any) -> HostSightings:
    """Return what a host was seen to carry."""
    why = "" if complete else "access denied"
    return HostSightings(host, at, complete, tuple(sightings), why_incomplete=why, **more)


def ids(number: int, adapter: int = 1) -> Identity:
    """Return the ids of a VM's adapter."""
    return Identity(f"vm-{number}", f"ad-{adapter}")
