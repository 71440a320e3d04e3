# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything a rule may look at, with the look-ups that keep a rule linear. Pure."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from ...module_utils._mac import Interval, IntervalSet, overlaps
from .._ledger.model import LIVE, Claim, Lease
from .._names import adapter_name, name_key
from .._observation.completeness import Problem, find_problems
from .._observation.model import Adapter, Carrier, Host, Observation
from .._plan.model import Plan
from .._text import plain
from .l2 import Domains, interface_vsids
from .sdn import Sdn

LIVE_STATES = frozenset({*LIVE, "releasing"})
"""States of a claim whose owner may use the address."""


class Situation:
    """Observation, plan and ledger at one moment."""

    def __init__(
        self,
        observation: Observation,
        plan: Plan | None,
        claims: Iterable[Claim] | None,
        leases: Iterable[Lease],
        now: dt.datetime,
        expected_hosts: Iterable[Mapping[str, Any]] = (),
        last_seen: Iterable[int] = (),
    ) -> None:
        self.observation = observation
        self.plan = plan
        self.has_ledger = claims is not None
        self.now = now
        self.expected_hosts = tuple(expected_hosts)
        kept = [claim for claim in claims or () if claim.state != "gone"]
        self.claims = tuple(sorted(kept, key=lambda claim: (claim.address, claim.owner)))
        self.leases = tuple(sorted(leases, key=lambda lease: (lease.block, lease.host)))
        self.last_seen = frozenset(last_seen)
        """Addresses that the ledger last saw somewhere: it does not hand them out, whatever the documents show."""
        self.domains = Domains(plan.l2_domains if plan else (), interface_vsids(observation))

    def on(self, observation: Observation) -> Situation:
        """Return the same plan and ledger with another observation."""
        claims = self.claims if self.has_ledger else None
        return Situation(observation, self.plan, claims, self.leases, self.now, self.expected_hosts, self.last_seen)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What makes the observation incomplete."""
        active = [lease for lease in self.leases if lease.state == "active"]
        expected = {self.observation.names.key(lease.host): (lease.host, "has a lease") for lease in active}
        if self.plan and self.plan.host_ranges:
            hosts = self.plan.host_ranges.hosts
            expected.update((self.observation.names.key(name), (name, "is a host of the plan")) for name in hosts)
        for row in self.expected_hosts:
            name, reason = str(row["name"]), str(row.get("reason") or "")
            words = f"was expected ({plain(reason, 200)})" if reason else "was expected"
            expected[self.observation.names.key(name)] = (name, words)
        return find_problems(self.observation, self.plan.max_observation_age if self.plan else None, expected)

    @cached_property
    def adapters(self) -> tuple[Adapter, ...]:
        """Every adapter of every VM, replicas included, each VM once."""
        return tuple(adapter for vm in self.observation.vms for adapter in vm.adapters)

    @cached_property
    def carriers(self) -> Mapping[int, list[Carrier]]:
        """Everything that uses an address, checkpoints and further sightings of a moved VM included."""
        found: dict[int, list[Carrier]] = defaultdict(list)
        chosen = {id(vm) for vm in self.observation.vms}
        others = [vm for vm in self.observation.sightings if id(vm) not in chosen]
        carriers: list[Carrier] = []
        for vm in (*self.observation.vms, *others):
            carriers += vm.carriers
        for carrier in (*carriers, *self.observation.host_carriers):
            if carrier.value:
                found[carrier.value].append(carrier)
        return found

    @cached_property
    def carried(self) -> Sequence[int]:
        """All addresses in use, sorted."""
        return sorted(self.carriers)

    def carried_in(self, interval: Interval) -> Sequence[int]:
        """Return the addresses of a range that are in use."""
        return self.carried[bisect_left(self.carried, interval.start) : bisect_right(self.carried, interval.end)]

    def carriers_in(self, interval: Interval) -> list[Carrier]:
        """Return what uses the addresses of a range, in the order of addresses."""
        return [carrier for address in self.carried_in(interval) for carrier in distinct(self.carriers[address])]

    @cached_property
    def ranges(self) -> tuple[tuple[Interval, tuple[Host, ...]], ...]:
        """Each host range with all hosts that have exactly it."""
        grouped: dict[Interval, list[Host]] = defaultdict(list)
        for host in self.observation.hosts.values():
            if host.range:
                grouped[host.range].append(host)
        return tuple((interval, tuple(hosts)) for interval, hosts in sorted(grouped.items()))

    @cached_property
    def stretches(self) -> tuple[tuple[Interval, tuple[Host, ...]], ...]:
        """The addresses of all host ranges, cut wherever a range begins or ends, with the hosts that cover each piece."""
        shared = overlaps(((*interval, hosts) for interval, hosts in self.ranges), least=1)
        return tuple((Interval(start, end), tuple(chain.from_iterable(labels))) for start, end, labels in shared)

    @cached_property
    def _stretch_starts(self) -> list[int]:
        return [interval.start for interval, _hosts in self.stretches]

    def hosts_with(self, address: int) -> tuple[Host, ...]:
        """Return the hosts whose dynamic range contains an address."""
        at = bisect_right(self._stretch_starts, address) - 1
        if at < 0 or address > self.stretches[at][0].end:
            return ()
        return self.stretches[at][1]

    @cached_property
    def promises(self) -> Mapping[int, Claim]:
        """The claim on each address; the ledger has one at most."""
        return {claim.address: claim for claim in self.claims}

    @cached_property
    def leased(self) -> IntervalSet:
        """All blocks of leases, old ones included."""
        return IntervalSet(lease.block for lease in self.leases)

    @cached_property
    def by_ids(self) -> Mapping[tuple[str, str], Adapter]:
        """Each adapter by the ids of its VM and its own."""
        return {
            (adapter.vm.id, adapter.id): adapter
            for adapter in self.adapters
            if adapter.vm.id and not adapter.vm.replica and adapter.id
        }

    @cached_property
    def by_names(self) -> Mapping[str, list[Adapter]]:
        """Adapters by ``VM/adapter``; two VMs may share a name."""
        found: dict[str, list[Adapter]] = defaultdict(list)
        for adapter in self.adapters:
            if not adapter.vm.replica:
                found[name_key(adapter.owner_name)].append(adapter)
        return found

    @cached_property
    def sdn(self) -> Sdn:
        """Interfaces of Network Controllers and the adapters that belong to them."""
        return Sdn(self.observation.controllers, self.adapters)

    @cached_property
    def spoofing(self) -> tuple[Adapter, ...]:
        """Adapters behind which further addresses may be in use that cannot be listed (fact 109)."""
        return tuple(adapter for adapter in self.adapters if adapter.spoofing)

    @cached_property
    def _names_of(self) -> Mapping[int, frozenset[str]]:
        """By address, the keys of all names of the owner of its claim."""
        return {
            claim.address: frozenset(name_key(name) for name in (claim.owner, *claim.aliases) if name)
            for claim in self.claims
        }

    def adapter_of(self, claim: Claim) -> Adapter | None:
        """Return the adapter that a claim is meant for; None if it was not seen or its names are ambiguous."""
        if claim.identity:
            return self.by_ids.get((claim.identity.vm_id, claim.identity.adapter_id))
        names = self._names_of[claim.address]
        found = {id(adapter): adapter for name in names for adapter in self.by_names.get(name, ())}
        return next(iter(found.values())) if len(found) == 1 else None

    def is_promised_to(self, claim: Claim, carrier: Carrier) -> bool:
        """Tell whether a claim can be the promise to this carrier."""
        vm, names = carrier.vm, self._names_of[claim.address]
        if vm is None:
            hosts = (carrier.host.name, carrier.host.key)
            return any(name_key(adapter_name(host, carrier.name)) in names for host in hosts)
        if claim.identity and vm.id:
            return claim.identity.vm_id == vm.id and (not carrier.id or claim.identity.adapter_id == carrier.id)
        if name_key(adapter_name(vm.name, carrier.name)) in names:
            return True
        # An owner such as web01/eth0 was named before the adapter existed: only the VM's name can be compared.
        return any(name.rpartition("/")[0] == name_key(vm.name) for name in names)


def distinct(carriers: Sequence[Carrier]) -> Iterator[Carrier]:
    """Leave out what adds nothing: own checkpoints, and a moved VM's older sighting (it comes after the newest)."""
    if len(carriers) == 1:
        yield carriers[0]
        return
    present = {carrier.vm.id for carrier in carriers if carrier.vm and carrier.vm.id and not carrier.checkpoint}
    first_seen: dict[tuple[Any, ...], Host] = {}
    for carrier in carriers:
        vm = carrier.vm
        if vm is not None and vm.id:
            if carrier.checkpoint is not None and vm.id in present:
                continue
            if first_seen.setdefault((*vm.identity, carrier.kind), vm.host) is not vm.host:
                continue
        yield carrier
