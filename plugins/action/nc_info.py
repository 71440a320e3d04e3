# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe a Network Controller, and keep what was seen in a file or in the ledger."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.network_controller import NC_INFO, NETWORK_CONTROLLER_OPTIONS
from ..plugin_utils._action import Result, Task
from ..plugin_utils._files import save_document
from ..plugin_utils._observation.sightings import controller_sightings


class ActionModule(Task):
    SPEC = NC_INFO

    def work(self, options: dict[str, Any]) -> Result:
        """Observe, then save and record as asked for."""
        if options["record"]:
            ledger = self.ledger(options, self.settings.plan())
            began = ledger.now()
        arguments = {key: options[key] for key in NETWORK_CONTROLLER_OPTIONS if options.get(key) is not None}
        observation = self.call("nc_info", **arguments, name=options["name"])["observation"]
        counts = {part: len(observation[part]) for part in ("mac_pools", "network_interfaces")}
        result: Result = {"summary": {"name": observation["name"], "observed_at": observation["observed_at"], **counts}}
        if options["return_observation"]:
            result["observation"] = observation
        if options["save_dir"] and not self.preview:
            result["path"] = save_document(options["save_dir"], options["name"], observation)
        if options["record"]:
            ledger.observe([controller_sightings(observation, began)], self.job, preview=self.preview)
        return result
