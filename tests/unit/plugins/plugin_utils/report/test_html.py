# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report: everything is there, and nothing that was observed becomes markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.registry import SEVERITIES, all_rules
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.run import situate
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.what_if import afterwards
from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.html import html
from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.html_data import vlan_words
from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.html_lead import verdict
from tests.audits import audit
from tests.unit.plugins.plugin_utils.observation.documents import (
    NOW,
    RANGE_A,
    RANGE_B,
    Document,
    adapter,
    claim,
    controller,
    group,
    guid,
    host,
    lease,
    nc_pool,
    plan,
    vm,
)
from tests.unit.plugins.plugin_utils.report.clusters import HOSTILE, named, troubled

VOID = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """What a browser would see before any script runs."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.contents: dict[str, list[str]] = {"script": [], "style": [], "h1": [], "title": [], "noscript": []}
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag in self.contents:
            self.contents[tag].append("")
        if tag not in VOID:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Expect tags to be closed in order."""
        assert self.inside.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text by the element around it."""
        for tag in set(self.inside) & self.contents.keys():
            self.contents[tag][-1] += data
        if not {"script", "style"} & set(self.inside):
            self.text += data

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script works with."""
        found: dict[str, Any] = json.loads(self.contents["script"][0])
        return found

    @property
    def policy(self) -> str:
        """The content security policy."""
        (policy,) = [
            attrs["content"] for tag, attrs in self.tags if attrs.get("http-equiv") == "Content-Security-Policy"
        ]
        return policy or ""


def made(*documents: Document, misread: tuple[str, ...] = (), **options: Any) -> tuple[dict[str, Any], Page]:
    """Return report and page."""
    what_if = options.pop("what_if", None)
    report = audit(documents, now=NOW, what_if=what_if, **options)
    report.update(misread=list(misread), complete=report["complete"] and not misread)
    situation = situate(documents, now=NOW, **options)
    if what_if:
        situation = afterwards(situation, what_if)
    source = html(report, situation, NOW)
    source.encode("utf-8")
    return report, Page(source)


def flat(text: str) -> str:
    """Return text with single blanks."""
    return " ".join(text.split())


class TestIsOneSafeFile:
    def test_is_closed_in_order_and_has_two_scripts(self) -> None:
        _report, page = made(*troubled())
        assert page.inside == []
        scripts = [attrs for tag, attrs in page.tags if tag == "script"]
        assert scripts == [{"type": "application/json", "id": "data"}, {}]

    def test_its_policy_names_its_own_script_and_style_and_nothing_else(self) -> None:
        _report, page = made(*troubled())
        rules = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
        code, style = page.contents["script"][1], page.contents["style"][0]
        for name, content in (("script-src", code), ("style-src", style)):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert rules[name] == f"'sha256-{digest}'"
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
        assert rules["require-trusted-types-for"] == "'script'"
        assert "unsafe" not in page.policy
        assert "http" not in page.policy

    def test_the_policy_comes_before_everything_that_it_rules(self) -> None:
        _report, page = made(*troubled())
        order = [tag for tag, attrs in page.tags if tag in ("script", "style", "link") or "http-equiv" in attrs]
        assert order[0] == "meta"

    def test_asks_for_nothing_from_outside(self) -> None:
        _report, page = made(*troubled())
        for tag, attrs in page.tags:
            assert tag not in ("img", "iframe", "object", "embed", "base")
            assert not any(name.startswith("on") or name in ("style", "src", "srcset") for name in attrs)
            if "href" in attrs:
                assert re.match(r"#|data:,$", attrs["href"] or "")
        assert not re.search(r"url\(|@import|expression", page.contents["style"][0])
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|fetch\(|XMLHttp|import\(",
            page.contents["script"][1],
        )

    @pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
    def test_a_hostile_name_is_text(self, name: str) -> None:
        _report, page = made(*named(name), misread=(name,))
        assert page.inside == []
        assert [tag for tag, _attrs in page.tags].count("script") == 2
        assert {tag for tag, _attrs in page.tags} <= {tag for tag, _attrs in made(*named("plain", "two"))[1].tags} | {
            "a"
        }
        assert {row[0] for row in page.data["vms"]} == {name}
        assert len(page.contents["h1"]) == 1

    @given(st.text(st.characters(codec=None), max_size=40))
    def test_any_name_comes_back_from_the_page_as_it_was(self, name: str) -> None:
        _report, page = made(*named(name))
        assert [row[0] for row in page.data["vms"]] == [name, name]
        assert page.data["vms"][0][6][0][0] == name
        assert {attrs.get("id") for tag, attrs in page.tags if tag == "script"} == {"data", None}
        assert not any(attribute.startswith("on") for _tag, attrs in page.tags for attribute in attrs)

    @pytest.mark.parametrize("char", ["\x00", "\x1b", "\u202e", "\u2028", "\ud800", "\u200b"])
    def test_what_is_written_without_a_script_has_no_characters_that_steer(self, char: str) -> None:
        _report, page = made(*named(f"a{char}b"), misread=(f"c{char}d",))
        assert char not in page.text

    def test_placeholders_in_names_are_not_filled(self) -> None:
        _report, page = made(*named("$lead", "${noscript}", "$stamp"))
        assert len([tag for tag, attrs in page.tags if attrs.get("id") == "headline"]) == 1
        assert "$stamp" in page.text


class TestHasEverything:
    def test_every_finding_with_all_that_it_says(self) -> None:
        rules = plan(
            waivers=[
                {
                    "rule": "departed",
                    "subject": "web03",
                    "reason": "moves back <b>",
                    "owner": "net team",
                    "until": "2027-01-01",
                }
            ]
        )
        report, page = made(*troubled(), plan=rules)
        data = page.data
        assert len(data["findings"]) == len(report["findings"]) > 8
        for row, finding in zip(data["findings"], report["findings"], strict=True):
            rule, severity, addresses, hosts, vms, evidence, remedy, waived, others = row
            assert rule == finding["rule"]
            assert SEVERITIES[severity] == finding["severity"]
            assert [f"{address:012X}" for address in addresses] == finding["addresses"]
            assert [data["hosts"][place][0] for place in hosts] == finding["hosts"]
            assert {data["vms"][place][1] for place in vms} == {item["id"] for item in finding["vms"]}
            assert evidence == finding["evidence"]
            assert data["texts"][remedy] == finding["remedy"]
            assert bool(waived) == bool(finding["waived"])
            assert others == []
        assert ["web03", "moves back <b>", "net team", "2027-01-01"] in [row[7] for row in data["findings"]]

    def test_two_vms_of_one_name_stay_apart(self) -> None:
        report, page = made(*troubled())
        (row,) = [row for row in page.data["findings"] if row[0] == "duplicate-address"]
        ids = [page.data["vms"][place][1] for place in row[4]]
        assert sorted(ids) == sorted([guid("web02"), guid("another web02")])
        (finding,) = [finding for finding in report["findings"] if finding["rule"] == "duplicate-address"]
        assert len(finding["vms"]) == 2

    def test_every_adapter_as_a_number_as_found_or_as_not_started(self) -> None:
        documents = [
            host(vms=[vm("a", adapter("00155DE00001"), adapter("000000000000"), adapter("junk"), adapter(None))])
        ]
        _report, page = made(*documents)
        ((*_vm, adapters, _checkpoints),) = page.data["vms"]
        assert [row[1] for row in adapters] == [0x00155DE00001, 0, "junk", None]

    def test_hosts_that_nobody_read_are_named(self) -> None:
        _report, page = made(*troubled())
        hosts = {row[0]: row[4] for row in page.data["hosts"]}
        assert hosts.keys() == {"hv1", "hv2", "hv3"}
        assert hosts["hv3"] is None
        assert hosts["hv1"] is not None

    def test_all_ranges_with_their_kind(self) -> None:
        rules = plan(
            pools={"tenant": {"ranges": [{"start": "221DD8000000", "end": "221DD80000FF"}]}},
            host_ranges={
                "ranges": [{"start": "00155DE08000", "end": "00155DE0FFFF"}],
                "size_per_host": 1024,
                "static_per_host": 256,
                "hosts": ["hv1"],
            },
            other_allocators=[{"name": "vmm", "kind": "scvmm", "start": "001DD8B71C00", "end": "001DD8F4B1FF"}],
        )
        leases = [lease("hv1", "00155DE08000", "00155DE083FF", "00155DE082FF")]
        claims = [claim("221DD8000001"), claim("221DD8000002", "gone/x", "gone")]
        _report, page = made(*troubled(), plan=rules, claims=claims, leases=leases)
        ranges = {(kind, start) for kind, _name, start, _end, _hosts in page.data["ranges"]}
        assert ranges >= {
            ("range", 0x00155DE00000),
            ("range", 0x00155DE00100),
            ("container", 0x00155DE00700),
            ("block", 0x00155DE08300),
            ("lease", 0x00155DE08000),
            ("pool", 0x221DD8000000),
            ("other", 0x001DD8B71C00),
        }
        assert [row[0] for row in page.data["claims"]] == [0x221DD8000001]
        assert page.data["ledger"] is True

    def test_pools_of_a_network_controller_are_ranges_of_others(self) -> None:
        pool = {
            "resourceId": "p1",
            "properties": {"startMacAddress": "00-1D-D8-B7-1C-00", "endMacAddress": "00-1D-D8-F4-B1-FF"},
        }
        controller = {
            "schema": 1,
            "kind": "network_controller",
            "observed_at": "2026-11-21T11:00:00Z",
            "mac_pools": [pool],
        }
        _report, page = made(*troubled(), controller)
        assert ["nc", "p1", 0x001DD8B71C00, 0x001DD8F4B1FF, []] in page.data["ranges"]

    def test_explains_every_rule(self) -> None:
        _report, page = made(host())
        assert [row[:2] for row in page.data["rules"]] == [[rule.id, rule.title] for rule in all_rules()]
        assert any("(fact 11)" in row[2] for row in page.data["rules"])
        assert 'Numbers of facts refer to the page "Facts" of the documentation.' in page.text

    def test_usage_with_and_without_history(self) -> None:
        documents = troubled()
        report, situation = audit(documents, now=NOW), situate(documents, now=NOW)
        assert [row[-2:] for row in Page(html(report, situation, NOW)).data["usage"]] == [[None, None]] * 2
        for row in report["summary"]["usage"]:
            row.update(per_day=2.5, days_left=100)
        assert [row[-2:] for row in Page(html(report, situation, NOW)).data["usage"]] == [[2.5, 100]] * 2

    def test_usage_of_a_network_controllers_pool(self) -> None:
        pool = nc_pool("p1", "00-1D-D8-B7-1C-00", "00-1D-D8-B7-1C-FF", 256, 200)
        _report, page = made(host(), controller(pools=[pool]))
        assert ["nc_pool", "p1", 0x001DD8B71C00, 0x001DD8B71CFF, 256, 200, 0, 78.1, 80, None, None] in page.data[
            "usage"
        ]

    def test_sources_with_what_is_missing_in_them(self) -> None:
        _report, page = made(host(switches=None, warnings=["port profiles: access denied"]), {"schema": 7, "kind": "?"})
        by_kind = {row[0]: row for row in page.data["sources"]}
        assert by_kind["hyperv_host"][4:6] == [["switches"], ["port profiles: access denied"]]
        assert "schema" in by_kind["?"][7]

    def test_is_the_same_whatever_the_order_of_the_documents(self) -> None:
        assert made(*troubled())[1].data == made(*reversed(troubled()))[1].data

    def test_without_a_script_the_findings_are_there_to_read(self) -> None:
        report, page = made(*troubled())
        written = flat(page.contents["noscript"][0])
        for finding in report["findings"]:
            assert flat(finding["evidence"]) in written
            assert flat(finding["remedy"]) in written


class TestSaysHowItIs:
    def headline(self, *documents: Document, **options: Any) -> str:
        report, page = made(*documents, **options)
        assert page.contents["h1"] == [verdict(report).headline]
        return page.contents["h1"][0]

    def quiet(self, **parts: Any) -> Document:
        return host(vms=[vm("web", adapter("221DD8000001", False))], **parts)

    def test_critical(self) -> None:
        assert self.headline(*troubled()) == "Act now: 1 critical finding"

    def test_high(self) -> None:
        documents = [host("hv1", RANGE_A), host("hv2", RANGE_B, vms=[vm("web", adapter("00155DE00005"))])]
        assert self.headline(*documents) == "No outage yet, but 1 finding can become one"

    def test_low(self) -> None:
        document = host(vms=[vm("web", adapter("00155DE00005"), clustered=True)])
        assert self.headline(document) == "Nothing urgent: 1 finding to clean up"
        assert "Most severe first" in made(document)[1].text

    def test_nothing(self) -> None:
        assert self.headline(self.quiet()) == "No problems found"

    def test_what_could_not_be_read_is_no_danger_and_no_all_clear(self) -> None:
        document = self.quiet(warnings=["port profiles: access denied"])
        _report, page = made(document)
        assert page.contents["h1"] == ["No findings in the part that was read"]
        assert "Incomplete." in page.text
        assert "access denied" in page.text
        assert "Everything that is known to exist was read" not in page.text

    def test_no_document_at_all(self) -> None:
        report, page = made()
        assert not report["complete"]
        assert page.contents["h1"] == ["No findings in the part that was read"]
        assert page.data["hosts"] == page.data["vms"] == page.data["ranges"] == []

    def test_files_that_were_misread(self) -> None:
        _report, page = made(self.quiet(), misread=("a.json: <b>no JSON</b>",))
        assert "Cannot be read: a.json: <b>no JSON</b>" in page.text
        assert page.data["misread"] == ["a.json: <b>no JSON</b>"]
        assert page.data["complete"] is False

    def test_counts_by_severity_and_waived(self) -> None:
        report, page = made(*troubled())
        for severity, count in report["summary"]["severities"].items():
            assert f"{count} {severity}" in flat(page.text)
        assert "0 waived" in flat(page.text)

    def test_the_worst_comes_with_evidence_and_remedy(self) -> None:
        report, page = made(*troubled())
        before_all = flat(page.text.partition("Scripts do not run here")[0])
        assert flat(report["findings"][0]["evidence"]) in before_all
        assert flat(report["findings"][0]["remedy"]) in before_all

    def test_a_waived_finding_is_not_among_the_worst(self) -> None:
        rules = plan(
            waivers=[
                {
                    "rule": "duplicate-address",
                    "subject": "00155DE00006",
                    "reason": "NLB",
                    "owner": "net",
                    "until": "2027-01-01",
                }
            ]
        )
        report, page = made(*troubled(), plan=rules)
        (finding,) = [finding for finding in report["findings"] if finding["waived"]]
        before_all = page.text.partition("Scripts do not run here")[0]
        assert flat(finding["evidence"]) not in flat(before_all)
        assert "1 waived" in flat(page.text)
        assert "Act now" not in page.text

    def test_says_with_what_it_was_compared(self) -> None:
        rules = plan()
        assert "Without a plan" in made(self.quiet())[1].text
        assert "the plan of scope west, without a ledger" in made(self.quiet(), plan=rules)[1].text
        assert (
            "the plan of scope west and 0 promises of its ledger" in made(self.quiet(), plan=rules, claims=[])[1].text
        )

    def test_says_when_it_was_read(self) -> None:
        assert "read on 2026-11-21 11:30 UTC, at most 30 minutes before this report" in made(self.quiet())[1].text


class TestWhatIf:
    def cluster(self) -> list[Document]:
        nodes = ["hv1", "hv2"]
        web = vm("web", adapter("00155DE00005"), clustered=True)
        return [
            host("hv1", RANGE_A, cluster="c", nodes=nodes, vms=[web], groups=[group(web["id"], "hv1")]),
            host("hv2", RANGE_B, cluster="c", nodes=nodes),
        ]

    def test_says_that_it_is_imagined_and_shows_the_situation_afterwards(self) -> None:
        report, page = made(*self.cluster(), what_if={"action": "drain", "host": "hv1"})
        assert "Imagined: hv1 is drained." in page.text
        assert "Nothing was changed." in page.text
        assert flat(report["advice"]) in flat(page.text)
        ((*_row, place, _state, _flags, _adapters, _checkpoints),) = page.data["vms"]
        assert page.data["hosts"][place][0] == "hv2"

    def test_every_change_is_there(self) -> None:
        report, page = made(*self.cluster(), what_if={"action": "drain", "host": "hv1"})
        assert [(row[0], f"{row[2]:012X}", row[6]) for row in page.data["changes"]] == [
            (item["kind"], item["address"], item["evidence"]) for item in report["changes"]
        ]
        assert page.data["changes"]

    @pytest.mark.parametrize(
        "question",
        [
            {"action": "fail", "host": "hv1"},
            {"action": "set_range", "host": "hv1", "range": {"start": "00155DE00200", "end": "00155DE002FF"}},
            {"action": "add_host", "host": "<b>hv9</b>", "ipv4": "10.0.10.9"},
        ],
    )
    def test_every_question_has_a_page(self, question: dict[str, Any]) -> None:
        report, page = made(*self.cluster(), what_if=question)
        assert f"Imagined: {question['host']}" in page.text
        assert len(page.data["findings"]) == len(report["findings"])


@pytest.mark.parametrize(
    ("vlan", "words"),
    [
        ({}, ""),
        ({"mode": "Untagged", "access": 0, "trunk": []}, "untagged"),
        ({"mode": "Access", "access": 20, "trunk": []}, "VLAN 20"),
        ({"mode": "Trunk", "access": 0, "trunk": [3, 1, 2, 7, 7]}, "trunk 1-3, 7"),
        ({"mode": "Trunk", "trunk": "1-3"}, "trunk"),
        ({"mode": None, "access": None}, ""),
    ],
)
def test_where_an_adapter_is_attached_in_words(vlan: dict[str, Any], words: str) -> None:
    assert vlan_words(vlan) == words
