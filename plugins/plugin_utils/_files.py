# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller: written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..module_utils._errors import MacPoolError

LARGEST_TEXT = 256 << 20
"""In bytes: a ledger of a million claims as text."""


def write_file(path: Path, content: str) -> None:
    """Replace a file in one step, so that a reader sees either the old or the new content, never a part of it.

    :raises MacPoolError: if it cannot be written
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:64]}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
            # A temporary file is readable only by its owner; the umask decides what others may read.
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MacPoolError(
            f'file "{path}"',
            "a file that can be written on the controller",
            str(error),
            "Fix the path or its permissions.",
            problem=f'Cannot write the file "{path}" on the controller: {error}',
        ) from error


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def read_file(path: Path, largest: int = LARGEST_TEXT) -> str:
    """Return the text of a file.

    :param largest: the most bytes that a file of this kind can have
    :raises MacPoolError: if it cannot be read
    """
    try:
        return read_bytes(path.expanduser(), largest).decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, RuntimeError, ValueError) as error:
        found = "bytes that are not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise MacPoolError(
            f"file {str(path)!a}",
            "a text file on the controller",
            found,
            "Fix the path or the file.",
            problem=f"Cannot read the file {str(path)!a} on the controller: {found}",
        ) from error


def read_bytes(path: Path, largest: int) -> bytes:
    """Return the content of a regular file, and never more than so many bytes: a device or a pipe may have no end.

    :raises OSError: if it cannot be read, is no regular file or is larger
    """
    # Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest >> 20} MiB, the limit for this kind of file")
    return content


def save_document(directory: str, host: str, observation: Mapping[str, Any]) -> str:
    """Save an observation as ``<host>.json`` and return the path."""
    path = Path(directory).expanduser() / f"{file_name(host)}.json"
    write_file(path, json.dumps(observation, indent=1, ensure_ascii=True) + "\n")
    return str(path)


def file_name(name: str) -> str:
    """Return a name as a safe file name: names are data and never become a path (law 8)."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", name):
        return name
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:64].lstrip(".-")
    return f"{safe}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
