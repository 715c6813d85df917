"""The widget that shows a pane: scrolls, highlights, selects. It knows documents, not what they are about."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from .encoding import encode_mouse, encode_wheel
from .panes import Anchor, Pane, standing
from .rows import Position, Row, plain

URL = re.compile(r"https?://[^\s\"'<>│]+[^\s\"'<>│.,;:!?)\]}]")
PADDING = 1
"""Columns left of the text; a drag that begins there begins with the text."""
WHEEL = 3
"""Rows a notch of the wheel scrolls, as in SST and most terminals."""

FULL = 100_000
"""A column right of any text: the whole row."""

MATCH = Style(reverse=True, color="yellow")
HIT = Style(reverse=True, bold=True, color="magenta")
"""The match that one is at."""
SELECTED = Style(reverse=True)
CURSOR = Style(reverse=True)
CURSORS = {"underline": Style(underline=True, bold=True), "bar": Style(underline2=True, bold=True)}
"""Shapes of the cursor other than a block, as far as cells can show them."""
THUMB, TRACK = Style(color="bright_black"), Style()
MORE = Segment("›", Style(dim=True))
"""At the end of a row that goes on to the right."""


class PaneView(Widget):
    """Shows one pane at a time."""

    ALLOW_SELECT = False  # its own selection knows the scrollback
    DEFAULT_CSS = f"PaneView {{ width: 1fr; height: 1fr; padding-left: {PADDING}; }}"

    class Clicked(Message):
        """A row was clicked, not dragged."""

        def __init__(self, y: int, x: int, url: str) -> None:
            super().__init__()
            self.y, self.x, self.url = y, x, url

    class Copied(Message):
        """The user selected *text* with the mouse."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Typed(Message):
        """Bytes for the program in the pane."""

        def __init__(self, data: bytes) -> None:
            super().__init__()
            self.data = data

    class Sized(Message):
        """There is room for *columns* by *rows* cells."""

        def __init__(self, columns: int, rows: int) -> None:
            super().__init__()
            self.columns, self.rows = columns, rows

    def __init__(self, pane: Pane, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self.pane = pane
        self.typing = False
        """Whether keys and mouse belong to the program in the pane."""
        self.mark_from: Position | None = None
        self.mark_to: Position | None = None
        """The two ends of the selection."""
        self.selecting_rows = False
        """Whether j and k extend the selection."""
        self._dragging = False
        self._pressed = False
        """Whether the program was told of a button that is down."""
        self._top = 0
        self._marks: tuple[Anchor | None, ...] = (None, None)
        """What stood at both ends of the selection when it was painted."""
        self._hit: int | None = None
        """The row of the match that one is at."""
        self._rows: list[Strip] = []
        """What is on the screen; only rows that changed are painted again, which counts over SSH."""

    def show(self, pane: Pane) -> None:
        """Show *pane* from now on."""
        if pane is not self.pane:
            self.clear_selection()
        self.pane = pane
        self.update_content()

    def update_content(self) -> None:
        """The document may have changed: lay it out and paint it."""
        pane, height = self.pane, self.size.height
        document = pane.document
        document.layout(self.columns, self._clock(), wrap=pane.wrap)
        self._stay()
        last = self._last_top()
        if pane.follow and not self._dragging:  # what is being selected stays under the mouse
            pane.top = last
        self._top = pane.top = max(document.first, min(pane.top, last))
        pane.anchor = self._anchor(pane.top)
        self._marks = tuple(mark and self._anchor(mark[0]) for mark in (self.mark_from, self.mark_to))
        document.seen(self._top, height, follow=pane.follow)
        self._hit = document.locate(pane.search.place) if pane.search.place is not None else None
        base = self.rich_style  # worth asking for once: Textual walks up the tree for it
        size = self.size  # likewise
        before, self._rows = self._rows, [self._paint(y, size, base) for y in range(height)]
        for y, strip in enumerate(self._rows):
            if y >= len(before) or strip != before[y]:
                self.refresh(Region(0, y, size.width, 1))

    def _stay(self) -> None:
        """What was on the screen, and what was selected, is so still: rows above may have come and gone."""
        pane = self.pane
        pane.top = self._now(pane.anchor, pane.top)
        if self.mark_from is not None:
            self.mark_from = (self._now(self._marks[0], self.mark_from[0]), self.mark_from[1])
        if self.mark_to is not None:
            self.mark_to = (self._now(self._marks[1], self.mark_to[0]), self.mark_to[1])

    def _now(self, anchor: Anchor | None, y: int) -> int:
        """Where row *y* is now, if it is the one of *anchor*."""
        now = self.pane.document.locate(anchor[1]) if anchor is not None and anchor[0] == y else None
        return y if now is None else now

    def _anchor(self, y: int) -> Anchor:
        return y, self.pane.document.place(y)

    @property
    def columns(self) -> int:
        """Cells for text: the last column is the scroll bar's."""
        return max(1, self.size.width - 1)

    def scroll_rows(self, step: int) -> None:
        """Scroll by *step* rows; at the end it follows again."""
        pane = self.pane
        last = self._last_top()
        pane.top = max(pane.document.first, min(self._top + step, last))
        pane.follow = pane.top >= last and step > 0
        self.update_content()

    def scroll_columns(self, step: int) -> None:
        """Scroll by *step* cells to the right, as far as there is text."""
        pane = self.pane
        if not pane.wrap and not self.typing:
            rows = range(self._top, min(self._top + self.size.height, self._end()))
            longest = max((cell_len(plain(self._piece(y))) for y in rows), default=0)
            pane.left = max(0, min(pane.left + step, max(pane.left, longest - self.columns)))
            self.update_content()

    def _last_top(self) -> int:
        """The first row on the screen when the last one is in sight; a terminal shows at least its own screen."""
        document, emulator = self.pane.document, self.pane.emulator
        floor = emulator.top if emulator is not None else document.first
        return max(floor, self._end() - self.size.height)

    def reveal(self, y: int, end: int | None = None) -> None:
        """Scroll as little as needed to show row *y*, and as many as there is room for of those up to *end*."""
        height, pane = self.size.height, self.pane
        self._stay()
        top, pane.anchor = pane.top, None
        wanted = min(max(end or 0, y + 1), y + height)
        if y < top or wanted > top + height:
            pane.follow = False
            pane.top = y if y < top else wanted - height
            if end is None and abs(y - top) > height:
                pane.top = y - height // 2
        self.update_content()

    @property
    def top(self) -> int:
        """Number of the first row on the screen."""
        return self._top

    # --- selection

    def clear_selection(self) -> None:
        """Select nothing."""
        self.mark_from = self.mark_to = None
        self._dragging = self.selecting_rows = False

    def begin_selection(self) -> None:
        """Select the last row on the screen; `extend_selection` goes from there."""
        y = min(self._top + self.size.height, self.pane.document.end) - 1
        if y >= self._top:
            self.mark_from, self.mark_to = (y, 0), (y, FULL)
            self.selecting_rows, self.pane.follow, self.pane.top = True, False, self._top

    def extend_selection(self, step: int) -> None:
        """Move the free end of the selection by *step* rows."""
        if self.mark_from is None or self.mark_to is None:
            return
        y = max(self.pane.document.first, min(self.mark_to[0] + step, self.pane.document.end - 1))
        start = self.mark_from[0]
        self.mark_from = (start, 0 if y >= start else FULL)
        self.mark_to = (y, FULL if y >= start else 0)
        self.reveal(y)

    def selected_text(self) -> str:
        """The selected text, without decoration, and without trailing blanks."""
        if self.mark_from is None or self.mark_to is None:
            return ""
        return self._text(*sorted((self.mark_from, self.mark_to)))

    def visible_text(self) -> str:
        """What is on the screen, likewise."""
        end = min(self._top + self.size.height, self._end())
        return self._text((self._top, 0), (end - 1, FULL))

    def _text(self, start: Position, end: Position) -> str:
        document, lines = self.pane.document, [""]
        for y in range(start[0], end[0] + 1):
            text, gutter = plain(self._piece(y)), document.gutter(y)
            left = _cut(text, max(start[1], gutter) if y == start[0] else gutter)
            right = _cut(text, end[1] + 1) if y == end[0] else len(text)
            if y > start[0] and not document.continues(y):
                lines.append("")
            lines[-1] += text[left:right]
        return "\n".join(line.rstrip() for line in lines)

    # --- painting

    def render_line(self, y: int) -> Strip:
        return self._rows[y] if y < len(self._rows) else Strip.blank(self.size.width, self.rich_style)

    def _paint(self, y: int, size: Size, base: Style) -> Strip:
        pane, number, width = self.pane, self._top + y, max(1, size.width - 1)
        pieces = self._piece(number)
        if self._plain(number, pieces):
            segments = [Segment(text, style) for text, style in pieces]
        else:
            segments = self._decorated(number, pieces)
        room = width - sum(segment.cell_length for segment in segments)
        if room >= 0 and not pane.left:
            # As nearly always: made in one go, since the steps below were a tenth of what a busy pane costs (measured).
            row = [*segments, Segment(" " * room), self._scroll_bar(y, size.height)]
            return Strip([Segment(text, base + style) for text, style, _ in row if text], width + 1)
        strip = Strip(segments)
        if not self.typing and cell_len(plain(pieces).rstrip()) > pane.left + width:  # a break may leave a space over
            strip = Strip([*strip.crop_extend(pane.left, pane.left + width - 1, None), MORE])
        else:
            strip = strip.crop_extend(pane.left, pane.left + width, None)
        return Strip([*strip, self._scroll_bar(y, size.height)], width + 1).apply_style(base)

    def _piece(self, number: int) -> Row:
        document = self.pane.document
        if number < document.end:
            return document.row(number)
        if self.pane.emulator is not None and number == document.end:
            return standing(self.pane)
        return ()

    def _end(self) -> int:
        return self.pane.document.end + bool(self.pane.emulator is not None and standing(self.pane))

    def _plain(self, number: int, pieces: Row) -> bool:
        """Whether nothing is drawn over the row."""
        text = plain(pieces)
        cursor = self._cursor()
        return (
            "://" not in text
            and not self.pane.document.continues(number)
            and (not self.pane.search.words or self.pane.search.words.casefold() not in text.casefold())
            and self._span(number) is None
            and (cursor is None or cursor[0] != number)
        )

    def _decorated(self, number: int, pieces: Row) -> list[Segment]:
        text = Text(end="")
        for part, style in pieces:
            text.append(part, style)
        for url, start, end in self._urls(number):
            text.stylize(_link(url), start, end)
        if words := self.pane.search.words:
            for match in re.finditer(re.escape(words), text.plain, re.IGNORECASE):
                text.stylize(HIT if number == self._hit else MATCH, *match.span())
        if (span := self._span(number)) is not None:
            start, end = _cut(text.plain, max(span[0], self.pane.document.gutter(number))), _cut(text.plain, span[1])
            text.stylize(SELECTED, start, max(end, start))
        cursor = self._cursor()
        if cursor is not None and cursor[0] == number:
            at = _cut(text.plain, cursor[1])
            text.append(" " * max(0, cursor[1] + 1 - cell_len(text.plain)))
            text.stylize(CURSORS.get(self.pane.emulator.shape if self.pane.emulator else "", CURSOR), at, at + 1)
        return [segment for segment in text.render(self.app.console) if segment.text]

    def _cursor(self) -> Position | None:
        return self.pane.emulator.cursor if self.typing and self.pane.emulator is not None else None

    def _span(self, number: int) -> tuple[int, int] | None:
        """The selected cells of a row."""
        if self.mark_from is None or self.mark_to is None:
            return None
        (y0, x0), (y1, x1) = sorted((self.mark_from, self.mark_to))
        if not y0 <= number <= y1:
            return None
        return (x0 if number == y0 else 0), (x1 + 1 if number == y1 else FULL)

    def _scroll_bar(self, y: int, height: int) -> Segment:
        first, end = self.pane.document.first, self._end()
        total = end - first
        if total <= height:
            return Segment(" ", TRACK)
        size = max(1, height * height // total)
        start = (self._top - first) * (height - size) // max(1, total - height)
        return Segment("▐", THUMB) if start <= y < start + size else Segment(" ", TRACK)

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Sized(self.columns, event.size.height))

    # --- mouse

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._sideways(event, -WHEEL)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._sideways(event, WHEEL)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self._report("down", event):
            self._pressed = True
            return
        if event.button != 1:
            return
        self.mark_from, self.mark_to = self._at(event), None
        self._dragging = True
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if not self._dragging:
            self._report("drag" if self._pressed else "move", event)
            return
        self.mark_to = self._at(event)
        if event.y < 0:
            self.scroll_rows(-1)
        elif event.y >= self.size.height:
            self.scroll_rows(1)
        self.update_content()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if not self._dragging:
            self._report("up", event)
            self._pressed = False
            return
        self._dragging = False
        self.release_mouse()
        y, x = self._at(event)
        if self.mark_to is not None and self.mark_to != self.mark_from:
            self.post_message(self.Copied(self.selected_text()))
        else:
            self.clear_selection()
            self.post_message(self.Clicked(y, x, self._url_at(y, x)))
        self.update_content()

    def _url_at(self, y: int, x: int) -> str:
        """Where a click leads: a link of the program's own, or a URL in the text, also where it wraps."""
        at = _cut(plain(self._piece(y)), x)
        start = 0
        for text, style in self._piece(y):
            if start <= at < start + len(text) and style.link:
                return style.link
            start += len(text)
        return next((url for url, start, end in self._urls(y) if start <= at < end), "")

    def _urls(self, y: int) -> list[tuple[str, int, int]]:
        """The URLs in row *y*, and which characters of the row are theirs: of one that wraps, a part."""
        document, first, last = self.pane.document, y, y
        while document.continues(first):
            first -= 1
        while document.continues(last + 1):
            last += 1
        rows = [plain(self._piece(row))[document.gutter(row) :] for row in range(first, last + 1)]
        shift, length = sum(map(len, rows[: y - first])) - document.gutter(y), len(plain(self._piece(y)))
        spans = ((found[0], found.start() - shift, found.end() - shift) for found in URL.finditer("".join(rows)))
        return [
            (url, max(document.gutter(y), start), min(end, length))
            for url, start, end in spans
            if end > 0 and start < length
        ]

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2 and not self._grabbed():
            document, (start, _) = self.pane.document, self._at(event)
            end = start
            while document.continues(start):
                start -= 1
            while document.continues(end + 1):
                end += 1
            self.mark_from, self.mark_to = (start, 0), (end, FULL)
            self.post_message(self.Copied(self.selected_text()))
            self.update_content()

    def _wheel(self, event: events.MouseEvent, step: int) -> None:
        event.stop()
        emulator = self.pane.emulator
        if self._grabbed() and emulator is not None:
            button = 0 if step < 0 else 1
            data = encode_mouse("wheel", button, self._column(event), event.y, emulator.modes, held=_held(event))
            self.post_message(self.Typed(data))
        elif self.typing and emulator is not None and emulator.modes.alternate:
            self.post_message(self.Typed(encode_wheel(step * WHEEL, emulator.modes)))
        else:
            self.scroll_rows(step * WHEEL)

    def _sideways(self, event: events.MouseEvent, step: int) -> None:
        event.stop()
        self.scroll_columns(step)

    def _grabbed(self) -> bool:
        """Whether the mouse belongs to the program in the pane."""
        return self.typing and self.pane.emulator is not None and bool(self.pane.emulator.modes.mouse)

    def _report(self, kind: str, event: events.MouseEvent) -> bool:
        emulator = self.pane.emulator
        if not self._grabbed() or emulator is None:
            return False
        button = max(0, event.button - 1)
        y = self._top + event.y - emulator.top
        data = encode_mouse(kind, button, self._column(event), max(0, y), emulator.modes, held=_held(event))
        if data:
            self.post_message(self.Typed(data))
        return True

    def _at(self, event: events.MouseEvent) -> Position:
        y = max(0, min(event.y, self.size.height - 1))
        return self._top + y, self.pane.left + self._column(event)

    def _column(self, event: events.MouseEvent) -> int:
        """The column of the text under the mouse."""
        return max(0, min(event.x - PADDING, self.columns - 1))


@lru_cache(256)
def _link(url: str) -> Style:
    """The style of a link; the same each time, since Rich numbers links and a new number is a change."""
    return Style(link=url, underline=True)


def _held(event: events.MouseEvent) -> str:
    """The modifiers of *event*, as `encode_mouse` calls them."""
    held = {"shift": event.shift, "alt": event.meta, "ctrl": event.ctrl}
    return " ".join(name for name, down in held.items() if down)


def _cut(text: str, cells: int) -> int:
    """The index of the character at cell *cells*."""
    if text.isascii():
        return min(cells, len(text))
    return len(text) if cells >= cell_len(text) else len(set_cell_size(text, cells))
