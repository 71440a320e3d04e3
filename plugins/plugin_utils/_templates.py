# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters and tests of templates have in common. For internal use by this collection only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, ParamSpec

from ansible.errors import AnsibleFilterError
from jinja2 import Undefined

from ..module_utils._errors import MacPoolError
from ..module_utils._mac import IntervalSet, parse_interval, shown
from ._plain import plain_data

_P = ParamSpec("_P")


def for_templates(function: Callable[_P, Any]) -> Callable[_P, Any]:
    """Make a function callable from a template: undefined stays undefined, and errors become template errors."""

    @wraps(function)
    def called(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        # Since ansible-core 2.19 no undefined value gets here; before, the error appears where the result is used.
        for value in (*args, *kwargs.values()):
            if isinstance(value, Undefined):
                return value
        try:
            return function(*map(plain_data, args), **{name: plain_data(value) for name, value in kwargs.items()})
        except MacPoolError as error:
            raise AnsibleFilterError(str(error)) from None

    return called


def read_ranges(value: object) -> IntervalSet:
    """Return the addresses of a list of ranges."""
    return IntervalSet(parse_interval(item, place) for place, item in listed_ranges(value))


def listed_ranges(value: object) -> Iterator[tuple[str, Any]]:
    """Yield the elements of a list of ranges, each with its place for error messages."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        remedy = "Write [{start: ..., size: ...}]."
        raise MacPoolError("ranges", "a list of mappings of start and either end or size", shown(value), remedy)
    for index, item in enumerate(value):
        yield f"ranges[{index}]", item
