# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of facts has every fact that code and documentation cite, and says how each of them is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "docsite" / "rst" / "facts.rst").read_text("utf-8")
LABEL = "ansible_collections.macpool.hyperv.docsite.facts.fact_"
FACTS = {
    int(label): (int(shown), text)
    for label, shown, text in re.findall(
        rf"^\.\. _{re.escape(LABEL)}(\d+):\n\n\*\*(\d+)\.\*\* ((?:.+\n)+)", PAGE, flags=re.MULTILINE
    )
}
FOLDERS = ("plugins", "tests", "docs", "roles", "playbooks", "examples")
SUFFIXES = {".py", ".ps1", ".psm1", ".yml", ".rst", ".md", ".js", ".j2"}
MARKS = ("documented", "blog", "code", "tried", "report", "inferred")
# These say where: documentation, a blog, code or a log. The others are judgements.
WITH_SOURCE = MARKS[:4]


def cited(text: str) -> Iterator[int]:
    """Yield the numbers of all facts that a text cites, such as "fact 8", "facts 1-2, 11 and 23" or "facts 85 to 89"."""
    plain = re.sub(r":ref:`(\d+) <[^>]*>`", r"\1", text)
    plain = re.sub(r"\s*\n\s*(?:#|//|\*)?\s*", " ", plain)
    for words in re.findall(r"\b[Ff]acts? (\d+(?:(?:, and |, | and | or | to |-)\d+)*)", plain):
        for first, last in re.findall(r"(\d+)(?:(?: to |-)(\d+))?", words):
            yield from range(int(first), int(last or first) + 1)
    for label in re.findall(rf"{re.escape(LABEL)}(\d+)>", text):
        yield int(label)


def sources() -> list[Path]:
    """Return the files that may cite a fact."""
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in SUFFIXES and path.is_file() and path != Path(__file__).resolve()
    ]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("(fact 16)", [16]),
        ("# facts 1-2", [1, 2]),
        ("(facts 38, 39,\n    # 42)", [38, 39, 42]),
        ("Facts 85 to 87 and 89.", [85, 86, 87, 89]),
        ("(facts 70, 85-87)", [70, 85, 86, 87]),
        ("gather_facts: 7, 3 facts, the fact that 9", []),
        (f":ref:`fact 5 <{LABEL}5>`, facts :ref:`6 <{LABEL}6>` and :ref:`7 <{LABEL}7>`", [5, 6, 7, 5, 6, 7]),
    ],
)
def test_citations_are_found_in_every_form(text: str, numbers: list[int]) -> None:
    assert sorted(cited(text)) == sorted(numbers)


def test_the_facts_are_numbered_without_a_gap_and_labelled_with_their_number() -> None:
    assert sorted(FACTS) == list(range(1, 120))
    assert {label: shown for label, (shown, _text) in FACTS.items() if label != shown} == {}


def test_every_cited_fact_is_on_the_page() -> None:
    files = sources()
    assert len(files) > 100
    unknown = {
        f"{path.relative_to(ROOT)}: fact {number}"
        for path in files
        for number in cited(path.read_text("utf-8"))
        if number not in FACTS
    }
    assert unknown == set()


@pytest.mark.parametrize("number", sorted(FACTS))
def test_a_fact_says_how_it_is_known(number: int) -> None:
    text = re.sub(r"\s+", " ", FACTS[number][1])
    marks = re.findall(rf"\[({'|'.join(MARKS)})\b(:? ?)", text)
    assert marks, f"fact {number} has none of {MARKS}"
    for mark, rest in marks:
        assert mark not in WITH_SOURCE or rest == ": ", f"fact {number} says [{mark}] without a source"


def test_every_mark_is_explained() -> None:
    for mark in MARKS:
        assert f"   * - [{mark}]\n" in PAGE
