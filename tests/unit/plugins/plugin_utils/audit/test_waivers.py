# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waivers: what they cover, and what happens when they end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.observation.documents import (
    NOW,
    RANGE_B,
    adapter,
    found,
    guid,
    host,
    one,
    plan,
    report,
    vm,
)

MAC = "221DD8000005"


def waive(rule: str, subject: str, until: str = "2026-11-21") -> dict[str, Any]:
    """Return a plan with one waiver."""
    waiver = {"rule": rule, "subject": subject, "reason": "NLB group", "owner": "ops", "until": until}
    return {"plan": plan(waivers=[waiver])}


def duplicate() -> list[dict[str, Any]]:
    """Return two VMs with one address."""
    return [
        host("hv1", vms=[vm("web01", adapter(MAC, False))]),
        host("hv2.corp.example", RANGE_B, vms=[vm("web02", adapter(MAC, False))]),
    ]


@pytest.mark.parametrize(
    "subject",
    [
        "22-1D-D8-00-00-05",
        "22:1d:d8:00:00:05",
        "22-1D-D8-00-00-00..22-1D-D8-00-00-FF",
        "WEB02",
        guid("web01").upper(),
        "HV2",
        "hv1",
    ],
)
def test_covered(subject: str) -> None:
    finding = one("duplicate-address", *duplicate(), **waive("duplicate-address", subject))
    assert finding["waived"] == {"subject": subject, "reason": "NLB group", "owner": "ops", "until": "2026-11-21"}


@pytest.mark.parametrize("subject", ["22-1D-D8-00-00-06", "22-1D-D8-00-00-06..22-1D-D8-00-00-FF", "web03", "hv3"])
def test_not_covered(subject: str) -> None:
    assert one("duplicate-address", *duplicate(), **waive("duplicate-address", subject))["waived"] is None


def test_another_rule_is_not_covered() -> None:
    assert one("duplicate-address", *duplicate(), **waive("departed", "web01"))["waived"] is None


def test_an_address_does_not_cover_a_range_that_begins_with_it() -> None:
    documents = [host("hv1"), host("hv2")]
    assert one("range-overlap", *documents, **waive("range-overlap", "00-15-5D-E0-00-00"))["waived"] is None
    covered = waive("range-overlap", "00-15-5D-E0-00-00..00-15-5D-E0-00-FF")
    assert one("range-overlap", *documents, **covered)["waived"]


def test_the_last_day_counts_and_the_next_day_is_a_finding() -> None:
    late = waive("duplicate-address", "web01", until="2026-11-20")
    assert not found("waiver-expired", *duplicate(), **waive("duplicate-address", "web01", until=str(NOW.date())))
    assert one("duplicate-address", *duplicate(), **late)["waived"] is None
    finding = one("waiver-expired", *duplicate(), **late)
    assert "2026-11-20" in finding["evidence"]
    assert "web01" in finding["evidence"]


def test_waived_findings_are_counted_apart() -> None:
    result = report(*duplicate(), **waive("duplicate-address", "web01"))
    assert result["summary"]["waived"] == 1
    assert result["summary"]["severities"]["critical"] == 0
    assert "duplicate-address" not in result["summary"]["rules"]
