# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe a host, and keep what was seen in a file or in the ledger."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.host import HOST_INFO
from ..plugin_utils._action import Result, Task
from ..plugin_utils._files import save_document
from ..plugin_utils._observation.sightings import check_recordable, host_sightings, summary


class ActionModule(Task):
    SPEC = HOST_INFO

    def work(self, options: dict[str, Any]) -> Result:
        """Observe, then save and record as asked for."""
        if options["record"]:
            check_recordable(options["gather"], options["vms"])
            ledger = self.ledger(options, self.settings.plan())
            began = ledger.now()
        observation = self.observe(options["gather"], options["vms"])
        result: Result = {"summary": summary(observation)}
        if options["return_observation"]:
            result["observation"] = observation
        if options["save_dir"] and not self.preview:
            result["path"] = save_document(options["save_dir"], self.task_vars["inventory_hostname"], observation)
        if options["record"]:
            ledger.observe([host_sightings(observation, began)], self.job, preview=self.preview)
        return result
