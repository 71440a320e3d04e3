# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which adapters a new range strands: incident 3."""

from __future__ import annotations

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import Interval
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.model import Carrier
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.stranded import stranded
from tests.unit.plugins.plugin_utils.observation.documents import adapter, checkpoint, host, vm

OLD = Interval(0x00155D010A00, 0x00155D010AFF)
NEW = Interval(0x00155D010B00, 0x00155D010BFF)
INSIDE, KEPT, ELSEWHERE = "00155D010A05", "00155D010B05", "001DD8000001"


def carriers() -> list[Carrier]:
    document = host(
        vms=[
            vm("dynamic", adapter(INSIDE)),
            vm("static", adapter(INSIDE, dynamic=False)),
            vm("unknown", adapter(INSIDE, dynamic=None)),
            vm("kept", adapter(KEPT)),
            vm("elsewhere", adapter(ELSEWHERE)),
            vm("new", adapter("000000000000")),
            vm("odd", adapter("no address"), adapter(None)),
            vm("replica", adapter(INSIDE), replication_mode="Replica"),
            vm("saved", adapter(KEPT), checkpoints=[checkpoint("before", adapter(INSIDE))]),
        ],
        host_adapters=[{"name": "own", "mac": INSIDE}, {"name": "card", "mac": ELSEWHERE}],
        physical_adapters=[{"name": "NIC1", "mac": INSIDE}],
    )
    observation = read_documents([document])
    seen = [carrier for machine in observation.vms for carrier in machine.adapters]
    seen += [carrier for machine in observation.vms for point in machine.checkpoints for carrier in point.adapters]
    return [*seen, *observation.host_carriers]


def names(found: list[Carrier]) -> set[str]:
    return {carrier.vm.name if carrier.vm else carrier.name for carrier in found}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (OLD, NEW, {"dynamic", "replica", "own"}),
        (OLD, OLD, set()),
        (OLD, None, {"dynamic", "replica", "own"}),
        (None, NEW, {"dynamic", "replica", "elsewhere"}),
        (None, None, {"dynamic", "replica", "elsewhere", "kept", "saved"}),
        (NEW, OLD, {"kept", "saved"}),
    ],
)
def test_those_are_stranded_whose_address_was_drawn_from_the_old_range(
    old: Interval | None, new: Interval | None, expected: set[str]
) -> None:
    assert names(stranded(carriers(), old, new)) == expected
