"""A terminal's screen and scrollback, from the bytes a program writes. Pure: bytes in, rows and replies out.

pyte does the emulation. Added here: scrollback, the alternate screen, what a program asks of its terminal (mouse,
paste and cursor-key modes), sequences pyte would print instead of ignoring, and a fast path for plain text.
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, cast

import pyte
from pyte.modes import DECTCEM, IRM
from pyte.screens import Char

from .rows import Row, Style, plain

SCROLLBACK = 10_000
"""Lines kept above the screen: what mprocs and most terminals keep; about 2 MB for ordinary lines."""
HELD = 64 * 1024
"""Characters of an escape sequence that has not ended yet: longer ones (images) are not for this terminal."""

_UNWANTED = re.compile(
    r"\x1b\[(?P<private>[<=>])[0-9;:]*[ -/]*(?P<final>[@-~])"  # xterm's own CSI
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC with their strings
    r"|\x1b\[(?P<colons>[0-9;]*:[0-9;:]*)m"  # SGR with sub-parameters (ITU T.416)
    r"|\x1b\[[0-?]*[ -/]+[@-~]"  # CSI with an intermediate
    r"|\x1b\[\?[0-9;]*(?![hlJK])[@-~]"  # private CSI other than modes and erasing
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?\Z")

_RUNS = re.compile(r"([ -~]+)|([^ -~]+)")

_ALTERNATE = {47, 1047, 1049}
_MOUSE = {9: "press", 1000: "press", 1002: "drag", 1003: "motion"}


@dataclass(frozen=True)
class Modes:
    """What the program wants to be told, and how."""

    application_cursor: bool = False
    """Arrow keys as SS3 (DECCKM)."""
    bracketed_paste: bool = False
    mouse: str = ""
    """`press`, `drag` or `motion`; empty: the mouse is ours."""
    sgr_mouse: bool = False
    alternate: bool = False
    """A full-screen program: there is no scrollback to look at."""


class _Cells(dict[str, Char]):
    """Characters in one style, made once: a screen of text is mostly the same few hundred cells."""

    def __init__(self, attributes: Char) -> None:
        self._attributes = attributes

    def __missing__(self, character: str) -> Char:
        if len(self) > 4096:
            self.clear()
        cell = self[character] = self._attributes._replace(data=character)
        return cell


class _Screen(pyte.Screen):
    """pyte's screen with the additions named above."""

    def __init__(self, columns: int, rows: int) -> None:
        self.scrolled: list[Mapping[int, Char]] = []
        """Lines that left at the top since they were last taken."""
        self.replies: list[str] = []
        self._cells: dict[Char, _Cells] = {}
        self._main: tuple[Any, Any] | None = None
        """Buffer and cursor of the main screen while the alternate one is shown."""
        self.private: set[int] = set()
        super().__init__(columns, rows)

    @property
    def alternate(self) -> bool:
        return self._main is not None

    def draw(self, data: str) -> None:
        if IRM in self.mode or self.charset:
            super().draw(data)
            return
        if self.g0_charset is not pyte.charsets.LAT1_MAP:
            data = data.translate(self.g0_charset)
        for ascii_run, other in _RUNS.findall(data):
            if ascii_run:
                self._draw_ascii(ascii_run)
            else:
                super().draw(other)

    def _draw_ascii(self, data: str) -> None:
        """Characters of one cell each, a line at a time: what pyte does, ten times as fast."""
        cells = self._cells.get(self.cursor.attrs)
        if cells is None:
            if len(self._cells) > 256:
                self._cells.clear()
            cells = self._cells[self.cursor.attrs] = _Cells(self.cursor.attrs)
        start = 0
        while start < len(data):
            if self.cursor.x >= self.columns:
                super().draw(data[start])  # wraps, or stays, as the modes say
                start += 1
                continue
            x = self.cursor.x
            part = data[start : start + self.columns - x]
            self.buffer[self.cursor.y].update(zip(range(x, x + len(part)), map(cells.__getitem__, part), strict=True))
            self.cursor.x += len(part)
            start += len(part)
        self.dirty.add(self.cursor.y)

    def index(self) -> None:
        top, bottom = self.margins or (0, self.lines - 1)
        if self.cursor.y == bottom and top == 0 and not self.alternate:
            self.scrolled.append(self.buffer[0])
        super().index()

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            self.private.update(modes)
            if self._main is None and _ALTERNATE.intersection(modes):
                self._main = self.buffer, (self.cursor.x, self.cursor.y, self.cursor.attrs)
                self.buffer = defaultdict(lambda: pyte.screens.StaticDefaultDict(self.default_char))
                self.dirty.update(range(self.lines))
            modes = tuple(mode for mode in modes if mode != 3)  # DECCOLM would resize the pane
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            self.private.difference_update(modes)
            if self._main is not None and _ALTERNATE.intersection(modes):
                self.buffer, (self.cursor.x, self.cursor.y, self.cursor.attrs) = self._main
                self.cursor.y = min(self.cursor.y, self.lines - 1)
                self._main = None
                self.dirty.update(range(self.lines))
            modes = tuple(mode for mode in modes if mode != 3)
        super().reset_mode(*modes, **kwargs)

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Keep the cursor's line: what does not fit above it goes to the scrollback, below it is dropped."""
        lines, columns = lines or self.lines, columns or self.columns
        excess = self.cursor.y - lines + 1
        if excess > 0:
            rows = [self.buffer[y] for y in range(self.lines)]
            if not self.alternate:
                self.scrolled.extend(rows[:excess])
            self.buffer.clear()
            self.buffer.update(enumerate(rows[excess:]))
            self.cursor.y -= excess
        for y in [y for y in self.buffer if y >= lines]:
            del self.buffer[y]
        self.lines = lines
        self.set_margins()
        super().resize(lines, columns)
        self.columns = columns
        self.cursor.x = min(self.cursor.x, columns)
        self.dirty.update(range(lines))

    def report_device_attributes(self, mode: int = 0, **kwargs: Any) -> None:
        if mode == 0 and not kwargs.get("private"):
            self.replies.append("\x1b[?62;22c")  # VT220 with colour

    def write_process_input(self, data: str) -> None:
        self.replies.append(data)


class _Lenient:
    """Hands pyte's calls on; a control function with parameters it does not have is ignored, as terminals do."""

    def __init__(self, screen: _Screen) -> None:
        self._screen = screen

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._screen, name)
        if name not in pyte.Stream.csi.values():
            return method

        def call(*args: Any, **kwargs: Any) -> None:
            try:
                method(*args, **kwargs)
            except TypeError:
                self._screen.debug(name, *args, **kwargs)

        return call


class Emulator:
    """One program's terminal."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = _Screen(columns, rows)
        self._stream = pyte.Stream(cast(pyte.Screen, _Lenient(self._screen)))
        self._stream.use_utf8 = False  # we decode; this lets programs select the line-drawing set
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._history: deque[Row] = deque(maxlen=SCROLLBACK)
        self._rows: dict[int, Row] = {}
        """Rows of the screen that did not change since they were made."""
        self.running = False
        self.first = 0
        """Number of the oldest row kept; rows are numbered from the start and never renumbered."""

    # --- what the program does

    def feed(self, data: bytes) -> bytes:
        """Take what the program wrote; what its terminal answers."""
        text = self._held + self._decoder.decode(data)
        self._held = ""
        if "\x1b" in text:
            unfinished = _UNFINISHED.search(text, max(0, len(text) - HELD))
            if unfinished is not None:
                text, self._held = text[: unfinished.start()], unfinished[0]
            text = _UNWANTED.sub(self._translate, text)
        self._stream.feed(text)
        self._collect()
        replies = "".join(self._screen.replies)
        self._screen.replies.clear()
        return replies.encode()

    def resize(self, columns: int, rows: int) -> None:
        """The terminal has another size."""
        if (columns, rows) != (self._screen.columns, self._screen.lines):
            self._screen.resize(rows, columns)
            self._collect()

    def clear(self) -> None:
        """Forget the scrollback, and the screen down to the cursor's line (Ctrl-L)."""
        screen = self._screen
        self.first += len(self._history)
        self._history.clear()
        if not screen.alternate:
            rows = {y - screen.cursor.y: row for y, row in screen.buffer.items() if y >= screen.cursor.y}
            screen.buffer.clear()
            screen.buffer.update(rows)
            screen.cursor.y = 0
            screen.dirty.update(range(screen.lines))
            self._collect()

    def note(self, text: str) -> None:
        """Add a line of our own to the scrollback."""
        if not self._screen.alternate:
            self._keep(((text, Style(dim=True)),))

    # --- what there is to see

    @property
    def modes(self) -> Modes:
        """What the program asked of its terminal."""
        private = self._screen.private
        return Modes(
            application_cursor=1 in private,
            bracketed_paste=2004 in private,
            mouse=next((kind for mode, kind in reversed(_MOUSE.items()) if mode in private), ""),
            sgr_mouse=1006 in private,
            alternate=self._screen.alternate,
        )

    @property
    def top(self) -> int:
        """Number of the screen's first row."""
        return self.first + len(self._history)

    @property
    def end(self) -> int:
        """One past the last row that holds anything (all of the screen in a full-screen program)."""
        screen = self._screen
        if screen.alternate:
            return self.top + screen.lines
        used = max((y for y, row in screen.buffer.items() if row), default=-1)
        return self.top + max(used, screen.cursor.y) + 1

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Row and column of the cursor; None while the program hides it."""
        screen = self._screen
        if DECTCEM not in screen.mode or screen.cursor.hidden:
            return None
        return self.top + screen.cursor.y, min(screen.cursor.x, screen.columns - 1)

    def row(self, y: int) -> Row:
        """The row numbered *y*; empty outside of what is kept."""
        if y < self.first:
            return ()
        if y < self.top:
            return self._history[y - self.first]
        y -= self.top
        if y not in self._rows:
            self._rows[y] = _row(self._screen.buffer[y], self._screen.columns) if y < self._screen.lines else ()
        return self._rows[y]

    def layout(self, width: int, now: float, *, wrap: bool) -> None:
        """Rows are as wide as the program thinks; there is nothing to prepare."""

    def find(self, words: str, start: int, step: int) -> int | None:
        """The next row that contains *words*, in the scrollback too."""
        words = words.casefold()
        numbers = range(start, self.end) if step > 0 else range(start, self.first - 1, -1)
        return next((y for y in numbers if words in plain(self.row(y)).casefold()), None)

    def _collect(self) -> None:
        for cells in self._screen.scrolled:
            self._keep(_row(cells, self._screen.columns))
        if self._screen.scrolled or len(self._screen.dirty) >= self._screen.lines:
            self._rows.clear()
        self._screen.scrolled.clear()
        for y in self._screen.dirty:
            self._rows.pop(y, None)
        self._screen.dirty.clear()

    def _keep(self, row: Row) -> None:
        if len(self._history) == SCROLLBACK:
            self.first += 1
        self._history.append(row)

    def _translate(self, match: re.Match[str]) -> str:
        if match["colons"]:
            return f"\x1b[{_without_colons(match['colons'])}m"
        if match["private"] == ">" and match["final"] == "c":
            self._screen.replies.append("\x1b[>0;0;0c")
        return ""


def _without_colons(params: str) -> str:
    """`4:3` → `4`, `38:2::1:2:3` → `38;2;1;2;3`: what pyte can read."""
    out = []
    for param in params.split(";"):
        code, *rest = param.split(":")
        if code in ("38", "48") and rest:
            numbers = [part for part in rest[1:] if part]
            out += [code, rest[0], *numbers[-3:]]
        elif code == "4" and rest:
            out.append("24" if rest[0] == "0" else "4")
        else:
            out.append(code)
    return ";".join(out)


_CHARACTER, _ATTRIBUTES = itemgetter(0), itemgetter(slice(1, None))
"""The parts of pyte's `Char`."""


def _row(cells: Mapping[int, Char], columns: int) -> Row:
    """The cells of one line as spans of equal style, without the blank end."""
    if not cells:
        return ()
    width = min(columns, max(cells) + 1)
    line = map(cells.__getitem__, range(width))
    spans = [("".join(map(_CHARACTER, run)), _style(attributes)) for attributes, run in groupby(line, _ATTRIBUTES)]
    while spans and spans[-1][1] is _PLAIN:
        last = spans[-1][0].rstrip(" ")
        if last:
            spans[-1] = (last, _PLAIN)
            break
        spans.pop()
    return tuple(spans)


_PLAIN = Style()
_STYLES: dict[Any, Style] = {pyte.screens.Char(" ")[1:]: _PLAIN}


def _style(attributes: tuple[Any, ...] | None) -> Style:
    if attributes is None:
        return _PLAIN
    style = _STYLES.get(attributes)
    if style is None:
        if len(_STYLES) > 4096:  # a program that paints gradients
            for key in list(islice(_STYLES, 1, None)):
                del _STYLES[key]
        foreground, background, bold, italic, underline, strike, reverse, blink = attributes
        style = _STYLES[attributes] = Style(
            color=_color(foreground), bgcolor=_color(background), bold=bold or None, italic=italic or None,
            underline=underline or None, strike=strike or None, reverse=reverse or None, blink=blink or None,
        )  # fmt: skip
    return style


def _color(name: str) -> str | None:
    if name == "default":
        return None
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    name = name.replace("bfight", "bright").replace("brown", "yellow")
    return name.replace("bright", "bright_")
