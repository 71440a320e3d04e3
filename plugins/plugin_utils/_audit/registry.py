# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and what they find. A rule is one pure function that registers itself; no list of them has to be maintained.

A new rule is a new file in ``rules``. The documentation page is generated from its texts.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .._observation.model import Carrier, Vm
from .situation import Situation

SEVERITIES = ("critical", "high", "medium", "low", "info")
"""From worst to mildest."""


@dataclass(slots=True)
class Finding:
    """What a rule finds about one subject; the report adds the texts of the rule."""

    evidence: str
    addresses: Sequence[int] = ()
    hosts: Iterable[str] = ()
    """Names, in any order and as often as they come."""
    vms: Sequence[Vm] = ()
    """Besides those of the carriers."""
    carriers: Sequence[Carrier] = ()
    severity: str | None = None
    """When it differs from the rule's."""
    remedy: str | None = None
    """When it differs from the rule's."""
    subjects: Sequence[str] = field(default=())
    """Further words by which a waiver may name it."""

    @property
    def all_vms(self) -> list[Vm]:
        """The VMs that it names, as often as they come."""
        return [*self.vms, *(carrier.vm for carrier in self.carriers if carrier.vm)]


Check = Callable[[Situation], Iterable[Finding]]


@dataclass(frozen=True)
class Rule:
    """A rule with the texts that reports and documentation show."""

    id: str
    severity: str
    title: str
    explanation: str
    remedy: str
    check: Check


_found: dict[str, Rule] = {}


def rule(*, id: str, severity: str, title: str, explanation: str, remedy: str) -> Callable[[Check], Check]:
    """Register the decorated function as a rule.

    :param id: stable name, as in waivers and reports
    :param severity: the usual one; a finding may carry another
    :param title: a few words
    :param explanation: what is wrong and why it matters, for readers who see it for the first time
    :param remedy: what to do, with the task or playbook to run
    """
    if severity not in SEVERITIES:
        raise ValueError(f"rule {id}: severity {severity!r} is not one of {', '.join(SEVERITIES)}")

    def register(check: Check) -> Check:
        known = _found.get(id)
        if known is not None and known.check.__module__ != check.__module__:
            raise ValueError(f"rule {id} is defined in {known.check.__module__} and in {check.__module__}")
        _found[id] = Rule(id, severity, title, " ".join(explanation.split()), " ".join(remedy.split()), check)
        return check

    return register


@cache
def _load() -> None:
    package = __name__.rpartition(".")[0]
    for path in sorted((Path(__file__).parent / "rules").glob("[a-z]*.py")):
        importlib.import_module(f"{package}.rules.{path.stem}")


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by id."""
    _load()
    return tuple(_found[name] for name in sorted(_found))
