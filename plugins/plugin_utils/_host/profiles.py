# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which port profile an adapter gets. Pure: what is wanted and what was observed go in, operations come out.

Three records must agree, or the SDN drops the VM (fact 89): the static address of the adapter, the address of the
interface, and the profile's id, which is the instance id of the interface.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import MacPoolError, collected
from ...module_utils._mac import format_mac, parse_unicast
from .._names import plain_guid
from .._observation.model import NULL_PROFILE, Adapter, PortProfile
from .observed import ObservedHost, Reference, find_adapters, refuse_replica

ENABLED, DISABLED = 1, 2
"""What a profile says about the Virtual Filtering Platform (fact 87); 6 is enabled, with an unmanaged IP address."""


@dataclass(frozen=True)
class ProfileWish(Reference):
    """What the user wants of one adapter; ``profile`` None: none at all."""

    profile: PortProfile | None
    address: int | None = None
    allow_dynamic: bool = False
    replaces: str = ""
    """Id of the profile that may be replaced, because no controller has its interface any more."""

    @property
    def bound_to(self) -> PortProfile | None:
        """Return the profile when it names an interface; None for no profile and for the null profile."""
        return self.profile if self.profile and self.profile.binds else None

    @property
    def wanted(self) -> str:
        """Return what is wanted, for messages."""
        return f"the port profile {shown(self.profile)}" if self.profile else shown(None)


@dataclass(frozen=True)
class ProfileDecision:
    """What becomes of one adapter: ``unchanged`` or ``change``."""

    wish: ProfileWish
    adapter: Adapter
    status: str
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what the adapter is called in a diff."""
        return self.adapter.full_name

    @property
    def operation_id(self) -> str:
        """Return the id under which host_apply answers."""
        return f"set_port_profile {self.adapter.given_id}"


def shown(profile: PortProfile | None) -> str:
    """Return a profile in words."""
    return f"{profile.id} with profile data {profile.data}" if profile else "no port profile"


def read_profile_wishes(entries: Sequence[Mapping[str, Any]]) -> list[ProfileWish]:
    """Return what the option ``profiles`` asks for.

    :raises MacPoolError: for every entry that cannot be meant
    """
    first: dict[str, str] = {}

    def read(number: int, entry: Mapping[str, Any]) -> ProfileWish:
        subject = f'profiles[{number}], VM "{entry["vm"]}"'
        wish = _read_wish(subject, entry)
        if (profile := wish.bound_to) and (other := first.setdefault(profile.id, subject)) != subject:
            raise MacPoolError(
                subject,
                "an interface of its own",
                f"{profile.id}, which {other} has too",
                "An interface has one adapter: fix one of the two.",
            )
        return wish

    return collected("profiles", enumerate(entries), lambda numbered: read(*numbered))


def _read_wish(subject: str, entry: Mapping[str, Any]) -> ProfileWish:
    given = [key for key in ("interface_id", "null_profile", "absent") if entry.get(key)]
    if len(given) != 1:
        raise MacPoolError(
            subject,
            "exactly one of interface_id, null_profile and absent",
            " and ".join(given) or "none of them",
            "Set the one that the adapter is to get.",
        )
    data = entry.get("profile_data")
    if given[0] == "absent" and data is not None:
        raise MacPoolError(subject, "no profile_data with absent", f"{data}", "Leave it out.")
    if given[0] == "null_profile" and data not in (None, DISABLED):
        raise MacPoolError(
            subject,
            f"profile_data {DISABLED} with null_profile, which is its default",
            f"{data}",
            "Leave it out: without an interface there is no policy to enable.",
        )
    profile = PortProfile(NULL_PROFILE, DISABLED) if given[0] == "null_profile" else None
    if given[0] == "interface_id":
        profile = PortProfile(_interface_id(subject, entry["interface_id"]), ENABLED if data is None else data)
    address = entry.get("mac_address")
    return ProfileWish(
        vm=entry["vm"],
        adapter=entry.get("name") or None,
        profile=profile,
        address=None if address in (None, "") else parse_unicast(address, f"{subject}, mac_address"),
        allow_dynamic=bool(entry.get("allow_dynamic")),
        replaces=_interface_id(subject, entry["replaces"], "replaces") if entry.get("replaces") else "",
    )


def _interface_id(subject: str, text: str, option: str = "interface_id") -> str:
    guid = plain_guid(text)
    if guid is None:
        raise MacPoolError(
            f"{subject}, {option}",
            "the instance id of an interface, a GUID",
            f'"{text}"',
            "Give the instance_id that macpool.hyperv.nc_network_interface returns, not the interface's name.",
        )
    interface = f"{{{guid}}}"
    if interface == NULL_PROFILE:
        raise MacPoolError(
            f"{subject}, {option}",
            "the instance id of an interface",
            "the empty GUID, which no interface has",
            "Set null_profile: true if that is what you mean.",
        )
    return interface


def decide_profiles(
    host: ObservedHost, wishes: Sequence[ProfileWish], *, skip_missing_vms: bool, rebind: bool
) -> list[ProfileDecision]:
    """Return what becomes of each adapter.

    :param skip_missing_vms: leave out VMs that are not on this host, or only as a replica
    :param rebind: take adapters from other interfaces
    :raises MacPoolError: for every adapter that cannot be found, or must not be changed
    """
    found = find_adapters(host, wishes, skip_missing_vms)
    return collected("nothing was changed", found, lambda pair: _decide(*pair, host.adapters, rebind))


def _decide(wish: ProfileWish, adapter: Adapter, others: Iterable[Adapter], rebind: bool) -> ProfileDecision:
    if not adapter.profile_read:
        raise MacPoolError(
            adapter.label,
            wish.wanted,
            "a port profile that could not be read",
            "See the warnings of macpool.hyperv.host_info for this host, fix that, then run again.",
        )
    # An adapter that carries another address is out of sync with its interface, whatever profile it has already.
    _check_address(wish, adapter)
    if wish.profile == adapter.profile:
        return ProfileDecision(wish, adapter, "unchanged", _warnings(wish, adapter))
    refuse_replica(adapter, wish.wanted)
    other, new = adapter.bound_to, wish.bound_to
    if other and new and other.id not in (new.id, wish.replaces) and not rebind:
        raise MacPoolError(
            adapter.label,
            wish.wanted,
            f"{other.id}, which binds it to another interface or to one that was deleted",
            "Look whether the Network Controller has an interface with this id. If not, set replaces to this id; if so, set"
            " rebind: true to take the adapter from that interface.",
        )
    _check_alone(wish, adapter, others)
    return ProfileDecision(wish, adapter, "change", _warnings(wish, adapter))


def _check_address(wish: ProfileWish, adapter: Adapter) -> None:
    if wish.address is not None and (adapter.dynamic is not False or adapter.address != wish.address):
        raise MacPoolError(
            adapter.label,
            f"the static address {format_mac(wish.address, 'dash')} of its interface",
            adapter.shown,
            "The SDN drops a VM whose address is not its interface's: set it first with"
            " macpool.hyperv.vm_network_adapter, while the VM is off.",
        )
    if wish.bound_to and adapter.dynamic is not False and not wish.allow_dynamic:
        raise MacPoolError(
            adapter.label,
            "a static address, which an adapter of an interface needs for its lifetime",
            adapter.shown,
            "Set it first with macpool.hyperv.vm_network_adapter, or set allow_dynamic: true.",
        )


def _check_alone(wish: ProfileWish, adapter: Adapter, others: Iterable[Adapter]) -> None:
    """Refuse an interface that another adapter of the VMs in hand is bound to: the SDN knows only one port for it."""
    interface = wish.bound_to
    for other in others:
        if interface and other.profile and other.profile.id == interface.id and other is not adapter:
            raise MacPoolError(
                adapter.label,
                f"{wish.wanted}, of an interface that is free",
                f"{other.label} bound to it",
                "Remove that profile first (absent: true).",
            )


def _warnings(wish: ProfileWish, adapter: Adapter) -> tuple[str, ...]:
    mode = adapter.vlan.get("mode") or "Untagged"
    if wish.profile is None or wish.profile.data == DISABLED or mode == "Untagged":
        return ()
    vlan = f"{mode} {adapter.vlan.get('access') or adapter.vlan.get('trunk') or ''}".strip()
    return (f"{adapter.label} has a VLAN ({vlan}), which conflicts with the policy of its interface: untag it.",)


def profile_operations(decisions: Iterable[ProfileDecision]) -> list[dict[str, Any]]:
    """Return one ``set_port_profile`` for each adapter that has something to change."""
    return [
        {
            "op": "set_port_profile",
            "id": decision.operation_id,
            "vm_id": decision.adapter.vm.given_id,
            "adapter_id": decision.adapter.given_id,
            "profile_id": decision.wish.profile.id if decision.wish.profile else None,
            "profile_data": decision.wish.profile.data if decision.wish.profile else None,
            "expect": decision.adapter.profile.as_result() if decision.adapter.profile else None,
        }
        for decision in decisions
        if decision.status == "change"
    ]
