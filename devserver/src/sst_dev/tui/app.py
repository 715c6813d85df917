"""The multiplexer: wires stream and state to panes, and keys to actions. An observer; what it wants, it asks for."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Literal

from textual import events
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.filter import Monochrome, NoColor

from ..core import commands as c
from ..core import events as e
from ..core.pace import SLICE, running_pace
from ..core.settings import Settings
from ..core.state import State
from ..core.stream import Subscription
from . import keys
from .actions import Actions
from .chooser import Choice, Chooser
from .encoding import encode_focus, encode_key, encode_paste
from .panes import Pane, Panes
from .prompt import Prompt
from .sidebar import Footer, Sidebar
from .terminal import Output
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
    Screen { layout: vertical; layers: base over; }
    ToastRack { dock: top; align: right top; }
    Sidebar.narrow { width: 21; }
    """
    AUTO_FOCUS = ""
    ENABLE_COMMAND_PALETTE = False

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
        self.panes = Panes(state, settings.root)
        self.panes.light = _light_background()
        self.panes.catch_up()
        self.actions = Actions(self)
        self.sidebar = Sidebar(self.panes)
        self.view = PaneView(self.panes.current, clock)
        self.footer = Footer(state, clock)
        self.chooser = Chooser()
        self._subscription = subscription
        self._typing_into: Pane | None = None
        """The pane whose program has the keys."""
        self._dropped = 0
        """Events it lost that were told of."""
        self._answer: Callable[[], None] | None = None
        wanted = os.environ.get("TEXTUAL_THEME", "")
        default = "ansi-light" if self.panes.light else "ansi-dark"
        self.theme = wanted if wanted in self.available_themes else default
        if self.no_color:
            # Textual picked its filter before the theme left colours to the terminal: it would paint black on black.
            self._filters = [NoColor() if isinstance(f, Monochrome) else f for f in self._filters]

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self.sidebar
            yield self.view
        yield self.footer
        yield self.chooser

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
                self._take_copied(pane)
                ended = time.perf_counter()
            running_pace().pause(began, ended)  # who reads for these terminals waits for it
            await asyncio.sleep(0)  # a key that came meanwhile goes first
            if ended >= until:
                break

    def _take_copied(self, pane: Pane) -> None:
        """What a program copies reaches the clipboard while its user is in it, as on any terminal (OSC 52).

        A program that nobody looks at leaves the clipboard alone, and none is told what is on it.
        """
        if pane.emulator is not None and pane.emulator.copied:
            text, pane.emulator.copied = pane.emulator.copied, ""
            if pane is self._typing_into:
                self.copy(text)

    def update_all(self) -> None:
        """Show what is true now."""
        if not self.view.is_attached:
            return
        pane = self.view.pane
        if pane.kind != "details" and pane is not self.panes.current:
            self.view.show(self.panes.current)
            pane = self.view.pane
        inside = self.actions.inside
        self._give_keys(pane if inside and pane.kind == "terminal" and not pane.dead else None)
        self.panes.timeline.active = inside
        self.sidebar.active = not inside and pane.kind != "details"
        self.footer.pane, self.footer.inside, self.footer.dead = pane.kind, inside, pane.dead
        self.footer.typing = pane.title if self.view.typing else ""
        self.footer.details, self.footer.choosing = self.actions.details, self.chooser.open
        self.footer.note = self._note()
        self.view.update_content()
        self.sidebar.update()
        self.footer.update()

    def _give_keys(self, pane: Pane | None) -> None:
        """The keys belong to the program in *pane* from now on, or to nobody's."""
        before, self._typing_into = self._typing_into, pane
        self.view.typing = pane is not None
        if before is not pane:
            if pane is not None:
                pane.left = 0  # the mouse counts the program's own columns
            self._tell_focus(before, False)
            self._tell_focus(pane, True)

    def _tell_focus(self, pane: Pane | None, focused: bool) -> None:
        if pane is not None and pane.emulator is not None and not pane.dead:
            data = encode_focus(focused, pane.emulator.modes)
            if data:
                self.send_command(c.WriteProcess(pane.name, data))

    def on_app_focus(self) -> None:
        """The user came back to this terminal."""
        self._tell_focus(self._typing_into, True)

    def on_app_blur(self) -> None:
        """The user went elsewhere."""
        self._tell_focus(self._typing_into, False)

    def _note(self) -> str:
        pane = self.view.pane
        only = {"functions": self.panes.timeline.function, "tasks": self.panes.tasks.only}.get(pane.kind, "")
        parts = [pane.title if pane.kind == "details" else "", f"only {only}" if only else ""]
        if pane.search.words:
            parts.append(f"/{pane.search.words} {pane.search.count}")
        if not pane.follow and pane.kind != "details":
            parts.append("not following")
        if self.view.typing and pane.emulator is not None and pane.emulator.title != pane.title:
            parts.append(pane.emulator.title[: self.size.width // 3])
        return "  ".join(filter(None, parts))

    def _on_clock(self) -> None:
        writer = getattr(self._driver, "_writer_thread", None)
        if isinstance(writer, Output) and writer.take_missed():
            self.refresh(layout=True)
        self.footer.update()
        if self.view.pane.document.running:
            self.view.update_content()

    # --- keys → actions

    async def on_event(self, event: events.Event) -> None:
        """Keys have one doorway, and each is done with before the next: no widget, no binding, no queue sees them."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._press(event)
        elif isinstance(event, events.Paste) and not event.is_forwarded:
            self._paste(event.text)
        else:
            await super().on_event(event)

    def _press(self, event: events.Key) -> None:
        if self._answer is not None:
            answer, self._answer, self.footer.question = self._answer, None, ""
            if event.key in ("y", "enter"):
                answer()
            self.footer.update()
            return
        if self.chooser.open:
            self.chooser.press(event.key, event.character)
            self.update_all()
            return
        if (prompt := self.footer.prompt) is not None:
            if not prompt.press(event.key, event.character):
                self.footer.prompt = None
            self.update_all()
            return
        if self.view.typing and event.key != "ctrl+z" and (emulator := self.view.pane.emulator) is not None:
            self.view.pane.follow = True
            self._type(encode_key(event.key, event.character, emulator.modes))
            return
        entry = keys.find(event.key, self.view.pane.kind)
        if entry is not None:
            self.actions.perform(entry.action, event.key)

    def _paste(self, text: str) -> None:
        if self.chooser.open:
            self.chooser.paste(text)
        elif self.footer.prompt is not None:
            self.footer.prompt.paste(text)
            self.update_all()
        elif self.view.typing and (emulator := self.view.pane.emulator) is not None:
            self._type(encode_paste(text, emulator.modes))

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

    def prompt(self, prompt: Prompt) -> None:
        """Let the user type a line in the footer."""
        self.footer.prompt = prompt
        self.footer.update()

    def choose_function(self) -> None:
        """Let the user choose the function to show alone."""

        def show(name: str) -> None:
            self.panes.timeline.function = name
            self.panes.current.follow = True
            self.update_all()

        functions = self.state.manifest.functions if self.state.manifest else []
        named = [Choice(f.name, f.handler, partial(show, f.name)) for f in functions]
        self.chooser.offer("Show", [Choice("All functions", "", partial(show, "")), *named])

    def choose_task(self, *, start: bool) -> None:
        """Let the user choose a task to show alone, and perhaps to start."""

        def show(name: str) -> None:
            self.panes.tasks.only = name
            if start and name:
                self.actions.perform("start")
            self.update_all()

        everything = Choice("All tasks", "", partial(show, ""))
        named = [Choice(name, "", partial(show, name)) for name in self.panes.tasks.names]
        self.chooser.offer("Start" if start else "Show", [everything, *named])

    def choose_command(self) -> None:
        """Let the user choose from every action that is valid here, every pane, and the themes."""
        kind = self.view.pane.kind
        choices = [
            Choice(entry.label, " ".join(map(keys.name, entry.keys)), partial(self.actions.perform, entry.action))
            for entry in keys.KEYS
            if kind in entry.where and entry.action not in ("choose", "palette")
        ]
        panes = [Choice(f"Go to {pane.title}", "pane", partial(self._go, pane)) for pane in self.panes.ordered()]
        themes = [Choice(f"Theme {n}", "colours", partial(setattr, self, "theme", n)) for n in self.available_themes]
        self.chooser.offer("Commands", [*choices, *panes, *themes])

    def _go(self, pane: Pane) -> None:
        self.actions.show(pane)
        self.update_all()

    # --- widgets' messages

    def on_sidebar_chosen(self, message: Sidebar.Chosen) -> None:
        self._go(message.pane)

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
            if entry is timeline.selected and message.y == timeline.rows_of(entry)[0]:
                entry.fold()
            elif entry.invocation is not None:
                timeline.selected = entry
                self.view.pane.follow = self.view.pane.follow and entry is timeline.newest
        self.update_all()

    def on_pane_view_sized(self, message: PaneView.Sized) -> None:
        self.sidebar.set_class(self.size.width < NARROW, "narrow")
        self._tell_sizes(self.panes.resize(message.columns, message.rows))
        self.chooser.place()
        self.update_all()

    def _tell_sizes(self, names: list[str]) -> None:
        for name in names:
            self.send_command(c.ResizeProcess(name, *self.panes.size))


def _light_background() -> bool:
    """Whether the terminal says that its background is light (COLORFGBG, as rxvt, Konsole and iTerm2 set it)."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
