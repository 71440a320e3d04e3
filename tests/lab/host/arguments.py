# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module arguments as Ansible.Basic reads them, with its messages where they are known."""

from __future__ import annotations

from typing import Any


class ModuleFailure(Exception):
    """The task fails; `extra` comes along in the result."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.extra = extra


def only(module: str, options: dict[str, Any], known: tuple[str, ...]) -> None:
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ModuleFailure(
            f"Unsupported parameters for ({module}) module: {', '.join(unknown)}. "
            f"Supported parameters include: {', '.join(sorted(known))}"
        )


def strings(options: dict[str, Any], name: str) -> list[str] | None:
    """A list of text; absent and null are the same."""
    value = options.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list):
        raise ModuleFailure(
            f"argument for {name} is of type {type(value).__name__} and we were unable to convert to list"
        )
    return [str(item) for item in value]


def boolean(options: dict[str, Any], name: str, default: bool) -> bool:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in ("y", "yes", "on", "1", "true", "t", "1.0"):
        return True
    if text in ("n", "no", "off", "0", "false", "f", "0.0"):
        return False
    raise ModuleFailure(f"argument for {name} is of type {type(value).__name__} and we were unable to convert to bool")


def whole_number(options: dict[str, Any], name: str) -> int | None:
    value = options.get(name)
    if value is None:
        return None
    try:
        return int(str(value))
    except ValueError:
        raise ModuleFailure(
            f"argument for {name} is of type {type(value).__name__} and we were unable to convert to int"
        ) from None
