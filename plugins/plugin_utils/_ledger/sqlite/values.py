# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row of the ledger's tables may hold: a damaged file holds anything, and SQLite does not mind. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS: Mapping[str, str] = {
    "claims": "address:number owner:text owner_key:text pool:text state:text generation:number since:time until:time?"
    " job:text evidence:text note:text cluster:text? vm_id:text? adapter_id:text? aliases:text pushing:text?",
    "leases": "start:number end:number dynamic_end:number host:text host_key:text state:text generation:number since:time",
    "plans": "generation:number digest:text since:time job:text",
    "intents": "id:number host:text vm_id:text kind:text note:text since:time job:text",
    "hosts": "host_key:text host:text observed_at:time? complete:number complete_at:time? why_incomplete:text"
    " range_start:number? range_end:number? ipv4:text cluster:text cluster_nodes:text owners:text facts_at:time?",
    "sightings": "address:number host_key:text observed_at:time kind:text vm_id:text vm_name:text adapter_id:text"
    " adapter_name:text dynamic:number? running:number?",
    "history": "sequence:number at:time kind:text action:text address:number? owner_key:text owner:text job:text"
    " user:text after:text digest:text",
}
"""By table, each column and what it holds; a question mark stands for "or nothing"."""

WORDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "claims": {"state": ("reserved", "applied", "releasing", "quarantined", "held")},
    "leases": {"state": ("active", "retired")},
    "sightings": {"kind": ("vm", "checkpoint", "replica", "host", "physical", "interface")},
}
"""By table, columns that hold one of a few words."""

NAMES: Mapping[str, Sequence[str]] = {
    table: [item.partition(":")[0] for item in columns.split()] for table, columns in COLUMNS.items()
}
"""By table, the names of its columns."""
CHOICES: Mapping[str, int] = {table: NAMES[table].index(next(iter(words))) for table, words in WORDS.items()}
"""By table, the place of the column that holds one of a few words."""

NUMBERS = 1 << 48
TIMES = 253_402_300_800_000
"""Milliseconds; the year 10000 is more than a date can show."""


def problem_of(table: str, row: Sequence[Any]) -> str:
    """Return what is wrong with a row, in words; empty if nothing is.

    :param row: the columns of the table in their order; what follows them was joined and is not looked at
    """
    for (name, _colon, kind), value in zip((item.partition(":") for item in COLUMNS[table].split()), row, strict=False):
        wanted = kind.rstrip("?")
        if (value is None and kind.endswith("?")) or _is(wanted, value):
            words = WORDS.get(table, {}).get(name)
            if words is None or value in words:
                continue
            wanted = f"one of {', '.join(words)}"
        return f"table {table}, row {_shown(row[0])}: column {name} holds {_shown(value)} instead of {wanted}"
    return ""


def _is(kind: str, value: object) -> bool:
    if kind == "text":
        return isinstance(value, str)
    return isinstance(value, int) and 0 <= value < (TIMES if kind == "time" else NUMBERS)


def _shown(value: object) -> str:
    """Return a value of a damaged file in a form that cannot harm the line that it is shown in."""
    if value is None:
        return "nothing"
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
