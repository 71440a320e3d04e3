# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of all rules says what the rules say."""

from __future__ import annotations

import re

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.registry import Rule, all_rules
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import RULES
from tests.tools.rules_page import BEGIN, END, PAGE, generated, page

CURRENT = PAGE.read_text(encoding="utf-8")
FACT = "ansible_collections.macpool.hyperv.docsite.facts.fact_"


def test_the_page_is_in_step_with_the_rules() -> None:
    assert page(CURRENT, all_rules()) == CURRENT, "run: python -m tests.tools.rules_page"


def test_what_is_written_by_hand_is_kept() -> None:
    rewritten = page(CURRENT, [])
    assert rewritten.partition(BEGIN)[0] == CURRENT.partition(BEGIN)[0]
    assert rewritten.partition(END)[2] == CURRENT.partition(END)[2]
    assert "Where the rules draw the line" in rewritten


def test_a_page_without_its_marks_is_not_overwritten() -> None:
    with pytest.raises(SystemExit, match="Restore it from Git"):
        page(CURRENT.replace(END, ""), all_rules())


def test_every_rule_is_one_that_a_plan_can_waive() -> None:
    assert {rule.id for rule in all_rules()} <= set(RULES)


def test_facts_become_links_and_no_markup_of_a_text_reaches_the_page() -> None:
    rule = Rule("x-y", "low", "a *b*", "why (facts 38, 39, 42) it_ is (fact 16).", "run `x`", lambda _situation: ())
    text = generated([rule])
    assert "*a \\*b\\**" in text
    assert f"why (facts :ref:`38 <{FACT}38>`, :ref:`39 <{FACT}39>`, :ref:`42 <{FACT}42>`) it\\_ is" in re.sub(
        r"\s+", " ", text
    )
    assert f"(fact :ref:`16 <{FACT}16>`)." in text
    assert "run \\`x\\`" in text


def test_a_citation_that_is_broken_over_two_lines_is_linked_as_a_whole() -> None:
    rule = Rule("x-y", "low", "a", " ".join(["word"] * 21) + " (facts 7, 12 and 14)", "run", lambda _situation: ())
    text = generated([rule])
    assert [text.count(f"{FACT}{number}>") for number in (7, 12, 14)] == [1, 1, 1]
