# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which adapter of a host a task means. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol, TypeVar

from ...module_utils._errors import MacPoolError, collected
from .._names import name_key, plain_id, same_name
from .._observation.model import Carrier, Vm
from .._text import quoted
from .observed import Adapter, ObservedHost


class Reference(Protocol):
    """What names an adapter: the VM by name or id, the adapter by name or id, or None for the only one."""

    @property
    def vm(self) -> str:
        """Return the VM's name or id."""

    @property
    def adapter(self) -> str | None:
        """Return the adapter's name or id."""


R = TypeVar("R", bound=Reference)


def find_adapters(
    host: ObservedHost, references: Sequence[R], skip_missing_vms: bool = False
) -> list[tuple[R, Adapter]]:
    """Return the adapter that each reference means.

    :param skip_missing_vms: leave out references to VMs that are not on this host, or only as a replica
    :raises MacPoolError: for every one that means no adapter, more than one, or one that another one means too
    """
    # A play over all hosts meets a replicated VM twice: its primary's host changes it (fact 107).
    candidates = [vm for vm in host.vms if not (skip_missing_vms and vm.replica)]
    by_name: dict[str, list[Vm]] = defaultdict(list)
    by_id: dict[str, list[Vm]] = defaultdict(list)
    for vm in candidates:
        by_name[name_key(vm.name)].append(vm)
        by_id[vm.id or ""].append(vm)
    taken: set[Carrier] = set()

    def find(wish: R) -> tuple[R, Adapter] | None:
        vms = list(dict.fromkeys([*by_name.get(name_key(wish.vm), ()), *by_id.get(plain_id(wish.vm), ())]))
        if not vms and skip_missing_vms:
            return None
        adapter = _the_adapter(host, wish, _the_vm(host, wish, vms))
        if adapter.carrier in taken:
            raise MacPoolError(
                adapter.label, "one entry for each adapter", "two entries that mean this one", "Remove one of them."
            )
        taken.add(adapter.carrier)
        return wish, adapter

    return [pair for pair in collected(host.label, references, find) if pair]


def _the_vm(host: ObservedHost, wish: Reference, found: Sequence[Vm]) -> Vm:
    if len(found) == 1:
        return found[0]
    if not found:
        raise MacPoolError(
            f"VM {quoted(wish.vm)}",
            f"a VM of that name or id on {host.label}",
            "none",
            "Fix the name, run against the host that has it now, or set when_missing: skip.",
        )
    ids = ", ".join(sorted(vm.given_id for vm in found))
    raise MacPoolError(f"VM {quoted(wish.vm)}", f"one VM on {host.label}", f"{len(found)}: {ids}", "Give the id as vm.")


def _the_adapter(host: ObservedHost, wish: Reference, vm: Vm) -> Adapter:
    adapters = host.adapters_of(vm)
    subject = f"VM {quoted(vm.name)} on {host.label}"
    named = [adapter for adapter in adapters if wish.adapter is None or _is_called(adapter, wish.adapter)]
    if len(named) == 1:
        return named[0]
    names = ", ".join(f"{quoted(adapter.name)} (id {adapter.id})" for adapter in adapters) or "no adapter"
    if not named:
        wanted = "an adapter" if wish.adapter is None else f"an adapter of name or id {quoted(wish.adapter)}"
        raise MacPoolError(subject, wanted, names, "Fix the name, or add the adapter to the VM first.")
    wanted = "the name of an adapter" if wish.adapter is None else f"one adapter of name {quoted(wish.adapter)}"
    raise MacPoolError(subject, wanted, names, "Give the adapter's id as name.")


def _is_called(adapter: Adapter, name: str) -> bool:
    return same_name(adapter.name, name) or adapter.carrier.id == plain_id(name)
