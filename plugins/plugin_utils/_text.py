# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for messages: how names, addresses, ranges and times are written in a sentence. Pure.

Names of VMs are hostile data: in a sentence they are short, in quotes and without control or direction characters, so
that they cannot control a terminal or a log reader.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from ..module_utils._formats import format_mac


def iso(time: int) -> str:
    """Return a time of the ledger as text."""
    moment = dt.datetime.fromtimestamp(time // 1000, dt.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time % 1000:03d}Z"


def from_iso(text: str) -> int:
    """Return the time of the ledger for text; a time without a zone is UTC."""
    moment = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.timezone.utc)
    return int(moment.timestamp() * 1000)


LONGEST_NAME = 128

MOST_ITEMS = 6


def mac(address: int) -> str:
    """Return an address in the form for readers."""
    return format_mac(address, "dash")


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    """Return text on one line without characters that control a terminal."""
    shown = text if len(text) <= longest else f"{text[: longest - 3]}..."
    if shown.isprintable():
        return shown
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in shown)


def quoted(name: str) -> str:
    """Return a name in quotes."""
    return f'"{plain(name)}"'


def sentence(words: str) -> str:
    """Return words with a capital first letter; all other letters stay as they are, because names may follow."""
    return words[:1].upper() + words[1:]


def listed(items: Sequence[str], most: int = MOST_ITEMS) -> str:
    """Return items as words: ``a, b and c``, or the first ones and how many more."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def host_list(names: Iterable[str]) -> str:
    """Return host names as words, sorted."""
    return listed([plain(name) for name in sorted(set(names), key=lambda name: (name.casefold(), name))])
