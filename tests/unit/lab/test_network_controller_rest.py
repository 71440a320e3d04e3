# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Network Controller's REST by the facts (55-62, 67-77), asked by a client of another shape."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.lab.bystander import SUBNET, Bystander, ip
from tests.lab.lab import Lab

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
START, END = "00-1D-D8-B7-1C-00", "00-1D-D8-B7-1C-FF"


def refused(answer: Any, status: int = 400) -> dict[str, Any]:
    """The documented error body (fact 77)."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert {"code", "message", "target", "innerError", "details"} == set(error)
    assert error["message"]
    return error


@pytest.mark.parametrize(
    "path", ["networking/v1/macPools/P1", "Networking/v1/MacPools/p1", "NETWORKING/V1/MACPOOLS/P1"]
)
def test_paths_have_no_case_and_ids_keep_theirs(nc: Bystander, path: str) -> None:
    nc.pool(START, END, "P1")
    found = nc.ask("GET", f"{nc.url}/{path}").json()
    assert (found["resourceId"], found["resourceRef"]) == ("P1", "/macPools/P1")


@pytest.mark.parametrize("given", ["00-1d-d8-b7-1c-00", "001DD8B71C00", "001dd8b71c00"])
def test_a_pool_is_shown_dashed_with_its_odd_counters(nc: Bystander, given: str) -> None:
    found = nc.pool(given, "00-1D-D8-B7-1F-FF")
    assert re.fullmatch(f'W/"{GUID}"', found["etag"])
    assert re.fullmatch(GUID, found["instanceId"])
    assert found["properties"] == {
        "startMacAddress": START,
        "endMacAddress": "00-1D-D8-B7-1F-FF",
        "usage": {"numberofMacAddressesAllocated": 0, "numberOfMacAddresses": 1024},
        "provisioningState": "Succeeded",
    }


@pytest.mark.parametrize("given", ["00-15-5d-52-e7-11", "00155D52E711", "00155d52e711"])
def test_an_interface_is_shown_without_separators(nc: Bystander, given: str) -> None:
    assert nc.interface(mac=given)["properties"]["privateMacAddress"] == "00155D52E711"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("00:1D:D8:B7:1C:00", END),
        (START, "00-1D-D8-B7-1C"),
        (START, None),
        (None, END),
        (END, START),
        ("01-1D-D8-B7-1C-00", "01-1D-D8-B7-1C-FF"),
        ("00-1D-D8-B7-20-80", "00-1D-D8-B7-21-00"),
        ("00-1D-D8-B7-00-00", "00-1D-D8-B8-00-00"),
    ],
)
def test_impossible_pools_are_refused(nc: Bystander, start: str | None, end: str | None) -> None:
    nc.pool("00-1D-D8-B7-20-00", "00-1D-D8-B7-20-FF", "other")
    wanted = {name: value for name, value in (("startMacAddress", start), ("endMacAddress", end)) if value}
    assert refused(nc.put("macPools", "p1", wanted))["code"] == "InvalidParameterValue"
    assert nc.ask("GET", "MacPools/p1").status_code == 404


def test_a_pool_is_never_resized_but_may_be_put_again(nc: Bystander) -> None:  # fact 59
    nc.pool(START, END)
    for start, end in ((START, "00-1D-D8-B7-1D-FF"), (START, "00-1D-D8-B7-1C-7F"), ("00-1D-D8-B7-1B-00", END)):
        error = refused(nc.put("macPools", "p1", {"startMacAddress": start, "endMacAddress": end}))
        assert error["target"] == ("endMacAddress" if start == START else "startMacAddress")
    assert nc.put("macPools", "p1", {"startMacAddress": "001dd8b71c00", "endMacAddress": END}).status_code == 200


def test_provisioning_takes_its_time_and_moves_the_etag(nc: Bystander, serving: Lab) -> None:  # fact 76
    serving.controller.do("nc_set", settle_polls=2)
    created = nc.put("networkInterfaces", "n1", {"privateMacAddress": "00155D52E711", "ipConfigurations": [ip()]})
    assert created.status_code == 201
    assert created.json()["properties"]["provisioningState"] == "Updating"
    looks = [nc.get("networkInterfaces", "n1") for _look in range(4)]
    assert [look["properties"]["provisioningState"] for look in looks] == ["Updating"] * 2 + ["Succeeded"] * 2
    assert created.headers["ETag"] == looks[0]["etag"] == looks[1]["etag"] != looks[2]["etag"] == looks[3]["etag"]
    assert nc.put("networkInterfaces", "n1", looks[3]["properties"]).status_code == 200


def test_a_stale_etag_is_refused_and_none_is_accepted(nc: Bystander) -> None:  # fact 74
    old = nc.interface(mac="00155D52E711")
    properties = old["properties"]
    assert nc.put("networkInterfaces", "n1", properties, If_Match=old["etag"]).status_code == 200
    before = nc.settled("networkInterfaces", "n1")
    stale = nc.put("networkInterfaces", "n1", {**properties, "isPrimary": True}, If_Match=old["etag"])
    refused(stale, 412)
    refused(nc.ask("DELETE", "NetworkInterfaces/n1", If_Match=old["etag"]), 412)
    assert nc.get("networkInterfaces", "n1") == before
    assert nc.put("networkInterfaces", "n1", properties).status_code == 200
    refused(nc.put("networkInterfaces", "n2", properties, If_Match=old["etag"]), 412)


def test_a_put_replaces_everything_but_what_the_server_owns(nc: Bystander) -> None:  # fact 80
    body = {
        "resourceMetadata": {"client": "somebody"},
        "tags": {"Usage": "kept as written"},
        "properties": {
            "privateMacAddress": "00-15-5D-52-E7-11",
            "internalDnsNameLabel": "web01",
            "portSettings": {"macSpoofingEnabled": "Enabled"},
            "ipConfigurations": [ip(), ip("192.168.33.51", "ip2")],
        },
    }
    nc.ask("PUT", "NetworkInterfaces/n1", body).raise_for_status()
    first = nc.settled("networkInterfaces", "n1")
    assert first["tags"] == {"Usage": "kept as written"}
    lies = {
        "etag": "mine",
        "instanceId": "mine",
        "properties": {
            "privateMacAddress": "00155D52E711",
            "provisioningState": "Failed",
            "configurationState": {"status": "mine"},
            "server": {"resourceRef": "/servers/mine"},
            "ipConfigurations": [ip()],
        },
    }
    nc.ask("PUT", "NetworkInterfaces/n1", lies).raise_for_status()
    second = nc.settled("networkInterfaces", "n1")
    properties = second["properties"]
    assert second["instanceId"] == first["instanceId"]
    assert "mine" not in str(second)
    assert properties["provisioningState"] == "Succeeded"
    assert not {"resourceMetadata", "tags"} & set(second)
    assert "internalDnsNameLabel" not in properties
    assert properties["portSettings"]["macSpoofingEnabled"] == "Disabled"
    assert [one["resourceId"] for one in properties["ipConfigurations"]] == ["ip1"]
    ids = [look["properties"]["ipConfigurations"][0]["instanceId"] for look in (first, second)]
    assert ids[0] == ids[1]


def test_members_in_another_case_are_understood(nc: Bystander) -> None:
    address = {"PrivateIPAddress": "192.168.33.60", "PrivateIPAllocationMethod": "Static", "Subnet": SUBNET}
    body = {
        "ResourceId": "n1",
        "Properties": {
            "PrivateMacAddress": "00-15-5D-52-E7-11",
            "PrivateMacAllocationMethod": "Static",
            "IpConfigurations": [{"ResourceId": "ip1", "Properties": address}],
        },
    }
    assert nc.ask("PUT", "NetworkInterfaces/n1", body).status_code == 201
    properties = nc.settled("networkInterfaces", "n1")["properties"]
    assert properties["ipConfigurations"][0]["properties"]["privateIPAddress"] == "192.168.33.60"
    assert properties["privateMacAllocationMethod"] == "Static"


@pytest.mark.parametrize(
    ("wrong", "target"),
    [
        ({"privateMacAddress": "00:15:5D:52:E7:12"}, "privateMacAddress"),
        ({"privateMacAddress": "01-15-5D-52-E7-12"}, "privateMacAddress"),
        ({"privateMacAddress": "000000000000"}, "privateMacAddress"),
        ({"privateMacAddress": None}, "privateMacAddress"),
        ({"privateMacAllocationMethod": "Random"}, "privateMacAllocationMethod"),
        ({"privateMacAllocationMethod": "Dynamic", "privateMacAddress": "00155D52E712"}, "privateMacAddress"),
        ({"isPrimary": "true"}, "isPrimary"),
        ({"isHostVirtualNetworkInterface": True}, "isHostVirtualNetworkInterface"),
        ({"ipConfigurations": [ip(subnet={"resourceRef": "/virtualNetworks/vnet-0001/subnets/x"})]}, "subnet"),
        ({"ipConfigurations": [ip(subnet={"resourceRef": "/virtualNetworks/vnet-0001"})]}, "subnet"),
        ({"ipConfigurations": [ip("10.9.9.9")]}, "privateIPAddress"),
        ({"ipConfigurations": [ip(privateIPAllocationMethod="Unmanaged")]}, "privateIPAllocationMethod"),
        ({"ipConfigurations": [ip(), ip()]}, "ipConfigurations"),
        ({"accessControlList": {"resourceRef": "/accessControlLists/x"}}, "accessControlList"),
        ({"portSettings": {"macSpoofingEnabled": True}}, "macSpoofingEnabled"),
        ({"portSettings": {"vmqWeight": "100"}}, "vmqWeight"),
        ({"dnsSettings": {"dnsServers": "10.0.0.1"}}, "dnsServers"),
    ],
)
def test_impossible_interfaces_are_refused_and_nothing_is_touched(
    nc: Bystander, wrong: dict[str, Any], target: str
) -> None:
    before = nc.interface(mac="00155D52E711")
    good = {"privateMacAddress": "00155D52E711", "privateMacAllocationMethod": "Static", "ipConfigurations": [ip()]}
    assert refused(nc.put("networkInterfaces", "n1", {**good, **wrong}))["target"] == target
    assert nc.get("networkInterfaces", "n1") == before


def test_subnets_of_logical_networks_and_an_acl_can_be_named(nc: Bystander) -> None:
    nc.ask("PUT", "AccessControlLists/acl1", {"properties": {}}).raise_for_status()
    subnet = {"resourceRef": "/LogicalNetworks/vnet-pa-0001/subnets/PA-subnet-0001"}
    unmanaged = {"privateIPAllocationMethod": "Unmanaged", "subnet": subnet}
    found = nc.interface(
        mac="00155D52E711",
        accessControlList={"resourceRef": "/accessControlLists/acl1"},
        ipConfigurations=[{"resourceId": "ip1", "properties": unmanaged}],
    )
    assert found["properties"]["provisioningState"] == "Succeeded"


def test_static_duplicates_are_accepted(nc: Bystander) -> None:  # fact 83
    pair = [nc.interface(name, "00155D52E711")["properties"]["privateMacAddress"] for name in ("n1", "n2")]
    assert pair == ["00155D52E711"] * 2


def test_delete_is_an_operation(nc: Bystander, serving: Lab) -> None:  # fact 75
    serving.controller.do("nc_set", retry_after=7)
    first = nc.interface(mac="00155D52E711")["instanceId"]
    answer = nc.ask("DELETE", "NetworkInterfaces/N1")
    assert (answer.status_code, answer.content, answer.headers["Retry-After"]) == (202, b"", "7")
    identifier = answer.headers["x-ms-request-id"]
    assert answer.headers["Location"] == f"{nc.url}/networking/v1/operationResults/{identifier}"
    assert nc.get("networkInterfaces", "n1")["properties"]["provisioningState"] == "Deleting"
    assert nc.ask("GET", answer.headers["Location"]).status_code == 204
    assert nc.ask("GET", answer.headers["Azure-AsyncOperation"]).json() == {"status": "Succeeded"}
    refused(nc.ask("GET", "NetworkInterfaces/n1"), 404)
    assert nc.ask("DELETE", "NetworkInterfaces/n1").status_code == 204
    assert nc.interface(mac="00155D52E711")["instanceId"] != first
    refused(nc.ask("GET", f"{nc.url}/networking/v1/operationResults/unknown"), 404)


def test_an_operation_is_accepted_until_it_is_done(nc: Bystander, serving: Lab) -> None:
    serving.controller.do("nc_set", settle_polls=2)
    nc.interface(mac="00155D52E711")
    answer = nc.ask("DELETE", "NetworkInterfaces/n1")
    refused(nc.put("networkInterfaces", "n1", {"privateMacAddress": "00155D52E711"}), 409)
    polls = [nc.ask("GET", answer.headers["Location"]) for _poll in range(3)]
    assert [poll.status_code for poll in polls] == [202, 202, 204]
    assert polls[0].headers["Location"] == answer.headers["Location"]


def test_lists_come_in_pages_that_skip_nothing(nc: Bystander, serving: Lab) -> None:
    serving.controller.do("nc_set", page_size=2)
    names = [f"n{number}" for number in range(5)]
    for name in names:
        nc.interface(name, "00155D52E711")
    first = nc.ask("GET", "NetworkInterfaces").json()
    nc.remove("networkInterfaces", "n1")  # the last of the first page goes meanwhile
    pages = [first]
    while pages[-1]["nextLink"]:
        assert pages[-1]["nextLink"].startswith(nc.url)
        pages.append(nc.ask("GET", pages[-1]["nextLink"]).json())
    assert [[one["resourceId"] for one in page["value"]] for page in pages] == [["n0", "n1"], ["n2", "n3"], ["n4"]]
    assert nc.ask("GET", "MacPools").json() == {"value": [], "nextLink": ""}


def test_parts_instances_and_the_version_can_be_read(nc: Bystander) -> None:
    subnets = nc.ask("GET", "VirtualNetworks/vnet-0001/Subnets").json()["value"]
    assert subnets == [nc.ask("GET", "virtualNetworks/vnet-0001/subnets/SUBNET-0001").json()]
    refused(nc.ask("GET", "virtualNetworks/vnet-0001/subnets/none"), 404)
    assert nc.ask("GET", f"{nc.url}/networking/discovery").json()["properties"]["currentRestVersion"] == "v5"
    identifier = nc.interface(mac="00155D52E711")["instanceId"]
    found = nc.ask("GET", f"InternalResourceInstances/{identifier.upper()}").json()
    assert found["properties"]["resourceRef"] == "/networkInterfaces/n1"
    everything = nc.ask("GET", "internalResourceInstances").json()["value"]
    assert found in everything
    refused(nc.ask("GET", f"networkInterfaces/{identifier}"), 404)  # fact 57


@pytest.mark.parametrize("given", [None, "application/json", "application/json; charset=latin1", "text/plain"])
def test_a_put_needs_its_content_type(nc: Bystander, given: str | None) -> None:  # fact 73
    refused(nc.put("macPools", "p1", {"startMacAddress": START, "endMacAddress": END}, Content_Type=given), 415)


def test_bodies_that_say_nothing_are_refused(nc: Bystander) -> None:
    bodies: list[Any] = [[], {}, {"properties": []}, {"resourceId": "other", "properties": {}}]
    for body in bodies:
        refused(nc.ask("PUT", "MacPools/p1", body))
    refused(nc.ask("POST", "MacPools/p1", {}), 405)
    refused(nc.ask("GET", "Unheard/of"), 404)


def test_request_ids(nc: Bystander) -> None:  # fact 73
    headers = {"x_ms_client_request_id": "mine", "x_ms_return_client_request_id": "true"}
    asked = nc.ask("GET", "MacPools", **headers)
    assert asked.headers["x-ms-client-request-id"] == "mine"
    silent = nc.ask("GET", "MacPools", x_ms_client_request_id="mine")
    assert "x-ms-client-request-id" not in silent.headers
    assert asked.headers["x-ms-request-id"] != silent.headers["x-ms-request-id"]
