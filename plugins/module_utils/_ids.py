# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Which ids are the same: of VMs, adapters and resources of the Network Controller. For internal use by this collection only."""

from __future__ import annotations

import re

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def plain_id(value: object) -> str:
    """Return a GUID or adapter id in the form in which ids are compared: no braces, no case, empty for nothing."""
    return str(value).strip().strip("{}").lower() if value is not None else ""


def plain_guid(value: object) -> str | None:
    """Return a GUID, in braces or not, in the form in which ids are compared; None for anything else."""
    plain = plain_id(value)
    return plain if _GUID.fullmatch(plain) else None
