# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for MAC addresses, ranges of them, and names in messages; each is documented in the .yml file of its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..module_utils._errors import MacPoolError
from ..module_utils._mac import Interval, format_mac, overlaps, parse_count, parse_interval, parse_mac, shown
from ..plugin_utils import _text
from ..plugin_utils._names import MAX_NAME
from ..plugin_utils._templates import for_templates, listed_ranges, read_ranges

_SIGNED = re.compile(r"-?[0-9]{1,20}")


def mac(value: object, format: str = "hyperv") -> str:
    return format_mac(parse_mac(value), format)


def mac_add(value: object, number: object) -> str:
    address = parse_mac(value)
    step = _whole(number)
    result = address + step
    if result >> 40 != address >> 40:
        first = format_mac(address)[:2]
        raise MacPoolError(
            f"mac_add({step}) to {format_mac(address, 'dash')}",
            f"an address whose first octet is still {first}",
            f"one outside the block {first}-xx-xx-xx-xx-xx",
            f"The first octet must not change. {'Add' if step > 0 else 'Subtract'} a smaller number.",
            problem=f"{format_mac(address, 'dash')}: adding {step} would leave the block {first}-xx-xx-xx-xx-xx",
        )
    return format_mac(result)


def mac_ranges(value: object) -> list[dict[str, Any]]:
    return [_as_mapping(interval) for interval in read_ranges(value)]


def mac_overlaps(value: object) -> list[dict[str, Any]]:
    claims = []
    for place, item in listed_ranges(value):
        interval = parse_interval(item, place)
        name = item.get("name")
        if not isinstance(name, str) or not name:
            raise MacPoolError(
                f"{place}.name", "a name to call the range by", shown(name), "Add name: to each range of the list."
            )
        claims.append((*interval, name))
    return [{**_as_mapping(Interval(start, end)), "names": list(names)} for start, end, names in overlaps(claims)]


def plain(value: object, longest: object = MAX_NAME) -> str:
    # Three dots are what is left of a text that was cut off.
    return _text.plain(value if isinstance(value, str) else str(value), parse_count(longest, "longest", 1 << 20, 3))


def _whole(number: object) -> int:
    if isinstance(number, str) and _SIGNED.fullmatch(number):
        return int(number)
    if isinstance(number, int) and not isinstance(number, bool):
        return int(number)
    raise MacPoolError(
        "the number to add to a MAC address",
        "a whole number",
        shown(number),
        "Use a whole number; it may be negative.",
    )


def _as_mapping(interval: Interval) -> dict[str, Any]:
    return {"start": format_mac(interval.start), "end": format_mac(interval.end), "size": interval.size}


class FilterModule:
    """Filters for MAC addresses and names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            function.__name__: for_templates(function) for function in (mac, mac_add, mac_ranges, mac_overlaps, plain)
        }
