# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Ansible divides and orders the hosts of a play, and which of them are still to have their turn."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..module_utils._errors import MacPoolError


@dataclass(frozen=True, slots=True)
class Division:
    """The part of a play in which a task runs."""

    hosts: Sequence[str]
    """The hosts of the play in the order of the inventory."""
    running: Collection[str]
    """Those of them that have not failed. A host that a rescue goes on with counts as failed to Ansible, and runs all the same."""
    batch: Collection[str]
    """Those that run now, with the one that asks; without serial, all."""
    strategy: str
    order: str = ""
    """The keyword order of the play; empty: the order of the inventory."""

    @property
    def in_step(self) -> bool:
        """Tell whether the hosts of a batch wait for each other after each task."""
        return not self.strategy.rpartition(".")[2].endswith(("free", "host_pinned"))

    def waits_for(self, done: Collection[str]) -> list[str]:
        """Return the hosts that are still to come before something can be done once for all of them.

        A host of an earlier batch that had no turn will have none: its turn may have been skipped.

        :param done: the hosts that had their turn
        """
        if self.order in ("", "inventory"):
            last = max((place for place, host in enumerate(self.hosts) if host in self.batch), default=-1)
            later = self.hosts[last + 1 :]
        else:
            later = [host for host in self.hosts if host not in self.batch and host not in done]
        mates = [] if self.in_step else [host for host in self.batch if host not in done]
        return [host for host in [*mates, *later] if host in self.running]

    def check_undivided(self, subject: str) -> None:
        """Refuse a play whose hosts do not all run together, task by task.

        :raises MacPoolError: naming what divides them
        """
        wanted = "all hosts of the play in one batch, each task on all of them before the next one begins"
        outside = [host for host in self.hosts if host in self.running and host not in self.batch]
        if outside:
            found = f"serial: {len(self.batch)} of {len(self.hosts)} hosts in this batch, without {outside[0]}"
            raise MacPoolError(subject, wanted, found, "Remove serial from the play, and run it again.")
        if len(self.hosts) > 1 and not self.in_step:
            remedy = "Set strategy: linear in the play, and run it again."
            raise MacPoolError(subject, wanted, f"strategy: {self.strategy}", remedy)


def name_of_run(play: str) -> str:
    """Return a name for what a play keeps of its own: the same for every host and every batch, and for no other play.

    :param play: the id of the play, which is unique within one ansible-playbook
    """
    # Each task runs in a process of its own. What all of them share is when their parent began, and Python's logging knows
    # that; the time at which each of them asks differs.
    record = logging.makeLogRecord({})
    began = dt.datetime.fromtimestamp(record.created - record.relativeCreated / 1000, dt.timezone.utc)
    return f"{began:%Y%m%dT%H%M%SZ}-{hashlib.sha256(f'{os.getppid()}/{play}'.encode()).hexdigest()[:8]}"
