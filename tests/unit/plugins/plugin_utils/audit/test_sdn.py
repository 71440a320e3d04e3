# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the three records of an SDN adapter: sdn-mismatch, sdn-orphan, sdn-dynamic."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_A,
    RANGE_B,
    adapter,
    bound,
    claim,
    controller,
    found,
    guid,
    host,
    interface,
    one,
    plan,
    report,
    vm,
)

MAC, OTHER, THIRD = "221DD8000005", "221DD8000006", "221DD8000007"
NULL = {"profile_id": "{00000000-0000-0000-0000-000000000000}", "profile_data": 2}


def rules(*documents: dict[str, Any]) -> set[str]:
    """Return the SDN rules that speak."""
    return {item["rule"] for item in report(*documents)["findings"] if item["rule"].startswith("sdn-")}


class TestMismatch:
    def test_names_all_three_records(self) -> None:
        web = vm("web01", bound(MAC, "web01_eth0", name="eth0"))
        finding = one("sdn-mismatch", host(vms=[web]), controller(interface("web01_eth0", OTHER), name="nc1"))
        for part in (
            'Adapter "eth0" of VM "web01" on hv1 (running, 22-1D-D8-00-00-05, static)',
            f"profile {{{guid('web01_eth0')}}} with data 1",
            f'interface "web01_eth0" of nc1 (instance id {guid("web01_eth0")}, 22-1D-D8-00-00-06, Static)',
        ):
            assert part in finding["evidence"]
        assert finding["severity"] == "critical"
        assert finding["addresses"] == [MAC, OTHER]
        assert finding["hosts"] == ["hv1"]
        assert finding["vms"] == [{"id": guid("web01"), "name": "web01", "host": "hv1"}]
        assert "macpool.hyperv.mac_interfaces" in finding["remedy"]

    @pytest.mark.parametrize("mac", [MAC, MAC.lower(), "22-1D-D8-00-00-05", "22:1d:d8:00:00:05"])
    @pytest.mark.parametrize("brace", ["{%s}", "%s"])
    def test_agreement_in_any_spelling_is_silent(self, mac: str, brace: str) -> None:
        nic = adapter(MAC, False, port_profile={"profile_id": brace % guid("i").upper(), "profile_data": 1})
        shown = interface("i", mac)
        shown["InstanceID"] = shown.pop("instanceId").upper()
        shown["properties"]["PrivateMACAddress"] = shown["properties"].pop("privateMacAddress")
        shown["PROPERTIES"] = shown.pop("properties")
        assert not rules(host(vms=[vm("web01", nic)]), controller(shown))

    @pytest.mark.parametrize(
        ("state", "severity"),
        [("Running", "critical"), ("Saved", "critical"), ("Paused", "critical"), ("Off", "medium")],
    )
    def test_power_state(self, state: str, severity: str) -> None:
        web = vm("web01", bound(MAC, "i"), state=state)
        assert one("sdn-mismatch", host(vms=[web]), controller(interface("i", OTHER)))["severity"] == severity

    def test_swapped_records_are_told_apart_from_drift(self) -> None:
        vms = [vm("web01", bound(MAC, "b")), vm("web02", bound(OTHER, "a"))]
        first, second = found("sdn-mismatch", host(vms=vms), controller(interface("a", MAC), interface("b", OTHER)))
        assert '22-1D-D8-00-00-05 is the address of interface "a"' in first["evidence"] + second["evidence"]
        assert '22-1D-D8-00-00-06 is used by adapter "Network Adapter" of VM "web02"' in (
            first["evidence"] + second["evidence"]
        )

    @pytest.mark.parametrize(("mac", "words"), [(None, "no address"), ("junk", '"junk", which is not an address')])
    def test_an_interface_without_address(self, mac: str | None, words: str) -> None:
        finding = one("sdn-mismatch", host(vms=[vm("web01", bound(MAC, "i"))]), controller(interface("i", mac)))
        assert words in finding["evidence"]

    def test_two_that_have_no_address_yet_do_not_differ(self) -> None:
        web = vm("web01", bound("000000000000", "i"), state="Off")
        assert not rules(host(vms=[web]), controller(interface("i", None)))

    def test_an_adapter_whose_address_nobody_read_is_not_compared(self) -> None:
        assert not rules(host(vms=[vm("web01", bound(None, "i"))]), controller(interface("i", MAC)))

    @pytest.mark.parametrize(
        ("parts", "words"),
        [
            ({"data": 2}, "profile data 2"),
            ({"vlan": 7}, "VLAN 7"),
            ({"vlan": 0, "data": 1}, None),
            ({"data": 6}, None),
            ({"data": None}, None),
        ],
    )
    @pytest.mark.parametrize("state", ["Running", "Off"])
    def test_a_port_on_which_policy_cannot_hold(self, parts: dict[str, Any], words: str | None, state: str) -> None:
        web = vm("web01", bound(MAC, "i", **parts), state=state)
        findings = found("sdn-mismatch", host(vms=[web]), controller(interface("i", MAC)))
        assert [item["severity"] for item in findings] == (
            [] if words is None else ["high" if state == "Running" else "medium"]
        )
        assert all(str(words) in item["evidence"] for item in findings)

    @pytest.mark.parametrize("mode", ["Trunk", "Private"])
    def test_a_trunk_is_a_vlan_too(self, mode: str) -> None:
        nic = {**bound(MAC, "i"), "vlan": {"mode": mode, "access": 0, "trunk": [1, 2]}}
        assert (
            mode.lower() in one("sdn-mismatch", host(vms=[vm("w", nic)]), controller(interface("i", MAC)))["evidence"]
        )

    def test_two_adapters_of_one_interface_are_each_named_to_the_other(self) -> None:
        vms = [vm("web01", bound(MAC, "i")), vm("clone", bound(MAC, "i"))]
        findings = found("sdn-mismatch", host(vms=vms), controller(interface("i", MAC)))
        assert [item["severity"] for item in findings] == ["critical", "critical"]
        told = {item["vms"][0]["name"]: item["evidence"] for item in findings}
        assert 'VM "clone" on hv1 is bound to the same interface' in told["web01"]
        assert 'VM "web01" on hv1 is bound to the same interface' in told["clone"]

    def test_a_clone_that_is_off_is_no_outage(self) -> None:
        vms = [vm("web01", bound(MAC, "i")), vm("clone", bound(MAC, "i"), state="Off")]
        findings = found("sdn-mismatch", host(vms=vms), controller(interface("i", MAC)))
        assert [item["severity"] for item in findings] == ["medium", "medium"]

    def test_a_replica_is_not_a_second_adapter(self) -> None:
        web = vm("web01", bound(MAC, "i"))
        copy = vm("web01", bound(MAC, "i"), state="Off", replication_mode="Replica")
        documents = [host("hv1", RANGE_A, vms=[web]), host("hv2", RANGE_B, vms=[copy]), controller(interface("i", MAC))]
        assert not rules(*documents)

    def test_two_interfaces_with_one_address(self) -> None:
        finding = one(
            "sdn-mismatch",
            host(vms=[vm("web01", bound(MAC, "i"))]),
            controller(interface("i", MAC), interface("leftover", MAC)),
        )
        assert finding["severity"] == "medium"
        assert 'interface "leftover" has the same address' in finding["evidence"]

    def test_one_finding_for_each_adapter(self) -> None:
        web = vm("web01", bound(MAC, "i", data=2, vlan=7, name="a"), bound(THIRD, "j", name="b"))
        findings = found("sdn-mismatch", host(vms=[web]), controller(interface("i", OTHER), interface("j", OTHER)))
        assert len(findings) == 2

    def test_a_waiver_names_the_interface(self) -> None:
        waiver = {"rule": "sdn-mismatch", "subject": "WEB01_eth0", "reason": "r", "owner": "o", "until": "2027-01-01"}
        documents = [host(vms=[vm("web01", bound(MAC, "web01_eth0"))]), controller(interface("web01_eth0", OTHER))]
        assert one("sdn-mismatch", *documents, plan=plan(waivers=[waiver]))["waived"] is not None


class TestNotSdn:
    @pytest.mark.parametrize(
        "profile", [None, NULL, {**NULL, "profile_data": 1}, {"profile_id": "", "profile_data": 1}]
    )
    def test_no_profile_and_the_null_profile(self, profile: dict[str, Any] | None) -> None:
        nic = adapter(MAC, True, port_profile=profile)
        assert not rules(host(vms=[vm("web01", nic)]), controller())

    def test_without_a_network_controller_only_the_dynamic_adapter_is_known(self) -> None:
        assert rules(host(vms=[vm("web01", bound(MAC, "i", True))])) == {"sdn-dynamic"}
        assert not rules(host(vms=[vm("web01", bound(MAC, "i"))]))

    def test_pools_alone_say_nothing_of_interfaces(self) -> None:
        document = controller()
        del document["network_interfaces"]
        assert not rules(host(vms=[vm("web01", bound(MAC, "i"))]), document)


class TestOrphan:
    def test_an_interface_that_nobody_has(self) -> None:
        finding = one("sdn-orphan", host(vms=[vm("web01", adapter(OTHER, False))]), controller(interface("i", MAC)))
        assert (finding["severity"], finding["addresses"], finding["vms"]) == ("low", [MAC], [])
        assert f'interface "i" (instance id {guid("i")}, 22-1D-D8-00-00-05, Static)' in finding["evidence"]
        assert "macpool.hyperv.nc_network_interface" in finding["remedy"]

    @pytest.mark.parametrize("profile", [None, NULL])
    @pytest.mark.parametrize(("state", "severity"), [("Running", "high"), ("Off", "medium")])
    def test_an_adapter_that_only_lacks_its_profile(
        self, profile: dict[str, Any] | None, state: str, severity: str
    ) -> None:
        web = vm("web01", adapter(MAC, False, port_profile=profile), state=state)
        finding = one("sdn-orphan", host(vms=[web]), controller(interface("i", MAC)))
        assert finding["severity"] == severity
        assert 'VM "web01" on hv1' in finding["evidence"]
        assert "which is not bound" in finding["evidence"]
        assert "macpool.hyperv.vm_port_profile" in finding["remedy"]

    def test_an_adapter_with_the_address_that_is_bound_elsewhere(self) -> None:
        documents = [host(vms=[vm("web01", bound(MAC, "j"))]), controller(interface("i", MAC), interface("j", OTHER))]
        assert 'which is bound to interface "j"' in one("sdn-orphan", *documents)["evidence"]
        assert rules(*documents) == {"sdn-mismatch", "sdn-orphan"}

    def test_an_adapter_whose_profile_nobody_read_may_be_bound(self) -> None:
        nic = adapter(MAC, False)
        del nic["port_profile"]
        assert not rules(host(vms=[vm("web01", nic)]), controller(interface("i", MAC)))
        assert rules(host(vms=[vm("web01", nic)]), controller(interface("i", OTHER))) == {"sdn-orphan"}

    def test_interfaces_of_hosts_are_no_tenants(self) -> None:
        assert not rules(host(), controller(interface("i", MAC, isHostVirtualNetworkInterface=True)))

    def test_a_replica_keeps_its_interface(self) -> None:
        copy = vm("web01", bound(MAC, "i"), state="Off", replication_mode="Replica")
        assert not rules(host(vms=[copy]), controller(interface("i", MAC)))

    @pytest.mark.parametrize(
        "gap",
        [
            {"cluster": "c", "nodes": {"hv1": "Up", "hv2": "Down"}},
            {"warnings": ["port_profiles: access denied"]},
        ],
    )
    def test_absence_needs_a_complete_observation(self, gap: dict[str, Any]) -> None:
        finding = one("sdn-orphan", host(**gap), controller(interface("i", MAC)))
        assert finding["severity"] == "info"
        assert "not proven" in finding["evidence"]

    def test_an_adapter_without_profile_is_seen_whatever_else_was_not(self) -> None:
        document = host(vms=[vm("web01", adapter(MAC, False))], warnings=["x"])
        assert one("sdn-orphan", document, controller(interface("i", MAC)))["severity"] == "high"

    @pytest.mark.parametrize(("server", "severity"), [("hv1", "low"), ("HV1.corp.example", "low"), ("hv9", "info")])
    def test_a_port_on_a_server_that_was_not_seen(self, server: str, severity: str) -> None:
        shown = interface("i", MAC, server={"resourceRef": f"/servers/{server}"})
        finding = one("sdn-orphan", host("hv1.corp.example"), controller(shown))
        assert finding["severity"] == severity
        assert ("hv9" in finding["evidence"]) == (server == "hv9")

    def test_two_unbound_interfaces_with_one_address_name_each_other(self) -> None:
        findings = found("sdn-orphan", host(), controller(interface("i", MAC), interface("j", MAC)))
        assert len(findings) == 2
        others = [re.findall(r'Interface "(.)" has the same address', item["evidence"]) for item in findings]
        assert others == [["j"], ["i"]]

    @pytest.mark.parametrize(("state", "severity"), [("Running", "high"), ("Off", "medium")])
    def test_a_profile_without_interface(self, state: str, severity: str) -> None:
        documents = [host(vms=[vm("web01", bound(MAC, "gone"), state=state)]), controller()]
        finding = one("sdn-orphan", *documents)
        assert (finding["severity"], finding["addresses"]) == (severity, [MAC])
        assert guid("gone") in finding["evidence"]

    def test_one_finding_for_each_profile_without_interface(self) -> None:
        web = vm("web01", bound(MAC, "gone", name="a"), bound(OTHER, "gone", name="b"), bound(THIRD, "too", name="c"))
        assert len(found("sdn-orphan", host(vms=[web]), controller())) == 2

    def test_an_interface_that_was_made_anew_is_named(self) -> None:
        finding, leftover = found(
            "sdn-orphan", host(vms=[vm("web01", bound(MAC, "old"))]), controller(interface("new", MAC))
        )
        assert 'Interface "new"' in finding["evidence"]
        assert "which no controller has" in leftover["evidence"]

    @pytest.mark.parametrize(
        "gap",
        [
            {"warnings": ["page 2: timeout"]},
            {"network_interfaces": [{"resourceId": "no instance id"}]},
            {"network_interfaces": ["junk"]},
        ],
    )
    def test_an_interface_is_not_gone_when_not_all_were_read(self, gap: dict[str, Any]) -> None:
        documents = [host(vms=[vm("web01", bound(MAC, "i"))]), {**controller(), **gap}]
        finding = one("sdn-orphan", *documents)
        assert (finding["severity"], "not proven" in finding["evidence"]) == ("info", True)
        assert report(*documents)["complete"] is False

    def test_a_host_that_was_not_read_hides_no_interface(self) -> None:
        documents = [host(vms=[vm("web01", bound(MAC, "gone"))], warnings=["x"]), controller()]
        assert one("sdn-orphan", *documents)["severity"] == "high"

    def test_spoofing_makes_absence_unprovable(self) -> None:
        lab = vm("nested", adapter(OTHER, False, spoofing=True))
        assert "spoofing" in one("sdn-orphan", host(vms=[lab]), controller(interface("i", MAC)))["evidence"]


class TestDynamic:
    @pytest.mark.parametrize(("dynamic", "count"), [(True, 2), (False, 0), (None, 0)])
    def test_each_bound_dynamic_adapter(self, dynamic: bool | None, count: int) -> None:
        web = vm(
            "web01", bound(MAC, "i", dynamic, name="a"), bound(OTHER, "j", dynamic, name="b"), adapter(THIRD, True)
        )
        documents = [host(vms=[web]), controller(interface("i", MAC), interface("j", OTHER))]
        findings = found("sdn-dynamic", *documents)
        assert len(findings) == count
        assert all(item["severity"] == "high" for item in findings)

    def test_one_that_never_started_differs_from_its_interface_as_well(self) -> None:
        web = vm("web01", bound("000000000000", "i", True), state="Off")
        assert rules(host(vms=[web]), controller(interface("i", MAC))) == {"sdn-dynamic", "sdn-mismatch"}


class TestPromises:
    LAND = plan(pools={"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 16}]}})

    @pytest.mark.parametrize(
        ("claims", "severities"),
        [
            ([], ["medium"]),
            ([claim(MAC)], []),
            ([claim(MAC, state="reserved")], []),
            ([claim(MAC, state="quarantined")], ["high"]),
            ([claim(MAC, state="held")], ["high"]),
        ],
    )
    def test_an_interface_that_keeps_an_address_of_ours(self, claims: list[Any], severities: list[str]) -> None:
        documents = [host(), controller(interface("i", MAC))]
        findings = found("carried-without-promise", *documents, plan=self.LAND, claims=claims)
        assert [item["severity"] for item in findings] == severities

    def test_an_interface_beside_its_own_vm_adds_nothing(self) -> None:
        documents = [host(vms=[vm("web01", bound(MAC, "i"))]), controller(interface("i", MAC))]
        finding = one("carried-without-promise", *documents, plan=self.LAND, claims=[])
        assert [item["kind"] for item in finding["carriers"]] == ["vm"]
        assert not found("duplicate-address", *documents)

    def test_an_interface_elsewhere_is_nobodys_business(self) -> None:
        documents = [host(), controller(interface("i", "001DD8000001"))]
        assert not found("carried-without-promise", *documents, plan=self.LAND, claims=[])

    def test_a_promise_that_only_an_interface_keeps_says_so(self) -> None:
        finding = one("promise-not-carried", host(), controller(interface("i", MAC)), claims=[claim(MAC)])
        assert 'it is the address of interface "i"' in finding["evidence"]


def test_ten_interfaces_and_their_adapters_in_any_order_say_the_same() -> None:
    vms = [vm(f"v{number}", bound(f"221DD80000{number:02X}", f"i{number % 7}")) for number in range(10)]
    shown = [interface(f"i{number}", f"221DD80000{number + number % 2:02X}") for number in range(10)]
    first = json.dumps(report(host(vms=vms), controller(*shown)))
    assert json.dumps(report(controller(*shown[::-1]), host(vms=vms[::-1]))) == first
    assert "sdn-" in first
