# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger as text: for Git, for review, for moving.

One header line, then one line a lease and a claim, sorted: the same promises give the same text. What changes without a
promise changing (generations, evidence, jobs) is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...module_utils._errors import MacPoolError, collected, raise_all
from ...module_utils._mac import Interval, format_mac, is_multicast, overlaps, parse_interval, parse_mac
from .._files import read_file
from .._names import checked_owner, host_key, name_key
from .._plan.model import ADOPTED, HOST_POOL_PREFIX
from .._text import from_iso, iso, quoted
from .errors import LedgerForeign, OwnerConflict
from .journal import HEX, add, claim_record, keep_lease, lease_record
from .leases import active_lease
from .model import Claim, Identity, Job, Lease, LeaseOutcome, Outcome, describe
from .sqlite.session import Session

SCHEMA = 1
STATES = ("reserved", "applied", "releasing", "quarantined", "held")
CLAIM_FIELDS = ("address", "owner", "pool", "state", "since", "until", "identity", "aliases", "note")
LEASE_FIELDS = ("start", "end", "dynamic_end", "host", "state", "since")
CONFLICT_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def export_lines(scope: str, claims: Iterable[Claim], leases: Iterable[Lease]) -> str:
    """Return the text of a ledger."""
    header = _line({"macpool": "ledger", "schema": SCHEMA, "scope": scope}, ("macpool", "schema", "scope"))
    lines = sorted([_line(lease_record(lease), LEASE_FIELDS) for lease in leases])
    lines += sorted([_line(claim_record(claim), CLAIM_FIELDS) for claim in claims])
    return "\n".join([header, *lines]) + "\n"


def replaceable_export(path: Path) -> str:
    """Return the text of an export that a new one may replace; empty where no file exists.

    :raises MacPoolError: for a file that is no export: it may be somebody's work
    """
    if not path.exists() and not path.is_symlink():
        return ""
    text = read_file(path)
    first = text.partition("\n")[0]
    try:
        header = json.loads(first)
    except (ValueError, RecursionError):
        header = None
    if text and not (isinstance(header, dict) and header.get("macpool") == "ledger"):
        raise MacPoolError(
            f"file {str(path)!a}",
            "an export of a ledger, or no file",
            "a file that is no export",
            "Move the file away, or set path to another file. Nothing was written.",
        )
    return text


def _line(record: dict[str, Any], names: Sequence[str]) -> str:
    """Return the fields of a record of the history that the text shows, as a line of it."""
    forms: dict[str, Callable[[Any], Any]] = {"since": iso, "until": iso, "aliases": sorted}
    fields = {name: forms[name](record[name]) if name in forms else record[name] for name in names if name in record}
    # Escapes keep hostile names on their line, whatever the editor takes for the end of one.
    return json.dumps(fields, ensure_ascii=True, separators=(", ", ": "))


def parse_text(text: str, scope: str | None = None, subject: str = "ledger text") -> tuple[list[Claim], list[Lease]]:
    """Return what a text promises.

    It needs no database: the check that keeps two pull requests, each right by itself, from becoming a duplicate.

    :param scope: refuse the text of another scope
    :raises MacPoolError: with everything that is wrong with it, such as two owners of one address after a merge
    """
    claims, leases, errors = _read(text, scope)
    raise_all(subject, [*errors, *_contradictions(claims, leases)])
    return [claim for _number, claim in claims], [lease for _number, lease in leases]


Numbered = tuple[list[tuple[int, Claim]], list[tuple[int, Lease]], list[MacPoolError]]


def _read(text: str, scope: str | None) -> Numbered:
    claims: list[tuple[int, Claim]] = []
    leases: list[tuple[int, Lease]] = []
    errors: list[MacPoolError] = []
    headers: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip():
            continue
        try:
            if line.startswith(CONFLICT_MARKERS):
                raise _wrong(number, "a line of a ledger", "the mark of a merge conflict", "Resolve the conflict.")
            fields = json.loads(line)
            if not isinstance(fields, dict):
                raise _wrong(number, "a mapping", f"a {type(fields).__name__}")
            if "macpool" in fields:
                headers.append(number)
                _check_header(number, fields, scope)
            elif "host" in fields:
                leases.append((number, _lease(number, fields)))
            else:
                claims.append((number, _claim(number, fields)))
        except json.JSONDecodeError as error:
            errors.append(_wrong(number, "JSON", error.msg))
        except MacPoolError as error:
            errors.append(error)
    if headers != [1]:
        found = f"one on line {', '.join(map(str, headers))}" if headers else "none"
        errors.insert(0, _wrong(1, "the header of a ledger's text, once", found, "Export the ledger again."))
    return claims, leases, errors


def _wrong(
    number: int, wanted: str, found: str, remedy: str = "Correct the line, or export the ledger again."
) -> MacPoolError:
    return MacPoolError(f"ledger text, line {number}", wanted, found, remedy)


def _check_header(number: int, fields: dict[str, Any], scope: str | None) -> None:
    if fields.get("macpool") != "ledger" or fields.get("schema") != SCHEMA:
        raise _wrong(number, f"a ledger's text of schema {SCHEMA}", f"schema {fields.get('schema')!r}")
    if scope is not None and fields.get("scope") != scope:
        found = f"that of scope {fields.get('scope')!r}"
        remedy = "Give the text of the right ledger."
        raise LedgerForeign(f"ledger text, line {number}", f"the text of scope {quoted(scope)}", found, remedy)


def _check_known(number: int, fields: dict[str, Any], names: Sequence[str]) -> None:
    if unknown := set(fields) - set(names):
        raise _wrong(number, "known fields", ", ".join(sorted(map(repr, unknown))))


def _text_field(number: int, fields: dict[str, Any], name: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise _wrong(number, f"text as {name}", repr(value))
    return value


def _time_field(number: int, fields: dict[str, Any], name: str) -> int:
    try:
        return from_iso(_text_field(number, fields, name))
    except ValueError:
        raise _wrong(number, f"a time as {name}", repr(fields.get(name))) from None


def _claim(number: int, fields: dict[str, Any]) -> Claim:
    subject = f"ledger text, line {number}"
    _check_known(number, fields, CLAIM_FIELDS)
    address = parse_mac(fields.get("address"), subject)
    if address == 0 or is_multicast(address):
        raise _wrong(number, "an address that an adapter can carry", HEX(address))
    state = _text_field(number, fields, "state")
    if state not in STATES:
        raise _wrong(number, f"one of {', '.join(STATES)} as state", repr(state))
    owner = _text_field(number, fields, "owner")
    if owner or state != "held":
        checked_owner(owner)
    return Claim(
        address,
        owner,
        _text_field(number, fields, "pool"),
        state,  # type: ignore[arg-type]
        1,
        _time_field(number, fields, "since"),
        _time_field(number, fields, "until") if "until" in fields else None,
        note=_text_field(number, fields, "note", ""),
        identity=_identity(number, fields["identity"]) if "identity" in fields else None,
        aliases=_aliases(number, fields.get("aliases", [])),
    )


def _identity(number: int, value: object) -> Identity:
    names = ("vm_id", "adapter_id", "cluster")
    if not isinstance(value, dict) or not {"vm_id", "adapter_id"} <= set(value) <= set(names):
        raise _wrong(number, "vm_id and adapter_id as identity", repr(value))
    if not all(isinstance(part, str) for part in value.values()):
        raise _wrong(number, "text in identity", repr(value))
    return Identity(value["vm_id"], value["adapter_id"], value.get("cluster", ""))


def _aliases(number: int, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(alias, str) for alias in value):
        raise _wrong(number, "a list of names as aliases", repr(value))
    return tuple(map(checked_owner, value))


def _lease(number: int, fields: dict[str, Any]) -> Lease:
    _check_known(number, fields, LEASE_FIELDS)
    start, end = parse_interval(fields, f"ledger text, line {number}")
    dynamic_end = parse_mac(fields.get("dynamic_end"), f"ledger text, line {number}")
    state = _text_field(number, fields, "state")
    if state not in ("active", "retired"):
        raise _wrong(number, "active or retired as state", repr(state))
    if not start <= dynamic_end <= end:
        raise _wrong(number, "a dynamic_end inside the block", HEX(dynamic_end))
    host = _text_field(number, fields, "host")
    if not host.strip():
        raise _wrong(number, "the name of a host", "nothing")
    return Lease(host, start, end, dynamic_end, state, 1, _time_field(number, fields, "since"))  # type: ignore[arg-type]


def _contradictions(claims: list[tuple[int, Claim]], leases: list[tuple[int, Lease]]) -> Iterator[MacPoolError]:
    addresses: dict[int, tuple[int, Claim]] = {}
    owners: dict[object, tuple[int, Claim]] = {}
    for number, claim in claims:
        if claim.address in addresses:
            first, other = addresses[claim.address]
            subject = f"{HEX(claim.address)}, lines {first} and {number}"
            found = f"owner {quoted(other.owner)} ({other.state}) and owner {quoted(claim.owner)} ({claim.state})"
            remedy = "Keep one line, and claim another address for the other owner."
            yield OwnerConflict(subject, "one owner of one address", found, remedy)
        else:
            addresses[claim.address] = (number, claim)
        if not claim.live:
            continue
        for key in filter(None, (name_key(claim.owner), claim.identity)):
            if key in owners and owners[key][1].address != claim.address:
                first, other = owners[key]
                subject = f"owner {quoted(claim.owner)}, lines {first} and {number}"
                found = (
                    f"{HEX(other.address)} of {quoted(other.owner)} and {HEX(claim.address)} of {quoted(claim.owner)}"
                )
                yield OwnerConflict(subject, "one address of one owner", found, "Keep one of the two lines.")
                break
            owners[key] = (number, claim)
    hosts: dict[str, tuple[int, Lease]] = {}
    for number, lease in leases:
        key = host_key(lease.host)
        if lease.state == "active" and key in hosts:
            subject = f"host {quoted(lease.host)}, lines {hosts[key][0]} and {number}"
            remedy = "Keep one line, or mark the other block as retired."
            yield OwnerConflict(subject, "one active block a host", f"{hosts[key][1].block} and {lease.block}", remedy)
        elif lease.state == "active":
            hosts[key] = (number, lease)
    for overlap in overlaps((lease.start, lease.end, (number, lease.host)) for number, lease in leases):
        lines = ", ".join(str(number) for number, _host in overlap.labels)
        names = " and ".join(quoted(host) for _number, host in overlap.labels)
        found = f"{Interval(overlap.start, overlap.end)} leased to {names}"
        yield OwnerConflict(f"blocks on lines {lines}", "blocks that do not overlap", found, "Keep one line.")


def import_all(
    session: Session, claims: Iterable[Claim], leases: Iterable[Lease], job: Job
) -> list[Outcome | LeaseOutcome]:
    """Take over claims and leases. What exists already stays.

    :raises MacPoolError: for each that contradicts what exists; then nothing is written
    """

    items: list[Claim | Lease] = [*claims, *leases]

    def take(item: Claim | Lease) -> Outcome | LeaseOutcome:
        return import_claim(session, item, job) if isinstance(item, Claim) else import_lease(session, item, job)

    return collected("import", items, take)


def import_claim(session: Session, claim: Claim, job: Job) -> Outcome:
    subject = f"{format_mac(claim.address, 'dash')} of owner {quoted(claim.owner)}"
    if present := session.claim_at(claim.address):
        if _promise(present) == _promise(claim):
            return Outcome(present, present, changed=False, how="kept")
        raise OwnerConflict(
            subject, f"what the text says: {describe(claim)}", describe(present), "Correct the text, or the ledger."
        )
    others = session.claims_named(name_key(claim.owner)) if claim.live else []
    if claim.live and claim.identity:
        others += session.claims_of_adapter(claim.identity)
    for other in others:
        if other.live:
            found = f"{describe(other)} in the ledger"
            raise OwnerConflict(subject, "an owner that has no other address", found, "Release one of the two first.")
    for lease in session.leases_between(claim.address, claim.address):
        own = claim.pool.removeprefix(HOST_POOL_PREFIX)
        if claim.live and claim.pool != ADOPTED and host_key(own) != host_key(lease.host):
            wanted = "an address that is not leased to a host"
            raise OwnerConflict(subject, wanted, f"a lease of host {quoted(lease.host)}", "Correct the text.")
    return add(session, claim._replace(generation=1, job=job.name), "imported", job)


def _promise(claim: Claim) -> tuple[object, ...]:
    """Return what two claims must share to promise the same."""
    return (claim.address, claim.owner, claim.pool, claim.state, claim.until, claim.identity, frozenset(claim.aliases))


def import_lease(session: Session, lease: Lease, job: Job) -> LeaseOutcome:
    present = session.leases_between(lease.start, lease.end)
    block = (host_key(lease.host), lease.start, lease.end, lease.dynamic_end, lease.state)
    for other in present:
        if (host_key(other.host), other.start, other.end, other.dynamic_end, other.state) == block:
            return LeaseOutcome(other, other, changed=False)
    if lease.state == "active" and (own := active_lease(session.leases(), lease.host)):
        present = [*present, own]
    if present:
        other = present[0]
        wanted = "a block that overlaps no other, for a host that has none"
        found = f"{other.block} of host {quoted(other.host)} in the ledger"
        remedy = "Correct the text, or the ledger."
        raise OwnerConflict(f"block {lease.block} of host {quoted(lease.host)}", wanted, found, remedy)
    return keep_lease(session, None, lease, "imported", job)
