# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that asks no host knows what saved observations say of bindings, and says when it knows nothing."""

from __future__ import annotations

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.bindings import UNKNOWN, Bindings
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.interface_run import (
    InterfaceClaims,
    InterfaceRun,
    Module,
)
from tests.unit.plugins.plugin_utils.observation import documents
from tests.unit.plugins.plugin_utils.sdn.tenants import Json

ENTRIES = [{"name": "web01_Eth1", "mac_address": "22-1D-D8-00-00-02"}]


def row(status: str, before: str = "221DD8000001", after: str = "221DD8000002", nic: str = "web01_Eth1") -> Json:
    return {
        "name": nic,
        "instance_id": None if status == "created" else documents.guid(nic),
        "status": status,
        "provisioning_state": "Succeeded",
        "before": {"mac_address": before},
        "after": {"mac_address": after},
    }


def seen(mac: str = "221DD8000001") -> Bindings:
    vm = documents.vm("web01", documents.bound(mac, "web01_Eth1"))
    return Bindings([documents.host("hv1", vms=[vm]), documents.controller()], ["HV1.example.com", "hv2"])


class Written:
    """A module that would do this, and what was really written."""

    def __init__(self, *rows: Json) -> None:
        self.rows = list(rows)
        self.written = 0

    def attempt(self, _entries: list[Json]) -> Json:
        self.written += 1
        return {"changed": True, "interfaces": self.rows}

    def run(self, bindings: Bindings | None, state: str = "present") -> Json:
        def check(_entries: list[Json]) -> Json:
            return {"changed": True, "interfaces": self.rows}

        run = InterfaceRun(Module(self.attempt, check, print), preview=False, bindings=bindings)
        if state == "absent":
            return run.absent(ENTRIES)
        return run.present(ENTRIES, InterfaceClaims(_unopened, Job("job-1", "tester"), 3600, False))


def _unopened() -> Ledger:
    raise MacPoolError("ledger", "none", "one", "No entry names an owner.")


def test_the_address_of_a_bound_adapter_is_not_taken_away() -> None:
    module = Written(row("changed"))
    with pytest.raises(
        MacPoolError, match=r'22-1D-D8-00-00-02.*adapter "Network Adapter" of VM "web01".*mac_interfaces'
    ):
        module.run(seen())
    assert module.written == 0


def test_a_bound_interface_is_not_removed() -> None:
    module = Written(row("removed"))
    with pytest.raises(MacPoolError, match=r'adapter "Network Adapter" of VM "web01".*absent: true'):
        module.run(seen(), "absent")
    assert module.written == 0


@pytest.mark.parametrize(
    ("change", "mac"),
    [
        (row("changed"), "221DD8000002"),
        (row("changed", after="221DD8000001"), "221DD8000001"),
        (row("unchanged"), "221DD8000001"),
        (row("created"), "221DD8000001"),
        (row("changed", nic="another"), "221DD8000001"),
    ],
    ids=["it follows the adapter", "another change", "no change", "it is new", "it is free"],
)
def test_what_takes_nothing_away_is_done(change: Json, mac: str) -> None:
    result = Written(change).run(seen(mac))
    assert result["bindings"] == (
        "Checked with saved observations of hv1, the oldest of 2026-11-21T11:30:00Z; not known of hv2."
    )


@pytest.mark.parametrize("state", ["present", "absent"])
def test_without_observations_the_result_says_so(state: str) -> None:
    status = "removed" if state == "absent" else "changed"
    assert Written(row(status)).run(None, state)["bindings"] == UNKNOWN
