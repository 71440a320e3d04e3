# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory of files becomes observation documents. The only part of the audit that reads anything.

Our own documents, what ``ConvertTo-Json`` and ``Export-Csv`` write of Hyper-V's cmdlets, and answers of a Network
Controller may lie side by side. A file that cannot be understood becomes a document that says so: the audit names it and
counts the picture as incomplete, and everything else is audited.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...module_utils._errors import MacPoolError
from .._text import plain
from .exports import Exports, NotUnderstoodError
from .model import KINDS, UNUSABLE_FILE

LARGEST_FILE = 1 << 30


@dataclass(slots=True)
class Loaded:
    """What a directory held."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    """For each file: file, used (in words) and problem (None, or the reason)."""

    @property
    def problems(self) -> list[str]:
        """One line for each file that could not be used, or not wholly."""
        return [f"{plain(item['file'], 200)}: {plain(item['problem'], 200)}" for item in self.files if item["problem"]]


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
        paths = sorted(path for path in root.rglob("*") if path.is_file() and not _is_hidden(path, root))
    except OSError as error:
        raise MacPoolError(f'directory "{root}"', "to read its files", str(error), "Fix its permissions.") from error
    if not any(path.suffix.casefold() in (".json", ".csv") for path in paths):
        found = f"{len(paths)} other files" if root.is_dir() else "no such directory"
        remedy = "Name the directory with the observation documents or exports."
        raise MacPoolError(f'directory "{root}"', "files that end in .json or .csv", found, remedy)
    loaded, exports = Loaded(), Exports()
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            used = _read(path, loaded.documents, exports)
        except NotUnderstoodError as error:
            loaded.files.append({"file": name, "used": None, "problem": str(error)})
            loaded.documents.append({"schema": 1, "kind": UNUSABLE_FILE, "host": {"name": name}, "reason": str(error)})
        else:
            loaded.files.append({"file": name, "used": used, "problem": None})
    loaded.documents += exports.documents()
    return loaded


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _read(path: Path, documents: list[dict[str, Any]], exports: Exports) -> str:
    """Take what a file holds and return it in words."""
    suffix = path.suffix.casefold()
    if suffix not in (".json", ".csv"):
        return "not read: it ends neither in .json nor in .csv"
    text = _text_of(path)
    items = _json_items(text, path.stem, exports) if suffix == ".json" else _csv_rows(text)
    seen: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("observation"), dict):
            item = item["observation"]
        if isinstance(item, dict) and item.get("kind") in KINDS and "schema" in item:
            documents.append(item)
            seen["document"] += 1
            continue
        try:
            seen[exports.add(item, path.stem)] += 1
        except NotUnderstoodError as error:
            reasons[str(error)] += 1
    if reasons:
        reason, count = reasons.most_common(1)[0]
        rest = f"; the other {sum(seen.values())} entries were used" if seen else ""
        raise NotUnderstoodError(f"{reason} ({count} times){rest}" if count > 1 else f"{reason}{rest}")
    return (
        ", ".join(f"{count} {word}{'' if count == 1 or ',' in word else 's'}" for word, count in seen.items())
        or "empty"
    )


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise NotUnderstoodError("it is larger than 1 GiB")
        data = path.read_bytes()
    except OSError as error:
        raise NotUnderstoodError(f"it cannot be read: {error.strerror}") from error
    # Windows PowerShell writes UTF-16 when its output is redirected, with a mark in front or without.
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in data[:2]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotUnderstoodError("it is neither UTF-8 nor UTF-16 text; export it with -Encoding utf8") from error


def _json_items(text: str, stem: str, exports: Exports) -> list[Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotUnderstoodError(f"it is no JSON: {str(error) or 'too deep'}") from error
    if isinstance(content, list):
        return content
    if isinstance(content, Mapping) and isinstance(content.get("value"), list):
        # An answer of a Network Controller, or the way in which PowerShell 5.1 sometimes writes a list.
        exports.expect_resources(stem)  # An empty answer does not say itself what was asked for.
        if content.get("nextLink"):
            raise NotUnderstoodError("it is only the first page of an answer (nextLink is set); save all pages")
        return list(content["value"])
    return [content]


def _csv_rows(text: str) -> list[dict[str, Any]]:
    lines = text.splitlines(keepends=True)
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        lines.pop(0)  # Export-Csv of Windows PowerShell begins with #TYPE.
    if not lines:
        raise NotUnderstoodError("it is empty")
    delimiter = max(",;\t", key=lines[0].count)
    try:
        rows = list(csv.DictReader(io.StringIO("".join(lines)), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise NotUnderstoodError(f"it is no CSV file: {error}") from error
    return [{str(key): value for key, value in row.items() if key is not None} for row in rows]
