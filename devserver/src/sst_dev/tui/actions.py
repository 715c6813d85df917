"""What each key does: one method for each action of `keys.KEYS`. Keys change what is shown, or send a command."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import commands as c
from ..core.errors import SstError
from ..core.events import EVENT_KEPT
from ..core.state import Invocation
from . import keys
from .changes import pretty
from .details import Fixed, invocation_details
from .entry import Entry
from .finding import Finding
from .panes import Pane
from .prompt import Line, Prompt
from .rows import Log, Row, row
from .timeline import Timeline

if TYPE_CHECKING:
    from .app import Multiplexer


SIDEWAYS = 8
"""Cells that the arrows scroll: a step of the indentation of code, or two."""


class Actions:
    """The doorway from keys, palette and clicks to everything they can do."""

    def __init__(self, app: Multiplexer) -> None:
        self._app = app
        self._inside = False
        """Whether the pane has the keys, and not the list."""
        self._shown: Invocation | None = None
        """Whose details are on the screen."""
        self._raw = False
        self._finding = Finding(app)

    @property
    def inside(self) -> bool:
        """Whether j and k move in the pane, not in the list."""
        return self._inside

    @property
    def details(self) -> bool:
        """Whether an invocation's details are on the screen."""
        return self._shown is not None

    @property
    def _pane(self) -> Pane:
        return self._app.view.pane

    @property
    def _timeline(self) -> Timeline:
        return self._app.panes.timeline

    def perform(self, action: str, key: str = "") -> None:
        """Do *action*; *key* is the key that asked for it."""
        if action == "choose":
            self.choose(int(key))
        else:
            getattr(self, action)()
        self._app.update_all()

    # --- moving

    def choose(self, number: int) -> None:
        """Show the pane with *number*."""
        self._app.panes.choose(number)
        self.leave()

    def show(self, pane: Pane) -> None:
        """Show *pane*."""
        self._app.panes.current = pane
        self.leave()

    def down(self) -> None:
        self._step(1)

    def up(self) -> None:
        self._step(-1)

    def _step(self, step: int) -> None:
        view = self._app.view
        if view.selecting_rows:
            view.extend_selection(step)
        elif self._pane.kind == "details" or (self._inside and self._pane.kind != "functions"):
            view.scroll_rows(step)
        elif self._inside:
            self._mark(self._timeline.move(step))
        else:
            self._app.panes.move(step)
            self._app.view.show(self._app.panes.current)

    def _mark(self, entry: Entry | None) -> None:
        """Show *entry*, which has the mark now; at the newest one the pane follows."""
        view, pane, timeline = self._app.view, self._pane, self._timeline
        if entry is None:
            return
        pane.follow = entry is timeline.newest
        if pane.follow:
            view.update_content()
        else:
            view.reveal(*timeline.rows_of(entry))

    def enter(self) -> None:
        """Go in; further in, details; what does not run, start."""
        pane = self._pane
        if pane.kind == "details":
            self.leave()
        elif pane.kind == "tasks":
            self._app.choose_task(start=True)
        elif pane.dead:
            self._send(c.StartProcess(pane.name))
            self._inside = True  # what starts has the keyboard
        elif pane.kind == "functions" and self._inside:
            self._details()
        else:
            self._inside = True

    def leave(self) -> None:
        """Back to the list, or from details to the pane."""
        self._inside = self._inside and self._pane.kind == "details"
        self._shown = None
        self._app.view.clear_selection()
        self._app.view.show(self._app.panes.current)

    def escape(self) -> None:
        """Undo one thing: selection, search, filter, details, at last being in the pane."""
        pane, view = self._pane, self._app.view
        if view.mark_from is not None:
            view.clear_selection()
        elif pane.search.words:
            self._finding.clear()
        elif pane.kind == "functions" and self._timeline.function:
            self._timeline.function = ""
        elif pane.kind == "tasks" and self._app.panes.tasks.only:
            self._app.panes.tasks.only = ""
        else:
            self.leave()

    # --- scrolling

    def half_up(self) -> None:
        self._app.view.scroll_rows(-max(1, self._app.view.size.height // 2))

    def half_down(self) -> None:
        self._app.view.scroll_rows(max(1, self._app.view.size.height // 2))

    def page_up(self) -> None:
        self._app.view.scroll_rows(-max(1, self._app.view.size.height - 1))

    def page_down(self) -> None:
        self._app.view.scroll_rows(max(1, self._app.view.size.height - 1))

    def top(self) -> None:
        self._pane.follow = False
        self._pane.top = self._pane.document.first

    def bottom(self) -> None:
        self._pane.follow = True

    def follow(self) -> None:
        self._pane.follow = not self._pane.follow
        self._pane.top = self._app.view.top

    def left(self) -> None:
        self._app.view.scroll_columns(-SIDEWAYS)

    def right(self) -> None:
        self._app.view.scroll_columns(SIDEWAYS)

    # --- showing

    def wrap(self) -> None:
        self._pane.wrap, self._pane.left = not self._pane.wrap, 0

    def zoom(self) -> None:
        self._app.sidebar.display = not self._app.sidebar.display

    def mark(self) -> None:
        text = f"── {time.strftime('%H:%M:%S')} ──────────────────────"
        if isinstance(log := self._pane.document, Log):
            log.note(text)

    def clear(self) -> None:
        if isinstance(log := self._pane.document, Log):
            log.clear()
            self._pane.follow = True

    # --- finding

    def search(self) -> None:
        self._finding.open()

    def next(self) -> None:
        self._finding.step(1)

    def previous(self) -> None:
        self._finding.step(-1)

    def filter(self) -> None:
        if self._pane.kind == "functions":
            self._app.choose_function()
        else:
            self._app.choose_task(start=False)

    # --- copying

    def select(self) -> None:
        self._app.view.begin_selection()

    def copy(self) -> None:
        view = self._app.view
        text = view.selected_text()
        view.clear_selection()
        if text:
            self._app.copy(text)
        elif self._shown is not None:
            finished = self._shown.finished
            self._copy_json(finished.response if finished is not None else self._shown.started.payload)
        elif self._pane.kind == "functions" and (entry := self._marked()) is not None:
            self._app.copy(entry.copied() or "")
        elif self._pane.kind != "functions":
            self._app.copy(view.visible_text())

    def copy_event(self) -> None:
        entry = None if self._shown is not None else self._marked()
        invocation = self._shown if entry is None else entry.invocation
        if invocation is not None:
            self._copy_json(invocation.started.payload)

    def _copy_json(self, payload: bytes) -> None:
        text = payload.decode("utf-8", "replace") if self._raw else "\n".join(pretty(payload, opened=False))
        self._app.copy(text)

    # --- functions

    def _marked(self) -> Entry | None:
        """The invocation that has the mark; without one it says so."""
        if self._timeline.selected is None:
            self._app.say("There is no invocation on the screen.", "warning")
        return self._timeline.selected

    def fold(self) -> None:
        if (entry := self._marked()) is not None:
            entry.fold()

    def fold_all(self) -> None:
        self._timeline.fold_all()

    def _details(self) -> None:
        entry = self._marked()
        if entry is not None and entry.invocation is not None:
            self._shown = entry.invocation
            self._show_details()

    def _show_details(self) -> None:
        if self._shown is not None:
            before = self._app.state.invocations.get(self._shown.started.replay_of)
            title = f"{self._shown.started.function} {self._shown.started.id[:4]}"
            self._overlay(title, invocation_details(self._shown, before, raw=self._raw, root=self._app.settings.root))

    def pretty(self) -> None:
        self._raw = not self._raw
        self._show_details()

    def _overlay(self, title: str, rows: list[Row]) -> None:
        self._app.view.show(Pane("details", "", title, "details", Fixed(rows), follow=False, wrap=True))

    def replay(self) -> None:
        if (entry := self._marked()) is not None:
            self._pane.follow = True  # the new one is the newest
            self._send(c.ReplayInvocation(entry.id))

    def save(self) -> None:
        entry = self._marked()
        if entry is None or entry.invocation is None:
            return
        invocation, started = entry.invocation, entry.invocation.started

        def done(name: str | None) -> None:
            if name is None:
                return
            try:
                path = save_event(self._app.settings.root, invocation, name)
            except SstError as error:
                self._app.say(f"{error.message} {error.hint}", "error")
                return
            shown = path.relative_to(self._app.settings.root)
            self._app.say(f"Saved. sst invoke {started.function} --event @{shown}")

        name = f"{started.function}-{started.id[:8]}"
        self._app.prompt(Prompt("Save as tests/events/", done, line=Line(name, len(name), proposed=True)))

    def debug(self) -> None:
        """Where the marked invocation stands: to pdb's pane, if that is where; else how it could be made to stand."""
        entry = self._marked()
        where = entry.invocation.paused if entry is not None and entry.invocation is not None else ""
        pane = next((pane for pane in self._app.panes.terminals if pane.name == c.DEBUG_PANE), None)
        port = self._app.settings.debug_port
        if where and pane is not None:
            self.show(pane)
            self._inside = True
        elif where:
            self._app.say(f"It stands at {where}, in the IDE that is attached.")
        elif port is None:
            self._app.say("Put breakpoint() into its code, or start with `sst dev --debug` to attach an IDE.")
        else:
            at = f"127.0.0.1:{port}" if port else "the port that the SST pane names"
            self._app.say(f"Put breakpoint() into its code, or attach an IDE to {at}.")

    # --- processes

    def start(self) -> None:
        self._each(c.StartProcess)

    def stop(self) -> None:
        self._each(c.StopProcess)

    def kill(self) -> None:
        self._each(lambda name: c.StopProcess(name, hard=True))

    def restart(self) -> None:
        self._each(c.RestartProcess)

    def restart_all(self) -> None:
        self._send(c.RestartCommands())

    def deploy(self) -> None:
        self._send(c.Redeploy())

    def browse(self) -> None:
        url = self._url()
        if url:
            self._app.open_url(url)
        else:
            self._app.say("This has no URL.", "warning")

    def _url(self) -> str | None:
        manifest, entry = self._app.state.manifest, self._timeline.selected
        if manifest is None:
            return None
        if self._pane.kind == "functions":
            function = manifest.function(entry.function) if entry else None
            return function.url if function else None
        return next((command.url for command in manifest.dev_commands if command.name == self._pane.name), None)

    def _each(self, command: Callable[[str], c.Command]) -> None:
        if self._pane.kind == "terminal":
            self._send(command(self._pane.name))
            return
        tasks = self._app.panes.tasks
        for name in [tasks.only] if tasks.only else tasks.names:
            self._send(command(name))

    def _send(self, command: c.Command) -> None:
        try:
            self._app.send_command(command)
        except SstError as error:
            self._app.say(f"{error.message} {error.hint}", "error")

    # --- the session

    def help(self) -> None:
        self._shown = None
        self._overlay("Help", help_rows())

    def palette(self) -> None:
        self._app.choose_command()

    def ask_quit(self) -> None:
        self._app.ask("Quit and stop everything?  y yes   n no", self.quit)

    def quit(self) -> None:
        self._app.exit()


MOUSE = (
    "Drag, or double-click a line: copy it",
    "Click: open a link, mark an invocation, fold the marked",
    "Wheel: scroll",
)
MARK = (
    "is on the invocation that keys act on, and always on",
    "the screen. At the end the pane follows, and the newest",
    "is marked. k, a click, a search or scrolling stop that;",
    "G, or j at the newest, follow again.",
)


def help_rows() -> list[Row]:
    """The help page: every key by group."""
    rows: list[Row] = [row("Your functions run here, your commands beside them."), ()]
    groups = list(dict.fromkeys(entry.group for entry in keys.KEYS))
    for group in groups:
        rows.append(row((group, "bold")))
        for entry in keys.KEYS:
            if entry.group == group:
                names = "1–9" if entry.action == "choose" else " ".join(map(keys.name, entry.keys))
                rows.append(row("  ", (f"{names:14}", "accent"), entry.label))
        rows.append(())
    rows.append(row(("Mouse", "bold")))
    rows += [row("  " + text) for text in MOUSE]
    rows += [(), row(("The mark ❯", "bold")), *(row("  " + text) for text in MARK)]
    return rows


def save_event(root: Path, invocation: Invocation, name: str) -> Path:
    """Write the event of *invocation* to `tests/events/<name>.json`, where `sst invoke --event @…` reads it.

    Raises `SstError` when the event was too large to be kept whole, *name* is none for a file or has another event
    already, or the file cannot be written.
    """
    started = invocation.started
    if len(started.payload) >= EVENT_KEPT:
        raise SstError("This event is too large to be kept whole.", hint="Save it where it is sent.")
    name = name.strip().removesuffix(".json")
    if not re.fullmatch(r"[\w.-]+", name):
        raise SstError(f"“{name}” is no name for an event.", hint="Use letters, digits and - _ .")
    path = root / "tests" / "events" / f"{name}.json"
    text = "\n".join(pretty(started.payload, opened=False)) + "\n"
    try:
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise SstError(f"{path.name} holds another event.", hint="Choose another name.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SstError(f"{path}: {error.strerror}.") from error
    return path
