# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client: logging on, reading patiently, errors that say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.module_utils._network_controller import (
    Busy,
    Client,
    Connection,
    Interrupted,
    NetworkControllerError,
    base_url,
    checked_name,
    error_of,
    member,
    path_of,
)

if TYPE_CHECKING:
    from tests.unit.plugins.module_utils.network_controller.site import Site


def test_logs_on_by_password_and_by_certificate(site: Site) -> None:
    site.interface("web01")
    options = site.controller.options()
    certificate = {key: value for key, value in options.items() if key not in ("username", "password")}
    assert [item["resourceId"] for item in site.client().all_of("networkInterfaces")] == ["web01"]
    with_certificate = Client(Connection.of({**certificate, "use_proxy": False}))
    assert with_certificate.connection.auth == "certificate"
    assert [item["resourceId"] for item in with_certificate.all_of("networkInterfaces")] == ["web01"]


def test_a_wrong_password_is_told_without_it(site: Site) -> None:
    with pytest.raises(NetworkControllerError, match="401") as error:
        site.client(password="mistaken-secret").all_of("networkInterfaces")
    assert "auth and the credentials" in error.value.remedy
    assert "mistaken-secret" not in str(error.value)
    assert len(site.asked("GET")) == 1, "a wrong password is not tried again: that locks accounts"
    assert "mistaken-secret" not in repr(site.client(password="mistaken-secret").connection)


@pytest.mark.parametrize(
    ("certificate", "found", "remedy"), [("expired", "expired", "Renew"), ("other_ca", "", "ca_path")]
)
def test_a_bad_certificate_is_an_error_at_once(site: Site, certificate: str, found: str, remedy: str) -> None:
    site.controller.use_certificate(certificate)
    with pytest.raises(NetworkControllerError, match="its certificate is not trusted") as error:
        site.client().all_of("networkInterfaces")
    assert found in error.value.found
    assert remedy in error.value.remedy
    assert site.time.slept == [], "a certificate does not get better by waiting"
    assert site.client(validate_certs=False).all_of("networkInterfaces") == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("client_cert", "/nowhere/client.pem"),
        ("client_key", "/"),
        ("ca_path", "/nowhere/ca.pem"),
        ("ca_path", "/"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_at_once(site: Site, option: str, value: str) -> None:
    options = {**site.controller.options(), "username": None, "password": None, option: value}
    with pytest.raises(
        NetworkControllerError, match="cannot use the client certificate, its key or the CA certificate"
    ) as error:
        site.client(**options).all_of("networkInterfaces")
    assert error.value.found.startswith(f"{option} {value}: ")
    assert site.time.slept == [], "a file does not get better by waiting"


def test_a_key_of_another_certificate_is_no_broken_connection(site: Site) -> None:
    options = site.controller.options()
    options = {**options, "username": None, "password": None, "client_cert": options["ca_path"]}
    with pytest.raises(NetworkControllerError, match="client_cert, client_key and ca_path") as error:
        site.client(**options).all_of("networkInterfaces")
    assert "KEY_VALUES_MISMATCH" in error.value.found
    assert site.time.slept == []


def test_a_ca_that_is_no_certificate_is_no_broken_connection(site: Site, tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate\n", encoding="utf-8")
    with pytest.raises(NetworkControllerError, match="client_cert, client_key and ca_path"):
        site.client(ca_path=str(wrong)).all_of("networkInterfaces")
    assert site.time.slept == []


def test_reads_all_pages(site: Site) -> None:
    names = [f"vm{number}" for number in range(7)]
    for number, name in enumerate(names):
        site.interface(name, f"001DD8070B{number:02X}")
    site.controller.set(page_size=3)
    assert sorted(item["resourceId"] for item in site.client().all_of("networkInterfaces")) == names
    assert len(site.asked("GET")) == 3


def test_a_next_page_is_asked_of_the_server_that_was_named(site: Site) -> None:
    """A Network Controller may know itself by another name; a list that names another server must not lead the password there."""

    class Response:
        status = 200
        headers: dict[str, str] = {}

        def __init__(self, following: str) -> None:
            self.following = following

        def read(self, _size: int) -> bytes:
            return f'{{"value": [], "nextLink": "{self.following}"}}'.encode()

    sent: list[str] = []

    def send(url: str, **_options: Any) -> Response:
        sent.append(url)
        more = "https://node3.example.com/networking/v1/networkInterfaces?$skiptoken=7"
        return Response(more if len(sent) == 1 else "")

    client = Client(Connection.of(site.options()), send=send)
    assert client.all_of("networkInterfaces") == []
    url = site.controller.url
    assert sent == [f"{url}/networking/v1/networkInterfaces", f"{url}/networking/v1/networkInterfaces?$skiptoken=7"]


@pytest.mark.parametrize("status", [429, 503])
def test_comes_back_when_the_server_is_busy(site: Site, status: int) -> None:
    site.interface("web01")
    site.lab.faults.add("nc_status", status=status, retry_after=3, times=2)
    assert len(site.client().all_of("networkInterfaces")) == 1
    assert site.time.slept == [3, 3]


def test_does_not_come_back_for_ever(site: Site) -> None:
    site.lab.faults.add("nc_status", status=503, times=None)
    with pytest.raises(Busy, match="503"):
        site.client(retries=2).all_of("networkInterfaces")
    assert len(site.asked("GET")) == 3


def test_does_not_wait_longer_than_the_task_may(site: Site) -> None:
    site.lab.faults.add("nc_status", status=503, retry_after=900, times=None)
    with pytest.raises(Busy):
        site.client(wait_timeout=60).all_of("networkInterfaces")
    assert site.time.slept == []


def test_reads_again_after_a_broken_connection(site: Site) -> None:
    site.interface("web01")
    site.lab.faults.add("nc_reset_before", times=2)
    assert len(site.client().all_of("networkInterfaces")) == 1
    site.lab.faults.add("nc_reset_before", times=None)
    with pytest.raises(Interrupted, match="no answer to GET"):
        site.client(retries=1).all_of("networkInterfaces")


def test_the_servers_own_words_are_in_the_error(site: Site) -> None:
    body = {"properties": {"startMacAddress": "nonsense", "endMacAddress": "00-1D-D8-07-00-FF"}}
    with pytest.raises(NetworkControllerError) as error:
        site.client().put("macPools/bad", body, None)
    assert "400" in error.value.found
    assert error.value.code
    assert error.value.code in error.value.found


def test_a_missing_resource_is_none(site: Site) -> None:
    assert site.client().get("networkInterfaces/nobody") is None


@pytest.mark.parametrize(
    "url",
    [
        "https://nc.example.com",
        "https://nc.example.com/",
        "https://nc.example.com/networking/v1",
        " https://nc.example.com/Networking/V1/ ",
    ],
)
def test_an_address_with_or_without_its_path(url: str) -> None:
    assert base_url(url) == "https://nc.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "http://nc.example.com",
        "nc.example.com",
        "https://user:secret@nc.example.com",
        "https://user:se/secret@nc.example.com",
        "https://user:se?secret#@nc.example.com",
        "https://nc.example.com?token=secret",
        "https://nc.example.com#secret",
        "user:secret@nc.example.com",
        "https://nc.example.com/other",
        "https://nc.example.com:secret",
        "https://nc.example.com:99999",
        "https://[::1",
        "",
    ],
)
def test_an_address_that_cannot_be_one(url: str) -> None:
    with pytest.raises(MacPoolError, match="url of the Network Controller") as error:
        base_url(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"auth": "basic"}, "username"),
        ({"auth": "basic", "username": "a"}, "password"),
        ({"auth": "certificate"}, "client_cert"),
    ],
)
def test_credentials_that_do_not_fit(options: dict[str, str], missing: str) -> None:
    with pytest.raises(MacPoolError, match=missing):
        Connection.of({"url": "https://nc.example.com", **options})


def test_kerberos_without_its_library_says_which() -> None:
    pytest.importorskip("ansible.module_utils.urls")
    from ansible.module_utils import urls

    if urls.HTTPGSSAPIAuthHandler is not None:
        pytest.skip("gssapi is installed here")
    client = Client(Connection.of({"url": "https://127.0.0.1:1", "auth": "kerberos", "use_proxy": False}))
    with pytest.raises(NetworkControllerError, match="gssapi"):
        client.all_of("macPools")


class Recorded:
    """What would have been sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def __call__(self, url: str, **options: Any) -> Any:
        self.sent.append({"url": url, **options})

        class Response:
            status = 200
            headers: dict[str, str] = {}

            def read(self, _size: int) -> bytes:
                return b'{"value": []}'

        return Response()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"auth": "kerberos"},
            {"use_gssapi": True, "url_username": None, "force_basic_auth": False, "client_cert": None},
        ),
        (
            {"auth": "kerberos", "username": "u@EXAMPLE.COM", "password": "p"},
            {"use_gssapi": True, "url_username": "u@EXAMPLE.COM", "url_password": "p", "force_basic_auth": False},
        ),
        ({"username": "u", "password": "p"}, {"use_gssapi": False, "force_basic_auth": True, "url_password": "p"}),
        (
            {"username": "u", "password": "p", "client_cert": "/c.pem", "client_key": "/k.pem"},
            {"client_cert": "/c.pem", "client_key": "/k.pem", "url_username": None, "url_password": None},
        ),
        ({"auth": "none", "username": "u", "password": "p"}, {"url_username": None, "url_password": None}),
        ({"ca_path": "/ca.pem"}, {"ca_path": "/ca.pem", "validate_certs": True, "use_netrc": False}),
        (
            {"validate_certs": False, "use_proxy": False, "timeout": 7},
            {"validate_certs": False, "use_proxy": False, "timeout": 7},
        ),
    ],
)
def test_what_each_way_to_log_on_sends_and_what_it_does_not(options: dict[str, Any], expected: dict[str, Any]) -> None:
    """Credentials of one way never travel with another, and redirects and ~/.netrc never get any."""
    send = Recorded()
    Client(Connection.of({"url": "https://nc.example.com", **options}), send=send).all_of("macPools")
    (sent,) = send.sent
    assert {key: sent[key] for key in expected} == expected
    assert sent["follow_redirects"] == "none"
    assert sent["url"] == "https://nc.example.com/networking/v1/macPools"


@pytest.mark.parametrize("name", ["a/b", "..", "", " a", "a?b", "a#b", "a%2fb", "a\nb", "a\\b"])
def test_names_that_would_leave_their_place(name: str) -> None:
    with pytest.raises(MacPoolError, match="name of a resource"):
        checked_name(name, "name")


def test_a_name_stays_one_step_of_the_path() -> None:
    assert path_of("macPools", "Ünï {{ x }}; drop") == "macPools/%C3%9Cn%C3%AF%20%7B%7B%20x%20%7D%7D%3B%20drop"


def test_members_whatever_their_case() -> None:
    usage = {"numberofMacAddressesAllocated": 3}
    assert member(usage, "numberOfMacAddressesAllocated") == 3
    assert member(None, "anything") is None


def test_an_error_with_details_and_an_inner_error() -> None:
    body = {
        "Error": {
            "Code": "InvalidParameterValue",
            "message": "The value is wrong",
            "target": "properties.x",
            "innerError": "why",
            "details": [{"code": "Detail", "message": "more"}, None],
        }
    }
    assert error_of(body) == "InvalidParameterValue: The value is wrong (target properties.x); Detail: more; why"
    assert error_of(["no error"]) == ""
