# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding an address for an owner inside a transaction: what a pool may hand out, and what of it is taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import IntervalSet
from .._names import name_key
from .._plan.model import ADOPTED, HOST_POOL_PREFIX, Plan, Pool
from .._text import quoted
from .allocator import candidate, choose
from .claim import is_reusable
from .model import Claim, Identity, Lease, Request
from .owners import is_own

if TYPE_CHECKING:
    from .backend import Session
    from .runs import Runs

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
            from .runs import Runs

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
        if request.address is not None or request.adopt:
            from .given import pool_of_given

            return pool_of_given(self._session, self._plan, request)
        if len(self._plan.pools) == 1:
            return next(iter(self._plan.pools))
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
        pool, usable, occupancy = self._open(pool_name)
        if usable:
            draw = f"{self._session.ledger_id}:{self._session.sequence}"
            rank = candidate(pool.strategy, usable.size, self._plan.scope, pool.name, name_key(owner), draw)
            address = choose(usable, occupancy, rank)
            if address is not None:
                return address
            address = self._carried_by_itself(usable, owner, identity)
            if address is not None:
                return address
        from .full import pool_full

        raise pool_full(self._session, pool, usable)

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
        return is_reusable(claim, self._session.now, seen=bool(self._session.sightings_at(claim.address)))

    def check_given(self, pool_name: str, request: Request, owner: str, address: int) -> None:
        """Refuse an address that a request names, unless it can be promised to the owner."""
        from .given import check_given

        pool, usable, _occupancy = self._open(pool_name)
        check_given(self._session, self._plan, pool, usable, request, owner, address)

    def carried_by_others(self, address: int, owner: str, identity: Identity | None) -> bool:
        """Tell whether an adapter of another owner was last seen with an address."""
        from .given import carriers

        return any(not is_own(item, owner, identity) for item in carriers(self._session, address))

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
                from .leases import static_pool

                pool = static_pool(self._session.leases(), name)
                usable = pool.usable
            elif name == ADOPTED:
                pool = Pool(ADOPTED, IntervalSet())
                usable = pool.usable
            else:
                pool = self._plan.pool(name)
                usable = pool.usable - IntervalSet((lease.start, lease.end) for lease in self._leases_in(pool.usable))
            self._pools[name] = (pool, usable, Occupancy(self._session, usable))
        return self._pools[name]

    def _leases_in(self, usable: IntervalSet) -> Iterable[Lease]:
        if not usable:
            return []
        return self._session.leases_between(usable.kth(0), usable.kth(usable.size - 1))

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
