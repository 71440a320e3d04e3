# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that the Network Controller gives: only when provisioning ends, never twice (facts 59, 71)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.bystander import Bystander, ip
from tests.lab.faults import Faults
from tests.lab.lab import Lab
from tests.lab.model import World, WorldError
from tests.lab.network_controller import NetworkController

START, END = "00-1D-D8-B7-1C-00", "00-1D-D8-B7-1C-02"
DYNAMIC = {"privateMacAllocationMethod": "Dynamic", "ipConfigurations": [ip()]}


def usage(nc: Bystander, name: str = "p1") -> int:
    return int(nc.get("macPools", name)["properties"]["usage"]["numberofMacAddressesAllocated"])


def test_the_address_comes_when_provisioning_ends(nc: Bystander) -> None:
    nc.pool(START, END)
    created = nc.put("networkInterfaces", "n1", DYNAMIC).json()
    assert not created["properties"].get("privateMacAddress")
    assert not nc.get("networkInterfaces", "n1")["properties"].get("privateMacAddress")
    assert nc.get("networkInterfaces", "n1")["properties"]["privateMacAddress"] == "001DD8B71C00"
    assert usage(nc) == 1


def test_a_put_again_keeps_it(nc: Bystander) -> None:
    nc.pool(START, END)
    given_address = nc.interface()["properties"]["privateMacAddress"]
    for body in (DYNAMIC, {**DYNAMIC, "privateMacAddress": "00-1d-d8-b7-1c-00"}):
        nc.put("networkInterfaces", "n1", body).raise_for_status()
        assert nc.settled("networkInterfaces", "n1")["properties"]["privateMacAddress"] == given_address
    static = nc.interface(mac=given_address)["properties"]
    assert (static["privateMacAddress"], static["privateMacAllocationMethod"]) == (given_address, "Static")
    assert usage(nc) == 1


def test_deleting_gives_nothing_back(nc: Bystander) -> None:
    nc.pool(START, END)
    seen = []
    for _round in range(3):
        seen.append(nc.interface()["properties"]["privateMacAddress"])
        assert nc.remove("networkInterfaces", "n1") == 204
    assert seen == ["001DD8B71C00", "001DD8B71C01", "001DD8B71C02"]
    assert usage(nc) == 3
    last = nc.interface()
    assert last["properties"]["provisioningState"] == "Failed"
    assert "privateMacAddress" not in last["properties"]
    assert last["properties"]["configurationState"]["detailedInfo"][0]["code"] == "MacPoolExhausted"
    nc.pool("00-1D-D8-B7-1D-00", "00-1D-D8-B7-1D-00", "p2")
    assert nc.interface()["properties"]["privateMacAddress"] == "001DD8B71D00"


def test_without_a_pool_it_fails_and_static_does_not(nc: Bystander) -> None:
    assert nc.interface("dynamic")["properties"]["provisioningState"] == "Failed"
    assert nc.interface("static", "00155D52E711")["properties"]["provisioningState"] == "Succeeded"


def test_a_pool_in_use_stays(nc: Bystander) -> None:
    nc.pool(START, END)
    nc.interface()
    answer = nc.ask("DELETE", "MacPools/p1")
    assert answer.status_code == 409
    assert "n1" in answer.json()["error"]["message"]
    nc.remove("networkInterfaces", "n1")
    assert nc.remove("macPools", "p1") == 204
    nc.pool(START, END)
    assert nc.interface()["properties"]["privateMacAddress"] == "001DD8B71C01"


def test_dynamic_ip_addresses_come_from_the_subnet(nc: Bystander) -> None:
    wanted = ip(privateIPAllocationMethod="Dynamic")
    del wanted["properties"]["privateIPAddress"]
    found = [
        nc.interface(name, "00155D52E711", ipConfigurations=[wanted])["properties"]["ipConfigurations"][0]
        for name in ("n1", "n2", "n1")
    ]
    addresses = [one["properties"]["privateIPAddress"] for one in found]
    assert addresses[0] == addresses[2] != addresses[1]
    assert all(address.startswith("192.168.33.") for address in addresses)


def test_the_data_of_a_real_one(bench: object) -> None:
    with Lab.seeded(2, 0) as lab:
        nc = Bystander(lab.controller)
        name = "macpool-0001-aaaa-bbbb-cccccccccccc"
        assert usage(nc, name) == 128
        assert nc.interface()["properties"]["privateMacAddress"] == "001DD8070080"
        assert usage(nc, name) == 129
        assert nc.get("networkInterfaces", "tenantvm1")["properties"]["privateMacAddress"] == "001DD8070001"
        assert len(nc.ask("GET", "NetworkInterfaces").json()["value"]) == 5
        nc.session.close()


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    steps=st.lists(st.tuples(st.sampled_from(["put", "delete", "static", "settle", "pool"]), st.integers(0, 3))),
)
def test_no_address_is_ever_given_twice(sizes: list[int], steps: list[tuple[str, int]]) -> None:
    controller = NetworkController(World(), Faults())
    start = 0x001DD8B71C00
    for number, size in enumerate(sizes):
        first = f"{start + 16 * number:012X}"
        controller.put(
            "macPools", f"p{number}", {"startMacAddress": first, "endMacAddress": f"{int(first, 16) + size - 1:012X}"}
        )
    owner: dict[str, str] = {}  # address to the instance it was given to
    before = 0
    for step, number in steps:
        name = f"n{number}"
        try:
            if step in ("put", "settle"):
                controller.put(
                    "networkInterfaces", name, {"privateMacAllocationMethod": "Dynamic"}, settle=step == "put"
                )
            elif step == "delete":
                controller.delete("networkInterfaces", name)
            elif step == "pool":
                controller.delete("macPools", f"p{number}")
            else:
                for shown in controller.state()["networkInterfaces"]:
                    mac = shown["properties"].get("privateMacAddress")
                    if shown["resourceId"] == name and mac:
                        controller.put("networkInterfaces", name, {"privateMacAddress": mac})
        except WorldError:
            assert step == "pool"  # in use
        controller.settle()
        state = controller.state()
        for shown in state["networkInterfaces"]:
            mac = shown["properties"].get("privateMacAddress")
            if mac:
                assert owner.setdefault(mac, shown["instanceId"]) == shown["instanceId"]
        if step != "pool":
            counted = sum(pool["properties"]["usage"]["numberofMacAddressesAllocated"] for pool in state["macPools"])
            assert counted >= before
        before = sum(pool["properties"]["usage"]["numberofMacAddressesAllocated"] for pool in state["macPools"])


def test_verbs_of_another_client_say_what_is_wrong(serving: Lab) -> None:
    with pytest.raises(WorldError, match=r"InvalidParameterValue.*multicast"):
        serving.controller.put("networkInterfaces", "n1", {"privateMacAddress": "010000000000"})
