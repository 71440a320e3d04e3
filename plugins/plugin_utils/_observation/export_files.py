# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported files: whose rows they hold, and what in them could not be used. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from .._text import plain, quoted

KINDS = frozenset(
    str.split(
        """
        host hosts vmhost vmhosts hyperv-host hyperv-hosts host-info hostinfo range ranges mac-range mac-ranges vm
        vms virtual-machines virtualmachines machines guests adapter adapters vmadapter vmadapters vm-adapter
        vm-adapters nic nics vmnic vmnics vm-nic vm-nics network-adapter network-adapters networkadapter
        networkadapters vmnetworkadapter vmnetworkadapters vm-network-adapter vm-network-adapters mac macs
        mac-address mac-addresses macaddress macaddresses checkpoint checkpoints vmcheckpoint vmcheckpoints
        vm-checkpoint vm-checkpoints snapshot snapshots vmsnapshot vmsnapshots vm-snapshot vm-snapshots own
        own-adapters host-adapter host-adapters hostadapters host-nics management management-os managementos mgmt
        management-adapters card cards physical physical-adapters physicaladapters netadapter netadapters
        net-adapter net-adapters physical-nics export exports observation observations all get-vmhost get-vm
        get-vmnetworkadapter get-vmsnapshot get-vmcheckpoint get-netadapter
        """
    )
)
"""What files are called after what they hold, with a dash for any separator: no host has its name from there."""

# In front of a name these are part of it more often than not: host-01, vm-host3, mac-mini.
_NEVER_IN_FRONT = frozenset(
    ["host", "vmhost", "vm", "mac", "own", "card", "management", "mgmt", "physical", "all", "range"]
)

_SEPARATORS = re.compile(r"[-_. ]+")
_COPY = re.compile(r"\s*\([0-9]+\)$")
_STAMP = re.compile(r"(?:[-_. ]+[0-9][0-9TZ:]*)+$", re.IGNORECASE)
_HOST = re.compile(r"[^\W_](?:[\w.-]{0,252}[\w.])?")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that rows are from."""

    name: str
    host: str | None = None
    """Whose rows they are where the rows do not say; None when the file's name does not say either."""
    kind: bool = False
    """Whether the name says besides what the file holds, as in HOST-adapters.json."""


def source_of(name: str) -> Source:
    """Return what a file's name says.

    :param name: with the directories in which it is, and with its ending
    """
    stem = _COPY.sub("", name.rpartition("/")[2].rpartition(".")[0].strip())
    undated = _STAMP.sub("", stem)
    for bare in dict.fromkeys((stem, undated)):
        host = _without_kind(bare)
        # host-01 is a host's name, adapters-20261120 is none.
        if host or (host is not None and sum(map(str.isdigit, stem[len(bare) :])) not in range(1, 6)):
            return Source(name, host if is_host_name(host) else None, kind=True)
    return Source(name, stem if is_host_name(stem) else None)


def _without_kind(stem: str) -> str | None:
    """Return a name without the kind at its end or its beginning; None when it has none."""
    parts = [(found.start(), found.end()) for found in _SEPARATORS.finditer(stem)]
    if _kind(stem) in KINDS:
        return ""
    for start, end in parts:  # The longest kind first: "network-adapters" before "adapters".
        if start and _kind(stem[end:]) in KINDS:
            return stem[:start]
    for start, end in reversed(parts):
        if (kind := _kind(stem[:start])) in KINDS - _NEVER_IN_FRONT:
            return stem[end:] if kind else None
    return None


def _kind(words: str) -> str:
    return _SEPARATORS.sub("-", words).casefold()


def is_host_name(name: str) -> bool:
    """Tell whether text can be the name of a host."""
    return _HOST.fullmatch(name) is not None and not name.isdigit()


class Faults:
    """What could not be used of which file, and why; the same for rows and files in any order."""

    def __init__(self) -> None:
        self._found: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
        """By file, then by words and remedy: an example of each time, or none."""

    def note(self, source: Source, words: str, example: str = "", remedy: str = "") -> None:
        """Add what is wrong with one cell or row of a file.

        :param example: the least of all is shown, in quotes and made harmless
        """
        self._found[source.name][words, remedy].append(example)

    def note_each(self, sources: Iterable[Source], words: str, example: str, remedy: str = "") -> None:
        """Add what is wrong with rows together: once for each file that they are from."""
        for source in dict.fromkeys(sources):
            self.note(source, words, example, remedy)

    def of(self, source: Source) -> list[str]:
        """Return what is wrong with a file in words, the most frequent first."""
        found = sorted(self._found.get(source.name, {}).items(), key=lambda item: (-len(item[1]), item[0]))
        return [
            words
            + (f", such as {quoted(plain(min(filter(None, examples)), 40))}" if any(examples) else "")
            + (f" ({len(examples)} times)" if len(examples) > 1 else "")
            + (f": {remedy}" if remedy else "")
            for (words, remedy), examples in found
        ]
