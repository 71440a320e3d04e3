# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of interfaces to the Network Controller: claim → write, a part at a time → claim what it chose.

What an interruption leaves behind is found by the next run: it asks which interfaces are not yet as wanted, and writes only
those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._ledger.ledger import Ledger
from .._ledger.model import Job, Outcome, Request
from .._ledger.promise import check_promised
from .bindings import IN_SYNC, UNKNOWN, Bindings
from .interfaces import chosen_requests, in_sync, read_requests, with_addresses

Entries = list[dict[str, Any]]

BATCH = 100
"""How many interfaces are written before the progress is shown."""


@dataclass(frozen=True)
class Module:
    """The module that writes interfaces."""

    attempt: Callable[[Entries], dict[str, Any]]
    """Lets it work, or predict in check mode, and returns its result, also when it failed."""
    predict: Callable[[Entries], dict[str, Any]]
    """Lets it predict, in any mode; raises when it would fail."""
    show: Callable[[str], object]
    """Shows the progress."""


@dataclass
class InterfaceClaims:
    """The claims behind the addresses of one task: before they are written, and after for what the Network Controller chose.

    The ledger is opened only where an entry names an owner.
    """

    open_ledger: Callable[[], Ledger]
    job: Job
    reserve_for: int
    preview: bool
    changed: bool = False

    def before(self, entries: Sequence[Mapping[str, Any]], check: Callable[[dict[int, int]], object]) -> dict[int, int]:
        """Claim, or predict, the addresses that the ledger promises; by the number of the entry.

        :param check: raises when interfaces cannot be made with such addresses; asked before a new claim is made
        :raises MacPoolError: for an address that the ledger did not promise, and for whatever else it refuses
        """
        requests = read_requests(entries)
        if not requests:
            if any(entry.get("owner") for entry in entries):
                self.open_ledger()  # a ledger that cannot be opened must fail the task before anything is written
            return {}
        ledger = self.open_ledger()
        for number, request in requests.items():
            if request.address is not None and not request.adopt:
                label = f'interface "{entries[number].get("name") or entries[number].get("instance_id")}"'
                check_promised(ledger, label, request.owner, request.address, self.preview)
        if not self.preview:
            # A request that the Network Controller would refuse must leave no claim behind.
            predicted = self._ensure(ledger, list(requests.values()), preview=True)
            if any(outcome.changed for outcome in predicted):
                check(_by_number(requests, predicted))
        outcomes = self._ensure(ledger, list(requests.values()), self.preview)
        self.changed |= any(outcome.changed for outcome in outcomes)
        return _by_number(requests, outcomes)

    def foreseen(self, entries: Sequence[Mapping[str, Any]]) -> dict[int, int]:
        """Return the addresses that the ledger would promise, and write nothing."""
        return replace(self, preview=True).before(entries, lambda _found: None)

    def after(self, entries: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
        """Claim the addresses that the Network Controller chose, as they are."""
        if requests := chosen_requests(entries, rows):
            outcomes = self._ensure(self.open_ledger(), requests, self.preview)
            self.changed |= any(outcome.changed for outcome in outcomes)

    def _ensure(self, ledger: Ledger, requests: Sequence[Request], preview: bool) -> list[Outcome]:
        return ledger.ensure(requests, self.job, reserve_for=self.reserve_for, preview=preview)


def _by_number(requests: Mapping[int, Request], outcomes: Sequence[Outcome]) -> dict[int, int]:
    return {number: outcome.claim.address for number, outcome in zip(requests, outcomes, strict=True)}


@dataclass(frozen=True)
class InterfaceRun:
    """One task's worth of interfaces."""

    module: Module
    preview: bool
    bindings: Bindings | None = None
    """What is known of the adapters that are bound to interfaces."""

    def present(self, entries: Sequence[Mapping[str, Any]], claims: InterfaceClaims) -> dict[str, Any]:
        """Create or change interfaces, with addresses that the ledger promises."""
        if self.bindings:
            foreseen = with_addresses(entries, claims.foreseen(entries))
            self.bindings.check_change(self.module.predict(foreseen)["interfaces"])
        addresses = claims.before(entries, lambda found: self.module.predict(with_addresses(entries, found)))
        result = self._write(with_addresses(entries, addresses))
        rows = _with_owners(result, entries)
        if len(rows) == len(entries):
            claims.after(entries, rows)
        changed = bool(result.get("changed")) or claims.changed
        return {**result, "changed": changed, "bindings": self.bindings.words if self.bindings else UNKNOWN}

    def absent(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Remove interfaces; their claims stay."""
        if self.bindings:
            self.bindings.check_removal(self.module.predict(with_addresses(entries, {}))["interfaces"])
        result = self._write(with_addresses(entries, {}))
        _with_owners(result, entries)
        return {**result, "bindings": self.bindings.words if self.bindings else UNKNOWN}

    def in_sync(
        self, observations: Sequence[Mapping[str, Any]], interfaces: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Give interfaces the addresses of the adapters that are bound to them.

        :param interfaces: what nc_network_interface_info shows of all interfaces
        """
        sync = in_sync(observations, interfaces)
        result = self._write(sync.entries)
        rows = [*(result.get("interfaces") or ()), *sync.agreeing]
        return {**result, "interfaces": rows, "left_out": sync.left_out, "bindings": IN_SYNC}

    def _write(self, entries: Entries) -> dict[str, Any]:
        """Let the module write; many interfaces in several parts, so that its progress can be seen."""
        if self.preview or len(entries) <= BATCH:
            return self.module.attempt(entries)
        predicted = self.module.predict(entries)
        todo = _unfinished(predicted["interfaces"])
        results: list[dict[str, Any]] = []
        for first in range(0, len(todo), BATCH):
            part = todo[first : first + BATCH]
            results.append(self.module.attempt([entries[number] for number in part]))
            self.module.show(f"interfaces of the Network Controller: {first + len(part)} of {len(todo)} done")
            if "interfaces" not in results[-1]:
                break
        return _together(predicted, todo, results)


def _with_owners(result: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Entries:
    """Add to each row of a result whose address it is, and return the rows."""
    rows: Entries = result.get("interfaces") or []
    for entry, row in zip(entries, rows, strict=False):
        row["owner"] = entry.get("owner") or None
    return rows


def _unfinished(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the numbers of the interfaces that, by a check, are to be written or waited for."""
    return [
        number
        for number, row in enumerate(rows)
        if row["status"] != "unchanged" or row["provisioning_state"] not in (None, "Succeeded")
    ]


def _together(
    predicted: Mapping[str, Any], todo: Sequence[int], results: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return one result of what was done in several parts.

    :param predicted: the result of the check, which holds for all that was not to be written
    :param todo: numbers of the interfaces that the parts are about, in their order
    :param results: of the parts; the last one may have failed as a whole, and then the rest was left
    """
    made = [row for result in results for row in result.get("interfaces") or ()]
    rows = [dict(row) for row in predicted["interfaces"]]
    for number, row in zip(todo, made, strict=False):
        rows[number] = dict(row)
    failures = [result for result in results if result.get("failed")]
    for number in todo[len(made) :]:
        rows[number].update(status="failed", after=rows[number]["before"], reason=str(failures[-1]["msg"]))
    whole: dict[str, Any] = {"changed": any(result.get("changed") for result in results), "interfaces": rows}
    diffs = [result["diff"] for result in results if "diff" in result]
    if diffs:
        whole["diff"] = {side: {k: v for diff in diffs for k, v in diff[side].items()} for side in ("before", "after")}
    if failures:
        errors = [error for result in failures for error in result.get("errors") or ()]
        whole.update(failed=True, msg="\n".join(str(result["msg"]) for result in failures), errors=errors)
    return whole
