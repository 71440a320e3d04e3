# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""host_apply: guarded operations in their order, one result for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..faults import Faults
from ..model import Host, World
from ..payload import Call
from .arguments import ModuleFailure, only, whole_number
from .context import DENIED, Context, Failed, Outcome, Refused
from .operations import validate
from .power import start_vm, stop_vm
from .ranges import clear_host_range, set_host_range
from .set_macs import set_vm_macs
from .tenant import add_cluster_role, create_vm, remove_vm, set_port_profile

Json = dict[str, Any]
_DO: dict[str, Callable[[Context], Outcome]] = {
    "set_host_range": set_host_range,
    "clear_host_range": clear_host_range,
    "set_vm_macs": set_vm_macs,
    "stop_vm": stop_vm,
    "start_vm": start_vm,
    "set_port_profile": set_port_profile,
    "create_vm": create_vm,
    "add_cluster_role": add_cluster_role,
    "remove_vm": remove_vm,
}


def host_apply(world: World, faults: Faults, host: Host, call: Call) -> Json:
    options = call.options
    only("host_apply", options, ("schema", "operations"))
    missing = [name for name in ("operations", "schema") if name not in options]
    if missing:
        raise ModuleFailure(f"missing required arguments: {', '.join(missing)}")
    if whole_number(options, "schema") != 1:
        raise ModuleFailure(f"Nothing was done: the schema is {options['schema']}, and this host_apply speaks schema 1")
    operations = validate([] if options["operations"] is None else options["operations"])

    results: list[Json] = []
    changed = False
    for index, operation in enumerate(operations):
        context = Context(world, faults, host, call, index, operation)
        outcome = _run(context)
        changed = changed or outcome.status == "done" or (outcome.status == "failed" and context.touched)
        results.append(_result(context, outcome))

    failed = [result for result in results if result["status"] == "failed"]
    if failed:
        first = failed[0]
        raise ModuleFailure(
            f"{len(failed)} of {len(results)} operations failed, first {first['op']} ({first['reason']}): {first['message']}",
            changed=changed,
            results=results,
        )
    return {"changed": changed, "results": results}


def _run(context: Context) -> Outcome:
    if context.fault("access_denied", part="host_apply"):
        return Outcome("failed", reason="access_denied", message=DENIED)
    try:
        context.stage("begin")
        return _DO[context.operation["op"]](context)
    except Refused as refusal:
        return Outcome("refused", None, refusal.reason, refusal.message)
    except Failed as problem:
        return Outcome("failed", None, problem.reason, problem.message)


def _result(context: Context, outcome: Outcome) -> Json:
    return {
        "id": context.operation["id"],
        "op": context.operation["op"],
        "status": outcome.status,
        "reason": outcome.reason,
        "before": context.before,
        "after": context.before if outcome.status == "unchanged" else outcome.after,
        "message": outcome.message,
    }
