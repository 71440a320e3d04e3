# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters, through the templar and the collection loader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.utils.unsafe_proxy import wrap_var
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._mac import FORMATS, MAX_ADDRESS, format_mac

Render = Callable[..., Any]
Fails = Callable[..., str]
INVENTORY = """
bare: "00155d010a05"
dashed: 00-15-5D-01-0A-05
octal: 001550000000
base60: 12:34:56:12:34:56
number: 5
ranges:
  - {start: "22-1D-D8-00-00-80", end: "22-1D-D8-00-00-FF", note: ignored}
  - {start: "221dd8000000", size: 128}
  - {start: "22:1D:D8:00:02:00", size: "{{ 2 ** 8 }}"}
late: "{{ dashed }}"
"""


@pytest.fixture(scope="module")
def inventory(from_yaml: Callable[[str], Any]) -> dict[str, Any]:
    return dict(from_yaml(INVENTORY))


# mac


def test_mac_writes_hyperv_form_unless_told(render: Render, inventory: dict[str, Any]) -> None:
    for name in ("bare", "dashed", "late"):
        result = render(f"{{{{ {name} | macpool.hyperv.mac }}}}", **inventory)
        assert result == "00155D010A05"
        assert isinstance(result, str)


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_mac_writes_each_form(render: Render, form: str) -> None:
    expected = format_mac(0x00155D010A05, form)
    assert render("{{ '0015.5D01.0a05' | macpool.hyperv.mac(form) }}", form=form) == expected
    assert render("{{ ['0015.5D01.0a05'] | map('macpool.hyperv.mac', format=form) }}", form=form) == [expected]


@pytest.mark.parametrize("name", ["octal", "base60"])
def test_mac_refuses_what_yaml_made_a_number_of(fails: Fails, inventory: dict[str, Any], name: str) -> None:
    message = fails(f"{{{{ {name} | macpool.hyperv.mac }}}}", **inventory)
    assert "Quote it" in message
    assert str(inventory[name]) in message


@pytest.mark.parametrize("value", ["", "dynamic", "00-15-5D-01-0A", "00-15-5D:01:0A:05", None, True, ["00155D010A05"]])
def test_mac_refuses_what_is_no_address(fails: Fails, value: object) -> None:
    assert "expected a MAC address as AA-BB-CC-DD-EE-FF" in fails("{{ value | macpool.hyperv.mac }}", value=value)


def test_mac_says_each_thing_once(fails: Fails) -> None:
    assert fails("{{ 'x' | macpool.hyperv.mac }}").count("expected a MAC address") == 1


def test_mac_refuses_an_unknown_format(fails: Fails) -> None:
    message = fails("{{ '00155D010A05' | macpool.hyperv.mac('cisco') }}")
    assert "expected one of hyperv, dash, colon, dot, linux, but found 'cisco'" in message


# mac_add


@given(st.integers(0, MAX_ADDRESS), st.integers(-(1 << 41), 1 << 41))
def test_mac_add_counts_within_the_first_octet(render: Render, fails: Fails, address: int, number: int) -> None:
    template = "{{ address | macpool.hyperv.mac_add(number) }}"
    given_values = {"address": format_mac(address, "colon"), "number": number}
    if address >> 40 == (address + number) >> 40:
        assert render(template, **given_values) == format_mac(address + number)
    else:
        message = fails(template, **given_values)
        assert f"adding {number} would leave the block {address >> 40:02X}-xx-xx-xx-xx-xx" in message


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("FF-FF-FF-FF-FF-FF", 1),
        ("00-00-00-00-00-00", -1),
        ("22-FF-FF-FF-FF-FF", 1),
        ("22-00-00-00-00-00", -1),
        ("22-00-00-00-00-00", 1 << 63),
    ],
)
def test_mac_add_refuses_to_overflow(fails: Fails, address: str, number: int) -> None:
    assert f"adding {number} would leave the block {address[:2]}-xx-xx-xx-xx-xx" in fails(
        "{{ address | macpool.hyperv.mac_add(number) }}", address=address, number=number
    )


@pytest.mark.parametrize("number", ["5", "-5", 5])
def test_mac_add_takes_numbers_that_templates_made_text_of(render: Render, number: object) -> None:
    expected = format_mac(0x221DD8000010 + int(str(number)))
    assert render("{{ '221DD8000010' | macpool.hyperv.mac_add(number) }}", number=number) == expected


@pytest.mark.parametrize("number", [1.0, "1.5", "", "0x10", True, None, "9" * 5000, "٣"])
def test_mac_add_refuses_what_is_no_whole_number(fails: Fails, number: object) -> None:
    assert "expected a whole number" in fails("{{ '221DD8000010' | macpool.hyperv.mac_add(number) }}", number=number)


# mac_ranges


def test_mac_ranges_merges_and_sorts(render: Render, inventory: dict[str, Any]) -> None:
    assert render("{{ ranges | macpool.hyperv.mac_ranges }}", **inventory) == [
        {"start": "221DD8000000", "end": "221DD80000FF", "size": 256},
        {"start": "221DD8000200", "end": "221DD80002FF", "size": 256},
    ]


def test_mac_ranges_reads_its_own_answer(render: Render, inventory: dict[str, Any]) -> None:
    first = render("{{ ranges | macpool.hyperv.mac_ranges }}", **inventory)
    by_end = [{key: item[key] for key in ("start", "end")} for item in first]
    by_size = [{key: item[key] for key in ("start", "size")} for item in first]
    for ranges in (by_end, by_size):
        assert render("{{ ranges | macpool.hyperv.mac_ranges }}", ranges=ranges) == first


def test_mac_ranges_of_nothing_is_nothing(render: Render) -> None:
    assert render("{{ [] | macpool.hyperv.mac_ranges }}") == []


def test_mac_ranges_takes_what_other_filters_pass_on(render: Render, inventory: dict[str, Any]) -> None:
    assert len(render("{{ ranges | selectattr('size', 'defined') | macpool.hyperv.mac_ranges }}", **inventory)) == 2


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ("221DD8000000", "ranges: expected a list of mappings"),
        ({"start": "221DD8000000", "size": 1}, "ranges: expected a list of mappings"),
        (5, "ranges: expected a list of mappings"),
        (None, "ranges: expected a list of mappings"),
        ([{"start": "221DD8000000", "size": 1}, "x"], "ranges[1]: expected a mapping of start"),
        ([{"start": "221DD8000000"}], "ranges[0]: expected a mapping of start"),
        ([{"start": "221DD8000000", "end": "221DD7000000"}], "ranges[0]: expected a start that is not above the end"),
        ([{"start": "231DD8000000", "size": 1}], "ranges[0].start: expected an individual (unicast) address"),
        ([{"start": "221DD8000000", "size": 1 << 41}], "the multicast address 23-00-00-00-00-00"),
    ],
)
@pytest.mark.parametrize("name", ["mac_ranges", "mac_overlaps"])
def test_a_broken_range_is_named(fails: Fails, name: str, ranges: object, words: str) -> None:
    named = ranges
    if isinstance(ranges, list):
        named = [{**item, "name": "a"} if isinstance(item, dict) else item for item in ranges]
    assert words in fails(f"{{{{ ranges | macpool.hyperv.{name} }}}}", ranges=named)


# mac_overlaps


def test_mac_overlaps_names_each_stretch_and_all_who_share_it(render: Render) -> None:
    ranges = [
        {"name": "hv1", "start": "00155D0A0500", "size": 256},
        {"name": "hv2", "start": "00155D0A0500", "end": "00155D0A05FF"},
        {"name": "hv3", "start": "00-15-5D-0A-05-80", "size": 256},
        {"name": "hv4", "start": "00-15-5D-0A-06-80", "size": 128},
    ]
    assert render("{{ ranges | macpool.hyperv.mac_overlaps }}", ranges=ranges) == [
        {"start": "00155D0A0500", "end": "00155D0A057F", "size": 128, "names": ["hv1", "hv2"]},
        {"start": "00155D0A0580", "end": "00155D0A05FF", "size": 128, "names": ["hv1", "hv2", "hv3"]},
    ]


def test_mac_overlaps_of_disjoint_ranges_is_nothing(render: Render) -> None:
    ranges = [{"name": "a", "start": "221DD8000000", "size": 16}, {"name": "b", "start": "221DD8000010", "size": 16}]
    assert render("{{ ranges | macpool.hyperv.mac_overlaps }}", ranges=ranges) == []


def test_a_hostile_name_stays_text(render: Render) -> None:
    """A name that a module returned is no template: neither when it is read nor when the answer is used again."""
    name = wrap_var("{{ 6 * 7 }}<script>")
    ranges = [{"name": name, "start": "221DD8000000", "size": 1}] * 2
    (overlap,) = render("{{ ranges | macpool.hyperv.mac_overlaps }}", ranges=ranges)
    assert overlap["names"] == [name, name]
    assert render("{{ kept.names | join }}", kept=overlap) == name + name


@pytest.mark.parametrize("name", [None, "", 5])
def test_mac_overlaps_wants_names(fails: Fails, name: object) -> None:
    ranges = [{"name": name, "start": "221DD8000000", "size": 1}]
    assert "ranges[0].name: expected a name" in fails("{{ ranges | macpool.hyperv.mac_overlaps }}", ranges=ranges)


# plain


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("web\n01", r"web\n01"),
        ("web\r\n01", r"web\r\n01"),
        ("web\u2028\u0085\x0b01", r"web\u2028\x85\x0b01"),
        ("\x1b[2Jweb01\x9b", r"\x1b[2Jweb01\x9b"),
        ("web\u202e10\u2066\u200e", r"web\u202e10\u2066\u200e"),
        (
            "{{ 7 * 7 }} <b> \"'\\ \u00dcn\u00ef \u6f22 \U0001f600",
            "{{ 7 * 7 }} <b> \"'\\ \u00dcn\u00ef \u6f22 \U0001f600",
        ),
        (None, "None"),
        (["a\nb"], r"['a\nb']"),
    ],
)
def test_a_plain_name_has_no_line_breaks_and_controls_nothing(render: Render, name: object, shown: str) -> None:
    assert str(render("name: {{ name | macpool.hyperv.plain }}", name=wrap_var(name))) == f"name: {shown}"


def test_a_plain_name_is_not_longer_than_asked_for(render: Render, fails: Fails) -> None:
    assert len(render("{{ name | macpool.hyperv.plain }}", name="a" * 5000)) == 1024
    assert render("{{ 'abcdef' | macpool.hyperv.plain(5) }}") == "ab..."
    assert "longest: expected a whole number from 3 to" in fails("{{ 'abcdef' | macpool.hyperv.plain(2) }}")


# What is undefined


@pytest.mark.parametrize(
    "template",
    [
        "{{ nope | macpool.hyperv.mac }}",
        "{{ '00155D010A05' | macpool.hyperv.mac(nope) }}",
        "{{ '00155D010A05' | macpool.hyperv.mac(format=nope) }}",
        "{{ '00155D010A05' | macpool.hyperv.mac_add(nope) }}",
        "{{ nope | macpool.hyperv.mac_ranges }}",
        "{{ [{'start': nope, 'size': 1}] | macpool.hyperv.mac_ranges }}",
        "{{ nope | macpool.hyperv.mac_overlaps }}",
        "{{ nope | macpool.hyperv.plain }}",
    ],
)
def test_the_variable_that_is_undefined_is_named(fails: Fails, template: str) -> None:
    assert "nope" in fails(template)


def test_default_still_works_behind_a_filter(render: Render) -> None:
    assert render("{{ nope | macpool.hyperv.mac | default('none yet') }}") == "none yet"
