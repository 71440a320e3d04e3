# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON and CSV text of exported files becomes values and rows, one at a time. Pure.

Files that were joined are read as what they were before: several JSON documents one after the other, CSV with its header
and ``#TYPE`` line repeated, or with the header of another export in the middle.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from .export_cells import address_of

_DELIMITERS = ",;\t|"
# Concatenated files have byte order marks in the middle, and Windows' copy ends what it joins with Ctrl-Z.
_SPACE = re.compile(r"[\s\ufeff\x1a]*")
_ANY_DELIMITER = re.compile(r"[,;\t|]")
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\W*', re.IGNORECASE)

_COLUMNS = frozenset(
    str.split(
        """
        computername pscomputername systemname name id vmid vmname state status isclustered replicationmode
        macaddress dynamicmacaddressenabled macaddressspoofing switchname connected vlansetting accessvlanid
        vlanid ismanagementos vmsnapshotid vmsnapshotname vmcheckpointid vmcheckpointname parentsnapshotid
        parentsnapshotname parentcheckpointid parentcheckpointname snapshottype macaddressminimum
        macaddressmaximum deviceid adapterid networkadapters interfacedescription permanentaddress
        ipaddresses
        """
    )
)


class NotUnderstoodError(ValueError):
    """A file, a row or an element is none of the things that are known."""


def decoded(data: bytes) -> str:
    """Return the text of a file.

    :raises NotUnderstoodError: when it is in no encoding that PowerShell and the collection write
    """
    # Windows PowerShell writes UTF-16 when its output is redirected, with a mark in front or without.
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in data[:2]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotUnderstoodError("it is neither UTF-8 nor UTF-16 text; export it with -Encoding utf8") from error
    if "\0" in text:
        # Out-File -Append and >> of Windows PowerShell add UTF-16 to whatever there was.
        raise NotUnderstoodError("its parts are in different encodings; export it with -Encoding utf8")
    return text


def json_values(text: str) -> Iterator[Any]:
    """Yield the elements of a JSON array, or each JSON document where several follow one another.

    :raises NotUnderstoodError: where the text is not JSON any more; what came before was yielded
    """
    decode = json.JSONDecoder().raw_decode
    at = _after_space(text, 0)
    try:
        while at < len(text):
            if text[at] != "[":
                value, at = decode(text, at)
                yield value
            else:
                at = _after_space(text, at + 1)
                while not text.startswith("]", at):
                    value, at = decode(text, at)
                    yield value
                    at = _after_space(text, at)
                    if text.startswith(",", at):
                        at = _after_space(text, at + 1)
                    elif not text.startswith("]", at):
                        raise json.JSONDecodeError("Expecting ',' or ']'", text, at)
                at += 1
            at = _after_space(text, at)
    except (ValueError, RecursionError) as error:
        raise NotUnderstoodError(f"it is not valid JSON: {str(error) or 'too deep'}") from error


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def csv_rows(text: str) -> Iterator[dict[str | None, Any]]:
    """Yield the rows of a CSV file by the names of their columns; fields without a name are listed under None.

    :raises NotUnderstoodError: where the text is not CSV any more; what came before was yielded
    """
    lines = _lines(text)
    following: str | None = None

    def part(first: str) -> Iterator[str]:
        """Yield the lines of one of several joined files, and keep the first line of the file after it."""
        nonlocal following
        following, header = None, _words(first)
        yield first
        for line in lines:
            if _starts_again(line, header):
                following = line
                return
            yield line

    delimiter = ""
    line = next(lines, None)
    while line is not None:
        separator = _SEPARATOR.fullmatch(line)
        if separator or not line.strip() or line.startswith("#"):
            # Export-Csv of Windows PowerShell begins with #TYPE.
            delimiter = separator[1] if separator else delimiter
            line = next(lines, None)
            continue
        if not delimiter or delimiter not in line:
            delimiter = max(_DELIMITERS, key=line.count)
        reader = csv.reader(part(line), delimiter=delimiter, strict=True)
        try:
            header = _header(next(reader, []))
            for cells in reader:
                filled = [cell for cell in cells if cell.strip()]
                if not filled or (len(filled) == 1 and len(header) > 2 and address_of(filled[0]) is None):
                    continue  # An empty line, or words such as "Total: 25" below the rows.
                row: dict[str | None, Any] = dict(zip(header, cells, strict=False))
                nameless = [*cells[len(header) :], row.pop("", "")]
                if any(map(str.strip, nameless)):
                    row[None] = nameless
                yield row
        except csv.Error as error:
            raise NotUnderstoodError(f"it is not valid CSV: {error}") from error
        line, delimiter = following, ""


def _lines(text: str) -> Iterator[str]:
    for found in io.StringIO(text, newline=""):
        if line := found.strip("\ufeff\x1a"):
            yield line


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if any(address_of(name) for name in names):
        raise NotUnderstoodError("it has no line with the names of the columns; export it with Export-Csv")
    known = [name.casefold() for name in names if name]
    if twice := sorted({name for name in known if known.count(name) > 1}):
        raise NotUnderstoodError(f"it has two columns {twice[0]}")
    return names


def _words(line: str) -> list[str]:
    return [word for part in _ANY_DELIMITER.split(line) if (word := part.strip().strip('"').casefold())]


def _starts_again(line: str, header: Sequence[str]) -> bool:
    """Tell whether a line is no row but where the next of several joined files begins."""
    if line.startswith(("#TYPE", '"#TYPE')) or _SEPARATOR.fullmatch(line):
        return True
    first = _ANY_DELIMITER.split(line, 1)[0].strip().strip('"').casefold()
    if first not in _COLUMNS and first not in header:
        return False
    words = _words(line)
    known = sum(word in _COLUMNS for word in words)
    return words == header or (known > 1 and 2 * known > len(words))
