# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible hands over becomes plain, in every class in which any of its versions writes text."""

from __future__ import annotations

import datetime as dt
from collections import UserString
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible.parsing import vault
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, failure
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import parse_mac, shown
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plain import Vaulted, plain_data
from ansible_collections.macpool.hyperv.plugins.plugin_utils._settings import Settings
from ansible_collections.macpool.hyperv.plugins.plugin_utils._templates import for_templates


class OldVaulted(Sequence[str]):
    """Text as ansible-core up to 2.18 reads it after ``!vault``: no str."""

    __ENCRYPTED__ = True
    __UNSAFE__ = True

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __getitem__(self, index: Any) -> str:
        return self._text[index]

    def __len__(self) -> int:
        return len(self._text)


Unsafe: type[str] = type("Unsafe", (str,), {"__slots__": (), "__str__": lambda self: self})
"""Text as ansible-core up to 2.18 marks it: asked for its str, it answers with itself."""


class Native(str):
    """Text as native Jinja makes it."""

    __slots__ = ()


def tagged(text: str) -> Any:
    """Return text that was vaulted as ansible-core from 2.19 on hands it over."""
    if not hasattr(vault, "VaultedValue"):
        pytest.skip("before ansible-core 2.19 there are no tags")
    return vault.VaultedValue(ciphertext="$ANSIBLE_VAULT;1.1;AES256\n00").tag(text)


KINDS: list[Callable[[str], Any]] = [OldVaulted, Unsafe, Native, UserString, tagged]
SECRET: list[Callable[[str], Any]] = [OldVaulted, tagged]


@pytest.mark.parametrize("kind", KINDS)
def test_text_of_any_class_is_text(kind: Callable[[str], Any]) -> None:
    (made,) = plain_data([kind("22-1D-D8-00-00-00")])
    assert type(made) in (str, Vaulted)
    assert parse_mac(made) == 0x221DD8000000


@pytest.mark.parametrize("kind", KINDS)
def test_at_any_depth(kind: Callable[[str], Any]) -> None:
    made = plain_data({kind("pools"): {"tenant": {"ranges": ({"start": kind("22-1D-D8-00-00-00")},)}}})
    assert made == {"pools": {"tenant": {"ranges": [{"start": "22-1D-D8-00-00-00"}]}}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_of_it(kind: Callable[[str], Any]) -> None:
    pools = {
        "tenant": {"ranges": [{"start": kind("22-1D-D8-00-00-00"), "size": kind("16")}], "reuse_after": kind("4h")}
    }
    hosts = {"ranges": [{"start": "22-1D-D8-10-00-00", "size": 64}], "size_per_host": 16, "hosts": [kind("hv1")]}
    waiver = {"rule": kind("stranded"), "subject": kind("web01"), "reason": kind("x"), "owner": kind("me")}
    raw = {
        "scope": kind("west"),
        "pools": pools,
        "host_ranges": hosts,
        "waivers": [{**waiver, "until": kind("2999-01-01")}],
    }
    for options, variables in (({"plan": raw}, {}), ({}, {"macpool_plan": raw})):
        plan = Settings(options, variables, lambda value: value, {}).plan()
        assert (plan.scope, plan.pools["tenant"].ranges.size, plan.pools["tenant"].reuse_after) == ("west", 16, 14400)
        assert plan.host_ranges is not None
        assert plan.host_ranges.hosts == ("hv1",)


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_of_it(kind: Callable[[str], Any]) -> None:
    called = for_templates(lambda value, form: f"{type(value) in (str, Vaulted)} {form['a'][0]}")
    assert called(kind("x"), form={"a": [kind("y")]}) == "True y"


@pytest.mark.parametrize("kind", SECRET)
def test_an_error_says_where_and_not_what(kind: Callable[[str], Any]) -> None:
    raw = {"scope": "west", "pools": {"tenant": {"ranges": [{"start": kind("hunter2"), "size": kind("hunter3")}]}}}
    with pytest.raises(MacPoolError) as caught:
        Settings({"plan": raw}, {}, lambda value: value, {}).plan()
    assert "macpool_plan.pools.tenant.ranges[0].start" in str(caught.value)
    assert "a vaulted value" in str(caught.value)
    assert "hunter" not in str(caught.value) + str(failure(caught.value))
    assert "hunter" not in shown(plain_data({"a": [kind("hunter2")]}))


@pytest.mark.parametrize(
    "value", [None, True, 7, 1.5, "x", dt.date(2027, 1, 31), dt.datetime(2027, 1, 31, tzinfo=dt.timezone.utc)]
)
def test_what_is_plain_stays(value: Any) -> None:
    assert plain_data(value) is value


def test_numbers_become_plain_and_anything_else_stays() -> None:
    class Count(int):
        pass

    class Share(float):
        pass

    assert [type(item) for item in plain_data([Count(7), Share(1.5)])] == [int, float]
    other = object()
    assert plain_data(other) is other


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_it_changes_nothing_that_is_plain(value: Any) -> None:
    assert plain_data(value) == value
    assert plain_data(plain_data(value)) == value


@pytest.mark.parametrize("number", [16**5000, -(16**5000), 10**300], ids=["long", "negative", "first"])
def test_a_number_without_end_is_refused_with_its_place(number: int) -> None:
    with pytest.raises(MacPoolError, match=r"the value of pools\.tenant\[0\]\.size: .* at most 300 digits"):
        plain_data({"scope": "west", "pools": {"tenant": [{"size": number}]}})
    assert plain_data([10**300 - 1]) == [10**300 - 1]


def test_lists_without_end_are_refused() -> None:
    endless: list[object] = []
    for _level in range(100_000):
        endless = [endless]
    with pytest.raises(MacPoolError, match="nested too deeply"):
        plain_data(endless)
