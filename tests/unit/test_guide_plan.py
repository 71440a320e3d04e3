# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to the plan knows what the reader of plans knows, and its numbers and examples are right."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import parse_interval, parse_mac
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.info import warnings_of
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.model import (
    DEFAULT_REUSE_AFTER,
    DEFAULT_WARN_AT,
    STRATEGIES,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import OTHER_KINDS, parse_duration, parse_plan

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "guide_plan.rst").read_text("utf-8")
BLOCKS = re.findall(r"^\.\. code-block:: yaml\n\n((?:    .*\n|\n)+)", GUIDE, flags=re.MULTILINE)
PLANS = [block for block in BLOCKS if "macpool_plan:" in block]


def section(title: str) -> str:
    """Return the table of a title."""
    return GUIDE.partition(f".. list-table:: {title}\n")[2].partition(".. list-table::")[0]


@pytest.mark.parametrize("block", PLANS)
def test_a_plan_of_the_guide_can_be_copied(block: str) -> None:
    plan = parse_plan(yaml.safe_load(block)["macpool_plan"])
    assert plan.scope == "west"


def test_there_are_plans_to_copy() -> None:
    assert len(PLANS) >= 2


@pytest.mark.parametrize(
    ("title", "broken"),
    [
        ("macpool_plan", {"bogus": 1}),
        ("host_ranges", {"host_ranges": {"bogus": 1}}),
        ("each of pools", {"pools": {"tenant": {"bogus": 1}}}),
        ("each of other_allocators", {"other_allocators": [{"bogus": 1}]}),
        ("each of l2_domains", {"l2_domains": [{"bogus": 1}]}),
        ("each of waivers", {"waivers": [{"bogus": 1}]}),
    ],
)
def test_every_key_is_explained_in_its_table_and_no_other(title: str, broken: dict[str, Any]) -> None:
    with pytest.raises(MacPoolError) as caught:
        parse_plan({"scope": "west", **broken})
    found = re.search(r"the keys are ([a-z0-9_, ]+)", str(caught.value))
    assert found is not None
    known = set(found[1].split(", "))
    first_column = "".join(re.findall(r"^   \* - (.*)$", section(title), flags=re.MULTILINE))
    assert set(re.findall(r"``([a-z0-9_]+)``", first_column)) == known


def test_every_choice_and_default_is_named() -> None:
    for choice in OTHER_KINDS:
        assert f"``{choice}``" in section("each of other_allocators")
    for choice in STRATEGIES:
        assert f"``{choice}``" in section("each of pools")
    for title in ("host_ranges", "each of pools"):
        assert f"``warn_at``\n     - {DEFAULT_WARN_AT}\n" in section(title)
    default = re.search(r"``reuse_after``\n     - ``(\w+)``", section("each of pools"))
    assert default is not None
    assert parse_duration(default[1], "") == DEFAULT_REUSE_AFTER


def test_the_two_ranges_that_are_the_same_are_the_same() -> None:
    (block,) = (block for block in BLOCKS if "first:" in block)
    ranges = yaml.safe_load(block)
    assert parse_interval(ranges["first"]) == parse_interval(ranges["second"])


def test_the_sizes_of_the_table_are_right() -> None:
    rows = re.findall(r"\* - (\d+)\n     - (\d)\n     - ``([0-9A-F-]+)`` to ``([0-9A-F-]+)``", GUIDE)
    assert len(rows) == 5
    for size, digits, start, end in rows:
        assert int(size) == 16 ** int(digits) == parse_mac(end) - parse_mac(start) + 1


def collision(count: int, bits: int) -> float:
    """Return how likely two of ``count`` random numbers of so many bits are equal."""
    return 1 - math.exp(sum(math.log1p(-drawn / 2**bits) for drawn in range(count)))


@pytest.mark.parametrize(
    ("count", "bits", "words"),
    [
        (1000, 24, "1,000 addresses with 3 random octets (24 bits)"),
        (5000, 24, "5,000 addresses with 3 random octets"),
        (10000, 24, "10,000 addresses with 3 random octets"),
        (100, 16, "100 hosts whose default range follows from 2 octets of an IP address (16 bits)"),
        (300, 16, "300 such hosts"),
    ],
)
def test_the_birthday_arithmetic_is_right(count: int, bits: int, words: str) -> None:
    assert f"   * - {words}\n     - {collision(count, bits):.1%}".replace("%", " %") in GUIDE


def test_the_command_draws_a_prefix_of_the_administrators_own() -> None:
    found = re.search(r"^    python3 -c '(.*)'$", GUIDE, flags=re.MULTILINE)
    assert found is not None
    for _draw in range(5):
        run = subprocess.run([sys.executable, "-c", found[1]], check=False, capture_output=True, text=True)
        prefix = run.stdout.strip()
        assert re.fullmatch(r"[1-9A-F]2-[0-9A-F]{2}-[0-9A-F]{2}", prefix), run.stderr
        ranges = [{"start": f"{prefix}-00-00-00", "size": 1048576}]
        assert list(warnings_of(parse_plan({"scope": "west", "pools": {"tenant": {"ranges": ranges}}}))) == []


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("is what Windows NLB clusters make", "02-BF-00-00-00-00"),
        ("IEEE 802c leaves only x2 to the administrator", "06-00-00-00-00-00"),
        ("is registered to", "00-50-56-00-00-00"),
    ],
)
def test_the_warnings_of_the_guide_are_those_of_the_check(words: str, start: str) -> None:
    assert words in GUIDE
    plan = parse_plan({"scope": "west", "pools": {"tenant": {"ranges": [{"start": start, "size": 1}]}}})
    assert any(words in re.sub(r"\s+", " ", warning) for warning in warnings_of(plan))


def plan_with(**pools_and_more: Any) -> dict[str, Any]:
    return {"scope": "west", **pools_and_more}


@pytest.mark.parametrize(
    ("words", "plan"),
    [
        ("Quote it", plan_with(pools={"p": {"ranges": [{"start": 228589568, "size": 1}]}})),
        ("expected a key that the plan knows", plan_with(pool={})),
        (
            "expected ranges that do not overlap",
            plan_with(
                pools={"p": {"ranges": [{"start": "220000000000", "size": 2}, {"start": "220000000001", "size": 2}]}}
            ),
        ),
        (
            "expected individual (unicast) addresses only, all with one even first octet",
            plan_with(pools={"p": {"ranges": [{"start": "22FFFFFFFFFF", "size": 2}]}}),
        ),
        (
            "expected room for 8 hosts, but found 4 blocks",
            plan_with(
                host_ranges={
                    "ranges": [{"start": "220000000000", "size": 1024}],
                    "size_per_host": 256,
                    "hosts": [f"hv{number}" for number in range(8)],
                }
            ),
        ),
        (
            "expected ranges in which no unmanaged Hyper-V host",
            plan_with(pools={"p": {"ranges": [{"start": "00155D000000", "size": 2}]}}),
        ),
    ],
)
def test_the_errors_of_the_guide_are_those_of_the_check(words: str, plan: dict[str, Any]) -> None:
    assert words in GUIDE
    with pytest.raises(MacPoolError) as caught:
        parse_plan(plan)
    assert words in str(caught.value)
