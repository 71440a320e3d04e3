# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a claim, and how long they last. Pure."""

from __future__ import annotations

from .claim import Claim, State


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
