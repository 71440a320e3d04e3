# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Which tool manages the SDN. For internal use by this collection only.

SDN enabled by Azure Arc must not be managed by other tools: Azure does not see the change and restores its own state.
How a Network Controller shows this is not documented. The sign used here: resources that Azure created name its
resource provider in their metadata. A Network Controller that cannot be read is treated as managed by Azure.
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
    """Refuse to write to an SDN that Azure Arc manages, or for which this is unknown.

    :param managed_by: auto, or what the user set
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
                "an SDN that is known not to be managed by Azure Arc",
                f"that this cannot be read: {error.found}",
                "Use an account that may read all resources. If you are sure that you manage this SDN with your own tools,"
                " set managed_by: administrator.",
                problem=f"{client.subject}: cannot find out whether Azure Arc manages this SDN: {error.found}",
            ) from error
    if found:
        raise _refusal(client, found)


def _sign(resources: Iterable[Resource]) -> str:
    for resource in resources:
        metadata = json.dumps([member(resource, "resourceMetadata"), member(resource, "tags")], default=str)
        if _PROVIDER in metadata.casefold():
            return f"{member(resource, 'resourceRef') or member(resource, 'resourceId')}, which Microsoft.AzureStackHCI created"
    return ""


def _refusal(client: Client, found: str) -> MacPoolError:
    return MacPoolError(
        client.subject,
        "an SDN that its administrators manage with their own tools",
        f"one that Azure Arc manages ({found})",
        "Change it through Azure (portal, az stack-hci-vm, ARM templates). You can still read and audit it.",
        problem=f"{client.subject} is managed by Azure Arc ({found})",
    )
