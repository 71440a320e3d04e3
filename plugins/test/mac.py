# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for MAC addresses in templates; each is documented in the .yml file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils._mac import is_local, is_mac, is_multicast, parse_mac
from ..plugin_utils._templates import for_templates, read_ranges


def mac(value: object) -> bool:
    return is_mac(value)


def multicast_mac(value: object) -> bool:
    return is_multicast(parse_mac(value))


def local_mac(value: object) -> bool:
    return is_local(parse_mac(value))


def in_mac_ranges(value: object, ranges: object) -> bool:
    return parse_mac(value) in read_ranges(ranges)


class TestModule:
    """Tests for MAC addresses."""

    def tests(self) -> dict[str, Callable[..., Any]]:
        """Return the tests by name."""
        return {
            function.__name__: for_templates(function) for function in (mac, multicast_mac, local_mac, in_mac_ranges)
        }
