# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who an owner is (incident 9): ids before names, and a person before a guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import (
    OwnerConflict,
    OwnerHasOther,
    RebindNeeded,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import (
    Claim,
    ClaimName,
    Confirmation,
    Identity,
    Request,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.owners import Knowledge, is_own, resolve
from tests.unit.plugins.plugin_utils.ledger.helpers import (
    JOB,
    POOL,
    START,
    Clock,
    ids,
    make_ledger,
    make_plan,
    observation,
    pool,
    reopened,
    vm,
)

HOSTS = ("hv1", "hv2")


def carried(ledger: Ledger, clock: Clock, *machines: tuple[str, str], complete: bool = True) -> None:
    """Observe both hosts; machines are (VM id, owner's name) on hv1, each with an address of its own outside the pool."""
    clock.forward(1)
    seen = [vm(0x22AA00000000 + n, name, vm_id) for n, (vm_id, name) in enumerate(machines)]
    ledger.observe([observation("hv1", clock.now, *seen, complete=complete), observation("hv2", clock.now)], JOB)


def claimed(ledger: Ledger, owner: str, identity: Identity | None = None) -> Claim:
    return ledger.ensure([Request(owner, "tenant", identity=identity)], JOB)[0].claim


def test_a_name_learns_the_ids_it_first_comes_with(ledger: Ledger) -> None:
    address = claimed(ledger, "web01/eth0").address
    bound = ledger.ensure([Request("web01/eth0", identity=ids(1))], JOB)[0]
    assert (bound.how, bound.changed, bound.claim.address, bound.claim.identity) == ("bound", True, address, ids(1))
    assert not ledger.ensure([Request("web01/eth0", identity=ids(1))], JOB)[0].changed


def test_ids_compare_without_case_and_without_the_cluster(ledger: Ledger) -> None:
    first = claimed(ledger, "a/eth0", Identity("ABC", "Microsoft:ABC\\DEF", "c1"))
    again = claimed(ledger, "a/eth0", Identity("abc", "microsoft:abc\\def", "c2"))
    assert again == first
    assert first.identity is not None
    assert first.identity.vm_id == "abc"


def test_a_renamed_vm_keeps_its_address(ledger: Ledger) -> None:
    first = claimed(ledger, "old/eth0", ids(1))
    renamed = ledger.ensure([Request("new/eth0", identity=ids(1))], JOB)[0]
    assert (renamed.how, renamed.claim.address) == ("renamed", first.address)
    assert (renamed.claim.owner, renamed.claim.aliases) == ("old/eth0", ("new/eth0",))
    assert claimed(ledger, "new/eth0").address == claimed(ledger, "old/eth0").address == first.address
    assert ledger.release([ClaimName("new/eth0")], JOB)[0] is not None


def test_a_clone_beside_its_original_gets_an_address_of_its_own(ledger: Ledger, clock: Clock) -> None:
    original = claimed(ledger, "web01/eth0", ids(1))
    carried(ledger, clock, ("vm-1", "web01/eth0"), ("vm-2", "web01/eth0"))
    clone = claimed(ledger, "web01/eth0", ids(2))
    assert clone.owner == "web01/eth0@vm-2"
    assert clone.address != original.address
    assert claimed(ledger, "web01/eth0", ids(2)) == clone
    assert claimed(ledger, "web01/eth0", ids(1)) == original
    assert claimed(ledger, "web01/eth0") == original


def test_a_clone_keeps_its_address_when_the_original_goes(ledger: Ledger, clock: Clock) -> None:
    claimed(ledger, "web01/eth0", ids(1))
    carried(ledger, clock, ("vm-1", "web01/eth0"), ("vm-2", "web01/eth0"))
    clone = claimed(ledger, "web01/eth0", ids(2))
    ledger.release([ClaimName("web01/eth0")], JOB)
    assert claimed(ledger, "web01/eth0", ids(2)) == clone


def test_a_replacement_asks_for_a_rebind_and_then_keeps_the_address(ledger: Ledger, clock: Clock) -> None:
    original = claimed(ledger, "web01/eth0", ids(1))
    carried(ledger, clock, ("vm-2", "web01/eth0"))
    with pytest.raises(RebindNeeded, match=r"that VM is gone from every host, and VM vm-2 .*state: rebound"):
        claimed(ledger, "web01/eth0", ids(2))
    rebound = ledger.rebind([Request("web01/eth0", identity=ids(2))], JOB)[0]
    assert (rebound.how, rebound.claim.address) == ("rebound", original.address)
    assert claimed(ledger, "web01/eth0", ids(2)).address == original.address
    assert not ledger.rebind([Request("web01/eth0", identity=ids(2))], JOB)[0].changed


def test_without_proof_nobody_guesses_whether_it_is_a_clone(ledger: Ledger, clock: Clock) -> None:
    claimed(ledger, "web01/eth0", ids(1))
    carried(ledger, clock, ("vm-2", "web01/eth0"), complete=False)
    with pytest.raises(RebindNeeded, match="Observe all hosts"):
        claimed(ledger, "web01/eth0", ids(2))


def test_a_observation_older_than_the_claim_proves_nothing(ledger: Ledger, clock: Clock) -> None:
    carried(ledger, clock)
    claimed(ledger, "web01/eth0", ids(1))
    with pytest.raises(RebindNeeded, match="Observe all hosts"):
        claimed(ledger, "web01/eth0", ids(2))


def test_a_recreated_adapter_asks(ledger: Ledger, clock: Clock) -> None:
    claimed(ledger, "web01/eth0", ids(1, 1))
    with pytest.raises(RebindNeeded, match=r"adapter ad-2 of this name.*re-created"):
        claimed(ledger, "web01/eth0", ids(1, 2))
    carried(ledger, clock, ("vm-1", "web01/eth0"))
    with pytest.raises(RebindNeeded, match="two adapters of this name, rename one"):
        claimed(ledger, "web01/eth0", ids(1, 2))


def test_a_clones_recreated_adapter_asks_too(ledger: Ledger, clock: Clock) -> None:
    claimed(ledger, "web01/eth0", ids(1))
    carried(ledger, clock, ("vm-1", "web01/eth0"), ("vm-2", "web01/eth0"))
    claimed(ledger, "web01/eth0", ids(2, 1))
    with pytest.raises(RebindNeeded, match="adapter ad-7"):
        claimed(ledger, "web01/eth0", ids(2, 7))


def test_two_adapters_of_one_vm_are_two_owners(ledger: Ledger) -> None:
    assert claimed(ledger, "web01/a", ids(1, 1)).address != claimed(ledger, "web01/b", ids(1, 2)).address


def test_a_vm_renamed_to_a_promised_name_keeps_its_own_address(ledger: Ledger) -> None:
    mine = claimed(ledger, "old/eth0", ids(1))
    planned = claimed(ledger, "new/eth0")
    assert claimed(ledger, "new/eth0", ids(1)) == mine
    assert claimed(ledger, "new/eth0") == planned


def test_a_name_that_several_have_had_is_refused(ledger: Ledger) -> None:
    for number in (1, 2):
        claimed(ledger, f"vm{number}/eth0", ids(number))
    claimed(ledger, "shared/eth0", ids(1))
    assert claimed(ledger, "shared/eth0").owner == "vm1/eth0"
    ledger.ensure([Request("shared2/eth0", identity=ids(2))], JOB)
    # Both were once called shared/eth0: a name alone means neither.
    by_name = [
        Claim(POOL + n, f"vm{n}/eth0", "tenant", "applied", 1, START, identity=ids(n), aliases=("shared/eth0",))
        for n in (1, 2)
    ]
    with pytest.raises(OwnerConflict, match="former name of several"):
        resolve("shared/eth0", None, (), by_name, (), NOBODY_KNOWS)


def test_ids_without_a_name_are_an_owner(ledger: Ledger) -> None:
    claim = ledger.ensure([Request("", "tenant", identity=ids(1))], JOB)[0].claim
    assert claim.owner == "vm-1/ad-1"
    assert claimed(ledger, "web01/eth0", ids(1)).address == claim.address


def test_the_released_address_of_another_vm_is_not_revived_by_its_name(ledger: Ledger) -> None:
    old = claimed(ledger, "web01/eth0", ids(1))
    ledger.release([ClaimName("web01/eth0")], JOB)
    new = claimed(ledger, "web01/eth0", ids(2))
    assert new.address != old.address
    back = ledger.ensure([Request("other/eth0", identity=ids(1))], JOB)[0]
    assert (back.how, back.claim.address) == ("revived", old.address)


def test_an_address_that_was_proven_absent_comes_back_without_the_ids_of_then(ledger: Ledger, clock: Clock) -> None:
    """A VM that is created again under the name has other ids, and its claim needs no rebinding."""
    old = claimed(ledger, "web01/eth0", ids(1))
    ledger.release([ClaimName("web01/eth0")], JOB)
    kept = ledger.ensure([Request("web01/eth0", "tenant")], JOB, preview=True)[0].claim
    assert (kept.address, kept.identity) == (old.address, ids(1)), "it is not known yet whether it is in use"
    carried(ledger, clock)
    assert [claim.state for claim in ledger.claims()] == ["quarantined"]
    back = ledger.ensure([Request("web01/eth0", "tenant")], JOB)[0].claim
    assert (back.address, back.identity) == (old.address, None)
    assert claimed(ledger, "web01/eth0", ids(2)).address == old.address


@pytest.mark.parametrize("preview", [True, False])
def test_two_names_for_one_adapter_in_one_call_rebind_nothing(ledger: Ledger, preview: bool) -> None:
    claimed(ledger, "a/eth0")
    claimed(ledger, "b/eth0")
    both = [Request(owner, identity=ids(1)) for owner in ("a/eth0", "b/eth0")]
    with pytest.raises(OwnerConflict, match='by "a/eth0"'):
        ledger.rebind(both, JOB, preview=preview)
    assert ids(1) not in [claim.identity for claim in ledger.claims()]


def test_ids_are_bound_to_one_claim(ledger: Ledger) -> None:
    claimed(ledger, "a/eth0", ids(1))
    claim = claimed(ledger, "b/eth0")
    with pytest.raises(OwnerConflict, match='by "a/eth0"'):
        ledger.rebind([Request("b/eth0", identity=ids(1))], JOB)
    claimed(ledger, "b/eth0", ids(2))
    with pytest.raises(RebindNeeded, match="VM vm-3"):
        ledger.confirm([Confirmation(claim.fence, "read back", ids(3))], JOB)


NOBODY_KNOWS = Knowledge(lambda _vm: (), lambda: None)
NAMES = ("web01/eth0", "web02/eth0")


@given(st.data())
def test_ids_always_lead_to_their_own_claim(data: st.DataObject) -> None:
    """Whatever names are about: who has a live claim bound to his ids gets that one, and nobody else gets it by ids."""
    identities = data.draw(st.lists(st.builds(ids, st.integers(1, 3), st.integers(1, 2)), unique=True, max_size=4))
    names = st.sampled_from(NAMES)
    claims = []
    for number, identity in enumerate(identities):
        owner = f"{data.draw(names)}#{number}"
        aliases = tuple(data.draw(st.lists(names, max_size=2)))
        claims.append(Claim(POOL + number, owner, "tenant", "applied", 1, START, identity=identity, aliases=aliases))
    asking = data.draw(st.builds(ids, st.integers(1, 3), st.integers(1, 2)))
    name = data.draw(names)
    seen = data.draw(st.booleans())
    by_identity = [claim for claim in claims if claim.identity == asking]
    by_name = [claim for claim in claims if name in (claim.owner, *claim.aliases)]
    knowledge = Knowledge(lambda _vm: [vm(POOL)] if seen else [], lambda: START + 1)
    try:
        resolution = resolve(name, asking, by_identity, by_name, (), knowledge)
    except (RebindNeeded, OwnerConflict):
        assert by_name
        assert not by_identity or len(by_name) > 1
        return
    if by_identity:
        assert resolution.live == by_identity[0]
    elif resolution.live is not None:
        assert resolution.live.identity is None
    else:
        assert resolution.owner.startswith(name)


@given(st.booleans(), st.booleans(), st.booleans())
def test_a_new_vm_never_gets_the_address_of_a_bound_name(seen: bool, proven: bool, own_seen: bool) -> None:
    bound = Claim(POOL, NAMES[0], "tenant", "applied", 1, START, identity=ids(1))
    sightings = [vm(POOL, vm_id="vm-1")] if seen else []
    knowledge = Knowledge(lambda vm_id: sightings if vm_id == "vm-1" else [], lambda: START + 1 if proven else None)
    if seen:
        assert resolve(NAMES[0], ids(2), (), [bound], (), knowledge).owner == f"{NAMES[0]}@vm-2"
    else:
        with pytest.raises(RebindNeeded, match="gone from every host" if proven else "Observe all hosts"):
            resolve(NAMES[0], ids(2), (), [bound], (), knowledge)


def test_host_adapters_are_never_an_owners_own() -> None:
    assert is_own(vm(POOL, "A/Eth0"), "a/eth0", None)
    assert is_own(vm(POOL, "b/eth0"), "a/eth0", None, ("B/ETH0",))
    assert not is_own(vm(POOL, "a/eth0", kind="host"), "a/eth0", None)
    assert not is_own(vm(POOL, "a/eth0", "vm-2"), "a/eth0", ids(1))


def test_an_empty_ledger_file_is_used_by_one_scope_only(tmp_path: Path) -> None:
    with make_ledger(tmp_path / "l") as ledger:
        assert ledger.info().scope == "west"


def test_an_owner_of_one_pool_is_not_quietly_kept_in_it_when_another_is_asked_for(tmp_path: Path, clock: Clock) -> None:
    pools = {"tenant": pool(16), "lab": pool(16, "22-1D-D8-00-01-00")}
    ledger = make_ledger(tmp_path / "pools.sqlite3", make_plan(pools=pools), clock)
    first = claimed(ledger, "web01/eth0")
    with pytest.raises(OwnerHasOther, match=r'expected an address of pool "lab", but found .* of pool "tenant"'):
        ledger.ensure([Request("web01/eth0", "lab")], JOB)
    with pytest.raises(MacPoolError, match="did you mean"):
        ledger.ensure([Request("web01/eth0", "tennant")], JOB)
    assert ledger.claims() == [first]
    renamed = reopened(ledger, make_plan(pools={"prod": pools["tenant"], "lab": pools["lab"]}), clock)
    assert renamed.ensure([Request("web01/eth0", "prod")], JOB)[0].claim.address == first.address


def test_an_owner_that_was_declared_gone_comes_back_as_another_adapter(tmp_path: Path) -> None:
    """A VM that was removed and made anew has other ids: nobody has to rebind what somebody declared gone."""
    ledger = make_ledger(tmp_path / "ledger.sqlite3")
    first = ledger.ensure([Request("web01/eth0", "tenant", identity=ids(1))], JOB)[0].claim
    ledger.release([ClaimName("web01/eth0")], JOB, declared_gone=True)
    assert ledger.ensure([Request("web01/eth0", "tenant")], JOB)[0].claim.address == first.address
    again = ledger.ensure([Request("web01/eth0", "tenant", identity=ids(2))], JOB)[0]
    assert (again.claim.address, again.how, again.claim.identity) == (first.address, "bound", ids(2))


def test_an_owner_that_was_only_released_keeps_its_ids(tmp_path: Path) -> None:
    """Nobody said that it is gone: a namesake with other ids is still asked about."""
    ledger = make_ledger(tmp_path / "ledger.sqlite3")
    ledger.ensure([Request("web01/eth0", "tenant", identity=ids(1))], JOB)
    ledger.release([ClaimName("web01/eth0")], JOB)
    ledger.ensure([Request("web01/eth0", "tenant")], JOB)
    with pytest.raises(RebindNeeded):
        ledger.ensure([Request("web01/eth0", "tenant", identity=ids(2))], JOB)
