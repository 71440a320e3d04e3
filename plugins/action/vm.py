# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, start, stop and remove VMs of a host: observe, decide, apply step by step, read back."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.host import VM
from ..plugin_utils._action import Result, Task
from ..plugin_utils._host.vm_run import VmRun
from ..plugin_utils._host.vms import Goal, read_vm_wishes


class ActionModule(Task):
    SPEC = VM

    def work(self, options: dict[str, Any]) -> Result:
        """Do what is wanted and tell what became of each VM."""
        report = VmRun(
            connection=self,
            inventory_name=self.task_vars["inventory_hostname"],
            goal=Goal(options["state"], options["when_missing"] == "create", options["stop"]),
            preview=self.preview,
            shutdown_timeout=options["shutdown_timeout"],
            force_off=options["force_off"],
        ).run(read_vm_wishes(options["vms"]))
        return {**report.as_result(), **self.diff(*report.diff())}
