# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the generated part of the page of all rules from the rules' own texts: ``python -m tests.tools.rules_page``.

The texts of a finding and of the documentation are the same, so they can never say different things. The rest of the page is written
by hand and kept as it is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.registry import Rule

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "docsite" / "rst" / "rules.rst"
BEGIN = ".. From here on written by tests/tools/rules_page.py from the rules' own texts. Change those instead.\n"
END = "\n.. From here on written by hand.\n"
_FACTS = re.compile(r"\bfacts?\s\d+(?:(?:,\s|,?\sand\s|\sto\s|-)\d+)*")
_FACT = "ansible_collections.macpool.hyperv.docsite.facts.fact_"

HEAD = """
.. list-table::
   :header-rows: 1
   :widths: 30 15 55

   * - Rule
     - Severity
     - What it finds
"""


def page(current: str, rules: Sequence[Rule]) -> str:
    """Return the page as it must be, with all that is written by hand in it."""
    before, begin, rest = current.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} lacks the line that begins or ends its generated part. Restore it from Git.")
    return before + BEGIN + generated(rules) + END + after


def generated(rules: Sequence[Rule]) -> str:
    """Return the table of all rules, and a section for each."""
    rows = "".join(f"   * - `{rule.id}`_\n     - {rule.severity}\n     - {_text(rule.title)}\n" for rule in rules)
    return HEAD + rows + "".join(map(_section, rules))


def _section(rule: Rule) -> str:
    title = _text(rule.id)
    return (
        f"\n{title}\n{'-' * len(title)}\n\n*{_text(rule.title)}* ({rule.severity})\n\n{_wrapped(rule.explanation)}\n\n"
        f"**What to do:** {_wrapped(rule.remedy)}\n"
    )


def _wrapped(text: str) -> str:
    lines = [""]
    for word in _text(text).split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > 120:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return _FACTS.sub(_linked, "\n".join(lines))


def _linked(words: re.Match[str]) -> str:
    return re.sub(r"\d+", lambda number: f":ref:`{number[0]} <{_FACT}{number[0]}>`", words[0])


def _text(text: str) -> str:
    """Return text that reStructuredText shows as it is."""
    return re.sub(r"([\\*`|])|_(?=\W|$)", lambda found: "\\" + found[0], text)


def main() -> None:
    """Write the page."""
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))
    from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.registry import all_rules

    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), all_rules()), encoding="utf-8")


if __name__ == "__main__":
    main()
