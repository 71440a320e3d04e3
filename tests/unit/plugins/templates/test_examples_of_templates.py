# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the filters and tests give what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
PAGES = [*sorted((PLUGINS / "filter").glob("*.yml")), *sorted((PLUGINS / "test").glob("*.yml"))]


def test_every_plugin_has_its_page() -> None:
    from ansible.plugins.loader import filter_loader, test_loader

    for loader, folder in ((filter_loader, "filter"), (test_loader, "test")):
        for page in (PLUGINS / folder).glob("*.yml"):
            assert loader.get(f"macpool.hyperv.{page.stem}") is not None
    names = {page.stem for page in (PLUGINS / "filter").glob("*.yml")}
    assert names == {"mac", "mac_add", "mac_ranges", "mac_overlaps", "plain"}
    assert {page.stem for page in (PLUGINS / "test").glob("*.yml")} == {
        "mac",
        "multicast_mac",
        "local_mac",
        "in_mac_ranges",
        "in_vm_names",
        "in_host_names",
    }


@pytest.mark.parametrize("page", PAGES, ids=[f"{page.parent.name}/{page.stem}" for page in PAGES])
def test_the_examples_give_what_they_say(page: Path, render: Callable[..., Any]) -> None:
    examples = yaml.safe_load(page.read_text(encoding="utf-8"))["EXAMPLES"]
    promised = re.findall(r"^# Produces (.*)$", re.sub(r"^ +#", "#", examples, flags=re.MULTILINE), re.MULTILINE)
    produced = []
    for task in yaml.safe_load(examples):
        variables = task.get("vars", {})
        if "ansible.builtin.assert" in task:
            assert render(f"{{{{ {task['ansible.builtin.assert']['that']} }}}}", **variables) is True
        else:
            produced.append(render(task["ansible.builtin.debug"]["msg"], **variables))
    # Before ansible-core 2.19 a number comes out of a template as text.
    assert list(map(str, produced)) == [str(yaml.safe_load(text)) for text in promised]
