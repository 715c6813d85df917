"""The Functions pane as a document: invocations in order, each with its lines under it. No widget, no clock.

The mark is on the invocation that keys act on, and always on the screen: on the newest while the pane follows, else
where it was put, until that is scrolled away; then on the nearest that is left.
"""

from __future__ import annotations

import bisect
import time
from collections.abc import Sequence
from pathlib import Path

from ..core import events as e
from ..core.state import State
from .changes import answer_changes
from .entry import GUTTER, HEAD, Entry, bar_style, frame_rows
from .rows import Place, Row, ansi_row, plain, row

__all__ = ["Timeline", "bar_style", "duration"]

NOTES_KEPT = 500
"""Entries that are no invocation: reloads of a long day; the log file has them all."""

NAME = 24
"""Cells a function's name takes at most; details show it whole."""
NARROW = 64
"""Cells of a pane below which names and facts are shorter: the trigger says more."""
NARROW_NAME = 12

GLYPHS = {"ok": ("✓", "good"), "error": ("✗", "bad"), "timeout": ("✗", "bad"), "crash": ("✗", "bad")}


class Timeline:
    """A `Document`: rows are numbered from the start of the session, entries dropped at the top are counted.

    A row's number changes when something above it folds, grows or goes; a `place` stays.
    """

    def __init__(self, state: State, root: Path = Path("/")) -> None:
        """Paths under *root*, the app's folder, are shown without it."""
        self._state = state
        self._root = root
        self._entries: list[Entry] = []
        self._by_id: dict[str, Entry] = {}
        self._shown: list[Entry] = []
        self._index: dict[Entry, int] = {}
        """Of each entry shown its number among them."""
        self._starts: list[int] = [0]
        self._width = 80
        self._wrap = False
        self._names = 0
        self._fold_all = False
        self._opened: Entry | None = None
        self.first = 0
        self.function = ""
        """The function shown alone; empty shows all."""
        self.selected: Entry | None = None
        """The invocation that has the mark."""
        self.active = False
        """Whether the mark is shown strongly: the pane has the keys."""
        self.now = 0.0

    # --- what happens

    def apply(self, event: e.Event) -> None:
        """Take one event into account. The state has seen it already."""
        match event:
            case e.InvocationStarted() if event.id in self._state.invocations:
                self._add(Entry(event.function, invocation=self._state.invocations[event.id], root=self._root))
            case e.InvocationFinished():
                self._finish(event)
            case e.LogLine(invocation=None, unhandled=False):
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
        found = self._find(y)
        if found is None:
            return row(("Waiting for invocations…", "dim")) if y == self.first and not self._shown else ()
        entry, offset = found
        if offset == 0:
            return self._head(entry)
        return entry.body(offset, self._width, wrap=self._wrap, chosen=entry is self.selected)

    def gutter(self, y: int) -> int:
        """Mark, fold, sign and bar are no text."""
        return GUTTER if self._shown else 0

    def continues(self, y: int) -> bool:
        """Whether row *y* is the same line as the one above it."""
        found = self._find(y)
        return found is not None and found[0].continues(found[1], wrap=self._wrap)

    def entry_at(self, y: int) -> Entry | None:
        """The entry that row *y* belongs to."""
        found = self._find(y)
        return found[0] if found else None

    def rows_of(self, entry: Entry) -> tuple[int, int]:
        """The row of its head, and one past its last."""
        self._arrange()
        at = self._index[entry]
        return self.first + self._starts[at], self.first + self._starts[at + 1]

    # --- the mark

    def move(self, step: int) -> Entry | None:
        """Mark the next invocation in direction *step*."""
        if self.selected is None:
            return None
        at = self._index[self.selected] + step
        while 0 <= at < len(self._shown) and not self._shown[at].invocation:
            at += step
        if 0 <= at < len(self._shown):
            self.selected = self._shown[at]
        return self.selected

    @property
    def newest(self) -> Entry | None:
        """The last invocation shown."""
        return next((entry for entry in reversed(self._shown) if entry.invocation), None)

    def seen(self, top: int, height: int, *, follow: bool) -> None:
        """*height* rows from *top* on are on the screen: the mark is there too."""
        start = bisect.bisect_right(self._starts, top - self.first) - 1
        end = bisect.bisect_left(self._starts, top + height - self.first)
        inside = [entry for entry in self._shown[max(0, start) : end] if entry.invocation]
        if not inside:
            self.selected = None
        elif follow:
            self.selected = inside[-1]
        elif self.selected not in inside:
            above = self.selected is not None and self._index[self.selected] < start
            self.selected = inside[0] if above else inside[-1]

    def fold_all(self) -> None:
        """Fold everything, or unfold it again."""
        self._fold_all = not self._fold_all
        for entry in self._entries:
            entry.folded, entry.opened = self._fold_all, False

    # --- places

    def place(self, y: int) -> Place:
        """The line in row *y*, and where in the line the row begins."""
        found = self._find(y)
        return (found[0], *found[0].place(found[1], self._width, wrap=self._wrap)) if found else y

    def locate(self, place: Place) -> int | None:
        """The row in which *place* is now; None when it is not shown."""
        if not isinstance(place, tuple) or place[0] not in self._index:
            return None
        entry, number, at = place
        offset: int = entry.offset(number, at, self._width, wrap=self._wrap)
        return self.first + self._starts[self._index[entry]] + offset

    def matches(self, words: str) -> Sequence[Place]:
        """Every head and line that contains *words* in any case, in order, folded away or not."""
        self._arrange()
        words = words.casefold()
        found: list[Place] = []
        for entry in self._shown:
            if words in self._head_text(entry).casefold():
                found.append((entry, HEAD, 0))
            found += [(entry, number, at) for number, at in entry.find(words)]
        return found

    def reach(self, place: Place | None) -> int | None:
        """Unfold the entry that *place* is in, and fold the one that was unfolded for another; the row of it."""
        if self._opened is not None:
            self._opened.opened, self._opened = False, None
        if isinstance(place, tuple) and place[1] != HEAD and place[0].folded:
            self._opened = place[0]
            place[0].opened = True
        self._arrange()
        if (y := self.locate(place)) is None:
            return None
        entry = self.entry_at(y)
        if entry is not None and entry.invocation:
            self.selected = entry
        return y

    # --- inner workings

    def _add(self, entry: Entry) -> None:
        entry.folded = self._fold_all
        self._entries.append(entry)
        if entry.invocation:
            self._by_id[entry.id] = entry
            self._names = max(self._names, len(entry.function))
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
        self._arrange()

    def _finish(self, event: e.InvocationFinished) -> None:
        entry = self._by_id.get(event.id)
        if entry is None or entry.invocation is None or not entry.invocation.started.replay_of:
            return
        before = self._state.invocations.get(entry.invocation.started.replay_of)
        if before is not None and before.finished is not None:
            entry.changes = [row(change) for change in answer_changes(before.finished, event)]

    def _init_line(self, event: e.LogLine) -> None:
        last = self._entries[-1] if self._entries else None
        head = row(("◦ init  ", "dim"), event.function)
        if last is None or last.invocation or last.head != head:
            last = Entry(event.function, head=head)
            self._add(last)
        if len(last.notes) < NOTES_KEPT:
            last.notes.append(ansi_row(event.text))
        elif len(last.notes) == NOTES_KEPT:
            last.notes.append(row(("… and more in .sst/log/functions.log …", "warn")))

    def _reload_failed(self, event: e.ReloadFailed) -> None:
        where = f"  {event.file.rpartition('/')[2]}:{event.line}" if event.file else ""
        message = f"{event.error_type}: {event.error_message}".splitlines()
        entry = Entry(event.function, head=row((f"✗ {event.function} does not import", "bad"), (where, "dim")))
        entry.notes = [*(row((part, "bad")) for part in message), *frame_rows(event.frames, self._root)]
        self._add(entry)

    def _arrange(self) -> None:
        shown = [entry for entry in self._entries if not self.function or entry.function in ("", self.function)]
        starts = [0]
        for entry in shown:
            starts.append(starts[-1] + self._height(entry))
        self._shown, self._starts = shown, starts
        self._index = {entry: number for number, entry in enumerate(shown)}
        if self.selected is not None and self.selected not in self._index:
            self.selected = None

    def _height(self, entry: Entry) -> int:
        return entry.layout(self._width, wrap=self._wrap)

    def _find(self, y: int) -> tuple[Entry, int] | None:
        offset = y - self.first
        if not 0 <= offset < self._starts[-1]:
            return None
        index = bisect.bisect_right(self._starts, offset) - 1
        return self._shown[index], offset - self._starts[index]

    # --- heads

    def _head_text(self, entry: Entry) -> str:
        """What a search sees: nothing is cut."""
        if entry.invocation is None:
            return plain(entry.head)
        started, finished = entry.invocation.started, entry.invocation.finished
        status = finished.status if finished and finished.status != "ok" else ""
        return f"{started.function} {started.trigger} {status} {_clock(started.at)}"

    def _head(self, entry: Entry) -> Row:
        chosen = entry is self.selected
        marker = (("❯", "accent") if self.active else ("›", "dim")) if chosen else " "
        fold = ("▸" if entry.closed and entry.length else " ", "dim")
        if entry.invocation is None:
            return (*row(marker, fold), *entry.head)
        started, finished = entry.invocation.started, entry.invocation.finished
        glyph, style = GLYPHS[finished.status] if finished else ("●", "warn")
        if entry.invocation.paused:
            glyph, style = "⏸", "accent"
        limit = NAME if self._width >= NARROW else NARROW_NAME
        left = f" {_cut(started.function, limit):{min(self._names, limit)}} "
        facts = self._facts(entry)
        status = finished.status if finished and finished.status != "ok" else ""
        room = self._width - GUTTER + 1 - len(left) - len(status) - len(facts) - 1
        trigger = _cut(("↻ " if started.replay_of else "") + started.trigger, max(1, room))
        pad = " " * max(1, room - len(trigger) + 1)
        name = "bold" if chosen else ""
        return row(marker, fold, (glyph, style), (left, name), trigger, pad, (status, "bad"), (facts, "dim"))

    def _facts(self, entry: Entry) -> str:
        """Duration, memory and time of day, in columns."""
        assert entry.invocation is not None
        started, finished = entry.invocation.started, entry.invocation.finished
        clock, wide = _clock(started.at), self._width >= NARROW
        took = duration(finished.duration_ms / 1000 if finished is not None else self.now - started.at)
        if entry.invocation.paused:
            return f"  paused at {entry.invocation.paused.rpartition('/')[2]}  {took}  {clock}"
        memory = f"{finished.memory_mb:.0f}" if finished is not None and finished.memory_mb else ""
        if wide:
            return f"{took:>9}  {memory + ' MB' if memory else '':>7}  {clock}"
        took = took.replace(" min ", "m").replace(" ", "") if "min" in took else took
        return f" {took:>6} {memory + 'M' if memory else '':>5} {clock}"


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def duration(seconds: float) -> str:
    """`12 ms`, `1.2 s`, `2 min 5 s`: short, for columns."""
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
