# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import pickle

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import (
    MacPoolError,
    ManyErrors,
    collected,
    raise_all,
)

ONE = MacPoolError('pool "a"', "x", "y", "Do z.")
TWO = MacPoolError('pool "b"', "v", "w", "Do u.")


def test_an_error_says_subject_wanted_found_and_remedy() -> None:
    assert str(ONE) == 'pool "a": expected x, but found y. Do z.'
    assert ONE.as_dict() == {"subject": 'pool "a"', "wanted": "x", "found": "y", "remedy": "Do z."}


def test_nothing_collected_raises_nothing() -> None:
    raise_all("plan", [])


def test_one_error_is_raised_as_itself() -> None:
    with pytest.raises(MacPoolError) as caught:
        raise_all("plan", [ONE])
    assert caught.value is ONE


def test_many_errors_are_numbered_lines_of_one_message() -> None:
    with pytest.raises(ManyErrors) as caught:
        raise_all("plan", [ONE, TWO])
    assert str(caught.value) == f"plan: 2 errors\n  1. {ONE}\n  2. {TWO}"
    assert caught.value.errors == (ONE, TWO)


def test_work_is_done_for_every_item_and_all_errors_are_raised_together() -> None:
    done = []

    def work(item: int) -> int:
        done.append(item)
        if item % 2:
            raise (ONE, TWO)[item // 2]
        return item * 10

    assert collected("items", [0, 2], work) == [0, 20]
    done.clear()
    with pytest.raises(ManyErrors, match="items: 2 errors") as caught:
        collected("items", range(4), work)
    assert (done, caught.value.errors) == ([0, 1, 2, 3], (ONE, TWO))


@pytest.mark.parametrize("error", [ONE, ManyErrors("plan", [ONE, TWO])], ids=["one", "many"])
def test_an_error_survives_the_way_between_processes(error: MacPoolError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert other.as_dict() == error.as_dict()


def test_an_error_may_bring_its_own_first_sentence_or_a_list_of_lines() -> None:
    assert (
        str(MacPoolError("host", "x", "y", "Do z.", problem="Cannot read it: denied"))
        == "Cannot read it: denied. Do z."
    )
    assert (
        str(MacPoolError("host", "x", "y", "Do z.", problem="host: two:\n  a\n  b\n")) == "host: two:\n  a\n  b\nDo z."
    )
