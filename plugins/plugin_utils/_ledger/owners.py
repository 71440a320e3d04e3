# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who an owner is: the ids of an adapter come first, then its name; and what tells a clone from a replacement. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .._names import adapter_name, name_key
from .._text import quoted
from .claim import Claim, Identity
from .errors import OwnerConflict, RebindNeeded
from .model import Sighting, describe


class Resolution(NamedTuple):
    """Whose request it is."""

    owner: str
    """The name under which a new or revived claim is kept."""
    live: Claim | None = None
    """The address that the owner has."""
    past: tuple[Claim, ...] = ()
    """Addresses of the owner on their way out, the newest first."""
    bind: bool = False
    """Whether the live claim learns the ids of the request."""
    alias: str = ""
    """A name that the live claim learns."""


class Knowledge(NamedTuple):
    """What the ledger can say about VMs, asked only when a name comes with other ids than before."""

    vm_sightings: Callable[[str], Sequence[Sighting]]
    """What was seen of a VM id."""
    gone_since: Callable[[], int | None]
    """Since when complete observations of all hosts tell who is gone; None when some host's observation is incomplete."""


def own_name(owner: str, identity: Identity) -> str:
    """Return the name of a clone's claim, whose plain name belongs to the original."""
    return f"{owner}@{identity.vm_id}"


def resolve(
    owner: str,
    identity: Identity | None,
    by_identity: Sequence[Claim],
    by_name: Sequence[Claim],
    by_own_name: Sequence[Claim],
    knowledge: Knowledge,
) -> Resolution:
    """Tell whose request it is: by the ids first, then by the name.

    :param owner: the name asked for; empty when only the ids are known
    :param by_identity: claims bound to the ids, the newest first
    :param by_name: claims that have the name as owner or alias, the newest first
    :param by_own_name: claims under the name that a clone would get
    :raises RebindNeeded: when the name is bound to other ids and the user has to say that this is right
    :raises OwnerConflict: when several owners have had the name
    """
    if identity is None:
        return resolve_name(owner, by_name)
    named = _named(owner, by_name) if owner else None
    if live := _first_live(by_identity):
        unused = named is None and owner and name_key(owner) not in live.names
        is_clone = name_key(own_name(owner, identity)) == name_key(live.owner)
        return Resolution(live.owner, live, alias=owner if unused and not is_clone else "")
    name = owner or f"{identity.vm_id}/{identity.adapter_id}"
    if named and named.identity is None:
        return Resolution(named.owner, named, bind=True)
    if named and named.identity:
        _refuse_other_ids(named, named.identity, identity, knowledge)
        name = own_name(owner, identity)
    if other := _first_live(by_own_name):
        if other.identity is None:
            return Resolution(other.owner, other, bind=True)
        _refuse_other_ids(other, other.identity, identity, knowledge)
    past = tuple(by_identity) or tuple(
        claim for claim in by_name if not claim.live and claim.identity is None and not named
    )
    return Resolution(name, past=past)


def resolve_name(owner: str, by_name: Sequence[Claim]) -> Resolution:
    """Tell whose request it is where only the name is known."""
    if live := _named(owner, by_name):
        return Resolution(live.owner, live)
    key = name_key(owner)
    return Resolution(owner, past=tuple(claim for claim in by_name if name_key(claim.owner) == key))


def _first_live(claims: Iterable[Claim]) -> Claim | None:
    return next((claim for claim in claims if claim.live), None)


def _named(owner: str, by_name: Sequence[Claim]) -> Claim | None:
    """Return the live claim that a name means: an owner's own name comes before an alias."""
    live = [claim for claim in by_name if claim.live]
    key = name_key(owner)
    own = [claim for claim in live if name_key(claim.owner) == key]
    if own:
        return own[0]
    if len(live) > 1:
        found = f"a former name of several: {', '.join(quoted(claim.owner) for claim in live)}"
        remedy = "Name one of these owners."
        raise OwnerConflict(f"owner {quoted(owner)}", "a name that means one adapter", found, remedy)
    return live[0] if live else None


def _refuse_other_ids(claim: Claim, bound: Identity, identity: Identity, knowledge: Knowledge) -> None:
    """Raise unless the VM that the name is bound to still exists beside the new one: then that one is a clone.

    A clone and a replacement both come with the name of an owner and other ids.
    """
    promised = f"{describe(claim)}, bound to VM {bound.vm_id}, adapter {bound.adapter_id}"
    sightings = knowledge.vm_sightings(bound.vm_id)
    if bound.vm_id == identity.vm_id:
        wanted = "the adapter that the name is bound to"
        if any(sighting.adapter_id.lower() == bound.adapter_id for sighting in sightings):
            found = f"{promised}, which was last seen beside the new adapter {identity.adapter_id}"
            remedy = (
                "If the VM has two adapters of this name, rename one of them. If the adapter was re-created, observe "
                "the host again and then rebind the claim (allocation with state: rebound)."
            )
        else:
            found = f"{promised}; now the same VM has adapter {identity.adapter_id} of this name"
            remedy = (
                "If the adapter was re-created and is to keep the address, rebind the claim (allocation with state: "
                "rebound); if not, release it first."
            )
    elif sightings:
        return
    elif (since := knowledge.gone_since()) is not None and since > claim.since:
        wanted = f"VM {bound.vm_id}, to which the name is bound"
        found = f"{promised}; that VM is gone from every host, and VM {identity.vm_id} has its name"
        remedy = (
            "If it replaces the old VM and is to keep the address, rebind the claim (allocation with state: rebound); "
            "if not, release it first."
        )
    else:
        wanted = f"VM {bound.vm_id}, to which the name is bound, or proof that it is gone"
        found = (
            f"{promised}; VM {identity.vm_id} has its name, and no complete and newer observation of all hosts tells "
            "whether the old VM is still there"
        )
        remedy = (
            "Observe all hosts (ansible-playbook macpool.hyperv.observe), then try again: a clone gets an address of its "
            "own, a replacement asks for a rebind."
        )
    raise RebindNeeded(f"owner {quoted(claim.owner)}", wanted, found, remedy)


def is_own(sighting: Sighting, owner: str, identity: Identity | None, aliases: Iterable[str] = ()) -> bool:
    """Tell whether it is the owner's own adapter that was seen: by the ids, or by name while these are unknown."""
    if sighting.kind in ("host", "physical", "interface"):
        return False
    if identity is not None:
        return sighting.vm_id.lower() == identity.vm_id and sighting.adapter_id.lower() == identity.adapter_id
    key = name_key(adapter_name(sighting.vm_name, sighting.adapter_name))
    return key == name_key(owner) or any(key == name_key(alias) for alias in aliases)


def carrier(sighting: Sighting) -> str:
    """Return who was seen, as words for a message."""
    where = f" on {quoted(sighting.host)}" if sighting.host else ""
    if sighting.kind in ("host", "physical"):
        kind = "host adapter" if sighting.kind == "host" else "physical adapter"
        return f"{kind} {quoted(sighting.adapter_name)}{where}"
    if sighting.kind == "interface":
        return f"interface {quoted(sighting.adapter_name)}{where}"
    name = quoted(adapter_name(sighting.vm_name, sighting.adapter_name))
    kind = {"vm": "", "checkpoint": "a checkpoint of ", "replica": "the replica "}[sighting.kind]
    return f"{kind}{name}{where}"
