# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the page of all rules from the rules' own texts: ``python -m tests.tools.rules_page``.

The texts of a finding and of the documentation are the same, so they can never say different things.
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
# Numbers of facts help who changes a rule; a reader cannot look them up.
_FACTS = re.compile(r"\s*\(facts? [0-9][0-9, -]*(?:and [0-9]+)?\)")

HEAD = """\
..
  Copyright (c) 2026, the macpool.hyperv contributors
  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by tests/tools/rules_page.py from the rules' own texts. Change those, not this page.

.. _ansible_collections.macpool.hyperv.docsite.rules:

The rules of the audit
======================

Each finding of :ansplugin:`macpool.hyperv.audit#module` names its rule. The severity here is the usual one; a finding may be worse
or milder, and says so. How to read a report, and how to accept a finding for a while, is in
:ref:`ansible_collections.macpool.hyperv.docsite.guide_audit`.

.. list-table::
   :header-rows: 1
   :widths: 30 15 55

   * - Rule
     - Severity
     - What it finds
"""


def page(rules: Sequence[Rule]) -> str:
    """Return the page as it must be."""
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
    return "\n".join(lines)


def _text(text: str) -> str:
    """Return text that reStructuredText shows as it is."""
    return re.sub(r"([\\*`|])|_(?=\W|$)", lambda found: "\\" + found[0], _FACTS.sub("", text))


def main() -> None:
    """Write the page."""
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))
    from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.registry import all_rules

    PAGE.write_text(page(all_rules()), encoding="utf-8")


if __name__ == "__main__":
    main()
