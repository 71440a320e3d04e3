# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let plain ``pytest`` import the collection by its full name, whatever the checkout directory is called.

Ansible finds a collection only under ``ansible_collections/<namespace>/<name>``. A git checkout rarely sits in such a
place, so a tree with one symbolic link back to the checkout is kept under ``.cache/collections`` (mypy, ansible-lint
and the Makefile use the same tree).
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# A slow or busy machine must never turn a property test red: the laws are about answers, not about milliseconds.
settings.register_profile("macpool", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
# ansible-test runs the same tests once more in its own surroundings; what those add is not found by more examples.
settings.register_profile("again", settings.get_profile("macpool"), max_examples=20)


# Here and not in pyproject.toml, which ansible-test does not read.
MARKERS = (
    "browser: needs a headless Chromium; skipped where there is none",
    "slow: takes more than a few seconds",
)


def pytest_configure(config: pytest.Config) -> None:
    """Install Ansible's collection loader before the first test module is imported."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    settings.load_profile("again" if under_ansible_test() else "macpool")
    if under_ansible_test():
        # ansible-test has put the collection where it belongs and installed its own loader.
        tree = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0])
    else:
        tree = ROOT / ".cache" / "collections"
        link_collection(tree)
        # Read when ansible is first imported: temporary files of a run stay in the checkout.
        os.environ.setdefault("ANSIBLE_HOME", str(ROOT / ".cache" / "ansible"))
        # Not at module level: ansible-test runs some groups of tests where ansible.plugins must not be imported.
        from ansible.plugins.loader import init_plugin_loader

        init_plugin_loader([str(tree)])
        os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(tree)
    # Helpers such as tests.lab are imported from the checkout, by the tests and by the processes they start.
    sys.path.insert(0, str(ROOT))
    inherited = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(tree), *inherited])


def under_ansible_test() -> bool:
    """Whether ansible-test started this pytest."""
    return "ansible_pytest_collections" in os.environ.get("PYTEST_PLUGINS", "")


def link_collection(tree: Path) -> Path:
    """Make ``tree/ansible_collections/<namespace>/<name>`` a link to this checkout, and return it."""
    namespace, name = collection_name()
    link = tree / "ansible_collections" / namespace / name
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.resolve() == ROOT:
        return link
    # Several pytest-xdist workers get here at once: each renames its own link over the place, which is atomic.
    mine = link.with_name(f".{name}.{os.getpid()}")
    mine.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)
    try:
        mine.replace(link)
    finally:
        with suppress(FileNotFoundError):
            mine.unlink()
    return link


def collection_name() -> tuple[str, str]:
    """Return namespace and name as galaxy.yml has them."""
    text = (ROOT / "galaxy.yml").read_text(encoding="utf-8")
    found = dict(re.findall(r"^(namespace|name):\s*(\w+)\s*$", text, flags=re.MULTILINE))
    return found["namespace"], found["name"]
