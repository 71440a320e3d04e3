# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the addresses of interfaces come from: incident 12, laws 1, 2 and 6."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import format_mac
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.network_controller import NC_NETWORK_INTERFACE
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import OwnerConflict
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import ClaimName, Job, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.model import NULL_PROFILE
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn import interfaces as rules
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.interface_run import InterfaceClaims
from tests.lab.bench import Bench
from tests.unit.plugins.plugin_utils.observation import documents

Json = dict[str, Any]
MAC = 0x221DD8000001
ONE, TWO = "0b1c2d3e-0000-4000-8000-00000000000a", "0b1c2d3e-0000-4000-8000-00000000000b"


# --- what is asked of the ledger --------------------------------------------------------------------------------------


def test_only_an_owner_asks_the_ledger() -> None:
    found = rules.read_requests(
        [
            {"name": "given", "mac_address": "22-1D-D8-00-00-01"},
            {"name": "pool", "pool": "tenant", "owner": "web01/eth0"},
            {"name": "kept", "dns_servers": []},
            {"name": "promised", "mac_address": "22:1d:d8:00:00:01", "owner": "web02/eth0"},
            {"name": "nc", "dynamic": True, "owner": "web03/eth0"},
            {"name": "nobody's", "dynamic": True, "mac_address": "", "pool": None},
        ]
    )
    assert found == {1: Request("web01/eth0", "tenant"), 3: Request("web02/eth0", "", MAC)}


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"pool": "tenant", "mac_address": "22-1D-D8-00-00-01", "owner": "a/b"}, "mac_address and pool"),
        ({"pool": "tenant", "dynamic": True, "owner": "a/b"}, "pool and dynamic"),
        ({"mac_address": 0, "dynamic": True}, "mac_address and dynamic"),
        ({"mac_address": "x", "pool": "p", "dynamic": True}, "mac_address and pool and dynamic"),
        ({"pool": "tenant"}, "none"),
        ({"pool": "tenant", "owner": ""}, "none"),
        ({"owner": "a/b"}, "none of them"),
        ({"owner": "a/b", "mac_address": ""}, "none of them"),
        ({"owner": "a/b", "dynamic": False}, "none of them"),
        ({"owner": "a/b", "mac_address": "01-00-5E-00-00-01"}, "multicast"),
        ({"owner": "a/b", "mac_address": 228589568}, "228589568"),
        ({"owner": "  ", "mac_address": "22-1D-D8-00-00-01"}, "nothing"),
        ({"owner": "a\nb", "dynamic": True}, r"a\\nb"),
    ],
)
def test_a_wrong_combination_is_refused_by_what_it_has(entry: Json, found: str) -> None:
    with pytest.raises(MacPoolError, match=f"found .*{found}"):
        rules.read_requests([{"name": "fine", "dynamic": True}, {"name": "web01", **entry}])


def test_all_wrong_entries_are_reported_together() -> None:
    with pytest.raises(MacPoolError) as caught:
        rules.read_requests(
            [{"name": "first", "pool": "tenant"}, {"name": "fine"}, {"instance_id": ONE, "owner": "a/b"}]
        )
    assert 'interfaces[0], interface "first"' in str(caught.value)
    assert f'interfaces[2], interface "{ONE}"' in str(caught.value)


def test_the_module_gets_addresses_and_no_words_of_the_ledger() -> None:
    entries: list[Json] = [
        {"name": "a", "pool": "tenant", "owner": "a/b", "mac_address": None, "dynamic": False},
        {"name": "b", "owner": "b/b", "ip_configurations": [{"name": "ip1", "ip_address": None}], "dns_servers": []},
    ]
    assert rules.with_addresses(entries, {0: MAC}) == [
        {"name": "a", "dynamic": False, "mac_address": "221DD8000001"},
        {"name": "b", "ip_configurations": [{"name": "ip1"}], "dns_servers": []},
    ]


def test_what_the_network_controller_chose_is_claimed_only_for_owners_who_let_it_choose() -> None:
    entries: list[Json] = [
        {"owner": "a/b", "dynamic": True},
        {"owner": "c/d", "dynamic": True},
        {"dynamic": True},
        {"owner": "e/f", "pool": "tenant", "dynamic": False},
    ]
    rows: list[Json] = [{"mac_address": "001DD8070000"}, {"mac_address": None}, *[{"mac_address": "001DD8070001"}] * 2]
    assert rules.chosen_requests(entries, rows) == [Request("a/b", "", 0x001DD8070000, adopt=True)]


# --- in sync with the adapters ----------------------------------------------------------------------------------------


def vm(name: str, *adapters: Json, mode: str = "None", vm_id: str = "") -> Json:
    """A VM of an observation; its id comes from its name."""
    listed = [{**adapter, "id": f"Microsoft:{name}\\{number}"} for number, adapter in enumerate(adapters)]
    return documents.vm(name, *listed, id=vm_id or f"id of {name}", state="Off", replication_mode=mode)


def nic(mac: str = "221DD8000001", profile: str | None = ONE, dynamic: bool = False, name: str = "eth0") -> Json:
    """An adapter of an observation."""
    bound = None if profile is None else {"profile_id": profile, "profile_data": 1}
    return documents.adapter(mac, dynamic, name=name, port_profile=bound)


def seen(*vms: Json, host: str = "hv1") -> Json:
    """An observation."""
    return documents.host(host, vms=vms)


def there(*ids: str, mac: str | None = "221DD80000AA") -> list[Json]:
    """Interfaces as nc_network_interface_info shows them."""
    return [{"name": f"interface {number}", "instance_id": name, "mac_address": mac} for number, name in enumerate(ids)]


def test_an_interface_that_agrees_stays_as_it_is() -> None:
    """Also a dynamic one: whose choice an address was does not matter, as long as both have it."""
    step = rules.in_sync([seen(vm("web01", nic()))], there(ONE, mac="221DD8000001"))
    assert (step.entries, step.left_out) == ([], [])
    (row,) = step.agreeing
    assert (row["name"], row["status"], row["before"]) == ("interface 0", "unchanged", {"mac_address": "221DD8000001"})


def test_an_interface_follows_its_adapter_whatever_the_case_and_braces_of_its_id() -> None:
    step = rules.in_sync([seen(vm("web01", nic(profile=f"{{{ONE.upper()}}}")))], there(ONE.upper(), TWO))
    assert step.entries == [{"instance_id": ONE, "mac_address": "221DD8000001"}]
    assert step.left_out == []


@pytest.mark.parametrize("profile", [None, NULL_PROFILE, NULL_PROFILE.upper()])
def test_an_adapter_without_an_interface_of_its_own_is_no_concern(profile: str | None) -> None:
    step = rules.in_sync([seen(vm("web01", nic(profile=profile)))], there(ONE, NULL_PROFILE.strip("{}")))
    assert (step.entries, step.left_out) == ([], [])


@pytest.mark.parametrize("mode", ["Replica", "ExtendedReplica"])
def test_a_replica_neither_leads_its_interface_nor_shares_it(mode: str) -> None:
    replica = seen(vm("db01", nic(mac="221DD80000AA"), mode=mode, vm_id="same"), host="hv2")
    assert rules.in_sync([replica], there(ONE)).entries == []
    step = rules.in_sync([replica, seen(vm("db01", nic(), mode="Primary", vm_id="same"))], there(ONE))
    assert step.entries == [{"instance_id": ONE, "mac_address": "221DD8000001"}]
    assert step.left_out == []


def test_two_adapters_of_one_interface_are_both_named_and_neither_leads() -> None:
    for observed in (
        [seen(vm("a", nic(), nic(mac="221DD8000002", name="eth1")))],
        [seen(vm("a", nic())), seen(vm("b", nic()), host="hv2")],
    ):
        step = rules.in_sync(observed, there(ONE))
        assert step.entries == []
        assert [row["reason"][:24] for row in step.left_out] == ["2 adapters are bound to "] * 2


def test_a_vm_that_two_hosts_saw_while_it_moved_is_one() -> None:
    moving = vm("web01", nic())
    step = rules.in_sync([seen(moving), seen(moving, host="hv2")], there(ONE))
    assert step.entries == [{"instance_id": ONE, "mac_address": "221DD8000001"}]
    assert step.left_out == []


@pytest.mark.parametrize(
    ("adapter", "known", "reason"),
    [
        (nic(), [], "no interface has the instance id"),
        (nic(dynamic=True), [ONE], "dynamic"),
        (nic(mac="000000000000", dynamic=True), [ONE], "dynamic"),
        (nic(mac="000000000000"), [ONE], r"no address \(000000000000\)"),
        (nic(mac=""), [ONE], "no address"),
    ],
)
def test_what_is_no_truth_to_follow_is_left_out_with_its_reason(adapter: Json, known: list[str], reason: str) -> None:
    step = rules.in_sync([seen(vm("web01", adapter), host="hv3")], there(*known))
    assert step.entries == []
    (row,) = step.left_out
    assert (row["vm"], row["name"], row["host"]) == ("web01", "eth0", "hv3")
    assert re.search(reason, row["reason"]), row["reason"]


def test_an_adapter_whose_profile_was_not_read_is_not_taken_for_unbound() -> None:
    unread = nic()
    del unread["port_profile"]
    step = rules.in_sync([seen(vm("web01", unread), vm("db01", unread, mode="Replica"))], there(ONE))
    assert (step.entries, step.agreeing) == ([], [])
    (row,) = step.left_out
    assert (row["vm"], row["name"]) == ("web01", "eth0")
    assert "port profile was not read" in row["reason"]


def test_a_host_whose_vms_were_not_read_is_not_taken_for_empty() -> None:
    unread = {**seen(host="hv2"), "vms": None, "warnings": ["vms: access denied"]}
    with pytest.raises(MacPoolError, match=r'host "hv2".*access denied'):
        rules.in_sync([seen(vm("web01", nic())), unread], there(ONE))


@pytest.mark.parametrize("other", [{}, {"observation": {}}, {"host": "hv1", "vms": []}, {"host": {}, "vms": []}])
def test_what_is_no_observation_is_named_by_its_place(other: Json) -> None:
    with pytest.raises(MacPoolError, match=r"observations\[1\].*host_info"):
        rules.in_sync([seen(vm("web01", nic())), other], there(ONE))


ADAPTERS = st.builds(
    nic,
    mac=st.sampled_from(["221DD8000001", "221DD8000002", "000000000000"]),
    profile=st.sampled_from([None, ONE, TWO, f"{{{TWO}}}", NULL_PROFILE]),
    dynamic=st.booleans(),
)


@given(
    st.lists(st.tuples(st.integers(1, 3), ADAPTERS, st.sampled_from(["None", "Primary", "Replica"])), max_size=6),
    st.integers(),
)
def test_the_order_of_what_was_seen_is_irrelevant(drawn: list[tuple[int, Json, str]], seed: int) -> None:
    documents = [
        seen(vm(f"vm{number}", adapter, mode=mode), host=f"hv{host}")
        for number, (host, adapter, mode) in enumerate(drawn)
    ]
    mixed = random.Random(seed).sample(documents, len(documents))
    step, other = rules.in_sync(documents, there(ONE)), rules.in_sync(mixed, there(ONE))
    assert step.entries == other.entries
    assert sorted(map(str, step.left_out)) == sorted(map(str, other.left_out))
    bound = [
        adapter
        for _host, adapter, mode in drawn
        if mode != "Replica" and adapter["port_profile"] and adapter["port_profile"]["profile_id"] != NULL_PROFILE
    ]
    assert len(step.entries) + len(step.left_out) == len(bound), "each bound adapter is followed or named"
    assert len({entry["instance_id"] for entry in step.entries}) == len(step.entries)


def test_observations_never_remove_interfaces() -> None:
    """What is out of step would be taken for what is to be removed."""
    validator = ArgumentSpecValidator(**NC_NETWORK_INTERFACE)
    options = {"url": "https://nc.example.com", "observations": [seen(vm("web01", nic()))]}
    assert validator.validate(options).error_messages == []
    (message,) = validator.validate({**options, "state": "absent"}).error_messages
    assert "state is absent" in message


def test_it_reads_what_host_info_returns() -> None:
    bench = Bench()
    web = bench.vm("web01", mac="221DD8000001")
    bench.world.set_profile(web, f"{{{ONE}}}")
    bench.vm("plain01", mac="221DD8000002")
    step = rules.in_sync([bench.observe(host) for host in ("hv1", "hv2")], there(ONE))
    assert step.entries == [{"instance_id": ONE, "mac_address": "221DD8000001"}]
    assert step.left_out == []


# --- the claims behind them -------------------------------------------------------------------------------------------

JOB = Job("job-1", "tester")
PLAN = parse_plan(
    {
        "scope": "west",
        "pools": {
            "tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 256}]},
            "tiny": {"ranges": [{"start": "22-1D-D8-F0-00-00", "size": 1}]},
        },
        "other_allocators": [{"name": "nc", "kind": "network_controller", "start": "00-1D-D8-07-00-00", "size": 256}],
    }
)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Ledger.create(str(tmp_path / "ledger.sqlite3"), "west", JOB, PLAN)


def claims(ledger: Ledger, preview: bool = False) -> InterfaceClaims:
    """The claims of one task."""
    return InterfaceClaims(lambda: ledger, JOB, 3600, preview)


def owners(ledger: Ledger) -> dict[str, str]:
    """Who has what, as text."""
    return {claim.owner: format_mac(claim.address) for claim in ledger.claims() if claim.live}


def willing(_addresses: dict[int, int]) -> None:
    """A Network Controller that takes everything."""


def unwilling(_addresses: dict[int, int]) -> None:
    """One that Azure Arc manages."""
    raise MacPoolError("Network Controller", "an SDN", "one of Azure Arc", "Leave it.")


WANTED = [
    {"name": "a", "owner": "web01/eth0", "pool": "tenant"},
    {"name": "b"},
    {"name": "c", "owner": "web02/eth0", "pool": "tenant"},
]


def test_an_address_is_claimed_before_it_is_written_and_once(ledger: Ledger) -> None:
    task = claims(ledger)
    addresses = task.before(WANTED, willing)
    assert task.changed
    assert owners(ledger) == {"web01/eth0": format_mac(addresses[0]), "web02/eth0": format_mac(addresses[2])}
    sequence = ledger.info().sequence
    again = claims(ledger)
    assert again.before(WANTED, unwilling) == addresses, "without a new claim there is nothing to ask for"
    assert not again.changed
    assert ledger.info().sequence == sequence


def test_nothing_is_claimed_for_interfaces_that_are_refused(ledger: Ledger) -> None:
    with pytest.raises(MacPoolError, match="Azure Arc"):
        claims(ledger).before(WANTED, unwilling)
    assert owners(ledger) == {}


def test_one_that_the_ledger_cannot_give_leaves_the_others_unclaimed(ledger: Ledger) -> None:
    ledger.ensure([Request("old/eth0", "tiny")], JOB)
    with pytest.raises(MacPoolError, match="tiny"):
        claims(ledger).before([*WANTED, {"name": "d", "owner": "web03/eth0", "pool": "tiny"}], willing)
    assert list(owners(ledger)) == ["old/eth0"]


def test_a_preview_predicts_the_very_addresses_and_writes_nothing(ledger: Ledger) -> None:
    sequence = ledger.info().sequence
    task = claims(ledger, preview=True)
    predicted = task.before(WANTED, unwilling)
    task.after([{"owner": "nc01/eth0", "dynamic": True}], [{"mac_address": "001DD8070000"}])
    assert task.changed
    assert ledger.info().sequence == sequence
    assert claims(ledger).before(WANTED, willing) == predicted


def test_what_the_network_controller_chose_is_claimed_as_it_is_and_once(ledger: Ledger) -> None:
    entries = [{"name": "a", "owner": "nc01/eth0", "dynamic": True}]
    task = claims(ledger)
    assert task.before(entries, unwilling) == {}
    task.after(entries, [{"mac_address": "001DD8070005"}])
    assert task.changed
    assert owners(ledger) == {"nc01/eth0": "001DD8070005"}
    again = claims(ledger)
    again.after(entries, [{"mac_address": "001DD8070005"}])
    assert not again.changed


def test_an_address_that_nobody_promised_is_refused_and_taken_on_trust_in_a_check(ledger: Ledger) -> None:
    entries = [{"name": "lb", "owner": "web01/eth0", "mac_address": "22-1D-D8-00-00-77"}]
    with pytest.raises(MacPoolError, match=r'interface "lb": expected 22-1D-D8-00-00-77, promised .* found no claim'):
        claims(ledger).before(entries, willing)
    assert owners(ledger) == {}
    assert claims(ledger, preview=True).before(entries, willing) == {0: 0x221DD8000077}
    ledger.ensure([Request("web01/eth0", "tenant", 0x221DD8000077)], JOB)
    assert claims(ledger).before(entries, willing) == {0: 0x221DD8000077}


def test_an_address_that_its_owner_would_get_back_is_taken_on_trust_in_a_check(ledger: Ledger) -> None:
    address = 0x221DD8000077
    ledger.ensure([Request("web01/eth0", "tenant", address)], JOB)
    ledger.release([ClaimName("web01/eth0")], JOB)
    entries = [{"name": "lb", "owner": "WEB01/eth0", "mac_address": format_mac(address)}]
    with pytest.raises(MacPoolError, match="releasing"):
        claims(ledger).before(entries, willing)
    assert claims(ledger, preview=True).before(entries, willing) == {0: address}
    with pytest.raises(MacPoolError, match="web01/eth0"):
        claims(ledger, preview=True).before([{**entries[0], "owner": "other/eth0"}], willing)


@pytest.mark.parametrize("preview", [False, True])
def test_an_address_of_somebody_else_is_refused(ledger: Ledger, preview: bool) -> None:
    ledger.ensure([Request("other/eth0", "tenant", MAC)], JOB)
    entries = [{"name": "a", "owner": "web01/eth0", "mac_address": format_mac(MAC)}]
    with pytest.raises(OwnerConflict, match="other/eth0"):
        claims(ledger, preview).before(entries, willing)
    with pytest.raises(OwnerConflict, match="other/eth0"):
        claims(ledger, preview).after([{"owner": "web01/eth0", "dynamic": True}], [{"mac_address": format_mac(MAC)}])
    assert owners(ledger) == {"other/eth0": format_mac(MAC)}


def test_the_ledger_is_opened_only_for_owners_and_then_before_anything_is_written() -> None:
    def closed() -> Ledger:
        raise MacPoolError("ledger", "a ledger", "none", "Make one.")

    task = InterfaceClaims(closed, JOB, 3600, False)
    assert (
        task.before([{"name": "a", "mac_address": "22-1D-D8-00-00-01"}, {"name": "b", "dynamic": True}], willing) == {}
    )
    task.after([{"dynamic": True}], [{"mac_address": "001DD8070000"}])
    with pytest.raises(MacPoolError, match="ledger"):
        task.before([{"name": "a", "owner": "web01/eth0", "dynamic": True}], willing)
