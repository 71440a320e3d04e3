# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the task allocation asks of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, raise_all
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import parse_mac, parse_unicast
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._contract import (
    Identity,
    Job,
    Outcome,
    Request,
    Target,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger._core import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan import Plan

BY_ADDRESS = ("held", "unheld")


def read_claims(entries: Sequence[Mapping[str, Any]], state: str, default_pool: str | None) -> list[Request]:
    """Return what the option claims asks for.

    :param state: the state that all of them shall have
    :param default_pool: the pool of those that name none
    :raises MacPoolError: for every entry that lacks what its state needs
    """
    requests: list[Request] = []
    errors: list[MacPoolError] = []
    for number, entry in enumerate(entries):
        try:
            requests.append(_read_claim(f"claims[{number}]", entry, state, default_pool))
        except MacPoolError as error:
            errors.append(error)
    raise_all("claims", errors)
    return requests


def _read_claim(subject: str, entry: Mapping[str, Any], state: str, default_pool: str | None) -> Request:
    given = entry.get("mac_address")
    address = None
    if given not in (None, ""):
        # A claim that is to be released was checked when it was made; what was made must be releasable.
        address = (parse_unicast if state == "present" else parse_mac)(given, f"{subject}, mac_address")
    owner = entry.get("owner") or ""
    identity = None
    if entry.get("vm_id"):
        identity = Identity(entry["vm_id"], entry["adapter_id"], entry.get("cluster") or "")
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
