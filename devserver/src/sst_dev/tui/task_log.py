"""The Tasks pane as a document: what tasks wrote, each line with its task's name."""

from __future__ import annotations

from collections import deque

from ..core import events as e
from .rows import Row, ansi_row, plain, row, wrapped, wraps
from .timeline import bar_style

KEPT = 10_000
"""Lines kept, as in a terminal's scrollback."""
LINE_KEPT = 64 * 1024
"""Bytes of a line that has not ended yet."""


class TaskLog:
    """A `Document`: the output of all tasks, in the order it came."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.states: dict[str, e.ProcessChanged] = {}
        self.first = 0
        self.running = False
        self.only = ""
        """The task shown alone; empty shows all."""
        self._log: deque[tuple[str, Row]] = deque(maxlen=KEPT)
        self._rest: dict[str, bytes] = {}
        self._rows: list[tuple[Row, int]] = []
        self._width = 0

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
            code = f" with code {event.exit_code}" if event.exit_code is not None else ""
            self._put(event.name, row((event.status + code, "bad" if event.exit_code else "dim")))

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
        self._width = width if wrap else 0
        logical = [pieces for name, pieces in self._log if not self.only or name in ("", self.only)]
        logical = logical or [row(("press enter to start a task", "accent"))]
        self._rows = [(p, part) for p in logical for part in range(wraps(plain(p), width) if wrap else 1)]

    @property
    def end(self) -> int:
        return self.first + len(self._rows)

    def row(self, y: int) -> Row:
        if not self.first <= y < self.end:
            return ()
        pieces, part = self._rows[y - self.first]
        return wrapped(pieces, self._width, part) if self._width else pieces

    def find(self, words: str, start: int, step: int) -> int | None:
        """The next row that contains *words*."""
        words = words.casefold()
        numbers = range(start, self.end) if step > 0 else range(start, self.first - 1, -1)
        return next((y for y in numbers if words in plain(self.row(y)).casefold()), None)

    def _put(self, name: str, pieces: Row) -> None:
        if len(self._log) == KEPT:
            self.first += 1
        prefix = row((f"{name} │ ", bar_style(name))) if name else ()
        self._log.append((name, (*prefix, *pieces)))
