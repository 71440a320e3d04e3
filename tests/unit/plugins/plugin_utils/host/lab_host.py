# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of the lab as tasks talk to it, without the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from tests.lab.bench import Bench


class LabHost:
    """A script that dies is a connection that breaks.

    ``before_apply`` is called before operations run: what somebody else does between the look and the work.
    """

    def __init__(
        self, bench: Bench, name: str = "hv1", check: bool = False, before_apply: Callable[[], object] | None = None
    ) -> None:
        self.bench, self.name, self.check, self.before_apply = bench, name, check, before_apply
        self.calls: list[str] = []

    def _run(self, script: str, **options: Any) -> dict[str, Any]:
        self.calls.append(script)
        faults = self.bench.faults
        if faults.take("cut_before", self.name, script, self.check):
            raise AnsibleConnectionFailure("the connection was reset")
        answer = self.bench.answer(script, self.name, self.check, **options)
        if answer.died or faults.take("cut_after", self.name, script, self.check):
            raise AnsibleConnectionFailure("the connection was reset")
        result: dict[str, Any] = json.loads(answer.stdout)
        return result

    def observe(self, gather: Sequence[str], vms: Sequence[str] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self._run("host_info", gather=list(gather), vms=vms)["observation"]
        return found

    def apply(self, operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if self.before_apply:
            act, self.before_apply = self.before_apply, None
            act()
        results: list[dict[str, Any]] = self._run("host_apply", schema=1, operations=list(operations))["results"]
        return results
