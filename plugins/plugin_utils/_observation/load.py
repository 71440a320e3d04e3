# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory of files becomes observation documents. The only part of the audit that reads anything.

Our own documents, what ``ConvertTo-Json`` and ``Export-Csv`` write of Hyper-V's cmdlets, and answers of a Network
Controller may lie side by side. A file that cannot be understood becomes a document that says so: the audit names it and
counts the observation as incomplete, and everything else is audited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...module_utils._errors import MacPoolError
from .._files import read_bytes
from .._text import plain
from .export_files import Source, source_of
from .export_text import NotUnderstoodError, csv_rows, decoded, json_values
from .exports import Exports, unwrapped
from .model import KINDS, UNUSABLE_FILE

LARGEST_FILE = 512 << 20
"""In bytes: the exports of 100,000 adapters are about 150 MB."""
MOST_REASONS = 3
EMPTY = "empty: nothing of that kind, or the command failed"

_JSON = (".json", ".jsonl", ".ndjson")
_CSV = (".csv", ".tsv")
_XML = (".xml", ".clixml")
_SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods")


@dataclass(slots=True)
class Loaded:
    """What a directory held."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    """For each file: file, used (in words) and problem (None, or the reason)."""

    @property
    def problems(self) -> list[str]:
        """One line for each file that could not be used, or not wholly."""
        return [f"{plain(item['file'], 200)}: {plain(item['problem'], 400)}" for item in self.files if item["problem"]]


def load(observations: Iterable[Mapping[str, Any]] | None, directory: str | None) -> Loaded:
    """Return the documents that a task was given, and those of a directory where one was named."""
    loaded = load_directory(directory) if directory else Loaded()
    loaded.documents[:0] = [dict(document) for document in observations or ()]
    return loaded


def load_directory(directory: str | Path) -> Loaded:
    """Read every file of a directory and of those below it.

    :raises MacPoolError: when the directory cannot be read or holds no .json and .csv file
    """
    root = Path(directory).expanduser()
    try:
        found = sorted(path for path in root.rglob("*") if path.is_file())
    except OSError as error:
        raise MacPoolError(f'directory "{root}"', "to read its files", str(error), "Fix its permissions.") from error
    paths = [path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts)]
    if not any(path.suffix.casefold() in _JSON + _CSV for path in paths):
        others = f"{len(paths)} other files" if root.is_dir() else "no such directory"
        remedy = "Name the directory with the observation documents or exports."
        raise MacPoolError(f'directory "{root}"', "files that end in .json or .csv", others, remedy)
    loaded, exports = Loaded(), Exports()
    files = [_read(path, root, loaded.documents, exports) for path in paths]
    # What rows mean together is known when all files were read, and so is what of them could not be used.
    documents = exports.documents()
    for file in files:
        name, problem = file.source.name, file.problem(exports.faults.of(file.source))
        loaded.files.append({"file": name, "used": file.used, "problem": problem})
        if problem:
            unusable = {"schema": 1, "kind": UNUSABLE_FILE, "host": {"name": name}, "reason": problem}
            loaded.documents.append({**unusable, "used": file.used})
    loaded.documents += documents
    return loaded


@dataclass(slots=True)
class _File:
    source: Source
    used: str | None = None
    """What was taken from it, in words; None for nothing."""
    entries: int = 0
    reasons: list[str] = field(default_factory=list)
    """Why it could not be used, or some of its entries."""

    def problem(self, faults: Sequence[str]) -> str | None:
        """Return what is wrong with it in words; None for nothing.

        :param faults: what is wrong with single fields, or with its rows together
        """
        wrong = [*self.reasons, *faults]
        if not wrong:
            return None
        others = len(wrong) - MOST_REASONS
        more = f"; and {others} more fault{'' if others == 1 else 's'}" if others > 0 else ""
        entries = f"{self.entries} entr{'y was' if self.entries == 1 else 'ies were'}"
        rest = f"the other {entries} used" if self.reasons else "the rest was used"
        return "; ".join(wrong[:MOST_REASONS]) + more + (f"; {rest}" if self.entries else "")


def _read(path: Path, root: Path, documents: list[dict[str, Any]], exports: Exports) -> _File:
    """Take what a file holds."""
    file = _File(source_of(path.relative_to(root).as_posix()))
    suffix = path.suffix.casefold()
    if suffix in _SPREADSHEETS:
        file.reasons.append("it is a spreadsheet: save it as CSV")
        return file
    if suffix in _XML and _is_clixml(path):
        file.reasons.append("Export-Clixml wrote it: export with ConvertTo-Json")
        return file
    if suffix not in _JSON + _CSV:
        file.used = "not read: it ends neither in .json nor in .csv"
        return file
    seen: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    try:
        text = _text_of(path)
        for item in _json_rows(text, path.stem, exports, reasons) if suffix in _JSON else csv_rows(text):
            try:
                seen[_take(item, file.source, documents, exports)] += 1
            except NotUnderstoodError as error:
                reasons[str(error)] += 1
    except NotUnderstoodError as error:
        reasons[str(error)] += 1
    except RecursionError:
        reasons["it is nested too deeply"] += 1
    if not seen and not reasons:
        exports.expect_host(file.source)
        file.used = EMPTY
    elif seen:
        words = (f"{count} {word}{'' if count == 1 or ',' in word else 's'}" for word, count in seen.items())
        file.used, file.entries = ", ".join(words), sum(seen.values())
    in_order = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    file.reasons = [f"{reason} ({count} times)" if count > 1 else reason for reason, count in in_order]
    return file


def _is_clixml(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"<Objs" in file.read(400).replace(b"\0", b"")
    except OSError:
        return True


def _take(item: Any, source: Source, documents: list[dict[str, Any]], exports: Exports) -> str:
    if isinstance(item, dict) and isinstance(item.get("observation"), dict):
        item = item["observation"]
    if isinstance(item, dict) and item.get("kind") in KINDS and "schema" in item:
        documents.append(item)
        return "document"
    return exports.add(item, source)


def _text_of(path: Path) -> str:
    try:
        return decoded(read_bytes(path, LARGEST_FILE))
    except OSError as error:
        raise NotUnderstoodError(f"it cannot be read: {error.strerror}") from error


def _json_rows(text: str, stem: str, exports: Exports, reasons: Counter[str]) -> Iterator[Any]:
    for value in json_values(text):
        if not (isinstance(value, Mapping) and isinstance(value.get("value"), list)):
            yield from unwrapped(value)
            continue
        # An answer of a Network Controller, or the way in which PowerShell 5.1 sometimes writes a list.
        exports.expect_resources(stem)  # An empty answer does not say itself what was asked for.
        if value.get("nextLink"):
            raise NotUnderstoodError("it is only the first page of an answer (nextLink is set); save all pages")
        count = value.get("Count")
        if isinstance(count, int) and count > len(value["value"]):
            reasons[f"it holds {len(value['value'])} of {count} elements of a list"] += 1
        yield from unwrapped(value["value"])
