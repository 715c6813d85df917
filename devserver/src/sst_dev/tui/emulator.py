"""A terminal's screen and scrollback, from the bytes a program writes. Pure: bytes in, rows and replies out.

pyte does the emulation, on the `screen`. Here: the scrollback, what a program asks of its terminal (modes, title,
clipboard) and asks it (colours, size, what are you), and sequences pyte would print instead of ignoring.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections import deque
from dataclasses import dataclass
from typing import Any, cast

import pyte
from pyte.modes import DECTCEM

from . import screen
from .cells import row_of
from .rows import Row, Rows, Style
from .screen import Screen

SCROLLBACK = 10_000
"""Lines kept above the screen: what mprocs and most terminals keep; about 2 MB for ordinary lines."""
HELD = 64 * 1024
"""Characters of an escape sequence that has not ended yet: longer ones (images) are not for this terminal."""
TITLE = 200
"""Characters of a title: more than any bar shows."""
CLIPBOARD = HELD * 3 // 4
"""Bytes a program may put on the clipboard: what fits into a sequence."""

_OURS = re.compile(
    r"\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b(?P<string>[PX^_][^\x07\x1b]*)(?:\x07|\x1b\\)"  # DCS, SOS, PM, APC
    r"|\x1b\[(?P<colons>[0-9;]*:[0-9;:]*)m"  # SGR with sub-parameters (ITU T.416)
    r"|\x1b\[(?P<csi>[<=>][0-9;:]*[ -/]*[@-~]|[0-?]*[ -/]+[@-~]|\?[0-9;]*(?![hlJK])[@-~])"
    r"|\x1b[ %*+./-][ -~]"  # character sets that UTF-8 made superfluous
)
"""What pyte would print, or not understand: xterm's own control functions, with their strings or intermediates."""
_CSI = re.compile(r"([<=>?]?)([0-9;:]*)([ -/]*[@-~])")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?\Z")
_LINK = re.compile(r"https?://[!-~]+")
"""Where a hyperlink may lead: a browser knows what to do with it, and nothing is run or opened here."""

_MOUSE = {9: "press", 1000: "press", 1002: "drag", 1003: "motion"}
_KNOWN_MODES = frozenset({1, 5, 6, 7, 25, 47, 1000, 1002, 1003, 1004, 1006, 1047, 1049, 2004})
_SHAPES = {"block": 2, "underline": 4, "bar": 6}
"""Of the cursor, and their numbers (DECSCUSR); one less blinks."""


@dataclass(frozen=True)
class Modes:
    """What the program wants to be told, and how."""

    application_cursor: bool = False
    """Arrow keys as SS3 (DECCKM)."""
    bracketed_paste: bool = False
    mouse: str = ""
    """`press`, `drag` or `motion`; empty: the mouse is ours."""
    sgr_mouse: bool = False
    focus: bool = False
    """Whether it wants to know when its pane gets and loses the keys."""
    alternate: bool = False
    """A full-screen program: there is no scrollback to look at."""


class _Stream(pyte.Stream):
    """pyte's parser, with the control functions that the screen has beyond pyte's."""

    csi = pyte.Stream.csi | screen.CSI


class _Lenient:
    """Hands pyte's calls on; a control function with parameters it does not have is ignored, as terminals do."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._screen, name)
        if name not in _Stream.csi.values():
            return method

        def call(*args: Any, **kwargs: Any) -> None:
            try:
                method(*args, **kwargs)
            except TypeError:
                self._screen.debug(name, *args, **kwargs)

        return call


class Emulator(Rows):
    """One program's terminal."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = Screen(columns, rows)
        self._stream = _Stream(cast(pyte.Screen, _Lenient(self._screen)))
        self._stream.use_utf8 = False  # we decode; this lets programs select the line-drawing set
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._history: deque[Row] = deque(maxlen=SCROLLBACK)
        self._continued: set[int] = set()
        """Rows of the scrollback that go on with the one above."""
        self._used: int | None = None
        """Rows of the screen up to the last that holds anything; None: to be counted, since the screen changed."""
        self._rows: dict[int, Row] = {}
        """Rows of the screen that did not change since they were made."""
        self.running = False
        self.title = ""
        """What the program calls its window (OSC 0, 2)."""
        self.copied = ""
        """What the program wants on the clipboard (OSC 52); whoever shows the pane decides, and empties it."""
        self.light = False
        """Whether the user's terminal is light: told to programs that ask for its colours."""
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
        at = 0
        for match in _OURS.finditer(text):
            self._stream.feed(text[at : match.start()])
            self._control(match)
            at = match.end()
        self._stream.feed(text[at:])
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
        self._forget()
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
            focus=1004 in private,
            alternate=self._screen.alternate,
        )

    @property
    def top(self) -> int:
        """Number of the screen's first row."""
        return self.first + len(self._history)

    @property
    def end(self) -> int:
        """One past the last row that holds anything (all of the screen in a full-screen program)."""
        if self._used is None:
            screen = self._screen
            used = max((y for y, row in screen.buffer.items() if row), default=-1)
            self._used = screen.lines if screen.alternate else max(used, screen.cursor.y) + 1
        return self.top + self._used

    @property
    def shape(self) -> str:
        """Of the cursor: block, underline or bar."""
        return self._screen.shape

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Row and column of the cursor; None while the program hides it."""
        screen = self._screen
        if DECTCEM not in screen.mode or screen.cursor.hidden:
            return None
        return self.top + screen.cursor.y, min(screen.cursor.x, screen.columns - 1)

    def row(self, y: int) -> Row:
        """The row numbered *y*, with what a narrower screen hides of it; empty outside of what is kept."""
        if y < self.first:
            return ()
        if y < self.top:
            return self._history[y - self.first]
        y -= self.top
        if y not in self._rows:
            self._rows[y] = row_of(self._screen.buffer[y]) if y < self._screen.lines else ()
        return self._rows[y]

    def layout(self, width: int, now: float, *, wrap: bool) -> None:
        """Rows are as wide as the program thinks; there is nothing to prepare."""

    def continues(self, y: int) -> bool:
        """Whether row *y* goes on with a line that was too long for the row above."""
        if y < self.top:
            return y in self._continued
        line = self._screen.buffer.get(y - self.top)
        return line is not None and line.wrapped and not self._screen.alternate

    # --- what pyte leaves to us

    def _collect(self) -> None:
        self._used = None
        for cells in self._screen.scrolled:
            if cells.wrapped:
                self._continued.add(self.top)
            self._keep(row_of(cells))
        if self._screen.scrolled or len(self._screen.dirty) >= self._screen.lines:
            self._rows.clear()
        self._screen.scrolled.clear()
        for y in self._screen.dirty:
            self._rows.pop(y, None)
        self._screen.dirty.clear()
        if self._screen.forget:
            self._forget()
            self._screen.forget = False

    def _keep(self, row: Row) -> None:
        if len(self._history) == SCROLLBACK:
            self._continued.discard(self.first)
            self.first += 1
        self._history.append(row)

    def _forget(self) -> None:
        self.first += len(self._history)
        self._history.clear()
        self._continued.clear()

    def _control(self, match: re.Match[str]) -> None:
        if match["osc"] is not None:
            self._osc(match["osc"])
        elif match["colons"]:
            self._stream.feed(f"\x1b[{_without_colons(match['colons'])}m")
        elif match["csi"]:
            self._csi(match["csi"])
        elif match["string"]:
            self._string(match["string"])

    def _string(self, text: str) -> None:
        """Questions in device control strings: XTGETTCAP has no answer here, DECRQSS has one for the cursor's shape."""
        if text.startswith("P+q"):
            self._reply(f"\x1bP0+r{text[3:]}\x1b\\")
        elif text == "P$q q":
            self._reply(f"\x1bP1$r{_SHAPES[self.shape]} q\x1b\\")
        elif text.startswith("P$q"):
            self._reply("\x1bP0$r\x1b\\")

    def _osc(self, text: str) -> None:
        """Title, links, the clipboard, and the colours of the user's terminal."""
        number, _, value = text.partition(";")
        match number:
            case "0" | "2":
                self.title = "".join(filter(str.isprintable, value[:TITLE]))
            case "8":
                url = value.partition(";")[2]
                self._screen.link(url if _LINK.fullmatch(url) else "")
            case "10" | "11" if value == "?":
                white = (number == "11") == self.light
                self._reply(f"\x1b]{number};rgb:{'/'.join(['ffff' if white else '0000'] * 3)}\x1b\\")
            case "52":
                self.copied = _clipboard(value.partition(";")[2]) or self.copied

    def _csi(self, text: str) -> None:
        """Questions, and the little that is asked by control functions with intermediates."""
        parts = _CSI.fullmatch(text)
        if parts is None:
            return
        screen, parameters = self._screen, parts[2]
        match parts[1] + parts[3]:
            case ">c" if parameters in ("", "0"):
                self._reply("\x1b[>0;354;0c")
            case ">q" if parameters in ("", "0"):
                self._reply("\x1bP>|sst dev\x1b\\")
            case "?n" if parameters == "6":
                self._reply(f"\x1b[?{screen.cursor.y + 1};{min(screen.cursor.x, screen.columns - 1) + 1}R")
            case "?n" if parameters == "996":
                self._reply(f"\x1b[?997;{2 if self.light else 1}n")
            case "?$p" if parameters.isdecimal():
                mode = int(parameters)
                known = 1 if mode in screen.private else 2
                self._reply(f"\x1b[?{mode};{known if mode in _KNOWN_MODES else 0}$y")
            case " q":
                screen.shape = next(
                    (name for name, number in _SHAPES.items() if parameters in (str(number), str(number - 1))), "block"
                )
            case "!p":
                screen.soft_reset()

    def _reply(self, text: str) -> None:
        self._screen.replies.append(text)


def _clipboard(encoded: str) -> str:
    """The text in *encoded* (base64); empty for anything else, and for the question what is on the clipboard."""
    try:
        return base64.b64decode(encoded, validate=True)[:CLIPBOARD].decode()
    except (binascii.Error, UnicodeDecodeError):
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
