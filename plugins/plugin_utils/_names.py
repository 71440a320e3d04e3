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
    """Return the key that all spellings of a name share: Windows compares names of VMs letter by letter without case.

    A letter without a single upper-case letter stays as it is, so that "strasse" and "straße" are two owners.
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
    """Return the name of an owner as it is stored.

    :raises BadOwner: if it cannot be stored as text
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
            f"owner {owner!a}",
            "text",
            "half of a surrogate pair",
            "Remove the invalid character.",
            problem=f"owner {owner!a} contains an invalid character (half of a surrogate pair)",
        ) from None
    return owner


def named_owner(owner: object) -> str:
    """Return the name of an owner as a user gives it: "web01/eth0" and "web01/eth0 " would be two owners.

    :raises BadOwner: if it is not a name, or has blanks around it or control characters in it
    """
    name = checked_owner(owner)
    if name != name.strip() or any(unicodedata.category(letter) == "Cc" for letter in name):
        raise BadOwner(
            f"owner {quoted(name)}",
            "a name without surrounding blanks and without control characters",
            repr(name),
            "Remove them. In YAML, >- and |- end a block without a line feed.",
        )
    return name


def readable(text: str) -> str:
    """Return text that a host sent; characters that no database can store are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")[:MAX_NAME]


def adapter_name(vm_name: str, adapter: str) -> str:
    """Return the owner's name for a VM's adapter."""
    return f"{vm_name}/{adapter}"


def host_key(name: str) -> str:
    """Return the key that all spellings of a host's name share."""
    return name.strip().rstrip(".").lower()


def find_host(name: str, known: Iterable[str]) -> str | None:
    """Return the key of the known host that a name means.

    A short name matches the first label of a full one if only one known host has that label.

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
    """The name of an owner cannot be used."""


class HostNames:
    """Equates host names: without case, and a short name with the one FQDN that begins with it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_label: dict[str, set[str]] = defaultdict(set)
        for name in names:
            plain = host_key(name)
            if "." in plain:
                self._by_label[plain.partition(".")[0]].add(plain)

    def key(self, name: str) -> str:
        """Return the key that all spellings of one host share."""
        plain = host_key(name)
        full = self._by_label.get(plain, ())
        return next(iter(full)) if len(full) == 1 else plain


def plain_id(value: object) -> str:
    """Return a GUID or adapter id in the form in which ids are compared: no braces, no case."""
    return str(value).strip().strip("{}").casefold() if value is not None else ""
