# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells a clone from a replacement: both come with the name of an owner and other ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._text import quoted
from .claim import Claim, Identity
from .errors import RebindNeeded
from .model import Sighting, describe


def refuse_other_ids(
    claim: Claim,
    bound: Identity,
    identity: Identity,
    vm_sightings: Callable[[str], Sequence[Sighting]],
    gone_since: Callable[[], int | None],
) -> None:
    """Raise unless the VM that the name is bound to still exists beside the new one: then that one is a clone."""
    subject = f"owner {quoted(claim.owner)}"
    promised = f"{describe(claim)}, bound to VM {bound.vm_id}, adapter {bound.adapter_id}"
    sightings = vm_sightings(bound.vm_id)
    if bound.vm_id == identity.vm_id:
        if any(sighting.adapter_id.lower() == bound.adapter_id for sighting in sightings):
            found = f"{promised}, which was last seen beside the new adapter {identity.adapter_id}"
            remedy = (
                "If the VM has two adapters of this name, rename one of them. If the adapter was re-created, observe "
                "the host again and then rebind the claim (allocation with state: rebound)."
            )
        else:
            found = f"{promised}; now the same VM has adapter {identity.adapter_id} of this name"
            remedy = (
                "If the adapter was re-created and is to keep the address, rebind the claim (allocation with state: "
                "rebound); if not, release it first."
            )
        raise RebindNeeded(subject, "the adapter that the name is bound to", found, remedy)
    if sightings:
        return
    since = gone_since()
    if since is not None and since > claim.since:
        raise RebindNeeded(
            subject,
            f"VM {bound.vm_id}, to which the name is bound",
            f"{promised}; that VM is gone from every host, and VM {identity.vm_id} has its name",
            "If it replaces the old VM and is to keep the address, rebind the claim (allocation with state: rebound); "
            "if not, release it first.",
        )
    raise RebindNeeded(
        subject,
        f"VM {bound.vm_id}, to which the name is bound, or proof that it is gone",
        f"{promised}; VM {identity.vm_id} has its name, and no complete and newer observation of all hosts tells whether "
        "the old VM is still there",
        "Observe all hosts (ansible-playbook macpool.hyperv.observe), then try again: a clone gets an address of its own, a replacement "
        "asks for a rebind.",
    )
