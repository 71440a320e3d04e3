# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory of files: our documents, exports of Hyper-V's cmdlets, answers of a Network Controller, and rubbish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.load import load_directory
from tests.unit.plugins.plugin_utils.observation.documents import (
    RANGE_B,
    adapter,
    checkpoint,
    found,
    guid,
    host,
    one,
    report,
    vm,
)
from tests.unit.plugins.plugin_utils.observation.exported import as_csv, load, nic

WEB, DB = guid("web01"), guid("db01")


def test_our_own_documents_come_back_as_they_are(tmp_path: Path) -> None:
    documents = [host("hv1", vms=[vm("web01", adapter("00155DE00005"))]), host("hv2", RANGE_B)]
    loaded = load(tmp_path, hv1_json=documents[0], both_json=documents, result_json={"observation": documents[1]})
    assert loaded.documents == [*documents, documents[0], documents[1]]
    assert [item["problem"] for item in loaded.files] == [None] * 3


class TestConvertToJson:
    def test_adapters_and_host(self, tmp_path: Path) -> None:
        rows = [nic("web01", WEB, "00155DE00005"), nic("db01", DB, "00155DE00005", ComputerName="hv2")]
        ranges = {"ComputerName": "HV1", "MacAddressMinimum": "00155DE00000", "MacAddressMaximum": "00155DE000FF"}
        loaded = load(tmp_path, adapters_json=rows, host_json=ranges)
        first, second = loaded.documents
        assert first["mac_range"] == {"start": "00155DE00000", "end": "00155DE000FF", "source": "cmdlet"}
        assert first["vms"][0]["adapters"][0]["vlan"] == {"mode": "Access", "access": 100, "trunk": []}
        assert second["host"] == {"name": "hv2"}
        finding = one("duplicate-address", *loaded.documents)
        assert [machine["id"] for machine in finding["vms"]] == [DB, WEB]
        result = report(*loaded.documents)
        assert result["complete"] is False
        assert set(result["observed"][0]["not_gathered"]) >= {"cluster", "host_adapters"}

    @pytest.mark.parametrize(("mode", "vlan"), [(0, "Untagged"), (1, "Access"), (2, "Trunk")])
    def test_numbers_are_names(self, tmp_path: Path, mode: int, vlan: str) -> None:
        setting = {"OperationMode": mode, "AccessVlanId": 7, "AllowedVlanIdList": [7, 8]}
        row = nic("web01", WEB, "00155DE00005", MacAddressSpoofing=0, VlanSetting=setting)
        machine = {
            "Name": "web01",
            "Id": WEB,
            "State": 3,
            "IsClustered": True,
            "ReplicationMode": 2,
            "ComputerName": "hv1",
        }
        ((document,),) = [load(tmp_path, a_json=row, b_json=[machine]).documents]
        (seen,) = document["vms"]
        assert (seen["state"], seen["replication_mode"], seen["clustered"]) == ("Off", "Replica", True)
        assert seen["adapters"][0]["spoofing"] is True
        assert seen["adapters"][0]["vlan"]["mode"] == vlan
        assert seen["adapters"][0]["vlan"]["access"] == (7 if vlan == "Access" else 0)

    def test_the_list_of_powershell_5_and_adapters_inside_vms(self, tmp_path: Path) -> None:
        machine = {
            "Name": "web01",
            "Id": WEB,
            "State": "Running",
            "NetworkAdapters": [nic("web01", WEB, "00155DE00005")],
        }
        (document,) = load(tmp_path, hv7_json={"value": [machine], "Count": 1}).documents
        assert document["host"] == {"name": "hv7"}
        assert document["vms"][0]["adapters"][0]["mac"] == "00155DE00005"

    def test_checkpoints_get_the_ids_of_the_adapters_they_belong_to(self, tmp_path: Path) -> None:
        own = guid("web01").upper()
        before = nic(
            "web01",
            WEB,
            "00155DE00005",
            Id=f"Microsoft:{guid('point').upper()}\\{own}",
            VMSnapshotId=guid("point"),
            VMSnapshotName="monday",
        )
        now = nic("web01", WEB, "00155DE00005", DynamicMacAddressEnabled=False)
        loaded = load(tmp_path, points_json=[before], now_json=[now])
        assert "monday" in one("dynamic-checkpoint", *loaded.documents)["evidence"]

    def test_host_adapters_and_cards(self, tmp_path: Path) -> None:
        own = {
            **nic("", "", "AABBCCDDEE01"),
            "IsManagementOs": True,
            "VMName": None,
            "VMId": None,
            "Name": "Management",
        }
        card = {
            "MacAddress": "AA-BB-CC-DD-EE-01",
            "InterfaceDescription": "Broadcom",
            "SystemName": "hv1",
            "Status": "Up",
        }
        twin = {**card, "InterfaceDescription": "Hyper-V Virtual Ethernet Adapter #2", "Name": "vEthernet (Management)"}
        switch = {**card, "InterfaceDescription": "Hyper-V Virtual Switch Extension Adapter", "Virtual": True}
        loaded = load(tmp_path, a_json=[own], b_json=[{**card, "Name": "NIC1"}, twin, switch])
        (document,) = loaded.documents
        assert [item["name"] for item in document["host_adapters"]] == ["Management"]
        assert [item["name"] for item in document["physical_adapters"]] == ["NIC1"]
        assert one("duplicate-address", document)["severity"] == "low"
        assert "vms" not in document


class TestExportCsv:
    ROWS = [nic("web01", WEB, "00155DE00005"), nic("web01", WEB, "00155DE00006", Name="Second", Id="Microsoft:x\\y")]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
    @pytest.mark.parametrize("head", ["", "#TYPE Microsoft.HyperV.PowerShell.VMNetworkAdapter\r\n"])
    def test_as_powershell_writes_it(self, tmp_path: Path, delimiter: str, encoding: str, head: str) -> None:
        text = head + as_csv(self.ROWS, delimiter)
        (document,) = load(tmp_path, adapters_csv=text.encode(encoding)).documents
        (machine,) = document["vms"]
        assert [(item["mac"], item["dynamic"]) for item in machine["adapters"]] == [
            ("00155DE00005", True),
            ("00155DE00006", True),
        ]
        assert "vlan" not in machine["adapters"][0] or machine["adapters"][0]["vlan"]["access"] == 100

    def test_few_columns_are_enough(self, tmp_path: Path) -> None:
        text = 'VMName,MacAddress,VlanId\r\nweb01,00155DE00005,7\r\ndb01,00-15-5D-E0-00-05,8\r\n"a, ""b""",,0\r\n'
        (document,) = load(tmp_path, hv1_csv=text).documents
        assert document["host"] == {"name": "hv1"}
        assert [machine["name"] for machine in document["vms"]] == ["web01", "db01", 'a, "b"']
        assert document["vms"][2]["adapters"][0]["mac"] is None
        assert one("duplicate-address", document)["severity"] == "low"

    def test_what_a_row_does_not_say_is_not_made_up(self, tmp_path: Path) -> None:
        (document,) = load(tmp_path, hv1_csv="VMName,MacAddress\nweb01,00155DE00005\n").documents
        assert set(document) == {"schema", "kind", "host", "vms"}
        rules = {item["rule"] for item in report(document, host("hv2"))["findings"]}
        assert rules == {"incomplete"}

    def test_vms_of_one_name_are_told_apart_by_id(self, tmp_path: Path) -> None:
        rows = [nic("web01", WEB, "00155DE00005"), nic("web01", DB, "00155DE00005")]
        (document,) = load(tmp_path, a_csv=as_csv(rows)).documents
        assert len(one("duplicate-address", document)["vms"]) == 2


POOL = {
    "resourceRef": "/macPools/p1",
    "resourceId": "p1",
    "properties": {"startMacAddress": "00-15-5D-E0-00-80", "endMacAddress": "00-15-5D-E0-00-8F"},
}
INTERFACE = {
    "resourceRef": "/networkInterfaces/if1",
    "resourceId": "if1",
    "instanceId": "i",
    "properties": {"privateMacAddress": "00155DE00085", "privateMacAllocationMethod": "Static"},
}


def test_answers_of_a_network_controller(tmp_path: Path) -> None:
    server = {"resourceRef": "/servers/s1", "resourceId": "s1", "properties": {}}
    loaded = load(
        tmp_path,
        macPools_json={"value": [POOL], "nextLink": ""},
        networkInterfaces_json={"value": [INTERFACE], "nextLink": ""},
        servers_json={"value": [server], "nextLink": ""},
        hv1_json=host("hv1"),
    )
    controller = loaded.documents[-1]
    assert controller == {
        "schema": 1,
        "kind": "network_controller",
        "mac_pools": [POOL],
        "network_interfaces": [INTERFACE],
    }
    assert all(item["problem"] is None for item in loaded.files)
    assert "not needed" in next(item["used"] for item in loaded.files if item["file"] == "servers.json")
    assert one("range-trespass", *loaded.documents)["addresses"] == ["00155DE00080", "00155DE0008F"]


def test_an_empty_answer_means_that_there_is_none(tmp_path: Path) -> None:
    (controller,) = load(tmp_path, macPools_json={"value": [], "nextLink": ""}).documents
    assert controller["mac_pools"] == []
    assert "network_interfaces" not in controller


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json", b"{", "not valid JSON"),
        ("x.json", b"[" * 100_000, "not valid JSON"),
        ("x.json", b'"hello"', "str"),
        ("x.json", b"[1, 2]", "int"),
        ("x.json", b'{"a": 1}', "with a"),
        ("x.json", b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        ("x.json", b"\xe9\xe9", "neither UTF-8 nor UTF-16"),
        ("x.json", b'{"value": [{"resourceRef": "/macPools/a"}], "nextLink": "https://nc/2"}', "first page"),
        ("x.csv", b"a,b\n1,2\n", "with a, b"),
        ("x.csv", b'VMName,MacAddress\n"web', "not valid CSV"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named_and_the_rest_is_audited(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    loaded = load(tmp_path, hv1_json=host("hv1"), hv2_json=host("hv2"))
    (problem,) = [item for item in loaded.files if item["problem"]]
    assert problem["file"] == name
    assert words in problem["problem"]
    assert loaded.problems == [f"{name}: {problem['problem']}"]
    assert one("range-overlap", *loaded.documents)
    finding = one("incomplete", *loaded.documents)
    assert name in finding["evidence"]
    assert report(*loaded.documents)["complete"] is False


def test_a_file_that_is_understood_in_part_is_used_and_named(tmp_path: Path) -> None:
    rows = [nic("web01", WEB, "00155DE00005"), {"odd": 1}, nic("db01", DB, "00155DE00005")]
    loaded = load(tmp_path, a_json=rows)
    assert "the other 2 entries were used" in loaded.files[0]["problem"]
    assert one("duplicate-address", *loaded.documents)


def test_files_below_are_read_and_others_left_alone(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "hv1.JSON").write_text(json.dumps(host("hv1")))
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / ".hidden.json").write_text("{")
    loaded = load_directory(tmp_path)
    assert [item["file"] for item in loaded.files] == ["README.md", "site/hv1.JSON"]
    assert [item["problem"] for item in loaded.files] == [None, None]
    assert len(loaded.documents) == 1


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_directory_without_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(MacPoolError, match="json or"):
        load_directory(tmp_path / name)


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_it_fail(tmp_path: Path, data: bytes) -> None:
    for suffix in ("json", "csv"):
        (tmp_path / f"x.{suffix}").write_bytes(data)
    json.dumps(report(*load_directory(tmp_path).documents))


KEYS = """MacAddress VMName VMId Id Name State VlanSetting NetworkAdapters IsManagementOs MacAddressMinimum
    MacAddressMaximum ComputerName resourceRef properties InterfaceDescription"""
keys = st.sampled_from(KEYS.split())
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(keys, values, max_size=6), max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_rows_make_it_fail(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    (tmp_path / "x.json").write_text(json.dumps(rows))
    json.dumps(report(*load_directory(tmp_path).documents))


def test_an_export_beside_our_own_document_adds_nothing_wrong(tmp_path: Path) -> None:
    """The newest document that has a part wins, and an export has no time."""
    own = host("hv1.corp.example", vms=[vm("web01", adapter("00155DE00005"), checkpoints=[checkpoint("c")])])
    loaded = load(tmp_path, own_json=own, export_json=[nic("web01", WEB, "00155DE00077")])
    assert report(*loaded.documents)["summary"]["addresses"] == 1
    assert not found("incomplete", *loaded.documents)
