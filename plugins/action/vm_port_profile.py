# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bind adapters of a host's VMs to their interfaces: observe, decide, apply, read back."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.host import VM_PORT_PROFILE
from ..plugin_utils._action import Result, Task
from ..plugin_utils._host.profile_run import ProfileRun
from ..plugin_utils._host.profiles import read_profile_wishes


class ActionModule(Task):
    SPEC = VM_PORT_PROFILE

    def work(self, options: dict[str, Any]) -> Result:
        """Bind what is wanted and tell what became of each adapter."""
        run = ProfileRun(self, skip_missing_vms=options["when_missing"] == "skip", rebind=options["rebind"])
        report = run.run(read_profile_wishes(options["profiles"]))
        for row in report.rows:
            for warning in row.decision.warnings:
                self._display.warning(warning)
        return {**report.as_result(), **self.diff(*report.diff())}
