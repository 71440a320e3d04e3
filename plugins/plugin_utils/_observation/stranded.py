# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which adapters lose their address when the range of their host changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ...module_utils._mac import Interval
from .model import Carrier


def stranded(carriers: Iterable[Carrier], old: Interval | None, new: Interval | None) -> list[Carrier]:
    """Return the carriers of one host that a change of its range would strand.

    A dynamic address that is inside the range today and outside it afterwards is replaced at the next start of its VM
    (facts 18 and 21). The host's own adapters draw from the same range and have no dynamic flag (fact 13). They may also
    carry the address of the physical card (fact 111), so only an address of a known range counts as drawn from it.

    :param old: the range today; None where the host has none: then every dynamic address counts as inside
    :param new: the range afterwards; None where it is not known yet: then every address counts as outside
    """

    def leaves(carrier: Carrier) -> bool:
        address = carrier.address
        if not address or (new and new.start <= address <= new.end):
            return False
        if carrier.kind == "host":
            return old is not None and old.start <= address <= old.end
        is_adapter = carrier.vm is not None and carrier.checkpoint is None
        return is_adapter and carrier.dynamic is True and (old is None or old.start <= address <= old.end)

    return [carrier for carrier in carriers if leaves(carrier)]
