# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of owners and hosts: which ones are the same. Pure."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from ..module_utils._errors import MacPoolError
from ._text import quoted

MAX_NAME = 1024


def name_key(name: str) -> str:
    """Return what two spellings of a name share: Windows compares names of VMs letter by letter without case.

    A letter without a single upper-case partner keeps its shape, so that "strasse" and "straße" stay two owners.
    """
    if name.isascii():
        return name.upper()
    return "".join(_folded(letter) for letter in name)


def same_name(first: str, second: str) -> bool:
    """Tell whether two names of VMs, adapters or switches are the same to Windows."""
    return name_key(first) == name_key(second)


def _folded(letter: str) -> str:
    upper = letter.upper()
    return upper if len(upper) == 1 and upper.lower() == letter.lower() else letter


def checked_owner(owner: object) -> str:
    """Return the name of an owner as it is kept.

    :raises BadOwner: when it cannot be kept as text
    """
    if not isinstance(owner, str) or not owner.strip():
        found = "nothing" if owner is None or isinstance(owner, str) else f"{owner!r} (a {type(owner).__name__})"
        raise BadOwner("owner of an address", "a name such as web01/eth0", found, "Name the VM and its adapter.")
    if len(owner) > MAX_NAME:
        raise BadOwner(
            f"owner {quoted(owner[:40])}...",
            f"a name of at most {MAX_NAME} characters",
            f"{len(owner)} characters",
            "Give a shorter name.",
        )
    try:
        owner.encode()
    except UnicodeEncodeError:
        raise BadOwner(
            f"owner {owner!a}", "text", "half of a surrogate pair, which is no character", "Fix the name."
        ) from None
    return owner


def named_owner(owner: object) -> str:
    """Return the name of an owner as a user gives it: "web01/eth0" and "web01/eth0 " would be two owners.

    :raises BadOwner: when it is no name, or has blanks around it or control characters in it
    """
    name = checked_owner(owner)
    if name != name.strip() or any(unicodedata.category(letter) == "Cc" for letter in name):
        raise BadOwner(
            f"owner {quoted(name)}",
            "a name without blanks around it and control characters in it",
            repr(name),
            "Give the bare name; in YAML, >- and |- end a block without a line feed.",
        )
    return name


def readable(text: str) -> str:
    """Return text that a host sent, with what no database can keep spelt out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")[:MAX_NAME]


def adapter_name(vm_name: str, adapter: str) -> str:
    """Return the owner's name of a VM's adapter."""
    return f"{vm_name}/{adapter}"


def host_key(name: str) -> str:
    """Return what two spellings of a host's name share."""
    return name.strip().rstrip(".").lower()


def find_host(name: str, known: Iterable[str]) -> str | None:
    """Return the key of the known host that a name means.

    A short name equals the first label of a full one where only one known host has that label.

    :param known: keys of hosts
    """
    key = host_key(name)
    keys = set(known)
    if key in keys:
        return key
    label = key.partition(".")[0]
    same_label = [other for other in keys if other.partition(".")[0] == label]
    if len(same_label) == 1 and ("." not in key or "." not in same_label[0]):
        return same_label[0]
    return None


class BadOwner(MacPoolError):
    """No usable name of an owner."""


class HostNames:
    """Equates host names: without case, and a short name with the one FQDN that begins with it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_label: dict[str, set[str]] = defaultdict(set)
        for name in names:
            plain = host_key(name)
            if "." in plain:
                self._by_label[plain.partition(".")[0]].add(plain)

    def key(self, name: str) -> str:
        """Return what all spellings of one host share."""
        plain = host_key(name)
        full = self._by_label.get(plain, ())
        return next(iter(full)) if len(full) == 1 else plain


def plain_id(value: object) -> str:
    """Return a GUID or adapter id in the form in which ids are compared: no braces, no case."""
    return str(value).strip().strip("{}").casefold() if value is not None else ""
