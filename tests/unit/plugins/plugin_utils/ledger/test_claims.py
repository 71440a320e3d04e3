# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims from first to last, through the whole ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, ManyErrors
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import (
    NoLease,
    NotInPool,
    ObservationTooOld,
    OwnerConflict,
    OwnerHasOther,
    PlanConflict,
    PlanOutdated,
    PoolFull,
    StaleClaim,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import (
    ClaimName,
    Confirmation,
    Identity,
    Push,
    Renewal,
    Request,
    Sighting,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._names import BadOwner
from tests.unit.plugins.plugin_utils.ledger.helpers import (
    HOUR,
    JOB,
    LAND,
    OTHER_JOB,
    POOL,
    START,
    Clock,
    ids,
    make_ledger,
    make_plan,
    observation,
    pool,
    reopened,
    sightings,
    unproven,
    vm,
)

HOSTS = ("hv1", "hv2")


def absent_everywhere(ledger: Ledger, clock: Clock) -> None:
    """Observe both hosts completely, with nobody on them."""
    clock.forward(1)
    ledger.observe([observation(host, clock.now) for host in HOSTS], JOB)


def released_and_gone(ledger: Ledger, clock: Clock, owner: str) -> None:
    """Take a claim all the way to the end."""
    ledger.release([ClaimName(owner)], JOB)
    absent_everywhere(ledger, clock)
    clock.forward(5 * HOUR)
    absent_everywhere(ledger, clock)


def test_an_owner_keeps_its_address_across_jobs_processes_and_plans(ledger: Ledger, clock: Clock) -> None:
    first = ledger.ensure([Request("web01/eth0", "tenant")], JOB)[0]
    other = reopened(ledger, make_plan(size=64), clock)
    clock.forward(10 * HOUR)
    again = other.ensure([Request("WEB01/ETH0", "tenant")], OTHER_JOB)[0]
    assert first.changed
    assert first.how == "claimed"
    assert (again.changed, again.how, again.claim.address) == (False, "kept", first.claim.address)


def test_asking_twice_in_one_call_gives_one_address(ledger: Ledger) -> None:
    first, second = ledger.ensure([Request("a/eth0"), Request("a/eth0")], JOB)
    assert first.claim == second.claim
    assert not second.changed


def test_what_is_claimed_lies_in_the_pool_and_nowhere_else(tmp_path: Path) -> None:
    plan = make_plan(
        pools={"tenant": pool(16, exclude=[{"start": "22-1D-D8-00-00-04", "size": 8, "reason": "balancers"}])}
    )
    with make_ledger(tmp_path / "l", plan) as ledger:
        taken = {ledger.ensure([Request(f"vm{n}/eth0")], JOB)[0].claim.address for n in range(8)}
        assert taken == {POOL + n for n in (0, 1, 2, 3, 12, 13, 14, 15)}
        with pytest.raises(PoolFull, match=r"none among 8 .*8 reserved, 8 more excluded"):
            ledger.ensure([Request("late/eth0")], JOB)


@pytest.mark.parametrize("strategy", ["hashed", "random", "sequential"])
def test_the_last_eligible_address_is_found_with_every_strategy(tmp_path: Path, strategy: str) -> None:
    with make_ledger(tmp_path / "l", make_plan(pools={"tenant": pool(200, strategy=strategy)})) as ledger:
        ledger.ensure([Request(f"vm{n}/eth0") for n in range(199)], JOB)
        last = ledger.ensure([Request("last/eth0")], JOB)[0].claim.address
        claims = ledger.claims()
        assert len({claim.address for claim in claims}) == 200
        assert last in {claim.address for claim in claims}


def test_a_full_pool_is_one_message_and_nothing_is_written(ledger: Ledger) -> None:
    with pytest.raises(PoolFull) as caught:
        ledger.ensure([Request(f"vm{n}/eth0") for n in range(40)], JOB)
    assert 'pool "tenant"' in str(caught.value)
    assert ledger.claims() == []


def test_errors_of_one_call_come_together(ledger: Ledger) -> None:
    with pytest.raises(ManyErrors) as caught:
        ledger.ensure([Request("a/eth0", "nope"), Request("b/eth0", address=POOL + 99, pool="tenant")], JOB)
    assert "nope" in str(caught.value)
    assert "22-1D-D8-00-00-63" in str(caught.value)
    assert ledger.claims() == []


@pytest.mark.parametrize("owner", ["", "   ", "x" * 1025, "\ud800"])
def test_a_name_that_cannot_be_kept_is_refused(ledger: Ledger, owner: str) -> None:
    with pytest.raises(BadOwner):
        ledger.ensure([Request(owner, "tenant")], JOB)


@pytest.mark.parametrize(
    "owner", ["'; DROP TABLE claims; --/eth0", "{{ lookup('pipe', 'id') }}/x", "a\x00b/eth\n0", "<script>/é\u202e"]
)
def test_hostile_names_are_only_names(ledger: Ledger, owner: str) -> None:
    claim = ledger.ensure([Request(owner, "tenant", note=owner)], JOB)[0].claim
    assert ledger.claims(owner=owner) == [claim]
    assert ledger.verify() == []
    assert ledger.export_text().count("\n") == 2


def test_two_names_that_only_look_alike_are_two_owners(ledger: Ledger) -> None:
    addresses = {
        ledger.ensure([Request(name)], JOB)[0].claim.address for name in ("straße/e", "strasse/e", "STRASSE/E")
    }
    assert len(addresses) == 2


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (0x00155DE00001, "found it belongs to host_ranges"),
        (0x001DD8B71C01, 'found it belongs to other allocator "nc"'),
        (0xA21DD8000001, "found it lies outside of everything in the plan"),
    ],
)
def test_an_address_of_no_pool_is_refused_by_whose_it_is(tmp_path: Path, address: int, words: str) -> None:
    other = {"name": "nc", "kind": "network_controller", "start": "00-1D-D8-B7-1C-00", "size": 1024}
    pools = {"a": pool(16), "b": pool(16, "22-1D-D8-00-01-00")}
    plan = make_plan(pools=pools, other_allocators=[other])
    with make_ledger(tmp_path / "l", plan) as ledger, pytest.raises(NotInPool, match=words):
        ledger.ensure([Request("x/eth0", address=address)], JOB)


def test_a_pool_must_be_named_where_there_are_several(tmp_path: Path) -> None:
    plan = make_plan(pools={"a": pool(16), "b": pool(16, "22-1D-D8-00-01-00")})
    with make_ledger(tmp_path / "l", plan) as ledger:
        with pytest.raises(MacPoolError, match="Name one of: a, b"):
            ledger.ensure([Request("web01/eth0")], JOB)
        assert ledger.ensure([Request("web01/eth0", address=POOL + 0x100)], JOB)[0].claim.pool == "b"


# --- given addresses --------------------------------------------------------------------------------------------------


def test_a_given_address_is_promised_once(ledger: Ledger) -> None:
    claim = ledger.ensure([Request("a/eth0", "tenant", POOL + 5)], JOB)[0].claim
    assert claim.address == POOL + 5
    with pytest.raises(OwnerConflict, match=r'reserved by "a/eth0" since 2027-'):
        ledger.ensure([Request("b/eth0", "tenant", POOL + 5)], JOB)
    assert not ledger.ensure([Request("a/eth0", "tenant", POOL + 5)], JOB)[0].changed


def test_an_owner_with_an_address_is_told_to_release_it_first(ledger: Ledger) -> None:
    ledger.ensure([Request("a/eth0", "tenant", POOL + 5)], JOB)
    with pytest.raises(OwnerHasOther, match=r"22-1D-D8-00-00-05.*Release"):
        ledger.ensure([Request("a/eth0", "tenant", POOL + 6)], JOB)
    ledger.release([ClaimName("a/eth0")], JOB)
    assert ledger.ensure([Request("a/eth0", "tenant", POOL + 6)], JOB)[0].claim.address == POOL + 6


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (POOL + 4, r"excluded there \(balancers\)"),
        (POOL + 0x1000, "outside of everything"),
        (LAND + 20, "host_ranges"),
        (0x001DD8B71C00, 'other allocator "nc"'),
    ],
)
def test_a_given_address_must_be_the_pools_own(tmp_path: Path, address: int, words: str) -> None:
    plan = make_plan(
        pools={"tenant": pool(16, exclude=[{"start": "22-1D-D8-00-00-04", "size": 1, "reason": "balancers"}])},
        other_allocators=[
            {"name": "nc", "kind": "network_controller", "start": "00-1D-D8-B7-1C-00", "end": "00-1D-D8-B7-1F-FF"}
        ],
    )
    with make_ledger(tmp_path / "l", plan) as ledger, pytest.raises(NotInPool, match=words):
        ledger.ensure([Request("a/eth0", "tenant", address)], JOB)


def test_a_given_address_that_somebody_carries_is_refused_by_name(ledger: Ledger, clock: Clock) -> None:
    ledger.observe([observation("hv1", clock.now, vm(POOL + 5, "db/eth0"))], JOB)
    with pytest.raises(OwnerConflict, match=r'last seen on "db/eth0" on "hv1"'):
        ledger.ensure([Request("a/eth0", "tenant", POOL + 5)], JOB)


def test_what_is_carried_can_be_adopted_wherever_it_lies(ledger: Ledger, clock: Clock) -> None:
    foreign = 0x001122334455
    ledger.observe([observation("hv1", clock.now, vm(foreign), vm(POOL + 3, "db/eth0", "vm-2", "ad-2"))], JOB)
    requests = [
        Request("web01/eth0", address=foreign, identity=ids(1), adopt=True),
        Request("db/eth0", address=POOL + 3, identity=ids(2, 2), adopt=True),
    ]
    outcomes = ledger.ensure(requests, JOB)
    assert [(item.claim.pool, item.how) for item in outcomes] == [("adopted", "adopted"), ("tenant", "adopted")]
    assert not any(item.changed for item in ledger.ensure(requests, JOB))


def test_of_two_that_carry_one_address_one_can_be_adopted(ledger: Ledger, clock: Clock) -> None:
    """A rebuilt ledger covers every address that is carried, duplicates too."""
    ledger.observe([observation("hv1", clock.now, vm(POOL), vm(POOL, "copy/eth0", "vm-2", "ad-2"))], JOB)
    first = Request("web01/eth0", address=POOL, identity=ids(1), adopt=True)
    second = Request("copy/eth0", address=POOL, identity=ids(2, 2), adopt=True)
    ledger.ensure([first], JOB)
    with pytest.raises(OwnerConflict, match='by "web01/eth0"'):
        ledger.ensure([second], JOB)
    stranger = Request("x/eth0", address=POOL + 1, adopt=True)
    ledger.observe([observation("hv2", clock.now, vm(POOL + 1, "db/eth0", "vm-3"))], JOB)
    with pytest.raises(OwnerConflict, match="last seen on"):
        ledger.ensure([stranger], JOB)


def test_multicast_is_never_adopted(ledger: Ledger) -> None:
    with pytest.raises(NotInPool, match="unicast"):
        ledger.ensure([Request("a/eth0", address=0x01005E000001, adopt=True)], JOB)


# --- what is never chosen ---------------------------------------------------------------------------------------------


def test_addresses_seen_on_anybody_are_never_chosen(ledger: Ledger, clock: Clock) -> None:
    carried = [
        vm(POOL, "a/eth0", "vm-8"),
        vm(POOL + 1, "b/eth0", "vm-9", kind="checkpoint"),
        vm(POOL + 2, "c/eth0", "vm-10", kind="replica"),
        vm(POOL + 3, "", "", "", kind="physical"),
        vm(POOL + 4, "", "", "", kind="host"),
    ]
    ledger.observe([observation("hv1", clock.now, *carried)], JOB)
    # The host goes down: what it carried last still counts.
    clock.forward(HOUR)
    ledger.observe([observation("hv1", clock.now, complete=False)], JOB)
    chosen = {ledger.ensure([Request(f"vm{n}/eth0")], JOB)[0].claim.address for n in range(11)}
    assert chosen == {POOL + n for n in range(5, 16)}
    with pytest.raises(PoolFull, match="5 carried without a claim"):
        ledger.ensure([Request("late/eth0")], JOB)


def test_the_last_free_address_may_be_the_one_that_its_owner_carries(ledger: Ledger, clock: Clock) -> None:
    ledger.observe([observation("hv1", clock.now, vm(POOL + 7))], JOB)
    ledger.ensure([Request(f"vm{n}/eth0") for n in range(15)], JOB)
    assert ledger.ensure([Request("web01/eth0", identity=ids(1))], JOB)[0].claim.address == POOL + 7


def test_held_addresses_are_never_chosen_until_unheld(ledger: Ledger) -> None:
    ledger.hold([Request("", address=POOL + n, note="for the switch") for n in range(15)], JOB)
    assert ledger.ensure([Request("a/eth0")], JOB)[0].claim.address == POOL + 15
    with pytest.raises(PoolFull, match="15 held"):
        ledger.ensure([Request("b/eth0")], JOB)
    with pytest.raises(OwnerConflict, match=r"set aside since .* \(for the switch\).*unhold"):
        ledger.ensure([Request("b/eth0", "tenant", POOL + 3)], JOB)
    ledger.unhold([POOL + 3], JOB)
    assert ledger.ensure([Request("b/eth0")], JOB)[0].claim.address == POOL + 3


def test_only_what_is_promised_to_nobody_is_held(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.ensure([Request("a/eth0")], JOB)[0].claim
    with pytest.raises(OwnerConflict, match="reserved by"):
        ledger.hold([Request("", address=claim.address)], JOB)
    ledger.release([ClaimName("a/eth0")], JOB, declared_gone=True)
    held = ledger.hold([Request("", address=claim.address, note="keep")], JOB)[0]
    again = ledger.hold([Request("", address=claim.address, note="keep")], JOB)[0]
    assert (held.how, again.changed) == ("held", False)
    unheld = ledger.unhold([claim.address, POOL + 9], JOB)
    # Holding it and letting go did not shorten its quarantine.
    assert unheld[0] is not None
    assert (unheld[0].claim.state, unheld[0].claim.until) == ("quarantined", clock.now + 4 * HOUR)
    assert unheld[1] is None


# --- release, quarantine, return --------------------------------------------------------------------------------------


def test_a_released_address_is_free_only_after_proof_and_quarantine(ledger: Ledger, clock: Clock) -> None:
    address = ledger.ensure([Request("a/eth0", "tenant", POOL)], JOB)[0].claim.address
    assert ledger.release([ClaimName("a/eth0")], JOB)[0].claim.state == "releasing"  # type: ignore[union-attr]
    clock.forward(100 * HOUR)
    ledger.observe([observation("hv1", clock.now)], JOB)
    assert ledger.claims(address=address)[0].state == "releasing"
    observed = ledger.observe([observation("hv2", clock.now)], JOB)
    assert [outcome.claim.state for outcome in observed.outcomes] == ["quarantined"]
    assert ledger.claims(address=address)[0].until == clock.now + 4 * HOUR
    clock.forward(4 * HOUR - 1)
    assert not ledger.observe([observation(host, clock.now) for host in HOSTS], JOB).outcomes
    clock.forward(1)
    assert not ledger.observe([observation("hv1", clock.now)], JOB).outcomes
    assert [outcome.how for outcome in ledger.observe([observation("hv2", clock.now)], JOB).outcomes] == ["gone"]
    assert ledger.claims() == []


def test_reuse_never_means_never(tmp_path: Path, clock: Clock) -> None:
    plan = make_plan(pools={"tenant": pool(1, reuse_after="never")})
    with make_ledger(tmp_path / "l", plan, clock) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        released_and_gone(ledger, clock, "a/eth0")
        clock.forward(10_000 * HOUR)
        absent_everywhere(ledger, clock)
        with pytest.raises(PoolFull, match="1 quarantined"):
            ledger.ensure([Request("b/eth0")], JOB)
        assert ledger.ensure([Request("a/eth0")], JOB)[0].how == "revived"


def test_a_quarantine_that_is_over_does_not_make_a_pool_full(tmp_path: Path, clock: Clock) -> None:
    with make_ledger(tmp_path / "l", make_plan(size=1), clock) as ledger:
        ledger.ensure([Request("a/eth0")], JOB)
        ledger.release([ClaimName("a/eth0")], JOB, declared_gone=True)
        with pytest.raises(PoolFull):
            ledger.ensure([Request("b/eth0")], JOB)
        clock.forward(4 * HOUR)
        assert ledger.ensure([Request("c/eth0", "tenant", POOL)], JOB, preview=True)[0].claim.address == POOL
        assert ledger.ensure([Request("b/eth0")], JOB)[0].claim.address == POOL


@pytest.mark.parametrize("declared_gone", [True, False])
def test_who_comes_back_gets_the_same_address(ledger: Ledger, clock: Clock, declared_gone: bool) -> None:
    address = ledger.ensure([Request("a/eth0")], JOB)[0].claim.address
    ledger.release([ClaimName("a/eth0")], JOB, declared_gone=declared_gone)
    ledger.ensure([Request(f"vm{n}/eth0") for n in range(10)], JOB)
    revived = ledger.ensure([Request("a/eth0")], JOB)[0]
    assert (revived.how, revived.claim.address, revived.claim.state) == ("revived", address, "reserved")


def test_who_comes_back_is_not_given_what_somebody_else_carries_by_now(ledger: Ledger, clock: Clock) -> None:
    address = ledger.ensure([Request("a/eth0")], JOB)[0].claim.address
    ledger.release([ClaimName("a/eth0")], JOB, declared_gone=True)
    ledger.observe([observation("hv1", clock.now, vm(address, "thief/eth0", "vm-7"))], JOB)
    assert ledger.ensure([Request("a/eth0")], JOB)[0].claim.address != address


def test_a_declaration_is_in_the_history(ledger: Ledger) -> None:
    claim = ledger.ensure([Request("a/eth0")], JOB)[0].claim
    ledger.release([ClaimName("a/eth0")], OTHER_JOB, declared_gone=True)
    last = ledger.history()[-1]
    assert last.address == claim.address
    assert (last.action, last.job, last.user) == ("declared gone", "awx/2", "bob")


def test_releasing_what_is_not_there_changes_nothing(ledger: Ledger) -> None:
    assert ledger.release([ClaimName("ghost/eth0"), ClaimName(address=POOL)], JOB) == [None, None]


def test_a_target_must_mean_one_claim(ledger: Ledger) -> None:
    claim = ledger.ensure([Request("a/eth0")], JOB)[0].claim
    with pytest.raises(OwnerConflict, match='by "a/eth0"'):
        ledger.release([ClaimName("b/eth0", claim.address)], JOB)
    assert ledger.claims()[0] == claim


# --- observation ------------------------------------------------------------------------------------------------------


def test_use_that_is_seen_applies_a_claim_and_teaches_its_ids(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.ensure([Request("web01/eth0")], JOB)[0].claim
    observed = ledger.observe([observation("hv1", clock.now, vm(claim.address))], JOB)
    after = observed.outcomes[0].claim
    assert (after.state, after.identity, after.until) == ("applied", ids(1), None)
    assert '"hv1"' in after.evidence
    # Evidence is nothing that a waiting job must know of.
    assert after.generation == claim.generation
    clock.forward(1)
    assert not ledger.observe([observation("hv1", clock.now, vm(claim.address))], JOB).outcomes


def test_two_adapters_of_one_name_teach_nothing(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.ensure([Request("web01/eth0")], JOB)[0].claim
    twins = [vm(claim.address), vm(claim.address, vm_id="vm-2", adapter_id="ad-2")]
    assert not ledger.observe([observation("hv1", clock.now, *twins)], JOB).outcomes


def test_an_applied_claim_outlives_any_absence(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.ensure([Request("web01/eth0")], JOB)[0].claim
    ledger.observe([observation("hv1", clock.now, vm(claim.address))], JOB)
    for _round in range(3):
        clock.forward(100 * HOUR)
        absent_everywhere(ledger, clock)
    assert ledger.claims()[0].state == "applied"


def test_a_reservation_that_ran_out_is_suspect_but_not_free(ledger: Ledger, clock: Clock) -> None:
    ledger.ensure([Request("a/eth0")], JOB, reserve_for=3600)
    clock.forward(2 * HOUR)
    ledger.observe([observation("hv1", clock.now), observation("hv2", START)], JOB)
    assert ledger.claims()[0].state == "reserved"
    absent_everywhere(ledger, clock)
    assert ledger.claims()[0].state == "quarantined"


def test_asking_again_keeps_a_suspect_claim_from_being_taken_away(ledger: Ledger, clock: Clock) -> None:
    ledger.ensure([Request("a/eth0")], JOB, reserve_for=3600)
    clock.forward(2 * HOUR)
    again = ledger.ensure([Request("a/eth0")], JOB, reserve_for=3600)[0]
    assert (again.changed, again.how) == (False, "refreshed")
    absent_everywhere(ledger, clock)
    assert ledger.claims()[0].state == "reserved"


def test_a_node_that_was_only_named_keeps_everything(ledger: Ledger, clock: Clock) -> None:
    ledger.ensure([Request("a/eth0")], JOB)
    ledger.release([ClaimName("a/eth0")], JOB)
    clock.forward(1)
    named = observation("hv1", clock.now, cluster="c1", cluster_nodes=("HV1", "hv2", "hv9"))
    ledger.observe([named, observation("hv2", clock.now)], JOB)
    assert unproven(ledger) == {"hv9": "never observed"}
    assert ledger.claims()[0].state == "releasing"
    # A later observation without the node frees no more than before; only forgetting it does.
    absent_everywhere(ledger, clock)
    assert ledger.claims()[0].state == "releasing"
    assert ledger.forget_hosts(["hv9"], JOB)
    absent_everywhere(ledger, clock)
    assert ledger.claims()[0].state == "quarantined"
    assert ledger.history(kind="host")[0].after == {"host": "hv9"}
    # What the cluster still names is not forgotten.
    ledger.observe([observation("hv1", clock.forward(1), cluster_nodes=("hv9",))], JOB)
    assert ledger.forget_hosts(["hv9"], JOB)
    assert "hv9" in unproven(ledger)


def test_a_vm_that_moved_between_two_readings_frees_nothing(ledger: Ledger, clock: Clock) -> None:
    """Incident 7: hv2 was read before the VM came, hv1 after it left."""
    claim = ledger.ensure([Request("web01/eth0")], JOB)[0].claim
    ledger.release([ClaimName("web01/eth0")], JOB)
    clock.forward(1)
    before = observation("hv2", clock.now, cluster="c1", owners="map 1")
    after = observation("hv1", clock.now, cluster="C1", owners="map 2")
    ledger.observe([before, after], JOB)
    assert "VMs moved" in next(iter(unproven(ledger).values()))
    assert ledger.claims(address=claim.address)[0].state == "releasing"
    clock.forward(1)
    both = [observation(host, clock.now, cluster="c1", owners="map 2") for host in HOSTS]
    ledger.observe(both, JOB)
    assert unproven(ledger) == {}
    assert ledger.claims(address=claim.address)[0].state == "quarantined"


def test_a_full_name_and_a_short_one_are_one_host(ledger: Ledger, clock: Clock) -> None:
    ledger.observe([observation("hv1", clock.now, vm(POOL))], JOB)
    clock.forward(1)
    ledger.observe([observation("HV1.example.com", clock.now)], JOB)
    assert [host.host for host in ledger.hosts()] == ["HV1.example.com"]
    assert sightings(ledger) == []
    clock.forward(1)
    # Another domain: another host, and the short name of the plan means neither of them now.
    ledger.observe([observation("hv1.example.org", clock.now), observation("hv2", clock.now)], JOB)
    assert unproven(ledger) == {"hv1": "never observed"}


def test_a_documents_time_in_the_future_counts_as_now(ledger: Ledger, clock: Clock) -> None:
    ledger.observe([observation(host, clock.now + 1000 * HOUR) for host in HOSTS], JOB)
    ledger.ensure([Request("a/eth0")], JOB)
    ledger.release([ClaimName("a/eth0")], JOB)
    assert not ledger.observe([], JOB).outcomes
    absent_everywhere(ledger, clock)
    assert ledger.claims()[0].state == "quarantined"


def test_a_observation_that_comes_late_tells_nothing_new(ledger: Ledger, clock: Clock) -> None:
    late = observation("hv1", clock.now, vm(POOL), complete=False, range_start=LAND, range_end=LAND)
    clock.forward(HOUR)
    ledger.observe([observation("hv1", clock.now, vm(POOL + 1))], JOB)
    known = ledger.hosts()
    ledger.observe([late], JOB)
    assert [sighting.address for sighting in sightings(ledger)] == [POOL + 1]
    assert ledger.hosts() == known


def test_an_incomplete_observation_adds_to_the_complete_one_before_it(ledger: Ledger, clock: Clock) -> None:
    ledger.observe([observation("hv1", clock.now, vm(POOL), range_start=LAND, range_end=LAND + 15)], JOB)
    for _hour in range(3):
        clock.forward(HOUR)
        ledger.observe([observation("hv1", clock.now, vm(POOL), vm(POOL + 1, "b/eth0", "vm-2"), complete=False)], JOB)
    assert [sighting.address for sighting in sightings(ledger)] == [POOL, POOL + 1]
    (host,) = ledger.hosts()
    assert (host.complete, host.complete_at, host.observed_at) == (False, START, clock.now)
    assert (host.range_start, host.range_end) == (LAND, LAND + 15)


def test_a_clock_that_goes_back_changes_no_order(ledger: Ledger, clock: Clock) -> None:
    clock.forward(HOUR)
    ledger.ensure([Request("a/eth0")], JOB)
    clock.forward(-2 * HOUR)
    assert ledger.now() == START - HOUR
    ledger.release([ClaimName("a/eth0")], JOB)
    # Observations of before the release prove nothing, whatever the machine's clock says by now.
    absent_everywhere(ledger, clock)
    assert ledger.claims()[0].state == "releasing"
    assert [entry.at for entry in ledger.history(kind="claim")] == [START + HOUR] * 2


def test_the_plan_may_ask_for_a_fresh_and_complete_observation(tmp_path: Path, clock: Clock) -> None:
    with make_ledger(tmp_path / "l", make_plan(max_observation_age="24h"), clock) as ledger:
        with pytest.raises(ObservationTooOld, match="hv1: never observed; hv2: never observed"):
            ledger.ensure([Request("a/eth0")], JOB)
        absent_everywhere(ledger, clock)
        ledger.ensure([Request("a/eth0")], JOB)
        ledger.observe([observation("hv2", clock.now + 1, complete=False)], JOB)
        with pytest.raises(ObservationTooOld, match="hv2: incomplete: access denied"):
            ledger.ensure([Request("b/eth0")], JOB)
        absent_everywhere(ledger, clock)
        clock.forward(25 * HOUR)
        with pytest.raises(ObservationTooOld, match="hv1: observed 2027-"):
            ledger.ensure([Request("b/eth0")], JOB)
        with pytest.raises(ObservationTooOld):
            ledger.lease(JOB)
        # What an owner has already is no new promise.
        assert ledger.ensure([Request("a/eth0")], JOB)[0].claim.live


# --- renewing and confirming ------------------------------------------------------------------------------------------


def test_a_claim_is_unsure_from_renewal_to_confirmation(ledger: Ledger) -> None:
    claim = ledger.ensure([Request("web01/eth0", identity=ids(1))], JOB)[0].claim
    push = Push("hv1", "vm-1", "ad-1")
    renewed = ledger.renew([Renewal(claim.fence, push)], JOB)[0].claim
    assert renewed.unsure
    assert ledger.claims()[0].pushing == push
    confirmed = ledger.confirm([Confirmation(renewed.fence, "read back on hv1")], JOB)[0]
    assert (confirmed.claim.state, confirmed.claim.unsure, confirmed.changed) == ("applied", False, True)
    assert not ledger.confirm([Confirmation(renewed.fence, "read back again")], JOB)[0].changed


def test_a_lost_confirmation_is_healed_by_evidence(ledger: Ledger, clock: Clock) -> None:
    """Incident 8: the connection dropped after the set."""
    claim = ledger.ensure([Request("web01/eth0", identity=ids(1))], JOB)[0].claim
    ledger.renew([Renewal(claim.fence, Push("hv1", "vm-1", "ad-1"))], JOB)
    ledger.observe([observation("hv1", clock.now, vm(claim.address))], JOB)
    after = ledger.ensure([Request("web01/eth0", identity=ids(1))], JOB)[0].claim
    assert (after.address, after.state, after.unsure) == (claim.address, "applied", False)
    assert len(ledger.claims()) == 1


def test_a_stale_generation_changes_nothing(ledger: Ledger) -> None:
    first, second = (item.claim for item in ledger.ensure([Request("a/eth0"), Request("b/eth0")], JOB))
    ledger.renew([Renewal(second.fence)], OTHER_JOB)
    before = ledger.info().sequence
    with pytest.raises(StaleClaim, match=r'"b/eth0".*expected generation 1.*generation 2'):
        ledger.renew([Renewal(first.fence), Renewal(second.fence)], JOB)
    with pytest.raises(StaleClaim):
        ledger.confirm([Confirmation(second.fence, "x")], JOB)
    assert ledger.info().sequence == before


def test_a_confirmation_of_what_was_seen_meanwhile_is_no_error(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.ensure([Request("web01/eth0", identity=ids(1))], JOB)[0].claim
    renewed = ledger.renew([Renewal(claim.fence, Push("hv1", "vm-1", "ad-1"))], JOB)[0].claim
    ledger.observe([observation("hv1", clock.now, vm(claim.address))], OTHER_JOB)
    assert not ledger.confirm([Confirmation(renewed.fence, "read back", ids(1))], JOB)[0].changed


def test_incident_10_a_job_that_slept_through_its_reservation_pushes_nothing(tmp_path: Path, clock: Clock) -> None:
    with make_ledger(tmp_path / "l", make_plan(size=2), clock) as ledger:
        mine = ledger.ensure([Request("j/eth0", identity=Identity("vm-j", "ad-j"))], JOB, reserve_for=3600)[0].claim
        clock.forward(2 * HOUR)
        ledger.observe([observation("hv1", clock.now), observation("hv2", clock.now, complete=False)], OTHER_JOB)
        assert ledger.claims()[0] == mine
        absent_everywhere(ledger, clock)
        assert ledger.claims()[0].state == "quarantined"
        other = ledger.ensure([Request("k/eth0")], OTHER_JOB)[0].claim
        assert other.address != mine.address
        with pytest.raises(PoolFull):
            ledger.ensure([Request("l/eth0")], OTHER_JOB)
        with pytest.raises(StaleClaim, match="in quarantine"):
            ledger.renew([Renewal(mine.fence, Push("hv1", "vm-j", "ad-j"))], JOB)
        assert {claim.owner: claim.state for claim in ledger.claims()} == {
            "j/eth0": "quarantined",
            "k/eth0": "reserved",
        }
        assert (
            ledger.ensure([Request("j/eth0", identity=Identity("vm-j", "ad-j"))], JOB)[0].claim.address == mine.address
        )


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_an_older_checkout_is_refused_until_going_back_is_meant(ledger: Ledger, clock: Clock) -> None:
    old, new = make_plan(), make_plan(size=32)
    ledger.ensure([Request("a/eth0")], JOB)
    clock.forward(HOUR)
    assert reopened(ledger, new, clock).accept_plan(OTHER_JOB).generation == 2
    stale = reopened(ledger, old, clock)
    with pytest.raises(PlanOutdated, match=r'generation 2, accepted 2027-.* by job "awx/2".*found generation 1'):
        stale.ensure([Request("b/eth0")], JOB)
    for refused in (lambda: stale.lease(JOB), lambda: stale.observe([], JOB), lambda: stale.accept_plan(JOB)):
        with pytest.raises(PlanOutdated):
            refused()
    assert stale.accept_plan(JOB, force=True).generation == 3
    assert stale.ensure([Request("b/eth0")], JOB)[0].changed
    assert [entry.after["generation"] for entry in ledger.history(kind="plan")] == [1, 2, 3]


def test_what_a_job_has_under_way_is_not_stopped_by_a_new_plan(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.ensure([Request("a/eth0")], JOB)[0].claim
    reopened(ledger, make_plan(size=32), clock).accept_plan(OTHER_JOB)
    renewed = ledger.renew([Renewal(claim.fence)], JOB)[0].claim
    assert ledger.confirm([Confirmation(renewed.fence, "read back")], JOB)[0].changed


def test_land_with_promises_on_it_never_changes_kind(ledger: Ledger, clock: Clock) -> None:
    ledger.ensure([Request("a/eth0", "tenant", POOL + 2)], JOB)
    ledger.lease(JOB, ["hv1"])
    others = [{"name": "nc", "kind": "network_controller", "start": "22-1D-D8-00-00-00", "end": "22-1D-D8-00-00-0F"}]
    other = {"other": pool(16, "22-1D-D8-01-00-00")}
    with pytest.raises(PlanConflict, match=r'other allocator "nc".*22-1D-D8-00-00-02 reserved by "a/eth0"'):
        reopened(ledger, make_plan(pools=other, other_allocators=others), clock).ensure([Request("b/eth0")], JOB)
    leased = [{"name": "x", "kind": "other", "start": "00-15-5D-E0-00-00", "end": "00-15-5D-E0-00-0F"}]
    with pytest.raises(PlanConflict, match='leased to host "hv1"'):
        reopened(ledger, make_plan(host_ranges=None, other_allocators=leased), clock).accept_plan(JOB, force=True)
    assert ledger.info().generation == 1


def test_a_claim_outside_of_a_shrunken_pool_stays_valid(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.ensure([Request("a/eth0", "tenant", POOL + 9)], JOB)[0].claim
    assert not ledger.out_of_plan(claim)
    shrunk = reopened(ledger, make_plan(size=4), clock)
    kept = shrunk.ensure([Request("a/eth0")], JOB)[0]
    assert kept.claim == claim
    assert shrunk.out_of_plan(kept.claim)


def test_the_plan_of_another_scope_is_refused(ledger: Ledger) -> None:
    with pytest.raises(MacPoolError, match='scope "east"'):
        Ledger.open(ledger.location, "west", make_plan(scope="east"))


# --- questions --------------------------------------------------------------------------------------------------------


def test_who_had_an_address_when(ledger: Ledger, clock: Clock) -> None:
    ledger.ensure([Request("a/eth0", "tenant", POOL), Request("other/eth0", "tenant", POOL + 1)], JOB)
    clock.forward(HOUR)
    released_and_gone(ledger, clock, "a/eth0")
    nobody = clock.forward(HOUR)
    later = clock.forward(HOUR)
    ledger.ensure([Request("b/eth0", "tenant", POOL)], OTHER_JOB)
    assert ledger.claims_at(START - 1) == []
    (other,) = [claim for claim in ledger.claims_at(START) if claim.address != POOL]
    assert [claim.owner for claim in ledger.claims_at(START + HOUR)] == ["a/eth0", other.owner]
    assert ledger.claims_at(nobody) == [other]
    assert [claim.owner for claim in ledger.claims_at(later)] == ["b/eth0", other.owner]
    assert ledger.claims_at(later) == ledger.claims()
    assert [entry.after["state"] for entry in ledger.history() if entry.address == POOL] == [
        "reserved",
        "releasing",
        "quarantined",
        "gone",
        "reserved",
    ]
    assert len(ledger.history(newest=2)) == 2


def test_what_shall_be_held_is_held_together_or_not_at_all(ledger: Ledger) -> None:
    claims = [outcome.claim for outcome in ledger.ensure([Request("a/eth0"), Request("b/eth0")], JOB)]
    free = next(POOL + n for n in range(16) if POOL + n not in {claim.address for claim in claims})
    with pytest.raises(MacPoolError, match=r'2 errors(?s:.*)"a/eth0"(?s:.*)"b/eth0"'):
        ledger.hold([Request("", address=address) for address in (free, *(claim.address for claim in claims))], JOB)
    assert ledger.claims(states=["held"]) == []


def test_usage_counts_what_is_taken_by_whom(ledger: Ledger, clock: Clock) -> None:
    ledger.ensure([Request(f"vm{n}/eth0", "tenant", POOL + n) for n in range(4)], JOB)
    ledger.release([ClaimName("vm0/eth0")], JOB)
    ledger.hold([Request("", address=POOL + 15)], JOB)
    ledger.lease(JOB, ["hv1"])
    ledger.observe([observation("hv1", clock.now, vm(POOL + 1, "vm1/eth0"), vm(POOL + 10, "z/eth0", "vm-z"))], JOB)
    tenant, host = ledger.usage()
    assert (tenant.by_state, tenant.carried) == ({"applied": 1, "held": 1, "releasing": 1, "reserved": 2}, 2)
    assert (tenant.claimed, tenant.quarantined, tenant.used) == (5, 0, 6)
    assert (tenant.size, tenant.free, tenant.percent, tenant.warn_at) == (16, 10, 37.5, 80)
    assert (host.name, host.size, host.free) == ("host/hv1", 4, 4)


def test_intents_stay_open_until_finished(ledger: Ledger) -> None:
    first = ledger.intend("HV1", "VM-1", JOB)
    ledger.intend("hv2", "vm-2", JOB)
    assert [intent.vm_id for intent in ledger.open_intents()] == ["vm-1", "vm-2"]
    assert ledger.open_intents()[0] == first
    assert ledger.finish_intent(first.id, JOB)
    assert not ledger.finish_intent(first.id, JOB)
    assert [intent.vm_id for intent in ledger.open_intents()] == ["vm-2"]
    assert ledger.verify() == []


def test_a_note_is_kept_and_changed(ledger: Ledger) -> None:
    ledger.ensure([Request("a/eth0", note="for shop")], JOB)
    assert ledger.ensure([Request("a/eth0")], JOB)[0].claim.note == "for shop"
    changed = ledger.ensure([Request("a/eth0", note="for blog")], JOB)[0]
    assert (changed.changed, changed.how, changed.claim.note) == (True, "noted", "for blog")


def test_static_addresses_of_a_host_come_from_its_own_block(ledger: Ledger) -> None:
    with pytest.raises(NoLease, match="host_range_lease"):
        ledger.ensure([Request("a/eth0", "host/hv1")], JOB)
    lease = ledger.lease(JOB, ["hv1"])[0].lease
    taken = [ledger.ensure([Request(f"vm{n}/eth0", "host/HV1")], JOB)[0].claim.address for n in range(4)]
    assert taken == list(range(lease.dynamic_end + 1, lease.end + 1))
    with pytest.raises(PoolFull, match='pool "host/hv1"'):
        ledger.ensure([Request("late/eth0", "host/hv1")], JOB)


NC = "nc (Network Controller)"


def test_an_address_that_an_interface_holds_is_not_chosen_but_its_owner_may_have_it(tmp_path: Path) -> None:
    """An interface of a Network Controller stands for an adapter: nobody else gets its address, and its owner is not refused."""
    clock = Clock()
    ledger = make_ledger(tmp_path / "ledger.sqlite3", make_plan(size=2), clock)
    held = Sighting(POOL, "interface", adapter_id="ab", adapter_name="web01_Eth1")
    ledger.observe([observation(NC, clock.now, held)], JOB)
    assert ledger.ensure([Request("other/eth0", "tenant")], JOB)[0].claim.address == POOL + 1
    with pytest.raises(PoolFull):
        ledger.ensure([Request("more/eth0", "tenant")], JOB)
    assert ledger.ensure([Request("web01/eth0", "tenant", POOL)], JOB)[0].claim.address == POOL
    assert NC not in unproven(ledger)


def test_an_address_that_an_interface_holds_is_not_free_after_its_quarantine(tmp_path: Path) -> None:
    clock = Clock()
    ledger = make_ledger(tmp_path / "ledger.sqlite3", make_plan(size=1, hosts=["hv1"]), clock)
    address = ledger.ensure([Request("web01/eth0", "tenant")], JOB)[0].claim.address
    ledger.release([ClaimName("web01/eth0")], JOB, declared_gone=True)
    clock.forward(5 * HOUR)
    held = Sighting(address, "interface", adapter_id="ab", adapter_name="web01_Eth1")
    ledger.observe([observation("hv1", clock.now), observation(NC, clock.now, held)], JOB)
    with pytest.raises(PoolFull):
        ledger.ensure([Request("other/eth0", "tenant")], JOB)
    assert ledger.ensure([Request("web01/eth0", "tenant")], JOB)[0].claim.address == address, (
        "its own owner has it back"
    )
    ledger.release([ClaimName("web01/eth0")], JOB, declared_gone=True)
    clock.forward(5 * HOUR)
    ledger.observe([observation("hv1", clock.now), observation(NC, clock.now)], JOB)
    assert ledger.ensure([Request("other/eth0", "tenant")], JOB)[0].claim.address == address
