# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about one adapter: departed, stranded, dynamic-clustered, dynamic-checkpoint, never-started, and its address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_A,
    RANGE_B,
    RANGE_C,
    adapter,
    checkpoint,
    found,
    group,
    guid,
    host,
    lease,
    one,
    plan,
    vm,
)

OF_A = "00155DE00005"


class TestDepartedAndStranded:
    @pytest.mark.parametrize("state", ["Running", "Off", "Saved"])
    def test_moved_away(self, state: str) -> None:
        documents = [host("hv1", RANGE_A), host("hv2", RANGE_B, vms=[vm("web01", adapter(OF_A), state=state)])]
        departed = one("departed", *documents)
        assert departed["hosts"] == ["hv1", "hv2"]
        assert departed["addresses"] == [OF_A]
        assert departed["vms"] == [{"id": guid("web01"), "name": "web01", "host": "hv2"}]
        assert one("stranded", *documents)["hosts"] == ["hv2"]

    def test_came_back(self) -> None:
        documents = [host("hv1", RANGE_A, vms=[vm("web01", adapter(OF_A))]), host("hv2", RANGE_B)]
        assert not found("departed", *documents)
        assert not found("stranded", *documents)

    def test_outside_every_range_is_only_stranded(self) -> None:
        documents = [host("hv1", RANGE_A, vms=[vm("web01", adapter("00155DFF0005"))]), host("hv2", RANGE_B)]
        assert not found("departed", *documents)
        assert one("stranded", *documents)

    def test_in_own_and_in_another_range_is_neither(self) -> None:
        documents = [host("hv1", RANGE_A), host("hv2", RANGE_A, vms=[vm("web01", adapter(OF_A))])]
        assert not found("departed", *documents)
        assert not found("stranded", *documents)

    @pytest.mark.parametrize(("mac", "dynamic"), [(OF_A, False), ("000000000000", True), ("junk", True), (OF_A, None)])
    def test_static_and_absent_addresses_do_not_move(self, mac: str, dynamic: bool | None) -> None:
        documents = [host("hv1", RANGE_A), host("hv2", RANGE_B, vms=[vm("web01", adapter(mac, dynamic))])]
        assert not found("departed", *documents)
        assert not found("stranded", *documents)

    def test_nothing_is_said_about_a_host_without_a_known_range(self) -> None:
        documents = [host("hv1", RANGE_A), host("hv2", None, vms=[vm("web01", adapter(OF_A))])]
        assert not found("departed", *documents)
        assert not found("stranded", *documents)


class TestDynamicClustered:
    def test_by_the_vm_and_by_the_map(self) -> None:
        assert one("dynamic-clustered", host(vms=[vm("web01", adapter(OF_A), clustered=True)]))["addresses"] == [OF_A]
        document = host(cluster="c", vms=[vm("web01", adapter(OF_A))], groups=[group(guid("web01").upper(), "hv1")])
        assert one("dynamic-clustered", document)

    def test_static_or_not_clustered(self) -> None:
        machines = [vm("a", adapter(OF_A, False), clustered=True), vm("b", adapter(OF_A))]
        assert not found("dynamic-clustered", host(vms=machines))


class TestDynamicCheckpoint:
    @staticmethod
    def pinned(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        return host(vms=[vm("web01", now, checkpoints=[checkpoint("monday", before)])])

    def test_under_a_pinned_adapter(self) -> None:
        document = self.pinned(adapter(OF_A, False, id="Microsoft:A\\B"), adapter(OF_A, True, id="microsoft:a\\b"))
        finding = one("dynamic-checkpoint", document)
        assert "monday" in finding["evidence"]
        assert finding["carriers"] == [{"kind": "checkpoint", "name": "web01", "host": "hv1"}]

    @pytest.mark.parametrize(
        ("now", "before"),
        [
            (adapter(OF_A, True), adapter(OF_A, True)),
            (adapter(OF_A, False), adapter(OF_A, False)),
            (adapter(OF_A, False, name="a"), adapter(OF_A, True, name="b")),
        ],
    )
    def test_otherwise_silent(self, now: dict[str, Any], before: dict[str, Any]) -> None:
        assert not found("dynamic-checkpoint", self.pinned(now, before))

    def test_one_for_each_checkpoint(self) -> None:
        points = [checkpoint(name, adapter(OF_A, True)) for name in ("monday", "tuesday")]
        assert len(found("dynamic-checkpoint", host(vms=[vm("web01", adapter(OF_A, False), checkpoints=points)]))) == 2


def test_never_started_is_dynamic_zeros_only() -> None:
    machines = [
        vm("new", adapter("00-00-00-00-00-00", True)),
        vm("static", adapter("000000000000", False)),
        vm("old", adapter(OF_A)),
    ]
    assert [item["vms"][0]["name"] for item in found("never-started", host(vms=machines))] == ["new"]
    assert [item["vms"][0]["name"] for item in found("invalid-address", host(vms=machines))] == ["static"]


@pytest.mark.parametrize(
    ("mac", "words"),
    [
        ("25B684178C63", "multicast"),
        ("FFFFFFFFFFFF", "broadcast"),
        ("junk", "junk"),
        ("", '""'),
        ("00155DE0000", "00155DE0000"),
    ],
)
def test_invalid_addresses(mac: str, words: str) -> None:
    finding = one("invalid-address", host(vms=[vm("web01", adapter(mac, False))]))
    assert words in finding["evidence"]


@pytest.mark.parametrize("mac", [OF_A, "24B684178C63", "221DD8000001", None])
def test_valid_addresses(mac: str | None) -> None:
    assert not found("invalid-address", host(vms=[vm("web01", adapter(mac, False))]))


class TestRiskyAddress:
    @pytest.mark.parametrize(
        ("mac", "words"),
        [
            ("02BF0A000105", "Load Balancing"),
            ("022000000001", "Load Balancing"),
            ("00155DFF0005", "outside every known host range"),
            ("00005E005301", "IANA"),
        ],
    )
    def test_static(self, mac: str, words: str) -> None:
        assert words in one("risky-address", host(vms=[vm("web01", adapter(mac, False))]))["evidence"]

    @pytest.mark.parametrize(
        "mac", ["02C00A000105", "022100000001", OF_A, "221DD8000001", "001DD8B71C05", "03BF00000001"]
    )
    def test_twins(self, mac: str) -> None:
        assert not found("risky-address", host(vms=[vm("web01", adapter(mac, False))]))

    def test_hypervs_prefix_is_right_for_dynamic_and_for_leased_addresses(self) -> None:
        assert not found("risky-address", host("hv1", RANGE_B, vms=[vm("web01", adapter(OF_A))]))
        document = host("hv1", RANGE_B, vms=[vm("web01", adapter("00155DE002F5", False))])
        assert found("risky-address", document)
        assert not found("risky-address", document, leases=[lease("hv1", *RANGE_C, state="retired")])

    def test_a_waiver_of_the_pools_land_covers_it(self) -> None:
        waiver = {
            "rule": "risky-address",
            "subject": "00-15-5D-FF-00-00..00-15-5D-FF-00-FF",
            "reason": "lab",
            "owner": "ops",
            "until": "2027-01-31",
        }
        document = host(vms=[vm("web01", adapter("00155DFF0005", False))])
        assert one("risky-address", document, plan=plan(waivers=[waiver]))["waived"]["reason"] == "lab"
