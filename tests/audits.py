# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit in one call, as the action makes it in two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.run import report_on, situate


def audit(
    documents: Iterable[Mapping[str, Any]], *, now: dt.datetime, what_if: Mapping[str, Any] | None = None, **known: Any
) -> dict[str, Any]:
    """Return the report on documents; the parameters are those of ``situate``."""
    return report_on(situate(documents, now=now, **known), what_if)
