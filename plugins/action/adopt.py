# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take over what is there: propose a plan, and promise today's static addresses to those who carry them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from ..module_utils._mac import format_mac
from ..module_utils._specs.ledger import ADOPT
from ..plugin_utils._action import Result, Task
from ..plugin_utils._adopt.claims import adopt, sort_out
from ..plugin_utils._adopt.plan import check_own_work, proposal_text, propose
from ..plugin_utils._audit.situation import Situation
from ..plugin_utils._files import read_file, write_file
from ..plugin_utils._ledger.result import claim_for_diff
from ..plugin_utils._observation.load import load
from ..plugin_utils._observation.model import Picture
from ..plugin_utils._observation.read import read_documents
from ..plugin_utils._observation.sightings import pictures
from ..plugin_utils._plan.read import parse_plan


class ActionModule(Task):
    """The action of macpool.hyperv.adopt."""

    SPEC = ADOPT
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Sort out what is carried, propose, and promise what can be promised."""
        loaded = load(options["observations"], options["observations_dir"])
        documents, misread = loaded.documents, loaded.problems
        plan = self.settings.plan() if options["claim"] else self.settings.plan_if_any()
        ledger = self.ledger_if_any(options, plan, options["claim"])
        planned = plan.host_ranges.hosts if plan and plan.host_ranges else ()
        expected = options["expected_hosts"]
        picture = read_documents(documents, [*planned, *(row["name"] for row in expected)])
        situation = Situation(picture, plan, None, (), dt.datetime.now(dt.timezone.utc), expected)
        found = sort_out(picture, plan, ledger.claims() if ledger else ())
        result: Result = {
            "complete": not situation.problems and not misread,
            "incomplete": [problem.words for problem in situation.problems],
            "misread": misread,
            "adoptable": len(found.adoptions),
            "already": len(found.kept),
            "claims": [],
            "in_ledger": ledger is not None,
            **self._proposal(options, picture, [*(problem.words for problem in situation.problems), *misread]),
        }
        conflicts = list(found.conflicts)
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if ledger:
            adopted = adopt(ledger, pictures(picture), found.adoptions, self.job, preview=self.preview)
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
