# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for names of VMs and hosts in templates; each is documented in the .yml file of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..module_utils._errors import MacPoolError
from ..module_utils._mac import shown
from ..plugin_utils._names import find_host, host_key, vm_key
from ..plugin_utils._templates import for_templates


def in_vm_names(value: object, names: object) -> bool:
    return vm_key(_name("the name of a VM", value)) in set(map(vm_key, _listed(names)))


def in_host_names(value: object, names: object) -> bool:
    return find_host(_name("the name of a host", value), map(host_key, _listed(names))) is not None


def _name(what: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # as Ansible does for an option that is text
    raise MacPoolError(
        what, "text", shown(value), "Give a name, and quote one that YAML would take for something else."
    )


def _listed(names: object) -> Iterator[str]:
    if isinstance(names, (str, bytes, Mapping)) or not isinstance(names, Iterable):
        raise MacPoolError("names", "a list of names", shown(names), "Give a list, also for one name.")
    for place, name in enumerate(names):
        yield _name(f"names[{place}]", name)


class TestModule:
    """Tests for names."""

    def tests(self) -> dict[str, Callable[..., Any]]:
        """Return the tests by name."""
        return {function.__name__: for_templates(function) for function in (in_vm_names, in_host_names)}
