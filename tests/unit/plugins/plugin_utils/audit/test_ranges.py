# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about ranges: range-overlap, range-trespass, default-range, range-usage, static-in-dynamic-range."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_A,
    RANGE_B,
    RANGE_C,
    adapter,
    claim,
    found,
    guid,
    host,
    lease,
    one,
    plan,
    vm,
)

TENANT = {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 100}]}}


class TestRangeOverlap:
    def test_names_the_exact_stretch_and_its_carriers(self) -> None:
        finding = one(
            "range-overlap",
            host("hv1", ("00155DE00000", "00155DE000FF"), vms=[vm("in", adapter("00155DE000F5"))]),
            host("hv2", ("00155DE000F0", "00155DE001FF"), vms=[vm("out", adapter("00155DE00100"))]),
        )
        assert finding["addresses"] == ["00155DE000F0", "00155DE000FF"]
        assert finding["hosts"] == ["hv1", "hv2"]
        assert [item["name"] for item in finding["carriers"]] == ["in"]

    def test_adjacent_ranges_are_silent(self) -> None:
        assert not found("range-overlap", host("hv1", RANGE_A), host("hv2", RANGE_B))

    def test_identical_hosts_are_one_finding(self) -> None:
        finding = one("range-overlap", *(host(f"hv{number}") for number in range(7)))
        assert len(finding["hosts"]) == 7

    def test_one_finding_for_each_set_of_hosts(self) -> None:
        findings = found(
            "range-overlap",
            host("hv1", ("00155DE00000", "00155DE000FF")),
            host("hv2", ("00155DE00080", "00155DE000BF")),
            host("hv3", ("00155DE000A0", "00155DE001FF")),
        )
        assert {(tuple(item["addresses"]), tuple(item["hosts"])) for item in findings} == {
            (("00155DE00080", "00155DE0009F"), ("hv1", "hv2")),
            (("00155DE000A0", "00155DE000BF"), ("hv1", "hv2", "hv3")),
            (("00155DE000C0", "00155DE000FF"), ("hv1", "hv3")),
        }

    def test_ranges_that_begin_together(self) -> None:
        findings = found(
            "range-overlap",
            host("hv1", ("00155DE00000", "00155DE0000F")),
            host("hv2", ("00155DE00000", "00155DE0001F")),
            host("hv3", ("00155DE00000", "00155DE0002F")),
        )
        assert {(tuple(item["addresses"]), len(item["hosts"])) for item in findings} == {
            (("00155DE00000", "00155DE0000F"), 3),
            (("00155DE00010", "00155DE0001F"), 2),
        }

    def test_a_host_seen_under_two_names_is_one_host(self) -> None:
        assert not found("range-overlap", host("HV1"), host("hv1.corp.example"))


class TestRangeTrespass:
    @pytest.mark.parametrize(
        ("keys", "named"),
        [
            ({"pools": TENANT}, "tenant"),
            (
                {
                    "other_allocators": [
                        {"name": "nc", "kind": "network_controller", "start": "22-1D-D8-00-00-00", "size": 16}
                    ]
                },
                "nc",
            ),
        ],
    )
    def test_host_range_in_planned_land(self, keys: dict[str, Any], named: str) -> None:
        documents = [host("hv1", ("221DD8000008", "221DD80000FF")), host("hv2", ("221DD8000100", "221DD80001FF"))]
        finding = one("range-trespass", *documents, plan=plan(**keys))
        assert finding["hosts"] == ["hv1"]
        assert finding["addresses"][0] == "221DD8000008"
        assert named in finding["evidence"]

    def test_range_beside_the_pool_is_silent(self) -> None:
        assert not found("range-trespass", host("hv1", ("221DD8000064", "221DD80000FF")), plan=plan(pools=TENANT))

    def test_the_network_controllers_own_pools_count(self) -> None:
        controller = {
            "schema": 1,
            "kind": "network_controller",
            "observed_at": "2026-11-21T11:30:00Z",
            "mac_pools": [
                {
                    "resourceId": "pool1",
                    "properties": {"startMacAddress": "00-15-5D-E0-00-80", "endMacAddress": "00-15-5D-E0-00-8F"},
                }
            ],
            "network_interfaces": [],
        }
        assert one("range-trespass", host(), controller)["addresses"] == ["00155DE00080", "00155DE0008F"]
        assert not found("range-trespass", host("hv1", RANGE_B), controller)

    def test_block_of_another_host_and_own_static_part(self) -> None:
        rows = [lease("hv1", *RANGE_A, dynamic_end="00155DE000DF"), lease("hv2", *RANGE_B)]
        good = [host("hv1", ("00155DE00000", "00155DE000DF")), host("hv2", RANGE_B)]
        assert not found("range-trespass", *good, leases=rows)
        findings = found("range-trespass", host("hv1", ("00155DE00000", "00155DE00100")), good[1], leases=rows)
        assert [item["addresses"] for item in findings] == [
            ["00155DE000E0", "00155DE000FF"],
            ["00155DE00100", "00155DE00100"],
        ]
        assert findings[1]["hosts"] == ["hv1", "hv2"]

    def test_a_strange_host_on_leased_land(self) -> None:
        keys = {
            "host_ranges": {
                "ranges": [{"start": "22-15-5D-E0-00-00", "size": 4096}],
                "size_per_host": 256,
                "hosts": ["hv1"],
            }
        }
        mine, strange = ("22155DE00000", "22155DE000FF"), ("22155DE00100", "22155DE001FF")
        finding = one("range-trespass", host("hv1", mine), host("hv9", strange), plan=plan(**keys))
        assert finding["hosts"] == ["hv9"]

    def test_container_networks(self) -> None:
        network = {"id": "n", "name": "nat", "type": "nat", "mac_pools": [{"start": RANGE_A[0], "end": RANGE_A[1]}]}
        finding = one("range-trespass", host("hv1", RANGE_B, container_networks=[network]), host("hv2", RANGE_A))
        assert finding["hosts"] == ["hv1", "hv2"]
        assert "nat" in finding["evidence"]
        assert not found("range-trespass", host("hv1", RANGE_B, container_networks=[network]), host("hv2", RANGE_C))


class TestDefaultRange:
    DEFAULT = ("00155D010A00", "00155D010AFF")

    def address(self, *ipv4: str) -> dict[str, Any]:
        return {"name": "hv1", "hyperv": True, "ipv4": list(ipv4)}

    def test_made_up_from_own_address(self) -> None:
        document = host("hv1", self.DEFAULT, host=self.address("192.0.2.1", "10.0.1.10"))
        finding = one("default-range", document)
        assert (finding["hosts"], finding["severity"]) == (["hv1"], "low")

    @pytest.mark.parametrize("ipv4", ["10.0.1.11", "10.1.10.0", "fe80::1", "x.y.1.10", "1.10"])
    def test_from_another_address_is_silent(self, ipv4: str) -> None:
        assert not found("default-range", host("hv1", self.DEFAULT, host=self.address(ipv4)))

    @pytest.mark.parametrize("end", ["00155D010AFE", "00155D010BFF"])
    def test_of_another_size_is_silent(self, end: str) -> None:
        assert not found("default-range", host("hv1", ("00155D010A00", end), host=self.address("10.0.1.10")))

    def test_shared_by_an_image(self) -> None:
        finding = one("default-range", host("hv1", self.DEFAULT), host("hv2", self.DEFAULT))
        assert (finding["hosts"], finding["severity"]) == (["hv1", "hv2"], "medium")
        chosen = ("221DD8010A00", "221DD8010AFF")
        assert not found("default-range", host("hv1", chosen), host("hv2", chosen))


class TestRangeUsage:
    @staticmethod
    def filled(count: int, size: int = 10) -> dict[str, Any]:
        machines = [vm(f"vm{number}", adapter(f"{0x00155DE00000 + number:012X}")) for number in range(count)]
        return host("hv1", ("00155DE00000", f"{0x00155DE00000 + size - 1:012X}"), vms=machines)

    @pytest.mark.parametrize(("count", "severity"), [(7, None), (8, "medium"), (9, "medium"), (10, "high")])
    def test_threshold(self, count: int, severity: str | None) -> None:
        findings = found("range-usage", self.filled(count))
        assert [item["severity"] for item in findings] == ([severity] if severity else [])

    def test_counts_addresses_not_adapters_wherever_they_are(self) -> None:
        document = self.filled(7)
        copies = host("hv2", RANGE_C, vms=[vm("copy", adapter("00155DE00006")), vm("away", adapter("00155DE00007"))])
        assert "8 of 10" in one("range-usage", document, copies)["evidence"]

    def test_a_pool_has_its_own_threshold(self) -> None:
        pool = {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 4}], "warn_at": 50}}
        machines = [vm("a", adapter("221DD8000000", False)), vm("b", adapter("221DD8000003", False))]
        finding = one("range-usage", host(vms=machines), plan=plan(pools=pool))
        assert finding["addresses"] == ["221DD8000000", "221DD8000003"]
        assert not found("range-usage", host(vms=machines[:1]), plan=plan(pools=pool))

    def test_what_is_excluded_is_no_room(self) -> None:
        pool: dict[str, Any] = {
            "tenant": {
                "ranges": [{"start": "22-1D-D8-00-00-00", "size": 4}],
                "exclude": [{"start": "22-1D-D8-00-00-00", "size": 3, "reason": "load balancers"}],
            }
        }
        assert one("range-usage", host(vms=[vm("a", adapter("221DD8000003", False))]), plan=plan(pools=pool))
        assert not found("range-usage", host(vms=[vm("a", adapter("221DD8000000", False))]), plan=plan(pools=pool))
        pool["tenant"]["exclude"] = [{"start": "22-1D-D8-00-00-01", "size": 1, "reason": "in the middle"}]
        machines = [vm(name, adapter(f"221DD800000{name}", False)) for name in "012"]
        assert not found("range-usage", host(vms=machines), plan=plan(pools=pool))


class TestStaticInDynamicRange:
    MAC = "00155DE00005"

    def test_in_another_hosts_range(self) -> None:
        documents = [host("hv1", RANGE_A), host("hv2", RANGE_B, vms=[vm("web01", adapter(self.MAC, False))])]
        finding = one("static-in-dynamic-range", *documents)
        assert (finding["severity"], finding["hosts"]) == ("high", ["hv1", "hv2"])

    def test_in_its_own_hosts_range(self) -> None:
        document = host("hv1", RANGE_A, vms=[vm("web01", adapter(self.MAC, False))])
        assert one("static-in-dynamic-range", document)["severity"] == "medium"

    @pytest.mark.parametrize(
        ("row", "severity"),
        [
            (claim(MAC), "info"),
            (claim(MAC, vm_id=guid("web01"), adapter_id=adapter(MAC)["id"], owner="c/x/y"), "info"),
            (claim(MAC, state="quarantined"), "medium"),
            (claim(MAC, owner="db01/Network Adapter"), "medium"),
            (claim(MAC, vm_id=guid("db01"), adapter_id="x"), "medium"),
            (claim("00155DE00006"), "medium"),
        ],
    )
    def test_pinned_by_its_own_claim(self, row: dict[str, Any], severity: str) -> None:
        document = host("hv1", RANGE_A, vms=[vm("web01", adapter(self.MAC, False))])
        assert one("static-in-dynamic-range", document, claims=[row])["severity"] == severity

    def test_outside_every_range_or_dynamic_is_silent(self) -> None:
        machines = [
            vm("a", adapter("221DD8000005", False)),
            vm("b", adapter(self.MAC)),
            vm("c", adapter(self.MAC, None)),
        ]
        assert not found("static-in-dynamic-range", host("hv1", RANGE_A, vms=machines))
