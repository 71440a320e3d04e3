# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give adapters of a host's VMs their addresses: observe, decide, claim, apply, read back, confirm."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.host import VM_NETWORK_ADAPTER
from ..plugin_utils._action import Result, Task
from ..plugin_utils._host.adapter_run import AdapterRun
from ..plugin_utils._host.adapters import read_wishes
from ..plugin_utils._host.power import Power
from ..plugin_utils._plan.read import parse_duration


class ActionModule(Task):
    SPEC = VM_NETWORK_ADAPTER

    def work(self, options: dict[str, Any]) -> Result:
        """Give the addresses and tell what became of each adapter."""
        report = AdapterRun(
            ledger=self.ledger(options, self.settings.plan()),
            job=self.job,
            connection=self,
            preview=self.preview,
            reserve_for=parse_duration(options["reserve_for"], "reserve_for"),
            power=Power(options["when_running"], options["shutdown_timeout"], options["force_off"]),
            skip_missing_vms=options["when_missing"] == "skip",
            bound=options["bound"],
        ).run(read_wishes(options["adapters"]))
        return {**report.as_result(), **self.diff(*report.diff())}
