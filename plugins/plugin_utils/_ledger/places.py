# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a ledger may lie: paths, file systems, containers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ...module_utils._errors import MacPoolError

LEDGER_SETTING = "macpool_ledger"
MOUNTS = Path("/proc/self/mounts")
NETWORK_FILE_SYSTEMS = (
    "nfs cifs smb ncpfs 9p ceph lustre afs openafs kafs gfs glusterfs beegfs gpfs pvfs orangefs coda davfs virtiofs"
    " fuse.sshfs fuse.glusterfs fuse.ceph fuse.s3fs fuse.gcsfuse fuse.rclone fuse.davfs fuse.moosefs fuse.mfs fuse.cifs"
    " fuse.smb fuse.juicefs fuse.lizardfs fuse.seaweedfs"
)
"""How the types of network file systems begin, such as ``nfs4``."""


def state_home(environment: Mapping[str, str] | None = None) -> Path:
    """Return the directory for what programs must not lose (XDG)."""
    given = (os.environ if environment is None else environment).get("XDG_STATE_HOME", "")
    # The specification says to ignore a relative path.
    return (Path(given) if given.startswith("/") else _expanded("~/.local/state", "the state directory")) / "macpool"


def _expanded(text: str, subject: str) -> Path:
    """Return a path with the home directory in the place of its tilde.

    :raises MacPoolError: in a container whose user has no home directory, and for what no path can be
    """
    if not text.isprintable():
        raise MacPoolError(subject, "the path of a file", ascii(text[:80]), "Set a path without control characters.")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise MacPoolError(
            subject,
            "a home directory, for the path " + ascii(text[:80]),
            "no such user, or a user without a home directory (HOME is not set)",
            "Set macpool_ledger to an absolute path, and XDG_STATE_HOME or HOME to a directory that this user can write.",
        ) from None


def sqlite_path(location: str | None, scope: str) -> Path:
    """Return the file that a location means.

    :param location: ``sqlite:///path`` (a fourth slash for an absolute path is fine), a path, or None for the default
    """
    if not location:
        return state_home() / f"{file_name(scope)}.sqlite3"
    scheme, separator, _rest = location.partition("://")
    if separator and scheme == "sqlite":
        parts = urlsplit(location)
        path = unquote(parts.path)
        if parts.netloc or not path.strip("/") or parts.query or parts.fragment:
            raise _unknown(location)
        # sqlite:///relative is how most programs write a relative path; there is no working directory to rely on here.
        return _expanded(path[1:] if path.startswith("/~") else "/" + path.lstrip("/"), LEDGER_SETTING)
    if separator:
        raise _unknown(location)
    return _expanded(location, LEDGER_SETTING).absolute()


def file_name(scope: str) -> str:
    """Return a scope as the name of a file: what is no letter, digit, dot, dash or underline is spelt out."""
    text = re.sub(r"[^A-Za-z0-9._-]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), scope)
    return f"%2E{text[1:]}" if text.startswith(".") else text


def _unknown(location: str) -> MacPoolError:
    scheme = location.partition("://")[0]
    found = f"a location of kind {scheme!r} that this version cannot use"
    return MacPoolError("the ledger", "a path, or sqlite:///path", found, "Correct macpool_ledger.")


def mounted(path: Path) -> tuple[str, str]:
    """Return mount point and type of the file system that a path lies on; both empty where that cannot be known."""
    try:
        return file_system_of(path.resolve(), MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return "", ""  # not Linux


def file_system_of(path: Path, mounts: str) -> tuple[str, str]:
    """Return mount point and type of the file system that a path lies on.

    :param mounts: text of ``/proc/self/mounts``
    """
    best, place = ("", ""), str(path)
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1]
        if "\\" in point:
            point = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point)
        # A later mount on the same point hides the earlier one.
        if len(point) >= len(best[0]) and place.startswith(point) and path.is_relative_to(point):
            best = (point, fields[2])
    return best


def check_place(path: Path) -> None:
    """Refuse a ledger on a network file system: WAL needs shared memory and true locks.

    :raises LedgerOnNetworkFileSystem: naming the file system
    """
    point, kind = mounted(path)
    if kind.lower().startswith(tuple(NETWORK_FILE_SYSTEMS.split())):
        from .errors import LedgerOnNetworkFileSystem

        found = f"{kind}, mounted on {point}"
        remedy = "SQLite loses writes where locks and shared memory are not real. Use a local disk of one controller."
        raise LedgerOnNetworkFileSystem(f'ledger "{path}"', "a local file system", found, remedy)
