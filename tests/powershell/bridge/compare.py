# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs: between two answers, between an answer and what a case expects, between a world before and after."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

Json = dict[str, Any]
ABSENT = "absent"
_ID = re.compile(r"id of ([^/]+)(?:/(.+))?\Z", re.DOTALL)
_ORDER = {
    "vms": "id",
    "host_adapters": "id",
    "physical_adapters": "name",
    "switches": "id",
    "container_networks": "id",
}


class Different(AssertionError):
    """Lines that name a place, what was expected and what was found."""


def resolve(value: Any, *states: Json) -> Any:
    """`id of VM` and `id of VM/ADAPTER` become the ids that a world has for them."""
    if isinstance(value, dict):
        return {name: resolve(part, *states) for name, part in value.items()}
    if isinstance(value, list):
        return [resolve(part, *states) for part in value]
    named = _ID.match(value) if isinstance(value, str) else None
    if not named:
        return value
    for state in states:
        for vm in state["vms"]:
            if vm["name"] != named[1]:
                continue
            if not named[2]:
                return vm["id"]
            for adapter in vm["adapters"]:
                if adapter["name"] == named[2]:
                    return adapter["id"]
    return value


def expected(wanted: Any, found: Any, path: str = "") -> list[str]:
    """Where a found value is not as a case expects: dicts as subsets, lists entry by entry, `~ words` as part of a text."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        lines: list[str] = []
        for name, value in wanted.items():
            where = f"{path}.{name}"
            if value == ABSENT:
                lines += [f"{where}: expected to be absent, found {found[name]!r}"] if name in found else []
            elif name not in found:
                lines.append(f"{where}: expected {value!r}, found no such key")
            else:
                lines += expected(value, found[name], where)
        return lines
    if isinstance(wanted, list) and isinstance(found, list):
        found = _in_order_of(wanted, found)
        if len(wanted) != len(found):
            return [f"{path}: expected {len(wanted)} entries, found {len(found)}: {found!r}"]
        return [
            line for i, (w, f) in enumerate(zip(wanted, found, strict=True)) for line in expected(w, f, f"{path}[{i}]")
        ]
    if isinstance(wanted, str) and wanted.startswith("~ "):
        if isinstance(found, str) and wanted[2:] in found:
            return []
        return [f"{path}: expected the words {wanted[2:]!r}, found {found!r}"]
    return [] if _equal(wanted, found) else [f"{path}: expected {wanted!r}, found {found!r}"]


def _in_order_of(wanted: list[Any], found: list[Any]) -> list[Any]:
    """Things with names are found by name: their order means nothing."""
    order = [one["name"] for one in wanted if isinstance(one, dict) and "name" in one]
    names = [one["name"] for one in found if isinstance(one, dict) and "name" in one]
    if len(set(order)) < len(wanted) or sorted(order) != sorted(names) or len(names) < len(found):
        return found
    return sorted(found, key=lambda one: order.index(one["name"]))


def changed(wanted: Any, before: Any, after: Any, path: str = "") -> list[str]:
    """Where a world differs from what it was before with the named changes; what is new is free but for what is named."""
    if isinstance(wanted, dict) and isinstance(after, dict) and (before is None or isinstance(before, dict)):
        lines: list[str] = []
        for name in {**(before or {}), **after, **wanted}:
            where, was, now = f"{path}.{name}", (before or {}).get(name), after.get(name)
            if name in wanted:
                lines += changed(wanted[name], was, now, where)
            elif before is not None and not _equal(was, now):
                lines += [f"{line} (expected to stay as it was)" for line in different(was, now, where)]
        return lines
    if isinstance(wanted, list) and isinstance(after, list) and len(wanted) == len(after):
        old = before if isinstance(before, list) and len(before) == len(after) else [None] * len(after)
        rows = enumerate(zip(wanted, old, after, strict=True))
        return [line for i, row in rows for line in changed(*row, path=f"{path}[{i}]")]
    return [] if _equal(wanted, after) else [f"{path}: expected {wanted!r}, found {after!r}"]


def different(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        lines: list[str] = []
        for name in sorted({**one, **other}, key=str):
            if name not in one or name not in other:
                lines.append(f"{path}.{name}: {one.get(name, '<absent>')!r} | {other.get(name, '<absent>')!r}")
            else:
                lines += different(one[name], other[name], f"{path}.{name}")
        return lines
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        rows = enumerate(zip(one, other, strict=True))
        return [line for i, (a, b) in rows for line in different(a, b, f"{path}[{i}]")]
    return [] if _equal(one, other) else [f"{path}: {one!r} | {other!r}"]


def _equal(one: Any, other: Any) -> bool:
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def plain(result: Json) -> Json:
    """An answer without what may differ between two engines that agree: wording, time, order, the arguments repeated."""
    out = copy.deepcopy({name: value for name, value in result.items() if name != "invocation"})
    if "msg" in out:
        out["msg"] = "<text>"
    for one in out.get("results") or []:
        one["message"] = None if one["message"] is None else "<text>"
        for side in ("before", "after"):
            if isinstance(one[side], dict) and "adapters" in one[side]:
                one[side]["adapters"] = _sorted(one[side]["adapters"], "adapter_id")
    if "observation" in out:
        _plain_observation(out["observation"])
    return out


def _plain_observation(seen: Json) -> None:
    seen["observed_at"] = re.sub(r"\d", "0", seen["observed_at"])
    seen["host"]["name"] = seen["host"]["name"].lower()
    if "ipv4" in seen["host"]:
        seen["host"]["ipv4"] = sorted(seen["host"]["ipv4"])
    cluster = seen.get("cluster") or {}
    for name, key in (("nodes", "name"), ("groups", "vm_id")):
        if name in cluster:
            cluster[name] = _sorted(cluster[name], key)
    for vm in seen.get("vms", []):
        vm["adapters"] = _sorted(vm["adapters"], "id")
        if "checkpoints" in vm:
            vm["checkpoints"] = _sorted(vm["checkpoints"], "id")
            for taken in vm["checkpoints"]:
                taken["adapters"] = _sorted(taken["adapters"], "id")
    for name, key in _ORDER.items():
        if name in seen:
            seen[name] = _sorted(seen[name], key)
    seen["warnings"] = sorted(seen["warnings"])


def _sorted(rows: list[Json], key: str) -> list[Json]:
    return sorted(rows, key=lambda row: json.dumps([row.get(key), row], sort_keys=True))


def renamed(data: Any, mine: Json, theirs: Json, before: Json) -> Any:
    """`data` with the ids of VMs that one engine made replaced by those that the other one made for the same VMs."""
    had = {vm["id"].lower() for vm in before["vms"]}
    made = {(vm["node"], vm["name"]): vm for vm in mine["vms"] if vm["id"].lower() not in had}
    text = json.dumps(data)
    for vm in theirs["vms"]:
        twin = made.get((vm["node"], vm["name"]))
        if twin is None or vm["id"].lower() in had:
            continue
        pairs = [(vm["id"], twin["id"])]
        for one, other in zip(vm["adapters"], twin["adapters"], strict=False):
            pairs.append((one["id"].rsplit("\\", 1)[1], other["id"].rsplit("\\", 1)[1]))
        for old, new in pairs:
            text = re.sub(re.escape(old), lambda m, new=new: _like(m[0], new), text, flags=re.IGNORECASE)  # type: ignore[misc]
    return json.loads(text)


def _like(model: str, text: str) -> str:
    return text.upper() if model == model.upper() else text.lower()
