# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JUnit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.junit import junit
from tests.unit.plugins.plugin_utils.observation.documents import plan, report
from tests.unit.plugins.plugin_utils.report.clusters import HOSTILE, named, troubled

RULES = ("duplicate-address", "departed", "vmm-drift")
WAIVER = {"rule": "departed", "subject": "web03", "reason": "moves back", "owner": "net", "until": "2027-01-01"}


def suite_of(found: dict[str, Any], failing: tuple[str, ...] = ("critical",)) -> ET.Element:
    """Return the suite that a CI system would read."""
    text = junit(found, RULES, failing)
    return ET.fromstring(text.encode("utf-8"))


def cases(suite: ET.Element, kind: str) -> list[ET.Element]:
    """Return the test cases that failed or were skipped."""
    return [case for case in suite if case.find(kind) is not None]


def test_every_finding_is_a_case_and_every_silent_rule_passes() -> None:
    found = report(*troubled())
    suite = suite_of(found)
    by_rule = Counter(case.get("classname") for case in suite)
    expected = Counter(finding["rule"] for finding in found["findings"])
    assert by_rule == expected + Counter({"vmm-drift": 1})
    (silent,) = [case for case in suite if case.get("classname") == "vmm-drift"]
    assert list(silent) == []


def test_counts_are_those_of_the_cases() -> None:
    suite = suite_of(report(*troubled()), ("critical", "high"))
    assert int(suite.get("tests", "")) == len(suite)
    assert int(suite.get("failures", "")) == len(cases(suite, "failure")) > 1
    assert int(suite.get("skipped", "")) == len(cases(suite, "skipped")) > 1
    assert suite.get("errors") == "0"


def test_only_the_chosen_severities_fail() -> None:
    found = report(*troubled())
    failed = cases(suite_of(found, ("critical",)), "failure")
    assert [case.get("classname") for case in failed] == ["duplicate-address"]
    assert cases(suite_of(found, ()), "failure") == []


def test_a_failure_says_what_is_wrong_and_what_to_do() -> None:
    found = report(*troubled())
    (case,) = cases(suite_of(found), "failure")
    (failure,) = case
    assert failure.get("type") == "critical"
    assert failure.get("message") == found["findings"][0]["evidence"]
    assert found["findings"][0]["remedy"] in (failure.text or "")
    assert "00155DE00006" in (case.get("name") or "")
    assert "web02 on hv1" in (case.get("name") or "")


def test_what_is_waived_never_fails_and_says_until_when() -> None:
    found = report(*troubled(), plan=plan(waivers=[WAIVER]))
    suite = suite_of(found, ("critical", "high", "medium", "low", "info"))
    waived = [case for case in cases(suite, "skipped") if case.get("classname") == "departed"]
    assert [case[0].get("message", "").startswith("waived until 2027-01-01") for case in waived] == [True]


def test_nothing_found_is_all_green() -> None:
    found = {**report(), "findings": []}
    suite = suite_of(found, ("critical", "high"))
    assert [case.get("name") for case in suite] == ["nothing found"] * len(RULES)
    assert suite.get("failures") == "0"


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_does_not_break_the_document(name: str) -> None:
    found = report(*named(name))
    suite = suite_of(found)
    assert {element.tag for element in suite.iter()} <= {"testsuite", "testcase", "failure", "skipped"}
    assert len(suite) >= len(found["findings"])


@given(st.text(st.characters(codec=None), max_size=30))
def test_any_name_gives_a_document_that_parses(name: str) -> None:
    found = report(*named(name))
    assert len(suite_of(found)) >= len(found["findings"])
