"""One character on a terminal's screen, and how a line of them becomes a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from rich.cells import cell_len

from .rows import Row, Style


class Cell(NamedTuple):
    """A character and how it looks: pyte's `Char`, and what pyte does not know."""

    data: str
    """Empty in the second cell of a wide character."""
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    strikethrough: bool = False
    reverse: bool = False
    blink: bool = False
    dim: bool = False
    conceal: bool = False
    link: str = ""
    """The URL it leads to (OSC 8)."""


_CHARACTER, _ATTRIBUTES = itemgetter(0), itemgetter(slice(1, None))


def row_of(cells: Mapping[int, Cell]) -> Row:
    """The cells of one line as spans of equal style, without the blank end."""
    if not cells:
        return ()
    line: Iterable[Cell] = map(cells.__getitem__, range(max(cells) + 1))
    text = "".join(map(_CHARACTER, cells.values()))
    if len(text) != len(cells) or not text.isascii():
        line = _fitting(list(line))
    spans = [("".join(map(_CHARACTER, run)), _style(attributes)) for attributes, run in groupby(line, _ATTRIBUTES)]
    while spans and spans[-1][1] is _PLAIN:
        last = spans[-1][0].rstrip(" ")
        if last:
            spans[-1] = (last, _PLAIN)
            break
        spans.pop()
    return tuple(spans)


def _fitting(line: list[Cell]) -> list[Cell]:
    """*line* with every character as wide as its cells: half of a wide one is blank, as on any terminal."""
    for x, cell in enumerate(line):
        if cell.data == "":
            fits = x > 0 and cell_len(line[x - 1].data) == 2
        else:
            width = 1 if cell.data.isascii() else cell_len(cell.data)
            fits = width == 1 or (width == 2 and x + 1 < len(line) and line[x + 1].data == "")
        if not fits:
            line[x] = cell._replace(data=" ")
    return line


_PLAIN = Style()
_STYLES: dict[Any, Style] = {Cell(" ")[1:]: _PLAIN}
STYLES_KEPT = 4096
"""Styles made once: more than any screen has, unless a program paints gradients."""


def _style(attributes: tuple[Any, ...]) -> Style:
    style = _STYLES.get(attributes)
    if style is None:
        if len(_STYLES) > STYLES_KEPT:
            for key in list(islice(_STYLES, 1, None)):
                del _STYLES[key]
        foreground, background, bold, italic, underline, strike, reverse, blink, dim, conceal, link = attributes
        style = _STYLES[attributes] = Style(
            color=_color(foreground), bgcolor=_color(background), bold=bold or None, italic=italic or None,
            underline=underline or None, strike=strike or None, reverse=reverse or None, blink=blink or None,
            dim=dim or None, conceal=conceal or None, link=link or None,
        )  # fmt: skip
    return style


def _color(name: str) -> str | None:
    if name == "default":
        return None
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    name = name.replace("bfight", "bright").replace("brown", "yellow")
    return name.replace("bright", "bright_")
