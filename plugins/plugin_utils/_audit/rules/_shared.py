# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several rules share: findings about one adapter, absence, and the words for the records of an SDN adapter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..._observation.model import Adapter, Carrier, Interface, NcPool
from ..._observation.stranded import stranded
from ..._text import listed, mac, plain, quoted
from ..registry import Finding
from ..situation import Situation

INCOMPLETE = "The observation is incomplete, so absence is not proven."
"""Absence must be proven (law 5)."""
_SORTS = {True: "dynamic", False: "static", None: "static or dynamic"}


def about(
    carrier: Carrier, evidence: str, *, hosts: Iterable[str] = (), addresses: Iterable[int] = (), **more: Any
) -> Finding:
    """Return a finding about one adapter.

    :param hosts: besides its own
    :param addresses: besides its own
    """
    own = [carrier.address] if carrier.address else []
    shown = sorted({*addresses, *own})
    return Finding(evidence, shown, (*hosts, carrier.host.name), carriers=(carrier,), **more)


def dynamic_outside(situation: Situation) -> Iterator[Carrier]:
    """Yield the dynamic adapters with an address that is outside the range of the host they are on."""
    for adapter in situation.adapters:
        if adapter.host.range:
            yield from stranded([adapter], None, adapter.host.range)


def carried_by(carriers: Sequence[Carrier]) -> str:
    """Return the sentence that says what uses the addresses of a range."""
    if not carriers:
        return "None of these addresses is in use."
    return f"In use: {listed([f'{mac(carrier.value or 0)} by {carrier.words}' for carrier in carriers])}."


def spoofing_doubts(situation: Situation) -> list[str]:
    """Return the sentence that names the adapters behind which any address may be in use, if any (fact 109)."""
    if not situation.spoofing:
        return []
    shown = listed([adapter.words for adapter in situation.spoofing], most=3)
    return [f"MAC spoofing is on at {shown}, so absence cannot be proven there."]


def nc_pool_words(pool: NcPool) -> str:
    """Return a pool of a Network Controller by its name."""
    of = f" of {plain(pool.controller)}" if pool.controller else ""
    return f"the Network Controller's pool {quoted(pool.name)}{of}"


def interface_name(interface: Interface) -> str:
    """Return an interface by its name only."""
    of = f" of {plain(interface.controller)}" if interface.controller else ""
    return f"interface {quoted(interface.name)}{of}"


def interface_words(interface: Interface) -> str:
    """Return an interface with everything by which it can be found."""
    details = [f"instance id {plain(interface.instance_id) or 'unknown'}", address_words(interface)]
    if interface.method:
        details.append(plain(interface.method))
    return f"{interface_name(interface)} ({', '.join(details)})"


def address_words(carrier: Interface | Carrier) -> str:
    """Return an address as it was found: an adapter that never started shows zeros."""
    if carrier.value is not None:
        return mac(carrier.value)
    return "no address" if carrier.text is None else f"{quoted(carrier.text)}, which is not an address"


def bound_words(adapter: Adapter) -> str:
    """Return an adapter with its power state and its address."""
    state = plain(adapter.vm.state or "state unknown").lower()
    return f"{adapter.words} ({state}, {address_words(adapter)}, {_SORTS[adapter.dynamic]})"


def profile_words(adapter: Carrier) -> str:
    """Return the port profile of an adapter."""
    data = "unknown" if adapter.profile_data is None else adapter.profile_data
    return f"profile {{{plain(adapter.profile_id)}}} with data {data}"
