# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address may be written somewhere only when the ledger promised it."""

from __future__ import annotations

from ...module_utils._errors import MacPoolError
from ...module_utils._formats import format_mac
from .._names import name_key
from .._text import quoted
from .ledger import Ledger
from .model import describe


def check_promised(ledger: Ledger, label: str, owner: str, address: int, preview: bool) -> None:
    """Refuse an address that is promised to no owner; the ledger itself refuses one of another owner.

    :param label: what is to carry it, for the message
    :raises MacPoolError: when there is no live claim on the address
    """
    claims = ledger.claims(address=address)
    if preview and all(name_key(claim.owner) == name_key(owner) for claim in claims):
        return  # an earlier task of the same check would have claimed it, or taken it back for its owner
    if not any(claim.live for claim in claims):
        wanted = f"{format_mac(address, 'dash')}, promised to owner {quoted(owner)} by the ledger"
        remedy = "Claim it first with macpool.hyperv.allocation, or give pool instead of mac_address."
        raise MacPoolError(label, wanted, describe(claims[0]) if claims else "no claim on it", remedy)
