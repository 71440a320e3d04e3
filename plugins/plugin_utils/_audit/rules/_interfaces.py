# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rules write the three records of an SDN adapter: the adapter, its profile, its interface."""

from __future__ import annotations

from ..._observation.model import Carrier, Interface
from ..._observation.words import adapter_words
from ..._text import mac, plain, quoted

_SORTS = {True: "dynamic", False: "static", None: "static or dynamic"}


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


def bound_words(adapter: Carrier) -> str:
    """Return an adapter with its power state and its address."""
    vm = adapter.vm
    state = plain((vm.state if vm else None) or "state unknown").lower()
    return f"{adapter_words(adapter)} ({state}, {address_words(adapter)}, {_SORTS[adapter.dynamic]})"


def profile_words(adapter: Carrier) -> str:
    """Return the port profile of an adapter."""
    data = "unknown" if adapter.profile_data is None else adapter.profile_data
    return f"profile {{{plain(adapter.profile_id)}}} with data {data}"
