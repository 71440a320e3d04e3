# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pools in one transaction: which one a request means, what it may hand out, what of it is taken, and a free address."""

from __future__ import annotations

from collections import Counter

from ...module_utils._errors import MacPoolError
from ...module_utils._formats import format_mac
from ...module_utils._mac import IntervalSet, is_multicast
from .._names import name_key
from .._plan.model import ADOPTED, HOST_POOL_PREFIX, Plan, Pool
from .._text import quoted
from .allocator import Runs, candidate, choose
from .claim import is_reusable
from .errors import NotInPool, OwnerConflict, PoolFull
from .model import Claim, Identity, Request, Sighting, describe
from .owners import carrier, is_own
from .sqlite.session import Session

WINDOW = 32
"""Addresses read at the first try; each further one reads four times as many."""
PATIENCE = 6
"""Tries in one pool before all that is taken in it is read at once."""


class Occupancy:
    """What is taken of a pool: asked address by address, until it is worth reading all of it."""

    def __init__(self, session: Session, usable: IntervalSet) -> None:
        self._session = session
        self._usable = usable
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
            self._runs = Runs(found for start, end in self._usable for found in self._session.taken(start, end, -1))
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


class Pools:
    """The pools of the plan and of hosts' blocks, in one transaction."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self._session = session
        self._plan = plan
        self._pools: dict[str, tuple[Pool, IntervalSet, Occupancy]] = {}

    def pool_of(self, request: Request) -> str:
        """Return the name of the pool that a request means: the one it names, or the one that its address lies in.

        :raises MacPoolError: when there is no such pool, or none was named and there are several
        """
        if request.pool:
            if not request.pool.startswith(HOST_POOL_PREFIX):
                self._plan.pool(request.pool)
            return request.pool
        pools = self._plan.pools
        if request.address is not None:
            for pool in pools.values():
                if request.address in pool.ranges:
                    return pool.name
            for lease in self._session.leases_between(request.address, request.address):
                if request.address > lease.dynamic_end and lease.state == "active" and not request.adopt:
                    return f"{HOST_POOL_PREFIX}{lease.host}"
        if request.adopt:
            return ADOPTED
        if len(pools) == 1:
            return next(iter(pools))
        if request.address is None:
            wanted = "the name of a pool, because the plan has more than one"
            remedy = f"Name one of: {', '.join(sorted(pools)) or 'no pool in the plan'}."
            raise MacPoolError(f"owner {quoted(request.owner)}", wanted, "none", remedy)
        subject = f"{format_mac(request.address, 'dash')} for owner {quoted(request.owner)}"
        remedy = "Give an address of one of the pools, or the name of a pool, to have one chosen."
        raise NotInPool(subject, "an address that a pool hands out", self._whose(request.address), remedy)

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
        pool, usable, occupancy = self._open(pool_name)
        if usable:
            draw = f"{self._session.ledger_id}:{self._session.sequence}"
            rank = candidate(pool.strategy, usable.size, self._plan.scope, pool.name, name_key(owner), draw)
            address = choose(usable, occupancy, rank)
            if address is None:
                address = self._carried_by_itself(usable, owner, identity)
            if address is not None:
                return address
        raise self._full(pool, usable)

    def expired(self, pool_name: str) -> list[Claim]:
        """Return the claims in a pool whose quarantine is over and whose address no adapter carries."""
        return [
            claim
            for start, end in self._open(pool_name)[1]
            for claim in self._session.claims_between(start, end)
            if self.is_over(claim)
        ]

    def is_over(self, claim: Claim) -> bool:
        """Tell whether a quarantine is over and no adapter carries the address: it was proven absent before it began."""
        return is_reusable(claim, self._session.clock, seen=bool(self._session.sightings_at(claim.address)))

    def check_given(self, pool_name: str, request: Request, owner: str, address: int) -> None:
        """Refuse an address that a request names, unless it can be promised to the owner.

        :raises NotInPool: when the pool does not hand it out
        :raises OwnerConflict: when it is promised to another owner, or carried by another adapter
        """
        pool, usable, _occupancy = self._open(pool_name)
        subject = f"{format_mac(address, 'dash')} for owner {quoted(owner)}"
        if request.adopt:
            if is_multicast(address) or address == 0:
                raise NotInPool(subject, "a unicast address", format_mac(address, "dash"), "Give an address to adopt.")
        elif address not in usable:
            remedy = "Give an address of the pool's ranges that is not excluded, or none, to have one chosen."
            why_not = self._why_not(pool, address)
            raise NotInPool(subject, f'an address that pool "{pool.name}" hands out', why_not, remedy)
        if claim := self._session.claim_at(address):
            other_way = "unhold it first" if claim.state == "held" else "none, to have one chosen"
            remedy = f"Give another address, or {other_way}."
            raise OwnerConflict(subject, "an address that is not promised to another owner", describe(claim), remedy)
        found = self._carriers(address)
        names = (request.owner,) if request.owner else ()
        others = [sighting for sighting in found if not is_own(sighting, owner, request.identity, names)]
        own = len(found) > len(others)
        # Of two that carry one address, one may keep it: a rebuilt ledger covers every address that is carried.
        if others and not (request.adopt and own):
            carriers = f"it was last seen on {', '.join(carrier(item) for item in others[:3])}"
            remedy = "Give another address, or observe again if that carrier is gone."
            raise OwnerConflict(subject, "an address that no other adapter carries", carriers, remedy)

    def carried_by_others(self, address: int, owner: str, identity: Identity | None) -> bool:
        """Tell whether an adapter of another owner was last seen with an address."""
        return any(not is_own(item, owner, identity) for item in self._carriers(address))

    def occupancy(self, pool_name: str) -> Occupancy:
        """Return what is taken of a pool."""
        return self._open(pool_name)[2]

    def _open(self, name: str) -> tuple[Pool, IntervalSet, Occupancy]:
        if name not in self._pools:
            if name.startswith(HOST_POOL_PREFIX):
                from .leases import static_pool

                pool = static_pool(self._session.leases(), name)
                usable = pool.usable
            else:
                pool = Pool(ADOPTED, IntervalSet()) if name == ADOPTED else self._plan.pool(name)
                leases = self._session.leases_between(*pool.usable.extent)
                usable = pool.usable - IntervalSet(lease.block for lease in leases)
            self._pools[name] = (pool, usable, Occupancy(self._session, usable))
        return self._pools[name]

    def _carried_by_itself(self, usable: IntervalSet, owner: str, identity: Identity | None) -> int | None:
        """Return an address that only the owner itself was seen with: the last resort in a full pool."""
        if identity is None:
            return None
        for sighting in self._session.sightings_of_vm(identity.vm_id):
            address = sighting.address
            if (
                address in usable
                and is_own(sighting, owner, identity)
                and self._session.claim_at(address) is None
                and not self.carried_by_others(address, owner, identity)
            ):
                return address
        return None

    def _full(self, pool: Pool, usable: IntervalSet) -> PoolFull:
        """Return the error for a pool without a free address, with what uses it up."""
        counts: Counter[str] = Counter()
        for start, end in usable:
            counts.update(self._session.count_claims(start, end))
        carried = sum(self._session.count_carried(start, end) for start, end in usable)
        parts = [f"{count} {state}" for state, count in sorted(counts.items())]
        if carried:
            parts.append(f"{carried} carried without a claim")
        if pool.ranges.size > usable.size:
            parts.append(f"{pool.ranges.size - usable.size} more excluded or leased to hosts")
        return PoolFull(
            f'pool "{pool.name}"',
            "a free address",
            f"none among {usable.size} ({', '.join(parts)})",
            "Give the pool another range, release what is no longer used, or observe all hosts so that what was "
            "released can be reused.",
        )

    def _carriers(self, address: int) -> list[Sighting]:
        """Return the adapters that were last seen with an address.

        An interface of a Network Controller is left out: it stands for an adapter, and may well be the owner's own.
        """
        return [item for item in self._session.sightings_at(address) if item.kind != "interface"]

    def _why_not(self, pool: Pool, address: int) -> str:
        for exclusion in pool.exclude:
            if exclusion.interval.start <= address <= exclusion.interval.end:
                reason = f" ({exclusion.reason})" if exclusion.reason else ""
                return f"it is excluded there{reason}"
        return self._whose(address)

    def _whose(self, address: int) -> str:
        for lease in self._session.leases_between(address, address):
            return f"it lies in the block leased to host {quoted(lease.host)} ({lease.block})"
        kind = self._plan.kind_at(address)
        return f"it belongs to {kind}" if kind else "it lies outside of everything in the plan"
