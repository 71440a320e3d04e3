# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring interfaces of the Network Controller to what is wanted: claim in the ledger, then let the module write."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.network_controller import NC_NETWORK_INTERFACE, NETWORK_CONTROLLER_OPTIONS
from ..module_utils._specs.shared import LEDGER_OPTIONS
from ..plugin_utils._action import Result, Task
from ..plugin_utils._plan.read import parse_duration
from ..plugin_utils._sdn import interfaces as _interfaces
from ..plugin_utils._sdn.claims import InterfaceClaims

OURS = (*LEDGER_OPTIONS, "observations", "reserve_for")
"""Options that the module has no use for."""


MODULE = "nc_network_interface"
BATCH = 100
"""How many interfaces are written before something is said."""


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
            result = self._write(arguments, step.entries)
            rows = [*(result.get("interfaces") or ()), *step.agreeing]
            return {**result, "interfaces": rows, "left_out": step.left_out}
        entries = options["interfaces"]
        present = options["state"] == "present"
        claims = InterfaceClaims(
            lambda: self.ledger(options, self.settings.plan()), self.job, reserve_for, self.preview
        )

        def check(addresses: dict[int, int]) -> None:
            self.check(MODULE, **{**arguments, "interfaces": _interfaces.with_addresses(entries, addresses)})

        addresses = claims.before(entries, check) if present else {}
        result = self._write(arguments, _interfaces.with_addresses(entries, addresses))
        rows = result.get("interfaces") or []
        for entry, row in zip(entries, rows, strict=False):
            row["owner"] = entry.get("owner") or None
        if present and len(rows) == len(entries):
            claims.after(entries, rows)
        result["changed"] = bool(result.get("changed")) or claims.changed
        return dict(result)

    def _write(self, arguments: dict[str, Any], entries: list[dict[str, Any]]) -> Result:
        """Let the module write; many interfaces in several parts, so that its progress can be seen."""
        if self.preview or len(entries) <= BATCH:
            return self.attempt(MODULE, **{**arguments, "interfaces": entries})
        predicted = self.check(MODULE, **{**arguments, "interfaces": entries})
        todo = _interfaces.unfinished(predicted["interfaces"])
        results: list[Result] = []
        for first in range(0, len(todo), BATCH):
            part = [entries[number] for number in todo[first : first + BATCH]]
            results.append(self.attempt(MODULE, **{**arguments, "interfaces": part}))
            done = min(first + BATCH, len(todo))
            self._display.display(f"interfaces of the Network Controller: {done} of {len(todo)} done")
            if "interfaces" not in results[-1]:
                break
        return _interfaces.together(predicted, todo, results)
