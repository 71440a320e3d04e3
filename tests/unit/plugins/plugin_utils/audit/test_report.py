# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's shape, its order, and the registry behind it."""

from __future__ import annotations

import re

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit import registry as _registry
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.registry import SEVERITIES, Finding, Rule, all_rules
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.report import build_report
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.run import verdict, worst
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.situation import Situation
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import RULES
from tests.unit.plugins.plugin_utils.observation.documents import (
    NOW,
    RANGE_B,
    adapter,
    claim,
    host,
    plan,
    report,
    vm,
)


def test_every_rule_has_its_texts() -> None:
    assert {rule.id for rule in all_rules()} <= set(RULES)
    for rule in all_rules():
        assert re.fullmatch(r"[a-z][a-z-]+", rule.id)
        assert rule.severity in SEVERITIES
        assert rule.title
        assert not rule.title.endswith(".")
        for text in (rule.explanation, rule.remedy):
            assert text.endswith(".")
            assert "  " not in text
            assert len(text) > 80


def test_the_rules_of_the_design_that_need_no_other_system_are_there() -> None:
    assert {rule.id for rule in all_rules()} >= set(RULES) - {"vmm-drift"}


def test_a_new_rule_needs_no_change_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_registry, "_found", dict(_registry._found))

    @_registry.rule(id="new-rule", severity="low", title="A title", explanation="Some words.", remedy="Do.")
    def new_rule(situation: Situation) -> list[Finding]:
        return [Finding(f"{len(situation.observation.controllers)} controllers")]

    (finding,) = [item for item in report(host())["findings"] if item["rule"] == "new-rule"]
    assert (finding["evidence"], finding["severity"], finding["remedy"]) == ("0 controllers", "low", "Do.")


def test_two_rules_of_one_name_are_refused() -> None:
    def check(situation: Situation) -> list[Finding]:
        return []

    _registry.all_rules()  # the rules are loaded at first use
    register = _registry.rule(id="departed", severity="low", title="A", explanation="B.", remedy="C.")
    with pytest.raises(ValueError, match="departed is defined in"):
        register(check)
    with pytest.raises(ValueError, match="severity"):
        _registry.rule(id="x", severity="bad", title="A", explanation="B.", remedy="C.")


def test_shape_and_order() -> None:
    documents = [
        host("hv1", vms=[vm("a", adapter("00155DE00105", True)), vm("n", adapter("000000000000"))]),
        host("hv2", RANGE_B, vms=[vm("b", adapter("00155DE00105", True))]),
    ]
    result = report(*documents)
    assert list(result) == ["schema", "complete", "findings", "summary", "observed"]
    assert result["schema"] == 1
    ranks = [(SEVERITIES.index(item["severity"]), item["rule"]) for item in result["findings"]]
    assert ranks == sorted(ranks)
    for finding in result["findings"]:
        assert set(finding) == {
            "rule",
            "severity",
            "addresses",
            "hosts",
            "vms",
            "carriers",
            "evidence",
            "remedy",
            "waived",
        }
        assert all(re.fullmatch("[0-9A-F]{12}", address) for address in finding["addresses"])
        assert {machine["host"] for machine in finding["vms"]} <= set(finding["hosts"])
    assert result["summary"]["rules"] == {"departed": 1, "duplicate-address": 1, "never-started": 1, "stranded": 1}
    assert result["summary"]["severities"] == {"critical": 1, "high": 1, "medium": 1, "low": 0, "info": 1}
    assert (result["summary"]["hosts"], result["summary"]["vms"], result["summary"]["adapters"]) == (2, 3, 3)


def test_usage_and_documents() -> None:
    pools = {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 10}]}}
    document = host(vms=[vm("a", adapter("221DD8000001", False)), vm("b", adapter("00155DE00001"))])
    result = report(document, plan=plan(pools=pools), claims=[claim("221DD8000001"), claim("221DD8000002", "b/c")])
    ranges, pool = result["summary"]["usage"]
    assert (ranges["kind"], ranges["used"], ranges["size"], ranges["hosts"]) == ("host_range", 1, 256, ["hv1"])
    assert (pool["name"], pool["used"], pool["claimed"], pool["carried"], pool["percent"]) == ("tenant", 2, 2, 1, 20.0)
    (observed,) = result["observed"]
    assert (observed["subject"], observed["observed_at"], observed["age_seconds"]) == (
        "hv1",
        "2026-11-21T11:30:00Z",
        1800,
    )


def test_a_clock_that_runs_ahead_gives_no_negative_age() -> None:
    (observed,) = report(host(observed_at="2026-11-22T00:00:00Z"))["observed"]
    assert observed["age_seconds"] == 0


def test_a_waiver_accepts_what_would_be_worst() -> None:
    documents = [host("hv1", vms=[vm("a", adapter("00155DE00105"))]), host("hv2", RANGE_B)]
    result = report(*documents)
    assert worst(result, 1) == [f"high      departed: {result['findings'][0]['evidence']}"]
    assert len(worst(result, 100)) == len(result["findings"]) == 2
    assert verdict(result, "high", 5)["failing"] == 1
    assert verdict(result, "critical", 5) == {"failing": 0}
    waiver = {"rule": "departed", "subject": "a", "reason": "r", "owner": "o", "until": "2027-01-01"}
    waived = report(*documents, plan=plan(waivers=[waiver]))
    assert verdict(waived, "high", 5) == {"failing": 0}
    assert [line.split()[1] for line in worst(waived, 5)] == ["stranded:"]


def test_a_chosen_rule_runs_alone() -> None:
    situation = Situation(read_documents([host("hv1"), host("hv2")]), None, None, (), NOW)
    rule = Rule("x", "low", "X", "X.", "Do.", lambda situation: [Finding("here")])
    assert [item["rule"] for item in build_report(situation, [rule])["findings"]] == ["x"]
