# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's own hand-out of dynamic addresses: in order, around, and blind to every other host."""

from __future__ import annotations

from ..macs import ZERO, to_hex, to_int
from .errors import PoolExhausted
from .objects import VM, Host, MacRange


def default_range(ipv4: str) -> MacRange:
    """00-15-5D, the last two octets of the address, 00 to FF (fact 11)."""
    octets = ipv4.split(".")
    stem = f"00155D{int(octets[2]):02X}{int(octets[3]):02X}"
    return MacRange(f"{stem}00", f"{stem}FF")


def carried_on(host: Host, *, but: VM | None = None) -> set[str]:
    """Every address that this host knows of: it never asks another one (fact 14)."""
    found = {adapter.mac for adapter in host.host_adapters}
    for vm in host.vms.values():
        if vm is not but:
            found.update(adapter.mac for adapter in vm.adapters)
            if vm.pending:
                found.update(vm.pending.macs.values())
    found.discard(ZERO)
    return found


def take_next(host: Host, taken: set[str]) -> str:
    """Ascending from where it stopped last, around to the start at the end (fact 12)."""
    if host.active is None:
        raise PoolExhausted(f"{host.name} has no MAC address range")
    start, end = to_int(host.active.start), to_int(host.active.end)
    if not start <= host.cursor <= end:
        host.cursor = start
    busy = {to_int(mac) for mac in taken if mac in host.active}
    if len(busy) > end - start:
        raise PoolExhausted("Failed to power on with Error 'Attempt to access invalid address'.")  # fact 16
    number = host.cursor
    while number in busy:
        number = start if number == end else number + 1
    host.cursor = start if number == end else number + 1
    return to_hex(number)


def choose_at_power_on(host: Host, vm: VM) -> dict[str, str]:
    """Adapter id to new address, for the dynamic adapters that get one at a cold start or a restore (facts 15, 18, 19)."""
    others = carried_on(host, but=vm)
    keeping = {adapter.mac for adapter in vm.adapters if not adapter.dynamic}
    renewed = []
    for adapter in vm.adapters:
        if not adapter.dynamic:
            continue
        stranded = host.active is None or adapter.mac == ZERO or adapter.mac not in host.active
        if stranded or adapter.mac in others or adapter.mac in keeping:
            renewed.append(adapter)
        else:
            keeping.add(adapter.mac)
    chosen: dict[str, str] = {}
    cursor = host.cursor
    try:
        for adapter in renewed:
            chosen[adapter.id] = take_next(host, others | keeping | set(chosen.values()))
    except PoolExhausted:
        host.cursor = cursor
        raise
    return chosen
