# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that can be moved on, so that nobody waits for a guest or a host."""

from __future__ import annotations

import datetime
import time


class Clock:
    """Real time plus what `advance` added; `frozen` stands still but for `advance`, for exact tests."""

    def __init__(self, *, frozen: bool = False) -> None:
        # A whole number, or sums of seconds would miss each other by a rounding that changes from run to run.
        start = float(int(time.monotonic()))
        self._frozen_at = (start, datetime.datetime.now(datetime.timezone.utc)) if frozen else None
        self._added = 0.0

    def now(self) -> float:
        base = self._frozen_at[0] if self._frozen_at else time.monotonic()
        return base + self._added

    def moment(self) -> datetime.datetime:
        base = self._frozen_at[1] if self._frozen_at else datetime.datetime.now(datetime.timezone.utc)
        return base + datetime.timedelta(seconds=self._added)

    def utc(self) -> str:
        return self.moment().strftime("%Y-%m-%dT%H:%M:%SZ")

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._added += seconds
