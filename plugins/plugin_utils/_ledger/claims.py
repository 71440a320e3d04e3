# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of claims: who an owner is, and what becomes of a claim. Pure, one for all backends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import format_mac
from .._names import adapter_name, find_host, host_key, name_key
from .._text import iso, quoted
from .errors import OwnerConflict, RebindNeeded, StaleClaim
from .model import Claim, Fence, Identity, KnownHost, Sighting, State, describe

# --- who an owner is --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resolution:
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


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the ledger can say about VMs, asked only when a name comes with other ids than before."""

    vm_sightings: Callable[[str], Sequence[Sighting]]
    """What was seen of a VM id."""
    gone_since: Callable[[], int | None]
    """Since when complete pictures of all hosts tell who is gone; None when some host's picture is incomplete."""


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
    :raises RebindNeeded: when the name is bound to other ids and somebody has to say that this is right
    :raises OwnerConflict: when several owners have had the name
    """
    if identity is None:
        return _resolve_name(owner, by_name)
    named = _named(owner, by_name) if owner else None
    if live := _first_live(by_identity):
        known = {name_key(live.owner), *map(name_key, live.aliases)}
        unused = named is None and owner and name_key(owner) not in known
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


def _resolve_name(owner: str, by_name: Sequence[Claim]) -> Resolution:
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
        raise OwnerConflict(
            f"owner {quoted(owner)}",
            "a name that means one adapter",
            f"a former name of several: {', '.join(quoted(claim.owner) for claim in live)}",
            "Name one of these owners.",
        )
    return live[0] if live else None


def _refuse_other_ids(claim: Claim, bound: Identity, identity: Identity, knowledge: Knowledge) -> None:
    """Raise unless the VM that the name is bound to is still there beside the new one: then that one is a clone."""
    subject = f"owner {quoted(claim.owner)}"
    promised = f"{describe(claim)}, bound to VM {bound.vm_id}, adapter {bound.adapter_id}"
    sightings = knowledge.vm_sightings(bound.vm_id)
    if bound.vm_id == identity.vm_id:
        if any(sighting.adapter_id.lower() == bound.adapter_id for sighting in sightings):
            found = f"{promised}, which was last seen beside the new adapter {identity.adapter_id}"
            remedy = (
                "If the VM has two adapters of this name, rename one of them. If the adapter was re-created, observe "
                "the host again and then rebind the claim (allocation with state: rebound)."
            )
        else:
            found = f"{promised}; now the same VM has adapter {identity.adapter_id} of this name"
            remedy = (
                "If the adapter was re-created and shall keep the address, rebind the claim (allocation with state: "
                "rebound); if not, release it first."
            )
        raise RebindNeeded(subject, "the adapter that the name is bound to", found, remedy)
    if sightings:
        return
    since = knowledge.gone_since()
    if since is not None and since > claim.since:
        raise RebindNeeded(
            subject,
            f"VM {bound.vm_id}, to which the name is bound",
            f"{promised}; that VM is gone from every host, and VM {identity.vm_id} has its name",
            "If it replaces the old VM and shall keep the address, rebind the claim (allocation with state: rebound); "
            "if not, release it first.",
        )
    raise RebindNeeded(
        subject,
        f"VM {bound.vm_id}, to which the name is bound, or proof that it is gone",
        f"{promised}; VM {identity.vm_id} has its name, and no complete and newer picture of all hosts tells whether "
        "the old VM is still there",
        "Observe all hosts (ansible-playbook macpool.hyperv.observe), then try again: a clone gets an address of its own, a replacement "
        "asks for a rebind.",
    )


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


# --- what becomes of a claim ------------------------------------------------------------------------------------------


def is_suspect(claim: Claim, now: int) -> bool:
    """Tell whether a reservation ran out: nobody knows whether the address is used, so it is anything but free."""
    return claim.state == "reserved" and claim.until is not None and now >= claim.until


def settle(claim: Claim, sightings: Sequence[Sighting], proof: int | None, now: int, reuse_after: int | None) -> Claim:
    """Return the claim as the newest pictures leave it; the same object when they change nothing.

    :param sightings: who was seen with the address
    :param proof: since when complete pictures of all required hosts show who is absent; None when some are incomplete
    :param reuse_after: milliseconds in quarantine, None for ever
    """
    if claim.state in ("reserved", "applied"):
        seen, identity = evidence(claim, sightings)
        if seen is not None and (claim.state == "reserved" or claim.unsure or identity):
            return replace(
                claim,
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
    """Return the claim in quarantine: kept from others until ``reuse_after`` milliseconds have passed."""
    until = None if reuse_after is None else now + reuse_after
    return moved(claim, "quarantined", now, until)


def gone(claim: Claim, now: int) -> Claim:
    """Return the claim as the history keeps it once the address is free."""
    return moved(claim, "gone", now, None)


def moved(claim: Claim, state: State, now: int, until: int | None) -> Claim:
    """Return the claim in another state, one generation later."""
    return replace(claim, state=state, generation=claim.generation + 1, since=now, until=until, pushing=None)


def required_hosts(recorded: Iterable[KnownHost], planned: Iterable[str]) -> list[str]:
    """Return the names of all hosts without whose complete picture nothing is proven absent.

    Every host ever recorded (until it is forgotten), the plan's, and every cluster node that a picture names.
    """
    names: dict[str, str] = {}
    recorded = list(recorded)
    mentioned = [host.host for host in recorded]
    mentioned += [node for host in recorded for node in host.cluster_nodes]
    for name in (*mentioned, *planned):
        names.setdefault(find_host(name, names) or host_key(name), name)
    return list(names.values())


def unproven_hosts(
    recorded: Iterable[KnownHost], required: Iterable[str], not_before: int | None = None
) -> dict[str, str]:
    """Return the hosts that keep absence from being proven, with the reason of each.

    :param not_before: pictures older than this count as too old
    """
    known = {host_key(host.host): host for host in recorded}
    reasons: dict[str, str] = {}
    for name in required:
        key = find_host(name, known)
        host = known[key] if key is not None else None
        if host is None or host.observed_at is None:
            reasons[name] = "never observed"
        elif not host.complete:
            reasons[name] = f"incomplete: {host.why_incomplete or 'no reason given'}"
        elif not_before is not None and host.observed_at < not_before:
            reasons[name] = f"observed {iso(host.observed_at)}"
    for host in _other_owner_maps(known.values()):
        name = next((name for name in required if find_host(name, known) == host_key(host.host)), "")
        if name:
            reasons.setdefault(name, "VMs moved, came or went between its reading and that of another host")
    return reasons


def _other_owner_maps(hosts: Iterable[KnownHost]) -> Iterable[KnownHost]:
    """Return the hosts that saw their cluster's VMs elsewhere than the host that was read last.

    A VM that moves between two readings may be seen nowhere, however complete each of them is.
    """
    newest: dict[str, KnownHost] = {}
    read = [host for host in hosts if host.complete and host.owners]
    for host in sorted(read, key=lambda item: (item.observed_at or 0, item.host)):
        newest[host.cluster.lower()] = host
    return [host for host in read if host.owners != newest[host.cluster.lower()].owners]


def absence_proof(recorded: Sequence[KnownHost], required: Sequence[str]) -> int | None:
    """Return since when complete pictures of all required hosts show who is absent; None when some are missing."""
    if not required or unproven_hosts(recorded, required):
        return None
    known = {host_key(host.host): host for host in recorded}
    times = [known[key].observed_at for name in required if (key := find_host(name, known)) is not None]
    return min(time for time in times if time is not None)


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
