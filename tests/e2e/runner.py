# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook of the collection as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


@dataclass(frozen=True)
class Run:
    """What a run said."""

    code: int
    output: str

    @property
    def changed(self) -> bool:
        """Whether any task of any host changed anything."""
        return any("changed=" in line and "changed=0" not in line for line in self.output.splitlines())


def run_playbook(
    playbook: str | Path, directory: Path, *arguments: str, inventory: Path | None = None, **variables: Any
) -> Run:
    """Run a playbook in a directory and return what it said."""
    path = PLAYBOOKS / playbook if isinstance(playbook, str) else playbook
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(path)]
    if inventory is not None:
        command += ["-i", str(inventory)]
    if variables:
        command += ["-e", json.dumps(variables)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MACPOOL_")}
    environment |= {
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "XDG_STATE_HOME": str(directory / "state"),
        "COLUMNS": "200",
    }
    done = subprocess.run(
        [*command, *arguments], cwd=directory, env=environment, check=False, capture_output=True, text=True, timeout=240
    )
    return Run(done.returncode, done.stdout + done.stderr)
