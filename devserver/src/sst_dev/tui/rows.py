"""What panes are made of: rows of styled text, and the documents that have them."""

from __future__ import annotations

import bisect
from collections.abc import Hashable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from rich.cells import cell_len, get_character_cell_size
from rich.style import Style
from rich.text import Text

__all__ = [
    "STYLES", "Document", "Lines", "Log", "Place", "Position", "Row", "Rows", "Style", "ansi_row", "breaks", "part_of",
    "plain", "row", "wrapped", "wraps",
]  # fmt: skip

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


Place = Hashable
"""Where something stands in a document, whatever is folded, wrapped or dropped around it."""


class Document(Protocol):
    """Something with numbered rows that a `PaneView` can show, search and copy from."""

    first: int
    """Number of the oldest row kept. Rows are numbered from the start."""

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

    def gutter(self, y: int) -> int:
        """Cells at the begin of row *y* that are decoration and not text."""

    def continues(self, y: int) -> bool:
        """Whether row *y* is the same line as the one above it."""

    def place(self, y: int) -> Place:
        """What stands in row *y*."""

    def locate(self, place: Place) -> int | None:
        """The row in which *place* is now; None when it is not shown."""

    def matches(self, words: str) -> Sequence[Place]:
        """Every line that contains *words* in any case, in order, also where they are folded away."""

    def reach(self, place: Place | None) -> int | None:
        """Make *place* visible, and nothing that was made visible for another; its row."""

    def seen(self, top: int, height: int, *, follow: bool) -> None:
        """*height* rows from *top* on are on the screen; with *follow* it stays at the end."""


class Rows:
    """What documents share whose rows never change their numbers and hide nothing."""

    first: int = 0

    @property
    def end(self) -> int:
        """One past the last row."""
        raise NotImplementedError

    def row(self, y: int) -> Row:
        """The row numbered *y*."""
        raise NotImplementedError

    def gutter(self, y: int) -> int:
        """There is none."""
        return 0

    def continues(self, y: int) -> bool:
        """Each row is a line."""
        return False

    def place(self, y: int) -> Place:
        """The row's number."""
        return y

    def locate(self, place: Place) -> int | None:
        """The same number."""
        return place if isinstance(place, int) else None

    def matches(self, words: str) -> Sequence[Place]:
        """Every row that contains *words* in any case."""
        words = words.casefold()
        return [y for y in range(self.first, self.end) if words in plain(self.row(y)).casefold()]

    def reach(self, place: Place | None) -> int | None:
        """Everything is visible."""
        return self.locate(place)

    def seen(self, top: int, height: int, *, follow: bool) -> None:
        """It does not matter."""


class Lines(Rows):
    """Lines that are wrapped into rows, or are one row each."""

    def __init__(self) -> None:
        self._rows: list[tuple[Row, int]] = []
        """Of each row its line, and which of the line's rows it is."""
        self._width = 0
        """At which lines are wrapped; 0 when they are not."""

    def lay_out(self, lines: Iterable[Row], width: int, *, wrap: bool) -> None:
        """Make rows of *lines*."""
        self._width = width if wrap else 0
        self._rows = [(pieces, part) for pieces in lines for part in range(wraps(plain(pieces), width) if wrap else 1)]

    @property
    def end(self) -> int:
        return self.first + len(self._rows)

    def row(self, y: int) -> Row:
        if not self.first <= y < self.end:
            return ()
        pieces, part = self._rows[y - self.first]
        return wrapped(pieces, self._width, part) if self._width else pieces

    def continues(self, y: int) -> bool:
        """Whether row *y* is the same line as the one above it."""
        return self.first <= y < self.end and self._rows[y - self.first][1] > 0

    def matches(self, words: str) -> Sequence[Place]:
        """Every line that contains *words*: the row they begin in, also when they go on in the next."""
        words = words.casefold()
        found = []
        for number, (pieces, part) in enumerate(self._rows):
            if part == 0 and (at := plain(pieces).casefold().find(words)) >= 0:
                found.append(self.first + number + (part_of(plain(pieces), self._width, at) if self._width else 0))
        return found


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
    if len(text) <= width and text.isascii():
        return 1
    return len(breaks(text, width)) - 1


def wrapped(pieces: Row, width: int, index: int) -> Row:
    """The *index*th of the rows of *width* cells that *pieces* needs."""
    where = breaks(plain(pieces), width)
    start, end = where[index], where[index + 1]
    out, at = [], 0
    for text, style in pieces:
        part = text[max(0, start - at) : max(0, end - at)]
        if part:
            out.append((part, style))
        at += len(text)
    return tuple(out)


def part_of(text: str, width: int, at: int) -> int:
    """In which of the rows of *width* cells the character *at* of *text* stands."""
    where = breaks(text, width)
    return min(bisect.bisect_right(where, at) - 1, len(where) - 2)


def breaks(text: str, width: int) -> list[int]:
    """Where each row of *width* cells begins, and the end of *text*.

    Rows break after a space where there is one, else where they are full; the space stays at the end of its row, so
    that rows put together are the text.
    """
    width, where = max(1, width), [0]
    while (full := _full(text, where[-1], width)) < len(text):
        space = text.rfind(" ", where[-1], full + 1)
        after_word = space >= 0 and not text[where[-1] : space].isspace() and space > where[-1]
        where.append(space + 1 if after_word else full)
    return [*where, len(text)] if where[-1] < len(text) or len(where) == 1 else where


def _full(text: str, start: int, width: int) -> int:
    """One past the last character that fits into a row begun at *start*; always at least one."""
    end = start + width
    if text.isascii():
        return end
    used = 0
    for index in range(start, len(text)):
        used += get_character_cell_size(text[index])
        if used > width:
            return max(index, start + 1)
    return len(text)
