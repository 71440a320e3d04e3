# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read PowerShell as a syntax tree, and the argument specification of a module out of it. Nothing is run.

Our modules keep ``$spec`` a literal hashtable, so that it can be read here: by the gate in tests/unit/powershell, and by
``pwsh`` beside this file, with which ``ansible-test sanity --test validate-modules`` compares it with the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

# Several values in @( ) may stand on lines of their own: each is then a statement.
_WRAPPERS = frozenset({"statement_list", "pipeline", "pipeline_chain", "parenthesized_expression"})


class NotLiteral(Exception):
    """A value that only PowerShell itself could work out."""


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_powershell.language()))


def parse(source: str) -> Node:
    """Return the root of the syntax tree."""
    return _parser().parse(source.encode("utf-8")).root_node


def text_of(node: Node) -> str:
    """Return the source text of a node."""
    return (node.text or b"").decode("utf-8")


def line_of(node: Node) -> int:
    """Return the line that a node starts on, from 1."""
    return node.start_point[0] + 1


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything under it, in the order of the source."""
    yield node
    for child in node.children:
        yield from walk(child)


def errors(root: Node) -> list[str]:
    """Return the places that are no PowerShell, such as an unclosed brace."""
    return [
        f"line {line_of(node)}: {'missing ' if node.is_missing else ''}{node.type} {text_of(node)[:60]!r}"
        for node in walk(root)
        if node.type == "ERROR" or node.is_missing
    ]


def unwrap(node: Node) -> Node:
    """Go down through the levels of the grammar that hold one thing and add nothing."""
    while node.named_child_count == 1 and (node.type.endswith("_expression") or node.type in _WRAPPERS):
        if node.type in ("array_expression", "hash_literal_expression"):
            break
        child = node.named_children[0]
        if len(node.children) > 1 and node.type != "parenthesized_expression":
            break
        node = child
    return node


def literal(node: Node) -> Any:
    """Return the value of an expression that is a literal.

    :raises NotLiteral: when it is anything else
    """
    node = unwrap(node)
    source = text_of(node).strip()
    if node.type == "hash_literal_expression":
        return {key: literal(value) for key, value in hash_entries(node)}
    if node.type == "array_expression":
        return [item for child in node.named_children for item in _items(child)]
    if node.type == "array_literal_expression":
        return [literal(child) for child in node.named_children]
    if node.type == "string_literal":
        return _text(source)
    if node.type == "variable" and source.lower() in _CONSTANTS:
        return _CONSTANTS[source.lower()]
    if re.fullmatch(r"-?\d+", source):
        return int(source)
    raise NotLiteral(f"line {line_of(node)}: {source[:60]}")


_CONSTANTS: dict[str, Any] = {"$true": True, "$false": False, "$null": None}


def _items(node: Node) -> list[Any]:
    """Return the elements that a part of @( ) stands for."""
    node = unwrap(node)
    if node.type == "statement_list":
        return [item for child in node.named_children for item in _items(child)]
    value = literal(node)
    return value if node.type == "array_literal_expression" else [value]


def _text(source: str) -> str:
    quote, body = source[0], source[1:-1]
    if quote == "'":
        return body.replace("''", "'")
    if quote == '"' and not re.search(r"[$`]", body):
        return body
    raise NotLiteral(source)


def hash_entries(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield the keys of a hashtable literal with the nodes of their values."""
    for child in node.named_children:
        if child.type == "hash_entry":
            key = text_of(child.named_children[0]).strip()
            yield (key[1:-1] if key[0] in "'\"" else key), child.named_children[-1]
        elif child.type == "hash_literal_body":
            yield from hash_entries(child)


def find_hash(node: Node) -> Node | None:
    """Return the first hashtable literal in a node."""
    return next((found for found in walk(node) if found.type == "hash_literal_expression"), None)


def assigned(root: Node, variable: str) -> Iterator[Node]:
    """Yield the values that are assigned to a variable itself, not to a part of it."""
    for node in walk(root):
        if node.type != "assignment_expression":
            continue
        target = node.named_children[0]
        value = node.child_by_field_name("value")
        if value is not None and text_of(target).strip().lower() == variable.lower():
            yield value


def spec(source: str) -> dict[str, Any]:
    """Return the argument specification of a module.

    :raises NotLiteral: when there is none, or it is not literal
    """
    for value in assigned(parse(source), "$spec"):
        found: dict[str, Any] = literal(value)
        return found
    raise NotLiteral("there is no $spec")
