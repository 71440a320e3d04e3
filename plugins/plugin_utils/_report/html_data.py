# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of a report's page, as compact JSON values. Pure.

Rows are lists rather than mappings, and hosts, VMs and long texts are referenced by their place in a list, so that ten
thousand adapters need only a few megabytes. An address is a number, 0 is an adapter that never started, text is what was
found instead of an address, and null is unknown.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._mac import Interval
from .._audit.registry import SEVERITIES, Rule
from .._audit.situation import Situation
from .._observation.model import Carrier, Host, Vm

_DYNAMIC = {True: 1, False: 0, None: -1}


class _Texts(dict[str, int]):
    """The place of each text in a list, so that many rows can share it."""

    def __missing__(self, text: str) -> int:
        return self.setdefault(text, len(self))


class _Hosts:
    """Hosts by their place: first those that were read, then those that are only mentioned."""

    def __init__(self, situation: Situation) -> None:
        self._key = situation.observation.names.key
        self._places = {key: place for place, key in enumerate(situation.observation.hosts)}
        self.unread: list[str] = []
        for cluster in situation.observation.clusters.values():
            for name, _state in cluster.nodes.values():
                self.place(name)

    def place(self, name: str) -> int:
        key = self._key(name)
        if key not in self._places:
            self._places[key] = len(self._places)
            self.unread.append(name)
        return self._places[key]


def page_data(
    report: Mapping[str, Any], situation: Situation, rules: Iterable[Rule], now: dt.datetime
) -> dict[str, Any]:
    """Return everything that the page shows.

    :param situation: what the report describes; for a what-if report the imagined situation
    :param rules: those whose texts the page explains
    """
    hosts, texts = _Hosts(situation), _Texts()
    vms = situation.observation.vms
    known = _Vms(vms)
    return {
        "made": now.timestamp(),
        "complete": report["complete"],
        "severities": list(SEVERITIES),
        "rules": [[rule.id, rule.title, rule.explanation] for rule in rules],
        "findings": [_finding(item, hosts, known, texts) for item in report["findings"]],
        "vms": [_vm(vm, hosts, texts) for vm in vms],
        "own": [_own(carrier, hosts, texts) for carrier in situation.observation.host_carriers],
        "ranges": list(_ranges(situation, hosts)),
        "claims": [[claim.address, claim.label, claim.pool, claim.state] for claim in situation.claims],
        "ledger": situation.has_ledger,
        "usage": [
            [item["kind"], item["name"], int(item["start"], 16), int(item["end"], 16)]
            + [item[key] for key in ("size", "used", "claimed", "percent", "warn_at")]
            # Only an audit with a ledger knows earlier audits.
            + [item.get(key) for key in ("per_day", "days_left")]
            for item in report["summary"]["usage"]
        ],
        "sources": [_source(item) for item in report["observed"]],
        "misread": [str(item) for item in report.get("misread", ())],
        "changes": [_change(item, hosts) for item in report.get("changes", ())],
        # Last, because everything above may name a host that was not read.
        "hosts": [*(_host(host, situation) for host in situation.observation.hosts.values())]
        + [[name, None, None, [], None, False] for name in hosts.unread],
        "texts": list(texts),
    }


class _Vms:
    """Finds the place of the VM that a finding names."""

    def __init__(self, vms: Sequence[Vm]) -> None:
        self._exact = {(vm.id, vm.name, vm.host.name): place for place, vm in reversed(list(enumerate(vms)))}
        self._ids: dict[str, list[int]] = defaultdict(list)
        for place, vm in enumerate(vms):
            if vm.id:
                self._ids[vm.id].append(place)

    def place(self, vm: Mapping[str, Any]) -> int | None:
        """Return its place; None if it could be one of several."""
        exact = self._exact.get((vm["id"], vm["name"], vm["host"]))
        if exact is not None:
            return exact
        same = self._ids.get(vm["id"] or "", ())
        return same[0] if len(same) == 1 else None


def _finding(item: Mapping[str, Any], hosts: _Hosts, vms: _Vms, texts: _Texts) -> list[Any]:
    places = [vms.place(vm) for vm in item["vms"]]
    waived = item["waived"]
    return [
        item["rule"],
        SEVERITIES.index(item["severity"]),
        [int(address, 16) for address in item["addresses"]],
        [hosts.place(name) for name in item["hosts"]],
        sorted({place for place in places if place is not None}),
        item["evidence"],
        texts[item["remedy"]],
        [waived[key] for key in ("subject", "reason", "owner", "until")] if waived else 0,
        [f"{vm['name']} ({vm['host']})" for vm, place in zip(item["vms"], places, strict=True) if place is None],
    ]


def _host(host: Host, situation: Situation) -> list[Any]:
    cluster = situation.observation.clusters.get(host.cluster or "")
    return [
        host.name,
        cluster.name if cluster else None,
        list(host.range) if host.range else None,
        list(host.ipv4),
        host.observed_at.timestamp() if host.observed_at else None,
        host.hyperv,
    ]


def _address(carrier: Carrier) -> int | str | None:
    return carrier.text if carrier.value is None else carrier.value


def _vm(vm: Vm, hosts: _Hosts, texts: _Texts) -> list[Any]:
    return [
        vm.name,
        vm.id,
        hosts.place(vm.host.name),
        texts[vm.state or "state unknown"],
        int(vm.running) | int(vm.clustered) << 1 | int(vm.replica) << 2,
        [
            [
                adapter.name,
                _address(adapter),
                _DYNAMIC[adapter.dynamic],
                texts[adapter.switch or ""],
                texts[vlan_words(adapter.vlan)],
                int(adapter.spoofing),
            ]
            for adapter in vm.adapters
        ],
        [[point.name, [[adapter.name, _address(adapter)] for adapter in point.adapters]] for point in vm.checkpoints],
    ]


def vlan_words(vlan: Mapping[str, Any]) -> str:
    """Return the VLAN settings of an adapter in words."""
    mode = str(vlan.get("mode") or "")
    access, trunk = vlan.get("access"), vlan.get("trunk")
    if mode.casefold() == "trunk" and isinstance(trunk, Sequence) and not isinstance(trunk, str):
        return f"trunk {_runs(trunk)}".strip()
    if access:
        return f"VLAN {access}"
    return mode.lower()


def _runs(numbers: Sequence[Any]) -> str:
    """Return 1, 2, 3, 7 as ``1-3, 7``."""
    runs: list[list[int]] = []
    for number in sorted({item for item in numbers if isinstance(item, int)}):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("-".join(str(number) for number in run) for run in runs)


def _own(carrier: Carrier, hosts: _Hosts, texts: _Texts) -> list[Any]:
    return [
        hosts.place(carrier.host.name),
        int(carrier.kind == "physical"),
        carrier.name,
        _address(carrier),
        texts[carrier.switch or carrier.team or ""],
        int(carrier.running),
    ]


def _ranges(situation: Situation, hosts: _Hosts) -> Iterator[list[Any]]:
    """Yield every known range: kind, name, first and last address, hosts."""
    for interval, owners in situation.ranges:
        names = sorted((host.name for host in owners), key=str.casefold)
        yield ["range", ", ".join(names), *interval, [hosts.place(name) for name in names]]
    for lease in situation.leases:
        if lease.static_part:
            yield ["block", f"host/{lease.host}", *lease.static_part, [hosts.place(lease.host)]]
    for controller in situation.observation.controllers:
        for nc_pool in controller.pools:
            yield ["nc", nc_pool.name, *nc_pool.interval, []]
    for host in situation.observation.hosts.values():
        for name, interval in host.container_pools:
            yield ["container", name, *interval, [hosts.place(host.name)]]
    if situation.plan is None:
        return
    for pool in situation.plan.pools.values():
        for interval in pool.ranges:
            yield ["pool", pool.name, *interval, []]
    for other in situation.plan.other_allocators:
        yield ["other", f"{other.name} ({other.kind})", *other.interval, []]
    for interval in situation.plan.host_ranges.intervals if situation.plan.host_ranges else ():
        yield ["lease", "host_ranges", *Interval(*interval), []]


def _source(item: Mapping[str, Any]) -> list[Any]:
    keys = ("kind", "subject", "observed_at", "age_seconds", "not_gathered", "warnings")
    return [*(item[key] for key in keys), int(item["superseded"]), item["unusable"]]


def _change(item: Mapping[str, Any], hosts: _Hosts) -> list[Any]:
    carrier = item["carrier"]
    who = [carrier["name"], carrier["adapter"], hosts.place(carrier["host"])]
    return [item["kind"], item["when"], int(item["address"], 16), *who, item["evidence"]]
