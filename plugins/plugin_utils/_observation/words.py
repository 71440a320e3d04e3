# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts, VMs and addresses are written in a sentence. Pure.

Names of VMs are hostile data: in a sentence they are short, in quotes and without control or direction characters, so
that they cannot control a terminal or a log reader. The full name is in the finding's own fields.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._text import listed, mac, plain, quoted
from .model import Carrier, Vm


def vm_words(vm: Vm) -> str:
    """Return a VM with the host on which it was seen."""
    return f"{'replica of VM' if vm.replica else 'VM'} {quoted(vm.name)} on {plain(vm.host.name)}"


def adapter_words(adapter: Carrier) -> str:
    """Return an adapter with its VM and host."""
    if adapter.vm is None:
        kind = "the host's own adapter" if adapter.kind == "host" else "the physical adapter"
        return f"{kind} {quoted(adapter.name)} of {plain(adapter.host.name)}"
    if adapter.checkpoint is not None:
        return f"checkpoint {quoted(adapter.checkpoint.name)} of {vm_words(adapter.vm)}"
    return f"adapter {quoted(adapter.name)} of {vm_words(adapter.vm)}"


def carrier_words(carrier: Carrier) -> str:
    """Return a carrier with what decides its severity: its power state and where it is attached."""
    details = []
    if carrier.vm is not None and carrier.checkpoint is None:
        details.append(plain(carrier.vm.state or "state unknown").lower())
    elif carrier.kind == "physical" and not carrier.running:
        details.append("not up")
    if carrier.switch:
        details.append(f"switch {quoted(carrier.switch)}")
    access = carrier.vlan.get("access")
    if isinstance(access, int) and access:
        details.append(f"VLAN {access}")
    return adapter_words(carrier) + (f" ({', '.join(details)})" if details else "")


def carried_by(carriers: Sequence[Carrier]) -> str:
    """Return the sentence that says what uses the addresses of a range."""
    if not carriers:
        return "None of these addresses is in use."
    seen = [f"{mac(carrier.value or 0)} by {adapter_words(carrier)}" for carrier in carriers]
    return f"In use: {listed(seen)}."
