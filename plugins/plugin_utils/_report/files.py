# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a report in all its formats."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._audit.registry import SEVERITIES, all_rules
from .._audit.situation import Situation
from .._files import write_file
from .html import html
from .junit import junit
from .prometheus import prometheus


def write_reports(
    directory: Path, report: Mapping[str, Any], situation: Situation, now: dt.datetime, fail_at: str
) -> list[str]:
    """Write report.json, report.html, report.xml (JUnit) and report.prom (Prometheus text), and return their paths.

    :param situation: what the report describes; for a what-if report the imagined situation
    """
    rules = [rule.id for rule in all_rules()]
    failing = () if fail_at == "never" else SEVERITIES[: SEVERITIES.index(fail_at) + 1]
    contents = {
        "report.json": json.dumps(report, indent=1, ensure_ascii=True) + "\n",
        "report.html": html(report, situation, now),
        "report.xml": junit(report, rules, failing),
        "report.prom": prometheus(report, now),
    }
    for name, content in contents.items():
        write_file(directory / name, content)
    return [str(directory / name) for name in contents]
