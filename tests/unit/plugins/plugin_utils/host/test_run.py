# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in rounds: what was overtaken is looked at again, and what was done is never lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, ManyErrors
from ansible_collections.macpool.hyperv.plugins.plugin_utils._host.run import TRIES, Report, Row


@dataclass(frozen=True)
class Line:
    """What becomes of a wish."""

    wish: str

    @property
    def name(self) -> str:
        return self.wish


@dataclass
class Done(Row[Line]):
    """What became of it."""

    changed: bool = False
    round: int = 0

    @property
    def change(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"round": 0}, {"round": self.round}

    def as_result(self) -> dict[str, Any]:
        return {"name": self.decision.wish}


def problem(subject: str) -> MacPoolError:
    return MacPoolError(subject, "a", "b", "Fix it.")


def row(wish: str, **more: Any) -> Done:
    return Done(Line(wish), **more)


def moved(wish: str, **more: Any) -> Done:
    return row(wish, overtaken=True, error=problem(wish), **more)


def test_only_what_was_overtaken_is_done_again_and_the_order_stays() -> None:
    report, rounds = Report[Done]("lines"), []

    def work(left: list[str]) -> None:
        rounds.append(list(left))
        report.rows += [moved(wish) if len(rounds) == 1 and wish in "ac" else row(wish, changed=True) for wish in left]

    report.fulfil(["a", "b", "c"], work)
    assert rounds == [["a", "b", "c"], ["a", "c"]]
    assert report.as_result() == {"changed": True, "lines": [{"name": name} for name in "abc"], "missing": []}


def test_what_is_overtaken_again_and_again_has_failed() -> None:
    report, rounds = Report[Done]("lines"), []

    def work(left: list[str]) -> None:
        rounds.append(list(left))
        report.rows += [moved(wish, round=len(rounds)) for wish in left]

    report.fulfil(["a"], work)
    assert [one.round for one in report.rows] == [TRIES] == [len(rounds)]
    result = report.as_result()
    assert (result["failed"], result["msg"], len(result["errors"])) == (True, str(problem("a")), 1)


def test_an_error_before_anything_is_known_is_raised_as_it_is() -> None:
    def work(_left: list[str]) -> None:
        raise problem("host")

    with pytest.raises(MacPoolError, match="host"):
        Report[Done]("lines").fulfil(["a"], work)


def test_an_error_in_a_later_round_is_told_with_what_was_done() -> None:
    report = Report[Done]("lines")

    def work(left: list[str]) -> None:
        if len(left) == 1:
            raise ManyErrors("a and more", [problem("a"), problem("host")])
        report.rows += [moved("a"), row("b", changed=True, round=1)]

    report.fulfil(["a", "b"], work)
    assert [one.decision.wish for one in report.rows] == ["b"], "the new errors say what became of the other"
    assert [error.subject for error in report.errors] == ["a", "host"]
    assert report.diff() == ({"b": {"round": 0}}, {"b": {"round": 1}})


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_done_to_one_that_is_not_met_again_is_told(fails: bool) -> None:
    report = Report[Done]("lines")

    def work(left: list[str]) -> None:
        if report.overtaken:
            report.missing += left
            if fails:
                raise problem("host")
        else:
            report.rows += [moved("a", changed=True), moved("b")]

    report.fulfil(["a", "b"], work)
    assert [one.decision.wish for one in report.rows] == ["a"]
    assert report.changed
    assert bool(report.as_result().get("failed")) is fails
