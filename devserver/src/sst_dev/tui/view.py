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
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from .encoding import encode_mouse
from .panes import Pane, standing
from .rows import Position, Row, plain

URL = re.compile(r"https?://[^\s\"'<>│]+[^\s\"'<>│.,;:!?)\]}]")
WHEEL = 3
"""Rows a notch of the wheel scrolls, as in SST and most terminals."""

FULL = 100_000
"""A column right of any text: the whole row."""

MATCH = Style(reverse=True, color="yellow")
SELECTED = Style(reverse=True)
CURSOR = Style(reverse=True)
THUMB, TRACK = Style(color="bright_black"), Style()


class PaneView(Widget):
    """Shows one pane at a time."""

    ALLOW_SELECT = False  # its own selection knows the scrollback
    DEFAULT_CSS = "PaneView { width: 1fr; height: 1fr; margin-left: 1; }"

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
        pane = self.pane
        pane.document.layout(self.columns, self._clock(), wrap=pane.wrap)
        last = self._last_top()
        if self._dragging:
            pane.top = self._top  # what is being selected stays under the mouse
        elif pane.follow:
            pane.top = last
        self._top = pane.top = max(pane.document.first, min(pane.top, last))
        base = self.rich_style  # worth asking for once: Textual walks up the tree for it
        before, self._rows = self._rows, [self._paint(y, base) for y in range(self.size.height)]
        for y, strip in enumerate(self._rows):
            if y >= len(before) or strip != before[y]:
                self.refresh(Region(0, y, self.size.width, 1))

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

    def _last_top(self) -> int:
        """The first row on the screen when the last one is in sight; a terminal shows at least its own screen."""
        document, emulator = self.pane.document, self.pane.emulator
        floor = emulator.top if emulator is not None else document.first
        return max(floor, self._end() - self.size.height)

    def reveal(self, y: int) -> None:
        """Scroll as little as needed to show row *y*."""
        height = self.size.height
        if not self._top <= y < self._top + height:
            self.pane.follow = False
            self.pane.top = y - (0 if y < self._top else height - 1)
            if abs(y - self._top) > height:
                self.pane.top = y - height // 2
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
        """The selected text, without borders and without trailing blanks."""
        if self.mark_from is None or self.mark_to is None:
            return ""
        (y0, x0), (y1, x1) = sorted((self.mark_from, self.mark_to))
        lines = []
        for y in range(y0, y1 + 1):
            text = plain(self.pane.document.row(y))
            end = _cut(text, x1 + 1) if y == y1 else len(text)
            lines.append(text[_cut(text, x0) if y == y0 else 0 : end].rstrip())
        return "\n".join(lines)

    # --- painting

    def render_line(self, y: int) -> Strip:
        return self._rows[y] if y < len(self._rows) else Strip.blank(self.size.width, self.rich_style)

    def _paint(self, y: int, base: Style) -> Strip:
        pane, number, width = self.pane, self._top + y, self.columns
        pieces = self._piece(number)
        if self._plain(number, pieces):
            segments = [Segment(text, style) for text, style in pieces]
        else:
            segments = self._decorated(number, pieces)
        strip = Strip(segments).crop_extend(pane.left, pane.left + width, None)
        return Strip([*strip, self._scroll_bar(y)], width + 1).apply_style(base)

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
            and (not self.pane.query or self.pane.query.casefold() not in text.casefold())
            and self._span(number) is None
            and (cursor is None or cursor[0] != number)
        )

    def _decorated(self, number: int, pieces: Row) -> list[Segment]:
        text = Text(end="")
        for part, style in pieces:
            text.append(part, style)
        for match in URL.finditer(text.plain):
            text.stylize(_link(match[0]), *match.span())
        if self.pane.query:
            for match in re.finditer(re.escape(self.pane.query), text.plain, re.IGNORECASE):
                text.stylize(MATCH, *match.span())
        if (span := self._span(number)) is not None:
            start, end = _cut(text.plain, span[0]), _cut(text.plain, span[1])
            text.stylize(SELECTED, start, max(end, start))
        cursor = self._cursor()
        if cursor is not None and cursor[0] == number:
            at = _cut(text.plain, cursor[1])
            text.append(" " * max(0, cursor[1] + 1 - cell_len(text.plain)))
            text.stylize(CURSOR, at, at + 1)
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

    def _scroll_bar(self, y: int) -> Segment:
        first, end, height = self.pane.document.first, self._end(), self.size.height
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
            text = plain(self._piece(y))
            index = _cut(text, x)
            url = next((match[0] for match in URL.finditer(text) if match.start() <= index < match.end()), "")
            self.post_message(self.Clicked(y, x, url))
        self.update_content()

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2 and not self._grabbed():
            y, _ = self._at(event)
            self.mark_from, self.mark_to = (y, 0), (y, FULL)
            self.post_message(self.Copied(self.selected_text()))
            self.update_content()

    def _wheel(self, event: events.MouseEvent, step: int) -> None:
        event.stop()
        emulator = self.pane.emulator
        if self._grabbed() and emulator is not None:
            button = 0 if step < 0 else 1
            self.post_message(self.Typed(encode_mouse("wheel", button, event.x, event.y, emulator.modes)))
        else:
            self.scroll_rows(step * WHEEL)

    def _grabbed(self) -> bool:
        """Whether the mouse belongs to the program in the pane."""
        return self.typing and self.pane.emulator is not None and bool(self.pane.emulator.modes.mouse)

    def _report(self, kind: str, event: events.MouseEvent) -> bool:
        emulator = self.pane.emulator
        if not self._grabbed() or emulator is None:
            return False
        button = max(0, event.button - 1)
        y = self._top + event.y - emulator.top
        data = encode_mouse(kind, button, event.x, max(0, y), emulator.modes)
        if data:
            self.post_message(self.Typed(data))
        return True

    def _at(self, event: events.MouseEvent) -> Position:
        y = max(0, min(event.y, self.size.height - 1))
        return self._top + y, self.pane.left + max(0, min(event.x, self.columns - 1))


@lru_cache(256)
def _link(url: str) -> Style:
    """The style of a link; the same each time, since Rich numbers links and a new number is a change."""
    return Style(link=url, underline=True)


def _cut(text: str, cells: int) -> int:
    """The index of the character at cell *cells*."""
    if text.isascii():
        return min(cells, len(text))
    return len(text) if cells >= cell_len(text) else len(set_cell_size(text, cells))
