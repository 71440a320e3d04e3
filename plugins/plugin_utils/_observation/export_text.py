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
import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from .export_cells import address_of

_DELIMITERS = ",;\t|"
# Concatenated files have byte order marks in the middle, and Windows' copy ends what it joins with Ctrl-Z.
_SPACE = re.compile(r"[\s\ufeff\x1a]*")
_ANY_DELIMITER = re.compile(r"[,;\t|]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\W*', re.IGNORECASE)

_COLUMNS = frozenset(
    [
        "computername",
        "pscomputername",
        "systemname",
        "name",
        "id",
        "vmid",
        "vmname",
        "state",
        "status",
        "isclustered",
        "replicationmode",
        "macaddress",
        "dynamicmacaddressenabled",
        "macaddressspoofing",
        "switchname",
        "connected",
        "vlansetting",
        "accessvlanid",
        "vlanid",
        "ismanagementos",
        "vmsnapshotid",
        "vmsnapshotname",
        "vmcheckpointid",
        "vmcheckpointname",
        "parentsnapshotid",
        "parentsnapshotname",
        "parentcheckpointid",
        "parentcheckpointname",
        "snapshottype",
        "macaddressminimum",
        "macaddressmaximum",
        "deviceid",
        "adapterid",
        "networkadapters",
        "interfacedescription",
        "permanentaddress",
        "ipaddresses",
    ]
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

    :raises NotUnderstoodError: where the text stops to be JSON; what came before was yielded
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
        raise NotUnderstoodError(f"it is no JSON: {str(error) or 'too deep'}") from error


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def csv_rows(text: str) -> Iterator[dict[str | None, Any]]:
    """Yield the rows of a CSV file by the names of their columns; fields without a name are listed under None.

    :raises NotUnderstoodError: where the text stops to be CSV; what came before was yielded
    """
    lines = _lines(text)
    delimiter = ""
    while (line := next(lines, None)) is not None:
        if not line.strip() or line.startswith("#"):
            continue  # Export-Csv of Windows PowerShell begins with #TYPE.
        if separator := _SEPARATOR.fullmatch(line):
            delimiter = separator[1]
            continue
        if not delimiter or delimiter not in line:
            delimiter = max(_DELIMITERS, key=line.count)
        reader = csv.reader(chain([line], lines), delimiter=delimiter, strict=True)
        try:
            header = _header(next(reader, []))
            for cells in reader:
                if _begins_anew(cells, header):
                    lines = chain([_as_line(cells, delimiter)], lines)
                    break
                filled = [cell for cell in cells if cell.strip()]
                if not filled or (len(filled) == 1 and len(header) > 2 and address_of(filled[0]) is None):
                    continue  # An empty line, or words such as "Total: 25" below the rows.
                row: dict[str | None, Any] = dict(zip(header, cells, strict=False))
                nameless = [*cells[len(header) :], row.pop("", "")]
                if any(map(str.strip, nameless)):
                    row[None] = nameless
                yield row
        except csv.Error as error:
            raise NotUnderstoodError(f"it is no CSV file: {error}") from error
        delimiter = ""


def _lines(text: str) -> Iterator[str]:
    for found in _LINE.finditer(text):
        if line := found[0].strip("\ufeff\x1a"):
            yield line


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if any(address_of(name) for name in names):
        raise NotUnderstoodError("it has no line with the names of the columns; export it with Export-Csv")
    known = [name.casefold() for name in names if name]
    if twice := sorted({name for name in known if known.count(name) > 1}):
        raise NotUnderstoodError(f"it has two columns {twice[0]}")
    return names


def _begins_anew(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Tell whether a line is no row but where the next of several joined files begins."""
    first = cells[0].strip() if cells else ""
    if first.startswith("#TYPE") or first.casefold().startswith("sep="):
        return True
    if len(cells) == 1 and len(header) > 1:
        cells = _ANY_DELIMITER.split(first)
    words = [cell.strip().strip('"').casefold() for cell in cells if cell.strip()]
    if not words or not (words[0] in _COLUMNS or words[0] == header[0].casefold()):
        return False
    known = sum(word in _COLUMNS for word in words)
    return words == [name.casefold() for name in header if name] or (known > 1 and 2 * known > len(words))


def _as_line(cells: Sequence[str], delimiter: str) -> str:
    """Return a line as it was, for another look at it."""
    if len(cells) == 1 or cells[0].startswith("#") or cells[0].casefold().startswith("sep="):
        return delimiter.join(cells)
    return delimiter.join(f'"{quoted}"' for quoted in (cell.replace('"', '""') for cell in cells))
