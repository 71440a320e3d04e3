# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own reading of addresses: it must not share a mistake with the collection."""

from __future__ import annotations

import re

ZERO = "000000000000"
_MAC = re.compile(r"[0-9A-F]{12}\Z")


def is_mac(text: object) -> bool:
    return isinstance(text, str) and _MAC.match(text) is not None


def to_int(mac: str) -> int:
    return int(mac, 16)


def to_hex(number: int) -> str:
    return f"{number:012X}"


def refused_by_hyper_v(mac: str) -> bool:
    """Multicast (and with it broadcast) and zero cannot be given to an adapter (facts 38, 39)."""
    return mac == ZERO or bool(to_int(mac) >> 40 & 1)
