# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run is as its case says, and whether two engines agree about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import engines
from .bridge import compare, worlds
from .cases import Case
from .engines import Run

Json = dict[str, Any]
Engine = Callable[..., Run]


def check(case: Case, engine: Engine) -> dict[bool, Run]:
    """Run the case as often as it says, and hold each run against it."""
    runs = {check: _run(case, engine, check) for check in _modes(case)}
    lines = [line for check, run in runs.items() for line in _against_case(case, run, check)]
    if len(runs) == 2 and case.predicted is None:
        lines += _against_prediction(runs[True].result, runs[False].result)
    assert not lines, "\n".join(["", *lines])
    return runs


def agree(case: Case, runs: dict[bool, Run]) -> None:
    """Hold what the scripts did against what the lab's host does."""
    before = worlds.complete(case.world)
    lines: list[str] = []
    for check, script in runs.items():
        lab = _run(case, engines.lab, check)
        result, state = (
            compare.renamed(data, lab.state, script.state, before) for data in (script.result, script.state)
        )
        lines += compare.different(compare.plain(lab.result), compare.plain(result), "answer")
        lines += compare.different(worlds.comparable(lab.state), worlds.comparable(state), "world")
    assert not lines, "\n".join(["the lab | the script:", *lines])


def _modes(case: Case) -> list[bool]:
    return [True, False] if case.check == "both" else [bool(case.check)]


def _run(case: Case, engine: Engine, check: bool) -> Run:
    world = worlds.complete(case.world)
    arguments = compare.resolve(case.arguments, world)
    return engine(case.module, arguments, world, case.node, check=check, faults=case.faults)


def _against_case(case: Case, run: Run, check: bool) -> list[str]:
    before, after = worlds.complete(case.world), run.state
    predicting = check and case.check == "both"
    lines = []
    if not predicting or case.predicted is not None:
        wanted = case.predicted if predicting else case.answer
        lines += compare.expected(compare.resolve(wanted, before, after), run.result, "answer")
    wanted_after = None if check else case.after
    if wanted_after is not None or check or _nothing_done(run.result):
        was, now = worlds.comparable(before), worlds.comparable(after)
        for node in (*was["nodes"].values(), *now["nodes"].values()):
            del node["next_mac"]
        lines += compare.changed(compare.resolve(wanted_after or {}, before, after), was, now, "world")
    for cmdlet, most in case.calls.items():
        count = run.calls.total() if cmdlet == "total" else run.calls[cmdlet]
        if run.calls and count > most:
            lines.append(f"calls: at most {most} of {cmdlet}, found {count}: {dict(run.calls)}")
    return [f"{'check mode: ' if check else ''}{line}" for line in lines]


def _nothing_done(result: Json) -> bool:
    return all(one["status"] in ("refused", "unchanged") for one in result.get("results", []))


def _against_prediction(predicted: Json, real: Json) -> list[str]:
    """Check mode foresees everything but what a cmdlet makes of it; what it cannot know is null."""
    lines = compare.different("results" in predicted, "results" in real, "prediction.results")
    rows = zip(predicted.get("results", []), real.get("results", []), strict=False)
    for place, (one, other) in enumerate(rows):
        if other["status"] == "failed" and one["status"] in ("done", "failed"):
            continue
        for name in ("id", "op", "status", "reason", "before", "after"):
            lines += compare.different(_known(one[name], other[name]), other[name], f"prediction[{place}].{name}")
    return lines


def _known(predicted: Any, real: Any) -> Any:
    if isinstance(predicted, dict) and isinstance(real, dict):
        return {name: _known(value, real.get(name)) for name, value in predicted.items()}
    if isinstance(predicted, list) and isinstance(real, list) and len(predicted) == len(real):
        return [_known(*pair) for pair in zip(predicted, real, strict=True)]
    return real if predicted is None else predicted
