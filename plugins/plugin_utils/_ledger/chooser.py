# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding an address for an owner inside a transaction: the pool's land, what is taken, what may not be given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import Interval, IntervalSet, format_mac, is_multicast
from .._names import name_key
from .._plan.model import ADOPTED, HOST_POOL_PREFIX, Plan, Pool, host_pool
from .._text import quoted
from .allocator import Runs, candidate, choose
from .claims import is_reusable
from .errors import NoLease, NotInPool, OwnerConflict, PoolFull
from .model import Claim, Identity, Lease, Request, Sighting, describe
from .owners import carrier, is_own

if TYPE_CHECKING:
    from .backend import Session

WINDOW = 32
"""Addresses read at the first try; each further one reads four times as many."""
PATIENCE = 6
"""Tries in one pool before all that is taken in it is read at once."""


class Occupancy:
    """What is taken of a pool's land: asked address by address, until it is worth reading all of it."""

    def __init__(self, session: Session, land: IntervalSet) -> None:
        self._session = session
        self._land = land
        self._runs: Runs | None = None
        self._met = 0

    def run_end(self, address: int) -> int | None:
        """Return the last address of the taken run that ``address`` is in, as far as it is known."""
        if self._runs is not None:
            return self._runs.run_end(address)
        if not self._session.taken(address, address, 1):
            return None
        window = WINDOW << 2 * self._met
        self._met += 1
        if self._met > PATIENCE:
            self._runs = Runs(found for start, end in self._land for found in self._session.taken(start, end, -1))
            return self._runs.run_end(address)
        taken = self._session.taken(address, address + window - 1, window)
        end = address
        while end - address + 1 < len(taken) and taken[end - address + 1] == end + 1:
            end += 1
        return end

    def take(self, address: int) -> None:
        """Note that an address was handed out."""
        if self._runs is not None:
            self._runs.add(address)

    def free(self, address: int) -> None:
        """Note that an address is free again."""
        if self._runs is not None:
            self._runs.discard(address)


class Chooser:
    """Chooses addresses in one transaction."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self._session = session
        self._plan = plan
        self._pools: dict[str, tuple[Pool, IntervalSet, Occupancy]] = {}

    def pool_of(self, request: Request) -> str:
        """Return the name of the pool that a request means.

        :raises MacPoolError: when there is no such pool, or none was named and there are several
        """
        if request.pool:
            if not request.pool.startswith(HOST_POOL_PREFIX):
                self._plan.pool(request.pool)
            return request.pool
        if request.address is not None:
            for pool in self._plan.pools.values():
                if request.address in pool.ranges:
                    return pool.name
            for lease in self._session.leases_between(request.address, request.address):
                if request.address > lease.dynamic_end and lease.state == "active" and not request.adopt:
                    return f"{HOST_POOL_PREFIX}{lease.host}"
        if request.adopt:
            return ADOPTED
        if len(self._plan.pools) == 1:
            return next(iter(self._plan.pools))
        if request.address is not None:
            raise NotInPool(
                f"{format_mac(request.address, 'dash')} for owner {quoted(request.owner)}",
                "an address that a pool hands out",
                self._whose(request.address),
                "Give an address of one of the pools, or the name of a pool, to have one chosen.",
            )
        raise MacPoolError(
            f"owner {quoted(request.owner)}",
            "the name of a pool, because the plan has more than one",
            "none",
            f"Name one of: {', '.join(sorted(self._plan.pools)) or 'no pool in the plan'}.",
        )

    def is_of(self, pool_name: str, claim: Claim) -> bool:
        """Tell whether a claim is one of that pool, by name or, after a pool was renamed, by its address.

        :raises MacPoolError: when there is no such pool
        """
        if claim.pool.casefold() == pool_name.casefold():
            return True
        if pool_name.startswith(HOST_POOL_PREFIX):
            return False
        return claim.address in self._plan.pool(pool_name).ranges

    def fits(self, pool_name: str, address: int) -> bool:
        """Tell whether a pool hands out an address at all."""
        return address in self._open(pool_name)[1]

    def find(self, pool_name: str, owner: str, identity: Identity | None) -> int:
        """Return a free address of a pool for an owner.

        :raises PoolFull: when there is none
        """
        pool, land, occupancy = self._open(pool_name)
        if land:
            draw = f"{self._session.ledger_id}:{self._session.sequence}"
            rank = candidate(pool.strategy, land.size, self._plan.scope, pool.name, name_key(owner), draw)
            address = choose(land, occupancy, rank)
            if address is not None:
                return address
            address = self._carried_by_itself(land, owner, identity)
            if address is not None:
                return address
        raise self._full(pool, land)

    def expired(self, pool_name: str) -> list[Claim]:
        """Return the claims in a pool whose quarantine is over and whose address nobody carries."""
        return [
            claim
            for start, end in self._open(pool_name)[1]
            for claim in self._session.claims_between(start, end)
            if self.is_over(claim)
        ]

    def is_over(self, claim: Claim) -> bool:
        """Tell whether a quarantine is over and nobody carries the address: it was proven absent before it began."""
        return is_reusable(claim, self._session.now, seen=bool(self._session.sightings_at(claim.address)))

    def check_given(self, pool_name: str, request: Request, owner: str, address: int) -> None:
        """Refuse an address that somebody named, unless it can be promised to the owner.

        :raises NotInPool: when the pool does not hand it out
        :raises OwnerConflict: when it is promised to, or carried by, somebody else
        """
        subject = f"{format_mac(address, 'dash')} for owner {quoted(owner)}"
        if request.adopt:
            if is_multicast(address) or address == 0:
                raise NotInPool(subject, "a unicast address", format_mac(address, "dash"), "Give an address to adopt.")
        elif not self.fits(pool_name, address):
            raise NotInPool(
                subject,
                f'an address that pool "{pool_name}" hands out',
                self._why_not(pool_name, address),
                "Give an address of the pool's ranges that is not excluded, or none, to have one chosen.",
            )
        if claim := self._session.claim_at(address):
            raise OwnerConflict(
                subject,
                "an address that is promised to nobody else",
                describe(claim),
                "Give another address, or none, to have one chosen."
                if claim.state != "held"
                else "Give another address, or unhold it first.",
            )
        carriers = self._carriers(address)
        others = [
            sighting
            for sighting in carriers
            if not is_own(sighting, owner, request.identity, (request.owner,) if request.owner else ())
        ]
        own = len(carriers) > len(others)
        # Of two that carry one address, one may keep it: a rebuilt ledger covers every address that is carried.
        if others and not (request.adopt and own):
            raise OwnerConflict(
                subject,
                "an address that nobody else carries",
                f"it was last seen on {', '.join(carrier(item) for item in others[:3])}",
                "Give another address, or observe again if that carrier is gone.",
            )

    def carried_by_others(self, address: int, owner: str, identity: Identity | None) -> bool:
        """Tell whether somebody else was last seen with an address."""
        return any(not is_own(item, owner, identity) for item in self._carriers(address))

    def _carriers(self, address: int) -> list[Sighting]:
        """Return the adapters that were last seen with an address.

        An interface of a Network Controller is left out: it stands for an adapter, and may well be the owner's own.
        """
        return [item for item in self._session.sightings_at(address) if item.kind != "interface"]

    def take(self, pool_name: str, address: int) -> None:
        """Note that an address was handed out."""
        if pool_name in self._pools:
            self._pools[pool_name][2].take(address)

    def free(self, pool_name: str, address: int) -> None:
        """Note that an address is free again."""
        if pool_name in self._pools:
            self._pools[pool_name][2].free(address)

    def _open(self, name: str) -> tuple[Pool, IntervalSet, Occupancy]:
        if name not in self._pools:
            if name.startswith(HOST_POOL_PREFIX):
                pool = self._host_pool(name)
                land = pool.land
            elif name == ADOPTED:
                pool = Pool(ADOPTED, IntervalSet())
                land = pool.land
            else:
                pool = self._plan.pool(name)
                land = pool.land - IntervalSet((lease.start, lease.end) for lease in self._leases_in(pool.land))
            self._pools[name] = (pool, land, Occupancy(self._session, land))
        return self._pools[name]

    def _leases_in(self, land: IntervalSet) -> Iterable[Lease]:
        if not land:
            return []
        return self._session.leases_between(land.kth(0), land.kth(land.size - 1))

    def _host_pool(self, name: str) -> Pool:
        from .leases import active_lease

        host = name.removeprefix(HOST_POOL_PREFIX)
        lease = active_lease(self._session.leases(), host)
        if lease is None:
            raise NoLease(
                f'pool "{name}"', f"a lease of host {quoted(host)}", "none", "Lease it a block first: host_range_lease."
            )
        if lease.dynamic_end == lease.end:
            raise NoLease(
                f'pool "{name}"',
                f"a static part in the block of host {quoted(host)}",
                f"{Interval(lease.start, lease.end)}, all of it dynamic",
                "Set static_per_host in the plan; it counts for blocks leased from then on.",
            )
        return host_pool(lease.host, Interval(lease.dynamic_end + 1, lease.end))

    def _carried_by_itself(self, land: IntervalSet, owner: str, identity: Identity | None) -> int | None:
        """Return an address of the land that only the owner itself was seen with: the last resort in a full pool."""
        if identity is None:
            return None
        for sighting in self._session.sightings_of_vm(identity.vm_id):
            address = sighting.address
            if (
                address in land
                and is_own(sighting, owner, identity)
                and self._session.claim_at(address) is None
                and not self.carried_by_others(address, owner, identity)
            ):
                return address
        return None

    def _why_not(self, pool_name: str, address: int) -> str:
        for exclusion in self._open(pool_name)[0].exclude:
            if exclusion.interval.start <= address <= exclusion.interval.end:
                reason = f" ({exclusion.reason})" if exclusion.reason else ""
                return f"it is excluded there{reason}"
        return self._whose(address)

    def _whose(self, address: int) -> str:
        for lease in self._session.leases_between(address, address):
            return f"it lies in the block leased to host {quoted(lease.host)} ({Interval(lease.start, lease.end)})"
        kind = self._plan.kind_at(address)
        return f"it belongs to {kind}" if kind else "it lies outside of everything in the plan"

    def _full(self, pool: Pool, land: IntervalSet) -> PoolFull:
        counts: dict[str, int] = {}
        carried = 0
        for start, end in land:
            for state, count in self._session.count_claims(start, end).items():
                counts[state] = counts.get(state, 0) + count
            carried += self._session.count_carried(start, end)
        parts = [f"{count} {state}" for state, count in sorted(counts.items())]
        if carried:
            parts.append(f"{carried} carried by somebody without a claim")
        if pool.ranges.size > land.size:
            parts.append(f"{pool.ranges.size - land.size} more excluded or leased to hosts")
        return PoolFull(
            f'pool "{pool.name}"',
            "a free address",
            f"none among {land.size} ({', '.join(parts)})",
            "Give the pool another range, release what is no longer used, or observe all hosts so that what was "
            "released can be reused.",
        )
