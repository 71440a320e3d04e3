# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking in what hosts were seen to carry, and settling what it proves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...module_utils._errors import collected
from .._names import HostIndex, host_key, readable
from .._plan.model import Plan
from .._text import host_list, quoted
from .absence import absence_proof
from .claim import gone, is_suspect, quarantine
from .errors import UnknownHost
from .journal import change, keep_lease
from .model import Claim, HostSightings, Identity, Job, KnownHost, Lease, Observed, Sighting
from .owners import carrier, is_own
from .plans import accept
from .sqlite.session import Session


def observe(session: Session, plan: Plan, observations: Iterable[HostSightings], job: Job) -> Observed:
    """Keep the newest sightings of hosts, and settle what they prove: what is used, what is gone."""
    accept(session, plan, job)
    take_in(session, observations)
    recorded = session.hosts()
    proof = absence_proof(recorded, plan)
    outcomes = []
    for before, after in settled(session, plan, proof):
        how = {"applied": "confirmed", "quarantined": "quarantined", "gone": "gone"}[after.state]
        outcomes.append(change(session, before, after, f"observed: {how}", job, how=how))
    leases = []
    for lease in ended_leases(session, recorded, proof):
        ended = lease._replace(state="gone", generation=lease.generation + 1, since=session.now)
        leases.append(keep_lease(session, lease, ended, "observed: gone", job))
    return Observed(tuple(outcomes), tuple(leases))


def forget_hosts(session: Session, hosts: Iterable[str], job: Job) -> list[KnownHost]:
    """Forget hosts that no longer exist, with all that was last seen on them; hosts that were forgotten stay so.

    :raises UnknownHost: naming each host that the ledger never knew; then none is forgotten
    """
    known = HostIndex((item.host, item) for item in session.hosts())
    forgotten = HostIndex((str(entry.after["host"]), None) for entry in session.history("host", None))
    found = []
    for host in collected("hosts to forget", hosts, lambda host: _once_known(host, known, forgotten)):
        if (item := known.get(host)) is not None:
            known.drop(item.host)
            session.delete_host(item.host)
            session.log("host", "forgotten", job, {"host": item.host}, None, "")
            found.append(item)
    return found


def _once_known(host: str, known: HostIndex[KnownHost], forgotten: HostIndex[None]) -> str:
    if known.key(host) is None and forgotten.key(host) is None:
        raise unknown_host(host, [item.host for item in known.values()])
    return host


def unknown_host(host: str, known: Iterable[str]) -> UnknownHost:
    """Return the error about a host that is to be forgotten and was never known."""
    remedy = "Correct the name, or remove it from forget_hosts. No host was forgotten."
    found = host_list(known) or "no hosts in the ledger"
    return UnknownHost(f"host {quoted(host)}", "a host that the ledger knows", found, remedy)


def merged(known: KnownHost | None, observation: HostSightings, now: int) -> tuple[KnownHost, int | None] | None:
    """Return what is then known of a host, and before which time its older sightings are void.

    Only a complete observation makes older sightings void: what an incomplete one does not show may still be there. None
    when a newer complete observation is known already. The outcome does not depend on the order in which observations come.
    """
    seen = min(observation.observed_at, now)
    if known and known.complete_at is not None and seen < known.complete_at:
        return None
    # An incomplete observation that could not read the range does not mean that the range is gone.
    tells = observation.complete or observation.range_start is not None
    fresh = KnownHost(
        host=readable(observation.host),
        observed_at=seen,
        complete=observation.complete,
        complete_at=seen if observation.complete else None,
        why_incomplete="" if observation.complete else readable(observation.why_incomplete),
        range_start=observation.range_start,
        range_end=observation.range_end,
        ipv4=tuple(sorted(map(readable, observation.ipv4))),
        cluster=readable(observation.cluster),
        cluster_nodes=tuple(sorted(map(readable, observation.cluster_nodes))),
        owners=observation.owners,
        facts_at=seen if tells else None,
    )
    void_before = seen if observation.complete else None
    if known is None:
        return fresh, void_before
    host = max(known.host, fresh.host, key=lambda name: (len(name), name))
    if known.observed_at is None:
        return fresh._replace(host=host), void_before  # so far it was only named
    newest = max((known, fresh), key=_newer)
    facts = max((known, fresh), key=_tells_more)
    complete_at = max((time for time in (known.complete_at, fresh.complete_at) if time is not None), default=None)
    return (
        facts._replace(
            host=host,
            observed_at=newest.observed_at,
            complete=newest.complete,
            complete_at=complete_at,
            why_incomplete=newest.why_incomplete,
        ),
        void_before,
    )


def _newer(host: KnownHost) -> tuple[int, bool, str]:
    # Of two observations of one moment, the incomplete one makes the moment incomplete.
    return (host.observed_at or 0, not host.complete, host.why_incomplete)


def _tells_more(host: KnownHost) -> tuple[int, str]:
    facts = (host.range_start, host.range_end, host.ipv4, host.cluster, host.cluster_nodes, host.owners)
    return (-1 if host.facts_at is None else host.facts_at, repr(facts))


def take_in(session: Session, observations: Iterable[HostSightings]) -> None:
    """Keep the newest sightings of each host, and the name of every cluster node."""
    known = HostIndex((host.host, host) for host in session.hosts())
    for observation in sorted(observations, key=lambda item: (item.observed_at, host_key(item.host))):
        before = known.get(observation.host)
        merge = merged(before, observation, session.clock)
        if merge is not None:
            after, void_before = merge
            if before is not None:
                known.drop(before.host)
            session.save_host(after, before.host if before else after.host)
            if void_before is not None:
                session.drop_sightings(after.host, void_before)
            session.add_sightings(
                after.host, min(observation.observed_at, session.clock), map(_kept, observation.sightings)
            )
            known.put(after.host, after)
        for node in observation.cluster_nodes:
            if known.get(node) is None:
                placeholder = KnownHost(readable(node), None, complete=False, complete_at=None)
                session.save_host(placeholder, placeholder.host)
                known.put(placeholder.host, placeholder)


def _kept(sighting: Sighting) -> Sighting:
    return sighting._replace(
        vm_id=readable(sighting.vm_id),
        vm_name=readable(sighting.vm_name),
        adapter_id=readable(sighting.adapter_id),
        adapter_name=readable(sighting.adapter_name),
    )


def settled(session: Session, plan: Plan, proof: int | None) -> list[tuple[Claim, Claim]]:
    """Return the claims that the observations change, before and after."""
    changes = []
    learnt = set()
    for claim in session.unsettled_claims():
        after = settle(claim, session.sightings_at(claim.address), proof, session.clock, plan.reuse_after(claim.pool))
        if after.identity is not None and claim.identity is None:
            others = (other for other in session.claims_of_adapter(after.identity) if other.live)
            if after.identity in learnt or any(other.address != claim.address for other in others):
                continue  # an adapter has one claim: two names for one adapter are for a person to sort out
            learnt.add(after.identity)
        if after is not claim:
            changes.append((claim, after))
    return changes


def ended_leases(session: Session, recorded: Sequence[KnownHost], proof: int | None) -> list[Lease]:
    """Return the retired leases that nothing rests on any more: no carrier, no claim, no host with that range."""
    return [
        lease
        for lease in session.leases()
        if lease.state == "retired"
        and proof is not None
        and proof > lease.since
        and not session.taken(lease.start, lease.end, 1)
        and not any(host.range and host.range.start <= lease.end and host.range.end >= lease.start for host in recorded)
    ]


def settle(claim: Claim, sightings: Sequence[Sighting], proof: int | None, now: int, reuse_after: int | None) -> Claim:
    """Return the claim as the newest observations leave it; the same object when they change nothing.

    :param sightings: who was seen with the address
    :param proof: since when complete observations of all required hosts show who is absent; None when some are incomplete
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
