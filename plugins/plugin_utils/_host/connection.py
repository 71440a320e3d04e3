# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be asked of a host, and what its answers to operations mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ...module_utils._errors import MacPoolError
from .power import SAVED_REMEDY, WAIT_REMEDY


class Connection(Protocol):
    """What can be asked of a host; both raise Ansible's own error when the connection breaks."""

    def observe(self, gather: Sequence[str], vms: Sequence[str] | None = None) -> dict[str, Any]:
        """Return an observation of a part of the host."""

    def apply(self, operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Run operations, or predict them in check mode, and return their results in order."""


def result_error(subject: str, wanted: str, result: Mapping[str, Any]) -> MacPoolError | None:
    """Return the error that an operation's result stands for; None for one that is done or was so already."""
    if result["status"] in ("done", "unchanged"):
        return None
    reason = result.get("reason") or result["status"]
    message = result.get("message") or "no message"
    return MacPoolError(subject, wanted, f"{result['status']} ({reason}): {message}", _REMEDIES.get(reason, _RUN_AGAIN))


_RUN_AGAIN = "Fix what the message names, then run again: what is done already stays done."
_REMEDIES = {
    "moved": "Run again against the host that has the VM now.",
    "changed": "Somebody else changed it meanwhile: look at it, then run again.",
    "not_found": "It is gone since it was read: look for it, then run again.",
    "running": "Shut it down, or set when_running: pending or restart.",
    "saved": SAVED_REMEDY,
    "transition": WAIT_REMEDY,
    "replica": "Change the primary VM.",
    "shutdown_action": "The cluster would count a guest shutdown as a failure: set the VM resource's ShutdownAction to 0,"
    " or shut the VM down through the cluster yourself.",
    "shutdown_timeout": "Look at the guest; raise shutdown_timeout, or set force_off: true.",
    "shutdown_unavailable": "The guest cannot be asked: shut it down yourself, or set force_off: true.",
    "access_denied": "Use an account that administers Hyper-V on this host; cluster cmdlets need CredSSP or become.",
    "unsupported": "Install what the host lacks (Hyper-V, or SDN for a port profile), or leave this host out.",
    "not_clustered": "Set clustered: false, or run against a host of a cluster.",
    "shared_role": "Move one of the VMs into a role of its own, then run again.",
}
