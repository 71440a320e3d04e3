# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lookup does with what a template gives it."""

from __future__ import annotations

from collections import UserString
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader

from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan.read import parse_plan

PLAN = {
    "scope": "west",
    "pools": {
        "tenant": {"ranges": [{"start": "22-1D-D8-00-00-00", "size": 16}]},
        "other": {"ranges": [{"start": "22-1D-D8-00-01-00", "size": 16}]},
    },
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = str(tmp_path / "ledger.sqlite3")
    Ledger.create(place, "west", Job("test"), parse_plan(PLAN)).close()
    return place


def look(place: str, *owners: Any, check: bool = False, **options: Any) -> list[str]:
    lookup = lookup_loader.get("macpool.hyperv.mac", loader=None, templar=SimpleNamespace(template=lambda value: value))
    variables = {"macpool_plan": PLAN, "macpool_ledger": place, "ansible_check_mode": check}
    found: list[str] = lookup.run(list(owners), variables, **options)
    return found


def claims(place: str) -> int:
    with Ledger.open(place, "west", parse_plan(PLAN)) as ledger:
        return len(ledger.claims())


def test_one_owner_has_one_address_however_often_it_is_asked_for(place: str) -> None:
    first = look(place, "web01/eth0", "web02/eth0", "WEB01/ETH0", pool="tenant")
    assert (first[0], len(set(first))) == (first[2], 2)
    assert look(place, "web01/eth0", claim=False) == first[:1]
    assert look(place, "web01/eth0", pool="tenant", wantlist=True) == first[:1]
    assert claims(place) == 2


def test_a_check_foresees_and_writes_nothing(place: str) -> None:
    foreseen = look(place, "web01/eth0", pool="tenant", check=True)
    assert claims(place) == 0
    assert look(place, "web01/eth0", pool="tenant") == foreseen


def test_a_mistyped_option_claims_nothing(place: str) -> None:
    with pytest.raises(AnsibleLookupError, match=r'option claims: expected one of .*did you mean "claim"'):
        look(place, "web01/eth0", pool="tenant", claims=False)
    assert claims(place) == 0


def test_the_address_of_another_pool_is_no_answer(place: str) -> None:
    look(place, "web01/eth0", pool="tenant")
    with pytest.raises(AnsibleLookupError, match='expected an address of pool "other"'):
        look(place, "web01/eth0", pool="other")


def test_an_error_is_said_once(place: str) -> None:
    with pytest.raises(AnsibleLookupError) as refused:
        look(place + "x", "web01/eth0", pool="tenant")
    assert str(refused.value).count("expected a ledger") == 1


def test_owners_may_be_vaulted(place: str) -> None:
    """Up to ansible-core 2.18 such text is no str."""

    class Vaulted(UserString):
        __ENCRYPTED__ = True

    first = look(place, "web01/eth0", pool="tenant")
    assert look(place, Vaulted("web01/eth0"), claim=False) == first


def test_an_address_that_exists_is_returned_in_spite_of_an_error_elsewhere_in_the_plan(place: str) -> None:
    known = look(place, "web01/eth0", pool="tenant")
    broken = {**PLAN, "other_allocators": "none"}
    assert look(place, "web01/eth0", pool="tenant", plan=broken) == known
    with pytest.raises(AnsibleLookupError, match="other_allocators"):
        look(place, "web02/eth0", pool="tenant", plan=broken)
