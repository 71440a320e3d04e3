# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws (DESIGN §11), by whatever sequence of calls hypothesis comes up with."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import (
    OwnerConflict,
    PoolFull,
    RebindNeeded,
    StaleClaim,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import (
    Claim,
    ClaimName,
    Confirmation,
    Fence,
    HostSightings,
    Identity,
    KnownHost,
    Push,
    Renewal,
    Request,
    Sighting,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._names import name_key
from tests.unit.plugins.plugin_utils.ledger.helpers import (
    HOUR,
    JOB,
    LAND,
    OTHER_JOB,
    POOL,
    Clock,
    ids,
    make_ledger,
    make_plan,
    observation,
    pool,
    reopened,
    sightings,
    vm,
)

HOSTS = ("hv1", "hv2", "hv3")
SIZE = 6
numbers = st.integers(1, 5)
addresses = st.integers(POOL, POOL + SIZE - 1)


def owner(number: int) -> str:
    return f"vm{number}/eth0"


@st.composite
def observations(draw: st.DrawFn, at: int) -> HostSightings:
    """What some host was seen to carry, now or a while ago."""
    seen = [
        vm(
            draw(addresses),
            owner(number),
            f"vm-{number}",
            kind=draw(st.sampled_from(["vm", "vm", "checkpoint", "replica"])),
        )
        for number in draw(st.lists(numbers, max_size=3))
    ]
    return observation(
        draw(st.sampled_from(HOSTS)),
        at - draw(st.sampled_from([0, 1, HOUR, 100 * HOUR])),
        *seen,
        complete=draw(st.sampled_from([True, True, False])),
        range_start=draw(st.sampled_from([None, LAND, LAND + 16])),
        range_end=LAND + 31,
        cluster="c1",
        cluster_nodes=draw(st.sampled_from([(), HOSTS])),
        owners=draw(st.sampled_from(["", "", "map"])),
    )


class Laws(RuleBasedStateMachine):
    """Many jobs on one ledger; the model is what was acknowledged to them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.promised: dict[str, int] = {}
        """What ensure gave to whom, while the owner did not release it and no observation took it back."""
        self.fences: list[Fence] = []

    @initialize(strategy=st.sampled_from(["hashed", "random", "sequential"]))
    def make(self, strategy: str) -> None:
        plan = make_plan(pools={"tenant": pool(SIZE, strategy=strategy)}, hosts=HOSTS)
        # The id is part of each random draw: a fixed one lets hypothesis run the same calls again.
        with mock.patch("uuid.uuid4", return_value=uuid.UUID(int=1)):
            self.ledger = make_ledger(self.folder / "l", plan, self.clock)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            assert self.ledger.verify() == []
            self.ledger.close()
        shutil.rmtree(self.folder)

    def predicted(self, call: Any, *arguments: Any, **options: Any) -> Any:
        """Preview a call, see that nothing was written, run it, and see that the preview was right."""
        before = (self.ledger.info(), self.ledger.export_text(), self.ledger.hosts(), sightings(self.ledger))
        try:
            preview, refusal = call(*arguments, **options, preview=True), None
        except MacPoolError as error:
            preview, refusal = None, error
        assert before == (self.ledger.info(), self.ledger.export_text(), self.ledger.hosts(), sightings(self.ledger))
        if refusal is not None:
            with pytest.raises(type(refusal)) as caught:
                call(*arguments, **options)
            assert str(caught.value) == str(refusal)
            assert before == (
                self.ledger.info(),
                self.ledger.export_text(),
                self.ledger.hosts(),
                sightings(self.ledger),
            )
            raise refusal
        result = call(*arguments, **options)
        assert result == preview
        return result

    @rule(number=numbers, with_ids=st.booleans(), given_address=st.none() | addresses, adopt=st.booleans())
    def ensure(self, number: int, with_ids: bool, given_address: int | None, adopt: bool) -> None:
        request = Request(
            owner(number),
            "" if adopt and given_address else "tenant",
            given_address,
            ids(number) if with_ids else None,
            adopt=adopt and given_address is not None,
        )
        try:
            (outcome,) = self.predicted(self.ledger.ensure, [request], JOB, reserve_for=3600)
        except PoolFull:
            assert {claim.address for claim in self.ledger.claims()} | {
                sighting.address for sighting in sightings(self.ledger)
            } >= set(range(POOL, POOL + SIZE))
            return
        except (MacPoolError, RebindNeeded):
            return
        key = name_key(owner(number))
        assert self.promised.setdefault(key, outcome.claim.address) == outcome.claim.address
        self.fences.append(outcome.claim.fence)
        (again,) = self.ledger.ensure([request], OTHER_JOB, reserve_for=3600)
        assert not again.changed

    @rule(number=numbers, declared_gone=st.booleans())
    def release(self, number: int, declared_gone: bool) -> None:
        self.predicted(self.ledger.release, [ClaimName(owner(number))], JOB, declared_gone=declared_gone)
        self.promised.pop(name_key(owner(number)), None)

    @rule(data=st.data())
    def observe(self, data: st.DataObject) -> None:
        observation = data.draw(st.lists(observations(self.clock.now), max_size=4))
        outcomes = self.predicted(self.ledger.observe, observation, JOB).outcomes
        for outcome in outcomes:
            if outcome.before is not None and outcome.before.live and not outcome.claim.live:
                # Only a reservation that ran out is ever taken back.
                assert outcome.before.state == "reserved"
                assert outcome.before.until is not None
                assert outcome.before.until <= self.clock.now
                self.promised.pop(name_key(outcome.claim.owner))

    @rule(hours=st.sampled_from([0, 1, 2, 5]))
    def wait(self, hours: int) -> None:
        self.clock.forward(hours * HOUR + 1)

    @precondition(lambda self: self.fences)
    @rule(data=st.data(), confirming=st.booleans())
    def push(self, data: st.DataObject, confirming: bool) -> None:
        fence = data.draw(st.sampled_from(self.fences))
        before = self.ledger.claims(address=fence.address)
        current = before[0] if before else None
        as_seen = current is not None and fence == current.fence and current.live
        try:
            if confirming:
                self.predicted(self.ledger.confirm, [Confirmation(fence, "read back")], JOB)
                assert current is not None
                assert as_seen or (current.state == "applied" and name_key(current.owner) == name_key(fence.owner))
            else:
                (renewed,) = self.predicted(self.ledger.renew, [Renewal(fence, Push("hv1", "v", "a"))], JOB)
                assert as_seen
                self.fences.append(renewed.claim.fence)
        except StaleClaim:
            assert not as_seen
            assert self.ledger.claims(address=fence.address) == before

    @rule(address=addresses, letting_go=st.booleans())
    def hold(self, address: int, letting_go: bool) -> None:
        try:
            if letting_go:
                self.predicted(self.ledger.unhold, [address], JOB)
            else:
                self.predicted(self.ledger.hold, [Request("", address=address, note="by hand")], JOB)
        except MacPoolError:
            assert self.ledger.claims(address=address)[0].state in ("reserved", "applied", "releasing")

    @rule()
    def another_process(self) -> None:
        ledger = reopened(self.ledger, clock=self.clock)
        self.ledger.close()
        self.ledger = ledger

    @invariant()
    def what_was_promised_is_kept(self) -> None:
        if not hasattr(self, "ledger"):
            return
        claims = self.ledger.claims()
        live = {name_key(claim.owner): claim.address for claim in claims if claim.live}
        assert live == self.promised
        assert len({claim.address for claim in claims}) == len(claims)
        bound = [claim.identity for claim in claims if claim.live and claim.identity]
        assert len(set(bound)) == len(bound)


TestLaws = Laws.TestCase
TestLaws.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def claims_of_every_state(ledger: Ledger, data: st.DataObject) -> None:
    for number in range(1, 6):
        identity = data.draw(st.sampled_from([None, ids(number)]))
        claim = ledger.ensure([Request(owner(number), identity=identity)], JOB, reserve_for=3600)[0].claim
        what = data.draw(st.sampled_from(["nothing", "release", "declare", "confirm"]))
        if what == "confirm":
            ledger.confirm([Confirmation(claim.fence, "read back")], JOB)
        elif what != "nothing":
            ledger.release([ClaimName(claim.owner)], JOB, declared_gone=what == "declare")


PROGRESS = {"quarantined": 1, "gone": 2}


@settings(max_examples=40)
@given(data=st.data())
def test_removing_hosts_from_observations_frees_nothing(data: st.DataObject) -> None:
    clock = Clock()
    plan = make_plan(SIZE, hosts=HOSTS)
    left_out = data.draw(st.sets(st.sampled_from(HOSTS)))
    with tempfile.TemporaryDirectory() as folder, make_ledger(Path(folder) / "all", plan, clock) as ledger:
        claims_of_every_state(ledger, data)
        with make_ledger(Path(folder) / "some", plan, clock) as other:
            other.import_text(ledger.export_text(), JOB)
            addresses = [claim.address for claim in ledger.claims()]
            for _round in range(3):
                clock.forward(data.draw(st.sampled_from([1, 2 * HOUR, 5 * HOUR])))
                observation = data.draw(st.lists(observations(clock.now), max_size=4))
                ledger.observe(observation, JOB)
                other.observe([item for item in observation if item.host not in left_out], JOB)
            for address in addresses:
                (every,), (some,) = (
                    [claim.state for claim in book.claims(address=address)] or ["gone"] for book in (ledger, other)
                )
                assert PROGRESS.get(some, 0) <= PROGRESS.get(every, 0)


@settings(max_examples=40)
@given(data=st.data())
def test_the_order_of_observations_is_irrelevant(data: st.DataObject) -> None:
    clock = Clock()
    plan = make_plan(SIZE, hosts=HOSTS)
    with tempfile.TemporaryDirectory() as folder, make_ledger(Path(folder) / "l", plan, clock) as ledger:
        claims_of_every_state(ledger, data)
        clock.forward(data.draw(st.sampled_from([1, 2 * HOUR, 5 * HOUR])))
        ledger.observe(data.draw(st.lists(observations(clock.now), max_size=3)), JOB)
        clock.forward(data.draw(st.sampled_from([1, 2 * HOUR, 5 * HOUR])))
        observation = data.draw(st.lists(observations(clock.now), max_size=5))
        shuffled = data.draw(st.permutations(observation))
        assert ledger.observe(observation, JOB, preview=True) == ledger.observe(shuffled, JOB, preview=True)


@settings(max_examples=40)
@given(data=st.data())
def test_what_is_known_of_hosts_does_not_depend_on_who_reported_first(data: st.DataObject) -> None:
    clock = Clock()
    plan = make_plan(SIZE, hosts=HOSTS)
    observation = data.draw(st.lists(observations(clock.now), max_size=5))
    with tempfile.TemporaryDirectory() as folder:
        known: list[tuple[list[KnownHost], list[Sighting]]] = []
        for order in (observation, data.draw(st.permutations(observation))):
            with make_ledger(Path(folder) / str(len(known)), plan, clock) as ledger:
                for item in order:
                    ledger.observe([item], JOB)
                known.append((ledger.hosts(), sightings(ledger)))
        assert known[0] == known[1]


def claims_by_owner(ledger: Ledger) -> dict[str, Claim]:
    return {claim.owner: claim for claim in ledger.claims()}


@settings(max_examples=10)
@given(
    first=st.lists(st.integers(0, 60), unique=True, max_size=30),
    second=st.lists(st.integers(0, 60), unique=True, max_size=30),
)
def test_nobody_moves_when_the_inventory_changes(first: list[int], second: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, make_ledger(Path(folder) / "l", make_plan(64)) as ledger:
        ledger.ensure([Request(owner(number)) for number in first], JOB)
        before = claims_by_owner(ledger)
        ledger.ensure([Request(owner(number)) for number in second], JOB)
        after = claims_by_owner(ledger)
        assert before.items() <= after.items()
        assert len({claim.address for claim in after.values()}) == len({*first, *second})


def test_a_preview_draws_what_the_real_run_draws(tmp_path: Path) -> None:
    with make_ledger(tmp_path / "l", make_plan(pools={"tenant": pool(1 << 20, strategy="random")})) as ledger:
        requests = [Request(owner(number)) for number in range(50)]
        predicted = [item.claim.address for item in ledger.ensure(requests, JOB, preview=True)]
        assert [item.claim.address for item in ledger.ensure(requests, JOB)] == predicted
        assert len(set(predicted)) == 50


@settings(max_examples=30)
@given(data=st.data())
def test_a_rebuild_covers_every_address_that_is_carried(data: st.DataObject) -> None:
    """Law 6: a lost ledger is rebuilt from what the cluster carries, duplicates and foreign land included."""
    clock = Clock()
    anywhere = addresses | st.integers(0x001122334400, 0x001122334403)
    machines = st.builds(vm, anywhere, st.just(""), kind=st.sampled_from(["vm", "vm", "checkpoint", "replica"]))
    with tempfile.TemporaryDirectory() as folder, make_ledger(Path(folder) / "l", make_plan(SIZE), clock) as ledger:
        seen = [
            item._replace(vm_id=f"vm-{number}", vm_name=f"vm{number}", adapter_name="eth0")
            for number, item in enumerate(data.draw(st.lists(machines, max_size=8)))
        ]
        ledger.observe(
            [observation("hv1", clock.now, *seen), observation("hv2", clock.now), observation("hv3", clock.now)], JOB
        )
        for item in seen:
            adopted = Request(
                f"{item.vm_name}/eth0",
                address=item.address,
                identity=Identity(item.vm_id, item.adapter_id),
                adopt=True,
            )
            with suppress(OwnerConflict):
                ledger.ensure([adopted], JOB)
        claimed = {claim.address for claim in ledger.claims()}
        assert claimed == {item.address for item in seen}
        with suppress(PoolFull):
            assert ledger.ensure([Request("new/eth0", "tenant")], JOB)[0].claim.address not in claimed
