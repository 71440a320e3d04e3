# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of templates, through the templar and the collection loader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Render = Callable[..., Any]
Fails = Callable[..., str]
POOL = [{"start": "22-1D-D8-00-00-00", "size": 16}, {"start": "22-1D-D8-00-01-00", "end": "22-1D-D8-00-01-0F"}]


@pytest.mark.parametrize("value", ["00155D010A05", "00-15-5d-01-0a-05", "00:15:5D:01:0A:05", "0015.5D01.0A05"])
def test_mac_knows_every_form(render: Render, from_yaml: Callable[[str], Any], value: str) -> None:
    assert render("{{ value is macpool.hyperv.mac }}", value=value) is True
    assert render("{{ value is macpool.hyperv.mac }}", **from_yaml(f'value: "{value}"')) is True


@pytest.mark.parametrize(
    "value", ["", "dynamic", "00155D010A0", "00-15-5D:01:0A:05", " 00155D010A05", 228589568, None, True, 1.5, [], {}]
)
def test_mac_is_false_for_all_else(render: Render, value: object) -> None:
    assert render("{{ value is macpool.hyperv.mac }}", value=value) is False
    assert render("{{ value is not macpool.hyperv.mac }}", value=value) is True


@pytest.mark.parametrize(
    ("value", "multicast", "local"),
    [
        ("22-1D-D8-00-00-01", False, True),
        ("00-15-5D-01-0A-05", False, False),
        ("01-00-5E-00-00-01", True, False),
        ("FF-FF-FF-FF-FF-FF", True, True),
    ],
)
def test_the_kind_of_an_address(render: Render, value: str, multicast: bool, local: bool) -> None:
    assert render("{{ value is macpool.hyperv.multicast_mac }}", value=value) is multicast
    assert render("{{ value is macpool.hyperv.local_mac }}", value=value) is local


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        ("221DD8000000", True),
        ("22:1d:d8:00:00:0f", True),
        ("221DD8000010", False),
        ("221DD80000FF", False),
        ("221D.D800.0100", True),
        ("221DD800010F", True),
        ("221DD8000110", False),
        ("01-00-5E-00-00-01", False),
    ],
)
def test_in_mac_ranges(render: Render, value: str, inside: bool) -> None:
    assert render("{{ value is macpool.hyperv.in_mac_ranges(pool) }}", value=value, pool=POOL) is inside


def test_nothing_lies_in_no_range(render: Render) -> None:
    assert render("{{ '221DD8000000' is macpool.hyperv.in_mac_ranges([]) }}") is False


def test_they_select(render: Render) -> None:
    addresses = ["221DD8000001", "00155D010A05", "dynamic", 5]
    template = "{{ addresses | select('macpool.hyperv.mac') | select('macpool.hyperv.in_mac_ranges', pool) }}"
    assert render(template, addresses=addresses, pool=POOL) == ["221DD8000001"]


@pytest.mark.parametrize("test", ["multicast_mac", "local_mac", "in_mac_ranges(pool)"])
@pytest.mark.parametrize("value", ["dynamic", "", 228589568, None])
def test_a_question_about_what_is_no_address_is_an_error(fails: Fails, test: str, value: object) -> None:
    assert "expected a MAC address as" in fails(f"{{{{ value is macpool.hyperv.{test} }}}}", value=value, pool=POOL)


def test_a_range_that_is_none_is_an_error(fails: Fails) -> None:
    assert "expected a list of mappings" in fails(
        "{{ '221DD8000000' is macpool.hyperv.in_mac_ranges('221DD8000000') }}"
    )


@pytest.mark.parametrize("test", ["mac", "multicast_mac", "local_mac", "in_mac_ranges([])"])
def test_undefined_is_neither_true_nor_false(fails: Fails, test: str) -> None:
    assert "nope" in fails(f"{{{{ nope is macpool.hyperv.{test} }}}}")
    assert "nope" in fails(f"{{{{ 'yes' if nope is macpool.hyperv.{test} else 'no' }}}}")
    assert "nope" in fails(f"{{{{ 'yes' if nope is not macpool.hyperv.{test} else 'no' }}}}")


def test_undefined_ranges_are_neither_true_nor_false(fails: Fails) -> None:
    assert "nope" in fails("{{ 'yes' if '221DD8000000' is macpool.hyperv.in_mac_ranges(nope) else 'no' }}")


@pytest.mark.parametrize(
    ("value", "names", "same"),
    [
        ("web01", ["db01", "WEB01"], True),
        ("strasse", ["straße"], False),
        ("web01", [], False),
        ("{6F1D6C1E-8A38-4E0D-9A53-3D8F1B9D2A11}", ["6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a11"], True),
        ("web01 ", ["web01"], False),
        (101, ["web01", "101"], True),
    ],
)
def test_in_vm_names(render: Render, value: object, names: list[str], same: bool) -> None:
    assert render("{{ value is macpool.hyperv.in_vm_names(names) }}", value=value, names=names) is same
    kept = render("{{ [value] | select('macpool.hyperv.in_vm_names', names) | list }}", value=value, names=names)
    assert kept == [value] * same


@pytest.mark.parametrize(
    ("value", "names", "same"),
    [
        ("hv1", ["HV1.example.com", "hv10"], True),
        ("HV1.example.com", ["hv1"], True),
        ("hv1", ["hv1.a.example", "hv1.b.example"], False),
        ("hv1.a.example", ["hv1.b.example"], False),
    ],
)
def test_in_host_names(render: Render, value: str, names: list[str], same: bool) -> None:
    assert render("{{ value is macpool.hyperv.in_host_names(names) }}", value=value, names=names) is same


@pytest.mark.parametrize("test", ["in_vm_names", "in_host_names"])
@pytest.mark.parametrize(
    ("value", "names", "words"),
    [
        ("web01", "web01", "a list of names"),
        ("web01", ["a", None], "names[1]"),
        (1.5, ["a"], "found 1.5"),
        ("a", {}, "a list"),
    ],
)
def test_what_is_no_name_is_an_error(fails: Fails, test: str, value: object, names: object, words: str) -> None:
    assert words in fails(f"{{{{ value is macpool.hyperv.{test}(names) }}}}", value=value, names=names)
