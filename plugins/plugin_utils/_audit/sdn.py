# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which adapter belongs to which interface of a Network Controller. Pure.

The profile id of a port is the instance id of its interface, and nothing else connects the two (facts 86, 89).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from ...module_utils._mac import Interval
from .._observation.model import Adapter, Interface, NetworkController


class Sdn:
    """Look-ups over interfaces and adapters, each in constant time, so that rules stay linear."""

    def __init__(self, controllers: Sequence[NetworkController], adapters: Sequence[Adapter]) -> None:
        everything = [interface for controller in controllers for interface in controller.interfaces]
        self.has_interfaces = any("network_interfaces" not in item.not_gathered for item in controllers)
        """Whether the interfaces of any controller were read: not seen is not absent."""
        self.everything: tuple[Interface, ...] = tuple(everything)
        self.by_id: Mapping[str, Interface] = {item.instance_id: item for item in everything if item.instance_id}
        self.by_address: defaultdict[int, list[Interface]] = defaultdict(list)
        for interface in everything:
            if interface.address:
                self.by_address[interface.address].append(interface)
        self._addresses = sorted(self.by_address)
        self.bound: defaultdict[str, list[Adapter]] = defaultdict(list)
        """Adapters by the instance id to which they are bound, those of replicas last."""
        self._unread: defaultdict[int, list[Adapter]] = defaultdict(list)
        for adapter in sorted(adapters, key=lambda item: item.kind == "replica"):
            if adapter.bound:
                self.bound[adapter.profile_id].append(adapter)
            elif adapter.address and not adapter.profile_known:
                self._unread[adapter.address].append(adapter)

    @property
    def tenants(self) -> Sequence[Interface]:
        """Interfaces of tenants that have an instance id."""
        return [interface for interface in self.by_id.values() if not interface.infrastructure]

    def bound_to(self, interface: Interface) -> Sequence[Adapter]:
        """Return the adapters that are bound to an interface."""
        return self.bound.get(interface.instance_id, ())

    def unread(self, interface: Interface) -> Sequence[Adapter]:
        """Return the adapters that use an interface's address and whose profile was not read: they may be bound."""
        return self._unread.get(interface.address or 0, ())

    def namesakes(self, interface: Interface) -> Sequence[Interface]:
        """Return the other interfaces with an interface's address: the controller accepts that (fact 83)."""
        return [item for item in self.by_address.get(interface.address or 0, ()) if item is not interface]

    def addresses_in(self, interval: Interval) -> int:
        """Return how many addresses of a range interfaces have."""
        return bisect_right(self._addresses, interval.end) - bisect_left(self._addresses, interval.start)
