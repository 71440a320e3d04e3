# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters to report on, and names that nobody would give a VM in good faith."""

from __future__ import annotations

from typing import Any

from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_A,
    RANGE_B,
    Document,
    adapter,
    checkpoint,
    guid,
    host,
    vm,
)

HOSTILE = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "<!--<script>",
    '"><img src=x onerror=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "]]></failure><failure>",
    "&lt;b&gt; &amp; <b>",
    "\u202etxt.exe\u202c",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "A" * 500,
    "line\r\nbreak\x00\x07\x1b[31m\u2028\u2029\x85",
    "lone \ud800 and \udfff",
    "$lead ${stamp} $$ %s {{ 7 * 7 }} {0}",
    "javascript:window.pwned=1",
    "'; DROP TABLE vms; --",
    'back\\slash "quoted"',
    "",
    "   ",
    "__proto__",
    "constructor",
)


def troubled() -> list[Document]:
    """Return two hosts: a duplicate, a departed VM, overlapping land, a checkpoint, an address that is none."""
    return [
        host(
            "hv1",
            RANGE_A,
            cluster="c",
            nodes=["hv1", "hv2", "hv3"],
            vms=[
                vm("web01", adapter("00155DE00005"), clustered=True),
                vm("web02", adapter("00155DE00006", False, vlan=20)),
                vm("web03", adapter("00155DE00105")),
            ],
            host_adapters=[{"id": "v", "name": "Management", "mac": "00155DE00007", "switch": "tenant"}],
            container_networks=[
                {"name": "nat", "mac_pools": [{"start": "00155DE00700", "end": "00155DE007FF"}]},
            ],
        ),
        host(
            "hv2",
            RANGE_B,
            cluster="c",
            nodes=["hv1", "hv2", "hv3"],
            vms=[
                vm("web02", adapter("00155DE00006", False), id=guid("another web02")),
                vm("odd", adapter("no address", False), checkpoints=[checkpoint("before", adapter("00155DE00188"))]),
            ],
            physical_adapters=[{"name": "NIC1", "mac": "00005E005301", "status": "Up", "team": None}],
        ),
    ]


def named(*names: str) -> list[Document]:
    """Return two hosts whose VMs, adapters, switches, checkpoints and states are all called so, with a duplicate."""
    hosts: list[Document] = []
    for number, interval in enumerate((RANGE_A, RANGE_B)):
        vms = []
        for place, name in enumerate(names):
            mine = guid(f"{number} {place}")
            cards: list[dict[str, Any]] = [
                adapter(f"00155DE000{place:02X}", name=name, id=f"{mine} a", switch=name, vlan=7),
                adapter(f"no {name}", name=name, id=f"{mine} b", switch=name),
            ]
            points = [checkpoint(name, adapter(f"00155DE001{place:02X}", name=name, id=f"{mine} a"))]
            vms.append(vm(name, *cards, id=mine, checkpoints=points))
        shown = names[0] if number and names else "hv0"
        hosts.append(host(f"{shown} {number}", interval, vms=vms, warnings=list(names)))
    return hosts
