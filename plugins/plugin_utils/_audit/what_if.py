# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would happen if a host were drained, failed, got another range, or joined. Pure.

The answer is a report of the situation afterwards, with ``changes``: who gets a new address and when, and which
addresses could collide because of the change. What is true before and after is in the findings, not in the changes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import Interval, format_mac, parse_interval
from .._names import host_key
from .._observation.completeness import FOR_AUDIT
from .._observation.model import OFF, Carrier, Cluster, Host, Observation, Vm, placed_on
from .._observation.stranded import stranded
from .._plan.model import default_range
from .._text import host_list, mac, plain, sentence
from .report import build_report
from .situation import Situation, distinct

ACTIONS = ("drain", "fail", "set_range", "add_host")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A question."""

    action: str
    """drain, fail, set_range or add_host."""
    host: str
    range: Interval | None = None
    """The new range; for a host that joins, it replaces the one that its IPv4 address gives."""
    cluster: str | None = None
    """The cluster that a host joins."""
    ipv4: str | None = None
    """The IPv4 address of a host that joins."""


@dataclass(slots=True)
class _Answer:
    observation: Observation
    changes: list[dict[str, Any]]
    advice: str
    assumptions: list[str]


def parse_what_if(value: Mapping[str, Any]) -> WhatIf:
    """Return a question from ``{action, host, range: {start, end | size}, ipv4, cluster}``."""
    action, host = value.get("action"), value.get("host")
    if action not in ACTIONS:
        raise MacPoolError("what_if.action", f"one of {', '.join(ACTIONS)}", repr(action), "Name one of these.")
    if not isinstance(host, str) or not host.strip():
        raise MacPoolError("what_if.host", "the name of a host", repr(host), "Name the host that would change.")
    interval = parse_interval(value["range"], "what_if.range") if value.get("range") is not None else None
    ipv4 = value.get("ipv4")
    if action == "add_host" and interval is None:
        interval = default_range(str(ipv4))
        if interval is None:
            raise MacPoolError(
                "what_if.ipv4",
                "the IPv4 address of the host that joins, from which Hyper-V derives its default range",
                repr(ipv4),
                "Set ipv4 or range.",
            )
    if action == "set_range" and interval is None:
        remedy = "Set range with start and end."
        raise MacPoolError("what_if.range", "the range that the host would get", "none", remedy)
    cluster = value.get("cluster")
    return WhatIf(str(action), host.strip(), interval, str(cluster) if cluster else None, str(ipv4) if ipv4 else None)


def answer(situation: Situation, what_if: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report of the situation after a change, with ``changes``."""
    question = parse_what_if(what_if)
    result = _imagine(situation, question)
    report = build_report(situation.on(result.observation))
    return {
        **report,
        "what_if": {
            "action": question.action,
            "host": question.host,
            "range": {"start": format_mac(question.range.start), "end": format_mac(question.range.end)}
            if question.range
            else None,
        },
        "changes": sorted(result.changes, key=_order),
        "advice": result.advice,
        "assumptions": result.assumptions,
    }


def afterwards(situation: Situation, what_if: Mapping[str, Any]) -> Situation:
    """Return the situation after a change, for callers that show it beside its report."""
    return situation.on(_imagine(situation, parse_what_if(what_if)).observation)


def _imagine(situation: Situation, question: WhatIf) -> _Answer:
    observation = situation.observation
    key = observation.names.key(question.host)
    if question.action == "add_host":
        if key in observation.hosts:
            raise MacPoolError(
                f'host "{plain(question.host)}"',
                "a host that does not exist yet",
                "an observation of this host",
                "For an existing host, use the action set_range.",
            )
        return _add(situation, key, question)
    if key not in observation.hosts:
        known = host_list(host.name for host in observation.hosts.values()) or "no host"
        raise MacPoolError(
            f'host "{plain(question.host)}"', "a host that was observed", f"only {known}", "Name an observed host."
        )
    host = observation.hosts[key]
    if question.action == "set_range" and question.range is not None:
        return _set_range(situation, host, question.range)
    return _leave(situation, host, fails=question.action == "fail")


def _order(change: Mapping[str, Any]) -> tuple[Any, ...]:
    carrier = change["carrier"]
    return change["kind"], change["address"], carrier["host"].casefold(), carrier["name"], change["evidence"]


def _change(kind: str, carrier: Carrier, when: str, hosts: Iterable[str], evidence: str) -> dict[str, Any]:
    vm = carrier.vm
    return {
        "kind": kind,
        "when": when,
        "address": format_mac(carrier.value or 0),
        "carrier": {
            "kind": carrier.kind,
            "name": vm.name if vm else carrier.name,
            "adapter": carrier.name,
            "id": vm.id if vm else None,
            "host": carrier.host.name,
        },
        "hosts": sorted(set(hosts), key=str.casefold),
        "evidence": evidence,
    }


def _may_collide(carrier: Carrier, host: Host, verb: str, why: str) -> dict[str, Any]:
    """Return the change that a host can hand out an address in use."""
    name = plain(host.name)
    evidence = f"{mac(carrier.value or 0)} of {carrier.words} {verb} in the range of {name}, which {why}."
    return _change("may_collide", carrier, f"when {name} hands the address out", [host.name], evidence)


def _inside(address: int | None, interval: Interval | None) -> bool:
    return bool(address and interval and interval.start <= address <= interval.end)


def _set_range(situation: Situation, host: Host, new: Interval) -> _Answer:
    old = host.range
    adapters = [adapter for adapter in situation.adapters if adapter.host is host]
    own = [carrier for carrier in situation.observation.host_carriers if carrier.host is host]
    changes = [
        _change(
            "new_address",
            carrier,
            "next start" if carrier.vm else "when the host creates the adapter again",
            [host.name],
            f"{sentence(carrier.words)} has {mac(carrier.address or 0)}, outside {new}.",
        )
        for carrier in stranded([*adapters, *own], old, new)
    ]
    changes += _exposed(situation, host, new, already=old)
    advice = "No preparation is needed."
    if changes:
        advice = (
            "First pin every adapter that would get a new address (role macpool.hyperv.mac_adapters with pin), and give other"
            " addresses to those that could collide. Then change the range."
        )
    return _Answer(_rehost(situation.observation, replace(host, range=new)), changes, advice, [])


def _exposed(
    situation: Situation, host: Host, interval: Interval, already: Interval | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the carriers that a host does not know and whose addresses it would hand out with a range."""
    for address in situation.carried_in(interval):
        if _inside(address, already):
            continue
        for carrier in distinct(situation.carriers[address]):
            if carrier.host.key != host.key and carrier.checkpoint is None:
                yield _may_collide(carrier, host, "would be", "does not know that the address is in use")


def _add(situation: Situation, key: str, question: WhatIf) -> _Answer:
    observation, interval = situation.observation, question.range
    cluster = host_key(question.cluster) if question.cluster else None
    ipv4 = (question.ipv4,) if question.ipv4 else ()
    host = Host(key, question.host, ipv4=ipv4, range=interval, cluster=cluster, gathered=frozenset(FOR_AUDIT.parts))
    clusters = dict(observation.clusters)
    if cluster and question.cluster:
        known = clusters.get(cluster) or Cluster(cluster, question.cluster)
        clusters[cluster] = replace(known, nodes={**known.nodes, key: (question.host, "Up")})
    after = replace(observation, hosts=dict(sorted({**observation.hosts, key: host}.items())), clusters=clusters)
    changes = list(_exposed(situation, host, interval)) if interval else []
    return _Answer(
        after,
        changes,
        "Lease the host a block before its first VM starts: add it to macpool_plan.host_ranges.hosts, then run"
        " ansible-playbook macpool.hyperv.apply.",
        [],
    )


def _leave(situation: Situation, host: Host, fails: bool) -> _Answer:
    observation = situation.observation
    candidates = _candidates(observation, host)
    leaving = [vm for vm in observation.vms if vm.host is host and vm.clustered] if candidates else []
    staying = [vm for vm in observation.vms if vm.host is host and (not vm.clustered or not candidates)]
    placed = {id(vm): target for vm, target in _spread(observation, leaving, candidates)}
    changes: list[dict[str, Any]] = []
    copies: dict[int, Vm] = {}
    renewing: set[str] = set()
    for vm in leaving:
        restarts = fails and vm.running
        copy = placed_on(vm, placed[id(vm)])
        copies[id(vm)] = copy
        for before, after in zip(vm.adapters, copy.adapters, strict=True):
            if not before.address:
                continue
            outside = [node for node in candidates if node.range and not _inside(before.address, node.range)]
            was_safe = host.range is None or _inside(before.address, host.range)
            if before.dynamic and outside and (restarts or was_safe):
                when = "when it starts after the failure" if restarts else "next start"
                names = [node.name for node in outside]
                words = f"{sentence(before.words)} has {mac(before.address)}, outside the range of"
                changes.append(_change("new_address", before, when, names, f"{words} {host_list(names)}."))
            if restarts and before.dynamic and copy.host.range and not _inside(before.address, copy.host.range):
                after.text, after.value, after.renewed = None, None, True
                renewing.add(copy.host.key)
            elif _inside(before.address, host.range):
                why = "would treat the address as free after the VM has left"
                changes.append(_may_collide(before, host, "is", why))
    for key in sorted(renewing):
        changes += _exposed(situation, observation.hosts[key], observation.hosts[key].range or Interval(1, 0))
    if fails:
        for vm in staying:
            copies[id(vm)] = _switched_off(vm)
    result = _with_vms(observation, copies)
    if fails:
        result = _down(result, host)
    return _Answer(result, changes, _advice(changes, staying, host), _assumptions(leaving, staying, host))


def _candidates(observation: Observation, host: Host) -> list[Host]:
    """Return the observed nodes that could take the VMs of a host."""
    cluster = observation.clusters.get(host.cluster or "")
    if cluster is None:
        return []
    return [
        observation.hosts[key]
        for key, (_name, state) in sorted(cluster.nodes.items())
        if key != host.key and key in observation.hosts and state.casefold() == "up"
    ]


def _spread(observation: Observation, vms: Iterable[Vm], candidates: list[Host]) -> Iterator[tuple[Vm, Host]]:
    """Place each VM on the node with the fewest VMs."""
    count = {node.key: 0 for node in candidates}
    for vm in observation.vms:
        if vm.host.key in count:
            count[vm.host.key] += 1
    heap = [(number, key) for key, number in count.items()]
    heapq.heapify(heap)
    for vm in vms:
        number, key = heapq.heappop(heap)
        heapq.heappush(heap, (number + 1, key))
        yield vm, observation.hosts[key]


def _switched_off(vm: Vm) -> Vm:
    copy = placed_on(vm, vm.host)
    copy.state = OFF
    for adapter in copy.adapters:
        adapter.running = False
    return copy


def _down(observation: Observation, host: Host) -> Observation:
    """Return the observation after a host has failed and cannot be read any more; its range stays in its registry."""
    clusters = dict(observation.clusters)
    if host.cluster in clusters:
        cluster = clusters[host.cluster]
        clusters[host.cluster] = replace(cluster, nodes={**cluster.nodes, host.key: (host.name, "Down")}, owners={})
        return replace(observation, clusters=clusters)
    documents = (replace(item, warnings=(*item.warnings, "the host has failed")) for item in host.documents)
    return _rehost(observation, replace(host, documents=tuple(documents)))


def _rehost(observation: Observation, host: Host) -> Observation:
    """Return the observation with another version of one host."""
    copies = {id(vm): placed_on(vm, host) for vm in observation.sightings if vm.host.key == host.key}
    carriers = tuple(
        replace(carrier, host=host) if carrier.host.key == host.key else carrier
        for carrier in observation.host_carriers
    )
    hosts = {**observation.hosts, host.key: host}
    return replace(_with_vms(observation, copies), hosts=hosts, host_carriers=carriers)


def _with_vms(observation: Observation, copies: Mapping[int, Vm]) -> Observation:
    """Return the observation with other versions of VMs, by the identity of the objects that they replace."""
    return replace(
        observation,
        vms=tuple(copies.get(id(vm), vm) for vm in observation.vms),
        sightings=tuple(copies.get(id(vm), vm) for vm in observation.sightings),
    )


def _vms(vms: list[Vm]) -> str:
    return "1 VM" if len(vms) == 1 else f"{len(vms)} VMs"


def _advice(changes: list[dict[str, Any]], staying: list[Vm], host: Host) -> str:
    sentences = []
    if changes:
        sentences.append(
            "First pin the adapters that would get a new address or could collide (role macpool.hyperv.mac_adapters with pin)."
        )
    if staying:
        sentences.append(f"{_vms(staying)} cannot leave {plain(host.name)}: not clustered, or no other node is up.")
    return " ".join(sentences) or "No preparation is needed."


def _assumptions(leaving: list[Vm], staying: list[Vm], host: Host) -> list[str]:
    assumed = []
    if leaving:
        assumed.append(
            f"The clustered VMs of {plain(host.name)} ({len(leaving)}) move to the nodes with the fewest VMs. The changes list"
            " every node on which an address would change."
        )
    if staying:
        assumed.append(f"{_vms(staying)} {'stays' if len(staying) == 1 else 'stay'} on {plain(host.name)}.")
    return assumed
