# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring interfaces of the Network Controller to what is wanted: claim in the ledger, then let the module write."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.network_controller import NC_NETWORK_INTERFACE, NETWORK_CONTROLLER_OPTIONS
from ..module_utils._specs.shared import LEDGER_OPTIONS
from ..plugin_utils._action import Result, Task
from ..plugin_utils._observation.load import load
from ..plugin_utils._plan.read import parse_duration
from ..plugin_utils._sdn.bindings import Bindings
from ..plugin_utils._sdn.interface_run import InterfaceClaims, InterfaceRun, Module

MODULE = "nc_network_interface"
OURS = (*LEDGER_OPTIONS, "observations", "observations_dir", "reserve_for")
"""Options that the module has no use for."""


class ActionModule(Task):
    SPEC = NC_NETWORK_INTERFACE

    def work(self, options: dict[str, Any]) -> Result:
        """Bring the interfaces to what is wanted and tell what became of each."""
        reserve_for = parse_duration(options["reserve_for"], "reserve_for")
        arguments = {key: value for key, value in options.items() if key not in OURS and value is not None}
        module = Module(
            attempt=lambda entries: self.attempt(MODULE, **{**arguments, "interfaces": entries}),
            predict=lambda entries: self.predict(MODULE, **{**arguments, "interfaces": entries}),
            show=self._display.display,
        )
        run = InterfaceRun(module, self.preview, self._bindings(options["observations_dir"]))
        if options["observations"] is not None:
            reading = {key: arguments[key] for key in NETWORK_CONTROLLER_OPTIONS if key in arguments}
            interfaces = self.call("nc_network_interface_info", **reading)["interfaces"]
            return run.in_sync(options["observations"], interfaces)
        if options["state"] == "absent":
            return run.absent(options["interfaces"])
        claims = InterfaceClaims(
            lambda: self.ledger(options, self.settings.plan()), self.job, reserve_for, self.preview
        )
        return run.present(options["interfaces"], claims)

    def _bindings(self, directory: str | None) -> Bindings | None:
        if not directory:
            return None
        plan = self.settings.plan_if_any()
        return Bindings(load(None, directory).documents, plan.hosts if plan else ())
