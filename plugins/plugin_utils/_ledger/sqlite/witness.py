# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A witness outside the ledger, so that a ledger that was put back is recognised.

One small file a ledger, ``<state>/macpool/witness/<ledger id>``, and a second one in the directory of ``macpool_witness``,
if that is set: the number and the chain digest of the newest entry
that was acknowledged here. It is written after the commit, so it is never ahead of what a crash leaves.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from ....module_utils._errors import MacPoolError
from ..places import state_home

RECORD = "macpool-witness-1 {sequence:020d} {digest}"
LENGTH = len(RECORD.format(sequence=0, digest="0" * 64)) + 10


class Witness:
    """The witness of one ledger. A witness that cannot be kept is no reason to stop: it is a second line of defence.

    :param place: a directory that the user named, beside the one in the state directory of the user
    """

    def __init__(self, ledger_id: str, place: str = "") -> None:
        self.ledger_id = ledger_id
        self.problem = ""
        """Why it cannot be kept, in words; empty when it can."""
        self._files: dict[Path, int] = {}
        self.paths: list[Path] = []
        try:
            self.paths.append(state_home() / "witness" / ledger_id)
        except MacPoolError as error:
            self.problem = _off(error.found)
        if place:
            self.paths.append(Path(place).absolute() / ledger_id)

    def read(self) -> list[tuple[int, str]]:
        """Return sequence and digest of what was acknowledged here; nothing where nothing readable exists."""
        return list(filter(None, map(self._read, self.paths)))

    def _read(self, path: Path) -> tuple[int, str] | None:
        if path not in self._files:
            try:
                self._files[path] = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                return None
        for _attempt in range(3):  # a reader may meet a writer half-way
            try:
                record = os.pread(self._files[path], LENGTH, 0)
            except OSError:
                return None
            if seen := _parse(record):
                return seen
        return None

    def write(self, sequence: int, digest: str) -> None:
        """Note that an entry was acknowledged."""
        body = RECORD.format(sequence=sequence, digest=digest).encode()
        record = b"%b %08x\n" % (body, zlib.crc32(body))
        problems = []
        for path in self.paths:
            try:
                if path not in self._files:
                    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
                    self._files[path] = os.open(path, flags, 0o600)
                os.pwrite(self._files[path], record, 0)
            except OSError as error:
                problems.append(f"{path}: {error.strerror}")
        if self.paths:
            # One witness is enough to notice.
            self.problem = _off("; ".join(problems)) if len(problems) == len(self.paths) else ""

    def close(self) -> None:
        """Close the files; they are opened again when needed."""
        while self._files:
            os.close(self._files.popitem()[1])


def _off(why: str) -> str:
    return (
        f"no witness of this ledger can be kept ({why}): a ledger that is put back to an earlier state is not noticed."
        " Set macpool_witness to a directory that outlives the job."
    )


def read_only(path: Path) -> str:
    """Return what a reader should know of a ledger that this user cannot write."""
    return f'This user cannot write the ledger "{path}": it is read as it is, and tasks that write are refused.'


def never_seen(path: Path, sequence: int) -> str:
    """Return what a reader should know of a ledger that is not new and of which there is no witness."""
    return (
        f'This user has not used the ledger "{path}" before (it has {sequence} entries): if it was put back to an earlier'
        " state, that is not noticed. If every job starts with an empty home directory, as in an execution environment, set"
        " macpool_witness to a directory that outlives the job."
    )


def _parse(record: bytes) -> tuple[int, str] | None:
    try:
        body, checksum = record.rstrip(b"\n").rsplit(b" ", 1)
        name, sequence, digest = body.decode("ascii").split(" ")
        if name == "macpool-witness-1" and int(checksum, 16) == zlib.crc32(body):
            return int(sequence), digest
    except ValueError:
        pass
    return None
