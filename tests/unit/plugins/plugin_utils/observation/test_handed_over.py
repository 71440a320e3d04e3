# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of a run came to: documents, hosts that were not seen, and documents that are lost."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.handed_over import (
    CONTROLLER,
    HandedOver,
    take_over,
    unseen_hosts,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.timezone.utc)
SEEN = "2026-11-20T11:59:00Z"
Json = dict[str, Any]


def document(name: str, **more: Any) -> Json:
    """The document of a host without VMs."""
    return {"schema": 1, "kind": "hyperv_host", "observed_at": SEEN, "host": {"name": name}, "vms": [], **more}


def saved(directory: Path, name: str) -> Json:
    """The result of a host that saved its document."""
    path = directory / f"{name}.json"
    path.write_text(json.dumps(document(name)), encoding="utf-8")
    return {"summary": {"host": name, "observed_at": SEEN}, "path": str(path)}


def take(hosts: Json, controllers: list[Json] | None = None) -> HandedOver:
    """Take over at noon."""
    return take_over(hosts, controllers or [], NOW)


def test_each_host_hands_over_its_own_document(tmp_path: Path) -> None:
    given = document("hv2")
    hosts = {
        "hv1": saved(tmp_path, "hv1"),
        "hv2": {"summary": {"observed_at": SEEN}, "observation": given},
        "hv3": {"unreachable": True, "msg": "timed out"},
        "hv4": {},
        "hv5": {"failed": True, "msg": ""},
    }
    (tmp_path / "hv9.json").write_text(json.dumps(document("hv9")), encoding="utf-8")
    taken = take(hosts)
    assert taken.documents == [document("hv1"), given]
    assert [row["name"] for row in taken.unseen] == ["hv3", "hv4", "hv5"]
    assert taken.unseen[0]["reason"] == "timed out"
    assert "--limit" in taken.unseen[1]["reason"]
    assert taken.unseen[2]["reason"] == "no answer"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "No such file"),
        ("{", "is not valid JSON"),
        ("[]", "is not the document of"),
        (json.dumps(document("hv1", observed_at="2026-11-19T11:59:00Z")), "is not the document of"),
    ],
)
def test_a_document_that_is_lost_is_named(tmp_path: Path, content: str | None, found: str) -> None:
    hosts = {name: saved(tmp_path, name) for name in ("hv1", "hv2")}
    if content is None:
        (tmp_path / "hv1.json").unlink()
    else:
        (tmp_path / "hv1.json").write_text(content, encoding="utf-8")
    with pytest.raises(MacPoolError, match=f"^documents of hv1: .*{found}"):
        take(hosts)


def test_a_result_without_any_document_is_an_error() -> None:
    with pytest.raises(MacPoolError, match=r"documents of hv1, the Network Controller: .* neither a path nor"):
        take({"hv1": {"summary": {}}}, [{"summary": {}}])


def test_a_network_controller_that_was_not_asked_is_not_missed(tmp_path: Path) -> None:
    path = tmp_path / "network_controller.json"
    content = {"schema": 1, "kind": "network_controller", "name": "nc", "observed_at": SEEN}
    path.write_text(json.dumps(content), encoding="utf-8")
    taken = take({}, [{"skipped": True}, {"summary": {"observed_at": SEEN}, "path": str(path)}])
    assert taken.documents == [content]
    assert taken.blind == []


def test_a_network_controller_that_did_not_answer_makes_the_observation_incomplete() -> None:
    failed = {"failed": True, "msg": "wanted an answer; found 403", "errors": [{"found": "403"}]}
    for result, reason in ((failed, "403"), ({"failed": True, "msg": "no way"}, "no way")):
        taken = take({}, [result])
        assert taken.blind == [CONTROLLER]
        assert [found["warnings"] for found in taken.documents] == [[reason]]


def test_a_host_is_seen_under_its_short_and_its_full_name() -> None:
    expected = [{"name": "hv1.example.com"}, {"name": "HV2"}, {"name": "hv3"}]
    observation = read_documents([document("hv1"), document("hv2.example.com")], [row["name"] for row in expected])
    assert unseen_hosts(observation, expected) == ["hv3"]
