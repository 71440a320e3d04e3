# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about claims, as SQL: all that looking up an address needs of the backend."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, cast

from ..claim import Claim, Identity, Push, State

Row = tuple[Any, ...]


class SqliteClaims:
    """One transaction that only asks about claims (``backend.Claims`` says what each method does)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def claims_named(self, key: str) -> list[Claim]:
        rows = self.connection.execute(
            "SELECT * FROM claims WHERE owner_key = ? AND state IN ('reserved', 'applied')"
            " UNION ALL SELECT * FROM claims WHERE owner_key = ? AND state IN ('releasing', 'quarantined')"
            " UNION ALL SELECT claims.* FROM aliases CROSS JOIN claims ON claims.address = aliases.address"
            " WHERE aliases.name_key = ? AND claims.state <> 'held'",
            (key, key, key),
        ).fetchall()
        return newest_first(rows)

    def claims_between(self, start: int, end: int) -> Iterator[Claim]:
        rows = self.connection.execute(
            "SELECT * FROM claims WHERE address BETWEEN ? AND ? ORDER BY address", (start, end)
        )
        return map(claim_of_row, rows)


def claim_of_row(row: Row) -> Claim:
    return Claim(
        row[0],
        row[1],
        row[3],
        cast(State, row[4]),
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        Identity(row[12], row[13], row[11] or "") if row[12] is not None else None,
        tuple(json.loads(row[14])) if row[14] != "[]" else (),
        Push(*json.loads(row[15])) if row[15] else None,
    )


def newest_first(rows: list[Row]) -> list[Claim]:
    if len(rows) < 2:
        return [claim_of_row(row) for row in rows]
    # One that changed last comes first; the address makes the order the same everywhere.
    unique = {row[0]: row for row in rows}.values()
    return [claim_of_row(row) for row in sorted(unique, key=lambda row: (-row[6], row[0]))]
