# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with the Network Controller on demand, and that it goes wrong only there."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.lab.bystander import Bystander, ip
from tests.lab.client import LabClient
from tests.lab.faults import FaultError
from tests.lab.lab import Lab

BODY: dict[str, Any] = {"privateMacAddress": "00155D52E711", "ipConfigurations": [ip()]}


@pytest.mark.parametrize(("kind", "there"), [("nc_reset_before", 404), ("nc_reset_after", 200)])
def test_a_lost_answer_is_not_lost_work(nc: Bystander, serving: Lab, kind: str, there: int) -> None:
    serving.faults.add(kind, method="PUT", collection="networkInterfaces", name="n1")
    nc.put("networkInterfaces", "n2", BODY).raise_for_status()
    with pytest.raises(requests.exceptions.ConnectionError):
        nc.put("networkInterfaces", "n1", BODY)
    assert nc.ask("GET", "NetworkInterfaces/n1").status_code == there
    assert [request["status"] for request in serving.controller.requests()] == [201, None, there]


def test_statuses_with_and_without_the_work(nc: Bystander, serving: Lab) -> None:
    serving.faults.add("nc_status", status=429, retry_after=3, method="PUT", times=2)
    serving.faults.add("nc_status", status=503, method="PUT", after=True)
    answers = [nc.put("networkInterfaces", "n1", BODY) for _try in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 503, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["3", "3", None, None]
    assert answers[2].json()["error"]["code"]


def test_slow_and_failed_provisioning(nc: Bystander, serving: Lab) -> None:
    serving.faults.add("nc_slow", polls=3)
    nc.put("networkInterfaces", "n1", BODY)
    states = [nc.get("networkInterfaces", "n1")["properties"]["provisioningState"] for _look in range(5)]
    assert states == ["Updating"] * 4 + ["Succeeded"]
    details = [{"code": "Inner", "message": "the reason behind"}]
    serving.faults.add("nc_fail", collection="networkInterfaces", code="Broken", message="no host", details=details)
    nc.pool("00-1D-D8-B7-1C-00", "00-1D-D8-B7-1C-FF")
    failed = nc.interface(mac="00155D52E711")["properties"]
    assert failed["provisioningState"] == "Failed"
    told = failed["configurationState"]["detailedInfo"]
    assert [(one["code"], one["message"]) for one in told] == [("Broken", "no host"), ("Inner", "the reason behind")]
    assert nc.interface(mac="00155D52E711")["properties"]["provisioningState"] == "Succeeded"


def test_a_failed_delete_leaves_the_resource(nc: Bystander, serving: Lab) -> None:
    nc.interface(mac="00155D52E711")
    serving.faults.add("nc_fail", method="DELETE", code="Broken", message="no host")
    assert nc.remove("networkInterfaces", "n1") == 500
    assert nc.get("networkInterfaces", "n1")["properties"]["provisioningState"] == "Succeeded"
    assert nc.remove("networkInterfaces", "n1") == 204


def test_somebody_else_is_faster(nc: Bystander, serving: Lab) -> None:
    nc.interface(mac="00155D52E711")
    serving.faults.add("nc_conflict", properties={"portSettings": {"stormLimit": 5}}, times=2)
    statuses = []
    for _try in range(3):
        found = nc.get("networkInterfaces", "n1")
        statuses.append(nc.put("networkInterfaces", "n1", found["properties"], If_Match=found["etag"]).status_code)
    assert statuses == [412, 412, 200]
    assert nc.settled("networkInterfaces", "n1")["properties"]["portSettings"]["stormLimit"] == 5


def test_no_answer_until_the_client_gives_up(nc: Bystander, serving: Lab) -> None:
    serving.faults.add("nc_hang", seconds=600)
    with pytest.raises(requests.exceptions.ReadTimeout):
        nc.session.get(f"{nc.url}/networking/v1/macPools", timeout=0.3)
    assert nc.ask("GET", "MacPools").status_code == 200


@pytest.mark.parametrize(
    ("kind", "details"), [("nc_status", {}), ("nc_slow", {}), ("nc_reset_after", {"how": "close"})]
)
def test_faults_that_cannot_happen(serving: Lab, kind: str, details: dict[str, Any]) -> None:
    with pytest.raises(FaultError):
        serving.faults.add(kind, **details)


def test_over_the_control_api(nc: Bystander, serving: Lab) -> None:
    client = LabClient(serving.control_url, serving.token)
    client.do("nc_put", collection="networkInterfaces", name="n1", properties=BODY)
    shown = client.state()["network_controller"]["networkInterfaces"]
    assert [one["properties"]["provisioningState"] for one in shown] == ["Succeeded"]
    etag = shown[0]["etag"]
    assert nc.put("networkInterfaces", "n1", BODY, If_Match=etag).status_code == 200
    asked = client.requests()
    assert [(one["method"], one["path"], one["status"], one["if_match"]) for one in asked] == [
        ("PUT", "/Networking/v1/NetworkInterfaces/n1", 200, etag)
    ]
    assert asked[0]["body"] == {"properties": BODY}
    client.clear_requests()
    assert client.requests() == []
    client.do("nc_settle")
    assert client.do("nc_delete", collection="networkInterfaces", name="n1") is True
    assert client.do("nc_delete", collection="networkInterfaces", name="n1") is False
    client.do("nc_seed")
    assert len(client.state()["network_controller"]["networkInterfaces"]) == 4
