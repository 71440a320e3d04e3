# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plan and ledger count: the option, then the variable, then the environment."""

from __future__ import annotations

from collections.abc import Mapping
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
