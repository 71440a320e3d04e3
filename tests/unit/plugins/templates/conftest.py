# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A templar like that of a task, for the filters and tests of templates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template

    TRUSTED = {"trusted_as_template": True}
except ImportError:  # before ansible-core 2.19 every text was a template
    TRUSTED = {}

    def trust_as_template(value: str) -> str:
        """Return the text as it is."""
        return value


@pytest.fixture(scope="session")
def render() -> Callable[..., Any]:
    """Return what renders a template, given as text that a playbook could hold, with variables."""

    def render(template: str, **variables: Any) -> Any:
        return Templar(DataLoader(), variables=variables).template(trust_as_template(template))

    return render


@pytest.fixture(scope="session")
def fails(render: Callable[..., Any]) -> Callable[..., str]:
    """Return what renders a template that must fail, and returns the message."""

    def fails(template: str, **variables: Any) -> str:
        with pytest.raises(AnsibleError) as caught:
            render(template, **variables)
        return re.sub(r"\s+", " ", str(caught.value))

    return fails


@pytest.fixture(scope="session")
def from_yaml(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Return what reads YAML as an inventory is read: with Ansible's own kinds of text, lists and mappings."""

    def from_yaml(text: str) -> Any:
        path = tmp_path_factory.mktemp("inventory") / "all.yml"
        path.write_text(text, encoding="utf-8")
        return DataLoader().load_from_file(str(path), **TRUSTED)

    return from_yaml
