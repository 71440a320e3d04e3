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
from ..._observation.words import carrier_words
from ..._text import listed, mac
from ..l2 import Domains, Place
from ..registry import SEVERITIES, Finding, rule
from ..situation import Situation, distinct

SAME_DOMAIN = ("medium", "high", "critical")
OTHER_DOMAIN = ("info", "low", "low")
"""Severity by how many of the two run: none, one, both."""

# Set- has no way to do it for the management OS, Add- has (fact 27).
HOST_ADAPTERS = (
    "The address of a host's own adapter cannot be changed once it exists: while its host is drained, remove all of these"
    " but one and add them again (Remove-VMNetworkAdapter -ManagementOS, then Add-VMNetworkAdapter -ManagementOS with"
    " -StaticMacAddress, or with a dynamic address after the host has a range of its own). Give VMs that carry it too an"
    " address from a pool (macpool.hyperv.vm_network_adapter). Where the carriers are meant to share the address, declare"
    " it with a waiver in macpool_plan.waivers."
)


class _Verdict(NamedTuple):
    rank: int
    """Index into SEVERITIES; lower is worse."""
    reach: bool
    """Whether the two share a broadcast domain."""


@rule(
    id="duplicate-address",
    severity="critical",
    title="One address, several carriers",
    explanation="""Two or more adapters carry the same address. Where they can reach each other, switches send frames
    now to one and now to the other and both lose traffic; on one host Hyper-V cuts one of them off (event 28). Nothing
    in Hyper-V checks this when an address is set, and dynamic addresses are unique on one host only (facts 14, 41). How
    bad it is follows from whether the carriers share a broadcast domain and whether they run: saved and paused VMs count
    as running, and a place that nobody declared counts as shared. A VM's own checkpoints and a VM seen twice while it
    moved are no duplicates; a replica beside its primary, and a card beside the adapter that inherited its address, are
    low at most; an address that only another VM's checkpoint would bring back is medium at most. Internal and private
    switches end at their host: what shares an address on such switches of two hosts is no duplicate.""",
    remedy="""Give all but one of the carriers a new address while they are off: macpool.hyperv.vm_network_adapter with
    pool (the ledger then keeps it apart for good). Where the carriers are meant to share the address, declare it with
    a waiver in macpool_plan.waivers.""",
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
            f"{mac(address)} is carried by {listed([carrier_words(carrier) for carrier in shown])}; they {reach}.",
            addresses=(address,),
            hosts=[carrier.host.name for carrier in shown],
            vms=[carrier.vm for carrier in shown if carrier.vm],
            carriers=shown,
            severity=SEVERITIES[verdict.rank],
            remedy=HOST_ADAPTERS if sum(carrier.kind == "host" for carrier in shown) > 1 else None,
        )


def _that_can_meet(situation: Situation, carriers: Sequence[Carrier]) -> Sequence[Carrier]:
    """Leave out what is alone on an internal or private switch: nothing on it reaches another host."""
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


def _by_name(carrier: Carrier) -> tuple[bool, str, str, str]:
    name = carrier.vm.name if carrier.vm else carrier.name
    return carrier.checkpoint is not None, carrier.host.key, name.casefold(), name


def _party(carrier: Carrier) -> Hashable:
    """Return what carriers share that need a closer look than "two different owners"."""
    if carrier.vm is None:
        return ("host", carrier.host.key)
    return ("vm", carrier.vm.id) if carrier.vm.id else ("vm", id(carrier.vm))


def _worst(situation: Situation, carriers: Sequence[Carrier]) -> _Verdict | None:
    """Return the worst verdict over all pairs without looking at all pairs: pairs of one shape need one look."""
    parties: dict[Hashable, list[Carrier]] = defaultdict(list)
    for carrier in carriers:
        parties[_party(carrier)].append(carrier)
    verdicts: list[_Verdict] = []
    places = {id(carrier): situation.domains.place(carrier) for carrier in carriers}
    for members in parties.values():
        if len(members) > 1:
            verdicts += _within_party(situation, members, places)
    if len(parties) > 1:
        # Two owners of each shape are enough to find a pair of different owners for every two shapes.
        shapes: dict[Hashable, dict[Hashable, Carrier]] = defaultdict(dict)
        for party, members in parties.items():
            for carrier in members:
                owners = shapes[places[id(carrier)], carrier.running, carrier.checkpoint is not None]
                if len(owners) < 2:
                    owners.setdefault(party, carrier)
        kept = [(party, carrier) for owners in shapes.values() for party, carrier in owners.items()]
        for (party, first), (other, second) in combinations(kept, 2):
            if party != other:
                if not Domains.can_meet(places[id(first)], places[id(second)]):
                    continue
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
            continue  # A VM's own checkpoint, or its replica's: what comes back is the VM itself.
        if not Domains.can_meet(places[id(first)], places[id(second)]):
            continue
        verdict = _judge(situation, first, second, places)
        if "replica" in kinds:
            if first.vm is second.vm:
                yield verdict  # Two adapters of one replica.
            else:
                yield verdict._replace(rank=max(verdict.rank, low))
        elif "physical" in kinds:
            yield verdict._replace(rank=max(verdict.rank, low))  # An inherited or a team's address: fact 111.
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
