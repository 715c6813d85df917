"""pyte's screen with what programs of today expect beyond a VT100, and a fast path for plain text.

Added: lines that leave at the top, the alternate screen, faint and concealed text, links, background colour where
something is erased (terminfo's `bce`), wide characters at the edge, and the functions of `CSI`.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections import defaultdict
from typing import Any

import pyte
from pyte import graphics
from pyte.modes import DECAWM, DECSCNM, DECTCEM, IRM
from pyte.screens import StaticDefaultDict
from wcwidth import wcwidth

from .cells import Cell

MARKS = 8
"""Combining marks kept on one character: more than any script writes."""
CELLS_KEPT, STYLES_KEPT = 4096, 256
"""Cells made once, by style: a screen of text is mostly the same few hundred."""

_RUNS = re.compile(r"([ -~]+)|([^ -~]+)")
_ALTERNATE = {47, 1047, 1049}
_DECCOLM = 3

_UNSTEADY = dict.fromkeys([0x200D, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)])
"""Joiners, variation selectors and skin tones: terminals disagree on the width of what they make, and a screen of panes
must know it."""

CSI = {
    "S": "scroll_up", "T": "scroll_down", "b": "repeat", "Z": "back_tab", "I": "forward_tab",
    "s": "save", "u": "restore", "t": "report_size",
}  # fmt: skip
"""Control functions that pyte does not have, by final byte (xterm's ctlseqs)."""


_BLANK, _REVERSED = Cell(" "), Cell(" ", reverse=True)
_PLAIN = {name: value for name, value in _BLANK._asdict().items() if name not in ("data", "link")}


class Line(StaticDefaultDict[int, Cell]):
    """The cells of a line by column."""

    wrapped = False
    """Whether it goes on with the line above it, which was too long."""
    hidden = False
    """Whether it has cells right of the screen, from when that was wider."""


class _Cells(dict[str, Cell]):
    """Characters in one style."""

    def __init__(self, attributes: Cell) -> None:
        self._attributes = attributes

    def __missing__(self, character: str) -> Cell:
        if len(self) > CELLS_KEPT:
            self.clear()
        cell = self[character] = self._attributes._replace(data=character)
        return cell


class Screen(pyte.Screen):
    """The cells of a terminal, changed by control functions. Rows and columns count from 0."""

    def __init__(self, columns: int, rows: int) -> None:
        self.scrolled: list[Line] = []
        """Lines that left at the top since they were last taken."""
        self.replies: list[str] = []
        self.private: set[int] = set()
        """Private modes that are set."""
        self.shape = "block"
        """Of the cursor: block, underline or bar."""
        self.forget = False
        """Whether the program wants the scrollback erased."""
        self._cells: dict[Cell, _Cells] = {}
        self._main: tuple[Any, Any] | None = None
        """Buffer and cursor of the main screen while the alternate one is shown."""
        self._last = ""
        super().__init__(columns, rows)
        self.buffer: Any = self._blank_buffer()

    @property
    def alternate(self) -> bool:
        return self._main is not None

    @property
    def default_char(self) -> Any:
        return _REVERSED if DECSCNM in self.mode else _BLANK

    def _blank_buffer(self) -> defaultdict[int, Line]:
        return defaultdict(lambda: Line(self.default_char))

    def reset(self) -> None:
        """RIS: as it was at the begin, but for the scrollback."""
        self.private.clear()
        self._main, self.shape = None, "block"
        super().reset()
        self.cursor.attrs = self.default_char

    def soft_reset(self) -> None:
        """DECSTR: what a program may have left behind, without touching the text."""
        self.reset_mode(IRM)
        self.set_mode(DECAWM >> 5, DECTCEM >> 5, private=True)
        self.private.clear()
        self.set_margins()
        self.cursor.attrs, self.shape = self.default_char, "block"

    # --- text

    def draw(self, data: str) -> None:
        charset = self.g1_charset if self.charset else self.g0_charset
        if charset is not pyte.charsets.LAT1_MAP:
            data = data.translate(charset)
        self._last = data[-1:]
        self._put(data)

    def repeat(self, count: int = 1) -> None:
        """REP: the last character again."""
        self._put(self._last * min(count or 1, self.columns * self.lines))

    def _put(self, data: str) -> None:
        for ascii_run, other in _RUNS.findall(data):
            if ascii_run:
                self._put_ascii(ascii_run)
            else:
                for character in other.translate(_UNSTEADY):
                    self._put_one(character)

    def _put_ascii(self, data: str) -> None:
        """Characters of one cell each, a line at a time: what pyte does, ten times as fast."""
        style: Any = self.cursor.attrs
        cells = self._cells.get(style)
        if cells is None:
            if len(self._cells) > STYLES_KEPT:
                self._cells.clear()
            cells = self._cells[style] = _Cells(style)
        start = 0
        while start < len(data):
            self._make_room(1)
            x = self.cursor.x
            part = data[start : start + self.columns - x]
            if IRM in self.mode:
                self.insert_characters(len(part))
            self.buffer[self.cursor.y].update(zip(range(x, x + len(part)), map(cells.__getitem__, part), strict=True))
            self.cursor.x += len(part)
            start += len(part)
            if self.cursor.x == self.columns:
                self._cut(self.cursor.y)
        self.dirty.add(self.cursor.y)

    def _put_one(self, character: str) -> None:
        width = wcwidth(character)
        if width == 0 and unicodedata.category(character)[0] == "M":
            self._combine(character)
        if width < 1:
            return
        self._make_room(width)
        if IRM in self.mode:
            self.insert_characters(width)
        line, x = self.buffer[self.cursor.y], self.cursor.x
        line[x] = self.cursor.attrs._replace(data=character)
        if width == 2 and x + 1 < self.columns:
            line[x + 1] = self.cursor.attrs._replace(data="")
        self.cursor.x = min(x + width, self.columns)
        if self.cursor.x == self.columns:
            self._cut(self.cursor.y)
        self.dirty.add(self.cursor.y)

    def _make_room(self, width: int) -> None:
        """Wrap, if a character of *width* cells does not fit any more; without DECAWM, over the last one."""
        if self.cursor.x + width <= self.columns or (self.cursor.x == 0 and width > self.columns):
            return
        if DECAWM not in self.mode:
            self.cursor.x = max(0, self.columns - width)
            return
        self.dirty.add(self.cursor.y)
        self.carriage_return()
        self.linefeed()
        self.buffer[self.cursor.y].wrapped = True

    def _combine(self, mark: str) -> None:
        line, x = self.buffer[self.cursor.y], self.cursor.x - 1
        if x > 0 and line[x].data == "":
            x -= 1
        if x >= 0 and len(line[x].data) < MARKS:
            line[x] = line[x]._replace(data=unicodedata.normalize("NFC", line[x].data + mark))
            self.dirty.add(self.cursor.y)

    # --- style

    def select_graphic_rendition(self, *attrs: int) -> None:
        """SGR, with faint and concealed text. A link is not a matter of style and stays."""
        new: dict[str, Any] = {}
        rest = list(reversed(attrs or (0,)))
        while rest:
            code = rest.pop()
            if code == 0:
                new = {**_PLAIN, "reverse": DECSCNM in self.mode}
            elif code in _SGR:
                new.update(_SGR[code])
            elif code in (38, 48) and (color := _extended(rest)) is not None:
                new["fg" if code == 38 else "bg"] = color
        self.cursor.attrs = self.cursor.attrs._replace(**new)

    def link(self, url: str) -> None:
        """What is drawn from now on leads to *url*; empty: nowhere."""
        self.cursor.attrs = self.cursor.attrs._replace(link=url)  # type: ignore[call-arg]

    # --- erasing

    def _erased(self) -> Any:
        """What erasing leaves: a blank in the background colour that is set."""
        return self.default_char._replace(bg=self.cursor.attrs.bg)

    def _erase(self, y: int, columns: range) -> None:
        line, blank = self.buffer[y], self._erased()
        if blank == self.default_char:
            for x in columns if len(columns) < len(line) else [x for x in line if x in columns]:
                line.pop(x, None)
        else:
            line.update(dict.fromkeys(columns, blank))
        if columns.start == 0 and columns.stop > self.cursor.x:
            line.wrapped = False
        if columns.stop >= self.columns:
            self._cut(y)
        self.dirty.add(y)

    def _cut(self, y: int) -> None:
        """Drop what the line has right of the screen: its end is written anew."""
        line = self.buffer[y]
        if line.hidden:
            line.hidden = False
            for x in [x for x in line if x >= self.columns]:
                del line[x]

    def insert_characters(self, count: int | None = None) -> None:
        super().insert_characters(count)
        line = self.buffer[self.cursor.y]
        line.hidden = line.hidden or self.columns in line  # pyte shifts one cell too far
        self._cut(self.cursor.y)

    def delete_characters(self, count: int | None = None) -> None:
        self._cut(self.cursor.y)
        super().delete_characters(count)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        x = min(self.cursor.x, self.columns - 1)
        columns = {0: range(x, self.columns), 1: range(x + 1), 2: range(self.columns)}.get(how)
        if columns is not None:
            self._erase(self.cursor.y, columns)

    def erase_characters(self, count: int | None = None) -> None:
        x = min(self.cursor.x, self.columns - 1)
        self._erase(self.cursor.y, range(x, min(x + (count or 1), self.columns)))

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        if how == 3:
            self.forget = not self.alternate
            return
        y = self.cursor.y
        for line in {0: range(y + 1, self.lines), 1: range(y), 2: range(self.lines)}.get(how, ()):
            self._erase(line, range(self.columns))
        if how in (0, 1):
            self.erase_in_line(how)

    # --- the cursor and the page

    def index(self) -> None:
        top, bottom = self.margins or (0, self.lines - 1)
        if self.cursor.y == bottom and top == 0 and not self.alternate:
            self.scrolled.append(self.buffer[0])
        super().index()

    def scroll_up(self, count: int = 1) -> None:
        """SU: as if that many lines had come at the bottom."""
        y, (_, bottom) = self.cursor.y, self.margins or (0, self.lines - 1)
        self.cursor.y = bottom
        for _ in range(min(count or 1, self.lines)):
            self.index()
        self.cursor.y = y

    def scroll_down(self, count: int = 1, *more: int) -> None:
        """SD: make room at the top. With more parameters it is an old kind of mouse tracking."""
        if more:
            return
        y, (top, _) = self.cursor.y, self.margins or (0, self.lines - 1)
        self.cursor.y = top
        for _ in range(min(count or 1, self.lines)):
            self.reverse_index()
        self.cursor.y = y

    def forward_tab(self, count: int = 1) -> None:
        """CHT."""
        for _ in range(min(count or 1, self.columns)):
            self.tab()

    def back_tab(self, count: int = 1) -> None:
        """CBT."""
        for _ in range(min(count or 1, self.columns)):
            self.cursor.x = max((stop for stop in self.tabstops if stop < self.cursor.x), default=0)

    def restore_cursor(self) -> None:
        """DECRC. What was saved stays saved, for another time."""
        if self.savepoints:
            saved = self.savepoints[-1]
            self.savepoints.append(saved._replace(cursor=copy.copy(saved.cursor)))
        super().restore_cursor()

    def save_cursor(self) -> None:
        self.savepoints.clear()  # a terminal has one
        super().save_cursor()

    def save(self, *parameters: int) -> None:
        """SCOSC: as DECSC."""
        self.save_cursor()

    def restore(self, *parameters: int) -> None:
        """SCORC: as DECRC."""
        self.restore_cursor()

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            self.private.update(modes)
            if self._main is None and _ALTERNATE.intersection(modes):
                self._main = self.buffer, (self.cursor.x, self.cursor.y, self.cursor.attrs)
                self.buffer = self._blank_buffer()
                self.dirty.update(range(self.lines))
            modes = tuple(mode for mode in modes if mode != _DECCOLM)  # it would resize the pane
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            self.private.difference_update(modes)
            if self._main is not None and _ALTERNATE.intersection(modes):
                self.buffer, (self.cursor.x, self.cursor.y, self.cursor.attrs) = self._main
                self._main = None
                self._fit()
            modes = tuple(mode for mode in modes if mode != _DECCOLM)
        super().reset_mode(*modes, **kwargs)

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Keep the cursor's line, and what is right of a narrower screen until its line is written anew.

        A full-screen program paints anew and would not know of what is hidden: it has none.
        """
        before, self.lines, self.columns = self.columns, lines or self.lines, columns or self.columns
        self._fit()
        new_stops = range(-(-before // 8) * 8, self.columns, 8)
        self.tabstops = {stop for stop in self.tabstops if stop < self.columns}.union(new_stops)
        self.set_margins()

    def _fit(self) -> None:
        """What does not fit above the cursor goes to the scrollback, what does not below it is dropped."""
        excess = self.cursor.y - self.lines + 1
        if excess > 0:
            rows = [self.buffer[y] for y in range(self.cursor.y + 1)]
            if not self.alternate:
                self.scrolled.extend(rows[:excess])
            self.buffer.clear()
            self.buffer.update(enumerate(rows[excess:]))
            self.cursor.y -= excess
        for y in [y for y in self.buffer if y >= self.lines]:
            del self.buffer[y]
        for y, line in self.buffer.items():
            line.hidden = max(line, default=0) >= self.columns
            if self.alternate:
                self._cut(y)
        self.cursor.x = min(self.cursor.x, self.columns)
        self.dirty.update(range(self.lines))

    # --- answers

    def report_device_attributes(self, mode: int = 0, **kwargs: Any) -> None:
        if mode == 0 and not kwargs.get("private"):
            self.replies.append("\x1b[?62;22c")  # VT220 with colour

    def report_size(self, what: int = 0, *more: int) -> None:
        """XTWINOPS: the size in cells; a pane cannot be moved, and its pixels are nobody's business."""
        if what == 18:
            self.replies.append(f"\x1b[8;{self.lines};{self.columns}t")

    def write_process_input(self, data: str) -> None:
        self.replies.append(data)


def _extended(rest: list[int]) -> str | None:
    """The colour that follows 38 or 48 at the end of the reversed *rest*, which is used up."""
    kind = rest.pop() if rest else None
    if kind == 5 and rest:
        number = rest.pop()
        return graphics.FG_BG_256[number] if number < 256 else None
    if kind == 2 and len(rest) >= 3:
        return "".join(f"{min(rest.pop(), 255):02x}" for _ in range(3))
    return None


_SGR: dict[int, dict[str, Any]] = {
    **{code: {"fg": name} for code, name in (graphics.FG_ANSI | graphics.FG_AIXTERM).items()},
    **{code: {"bg": name} for code, name in (graphics.BG_ANSI | graphics.BG_AIXTERM).items()},
    **{code: {name[1:]: name[0] == "+"} for code, name in graphics.TEXT.items()},
    2: {"dim": True},
    8: {"conceal": True},
    21: {"underscore": True},
    22: {"bold": False, "dim": False},
    28: {"conceal": False},
}
"""What each code of SGR changes (ECMA-48 §8.3.117)."""
