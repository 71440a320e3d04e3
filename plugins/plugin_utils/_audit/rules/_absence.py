# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules report if something was not found: absence must be proven (law 5)."""

from __future__ import annotations

from ..._observation.words import adapter_words
from ..._text import listed
from ..situation import Situation

INCOMPLETE = "The observation is incomplete, so absence is not proven."


def spoofing_doubts(situation: Situation) -> list[str]:
    """Return the sentence that names the adapters behind which any address may be in use, if any (fact 109)."""
    if not situation.spoofing:
        return []
    shown = listed([adapter_words(adapter) for adapter in situation.spoofing], most=3)
    return [f"MAC spoofing is on at {shown}, so absence cannot be proven there."]
