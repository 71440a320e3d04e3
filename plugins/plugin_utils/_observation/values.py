# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values from documents of unknown origin. Pure; no value raises an error here."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._errors import MacPoolError
from ...module_utils._mac import Interval, parse_interval, parse_mac
from .._text import EARLIEST, LATEST

_FRACTION = re.compile(r"\.([0-9]{1,6})[0-9]*")


def parse_time(value: object) -> dt.datetime | None:
    """Return an instant from text as PowerShell or Python write it; None if it is not a time that a document can have."""
    if isinstance(value, str):
        try:
            text = _FRACTION.sub(lambda match: "." + match[1].ljust(6, "0"), value.strip())
            value = dt.datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "Zz" else text)
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    value = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
    # Near the ends of the calendar, the same instant in another time zone does not exist.
    return value if EARLIEST <= value <= LATEST else None


def read_mac(value: object) -> tuple[str | None, int | None]:
    """Return an address as found and as a number; the number is None if the text is not an address."""
    if value is None:
        return None, None
    try:
        return str(value), parse_mac(value)
    except MacPoolError:
        return str(value), None


def read_interval(value: object, start_key: str = "start", end_key: str = "end") -> Interval | None:
    """Return a range; None if the mapping does not contain one."""
    mapping = mapping_of(value)
    try:
        return parse_interval({"start": mapping.get(start_key), "end": mapping.get(end_key)})
    except MacPoolError:
        return None


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a mapping; an empty one for everything else."""
    return value if isinstance(value, Mapping) else {}


def items_of(value: object) -> Sequence[Any]:
    """Return the elements of a list; an empty list for everything else."""
    if isinstance(value, Mapping):
        return [value]  # PowerShell writes a list with one element as that element.
    return value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()


def is_list(value: object) -> bool:
    """Tell whether a value is a list, or the only element of one, which PowerShell writes without the list."""
    return isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, (str, bytes)))


def text_or_none(value: object) -> str | None:
    """Return text; None for null and for empty text."""
    return str(value) if value is not None and str(value) else None


def folded(value: object) -> Mapping[str, Any]:
    """Return a mapping with its keys in lower case: a Network Controller's spelling of them varies (fact 62)."""
    return {str(key).casefold(): item for key, item in mapping_of(value).items()}


def read_count(value: object) -> int | None:
    """Return a count; None if it is not one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        return int(value)
    return None
