# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces: what is wanted is there afterwards, what is not named stays, and the check said so before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._nc_interface import (
    differences,
    interface_as_result,
    managed,
    read_wishes,
    resource_of_result,
    wanted_body,
)
from ansible_collections.macpool.hyperv.plugins.modules.nc_network_interface import work
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.unit.plugins.module_utils.network_controller.site import Site

Json = dict[str, Any]
MAC = "22-1D-D8-00-00-01"


def entry(name: str, **changes: Any) -> Json:
    from tests.unit.plugins.module_utils.network_controller.site import entry as made

    return made(name, **changes)


def run(site: Site, *entries: Json, preview: bool = False, **changes: Any) -> Json:
    options = {"interfaces": list(entries), "state": "present", "parallel": 4, "managed_by": "auto", **changes}
    return work(site.client(), options, preview)


def check_real_again(site: Site, *entries: Json, **changes: Any) -> Json:
    """Run as users do, and return the real run's result."""
    before = site.controller.state()
    predicted = run(site, *entries, preview=True, **changes)
    assert site.controller.state() == before, "a check wrote"
    real = run(site, *entries, **changes)
    rows = [
        [{key: row[key] for key in ("name", "status", "before", "after")} for row in result["interfaces"]]
        for result in (predicted, real)
    ]
    assert rows[0] == rows[1]
    assert [predicted[key] for key in ("changed", "before", "after")] == [
        real[key] for key in ("changed", "before", "after")
    ]
    again = run(site, *entries, **changes)
    assert again["changed"] is False
    assert {row["status"] for row in again["interfaces"]} == {"unchanged"}
    return real


def test_a_static_interface(site: Site) -> None:
    real = check_real_again(
        site,
        entry(
            "web01", mac_address=MAC, dns_servers=["192.168.33.1"], port_settings={"dhcp_guard": True, "storm_limit": 5}
        ),
    )
    there = site.interfaces()["web01"]["properties"]
    assert there["privateMacAddress"] == "221DD8000001"
    assert there["privateMacAllocationMethod"] == "Static"
    assert there["isPrimary"] is True
    assert there["dnsSettings"]["dnsServers"] == ["192.168.33.1"]
    assert there["portSettings"]["dhcpGuardEnabled"] == "Enabled"
    row = real["interfaces"][0]
    assert row["status"] == "created"
    assert row["formats"]["linux"] == "22:1d:d8:00:00:01"
    assert row["instance_id"] == site.interfaces()["web01"]["instanceId"].lower()
    body = site.asked("PUT")[0]["body"]
    assert body["properties"]["privateMacAddress"] == "221DD8000001", "the form that the server prefers"


def test_what_is_not_named_stays(site: Site) -> None:
    before = site.interface("web01", "001DD8070A01")
    real = check_real_again(site, {"name": "WEB01", "mac_address": MAC, "port_settings": {"mac_spoofing": True}})
    after = site.interfaces()["web01"]
    assert after["instanceId"] == before["instanceId"]
    assert after["tags"] == before["tags"]
    for key in ("internalDnsNameLabel", "isPrimary"):
        assert after["properties"][key] == before["properties"][key]
    assert after["properties"]["portSettings"]["stormLimit"] == 7
    ip_before, ip_after = (item["properties"]["ipConfigurations"][0]["properties"] for item in (before, after))
    assert ip_after["loadBalancerBackendAddressPools"] == ip_before["loadBalancerBackendAddressPools"]
    assert real["interfaces"][0]["before"] == {
        "mac_address": "001DD8070A01",
        "allocation": "static",
        "port_settings": {"mac_spoofing": False},
    }
    sent = site.asked("PUT")[0]
    assert sent["if_match"] == before["etag"]
    assert "provisioningState" not in str(sent["body"])
    assert "configurationState" not in str(sent["body"])


@pytest.mark.parametrize("mac", ["001dd8070a01", "00:1D:D8:07:0A:01", "001d.d807.0a01"])
def test_equal_by_meaning(site: Site, mac: str) -> None:
    site.interface("web01", "001DD8070A01")
    ip = {
        "name": "IP1",
        "ip_address": "192.168.33.50",
        "allocation": "static",
        "subnet": "virtualnetworks/VNET-0001/subnets/subnet-0001",
    }
    settings = {"mac_spoofing": False, "storm_limit": 7}
    done = run(site, {"name": "web01", "mac_address": mac, "ip_configurations": [ip], "port_settings": settings})
    assert done["changed"] is False
    assert site.asked("PUT") == []


def test_the_servers_odd_spellings_are_read() -> None:
    """Numbers as text, words in any case, members in any case, dashes in an address, a list of one as an object."""
    there = {
        "resourceid": "web01",
        "Properties": {
            "ProvisioningState": "Succeeded",
            "PrivateMacAddress": "00-1d-d8-07-0a-01",
            "privatemacallocationmethod": "STATIC",
            "portsettings": {"macspoofingenabled": "enabled", "StormLimit": "7"},
            "ipConfigurations": {"ResourceId": "IP1", "properties": {"PrivateIPAddress": "2001:0db8:0::1"}},
        },
    }
    [wish] = read_wishes(
        [
            {
                "name": "web01",
                "mac_address": "001DD8070A01",
                "port_settings": {"mac_spoofing": True, "storm_limit": 7},
                "ip_configurations": [{"name": "ip1", "ip_address": "2001:db8::1"}],
            }
        ]
    )
    assert wish.ip_configurations[0].allocation == "static"
    assert differences(wish, there) == ["ip_configurations"], "only the allocation is missing"
    body = wanted_body(wish, there)
    assert body is not None
    assert body["Properties"]["PrivateMacAddress"] == "001DD8070A01", "written under the spelling that is there"
    assert "privateMacAddress" not in body["Properties"]
    assert "ProvisioningState" not in body["Properties"]


def test_several_ip_configurations(site: Site) -> None:
    site.interface("web01")
    second = {"name": "ip2", "ip_address": "192.168.33.51", "subnet": "/virtualNetworks/vnet-0001/subnets/subnet-0001"}
    check_real_again(site, {"name": "web01", "ip_configurations": [second]})
    names = [item["resourceId"] for item in site.interfaces()["web01"]["properties"]["ipConfigurations"]]
    assert names == ["ip1", "ip2"]
    check_real_again(site, {"name": "web01", "ip_configurations": [second], "purge_ip_configurations": True})
    names = [item["resourceId"] for item in site.interfaces()["web01"]["properties"]["ipConfigurations"]]
    assert names == ["ip2"]


def test_a_logical_network_with_unmanaged_addresses(site: Site) -> None:
    ip = {"name": "ip1", "allocation": "unmanaged", "subnet": "/logicalNetworks/vnet-pa-0001/subnets/pa-subnet-0001"}
    check_real_again(site, {"name": "web01", "mac_address": MAC, "ip_configurations": [ip]})
    there = site.interfaces()["web01"]["properties"]["ipConfigurations"][0]["properties"]
    assert there["privateIPAllocationMethod"] == "Unmanaged"


def test_dynamic_waits_for_the_address(site: Site) -> None:
    site.pool()
    site.controller.set(settle_polls=4)
    predicted = run(site, entry("web01", dynamic=True), preview=True)
    assert predicted["interfaces"][0]["mac_address"] is None
    done = run(site, entry("web01", dynamic=True))
    row = done["interfaces"][0]
    assert row["mac_address"] == site.interfaces()["web01"]["properties"]["privateMacAddress"]
    assert row["mac_address"].startswith("001DD80700")
    assert row["allocation"] == "dynamic"
    assert run(site, entry("web01", dynamic=True))["changed"] is False
    assert all(pause <= 5 for pause in site.time.slept), "no fixed sleep"


def test_dynamic_without_a_pool_says_so(site: Site) -> None:
    done = run(site, entry("web01", dynamic=True))
    assert done["failed"] is True
    assert "pool" in done["msg"].casefold()
    site.pool()
    assert run(site, entry("web01", dynamic=True))["interfaces"][0]["mac_address"].startswith("001DD80700")


def test_a_dynamic_interface_can_be_made_static_but_not_back(site: Site) -> None:
    site.pool()
    run(site, entry("web01", dynamic=True))
    address = site.interfaces()["web01"]["properties"]["privateMacAddress"]
    check_real_again(site, {"name": "web01", "mac_address": address})
    assert site.interfaces()["web01"]["properties"]["privateMacAllocationMethod"] == "Static"
    with pytest.raises(MacPoolError, match="a dynamic address"):
        run(site, entry("web01", dynamic=True))


def test_by_instance_id(site: Site) -> None:
    there = site.interface("web01")
    check_real_again(site, {"instance_id": f"{{{there['instanceId'].upper()}}}", "mac_address": MAC})
    assert site.interfaces()["web01"]["properties"]["privateMacAddress"] == "221DD8000001"
    with pytest.raises(MacPoolError, match="with this instance id"):
        run(site, {"instance_id": "6f1d6c1e-8a38-4e0d-9a53-3d8f1b9d2a10", "mac_address": MAC})


def test_an_address_that_another_interface_has(site: Site) -> None:
    site.interface("old", "221DD8000001")
    for preview in (True, False):
        with pytest.raises(MacPoolError, match='interface "old" has it'):
            run(site, entry("web01", mac_address=MAC), preview=preview)
    with pytest.raises(MacPoolError, match='it is also wanted for interface "a"'):
        run(site, entry("a", mac_address="22-1D-D8-00-00-05"), entry("b", mac_address="221dd8000005"))
    assert site.asked("PUT") == []


def test_one_error_in_a_request_changes_nothing(site: Site) -> None:
    with pytest.raises(MacPoolError, match="a source of its MAC address"):
        run(site, entry("good", mac_address=MAC), entry("bad"))
    assert site.interfaces() == {}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "a", "instance_id": "b"}, "exactly one of name and instance_id"),
        ({}, "exactly one of name and instance_id"),
        ({"name": "a/b"}, "name of a resource"),
        ({"name": "a", "mac_address": "01-00-00-00-00-01"}, "unicast"),
        ({"name": "a", "mac_address": 12}, "Quote it"),
        ({"name": "a", "mac_address": MAC, "dynamic": True}, "one of mac_address and dynamic"),
        ({"name": "a", "dns_servers": ["nowhere"]}, "an IP address"),
        ({"name": "a", "ip_configurations": [{"name": "i", "ip_address": "300.1.1.1"}]}, "an IP address"),
        ({"name": "a", "ip_configurations": [{"name": "i", "subnet": "web"}]}, "/virtualNetworks/NAME"),
        ({"name": "a", "ip_configurations": [{"name": "i", "access_control_list": "x"}]}, "/accessControlLists/NAME"),
        ({"name": "a", "ip_configurations": [{"name": "i", "allocation": "static"}]}, "ip_address with allocation"),
        ({"name": "a", "ip_configurations": [{"name": "i"}, {"name": "I"}]}, "each IP configuration once"),
        ({"name": "a", "purge_ip_configurations": True}, "purge_ip_configurations"),
    ],
)
def test_entries_that_cannot_be(wrong: Json, message: str) -> None:
    with pytest.raises(MacPoolError, match=message):
        read_wishes([wrong])


def test_removal(site: Site) -> None:
    site.interface("web01")
    site.interface("web02", "001DD8070A02")
    check_real_again(site, {"name": "WEB01"}, {"name": "gone"}, state="absent")
    assert list(site.interfaces()) == ["web02"]


def test_a_thousand_wishes_cost_one_listing(site: Site) -> None:
    names = [f"vm{number}" for number in range(30)]
    for number, name in enumerate(names):
        site.interface(name, f"001DD8070B{number:02X}")
    site.controller.clear_requests()
    done = run(site, *({"name": name, "mac_address": f"001DD8070B{n:02X}"} for n, name in enumerate(names)))
    assert done["changed"] is False
    assert len(site.controller.requests()) == 1


def test_parallel_writes_are_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from ansible_collections.macpool.hyperv.plugins.module_utils import _network_controller

    lock, state = threading.Lock(), {"now": 0, "most": 0}
    from ansible.module_utils.urls import open_url as send

    def counted(*arguments: Any, **options: Any) -> Any:
        with lock:
            state["now"] += 1
            state["most"] = max(state["most"], state["now"])
        try:
            return send(*arguments, **options)
        finally:
            with lock:
                state["now"] -= 1

    client = _network_controller.Client(site.client().connection, send=counted, sleep=site.time.sleep)
    entries = [entry(f"vm{n}", mac_address=f"221DD80001{n:02X}") for n in range(12)]
    done = work(client, {"interfaces": entries, "state": "present", "parallel": 3, "managed_by": "auto"}, False)
    assert [row["status"] for row in done["interfaces"]] == ["created"] * 12
    assert 1 < state["most"] <= 3
    assert [row["name"] for row in done["interfaces"]] == [item["name"] for item in entries], (
        "in the order of the request"
    )


def test_what_a_task_shows_of_an_interface_is_enough_to_tell_what_differs() -> None:
    """The role asks the Network Controller once, and decides from that answer whether anything is to be written."""
    text = (ROOT / "tests" / "lab" / "network_controller" / "data" / "networkInterfaces.json").read_text("utf-8")
    ip = {"name": "x", "ip_address": "192.0.2.5", "subnet": "/virtualNetworks/a/subnets/b"}
    for resource in json.loads(text)["value"]:
        names = [item["resourceId"] for item in resource["properties"]["ipConfigurations"]]
        (wish,) = read_wishes(
            [
                {
                    "name": resource["resourceId"],
                    "mac_address": MAC,
                    "primary": True,
                    "dns_servers": ["192.0.2.53"],
                    "port_settings": {"mac_spoofing": True, "storm_limit": 5},
                    "ip_configurations": [
                        {**ip, "name": name, "access_control_list": "/accessControlLists/a"} for name in names
                    ],
                }
            ]
        )
        again = resource_of_result(interface_as_result(resource))
        assert managed(wish, again) == managed(wish, resource)
        assert differences(wish, again) == differences(wish, resource) != []
