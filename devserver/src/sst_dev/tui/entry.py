"""One invocation or note of the Functions pane: a head, and lines under it. Folded, it is its head."""

from __future__ import annotations

import bisect
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..core import events as e
from ..core.state import Invocation, lines_left_out
from .rows import Row, ansi_row, breaks, part_of, plain, row, wrapped, wraps

GUTTER = 4
"""Cells before the text of a row: the mark, the fold and the sign of a head, the bar of a line."""

HEAD = -1
"""The number of the head among the lines of an entry."""
AFTER = 1 << 40
"""The number of the first line after those that were logged, of which there will be fewer."""


class Entry:
    """One invocation or note, and how it is shown.

    Its lines have numbers that stay when others are dropped: those it logged count from 0, what follows them (the
    error, what a replay changed) from `AFTER`. Dropped lines share one row.
    """

    def __init__(
        self, function: str, *, invocation: Invocation | None = None, head: Row = (), root: Path = Path("/")
    ) -> None:
        self.function = function
        self._root = root
        self.invocation = invocation
        self.head = head
        self.notes: list[Row] = []
        """Lines under a note's head."""
        self.folded = False
        self.opened = False
        """Whether it is unfolded as long as a search is at one of its lines."""
        self.changes: list[Row] = []
        """What a replay changed in the answer."""
        self._error: list[Row] | None = None
        self._offsets: list[int] = [0]
        """Of each line under the head when lines are wrapped: the row it begins at; then the end."""
        self._measured = (0, 0)
        """Width and number of dropped lines that `_offsets` is for."""
        self._stable = 0
        """How many of them will not change but by those."""

    @property
    def id(self) -> str:
        return self.invocation.started.id if self.invocation else ""

    @property
    def closed(self) -> bool:
        """Whether only its head is shown."""
        return self.folded and not self.opened

    def fold(self) -> None:
        """Show the head alone, or everything."""
        self.folded, self.opened = not self.closed, False

    # --- lines

    @property
    def length(self) -> int:
        """Lines under the head, folded or not."""
        return self._logged() + len(self._after())

    def text(self, index: int) -> str:
        """The text of the line *index* under the head."""
        logged = self._line(index)
        if logged is None:
            return plain(self._rest(index))
        return logged if logged.isprintable() else plain(ansi_row(logged))

    def copied(self) -> str:
        """What it logged, as it was logged but for colours; of one that logged nothing, its error."""
        count = self._logged() or self.length
        return "\n".join(map(self.text, range(count)))

    def number(self, index: int) -> int:
        """The number of the line *index* under the head, which stays when others are dropped."""
        logged = self._logged()
        if index >= logged:
            return AFTER + index - logged
        first, dropped = self._first(), self._dropped()
        return index if index <= first or not dropped else index - 1 + dropped

    def index(self, number: int) -> int:
        """Where the line *number* is now: the row of the dropped ones, if it is one of them."""
        if number >= AFTER:
            return self._logged() + number - AFTER
        first, dropped = self._first(), self._dropped()
        return number if number < first or not dropped else max(first, number + 1 - dropped)

    def find(self, words: str) -> Iterator[tuple[int, int]]:
        """Number and character of every line that contains *words*, which are case-folded."""
        if self.invocation is not None:
            later = len(self.invocation.lines) + self.invocation.lines_dropped
            for first, lines in ((0, self.invocation.lines), (later, self.invocation.last_lines)):
                for number, text in enumerate(lines, first):
                    shown = text if text.isprintable() else plain(ansi_row(text))
                    if (at := shown.casefold().find(words)) >= 0:
                        yield number, at
        for index, pieces in enumerate(self._after() if self.invocation else self.notes):
            if (at := plain(pieces).casefold().find(words)) >= 0:
                yield index + (AFTER if self.invocation else 0), at

    def _first(self) -> int:
        return len(self.invocation.lines) if self.invocation else len(self.notes)

    def _dropped(self) -> int:
        return self.invocation.lines_dropped if self.invocation else 0

    def _logged(self) -> int:
        if self.invocation is None:
            return len(self.notes)
        return len(self.invocation.lines) + bool(self.invocation.lines_dropped) + len(self.invocation.last_lines)

    def _line(self, index: int) -> str | None:
        """What was logged, when the line *index* was."""
        if self.invocation is None:
            return None
        lines, last = self.invocation.lines, self.invocation.last_lines
        if index < len(lines):
            return lines[index]
        index -= len(lines) + bool(self.invocation.lines_dropped)
        return last[index] if 0 <= index < len(last) else None

    def _rest(self, index: int) -> Row:
        if self.invocation is None:
            return self.notes[index] if index < len(self.notes) else ()
        after, at = self._after(), index - self._logged()
        if at < 0:
            return row((lines_left_out(self.invocation.lines_dropped), "warn"))
        return after[at] if at < len(after) else ()

    def _after(self) -> list[Row]:
        if self.invocation is None or self.invocation.finished is None:
            return self.changes
        if self._error is None:
            self._error = error_rows(self.invocation.finished, self._root)
        return self._error + self.changes if self.changes else self._error

    # --- rows

    def layout(self, width: int, *, wrap: bool) -> int:
        """Rows this entry takes; *width* counts only with *wrap*."""
        length = 0 if self.closed else self.length
        if not wrap or not length:
            return 1 + length
        width, (before, dropped) = width - GUTTER, self._measured
        if before != width:
            self._stable = 0
        elif dropped != self._dropped():
            self._stable = min(self._stable, self._first())  # the lines after those have moved up
        del self._offsets[self._stable + 1 :]
        for index in range(self._stable, length):
            self._offsets.append(self._offsets[-1] + wraps(self.text(index), width))
        self._measured, self._stable = (width, self._dropped()), self._logged()
        return 1 + self._offsets[-1]

    def body(self, offset: int, width: int, *, wrap: bool, chosen: bool) -> Row:
        """The row *offset* (from 1) under the head."""
        index, part = self._split(offset, wrap=wrap)
        logged = self._line(index)
        pieces = self._rest(index) if logged is None else ansi_row(logged)
        bar = bar_style(self.id) if self.invocation and index < self._logged() else "dim"
        gutter = row(("  ┃ ", "accent") if chosen else ("  │ ", bar))
        return (*gutter, *(wrapped(pieces, width - GUTTER, part) if wrap else pieces))

    def continues(self, offset: int, *, wrap: bool) -> bool:
        """Whether the row *offset* is the same line as the one above it."""
        return offset > 0 and self._split(offset, wrap=wrap)[1] > 0

    def place(self, offset: int, width: int, *, wrap: bool) -> tuple[int, int]:
        """Number of the line in row *offset*, and the character the row begins with."""
        if offset == 0:
            return HEAD, 0
        index, part = self._split(offset, wrap=wrap)
        return self.number(index), breaks(self.text(index), width - GUTTER)[part] if part else 0

    def offset(self, number: int, at: int, width: int, *, wrap: bool) -> int:
        """The row in which character *at* of the line *number* is."""
        if number == HEAD or self.closed or not self.length:
            return 0
        index = min(self.index(number), self.length - 1)
        if not wrap:
            return 1 + index
        part = part_of(self.text(index), width - GUTTER, at)
        return 1 + min(self._offsets[index] + part, self._offsets[index + 1] - 1)

    def _split(self, offset: int, *, wrap: bool) -> tuple[int, int]:
        if not wrap:
            return offset - 1, 0
        index = min(bisect.bisect_right(self._offsets, offset - 1), len(self._offsets) - 1) - 1
        return index, offset - 1 - self._offsets[index]


def error_rows(finished: e.InvocationFinished, root: Path) -> list[Row]:
    """The error of an invocation and the user's own frames, the code in them in bold; empty when it went well."""
    if finished.status == "ok":
        return []
    kind, message = finished.error_type, finished.error_message
    lines = (f"{kind}: {message}" if kind and message else kind or message).splitlines()
    return [
        *(ansi_row(text) if not text.isprintable() else row((text, "bad")) for text in lines),
        *frame_rows(finished.frames, root),
    ]


def frame_rows(frames: tuple[str, ...], root: Path) -> list[Row]:
    """Where each frame is (under *root*, from there), and in bold what stands there: that is what one looks for."""
    rows = []
    for frame in frames:
        where, *code = frame.replace(f'"{root}/', '"').rstrip("\n").split("\n")
        rows += [row(where), *(row((text, "bold")) for text in code)]
    return rows


def bar_style(key: str) -> str:
    """The same colour for the same invocation, in every line."""
    return f"bar{zlib.crc32(key.encode()) % 5}"
