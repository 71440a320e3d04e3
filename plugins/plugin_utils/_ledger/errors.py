# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with the ledger, one class for each thing that a caller may want to tell apart."""

from __future__ import annotations

from ...module_utils._errors import MacPoolError


class LedgerError(MacPoolError):
    """The ledger itself cannot be used."""


class LedgerMissing(LedgerError):
    """Nothing is where the ledger should be."""


class LedgerExists(LedgerError):
    """Something is where a new ledger should be made."""


class LedgerForeign(LedgerError):
    """Not a ledger, or the ledger of another scope."""


class LedgerNewer(LedgerError):
    """Written by a newer version of the collection."""


class LedgerRolledBack(LedgerError):
    """Operations that were acknowledged are missing: a backup or a snapshot was put back."""


class LedgerOnNetworkFileSystem(LedgerError):
    """On a file system whose locks and shared memory cannot be trusted."""


class LedgerEphemeral(LedgerError):
    """In a place that vanishes with the container."""


class LedgerDamaged(LedgerError):
    """The database or its history contradicts itself."""


class LedgerLocked(LedgerError):
    """Another process kept the ledger busy for too long."""


class LedgerReadOnly(LedgerError):
    """The file or its directory cannot be written."""


class LedgerNoRoom(LedgerError):
    """The disk, or the share of it that this user may use, is full."""


class LedgerUnavailable(LedgerError):
    """The disk, the memory or SQLite fails. That does not mean that the ledger is damaged."""


class PlanOutdated(MacPoolError):
    """The job works with an earlier plan than the one that the ledger last accepted."""


class PlanConflict(MacPoolError):
    """The plan gives a range with claims or leases on it to another use."""


class OwnerConflict(MacPoolError):
    """The address is promised to another owner, or carried by another adapter."""


class OwnerHasOther(MacPoolError):
    """The owner already has another address."""


class NotInPool(MacPoolError):
    """The address is not one that the pool hands out."""


class PoolFull(MacPoolError):
    """No address, or no block, is left."""


class StaleClaim(MacPoolError):
    """The claim has moved on since the job last saw it."""


class RebindNeeded(MacPoolError):
    """The name comes with other ids than those it is bound to, and the user has to say that this is right."""


class ObservationTooOld(MacPoolError):
    """The plan asks for a newer or more complete observation before addresses are handed out."""


class NoLease(MacPoolError):
    """The host has no lease."""


class UnknownHost(MacPoolError):
    """The ledger never knew a host of this name."""
