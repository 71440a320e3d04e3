# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the task allocation asks of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import format_mac, parse_mac, parse_unicast
from .._names import name_key, named_owner, plain_guid
from .._text import from_iso, quoted
from .ledger import Ledger
from .model import Claim, ClaimName, Confirmation, Entry, Identity, Job, Outcome, Request, describe

_T = TypeVar("_T")

BY_ADDRESS = ("held", "unheld")


def read_claims(entries: Sequence[Mapping[str, Any]], state: str, default_pool: str | None) -> list[Request]:
    """Return what the option claims asks for.

    :param state: the state that all of them are to have
    :param default_pool: the pool of those that name none
    :raises MacPoolError: for every entry that lacks what its state needs
    """
    first: dict[object, tuple[int, Request]] = {}

    def read(numbered: tuple[int, Mapping[str, Any]]) -> Request:
        number, entry = numbered
        request = _read_claim(f"claims[{number}]", entry, state, default_pool)
        key = name_key(request.owner) or request.address
        earlier, other = first.setdefault(key, (number, request))
        if request._replace(owner=other.owner) != other:
            wanted = f"what claims[{earlier}] says of {quoted(request.owner) if request.owner else 'this address'} too"
            raise MacPoolError(f"claims[{number}]", wanted, "something else", "Give each owner or address once.")
        return request

    return collected("claims", enumerate(entries), read)


def _read_claim(subject: str, entry: Mapping[str, Any], state: str, default_pool: str | None) -> Request:
    given = entry.get("mac_address")
    address = None
    if given not in (None, ""):
        # A claim that is to be released was checked when it was made; what was made must be releasable.
        address = (parse_unicast if state == "present" else parse_mac)(given, f"{subject}, mac_address")
    owner = entry.get("owner") or ""
    if state == "present" and owner:
        owner = named_owner(owner)
    identity = None
    if entry.get("vm_id"):
        vm_id = _vm_id(entry["vm_id"], f"{subject}, vm_id")
        identity = Identity(vm_id, entry["adapter_id"], entry.get("cluster") or "")
    if state in BY_ADDRESS and address is None:
        raise MacPoolError(subject, f"mac_address for state {state}", "none", "Say which address.")
    if state in BY_ADDRESS and owner:
        raise MacPoolError(
            subject, f"no owner for state {state}", f'owner "{owner}"', "Leave it out: a held address has no owner."
        )
    if state in ("present", "rebound") and not owner:
        raise MacPoolError(subject, f"owner for state {state}", "none", "Say whose address it is, such as web01/eth0.")
    if state in ("confirmed", "released") and not owner and address is None:
        raise MacPoolError(subject, f"owner or mac_address for state {state}", "neither", "Say which claim.")
    if state == "rebound" and identity is None:
        raise MacPoolError(
            subject, "vm_id and adapter_id for state rebound", "none", "Say which adapter the owner is from now on."
        )
    if entry.get("adopt") and address is None:
        raise MacPoolError(subject, "mac_address with adopt: true", "none", "Say which address is kept as it is.")
    return Request(
        owner=owner,
        pool=entry.get("pool") or default_pool or "",
        address=address,
        identity=identity,
        note=entry.get("note") or "",
        adopt=bool(entry.get("adopt")),
    )


def _vm_id(value: str, subject: str) -> str:
    if guid := plain_guid(value):
        return guid
    raise MacPoolError(subject, "a GUID such as Get-VM shows it", repr(value), "Give the VM's id, not its name.")


def change_claims(
    ledger: Ledger, wanted: Sequence[Request], state: str, job: Job, *, reserve_for: int, gone: bool, preview: bool
) -> list[Outcome]:
    """Bring claims into a state and return what became of each; nothing is returned for what was not there."""
    if state == "present":
        return ledger.ensure(wanted, job, reserve_for=reserve_for, preview=preview)
    if state == "confirmed":
        return ledger.confirm([_by_hand(ledger, request) for request in wanted], job, preview=preview)
    if state == "rebound":
        return ledger.rebind(wanted, job, preview=preview)
    if state == "held":
        return ledger.hold(wanted, job, preview=preview)
    outcomes: Sequence[Outcome | None]
    if state == "unheld":
        addresses = [request.address for request in wanted if request.address is not None]
        outcomes = ledger.unhold(addresses, job, preview=preview)
    else:
        targets = [ClaimName(request.owner, request.address) for request in wanted]
        outcomes = ledger.release(targets, job, declared_gone=gone, preview=preview)
    return [outcome for outcome in outcomes if outcome is not None]


def _by_hand(ledger: Ledger, request: Request) -> Confirmation:
    claims = [claim for claim in ledger.claims(owner=request.owner, address=request.address) if claim.live]
    if len(claims) != 1:
        subject = f"owner {quoted(request.owner)}" if request.owner else format_mac(request.address or 0, "dash")
        found = "; ".join(map(describe, claims)) or "none"
        remedy = "Claim the address first (allocation with state: present), then confirm it."
        raise MacPoolError(subject, "one claim that is reserved or applied", found, remedy)
    claim = claims[0]
    return Confirmation(claim.fence, request.note or "confirmed by hand", request.identity)


class Filter:
    """Which claims are asked for; None lets everything through, an empty set nothing."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Read the options of allocation_info."""
        self.owners = _given(options["owners"], name_key)
        self.addresses = _given(options["mac_addresses"], lambda value: parse_mac(value, "mac_addresses"))
        self.pools = _given(options["pools"], str)
        self.states = _given(options["states"], str)

    def lets_through(self, claim: Claim) -> bool:
        """Tell whether a claim is asked for; an owner is also known by its aliases."""
        return (
            (self.owners is None or bool(claim.names & self.owners))
            and (self.addresses is None or claim.address in self.addresses)
            and (self.pools is None or claim.pool in self.pools)
            and (self.states is None or claim.state in self.states)
        )

    def lets_entry_through(self, entry: Entry) -> bool:
        """Tell whether a line of the history is about a claim that is asked for."""
        return (self.owners is None or name_key(entry.owner) in self.owners) and (
            self.addresses is None or entry.address in self.addresses
        )


def _given(values: Sequence[Any] | None, read: Callable[[Any], _T]) -> frozenset[_T] | None:
    return None if values is None else frozenset(map(read, values))


def read_time(value: str) -> int:
    """Return a time of the ledger from text such as 2026-11-20T12:00:00Z.

    :raises MacPoolError: when it is no such text
    """
    try:
        return from_iso(value)
    except ValueError:
        raise MacPoolError(
            "at", "a time such as 2026-11-20T12:00:00Z", repr(value), "Give day and time; without a zone it is UTC."
        ) from None
