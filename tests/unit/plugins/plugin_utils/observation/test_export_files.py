# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported files as they are in practice: empty, joined, saved by a spreadsheet, cut off; and no address is ever lost."""

from __future__ import annotations

import codecs
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.load import EMPTY, Loaded, load_directory
from tests.unit.plugins.plugin_utils.observation.documents import found, guid, host, one, report
from tests.unit.plugins.plugin_utils.observation.exported import (
    adapters,
    as_csv,
    carried,
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

WEB, DB = guid("web01"), guid("db01")
A, B, C = "221DD8000001", "221DD8000002", "221DD8000003"
HEAD = '"ComputerName","VMName","Name","MacAddress"\r\n'
TYPE = "#TYPE Selected.Microsoft.HyperV.PowerShell.VMNetworkAdapter\r\n"


def line(host: str, vm: str, mac: str) -> str:
    """Return a row of the columns of HEAD."""
    return f'"{host}","{vm}","Network Adapter","{mac}"\r\n'


class TestEmpty:
    @pytest.mark.parametrize("kind", ["json", "csv"])
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            codecs.BOM_UTF8,
            codecs.BOM_UTF16_LE,
            codecs.BOM_UTF16_BE,
            b"\r\n",
            b" \n\t\n",
            codecs.BOM_UTF8 + b"\r\n",
            b"\x1a",
        ],
    )
    def test_nothing_at_all(self, tmp_path: Path, kind: str, data: bytes) -> None:
        loaded = written(tmp_path, f"HV1-checkpoints.{kind}", data)
        assert loaded.files == [{"file": f"HV1-checkpoints.{kind}", "used": EMPTY, "problem": None}]

    @pytest.mark.parametrize(
        "text", ["[]", "[ ]\r\n", "null", '""', "[[]]", '{"value": [], "Count": 0}', '{"$values": []}']
    )
    def test_nothing_in_a_list(self, tmp_path: Path, text: str) -> None:
        assert written(tmp_path, "HV1-checkpoints.json", text).problems == []

    @pytest.mark.parametrize(
        "text",
        [HEAD, TYPE, TYPE + HEAD, "sep=;\r\n", "sep=;\r\nComputerName;VMName;MacAddress\r\n", HEAD + "\r\n,,,\r\n"],
    )
    def test_nothing_below_the_columns(self, tmp_path: Path, text: str) -> None:
        loaded = written(tmp_path, "HV1-adapters.csv", text)
        assert loaded.files[0]["used"] == EMPTY
        assert loaded.problems == []

    @pytest.mark.parametrize(
        "name", ["HV1-vms.json", "HV1-adapters.json", "HV1-checkpoints.json", "HV1-own.json", "HV1-cards.csv"]
    )
    def test_it_proves_no_absence(self, tmp_path: Path, name: str) -> None:
        loaded = written(tmp_path, name, "")
        assert the_host(loaded) == {"schema": 1, "kind": "hyperv_host", "host": {"name": "HV1"}}
        finding = one("incomplete", *loaded.documents)
        assert "its VMs were not read" in finding["evidence"]
        assert "could not be used" not in finding["evidence"]

    def test_beside_the_hosts_other_files_it_adds_nothing(self, tmp_path: Path) -> None:
        written(tmp_path, "HV1-checkpoints.json", codecs.BOM_UTF8)
        loaded = load(tmp_path, adapters_json=[nic("web01", WEB, A)])
        assert "checkpoints" not in vms(loaded)[0]
        assert not [item for item in found("incomplete", *loaded.documents) if "could not be used" in item["evidence"]]

    def test_beside_the_hosts_own_observation_it_takes_nothing_away(self, tmp_path: Path) -> None:
        written(tmp_path, "hv1-vms.json", "")
        loaded = load(tmp_path, own_json=host("hv1.corp.example"))
        assert not found("incomplete", *loaded.documents)
        assert report(*loaded.documents)["complete"] is True

    @pytest.mark.parametrize("name", ["checkpoints.json", "notes.json", "x.csv"])
    def test_a_name_that_names_no_host_makes_none(self, tmp_path: Path, name: str) -> None:
        assert hosts(written(tmp_path, name, "")) == []


class TestJoinedCsv:
    @pytest.mark.parametrize(
        "again",
        [
            HEAD,
            TYPE + HEAD,
            "\r\n" + TYPE + HEAD,
            "\ufeff" + HEAD,
            "\ufeff" + TYPE + HEAD,
            HEAD.lower(),
            "sep=,\r\n" + HEAD,
        ],
    )
    def test_with_its_header_again(self, tmp_path: Path, again: str) -> None:
        text = TYPE + HEAD + line("HV1", "web01", A) + again + line("HV2", "db01", B) + "\x1a"
        loaded = load(tmp_path, all_csv=text)
        assert [document["host"]["name"] for document in hosts(loaded)] == ["HV1", "HV2"]
        assert macs(loaded) == [A, B]
        assert loaded.problems == []

    def test_many_times(self, tmp_path: Path) -> None:
        parts = [TYPE + HEAD + line(f"HV{number}", f"vm{number}", f"221DD80000{number:02d}") for number in range(20)]
        loaded = load(tmp_path, all_csv="".join(parts))
        assert (len(hosts(loaded)), len(adapters(loaded))) == (20, 20)

    @pytest.mark.parametrize(
        "other",
        [
            f"ComputerName;VMName;MacAddress\nHV2;db01;{B}\n",
            f"MacAddress,VMName,ComputerName\n{B},db01,HV2\n",
            f"#TYPE x\nComputerName\tVMName\tMacAddress\nHV2\tdb01\t{B}\n",
            f"sep=;\nComputerName;VMName;MacAddress\nHV2;db01;{B}\n",
            f'"ComputerName";"VMName";"Notes";"MacAddress"\n"HV2";"db01";"a, ""b""\nc";"{B}"\n',
        ],
    )
    def test_with_the_header_of_another_export(self, tmp_path: Path, other: str) -> None:
        loaded = load(tmp_path, all_csv=HEAD + line("HV1", "web01", A) + other)
        assert macs(loaded) == [A, B]
        assert [document["host"]["name"] for document in hosts(loaded)] == ["HV1", "HV2"]
        assert loaded.problems == []

    def test_vms_and_adapters_in_one_file(self, tmp_path: Path) -> None:
        text = f"ComputerName,Id,Name,State\nHV1,{WEB},web01,Off\n" + HEAD + line("HV1", "web01", A)
        (seen,) = vms(load(tmp_path, all_csv=text))
        assert (seen["id"], seen["state"], seen["adapters"][0]["mac"]) == (WEB, "Off", A)

    @pytest.mark.parametrize("sep", ["sep=;\r\n", '"sep=;"\r\n', "SEP=;\n", "\ufeffsep=;\n"])
    def test_with_a_line_for_the_spreadsheet(self, tmp_path: Path, sep: str) -> None:
        assert macs(load(tmp_path, all_csv=f"{sep}ComputerName;VMName;MacAddress\nHV1;web01;{A}\n")) == [A]

    @pytest.mark.parametrize(
        "end",
        [
            "Total: 2\n",
            "2 VMs;;;\n",
            ";;;2 adapters\n",
            "\n\n",
            ";;;\n",
            "(2 rows)\n",
            "Total;;;2\n",
            "Total;2;;\n",
            "Summe;;2;\n",
        ],
    )
    def test_lines_below_the_rows_are_no_hosts_and_no_vms(self, tmp_path: Path, end: str) -> None:
        text = f"ComputerName;VMName;Name;MacAddress\nHV1;web01;lan;{A}\nHV1;db01;lan;{B}\n{end}"
        loaded = load(tmp_path, all_csv=text)
        assert the_host(loaded)["host"] == {"name": "HV1"}
        assert macs(loaded) == [A, B]
        assert len(vms(loaded)) == 2

    def test_a_title_above_the_columns(self, tmp_path: Path) -> None:
        assert macs(load(tmp_path, all_csv="Adapters of today\n" + HEAD + line("HV1", "web01", A))) == [A]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (f"HV1,web01,lan,{A}\n", "no line with the names of the columns"),
            (f"HV1,web01,lan,{A}\nHV1,db01,lan,{B}\n", "no line with the names of the columns"),
            (f"ComputerName,VMName,MacAddress,MacAddress\nHV1,web01,{A},{B}\n", "two columns macaddress"),
            (f"ComputerName,VMName,MacAddress\nHV1,web, 01,{A}\n", "more fields than there are columns"),
            (f"ComputerName,VMName,,MacAddress\nHV1,web01,{A},{B}\n", "more fields than there are columns"),
            (HEAD + line("HV1", "web01", A) + '"HV1","db', "not valid CSV"),
            (HEAD + line("HV1", "web01", A) + '"HV1","db01"', "none of the known exports"),
            (f"ComputerName;VMName;Name;MacAddress\nHV1;web01;lan;{A}\nHV1;db01;lan;221D", "no MAC address"),
        ],
    )
    def test_what_cannot_be_read_is_named(self, tmp_path: Path, text: str, words: str) -> None:
        loaded = load(tmp_path, all_csv=text)
        assert words in problems(loaded)
        assert {A, B} - {address for address in (A, B) if address in text} | set(macs(loaded)) <= {A, B, "None"}

    def test_what_comes_before_a_broken_line_is_used(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, all_csv=HEAD + line("HV1", "web01", A) + '"HV1","db')
        assert macs(loaded) == [A]
        assert "the other 1 entry was used" in problems(loaded)


class TestJoinedJson:
    ROWS = [nic("web01", WEB, A), nic("db01", DB, B)]

    @pytest.mark.parametrize(
        "text",
        [
            "\n".join(json.dumps(row) for row in ROWS),
            "".join(json.dumps(row, indent=4) for row in ROWS),
            "\r\n\ufeff".join(json.dumps([row]) for row in ROWS) + "\x1a",
            json.dumps(ROWS[:1]) + json.dumps(ROWS[1]),
            json.dumps([[ROWS[0]], [ROWS[1]]]),
            json.dumps({"$id": "1", "$values": ROWS}),
            json.dumps({"value": ROWS, "Count": 2}),
            json.dumps([{"value": ROWS, "Count": 2}]),
            "[]\n" + json.dumps(ROWS),
        ],
    )
    def test_several_documents_are_read(self, tmp_path: Path, text: str) -> None:
        loaded = load(tmp_path, all_json=text)
        assert macs(loaded) == [A, B]
        assert loaded.problems == []

    @pytest.mark.parametrize("name", ["all.jsonl", "all.ndjson"])
    def test_lines_of_json(self, tmp_path: Path, name: str) -> None:
        written(tmp_path, name, "\n".join(json.dumps(row) for row in self.ROWS))
        assert macs(load_directory(tmp_path)) == [A, B]

    @pytest.mark.parametrize("end", ["{", ', {"VMName": "db', "[", "oops", "]"])
    def test_what_comes_before_a_broken_place_is_used(self, tmp_path: Path, end: str) -> None:
        loaded = load(tmp_path, all_json=json.dumps(self.ROWS)[: -1 if end.startswith(",") else None] + end)
        assert macs(loaded) == [A, B]
        assert "it is not valid JSON" in problems(loaded)

    def test_a_list_that_is_shorter_than_it_says(self, tmp_path: Path) -> None:
        loaded = load(tmp_path, all_json={"value": self.ROWS, "Count": 3})
        assert macs(loaded) == [A, B]
        assert "it holds 2 of 3 elements" in problems(loaded)

    @pytest.mark.parametrize("row", ["Microsoft.HyperV.PowerShell.VMNetworkAdapter", "System.Object[]"])
    def test_rows_that_were_cut_off(self, tmp_path: Path, row: str) -> None:
        assert "it holds a str" in problems(load(tmp_path, all_json=[self.ROWS[0], row]))


class TestEncodings:
    def test_parts_in_different_encodings(self, tmp_path: Path) -> None:
        text = HEAD + line("HV1", "web01", A)
        loaded = written(tmp_path, "a.csv", text.encode() + text.encode("utf-16-le"))
        assert "different encodings" in problems(loaded)

    @pytest.mark.parametrize("encoding", ["cp1252", "cp850"])
    def test_the_code_page_of_a_country(self, tmp_path: Path, encoding: str) -> None:
        loaded = written(tmp_path, "a.csv", (HEAD + line("HV1", "Büro", A)).encode(encoding))
        assert "export it with -Encoding utf8" in problems(loaded)

    @pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods"])
    def test_a_spreadsheet_itself(self, tmp_path: Path, name: str) -> None:
        written(tmp_path, "hv1.json", host("hv1"))
        assert f"{name}: it is a spreadsheet: save it as CSV" in problems(written(tmp_path, name, b"PK"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_export_clixml_wrote_is_named(tmp_path: Path, encoding: str) -> None:
    written(tmp_path, "hv1.json", host("hv1"))
    written(tmp_path, "report.xml", '<?xml version="1.0"?><testsuites/>')
    text = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"/>'
    loaded = written(tmp_path, "vms.xml", text.encode(encoding))
    assert loaded.problems == ["vms.xml: Export-Clixml wrote it: export with ConvertTo-Json"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900 + "]" * 900,
        '{"$values":[' * 400 + "]}" * 400,
        '[{"Name":"x","State":2,"Id":"y","NetworkAdapters":' + '{"value":' * 900 + "1" + "}" * 902 + "]",
    ],
)
def test_deep_nesting_is_survived(tmp_path: Path, text: str) -> None:
    json.dumps(report(*written(tmp_path, "HV1.json", text).documents))


def test_all_faults_of_a_file_are_counted(tmp_path: Path) -> None:
    odd = {"IsManagementOs": "?", "Connected": "?", "DynamicMacAddressEnabled": "?", "MacAddress": "0"}
    assert "; and 1 more fault; the rest was used" in problems(load(tmp_path, a_json=[nic("web01", WEB, A, **odd)]))


def test_what_a_file_says_is_data(tmp_path: Path) -> None:
    loaded = load(tmp_path, a_json=[nic("web01", WEB, A, Connected="\x1b[31m\u202e" + "x" * 500)])
    (words,) = loaded.problems
    assert words.isprintable()
    assert len(words) < 450


# Whatever comes in, no address is lost

NAMES = ("web01", "WEB01", "db01", "B?ro", "", None)
MACS = (
    A,
    B,
    C,
    "000000000000",
    "22-1D-D8-00-00-01",
    '="221DD8000002"',
    "22 1D D8 00 00 03",
    "1550123456",
    "5,05E+11",
    "x",
    "",
    None,
)
WORDS = (True, False, "WAHR", "FALSCH", "On", "", None, "perhaps", 0, 1)
IDS = (WEB, DB, "", None)


@st.composite
def a_row(draw: st.DrawFn) -> dict[str, Any]:
    """Return a row of any of the exports, with cells missing, empty and odd."""
    name, mac = draw(st.sampled_from(NAMES)), draw(st.sampled_from(MACS))
    kinds: dict[str, dict[str, Any]] = {
        "adapter": {
            "VMName": name,
            "VMId": draw(st.sampled_from(IDS)),
            "Id": draw(
                st.sampled_from(["", "x\\y", f"Microsoft:{WEB}\\A", f"Microsoft:{DB}\\A", f"Microsoft:{guid('p')}\\A"])
            ),
            "Name": draw(st.sampled_from(["lan", "wan", ""])),
            "MacAddress": mac,
            "IsManagementOs": draw(st.sampled_from(WORDS)),
            "DynamicMacAddressEnabled": draw(st.sampled_from(WORDS)),
            "VMSnapshotId": draw(st.sampled_from([None, guid("p")])),
            "VMCheckpointName": draw(st.sampled_from([None, "before"])),
        },
        "vm": {
            "Name": name,
            "Id": draw(st.sampled_from(IDS)),
            "State": draw(st.sampled_from([2, 3, "Running", "Off", "", None])),
            "MacAddress": draw(st.sampled_from([mac, [mac], [A, B]])),
            "NetworkAdapters": draw(
                st.sampled_from([None, [], [{"MacAddress": mac}], {"value": [{"MacAddress": mac}], "Count": 1}])
            ),
        },
        "card": {"SystemName": "HV1", "Name": "NIC1", "InterfaceDescription": "Intel", "MacAddress": mac},
    }
    columns = kinds[draw(st.sampled_from(["adapter", "adapter", "adapter", "vm", "card"]))]
    kept = draw(st.sets(st.sampled_from(sorted(columns)), min_size=2))
    row = {key: value for key, value in columns.items() if key in kept or key == "MacAddress"}
    return {**row, "ComputerName": draw(st.sampled_from(["HV1", "hv1.corp.example", "HV2", "", None]))}


def addresses_in(value: object) -> set[str]:
    """Return the addresses in cells, however they are written."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(addresses_in, value))
    bare = "".join(char for char in str(value) if char.isalnum()).upper()
    return {bare} & {A, B, C}


def told(loaded: Loaded) -> set[str]:
    """Return the addresses that the documents give to anything."""
    return {address for document in hosts(loaded) for address in carried(document)}


def told_of(loaded: Loaded) -> tuple[list[str], list[str]]:
    """Return what is said of VMs and of their adapters, in an order of their own."""
    known = [{key: seen.get(key) for key in ("id", "name", "state")} for seen in vms(loaded)]
    return sorted(map(json.dumps, known)), sorted(json.dumps(item, sort_keys=True) for item in adapters(loaded))


def save(directory: Path, files: Sequence[Sequence[dict[str, Any]]], kind: str) -> Loaded:
    """Write each list of rows into a file of its own and load them all; the names tell no host."""
    for old in directory.iterdir():
        old.unlink()
    for number, rows in enumerate(files):
        nested = any(isinstance(value, (list, dict)) for row in rows for value in row.values())
        columns = dict.fromkeys(key for row in rows for key in row)
        whole = [{key: row.get(key) for key in columns} for row in rows]
        if kind == "csv" and rows and not nested:
            (directory / f"{number}.csv").write_text(as_csv(whole), "utf-8")
        else:
            (directory / f"{number}.json").write_text(json.dumps(list(rows)), "utf-8")
    return load_directory(directory)


@given(st.lists(a_row(), min_size=1, max_size=6), st.sampled_from(["csv", "json"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_address_is_in_a_document_or_its_file_is_named(
    tmp_path: Path, rows: list[dict[str, Any]], kind: str
) -> None:
    loaded = save(tmp_path, [rows], kind)
    missing = addresses_in(rows) - told(loaded)
    assert not missing or loaded.problems, missing
    assert "" not in [seen["name"] for seen in vms(loaded)]


@given(st.lists(st.lists(a_row(), min_size=1, max_size=4), min_size=1, max_size=3), st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_order_of_files_and_rows_does_not_matter(
    tmp_path: Path, files: list[list[dict[str, Any]]], draw: random.Random
) -> None:
    first = save(tmp_path, files, "json")
    mixed = [draw.sample(rows, len(rows)) for rows in draw.sample(files, len(files))]
    second = save(tmp_path, mixed, "json")
    assert sorted(carried(hosts(first))) == sorted(carried(hosts(second)))
    assert told_of(first) == told_of(second)
    assert len(first.problems) == len(second.problems)


@given(
    st.lists(st.tuples(st.sampled_from(NAMES[:4]), st.sampled_from([A, B, C])), min_size=2, max_size=6), st.booleans()
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_repeated_address_is_found(tmp_path: Path, pairs: list[tuple[str, str]], listed: bool) -> None:
    """Whatever the rows without ids are called, and whether or not a list of VMs says who is who."""
    rows = [{"ComputerName": "HV1", "VMName": name, "Name": "lan", "MacAddress": mac} for name, mac in pairs]
    names = dict.fromkeys(name for name, _mac in pairs)
    files = [rows, [machine(name) for name in names]] if listed else [rows]
    loaded = save(tmp_path, files, "csv")
    repeated = {mac for mac in (A, B, C) if sum(mac == other for _name, other in pairs) > 1}
    assert {finding["addresses"][0] for finding in found("duplicate-address", *loaded.documents)} == repeated
