# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a plan: the value of ``macpool_plan`` goes in, a proved plan comes out.

Three kinds of ranges - leased to hosts, handed out by pools, those of other allocators - are pairwise disjoint, or the plan is refused with
both places named. All errors of a plan are found in one go.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import yaml

from ...module_utils._errors import MacPoolError, raise_all
from ...module_utils._mac import (
    MAX_RANGE_SIZE,
    Interval,
    IntervalSet,
    overlaps,
    parse_count,
    parse_interval,
    parse_mac,
    shown,
)
from .._files import read_bytes
from .._names import host_label, same_host
from .model import (
    ADOPTED,
    DEFAULT_REUSE_AFTER,
    DEFAULT_WARN_AT,
    HYPERV_RANGE,
    RULES,
    STRATEGIES,
    Exclusion,
    HostRanges,
    OtherAllocator,
    Plan,
    Pool,
    Waiver,
    nearest,
)

OTHER_KINDS = ("network_controller", "scvmm", "azure_local", "hyperv", "containers", "other")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MAX_SECONDS = 10**10
_MAX_SEGMENT = {"vlan": 4094, "vsid": (1 << 24) - 1}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_T = TypeVar("_T")
_P = ParamSpec("_P")


def parse_duration(value: object, subject: str) -> int:
    """Return seconds from text such as ``90s``, ``30m``, ``4h``, ``7d`` or ``2w``; a bare number is seconds."""
    seconds: object = value
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        seconds = int(match[1]) * _SECONDS[match[2]]
    try:
        return parse_count(seconds, subject, _MAX_SECONDS, minimum=0)
    except MacPoolError:
        wanted = "a time such as 90s, 30m, 4h, 7d or 2w, of 300 years at most"
        raise MacPoolError(subject, wanted, shown(value), "Give a whole number and one unit.") from None


def parse_plan(raw: object, today: dt.date | None = None) -> Plan:
    """Check a plan and return it.

    :param raw: the value of ``macpool_plan``
    :param today: the day on which waivers are judged; default: today (UTC)
    :raises MacPoolError: one error, or a ManyErrors with all of them
    """
    reader = _Reader(today or dt.datetime.now(dt.timezone.utc).date())
    plan = reader.plan(raw)
    raise_all("macpool_plan", reader.errors)
    return plan


LARGEST_PLAN = 16 << 20
"""In bytes: a plan with 100,000 ranges."""


def read_plan_file(path: str, named_by: str) -> Any:
    """Return what a YAML file holds: a plan that is not in the inventory.

    :param named_by: the environment variable with its path, for the error message
    :raises MacPoolError: when it cannot be read
    """
    try:
        return yaml.safe_load(read_bytes(Path(path), LARGEST_PLAN))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        wanted = "a YAML file that can be read"
        remedy = "Fix the file, or the variable."
        raise MacPoolError(f'the plan file "{path}" named by {named_by}', wanted, str(error), remedy) from error


def _quote_it(value: object) -> str:
    """Return the remedy where YAML made something else of text; empty for text itself."""
    for kinds, examples, read in (
        (bool, "on, off, yes, no, true and false", "as true or false"),
        ((int, float), "text such as 100, 1.5 or 12:34:56:12:34:56", "as a number"),
        (dt.date, "text such as 2027-01-31", "as a date"),
    ):
        if isinstance(value, kinds):
            return f"Quote it: without quotes, YAML reads {examples} {read}."
    return ""


def parse_subject(subject: str) -> Interval | None:
    """Return the addresses of a waiver's subject: one address or ``A..B``; None when it names a VM or a host."""
    first, _dots, last = subject.partition("..")
    try:
        interval = Interval(parse_mac(first.strip()), parse_mac((last or first).strip()))
    except MacPoolError:
        return None
    return interval if interval.start <= interval.end else None


class _Reader:
    """Reads a plan and collects every error instead of stopping at the first.

    After an error each method returns something of the right type, so that reading goes on; a plan that was read with
    errors is thrown away.
    """

    def __init__(self, today: dt.date) -> None:
        self.today = today
        self.errors: list[MacPoolError] = []
        self.places: list[tuple[int, int, str]] = []
        """Every range, and where the plan says so."""

    # What any document is made of

    def error(self, place: str, wanted: str, found: object, remedy: str) -> None:
        """Note that a value of the plan is wrong."""
        self.problem(place, wanted, shown(found), remedy)

    def problem(self, place: str, wanted: str, found: str, remedy: str) -> None:
        """Note what is wrong, with what was found in words."""
        self.errors.append(MacPoolError(place, wanted, found, remedy))

    def attempt(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """Return what ``read`` returns; None after noting its error."""
        try:
            return read(*args, **kwargs)
        except MacPoolError as error:
            self.errors.append(error)
            return None

    def mapping(
        self, value: object, place: str, required: Sequence[str], optional: Sequence[str] = ()
    ) -> Mapping[str, Any]:
        """Return the known keys that have a value, after noting unknown and missing ones."""
        if not isinstance(value, Mapping):
            self.error(place, f"a mapping with {', '.join(required)}", value, "Write keys and values.")
            return {}
        known = [*required, *optional]
        for key in value:
            if key not in known:
                remedy = f"Remove it{nearest(str(key), known)}; the keys are {', '.join(known)}."
                self.error(f"{place}.{key}", "a key that the plan knows", key, remedy)
        for key in required:
            if value.get(key) is None:
                self.problem(f"{place}.{key}", "a value", "none", f"Add {key}: to {place}.")
        return {key: value[key] for key in known if value.get(key) is not None}

    def items(self, value: object, place: str, at_least: int = 0) -> list[tuple[str, Any]]:
        """Return the elements of a list, each with its place."""
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence) or len(value) < at_least:
            wanted = "a list" + (f" of at least {at_least}" if at_least else "")
            self.error(place, wanted, value, "Write each element on a line of its own that begins with a dash.")
            return []
        return [(f"{place}[{index}]", item) for index, item in enumerate(value)]

    def name(self, value: object, place: str) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return str(value)
        wanted = "a name of at most 64 letters, digits, dots, dashes and underscores that begins with a letter or digit"
        self.error(place, wanted, value, _quote_it(value) or "Rename it.")
        return ""

    def text(self, value: object, place: str) -> str:
        # A folded or literal block of YAML ends with a line feed.
        if isinstance(value, str) and value.strip() and value.strip().isprintable():
            return str(value).strip()
        self.error(place, "a line of text", value, _quote_it(value) or "Write some words, in quotes.")
        return ""

    def choice(self, value: object, place: str, choices: Sequence[str]) -> str:
        if isinstance(value, str) and value in choices:
            return str(value)
        self.error(place, f"one of {', '.join(choices)}", value, f"Name one of these{nearest(str(value), choices)}.")
        return choices[0]

    def duration(self, value: object, place: str) -> int:
        return self.attempt(parse_duration, value, place) or 0

    def percent(self, keys: Mapping[str, Any], place: str) -> int:
        return self.attempt(parse_count, keys.get("warn_at", DEFAULT_WARN_AT), f"{place}.warn_at", 100) or 100

    def day(self, value: object, place: str) -> dt.date:
        with suppress(ValueError):
            if isinstance(value, str) and _DAY.fullmatch(value):
                return dt.date.fromisoformat(value)
        if isinstance(value, dt.date):
            return dt.date(value.year, value.month, value.day)  # YAML may have made a date with a time of it
        self.error(place, "a day such as 2027-01-31", value, "Write year, month and day.")
        return self.today

    def interval(self, keys: Mapping[str, Any], place: str, claimed_by: str = "") -> Interval | None:
        """Return the addresses from ``start`` to ``end`` or of ``size``.

        :param claimed_by: whose they are, for the proof that no others are the same; empty: they may be others' too
        """
        interval = self.attempt(parse_interval, keys, place) if "start" in keys else None
        if interval and claimed_by:
            self.places.append((*interval, claimed_by))
        return interval

    def ranges(self, value: object, place: str) -> tuple[Interval, ...]:
        found = []
        for here, item in self.items(value, place, at_least=1):
            if interval := self.interval(self.mapping(item, here, ["start"], ["end", "size"]), here, here):
                found.append(interval)
        return tuple(found)

    # What a plan is made of

    def plan(self, raw: object) -> Plan:
        here = "macpool_plan"
        keys = self.mapping(
            raw,
            here,
            ["scope"],
            ["host_ranges", "pools", "other_allocators", "l2_domains", "max_observation_age", "waivers"],
        )
        waivers = tuple(
            self.waiver(item, place) for place, item in self.items(keys.get("waivers", ()), f"{here}.waivers")
        )
        host_ranges = self.host_ranges(keys["host_ranges"], f"{here}.host_ranges") if "host_ranges" in keys else None
        pools = self.pools(keys.get("pools", {}), f"{here}.pools")
        others = self.others(keys.get("other_allocators", ()), f"{here}.other_allocators")
        self.prove_disjoint()
        self.judge_hyperv_ranges(pools.values(), f"{here}.pools", waivers)
        age = keys.get("max_observation_age")
        return Plan(
            scope=self.name(keys["scope"], f"{here}.scope") if "scope" in keys else "",
            pools=pools,
            host_ranges=host_ranges,
            other_allocators=others,
            l2_domains=self.l2_domains(keys.get("l2_domains", ()), f"{here}.l2_domains"),
            max_observation_age=None if age is None else self.duration(age, f"{here}.max_observation_age"),
            waivers=waivers,
        )

    def pools(self, value: object, here: str) -> Mapping[str, Pool]:
        if not isinstance(value, Mapping):
            self.error(here, "a mapping of pools by name", value, "Write pools: {tenant: {...}}.")
            return {}
        pools = {}
        for key, item in value.items():
            place = f"{here}.{key}"
            name = self.name(key, place)
            if name == ADOPTED:
                self.error(
                    place, f'a name other than "{ADOPTED}"', name, "Rename it: the ledger uses that name itself."
                )
            pools[name] = self.pool(name, item, place)
        return MappingProxyType(dict(sorted(pools.items())))

    def pool(self, name: str, value: object, place: str) -> Pool:
        keys = self.mapping(value, place, ["ranges"], ["exclude", "strategy", "reuse_after", "warn_at"])
        ranges = IntervalSet(self.ranges(keys["ranges"], f"{place}.ranges") if "ranges" in keys else ())
        reuse_after = keys.get("reuse_after", DEFAULT_REUSE_AFTER)
        pool = Pool(
            name=name,
            ranges=ranges,
            exclude=self.exclusions(keys.get("exclude", ()), f"{place}.exclude", ranges),
            strategy=self.choice(keys.get("strategy", STRATEGIES[0]), f"{place}.strategy", STRATEGIES),
            reuse_after=None if reuse_after == "never" else self.duration(reuse_after, f"{place}.reuse_after"),
            warn_at=self.percent(keys, place),
        )
        if pool.ranges and not pool.usable:
            self.problem(place, "an address to hand out", "exclusions that cover all its ranges", "Exclude less.")
        return pool

    def exclusions(self, value: object, here: str, ranges: IntervalSet) -> tuple[Exclusion, ...]:
        found = []
        for place, item in self.items(value, here):
            keys = self.mapping(item, place, ["start"], ["end", "size", "reason"])
            reason = self.text(keys["reason"], f"{place}.reason") if "reason" in keys else ""
            if interval := self.interval(keys, place):
                found.append(Exclusion(interval, reason))
                if ranges and not any(ranges.overlapping(*interval)):
                    remedy = "Fix the address, or drop the exclusion."
                    self.problem(place, "addresses of the pool's own ranges", str(interval), remedy)
        return tuple(found)

    def host_ranges(self, value: object, place: str) -> HostRanges:
        keys = self.mapping(value, place, ["ranges", "size_per_host", "hosts"], ["static_per_host", "warn_at"])
        intervals = self.ranges(keys["ranges"], f"{place}.ranges") if "ranges" in keys else ()
        hosts = self.hosts(keys["hosts"], f"{place}.hosts") if "hosts" in keys else ()
        size, static = (
            self.attempt(parse_count, keys[key], f"{place}.{key}", MAX_RANGE_SIZE, least) if key in keys else None
            for key, least in (("size_per_host", 1), ("static_per_host", 0))
        )
        result = HostRanges(IntervalSet(intervals), intervals, size or 1, static or 0, self.percent(keys, place), hosts)
        if size and result.static_per_host >= size:
            remedy = "Leave each host some addresses for its own dynamic range."
            self.error(f"{place}.static_per_host", f"less than size_per_host, which is {size}", static, remedy)
        if size and intervals and result.block_count < len(hosts):
            found = f"{result.block_count} blocks of {size} addresses"
            self.problem(place, f"room for {len(hosts)} hosts", found, "Add or widen a range, or lower size_per_host.")
        return result

    def hosts(self, value: object, here: str) -> tuple[str, ...]:
        hosts: list[str] = []
        by_label: dict[str, list[str]] = {}
        for place, item in self.items(value, here):
            if not (host := self.text(item, place)):
                continue
            # A short name means the full one with that label: both would share one block.
            alike = by_label.setdefault(host_label(host), [])
            same = next((other for other in alike if same_host(host, other)), None)
            if same is not None:
                found = f"{host}, which means {same} too" if host != same else host
                self.error(place, "each host once", found, "Remove one of them, or give both full names.")
            hosts.append(host)
            alike.append(host)
        return tuple(hosts)

    def others(self, value: object, here: str) -> tuple[OtherAllocator, ...]:
        found = []
        names: set[str] = set()
        for place, item in self.items(value, here):
            keys = self.mapping(item, place, ["name", "kind", "start"], ["end", "size"])
            name = self.text(keys["name"], f"{place}.name") if "name" in keys else ""
            if name and name in names:
                self.error(f"{place}.name", "each name once", name, "Give every allocator a name of its own.")
            names.add(name)
            kind = self.choice(keys["kind"], f"{place}.kind", OTHER_KINDS) if "kind" in keys else ""
            if interval := self.interval(keys, place, f'{place} ("{name}")'):
                found.append(OtherAllocator(name, kind, interval))
        return tuple(found)

    def l2_domains(self, value: object, here: str) -> tuple[Mapping[str, Any], ...]:
        found = []
        for place, item in self.items(value, here):
            keys = self.mapping(item, place, ["name"], ["cluster", "switch", "vlan", "vsid"])
            domain: dict[str, Any] = {}
            for key, given in keys.items():
                if key in _MAX_SEGMENT:
                    domain[key] = self.attempt(parse_count, given, f"{place}.{key}", _MAX_SEGMENT[key], 0)
                else:
                    domain[key] = self.text(given, f"{place}.{key}")
            found.append(MappingProxyType(domain))
        return tuple(found)

    def waiver(self, value: object, place: str) -> Waiver:
        keys = self.mapping(value, place, ["rule", "subject", "reason", "owner", "until"])
        words = {
            key: self.text(keys[key], f"{place}.{key}") if key in keys else "" for key in ("subject", "reason", "owner")
        }
        rule = self.choice(keys["rule"], f"{place}.rule", RULES) if "rule" in keys else ""
        until = self.day(keys["until"], f"{place}.until") if "until" in keys else self.today
        return Waiver(rule=rule, **words, until=until)

    # What a plan must prove

    def prove_disjoint(self) -> None:
        """Note every stretch of addresses that two places of the plan claim."""
        for start, end, labels in overlaps(self.places):
            first, second = labels[:2]
            more = f" (and {len(labels) - 2} more)" if len(labels) > 2 else ""
            found = f"{Interval(start, end)} in both"
            remedy = "Give each address to one of them."
            self.problem(f"{first} and {second}{more}", "ranges that do not overlap", found, remedy)

    def judge_hyperv_ranges(self, pools: Iterable[Pool], here: str, waivers: Sequence[Waiver]) -> None:
        """Refuse pools where any unmanaged or nested host, or a container network, may make addresses."""
        waived = [
            (interval, waiver.until)
            for waiver in waivers
            if waiver.rule == "risky-address" and (interval := parse_subject(waiver.subject))
        ]
        valid = IntervalSet(interval for interval, until in waived if until >= self.today)
        hyperv = IntervalSet([HYPERV_RANGE])
        for place, interval in (
            (f"{here}.{pool.name}.ranges", interval) for pool in pools for interval in (pool.ranges & hyperv) - valid
        ):
            ended = [until for lapsed, until in waived if lapsed.start <= interval.end and interval.start <= lapsed.end]
            self.problem(
                place,
                "ranges in which no unmanaged Hyper-V host, nested host or container network makes addresses",
                f"{interval}" + (f", whose waiver ended on {max(ended)}" if ended else ""),
                "Use an x2 prefix such as 22-1D-D8, or add a waiver of rule risky-address with subject"
                f' "{interval}" to macpool_plan.waivers.',
            )
