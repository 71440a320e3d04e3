# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one page of HTML that needs no network, no server and no library.

Observed text is never markup. The browser builds the page from text nodes, and the page's own policy enforces this:
scripts and styles run by their digest only, and a script that tried to parse HTML would be stopped.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from .._audit.registry import all_rules
from .._audit.situation import Situation
from .html_data import page_data
from .html_lead import lead, text, verdict, without_scripts

_PARTS = Path(__file__).parent / "page"
_SCRIPTS = ("text", "data", "parts", "findings", "axis", "map", "grid", "pages", "main")
"""In this order: each may use what the ones before it define."""


def html(report: Mapping[str, Any], situation: Situation, now: dt.datetime) -> str:
    """Return the page.

    :param report: what the audit returned
    :param situation: what the report describes; for a what-if report the imagined situation
    :param now: when the report was created
    """
    rules = all_rules()
    script, style = _script(), _part("page.css")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    stamp = f"{now.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M} UTC"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="robots" content="noindex">',
            f"<title>{text(verdict(report).headline)} \u2013 MAC audit {stamp}</title>",
            '<link rel="icon" href="data:,">',
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            Template(_part("body.html")).substitute(
                stamp=stamp,
                lead=lead(report, situation, {rule.id: rule for rule in rules}, now),
                noscript=without_scripts(report),
            ),
            f'<script type="application/json" id="data">{_embedded(page_data(report, situation, rules, now))}</script>',
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


@cache
def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    parts = "\n".join(_part(f"{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _embedded(data: object) -> str:
    """Return JSON that cannot end its HTML element; ASCII only, so that lone surrogates stay as escapes."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
