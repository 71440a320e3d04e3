# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many interfaces are written a part at a time, and what is done already is not written again."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.ledger import Ledger
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Job
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.interface_run import (
    BATCH,
    InterfaceClaims,
    InterfaceRun,
    Module,
)

Json = dict[str, Any]


class Controller:
    """A Network Controller and its module: it knows interfaces by name, and fails where it is told to."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.parts: list[list[str]] = []
        self.shown: list[str] = []
        self.refuses: set[str] = set()
        self.dies_at = ""
        self.predicted = 0

    def _rows(self, entries: list[Json]) -> list[Json]:
        return [
            {
                "name": entry["name"],
                "status": "unchanged" if entry["name"] in self.names else "created",
                "provisioning_state": "Updating" if entry["name"].startswith("slow") else "Succeeded",
                "before": {},
                "after": {"mac_address": entry.get("mac_address")},
                "mac_address": entry.get("mac_address"),
            }
            for entry in entries
        ]

    def predict(self, entries: list[Json]) -> Json:
        self.predicted += 1
        return {"changed": True, "interfaces": self._rows(entries)}

    def attempt(self, entries: list[Json]) -> Json:
        self.parts.append([entry["name"] for entry in entries])
        if self.dies_at in self.parts[-1]:
            return {"failed": True, "msg": "the Network Controller does not answer"}
        rows = self._rows(entries)
        failed = [row for row in rows if row["name"] in self.refuses]
        for row in failed:
            row["status"] = "failed"
        self.names |= {row["name"] for row in rows} - self.refuses
        changed = {row["name"]: row["after"] for row in rows if row["status"] == "created"}
        result: Json = {"changed": bool(changed), "interfaces": rows}
        result["diff"] = {"before": {name: {} for name in changed}, "after": changed}
        if failed:
            result.update(failed=True, msg="refused", errors=[{"subject": row["name"]} for row in failed])
        return result

    def run(self, preview: bool = False) -> InterfaceRun:
        return InterfaceRun(Module(self.attempt, self.predict, self.shown.append), preview)


def unopened() -> Ledger:
    raise MacPoolError("ledger", "none", "one", "No entry names an owner.")


def no_claims() -> InterfaceClaims:
    return InterfaceClaims(unopened, Job("job-1", "tester"), 3600, False)


def many(number: int, prefix: str = "nic") -> list[Json]:
    return [{"name": f"{prefix}{place:04}", "mac_address": f"221DD800{place:04}"} for place in range(number)]


@pytest.mark.parametrize("number", [1, BATCH])
def test_few_interfaces_are_one_call(number: int) -> None:
    controller = Controller()
    result = controller.run().present(many(number), no_claims())
    assert (len(controller.parts), controller.predicted, controller.shown) == (1, 0, [])
    assert result["changed"]


def test_many_are_written_in_parts_with_their_progress_and_told_in_the_order_of_the_request() -> None:
    controller = Controller("nic0001", "nic0003")
    result = controller.run().present(many(2 * BATCH + 12), no_claims())
    assert [len(part) for part in controller.parts] == [BATCH, BATCH, 10]
    assert controller.shown[-1].endswith(f"{2 * BATCH + 10} of {2 * BATCH + 10} done")
    assert [row["name"] for row in result["interfaces"]] == [entry["name"] for entry in many(2 * BATCH + 12)]
    assert [row["status"] for row in result["interfaces"][:4]] == ["created", "unchanged", "created", "unchanged"]
    assert len(result["diff"]["after"]) == 2 * BATCH + 10
    assert result["changed"]


def test_a_check_of_many_is_one_call() -> None:
    controller = Controller()
    controller.run(preview=True).present(many(3 * BATCH), no_claims())
    assert (len(controller.parts), controller.predicted) == (1, 0)


def test_a_second_run_writes_only_what_is_not_finished() -> None:
    controller = Controller()
    entries = [*many(2 * BATCH), *many(2, "slow")]
    controller.run().present(entries, no_claims())
    controller.parts.clear()
    result = controller.run().present(entries, no_claims())
    assert controller.parts == [["slow0000", "slow0001"]], "also what is still being provisioned is waited for"
    assert not result["changed"]
    assert {row["status"] for row in result["interfaces"]} == {"unchanged"}


def test_one_that_fails_does_not_keep_the_next_part_back() -> None:
    controller = Controller()
    controller.refuses = {"nic0003", f"nic{BATCH + 3:04}"}
    result = controller.run().present(many(2 * BATCH), no_claims())
    failed = [row["name"] for row in result["interfaces"] if row["status"] == "failed"]
    assert failed == sorted(controller.refuses)
    assert (result["failed"], result["changed"]) == (True, True)
    assert [error["subject"] for error in result["errors"]] == failed


def test_a_part_that_fails_as_a_whole_ends_the_work_and_the_rest_is_not_told_as_done() -> None:
    controller = Controller()
    controller.dies_at = f"nic{BATCH:04}"
    result = controller.run().present(many(3 * BATCH), no_claims())
    assert len(controller.parts) == 2
    statuses = [row["status"] for row in result["interfaces"]]
    assert statuses == ["created"] * BATCH + ["failed"] * 2 * BATCH
    assert (result["changed"], result["failed"]) == (True, True)
    assert result["interfaces"][-1]["reason"] == "the Network Controller does not answer"
    controller.dies_at = ""
    assert not controller.run().present(many(3 * BATCH), no_claims()).get("failed")


def test_nothing_to_write_is_the_check_itself() -> None:
    controller = Controller(*(entry["name"] for entry in many(BATCH + 1)))
    result = controller.run().present(many(BATCH + 1), no_claims())
    assert (controller.parts, result["changed"], len(result["interfaces"])) == ([], False, BATCH + 1)


def test_a_removal_needs_no_ledger_and_names_the_owner_that_was_given() -> None:
    controller = Controller("a", "b")
    result = controller.run().absent([{"name": "a", "owner": "web01/eth0"}, {"name": "b", "owner": ""}])
    assert controller.parts == [["a", "b"]]
    assert [row["owner"] for row in result["interfaces"]] == ["web01/eth0", None]


def test_interfaces_that_agree_already_are_told_with_those_that_are_written() -> None:
    one, two = "0b1c2d3e-0000-4000-8000-00000000000a", "0b1c2d3e-0000-4000-8000-00000000000b"
    adapters = [
        {
            "id": f"Microsoft:{interface}",
            "name": f"eth{number}",
            "mac": f"221DD800000{number}",
            "dynamic": False,
            "port_profile": {"profile_id": f"{{{interface}}}", "profile_data": 1},
        }
        for number, interface in enumerate([one, two, "0b1c2d3e-0000-4000-8000-00000000000c"], 1)
    ]
    vm = {"id": "0", "name": "web01", "state": "Off", "adapters": adapters}
    seen = {"schema": 1, "kind": "hyperv_host", "host": {"name": "hv1"}, "vms": [vm]}
    written: list[list[Json]] = []

    def attempt(entries: list[Json]) -> Json:
        written.append(entries)
        return {"changed": True, "interfaces": [{"name": "one", "status": "changed"}]}

    run = InterfaceRun(Module(attempt, attempt, str), False)
    there = [
        {"name": "one", "instance_id": one, "mac_address": "221DD80000AA"},
        {"name": "two", "instance_id": two, "mac_address": "221DD8000002"},
    ]
    result = run.in_sync([seen], there)
    assert written == [[{"instance_id": one, "mac_address": "221DD8000001"}]]
    assert [(row["name"], row["status"]) for row in result["interfaces"]] == [("one", "changed"), ("two", "unchanged")]
    assert [row["name"] for row in result["left_out"]] == ["eth3"]
