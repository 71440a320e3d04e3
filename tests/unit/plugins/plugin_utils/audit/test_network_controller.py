# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of Network Controllers, and the rules about a controller itself: nc-pool-usage, nc-state, range-trespass."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.trend import counts_of, with_rates
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.load import load_directory
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from tests.unit.plugins.plugin_utils.observation.documents import (
    NOW,
    RANGE_A,
    adapter,
    bound,
    controller,
    found,
    host,
    interface,
    lease,
    nc_pool,
    one,
    plan,
    report,
    vm,
)

LAB = Path(__file__).parents[4] / "lab" / "network_controller" / "data"
MAC, OTHER = "221DD8000005", "221DD8000006"
OLD = "2026-11-21T10:00:00Z"
POOL = ("00-1D-D8-B7-1C-00", "00-1D-D8-B7-1C-63")


def names(*documents: dict[str, Any]) -> list[tuple[str, list[str], list[str]]]:
    """Return each controller with its pools and interfaces."""
    return [
        (item.name, [pool.name for pool in item.pools], [interface.name for interface in item.interfaces])
        for item in read_documents(documents).controllers
    ]


class TestDocuments:
    def test_the_newest_document_of_a_controller_counts(self) -> None:
        old = controller(interface("gone", MAC), name="NC1", observed_at=OLD)
        new = controller(interface("here", OTHER), name="nc1.corp.example")
        for order in permutations([old, new, controller(name="nc2")]):
            assert names(*order) == [("nc1.corp.example", [], ["here"]), ("nc2", [], [])]
        listed = report(host(), old, new)["observed"]
        assert [(item["subject"], item["superseded"]) for item in listed if item["kind"] == "network_controller"] == [
            ("NC1", True),
            ("nc1.corp.example", False),
        ]

    def test_each_part_comes_from_the_newest_document_that_has_it(self) -> None:
        pools = controller(pools=[nc_pool("p", *POOL)], observed_at=OLD)
        del pools["network_interfaces"]
        interfaces = controller(interface("i", MAC))
        del interfaces["mac_pools"]
        assert names(pools, interfaces) == [("", ["p"], ["i"])]
        assert report(host(), pools, interfaces)["complete"] is True
        assert report(host(), pools)["complete"] is False

    def test_a_saved_answer_without_a_name_is_the_only_controllers(self) -> None:
        saved = controller(interface("gone", MAC))
        del saved["observed_at"]
        assert names(saved, controller(name="nc1")) == [("nc1", [], [])]
        assert [item[0] for item in names(saved, controller(name="nc1"), controller(name="nc2"))] == ["", "nc1", "nc2"]

    def test_the_name_that_nobody_chose_is_a_name_but_not_said(self) -> None:
        documents = [controller(interface("i", MAC), name="network_controller"), controller(name="nc2")]
        assert [item[0] for item in names(*documents)] == ["nc2", "network_controller"]
        assert 'interface "i" (' in one("sdn-orphan", host(), *documents)["evidence"]

    def test_answers_of_a_real_controller(self) -> None:
        loaded = load_directory(LAB)
        assert not loaded.problems
        server = host("DVLAB-S1-N01", vms=[vm("web01", adapter("001DD8070001", False))])
        rows = [row for row in report(server, *loaded.documents)["summary"]["usage"] if row["kind"] == "nc_pool"]
        assert [(row["size"], row["used"]) for row in rows] == [(65536, 128)]
        findings = found("sdn-orphan", server, *loaded.documents)
        assert [(item["severity"], item["addresses"]) for item in findings] == [
            ("high", ["001DD8070001"]),
            ("low", ["001DD8070002"]),
            ("low", ["001DD8070010"]),
            ("info", ["001DD8070011"]),
        ]

    def test_a_url_names_a_controller_too(self) -> None:
        assert names(controller(url="https://nc.example:443/networking/v1")) == [("nc.example", [], [])]
        assert names(controller(url="https://[")) == [("", [], [])]

    def test_one_controller_under_two_names_is_no_second_one(self) -> None:
        shown = [interface("i", MAC)], [nc_pool("p", *POOL, 100, 90)]
        documents = [controller(*shown[0], pools=shown[1], name=name) for name in ("nc1", "10.0.10.9")]
        assert len(found("sdn-orphan", host(), *documents)) == 1
        assert len(found("nc-pool-usage", host(), *documents)) == 1
        assert not found("range-trespass", host(), *documents)

    @pytest.mark.parametrize("keys", [str.upper, str.lower, str.title])
    def test_property_names_in_any_case(self, keys: Any) -> None:
        def spell(value: Any) -> Any:
            if isinstance(value, dict):
                return {keys(key): spell(item) for key, item in value.items()}
            return [spell(item) for item in value] if isinstance(value, list) else value

        broken = interface(
            "i", OTHER, configurationState={"status": "FAILURE", "detailedInfo": {"code": "PortBlocked"}}
        )
        pool = nc_pool("p", *POOL, 100, 90)
        document = controller(spell(broken), pools=[spell(pool)])
        rules = {item["rule"] for item in report(host(vms=[vm("web01", bound(MAC, "i"))]), document)["findings"]}
        assert rules >= {"sdn-mismatch", "nc-state", "nc-pool-usage"}

    def test_a_list_of_one_may_be_its_element(self) -> None:
        document = controller()
        document["network_interfaces"], document["mac_pools"] = interface("i", MAC), nc_pool("p", *POOL)
        assert names(document) == [("", ["p"], ["i"])]

    def test_what_was_not_read_makes_the_observation_incomplete(self) -> None:
        documents = [host(), controller(name="nc1", warnings=["macPools: 403"])]
        assert report(*documents)["complete"] is False
        finding = one("incomplete", *documents)
        assert "Network Controller nc1" in finding["evidence"]
        assert "macPools: 403" in finding["evidence"]

    def test_an_old_document_is_told(self) -> None:
        rules = plan(max_observation_age="10m")
        assert report(host(), controller(observed_at=OLD), plan=rules)["complete"] is False
        assert report(host(), controller(), controller(observed_at=OLD), plan=rules)["complete"] is True

    def test_several_configurations(self) -> None:
        configurations = [
            {"properties": {"subnet": None}},
            {"properties": {"Subnet": {"properties": {"VSID": "5001"}}}},
        ]
        (known,) = read_documents([controller(interface("i", MAC, ipConfigurations=configurations))]).controllers
        assert known.interfaces[0].vsid == 5001


class TestPoolUsage:
    @pytest.mark.parametrize(
        ("total", "allocated", "severity"),
        [
            (100, 79, None),
            (100, 80, "medium"),
            (100, 99, "medium"),
            (100, 100, "high"),
            (100, 101, "high"),
            (100, 0, None),
            (100, None, None),
            (None, 80, "medium"),
            (0, 80, "medium"),
            ("100", "100", "high"),
            (100, -5, None),
            (100, True, None),
            (100, "many", None),
        ],
    )
    def test_threshold(self, total: Any, allocated: Any, severity: str | None) -> None:
        findings = found("nc-pool-usage", host(), controller(pools=[nc_pool("p", *POOL, total, allocated)]))
        assert [item["severity"] for item in findings] == ([severity] if severity else [])

    def test_says_what_is_left_of_what_was_given_out_and_the_way_out(self) -> None:
        shown = [interface("a", "001DD8B71C05"), interface("b", "001DD8B71C06"), interface("c", MAC)]
        finding = one("nc-pool-usage", host(), controller(*shown, pools=[nc_pool("p", *POOL, 100, 85)]))
        assert "85 of 100" in finding["evidence"]
        assert "2 of them to interfaces" in finding["evidence"]
        assert finding["addresses"] == ["001DD8B71C00", "001DD8B71C63"]
        assert "macpool.hyperv.nc_mac_pool" in finding["remedy"]

    def test_it_is_no_range_of_the_plan(self) -> None:
        assert not found("range-usage", host(), controller(pools=[nc_pool("p", *POOL, 100, 100)]))

    def test_usage_rows_and_their_trend(self) -> None:
        made = [
            report(host(), controller(pools=[nc_pool("p", *POOL, 100, used)], observed_at=at), host(observed_at=at))
            for used, at in ((60, "2026-11-11T12:00:00Z"), (80, "2026-11-21T12:00:00Z"))
        ]
        before, after = (counts_of(item, NOW) for item in made)
        rows = {
            row["kind"]: row
            for row in with_rates(
                made[1]["summary"]["usage"], after, [{**before, "observed_at": "2026-11-11T12:00:00Z"}]
            )
        }
        row = rows["nc_pool"]
        assert (row["name"], row["size"], row["used"], row["percent"], row["warn_at"]) == ("p", 100, 80, 80, 80)
        assert (row["per_day"], row["days_left"]) == (2.0, 10)

    def test_no_two_rows_have_one_name(self) -> None:
        same = ("00-1D-D8-B7-20-00", "00-1D-D8-B7-20-0F")
        documents = [
            controller(pools=[nc_pool("p", *POOL, 100, 1)], name="nc1"),
            controller(
                pools=[
                    {**nc_pool("p", *same, 16, 1), "instanceId": "x"},
                    {**nc_pool("p", *POOL, 9, 1), "instanceId": "y"},
                ],
                name="nc2",
            ),
        ]
        rows = [row["name"] for row in report(host(), *documents)["summary"]["usage"] if row["kind"] == "nc_pool"]
        assert len(rows) == len(set(rows)) == 3
        assert rows[0] == "nc1/p"


class TestState:
    FAILURE = {
        "status": "Failure",
        "detailedInfo": [
            {"source": "VirtualSwitch", "code": "PolicyConfigurationFailure", "message": "cannot push"},
            {"source": "x", "code": "Success", "message": "fine"},
        ],
    }

    @pytest.mark.parametrize("state", ["Updating", "Deleting", "a word of a later version"])
    @pytest.mark.parametrize("power", ["Running", "Off"])
    def test_a_change_that_does_not_end(self, state: str, power: str) -> None:
        hosts = host(vms=[vm("web01", bound(MAC, "i"), state=power)])
        stuck = interface("i", MAC, provisioningState=state)
        times = {
            "2026-11-21T09:49:00Z": "medium",
            "2026-11-21T09:50:00Z": "medium",
            "2026-11-21T09:51:00Z": "low",
        }
        newest = controller(stuck, name="nc", observed_at=OLD)
        (alone,) = found("nc-state", hosts, newest)
        assert alone["severity"] == "low"
        assert f"provisioningState {state}" in alone["evidence"]
        for at, severity in times.items():
            (both,) = found("nc-state", hosts, newest, controller(stuck, name="nc", observed_at=at))
            assert both["severity"] == severity
        healthy = controller(interface("i", MAC), name="nc", observed_at="2026-11-21T09:55:00Z")
        older = controller(stuck, name="nc", observed_at="2026-11-21T09:00:00Z")
        (again,) = found("nc-state", hosts, newest, healthy, older)
        assert again["severity"] == "low", "it was healthy in between"
        (unbound,) = found("nc-state", host(), newest)
        assert unbound["severity"] == "low", "an interface without a VM can be stuck as well"

    @pytest.mark.parametrize(
        ("status", "state", "severity"),
        [
            ("Failure", "Running", "high"),
            ("failure", "Saved", "high"),
            ("Warning", "Running", "medium"),
            ("Failure", "Off", None),
            ("Success", "Running", None),
            ("InProgress", "Running", "low"),
            ("Uninitialized", "Running", "low"),
            ("a word of a later version", "Running", "low"),
            ("Uninitialized", "Off", None),
            (None, "Running", "high"),
        ],
    )
    def test_the_port_of_a_bound_vm(self, status: str | None, state: str, severity: str | None) -> None:
        shown = interface("i", MAC, configurationState={**self.FAILURE, "status": status})
        findings = found("nc-state", host(vms=[vm("web01", bound(MAC, "i"), state=state)]), controller(shown))
        assert [item["severity"] for item in findings] == ([severity] if severity else [])
        for item in findings:
            assert "PolicyConfigurationFailure" in item["evidence"]
            assert "cannot push" in item["evidence"]
            assert "fine" not in item["evidence"]
            assert item["vms"][0]["name"] == "web01"

    @pytest.mark.parametrize("nic", [adapter(MAC, False), bound(MAC, "j")])
    def test_before_the_vm_is_bound_it_is_expected(self, nic: dict[str, Any]) -> None:
        shown = interface("i", MAC, configurationState=self.FAILURE)
        assert not found("nc-state", host(vms=[vm("web01", nic)]), controller(shown, interface("j", OTHER)))

    def test_an_adapter_whose_profile_nobody_read_counts_by_its_address(self) -> None:
        nic = adapter(MAC, False)
        del nic["port_profile"]
        shown = interface("i", MAC, configurationState=self.FAILURE)
        assert one("nc-state", host(vms=[vm("web01", nic)]), controller(shown))["severity"] == "high"

    @pytest.mark.parametrize(
        ("vms", "severity"),
        [
            ([], "medium"),
            ([vm("web01", bound(MAC, "i"))], "high"),
            ([vm("web01", bound(MAC, "i"), state="Off")], "medium"),
        ],
    )
    def test_a_failed_interface(self, vms: list[Any], severity: str) -> None:
        finding = one("nc-state", host(vms=vms), controller(interface("i", MAC, provisioningState="Failed")))
        assert finding["severity"] == severity

    @pytest.mark.parametrize(("state", "count"), [("Failed", 1), ("FAILED", 1), ("Updating", 0), (None, 0)])
    def test_a_failed_pool(self, state: str | None, count: int) -> None:
        pool = nc_pool("p", *POOL)
        pool["properties"]["provisioningState"] = state
        assert len(found("nc-state", host(), controller(pools=[pool]))) == count

    def test_hostile_words_of_the_server(self) -> None:
        hostile = '\u202e\x1b[31m"<script>' + "x" * 5000
        info = [{"code": hostile, "message": hostile} for _each in range(3)]
        shown = interface(hostile, hostile, configurationState={"status": "Failure", "detailedInfo": info})
        document = controller(shown, name=hostile, pools=[nc_pool(hostile, *POOL, 100, 100)])
        result = report(host(vms=[vm(hostile, {**bound(MAC, hostile)})]), document)
        assert {item["rule"] for item in result["findings"]} >= {"nc-state", "sdn-mismatch", "nc-pool-usage"}
        for finding in result["findings"]:
            assert finding["evidence"].isprintable()
            assert len(finding["evidence"]) < 1500
            assert "<script>" not in finding["remedy"]


class TestTrespass:
    TENANT = {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 256}]}}
    INSIDE = ("22-1D-D8-00-00-10", "22-1D-D8-00-00-1F")

    @staticmethod
    def other(kind: str, start: str, size: int) -> dict[str, Any]:
        """Return a plan that knows of one other allocator."""
        return {"other_allocators": [{"name": "them", "kind": kind, "start": start, "size": size}]}

    def test_a_pool_of_the_controller_inside_a_pool_of_the_plan(self) -> None:
        machine = vm("web01", adapter("221DD8000012", False))
        document = controller(pools=[nc_pool("p", *self.INSIDE)], name="nc1")
        finding = one("range-trespass", host(vms=[machine]), document, plan=plan(pools=self.TENANT))
        assert (finding["severity"], finding["addresses"]) == ("high", ["221DD8000010", "221DD800001F"])
        assert [item["name"] for item in finding["carriers"]] == ["web01"]
        assert "macpool.hyperv.nc_mac_pool" in finding["remedy"]

    def test_land_that_the_pool_excludes_was_left_to_the_controller(self) -> None:
        pools = {
            "tenant": {**self.TENANT["tenant"], "exclude": [{"start": self.INSIDE[0], "size": 16, "reason": "NC"}]}
        }
        document = controller(pools=[nc_pool("p", *self.INSIDE)])
        assert not found("range-trespass", host(), document, plan=plan(pools=pools))
        wider = controller(pools=[nc_pool("p", self.INSIDE[0], "22-1D-D8-00-00-20")])
        assert one("range-trespass", host(), wider, plan=plan(pools=pools))["severity"] == "high"

    @pytest.mark.parametrize(
        ("kind", "severities"),
        [("network_controller", []), ("azure_local", []), ("other", []), ("scvmm", ["high"]), ("hyperv", ["high"])],
    )
    def test_declared_land(self, kind: str, severities: list[str]) -> None:
        document = controller(pools=[nc_pool("p", *POOL)])
        findings = found("range-trespass", host(), document, plan=plan(**self.other(kind, POOL[0], 100)))
        assert [item["severity"] for item in findings] == severities

    @pytest.mark.parametrize(
        ("start", "size", "strange"),
        [
            ("00-1D-D8-B7-1C-00", 50, ["001DD8B71C32", "001DD8B71C63"]),
            ("00-1D-D8-B7-1C-10", 100, ["001DD8B71C00", "001DD8B71C0F"]),
            ("00-1D-D8-B7-1C-10", 16, ["001DD8B71C00", "001DD8B71C63"]),
            ("00-1D-D8-B7-2C-00", 16, ["001DD8B71C00", "001DD8B71C63"]),
        ],
    )
    def test_declared_with_other_borders_or_not_at_all(self, start: str, size: int, strange: list[str]) -> None:
        document = controller(pools=[nc_pool("p", *POOL)])
        rules = plan(**self.other("network_controller", start, size))
        finding = one("range-trespass", host(), document, plan=rules)
        assert (finding["severity"], finding["addresses"]) == ("low", strange)
        assert "macpool_plan.other_allocators" in finding["remedy"]

    def test_without_a_plan_nothing_can_be_missing_from_it(self) -> None:
        assert not found("range-trespass", host(), controller(pools=[nc_pool("p", *POOL)]))

    def test_where_a_host_meets_a_pool_only_the_host_speaks(self) -> None:
        document = controller(pools=[nc_pool("p", "00-15-5D-E0-00-80", "00-15-5D-E0-01-7F")])
        finding = one("range-trespass", host("hv1", RANGE_A), document)
        assert (finding["hosts"], finding["addresses"]) == (["hv1"], ["00155DE00080", "00155DE000FF"])

    def test_a_leased_block(self) -> None:
        document = controller(pools=[nc_pool("p", "00-15-5D-E0-10-00", "00-15-5D-E0-10-0F")])
        finding = one(
            "range-trespass", host("hv1", RANGE_A), document, leases=[lease("hv1", "00155DE01000", "00155DE010FF")]
        )
        assert "the block leased to hv1" in finding["evidence"]

    def test_two_controllers_with_one_range_are_one_finding(self) -> None:
        documents = [
            controller(pools=[{**nc_pool("DefaultMacPool", *POOL), "instanceId": name}], name=name)
            for name in ("nc1", "nc2")
        ]
        finding = one("range-trespass", host(), *documents, plan=plan(**self.other("network_controller", POOL[0], 100)))
        assert "of nc1" in finding["evidence"]
        assert "of nc2" in finding["evidence"]
        assert not found("range-trespass", host(), controller(pools=[nc_pool("a", *POOL), nc_pool("b", *POOL)]))


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([MAC, "Failed", "Static"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["code", "status", "resourceRef", "properties"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PROPERTIES = (
    "privateMacAddress",
    "privateMacAllocationMethod",
    "provisioningState",
    "configurationState",
    "detailedInfo",
    "isHostVirtualNetworkInterface",
    "ipConfigurations",
    "server",
    "startMacAddress",
    "endMacAddress",
    "usage",
)
ENVELOPE = ("resourceId", "resourceRef", "instanceId", "properties", "etag")


@given(
    st.dictionaries(st.sampled_from(PROPERTIES), junk, max_size=5),
    st.dictionaries(st.sampled_from(ENVELOPE), junk, max_size=3),
    st.dictionaries(
        st.sampled_from(["name", "url", "warnings", "mac_pools", "network_interfaces", "observed_at"]), junk, max_size=2
    ),
    junk,
)
def test_nothing_that_a_controller_says_makes_the_audit_fail(
    properties: dict[str, Any], envelope: dict[str, Any], parts: dict[str, Any], profile: Any
) -> None:
    shown = interface("i", MAC)
    shown["properties"].update(properties)
    pool = nc_pool("p", *POOL, 100, 90)
    pool["properties"].update(properties)
    document = {**controller({**shown, **envelope}, pools=[{**pool, **envelope}]), **parts}
    nic = adapter(MAC, False, name="b", port_profile={"profile_id": profile, "profile_data": profile})
    documents = [
        host(vms=[vm("web01", bound(MAC, "i"), nic, adapter(OTHER, False, name="c", port_profile=profile))]),
        document,
    ]
    json.dumps(report(*documents, plan=plan(pools=TestTrespass.TENANT), claims=[]))
