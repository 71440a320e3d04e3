# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all actions share: options in, the core called, the result or a clear error out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ..module_utils._errors import MacPoolError, failure
from ..module_utils._mac import shown
from ..module_utils._specs.limits import check_limits
from ..module_utils._specs.shared import Spec

# Actions are imported before ansible forks its workers. What settings load only when they must is compiled once here.
from . import _job
from ._ledger.errors import LedgerMissing
from ._ledger.ledger import Ledger
from ._ledger.model import Job
from ._plain import plain_data
from ._plan import read
from ._plan.model import Plan
from ._settings import Settings

__all__ = ["_job", "read"]

Result = dict[str, Any]

OPERATION_SCHEMA = 1
"""The version of the operations that host_apply understands."""


class ModuleFailed(Exception):
    """A module on a host failed; its own result is the error."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        self.result = dict(result)
        super().__init__(str(self.result.get("msg", "the module failed without a message")))


class Task(ActionBase):
    """A task of this collection. A subclass names its SPEC and does its ``work``."""

    SPEC: ClassVar[Spec]

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Check the options, do the work, and turn errors of the collection into a failed result."""
        result: Result = super().run(tmp, task_vars)
        self.task_vars: dict[str, Any] = task_vars or {}
        result["changed"] = False
        try:
            self._task.args = plain_data(self._task.args)
            check_text(self.SPEC["argument_spec"], self._task.args)
            _validation, options = self.validate_argument_spec(**self.SPEC)
            check_limits(self.SPEC["argument_spec"], options)
            self.settings = Settings(options, self.task_vars, self._templar.template)
            result.update(self.work(options))
        except MacPoolError as error:
            result.update(failed=True, **failure(error))
        except ModuleFailed as error:
            result.update(error.result, failed=True)
        return result

    def work(self, options: dict[str, Any]) -> Result:
        """Do what the task is for and return its result."""
        raise AssertionError(f"{type(self).__name__} does no work")

    @property
    def preview(self) -> bool:
        """Tell whether the task runs in check mode: it predicts everything and writes nothing."""
        return bool(self._task.check_mode)

    @property
    def job(self) -> Job:
        """Return who is at work."""
        return self.settings.job()

    def ledger(self, options: Mapping[str, Any], plan: Plan) -> Ledger:
        """Open the ledger of the plan's scope."""
        ledger = Ledger.open(
            self.settings.ledger_url(),
            plan.scope,
            plan,
            timeout=options["lock_timeout"],
            witness=self.settings.witness(),
        )
        for warning in ledger.warnings:
            self._display.warning(warning)
        return ledger

    def ledger_if_any(self, options: Mapping[str, Any], plan: Plan | None, wanted: bool | None) -> Ledger | None:
        """Return the ledger, or None when none exists and none was asked for.

        :param wanted: True: a missing one is an error; False: leave it alone; None: use it if it exists
        """
        if wanted is False or (plan is None and not wanted):
            return None
        try:
            return self.ledger(options, plan or self.settings.plan())
        except LedgerMissing:
            if wanted:
                raise
            return None

    def call(self, module: str, **arguments: Any) -> Result:
        """Run a module of this collection on the host and return its result.

        :raises ModuleFailed: when it failed; a connection that breaks raises Ansible's own error (UNREACHABLE)
        """
        result = self._run_module(module, arguments)
        if result.get("failed"):
            raise ModuleFailed(result)
        return result

    def attempt(self, module: str, **arguments: Any) -> Result:
        """Run a module and return its result, also when it failed: what it did before is in there.

        The arguments are left out: they may hold a secret.
        """
        return {key: value for key, value in self._run_module(module, arguments).items() if key != "invocation"}

    def predict(self, module: str, **arguments: Any) -> Result:
        """Run a module in check mode, whatever the mode of the task, and return its result.

        :raises ModuleFailed: when it would fail
        """
        mode, self._task.check_mode = self._task.check_mode, True
        try:
            result = self.attempt(module, **arguments)
        finally:
            self._task.check_mode = mode
        if result.get("failed"):
            raise ModuleFailed(result)
        return result

    def _run_module(self, module: str, arguments: dict[str, Any]) -> Result:
        try:
            result: Result = self._execute_module(
                module_name=f"macpool.hyperv.{module}", module_args=arguments, task_vars=self.task_vars
            )
        except OSError as error:
            # A connection that breaks between two requests reaches us as the error of requests, not of Ansible.
            raise AnsibleConnectionFailure(f"lost the connection to the host: {error}") from error
        return result

    def observe(self, gather: Sequence[str], vms: Sequence[str] | None = None) -> dict[str, Any]:
        """Read a part of the host and return the observation."""
        arguments: dict[str, Any] = {"gather": list(gather)}
        if vms is not None:
            arguments["vms"] = list(vms)
        observation: dict[str, Any] = self.call("host_info", **arguments)["observation"]
        return observation

    def apply(self, operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Run operations on the host, or predict them in check mode, and return their results in order."""
        arguments = {"schema": OPERATION_SCHEMA, "operations": [dict(operation) for operation in operations]}
        # The task fails when any operation fails, but its results tell how far each of them got.
        result = self._run_module("host_apply", arguments)
        if len(result.get("results") or ()) != len(operations):
            raise ModuleFailed({**result, "msg": result.get("msg") or "host_apply did not answer every operation"})
        results: list[dict[str, Any]] = result["results"]
        return results

    def diff(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Result:
        """Return the managed keys before and after, when the user asked for a diff."""
        return {"diff": {"before": dict(before), "after": dict(after)}} if self._task.diff else {}


def check_text(spec: Spec, arguments: Mapping[str, Any], place: str = "") -> None:
    """Refuse a list or mapping where text is asked for: Ansible would make a name such as ``['web01']`` of it.

    :raises MacPoolError: naming the option
    """
    for name, rule in spec.items():
        value = arguments.get(name)
        values = value if isinstance(value, list) and rule["type"] == "list" else [value]
        for number, item in enumerate(values):
            where = f"{place}{name}[{number}]" if values is value else f"{place}{name}"
            if "options" in rule and isinstance(item, Mapping):
                check_text(rule["options"], item, f"{where}.")
            elif isinstance(item, (list, Mapping)) and {"str", "path"} & {rule["type"], rule.get("elements")}:
                raise MacPoolError(where, "text", shown(item), "Give one name or word, with nothing around it.")
