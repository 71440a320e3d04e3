# Copyright (c) 2026, the macpool.hyperv contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""MAC addresses and sets of them. For internal use by this collection only.

An address is an int inside the collection and 12 upper-case hex digits in documents; everything else is a way to read
or to print it. Intervals are inclusive at both ends.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ._errors import MacPoolError
from ._formats import FORMATS, all_formats, format_mac

__all__ = ["FORMATS", "all_formats", "format_mac"]

MAX_ADDRESS = (1 << 48) - 1
MAX_RANGE_SIZE = 1 << 40
"""All addresses of one first octet; a longer range always holds multicast addresses."""
ACCEPTED_FORMS = "AA-BB-CC-DD-EE-FF, AA:BB:CC:DD:EE:FF, AABB.CCDD.EEFF or AABBCCDDEEFF"
QUOTE_IT = (
    "Quote it: YAML reads an unquoted address such as 12:34:56:12:34:56 or 001550000000 as a number (base 60 or octal)."
)

_FORMS = re.compile(
    r"[0-9A-Fa-f]{12}"
    r"|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
)
_NUMBER = re.compile(r"[0-9]{1,20}")
_DROP_SEPARATORS = {ord(separator): None for separator in "-:."}


def parse_mac(value: object, subject: str = "MAC address") -> int:
    """Return the address that ``value`` spells.

    :param value: text in one of the accepted forms, in any case; no other type and no surrounding blanks
    :param subject: what the value is, for the error message
    :raises MacPoolError: when the value is not such a text
    """
    if isinstance(value, str) and _FORMS.fullmatch(value):
        return int(value.translate(_DROP_SEPARATORS), 16)
    # Templates and command lines make text of the number that YAML made of an address.
    looks_numeric = isinstance(value, (int, float)) or (isinstance(value, str) and value.isascii() and value.isdigit())
    remedy = QUOTE_IT if looks_numeric else "Write 12 hexadecimal digits with one kind of separator, in quotes."
    raise MacPoolError(subject, f"a MAC address as {ACCEPTED_FORMS}", shown(value), remedy)


def is_mac(value: object) -> bool:
    """Tell whether ``value`` is text that :func:`parse_mac` accepts."""
    return isinstance(value, str) and _FORMS.fullmatch(value) is not None


def is_multicast(address: int) -> bool:
    """Tell whether the group bit is set; Hyper-V refuses such an address on an adapter (fact 38)."""
    return bool(address >> 40 & 0x01)


def is_local(address: int) -> bool:
    """Tell whether the address is locally administered rather than bought from the IEEE."""
    return bool(address >> 40 & 0x02)


def is_administrators_own(address: int) -> bool:
    """Tell whether the second digit is 2: IEEE 802c leaves that quadrant to the administrator."""
    return address >> 40 & 0x0F == 0x02


def parse_unicast(value: object, subject: str = "MAC address") -> int:
    """Return the address like :func:`parse_mac`, but refuse what no adapter can carry (facts 38 and 39)."""
    address = parse_mac(value, subject)
    if is_multicast(address):
        found = f"{format_mac(address, 'dash')}, whose first octet is odd: a multicast address"
        remedy = "Make the first octet even; x2 (such as 22) is the administrator's own quadrant."
        raise MacPoolError(subject, "an individual (unicast) address", found, remedy)
    if address == 0:
        found = "000000000000, which Hyper-V shows for an adapter that never started"
        raise MacPoolError(subject, "an address that an adapter can carry", found, "Give a real address.")
    return address


class Interval(NamedTuple):
    """Consecutive addresses, both ends included."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Number of addresses."""
        return self.end - self.start + 1

    def __str__(self) -> str:
        return f"{format_mac(self.start, 'dash')}..{format_mac(self.end, 'dash')}"


def parse_interval(value: object, subject: str = "range") -> Interval:
    """Return the addresses that a mapping of ``start`` and either ``end`` or ``size`` describes.

    :param value: ``{start: MAC, end: MAC}`` or ``{start: MAC, size: number of addresses}``; other keys are ignored
    :raises MacPoolError: also when the range holds an address that no adapter can carry
    """
    if not isinstance(value, Mapping) or "start" not in value or ("end" in value) == ("size" in value):
        raise MacPoolError(
            subject, "a mapping of start and either end or size", shown(value), "Write {start: ..., size: ...}."
        )
    start = parse_unicast(value["start"], f"{subject}.start")
    if "end" in value:
        end = parse_mac(value["end"], f"{subject}.end")
    else:
        end = start + parse_count(value["size"], f"{subject}.size", MAX_ADDRESS) - 1
    if end < start:
        raise MacPoolError(
            subject, "a start that is not above the end", str(Interval(start, end)), "Swap the two, or fix one."
        )
    last = start | MAX_RANGE_SIZE - 1
    if end > last:
        raise MacPoolError(
            subject,
            "individual (unicast) addresses only, all with one even first octet",
            f"{end - start + 1} addresses from {format_mac(start, 'dash')}, among them the multicast address"
            f" {format_mac(last + 1, 'dash')}",
            f"End the range at {format_mac(last, 'dash')} at most; a further range can begin at the next even octet.",
        )
    return Interval(start, end)


def parse_count(value: object, subject: str, maximum: int, minimum: int = 1) -> int:
    """Return a whole number given as an int or as decimal text (templates make text of numbers)."""
    number = -1
    if (isinstance(value, str) and _NUMBER.fullmatch(value)) or (
        isinstance(value, int) and not isinstance(value, bool)
    ):
        number = int(value)
    if not minimum <= number <= maximum:
        raise MacPoolError(
            subject, f"a whole number from {minimum} to {maximum}", shown(value), "Give such a number, without a unit."
        )
    return number


def shown(value: object) -> str:
    """Return a value for an error message: on one line, without control characters, and not too long."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


class IntervalSet:
    """A set of addresses as sorted, disjoint, non-adjacent intervals; its cost follows the number of intervals."""

    __slots__ = ("_ends", "_offsets", "_starts", "size")

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        starts: list[int] = []
        ends: list[int] = []
        for start, end in sorted(intervals):
            if ends and start <= ends[-1] + 1:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        offsets = []
        size = 0
        for start, end in zip(starts, ends, strict=True):
            offsets.append(size)
            size += end - start + 1
        self._starts = starts
        self._ends = ends
        self._offsets = offsets
        self.size = size
        """Number of addresses."""

    def __iter__(self) -> Iterator[Interval]:
        return map(Interval, self._starts, self._ends)

    def __len__(self) -> int:
        """Number of intervals."""
        return len(self._starts)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntervalSet) and (self._starts, self._ends) == (other._starts, other._ends)

    def __hash__(self) -> int:
        return hash((tuple(self._starts), tuple(self._ends)))

    def __repr__(self) -> str:
        return f"IntervalSet({', '.join(map(str, self))})"

    def __contains__(self, address: int) -> bool:
        at = bisect_right(self._starts, address) - 1
        return at >= 0 and address <= self._ends[at]

    def __or__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet([*self, *other])

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        kept: list[tuple[int, int]] = []
        for start, end in self:
            for cut_start, cut_end in other.overlapping(start, end):
                if start < cut_start:
                    kept.append((start, cut_start - 1))
                start = cut_end + 1
            if start <= end:
                kept.append((start, end))
        return IntervalSet(kept)

    def __and__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet(
            (max(start, cut_start), min(end, cut_end))
            for start, end in self
            for cut_start, cut_end in other.overlapping(start, end)
        )

    @property
    def extent(self) -> Interval:
        """From the first address to the last; of an empty set, the address 0."""
        return Interval(self._starts[0], self._ends[-1]) if self else Interval(0, 0)

    def overlapping(self, start: int, end: int) -> Iterator[Interval]:
        """Yield, whole and in order, the intervals that share an address with ``start``..``end``."""
        at = bisect_left(self._ends, start)
        while at < len(self._starts) and self._starts[at] <= end:
            yield Interval(self._starts[at], self._ends[at])
            at += 1

    def kth(self, k: int) -> int:
        """Return the k-th address, counted from 0."""
        if not 0 <= k < self.size:
            raise IndexError(f"address {k} of {self.size}")
        at = bisect_right(self._offsets, k) - 1
        return self._starts[at] + k - self._offsets[at]

    def at_or_after(self, address: int) -> int | None:
        """Return the lowest address of the set that is not below ``address``."""
        at = bisect_left(self._ends, address)
        return None if at == len(self._starts) else max(address, self._starts[at])


class Overlap(NamedTuple):
    """A stretch of addresses and all who claim the whole of it, in the order in which they were given."""

    start: int
    end: int
    # Not generic: a NamedTuple cannot be one before Python 3.11.
    labels: tuple[Any, ...]


def overlaps(claims: Iterable[tuple[int, int, Hashable]], least: int = 2) -> list[Overlap]:
    """Find by one sweep every stretch that two or more of the intervals share.

    Neighbouring stretches with the same claimants are one stretch; n identical intervals give one overlap.

    :param claims: ``(start, end, label)``; labels need not differ
    :param least: how many share it; 1 for every stretch that any of them has
    """
    claims = list(claims)
    events: list[tuple[int, bool, int]] = []
    for index, (start, end, _label) in enumerate(claims):
        events.append((start, True, index))
        events.append((end + 1, False, index))
    events.sort()
    found: list[Overlap] = []
    active: set[int] = set()
    reached = 0
    for position, opens, index in events:
        if position > reached and len(active) >= least:
            labels = tuple(claims[number][2] for number in sorted(active))
            if found and found[-1].end + 1 == reached and found[-1].labels == labels:
                found[-1] = found[-1]._replace(end=position - 1)
            else:
                found.append(Overlap(reached, position - 1, labels))
        if opens:
            active.add(index)
        else:
            active.remove(index)
        reached = position
    return found
