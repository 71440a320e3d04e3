# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule nc-state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from ..._observation.model import Adapter, Interface
from ..._text import listed, plain, quoted, sentence
from ..registry import Finding, rule
from ..situation import Situation
from ._shared import bound_words, interface_words, nc_pool_words

_FAILED = "failed"
_PORT = {"failure": "high", "warning": "medium"}
"""Severity by configurationState's status, for a bound VM that runs."""
_LONGEST_MESSAGE = 120
_TOO_LONG = dt.timedelta(minutes=10)
"""How long a change may take on a Network Controller that works."""


@rule(
    id="nc-state",
    severity="high",
    title="The Network Controller reports a failure",
    explanation="""A pool or an interface whose provisioningState is Failed was refused by the controller and has no
    effect on traffic. A provisioned interface may still have no working port: its configurationState then shows codes
    such as HostUnreachable or PolicyConfigurationFailure (fact 70). Failure is high and Warning is medium if the
    bound VM runs. Before the VM is bound and started, such a state is expected and is not reported. A failed
    interface without a running VM is medium. Every other state that is not known to be healthy (Updating, Deleting,
    Uninitialized, InProgress) is low, and medium if two observations that were taken at least ten minutes apart both
    show it: a change that takes so long is stuck.""",
    remedy="""Follow the code: HostUnreachable and HostNotConnectedToController point to the host agent of the VM's
    host or to its certificate, PAMacAddressExhausted to a full pool (macpool.hyperv.nc_mac_pool adds another one),
    PortBlocked and MultipleVfpEnabledSwitches to the switch. HostNotConnectedToController also comes from a HostId in
    the host's registry that is not the instance id of its server, or from a port profile that names another interface.
    For a state that should pass, observe again after ten minutes: keep both documents beside each other, and the
    audit compares them. Write a failed resource again with macpool.hyperv.nc_network_interface or
    macpool.hyperv.nc_mac_pool; these tasks show the reason that the server gives.""",
)
def nc_state(situation: Situation) -> Iterator[Finding]:
    """Yield the pools and interfaces that failed, and the interfaces of running VMs whose port does not work."""
    for controller in situation.observation.controllers:
        for pool in controller.pools:
            if pool.state.casefold() == _FAILED:
                yield Finding(
                    f"{sentence(nc_pool_words(pool))} ({pool.interval}) is in provisioningState {plain(pool.state)}.",
                    addresses=pool.interval,
                    subjects=(pool.name,),
                )
    for interface in situation.sdn.everything:
        adapters = [*situation.sdn.bound_to(interface), *situation.sdn.unread(interface)]
        running = [item for item in adapters if item.running and item.kind != "replica"]
        severity, said = None, []
        if interface.state.casefold() == _FAILED:
            severity = "high" if running else "medium"
            said.append(f"is in provisioningState {plain(interface.state)}")
        if running and interface.status.casefold() in _PORT:
            severity = severity or _PORT[interface.status.casefold()]
            said.append(f"has configurationState {plain(interface.status)}{_causes(interface)}")
        if severity is None and _is_unfinished(interface, running):
            severity = "medium" if interface.unsettled_for >= _TOO_LONG else "low"
            said.append(_unfinished_words(interface))
        if severity is not None:
            yield _finding(interface, severity, said, running or adapters)


def _is_unfinished(interface: Interface, running: Sequence[object]) -> bool:
    """Tell whether a change has not ended: of the resource, or of the port of a VM that runs."""
    return interface.state.casefold() not in ("", "succeeded") or (bool(running) and not interface.settled)


def _unfinished_words(interface: Interface) -> str:
    states = [f"provisioningState {plain(interface.state)}"] if interface.state else []
    if interface.status:
        states.append(f"configurationState {plain(interface.status)}{_causes(interface)}")
    minutes = int(interface.unsettled_for.total_seconds()) // 60
    since = f", and already was unfinished {minutes} minutes before" if minutes else ""
    return f"is not finished ({', '.join(states)}){since}"


def _causes(interface: Interface) -> str:
    shown = [
        f"{plain(code)}: {quoted(message[:_LONGEST_MESSAGE])}" if message else plain(code)
        for code, message in interface.causes
    ]
    return f" ({listed(shown, most=3)})" if shown else ""


def _finding(interface: Interface, severity: str, said: Sequence[str], adapters: Sequence[Adapter]) -> Finding:
    words = f"{sentence(interface_words(interface))} {' and '.join(said)}."
    if adapters:
        words += f" It belongs to {listed([bound_words(item) for item in adapters], most=2)}."
    return Finding(
        words,
        addresses=(interface.address,) if interface.address else (),
        carriers=adapters,
        severity=severity,
        subjects=(interface.name, interface.instance_id),
    )
