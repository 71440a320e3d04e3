# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request, for tests that ask what a client did."""

from __future__ import annotations

import copy
import threading
from typing import Any

Json = dict[str, Any]


class RequestsLog:
    """`status` is None where no answer was sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Json] = []

    def add(self, entry: Json) -> Json:
        with self._lock:
            self._entries.append(entry)
        return entry

    def entries(self) -> list[Json]:
        with self._lock:
            return copy.deepcopy(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
