# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which carriers share a broadcast domain. Pure.

An unknown place counts as the same domain, because a missed collision costs more than a second look. Internal and
private switches end at their host, and two of them on one host are two domains. Two different access VLANs within one
cluster are different domains without any declaration; everything else must be declared in ``l2_domains``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .._names import host_key, name_key, same_name
from .._observation.model import Carrier, Host, Observation


class Place(NamedTuple):
    """Where a carrier is attached, as far as it matters for reach."""

    site: tuple[str, str]
    """Its cluster, or the host itself where there is no cluster."""
    vlan: int | None
    """The access VLAN; None when it is untagged, a trunk or unknown."""
    domains: frozenset[str]
    """Names of the declared domains that match."""
    local: tuple[str, str] | None
    """Host and internal or private switch, which no frame leaves; an empty switch may be any of the host's local ones."""


class Domains:
    """Finds places and compares them."""

    def __init__(self, entries: Iterable[Mapping[str, Any]], vsids: Mapping[str, int]) -> None:
        self._entries = [dict(entry) for entry in entries]
        self._vsids = vsids
        self._known: dict[tuple[Any, ...], Place] = {}

    def place(self, carrier: Carrier) -> Place:
        """Return where a carrier is attached."""
        vlan = carrier.vlan
        mode, access, trunk = str(vlan.get("mode") or "").casefold(), vlan.get("access"), vlan.get("trunk")
        tags = tuple(tag for tag in trunk if isinstance(tag, int)) if isinstance(trunk, (list, tuple)) else ()
        access = access if isinstance(access, int) and not isinstance(access, bool) else None
        vsid = self._vsids.get(carrier.profile_id) if carrier.profile_id else None
        switch, is_card = name_key(carrier.switch or ""), carrier.kind == "physical"
        signature = (carrier.host.key, switch, mode, access, tags, vsid, is_card)
        place = self._known.get(signature)
        if place is None:
            host = carrier.host
            matching = (
                str(entry.get("name"))
                for entry in self._entries
                if self._matches(entry, carrier, access if mode != "trunk" else None, tags, vsid)
            )
            place = self._known[signature] = Place(
                ("cluster", host.cluster) if host.cluster else ("host", host.key),
                access if mode == "access" and access else None,
                frozenset(matching),
                (host.key, switch) if self._may_be_local(host, switch, is_card) else None,
            )
        return place

    @staticmethod
    def _matches(
        entry: Mapping[str, Any], carrier: Carrier, access: int | None, tags: tuple[int, ...], vsid: int | None
    ) -> bool:
        if entry.get("cluster") is not None and host_key(str(entry["cluster"])) != carrier.host.cluster:
            return False
        if entry.get("switch") is not None and not same_name(str(entry["switch"]), carrier.switch or ""):
            return False
        if entry.get("vlan") is not None and entry["vlan"] != access and entry["vlan"] not in tags:
            return False
        return entry.get("vsid") is None or entry["vsid"] == vsid

    @staticmethod
    def _may_be_local(host: Host, switch: str, is_card: bool) -> bool:
        # An adapter without a switch may be on any local switch of its host; a physical card is on none of them.
        return switch in host.local_switches or (not switch and not is_card and bool(host.local_switches))

    @staticmethod
    def can_meet(first: Place, second: Place) -> bool:
        """Tell whether frames could ever get from one to the other: no frame leaves an internal or private switch."""
        if not any(place.local and place.local[1] for place in (first, second)):
            return True
        if first.local is None or second.local is None or first.local[0] != second.local[0]:
            return False
        return first.local[1] == second.local[1] or not first.local[1] or not second.local[1]

    @staticmethod
    def same(first: Place, second: Place) -> bool:
        """Tell whether frames of one can reach the other."""
        if not Domains.can_meet(first, second):
            return False
        if first.domains and second.domains:
            return bool(first.domains & second.domains)
        return not (
            first.site == second.site
            and first.vlan is not None
            and second.vlan is not None
            and first.vlan != second.vlan
        )


def interface_vsids(observation: Observation) -> dict[str, int]:
    """Return the virtual subnet ids that Network Controllers know, by the instance id of the interface."""
    return {
        interface.instance_id: interface.vsid
        for controller in observation.controllers
        for interface in controller.interfaces
        if interface.vsid is not None
    }
