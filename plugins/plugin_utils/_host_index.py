# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds hosts by name among many, without comparing a name with all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from ._names import find_host, host_key

_T = TypeVar("_T")


class HostIndex(Generic[_T]):
    """What is known of hosts, by name: which one a name means is for ``find_host`` to say."""

    def __init__(self, hosts: Iterable[tuple[str, _T]] = ()) -> None:
        """Know these hosts; of one that is given twice, the last."""
        # Only hosts with the same first label can be the same.
        self._by_label: dict[str, dict[str, _T]] = {}
        for name, value in hosts:
            self.put(name, value)

    def put(self, name: str, value: _T) -> None:
        """Know a host, or something else of it."""
        key = host_key(name)
        self._by_label.setdefault(key.partition(".")[0], {})[key] = value

    def drop(self, name: str) -> None:
        """Know nothing of the host with exactly this name."""
        key = host_key(name)
        self._by_label.get(key.partition(".")[0], {}).pop(key, None)

    def key(self, name: str) -> str | None:
        """Return the key of the host that a name means."""
        return find_host(name, self._by_label.get(host_key(name).partition(".")[0], ()))

    def get(self, name: str) -> _T | None:
        """Return what is known of the host that a name means."""
        key = self.key(name)
        return None if key is None else self._by_label[key.partition(".")[0]][key]
