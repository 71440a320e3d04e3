# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between here and the Network Controller: nothing is made twice, nothing is lost, the error says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.modules.nc_network_interface import work

if TYPE_CHECKING:
    from tests.unit.plugins.module_utils.network_controller.site import Site

Json = dict[str, Any]
MAC = "221DD8000001"
SUBNET = "/virtualNetworks/vnet-0001/subnets/subnet-0001"


def entry(name: str, **changes: Any) -> Json:
    from tests.unit.plugins.module_utils.network_controller.site import entry as made

    return made(name, **changes)


def run(site: Site, *entries: Json, preview: bool = False, managed_by: str = "auto", **changes: Any) -> Json:
    options = {"interfaces": list(entries), "state": "present", "parallel": 4, "managed_by": managed_by}
    state = changes.pop("state", None)
    return work(site.client(**changes), {**options, **({"state": state} if state else {})}, preview)


def allocated(site: Site) -> int:
    usage = site.pools()["pool"]["properties"]["usage"]
    return int(next(value for key, value in usage.items() if "allocated" in key.casefold()))


@pytest.mark.parametrize("fault", ["nc_reset_before", "nc_reset_after"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_lost_answer_burns_no_second_address(site: Site, fault: str, times: int) -> None:
    """A dynamic interface costs an address for ever, so a write whose answer was lost must be looked into first."""
    site.pool()
    before = allocated(site)
    site.lab.faults.add(fault, method="PUT", times=times)
    done = run(site, entry("web01", dynamic=True))
    assert done["changed"] is True
    assert allocated(site) == before + 1
    assert done["interfaces"][0]["mac_address"] == site.interfaces()["web01"]["properties"]["privateMacAddress"]
    if fault == "nc_reset_after":
        assert len(site.asked("PUT")) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_busy_while_writing(site: Site, status: int) -> None:
    site.lab.faults.add("nc_status", status=status, retry_after=2, method="PUT", times=2)
    done = run(site, entry("web01", mac_address=MAC))
    assert done["interfaces"][0]["status"] == "created"
    assert site.time.slept[:2] == [2, 2]


def test_slow_provisioning(site: Site) -> None:
    site.lab.faults.add("nc_slow", polls=12)
    assert run(site, entry("web01", mac_address=MAC))["interfaces"][0]["provisioning_state"] == "Succeeded"


def test_provisioning_that_never_ends(site: Site) -> None:
    site.lab.faults.add("nc_slow", polls=100000)
    done = run(site, entry("web01", mac_address=MAC), wait_timeout=30)
    assert done["failed"] is True
    assert done["changed"] is True, "something was written"
    assert "timed out after 30 s" in done["msg"]
    assert "wait_timeout" in done["msg"]
    site.controller.do("nc_settle")
    again = run(site, entry("web01", mac_address=MAC))
    assert again["changed"] is False
    assert again["interfaces"][0]["status"] == "unchanged"


def test_somebody_elses_change_is_kept(site: Site) -> None:
    """Between our reading and our writing somebody sets another property: both changes are there afterwards."""
    site.interface("web01")
    site.lab.faults.add("nc_conflict", properties={"internalDnsNameLabel": "theirs"})
    done = run(site, {"name": "web01", "mac_address": MAC})
    assert done["interfaces"][0]["status"] == "changed"
    there = site.interfaces()["web01"]["properties"]
    assert there["privateMacAddress"] == MAC
    assert there["internalDnsNameLabel"] == "theirs"
    assert [item["status"] for item in site.asked("PUT")] == [412, 200]


def test_a_storm_of_conflicts_ends(site: Site) -> None:
    site.interface("web01")
    site.lab.faults.add("nc_conflict", times=None)
    done = run(site, {"name": "web01", "mac_address": MAC})
    assert done["failed"] is True
    assert done["changed"] is False
    assert "412" in done["msg"]
    assert "Another client is changing it" in done["msg"]
    assert len(site.asked("PUT")) == 2, "one more reading, then an error"


def test_a_failed_provisioning(site: Site) -> None:
    site.lab.faults.add("nc_fail", code="Trouble", message="no luck", details=[{"code": "Detail", "message": "why"}])
    second = {"name": "ip1", "ip_address": "192.168.33.21", "subnet": SUBNET}
    entries = [
        entry("web01", mac_address=MAC),
        entry("web02", mac_address="221DD8000002", ip_configurations=[second]),
    ]
    done = run(site, *entries)
    states = sorted(row["status"] for row in done["interfaces"])
    assert states == ["created", "failed"], "one that fails does not keep the others back"
    assert "Trouble: no luck" in done["msg"]
    assert "Trouble" in next(row["reason"] for row in done["interfaces"] if row["status"] == "failed")
    again = run(site, *entries)
    assert sorted(row["status"] for row in again["interfaces"]) == ["changed", "unchanged"]
    assert {row["provisioning_state"] for row in again["interfaces"]} == {"Succeeded"}


def test_one_that_somebody_else_is_making_is_waited_for(site: Site) -> None:
    site.controller.put(
        "networkInterfaces",
        "web01",
        {
            "privateMacAddress": MAC,
            "privateMacAllocationMethod": "Static",
            "isPrimary": True,
            "ipConfigurations": [
                {
                    "resourceId": "ip1",
                    "properties": {
                        "privateIPAddress": "192.168.33.20",
                        "privateIPAllocationMethod": "Static",
                        "subnet": {"resourceRef": "/virtualNetworks/vnet-0001/subnets/subnet-0001"},
                    },
                }
            ],
        },
        settle=False,
    )
    predicted = run(site, entry("web01", mac_address=MAC), preview=True)
    real = run(site, entry("web01", mac_address=MAC))
    assert predicted["changed"] is real["changed"] is False
    assert real["interfaces"][0]["provisioning_state"] == "Succeeded"


def test_removal_through_everything(site: Site) -> None:
    site.interface("web01")
    site.lab.faults.add("nc_reset_after", method="DELETE")
    site.lab.faults.add("nc_status", status=503, method="GET", skip=1)
    done = run(site, {"name": "web01"}, state="absent")
    assert done["changed"] is True
    assert site.interfaces() == {}


def test_a_removal_that_the_server_refuses(site: Site) -> None:
    site.interface("web01")
    site.lab.faults.add("nc_fail", method="DELETE", code="InUse", message="still referenced")
    done = run(site, {"name": "web01"}, state="absent")
    assert done["failed"] is True
    assert "InUse: still referenced" in done["msg"]
    assert "web01" in site.interfaces()


@pytest.mark.parametrize("preview", [True, False])
def test_an_sdn_of_azure_arc_is_only_read(site: Site, preview: bool) -> None:
    site.interface("arc1", "001DD8070A77")
    site.controller.put(
        "networkInterfaces",
        "arc2",
        {
            **site.interfaces()["arc1"]["properties"],
            "privateMacAddress": "001DD8070A78",
        },
        resourceMetadata={
            "client": "MOC",
            "originalHref": "/subscriptions/x/resourceGroups/y/providers/Microsoft.AzureStackHCI/networkInterfaces/arc2",
        },
    )
    site.controller.clear_requests()
    with pytest.raises(MacPoolError, match="is managed by Azure Arc") as error:
        run(site, entry("web01", mac_address=MAC), preview=preview)
    assert "arc2" in error.value.found
    with pytest.raises(MacPoolError, match="is managed by Azure Arc"):
        run(site, {"name": "arc1"}, state="absent", preview=preview)
    assert site.asked("PUT") == site.asked("DELETE") == []
    assert run(site, {"name": "arc1", "mac_address": "001DD8070A77"})["changed"] is False, "reading is allowed"


def test_who_cannot_be_asked_is_taken_for_azure(site: Site) -> None:
    """Fail closed: what keeps us from knowing keeps us from writing."""
    site.lab.faults.add("nc_status", status=403, collection="logicalNetworks", times=None)
    with pytest.raises(MacPoolError, match="cannot find out whether Azure Arc") as error:
        run(site, entry("web01", mac_address=MAC))
    assert "managed_by: administrator" in error.value.remedy
    assert site.interfaces() == {}
    assert run(site, entry("web01", mac_address=MAC), managed_by="administrator")["changed"] is True
    with pytest.raises(MacPoolError, match="is managed by Azure Arc"):
        run(site, entry("web02", mac_address="221DD8000002"), managed_by="azure_arc")


KINDS = st.sampled_from(["nc_reset_before", "nc_reset_after", "busy", "nc_conflict", "nc_slow", "nc_fail"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(faults=st.lists(st.tuples(KINDS, st.sampled_from(["GET", "PUT", "DELETE"]), st.integers(0, 3)), max_size=6))
def test_after_any_faults_the_next_runs_end_as_wanted(site: Site, faults: list[tuple[str, str, int]]) -> None:
    """Whatever happens in between: each interface is there once with one address, and no more addresses are gone than were seen."""
    site.clean()
    site.pool()
    burnt = allocated(site)
    for kind, method, skip in faults:
        details: Json = {"skip": skip}
        if kind == "busy":
            site.lab.faults.add("nc_status", status=503, method=method, **details)
        elif kind == "nc_slow":
            site.lab.faults.add(kind, polls=3, **details)
        elif kind.startswith("nc_reset"):
            site.lab.faults.add(kind, method=method, **details)
        else:
            site.lab.faults.add(kind, **details)
    wishes = [
        entry("dyn", dynamic=True),
        entry(
            "sta",
            mac_address=MAC,
            ip_configurations=[
                {
                    "name": "ip1",
                    "ip_address": "192.168.33.21",
                    "subnet": SUBNET,
                }
            ],
        ),
    ]
    seen: set[str] = set()
    for _attempt in range(8):
        try:
            done = run(site, *wishes)
        except MacPoolError:
            continue
        seen |= {row["mac_address"] for row in done["interfaces"] if row["mac_address"]}
        if not done.get("failed"):
            break
    else:
        pytest.fail("the faults are used up, and it still does not end")
    assert sorted(site.interfaces()) == ["dyn", "sta"]
    assert run(site, *wishes)["changed"] is False
    assert site.interfaces()["sta"]["properties"]["privateMacAddress"] == MAC
    assert allocated(site) - burnt <= len(seen - {MAC}) or "nc_fail" in {fault[0] for fault in faults}


def test_what_the_server_does_not_take_over_is_told(site: Site) -> None:
    """Law 4: an answer of success is not what counts, the resource is."""
    client = site.client()
    forget = client.put

    def deaf(path: str, body: Any, etag: str | None) -> Any:
        return forget(path, {**body, "properties": {**body["properties"], "portSettings": {"stormLimit": 1}}}, etag)

    client.put = deaf  # type: ignore[method-assign]
    wish = entry("web01", mac_address=MAC, port_settings={"storm_limit": 9})
    options = {"interfaces": [wish], "state": "present", "parallel": 1, "managed_by": "auto"}
    done = work(client, options, False)
    assert done["failed"] is True
    assert "expected the values that were written, but found" in done["msg"]
    assert "'storm_limit': 1" in done["msg"]
