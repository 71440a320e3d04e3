# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what becomes of tenant VMs, and tell the next task of the role what to do."""

from __future__ import annotations

from typing import Any

from ..module_utils._specs.network_controller import TENANT_VM_PLAN
from ..plugin_utils._action import Result, Task
from ..plugin_utils._sdn import tenant_steps as steps
from ..plugin_utils._sdn.tenant_entries import read_tenants
from ..plugin_utils._sdn.tenant_vm import Goal, make_plan
from ..plugin_utils._sdn.tenant_world import read_world


class ActionModule(Task):
    SPEC = TENANT_VM_PLAN
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Take the step that was asked for."""
        rows, made, results = options["rows"], options["made"], options["results"]
        remove, is_absent = options["remove"], options["state"] == "absent"
        if options["step"] == "bind":
            return {"hosts": steps.to_bind(rows, made, preview=self.preview)}
        if options["step"] == "release":
            return {"releases": steps.to_release(rows, results, remove=remove)}
        if options["step"] == "show" and is_absent:
            return {"shown": steps.shown_absent(rows, made, options["claims"], remove=remove)}
        if options["step"] == "show":
            start, current = options["start"], options["listed"] or []
            shown = steps.shown_present(rows, made, results, current, start=start, preview=self.preview)
            return {"shown": shown}
        return self._decide(options)

    def _decide(self, options: dict[str, Any]) -> Result:
        tenants = read_tenants(options["wanted"], sources=options["state"] == "present")
        plan = self.settings.plan()
        ledger = self.ledger(options, plan)
        world = read_world(options["host_results"], options["listed"], ledger.claims(), plan.hosts)
        past_unread = options["unread_hosts"] == "allow"
        goal = Goal(options["state"], options["stop"], options["remove"], past_unread)
        decided = make_plan(world, tenants, goal)
        for name, reason in world.hosts.unread.items():
            self._display.warning(f"Host {name} was not read, so its VMs are not known: {reason}")
        return decided.as_result()
