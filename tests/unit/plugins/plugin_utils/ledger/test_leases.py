# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks for hosts."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import NoLease, NotInPool, PoolFull
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.leases import static_pool
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Lease, Request
from tests.unit.plugins.plugin_utils.ledger.helpers import (
    JOB,
    LAND,
    POOL,
    Clock,
    make_ledger,
    make_plan,
    observation,
    reopened,
    vm,
)

FOUR = ("hv1", "hv2", "hv3", "hv4")


def starts(ledger: Ledger) -> dict[str, int]:
    return {lease.host: (lease.start - LAND) // 16 for lease in ledger.leases() if lease.state == "active"}


def test_hosts_get_disjoint_blocks_and_keep_them(ledger: Ledger, clock: Clock) -> None:
    first = ledger.lease(JOB)
    assert starts(ledger) == {"hv1": 0, "hv2": 1}
    assert [(item.lease.end - item.lease.start + 1, item.lease.end - item.lease.dynamic_end) for item in first] == [
        (16, 4),
        (16, 4),
    ]
    # Another order, another set, another run: the same blocks.
    other = reopened(ledger, make_plan(hosts=["hv9", "hv2", "HV1.example.com"]), clock)
    outcomes = other.lease(JOB)
    assert [outcome.changed for outcome in outcomes] == [True, False, False]
    assert starts(ledger) == {"hv1": 0, "hv2": 1, "hv9": 2}


def test_leasing_some_hosts_leaves_the_others_alone(ledger: Ledger) -> None:
    ledger.lease(JOB)
    ledger.lease(JOB, ["hv2"])
    assert starts(ledger) == {"hv1": 0, "hv2": 1}
    with pytest.raises(MacPoolError, match=r'host "hv7".*hv1, hv2'):
        ledger.lease(JOB, ["hv7"])


def test_a_changed_size_is_reported_and_moves_nobody(ledger: Ledger, clock: Clock) -> None:
    ledger.lease(JOB, ["hv1"])
    ranges = {"ranges": [{"start": "00-15-5D-E0-00-00", "size": 64}], "size_per_host": 8, "hosts": ["hv1", "hv2"]}
    kept, new = reopened(ledger, make_plan(host_ranges=ranges), clock).lease(JOB)
    assert kept.remark == "keeps its block of 16 addresses; the plan now says 8"
    assert (new.lease.start - LAND, new.lease.end - new.lease.start + 1) == (16, 8)
    less_static = dict(ranges, size_per_host=16, static_per_host=2)
    assert "keeps 4 static" in reopened(ledger, make_plan(host_ranges=less_static), clock).lease(JOB, ["hv1"])[0].remark


def test_blocks_that_somebody_uses_are_left_out(ledger: Ledger, clock: Clock) -> None:
    ledger.observe(
        [
            # hv2 has block 0 as its range today; a stranger's static address lies in block 1.
            observation("hv2", clock.now, vm(LAND + 20, "x/eth0", "vm-7"), range_start=LAND, range_end=LAND + 15),
        ],
        JOB,
    )
    ledger.ensure([Request("y/eth0", address=LAND + 40, adopt=True)], JOB)
    assert ledger.lease(JOB, ["hv1"])[0].lease.start == LAND + 48
    # hv2 may have the block that is its range, since nobody but itself stands on it.
    assert ledger.lease(JOB, ["hv2"])[0].lease.start == LAND


def test_a_hosts_own_dynamic_adapters_do_not_stop_it(ledger: Ledger, clock: Clock) -> None:
    ledger.observe([observation("hv1", clock.now, vm(LAND + 3, dynamic=True)), observation("hv2", clock.now)], JOB)
    assert ledger.lease(JOB, ["hv2"])[0].lease.start == LAND + 16
    assert ledger.lease(JOB, ["hv1"])[0].lease.start == LAND


def test_the_default_range_of_another_host_is_left_out(tmp_path: Path, clock: Clock) -> None:
    """Fact 11: a host that loses its registry values makes this range again."""
    ranges = {"ranges": [{"start": "00-15-5D-0A-0A-00", "size": 768}], "size_per_host": 256, "hosts": ["hv1", "hv2"]}
    with make_ledger(tmp_path / "l", make_plan(host_ranges=ranges), clock) as ledger:
        ledger.observe([observation("hv9", clock.now, ipv4=("10.0.10.10",)), observation("hv1", clock.now)], JOB)
        first, second = ledger.lease(JOB)
        assert (first.lease.start, second.lease.start) == (0x00155D0A0B00, 0x00155D0A0C00)


def test_a_rebuilt_ledger_moves_no_host(tmp_path: Path, clock: Clock) -> None:
    with make_ledger(tmp_path / "l", make_plan(hosts=FOUR), clock) as ledger:
        ledger.lease(JOB)
        ledger.retire(["hv1"], JOB)
        before = {lease.host: lease for lease in ledger.leases() if lease.state == "active"}
    with make_ledger(tmp_path / "new", make_plan(hosts=FOUR[1:]), clock) as rebuilt:
        rebuilt.observe(
            [
                observation(host, clock.now, range_start=lease.start, range_end=lease.dynamic_end)
                for host, lease in before.items()
            ],
            JOB,
        )
        assert {item.lease.host: item.lease.start for item in rebuilt.lease(JOB)} == {
            host: lease.start for host, lease in before.items()
        }


def test_when_no_block_is_left_each_reason_is_counted(ledger: Ledger, clock: Clock) -> None:
    full = reopened(ledger, make_plan(hosts=FOUR), clock)
    full.observe([observation("hv9", clock.now, range_start=LAND + 32, range_end=LAND + 63)], JOB)
    with pytest.raises(MacPoolError) as caught:
        full.lease(JOB)
    assert 'host "hv3": expected a block of 16 addresses' in str(caught.value)
    assert "none among 4: 2 leased (active), 2 range of another host" in str(caught.value)
    assert full.leases() == []
    with pytest.raises(PoolFull):
        full.lease(JOB, ["hv1", "hv2", "hv3"])


def test_a_retired_block_is_nobodys_until_nobody_carries_it(ledger: Ledger, clock: Clock) -> None:
    ledger.lease(JOB)
    clock.forward(1)
    retired = ledger.retire(["hv1"], JOB)[0]
    assert (retired.lease.state, retired.changed) == ("retired", True)
    assert not ledger.retire(["hv1"], JOB)[0].changed
    assert ledger.lease(JOB, ["hv1"])[0].lease.start == LAND + 32
    clock.forward(1)
    carrier = vm(LAND + 2, dynamic=True)
    ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now, carrier)], JOB)
    assert len(ledger.leases()) == 3
    clock.forward(1)
    still = observation("hv1", clock.now, range_start=LAND, range_end=LAND + 11)
    assert not ledger.observe([still, observation("hv2", clock.now)], JOB).leases
    clock.forward(1)
    ended = ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now)], JOB).leases
    assert [outcome.lease.start for outcome in ended] == [LAND]
    assert ledger.verify() == []
    with pytest.raises(NoLease):
        ledger.retire(["hv8"], JOB)


def test_leased_land_is_handed_out_by_the_hosts_own_pool_only(tmp_path: Path, clock: Clock) -> None:
    with make_ledger(tmp_path / "l", make_plan(), clock) as ledger:
        lease = ledger.lease(JOB, ["hv1"])[0].lease
        with pytest.raises(NotInPool, match='leased to host "hv1"'):
            ledger.ensure([Request("s/eth0", "tenant", lease.start)], JOB)
        assert ledger.ensure([Request("s/eth0", address=lease.end)], JOB)[0].claim.pool == "host/hv1"


def test_a_pool_hands_out_nothing_of_a_block_that_was_imported_onto_it(ledger: Ledger) -> None:
    line = (
        '{"start": "221DD8000000", "end": "221DD800000E", "dynamic_end": "221DD800000E", "host": "hv7",'
        ' "state": "active", "since": "2026-11-20T12:00:00Z"}'
    )
    ledger.accept_plan(JOB)
    ledger.import_text('{"macpool": "ledger", "schema": 1, "scope": "west"}\n' + line, JOB)
    assert ledger.ensure([Request("a/eth0")], JOB)[0].claim.address == 0x221DD800000F
    with pytest.raises(PoolFull, match="15 more excluded or leased"):
        ledger.ensure([Request("b/eth0")], JOB)


@settings(max_examples=30)
@given(data=st.data())
def test_leases_never_overlap_and_never_move(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    clock = Clock()
    with make_ledger(tmp_path_factory.mktemp("leases") / "l", make_plan(hosts=FOUR), clock) as ledger:
        known: dict[str, int] = {}
        for _step in range(data.draw(st.integers(1, 6))):
            clock.forward(1)
            hosts = data.draw(st.lists(st.sampled_from(FOUR), unique=True, min_size=1))
            if data.draw(st.booleans()):
                carrier = vm(LAND + data.draw(st.integers(0, 63)), dynamic=data.draw(st.booleans()))
                ledger.observe([observation(hosts[0], clock.now, carrier)], JOB)
            if data.draw(st.integers(0, 3)) == 0 and hosts[0] in known:
                ledger.retire([hosts[0]], JOB)
                del known[hosts[0]]
            try:
                outcomes = ledger.lease(JOB, hosts)
            except MacPoolError:
                continue
            for outcome in outcomes:
                assert known.setdefault(outcome.lease.host, outcome.lease.start) == outcome.lease.start
            blocks = sorted((lease.start, lease.end) for lease in ledger.leases())
            assert all(one[1] < two[0] for one, two in itertools.pairwise(blocks))
        assert ledger.verify() == []


def test_a_host_pool_hands_out_its_static_part_from_the_bottom() -> None:
    pool = static_pool([Lease("hv1", POOL, POOL + 255, POOL + 127, "active", 1, 0)], "host/hv1")
    assert (pool.name, pool.strategy, list(pool.usable)) == ("host/hv1", "sequential", [(POOL + 128, POOL + 255)])
