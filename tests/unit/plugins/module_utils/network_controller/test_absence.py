# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Absence is believed only if the Network Controller itself reports it, and a creation never replaces anything."""

from __future__ import annotations

import email.message
import io
import json
import urllib.error
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils import _nc_reconcile as reconcile
from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import (
    Client,
    Connection,
    Interrupted,
    NetworkControllerError,
)
from tests.unit.plugins.module_utils.network_controller.site import SUBNET, entry

if TYPE_CHECKING:
    from tests.unit.plugins.module_utils.network_controller.site import Json, Site

HTML = b"<html><body>Not here</body></html>"
OWN_404 = json.dumps({"error": {"code": "ResourceNotFound", "message": "no such resource"}}).encode()
ADDRESS = "22-1D-D8-00-00-01"


class Reply(io.BytesIO):
    """What a server answers."""

    headers: dict[str, str] = {}

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(body)
        self.status = status


def client_of(answer: Callable[[str, str], tuple[int, bytes]], retries: int = 7) -> tuple[Client, list[str]]:
    """A client whose server answers as told, and the list of requests that it got."""
    asked: list[str] = []
    slept = [0.0]

    def send(address: str, method: str = "GET", **_rest: Any) -> Reply:
        path = address.removeprefix("https://nc/networking/v1/")
        asked.append(f"{method} {path}")
        status, body = answer(method, path)
        if status >= 400:
            raise urllib.error.HTTPError(address, status, "refused", email.message.Message(), io.BytesIO(body))
        return Reply(status, body)

    def sleep(seconds: float) -> None:
        slept[0] += seconds

    connection = Connection("https://nc", retries=retries)
    return Client(connection, send=send, sleep=sleep, now=lambda: slept[0]), asked


def listing(*resources: Json) -> bytes:
    return json.dumps({"value": list(resources), "nextLink": ""}).encode()


@pytest.mark.parametrize(
    "body",
    [
        {"nextLink": ""},
        {"nextLink": None},
        {"value": None, "nextLink": ""},
        {"value": [], "nextLink": ""},
        {"NextLink": ""},
    ],
)
def test_an_empty_collection_comes_in_several_shapes(body: Json) -> None:
    client, _asked = client_of(lambda _method, _path: (200, json.dumps(body).encode()))
    assert client.all_of("networkInterfaces") == []


@pytest.mark.parametrize("body", [{}, {"error": "x"}, {"value": {}}, {"properties": {}}, {"value": [1]}, [], None])
def test_what_is_no_list_is_not_taken_for_an_empty_one(body: Any) -> None:
    client, _asked = client_of(lambda _method, _path: (200, json.dumps(body).encode()))
    with pytest.raises(NetworkControllerError, match="answer of a Network Controller"):
        client.all_of("networkInterfaces")


def test_a_page_without_value_leads_to_the_next(site: Site) -> None:
    pages = {
        "networkInterfaces": {"nextLink": "networkInterfaces?page=2"},
        "networkInterfaces?page=2": {"value": [{"resourceId": "a"}], "nextLink": ""},
    }
    client, _asked = client_of(lambda _method, path: (200, json.dumps(pages[path]).encode()))
    assert client.all_of("networkInterfaces") == [{"resourceId": "a"}]


@pytest.mark.parametrize("body", [HTML, OWN_404, b""])
def test_a_collection_is_never_absent(body: bytes) -> None:
    client, asked = client_of(lambda _method, _path: (404, body))
    with pytest.raises(NetworkControllerError, match="404"):
        client.all_of("networkInterfaces")
    assert asked == ["GET networkInterfaces"]


@pytest.mark.parametrize("body", [HTML, b"", b"{}", b"null", b'{"message": "no route"}', b'{"error": {}}'])
def test_a_404_of_somebody_else_proves_nothing(body: bytes) -> None:
    client, _asked = client_of(lambda _method, _path: (404, body))
    with pytest.raises(NetworkControllerError, match="without the error that a Network Controller sends"):
        client.get("networkInterfaces/web01")


def test_its_own_404_proves_absence() -> None:
    client, _asked = client_of(lambda _method, _path: (404, OWN_404))
    assert client.get("networkInterfaces/web01") is None


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_read_waits_for_a_primary_that_moves(status: int) -> None:
    answers = [(status, HTML)] * 7 + [(200, listing())]
    client, asked = client_of(lambda _method, _path: answers.pop(0))
    assert client.all_of("networkInterfaces") == []
    assert len(asked) == 8


def test_the_last_error_says_how_long_it_was_tried() -> None:
    client, _asked = client_of(lambda _method, _path: (502, HTML))
    with pytest.raises(Interrupted, match=r"502.*\(8 attempts in 60 s\)"):
        client.all_of("networkInterfaces")


def wish(name: str = "web01") -> Any:
    return reconcile.read({"interfaces": [entry(name, mac_address=ADDRESS)]})


def test_a_creation_first_makes_sure_that_nothing_is_replaced() -> None:
    other = {"resourceId": "web01", "etag": "1", "properties": {"privateMacAddress": "001DD8000099"}}

    def answer(method: str, path: str) -> tuple[int, bytes]:
        return (200, listing()) if path == "networkInterfaces" else (200, json.dumps(other).encode())

    client, asked = client_of(answer)
    (item,) = reconcile.ensure(client, wish(), "administrator", 1, preview=False)
    assert item.status == "failed"
    assert "another client has created it" in str(item.error)
    assert not item.touched
    assert not [line for line in asked if line.startswith("PUT")]


def test_a_lost_race_is_named() -> None:
    def answer(method: str, path: str) -> tuple[int, bytes]:
        if path == "networkInterfaces":
            return 200, listing()
        return (200, b"{}") if method == "PUT" else (404, OWN_404)

    client, _asked = client_of(answer)
    (item,) = reconcile.ensure(client, wish(), "administrator", 1, preview=False)
    assert item.status == "failed"
    assert item.touched
    assert "has replaced what that client wrote" in str(item.error)


def test_one_404_for_the_list_changes_nothing(site: Site) -> None:
    before = site.interface("web01")
    site.lab.faults.add("nc_status", status=404, method="GET", collection="networkInterfaces", times=1)
    with pytest.raises(NetworkControllerError, match="404"):
        reconcile.ensure(site.client(), wish(), "administrator", 1, preview=False)
    assert site.interfaces()["web01"] == before
    assert site.asked("PUT") == []


def test_a_change_keeps_every_member_that_it_does_not_manage(site: Site) -> None:
    extra: Json = {
        "futureMember": {"deep": [1, {"x": None}]},
        "gatewayPools": [],
        "qosSettings": {"outboundReservedValue": 5},
    }
    before = site.interface("web01", **extra)
    (item,) = reconcile.ensure(site.client(), wish(), "administrator", 1, preview=False)
    after = site.interfaces()["web01"]
    assert item.status == "changed"
    assert after["properties"]["privateMacAddress"] == "221DD8000001"
    assert after["tags"] == before["tags"]
    for name in (*extra, "internalDnsNameLabel", "portSettings"):
        assert after["properties"][name] == before["properties"][name]
    (kept,) = [
        ip for ip in after["properties"]["ipConfigurations"] if ip["properties"].get("loadBalancerBackendAddressPools")
    ]
    assert kept["properties"]["subnet"] == {"resourceRef": SUBNET}


# --- interfaces that are not a tenant's -------------------------------------------------------------------------------

SIGNS: list[tuple[Json, str]] = [
    ({"gateway": {"resourceRef": "/gateways/gw01"}}, "a gateway /gateways/gw01"),
    ({"loadBalancerMuxExternal": {"resourceRef": "/loadBalancerMuxes/mux01"}}, "multiplexer /loadBalancerMuxes/mux01"),
    ({"LoadBalancerMuxInternal": {"resourceRef": "/loadBalancerMuxes/mux01"}}, "multiplexer"),
    ({"isHostVirtualNetworkInterface": True}, "a host"),
]


@pytest.mark.parametrize(("properties", "sign"), SIGNS)
@pytest.mark.parametrize("preview", [True, False])
def test_infrastructure_is_not_a_tenant(site: Site, properties: Json, sign: str, preview: bool) -> None:
    site.interface("web01", **properties)
    for work in (reconcile.ensure, reconcile.absent):
        with pytest.raises(MacPoolError, match="is protected") as error:
            work(site.client(), wish(), "administrator", 1, preview=preview)
        assert sign in str(error.value)
        assert "change_protected: true" in error.value.remedy
    assert site.asked("PUT") == site.asked("DELETE") == []


@pytest.mark.parametrize(
    "metadata", [{"client": "Network Resource Provider"}, {"originalHref": "/subscriptions/x"}, {"TenantId": "t"}]
)
def test_an_interface_of_another_manager_is_left_alone(site: Site, metadata: Json) -> None:
    site.interface("web01")
    client = site.client()
    found = client.get("networkInterfaces/web01")
    assert found is not None
    client.put("networkInterfaces/web01", {**found, "resourceMetadata": metadata}, found["etag"])
    with pytest.raises(MacPoolError, match="names another manager"):
        reconcile.ensure(client, wish(), "administrator", 1, preview=False)


def test_the_remedy_that_the_refusal_names_works(site: Site) -> None:
    site.interface("web01", **SIGNS[0][0])
    named = [entry("web01", mac_address=ADDRESS, change_protected=True)]
    (item,) = reconcile.ensure(site.client(), reconcile.read({"interfaces": named}), "administrator", 1, preview=False)
    assert item.status == "changed"
    assert item.as_result()["protected"] == "it belongs to a gateway /gateways/gw01"
    (gone,) = reconcile.absent(site.client(), reconcile.read({"interfaces": named}), "administrator", 1, preview=False)
    assert gone.status == "removed"
    assert "web01" not in site.interfaces()


def test_a_protected_interface_that_is_as_wanted_is_no_error(site: Site) -> None:
    site.interface("web01", mac="221DD8000001", **SIGNS[0][0])
    bare = reconcile.read({"interfaces": [{"name": "web01", "mac_address": ADDRESS}]})
    assert [item.status for item in reconcile.ensure(site.client(), bare, "administrator", 1, preview=False)] == [
        "unchanged"
    ]


# --- newer versions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offered", ["v6", "v7", "v5", "", None])
@pytest.mark.parametrize("exists", [True, False])
def test_a_newer_version_is_used_where_a_request_needs_it(offered: str | None, exists: bool) -> None:
    old = {"resourceId": "web01", "properties": {"privateMacAddress": "001DD8000001"}}
    new = {**old, "properties": {**old["properties"], "newInV6": 7}} if exists else {}  # type: ignore[dict-item]
    stored: dict[str, Json] = {"web01": new} if exists else {}

    def answer(method: str, path: str) -> tuple[int, bytes]:
        if path == "https://nc/networking/discovery":
            found = (200, json.dumps({"properties": {"currentRestVersion": offered}}).encode())
            return (404, OWN_404) if offered is None else found
        is_new = path.startswith("https://nc/networking/v")
        if method == "PUT" and not is_new:
            return 400, b'{"error": {"code": "LnetDynamicAllocationBlockedIfLessThanV6", "message": "too old"}}'
        if path.endswith("networkInterfaces"):
            return 200, listing(*([old] if exists else []))
        if method == "PUT":
            created = "web01" not in stored
            stored["web01"] = {**bodies[-1], "instanceId": "1e2f0d7c-0000-4000-8000-000000000001"}
            stored["web01"]["properties"]["provisioningState"] = "Succeeded"
            return 201 if created else 200, json.dumps(stored["web01"]).encode()
        shown = stored.get("web01") if is_new else old if exists else None
        return (404, OWN_404) if shown is None else (200, json.dumps(shown).encode())

    bodies: list[Json] = []
    client, asked = client_of(answer)
    send = client._send

    def keep_body(address: str, data: bytes | None = None, **rest: Any) -> Any:
        if data:
            bodies.append(json.loads(data))
        return send(address, **rest)

    client._send = keep_body
    (item,) = reconcile.ensure(client, wish(), "administrator", 1, preview=False)
    if offered in ("v6", "v7"):
        assert item.status == ("changed" if exists else "created")
        assert asked[-1] == f"GET https://nc/networking/{offered}/networkInterfaces/web01"
        assert stored["web01"]["properties"].get("newInV6") == (7 if exists else None)
    else:
        assert item.status == "failed"
        assert "REST version 6, which this request needs" in str(item.error)
