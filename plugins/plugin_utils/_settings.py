# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the plan and the ledger come from, for both the lookup and the actions.

An option of the task comes first, then the variable (templated), then the environment, then the default.

A lookup that only reads an address needs the scope and the place of the ledger: what else there is to read is imported
where it is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..module_utils._errors import MacPoolError
from ._plain import plain_data

if TYPE_CHECKING:
    from ._ledger.model import Job
    from ._plan.model import Plan

PLAN_VARIABLE = "macpool_plan"
LEDGER_VARIABLE = "macpool_ledger"
PLAN_ENVIRONMENT = "MACPOOL_PLAN"
LEDGER_ENVIRONMENT = "MACPOOL_LEDGER"
WITNESS_VARIABLE = "macpool_witness"
WITNESS_ENVIRONMENT = "MACPOOL_WITNESS"


class Settings:
    """The settings of one task or lookup."""

    def __init__(
        self,
        options: Mapping[str, Any],
        variables: Mapping[str, Any],
        template: Callable[[Any], Any],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Remember where to look.

        :param options: the options of the task: ``plan``, ``ledger``
        :param variables: the variables of the task, not yet templated
        :param template: what renders a value (a lookup gets variables raw, even in ansible-core 2.19 and later)
        """
        self._options = options
        self._variables = variables
        self._template = template
        self._environment = os.environ if environment is None else environment

    def plan(self) -> Plan:
        """Return the checked plan.

        :raises MacPoolError: if it is missing or has errors
        """
        plan = self.plan_if_any()
        if plan is None:
            wanted = f"the option plan, the variable {PLAN_VARIABLE}, or a file named by {PLAN_ENVIRONMENT}"
            remedy = f"Define {PLAN_VARIABLE} in the inventory, for example in group_vars/all/macpool.yml."
            raise MacPoolError("the plan", wanted, "none of them", remedy)
        return plan

    def plan_if_any(self) -> Plan | None:
        """Return the checked plan, or None if no plan was given."""
        raw = self._raw_plan()
        if raw is None:
            return None
        from ._plan.read import parse_plan

        return parse_plan(raw)

    def scope(self) -> str:
        """Return the scope of the plan, and leave the rest of the plan unread where that is possible.

        :raises MacPoolError: when there is no plan, or when it has no scope
        """
        raw = self._variables.get(PLAN_VARIABLE) if self._options.get("plan") is None else None
        if isinstance(raw, Mapping):
            scope = plain_data(self._template(raw.get("scope")))
        else:
            raw = self._raw_plan()
            scope = raw.get("scope") if isinstance(raw, Mapping) else None
        return scope if isinstance(scope, str) and scope else self.plan().scope

    def _raw_plan(self) -> Any:
        raw = self._options.get("plan")
        if raw is None:
            raw = self._variable(PLAN_VARIABLE)
        if raw is None and (path := self._environment.get(PLAN_ENVIRONMENT)):
            from ._plan.read import read_plan_file

            raw = read_plan_file(path, PLAN_ENVIRONMENT)
            raw = raw.get(PLAN_VARIABLE, raw) if isinstance(raw, dict) else raw
        return plain_data(raw)

    def ledger_url(self) -> str | None:
        """Return where the ledger is; None for the default place of the scope."""
        url = (
            self._options.get("ledger") or self._variable(LEDGER_VARIABLE) or self._environment.get(LEDGER_ENVIRONMENT)
        )
        return str(url) if url else None

    def witness(self) -> str:
        """Return the directory of the second witness of the ledger; empty for none.

        :raises MacPoolError: for a path that depends on where the job runs
        """
        place = str(self._variable(WITNESS_VARIABLE) or self._environment.get(WITNESS_ENVIRONMENT) or "")
        if place and not (place.startswith("/") and place.isprintable()):
            raise MacPoolError(
                WITNESS_VARIABLE, "an absolute path of a directory", ascii(place[:80]), "Correct macpool_witness."
            )
        return place

    def job(self) -> Job:
        """Return who makes the change, for the history: the AWX job and user if they exist."""
        from ._job import current_job

        return current_job(self._variable)

    def _variable(self, name: str) -> Any:
        value = self._variables.get(name)
        return None if value is None else plain_data(self._template(value))
