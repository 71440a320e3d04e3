# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Incident 12, declared exceptions: only they are silent, and only as far as they were declared."""

from __future__ import annotations

import datetime as dt
import random

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from tests.audits import audit
from tests.incidents.world import World, documents, duplicates, spell_mac, worlds

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.timezone.utc)


@given(worlds(), st.integers(0, 999), st.data())
def test_a_declared_group_is_waived_and_nothing_else_is(world: World, seed: int, data: st.DataObject) -> None:
    expected = duplicates(world)
    declared = data.draw(st.sets(st.sampled_from(sorted(expected)))) if expected else set()
    draw = random.Random(seed)
    until = data.draw(st.dates(dt.date(2026, 11, 15), dt.date(2026, 11, 30)))
    waivers = [
        {
            "rule": "duplicate-address",
            "subject": spell_mac(address, draw),
            "reason": "NLB group",
            "owner": "ops",
            "until": until.isoformat(),
        }
        for address in declared
    ]
    plan = parse_plan({"scope": "west", "waivers": waivers}, today=NOW.date())
    report = audit(documents(world, draw), plan=plan, now=NOW)
    waived = {
        item["addresses"][0] for item in report["findings"] if item["rule"] == "duplicate-address" and item["waived"]
    }
    assert waived == (declared if until >= NOW.date() else set())
    expired = [item for item in report["findings"] if item["rule"] == "waiver-expired"]
    assert len(expired) == (0 if until >= NOW.date() else len(declared))


@given(worlds(), st.integers(0, 999))
def test_one_declared_domain_for_every_vlan_joins_them_all(world: World, seed: int) -> None:
    flat = [{"name": "flat", "vlan": vlan} for vlan in (0, 10, 20)]
    plan = parse_plan({"scope": "west", "l2_domains": flat}, today=NOW.date())
    written = documents(world, random.Random(seed))
    order = ("info", "low", "medium", "high", "critical")

    def severities(report: dict[str, object]) -> dict[str, int]:
        findings = report["findings"]
        assert isinstance(findings, list)
        return {
            item["addresses"][0]: order.index(item["severity"])
            for item in findings
            if item["rule"] == "duplicate-address"
        }

    plain, joined = severities(audit(written, now=NOW)), severities(audit(written, now=NOW, plan=plan))
    assert plain.keys() == joined.keys()
    assert all(joined[address] >= plain[address] for address in plain)
