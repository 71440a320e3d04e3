# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as Prometheus text, read back by a reader written from the format's description."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.prometheus import prometheus
from tests.unit.plugins.plugin_utils.observation.documents import (
    NOW,
    RANGE_A,
    claim,
    controller,
    host,
    nc_pool,
    plan,
    report,
)
from tests.unit.plugins.plugin_utils.report.clusters import HOSTILE, troubled

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]

_SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (-?[0-9.]+)", re.DOTALL)
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
_ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}
WAIVER = {"rule": "departed", "subject": "web03", "reason": "moves back", "owner": "net", "until": "2027-01-01"}


def parsed(text: str) -> Series:
    """Return all series; a series twice, a sample without a type or a line that is none is an error."""
    text.encode("utf-8")
    assert text.endswith("\n")
    found: Series = {}
    types: dict[str, str] = {}
    for line in text[:-1].split("\n"):
        if line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name not in types
            types[name] = kind
            continue
        if line.startswith("# HELP "):
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        name, inside, value = sample.groups()
        assert types[name] == "gauge"
        labels, at = [], 0
        while inside and at < len(inside):
            label = _LABEL.match(inside, at)
            assert label, inside
            labels.append((label[1], re.sub(r"\\.", lambda match: _ESCAPES[match[0]], label[2])))
            at = label.end()
        key = (name, frozenset(labels))
        assert key not in found
        found[key] = float(value)
    return found


def series(found: dict[str, Any]) -> Series:
    """Return the series of a report."""
    return parsed(prometheus(found, NOW))


def value(found: Series, metric: str, /, **labels: str) -> float:
    """Return the value of one series."""
    return found[metric, frozenset(labels.items())]


def test_findings_by_rule_severity_and_waiver() -> None:
    found = series(report(*troubled(), plan=plan(waivers=[WAIVER])))
    assert value(found, "macpool_findings", rule="duplicate-address", severity="critical", waived="false") == 1
    assert value(found, "macpool_findings", rule="departed", severity="high", waived="true") == 1
    assert (
        "macpool_findings",
        frozenset({"rule": "departed", "severity": "high", "waived": "false"}.items()),
    ) not in found


def test_all_findings_are_counted() -> None:
    result = report(*troubled())
    counted = sum(number for (name, _labels), number in series(result).items() if name == "macpool_findings")
    assert counted == len(result["findings"])


def test_when_and_how_much_was_seen() -> None:
    found = series(report(*troubled()))
    assert value(found, "macpool_audit_timestamp_seconds") == NOW.timestamp()
    assert value(found, "macpool_hosts") == 2
    assert value(found, "macpool_vms") == 5
    assert value(found, "macpool_adapters") == 5


def test_says_whether_the_observation_is_complete() -> None:
    assert value(series(report(host())), "macpool_audit_complete") == 1
    assert value(series(report(*troubled())), "macpool_audit_complete") == 0


def test_usage_of_ranges_and_pools() -> None:
    rules = plan(pools={"tenant": {"ranges": [{"start": "221DD8000000", "end": "221DD80000FF"}]}})
    found = series(report(*troubled(), plan=rules, claims=[claim("221DD8000001")]))
    assert value(found, "macpool_range_size", kind="host_range", name="hv1") == 256
    assert value(found, "macpool_range_used", kind="host_range", name="hv1") == 3
    assert value(found, "macpool_range_size", kind="pool", name="tenant") == 256
    assert value(found, "macpool_range_claimed", kind="pool", name="tenant") == 1


def test_usage_of_a_network_controllers_pool() -> None:
    pool = nc_pool("DefaultMacPool", "00-1D-D8-B7-1C-00", "00-1D-D8-B7-1C-FF", 256, 200)
    found = series(report(host(), controller(pools=[pool])))
    assert value(found, "macpool_range_size", kind="nc_pool", name="DefaultMacPool") == 256
    assert value(found, "macpool_range_used", kind="nc_pool", name="DefaultMacPool") == 200


def test_an_audit_of_nothing_has_no_ranges() -> None:
    found = series(report())
    assert not [name for name, _labels in found if name.startswith("macpool_range")]
    assert value(found, "macpool_hosts") == 0


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", 'a\\"b', "a\\nb", "a,b", 'x",name="y', "a} 5"])
def test_a_name_comes_back_as_it_was(name: str) -> None:
    found = series(report(host(name, RANGE_A)))
    assert value(found, "macpool_range_size", kind="host_range", name=name) == 256


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_does_not_break_the_text(name: str) -> None:
    assert value(series(report(host(f"h{name}"))), "macpool_hosts") == 1


@given(st.text(st.characters(codec=None), max_size=30))
def test_any_name_gives_text_that_can_be_read(name: str) -> None:
    assert value(series(report(host(f"h{name}"))), "macpool_hosts") == 1
