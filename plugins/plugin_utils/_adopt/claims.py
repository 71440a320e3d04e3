# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Today's static addresses become claims: which of them can, and why the others cannot.

Nothing is decided silently: an address that two adapters use is promised to neither of them, and a person decides. It
is not handed out to others either, because the ledger also stores which addresses were seen in use.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import format_mac, is_multicast
from .._ledger.ledger import Ledger
from .._ledger.model import Claim, HostSightings, Identity, Job, Outcome, Request
from .._ledger.owners import own_name
from .._ledger.result import claim_for_diff
from .._names import BadOwner, adapter_name, checked_owner, name_key, readable
from .._observation.model import Adapter, Carrier, Observation
from .._plan.model import Plan
from .._text import plain


@dataclass(frozen=True)
class Adoption:
    """A static address that is promised to the adapter that uses it."""

    request: Request
    host: str
    words: str
    """The adapter with its VM and host."""

    @property
    def address(self) -> int:
        """The address in use."""
        return self.request.address or 0


@dataclass(frozen=True)
class Conflict:
    """An address that is not promised, and why."""

    address: str
    """12 upper-case hex digits, or the text that is not an address."""
    carriers: tuple[str, ...]
    reason: str
    remedy: str

    def as_result(self) -> dict[str, Any]:
        """Return it as the task shows it."""
        return {
            "mac_address": self.address,
            "carriers": list(self.carriers),
            "reason": self.reason,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Sorted:
    """The result for the adapters of an observation, by address."""

    adoptions: tuple[Adoption, ...]
    kept: tuple[Claim, ...]
    """Claims that already agree with the addresses in use."""
    conflicts: tuple[Conflict, ...]


def sort_out(observation: Observation, plan: Plan | None = None, claims: Iterable[Claim] = ()) -> Sorted:
    """Tell which static addresses can be promised to their carriers.

    Replicas, dynamic adapters and the hosts' own adapters are carriers too: an address that they share with a VM is not
    adopted. They themselves get no claim.
    """
    at = _carriers(observation)
    bound = {claim.identity: claim for claim in claims if claim.identity and claim.live}
    names = Counter(name_key(_name(adapter)) for adapter in _adapters(observation))
    names_in_vm = Counter((id(adapter.vm), name_key(adapter.name)) for adapter in _adapters(observation))
    adoptions: list[Adoption] = []
    kept: list[Claim] = []
    conflicts: dict[str, Conflict] = {}
    for adapter in _adapters(observation):
        identity = _identity(adapter)
        if adapter.dynamic or adapter.text is None:
            continue
        if conflict := _fault(adapter) or _shared(at, adapter) or _of_other_allocator(plan, adapter):
            known = conflicts.get(conflict.address)
            carriers = tuple(sorted({*conflict.carriers, *(known.carriers if known else ())}))
            conflicts[conflict.address] = Conflict(conflict.address, carriers, conflict.reason, conflict.remedy)
            continue
        if adapter.value == 0:
            continue
        claim = bound.get(identity) if identity else None
        if claim and claim.address == adapter.value and claim.state == "applied" and not claim.unsure:
            kept.append(claim)
            continue
        is_named = names[name_key(_name(adapter))] == 1
        is_named_in_vm = names_in_vm[id(adapter.vm), name_key(adapter.name)] == 1
        owner = _owner(adapter, identity, is_named, is_named_in_vm)
        if owner is None:
            conflict = _nameless(adapter)
            conflicts[conflict.address] = conflict
            continue
        request = Request(owner, address=adapter.value, identity=identity, adopt=True)
        adoptions.append(Adoption(request, adapter.host.name, adapter.words))
    return Sorted(
        tuple(sorted(adoptions, key=lambda item: item.address)),
        tuple(sorted(kept, key=lambda claim: claim.address)),
        tuple(conflicts[key] for key in sorted(conflicts)),
    )


def _adapters(observation: Observation) -> Iterator[Adapter]:
    for vm in observation.vms:
        if not vm.replica:
            yield from vm.adapters


def _carriers(observation: Observation) -> Mapping[int, list[Carrier]]:
    """Return what uses each address now; a checkpoint uses its addresses only after it is applied."""
    found: dict[int, list[Carrier]] = defaultdict(list)
    for carrier in (*(adapter for vm in observation.vms for adapter in vm.adapters), *observation.host_carriers):
        if carrier.value:
            found[carrier.value].append(carrier)
    return found


def _identity(adapter: Adapter) -> Identity | None:
    if not adapter.vm.id or not adapter.id:
        return None
    return Identity(readable(adapter.vm.id), readable(adapter.id), adapter.host.cluster or "")


def _name(adapter: Adapter) -> str:
    return adapter_name(readable(adapter.vm.name), readable(adapter.name))


def _owner(adapter: Adapter, identity: Identity | None, is_named: bool, is_named_in_vm: bool) -> str | None:
    """Return the name for the claim: empty if only the ids distinguish adapters, None if nothing does."""
    name = _name(adapter)
    try:
        checked_owner(name)
    except BadOwner:
        return "" if identity else None
    if is_named:
        return name
    if identity is None:
        return None
    return own_name(name, identity) if is_named_in_vm else ""


def _conflict(adapter: Adapter, reason: str, remedy: str) -> Conflict:
    text = plain(adapter.text or "") if adapter.value is None else format_mac(adapter.value)
    return Conflict(text, (adapter.words,), reason, remedy)


def _fault(adapter: Adapter) -> Conflict | None:
    remedy = "Give the adapter another address while its VM is off: macpool.hyperv.vm_network_adapter with pool."
    if adapter.value is None:
        return _conflict(adapter, "it is not a MAC address", remedy)
    if is_multicast(adapter.value):
        return _conflict(adapter, "it is a multicast address (its first octet is odd)", remedy)
    if adapter.value == 0 and adapter.dynamic is False:
        return _conflict(adapter, "it is static and all zeros, so the VM cannot start", remedy)
    if adapter.value and adapter.dynamic is None:
        remedy = "Observe the host with macpool.hyperv.host_info, or add DynamicMacAddressEnabled to the export."
        return _conflict(adapter, "it is not known whether it is static or dynamic", remedy)
    return None


def _shared(at: Mapping[int, Sequence[Carrier]], adapter: Adapter) -> Conflict | None:
    others = [other for other in at[adapter.value or 0] if not _is_same(adapter, other)] if adapter.value else []
    if not others:
        return None
    carriers = tuple(sorted(item.words for item in (adapter, *others)))
    return Conflict(
        format_mac(adapter.value or 0),
        carriers,
        f"{len(carriers)} adapters use it",
        "Decide which adapter keeps it and claim it for that adapter (macpool.hyperv.allocation with adopt: true, vm_id"
        " and adapter_id). Then give each of the others another address (macpool.hyperv.vm_network_adapter with pool).",
    )


def _is_same(adapter: Adapter, other: Carrier) -> bool:
    """Tell whether it is the adapter itself, or the same adapter of its VM's replica (fact 107)."""
    if other is adapter:
        return True
    if not isinstance(other, Adapter) or not other.vm.replica:
        return False
    return bool(adapter.id) and _identity(adapter) == _identity(other)


def _of_other_allocator(plan: Plan | None, adapter: Adapter) -> Conflict | None:
    kind = plan.kind_at(adapter.value) if plan and adapter.value else None
    if kind is None or not kind.startswith("other allocator"):
        return None
    return _conflict(
        adapter,
        f"it is in the range of {kind}, which hands it out itself",
        "If that allocator assigned it, no action is needed. Otherwise give the adapter an address from a pool of the plan.",
    )


def _nameless(adapter: Adapter) -> Conflict:
    return _conflict(
        adapter,
        "it has no ids, and other adapters have the same name",
        "Observe the host with macpool.hyperv.host_info, or add VMId and the adapter's Id to the export.",
    )


# --- into the ledger --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Adopted:
    """What an adoption did, or would do."""

    outcomes: tuple[Outcome, ...]
    """Of the successful adoptions, in the order of addresses, then of claims that the observations confirmed or ended."""
    conflicts: tuple[Conflict, ...]

    @property
    def changed(self) -> list[Outcome]:
        """What changed."""
        return [outcome for outcome in self.outcomes if outcome.changed]

    def claims_as_result(self) -> list[dict[str, Any]]:
        """Return the claims that changed."""
        return [
            {
                "owner": outcome.claim.owner or None,
                "mac_address": format_mac(outcome.claim.address),
                "pool": outcome.claim.pool or None,
                "state": outcome.claim.state,
                "how": outcome.how,
            }
            for outcome in self.changed
        ]

    def diff(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys of the claims that changed, before and after."""
        return (
            {format_mac(item.claim.address): claim_for_diff(item.before) for item in self.changed},
            {format_mac(item.claim.address): claim_for_diff(item.claim) for item in self.changed},
        )


def adopt(
    ledger: Ledger, observations: Sequence[HostSightings], adoptions: Sequence[Adoption], job: Job, *, preview: bool
) -> Adopted:
    """Store what was seen, and promise each static address to the adapter that uses it.

    If the ledger refuses one adapter, this is a conflict and does not stop the others.
    """
    wanted = [(item.request, f"in use on {readable(item.host)}") for item in adoptions]
    observed, found = ledger.adopt(observations, wanted, job, preview=preview)
    outcomes: list[Outcome] = []
    conflicts: list[Conflict] = []
    for item, outcome in zip(adoptions, found, strict=True):
        if isinstance(outcome, MacPoolError):
            conflicts.append(_refused(item, outcome))
        else:
            outcomes.append(outcome)
    return Adopted((*outcomes, *observed.outcomes), tuple(conflicts))


def conflicts_as_result(conflicts: Iterable[Conflict]) -> list[dict[str, Any]]:
    """Return conflicts as the task shows them, by address."""
    return [conflict.as_result() for conflict in sorted(conflicts, key=lambda item: item.address)]


def _refused(item: Adoption, error: MacPoolError) -> Conflict:
    reason = f"the ledger refuses it: {error.problem}"
    return Conflict(format_mac(item.address), (item.words,), plain(reason, 600), plain(error.remedy, 300))
