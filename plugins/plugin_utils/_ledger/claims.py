# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a claim: its states, what pictures of hosts prove, and who may still write it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ...module_utils._errors import MacPoolError
from ...module_utils._formats import format_mac
from .._names import name_key
from .._text import quoted
from .claim import Claim, Fence, Identity, State
from .errors import StaleClaim
from .model import Sighting, describe
from .owners import carrier, is_own


def is_suspect(claim: Claim, now: int) -> bool:
    """Tell whether a reservation ran out. It is unknown whether the address is used, so it is not free."""
    return claim.state == "reserved" and claim.until is not None and now >= claim.until


def later(now: int, seconds: int | None) -> int | None:
    """Return the time so many seconds later; None for ever."""
    return None if seconds is None else now + seconds * 1000


def settle(claim: Claim, sightings: Sequence[Sighting], proof: int | None, now: int, reuse_after: int | None) -> Claim:
    """Return the claim as the newest pictures leave it; the same object when they change nothing.

    :param sightings: who was seen with the address
    :param proof: since when complete pictures of all required hosts show who is absent; None when some are incomplete
    :param reuse_after: seconds in quarantine, None for ever
    """
    if claim.state in ("reserved", "applied"):
        seen, identity = evidence(claim, sightings)
        if seen is not None and (claim.state == "reserved" or claim.unsure or identity):
            return claim._replace(
                state="applied",
                since=now if claim.state == "reserved" else claim.since,
                until=None,
                evidence=f"seen on {carrier(seen)}",
                identity=claim.identity or identity,
                pushing=None,
            )
    if sightings:
        return claim
    if claim.state == "quarantined":
        # An observation frees only what it proves: a host left out may have been given the address meanwhile.
        is_over = claim.until is not None and now >= claim.until and proof is not None and proof >= claim.until
        return gone(claim, now) if is_over else claim
    if claim.state == "releasing":
        suspect_since = claim.since
    elif is_suspect(claim, now) and claim.until is not None:
        suspect_since = claim.until
    else:
        return claim
    if proof is None or proof <= suspect_since:
        return claim
    return quarantine(claim, now, reuse_after)


def is_reusable(claim: Claim, now: int, *, seen: bool) -> bool:
    """Tell whether a quarantine is over and its address may be handed out: it was proven absent before it began."""
    return claim.state == "quarantined" and claim.until is not None and now >= claim.until and not seen


def evidence(claim: Claim, sightings: Sequence[Sighting]) -> tuple[Sighting | None, Identity | None]:
    """Return a sighting that proves that the owner carries the address, and the ids to learn from it, if any.

    Two adapters of one name are two adapters: while the ids are unknown, they prove nothing.
    """
    own = [item for item in sightings if item.kind == "vm" and is_own(item, claim.owner, claim.identity, claim.aliases)]
    if not own:
        return None, None
    if claim.identity:
        return own[0], None
    identities = {Identity(item.vm_id, item.adapter_id) for item in own}
    if len(identities) > 1:
        return None, None
    identity = identities.pop()
    return own[0], identity if identity.vm_id and identity.adapter_id else None


def quarantine(claim: Claim, now: int, reuse_after: int | None) -> Claim:
    """Return the claim in quarantine: kept from others until ``reuse_after`` seconds have passed, None for ever."""
    return moved(claim, "quarantined", now, later(now, reuse_after))


def gone(claim: Claim, now: int) -> Claim:
    """Return the claim as the history keeps it once the address is free."""
    return moved(claim, "gone", now, None)


def moved(claim: Claim, state: State, now: int, until: int | None) -> Claim:
    """Return the claim in another state, one generation later."""
    return claim._replace(state=state, generation=claim.generation + 1, since=now, until=until, pushing=None)


def check_fence(claim: Claim | None, fence: Fence) -> Claim:
    """Return the claim if it is as the job last saw it.

    :raises StaleClaim: when it has moved on
    """
    whose = name_key(fence.owner)
    if (
        claim is not None
        and claim.generation == fence.generation
        and claim.live
        and whose in (name_key(claim.owner), *map(name_key, claim.aliases))
    ):
        return claim
    raise stale(claim, fence)


def stale(claim: Claim | None, fence: Fence) -> MacPoolError:
    """Return the error for a claim that has moved on."""
    found = f"{describe(claim)}, generation {claim.generation}" if claim else "no claim on it any more"
    return StaleClaim(
        f"{format_mac(fence.address, 'dash')} of owner {quoted(fence.owner)}",
        f"generation {fence.generation} of the claim, as this job last saw it",
        found,
        "Another job works on it. This job wrote nothing to the ledger: run its task again.",
    )
