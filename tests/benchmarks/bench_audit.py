# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an audit takes: a large cluster, ten times as large, and the sweep against comparing in pairs."""

from __future__ import annotations

import datetime as dt
import gc
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import overlaps
from tests.audits import audit

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.timezone.utc)
SWITCHES = ("tenant", "management")


def cluster(adapters: int, hosts: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return documents of a cluster with the usual mess: moved VMs, statics in ranges, copies, zeros."""
    draw = random.Random(seed)
    size = max(256, 2 * adapters // hosts)
    starts = [0x00155D000000 + host * size for host in range(hosts)]
    documents = [_host(number, start, size) for number, start in enumerate(starts)]
    for number in range(adapters):
        home = number % hosts
        place = draw.randrange(hosts) if draw.random() < 0.1 else home
        documents[place]["vms"].append(_vm(number, starts[home] + number // hosts, draw))
    return documents


def _host(number: int, start: int, size: int) -> dict[str, Any]:
    name = f"hv{number}"
    return {
        "schema": 1,
        "kind": "hyperv_host",
        "observed_at": "2026-11-21T11:00:00Z",
        "host": {"name": name, "hyperv": True, "ipv4": [f"10.0.{number // 250}.{number % 250}"]},
        "mac_range": {"start": f"{start:012X}", "end": f"{start + size - 1:012X}", "source": "cmdlet"},
        "cluster": {"name": "hci1", "nodes": [{"name": name, "state": "Up"}], "groups": []},
        "vms": [],
        "host_adapters": [{"id": f"h{number}", "name": "Management", "mac": f"0A0000{number:06X}", "switch": "tenant"}],
        "physical_adapters": [],
        "switches": [],
        "container_networks": [],
        "warnings": [],
    }


def _vm(number: int, address: int, draw: random.Random) -> dict[str, Any]:
    chance = draw.random()
    dynamic = chance > 0.1
    shown = "000000000000" if dynamic and chance < 0.15 else f"{address - (1 if chance > 0.98 else 0):012X}"
    return {
        "id": f"00000000-0000-4000-8000-{number:012x}",
        "name": f"vm{number}",
        "state": "Running" if chance < 0.8 else "Off",
        "clustered": True,
        "replication_mode": "None",
        "adapters": [
            {
                "id": f"Microsoft:{number}",
                "name": "Network Adapter",
                "mac": shown,
                "dynamic": dynamic,
                "switch": SWITCHES[number % 2],
                "connected": True,
                "spoofing": False,
                "vlan": {"mode": "Access", "access": 100 + number % 20, "trunk": []},
                "port_profile": None,
            }
        ],
        "checkpoints": [],
    }


def with_interfaces(documents: list[dict[str, Any]], seed: int = 1) -> list[dict[str, Any]]:
    """Return the same cluster bound to a Network Controller, with an interface for nearly every adapter."""
    draw = random.Random(seed)
    interfaces: list[dict[str, Any]] = []
    for document in documents:
        for vm in document["vms"]:
            nic, chance = vm["adapters"][0], draw.random()
            nic["port_profile"] = {"profile_id": f"{{{vm['id']}}}", "profile_data": 1}
            nic["vlan"], nic["dynamic"] = {"mode": "Untagged", "access": 0, "trunk": []}, draw.random() < 0.1
            address = nic["mac"] if chance < 0.95 else f"0A0001{len(interfaces):06X}"
            if chance > 0.01:
                interfaces.append(
                    {
                        "resourceId": f"{vm['name']}-eth0",
                        "instanceId": vm["id"],
                        "properties": {
                            "provisioningState": "Succeeded",
                            "privateMacAddress": address,
                            "privateMacAllocationMethod": "Static",
                            "configurationState": {"status": "Success" if chance < 0.9 else "Failure"},
                        },
                    }
                )
    seen = {"schema": 1, "kind": "network_controller", "observed_at": "2026-11-21T11:00:00Z", "mac_pools": []}
    return [*documents, {**seen, "network_interfaces": interfaces}]


ROUNDS = 5


def _seconds(work: Callable[[], Any]) -> float:
    """Return the median processor time of the rounds: a busy machine says nothing about the audit."""
    times = []
    for _round in range(ROUNDS):
        gc.collect()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def _pairwise(ranges: list[tuple[int, int, int]]) -> int:
    found = 0
    for at, (start, end, _label) in enumerate(ranges):
        for other_start, other_end, _other in ranges[at + 1 :]:
            if start <= other_end and other_start <= end:
                found += 1
    return found


def run() -> list[str]:
    """Measure, and return the lines to print."""
    audit([], now=NOW)  # Load the rules before the clock runs.
    lines = [
        f"Audit: 64 hosts, all rules, documents already loaded; medians of {ROUNDS}",
        f"{'adapters':>10}  {'findings':>8}  {'seconds':>8}",
    ]
    seconds = {}
    for adapters in (10_000, 100_000):
        documents = cluster(adapters, 64)
        findings = len(audit(documents, now=NOW)["findings"])
        seconds[adapters] = _seconds(lambda: audit(documents, now=NOW))  # noqa: B023
        lines.append(f"{adapters:>10,}  {findings:>8,}  {seconds[adapters]:>8.2f}")
    lines.append(f"ten times the adapters cost {seconds[100_000] / seconds[10_000]:.1f} times the time (linear: 10)")
    for adapters in (10_000, 100_000):
        documents = with_interfaces(cluster(adapters, 64))
        seconds[adapters] = _seconds(lambda: audit(documents, now=NOW))  # noqa: B023
        lines.append(f"{adapters:>10,} bound to as many interfaces: {seconds[adapters]:.2f} s")
    lines.append(f"ten times the interfaces cost {seconds[100_000] / seconds[10_000]:.1f} times the time (linear: 10)")
    draw = random.Random(2)
    ranges = [(start, start + 255, number) for number in range(3_000) for start in [draw.randrange(0, 1 << 24)]]
    sweep, pairs = _seconds(lambda: overlaps(ranges)), _seconds(lambda: _pairwise(ranges))
    lines.append(
        f"overlaps of {len(ranges):,} ranges: sweep {sweep * 1000:.1f} ms, in pairs {pairs * 1000:.0f} ms"
        f" ({pairs / sweep:.0f} times as long)"
    )
    return lines


if __name__ == "__main__":
    print("\n".join(run()))
