# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases as data: a world, a call, the expected answer and the expected world. README.md describes the format."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "cases"
WORLDS = "worlds.yml"
ENGINES = ("lab", "powershell")
REMOVED = "(removed)"
_FIELDS = {
    *("name", "module", "world", "node", "arguments", "check", "faults", "answer", "predicted", "after", "calls"),
    *("engines", "reason", "fails_on", "variants"),
}


class BadCase(Exception):
    """A case that is not in the format."""


class _Loader(yaml.SafeLoader):
    """YAML in which Off is a state, a time is text, and twelve digits are a MAC address."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[1] not in ("bool", "int", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]{0,10})$"), list("-0123456789"))


def _mapping(loader: _Loader, node: yaml.MappingNode, deep: bool = False) -> Json:
    names = [key.value for key, _value in node.value if key.tag != "tag:yaml.org,2002:merge"]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise BadCase(f"{node.start_mark}: twice: {', '.join(sorted(twice))}")
    loader.flatten_mapping(node)
    return {loader.construct_object(key, True): loader.construct_object(value, True) for key, value in node.value}


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@dataclass(frozen=True)
class Case:
    """One case; `topic` is the name of its file."""

    topic: str
    name: str
    module: str
    world: Json
    node: str
    arguments: Json
    check: bool | str
    faults: Json
    answer: Json
    predicted: Json | None
    after: Json | None
    calls: dict[str, int]
    engines: tuple[str, ...]
    fails_on: str | None

    @property
    def id(self) -> str:
        return f"{self.topic}: {self.name}"


def load_all() -> list[Case]:
    """Every case of every file, in order."""
    found = [case for path in sorted(FOLDER.glob("*.yml")) if path.name != WORLDS for case in load(path)]
    names = [case.id for case in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise BadCase(f"two cases have one name: {', '.join(sorted(twice))}")
    return found


def load(path: Path) -> list[Case]:
    worlds = _read(FOLDER / WORLDS)
    found = []
    for raw in _read(path) or []:
        if "world" in raw:
            raw = {**raw, "world": expand(raw["world"], worlds)}
        found += [_case(path.stem, entry) for entry in _variants(raw)]
    return found


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


def _variants(raw: Json) -> list[Json]:
    """A case with variants is as many cases; each is the case with the variant merged over it."""
    variants = raw.get("variants")
    if variants is None:
        return [raw]
    base = {name: value for name, value in raw.items() if name != "variants"}
    return [
        merge(base, {**variant, "name": f"{raw['name']}: {variant['name']}"}, by_name=False)
        for variant in copy.deepcopy(variants)
    ]


def _case(topic: str, entry: Json) -> Case:
    where = f"{topic}: {entry.get('name')!r}"
    unknown = set(entry) - _FIELDS
    if unknown:
        raise BadCase(f"{where}: unknown: {', '.join(sorted(unknown))}")
    missing = {"name", "module", "world"} - set(entry)
    if missing:
        raise BadCase(f"{where}: missing: {', '.join(sorted(missing))}")
    engines = tuple(entry.get("engines", ENGINES))
    if engines != ENGINES and not entry.get("reason"):
        raise BadCase(f"{where}: runs on {', '.join(engines)} only and gives no reason")
    world = entry["world"]
    return Case(
        topic=topic,
        name=entry["name"],
        module=entry["module"],
        world=world,
        node=entry.get("node") or next(iter(world["nodes"])),
        arguments={**({"schema": 1} if entry["module"] == "host_apply" else {}), **entry.get("arguments", {})},
        check=entry.get("check", "both" if entry["module"] == "host_apply" else False),
        faults=entry.get("faults", {}),
        answer=entry.get("answer", {}),
        predicted=entry.get("predicted"),
        after=entry.get("after"),
        calls=entry.get("calls", {}),
        engines=engines,
        fails_on=entry.get("fails_on"),
    )


def expand(world: str | Json, worlds: Json) -> Json:
    """A world by its name, or one that is built on another: what has the same name is merged."""
    if isinstance(world, str):
        return expand(copy.deepcopy(worlds[world]), worlds)
    if "from" not in world:
        return copy.deepcopy(world)
    rest = {name: value for name, value in world.items() if name != "from"}
    merged: Json = merge(expand(world["from"], worlds), copy.deepcopy(rest), by_name=True)
    return merged


def merge(base: Any, change: Any, *, by_name: bool) -> Any:
    """Dicts key by key; lists of dicts entry by entry (by name, or by place); everything else is replaced."""
    if isinstance(base, dict) and isinstance(change, dict):
        out = dict(base)
        for key, value in change.items():
            if value == REMOVED:
                out.pop(key, None)
            else:
                out[key] = merge(base[key], value, by_name=by_name) if key in base else value
        return out
    if _dicts(base) and _dicts(change):
        out_list = list(base)
        for place, value in enumerate(change):
            if by_name:
                place = next((i for i, one in enumerate(base) if one.get("name") == value.get("name")), len(out_list))
            if place < len(out_list):
                out_list[place] = merge(out_list[place], value, by_name=by_name)
            else:
                out_list.append(value)
        return out_list
    return copy.deepcopy(change)


def _dicts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
