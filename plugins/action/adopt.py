# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take over what is there: propose a plan, and promise today's static addresses to those who carry them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from ..module_utils._errors import failure
from ..module_utils._specs.ledger import ADOPT
from ..plugin_utils._action import Result, Task
from ..plugin_utils._adopt.claims import Adopted, adopt, conflicts_as_result, sort_out
from ..plugin_utils._adopt.plan import propose
from ..plugin_utils._adopt.proposal import write_proposal
from ..plugin_utils._audit.run import situate
from ..plugin_utils._observation.handed_over import not_observed, take_over, unseen_hosts
from ..plugin_utils._observation.load import load
from ..plugin_utils._observation.model import Observation
from ..plugin_utils._observation.sightings import all_sightings


class ActionModule(Task):
    SPEC = ADOPT
    _requires_connection = False

    def work(self, options: dict[str, Any]) -> Result:
        """Sort out what is carried, propose, and promise what can be promised."""
        now = dt.datetime.now(dt.timezone.utc)
        taken = take_over(options["host_results"] or {}, options["controller_results"], now)
        loaded = load([*taken.documents, *(options["observations"] or ())], options["observations_dir"])
        misread = loaded.problems
        plan = self.settings.plan() if options["claim"] else self.settings.plan_if_any()
        ledger = self.ledger_if_any(options, plan, options["claim"])
        expected = [*options["expected_hosts"], *taken.unseen]
        situation = situate(loaded.documents, plan=plan, now=now, expected_hosts=expected)
        observation, unseen = situation.observation, [problem.words for problem in situation.problems]
        missing = [*unseen_hosts(observation, expected), *taken.blind]
        is_withheld = bool(missing) and options["missing"] == "fail"
        found = sort_out(observation, plan, ledger.claims() if ledger else ())
        result: Result = {
            "complete": not unseen and not misread,
            "incomplete": unseen,
            "misread": misread,
            "missing": missing,
            "adoptable": len(found.adoptions),
            "already": len(found.kept),
            "in_ledger": ledger is not None,
            **self._proposal(options, observation, [*unseen, *misread]),
        }
        adopted = Adopted((), ())
        if ledger and not is_withheld:
            adopted = adopt(ledger, all_sightings(observation), found.adoptions, self.job, preview=self.preview)
        result["changed"] = bool(adopted.changed) or result["changed"]
        result["claims"] = adopted.claims_as_result()
        result["conflicts"] = conflicts_as_result([*found.conflicts, *adopted.conflicts])
        if is_withheld:
            result.update(failed=True, **failure(not_observed(missing)))
        return {**result, **self.diff(*adopted.diff())}

    def _proposal(self, options: dict[str, Any], observation: Observation, unseen: list[str]) -> Result:
        """Return the proposed plan, and write it where asked for."""
        proposal = propose(observation, options["scope"])
        result: Result = {
            "proposal": proposal.plan,
            "hosts": [advice.as_result() for advice in proposal.hosts],
            "left_out": list(proposal.notes),
            "changed": False,
        }
        if options["plan_file"]:
            path = Path(options["plan_file"]).expanduser()
            result.update(plan_file=str(path), changed=write_proposal(path, proposal, unseen, preview=self.preview))
        return result
