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
from collections.abc import Iterable, Mapping
from typing import Any

from ..module_utils._errors import MacPoolError

LONGEST_NUMBER = 300
"""In digits. Python refuses to write numbers of more than 4,300 digits as text, so an error could not show them."""
_TOO_LONG = 10**LONGEST_NUMBER
_PLAIN = (str, int, float, bool, type(None), dt.date, dt.datetime)


class Vaulted(str):
    """Text that was vaulted: it is used like any other, but an error does not show it (law 7)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "a vaulted value"


def without_unset(value: Any) -> Any:
    """Return options without those that were not set: for a module, null is not the same as not set."""
    if isinstance(value, Mapping):
        return {key: without_unset(inner) for key, inner in value.items() if inner is not None}
    return [without_unset(item) for item in value] if isinstance(value, list) else value


class _TooLongError(Exception):
    """A number has more digits than Python writes as text."""


def plain_data(value: Any) -> Any:
    """Return a value with everything in it as plain text, numbers, lists and mappings; what is none of these stays.

    :raises MacPoolError: for a number that is longer than any that has a meaning here, with its place
    """
    try:
        return _plain(value)
    except (_TooLongError, RecursionError) as error:
        long = isinstance(error, _TooLongError)
        raise MacPoolError(
            f"the value of {_place_of_too_long(value).lstrip('.') or 'an option'}" if long else "a value",
            f"a number of at most {LONGEST_NUMBER} digits" if long else "lists and mappings that end",
            "a longer number" if long else "some that are nested too deeply",
            "Correct it.",
        ) from None


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is int and not -_TOO_LONG < value < _TOO_LONG:
        raise _TooLongError
    if kind in _PLAIN or kind is Vaulted:
        return value
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
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


def _place_of_too_long(value: Any) -> str:
    """Return where in a value the first number that is too long is, such as ``.pools.tenant[0].size``."""
    if isinstance(value, int):
        return "?" if -_TOO_LONG < value < _TOO_LONG else ""
    items: Iterable[tuple[str, Any]] = ()
    if isinstance(value, Mapping):
        items = ((f".{key}" if isinstance(key, str) else ".?", item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        items = ((f"[{number}]", item) for number, item in enumerate(value))
    for name, item in items:
        if not (place := _place_of_too_long(item)).endswith("?"):
            return f"{name}{place}"
    return "?"


def _was_vaulted(value: object) -> bool:
    if getattr(value, "__ENCRYPTED__", False) is True:
        return True  # ansible-core up to 2.18
    try:
        from ansible.parsing.vault import VaultHelper
    except ImportError:
        return False
    return VaultHelper.get_ciphertext(value, with_tags=False) is not None
