# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, verify, export, import, back up and restore the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..module_utils._specs.ledger import LEDGER
from ..plugin_utils._action import Result, Task
from ..plugin_utils._files import read_file, write_file
from ..plugin_utils._ledger.ledger import Ledger, bring_present
from ..plugin_utils._ledger.result import info_as_result
from ..plugin_utils._ledger.text import parse_text, replaceable_export


class ActionModule(Task):
    SPEC = LEDGER
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Do what the state asks for."""
        states: dict[str, Callable[[dict[str, Any]], Result]] = {
            "present": self._present,
            "verified": self._verified,
            "exported": self._exported,
            "imported": self._imported,
            "backed_up": self._backed_up,
            "restored": self._restored,
        }
        return states[options["state"]](options)

    def _present(self, options: dict[str, Any]) -> Result:
        plan, url = self.settings.plan(), self.settings.ledger_url()
        ledger, changed = bring_present(
            lambda: self.ledger(options, plan),
            lambda: Ledger.create(
                url, plan.scope, self.job, plan, timeout=options["lock_timeout"], witness=self.settings.witness()
            ),
            self.job,
            accept_rollback=options["accept_rollback"],
            forget_hosts=options["forget_hosts"],
            accept_plan=options["accept_plan"],
            correct_times=options["correct_times"],
            preview=self.preview,
        )
        if ledger is None:
            return {"changed": changed, "ledger": {"url": Ledger.place(url, plan.scope), "scope": plan.scope}}
        return {"changed": changed, "ledger": info_as_result(ledger.info())}

    def _verified(self, options: dict[str, Any]) -> Result:
        plan = self.settings.plan_if_any()
        if options["path"]:
            text, scope = read_file(Path(options["path"])), plan.scope if plan else None
            parse_text(text, scope, f'ledger text "{options["path"]}"')
            return {"path": options["path"], "problems": []}
        ledger = self.ledger(options, plan or self.settings.plan())
        problems = [*ledger.warnings, *ledger.verify()]
        result: Result = {"ledger": info_as_result(ledger.info()), "problems": problems}
        if problems:
            lines = "\n".join(f"  {problem}" for problem in problems)
            result.update(failed=True, msg=f"ledger {ledger.location}: {len(problems)} problems\n{lines}")
        return result

    def _exported(self, options: dict[str, Any]) -> Result:
        path = Path(options["path"])
        after = self.ledger(options, self.settings.plan()).export_text()
        before = replaceable_export(path)
        if before != after and not self.preview:
            write_file(path, after)
        diff = {"diff": {"before": before, "after": after}} if self._task.diff and before != after else {}
        return {"changed": before != after, "path": str(path), **diff}

    def _imported(self, options: dict[str, Any]) -> Result:
        ledger = self.ledger(options, self.settings.plan())
        outcomes = ledger.import_text(read_file(Path(options["path"])), self.job, preview=self.preview)
        changed = any(outcome.changed for outcome in outcomes)
        return {"changed": changed, "path": options["path"], "ledger": info_as_result(ledger.info())}

    def _backed_up(self, options: dict[str, Any]) -> Result:
        ledger = self.ledger(options, self.settings.plan())
        path = ledger.backup(options["path"], preview=self.preview)
        return {"changed": True, "path": path, "ledger": info_as_result(ledger.info())}

    def _restored(self, options: dict[str, Any]) -> Result:
        plan = self.settings.plan()
        url, path = self.settings.ledger_url(), options["path"]
        ledger = Ledger.restore(
            url,
            plan.scope,
            path,
            self.job,
            plan,
            timeout=options["lock_timeout"],
            witness=self.settings.witness(),
            preview=self.preview,
        )
        if ledger is None:
            return {"changed": True, "path": path}
        return {"changed": True, "path": path, "ledger": info_as_result(ledger.info())}
