# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the power state of a VM allows. Pure.

An address can be changed, and a VM removed, only while the VM is Off (fact 36). A saved VM is never started, resumed or
changed here: its saved state would be lost, or would come back with an address that is not its own any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._observation.model import RUNNING, SAVED

SAVED_REMEDY = "Start it and shut it down: a saved state is never discarded."
WAIT_REMEDY = "Wait until it is Off or Running, then run again."


@dataclass(frozen=True)
class Power:
    """What may be done to a VM that runs."""

    when_running: str
    shutdown_timeout: int
    force_off: bool


def state_words(state: str | None) -> str:
    """Return what a VM is, for a sentence."""
    return state or "in an unknown state"


def off_remedy(state: str | None, running: str) -> str:
    """Return how a VM that has to be Off gets there.

    :param running: the remedy for one that runs
    """
    if state in RUNNING:
        return running
    return SAVED_REMEDY if state in SAVED else WAIT_REMEDY


def on_remedy(state: str | None) -> str:
    """Return how a VM gets to run that cannot simply be started."""
    if state in (*RUNNING, *SAVED):
        return "Resume it yourself, then run again: this task does not touch what a guest was doing."
    return WAIT_REMEDY
