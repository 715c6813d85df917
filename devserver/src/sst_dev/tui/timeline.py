"""The Functions pane as a document: invocations in order, each with its lines under it. No widget, no clock.

An entry is an invocation or a note between them (a reload, an import error, lines of `init`). Folded, it is one row.
"""

from __future__ import annotations

import bisect
import time
import zlib
from collections.abc import Iterator, Sequence

from ..core import events as e
from ..core.state import Invocation, State
from .changes import answer_changes
from .rows import Row, ansi_row, plain, row, wrapped, wraps

NOTES_KEPT = 500
"""Entries that are no invocation: reloads of a long day; the log file has them all."""

NAME = 24
"""Cells a function's name takes at most; details show it whole."""
NARROW = 64
"""Cells of a pane below which memory is only in the details: the trigger says more."""

GLYPHS = {"ok": ("✓", "good"), "error": ("✗", "bad"), "timeout": ("✗", "bad"), "crash": ("✗", "bad")}


class Entry:
    """One invocation or note, and how it is shown."""

    def __init__(self, function: str, *, invocation: Invocation | None = None, head: Row = ()) -> None:
        self.function = function
        self.invocation = invocation
        self.head = head
        self.notes: list[Row] = []
        """Rows under a note's head."""
        self.folded = False
        self._tail: list[Row] | None = None
        self._offsets: list[int] = [0]
        """Of each line under the head when lines are wrapped: the row it begins at; then the end."""
        self._measured = (0, 0)
        """Width and number of lines that `_offsets` is for."""
        self._stable = 0
        self._lines: Sequence[object] = ()
        """The list the first `_stable` of them came from; the state replaces it when it drops lines."""

    @property
    def id(self) -> str:
        return self.invocation.started.id if self.invocation else ""

    def body_length(self) -> int:
        """Lines under the head, folded or not."""
        if self.invocation is None:
            return len(self.notes)
        return len(self.invocation.lines) + len(self.tail())

    def body(self, index: int) -> Row:
        """The line *index* under the head."""
        if self.invocation is None:
            return self.notes[index]
        lines = self.invocation.lines
        if index < len(lines):
            return (*row(("  │ ", bar_style(self.id))), *ansi_row(lines[index]))
        tail = self.tail()
        return tail[index - len(lines)] if index - len(lines) < len(tail) else ()

    def tail(self) -> list[Row]:
        """What follows the log lines: how many were dropped, the error, and what a replay changed."""
        assert self.invocation is not None
        if self._tail is not None:
            return self._tail
        rows = []
        if self.invocation.lines_dropped:
            rows.append(row((f"  │ … {self.invocation.lines_dropped} more in .sst/log/functions.log", "dim")))
        finished = self.invocation.finished
        if finished is not None:
            rows += [row(("  " + text, style)) for text, style in error_lines(finished)]
            self._tail = rows
        return rows

    def add_changes(self, changes: list[tuple[str, str]]) -> None:
        """Show below the answer what changed since the invocation this one repeats."""
        self._tail = [*self.tail(), *(row(("  " + text, style)) for text, style in changes)]

    def layout(self, width: int, *, wrap: bool) -> int:
        """Rows this entry takes; *width* counts only with *wrap*."""
        length = 0 if self.folded else self.body_length()
        if not wrap or not length:
            return 1 + length
        lines = self.invocation.lines if self.invocation else self.notes
        if self._measured[0] != width or self._lines is not lines:
            self._lines, self._stable = lines, 0
            self._measured = (width, 0)
        if self._measured != (width, length):
            del self._offsets[self._stable + 1 :]  # what followed the lines has moved
            for index in range(self._stable, length):
                self._offsets.append(self._offsets[-1] + wraps(plain(self.body(index)), width))
            self._measured, self._stable = (width, length), len(lines)
        return 1 + self._offsets[-1]

    def wrapped_body(self, offset: int, width: int) -> Row:
        """The row *offset* under the head, when lines are wrapped."""
        index = bisect.bisect_right(self._offsets, offset) - 1
        return wrapped(self.body(index), width, offset - self._offsets[index])

    def texts(self) -> Iterator[str]:
        """The text of every line under the head. Searching calls it for everything kept, so it makes no rows."""
        lines = self.invocation.lines if self.invocation else []
        for text in lines:
            yield "  │ " + (text if text.isprintable() else plain(ansi_row(text)))
        for index in range(len(lines), self.body_length()):
            yield plain(self.body(index))


class Timeline:
    """A `Document`: rows are numbered from the start of the session, entries dropped at the top are counted."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._entries: list[Entry] = []
        self._by_id: dict[str, Entry] = {}
        self._shown: list[Entry] = []
        self._starts: list[int] = [0]
        self._width = 80
        self._wrap = False
        self._names = 0
        self._fold_all = False
        self.first = 0
        self.function = ""
        """The function shown alone; empty shows all."""
        self.selected: Entry | None = None
        self.active = False
        """Whether the selection is shown strongly: the pane has the keys."""
        self.now = 0.0

    # --- what happens

    def apply(self, event: e.Event) -> None:
        """Take one event into account. The state has seen it already."""
        match event:
            case e.InvocationStarted() if event.id in self._state.invocations:
                self._add(Entry(event.function, invocation=self._state.invocations[event.id]))
            case e.InvocationFinished():
                self._finish(event)
            case e.LogLine(invocation=None):
                self._init_line(event)
            case e.Reloaded():
                paths = ", ".join(path.rpartition("/")[2] for path in event.paths)
                names = ", ".join(event.functions)
                head = row(("↻ ", "accent"), paths, (" → ", "dim"), names, (f"  {event.duration_ms:.0f} ms", "dim"))
                self._add(Entry(event.functions[0] if len(event.functions) == 1 else "", head=head))
            case e.ReloadFailed():
                self._reload_failed(event)
            case _:
                """The other events have panes of their own."""

    def note(self, text: str) -> None:
        """Add a row of our own."""
        self._add(Entry("", head=row((text, "dim"))))

    def clear(self) -> None:
        """Hide everything so far (Ctrl-L)."""
        self.first += self._starts[-1]
        self._entries = [entry for entry in self._entries if entry.invocation and not entry.invocation.finished]
        self.selected = None
        self._arrange()

    # --- what is shown

    def layout(self, width: int, now: float, *, wrap: bool) -> None:
        """Prepare rows of *width* cells; ages are told at *now* (seconds since the epoch)."""
        self._width, self._wrap, self.now = width, wrap, now
        self._arrange()

    @property
    def end(self) -> int:
        return self.first + (self._starts[-1] or 1)

    @property
    def running(self) -> bool:
        """Whether an age on the screen grows."""
        return any(entry.invocation and not entry.invocation.finished for entry in self._entries[-50:])

    def row(self, y: int) -> Row:
        place = self._place(y)
        if place is None:
            return row(("Waiting for invocations…", "dim")) if y == self.first and not self._shown else ()
        entry, offset = place
        if offset == 0:
            return self._head(entry)
        return entry.wrapped_body(offset - 1, self._width) if self._wrap else entry.body(offset - 1)

    def entry_at(self, y: int) -> Entry | None:
        """The entry that row *y* belongs to."""
        place = self._place(y)
        return place[0] if place else None

    def top_of(self, entry: Entry) -> int:
        """The row of its head."""
        return self.first + self._starts[self._shown.index(entry)] if entry in self._shown else self.end

    def move(self, step: int) -> Entry | None:
        """Select the next invocation in direction *step*; the last one when none was selected."""
        invocations = [entry for entry in self._shown if entry.invocation]
        if not invocations:
            return None
        if self.selected in invocations:
            at = invocations.index(self.selected) + step
            self.selected = invocations[max(0, min(at, len(invocations) - 1))]
        else:
            self.selected = invocations[-1]
        return self.selected

    @property
    def current(self) -> Entry | None:
        """The selected invocation, or the last one."""
        if self.selected is not None:
            return self.selected
        return next((entry for entry in reversed(self._shown) if entry.invocation), None)

    def fold_all(self) -> None:
        """Fold everything, or unfold it again."""
        self._fold_all = not self._fold_all
        for entry in self._entries:
            entry.folded = self._fold_all

    def find(self, words: str, start: int, step: int) -> int | None:
        """The next row that contains *words*, in folded entries too: they unfold."""
        words = words.casefold()
        place = self._place(start) or (self._place(self.end - 1) if step < 0 else None)
        if place is None:
            return None
        at = self._shown.index(place[0])
        offset: int | None = place[1]
        while 0 <= at < len(self._shown):
            entry = self._shown[at]
            texts = [plain(self._head(entry)), *entry.texts()]
            numbers = [number for number, text in enumerate(texts) if words in text.casefold()]
            offsets = self._row_offsets(entry, texts) if numbers else []
            hits = [offsets[number] for number in numbers]
            if offset is not None:
                hits = [o for o in hits if (o >= offset if step > 0 else o <= offset)]
            if hits:
                hit = hits[0] if step > 0 else hits[-1]
                if hit and entry.folded:
                    entry.folded = False
                    self._arrange()
                return self.top_of(entry) + hit
            at, offset = at + step, None
        return None

    # --- inner workings

    def _add(self, entry: Entry) -> None:
        entry.folded = self._fold_all
        self._entries.append(entry)
        if entry.invocation:
            self._by_id[entry.id] = entry
        if entry.invocation:
            self._names = max(self._names, min(len(entry.function), NAME))
        if len(self._entries) > len(self._state.invocations) + NOTES_KEPT:
            self._forget()

    def _forget(self) -> None:
        """Drop what the state no longer has, and the oldest notes."""
        notes = [entry for entry in self._entries if not entry.invocation]
        dropped = set(map(id, notes[:-NOTES_KEPT]))
        kept = [
            entry
            for entry in self._entries
            if (entry.id in self._state.invocations if entry.invocation else id(entry) not in dropped)
        ]
        gone = set(map(id, self._entries)) - set(map(id, kept))
        self.first += sum(self._height(entry) for entry in self._shown if id(entry) in gone)
        self._entries = kept
        self._by_id = {entry.id: entry for entry in kept if entry.invocation}
        if self.selected is not None and id(self.selected) in gone:
            self.selected = None
        self._arrange()

    def _finish(self, event: e.InvocationFinished) -> None:
        entry = self._by_id.get(event.id)
        if entry is None or entry.invocation is None or not entry.invocation.started.replay_of:
            return
        before = self._state.invocations.get(entry.invocation.started.replay_of)
        if before is not None and before.finished is not None:
            entry.add_changes(answer_changes(before.finished.response, event.response))

    def _init_line(self, event: e.LogLine) -> None:
        last = self._entries[-1] if self._entries else None
        head = row(("  init  ", "dim"), event.function)
        if last is None or last.invocation or last.head != head:
            last = Entry(event.function, head=head)
            self._add(last)
        if len(last.notes) < NOTES_KEPT:
            last.notes.append((*row(("  │ ", "dim")), *ansi_row(event.text)))

    def _reload_failed(self, event: e.ReloadFailed) -> None:
        where = f"  {event.file.rpartition('/')[2]}:{event.line}" if event.file else ""
        text = f"✗ {event.function} does not import: {event.error_type}: {event.error_message}"
        first, *more = text.splitlines()
        entry = Entry(event.function, head=row((first, "bad"), (where, "dim")))
        entry.notes = [row(("  " + part, "bad")) for part in more]
        entry.notes += [row(("  " + part, "dim")) for frame in event.frames for part in frame.rstrip().split("\n")]
        self._add(entry)

    def _arrange(self) -> None:
        shown = [entry for entry in self._entries if not self.function or entry.function in ("", self.function)]
        starts = [0]
        for entry in shown:
            starts.append(starts[-1] + self._height(entry))
        self._shown, self._starts = shown, starts
        if self.selected is not None and self.function not in ("", self.selected.function):
            self.selected = None

    def _height(self, entry: Entry) -> int:
        return entry.layout(self._width, wrap=self._wrap)

    def _row_offsets(self, entry: Entry, texts: list[str]) -> list[int]:
        """The row of each text of *entry*, counted from its head."""
        if not self._wrap:
            return list(range(len(texts)))
        offsets = [0, 1]
        for text in texts[1:]:
            offsets.append(offsets[-1] + wraps(text, self._width))
        return offsets[: len(texts)]

    def _place(self, y: int) -> tuple[Entry, int] | None:
        offset = y - self.first
        if not 0 <= offset < self._starts[-1]:
            return None
        index = bisect.bisect_right(self._starts, offset) - 1
        return self._shown[index], offset - self._starts[index]

    def _head(self, entry: Entry) -> Row:
        if entry.invocation is None:
            return (*row("  "), *entry.head)
        started, finished = entry.invocation.started, entry.invocation.finished
        chosen = entry is self.selected
        marker = ("❯ ", "accent" if self.active else "dim") if chosen else "  "
        fold = "▸" if entry.folded and entry.body_length() else " "
        glyph, style = GLYPHS[finished.status] if finished else ("●", "warn")
        if entry.invocation.paused:
            glyph, style = "⏸", "accent"
        name = started.function if len(started.function) <= NAME else started.function[: NAME - 1] + "…"
        left = f" {name:{self._names}} "
        right = self._facts(entry.invocation)
        status = finished.status if finished and finished.status != "ok" else ""
        replay = "↻ " if started.replay_of else ""
        room = self._width - 4 - len(left) - len(status) - len(right) - 1
        trigger = replay + started.trigger
        trigger = trigger if len(trigger) <= room else trigger[: max(0, room - 1)] + "…"
        name_style = "bold" if chosen else ""
        pad = " " * max(1, room - len(trigger) + 1)
        return row(
            marker, (fold, "dim"), (glyph, style), (left, name_style), trigger, pad, (status, "bad"), (right, "dim")
        )

    def _facts(self, invocation: Invocation) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(invocation.started.at))
        finished = invocation.finished
        if finished is None:
            where = f"paused at {invocation.paused.rpartition('/')[2]}  " if invocation.paused else ""
            return f"{where}{duration(self.now - invocation.started.at)}  {clock}"
        memory = f"  {finished.memory_mb:4.0f} MB" if finished.memory_mb and self._width >= NARROW else ""
        return f"{duration(finished.duration_ms / 1000):>9}{memory}  {clock}"


def error_lines(finished: e.InvocationFinished) -> list[tuple[str, str]]:
    """The error of an invocation and the user's own frames, as text and style; empty when it went well."""
    if finished.status == "ok":
        return []
    kind, message = finished.error_type, finished.error_message
    lines = (f"{kind}: {message}" if kind and message else kind or message).splitlines()
    frames = [part for frame in finished.frames for part in frame.rstrip("\n").split("\n")]
    return [*((text, "bad") for text in lines), *((text, "dim") for text in frames)]


def bar_style(key: str) -> str:
    """The same colour for the same invocation, in every line."""
    return f"bar{zlib.crc32(key.encode()) % 5}"


def duration(seconds: float) -> str:
    """`12 ms`, `1.2 s`, `2 min 5 s`: short, for columns."""
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
