# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One address: which texts are one, and how it is printed."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import (
    FORMATS,
    MAX_ADDRESS,
    QUOTE_IT,
    Interval,
    all_formats,
    format_mac,
    is_administrators_own,
    is_local,
    is_mac,
    is_multicast,
    parse_count,
    parse_interval,
    parse_mac,
    parse_unicast,
)

addresses = st.integers(0, MAX_ADDRESS)
unicast = addresses.map(lambda address: address & ~(1 << 40)).filter(bool)
HEX = "0123456789abcdefABCDEF"


def spelled(address: int, separator: str, width: int, upper: bool) -> str:
    digits = f"{address:012X}" if upper else f"{address:012x}"
    return separator.join(digits[at : at + width] for at in range(0, 12, width))


forms = st.sampled_from([("", 12), ("-", 2), (":", 2), (".", 4)])


# Reading


@given(addresses, forms, st.booleans())
def test_every_accepted_form_is_read(address: int, form: tuple[str, int], upper: bool) -> None:
    text = spelled(address, *form, upper)
    assert parse_mac(text) == address
    assert is_mac(text)


@given(addresses, forms, st.lists(st.booleans(), min_size=17, max_size=17))
def test_case_may_change_from_digit_to_digit(address: int, form: tuple[str, int], case: list[bool]) -> None:
    text = spelled(address, *form, True)
    text = "".join(letter.lower() if lower else letter for letter, lower in zip(text, case, strict=False))
    assert parse_mac(text) == address


def accepted_by_hand(text: str) -> bool:
    """Accept what the manual says, written without a regular expression."""
    for separator, count in (("", 1), ("-", 6), (":", 6), (".", 3)):
        parts = text.split(separator) if separator else [text]
        if len(parts) == count and all(len(part) == 12 // count and set(part) <= set(HEX) for part in parts):
            return True
    return False


@given(st.text(alphabet="0123456789abcdefABCDEF-:. _xg\n\u0660", max_size=20))
def test_nothing_else_is_read(text: str) -> None:
    assert is_mac(text) == accepted_by_hand(text)


@given(addresses, forms, st.data())
def test_one_wrong_character_anywhere_is_refused(address: int, form: tuple[str, int], data: st.DataObject) -> None:
    text = spelled(address, *form, True)
    at = data.draw(st.integers(0, len(text) - 1))
    wrong = text[:at] + data.draw(st.sampled_from("GgxX_ \n\t\u0665\uff11\u2010,;/")) + text[at + 1 :]
    assert not is_mac(wrong)
    with pytest.raises(MacPoolError):
        parse_mac(wrong)


LOOK_ALIKES = [
    "",
    " ",
    "0",
    "00155D010A0",  # 11 digits
    "00155D010A055",  # 13 digits
    "0:15:5d:1:a:5",  # netaddr reads this one, and the next three
    "00-15-5D-FF-FE-01-0A-05",  # EUI-64
    "00155DFFFE010A05",
    "00155D:010A05",
    "0x00155D010A05",
    "0x155D010A05",
    " 00155D010A05",
    "00155D010A05 ",
    "00155D010A05\n",
    "00155D010A05\x00",
    "00-15-5D:01:0A:05",  # mixed separators
    "00-15-5D-01-0A:05",
    "0015.5d01-0a05",
    "0015-5d01-0a05",
    "0015:5d01:0a05",
    "001.55D.010.A05",
    "00.15.5D.01.0A.05",
    "00-15-5D-01-0A-",
    "-00-15-5D-01-0A-05",
    "00--15-5D-01-0A-05",
    "00_15_5D_01_0A_05",
    "001_55D_010A_05",
    "00155D_010A05",
    "+0155D010A05",
    "-0155D010A05",
    "00155D010A0O",  # letter O
    "0015 5D01 0A05",
    "٠٠١٥٥٠٠١٠٠٠٥",  # Arabic-Indic digits: str.isdigit() and int() take them
    "００１５５Ｄ０１０Ａ０５",  # full-width digits
    "00\u201015\u20105D\u201001\u20100A\u201005",  # hyphens that are no ASCII dash
    "00-15-5D-01-0A-05..00-15-5D-01-0A-06",
    "{{ mac }}",
    "FF:FF:FF:FF:FF:FF:FF",
]


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_are_refused(text: str) -> None:
    assert not is_mac(text)
    with pytest.raises(MacPoolError) as caught:
        parse_mac(text, "the MAC of web01")
    assert caught.value.subject == "the MAC of web01"
    assert repr(text) in caught.value.found


@pytest.mark.parametrize(
    "value", [None, True, False, 0, 228589568, 1.5, b"00155D010A05", ["00155D010A05"], {}, object()]
)
def test_only_text_is_an_address(value: object) -> None:
    assert not is_mac(value)
    with pytest.raises(MacPoolError):
        parse_mac(value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12:34:56:12:34:56", 9783981296),  # base 60
        ("001550000000", 228589568),  # octal
        ("221018000000", 221018000000),
        ("0b0000000001", 1),
    ],
)
def test_an_address_that_yaml_made_a_number_of_is_refused_with_quote_it(written: str, read: int) -> None:
    value = yaml.safe_load(f"mac: {written}")["mac"]
    assert value == read, "the trap that this test is about"
    with pytest.raises(MacPoolError) as caught:
        parse_mac(value)
    assert caught.value.remedy == QUOTE_IT
    assert str(read) in caught.value.found
    # A string option of a module, or a template, makes text of it; only 12 digits can still be meant.
    if len(str(read)) != 12:
        with pytest.raises(MacPoolError) as caught:
            parse_mac(str(read))
        assert caught.value.remedy == QUOTE_IT
    assert parse_mac(yaml.safe_load(f'mac: "{written}"')["mac"]) == parse_mac(written)


@given(st.text(alphabet="01234567", min_size=12, max_size=12), st.sampled_from(["", "-", ":", "."]))
@example("001550000000", "")
@example("125555555555", ":")
@example("123456123456", ":")
def test_no_unquoted_address_is_ever_read_as_another_one(digits: str, separator: str) -> None:
    """Octal and base 60 numbers are shorter than 12 digits, so that their text is never an address either."""
    width = {"": 12, ".": 4}.get(separator, 2)
    written = separator.join(digits[at : at + width] for at in range(0, 12, width))
    value = yaml.safe_load(f"mac: {written}")["mac"]
    if is_mac(str(value)):
        assert parse_mac(str(value)) == parse_mac(written)


def test_an_inventory_in_ini_form_can_make_infinity_of_an_address() -> None:
    with pytest.raises(MacPoolError) as caught:
        parse_mac(float("22e100000000"))
    assert caught.value.remedy == QUOTE_IT


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(MacPoolError) as caught:
        parse_mac("A" * 100_000)
    assert len(str(caught.value)) < 500


def test_a_hostile_value_stays_on_one_line() -> None:
    with pytest.raises(MacPoolError) as caught:
        parse_mac("x\n\x1b[31m\u202e00155D010A05")
    assert str(caught.value).isprintable()


# Printing


def test_the_formats_are_these() -> None:
    assert all_formats(0x00155D010A05) == {
        "hyperv": "00155D010A05",
        "dash": "00-15-5D-01-0A-05",
        "colon": "00:15:5D:01:0A:05",
        "dot": "0015.5d01.0a05",
        "linux": "00:15:5d:01:0a:05",
    }


@given(addresses, st.sampled_from(sorted(FORMATS)))
def test_formats_round_trip(address: int, form: str) -> None:
    assert parse_mac(format_mac(address, form)) == address


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MacPoolError) as caught:
        format_mac(1, "cisco")
    assert "hyperv, dash, colon, dot, linux" in caught.value.wanted


# Kinds of addresses


@pytest.mark.parametrize("second", range(16))
def test_the_second_digit_says_the_kind(second: int) -> None:
    address = parse_mac(f"2{second:X}1DD8000000")
    assert is_multicast(address) == (second in {1, 3, 5, 7, 9, 0xB, 0xD, 0xF})
    assert is_local(address) == (second in {2, 3, 6, 7, 0xA, 0xB, 0xE, 0xF})
    assert is_administrators_own(address) == (second == 2)


@given(unicast)
def test_a_unicast_address_is_read_as_such(address: int) -> None:
    assert parse_unicast(format_mac(address)) == address


@pytest.mark.parametrize("text", ["01-00-5E-00-00-01", "FF:FF:FF:FF:FF:FF", "25:B6:84:17:8C:63"])
def test_a_group_address_is_refused_for_an_adapter(text: str) -> None:
    with pytest.raises(MacPoolError, match="multicast"):
        parse_unicast(text)


def test_the_zero_address_is_refused_for_an_adapter() -> None:
    with pytest.raises(MacPoolError, match="never started"):
        parse_unicast("00-00-00-00-00-00")


# Numbers


@pytest.mark.parametrize(("value", "number"), [(1, 1), ("256", 256), ("007", 7), (1 << 40, 1 << 40)])
def test_counts_are_read(value: object, number: int) -> None:
    assert parse_count(value, "size", 1 << 40) == number


@pytest.mark.parametrize(
    "value",
    [0, -1, (1 << 40) + 1, True, 4096.0, None, "", " 1", "1 ", "1_000", "0x10", "1e3", "٣", "²", "-1", "9" * 5000, []],
)
def test_other_counts_are_refused(value: object) -> None:
    with pytest.raises(MacPoolError, match="whole number from 1 to 1099511627776"):
        parse_count(value, "size", 1 << 40)


# Ranges


@given(unicast, st.integers(1, 1 << 20), forms)
def test_end_and_size_mean_the_same(start: int, size: int, form: tuple[str, int]) -> None:
    size = min(size, (start | (1 << 40) - 1) - start + 1)
    end = start + size - 1
    by_size = parse_interval({"start": spelled(start, *form, True), "size": size})
    by_end = parse_interval({"start": spelled(start, *form, False), "end": format_mac(end, "dash")})
    assert by_size == by_end == Interval(start, end)
    assert by_size.size == size


def test_a_whole_even_octet_is_the_largest_range() -> None:
    whole = parse_interval({"start": "22-00-00-00-00-00", "size": 1 << 40})
    assert whole == parse_interval({"start": "22-00-00-00-00-00", "end": "22-FF-FF-FF-FF-FF"})
    assert str(whole) == "22-00-00-00-00-00..22-FF-FF-FF-FF-FF"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"start": "22-00-00-00-00-00", "size": (1 << 40) + 1}, "among them the multicast address 23-00-00-00-00-00"),
        ({"start": "22-00-00-00-00-00", "size": 1 << 46}, "among them the multicast address 23-00-00-00-00-00"),
        ({"start": "22-FF-FF-FF-FF-FF", "size": 2}, "among them the multicast address 23-00-00-00-00-00"),
        ({"start": "22-FF-FF-FF-FF-FF", "end": "24-00-00-00-00-00"}, "multicast address 23-00-00-00-00-00"),
        ({"start": "FE-FF-FF-FF-FF-FF", "size": 2}, "multicast address FF-00-00-00-00-00"),
        ({"start": "FE-FF-FF-FF-FF-FF", "size": 1 << 47}, "multicast address FF-00-00-00-00-00"),
        ({"start": "23-00-00-00-00-00", "size": 1}, "whose first octet is odd"),
        ({"start": "000000000000", "size": 16}, "never started"),
        ({"start": "22-00-00-00-00-01", "end": "22-00-00-00-00-00"}, "start that is not above the end"),
        ({"start": "22-00-00-00-00-01", "size": 0}, "whole number"),
        ({"start": "22-00-00-00-00-01", "size": -5}, "whole number"),
        ({"start": "22-00-00-00-00-01", "size": 1 << 48}, "whole number"),
        ({"start": "22-00-00-00-00-01"}, "either end or size"),
        ({"start": "22-00-00-00-00-01", "end": "22-00-00-00-00-02", "size": 2}, "either end or size"),
        ({"end": "22-00-00-00-00-01"}, "a mapping of start"),
        ({"start": 228589568, "size": 1}, "Quote it"),
        ({"start": "22-00-00-00-00-01", "end": 228589568}, "Quote it"),
        ("22-00-00-00-00-01", "a mapping of start"),
        ([], "a mapping of start"),
        (None, "a mapping of start"),
    ],
)
def test_what_is_no_range_is_refused(value: Any, message: str) -> None:
    with pytest.raises(MacPoolError) as caught:
        parse_interval(value, "ranges[3]")
    assert message in str(caught.value)
    assert caught.value.subject.startswith("ranges[3]")
    assert json.dumps(caught.value.as_dict())
