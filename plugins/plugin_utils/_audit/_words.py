# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts, VMs and addresses are written in a sentence. Pure.

Names of VMs are hostile data: in a sentence they are short, in quotes and without control or direction characters, so
that no terminal and no log reader obeys them. The full name stands in the finding's own fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import Interval, format_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit._documents import Carrier, Vm

LONGEST_NAME = 64
MOST_ITEMS = 6


def mac(address: int) -> str:
    """Return an address in the form people read."""
    return format_mac(address, "dash")


def span(interval: Interval) -> str:
    """Return a range as a reader and a waiver write it."""
    return str(interval)


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    """Return text on one line without anything a terminal would obey."""
    shown = text if len(text) <= longest else f"{text[: longest - 3]}..."
    if shown.isprintable():
        return shown
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in shown)


def quoted(name: str) -> str:
    """Return a name in quotes."""
    return f'"{plain(name)}"'


def sentence(words: str) -> str:
    """Return words with a capital first letter and everything else, names above all, as it is."""
    return words[:1].upper() + words[1:]


def listed(items: Sequence[str], most: int = MOST_ITEMS) -> str:
    """Return items as words: ``a, b and c``, or the first ones and how many more."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def host_list(names: Iterable[str]) -> str:
    """Return host names as words, sorted."""
    return listed([plain(name) for name in sorted(set(names), key=lambda name: (name.casefold(), name))])


def vm_words(vm: Vm) -> str:
    """Return a VM with the host on which it was seen."""
    return f"{'replica of VM' if vm.replica else 'VM'} {quoted(vm.name)} on {plain(vm.host.name)}"


def adapter_words(adapter: Carrier) -> str:
    """Return whose adapter it is."""
    if adapter.vm is None:
        kind = "the host's own adapter" if adapter.kind == "host" else "the physical adapter"
        return f"{kind} {quoted(adapter.name)} of {plain(adapter.host.name)}"
    if adapter.checkpoint is not None:
        return f"checkpoint {quoted(adapter.checkpoint.name)} of {vm_words(adapter.vm)}"
    return f"adapter {quoted(adapter.name)} of {vm_words(adapter.vm)}"


def carrier_words(carrier: Carrier) -> str:
    """Return a carrier with what decides how much it matters: its power state and where it is attached."""
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
    """Return the sentence that says who carries addresses of a range."""
    if not carriers:
        return "Nobody carries an address of it at present."
    seen = [f"{mac(carrier.value or 0)} {adapter_words(carrier)}" for carrier in carriers]
    return f"Carried there: {listed(seen)}."
