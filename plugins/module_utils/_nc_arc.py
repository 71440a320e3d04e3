# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Who manages the SDN. For internal use by this collection only.

SDN enabled by Azure Arc must not be managed by other tools: Azure does not see the change and puts its own state back.
What no page documents is how a Network Controller tells; the sign taken here is that resources which Azure made name
its resource provider in their metadata. Whoever cannot be asked is taken for managed by Azure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ._errors import MacPoolError
from ._network_controller import Client, NetworkControllerError, Resource, member

AUTO, ADMINISTRATOR, ARC = "auto", "administrator", "azure_arc"
_COLLECTIONS = ("logicalNetworks", "virtualNetworks")
_PROVIDER = "microsoft.azurestackhci"


def check_writable(client: Client, managed_by: str, known: Iterable[Resource]) -> None:
    """Refuse to write to an SDN that Azure Arc manages, or of which nobody can tell.

    :param managed_by: auto, or what the user says
    :param known: resources that were read already
    :raises MacPoolError: when it must not be written to
    """
    if managed_by == ADMINISTRATOR:
        return
    if managed_by == ARC:
        raise _refusal(client, "managed_by: azure_arc")
    found = _sign(known)
    for collection in _COLLECTIONS:
        if found:
            break
        try:
            found = _sign(client.all_of(collection))
        except NetworkControllerError as error:
            raise MacPoolError(
                client.subject,
                "to know that Azure Arc does not manage this SDN before anything is written",
                f"that this cannot be told: {error.found}",
                "Use an account that may read all resources; or, when you know that you manage it with your own tools,"
                " say managed_by: administrator.",
            ) from error
    if found:
        raise _refusal(client, found)


def _sign(resources: Iterable[Resource]) -> str:
    for resource in resources:
        metadata = json.dumps([member(resource, "resourceMetadata"), member(resource, "tags")], default=str)
        if _PROVIDER in metadata.casefold():
            return f"{member(resource, 'resourceRef') or member(resource, 'resourceId')}, which Microsoft.AzureStackHCI made"
    return ""


def _refusal(client: Client, found: str) -> MacPoolError:
    return MacPoolError(
        client.subject,
        "an SDN that its administrators manage with their own tools",
        f"one that Azure Arc manages ({found})",
        "Change it through Azure (portal, az stack-hci-vm, ARM templates). Reading and auditing it works as everywhere.",
    )
