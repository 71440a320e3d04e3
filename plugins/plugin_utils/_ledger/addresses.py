# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of owners, for the lookup: those that exist are read, and nothing is loaded that only new ones need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...module_utils._errors import MacPoolError
from .._names import named_owner
from .claim import LIVE
from .reader import Reader


def addresses_of(
    ledger: Reader, owners: Sequence[object], pool: str | None, new: Callable[[Sequence[str]], Iterable[int]] | None
) -> list[int]:
    """Return the address of each owner: the one it has, or a new one where that is allowed.

    :param new: gives owners that have no address of the pool one each; None: that is an error
    """
    found: dict[str, int] = {}
    names = [named_owner(owner) for owner in owners]
    for name in names:
        for kept in ledger.claims(owner=name, states=LIVE):
            # Whether a claim in another pool will do is for the ledger to say.
            if new is None or pool is None or kept.pool == pool:
                found[name] = kept.address
    missing = [name for name in dict.fromkeys(names) if name not in found]
    if missing and new is None:
        from .._text import quoted

        raise MacPoolError(
            f"owner {quoted(missing[0])}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else ""),
            "an address that the ledger has promised already (claim: false)",
            "none",
            "Claim one first with macpool.hyperv.allocation.",
        )
    if missing and new is not None:
        found.update(zip(missing, new(missing), strict=True))
    return [found[name] for name in names]
