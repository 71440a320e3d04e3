# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the argument specification of a PowerShell module without PowerShell.

Our modules keep ``$spec`` a literal hashtable, so that ``pwsh`` beside this file can give it to ``ansible-test sanity
--test validate-modules``, which compares it with the documentation. Where there is a real PowerShell, a test compares
what both read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(
    r"""
    (?P<space> [ \t]+ | \#[^\n]* )
    | (?P<end> [;\n] )
    | (?P<mark> @\{ | @\( | [})=,] )
    | (?P<text> '(?:[^']|'')*' | "[^"$`]*" )
    | (?P<constant> \$(?:true|false|null)\b )
    | (?P<number> -?[0-9]+\b )
    | (?P<word> [A-Za-z_]\w* )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CONSTANTS = {"$true": True, "$false": False, "$null": None}


class NotLiteral(Exception):
    """A value that only PowerShell itself could work out."""


def spec(source: str) -> dict[str, Any]:
    """Return the argument specification of a module.

    :raises NotLiteral: when it has none, or one that is not literal
    """
    start = re.search(r"^\$spec\s*=[ \t]*(?=@\{)", source, re.MULTILINE | re.IGNORECASE)
    if start is None:
        raise NotLiteral("the module has no $spec that is a hashtable literal")
    found: dict[str, Any] = _Reader(source, start.end()).value()
    return found


class _Reader:
    """Reads one literal from a place in a text."""

    def __init__(self, source: str, place: int) -> None:
        self.source = source
        self.place = place
        self.kind = self.token = ""
        self.advance()

    def advance(self) -> None:
        """Go to the next token; what ends a value, a line break or a semicolon, is one too."""
        while True:
            match = _TOKEN.match(self.source, self.place)
            if match is None:
                # Maybe no error: the literal may have ended before.
                self.kind, self.token = "unknown", self.source[self.place : self.place + 60]
                return
            self.place = match.end()
            self.kind, self.token = str(match.lastgroup), match[0]
            if self.kind != "space":
                return

    def take(self, token: str) -> None:
        """Go past a token that must be here."""
        if self.token != token:
            raise self.problem(f"expected {token}")
        self.advance()

    def problem(self, text: str = "not literal") -> NotLiteral:
        """Return the error for the token that is read now."""
        line = self.source.count("\n", 0, self.place) + 1
        return NotLiteral(f"line {line}: {text}, found {self.token.strip()!r}")

    def value(self) -> Any:
        """Read a value: a hashtable, a list, or values with commas between them."""
        found = self.single()
        if self.token != ",":
            return found
        items = [found]
        while self.token == ",":
            self.advance()
            while self.token == "\n":
                self.advance()
            items.append(self.single())
        return items

    def single(self) -> Any:
        """Read a value without a comma."""
        kind, token = self.kind, self.token
        if kind not in ("text", "constant", "number") and token not in ("@{", "@("):
            raise self.problem()
        self.advance()
        if token == "@{":
            return dict(self.until("}", self.entry))
        if token == "@(":
            return [
                item for line in self.until(")", self.value) for item in (line if isinstance(line, list) else [line])
            ]
        if kind == "constant":
            return _CONSTANTS[token.lower()]
        if kind == "number":
            return int(token)
        return token[1:-1].replace("''", "'") if token[0] == "'" else token[1:-1]

    def entry(self) -> tuple[str, Any]:
        """Read a key and its value."""
        key = self.token.strip("'\"")
        if self.kind not in ("word", "text"):
            raise self.problem("expected a key")
        self.advance()
        self.take("=")
        return key, self.value()

    def until(self, mark: str, read: Callable[[], Any]) -> list[Any]:
        """Read what ends with line breaks or semicolons, up to a closing mark."""
        found: list[Any] = []
        while True:
            while self.kind == "end":
                self.advance()
            if self.token == mark:
                self.advance()
                return found
            found.append(read())
            if self.kind != "end" and self.token != mark:
                raise self.problem(f"expected {mark}")
