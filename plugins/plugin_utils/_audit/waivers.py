# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which findings are accepted. Pure.

A waiver names a rule and a subject: an address, a range ``A..B``, a VM (name or id) or a host. A range waives a finding
only when every address of the finding lies inside it; a VM or a host waives the findings of the rule that name it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from ...module_utils._mac import Interval
from .._names import HostNames, name_key, plain_id
from .._plan.model import Waiver
from .._plan.read import parse_subject
from .registry import Finding


class Waivers:
    """The waivers that are valid on a day."""

    def __init__(self, waivers: Sequence[Waiver], today: dt.date, names: HostNames) -> None:
        self._names = names
        self._by_rule: dict[str, list[tuple[Waiver, Interval | None]]] = defaultdict(list)
        for waiver in waivers:
            if waiver.until >= today:
                self._by_rule[waiver.rule].append((waiver, parse_subject(waiver.subject)))

    def find(self, rule: str, finding: Finding, hosts: Sequence[str]) -> Waiver | None:
        """Return the waiver that accepts a finding; None when it counts.

        :param hosts: all hosts of the finding
        """
        for waiver, covered in self._by_rule.get(rule, ()):
            if covered is not None:
                addresses = finding.addresses
                if addresses and all(covered.start <= address <= covered.end for address in addresses):
                    return waiver
            elif self._names_it(waiver.subject, finding, hosts):
                return waiver
        return None

    def _names_it(self, subject: str, finding: Finding, hosts: Sequence[str]) -> bool:
        name, identity = name_key(subject), plain_id(subject)
        if any(name == name_key(vm.name) or (vm.id and identity == vm.id) for vm in finding.all_vms):
            return True
        if any(name == name_key(word) for word in finding.subjects):
            return True
        key = self._names.key(subject)
        return any(key == self._names.key(host) for host in hosts)
