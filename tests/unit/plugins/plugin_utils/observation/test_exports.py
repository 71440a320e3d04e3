# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rows from elsewhere become: adapters and VMs by their ids, absence as absence, and faults by the file's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.observation.documents import found, guid, one, report
from tests.unit.plugins.plugin_utils.observation.exported import (
    adapters,
    as_csv,
    hosts,
    load,
    machine,
    macs,
    nic,
    problems,
    the_host,
    vms,
    written,
)

WEB, DB, FW = guid("web01"), guid("db01"), guid("fw01")
A, B, C = "221DD8000001", "221DD8000002", "221DD8000003"


def lan(name: str, vm: str, mac: str, **parts: Any) -> dict[str, Any]:
    """Return a nested adapter as Get-VM shows it."""
    return {"Id": f"Microsoft:{guid(vm)}\\{name}", "Name": name, "VMName": vm, "MacAddress": mac, **parts}


TWO = [lan("lan", "fw01", A), lan("wan", "fw01", B)]


class TestNestedAdapters:
    @pytest.mark.parametrize(
        ("nested", "expected"),
        [
            (TWO, [A, B]),
            ([*TWO, lan("dmz", "fw01", C)], [A, B, C]),
            (TWO[0], [A]),
            ([TWO], [A, B]),
            ([[TWO[0]], [TWO[1]]], [A, B]),
            ({"value": TWO, "Count": 2}, [A, B]),
            ({"value": TWO[0], "Count": 1}, [A]),
            ({"value": [{"value": TWO, "Count": 2}], "Count": 2}, [A, B]),
            ({"$id": "1", "$values": TWO}, [A, B]),
            ({"$type": "List", "$values": TWO}, [A, B]),
            ({"Length": 2, "SyncRoot": TWO, "Rank": 1}, [A, B]),
            ({"0": TWO[0], "1": TWO[1]}, [A, B]),
            ({"lan": TWO[0], "wan": TWO[1]}, [A, B]),
            (json.dumps(TWO), [A, B]),
            ([A, B], [A, B]),
            (f"{A}, {B}", [A, B]),
            ([{"mac": A}, {"mac_address": B}], [A, B]),
            ([{**TWO[0], "MacAddress": {"value": A}}], [A]),
            ([], []),
        ],
    )
    def test_every_shape_is_read(self, tmp_path: Path, nested: Any, expected: list[str]) -> None:
        loaded = load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=nested)])
        (seen,) = vms(loaded)
        assert [item["mac"] for item in seen["adapters"]] == expected
        assert loaded.problems == []

    @pytest.mark.parametrize(
        "nested",
        [
            "System.Object[]",
            "Microsoft.HyperV.PowerShell.VMNetworkAdapter",
            "Microsoft.HyperV.PowerShell.VMNetworkAdapter Microsoft.HyperV.PowerShell.VMNetworkAdapter",
            "System.Collections.Generic.List`1[Microsoft.HyperV.PowerShell.VMNetworkAdapter]",
            "VMNetworkAdapter (Name = 'lan') [VMName = 'fw01']",
            ["Microsoft.HyperV.PowerShell.VMNetworkAdapter"],
            [TWO[0], "Microsoft.HyperV.PowerShell.VMNetworkAdapter"],
            [TWO[0], {"Name": "wan"}],
            [TWO[0], None],
            {"value": [TWO[0]], "Count": 2},
            {"value": "Microsoft.HyperV.PowerShell.VMNetworkAdapter", "Count": 2},
            {"$values": ["Microsoft.HyperV.PowerShell.VMNetworkAdapter"]},
            {"$ref": "7"},
            {},
            "[{",
        ],
    )
    def test_what_was_cut_off_is_named_and_never_none(self, tmp_path: Path, nested: Any) -> None:
        loaded = load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=nested)])
        assert "vms.json: NetworkAdapters was cut off" in problems(loaded)
        assert vms(loaded)[0].get("adapters") != []
        assert report(*loaded.documents)["complete"] is False

    def test_what_was_cut_off_of_one_vm_leaves_the_others_alone(self, tmp_path: Path) -> None:
        cut = machine("db01", NetworkAdapters="System.Object[]")
        loaded = load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=TWO), cut])
        assert macs(loaded) == [A, B]
        assert 'such as "of db01"' in problems(loaded)

    def test_a_file_with_the_adapters_makes_up_for_it(self, tmp_path: Path) -> None:
        cut = machine("fw01", NetworkAdapters="System.Object[]")
        loaded = load(tmp_path, vms_json=[cut], adapters_json=[nic("fw01", FW, A, Id=TWO[0]["Id"])])
        assert macs(loaded) == [A]
        assert loaded.problems == []

    @pytest.mark.parametrize("nested", [None, ""])
    def test_an_empty_property_says_nothing(self, tmp_path: Path, nested: Any) -> None:
        (seen,) = vms(load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=nested)]))
        assert "adapters" not in seen

    def test_two_firewalls_with_two_adapters_each(self, tmp_path: Path) -> None:
        other = [lan("lan", "fw02", C), lan("wan", "fw02", B)]
        rows = [machine("fw01", NetworkAdapters=TWO), machine("fw02", NetworkAdapters=other)]
        loaded = load(tmp_path, vms_json=rows)
        assert one("duplicate-address", *loaded.documents)["addresses"] == [B]
        assert report(*loaded.documents)["summary"]["adapters"] == 4

    def test_the_same_ids_are_one_adapter(self, tmp_path: Path) -> None:
        separate = [nic("fw01", FW, A, Id=TWO[0]["Id"].upper()), nic("fw01", FW, C, Id=f"Microsoft:{FW}\\dmz")]
        loaded = load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=TWO)], adapters_json=separate)
        assert macs(loaded) == [A, B, C]
        first = next(item for item in adapters(loaded) if item["mac"] == A)
        assert first["dynamic"] is True  # The separate file says so, the nested list does not.
        assert not found("duplicate-address", *loaded.documents)

    def test_one_id_with_two_addresses_keeps_both(self, tmp_path: Path) -> None:
        separate = [nic("fw01", FW, C, Id=TWO[0]["Id"])]
        loaded = load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=TWO)], adapters_json=separate)
        assert macs(loaded) == [A, B, C]

    def test_adapters_without_ids_in_two_files_are_those_of_the_one_vm(self, tmp_path: Path) -> None:
        nested = [{"Name": "lan", "MacAddress": A}, {"Name": "wan", "MacAddress": B}]
        separate = "ComputerName,VMName,Name,MacAddress,SwitchName\nHV1,fw01,lan,22-1D-D8-00-00-01,vS\n"
        loaded = load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=nested)], more_csv=separate)
        assert macs(loaded) == [A, B]
        assert loaded.problems == []

    def test_nested_checkpoints(self, tmp_path: Path) -> None:
        point = {"Id": guid("p"), "Name": "before", "NetworkAdapters": {"value": [lan("lan", "fw01", C)], "Count": 1}}
        loaded = load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=TWO, Checkpoints=[point])])
        (seen,) = vms(loaded)
        assert macs(loaded) == [A, B]
        (before,) = seen["checkpoints"]
        assert (before["id"], before["name"], before["adapters"][0]["mac"]) == (guid("p"), "before", C)
        assert loaded.problems == []

    @pytest.mark.parametrize("nested", ["Microsoft.HyperV.PowerShell.VMSnapshot", ["a b"], [{"Path": "x"}]])
    def test_checkpoints_that_were_cut_off(self, tmp_path: Path, nested: Any) -> None:
        loaded = load(tmp_path, vms_json=[machine("fw01", NetworkAdapters=TWO, Snapshots=nested)])
        assert "checkpoints of VMs were cut off" in problems(loaded)
        assert "checkpoints" not in vms(loaded)[0]

    def test_addresses_in_an_unknown_place_are_named(self, tmp_path: Path) -> None:
        odd = machine("fw01", Network={"Ports": [{"MacAddress": A}]})
        assert "the addresses in network of VMs were not read" in problems(load(tmp_path, vms_json=[odd]))

    def test_a_property_with_all_addresses_of_a_vm(self, tmp_path: Path) -> None:
        rows = [machine("fw01", MacAddress=[A, B]), machine("db01", MacAddress=f"{C};{B}")]
        loaded = load(tmp_path, vms_json=rows)
        assert macs(loaded) == [A, B, B, C]
        assert len(vms(loaded)) == 2


class TestRowsWithoutIds:
    HEAD = "ComputerName,VMName,Name,MacAddress\n"

    def rows(self, *rows: str) -> str:
        return self.HEAD + "".join(f"HV1,{row}\n" for row in rows)

    @pytest.mark.parametrize("times", [2, 3])
    def test_equal_rows_are_as_many_vms(self, tmp_path: Path, times: int) -> None:
        loaded = load(tmp_path, macs_csv=self.rows(*[f"web01,Network Adapter,{A}"] * times))
        assert len(vms(loaded)) == times
        assert len(one("duplicate-address", *loaded.documents)["carriers"]) == times
        assert "two rows without VMId are equal in name and address" in problems(loaded)

    def test_names_are_compared_as_windows_does(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, macs_csv=self.rows(f"web01,Network Adapter,{A}", f"WEB01,Network Adapter,{A}"))
        assert one("duplicate-address", *loaded.documents)

    def test_equal_rows_of_two_files(self, tmp_path: Path) -> None:
        row = self.rows(f"web01,Network Adapter,{A}")
        loaded = load(tmp_path, a_csv=row, b_csv=row)
        assert one("duplicate-address", *loaded.documents)
        assert [item["file"] for item in loaded.files if item["problem"]] == ["a.csv", "b.csv"]

    def test_several_adapters_of_one_vm(self, tmp_path: Path) -> None:
        rows = self.rows(f"fw01,Network Adapter,{A}", f"fw01,Network Adapter,{B}", f"fw01,Network Adapter,{C}")
        loaded = load(tmp_path, macs_csv=rows)
        assert len(vms(loaded)) == 1
        assert macs(loaded) == [A, B, C]
        assert loaded.problems == []

    def test_adapters_that_never_started_are_no_copies(self, tmp_path: Path) -> None:
        zeros = "000000000000"
        loaded = load(tmp_path, macs_csv=self.rows(f"fw01,lan,{zeros}", f"fw01,wan,{zeros}", f"fw01,wan,{zeros}"))
        assert len(vms(loaded)) == 1
        assert macs(loaded) == [zeros] * 3

    def test_state_joins_by_name_where_one_vm_has_it(self, tmp_path: Path) -> None:
        rows = [{"ComputerName": "HV1", "Name": "web01", "State": "Off"}]
        loaded = load(tmp_path, vms_json=rows, macs_csv=self.rows(f"web01,lan,{A}", f"web01,wan,{B}"))
        (seen,) = vms(loaded)
        assert (seen["state"], macs(loaded)) == ("Off", [A, B])
        assert loaded.problems == []

    def test_a_vm_known_by_id_takes_the_rows_of_its_name(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, vms_json=[machine("web01")], macs_csv=self.rows(f"web01,lan,{A}"))
        (seen,) = vms(loaded)
        assert (seen["id"], seen["state"], macs(loaded)) == (WEB, "Running", [A])

    def test_a_second_row_is_not_the_known_vm(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, vms_json=[machine("web01")], macs_csv=self.rows(f"web01,lan,{A}", f"web01,lan,{A}"))
        assert [seen["id"] for seen in vms(loaded)] == [WEB, None]
        assert one("duplicate-address", *loaded.documents)

    def test_a_name_of_two_vms_joins_neither(self, tmp_path: Path) -> None:
        twins = [machine("web01"), machine("web01", Id=DB)]
        loaded = load(tmp_path, vms_json=twins, macs_csv=self.rows(f"web01,lan,{A}"))
        assert macs(loaded) == [A]
        assert [seen["id"] for seen in vms(loaded)] == [WEB, DB, None]
        assert "rows without VMId have the name of several VMs" in problems(loaded)

    def test_two_vms_without_ids_stay_two(self, tmp_path: Path) -> None:
        rows = [{"Name": "web01", "State": "Off"}, {"Name": "web01", "State": "Running"}]
        loaded = load(tmp_path, HV1_json=rows)
        assert sorted(seen["state"] for seen in vms(loaded)) == ["Off", "Running"]

    @pytest.mark.parametrize("name", ["B?ro", "B\ufffdro"])
    def test_names_that_lost_letters_join_nothing(self, tmp_path: Path, name: str) -> None:
        loaded = load(tmp_path, macs_csv=self.rows(f"{name},lan,{A}", f"{name},lan,{B}", f"{name},lan,{A}"))
        assert len(vms(loaded)) == 3
        assert one("duplicate-address", *loaded.documents)["addresses"] == [A]
        assert "names lost letters in an ASCII export" in problems(loaded)

    def test_ids_decide_where_letters_were_lost(self, tmp_path: Path) -> None:
        rows = [nic("B?ro", WEB, A), nic("B?ro", WEB, B, Id="x\\y"), nic("B?ro", DB, A)]
        loaded = load(tmp_path, a_csv=as_csv(rows))
        assert len(vms(loaded)) == 2
        assert loaded.problems == []

    def test_the_vm_stands_in_the_id_of_its_adapter(self, tmp_path: Path) -> None:
        rows = [nic("web01", WEB, A), nic("web01", DB, A)]
        rows = [{key: value for key, value in row.items() if key != "VMId"} for row in rows]
        loaded = load(tmp_path, a_json=rows)
        assert sorted(seen["id"] for seen in vms(loaded)) == sorted([WEB, DB])

    def test_two_adapters_of_one_vm_with_one_address(self, tmp_path: Path) -> None:
        rows = [nic("fw01", FW, A), nic("fw01", FW, A)]
        for row in rows:
            del row["Id"]
        loaded = load(tmp_path, a_json=rows)
        assert len(vms(loaded)) == 1
        assert one("duplicate-address", *loaded.documents)["addresses"] == [A]

    def test_state_beside_the_address_of_each_adapter(self, tmp_path: Path) -> None:
        text = f"ComputerName,VMName,State,MacAddress\nHV1,fw01,Off,{A}\nHV1,fw01,Off,{B}\n"
        (seen,) = vms(load(tmp_path, all_csv=text))
        assert seen["state"] == "Off"
        assert [item["mac"] for item in seen["adapters"]] == [A, B]


class TestAbsence:
    def test_vms_without_their_adapters(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, vms_json=[machine("web01")])
        (seen,) = vms(loaded)
        assert not {"adapters", "checkpoints"} & seen.keys()
        assert 'the adapters of VM "web01" were not read' in one("incomplete", *loaded.documents)["evidence"]

    def test_a_vm_of_which_no_row_tells_adapters(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, vms_json=[machine("web01"), machine("db01")], adapters_json=[nic("web01", WEB, A)])
        assert ["adapters" in seen for seen in vms(loaded)] == [True, False]

    def test_columns_that_are_missing(self, tmp_path: Path) -> None:
        (adapter,) = adapters(load(tmp_path, HV1_csv=f"VMName,MacAddress\nweb01,{A}\n"))
        assert adapter.keys() <= {"id", "name", "mac"}

    def test_columns_that_are_empty(self, tmp_path: Path) -> None:
        head = "VMName,MacAddress,DynamicMacAddressEnabled,Connected,MacAddressSpoofing,AccessVlanId,SwitchName\n"
        (adapter,) = adapters(load(tmp_path, HV1_csv=f"{head}web01,{A},,,,,\n"))
        assert adapter.keys() == {"id", "name", "mac", "switch"}
        assert adapter["switch"] is None  # Not connected to any.

    @pytest.mark.parametrize("rows", [[nic("web01", WEB, A)], [machine("web01")]])
    def test_parts_that_no_row_is_of(self, tmp_path: Path, rows: list[dict[str, Any]]) -> None:
        assert the_host(load(tmp_path, a_json=rows)).keys() == {"schema", "kind", "host", "vms"}

    def test_only_virtual_cards_are_no_physical_ones(self, tmp_path: Path) -> None:
        twin = {
            "SystemName": "HV1",
            "Name": "vEthernet (Management)",
            "InterfaceDescription": "Hyper-V Virtual Ethernet Adapter",
            "MacAddress": "00-15-5D-01-0A-77",
        }
        document = the_host(load(tmp_path, cards_json=[twin]))
        assert document["host_adapters"] == [{"id": "", "name": "vEthernet (Management)", "mac": "00155D010A77"}]
        assert "physical_adapters" not in document

    def test_a_checkpoint_without_its_adapters(self, tmp_path: Path) -> None:
        point = {
            "ComputerName": "HV1",
            "VMName": "web01",
            "Name": "before",
            "SnapshotType": 1,
            "ParentSnapshotName": None,
        }
        loaded = load(tmp_path, a_json=[nic("web01", WEB, A)], points_json=[point])
        (seen,) = vms(loaded)
        assert seen["checkpoints"] == [{"id": "before", "name": "before"}]
        assert "checkpoints lack their adapters" in problems(loaded)


class TestTruth:
    COLUMNS = "ComputerName;VMId;VMName;Id;Name;MacAddress;DynamicMacAddressEnabled;SwitchName\n"

    @pytest.mark.parametrize(
        "words",
        [
            "WAHR/FALSCH",
            "VRAI/FAUX",
            "VERDADERO/FALSO",
            "SANT/FALSKT",
            "PRAWDA/FAŁSZ",
            "ИСТИНА/ЛОЖЬ",
            "TOSI/EPÄTOSI",
            "DOĞRU/YANLIŞ",
            "VERDADEIRO/FALSO",
            "WAAR/ONWAAR",
            "SAND/FALSK",
            "IGAZ/HAMIS",
            "PRAVDA/NEPRAVDA",
            "真/假",
            "VERO/FALSO",
            "SANN/USANN",
            "ADEVĂRAT/FALS",
            "ΑΛΗΘΗΣ/ΨΕΥΔΗΣ",
            "TRUE/FALSE",
            "true/False",
            "1/0",
            "yes/No",
            "Y/N",
            "On/Off",
            "ja/nein",
            "oui/non",
            "$true/$false",
        ],
    )
    def test_in_any_language(self, tmp_path: Path, words: str) -> None:
        true, false = words.split("/")
        rows = "".join(
            f"HV1;{guid(word)};{name};x\\{name};lan;{mac};{word};vS\n"
            for word, name, mac in ((true, "web01", A), (false, "db01", B), (false.lower(), "fw01", C))
        )
        loaded = load(tmp_path, macs_csv=self.COLUMNS + rows)
        assert {item["mac"]: item["dynamic"] for item in adapters(loaded)} == {A: True, B: False, C: False}
        assert loaded.problems == []

    @pytest.mark.parametrize(
        "column", ["DynamicMacAddressEnabled", "Connected", "MacAddressSpoofing", "IsManagementOs"]
    )
    def test_an_unknown_word_is_named_and_unknown(self, tmp_path: Path, column: str) -> None:
        row = nic("web01", WEB, A, **{column: "vielleicht"})
        loaded = load(tmp_path, macs_csv=as_csv([row]))
        key = {"DynamicMacAddressEnabled": "dynamic", "Connected": "connected", "MacAddressSpoofing": "spoofing"}
        (adapter,) = adapters(loaded)
        assert key.get(column) not in adapter
        assert f'macs.csv: column {column} holds what means neither true nor false, such as "vielleicht"' in problems(
            loaded
        )
        assert report(*loaded.documents)["complete"] is False

    @pytest.mark.parametrize(
        ("cell", "expected"),
        [(0, True), (1, False), ("0", True), ("1", False), ("On", True), ("Off", False), (True, True), (False, False)],
    )
    def test_spoofing_is_on_as_number_zero(self, tmp_path: Path, cell: Any, expected: bool) -> None:
        """Fact 33: OnOffState counts On as 0."""
        (adapter,) = adapters(load(tmp_path, a_json=[nic("web01", WEB, A, MacAddressSpoofing=cell)]))
        assert adapter["spoofing"] is expected

    def test_enumerations_that_crossed_a_session(self, tmp_path: Path) -> None:
        row = machine("web01", State={"value": 3, "Value": "Off"}, Id={"Guid": WEB}, ComputerName={"value": "HV1"})
        (seen,) = vms(load(tmp_path, a_json=[row]))
        assert (seen["id"], seen["state"]) == (WEB, "Off")


class TestTheHostsOwn:
    @pytest.mark.parametrize("word", ["True", "WAHR", "VRAI", "ИСТИНА", "1", "真"])
    def test_by_the_word(self, tmp_path: Path, word: str) -> None:
        text = f"ComputerName;Name;DeviceId;MacAddress;SwitchName;IsManagementOs\nHV1;Mgmt;{{ABC}};{A};vS;{word}\n"
        document = the_host(load(tmp_path, own_csv=text))
        assert "vms" not in document
        assert document["host_adapters"] == [{"id": "{ABC}", "name": "Mgmt", "mac": A, "switch": "vS"}]

    @pytest.mark.parametrize("name", [None, "", " "])
    @pytest.mark.parametrize("vm_id", [None, "", "00000000-0000-0000-0000-000000000000"])
    @pytest.mark.parametrize("own", [None, "", "vielleicht"])
    def test_by_the_empty_name_of_a_vm(self, tmp_path: Path, name: Any, vm_id: Any, own: Any) -> None:
        row = {
            "ComputerName": "HV1",
            "VMName": name,
            "VMId": vm_id,
            "Name": "Mgmt",
            "MacAddress": A,
            "IsManagementOs": own,
        }
        document = the_host(load(tmp_path, own_json=[row]))
        assert "vms" not in document
        assert document["host_adapters"][0]["mac"] == A

    def test_all_of_a_host_in_one_file(self, tmp_path: Path) -> None:
        own = nic("x", WEB, B, VMName=None, VMId=None, IsManagementOs=True, Id="Microsoft:own", Name="Mgmt")
        document = the_host(load(tmp_path, all_json=[nic("web01", WEB, A), own]))
        assert [seen["name"] for seen in document["vms"]] == ["web01"]
        assert [item["mac"] for item in document["host_adapters"]] == [B]

    def test_an_adapter_of_nobody_is_named(self, tmp_path: Path) -> None:
        row = {"ComputerName": "HV1", "VMName": "", "Name": "x", "MacAddress": A, "IsManagementOs": False}
        loaded = load(tmp_path, a_json=[row])
        assert hosts(loaded) == []
        assert "neither a VM nor" in problems(loaded)

    def test_those_inside_the_row_of_a_host(self, tmp_path: Path) -> None:
        own = {"Name": "Mgmt", "MacAddress": A, "SwitchName": "vS", "IsManagementOs": True}
        row = {"ComputerName": "HV1", "MacAddressMinimum": "00155DE00000", "MacAddressMaximum": "00155DE000FF"}
        document = the_host(load(tmp_path, host_json={**row, "InternalNetworkAdapters": own}))
        assert [item["mac"] for item in document["host_adapters"]] == [A]
        loaded = load(tmp_path, host_json={**row, "InternalNetworkAdapters": "System.Object[]"})
        assert "host_adapters" not in the_host(loaded)
        assert "InternalNetworkAdapters was cut off" in problems(loaded)

    def test_one_adapter_in_two_files_is_one(self, tmp_path: Path) -> None:
        row = {"ComputerName": "HV1", "Name": "Mgmt", "DeviceId": "{A}", "MacAddress": A, "IsManagementOs": True}
        document = the_host(load(tmp_path, a_json=[row], b_csv=as_csv([row])))
        assert len(document["host_adapters"]) == 1

    def test_two_of_one_file_are_two(self, tmp_path: Path) -> None:
        row = {"ComputerName": "HV1", "Name": "Mgmt", "MacAddress": A, "SwitchName": "vS", "IsManagementOs": True}
        document = the_host(load(tmp_path, a_json=[row, row]))
        assert len(document["host_adapters"]) == 2

    def test_a_team_with_an_address_of_its_own(self, tmp_path: Path) -> None:
        card = {
            "SystemName": "HV1",
            "Name": "NIC1",
            "InterfaceDescription": "Broadcom",
            "MacAddress": A,
            "Status": "Up",
        }
        team = {**card, "Name": "Team", "InterfaceDescription": "Microsoft Network Adapter Multiplexor Driver"}
        document = the_host(load(tmp_path, cards_json=[card, team, {**team, "MacAddress": B}]))
        assert [item["mac"] for item in document["physical_adapters"]] == [A, B]
        assert "export Get-NetAdapter -Physical" in problems(load(tmp_path, cards_json=[team]))

    @pytest.mark.parametrize("mac", ["80-00-02-08-FE-80-00-00-00-00-00-00-E4-1D-2D-03-00-05-9B-C0", ""])
    def test_what_is_no_ethernet_is_not_counted(self, tmp_path: Path, mac: str) -> None:
        card = {
            "SystemName": "HV1",
            "Name": "IB",
            "InterfaceDescription": "InfiniBand",
            "MacAddress": mac,
            "Status": "Up",
        }
        loaded = load(tmp_path, cards_json=[card])
        assert "physical_adapters" not in the_host(loaded)
        assert loaded.problems == []


class TestWhatIsNoVm:
    @pytest.mark.parametrize(
        "row",
        [
            {"Name": "HV1", "State": 0, "Id": "1"},
            {"Name": "HV1", "State": "Up", "Id": "1", "NodeWeight": 1},
            {"Name": "HV2", "State": 2},
            {"Name": "web01", "State": 3, "OwnerNode": "HV1", "GroupType": 111, "Id": WEB},
            {"Name": "VM web01", "State": 2, "ResourceType": "Virtual Machine", "OwnerGroup": "web01"},
            {"VMName": "web01", "VMId": WEB, "State": 5, "PrimaryServer": "a", "ReplicaServer": "b"},
            {"Id": 1, "Name": "Job1", "State": "Running", "PSJobTypeName": "BackgroundJob"},
            {"Name": "vS", "Id": WEB, "SwitchType": 2},
            {"VMName": "web01", "VMId": WEB, "Id": "Microsoft:x\\0", "ControllerType": 1, "Path": "C:\\x.vhdx"},
            {"Name": "HV1", "NetworkAdapters": [{"Name": "Ethernet", "MacAddress": A}]},
            {"DeviceID": "1", "Name": "Intel", "MACAddress": "00:15:5D:01:0A:05", "SystemName": "HV1"},
            {"Name": "spooler", "Status": "Running"},
        ],
    )
    def test_other_objects_are_named(self, tmp_path: Path, row: dict[str, Any]) -> None:
        loaded = load(tmp_path, x_json=[row])
        assert hosts(loaded) == []
        assert "none of the known exports" in problems(loaded)

    @pytest.mark.parametrize(
        "row",
        [
            {"Name": "web01", "VMName": "web01", "MACAddress": "00:1D:D8:B7:1C:00", "MACAddressType": "Static"},
            {"VMName": "web01", "VMMACAddress": "00:1D:D8:B7:1C:00", "MACType": "Dynamic"},
            {"VMName": "web01", "VMHost": "hv1", "MacAddress": "00:1D:D8:B7:1C:00"},
            {"VMName": "web01", "MACAddress": "00:1D:D8:B7:1C:00", "VMNetwork": "blue", "LogicalNetwork": "prod"},
            {"Name": "web01", "MACAddress": "00:1D:D8:B7:1C:00", "PhysicalAddressType": "Static"},
            {"Name": "web01", "Id": WEB, "State": "Running", "VirtualizationPlatform": "HyperV"},
        ],
    )
    @pytest.mark.parametrize("kind", ["csv", "json"])
    def test_exports_of_scvmm_are_named(self, tmp_path: Path, row: dict[str, Any], kind: str) -> None:
        loaded = written(tmp_path, f"HV1.{kind}", as_csv([row], ";") if kind == "csv" else [row])
        assert hosts(loaded) == []
        assert "it looks like an export of SCVMM" in problems(loaded)

    def test_get_vm_of_a_small_selection(self, tmp_path: Path) -> None:
        rows = [{"Name": "a", "State": "Running"}, {"Name": "b", "State": 2, "Uptime": {"Ticks": 1}, "Id": "02"}]
        assert sorted(seen["name"] for seen in vms(load(tmp_path, HV1_json=rows))) == ["a", "b"]

    @pytest.mark.parametrize(
        ("number", "name"),
        [(11, "Reset"), (32785, "RunningCritical"), (32786, "OffCritical"), (32796, "FastSavingCritical")],
    )
    def test_states_by_number(self, tmp_path: Path, number: int, name: str) -> None:
        assert vms(load(tmp_path, a_json=[machine("web01", State=number)]))[0]["state"] == name


class TestCheckpoints:
    @pytest.mark.parametrize(
        "columns",
        [
            {"VMSnapshotId": guid("p"), "VMSnapshotName": "before"},
            {"VMCheckpointId": guid("p"), "VMCheckpointName": "before"},
            {"VMSnapshotId": guid("p")},
            {"VMCheckpointName": "before"},
            {"VMSnapshotId": None, "VMSnapshotName": "", "VMCheckpointId": guid("p"), "VMCheckpointName": "before"},
            {},  # Only the adapter's own id tells.
        ],
    )
    @pytest.mark.parametrize("vm_id", [WEB, None])
    def test_an_adapter_of_a_checkpoint_is_not_the_running_vms(
        self, tmp_path: Path, columns: dict[str, Any], vm_id: str | None
    ) -> None:
        now = [nic("web01", WEB, A), nic("db01", DB, B)]
        row = {"ComputerName": "HV1", "VMName": "web01", "Name": "Network Adapter", "MacAddress": B, **columns}
        row["Id"] = f"Microsoft:{guid('p')}\\{guid('web01')}"
        if vm_id:
            row["VMId"] = vm_id
        loaded = load(tmp_path, now_json=now, points_json=[row])
        assert macs(loaded) == [A, B]
        assert one("duplicate-address", *loaded.documents)["severity"] == "medium"
        (point,) = next(seen for seen in vms(loaded) if seen["id"] == WEB)["checkpoints"]
        assert point["adapters"][0]["mac"] == B
        assert point["adapters"][0]["id"].casefold() == f"microsoft:{WEB}\\{guid('web01')}"

    def test_zeros_say_that_it_is_the_vms_own(self, tmp_path: Path) -> None:
        zeros = "00000000-0000-0000-0000-000000000000"
        row = nic("web01", WEB, A, VMCheckpointId=zeros, VMCheckpointName=None, VMSnapshotId=zeros)
        assert macs(load(tmp_path, a_json=[row])) == [A]

    @pytest.mark.parametrize(
        "columns",
        [
            {"Id": guid("p"), "VMId": WEB, "SnapshotType": 1, "State": 3},
            {"Id": guid("p"), "VMId": WEB, "ParentSnapshotId": None, "ParentSnapshotName": None},
            {"Id": guid("p"), "VMId": WEB, "ParentCheckpointId": None, "ParentCheckpointName": None, "State": 2},
            {"ParentCheckpointName": "older"},
            {"ParentSnapshotName": ""},
        ],
    )
    def test_rows_of_checkpoints_are_no_vms(self, tmp_path: Path, columns: dict[str, Any]) -> None:
        point = {"ComputerName": "HV1", "VMName": "web01", "Name": "before", **columns}
        loaded = load(
            tmp_path, now_json=[nic("web01", WEB, A)], points_json=[{**point, "NetworkAdapters": [{"MacAddress": B}]}]
        )
        (seen,) = vms(loaded)
        assert macs(loaded) == [A]
        assert [item["mac"] for item in seen["checkpoints"][0]["adapters"]] == [B]
        assert loaded.problems == []

    @pytest.mark.parametrize("parent", ["ParentSnapshotId", "ParentCheckpointId"])
    def test_a_vm_that_was_made_of_a_checkpoint_is_a_vm(self, tmp_path: Path, parent: str) -> None:
        row = machine(
            "web01", VMId=WEB, VMName="web01", NetworkAdapters=[lan("lan", "web01", A)], **{parent: guid("p")}
        )
        (seen,) = vms(load(tmp_path, a_json=[row]))
        assert "checkpoints" not in seen
        assert seen["adapters"][0]["mac"] == A

    def test_one_checkpoint_in_two_files_is_one(self, tmp_path: Path) -> None:
        point = {
            "ComputerName": "HV1",
            "VMName": "web01",
            "VMId": WEB,
            "Name": "before",
            "Id": guid("p"),
            "SnapshotType": 1,
        }
        row = nic("web01", WEB, B, VMSnapshotId=None, VMSnapshotName="before")
        loaded = load(tmp_path, a_json=[nic("web01", WEB, A)], b_json=[point], c_json=[row])
        (seen,) = vms(loaded)
        (found_point,) = seen["checkpoints"]
        assert (found_point["id"], len(found_point["adapters"])) == (guid("p"), 1)
        assert loaded.problems == []


class TestAddresses:
    HEAD = "ComputerName;VMName;Name;MacAddress\n"

    @pytest.mark.parametrize(
        "cell",
        [
            f'="{A}"',
            f'"=""{A}"""',
            f"'{A}",
            f"={A}",
            "22 1D D8 00 00 01",
            " 22-1d-d8-00-00-01 ",
            "22:1D:D8:00:00:01",
            "221d.d800.0001",
            "221d-d800-0001",
            "22\u00a01D\u00a0D8\u00a000\u00a000\u00a001",
        ],
    )
    def test_what_is_beyond_doubt_is_read(self, tmp_path: Path, cell: str) -> None:
        loaded = load(tmp_path, macs_csv=f"{self.HEAD}HV1;web01;lan;{cell}\n")
        assert macs(loaded) == [A]
        assert loaded.problems == []

    @pytest.mark.parametrize(
        "cell",
        [
            "1550123456",
            "5,05612E+11",
            "5.05612E+11",
            "5,05612e+011",
            "1.550.123.456",
            "0",
            "15501234567",
            "01.02.2003",
            "2003-02-01",
            "1.Jan",
            "Jan-24",
            "12:34",
            "#NUM!",
            "########",
        ],
    )
    def test_what_a_spreadsheet_changed_is_the_files_fault(self, tmp_path: Path, cell: str) -> None:
        loaded = load(tmp_path, macs_csv=f"{self.HEAD}HV1;web01;lan;{cell}\nHV1;db01;lan;{B}\n")
        assert macs(loaded) == [B, "None"]
        assert f'a spreadsheet changed the addresses of column MacAddress, such as "{cell}"' in problems(loaded)
        assert not found("invalid-address", *loaded.documents)
        assert report(*loaded.documents)["complete"] is False

    @pytest.mark.parametrize(
        "cell", ["hello", "22-1D-D8-00-00", "22-1D-D8-00-00-0G", "221DD80000011", 1550123456, 1.5, True, {"a": 1}]
    )
    def test_what_is_no_address_is_the_files_fault(self, tmp_path: Path, cell: Any) -> None:
        loaded = load(tmp_path, a_json=[nic("web01", WEB, A, MacAddress=cell)])
        assert macs(loaded) == ["None"]
        assert "column MacAddress" in problems(loaded)
        assert not found("invalid-address", *loaded.documents)

    def test_a_number_that_lost_no_digit(self, tmp_path: Path) -> None:
        assert macs(load(tmp_path, a_json=[nic("web01", WEB, A, MacAddress=221550123456)])) == ["221550123456"]

    def test_ranges_and_cards(self, tmp_path: Path) -> None:
        text = "ComputerName;MacAddressMinimum;MacAddressMaximum\nHV1;155010000;00155D0100FF\n"
        loaded = load(tmp_path, host_csv=text)
        assert "mac_range" not in the_host(loaded)
        assert "a spreadsheet changed the addresses of column MacAddressMinimum" in problems(loaded)
        text = "SystemName;Name;InterfaceDescription;MacAddress;PermanentAddress\nHV1;NIC1;Intel;1550123456;22:1D:D8:00:00:01\n"
        loaded = load(tmp_path, host_csv=text)
        (card,) = the_host(loaded)["physical_adapters"]
        assert (card["mac"], card["permanent_mac"]) == (None, A)

    @pytest.mark.parametrize("ends", [("00155D010AFF", "00155D010A00"), ("00-15-5D-01-0A-FF", "00:15:5D:01:0A:00")])
    def test_both_ends_of_an_inverted_range_are_shown(self, tmp_path: Path, ends: tuple[str, str]) -> None:
        row = {"ComputerName": "HV1", "MacAddressMinimum": ends[0], "MacAddressMaximum": ends[1]}
        loaded = load(tmp_path, host_json=row)
        assert the_host(loaded)["mac_range"] == {"start": "00155D010AFF", "end": "00155D010A00", "source": "cmdlet"}
        evidence = one("incomplete", *loaded.documents)["evidence"]
        assert "00-15-5D-01-0A-FF" in evidence
        assert "00-15-5D-01-0A-00" in evidence

    def test_two_ranges_of_one_host_are_named(self, tmp_path: Path) -> None:
        row = {"ComputerName": "HV1", "MacAddressMinimum": "00155DE00000", "MacAddressMaximum": "00155DE000FF"}
        loaded = load(tmp_path, a_json=row, b_json={**row, "MacAddressMaximum": "00155DE001FF"})
        assert problems(loaded).count("two rows give a host different ranges") == 2
        assert load(tmp_path, b_json=row).problems == []


class TestWhoseRows:
    ROW = {"VMName": "web01", "Name": "lan", "MacAddress": A}

    @pytest.mark.parametrize(
        ("name", "host"),
        [
            ("HV1-adapters.json", "HV1"),
            ("HV1-checkpoints.json", "HV1"),
            ("HV1_vms.csv", "HV1"),
            ("hv1.contoso.local-host.json", "hv1.contoso.local"),
            ("hv1.contoso.local.json", "hv1.contoso.local"),
            ("HV1-vmnetworkadapter.json", "HV1"),
            ("HV1-network-adapters.json", "HV1"),
            ("HV1.adapters.json", "HV1"),
            ("HV1 adapters.csv", "HV1"),
            ("adapters-HV1.csv", "HV1"),
            ("Get-VMNetworkAdapter_HV1.csv", "HV1"),
            ("HV1-adapters-2026-11-20.json", "HV1"),
            ("HV1-adapters (2).json", "HV1"),
            ("site/HV1-adapters.json", "HV1"),
            ("HV1.json", "HV1"),
            ("hv-01.json", "hv-01"),
            ("host-01.csv", "host-01"),
        ],
    )
    def test_the_files_name_without_its_kind(self, tmp_path: Path, name: str, host: str) -> None:
        loaded = written(tmp_path, name, as_csv([self.ROW]) if name.endswith("csv") else [self.ROW])
        assert the_host(loaded)["host"] == {"name": host}
        assert loaded.problems == []

    @pytest.mark.parametrize(
        "name", ["adapters.json", "vms.json", "Get-VMNetworkAdapter.json", "macs 20261120.json", "what we have.json"]
    )
    def test_a_name_that_names_no_host(self, tmp_path: Path, name: str) -> None:
        loaded = written(tmp_path, name, [self.ROW, {**self.ROW, "VMName": "db01"}])
        assert the_host(loaded)["host"] == {"name": "unknown host"}
        assert "nothing says whose rows it holds" in problems(loaded)
        assert one("duplicate-address", *loaded.documents)

    @pytest.mark.parametrize("column", ["ComputerName", "PSComputerName"])
    def test_the_rows_win(self, tmp_path: Path, column: str) -> None:
        loaded = written(tmp_path, "HV7-adapters.json", [{**self.ROW, column: "HV1"}])
        assert the_host(loaded)["host"] == {"name": "HV1"}

    @pytest.mark.parametrize("cell", ["localhost", ".", "127.0.0.1", "", None])
    def test_what_any_host_calls_itself(self, tmp_path: Path, cell: str | None) -> None:
        loaded = written(tmp_path, "HV7-adapters.json", [{**self.ROW, "ComputerName": cell}])
        assert the_host(loaded)["host"] == {"name": "HV7"}

    def test_text_that_is_no_name(self, tmp_path: Path) -> None:
        loaded = written(tmp_path, "HV7-adapters.json", [{**self.ROW, "ComputerName": "my first host"}])
        assert the_host(loaded)["host"] == {"name": "HV7"}
        assert "column ComputerName holds what is no name of a host" in problems(loaded)

    def test_short_and_full_names_are_one_host(self, tmp_path: Path) -> None:
        rows = [nic("web01", WEB, A, ComputerName="hv1"), nic("db01", DB, B, ComputerName="HV1.contoso.local")]
        loaded = load(tmp_path, a_json=rows, b_json=machine("web01", ComputerName="HV1"))
        document = the_host(loaded)
        assert document["host"] == {"name": "HV1.contoso.local"}
        assert len(document["vms"]) == 2
        assert report(*loaded.documents)["summary"]["addresses"] == 2
