# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to the Network Controller, and the certificates of both sides (fact 78)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import requests

from tests.lab.bystander import Bystander
from tests.lab.lab import Lab


def ask(lab: Lab, **more: object) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(
            f"{lab.controller.url}/networking/v1/macPools",
            timeout=30,
            **{"verify": lab.controller.ca_path, **more},  # type: ignore[arg-type]
        )


def test_a_client_certificate_or_a_password_is_enough(serving: Lab) -> None:
    options = serving.controller.options()
    assert ask(serving, cert=(options["client_cert"], options["client_key"])).status_code == 200
    assert ask(serving, auth=(options["username"], options["password"])).status_code == 200
    for wrong in ({}, {"auth": (options["username"], "guess")}, {"headers": {"Authorization": "Basic %%%"}}):
        answer = ask(serving, **wrong)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert [request["status"] for request in serving.controller.requests()] == [200, 200, 401, 401, 401]


def test_a_client_certificate_of_another_ca_opens_nothing(serving: Lab, bench: object, tmp_path: Path) -> None:
    from tests.lab.network_controller.tls import Certificates

    foreign = Certificates().write(tmp_path)
    with pytest.raises(requests.exceptions.ConnectionError):
        ask(serving, cert=(foreign["client_cert"], foreign["client_key"]))


def test_a_client_that_trusts_nobody_does_not_connect(serving: Lab) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        ask(serving, verify=True)


@pytest.mark.parametrize(("kind", "words"), [("expired", "expired"), ("other_ca", "issuer|self-signed")])
def test_server_certificates_that_are_wrong(serving: Lab, nc: Bystander, kind: str, words: str) -> None:
    serving.controller.do("nc_certificate", kind=kind)
    with pytest.raises(requests.exceptions.SSLError, match=words):
        nc.ask("GET", "MacPools")
    serving.controller.use_certificate("good")
    assert nc.ask("GET", "MacPools").status_code == 200


def test_the_clients_files_are_private_and_go_with_the_lab(serving: Lab, tmp_path: Path) -> None:
    serving.write_files(tmp_path)
    for name in ("ca.pem", "client.pem", "client.key", "lab.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    own = Path(serving.controller.ca_path).parent
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    serving.remove_files(tmp_path)
    assert list(tmp_path.iterdir()) == []
    serving.stop()
    assert not own.exists()
