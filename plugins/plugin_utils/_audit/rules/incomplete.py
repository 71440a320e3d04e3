# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule incomplete."""

from __future__ import annotations

from collections.abc import Iterator

from ..registry import Finding, rule
from ..situation import Situation


@rule(
    id="incomplete",
    severity="high",
    title="Part of the cluster was not observed",
    explanation="""Something could not be read: a host is down or was not observed, a part of an observation is
    missing or too old, or a VM moved between two reads. What was not read may use any address. Therefore no address
    counts as free because it was not found, and duplicates in the missing part are not reported (fact 47).""",
    remedy="""Fix the cause that the finding names and observe again: ansible-playbook macpool.hyperv.observe. For a
    host that Ansible cannot reach, run the observation script on it by hand and add its file.""",
)
def incomplete(situation: Situation) -> Iterator[Finding]:
    """Yield what makes the observation incomplete."""
    for problem in situation.problems:
        yield Finding(
            problem.words, hosts=problem.hosts, vms=problem.vms, remedy=problem.remedy, subjects=problem.subjects
        )
