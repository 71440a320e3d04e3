# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the task allocation accepts, and what the lookup takes for a name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.allocation import read_claims
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Claim, Identity
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.result import claim_for_diff
from ansible_collections.macpool.hyperv.plugins.plugin_utils._names import named_owner

VM_ID = "6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10"


@pytest.mark.parametrize("written", [VM_ID, VM_ID.upper(), f"{{{VM_ID}}}", f"{{{VM_ID.upper()}}}"])
def test_an_adapter_is_one_however_its_vm_s_id_is_written(written: str) -> None:
    entry = {"owner": "web01/eth0", "vm_id": written, "adapter_id": f"Microsoft:{VM_ID}\\A"}
    assert read_claims([entry], "present", None)[0].identity == Identity(VM_ID, f"Microsoft:{VM_ID}\\A")


def test_a_name_is_not_taken_for_the_id_of_a_vm() -> None:
    with pytest.raises(MacPoolError, match=r"claims\[0\], vm_id: expected a GUID.*found 'web01'"):
        read_claims([{"owner": "web01/eth0", "vm_id": "web01", "adapter_id": "a"}], "present", None)


@pytest.mark.parametrize("name", ["web01/eth0\n", " web01/eth0", "web01/eth0\u00a0", "web\n01/eth0", "web\x0001/eth0"])
def test_a_stray_blank_makes_no_second_owner(name: str) -> None:
    with pytest.raises(MacPoolError, match="blanks"):
        named_owner(name)
    with pytest.raises(MacPoolError, match="blanks"):
        read_claims([{"owner": name}], "present", None)
    # What a host told must be releasable.
    assert read_claims([{"owner": name}], "released", None)[0].owner == name


@pytest.mark.parametrize(
    "name", ["web 01/Network Adapter", "<b>'\"; --/{{ 7 * 7 }}", "\u00fcn\u00ef \U0001f600/eth0", "1"]
)
def test_any_other_name_is_a_name(name: str) -> None:
    assert named_owner(name) == name


@pytest.mark.parametrize(
    ("state", "entries"),
    [
        ("present", [{"owner": "a/1", "pool": "x"}, {"owner": "A/1", "pool": "y"}]),
        ("present", [{"owner": "a/1", "note": "x"}, {"owner": "b/1"}, {"owner": "a/1", "note": "y"}]),
        ("held", [{"mac_address": "221DD8000001", "note": "x"}, {"mac_address": "22-1D-D8-00-00-01", "note": "y"}]),
    ],
)
def test_one_list_does_not_say_two_things_of_one_owner_or_address(state: str, entries: list[dict[str, Any]]) -> None:
    with pytest.raises(MacPoolError, match=r"what claims\[0\] says"):
        read_claims(entries, state, None)
    assert len(read_claims([entries[0], entries[0]], state, None)) == 2


def test_a_diff_shows_that_a_claim_was_bound() -> None:
    claim = Claim(0x221DD8000001, "a/1", "tenant", "applied", 1, 0)
    bound = Claim(0x221DD8000001, "a/1", "tenant", "applied", 1, 0, identity=Identity("v", "a"), aliases=("b/1",))
    before, after = claim_for_diff(claim), claim_for_diff(bound)
    assert {key for key in after if before[key] != after[key]} == {"vm_id", "adapter_id", "aliases"}
