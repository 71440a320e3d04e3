# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: what they fit, how often, and that a wrong one is refused."""

from __future__ import annotations

import pytest

from tests.lab.faults import FaultError, Faults

CALL = ("hv1", "host_apply", False)


@pytest.fixture
def faults() -> Faults:
    return Faults()


def test_one_shot_counted_and_for_ever(faults: Faults) -> None:
    faults.add("cut_after")
    assert faults.take("cut_after", *CALL)
    assert faults.take("cut_after", *CALL) is None
    faults.add("cut_after", times=2)
    assert [bool(faults.take("cut_after", *CALL)) for _call in range(3)] == [True, True, False]
    faults.add("delay", times=None)
    assert all(faults.take("delay", *CALL) for _call in range(5))
    assert [fault["kind"] for fault in faults.waiting()] == ["delay"]
    faults.clear()
    assert faults.waiting() == []


def test_skip_lets_the_first_ones_go_well(faults: Faults) -> None:
    faults.add("cut_before", skip=2)
    assert [bool(faults.take("cut_before", *CALL)) for _call in range(4)] == [False, False, True, False]


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        ({"host": "hv1"}, True),
        ({"host": "hv2"}, False),
        ({"script": "host_apply"}, True),
        ({"script": "host_info"}, False),
        ({"check_mode": False}, True),
        ({"check_mode": True}, False),
    ],
)
def test_where_it_fits(faults: Faults, where: dict[str, object], fits: bool) -> None:
    faults.add("cut_after", **where)  # type: ignore[arg-type]
    assert bool(faults.take("cut_after", *CALL)) is fits


def test_details_choose_the_operation(faults: Faults) -> None:
    faults.add("fail_op", index=1)
    assert faults.take("fail_op", *CALL, index=0, at="begin") is None
    assert faults.take("fail_op", *CALL, index=1, at="stopped") is None
    assert faults.take("fail_op", *CALL, index=1, at="begin")


def test_a_fault_that_cannot_happen_is_refused(faults: Faults) -> None:
    for kind, details in (
        ("explode", {}),
        ("die", {"at": "dawn"}),
        ("cut_after", {"how": "gently"}),
        ("verb_after", {}),
    ):
        with pytest.raises(FaultError):
            faults.add(kind, **details)  # type: ignore[arg-type]
    assert faults.waiting() == []
