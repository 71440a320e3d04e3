# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of all rules says what the rules say."""

from __future__ import annotations

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.registry import Rule, all_rules
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import RULES
from tests.tools.rules_page import PAGE, page


def test_the_page_is_in_step_with_the_rules() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(all_rules()), "run: python -m tests.tools.rules_page"


def test_every_rule_is_one_that_a_plan_can_waive() -> None:
    assert {rule.id for rule in all_rules()} <= set(RULES)


def test_no_number_of_a_fact_and_no_markup_of_a_text_reaches_the_page() -> None:
    rule = Rule("x-y", "low", "a *b*", "why (facts 38, 39, 42) it_ is (fact 16).", "run `x`", lambda _situation: ())
    text = page([rule])
    assert "fact" not in text.partition("x-y\n---")[2]
    assert "*a \\*b\\**" in text
    assert "why it\\_ is." in text
    assert "run \\`x\\`" in text
    assert "fact " not in page(all_rules())
