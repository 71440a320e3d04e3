# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A witness outside the ledger, so that a ledger that was put back is recognised.

One small file a ledger, ``<state>/macpool/witness/<ledger id>``: the number and the chain digest of the newest entry
that was acknowledged here. It is written after the commit, so it is never ahead of what a crash leaves.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress

from ..places import state_home

RECORD = "macpool-witness-1 {sequence:020d} {digest}"
LENGTH = len(RECORD.format(sequence=0, digest="0" * 64)) + 10


class Witness:
    """The witness of one ledger. A witness that cannot be kept is no reason to stop: it is a second line of defence."""

    def __init__(self, ledger_id: str) -> None:
        self.path = state_home() / "witness" / ledger_id
        self.problem = ""
        """Why it cannot be kept, in words; empty when it can."""
        self._file = -1

    def read(self) -> tuple[int, str] | None:
        """Return sequence and digest of what was acknowledged here; None when nothing readable is there."""
        if self._file < 0:
            with suppress(OSError):
                self._file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        if self._file < 0:
            return None
        for _attempt in range(3):  # a reader may meet a writer half-way
            try:
                record = os.pread(self._file, LENGTH, 0)
            except OSError:
                return None
            if seen := _parse(record):
                return seen
        return None

    def write(self, sequence: int, digest: str) -> None:
        """Note that an entry was acknowledged."""
        body = RECORD.format(sequence=sequence, digest=digest).encode()
        record = b"%b %08x\n" % (body, zlib.crc32(body))
        try:
            if self._file < 0:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._file, record, 0)
            self.problem = ""
        except OSError as error:
            self.problem = f"no witness can be kept at {self.path} ({error.strerror}): a ledger that was put back there is not noticed"

    def close(self) -> None:
        """Close the file; it is opened again when needed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _parse(record: bytes) -> tuple[int, str] | None:
    try:
        body, checksum = record.rstrip(b"\n").rsplit(b" ", 1)
        name, sequence, digest = body.decode("ascii").split(" ")
        if name == "macpool-witness-1" and int(checksum, 16) == zlib.crc32(body):
            return int(sequence), digest
    except ValueError:
        pass
    return None
