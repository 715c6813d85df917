"""The multiplexer: wires stream and state to panes, and keys to actions. An observer; what it wants, it asks for."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.containers import Horizontal
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.widgets import Input

from ..core import commands as c
from ..core import events as e
from ..core.pace import SLICE, running_pace
from ..core.settings import Settings
from ..core.state import State
from ..core.stream import Subscription
from . import keys
from .actions import Actions
from .chooser import Chooser
from .encoding import encode_key, encode_paste
from .panes import Panes
from .sidebar import Footer, Sidebar
from .view import PaneView

FRAME = 1 / 30
"""Seconds between two looks at the stream: more frames cost and are not seen."""
INTAKE = 0.014
"""Seconds of a frame spent on taking in events and emulating terminals: less than half, more than `core.pace` lets
readers need for the same output, so that the screen keeps up with them."""
EVENTS = 500
"""Events taken in before a key that came meanwhile goes first: about a millisecond."""
NARROW = 100
"""Columns below which the sidebar is narrower."""


class Multiplexer(App[None]):
    """The screen of `sst dev`."""

    CSS = """
    Screen { layout: vertical; }
    #search { dock: bottom; height: 1; border: none; padding: 0 1; display: none; }
    #search.open { display: block; }
    Sidebar.narrow { width: 21; }
    """
    AUTO_FOCUS = ""
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        subscription: Subscription,
        state: State,
        settings: Settings,
        send: Callable[[c.Command], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """*clock* tells the time by which ages are shown (seconds since the epoch)."""
        super().__init__()
        self.state = state
        self.settings = settings
        self.send_command = send
        self.panes = Panes(state)
        self.panes.catch_up()
        self.actions = Actions(self)
        self.sidebar = Sidebar(self.panes)
        self.view = PaneView(self.panes.current, clock)
        self.footer = Footer(state, clock)
        self.match = -1
        """The row of the last match of a search."""
        self._search = Input(id="search", placeholder="search", compact=True)
        self._subscription = subscription
        self._dropped = 0
        """Events it lost that were told of."""
        self._answer: Callable[[], None] | None = None
        self.theme = "ansi-light" if _light_background() else "ansi-dark"
        if self.no_color:
            # Textual picked its filter before the theme left colours to the terminal: it would paint black on black.
            self._filters = [NoColor() if isinstance(f, Monochrome) else f for f in self._filters]

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self.sidebar
            yield self.view
        yield self._search
        yield self.footer

    def on_mount(self) -> None:
        # What is loaded by now lives as long as the session. Looking through it again and again would cost a full
        # collection of 50 ms every few seconds while log lines pour in (measured).
        gc.freeze()
        self.run_worker(self._follow(), name="follow the session", exit_on_error=True)
        self.set_interval(0.5, self._on_clock)

    def on_unmount(self) -> None:
        gc.unfreeze()

    # --- the session → the screen

    async def _follow(self) -> None:
        while self.panes.behind or await self._subscription.ready():
            began = time.perf_counter()
            await self._take(began + INTAKE)
            await self._feed(began + INTAKE)
            self.update_all()
            # On a busy machine frames get rarer, and keys keep their share.
            took = time.perf_counter() - began
            await asyncio.sleep(max(FRAME - took, took / 2))
        self.exit()

    async def _take(self, until: float) -> None:
        """Take in events until none is left, or the time is over."""
        if self._subscription.dropped > self._dropped:
            lost, self._dropped = self._subscription.dropped - self._dropped, self._subscription.dropped
            self.panes.deploy_log.note(f"… {lost:,} events were too many for the screen; .sst/log has them …")
        while events := self._subscription.drain(EVENTS):
            known = len(self.panes.terminals)
            for event in events:
                self.panes.apply(event)
                if isinstance(event, e.SessionReady):
                    gc.freeze()
            if len(self.panes.terminals) > known:
                self._tell_sizes([pane.name for pane in self.panes.terminals[known:]])
            if time.perf_counter() >= until:
                break
            await asyncio.sleep(0)

    async def _feed(self, until: float) -> None:
        """Emulate terminals until all is shown, or the time is over; at least one piece."""
        while behind := self.panes.behind:
            pane = behind[0]
            began = time.perf_counter()
            ended = began
            while pane.pending and (ended == began or ended - began < SLICE):
                replies = pane.feed()
                if replies and not pane.dead:
                    self.send_command(c.WriteProcess(pane.name, replies))
                ended = time.perf_counter()
            running_pace().pause(began, ended)  # who reads for these terminals waits for it
            await asyncio.sleep(0)  # a key that came meanwhile goes first
            if ended >= until:
                break

    def update_all(self) -> None:
        """Show what is true now."""
        if not self.view.is_attached:
            return
        pane = self.view.pane
        if pane.kind != "details" and pane is not self.panes.current:
            self.view.show(self.panes.current)
            pane = self.view.pane
        inside = self.actions.inside
        self.view.typing = inside and pane.kind == "terminal" and not pane.dead
        self.panes.timeline.active = inside
        self.sidebar.active = not inside and pane.kind != "details"
        self.footer.pane, self.footer.inside, self.footer.dead = pane.kind, inside, pane.dead
        self.footer.typing = pane.title if self.view.typing else ""
        self.footer.note = self._note()
        self.view.update_content()
        self.sidebar.update()
        self.footer.update()

    def _note(self) -> str:
        pane = self.view.pane
        only = {"functions": self.panes.timeline.function, "tasks": self.panes.tasks.only}.get(pane.kind, "")
        parts = [f"only {only}" if only else "", f"/{pane.query}" if pane.query else ""]
        if not pane.follow and pane.kind != "details":
            parts.append("not following")
        return "  ".join(filter(None, [pane.title if pane.kind == "details" else "", *parts]))

    def _on_clock(self) -> None:
        self.footer.update()
        if self.view.pane.document.running:
            self.view.update_content()

    # --- keys → actions

    async def on_event(self, event: events.Event) -> None:
        """Keys have one doorway: while nothing lies over the main screen, no widget and no binding sees them."""
        ours = len(self.screen_stack) == 1 and self.focused is not self._search
        if isinstance(event, events.Key) and not event.is_forwarded and ours:
            self._press(event)
        elif isinstance(event, events.Paste) and not event.is_forwarded and ours:
            if self.view.typing and (emulator := self.view.pane.emulator) is not None:
                self._type(encode_paste(event.text, emulator.modes))
        else:
            await super().on_event(event)

    def _press(self, event: events.Key) -> None:
        if self._answer is not None:
            answer, self._answer, self.footer.question = self._answer, None, ""
            if event.key in ("y", "enter"):
                answer()
            self.footer.update()
            return
        if self.view.typing and event.key != "ctrl+z" and (emulator := self.view.pane.emulator) is not None:
            self.view.pane.follow = True
            self._type(encode_key(event.key, event.character, emulator.modes))
            return
        entry = keys.find(event.key, self.view.pane.kind)
        if entry is not None:
            self.actions.perform(entry.action, event.key)

    def _type(self, data: bytes) -> None:
        if data:
            self.send_command(c.WriteProcess(self.view.pane.name, data))

    # --- what actions ask of the screen

    def say(self, text: str, severity: Literal["information", "warning", "error"] = "information") -> None:
        """Tell the user something for a few seconds."""
        self.notify(text, severity=severity, timeout=4, markup=False)

    def copy(self, text: str) -> None:
        """Put *text* on the clipboard of the user's terminal (OSC 52: through SSH and tmux too)."""
        self.copy_to_clipboard(text)
        lines = text.count("\n") + 1
        self.say(f"Copied {lines} lines" if lines > 1 else f"Copied “{text[:40]}{'…' if len(text) > 40 else ''}”")

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Open *url* in a browser, or copy it where there is no desktop: a text browser would take this terminal."""
        desktop = sys.platform == "darwin" or any(
            map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))
        )
        if desktop:
            super().open_url(url, new_tab=new_tab)
        else:
            self.copy_to_clipboard(url)
            self.say(f"Copied {url}")

    def ask(self, question: str, answer: Callable[[], None]) -> None:
        """Ask in the footer; *answer* runs on yes."""
        self.footer.question, self._answer = question, answer
        self.footer.update()

    def open_search(self) -> None:
        """Let the user type what to search for; the keys are the input's until Enter or Escape."""
        self._search.value = self.view.pane.query
        self._search.add_class("open")
        self._search.focus()
        self.match = -1

    def choose_function(self) -> None:
        """Let the user choose the function to show alone."""
        functions = self.state.manifest.functions if self.state.manifest else []

        def chosen(name: str | None) -> None:
            if name is not None:
                self.panes.timeline.function = name
                self.panes.current.follow = True
                self.update_all()

        self.push_screen(Chooser("All functions", [(f.name, f.handler) for f in functions]), chosen)

    def choose_task(self, *, start: bool) -> None:
        """Let the user choose a task to show alone, and perhaps to start."""

        def chosen(name: str | None) -> None:
            if name is not None:
                self.panes.tasks.only = name
                if start and name:
                    self.actions.perform("start")
                self.update_all()

        names = [(name, "") for name in self.panes.tasks.names]
        self.push_screen(Chooser("All tasks", names), chosen)

    # --- widgets' messages

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._search and self._search.has_class("open"):
            self.view.pane.query = event.value
            document = self.view.pane.document
            hit = document.find(event.value, max(document.first, document.end - 1), -1) if event.value else None
            if hit is not None:
                self.match = hit
                self.view.pane.follow = False
                self.view.pane.top = self.view.top
                self.view.reveal(hit)
            self.update_all()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is self._search:
            self._close_search()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape" and self.focused is self._search:
            event.stop()
            self.view.pane.query = ""
            self._close_search()

    def _close_search(self) -> None:
        self._search.remove_class("open")
        self.set_focus(None)
        self.update_all()

    def on_sidebar_chosen(self, message: Sidebar.Chosen) -> None:
        self.actions.show(message.pane)
        self.update_all()

    def on_pane_view_copied(self, message: PaneView.Copied) -> None:
        if message.text:
            self.copy(message.text)

    def on_pane_view_typed(self, message: PaneView.Typed) -> None:
        self._type(message.data)

    def on_pane_view_clicked(self, message: PaneView.Clicked) -> None:
        timeline = self.panes.timeline
        if message.url:
            self.open_url(message.url)
        elif self.view.pane.kind == "functions" and (entry := timeline.entry_at(message.y)) is not None:
            if entry is timeline.selected and message.y == timeline.top_of(entry):
                entry.folded = not entry.folded
            elif entry.invocation is not None:
                timeline.selected = entry
        self.update_all()

    def on_pane_view_sized(self, message: PaneView.Sized) -> None:
        self.sidebar.set_class(self.size.width < NARROW, "narrow")
        self._tell_sizes(self.panes.resize(message.columns, message.rows))
        self.update_all()

    def _tell_sizes(self, names: list[str]) -> None:
        for name in names:
            self.send_command(c.ResizeProcess(name, *self.panes.size))

    def get_system_commands(self, screen: Screen[Any]) -> Any:
        """The palette: every action valid here, every pane, and Textual's themes."""
        kind = self.view.pane.kind
        for entry in keys.KEYS:
            if kind in entry.where and entry.action not in ("choose", "palette"):
                names = " ".join(map(keys.name, entry.keys))
                yield SystemCommand(
                    f"{entry.label} ({names})", entry.group, lambda a=entry.action: self.actions.perform(a)
                )
        for pane in self.panes.ordered():
            yield SystemCommand(f"Go to {pane.title}", "Panes", lambda p=pane: self.actions.show(p))
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)


def _light_background() -> bool:
    """Whether the terminal says that its background is light (COLORFGBG, as rxvt, Konsole and iTerm2 set it)."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
