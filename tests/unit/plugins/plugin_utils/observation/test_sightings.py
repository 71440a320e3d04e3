# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An observation tells the ledger who carries what, and admits what it does not know."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.host import GATHER
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation import sightings as _sightings
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from tests.unit.plugins.plugin_utils.observation.documents import (
    Document,
    adapter,
    checkpoint,
    controller,
    group,
    guid,
    host,
    interface,
    report,
    vm,
)

OWN = {"id": "h", "name": "vEthernet", "mac": "00155D010A01", "switch": "tenant"}
CARD = {"name": "nic1", "mac": "00005E005301", "permanent_mac": "00005E005302"}


def observed(**changes: Any) -> Document:
    machine = vm(
        "web01",
        adapter("00155D010A05", name="eth0"),
        checkpoints=[checkpoint("before", adapter("00155D010A06", name="eth0"))],
    )
    document = host(
        mac_range=("00155D010A00", "00155D010AFF"),
        vms=[machine],
        cluster="hci1",
        nodes={"hv1": "Up", "hv2": "Down"},
        groups=[group(machine["id"], "hv1", "web01")],
        host_adapters=[OWN],
        physical_adapters=[CARD],
    )
    document["host"]["ipv4"] = ["10.0.10.10"]
    return {key: value for key, value in {**document, **changes}.items() if value != "absent"}


def carried(document: Document) -> dict[int, str]:
    return {sighting.address: sighting.kind for sighting in _sightings.host_sightings(document, 5).sightings}


def test_everything_that_carries_an_address_is_seen() -> None:
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


@pytest.mark.parametrize(
    ("state", "running"), [("Running", True), ("Paused", True), ("Saved", True), (None, True), ("Off", False)]
)
def test_what_is_not_off_counts_as_running(state: str | None, running: bool) -> None:
    document = observed()
    document["vms"][0]["state"] = state
    assert _sightings.host_sightings(document, 5).sightings[0].running is running


def test_an_adapter_that_never_started_tells_that_its_vm_exists_and_a_checkpoint_of_one_nothing() -> None:
    document = observed(host_adapters=[], physical_adapters=[])
    document["vms"][0]["adapters"][0]["mac"] = "000000000000"
    document["vms"][0]["checkpoints"][0]["adapters"][0]["mac"] = "000000000000"
    assert carried(document) == {0: "vm"}


def test_a_whole_observation_is_complete() -> None:
    found = _sightings.host_sightings(observed(), 5)
    assert (found.complete, found.why_incomplete, found.observed_at) == (True, "", 5)
    assert (found.cluster, found.cluster_nodes, found.ipv4) == ("hci1", ("hv1", "hv2"), ("10.0.10.10",))
    assert (found.range_start, found.range_end) == (0x00155D010A00, 0x00155D010AFF)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("vms", "its VMs were not read"),
        ("host_adapters", "its own adapters were not read"),
        ("cluster", "its cluster was not read"),
    ],
)
def test_what_proves_absence_and_was_not_read_makes_it_incomplete_for_ledger_and_audit(part: str, words: str) -> None:
    document = observed(**{part: "absent"})
    found = _sightings.host_sightings(document, 5)
    assert (found.complete, words in found.why_incomplete) == (False, True)
    assert any(words in finding["evidence"] for finding in report(document)["findings"])


def test_a_cluster_without_the_owners_of_its_vms_proves_no_absence() -> None:
    document = observed()
    del document["cluster"]["groups"]
    assert "the owners of its cluster's VMs were not read" in _sightings.host_sightings(document, 5).why_incomplete


@pytest.mark.parametrize("part", ["mac_range", "physical_adapters", "switches"])
def test_what_only_the_audit_looks_at_is_needed_for_the_audit_alone(part: str) -> None:
    document = observed(**{part: "absent"})
    document["cluster"]["nodes"] = [{"name": "hv1", "state": "Up"}]
    assert _sightings.host_sightings(document, 5).complete
    assert report(document)["complete"] is False


def test_port_profiles_are_needed_for_the_audit_alone() -> None:
    document = observed()
    document["cluster"]["nodes"] = [{"name": "hv1", "state": "Up"}]
    del document["vms"][0]["adapters"][0]["port_profile"]
    assert _sightings.host_sightings(document, 5).complete
    assert report(document)["complete"] is False


@pytest.mark.parametrize("value", [None, "System.Object[]", 3, ["Microsoft.HyperV.PowerShell.VirtualMachine"]])
@pytest.mark.parametrize("part", ["vms", "host_adapters"])
def test_a_part_that_is_no_list_of_things_was_not_read(part: str, value: object) -> None:
    assert not _sightings.host_sightings(observed(**{part: value}), 5).complete


def test_an_empty_list_was_read() -> None:
    document = observed(vms=[], host_adapters=[], physical_adapters=[])
    document["cluster"]["groups"] = []
    assert _sightings.host_sightings(document, 5).complete


@pytest.mark.parametrize("part", ["adapters", "checkpoints"])
@pytest.mark.parametrize("value", ["absent", None, "System.Object[]"])
def test_a_vm_without_a_part_is_named(part: str, value: object) -> None:
    document = observed()
    document["vms"][0][part] = value
    if value == "absent":
        del document["vms"][0][part]
    found = _sightings.host_sightings(document, 5)
    assert f'the {part} of VM "web01" were not read' in found.why_incomplete


@pytest.mark.parametrize("address", [None, "", "not an address", "00155D", 5.05e11])
@pytest.mark.parametrize("place", ["adapter", "checkpoint", "host"])
def test_an_adapter_whose_address_is_unknown_makes_it_incomplete_and_is_named(place: str, address: object) -> None:
    document = observed()
    document["cluster"]["nodes"] = [{"name": "hv1", "state": "Up"}]
    machine = document["vms"][0]
    document["host_adapters"] = [dict(OWN)]
    there = {
        "adapter": machine["adapters"][0],
        "checkpoint": machine["checkpoints"][0]["adapters"][0],
        "host": document["host_adapters"][0],
    }[place]
    there["mac"] = address
    found = _sightings.host_sightings(document, 5)
    assert not found.complete
    assert "the address of " in found.why_incomplete
    assert " is not known" in found.why_incomplete
    assert {"adapter": '"eth0"', "checkpoint": '"before"', "host": '"vEthernet"'}[place] in found.why_incomplete
    assert report(document)["complete"] is False


def test_warnings_make_it_incomplete() -> None:
    found = _sightings.host_sightings(observed(warnings=["vms: the adapters of VM 'x' could not be read"]), 5)
    assert (found.complete, "VM 'x'" in found.why_incomplete) == (False, True)


def test_a_vm_that_left_while_the_host_was_read_is_named() -> None:
    document = observed()
    document["cluster"]["groups"].append(group(guid("gone"), "HV1.example.com", "gone"))
    document["cluster"]["groups"].append(group(guid("other"), "hv2", "other"))
    assert _sightings.host_sightings(document, 5).why_incomplete == "VM 'gone' left while the host was read"


def test_a_lone_host_without_a_range_is_enough_to_prove_absence() -> None:
    found = _sightings.host_sightings(observed(cluster=None, mac_range=None), 5)
    assert (found.complete, found.cluster, found.range_start) == (True, "", None)


def test_an_observation_of_some_vms_only_is_not_recorded() -> None:
    _sightings.check_recordable(GATHER, None)
    _sightings.check_recordable(["vms"], None)
    with pytest.raises(MacPoolError, match="an observation of some VMs"):
        _sightings.check_recordable(GATHER, [])
    with pytest.raises(MacPoolError, match="gather without vms: range"):
        _sightings.check_recordable(["range"], None)


@given(st.sets(st.sampled_from(GATHER)))
def test_what_was_not_gathered_never_makes_an_observation_more_complete(left_out: set[str]) -> None:
    """The host leaves what was not asked for out of its document; whatever that was, nothing is proven by it."""
    document = copy.deepcopy(observed())
    for part in left_out:
        document.pop({"range": "mac_range"}.get(part, part), None)
    if "cluster_groups" in left_out and "cluster" in document:
        del document["cluster"]["groups"]
    for machine in document.get("vms", []):
        if "checkpoints" in left_out:
            del machine["checkpoints"]
    needed = {"vms", "checkpoints", "host_adapters", "cluster", "cluster_groups"}
    assert _sightings.host_sightings(document, 5).complete is not bool(left_out & needed)


def test_a_network_controller_is_kept_beside_the_hosts() -> None:
    there, empty = interface("web01", "22-1d-d8-00-00-01"), interface("new", None)
    seen = _sightings.controller_sightings(controller(there, empty, name="nc1"), 5)
    assert (seen.host, seen.complete) == ("nc1 (Network Controller)", True)
    [sighting] = seen.sightings
    assert (sighting.address, sighting.kind, sighting.adapter_name) == (0x221DD8000001, "interface", "web01")
    assert _sightings.controller_sightings(controller(network_interfaces=there), 5).sightings == (sighting,)
    unread = controller(warnings=["403"])
    del unread["network_interfaces"]
    assert (
        _sightings.controller_sightings(unread, 5).why_incomplete == 'its interfaces were not read; it reported "403"'
    )


def test_an_interface_whose_address_cannot_be_read_may_have_any() -> None:
    seen = _sightings.controller_sightings(controller(interface("odd", "22-1d")), 5)
    assert (seen.complete, '"odd"' in seen.why_incomplete) == (False, True)


def test_saved_documents_of_one_host_are_as_old_as_the_oldest_that_was_used() -> None:
    new, old = observed(host_adapters="absent"), observed(observed_at="2026-11-20T00:00:00Z")
    [seen] = _sightings.all_sightings(read_documents([new, old]))
    assert (seen.complete, seen.observed_at) == (True, 1795132800000)
    [timeless] = _sightings.all_sightings(read_documents([new, observed(observed_at="absent")]))
    assert timeless.observed_at == 0
