# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plan and ledger count: the option, then the variable, then the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._settings import Settings

VARIABLES: Mapping[str, Any] = {"macpool_plan": {"scope": "of-the-variable"}, "macpool_ledger": "/variable"}


def settings(options: dict[str, Any], variables: Mapping[str, Any] | None = None, **environment: str) -> Settings:
    return Settings(options, VARIABLES if variables is None else variables, lambda value: value, environment)


def test_an_option_comes_before_the_variable_and_that_before_the_environment() -> None:
    assert settings({"plan": {"scope": "of-the-option"}}).plan().scope == "of-the-option"
    assert settings({"plan": None}).plan().scope == "of-the-variable"
    assert settings({"ledger": "/option"}, MACPOOL_LEDGER="/environment").ledger_url() == "/option"
    assert settings({}, MACPOOL_LEDGER="/environment").ledger_url() == "/variable"
    assert settings({}, {}, MACPOOL_LEDGER="/environment").ledger_url() == "/environment"


def test_an_empty_plan_is_an_error_and_not_another_plan() -> None:
    with pytest.raises(MacPoolError, match=r"macpool_plan\.scope"):
        settings({"plan": {}}).plan()


def test_the_scope_is_read_without_the_rest_of_the_plan() -> None:
    wrong = {"scope": "west", "pools": "none"}
    assert settings({}, {"macpool_plan": wrong}).scope() == "west"
    assert settings({"plan": wrong}).scope() == "west"
    with pytest.raises(MacPoolError, match="pools"):
        settings({"plan": wrong}).plan()


def test_only_the_scope_of_a_variable_is_rendered() -> None:
    rendered = []

    def render(value: Any) -> Any:
        rendered.append(value)
        return "west"

    plan = {"scope": "{{ site }}", "pools": "{{ pools }}"}
    assert Settings({}, {"macpool_plan": plan}, render, {}).scope() == "west"
    assert rendered == ["{{ site }}"]


@pytest.mark.parametrize("plan", [{}, {"scope": None}, {"scope": 7}, {"scope": ""}, ["west"], "west"])
def test_a_plan_without_a_scope_is_refused_as_a_whole(plan: Any) -> None:
    with pytest.raises(MacPoolError, match="macpool_plan"):
        settings({"plan": plan}).scope()


def test_the_scope_comes_from_where_the_plan_comes_from(tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text("macpool_plan: {scope: of-the-file}")
    file = str(tmp_path / "plan.yml")
    assert settings({"plan": {"scope": "of-the-option"}}, MACPOOL_PLAN=file).scope() == "of-the-option"
    assert settings({}, MACPOOL_PLAN=file).scope() == "of-the-variable"
    assert settings({}, {}, MACPOOL_PLAN=file).scope() == "of-the-file"
    with pytest.raises(MacPoolError, match="none of them"):
        settings({}, {}).scope()
