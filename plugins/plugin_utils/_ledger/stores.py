# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backend keeps a ledger; ``reader.py`` says it for questions about claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .places import sqlite_path
from .sqlite.database import DEFAULT_TIMEOUT, Database
from .sqlite.store import SqliteStore

if TYPE_CHECKING:
    from .backend import ClaimStore, Store
    from .model import Job

__all__ = ["DEFAULT_TIMEOUT", "create_store", "store_at", "store_over"]


def store_at(location: str | None, scope: str, timeout: float = DEFAULT_TIMEOUT) -> Store:
    """Return the store that a location means, not yet opened.

    :param location: ``sqlite:///path``, a path, or None for the default place of the scope
    """
    return SqliteStore(sqlite_path(location, scope), timeout=timeout)


def store_over(opened: ClaimStore) -> Store:
    """Return the store of a ledger that is open for questions about claims, and go on with its connection."""
    if not isinstance(opened, Database):
        raise TypeError(f"no backend has {type(opened).__name__}")
    return SqliteStore.over(opened)


def create_store(location: str | None, scope: str, job: Job, timeout: float = DEFAULT_TIMEOUT) -> Store:
    """Make an empty ledger at a location.

    :raises LedgerExists: when something is at that place
    """
    return SqliteStore.create(sqlite_path(location, scope), scope, job, timeout=timeout)
