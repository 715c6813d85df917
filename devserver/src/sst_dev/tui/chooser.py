"""A list to choose from that lies over the panes, narrowed by typing: functions, tasks, all commands, themes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.widget import Widget

from .prompt import Line
from .rows import STYLES

WIDTH = 64
"""Cells of the list, where the screen has them."""


class Choice(NamedTuple):
    """One thing to choose."""

    name: str
    about: str
    choose: Callable[[], None]


class Chooser(Widget):
    """Has the keys while it is open: letters narrow, arrows move, Enter chooses, Escape leaves."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Chooser { layer: over; display: none; border: round ansi_blue; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.open = False
        self._choices: Sequence[Choice] = ()
        self._line = Line()
        self._found: list[Choice] = []
        self._at = 0
        self._top = 0

    def offer(self, title: str, choices: Sequence[Choice]) -> None:
        """Let the user choose one."""
        self.border_title = title
        self._choices, self._line = choices, Line()
        self.open = True
        self.styles.display = "block"
        self._narrow()
        self.place()

    def place(self) -> None:
        """Lie in the middle of the screen."""
        columns, rows = self.app.size
        width, height = min(WIDTH, columns - 2), min(len(self._choices) + 3, max(6, rows - 4))
        self.styles.width, self.styles.height = width, height
        self.styles.offset = ((columns - width) // 2, max(0, (rows - height) // 3))
        self.move(0)

    def close(self) -> None:
        """Choose nothing."""
        self.open = False
        self.styles.display = "none"

    def press(self, key: str, character: str | None) -> None:
        """Take one key."""
        page = max(1, self._room - 1)
        steps = {"down": 1, "ctrl+n": 1, "up": -1, "ctrl+p": -1, "pagedown": page, "pageup": -page}
        if key in ("escape", "ctrl+c", "ctrl+z"):
            self.close()
        elif key == "enter":
            self._choose()
        elif key in steps:
            self.move(steps[key])
        elif (key != "slash" or self._line.text) and self._line.press(key, character):
            self._narrow()

    def paste(self, text: str) -> None:
        """Take pasted text."""
        self._line.insert(text)
        self._narrow()

    def move(self, step: int) -> None:
        """Go *step* further down."""
        self._at = max(0, min(self._at + step, len(self._found) - 1))
        self._top = max(self._at - self._room + 1, min(self._top, self._at), 0)
        self.refresh()

    @property
    def _room(self) -> int:
        height = self.styles.height
        return max(1, int(height.value) - 3) if height is not None else 1

    def _narrow(self) -> None:
        words = self._line.text.casefold().split()
        self._found = [c for c in self._choices if all(word in f"{c.name} {c.about}".casefold() for word in words)]
        self._at = self._top = 0
        self.move(0)

    def _choose(self) -> None:
        if self._found:
            self.close()
            self._found[self._at].choose()

    def render(self) -> Text:
        width = self.content_size.width
        text = Text(no_wrap=True, end="", overflow="crop")
        at = self._line.at
        shown = f"{self._line.text} "
        text.append("› ", STYLES["accent"]).append(shown[:at]).append(shown[at], "reverse").append(shown[at + 1 :])
        if not self._line.text:
            text.append("type to narrow", STYLES["dim"])
        elif not self._found:
            text.append("  nothing", STYLES["warn"])
        for number, choice in enumerate(self._found[self._top : self._top + self._room], self._top):
            chosen = number == self._at
            about = choice.about
            room = width - 2 - cell_len(about) - 1
            if room < cell_len(choice.name):
                room, about = width - 2, ""
            line = Text.assemble(
                ("\n❯ " if chosen else "\n  ", STYLES["accent"]),
                (set_cell_size(choice.name, room), STYLES["accent" if chosen else ""]),
                (f" {about}" if about else "", STYLES["dim"]),
            )
            text.append_text(line)
        return text

    def on_click(self, event: events.Click) -> None:
        event.stop()
        number = self._top + event.y - 2
        if event.y >= 2 and number < len(self._found):
            self._at = number
            self._choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-1)
