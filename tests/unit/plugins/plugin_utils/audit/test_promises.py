# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that compare the ledger with what is carried."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import State
from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_A,
    RANGE_B,
    adapter,
    checkpoint,
    claim,
    found,
    guid,
    host,
    lease,
    one,
    plan,
    vm,
)

MAC, OTHER = "221DD8000005", "221DD8000006"
POOLS = {"pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 256}]}}}


class TestPromiseNotCarried:
    def test_nobody_carries_it(self) -> None:
        finding = one("promise-not-carried", host(), claims=[claim(MAC)])
        assert (finding["addresses"], finding["severity"]) == ([MAC], "medium")
        assert "web01/Network Adapter" in finding["evidence"]

    def test_an_owner_without_a_name_is_shown_by_its_ids(self) -> None:
        finding = one("promise-not-carried", host(), claims=[claim(MAC, owner="", vm_id="v-1", adapter_id="nic1")])
        assert '"v-1/nic1"' in finding["evidence"]

    def test_what_is_gone_is_no_promise(self) -> None:
        assert not found("promise-not-carried", host(), claims=[claim(MAC, state="gone")])
        carried = host(vms=[vm("web01", adapter(MAC, False))])
        assert not found("carried-without-promise", carried, claims=[claim(MAC, owner="other/x", state="gone")])

    @pytest.mark.parametrize("state", ["reserved", "releasing", "quarantined", "held"])
    def test_only_applied_claims_are_expected_to_be_carried(self, state: State) -> None:
        assert not found("promise-not-carried", host(), claims=[claim(MAC, state=state)])

    def test_any_carrier_counts_but_a_checkpoint_does_not(self) -> None:
        carried = host(vms=[vm("web01", adapter("22:1d:d8:00:00:05", False))])
        assert not found("promise-not-carried", carried, claims=[claim(MAC)])
        waiting = host(vms=[vm("web01", adapter(OTHER, False), checkpoints=[checkpoint("c", adapter(MAC, False))])])
        assert found("promise-not-carried", waiting, claims=[claim(MAC)])

    def test_an_incomplete_observation_proves_nothing(self) -> None:
        finding = one("promise-not-carried", host(warnings=["vms: access denied"]), claims=[claim(MAC)])
        assert finding["severity"] == "info"
        assert "not proven" in finding["evidence"]

    def test_spoofing_is_said(self) -> None:
        document = host(vms=[vm("nested", adapter("221DD8000099", False, spoofing=True))])
        assert "spoofing" in one("promise-not-carried", document, claims=[claim(MAC)])["evidence"]


class TestCarriedWithoutPromise:
    def test_pool_land_without_a_claim(self) -> None:
        document = host(vms=[vm("web01", adapter(MAC, False))])
        assert one("carried-without-promise", document, plan=plan(**POOLS), claims=[])["severity"] == "medium"
        assert not found("carried-without-promise", document, plan=plan(**POOLS), claims=[claim(MAC)])

    def test_without_a_ledger_nothing_can_be_said(self) -> None:
        assert not found("carried-without-promise", host(vms=[vm("web01", adapter(MAC, False))]), plan=plan(**POOLS))

    def test_land_that_is_not_ours(self) -> None:
        machines = [vm("a", adapter("221DD9000005", False)), vm("b", adapter("000000000000", False))]
        assert not found("carried-without-promise", host(vms=machines), plan=plan(**POOLS), claims=[])

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (claim(MAC, owner="db01/Network Adapter"), "db01/Network Adapter"),
            (claim(MAC, vm_id=guid("db01"), adapter_id="x"), "promised to"),
            (claim(MAC, state="quarantined"), "quarantine"),
            (claim(MAC, state="held"), "set aside"),
        ],
    )
    def test_promised_otherwise(self, row: dict[str, Any], words: str) -> None:
        document = host(vms=[vm("web01", adapter(MAC, False))])
        finding = one("carried-without-promise", document, claims=[row])
        assert finding["severity"] == "high"
        assert words in finding["evidence"]

    @pytest.mark.parametrize(
        "row",
        [
            claim(MAC, owner="WEB01/network adapter"),
            claim(MAC, owner="web01/eth0"),
            claim(MAC, owner="x", aliases=("web01/Network Adapter",)),
            claim(MAC, owner="x", vm_id=guid("web01").upper(), adapter_id="NIC1"),
            claim(MAC, state="reserved"),
            claim(MAC, state="releasing"),
        ],
    )
    def test_promised_to_its_carrier(self, row: dict[str, Any]) -> None:
        document = host(vms=[vm("web01", adapter(MAC, False, id="nic1"))])
        assert not found("carried-without-promise", document, claims=[row], plan=plan(**POOLS))

    def test_a_clone_is_found_and_its_original_is_not(self) -> None:
        row = claim(MAC, vm_id=guid("web01"), adapter_id="nic1", aliases=("web01/Network Adapter",))
        original = vm("web01", adapter(MAC, False, id="nic1"))
        clone = vm("web01", adapter(MAC, False, id="nic2"), id=guid("clone"))
        finding = one("carried-without-promise", host(vms=[original, clone]), claims=[row])
        assert [machine["id"] for machine in finding["vms"]] == [guid("clone")]

    def test_static_block_of_a_lease_and_a_hosts_own_adapter(self) -> None:
        rows = [lease("hv1", *RANGE_A, dynamic_end="00155DE0007F")]
        management = [{"id": "v", "name": "Management", "mac": "00155DE00090", "switch": "tenant"}]
        finding = one("carried-without-promise", host(host_adapters=management), leases=rows, claims=[])
        assert finding["carriers"] == [{"kind": "host", "name": "Management", "host": "hv1"}]
        management[0]["mac"] = "00155DE0007F"
        assert not found("carried-without-promise", host(host_adapters=management), leases=rows, claims=[])


class TestWrongAddress:
    ROW = claim(MAC, owner="x", vm_id=guid("web01"), adapter_id="NIC1")

    @pytest.mark.parametrize("mac", [OTHER, "000000000000", "junk"])
    def test_by_ids(self, mac: str) -> None:
        finding = one(
            "wrong-address", host(vms=[vm("renamed", adapter(mac, id="nic1"), id=guid("web01"))]), claims=[self.ROW]
        )
        assert MAC in finding["addresses"]
        assert finding["vms"][0]["name"] == "renamed"

    def test_by_name_where_the_name_decides(self) -> None:
        document = host(vms=[vm("web01", adapter(OTHER, False))])
        assert one("wrong-address", document, claims=[claim(MAC)])
        twins = host(vms=[vm("web01", adapter(OTHER, False)), vm("web01", adapter("221DD8000007", False), id="b")])
        assert not found("wrong-address", twins, claims=[claim(MAC)])

    @pytest.mark.parametrize(
        ("mac", "state"), [("22-1D-D8-00-00-05", "applied"), (OTHER, "reserved"), (None, "applied")]
    )
    def test_twins(self, mac: str | None, state: State) -> None:
        row = self.ROW._replace(state=state)
        assert not found("wrong-address", host(vms=[vm("web01", adapter(mac, id="nic1"))]), claims=[row])

    def test_a_replica_does_not_decide(self) -> None:
        replica = vm("web01", adapter(OTHER, False, id="nic1"), replication_mode="Replica", state="Off")
        assert not found("wrong-address", host("hv2", RANGE_B, vms=[replica]), claims=[self.ROW])
