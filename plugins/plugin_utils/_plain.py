# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain Python values of what Ansible hands over. Pure.

Text comes from Ansible in classes of its own, which differ by its version and settings: unsafe, tagged, made by native
Jinja, or, up to ansible-core 2.18, vaulted and then no ``str`` at all. Here it becomes ``str``, once and for everything
that comes in, so that nothing behind has to know.
"""

from __future__ import annotations

import datetime as dt
from collections import UserString
from collections.abc import Mapping
from typing import Any

_PLAIN = (str, int, float, bool, type(None), dt.date, dt.datetime)


class Vaulted(str):
    """Text that was vaulted: it is used like any other, but an error does not show it (law 7)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "a vaulted value"


def plain_data(value: Any) -> Any:
    """Return a value with everything in it as plain text, numbers, lists and mappings; what is none of these stays."""
    kind = type(value)
    if kind in _PLAIN or kind is Vaulted:
        return value
    if isinstance(value, Mapping):
        return {plain_data(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(item) for item in value]
    if _was_vaulted(value):
        return Vaulted(value)
    if isinstance(value, str):
        # Not str(value): unsafe text answers that with itself.
        return str.__str__(value)
    if isinstance(value, UserString):
        return str(value)
    for number in (int, float):
        if isinstance(value, number):
            return number(value)
    return value


def _was_vaulted(value: object) -> bool:
    if getattr(value, "__ENCRYPTED__", False) is True:
        return True  # ansible-core up to 2.18
    try:
        from ansible.parsing.vault import VaultHelper
    except ImportError:
        return False
    return VaultHelper.get_ciphertext(value, with_tags=False) is not None
