# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One resource and one operation on it, as the Network Controller keeps them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

COLLECTIONS = (
    *("macPools", "networkInterfaces", "logicalNetworks", "virtualNetworks", "servers"),
    *("accessControlLists", "publicIPAddresses", "loadBalancers", "credentials"),
)
SUCCEEDED, UPDATING, FAILED, DELETING = "Succeeded", "Updating", "Failed", "Deleting"


def new_etag() -> str:
    return f'W/"{uuid.uuid4()}"'


@dataclass
class Failure:
    """How provisioning ends badly."""

    code: str
    message: str
    details: list[tuple[str, str]] = field(default_factory=list)

    def state(self) -> Json:
        """No document says where a failed PUT keeps its error; configurationState is where other failures are (fact 70)."""
        told = [(self.code, self.message), *self.details]
        return {
            "status": "Failure",
            "detailedInfo": [{"source": "NetworkController", "code": code, "message": text} for code, text in told],
        }


@dataclass
class Resource:
    """`polls`: how many more looks at it still find it `Updating` or `Deleting`. `ending`: the failure to come."""

    number: int
    collection: str
    id: str
    properties: Json
    envelope: Json = field(default_factory=dict)
    instance_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    etag: str = field(default_factory=new_etag)
    state: str = SUCCEEDED
    polls: int = 0
    ending: Failure | None = None
    failure: Failure | None = None
    updated: str = ""

    @property
    def ref(self) -> str:
        return f"/{self.collection}/{self.id}"

    def changed(self) -> None:
        self.etag = new_etag()


@dataclass
class Operation:
    """A DELETE on its way (fact 75)."""

    id: str
    resource: Resource
    failure: Failure | None = None
    done: bool = False
