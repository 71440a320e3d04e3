# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of host_apply as they must come: everything is looked at before anything is touched."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

from ..macs import is_mac, to_int
from .arguments import ModuleFailure

Json = dict[str, Any]
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


class _Bad(Exception):
    """Why a value is refused."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _Bad("expected text")
    return value


def _mac(value: Any) -> str:
    if not is_mac(value):
        raise _Bad("expected a MAC address of 12 upper-case hex digits")
    return str(value)


def _guid(value: Any) -> str:
    if not isinstance(value, str) or not _GUID.match(value):
        raise _Bad("expected a GUID without braces")
    return value.lower()


def _braced_guid(value: Any) -> str:
    if not isinstance(value, str) or not (value.startswith("{") and value.endswith("}")):
        raise _Bad("expected a GUID in braces")
    _guid(value[1:-1])
    return value


def _number(value: Any) -> int:
    """Numbers may arrive as text when they came through a template."""
    if isinstance(value, bool) or not re.match(r"[0-9]{1,18}\Z", str(value)):
        raise _Bad("expected a whole number that is not negative")
    return int(str(value))


def _uint32(value: Any) -> int:
    number = _number(value)
    if number > 0xFFFFFFFF:
        raise _Bad("expected a number of 32 bits")
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes"):
        return True
    if str(value).lower() in ("false", "no"):
        return False
    raise _Bad("expected true or false")


def _one_of(*choices: Any) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value not in choices:
            raise _Bad(f"expected one of: {', '.join(map(str, choices))}")
        return value

    return check


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")


def _moment(value: Any) -> str:
    try:
        if not isinstance(value, str) or not _MOMENT.match(value):
            raise ValueError
        datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise _Bad("expected a time in UTC, as 2026-11-20T12:00:00Z") from None
    return value


def _nullable(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


def _object(**fields: Any) -> Callable[[Any], Json]:
    """A dict with these fields and no others; a field is (check, default) or (check,) when it is mandatory."""

    def check(value: Any) -> Json:
        if not isinstance(value, dict):
            raise _Bad("expected a dictionary")
        unknown = sorted(set(value) - set(fields))
        if unknown:
            raise _Bad(f"the field '{unknown[0]}' is unknown")
        out: Json = {}
        for name, (part, *default) in fields.items():
            if default and value.get(name) is None:
                out[name] = default[0]
                continue
            if name not in value:
                raise _Bad(f"the field '{name}' is missing")
            try:
                out[name] = part(value[name])
            except _Bad as problem:
                raise _Bad(f"the field '{name}' is {value[name]!r}: {problem}") from None
        return out

    return check


_RANGE = _object(start=(_mac,), end=(_mac,), source=(_text, None))
_STATE = _object(state=(_nullable(_text), None))


def _adapters(value: Any) -> list[Json]:
    if not isinstance(value, list) or not value:
        raise _Bad("expected at least one adapter")
    entry = _object(
        adapter_id=(_text,),
        mac=(_nullable(_mac), None),
        dynamic=(_nullable(_bool), None),
        expect=(_object(mac=(_text,), dynamic=(_bool,)),),
    )
    out = [entry(item) for item in value]
    for item in out:
        if (item["mac"] is None) == (item["dynamic"] is not True):
            raise _Bad(f"the adapter {item['adapter_id']!r} has not exactly one of mac and dynamic: true")
    ids = [item["adapter_id"].lower() for item in out]
    if len(set(ids)) < len(ids):
        raise _Bad("an adapter is named twice")
    return out


def _profile(value: Any) -> Json | None:
    """Null, and a profile without an id, mean that there is none."""
    if value is None or (isinstance(value, dict) and value.get("profile_id", "") is None):
        return None
    return _object(profile_id=(_braced_guid,), profile_data=(_uint32,))(value)


_DEADLINE: Json = {"not_after": (_nullable(_moment), None)}
_POWER_FIELDS: Json = {"shutdown_timeout": (_number, 300), "force_off": (_bool, False)}
_FIELDS: dict[str, Json] = {
    "set_host_range": {
        "start": (_mac,),
        "end": (_mac,),
        "method": (_one_of("auto", "cmdlet", "registry"), "auto"),
        "expect": (_nullable(_RANGE),),
        **_DEADLINE,
    },
    "clear_host_range": {"expect": (_nullable(_RANGE),)},
    "set_vm_macs": {
        "vm_id": (_guid,),
        "adapters": (_adapters,),
        "power": (_one_of("require_off", "restart"), "require_off"),
        "expect": (_nullable(_STATE), None),
        **_POWER_FIELDS,
        **_DEADLINE,
    },
    "stop_vm": {"vm_id": (_guid,), "expect": (_nullable(_STATE), None), **_POWER_FIELDS},
    "start_vm": {"vm_id": (_guid,), "expect": (_nullable(_STATE), None)},
    "set_port_profile": {
        "vm_id": (_guid,),
        "adapter_id": (_text,),
        "profile_id": (_nullable(_braced_guid),),
        "profile_data": (_nullable(_uint32), None),
        "expect": (_profile,),
    },
    "create_vm": {
        "name": (_text,),
        "generation": (lambda value: _one_of(1, 2)(_number(value)),),
        "memory_bytes": (_number,),
        "path": (_nullable(_text),),
        "vhd_path": (_nullable(_text),),
        "switch": (_nullable(_text),),
        "adapter_name": (_text,),
        "mac": (_nullable(_mac),),
        **_DEADLINE,
    },
    "add_cluster_role": {"vm_id": (_guid,), "name": (_text,)},
    "remove_vm": {"vm_id": (_guid,), "expect": (_nullable(_STATE), None)},
}
OPERATIONS = tuple(_FIELDS)


def validate(operations: Any) -> list[Json]:
    """Clean operations in their order, or the task fails, naming the one that is wrong."""
    if not isinstance(operations, list):
        raise ModuleFailure("operations is no list")
    return [_validate(number, operation) for number, operation in enumerate(operations, 1)]


def _validate(number: int, operation: Any) -> Json:
    where = f"Nothing was done: operation {number}"
    if not isinstance(operation, dict):
        raise ModuleFailure(f"{where}: it is {operation!r}, expected a dictionary")
    name = operation.get("op")
    if not isinstance(name, str) or name not in _FIELDS:
        raise ModuleFailure(f"{where}: the op {name!r} is unknown, expected one of: {', '.join(sorted(_FIELDS))}")
    common: Json = {"op": (_text,), "id": (_nullable(_text), None)}
    try:
        out = _object(**common, **_FIELDS[name])(operation)
        if name == "set_host_range" and to_int(out["start"]) > to_int(out["end"]):
            raise _Bad(f"the field 'start' is {out['start']}, which is above 'end' {out['end']}")
        if name == "set_port_profile" and out["profile_id"] and out["profile_data"] is None:
            raise _Bad("the field 'profile_data' is missing")
    except _Bad as problem:
        raise ModuleFailure(f"{where} ({name}): {problem}") from None
    return out
