# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The claims behind the addresses of interfaces: before they are written, and for what the Network Controller chose after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._ledger.ledger import Ledger
from .._ledger.model import Job, Outcome, Request
from .._ledger.promise import check_promised
from . import interfaces as _interfaces


class InterfaceClaims:
    """The claims of one task. The ledger is opened only where an entry names an owner."""

    def __init__(self, open_ledger: Callable[[], Ledger], job: Job, reserve_for: int, preview: bool) -> None:
        self._open_ledger = open_ledger
        self._job = job
        self._reserve_for = reserve_for
        self._preview = preview
        self.changed = False

    def before(self, entries: Sequence[Mapping[str, Any]], check: Callable[[dict[int, int]], object]) -> dict[int, int]:
        """Claim, or predict, the addresses that the ledger promises; by the number of the entry.

        :param check: raises when interfaces cannot be made with such addresses; asked before a new claim is made
        :raises MacPoolError: for an address that the ledger did not promise, and for whatever else it refuses
        """
        requests = _interfaces.requests(entries)
        if not requests:
            if any(entry.get("owner") for entry in entries):
                self._open_ledger()  # a ledger that cannot be opened must fail the task before anything is written
            return {}
        ledger = self._open_ledger()
        for number, request in requests.items():
            if request.address is not None:
                label = f'interface "{entries[number].get("name") or entries[number].get("instance_id")}"'
                check_promised(ledger, label, request.owner, request.address, self._preview)
        if not self._preview:
            # A request that the Network Controller would refuse must leave no claim behind.
            predicted = self._ensure(ledger, list(requests.values()), preview=True)
            if any(outcome.changed for outcome in predicted):
                check(_by_number(requests, predicted))
        outcomes = self._ensure(ledger, list(requests.values()), self._preview)
        self.changed |= any(outcome.changed for outcome in outcomes)
        return _by_number(requests, outcomes)

    def after(self, entries: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
        """Claim the addresses that the Network Controller chose, as they are."""
        if requests := _interfaces.given(entries, rows):
            outcomes = self._ensure(self._open_ledger(), requests, self._preview)
            self.changed |= any(outcome.changed for outcome in outcomes)

    def _ensure(self, ledger: Ledger, requests: Sequence[Request], preview: bool) -> list[Outcome]:
        return ledger.ensure(requests, self._job, reserve_for=self._reserve_for, preview=preview)


def _by_number(requests: Mapping[int, Request], outcomes: Sequence[Outcome]) -> dict[int, int]:
    return {number: outcome.claim.address for number, outcome in zip(requests, outcomes, strict=True)}
