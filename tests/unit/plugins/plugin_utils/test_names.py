# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names and ids are the same: as Windows compares them, everywhere in the collection."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._names import (
    HostNames,
    name_key,
    plain_guid,
    plain_id,
    same_host,
    same_name,
)

PAIRS = json.loads((Path(__file__).parent / "same_names.json").read_text(encoding="utf-8"))
GUID = "0b1c2d3e-0000-4000-8000-00000000000a"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: ascii(f"{pair['one']} {pair['other']}"))
def test_names_are_compared_letter_by_letter_without_case(pair: dict[str, Any]) -> None:
    """The same table holds for our PowerShell: tests/powershell/test_same_names.py."""
    assert same_name(pair["one"], pair["other"]) is pair["same"], pair["why"]
    assert same_name(pair["other"], pair["one"]) is pair["same"], pair["why"]


@given(st.text(), st.text())
def test_a_key_has_one_letter_for_each_letter_and_is_its_own_key(one: str, other: str) -> None:
    key = name_key(one)
    assert (len(key), name_key(key)) == (len(one), key)
    assert same_name(one + other, key + name_key(other))


def test_no_letter_shares_its_key_with_more_than_its_cases() -> None:
    """A letter that looks like another, or is one with an accent, must stay apart."""
    for number in range(0x110000):
        letter = chr(number)
        key = name_key(letter)
        if key != letter:
            assert letter.lower() in (letter, key.lower()), f"U+{number:04X}"
            assert unicodedata.category(letter) in ("Ll", "Lt", "Mn", "Nl", "So"), f"U+{number:04X}"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("hv1", "HV1.", True),
        ("hv1", "hv1.corp.example", True),
        ("HV1.corp.example", "hv1", True),
        ("hv1.a.example", "hv1.b.example", False),
        ("hv1", "hv10", False),
    ],
)
def test_a_short_host_name_is_every_full_one_that_begins_with_it(one: str, other: str, same: bool) -> None:
    assert same_host(one, other) is same
    assert (HostNames([one, other]).key(one) == HostNames([one, other]).key(other)) is same


@pytest.mark.parametrize("value", [GUID, GUID.upper(), f"{{{GUID}}}", f" {{{GUID.upper()}}} "])
def test_a_guid_is_the_same_in_any_case_and_braces(value: str) -> None:
    assert plain_guid(value) == plain_id(value) == GUID


@pytest.mark.parametrize("value", [None, "", "web01", GUID[:-1], GUID + "0", GUID.replace("-", ""), 7, f"x{GUID}"])
def test_what_is_no_guid_is_told_apart(value: object) -> None:
    assert plain_guid(value) is None


def test_ids_of_adapters_are_compared_without_case() -> None:
    assert plain_id(f"Microsoft:{GUID}\\ABC") == plain_id(f"MICROSOFT:{GUID.upper()}\\abc")
    assert plain_id(None) == plain_id("") == ""
