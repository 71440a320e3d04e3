# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The limits of every numeric option, by its name. For internal use by this collection only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HOUR, _DAY = 3600, 86400
_UINT32 = (1 << 32) - 1

LIMITS = {
    "iov_queue_pairs": (0, _UINT32),
    "iov_weight": (0, 100),
    "lock_timeout": (0, _HOUR),
    "parallel": (1, 100),
    "port_flow_limit": (0, _UINT32),
    "retries": (0, 100),
    "show": (0, 10000),
    "shutdown_timeout": (0, _DAY),
    "size": (1, 1 << 40),
    "storm_limit": (0, _UINT32),
    "timeout": (1, _HOUR),
    "vmq_weight": (0, 100),
    "wait_timeout": (1, _DAY),
}
"""The least and the greatest value. An option with ``choices`` needs none."""


def check_limit(name: str, value: object, place: str = "") -> None:
    """Refuse a number that an option of this name cannot have.

    :param place: where the option is, if it is inside another
    :raises MacPoolError: naming the option and its limits
    """
    least, most = LIMITS[name]
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return
    from .._mac import parse_count  # only for errors: a lookup compiles what it imports in each host's process

    parse_count(value, f"{place}{name}", most, least)


def check_limits(spec: Mapping[str, Any], options: Mapping[str, Any], place: str = "") -> None:
    """Refuse options, already read by Ansible, with a number that is outside its limits.

    :raises MacPoolError: naming the option and its limits
    """
    for name, rule in spec.items():
        value = options.get(name)
        if value is None:
            continue
        if "options" in rule:
            many = isinstance(value, list)
            for number, item in enumerate(value if many else [value]):
                check_limits(rule["options"], item, f"{place}{name}[{number}]." if many else f"{place}{name}.")
        elif name in LIMITS:
            check_limit(name, value, place)
