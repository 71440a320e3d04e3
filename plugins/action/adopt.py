# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take over what is there: propose a plan, and promise today's static addresses to those who carry them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import failure
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import format_mac
from ansible_collections.macpool.hyperv.plugins.module_utils._specs import ADOPT
from ansible_collections.macpool.hyperv.plugins.plugin_utils._action import Result, Task
from ansible_collections.macpool.hyperv.plugins.plugin_utils._adopt import adopt, host_pictures, sort_out
from ansible_collections.macpool.hyperv.plugins.plugin_utils._adopt_plan import check_own_work, proposal_text, propose
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._documents import Picture, read_documents
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._load import load
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._situation import Situation
from ansible_collections.macpool.hyperv.plugins.plugin_utils._documents import read_file, write_file
from ansible_collections.macpool.hyperv.plugins.plugin_utils._handed_over import not_observed, take_over, unseen_hosts
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan_reader import parse_plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._results import claim_for_diff


class ActionModule(Task):
    """The action of macpool.hyperv.adopt."""

    SPEC = ADOPT
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Sort out what is carried, propose, and promise what can be promised."""
        now = dt.datetime.now(dt.timezone.utc)
        taken = take_over(options["host_results"] or {}, options["controller_results"], now)
        loaded = load([*taken.documents, *(options["observations"] or ())], options["observations_dir"])
        documents, misread = loaded.documents, loaded.problems
        plan = self.settings.plan() if options["claim"] else self.settings.plan_if_any()
        ledger = self.ledger_if_any(options, plan, options["claim"])
        planned = plan.host_ranges.hosts if plan and plan.host_ranges else ()
        expected = [*options["expected_hosts"], *taken.unseen]
        picture = read_documents(documents, [*planned, *(row["name"] for row in expected)])
        situation = Situation(picture, plan, None, (), now, expected)
        missing = [*unseen_hosts(picture, expected), *taken.blind]
        withheld = bool(missing) and options["missing"] == "fail"
        found = sort_out(picture, plan, ledger.claims() if ledger else ())
        result: Result = {
            "complete": not situation.problems and not misread,
            "incomplete": [problem.words for problem in situation.problems],
            "misread": misread,
            "missing": missing,
            "adoptable": len(found.adoptions),
            "already": len(found.kept),
            "claims": [],
            "in_ledger": ledger is not None,
            **self._proposal(options, picture, [*(problem.words for problem in situation.problems), *misread]),
        }
        conflicts = list(found.conflicts)
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if ledger and not withheld:
            adopted = adopt(ledger, host_pictures(documents, picture), found.adoptions, self.job, preview=self.preview)
            conflicts += adopted.conflicts
            result["changed"] = bool(adopted.changed) or result["changed"]
            result["claims"] = [
                {
                    "owner": outcome.claim.owner or None,
                    "mac_address": format_mac(outcome.claim.address),
                    "pool": outcome.claim.pool or None,
                    "state": outcome.claim.state,
                    "how": outcome.how,
                }
                for outcome in adopted.changed
            ]
            before = {format_mac(item.claim.address): claim_for_diff(item.before) for item in adopted.changed}
            after = {format_mac(item.claim.address): claim_for_diff(item.claim) for item in adopted.changed}
        result["conflicts"] = [conflict.as_result() for conflict in sorted(conflicts, key=lambda item: item.address)]
        if withheld:
            result.update(failed=True, **failure(not_observed(missing)))
        return {**result, **self.diff(before, after)}

    def _proposal(self, options: dict[str, Any], picture: Picture, unseen: list[str]) -> Result:
        """Return the proposed plan, and write it where asked for."""
        proposal = propose(picture, options["scope"])
        parse_plan(proposal.plan)
        result: Result = {
            "proposal": proposal.plan,
            "hosts": [advice.as_result() for advice in proposal.hosts],
            "left_out": list(proposal.notes),
            "changed": False,
        }
        if options["plan_file"]:
            path = Path(options["plan_file"]).expanduser()
            text = proposal_text(proposal, unseen)
            known = read_file(path) if path.exists() else None
            if known is not None and known != text:
                check_own_work(known, str(path))
            result.update(plan_file=str(path), changed=known != text)
            if known != text and not self.preview:
                write_file(path, text)
        return result
