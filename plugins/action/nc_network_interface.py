# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring interfaces of the Network Controller to what is wanted: claim in the ledger, then let the module write."""

from __future__ import annotations

from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._specs import (
    LEDGER_OPTIONS,
    NC_NETWORK_INTERFACE,
    NETWORK_CONTROLLER_OPTIONS,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils import _interfaces
from ansible_collections.macpool.hyperv.plugins.plugin_utils._action import Result, Task
from ansible_collections.macpool.hyperv.plugins.plugin_utils._interface_claims import InterfaceClaims
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan_reader import parse_duration

OURS = (*LEDGER_OPTIONS, "observations", "reserve_for")
"""Options that the module has no use for."""


class ActionModule(Task):
    """The action of macpool.hyperv.nc_network_interface."""

    SPEC = NC_NETWORK_INTERFACE

    def work(self, options: dict[str, Any]) -> Result:
        """Say which addresses, have them written, and put those that the Network Controller chose into the ledger."""
        reserve_for = parse_duration(options["reserve_for"], "reserve_for")
        arguments = {key: value for key, value in options.items() if key not in OURS and value is not None}
        if options["observations"] is not None:
            reading = {key: arguments[key] for key in NETWORK_CONTROLLER_OPTIONS if key in arguments}
            there = self.call("nc_network_interface_info", **reading)["interfaces"]
            step = _interfaces.in_step(options["observations"], there)
            result = self.attempt("nc_network_interface", **{**arguments, "interfaces": step.entries})
            rows = [*(result.get("interfaces") or ()), *step.agreeing]
            return {**result, "interfaces": rows, "left_out": step.left_out}
        entries = options["interfaces"]
        present = options["state"] == "present"
        claims = InterfaceClaims(
            lambda: self.ledger(options, self.settings.plan()), self.job, reserve_for, self.preview
        )

        def with_addresses(addresses: dict[int, int]) -> dict[str, Any]:
            return {**arguments, "interfaces": _interfaces.with_addresses(entries, addresses)}

        addresses = (
            claims.before(entries, lambda predicted: self.check("nc_network_interface", **with_addresses(predicted)))
            if present
            else {}
        )
        result = self.attempt("nc_network_interface", **with_addresses(addresses))
        rows = result.get("interfaces") or []
        for entry, row in zip(entries, rows, strict=False):
            row["owner"] = entry.get("owner") or None
        if present and len(rows) == len(entries):
            claims.after(entries, rows)
        result["changed"] = bool(result.get("changed")) or claims.changed
        return dict(result)
