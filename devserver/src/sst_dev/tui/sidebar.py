"""The list of panes with their state at a glance, and the footer."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from ..core.state import State
from . import keys
from .panes import Pane, Panes
from .prompt import Prompt
from .rows import STYLES
from .timeline import duration

STALE = 75.0
"""Seconds without a sign of life after which the light turns yellow: AppSync sends one every 60 (specs, §6)."""

ROOMY = 100
"""Columns from which on two blanks are between the keys of the footer, not one."""


def pane_state(pane: Pane, state: State) -> tuple[str, str]:
    """A few characters for the state of a pane, and their style."""
    if pane.kind == "sst":
        if state.deploy_error or any(resource.error for resource in state.deploying.values()):
            return "✗", "bad"
        if state.state != "ready" or state.deploying:
            return "●", "warn"
        return "✓", "good"
    if pane.kind == "functions":
        if state.import_errors:
            return "✗", "bad"
        running = [invocation for invocation in state.invocations.values() if not invocation.finished]
        if any(invocation.paused for invocation in running):
            return "⏸", "accent"
        return (f"{len(running)} ●", "warn") if running else ("", "")
    if pane.process is None:
        return "", ""
    match pane.process.status:
        case "running":
            return "●", "good"
        case "starting" | "stopping":
            return "◌", "warn"
        case "idle":
            return "○", "dim"
        case "exited" | "failed":
            words, _, _ = (pane.process.outcome or pane.process.status).partition(" (")
            return words, "dim" if pane.process.well else "bad"


class _Text(Widget):
    """A widget of text that is painted again only when the text is another."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._shown = Text()

    def update(self) -> None:
        """Look whether the text has changed."""
        text = self.build()
        if text != self._shown:
            self._shown = text
            self.refresh()

    def build(self) -> Text:
        raise NotImplementedError

    def render(self) -> Text:
        self._shown = self.build()
        return self._shown


class Sidebar(_Text):
    """One line for each pane; what does not run is below a rule."""

    DEFAULT_CSS = "Sidebar { width: 26; height: 1fr; border-right: vkey ansi_bright_black; }"

    class Chosen(Message):
        """A pane was clicked."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, panes: Panes) -> None:
        super().__init__()
        self._panes = panes
        self.active = True
        """Whether the list has the keys."""
        self._lines: list[Pane | None] = []

    def build(self) -> Text:
        width = self.content_size.width
        text = Text(no_wrap=True, end="")
        self._lines = []
        ruled = False
        for pane in self._panes.ordered():
            if pane.dead and pane.kind == "terminal" and not ruled:
                text.append("─" * width + "\n", STYLES["dim"])
                self._lines.append(None)
                ruled = True
            text.append_text(self._line(self._panes.number(pane), pane, width))
            self._lines.append(pane)
        return text

    def _line(self, number: int, pane: Pane, width: int) -> Text:
        glyph, style = pane_state(pane, self._panes.state)
        chosen = pane is self._panes.current
        room = width - 6 - cell_len(glyph) - 1
        title = pane.title if cell_len(pane.title) <= room else set_cell_size(pane.title, room - 1) + "…"
        name = STYLES["accent"] if chosen else STYLES["dim" if pane.dead and pane.kind == "terminal" else ""]
        line = Text.assemble(
            ("❯" if chosen and self.active else " ", STYLES["accent"]),
            (f"{number}" if number <= 9 else " ", STYLES["dim"]),
            (f" {pane.icon} ", name),
            (set_cell_size(title, room + 1), name),
            (glyph, STYLES[style]),
        )
        line.append("\n")
        return line

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(self._lines) and (pane := self._lines[event.y]) is not None:
            self.post_message(self.Chosen(pane))


class Footer(_Text):
    """The connection light, the stage, and the keys that are valid now."""

    DEFAULT_CSS = "Footer { height: 1; dock: bottom; }"

    def __init__(self, state: State, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._state = state
        self.pane = "sst"
        self.inside = False
        """Whether j and k move in the pane."""
        self.dead = False
        """Whether the pane's process does not run."""
        self.details = True
        """Whether an invocation's details are shown, where details are."""
        self.typing = ""
        """The pane that gets the keys, when one does."""
        self.question = ""
        self.prompt: Prompt | None = None
        """What is being typed."""
        self.choosing = False
        """Whether a list lies over the panes."""
        self.note = ""
        """What is special about the pane: a filter, a search, a place in the past."""

    def build(self) -> Text:
        text = Text(no_wrap=True, end="", overflow="crop")
        if self.question:
            return text.append(f" {self.question}", STYLES["accent"])
        if self.prompt is not None:
            return text.append_text(_typed(self.prompt, self.content_size.width))
        if self.choosing:
            keys_of_list = (("↑ ↓", "move"), ("Enter", "choose"), ("Esc", "cancel"))
            return text.append_text(Text("   ").join(_hint(key, word) for key, word in keys_of_list))
        text.append_text(light(self._state, self._clock()))
        text.append(f"  {self._state.app}/{self._state.stage}" if self._state.app else "", STYLES["bold"])
        if self.note:
            text.append(f"  {self.note}", STYLES["warn"])
        if self.typing:
            text.append(f"   typing into {self.typing}", STYLES["accent"])
            return _beside(text, [], [_hint("^Z", "list")], self.content_size.width)
        valid = keys.hints(self.pane, inside=self.inside, dead=self.dead, details=self.details)
        hints = [_hint(key, word) for key, word in valid]
        return _beside(text, hints[2:], hints[:2], self.content_size.width)


def _beside(text: Text, hints: list[Text], always: list[Text], width: int) -> Text:
    """*text*, shortened if it must be, as many *hints* as there is room for, the most useful first, and *always*."""
    gap = " " if width >= ROOMY else ""
    room = width - 2 - sum(hint.cell_len + len(gap) for hint in always)
    text.truncate(max(0, room), overflow="ellipsis")
    room -= text.cell_len
    shown = [hint for hint in hints if (room := room - hint.cell_len - len(gap)) >= 0]
    return text.append("  ").append_text(Text(gap).join([*shown, *always]))


def _hint(key: str, word: str) -> Text:
    return Text.assemble((f" {key}", STYLES["bold"]), (f" {word}", STYLES["dim"]))


def _typed(prompt: Prompt, width: int) -> Text:
    """A prompt with its cursor; of a long line what is around it."""
    note = Text.assemble((f"  {prompt.note}" if prompt.note else "", STYLES["warn"]), ("  Enter", STYLES["bold"]))
    note.append(" ok", STYLES["dim"]).append("  Esc", STYLES["bold"]).append(" cancel", STYLES["dim"])
    text = Text.assemble((f" {prompt.label}", STYLES["accent"]))
    room = max(1, width - text.cell_len - note.cell_len)
    line, at = f"{prompt.line.text} ", prompt.line.at
    start = max(0, at - room + 1)
    shown = line[start : start + room]
    text.append(shown[: at - start], "reverse" if prompt.line.proposed else "").append(
        shown[at - start], "reverse"
    ).append(shown[at - start + 1 :])
    return text.append_text(note)


def _age(seconds: float) -> str:
    return f"{int(seconds)} s" if seconds < 60 else duration(seconds)


def light(state: State, now: float) -> Text:
    """The channel at a glance: up, with the age of its last sign of life; quiet for long; or down."""
    if state.connected:
        age = max(0.0, now - state.heard_at)
        style = "good" if age < STALE or not state.beats else "warn"
        return Text.assemble((" ● ", STYLES[style]), (_age(age), STYLES["dim"]))
    if state.state == "ready":
        return Text.assemble((" ○ ", STYLES["bad"]), (f"offline: {state.connection}"[:40], STYLES["error"]))
    return Text.assemble((" ◌ ", STYLES["warn"]), (state.state, STYLES["dim"]))
