# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and ids: which ones are the same, and which ones can be an owner's. Pure.

Names of VMs, adapters and owners: ``name_key``. Names of hosts, short or full: ``find_host``. Ids: ``plain_id``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Generic, TypeVar

from ..module_utils._errors import MacPoolError
from ..module_utils._ids import plain_guid, plain_id

__all__ = ["plain_guid", "plain_id"]

MAX_NAME = 1024
_T = TypeVar("_T")


class BadOwner(MacPoolError):
    """The name of an owner cannot be used."""


def name_key(name: str) -> str:
    """Return what all spellings of one name of a VM, an adapter or an owner share.

    As Windows compares such names (``OrdinalIgnoreCase`` in .NET): letter by letter, without case, in no language. "straße"
    and "strasse" are two names, and so are a letter with an accent and the same letter with a combining accent after it.

    Letters that Unicode got after this Python was made have no case here. Windows PowerShell 5.1 uses the table of its
    Windows, which may lack rare letters too. Where that matters, name the VM by its id.
    """
    if name.isascii():
        return name.upper()
    return "".join(map(_upper, name))


def same_name(one: str, other: str) -> bool:
    """Tell whether two names mean one VM, adapter or owner."""
    return name_key(one) == name_key(other)


def vm_key(text: str) -> str:
    """Return what all spellings of one VM share, where it may be named by its id."""
    return plain_guid(text) or name_key(text)


def _upper(letter: str) -> str:
    upper = letter.upper()
    if len(upper) > 1:
        upper = letter.title()  # of Greek letters with a iota subscript, the one upper-case letter that Windows knows
    # The dotless i and the long s would become letters of ASCII, and Windows keeps them apart from these.
    is_partner = len(upper) == 1 and not (upper.isascii() and not letter.isascii())
    return upper if is_partner else letter


def checked_owner(owner: object) -> str:
    """Return the name of an owner as it is stored.

    :raises BadOwner: if it cannot be stored as text, or names only one half of a VM and its adapter
    """
    if not isinstance(owner, str) or not owner.strip():
        found = "nothing" if owner is None or isinstance(owner, str) else f"{owner!r} (a {type(owner).__name__})"
        raise BadOwner("owner of an address", "a name such as web01/eth0", found, "Name the VM and its adapter.")
    if len(owner) > MAX_NAME:
        from ._text import quoted  # only for errors: a lookup compiles what it imports in each host's process

        wanted = f"a name of at most {MAX_NAME} characters"
        raise BadOwner(f"owner {quoted(owner[:40])}...", wanted, f"{len(owner)} characters", "Give a shorter name.")
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
    parts = owner.split("/")
    # Names of VMs and of adapters may have a slash, so one place where both halves are a name is enough.
    if len(parts) > 1 and not any(
        "/".join(parts[:cut]).strip() and "/".join(parts[cut:]).strip() for cut in range(1, len(parts))
    ):
        from ._text import quoted

        wanted = "a name on both sides of the slash, such as web01/eth0"
        raise BadOwner(f"owner {quoted(owner)}", wanted, "nothing on one side", "Name the VM and its adapter.")
    return owner


def named_owner(owner: object) -> str:
    """Return the name of an owner as a user gives it: "web01/eth0" and "web01/eth0 " would be two owners.

    :raises BadOwner: if it is not a name, or has blanks around it or control characters in it
    """
    name = checked_owner(owner)
    if name != name.strip() or any(unicodedata.category(letter) == "Cc" for letter in name):
        from ._text import quoted

        wanted = "a name without surrounding blanks and without control characters"
        remedy = "Remove them. In YAML, >- and |- end a block without a line feed."
        raise BadOwner(f"owner {quoted(name)}", wanted, repr(name), remedy)
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


def host_label(name: str) -> str:
    """Return the first label of a host's name; only hosts that share it can be the same."""
    return host_key(name).partition(".")[0]


def find_host(name: str, known: Iterable[str]) -> str | None:
    """Return the key of the known host that a name means: the one rule for hosts, on which all below rests.

    A short name matches the first label of a full one if only one known host has that label.

    :param known: keys of hosts
    """
    key, label = host_key(name), host_label(name)
    keys = set(known)
    if key in keys:
        return key
    same_label = [other for other in keys if host_label(other) == label]
    if len(same_label) == 1 and ("." not in key or "." not in same_label[0]):
        return same_label[0]
    return None


def same_host(one: str, other: str) -> bool:
    """Tell whether two names can mean one host; a short one means every full one that begins with it."""
    return find_host(one, [host_key(other)]) is not None


class HostIndex(Generic[_T]):
    """What is known of hosts, found by name without comparing the name with all of them."""

    def __init__(self, hosts: Iterable[tuple[str, _T]] = ()) -> None:
        """Know these hosts; of one that is given twice, the last."""
        self._by_label: dict[str, dict[str, _T]] = {}
        for name, value in hosts:
            self.put(name, value)

    def put(self, name: str, value: _T) -> None:
        """Know a host, or something else of it."""
        self._by_label.setdefault(host_label(name), {})[host_key(name)] = value

    def drop(self, name: str) -> None:
        """Know nothing of the host with exactly this name."""
        self._by_label.get(host_label(name), {}).pop(host_key(name), None)

    def values(self) -> list[_T]:
        """Return what is known of all hosts."""
        return [value for hosts in self._by_label.values() for value in hosts.values()]

    def key(self, name: str) -> str | None:
        """Return the key of the host that a name means."""
        return find_host(name, self._by_label.get(host_label(name), ()))

    def get(self, name: str) -> _T | None:
        """Return what is known of the host that a name means."""
        key = self.key(name)
        return None if key is None else self._by_label[host_label(key)][key]


class HostNames:
    """Equates host names: without case, and a short name with the one FQDN that begins with it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._full = HostIndex((name, None) for name in names if "." in host_key(name))

    def key(self, name: str) -> str:
        """Return what all spellings of one host share."""
        return self._full.key(name) or host_key(name)
