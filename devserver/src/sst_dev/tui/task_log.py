"""The Tasks pane as a document: what tasks wrote, each line with its task's name."""

from __future__ import annotations

from collections import deque

from rich.cells import cell_len

from ..core import events as e
from .entry import bar_style
from .rows import Lines, Row, ansi_row, plain, row

BAR = " │ "
"""Between the name of a task and what it wrote."""
KEPT = 10_000
"""Lines kept, as in a terminal's scrollback."""
LINE_KEPT = 64 * 1024
"""Bytes of a line that has not ended yet."""


class TaskLog(Lines):
    """A `Document`: the output of all tasks, in the order it came."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.states: dict[str, e.ProcessChanged] = {}
        self.running = False
        self.only = ""
        """The task shown alone; empty shows all."""
        self._log: deque[tuple[str, Row]] = deque(maxlen=KEPT)
        self._rest: dict[str, bytes] = {}

    def declare(self, names: list[str]) -> None:
        """The app has these tasks."""
        self.names = names

    def changed(self, event: e.ProcessChanged) -> None:
        """A task began or ended."""
        if event.name not in self.names:
            self.names = [*self.names, event.name]
        self.states[event.name] = event
        if event.status == "running":
            self._put(event.name, row(("started", "dim")))
        elif event.status in ("exited", "failed"):
            rest = self._rest.pop(event.name, b"")
            if rest:
                self._put(event.name, ansi_row(rest.decode("utf-8", "replace")))
            self._put(event.name, row((event.outcome or event.status, "dim" if event.well else "bad")))

    def receive(self, name: str, data: bytes) -> None:
        """A task wrote *data*."""
        *lines, rest = (self._rest.get(name, b"") + data).split(b"\n")
        if len(rest) > LINE_KEPT:
            lines, rest = [*lines, rest], b""
        self._rest[name] = rest
        for line in lines:
            self._put(name, ansi_row(line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")))

    def note(self, text: str) -> None:
        """Add a row of our own."""
        self._put("", row((text, "dim")))

    def clear(self) -> None:
        """Hide everything so far (Ctrl-L)."""
        self.first += len(self._rows) if self._log else 0
        self._log.clear()

    def layout(self, width: int, now: float, *, wrap: bool) -> None:
        """Prepare rows of *width* cells."""
        logical = [pieces for name, pieces in self._log if not self.only or name in ("", self.only)]
        self.lay_out(logical or [row(("press enter to start a task", "accent"))], width, wrap=wrap)

    def gutter(self, y: int) -> int:
        """The name before a line is no text of it."""
        if self.continues(y) or not self.first <= y < self.end:
            return 0
        name, bar, _ = plain(self._rows[y - self.first][0]).partition(BAR)
        return cell_len(name + bar) if bar and name in self.names else 0

    def _put(self, name: str, pieces: Row) -> None:
        if len(self._log) == KEPT:
            self.first += 1
        prefix = row((name + BAR, bar_style(name))) if name else ()
        self._log.append((name, (*prefix, *pieces)))
