# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of a real Network Controller in data/ (its licence is beside them), made loadable."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

Json = dict[str, Any]

DATA = Path(__file__).resolve().parent / "data"
NETWORKS = ("logicalNetworks", "virtualNetworks", "servers")
_NAMESPACE = uuid.UUID("7a1c6d0e-8f0b-4b52-9a52-6d6163706f6f")


def guid(text: str) -> str:
    """A GUID as it is, any other text as one that is always the same: the data's ids were replaced by words."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, text))


def load(collection: str) -> list[Json]:
    raw = json.loads((DATA / f"{collection}.json").read_text(encoding="utf-8"))
    found: list[Json] = [_with_guids(entry) for entry in raw["value"]]
    return found


def _with_guids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_guids(entry) for entry in value]
    if isinstance(value, dict):
        return {key: guid(entry) if key == "instanceId" else _with_guids(entry) for key, entry in value.items()}
    return value
