# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""How an address is written. For internal use by this collection only."""

from __future__ import annotations

from collections.abc import Callable

from ._errors import MacPoolError


def _grouped(digits: str, width: int, separator: str) -> str:
    return separator.join(digits[at : at + width] for at in range(0, 12, width))


FORMATS: dict[str, Callable[[int], str]] = {
    "hyperv": lambda address: f"{address:012X}",
    "dash": lambda address: _grouped(f"{address:012X}", 2, "-"),
    "colon": lambda address: _grouped(f"{address:012X}", 2, ":"),
    "dot": lambda address: _grouped(f"{address:012x}", 4, "."),
    # A Linux guest (udev, netplan) matches lower case only: fact 104.
    "linux": lambda address: _grouped(f"{address:012x}", 2, ":"),
}


def format_mac(address: int, form: str = "hyperv") -> str:
    """Return ``address`` as text.

    :param form: ``hyperv`` 00155D010A05, ``dash`` 00-15-5D-01-0A-05, ``colon`` 00:15:5D:01:0A:05,
        ``dot`` 0015.5d01.0a05 or ``linux`` 00:15:5d:01:0a:05
    """
    if form not in FORMATS:
        raise MacPoolError("format of a MAC address", f"one of {', '.join(FORMATS)}", repr(form), "Name one of these.")
    return FORMATS[form](address)


def all_formats(address: int) -> dict[str, str]:
    """Return the address in every format, by the format's name."""
    return {name: form(address) for name, form in FORMATS.items()}
