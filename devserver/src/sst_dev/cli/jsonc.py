"""Edits of JSON with comments that touch nothing but what they are about, as VS Code's settings files need."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|[{}\[\]:,]|[^\s{}\[\]:,"/]+', re.DOTALL)


@dataclass
class Node:
    """A value and where it stands in the text."""

    start: int
    end: int = 0
    scalar: Any = None
    members: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)


def put_in_list(text: str, key: str, item: dict[str, Any], same: Callable[[Any], bool]) -> str:
    """*text* with *item* in the list under the top-level *key*, in place of the first object whose `name` is *same*.

    Everything else, comments too, stays as it is. Raises `ValueError` when *text* is not an object with such a list.
    """
    root = parse(text)
    if text[root.start] != "{":
        raise ValueError("expected an object")
    found = root.members.get(key)
    if found is None:
        more = "," if root.members else ""
        shown = json.dumps({key: [item]}, indent=_unit(text))[2:-2]
        return f"{text[: root.start + 1]}\n{shown}{more}{text[root.start + 1 :]}"
    if text[found.start] != "[":
        raise ValueError(f'expected a list under "{key}"')
    shown = json.dumps(item, indent=_unit(text))
    for old in found.items:
        if "name" in old.members and same(old.members["name"].scalar):
            indent = _indent(text, old.start)
            return text[: old.start] + textwrap.indent(shown, indent).lstrip() + text[old.end :]
    indent = _indent(text, found.items[0].start) if found.items else _indent(text, found.start) + _unit(text)
    after = "," if found.items else "\n" + _indent(text, found.start)
    rest = text[found.start + 1 :]
    return f"{text[: found.start + 1]}\n{textwrap.indent(shown, indent)}{after}{rest if found.items else rest.lstrip()}"


def without_comments(text: str) -> str:
    """*text* without comments, with strings left alone."""
    return _TOKEN.sub(lambda match: "" if match[0].startswith(("//", "/*")) else match[0], text)


def parse(text: str) -> Node:
    """The value that *text* is, with the places of its parts; trailing commas are fine. Raises `ValueError`."""
    tokens = [match for match in _TOKEN.finditer(text) if not match[0].startswith(("//", "/*"))]
    try:
        node, rest = _value(tokens, 0)
    except IndexError:
        raise ValueError("it ends too early") from None
    if rest != len(tokens):
        raise ValueError(f"{tokens[rest][0]!r} after the end")
    return node


def _value(tokens: list[re.Match[str]], at: int) -> tuple[Node, int]:
    token = tokens[at]
    node = Node(token.start())
    if token[0] not in ("{", "["):
        node.scalar, node.end = json.loads(token[0]), token.end()
        return node, at + 1
    closing = {"{": "}", "[": "]"}[token[0]]
    at += 1
    while tokens[at][0] != closing:
        if closing == "}":
            key = json.loads(tokens[at][0])
            if tokens[at + 1][0] != ":":
                raise ValueError(f"expected ':' after {key!r}")
            node.members[key], at = _value(tokens, at + 2)
        else:
            item, at = _value(tokens, at)
            node.items.append(item)
        if tokens[at][0] == ",":
            at += 1
        elif tokens[at][0] != closing:
            raise ValueError(f"expected ',' or '{closing}' and found {tokens[at][0]!r}")
    node.end = tokens[at].end()
    return node, at + 1


def _unit(text: str) -> str:
    """What *text* indents by."""
    return "\t" if "\n\t" in text else "  "


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip())]
