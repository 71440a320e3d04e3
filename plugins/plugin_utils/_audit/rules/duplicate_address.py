# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule duplicate-address."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from ..._observation.model import Carrier
from ..._text import listed, mac, plain, quoted
from ..l2 import Domains, Place
from ..registry import SEVERITIES, Finding, rule
from ..situation import Situation, distinct

SAME_DOMAIN = ("medium", "high", "critical")
OTHER_DOMAIN = ("info", "low", "low")
"""Severity by how many of the two are running: none, one, both."""

# Set-VMNetworkAdapter cannot change it for the management OS; only Add-VMNetworkAdapter can set it (fact 27).
HOST_ADAPTERS = (
    "The address of a host's own adapter cannot be changed after the adapter was created. Drain the host, then remove all"
    " of these adapters except one and add them again (Remove-VMNetworkAdapter -ManagementOS, then Add-VMNetworkAdapter"
    " -ManagementOS with -StaticMacAddress, or with a dynamic address after the host has its own range). If VMs use the"
    " address too, give them one from a pool (macpool.hyperv.vm_network_adapter). If all are meant to share the address,"
    " declare it with a waiver in macpool_plan.waivers."
)


class _Verdict(NamedTuple):
    rank: int
    """Index into SEVERITIES; lower is worse."""
    reach: bool
    """Whether the two share a broadcast domain."""


@rule(
    id="duplicate-address",
    severity="critical",
    title="Several adapters use one address",
    explanation="""Two or more adapters use the same address. If they can reach each other, switches send frames
    sometimes to one and sometimes to the other, and both lose traffic. On one host Hyper-V cuts one of them off
    (event 28). Hyper-V does not check for duplicates when an address is set, and dynamic addresses are unique on one
    host only (facts 14, 41). The severity depends on whether the adapters share a broadcast domain and whether their
    VMs run. Saved and paused VMs count as running, and a place that is not declared in l2_domains counts as shared. A
    VM's own checkpoints, and a VM that was seen twice while it moved, are not duplicates. A replica beside its
    primary, and a physical card beside the adapter that inherited its address, are low at most. An address that only
    another VM's checkpoint would bring back is medium at most. Internal and private switches end at their host: the
    same address on such switches of two hosts is not a duplicate.""",
    remedy="""Give all of them except one a new address while they are off: macpool.hyperv.vm_network_adapter with
    pool (the ledger never promises one address to two owners). If they are meant to share the address, declare it
    with a waiver in macpool_plan.waivers.""",
)
def duplicate_address(situation: Situation) -> Iterator[Finding]:
    """Yield one finding for each address, with all its carriers."""
    for address in situation.carried:
        carriers = _that_can_meet(situation, situation.carriers[address])
        if len(carriers) < 2:
            continue
        verdict = _worst(situation, carriers)
        if verdict is None:
            continue
        shown = sorted(distinct(carriers), key=_by_name)
        reach = (
            "share a broadcast domain, as far as is known" if verdict.reach else "are in different broadcast domains"
        )
        yield Finding(
            f"{mac(address)} is used by {listed([_in_full(carrier) for carrier in shown])}; they {reach}.",
            addresses=(address,),
            hosts=[carrier.host.name for carrier in shown],
            carriers=shown,
            severity=SEVERITIES[verdict.rank],
            remedy=HOST_ADAPTERS if sum(carrier.kind == "host" for carrier in shown) > 1 else None,
        )


def _that_can_meet(situation: Situation, carriers: Sequence[Carrier]) -> Sequence[Carrier]:
    """Leave out what is alone on an internal or private switch: no frame on it reaches another host."""
    if len(carriers) < 2:
        return carriers
    places = Counter(situation.domains.place(carrier) for carrier in carriers)
    if not any(place.local for place in places):
        return carriers
    alone = {
        place
        for place, count in places.items()
        if count == 1 and not any(other is not place and Domains.can_meet(place, other) for other in places)
    }
    return [carrier for carrier in carriers if situation.domains.place(carrier) not in alone]


def _in_full(carrier: Carrier) -> str:
    """Return a carrier with what decides the severity: its power state and where it is attached."""
    details = []
    if carrier.vm is not None and carrier.checkpoint is None:
        details.append(plain(carrier.vm.state or "state unknown").lower())
    elif carrier.kind == "physical" and not carrier.running:
        details.append("not up")
    if carrier.switch:
        details.append(f"switch {quoted(carrier.switch)}")
    access = carrier.vlan.get("access")
    if isinstance(access, int) and access:
        details.append(f"VLAN {access}")
    return carrier.words + (f" ({', '.join(details)})" if details else "")


def _by_name(carrier: Carrier) -> tuple[bool, str, str, str]:
    name = carrier.vm.name if carrier.vm else carrier.name
    return carrier.checkpoint is not None, carrier.host.key, name.casefold(), name


def _party(carrier: Carrier) -> Hashable:
    """Return what carriers of one owner share; they need a closer look than those of two owners."""
    if carrier.vm is None:
        return ("host", carrier.host.key)
    return ("vm", carrier.vm.id) if carrier.vm.id else ("vm", id(carrier.vm))


def _worst(situation: Situation, carriers: Sequence[Carrier]) -> _Verdict | None:
    """Return the worst verdict over all pairs; of all pairs with the same properties only one is judged."""
    parties: dict[Hashable, list[Carrier]] = defaultdict(list)
    for carrier in carriers:
        parties[_party(carrier)].append(carrier)
    verdicts: list[_Verdict] = []
    places = {id(carrier): situation.domains.place(carrier) for carrier in carriers}
    for members in parties.values():
        if len(members) > 1:
            verdicts += _within_party(situation, members, places)
    if len(parties) > 1:
        # Two owners with each set of properties are enough to find a pair of different owners for every two sets.
        shapes: dict[Hashable, dict[Hashable, Carrier]] = defaultdict(dict)
        for party, members in parties.items():
            for carrier in members:
                owners = shapes[places[id(carrier)], carrier.running, carrier.checkpoint is not None]
                if len(owners) < 2:
                    owners.setdefault(party, carrier)
        kept = [(party, carrier) for owners in shapes.values() for party, carrier in owners.items()]
        for (party, first), (other, second) in combinations(kept, 2):
            if party != other and Domains.can_meet(places[id(first)], places[id(second)]):
                verdicts.append(_judge(situation, first, second, places))
                if verdicts[-1].rank == 0:
                    return verdicts[-1]
    return min(verdicts, key=lambda verdict: (verdict.rank, not verdict.reach), default=None)


def _within_party(situation: Situation, members: Sequence[Carrier], places: dict[int, Place]) -> Iterator[_Verdict]:
    """Judge the carriers of one VM or of one host among themselves."""
    low = SEVERITIES.index("low")
    kept: dict[Hashable, list[Carrier]] = defaultdict(list)
    for carrier in members:
        shape = kept[carrier.kind, carrier.host.key, places[id(carrier)], carrier.running]
        if len(shape) < 2:
            shape.append(carrier)
    for first, second in combinations([carrier for shape in kept.values() for carrier in shape], 2):
        kinds = {first.kind, second.kind}
        if "checkpoint" in kinds:
            continue  # A VM's own checkpoint, or its replica's: applying it brings back the same VM.
        if not Domains.can_meet(places[id(first)], places[id(second)]):
            continue
        verdict = _judge(situation, first, second, places)
        if "physical" in kinds or ("replica" in kinds and first.vm is not second.vm):
            # An inherited address or the address of a team (fact 111), or a replica beside its primary.
            yield verdict._replace(rank=max(verdict.rank, low))
        elif first.vm is None or first.vm is second.vm:
            yield verdict  # Two adapters of one VM or of one host. On two hosts it is one VM seen twice.


def _judge(situation: Situation, first: Carrier, second: Carrier, places: dict[int, Place]) -> _Verdict:
    reach = situation.domains.same(places[id(first)], places[id(second)])
    running = int(first.running) + int(second.running)
    rank = SEVERITIES.index((SAME_DOMAIN if reach else OTHER_DOMAIN)[running])
    if first.checkpoint or second.checkpoint:
        mildest = "low" if first.checkpoint and second.checkpoint else "medium"
        rank = max(rank, SEVERITIES.index(mildest))
    return _Verdict(rank, reach)
