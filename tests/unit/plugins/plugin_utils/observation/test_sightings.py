# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An observation tells the ledger who carries what, and admits what it does not know."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import GATHER
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation import sightings as _sightings


def observed(**changes: Any) -> dict[str, Any]:
    adapter = {"id": "x", "name": "eth0", "mac": "00155D010A05", "dynamic": True}
    machine = {
        "id": "1",
        "name": "web01",
        "state": "Running",
        "replication_mode": "None",
        "adapters": [adapter],
        "checkpoints": [{"id": "c", "name": "before", "adapters": [{**adapter, "mac": "00155D010A06"}]}],
    }
    document = {
        "schema": 1,
        "observed_at": "2026-11-20T12:00:00Z",
        "host": {"name": "hv1", "ipv4": ["10.0.10.10"]},
        "mac_range": {"start": "00155D010A00", "end": "00155D010AFF", "source": "cmdlet"},
        "cluster": {"name": "hci1", "nodes": [{"name": "hv1", "state": "Up"}, {"name": "hv2", "state": "Down"}]},
        "vms": [machine],
        "host_adapters": [{"id": "h", "name": "vEthernet", "mac": "00155D010A01", "switch": "tenant"}],
        "physical_adapters": [{"name": "nic1", "mac": "00005E005301", "permanent_mac": "00005E005302"}],
        "warnings": [],
    }
    return {key: value for key, value in {**document, **changes}.items() if value != "absent"}


def carried(document: dict[str, Any]) -> dict[int, str]:
    return {sighting.address: sighting.kind for sighting in _sightings.sightings(document)}


def test_everybody_who_carries_an_address_is_seen() -> None:
    assert carried(observed()) == {
        0x00155D010A05: "vm",
        0x00155D010A06: "checkpoint",
        0x00155D010A01: "host",
        0x00005E005301: "physical",
        0x00005E005302: "physical",
    }


@pytest.mark.parametrize("mode", ["Replica", "ExtendedReplica"])
def test_a_replica_is_no_vm_of_its_own(mode: str) -> None:
    document = observed()
    document["vms"][0]["replication_mode"] = mode
    assert carried(document)[0x00155D010A05] == "replica"


@pytest.mark.parametrize("state", ["Running", "Paused", "Saved"])
def test_a_saved_vm_counts_as_running(state: str) -> None:
    document = observed()
    document["vms"][0]["state"] = state
    assert next(iter(_sightings.sightings(document))).running is True


def test_text_that_is_no_address_is_nobodys() -> None:
    document = observed(physical_adapters=[{"name": "odd", "mac": "", "permanent_mac": None}])
    document["vms"][0]["adapters"][0]["mac"] = "not an address"
    assert set(carried(document)) == {0x00155D010A06, 0x00155D010A01}


def test_a_whole_observation_is_complete() -> None:
    found = _sightings.picture(observed(), 5)
    assert (found.complete, found.why_incomplete, found.observed_at) == (True, "", 5)
    assert (found.cluster, found.cluster_nodes, found.ipv4) == ("hci1", ("hv1", "hv2"), ("10.0.10.10",))
    assert (found.range_start, found.range_end) == (0x00155D010A00, 0x00155D010AFF)


@pytest.mark.parametrize("part", ["vms", "host_adapters", "physical_adapters"])
def test_what_was_not_read_makes_the_picture_incomplete(part: str) -> None:
    found = _sightings.picture(observed(**{part: "absent"}), 5)
    assert (found.complete, part in found.why_incomplete) == (False, True)


def test_an_empty_list_was_read() -> None:
    assert _sightings.picture(observed(vms=[], host_adapters=[], physical_adapters=[]), 5).complete


def test_vms_without_their_checkpoints_and_warnings_make_it_incomplete() -> None:
    document = observed(warnings=["vms: the adapters of VM 'x' could not be read"])
    del document["vms"][0]["checkpoints"]
    found = _sightings.picture(document, 5)
    assert "checkpoints not read" in found.why_incomplete
    assert "VM 'x'" in found.why_incomplete


def test_a_lone_host_without_a_range_is_a_picture_too() -> None:
    found = _sightings.picture(observed(cluster=None, mac_range=None), 5)
    assert (found.complete, found.cluster, found.range_start) == (True, "", None)


def test_only_a_whole_observation_can_be_recorded() -> None:
    _sightings.check_recordable(GATHER, None)
    with pytest.raises(MacPoolError, match="some VMs only"):
        _sightings.check_recordable(GATHER, [])
    with pytest.raises(MacPoolError, match="no checkpoints"):
        _sightings.check_recordable([part for part in GATHER if part != "checkpoints"], None)


def test_a_network_controller_is_kept_beside_the_hosts() -> None:
    there = {"resourceId": "web01", "instanceId": "{AB}", "properties": {"privateMacAddress": "22-1d-d8-00-00-01"}}
    empty = {"resourceId": "new", "properties": {"privateMacAddress": None}}
    document = {"name": "nc1", "network_interfaces": [there, empty], "warnings": []}
    seen = _sightings.controller_picture(document, 5)
    assert seen.host == "nc1 (Network Controller)"
    assert seen.complete
    [sighting] = seen.sightings
    assert (sighting.address, sighting.kind, sighting.adapter_name) == (0x221DD8000001, "interface", "web01")
    assert _sightings.controller_picture({"network_interfaces": there}, 5).sightings == (sighting,)
    unread = _sightings.controller_picture({"warnings": ["403"]}, 5)
    assert not unread.complete
    assert unread.why_incomplete == "interfaces not read; 403"
