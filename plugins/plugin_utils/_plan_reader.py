# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a plan. Pure: the value of ``macpool_plan`` goes in, a proved plan comes out.

Three kinds of land - leased to hosts, handed out by pools, others' - are pairwise disjoint, or the plan is refused with
both places named. All errors of a plan are found in one go.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError, raise_all
from ansible_collections.macpool.hyperv.plugins.module_utils._mac import (
    MAX_RANGE_SIZE,
    Interval,
    IntervalSet,
    overlaps,
    parse_count,
    parse_interval,
    parse_mac,
)
from ansible_collections.macpool.hyperv.plugins.plugin_utils._allocator import STRATEGIES
from ansible_collections.macpool.hyperv.plugins.plugin_utils._plan import (
    ADOPTED,
    DEFAULT_REUSE_AFTER,
    DEFAULT_WARN_AT,
    HYPERV_LAND,
    NLB_LAND,
    RULES,
    Exclusion,
    HostRanges,
    OtherAllocator,
    Plan,
    Pool,
    Waiver,
    digest_of,
    nearest,
)

OTHER_KINDS = ("network_controller", "scvmm", "azure_local", "hyperv", "containers", "other")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_T = TypeVar("_T")


def parse_duration(value: object, subject: str) -> int:
    """Return seconds from text such as ``90s``, ``30m``, ``4h``, ``7d`` or ``2w``; a bare number is seconds."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        return int(match[1]) * _SECONDS[match[2]]
    try:
        return parse_count(value, subject, 10**10, minimum=0)
    except MacPoolError:
        raise MacPoolError(
            subject, "a time such as 90s, 30m, 4h, 7d or 2w", repr(value), "Give a number and one unit."
        ) from None


def parse_plan(raw: object, today: dt.date | None = None) -> Plan:
    """Check a plan and return it.

    :param raw: the value of ``macpool_plan``
    :param today: the day on which waivers are judged; default: today (UTC)
    :raises MacPoolError: one error, or a ManyErrors with all of them
    """
    reader = _Reader(today or dt.datetime.now(dt.timezone.utc).date())
    plan = reader.plan(raw)
    raise_all("macpool_plan", reader.errors)
    if plan is None:
        raise AssertionError("a plan without errors was not read")
    return plan


class _Reader:
    """Reads a plan and collects every error instead of stopping at the first."""

    def __init__(self, today: dt.date) -> None:
        self.today = today
        self.errors: list[MacPoolError] = []
        self.warnings: list[str] = []

    def attempt(self, read: Callable[[], _T]) -> _T | None:
        """Return what ``read`` returns; None after noting its error."""
        try:
            return read()
        except MacPoolError as error:
            self.errors.append(error)
            return None

    def mapping(self, value: object, place: str, required: Sequence[str], optional: Sequence[str]) -> Mapping[str, Any]:
        """Return a mapping after noting unknown and missing keys; an empty one when it is no mapping at all."""
        if not isinstance(value, Mapping):
            self.error(place, "a mapping", value, "Write keys and values, as in the example of the guide.")
            return {}
        known = [*required, *optional]
        for key in value:
            if key not in known:
                remedy = f"Remove it{nearest(str(key), known)}; the keys are {', '.join(known)}."
                self.errors.append(MacPoolError(f"{place}.{key}", "a key that the plan knows", repr(key), remedy))
        for key in required:
            if key not in value or value[key] is None:
                self.errors.append(MacPoolError(f"{place}.{key}", "a value", "none", f"Add {key}: to {place}."))
        return {key: value[key] for key in known if key in value and value[key] is not None}

    def sequence(self, value: object, place: str, at_least: int = 0) -> Sequence[Any]:
        """Return a list; an empty one after noting that it is none or too short."""
        if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence) or len(value) < at_least:
            wanted = "a list" + (f" of at least {at_least}" if at_least else "")
            self.error(place, wanted, value, "Write each element on a line of its own that begins with a dash.")
            return ()
        return value

    def error(self, place: str, wanted: str, found: object, remedy: str) -> None:
        shown = repr(found)
        self.errors.append(MacPoolError(place, wanted, shown if len(shown) <= 120 else f"{shown[:117]}...", remedy))

    def name(self, value: object, place: str) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return str(value)
        self.error(
            place,
            "a name of at most 64 letters, digits, dots, dashes and underscores that begins with a letter or digit",
            value,
            "Rename it.",
        )
        return ""

    def text(self, value: object, place: str) -> str:
        if isinstance(value, str) and value.strip() and value.isprintable():
            return str(value)
        self.error(place, "a line of text", value, "Write some words, in quotes.")
        return ""

    def choice(self, value: object, place: str, choices: Sequence[str]) -> str:
        if isinstance(value, str) and value in choices:
            return str(value)
        self.error(place, f"one of {', '.join(choices)}", value, f"Name one of these{nearest(str(value), choices)}.")
        return choices[0]

    def plan(self, raw: object) -> Plan | None:
        keys = self.mapping(
            raw,
            "macpool_plan",
            ["scope"],
            ["host_ranges", "pools", "other_allocators", "l2_domains", "max_observation_age", "waivers"],
        )
        waivers = tuple(
            waiver
            for index, item in enumerate(self.sequence(keys.get("waivers", ()), "macpool_plan.waivers"))
            if (waiver := self.waiver(item, f"macpool_plan.waivers[{index}]"))
        )
        places: list[tuple[int, int, str]] = []
        host_ranges = self.host_ranges(keys["host_ranges"], places) if "host_ranges" in keys else None
        pools = self.pools(keys.get("pools", {}), places)
        others = self.others(keys.get("other_allocators", ()), places)
        self.prove_disjoint(places)
        for pool in pools.values():
            self.judge_pool(pool, waivers)
        age = keys.get("max_observation_age")
        plan = {
            "scope": self.name(keys["scope"], "macpool_plan.scope") if "scope" in keys else "",
            "pools": pools,
            "host_ranges": host_ranges,
            "other_allocators": others,
            "l2_domains": self.l2_domains(keys.get("l2_domains", ())),
            "max_observation_age": None
            if age is None
            else self.attempt(lambda: parse_duration(age, "macpool_plan.max_observation_age")),
            "waivers": waivers,
        }
        if self.errors:
            return None
        return Plan(**plan, digest=digest_of(plan), warnings=tuple(self.warnings))  # type: ignore[arg-type]

    def ranges(self, value: object, place: str, places: list[tuple[int, int, str]]) -> tuple[Interval, ...]:
        found = []
        for index, item in enumerate(self.sequence(value, place, at_least=1)):
            here = f"{place}[{index}]"
            self.mapping(item, here, ["start"], ["end", "size"])
            if interval := self.attempt(lambda item=item, here=here: parse_interval(item, here)):  # type: ignore[misc]
                found.append(interval)
                places.append((*interval, here))
        return tuple(found)

    def pools(self, value: object, places: list[tuple[int, int, str]]) -> Mapping[str, Pool]:
        if not isinstance(value, Mapping):
            self.error("macpool_plan.pools", "a mapping of pools by name", value, "Write pools: {tenant: {...}}.")
            return {}
        pools = {}
        for name, item in value.items():
            place = f"macpool_plan.pools.{name}"
            if self.name(name, place) == ADOPTED:
                self.error(
                    place, f'a name other than "{ADOPTED}"', name, "Rename it: the ledger uses that name itself."
                )
            if pool := self.pool(str(name), item, place, places):
                pools[pool.name] = pool
        return MappingProxyType(dict(sorted(pools.items())))

    def pool(self, name: str, value: object, place: str, places: list[tuple[int, int, str]]) -> Pool | None:
        keys = self.mapping(value, place, ["ranges"], ["exclude", "strategy", "reuse_after", "warn_at"])
        if "ranges" not in keys:
            return None
        ranges = self.ranges(keys["ranges"], f"{place}.ranges", places)
        land = IntervalSet(ranges)
        exclude = []
        for index, item in enumerate(self.sequence(keys.get("exclude", ()), f"{place}.exclude")):
            if exclusion := self.exclusion(item, f"{place}.exclude[{index}]", land):
                exclude.append(exclusion)
        reuse_after = keys.get("reuse_after", DEFAULT_REUSE_AFTER)
        pool = Pool(
            name=name,
            ranges=land,
            exclude=tuple(exclude),
            strategy=self.choice(keys.get("strategy", STRATEGIES[0]), f"{place}.strategy", STRATEGIES),
            reuse_after=None
            if reuse_after == "never"
            else self.attempt(lambda: parse_duration(reuse_after, f"{place}.reuse_after")),
            warn_at=self.percent(keys, place),
        )
        if ranges and not pool.land:
            self.error(place, "an address to hand out", "exclusions that cover all ranges", "Exclude less.")
        return pool

    def exclusion(self, value: object, place: str, land: IntervalSet) -> Exclusion | None:
        keys = self.mapping(value, place, ["start"], ["end", "size", "reason"])
        interval = self.attempt(lambda: parse_interval(value, place))
        if interval is None:
            return None
        if land and not any(land.overlapping(*interval)):
            self.error(
                place, "addresses of the pool's own ranges", str(interval), "Mend the address, or drop the exclusion."
            )
        return Exclusion(interval, self.text(keys["reason"], f"{place}.reason") if "reason" in keys else "")

    def percent(self, keys: Mapping[str, Any], place: str) -> int:
        value = keys.get("warn_at", DEFAULT_WARN_AT)
        return self.attempt(lambda: parse_count(value, f"{place}.warn_at", 100)) or DEFAULT_WARN_AT

    def host_ranges(self, value: object, places: list[tuple[int, int, str]]) -> HostRanges | None:
        place = "macpool_plan.host_ranges"
        keys = self.mapping(value, place, ["ranges", "size_per_host", "hosts"], ["static_per_host", "warn_at"])
        intervals = self.ranges(keys.get("ranges", [None]), f"{place}.ranges", places) if "ranges" in keys else ()
        size = self.attempt(
            lambda: parse_count(keys.get("size_per_host", 256), f"{place}.size_per_host", MAX_RANGE_SIZE)
        )
        static = self.attempt(
            lambda: parse_count(keys.get("static_per_host", 0), f"{place}.static_per_host", MAX_RANGE_SIZE, minimum=0)
        )
        hosts = self.hosts(keys["hosts"], f"{place}.hosts") if "hosts" in keys else ()
        if size is None or static is None:
            return None
        if static >= size:
            self.error(
                f"{place}.static_per_host",
                f"less than size_per_host, which is {size}",
                static,
                "Leave each host some addresses for its own dynamic range.",
            )
        result = HostRanges(IntervalSet(intervals), intervals, size, static, self.percent(keys, place), hosts)
        if intervals and result.block_count < len(hosts):
            self.error(
                place,
                f"room for {len(hosts)} hosts",
                f"{result.block_count} blocks of {size} addresses",
                "Add or widen a range, or lower size_per_host.",
            )
        for index, interval in enumerate(intervals):
            self.note_default_land(interval, f"{place}.ranges[{index}]")
        return result

    def hosts(self, value: object, place: str) -> tuple[str, ...]:
        hosts: dict[str, str] = {}
        for index, item in enumerate(self.sequence(value, place)):
            host = self.text(item, f"{place}[{index}]")
            if host.casefold() in hosts:
                self.error(f"{place}[{index}]", "each host once", host, "Remove the second one.")
            hosts.setdefault(host.casefold(), host)
        return tuple(host for host in hosts.values() if host)

    def note_default_land(self, interval: Interval, place: str) -> None:
        """Name the hosts whose default range lies in leased land of Hyper-V's own prefix (fact 11)."""
        start, end = max(interval.start, HYPERV_LAND.start), min(interval.end, HYPERV_LAND.end)
        if start <= end:
            first, last = (f"x.x.{address >> 16 & 0xFF}.{address >> 8 & 0xFF}" for address in (start, end))
            self.warnings.append(
                f"{place}: {Interval(start, end)} is what Hyper-V makes itself on hosts with an IPv4 address from"
                f" {first} to {last} (fact 11): no host outside this plan may have such an address."
            )

    def others(self, value: object, places: list[tuple[int, int, str]]) -> tuple[OtherAllocator, ...]:
        found = []
        names: set[str] = set()
        for index, item in enumerate(self.sequence(value, "macpool_plan.other_allocators")):
            place = f"macpool_plan.other_allocators[{index}]"
            keys = self.mapping(item, place, ["name", "kind", "start"], ["end", "size"])
            name = self.text(keys["name"], f"{place}.name") if "name" in keys else ""
            if name and name in names:
                self.error(f"{place}.name", "each name once", name, "Give every allocator a name of its own.")
            names.add(name)
            interval = self.attempt(lambda item=item, place=place: parse_interval(item, place)) if keys else None  # type: ignore[misc]
            if interval is None or "kind" not in keys:
                continue
            places.append((*interval, f'{place} ("{name}")'))
            found.append(OtherAllocator(name, self.choice(keys["kind"], f"{place}.kind", OTHER_KINDS), interval))
        return tuple(found)

    def l2_domains(self, value: object) -> tuple[Mapping[str, Any], ...]:
        found = []
        for index, item in enumerate(self.sequence(value, "macpool_plan.l2_domains")):
            place = f"macpool_plan.l2_domains[{index}]"
            keys = dict(self.mapping(item, place, ["name"], ["cluster", "switch", "vlan", "vsid"]))
            for key, maximum in (("vlan", 4094), ("vsid", (1 << 24) - 1)):
                if key in keys:
                    keys[key] = self.attempt(
                        lambda keys=keys, key=key, maximum=maximum, place=place: parse_count(  # type: ignore[misc]
                            keys[key], f"{place}.{key}", maximum, minimum=0
                        )
                    )
            for key in {"name", "cluster", "switch"} & keys.keys():
                keys[key] = self.text(keys[key], f"{place}.{key}")
            found.append(MappingProxyType(keys))
        return tuple(found)

    def waiver(self, value: object, place: str) -> Waiver | None:
        keys = self.mapping(value, place, ["rule", "subject", "reason", "owner", "until"], [])
        if len(keys) < 5:
            return None
        until = keys["until"]
        if isinstance(until, dt.datetime):
            until = until.date()
        if isinstance(until, str):
            try:
                until = dt.date.fromisoformat(until)
            except ValueError:
                until = None
        if not isinstance(until, dt.date):
            self.error(f"{place}.until", "a day such as 2027-01-31", keys["until"], "Write year, month and day.")
            return None
        return Waiver(
            rule=self.choice(keys["rule"], f"{place}.rule", RULES),
            subject=self.text(keys["subject"], f"{place}.subject"),
            reason=self.text(keys["reason"], f"{place}.reason"),
            owner=self.text(keys["owner"], f"{place}.owner"),
            until=until,
        )

    def prove_disjoint(self, places: list[tuple[int, int, str]]) -> None:
        """Note every stretch of land that two places of the plan claim."""
        for start, end, labels in overlaps(places):
            first, second = labels[:2]
            more = f" (and {len(labels) - 2} more)" if len(labels) > 2 else ""
            self.errors.append(
                MacPoolError(
                    f"{first} and {second}{more}",
                    "land that does not overlap",
                    f"both with {Interval(start, end)}",
                    "Give each address to one of them.",
                )
            )

    def judge_pool(self, pool: Pool, waivers: Sequence[Waiver]) -> None:
        """Refuse land that anybody else may generate, warn of land that somebody else may own."""
        place = f"macpool_plan.pools.{pool.name}.ranges"
        for interval in pool.ranges & IntervalSet([HYPERV_LAND]):
            if not self.is_waived(interval, waivers):
                self.error(
                    place,
                    "land that no unmanaged Hyper-V host, nested host or container network makes addresses in",
                    str(interval),
                    "Use an x2 prefix such as 22-1D-D8, or add a waiver of rule risky-address with subject"
                    f' "{interval}" to macpool_plan.waivers.',
                )
        for interval in pool.ranges & NLB_LAND:
            self.warnings.append(
                f"{place}: {interval} is what Windows NLB clusters make (fact 110): use an x2 prefix such as 22."
            )
        for interval in pool.ranges:
            for name in sorted(set(filter(None, map(_registered_name, interval)))):
                self.warnings.append(
                    f"{place}: {interval} is registered to {name}: its own equipment may carry the same addresses."
                )

    def is_waived(self, interval: Interval, waivers: Sequence[Waiver]) -> bool:
        for waiver in waivers:
            covered = parse_subject(waiver.subject)
            if (
                waiver.rule == "risky-address"
                and waiver.until >= self.today
                and covered
                and covered.start <= interval.start
                and interval.end <= covered.end
            ):
                return True
        return False


def parse_subject(subject: str) -> Interval | None:
    """Return the addresses of a waiver's subject: one address or ``A..B``; None when it names a VM or a host."""
    first, _dots, last = subject.partition("..")
    try:
        return Interval(parse_mac(first), parse_mac(last or first))
    except MacPoolError:
        return None


def _registered_name(address: int) -> str | None:
    """Return to whom the IEEE registered an address's first three octets; None for Hyper-V's and for local ones."""
    if address >> 40 & 0x02 or HYPERV_LAND.start <= address <= HYPERV_LAND.end:
        return None
    # Loading the registry takes longer than all else here, and most plans never ask.
    import netaddr

    try:
        return str(netaddr.OUI(address >> 24).registration().org)
    except netaddr.NotRegisteredError:
        return None
