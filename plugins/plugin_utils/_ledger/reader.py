# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger that is open for questions about claims: all that a lookup of an address needs. ``Ledger`` does the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ...module_utils._errors import MacPoolError
from .._names import name_key, named_owner
from .claim import LIVE, Claim
from .sqlite.database import DEFAULT_TIMEOUT, Claims, Database

_Self = TypeVar("_Self", bound="Reader")


class Reader:
    """A ledger that is asked about claims."""

    store: Database

    def __init__(self, store: Database, scope: str) -> None:
        """Use a store that is open."""
        self.store = store
        self.scope = scope

    @classmethod
    def open(cls, location: str | None, scope: str, *, timeout: float = DEFAULT_TIMEOUT) -> Reader:
        """Open a ledger.

        :param location: ``sqlite:///path``, a path, or None for the default place of the scope
        :param timeout: seconds to wait for a turn to write
        :raises LedgerError: when there is none, or not the right one, or it is damaged
        """
        store = Database.at(location, scope, timeout)
        store.open(scope)
        return cls(store, scope)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def claims(self, *, owner: str = "", states: Sequence[str] = (), address: int | None = None) -> list[Claim]:
        """Return claims, by address; ``owner`` may be an alias."""

        def work(session: Claims) -> list[Claim]:
            if owner:
                found: Iterable[Claim] = sorted(session.claims_named(name_key(owner)), key=lambda claim: claim.address)
            elif address is not None:
                found = session.claims_between(address, address)
            else:
                found = session.claims_between(0, (1 << 48) - 1)
            return [
                claim
                for claim in found
                if (not states or claim.state in states) and (address is None or claim.address == address)
            ]

        return self.store.look(work)

    def addresses_of(
        self, owners: Sequence[object], pool: str | None, new: Callable[[Sequence[str]], Iterable[int]] | None
    ) -> list[int]:
        """Return the address of each owner: the one it has, or a new one where that is allowed.

        :param new: gives owners that have no address of the pool one each; None: that is an error
        """
        found: dict[str, int] = {}
        names = [named_owner(owner) for owner in owners]
        for name in names:
            for kept in self.claims(owner=name, states=LIVE):
                # Whether a claim in another pool will do is for the ledger to say.
                if new is None or pool is None or kept.pool == pool:
                    found[name] = kept.address
        missing = [name for name in dict.fromkeys(names) if name not in found]
        if missing and new is None:
            from .._text import quoted

            subject = f"owner {quoted(missing[0])}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
            wanted = "an address that the ledger has promised already (claim: false)"
            raise MacPoolError(subject, wanted, "none", "Claim one first with macpool.hyperv.allocation.")
        if missing and new is not None:
            found.update(zip(missing, new(missing), strict=True))
        return [found[name] for name in names]
