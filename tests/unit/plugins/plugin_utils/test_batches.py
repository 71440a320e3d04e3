# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of a play are still to have their turn."""

from __future__ import annotations

import time

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._batches import Division, name_of_run

ALL = ["hv1", "hv2", "hv3", "hv4"]


def part(*batch: str, strategy: str = "linear", order: str = "", gone: tuple[str, ...] = ()) -> Division:
    """A batch of four hosts, of which some have failed."""
    return Division(ALL, [host for host in ALL if host not in gone], list(batch), strategy, order)


def test_a_later_batch_is_waited_for_and_an_earlier_one_is_not() -> None:
    assert part("hv1", "hv2").waits_for(["hv1", "hv2"]) == ["hv3", "hv4"]
    assert part("hv3", "hv4").waits_for(["hv1", "hv3", "hv4"]) == []
    assert part("hv3", "hv4").waits_for([]) == [], "in step, all that come have come"


def test_what_an_earlier_play_did_is_no_turn() -> None:
    assert part("hv1").waits_for(ALL) == ["hv2", "hv3", "hv4"]


def test_a_host_that_failed_is_not_waited_for() -> None:
    assert part("hv1", gone=("hv3", "hv4")).waits_for(["hv1"]) == ["hv2"]
    assert part("hv1", "hv2", strategy="free", gone=("hv2", "hv3", "hv4")).waits_for(["hv1"]) == []


def test_the_last_batch_is_the_last_one_when_its_other_hosts_failed() -> None:
    assert part("hv3", gone=("hv4",)).waits_for(["hv1", "hv2", "hv3"]) == []
    assert part("hv4", gone=("hv4",)).waits_for(ALL) == [], "a host that a rescue goes on with counts as failed"


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.free", "host_pinned", "mitogen_free"])
def test_hosts_that_do_not_wait_for_each_other_wait_here(strategy: str) -> None:
    assert part(*ALL, strategy=strategy).waits_for(["hv2", "hv3"]) == ["hv1", "hv4"]
    assert part(*ALL, strategy=strategy).waits_for(ALL) == []
    assert part("hv1", "hv2", strategy=strategy).waits_for(["hv2"]) == ["hv1", "hv3", "hv4"]


@pytest.mark.parametrize("strategy", ["linear", "ansible.builtin.linear", "debug", "mitogen_linear"])
def test_hosts_in_step_do_not(strategy: str) -> None:
    assert part(*ALL, strategy=strategy).waits_for([]) == []
    part(*ALL, strategy=strategy).check_undivided("play")


@pytest.mark.parametrize("order", ["shuffle", "sorted", "reverse_inventory"])
def test_in_another_order_a_batch_may_be_any_part(order: str) -> None:
    assert part("hv4", order=order).waits_for(["hv2", "hv4"]) == ["hv1", "hv3"]
    assert part("hv1", order=order).waits_for(ALL) == []
    assert part("hv4", order="inventory").waits_for(["hv4"]) == []


def test_a_divided_play_is_refused() -> None:
    with pytest.raises(
        MacPoolError, match=r"^play: expected all hosts .*, but found serial: 2 of 4 hosts .* without hv1"
    ):
        part("hv3", "hv4").check_undivided("play")
    with pytest.raises(MacPoolError, match="found strategy: free"):
        part(*ALL, strategy="free").check_undivided("play")
    with pytest.raises(MacPoolError, match="found strategy: free"):
        part("hv1", strategy="free", gone=("hv2", "hv3", "hv4")).check_undivided("play")


def test_one_host_is_never_divided() -> None:
    Division(["hv1"], ["hv1"], ["hv1"], "free").check_undivided("play")
    part("hv1", gone=("hv2", "hv3", "hv4")).check_undivided("play")


def test_the_name_of_a_run_is_the_same_whenever_a_host_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    first, now, now_ns = name_of_run("play"), time.time(), time.time_ns()
    monkeypatch.setattr(time, "time", lambda: now + 90)
    monkeypatch.setattr(time, "time_ns", lambda: now_ns + 90_000_000_000)
    assert name_of_run("play") == first
    assert name_of_run("another play") != first
    assert first.replace("Z-", "").replace("T", "").isalnum()
