"""What panes are made of: rows of styled text, and the documents that have them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from rich.cells import cell_len, get_character_cell_size
from rich.style import Style
from rich.text import Text

__all__ = ["STYLES", "Document", "Log", "Position", "Row", "Style", "ansi_row", "plain", "row", "wrapped", "wraps"]

Row = tuple[tuple[str, Style], ...]
"""Text in pieces of one style each."""

Position = tuple[int, int]
"""Row number and cell."""

STYLES = {
    name: Style.parse(words)
    for name, words in {
        "": "",
        "bold": "bold",
        "dim": "dim",
        "accent": "bold magenta",
        "good": "green",
        "bad": "bold red",
        "error": "red",
        "warn": "yellow",
        "link": "underline cyan",
        "bar0": "blue",
        "bar1": "magenta",
        "bar2": "cyan",
        "bar3": "yellow",
        "bar4": "green",
    }.items()
}
"""The styles of our own words, from the sixteen colours of the user's own theme: right on dark and on light."""


class Document(Protocol):
    """Something with numbered rows that a `PaneView` can show, search and copy from."""

    first: int
    """Number of the oldest row kept. Rows are numbered from the start and never renumbered."""

    @property
    def end(self) -> int:
        """One past the last row."""

    @property
    def running(self) -> bool:
        """Whether an age that grows is shown."""

    def layout(self, width: int, now: float, *, wrap: bool) -> None:
        """Prepare rows of *width* cells; ages are told at *now* (seconds since the epoch). Before every look."""

    def row(self, y: int) -> Row:
        """The row numbered *y*."""

    def find(self, words: str, start: int, step: int) -> int | None:
        """Number of the next row, from *start* in direction *step* (1 or -1), that contains *words* in any case.

        It looks at everything kept, and makes visible what it finds.
        """


@runtime_checkable
class Log(Document, Protocol):
    """A document that grows."""

    def note(self, text: str) -> None:
        """Add a row of our own."""

    def clear(self) -> None:
        """Hide everything so far."""


def row(*parts: str | tuple[str, str]) -> Row:
    """A row from plain strings and (text, style name) pairs."""
    return tuple((part, STYLES[""]) if isinstance(part, str) else (part[0], STYLES[part[1]]) for part in parts)


def plain(pieces: Row) -> str:
    """The text of a row."""
    return "".join(text for text, _ in pieces)


def ansi_row(text: str) -> Row:
    """A line a program wrote, with its own colours; whatever else it asked of a terminal is left out."""
    if text.isprintable():
        return ((text, STYLES[""]),)
    decoded = Text.from_ansi(text)
    out: list[tuple[str, Style]] = []
    at = column = 0
    for start, end, style in [*decoded.spans, (len(decoded.plain),) * 2 + ("",)]:
        for part, its in ((decoded.plain[at:start], STYLES[""]), (decoded.plain[start:end], style)):
            if part:
                shown = _printable(part, column)
                column += cell_len(shown)
                out.append((shown, its if isinstance(its, Style) else STYLES[""]))
        at = end
    return tuple(out)


def _printable(text: str, column: int) -> str:
    """*text* with tabs of eight cells and without control characters."""
    if "\t" in text:
        text = (" " * (column % 8) + text).expandtabs(8)[column % 8 :]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def wraps(text: str, width: int) -> int:
    """How many rows of *width* cells *text* needs."""
    if text.isascii():
        return max(1, -(-len(text) // max(1, width)))
    return len(_breaks(text, width)) - 1


def wrapped(pieces: Row, width: int, index: int) -> Row:
    """The *index*th of the rows of *width* cells that *pieces* needs."""
    breaks = _breaks(plain(pieces), width)
    start, end = breaks[index], breaks[index + 1]
    out, at = [], 0
    for text, style in pieces:
        part = text[max(0, start - at) : max(0, end - at)]
        if part:
            out.append((part, style))
        at += len(text)
    return tuple(out)


def _breaks(text: str, width: int) -> list[int]:
    """Where each row begins, and the end. A wide character that does not fit begins the next row."""
    width = max(1, width)
    if text.isascii():
        return [*range(0, max(1, len(text)), width), len(text)]
    breaks, used = [0], 0
    for index, character in enumerate(text):
        size = get_character_cell_size(character)
        if used + size > width and index > breaks[-1]:
            breaks.append(index)
            used = 0
        used += size
    return [*breaks, len(text)]
