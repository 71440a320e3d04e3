# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decisions about one host need of its document: ids as given, roles of the cluster, and what was not read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.model import Group, Host
from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.read import read_documents
from tests.unit.plugins.plugin_utils.observation.documents import adapter, group, guid, host, vm


def the_host(document: dict[str, Any]) -> Host:
    (seen,) = read_documents([document]).hosts.values()
    return seen


def test_ids_are_compared_without_case_and_kept_as_the_host_gave_them() -> None:
    vm_id, adapter_id = guid("web01").upper(), "Microsoft:ABC\\DEF"
    (machine,) = read_documents([host(vms=[vm("web01", adapter(None, id=adapter_id), id=vm_id)])]).vms
    assert (machine.id, machine.given_id, machine.generation) == (vm_id.lower(), vm_id, 2)
    assert (machine.adapters[0].id, machine.adapters[0].given_id) == ("microsoft:abc\\def", adapter_id)


def test_a_role_whose_vm_or_owner_could_not_be_read_is_still_a_role() -> None:
    groups = [group(guid("a"), "hv2", "a"), {"name": "b", "vm_id": None, "owner_node": "hv2"}, {"name": "c"}]
    observation = read_documents([host(cluster="hci1", groups=groups)])
    assert observation.clusters["hci1"].groups["hv1"] == (
        Group("a", guid("a"), "hv2"),
        Group("b", "", "hv2"),
        Group("c", "", ""),
    )
    assert list(observation.clusters["hci1"].owners) == [guid("a")]


@pytest.mark.parametrize("unread", [{}, {"groups": None}])
def test_groups_that_were_not_read_are_not_no_groups(unread: dict[str, Any]) -> None:
    document = host(cluster="hci1")
    assert read_documents([document]).clusters["hci1"].groups == {"hv1": ()}
    del document["cluster"]["groups"]
    document["cluster"].update(unread)
    assert read_documents([document]).clusters["hci1"].groups == {}


@pytest.mark.parametrize("part", ["vms", "host_adapters", "physical_adapters"])
def test_a_part_that_is_null_was_not_gathered(part: str) -> None:
    document = host()
    assert part in the_host(document).gathered
    document[part] = None
    seen = the_host(document)
    assert part not in seen.gathered
    assert seen.documents[0].not_gathered == (part,)


def test_no_range_was_gathered_and_text_that_is_no_range_was_not() -> None:
    assert "mac_range" in the_host(host(mac_range=None)).gathered
    seen = the_host(host(mac_range=("00155D010A00", "nonsense")))
    assert ("mac_range" in seen.gathered, seen.range) == (False, None)


def test_each_warning_of_a_host_is_told_once() -> None:
    first = host(warnings=["vms: access denied", "cluster: access denied"])
    second = host(warnings=["vms: access denied"], observed_at="2026-11-20T00:00:00Z")
    second["switches"] = [{"id": "a", "name": "tenant", "type": "External"}]
    del first["switches"]
    (seen,) = read_documents([first, second]).hosts.values()
    assert seen.warnings == ("vms: access denied", "cluster: access denied")
