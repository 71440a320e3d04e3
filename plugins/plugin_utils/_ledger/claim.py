# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A claim: an address and to whom it is promised, and its states. Pure: all of the model that a lookup of an address needs.

No dataclasses: every forked worker of ansible-core makes the classes again, and these take seven times as long to make.
``_replace`` gives a changed copy of a claim.

Times are whole milliseconds since 1970 in UTC by the database's own clock. Addresses are ints.
"""

from typing import Literal, NamedTuple

from .._names import name_key

State = Literal["reserved", "applied", "releasing", "quarantined", "held", "gone"]
LIVE: tuple[State, ...] = ("reserved", "applied")
"""States in which the address is promised to its owner, who has at most one such claim."""


class Identity:
    """The ids of a VM's adapter. The cluster is information: a VM keeps its ids when it moves to another one."""

    __slots__ = ("adapter_id", "cluster", "vm_id")

    def __init__(self, vm_id: str, adapter_id: str, cluster: str = "") -> None:
        self.vm_id = vm_id.lower()
        self.adapter_id = adapter_id.lower()
        self.cluster = cluster

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and (self.vm_id, self.adapter_id) == (other.vm_id, other.adapter_id)

    def __hash__(self) -> int:
        return hash((self.vm_id, self.adapter_id))

    def __repr__(self) -> str:
        return f"Identity({self.vm_id!r}, {self.adapter_id!r}, {self.cluster!r})"


class Push(NamedTuple):
    """An address on its way to an adapter: until it is confirmed or seen, it is unknown whether it arrived."""

    host: str
    vm_id: str
    adapter_id: str


class Fence(NamedTuple):
    """A claim as a job last saw it. If anything is different by now, the job's claim is stale."""

    address: int
    owner: str
    generation: int


class Claim(NamedTuple):
    """An address and to whom it is promised.

    ``generation`` counts what a waiting job must know of; evidence that the owner carries the address does not count.
    ``pushing`` is set while it is unknown whether the address reached the adapter.
    """

    address: int
    owner: str
    pool: str
    state: State
    generation: int
    since: int
    until: int | None = None
    job: str = ""
    evidence: str = ""
    note: str = ""
    identity: Identity | None = None
    aliases: tuple[str, ...] = ()
    pushing: Push | None = None

    @property
    def label(self) -> str:
        """The owner as a reader knows it; its ids where it never had a name."""
        return self.owner or (f"{self.identity.vm_id}/{self.identity.adapter_id}" if self.identity else "")

    @property
    def names(self) -> frozenset[str]:
        """The keys of all names that the owner has had with this claim."""
        return frozenset(map(name_key, filter(None, (self.owner, *self.aliases))))

    @property
    def live(self) -> bool:
        """Whether the address is promised to its owner now."""
        return self.state in LIVE

    @property
    def unsure(self) -> bool:
        """Whether the address was being pushed and it is unknown whether it arrived."""
        return self.pushing is not None

    @property
    def fence(self) -> Fence:
        """The claim as it is now, to be shown again when it is renewed or confirmed."""
        return Fence(self.address, self.owner, self.generation)


def is_suspect(claim: Claim, now: int) -> bool:
    """Tell whether a reservation ran out. It is unknown whether the address is used, so it is not free."""
    return claim.state == "reserved" and claim.until is not None and now >= claim.until


def later(now: int, seconds: int | None) -> int | None:
    """Return the time so many seconds later; None for ever."""
    return None if seconds is None else now + seconds * 1000


def is_reusable(claim: Claim, now: int, *, seen: bool) -> bool:
    """Tell whether a quarantine is over and its address may be handed out: it was proven absent before it began."""
    return claim.state == "quarantined" and claim.until is not None and now >= claim.until and not seen


def quarantine(claim: Claim, now: int, reuse_after: int | None) -> Claim:
    """Return the claim in quarantine: kept from others until ``reuse_after`` seconds have passed, None for ever."""
    return moved(claim, "quarantined", now, later(now, reuse_after))


def gone(claim: Claim, now: int) -> Claim:
    """Return the claim as the history keeps it once the address is free."""
    return moved(claim, "gone", now, None)


def moved(claim: Claim, state: State, now: int, until: int | None) -> Claim:
    """Return the claim in another state, one generation later."""
    return claim._replace(state=state, generation=claim.generation + 1, since=now, until=until, pushing=None)
