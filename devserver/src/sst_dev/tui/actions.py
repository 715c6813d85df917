"""What each key does: one method for each action of `keys.KEYS`. Keys change what is shown, or send a command."""

from __future__ import annotations

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
from .panes import Pane
from .rows import Log, Row, plain, row
from .timeline import Entry, Timeline

if TYPE_CHECKING:
    from .app import Multiplexer


class Actions:
    """The doorway from keys, palette and clicks to everything they can do."""

    def __init__(self, app: Multiplexer) -> None:
        self._app = app
        self._inside = False
        """Whether the pane has the keys, and not the list."""
        self._shown: Invocation | None = None
        """Whose details are on the screen."""
        self._raw = False

    @property
    def inside(self) -> bool:
        """Whether j and k move in the pane, not in the list."""
        return self._inside

    @property
    def _pane(self) -> Pane:
        return self._app.view.pane

    @property
    def _timeline(self) -> Timeline:
        return self._app.panes.timeline

    def perform(self, action: str, key: str = "") -> None:
        """Do *action*; *key* is the key that asked for it."""
        if action == "choose":
            self.choose(int(key) - 1)
        else:
            getattr(self, action)()
        self._app.update_all()

    # --- moving

    def choose(self, index: int) -> None:
        """Show the pane at *index*."""
        self._app.panes.choose(index)
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
            self._select(self._timeline.move(step))
        else:
            self._app.panes.move(step)
            self._app.view.show(self._app.panes.current)

    def _select(self, entry: Entry | None) -> None:
        if entry is not None:
            self._app.view.update_content()
            self._app.view.reveal(self._timeline.top_of(entry))

    def enter(self) -> None:
        """Go in; further in, details; what does not run, start."""
        pane = self._pane
        if pane.kind == "details":
            self.leave()
        elif pane.kind == "tasks":
            self._app.choose_task(start=True)
        elif pane.dead:
            self._send(c.StartProcess(pane.name))
        elif pane.kind == "functions" and self._inside:
            self._details()
        else:
            self._inside = True
            if pane.kind == "functions" and self._timeline.selected is None:
                self._select(self._timeline.move(0))

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
        elif pane.query:
            pane.query = ""
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
        self._pane.left = max(0, self._pane.left - 8)

    def right(self) -> None:
        if not self._pane.wrap and self._pane.emulator is None:
            self._pane.left += 8

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
        self._app.open_search()

    def next(self) -> None:
        self.find(1)

    def previous(self) -> None:
        self.find(-1)

    def find(self, step: int, *, start: int | None = None) -> bool:
        """Go to the next match of the pane's search; around the end, if need be."""
        pane, view = self._pane, self._app.view
        if not pane.query:
            return False
        document = pane.document
        at = start if start is not None else (self._app.match + step if self._app.match >= 0 else view.top)
        hit = document.find(pane.query, max(document.first, min(at, document.end)), step)
        if hit is None:
            hit = document.find(pane.query, document.first if step > 0 else document.end - 1, step)
        if hit is None:
            self._app.say(f"Nothing here contains “{pane.query}”", "warning")
            return False
        self._app.match = hit
        pane.follow = False
        pane.top = view.top
        view.update_content()
        view.reveal(hit)
        return True

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
        entry = self._timeline.current
        if not text and self._pane.kind == "functions" and entry is not None:
            top = self._timeline.top_of(entry)
            rows = range(top, top + (1 if entry.folded else 1 + entry.body_length()))
            text = "\n".join(plain(self._timeline.row(y)).strip() for y in rows) if not self._pane.wrap else ""
            text = text or "\n".join(entry.texts())
        if not text:
            rows = range(view.top, min(view.top + view.size.height, self._pane.document.end))
            text = "\n".join(plain(self._pane.document.row(y)).rstrip() for y in rows)
        view.clear_selection()
        self._app.copy(text)

    # --- functions

    def fold(self) -> None:
        entry = self._timeline.current
        if entry is not None:
            entry.folded = not entry.folded

    def fold_all(self) -> None:
        self._timeline.fold_all()

    def _details(self) -> None:
        entry = self._timeline.current
        if entry is not None and entry.invocation is not None:
            self._shown = entry.invocation
            self._show_details()

    def _show_details(self) -> None:
        if self._shown is not None:
            before = self._app.state.invocations.get(self._shown.started.replay_of)
            title = f"{self._shown.started.function} {self._shown.started.id[:4]}"
            self._overlay(title, invocation_details(self._shown, before, raw=self._raw))

    def pretty(self) -> None:
        self._raw = not self._raw
        self._show_details()

    def _overlay(self, title: str, rows: list[Row]) -> None:
        self._app.view.show(Pane("details", "", title, "details", Fixed(rows), follow=False, wrap=True))

    def replay(self) -> None:
        entry = self._timeline.current
        if entry is not None:
            self._pane.follow = True
            self._send(c.ReplayInvocation(entry.id))

    def save(self) -> None:
        entry = self._timeline.current
        if entry is None or entry.invocation is None:
            return
        try:
            path = save_event(self._app.settings.root, entry.invocation)
        except SstError as error:
            self._app.say(f"{error.message} {error.hint}", "error")
            return
        name = entry.invocation.started.function
        self._app.say(f"Saved. sst invoke {name} --event @{path.relative_to(self._app.settings.root)}")

    def debug(self) -> None:
        port = self._app.settings.debug_port
        how = "Start with `sst dev --debug` to attach a debugger." if port is None else f"Attach to port {port}."
        self._app.say(how)

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
        for pane in self._app.panes.terminals:
            self._send(c.RestartProcess(pane.name))

    def deploy(self) -> None:
        self._send(c.Redeploy())

    def browse(self) -> None:
        url = self._url()
        if url:
            self._app.open_url(url)
        else:
            self._app.say("This has no URL.", "warning")

    def _url(self) -> str | None:
        manifest, entry = self._app.state.manifest, self._timeline.current
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
        self._overlay("Help", help_rows())

    def palette(self) -> None:
        self._app.action_command_palette()

    def ask_quit(self) -> None:
        self._app.ask("Quit and stop everything?  y yes   n no", self.quit)

    def quit(self) -> None:
        if self._app.view.selected_text():
            self.copy()
        else:
            self._app.exit()


def help_rows() -> list[Row]:
    """The help page: every key by group."""
    rows: list[Row] = [row("sst dev runs your functions here, and your commands beside them."), ()]
    groups = list(dict.fromkeys(entry.group for entry in keys.KEYS))
    for group in groups:
        rows.append(row((group, "bold")))
        for entry in keys.KEYS:
            if entry.group == group:
                names = "1–9" if entry.action == "choose" else " ".join(map(keys.name, entry.keys))
                rows.append(row("  ", (f"{names:14}", "accent"), entry.label))
        rows.append(())
    rows.append(row(("Mouse", "bold")))
    rows.append(row("  Drag or double-click copies, a click opens a link or folds an invocation, the wheel scrolls."))
    return rows


def save_event(root: Path, invocation: Invocation) -> Path:
    """Write the event of *invocation* to `tests/events/<function>-<id>.json`, where `sst invoke --event @…` reads it.

    Raises `SstError` when the event was too large to be kept whole, or the file cannot be written.
    """
    started = invocation.started
    if len(started.payload) >= EVENT_KEPT:
        raise SstError("This event is too large to be kept whole.", hint="Save it where it is sent.")
    path = root / "tests" / "events" / f"{started.function}-{started.id[:8]}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(pretty(started.payload, opened=False)) + "\n", encoding="utf-8")
    except OSError as error:
        raise SstError(f"{path}: {error.strerror}.") from error
    return path
