# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger as text: for Git, and for the check that two pull requests do not promise one address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.errors import LedgerForeign, OwnerConflict
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import ClaimName, Request
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.text import parse_text
from tests.unit.plugins.plugin_utils.ledger.helpers import (
    JOB,
    POOL,
    Clock,
    ids,
    make_ledger,
    make_plan,
    observation,
    vm,
)


@pytest.fixture
def busy(ledger: Ledger, clock: Clock) -> Ledger:
    """A ledger with something of everything."""
    ledger.ensure([Request("web01/eth0", identity=ids(1), note="shop"), Request("b/eth0"), Request("c/eth0")], JOB)
    ledger.ensure([Request("renamed/eth0", identity=ids(1))], JOB)
    ledger.release([ClaimName("b/eth0")], JOB)
    ledger.release([ClaimName("c/eth0")], JOB, declared_gone=True)
    ledger.hold([Request("", address=POOL + 0x100, note="printer")], JOB)
    ledger.lease(JOB)
    ledger.retire(["hv2"], JOB)
    return ledger


@pytest.fixture
def empty(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    """Another ledger of the same scope."""
    with make_ledger(tmp_path / "other.sqlite3", clock=clock) as ledger:
        yield ledger


def test_the_same_promises_give_the_same_text(busy: Ledger, empty: Ledger) -> None:
    text = busy.export_text()
    assert text == busy.export_text()
    parse_text(text, "west")
    empty.import_text(text, JOB)
    assert empty.export_text() == text
    assert empty.verify() == []


def test_observing_and_pushing_is_no_noise(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.ensure([Request("web01/eth0", identity=ids(1))], JOB)[0].claim
    ledger.observe([observation("hv1", clock.now, vm(claim.address))], JOB)
    text = ledger.export_text()
    for _day in range(3):
        clock.forward(86_400_000)
        ledger.observe([observation("hv1", clock.now, vm(claim.address))], JOB)
    assert ledger.export_text() == text


def test_lines_are_sorted_and_one_for_each(busy: Ledger) -> None:
    lines = busy.export_text().splitlines()
    assert json.loads(lines[0]) == {"macpool": "ledger", "schema": 1, "scope": "west"}
    assert lines[1:3] == sorted(lines[1:3])
    assert lines[3:] == sorted(lines[3:])
    assert len(lines) == 1 + 2 + 4


def test_an_import_of_what_is_there_changes_nothing(busy: Ledger) -> None:
    assert not any(outcome.changed for outcome in busy.import_text(busy.export_text(), JOB))


def test_an_import_that_contradicts_the_ledger_is_refused_whole(busy: Ledger, empty: Ledger) -> None:
    taken = next(claim for claim in busy.claims() if claim.owner == "web01/eth0")
    empty.ensure([Request("mine/eth0", "tenant", taken.address)], JOB)
    empty.lease(JOB, ["hv2"])
    before = empty.export_text()
    with pytest.raises(MacPoolError) as caught:
        empty.import_text(busy.export_text(), JOB)
    message = str(caught.value)
    assert 'by "web01/eth0"' in message
    assert 'by "mine/eth0"' in message
    assert 'of host "hv2" in the ledger' in message
    assert empty.export_text() == before


def test_an_import_never_gives_an_owner_a_second_address(ledger: Ledger, empty: Ledger) -> None:
    ledger.ensure([Request("web01/eth0", "tenant", POOL + 1)], JOB)
    empty.ensure([Request("WEB01/eth0", "tenant", POOL + 2)], JOB)
    with pytest.raises(OwnerConflict, match="22-1D-D8-00-00-02"):
        empty.import_text(ledger.export_text(), JOB)


def test_incident_11_a_merge_of_two_choices_fails_naming_both_owners(tmp_path: Path, clock: Clock) -> None:
    texts = []
    for owner in ("shop/eth0", "blog/eth0"):
        with make_ledger(tmp_path / owner.partition("/")[0], clock=clock) as branch:
            branch.ensure([Request(owner, "tenant", POOL + 3)], JOB)
            texts.append(branch.export_text())
    merged = texts[0] + texts[1].split("\n", 1)[1]
    with pytest.raises(OwnerConflict) as caught:
        parse_text(merged, "west")
    assert 'owner "shop/eth0" (reserved) and owner "blog/eth0" (reserved)' in str(caught.value)
    assert "lines 2 and 3" in str(caught.value)
    # The near miss: two owners, two addresses.
    parse_text(merged.replace("221DD8000003", "221DD8000004", 1))


def claim_line(**fields: object) -> str:
    line = {"address": "221DD8000001", "owner": "a/eth0", "pool": "tenant", "state": "applied"}
    return json.dumps({**line, "since": "2026-11-20T12:00:00Z", **fields})


def lease_line(host: str, start: str, end: str, state: str = "active") -> str:
    return json.dumps(
        {"start": start, "end": end, "dynamic_end": end, "host": host, "state": state, "since": "2026-11-20T12:00:00Z"}
    )


HEADER = '{"macpool": "ledger", "schema": 1, "scope": "west"}'


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["nonsense"], "line 2: expected JSON"),
        (["[1]"], "line 2: expected a mapping, but found a list"),
        (["<<<<<<< HEAD"], "line 2.*mark of a merge conflict"),
        ([claim_line(address=1234)], "line 2.*MAC address"),
        ([claim_line(address="01005E000001")], "line 2.*adapter can carry"),
        ([claim_line(state="lost")], "line 2.*'lost'"),
        ([claim_line(owner="")], "owner of an address"),
        ([claim_line(owner=None)], "line 2.*text as owner"),
        ([claim_line(since="yesterday")], "line 2.*time as since"),
        ([claim_line(identity={"vm_id": "x"})], "line 2.*vm_id and adapter_id"),
        ([claim_line(identity={"vm_id": 1, "adapter_id": "y"})], "line 2.*text in identity"),
        ([claim_line(aliases="x")], "line 2.*list of names"),
        ([claim_line(surprise=1)], "line 2.*'surprise'"),
        ([HEADER], "line 1.*once, but found one on line 1, 2"),
        ([claim_line(), claim_line(address="221DD8000002", owner="A/ETH0")], "one address of one owner"),
        (
            [
                claim_line(identity={"vm_id": "v", "adapter_id": "a"}),
                claim_line(address="221DD8000002", owner="b/eth0", identity={"vm_id": "V", "adapter_id": "A"}),
            ],
            "one address of one owner",
        ),
        (
            [lease_line("hv1", "00155DE00000", "00155DE0000F"), lease_line("HV1", "00155DE00010", "00155DE0001F")],
            "one active",
        ),
        (
            [lease_line("hv1", "00155DE00000", "00155DE0000F"), lease_line("hv2", "00155DE0000F", "00155DE0001F")],
            "00-15-5D-E0-00-0F",
        ),
        ([lease_line("hv1", "00155DE0000F", "00155DE00000")], "line 2.*not above the end"),
        ([lease_line("", "00155DE00000", "00155DE0000F")], "line 2.*name of a host"),
        ([lease_line("hv1", "00155DE00000", "00155DE0000F", "lost")], "line 2.*active or retired"),
    ],
)
def test_every_wrong_line_is_named(lines: list[str], words: str) -> None:
    with pytest.raises(MacPoolError, match=words):
        parse_text("\n".join([HEADER, *lines]))


def test_all_errors_come_at_once_and_none_is_imported(empty: Ledger) -> None:
    text = "\n".join([HEADER, "nonsense", claim_line(state="x"), claim_line()])
    with pytest.raises(MacPoolError) as caught:
        empty.import_text(text, JOB)
    assert "line 2" in str(caught.value)
    assert "line 3" in str(caught.value)
    assert empty.claims() == []


def test_text_of_another_scope_or_without_header_is_refused(empty: Ledger) -> None:
    with pytest.raises(LedgerForeign, match='scope "west"'):
        empty.import_text(HEADER.replace("west", "east"), JOB)
    with pytest.raises(MacPoolError, match="header"):
        empty.import_text(claim_line(), JOB)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=25)
@given(
    owners=st.lists(st.builds("{}/{}".format, names, names), unique_by=str.upper, min_size=1, max_size=6), notes=names
)
def test_any_name_survives_the_way_through_text(
    owners: list[str], notes: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("text")
    with make_ledger(folder / "a", make_plan(64)) as one, make_ledger(folder / "b", make_plan(64)) as two:
        one.ensure([Request(owner, note=notes) for owner in owners], JOB)
        text = one.export_text()
        assert len(text.splitlines()) == 1 + len(one.claims())
        two.import_text(text, JOB)
        assert two.export_text() == text
        assert [claim.owner for claim in one.claims()] == [claim.owner for claim in two.claims()]
